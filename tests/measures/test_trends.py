"""Trends: conversion by period on rows written by hand, windows in simulated days."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from journeylib.measures import trends

DAY = 86_400_000_000
START = 20454 * DAY  # 2026-01-01


def events(rows):
    """Rows of customer, day since the start, touchpoint."""
    made = pd.DataFrame(rows, columns=["customer_id", "day", "touchpoint"])
    made["occurred_us"] = START + (made["day"] * DAY).round().astype("int64")
    return made.assign(event_id=[f"e{at:04}" for at in range(len(made))]).drop(columns="day")


def conversion(table, rows, **options):
    defaults = {"within_days": 2, "start_us": START, "ends_us": START + 30 * DAY, "every_days": 7}
    return trends.conversion(table(events(rows)), "cart", "order", **{**defaults, **options})


def test_an_entry_converts_by_the_next_target_inside_the_window(table):
    rows = [
        ("a", 0, "cart"), ("a", 2, "order"),  # exactly the window: counts
        ("b", 0, "cart"), ("b", 2.001, "order"),  # a moment later: does not
        ("c", 0, "cart"), ("c", 1, "cart"), ("c", 2, "order"),  # each entry counts
        ("d", 1, "order"), ("d", 1.5, "cart"),  # only before: does not
        ("e", 3, "cart"), ("f", 3, "order"),  # somebody else's: does not
    ]  # fmt: skip
    found = conversion(table, rows)
    assert found[["period_on", "n", "entries"]].to_numpy().tolist() == [["2026-01-01", 5, 6]]
    assert found["estimate"].tolist() == [3 / 6]


@pytest.mark.parametrize("rows", [[("a", 0, "cart"), ("a", 0, "order")], [("a", 0, "order"), ("a", 0, "cart")]])
def test_a_target_of_the_same_instant_counts_whatever_its_id(table, rows):
    assert conversion(table, rows)["estimate"].tolist() == [1]


def test_of_one_touchpoint_the_next_event_counts_not_the_entry_itself(table):
    rows = [("a", 0, "cart"), ("a", 1, "cart"), ("b", 0, "cart")]
    found = trends.conversion(
        table(events(rows)), "cart", "cart", within_days=2, start_us=START, ends_us=START + 30 * DAY
    )
    assert found["estimate"].tolist() == [1 / 3]


def test_entries_whose_window_is_still_open_are_left_out(table):
    rows = [("a", 0, "cart"), ("b", 1, "cart"), ("b", 1.5, "order")]
    assert conversion(table, rows, ends_us=START + 3 * DAY)["entries"].tolist() == [1]  # b's window closes at the end
    assert conversion(table, rows, ends_us=START + 3 * DAY + 1)["entries"].tolist() == [2]
    assert "not_applicable" in conversion(table, rows, ends_us=START + DAY).attrs


def test_a_period_without_entries_is_a_row_without_an_estimate(table):
    found = conversion(table, [("a", 0, "cart"), ("a", 15, "cart"), ("a", -1, "cart")])
    assert found["period_on"].tolist() == ["2026-01-01", "2026-01-08", "2026-01-15"]
    assert found["n"].tolist() == [1, 0, 1]
    assert np.isnan(found["estimate"][1])


def test_journeys_are_counted_by_whole_periods_from_the_day_the_period_starts(table):
    starts = [0, 1, 1, 7.5, 21.5]
    journeys = pd.DataFrame({"customer_id": ["a", "a", "b", "c", "d"]})
    journeys["started_us"] = [START + round(day * DAY) for day in starts]
    found = trends.started(table(journeys), start_us=START + 5, ends_us=START + 24 * DAY)
    assert found["period_on"].tolist() == ["2026-01-01", "2026-01-08", "2026-01-15"]  # the fourth week is in progress
    assert found["journeys"].tolist() == [2, 1, 0]  # the one at the very start is before `start_us`
    assert found["n"].tolist() == [2, 1, 0]


def days(seed, *, count=90, base=0.85, weekend=0.2, fall=None, least=10, most=40):
    """A daily share with a weekly season; `fall` is (first day, length, share)."""
    draw, rows = np.random.default_rng(seed), []
    for day in range(count):
        on = date(2026, 1, 1) + timedelta(days=day)
        rest = on.weekday() >= 5
        entries = int(draw.integers(least, most + 1) * (0.6 if rest else 1))
        share = base - weekend * rest
        if fall and fall[0] <= day < fall[0] + fall[1]:
            share = fall[2]
        rows.append((on.isoformat(), entries, draw.binomial(entries, share) / entries, entries))
    return pd.DataFrame(rows, columns=["period_on", "n", "estimate", "entries"])


def stands_out(found):
    return bool((found["p"] <= 0.05).any())


def test_the_most_striking_window_is_told_with_its_p_whatever_that_is():
    found = [trends.windows(days(seed, count=40, least=3, most=8)) for seed in range(60)]
    assert max(map(len, found)) == 1
    ps = [one["p"].iloc[0] for one in found if len(one)]
    assert max(ps) > 0.05
    two = days(3, fall=(20, 6, 0.6))
    two.loc[50:69, "estimate"] = 0.3
    [told] = trends.windows(two).to_dict("records")
    assert (told["from_on"], told["until_on"]) == ("2026-02-20", "2026-03-11")


def test_no_window_is_found_in_noise_with_a_weekly_season():
    found = [stands_out(trends.windows(days(seed))) for seed in range(120)]
    assert np.mean(found) <= 0.05


def test_a_fall_of_20_days_is_found_within_two_days():
    first, hits = date(2026, 1, 1), 0
    for seed in range(40):
        begin = 10 + seed
        found = trends.windows(days(seed, fall=(begin, 20, 0.35)))
        assert len(found) == 1
        row = found.iloc[0]
        from_day, until_day = ((date.fromisoformat(row[name]) - first).days for name in ("from_on", "until_on"))
        hits += abs(from_day - begin) <= 2 and abs(until_day - (begin + 19)) <= 2
        assert row["p"] <= 0.005
        assert row["low"] <= 0.37
        assert row["estimate"] < 0.5 < row["before"]
    assert hits >= 37


def test_a_level_that_stays_changed_is_a_window_to_the_end():
    found = trends.windows(days(7, count=100, fall=(75, 25, 0.4)))
    assert found["until_on"].tolist() == ["2026-04-10"]


def test_likeness_of_neighbouring_days_is_not_taken_for_a_window():
    draw, found = np.random.default_rng(8), 0
    for _ in range(60):
        drift = np.zeros(120)
        for day in range(1, 120):
            drift[day] = 0.3 * drift[day - 1] + draw.normal(0, 0.35)
        share = 1 / (1 + np.exp(-0.8 - drift))
        frame = days(0, count=120)
        frame["entries"] = frame["n"] = 40
        frame["estimate"] = draw.binomial(40, share) / 40
        found += stands_out(trends.windows(frame))
    assert found <= 9


def test_a_share_that_is_always_1_has_no_window_until_it_falls():
    frame = days(1).assign(n=20, entries=20, estimate=1.0)
    assert trends.windows(frame).empty
    frame.loc[30:49, "estimate"] = 0.35
    found = trends.windows(frame)
    assert found[["from_on", "until_on"]].to_numpy().tolist() == [["2026-01-31", "2026-02-19"]]


def test_the_same_days_give_the_same_window():
    frame = days(3, fall=(30, 20, 0.35))
    pd.testing.assert_frame_equal(trends.windows(frame), trends.windows(frame))


def test_too_few_days_are_not_searched():
    assert "13 days" in trends.windows(days(1, count=13)).attrs["not_applicable"]


def test_an_incident_is_measured_again_with_each_customer_once(table):
    rows, draw = [], np.random.default_rng(9)
    for day in range(90):
        for _ in range(30):
            customer = str(draw.integers(0, 200))
            rows.append((customer, day + draw.random() * 0.5, "cart"))
            if draw.random() < (0.35 if 40 <= day < 60 else 0.85):
                rows.append((customer, rows[-1][1] + 0.01, "order"))
    tables = table(events(rows))
    times = {"within_days": 0.02, "start_us": START, "ends_us": START + 91 * DAY}
    found = trends.incident(tables, "cart", "order", **times).iloc[0]
    assert (found["from_on"], found["until_on"]) == ("2026-02-10", "2026-03-01")
    assert found["entries"] == 600
    assert found["n"] <= 200
    assert found["low"] < 0.37 < found["high"]
    assert found["before"] > 0.8
