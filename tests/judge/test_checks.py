"""Checks: refused where nothing is enough, with caution where something is not or where it would mislead."""

from __future__ import annotations

from journeylib.judge import checks


def share(n, enough=None, left=None, at_risk=None, **more):
    row = {**more, "n": n, "estimate": 0.5, "low": 0.4, "high": 0.6, "is_enough": n >= 30 if enough is None else enough}
    return row if left is None else {**row, "at_risk": at_risk, "left": left}


def told(guard):
    return guard["guard"], guard["status"], guard["have"], guard["needed"]


def stratum(name, estimate, half, n=200):
    ends = {"n": n, "estimate": estimate, "low": estimate - half, "high": estimate + half}
    return {"stratum": name, "group": "annual", "baseline": "monthly", **ends}


def returned(record, part, silent_days=60):
    return record("finding", "returned", {**share(300), "estimate": part}, silent_days=silent_days)


def test_a_number_with_enough_behind_it_is_ok(record):
    [guard] = checks.check(record("number", "converted_share", share(412)))
    assert told(guard) == ("customers", "ok", 412, 30)
    assert (guard["key"], guard["remedy"]) == ("customers", "more_data")


def test_what_is_counted_needs_no_guard(record):
    assert checks.check(record("finding", "bots", share(14), counted=True)) == []


def test_too_few_customers_are_refused_with_how_many_there_are(record):
    [guard] = checks.check(record("finding", "converted", share(14)))
    assert (guard["status"], guard["have"], guard["needed"]) == ("refuse", 14, 30)


def test_one_small_group_among_others_is_a_caution_not_a_refusal(record):
    [guard] = checks.check(record("chart", "shares", share(400, plan="a"), share(14, plan="b")))
    assert (guard["guard"], guard["status"], guard["have"]) == ("customers in the smallest group", "caution", 14)


def test_where_no_group_is_enough_the_largest_says_what_lacks(record):
    [guard] = checks.check(record("chart", "shares", share(12, plan="a"), share(25, plan="b")))
    assert (guard["status"], guard["have"]) == ("refuse", 25)


def test_departures_and_customers_at_risk_are_guarded_at_a_horizon(record):
    rows = [share(400, False, left=7, at_risk=300)]
    [guard] = checks.check(record("finding", "left", *rows, horizon_days=365))
    assert told(guard) == ("departures", "refuse", 7, 10)
    rows = [share(400, False, left=70, at_risk=19)]
    [guard] = checks.check(record("finding", "left", *rows, horizon_days=365))
    assert (guard["guard"], guard["needed"]) == ("customers at risk at the horizon", 20)


def test_the_days_of_a_curve_are_one_group(record):
    curve = [share(400, plan="a", day=day, at_risk=400 - day, left=day) for day in (0, 5, 40)]
    found = checks.check(record("chart", "survival", *curve, horizon_days=365))
    assert [(guard["guard"], guard["status"], guard["have"]) for guard in found] == [
        ("customers", "ok", 400),
        ("departures", "ok", 40),
    ]


def test_counts_tables_and_empty_records_have_no_guards(record):
    assert checks.check(record("number", "customers", share(3), unit="count")) == []
    assert checks.check(record("table", "transitions", share(3))) == []
    assert checks.check(record("finding", "incident")) == []


def test_one_small_group_among_others_is_remedied_by_joining_groups(record):
    [guard] = checks.check(record("chart", "shares", share(400, plan="a"), share(14, plan="b")))
    assert guard["remedy"] == "join_groups"


def test_the_context_of_a_record_says_what_to_guard_against(record):
    rows = [{"group": "annual", "baseline": "monthly", **share(400), "estimate": 12.0, "p": 0.001}]
    context = {"strata": [stratum("north", -6, 4)], "exposure_days": {"annual": 120, "monthly": 100}}
    dates = {"defined_until": "2026-01-01", "follows_from": "2026-01-01"}
    found = checks.check(record("finding", "stay", *rows, **context, **dates))
    assert [(guard["key"], guard["status"]) for guard in found] == [
        ("customers", "ok"),
        ("reversal", "caution"),
        ("exposure", "caution"),
        ("future", "ok"),
    ]


def test_a_mean_with_its_median_beside_it_is_guarded_where_it_misleads(record):
    found = checks.check(record("chart", "shares", {**share(400), "estimate": 90.0, "median": 12.0}))
    assert [(guard["key"], guard["status"]) for guard in found] == [("customers", "ok"), ("distribution", "caution")]


def test_a_silence_after_which_many_return_is_too_short_wherever_it_is_called_leaving(record):
    again = record(
        "table", "sensitivity", *({"silent_days": d, "n": 9, "returned": r} for d, r in ((30, 0.3), (120, 0.04)))
    )
    stay = record("finding", "stay", share(400), kind="lapse")
    contract = record("finding", "left", share(400), kind="contract")
    found = checks.across([returned(record, 0.12), stay, contract, again])
    assert [[guard["status"] for guard in guards] for guards in found] == [["caution"], ["caution"], [], []]
    assert (found[1][0]["have"], found[1][0]["needed"]) == (60, 120)
    assert found[1][0]["figures"] == {"returned": 0.1, "is_known": True}


def test_where_no_silence_that_was_tried_is_long_enough_twice_the_longest_is_asked_for(record):
    again = record("table", "sensitivity", {"silent_days": 120, "n": 9, "returned": 0.2})
    [[guard], _] = checks.across([returned(record, 0.3), again])
    assert (guard["needed"], guard["figures"]["is_known"]) == (240, False)
    [[guard]] = checks.across([returned(record, 0.04)])
    assert (guard["status"], guard["needed"]) == ("ok", 60)


def test_a_share_with_a_window_needs_a_period_of_twice_the_window(record):
    data = record("data", "data", {"rule": "no time", "rows": 3}, from_on="2026-06-01", to_on="2026-06-30")
    share_of = record("finding", "converted", share(400), goal="purchase", within_days=30)
    [_, [guard]] = checks.across([data, share_of])
    assert told(guard) == ("days in the period", "caution", 30, 60)
    [_, [guard]] = checks.across([data, {**share_of, "context": {"goal": "purchase", "within_days": 15}}])
    assert guard["status"] == "ok"


def test_of_groups_side_by_side_one_that_is_too_small_says_so_itself():
    columns = ["group", "baseline", "n", "estimate", "is_enough"]
    rows = [["a", "rest", 400, 0.1, True], ["b", "rest", 12, 0.2, False]]
    record = {"kind": "finding", "form": "differs", "context": {}, "columns": columns, "rows": rows}
    assert [guard["status"] for guard in checks.check(record)] == ["ok"]
    alone = checks.check({**record, "rows": rows[1:]})
    assert [guard["have"] for guard in alone] == [12]
