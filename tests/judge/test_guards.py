"""Guards: refused where nothing is enough, with caution where something is not."""

from __future__ import annotations

from journeylib.judge import guards


def share(n, enough=None, left=None, at_risk=None, **more):
    row = {**more, "n": n, "estimate": 0.5, "low": 0.4, "high": 0.6, "is_enough": n >= 30 if enough is None else enough}
    return row if left is None else {**row, "at_risk": at_risk, "left": left}


def test_a_number_with_enough_behind_it_is_ok(record):
    assert guards.check(record("number", "converted_share", share(412))) == [
        {"guard": "customers", "status": "ok", "have": 412, "needed": 30}
    ]


def test_what_is_counted_needs_no_guard(record):
    assert guards.check(record("finding", "bots", share(14), counted=True)) == []


def test_too_few_customers_are_refused_with_how_many_there_are(record):
    [guard] = guards.check(record("finding", "converted", share(14)))
    assert (guard["status"], guard["have"], guard["needed"]) == ("refuse", 14, 30)


def test_one_small_group_among_others_is_a_caution_not_a_refusal(record):
    [guard] = guards.check(record("chart", "shares", share(400, plan="a"), share(14, plan="b")))
    assert (guard["guard"], guard["status"], guard["have"]) == ("customers in the smallest group", "caution", 14)


def test_where_no_group_is_enough_the_largest_says_what_lacks(record):
    [guard] = guards.check(record("chart", "shares", share(12, plan="a"), share(25, plan="b")))
    assert (guard["status"], guard["have"]) == ("refuse", 25)


def test_departures_and_customers_at_risk_are_guarded_at_a_horizon(record):
    rows = [share(400, False, left=7, at_risk=300)]
    assert guards.check(record("finding", "left", *rows, horizon_days=365)) == [
        {"guard": "departures", "status": "refuse", "have": 7, "needed": 10}
    ]
    rows = [share(400, False, left=70, at_risk=19)]
    [guard] = guards.check(record("finding", "left", *rows, horizon_days=365))
    assert (guard["guard"], guard["needed"]) == ("customers at risk at the horizon", 20)


def test_the_days_of_a_curve_are_one_group(record):
    curve = [share(400, plan="a", day=day, at_risk=400 - day, left=day) for day in (0, 5, 40)]
    found = guards.check(record("chart", "survival", *curve, horizon_days=365))
    assert [(guard["guard"], guard["status"], guard["have"]) for guard in found] == [
        ("customers", "ok", 400),
        ("departures", "ok", 40),
    ]


def test_counts_tables_and_empty_records_have_no_guards(record):
    assert guards.check(record("number", "customers", share(3), unit="count")) == []
    assert guards.check(record("table", "transitions", share(3))) == []
    assert guards.check(record("finding", "incident")) == []


def test_sizes_are_those_of_the_methods():
    assert [guards.customers(n)["status"] for n in (29, 30)] == ["refuse", "ok"]
    assert [guards.departures(n)["status"] for n in (9, 10)] == ["refuse", "ok"]
    assert [guards.at_risk(n, 100)["status"] for n in (9, 10)] == ["refuse", "ok"]
    assert [guards.at_risk(n, 1000)["status"] for n in (49, 50)] == ["refuse", "ok"]
    assert [guards.events_per_parameter(n, 2)["status"] for n in (19, 20, 39, 40)] == [
        "refuse",
        "caution",
        "caution",
        "ok",
    ]
    assert [guards.seasons(days, 365)["status"] for days in (729, 730)] == ["refuse", "ok"]
