"""Disclosure: what is hidden, what is rounded, and that neither can be undone from the rest."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from journeylib.judge.disclosure import disclose
from journeylib.schema import COUNTS


def share(n, estimate=0.5, low=0.4, high=0.6, **more):
    """A row: its group, the estimate, then counts and times."""
    after = {name: more.pop(name) for name in [*COUNTS, "wait_hours"] if name in more}
    return {**more, "n": n, "estimate": estimate, "low": low, "high": high, "is_enough": n >= 30, **after}


def rows_of(disclosed):
    return [dict(zip(disclosed["columns"], cells, strict=True)) for cells in disclosed["rows"]]


def test_a_private_edition_is_exact(record):
    exact = record("chart", "shares", share(3, plan="a"), share(403, 0.1234567, plan="b"))
    private = disclose(exact, audience="private")
    assert private["rows"] == exact["rows"]
    assert private["hidden"] == []


def test_nine_customers_are_hidden_and_ten_are_not(record):
    rows = [share(n, plan=str(n), journeys=40) for n in (9, 8, 10, 400)]
    shared = disclose(record("chart", "shares", *rows))
    assert shared["hidden"] == [0, 1]
    assert rows_of(shared)[0] == {
        "plan": "9", "n": None, "estimate": None, "low": None, "high": None, "is_enough": False, "journeys": None
    }  # fmt: skip


def test_one_hidden_row_takes_the_next_smallest_with_it(record):
    rows = [share(n, plan=str(n)) for n in (400, 9, 60, 300)]
    assert disclose(record("chart", "shares", *rows))["hidden"] == [1, 2]


def test_a_group_of_nobody_is_not_hidden_and_hides_nobody(record):
    rows = [share(n, plan=str(n)) for n in (0, 9, 60, 300)]
    assert disclose(record("chart", "shares", *rows))["hidden"] == [1, 2]
    assert disclose(record("chart", "shares", *rows[:1], *rows[2:]))["hidden"] == []


def test_a_row_that_stands_alone_is_hidden_alone(record):
    assert disclose(record("number", "nps", share(7), unit="score"))["hidden"] == [0]


def test_the_few_behind_a_part_are_hidden_though_the_whole_is_large(record):
    rows = [
        share(500, 0.9, plan="x", outcome="converted", customers=480),
        share(500, 0.08, plan="x", outcome="lost", customers=60),
        share(500, 0.02, plan="x", outcome="open", customers=9),
        share(300, 0.8, plan="y", outcome="converted", customers=280),
        share(300, 0.15, plan="y", outcome="lost", customers=50),
        share(300, 0.05, plan="y", outcome="open", customers=15),
    ]
    # The hidden cell must be worked out neither along its plan nor along its outcome: a rectangle of four.
    assert disclose(record("chart", "outcomes", *rows))["hidden"] == [1, 2, 4, 5]


def test_two_hidden_rows_that_are_small_together_take_a_third(record):
    rows = [share(500, n / 500, plan=str(n), customers=n) for n in (3, 4, 30, 463)]
    # 3 and 4 follow from a total to within 6; with 30 each may be anything up to 35.
    assert disclose(record("chart", "shares", *rows))["hidden"] == [0, 1, 2]


def test_where_all_of_a_total_is_hidden_nobodys_row_is_too(record):
    rows = [share(11, n / 11, outcome=outcome, customers=n) for outcome, n in [("won", 5), ("lost", 6), ("open", 0)]]
    # Of 11, each of two is between 1 and 10; where the third is hidden too, each may also be nobody.
    assert disclose(record("chart", "shares", *rows))["hidden"] == [0, 1, 2]


def test_all_but_a_few_are_hidden_as_the_few_are(record):
    rows = [share(400, n / 400, channel=name, customers=n) for name, n in [("web", 397), ("chat", 390), ("fax", 400)]]
    assert disclose(record("chart", "shares", *rows))["hidden"] == [0]


def test_a_score_of_100_is_everybodys_and_hidden(record):
    rows = [share(40, value, 60.0, 100.0, plan=str(value)) for value in (100.0, 80.0, -100.0)]
    assert disclose(record("chart", "shares", *rows, unit="score"))["hidden"] == [0, 2]


def test_the_customers_of_a_hidden_group_are_not_told_by_those_of_the_others(record):
    rows = [share(n, 0.5, plan=plan, outcome=outcome, customers=n)
            for plan, n in [("a", 7), ("b", 30), ("c", 400)] for outcome in ("won", "lost")]  # fmt: skip
    # Of all 437 customers, 400 are in c and 30 in b: so 7 in a.
    assert disclose(record("chart", "outcomes", *rows))["hidden"] == [0, 1, 2, 3]


def test_differences_to_a_baseline_are_parts_of_no_total(record):
    rows = [{**share(n, 4.0, 1.0, 7.0, group=str(n), baseline="x"), "p": 0.01} for n in (9, 40, 300)]
    assert disclose(record("finding", "stay", *rows))["hidden"] == [0]


def test_windows_of_time_are_parts_of_no_total(record):
    rows = [share(n, within_days=float(n)) for n in (9, 40, 300)]
    assert disclose(record("table", "windows", *rows))["hidden"] == [0]


def test_shares_that_do_not_add_up_need_no_second_row(record):
    rows = [
        share(500, value, channel=name, customers=round(500 * value))
        for name, value in [("a", 1), ("b", 0.6), ("c", 0.01)]
    ]
    assert disclose(record("chart", "shares", *rows))["hidden"] == [2]
    parts = [
        share(500, value, channel=name, customers=round(500 * value))
        for name, value in [("a", 0.6), ("b", 0.39), ("c", 0.01)]
    ]
    assert disclose(record("chart", "shares", *parts))["hidden"] == [1, 2]


def test_a_survival_curve_is_hidden_whole_in_one_row(record):
    rows = [share(n, plan=plan, day=day, at_risk=n) for plan, n in [("a", 9), ("b", 80), ("c", 500)] for day in (0, 5)]
    assert disclose(record("chart", "survival", *rows))["hidden"] == [0, 1, 2, 3]
    rows = [share(n, plan=plan, day=day, at_risk=n, left=left)
            for plan, n, all_left in [("a", 40, 9), ("b", 80, 50), ("c", 500, 200)]
            for day, left in [(0, 0), (5, all_left)]]  # fmt: skip
    shared = disclose(record("chart", "survival", *rows))
    # The days on which the nine left would tell of each of them; b is hidden for their sake.
    assert [(row["plan"], row["day"], row["n"]) for row in rows_of(shared)] == [
        ("a", 0, None), ("b", 0, None), ("b", 5, None), ("c", 0, 500), ("c", 5, 500)
    ]  # fmt: skip
    assert shared["hidden"] == [0, 1, 2]


def test_a_step_of_a_curve_stands_for_ten_departures_or_more(record):
    days = [(0, 0), (3, 4), (7, 9), (8, 11), (20, 19), (30, 21), (40, 40), (55, 43), (60, 43)]
    rows = [share(400, 1 - left / 400, plan="a", day=day, at_risk=400 - left, left=left) for day, left in days]
    shown = rows_of(disclose(record("chart", "survival", *rows)))
    assert [row["day"] for row in shown] == [0, 8, 30, 60]  # the last three, who left on day 55, are in the last step
    ends_flat = rows_of(disclose(record("chart", "survival", *rows[:7], {**rows[6], "day": 60})))
    assert [row["day"] for row in ends_flat] == [0, 8, 30, 40, 60]


def test_a_curve_with_a_horizon_ends_there_with_what_its_table_says(record):
    days = [(0, 0), (100, 7), (178, 12), (200, 14), (270, 18)]
    rows = [share(400, 1 - left / 400, plan="a", day=day, at_risk=400 - left, left=left) for day, left in days]
    shown = rows_of(disclose(record("chart", "survival", *rows, horizon_days=180)))
    assert [(row["day"], row["left"], row["at_risk"]) for row in shown] == [(0, 0, 400), (178, 10, 390), (180, 10, 385)]
    early = disclose(record("chart", "survival", *rows, horizon_days=150))  # seven had left by then
    assert early["hidden"] == [0]


def test_three_who_left_are_hidden_beside_400_as_they_are_alone(record):
    few = share(400, 397 / 400, 0.978, 0.997, at_risk=380, left=3)
    assert disclose(record("finding", "left", few))["hidden"] == [0]
    assert disclose(record("number", "left_customers", share(3, 3, 3, 3), unit="count"))["hidden"] == [0]
    plans = [share(400, 0.5, plan=plan, at_risk=200, left=left) for plan, left in [("a", 3), ("b", 90), ("c", 80)]]
    assert disclose(record("finding", "left", *plans))["hidden"] == [0, 1]
    for left in (0, 10):
        assert disclose(record("finding", "left", share(400, at_risk=380, left=left)))["hidden"] == []
    assert disclose(record("finding", "left", share(400, at_risk=9, left=90)))["hidden"] == [0]


def test_a_small_group_is_hidden_though_nobody_of_it_has_the_outcome(record):
    assert disclose(record("chart", "shares", share(7, 0.0, plan="a", customers=0)))["hidden"] == [0]


def test_a_curve_hides_the_few_at_risk_on_a_day_and_stays(record):
    curve = [share(400, plan="a", day=day, at_risk=risk, left=left) for day, risk, left in [(0, 400, 0), (5, 390, 3)]]
    curve += [share(400, plan="a", day=90, at_risk=9, left=391)]
    shared = disclose(record("chart", "survival", *curve))
    assert shared["hidden"] == []
    assert [(row["at_risk"], row["left"]) for row in rows_of(shared)] == [(400, 0), (None, 390)]
    assert [row["estimate"] is None for row in rows_of(shared)] == [False] * 2


def flow(draw):
    """A random flow of three columns whose columns add up."""
    links = {}
    for _ in range(400):
        path = [str(name) for name in draw.choice(["web", "chat", "phone", "mail"], 3, p=[0.6, 0.25, 0.12, 0.03])]
        end = str(draw.choice(["converted", "drop-off", "open"], p=[0.6, 0.37, 0.03]))
        length = int(draw.integers(1, 4))
        for step in range(1, min(length, 2) + 1):
            link = (step, path[step - 1], path[step] if step < length else end)
            links[link] = links.get(link, 0) + 1
    return [
        share(400, count / 400, step=step, source=source, target=target, journeys=count, customers=count)
        for (step, source, target), count in sorted(links.items())
    ]


@pytest.mark.parametrize("seed", range(5))
def test_no_hidden_link_of_a_flow_follows_from_what_is_shown(record, seed):
    rows = flow(np.random.default_rng(seed))
    hidden = set(disclose(record("chart", "flow", *rows))["hidden"])
    assert {at for at, row in enumerate(rows) if row["customers"] < 10} <= hidden
    for at, row in enumerate(rows):
        out = {k for k, one in enumerate(rows) if (one["step"], one["source"]) == (row["step"], row["source"])}
        into = {k for k, one in enumerate(rows) if (one["step"] + 1, one["target"]) == (row["step"], row["source"])}
        alone = (out | into) & hidden == {at}
        assert not alone or out | into == {at}


def test_counts_are_rounded_to_the_nearest_5(record):
    shared = rows_of(disclose(record("table", "x", share(412, journeys=1203, at_risk=97, left=13, plan="a"))))[0]
    assert [shared[name] for name in ("n", "journeys", "at_risk", "left")] == [410, 1205, 95, 15]


def test_a_count_is_rounded_with_its_interval(record):
    row = {"n": 1238, "estimate": 1238, "low": 1238, "high": 1238, "is_enough": True}
    assert disclose(record("number", "customers", row, unit="count"))["rows"] == [[1240, 1240, 1240, 1240, True]]


def test_a_share_moves_in_round_steps_of_five_customers_and_its_interval_goes_outward(record):
    exact = share(203, 87 / 203, 0.3626, 0.4975)
    shared = rows_of(disclose(record("number", "still_share", exact, unit="share")))[0]
    assert [shared[name] for name in ("estimate", "low", "high")] == [0.45, 0.35, 0.5]  # 5 in 203, or rounder: 0.05
    # So the count behind it cannot be read off: several would have given this share.
    assert sum(abs(x / 203 - shared["estimate"]) <= 0.025 for x in range(204)) >= 5


def test_n_cannot_be_read_back_from_a_share(record):
    for n, part in [(14, 6), (21, 9), (35, 15), (70, 30)]:  # each is 42.857 %
        exact = share(n, part / n, 0.2, 0.7)
        shown = rows_of(disclose(record("number", "still_share", exact, unit="share")))[0]
        alike = [m for m in range(n - 3, n + 4) if any(abs(x / m - shown["estimate"]) <= 2.5 / n for x in range(m))]
        assert shown["estimate"] * 100 == pytest.approx(round(shown["estimate"] * 100))
        assert len(alike) == 7


def test_a_share_of_answers_steps_by_customers_not_by_answers(record):
    exact = {"n": 20, "estimate": 35.0, "low": 0.0, "high": 62.0, "is_enough": False, "answers": 400}
    shown = rows_of(disclose(record("number", "nps", exact, unit="score")))[0]
    assert [shown[name] for name in ("estimate", "low", "high", "answers")] == [50, 0, 100, 400]


def test_a_chance_is_rounded_up(record):
    exact = {**share(400, 12.0, 2.0, 22.0, group="a", baseline="b"), "p": 0.0312345678}
    assert rows_of(disclose(record("finding", "stay", exact)))[0]["p"] == 0.05


def test_a_share_of_journeys_is_as_exact_as_the_count_of_journeys(record):
    rows = [
        share(400, 500 / 20000, channel="a", journeys=500, customers=300),
        share(400, 0.975, channel="b", journeys=19500, customers=400),
    ]
    shared = rows_of(disclose(record("chart", "shares", *rows)))
    assert shared[0]["estimate"] == pytest.approx(0.025, abs=0.5 * 5 * 0.025 / 300 * 2.5)


def test_a_share_of_events_is_as_exact_as_the_count_of_events(record):
    row = {"n": 400, "estimate": 300 / 1_000_000, "low": None, "high": None, "is_enough": True}
    shared = rows_of(disclose(record("finding", "ties", {**row, "customers": 60, "events": 300}, counted=True)))[0]
    assert shared["estimate"] == pytest.approx(0.0003, abs=5e-6)
    assert (shared["low"], shared["events"]) == (None, 300)


def test_records_that_were_read_are_exact(record):
    row = {"records_in": 1003, "accepted": 991, "quarantined": 9, "duplicates": 3, "adds_up": True}
    shared = disclose(record("finding", "records", row))
    assert (rows_of(shared), shared["hidden"]) == ([row], [])
    assert disclose(record("number", "records", {"estimate": 1003}))["rows"] == [[1003]]


def test_a_gap_of_few_customers_is_hidden_alone(record):
    gap = {"channel": "web", "from_on": "2026-05-12", "until_on": "2026-05-12", "n": 4, "usual": 80, "events": 6}
    shared = disclose(
        record("finding", "gaps", gap, {**gap, "channel": "app", "n": 40}, {**gap, "channel": "fax", "n": 0})
    )
    assert shared["hidden"] == [0]
    assert rows_of(shared)[0] == {**gap, "n": None, "events": None, "usual": None}


@pytest.mark.parametrize("n", [11, 33, 203, 1947])
def test_nobody_and_everybody_stay_0_and_1(record, n):
    rows = [share(n, 1.0, 1.0, 1.0, day=0), share(n, 0.0, 0.0, 0.3, day=9)]
    shared = rows_of(disclose(record("chart", "survival", *rows)))
    assert [shared[0][name] for name in ("estimate", "low", "high")] == [1, 1, 1]
    assert [shared[1][name] for name in ("estimate", "low")] == [0, 0]


def test_shares_stay_between_0_and_1(record):
    row = rows_of(disclose(record("number", "still_share", share(41, 0.99, 0.93, 0.999), unit="share")))[0]
    assert row["high"] == 1
    row = rows_of(disclose(record("number", "still_share", share(41, 0.01, 0.0004, 0.07), unit="share")))[0]
    assert row["low"] == 0


def test_a_wait_moves_in_steps_that_its_interval_gives(record):
    wait = {"wait_hours": 40.7930555, "wait_low": 34.71, "wait_high": 43.69}
    exact = {**share(400, 0.3, 0.2, 0.4, source="a", target="b", journeys=500, customers=300), **wait}
    shown = rows_of(disclose(record("table", "transitions", exact)))[0]
    assert [shown[name] for name in wait] == [41, 34, 44]


def test_what_customers_wrote_and_addresses_are_never_shown(record):
    row = share(400, plan="ann@example.org", text="I am leaving because of Bob")
    shared = disclose(record("table", "x", row, by="an address: bob@example.com."))
    assert rows_of(shared)[0]["text"] is None
    assert rows_of(shared)[0]["plan"] == "(address)"
    assert shared["context"]["by"] == "an address: (address)"


def test_an_interval_that_leaves_out_the_rest_still_does(record):
    exact = {
        "from_on": "2026-03-01",
        "until_on": "2026-03-20",
        **share(60, 0.55, 0.43, 0.66),
        "p": 0.001,
        "before": 0.70,
    }
    shared = rows_of(disclose(record("finding", "incident", exact)))[0]
    assert shared["high"] < shared["before"]


def test_guards_do_not_tell_what_rows_hide(record):
    guarded = {
        **record("finding", "x", share(7)),
        "guards": [{"guard": "customers", "status": "refuse", "have": 7, "needed": 30}],
    }
    assert disclose(guarded)["guards"] == []
    rows = record("chart", "shares", share(7, plan="a"), share(60, plan="b"), share(90, plan="c"))
    guarded = {
        **rows,
        "guards": [{"guard": "customers in the smallest group", "status": "caution", "have": 7, "needed": 30}],
    }
    assert disclose(guarded)["guards"][0]["have"] is None
    few = {
        **record("finding", "x", share(14)),
        "guards": [{"guard": "customers", "status": "refuse", "have": 14, "needed": 30}],
    }
    assert disclose(few)["guards"][0]["have"] == 15
    horizon = {"guard": "customers at risk at the horizon", "status": "ok", "have": 707, "needed": 98}
    assert disclose({**few, "guards": [horizon]})["guards"][0]["needed"] == 100  # one in twenty of 1,947
    strata = {"guard": "segments that say otherwise", "status": "caution", "have": 2, "needed": 0}
    assert disclose({**few, "guards": [strata]})["guards"] == [strata]
    departures = {"guard": "departures in the smallest group", "status": "caution", "have": 3, "needed": 10}
    assert disclose({**few, "guards": [departures]})["guards"][0]["have"] is None


def test_records_without_customers_are_left_alone(record):
    statement = record("data", "data", {"rule": "no time", "rows": 3})
    assert disclose(statement)["rows"] == [["no time", 3]]


def test_the_given_record_is_not_changed(record):
    exact = record("chart", "shares", share(3, plan="a"), share(403, 0.1234567, plan="b"))
    before = copy.deepcopy(exact)
    disclose(exact)
    assert exact == before


def test_the_customers_of_a_data_statement_are_rounded_like_any_count():
    statement = {"kind": "data", "form": "data", "context": {"customers": 4348}, "columns": ["rule"], "rows": []}
    assert disclose(statement)["context"]["customers"] == 4350
    assert disclose(statement, audience="private")["context"]["customers"] == 4348
