"""Windows by each customer's own pace, and how often a fixed one is wrong."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from journeylib import engine
from journeylib.errors import ParameterError
from journeylib.measures import churn

DAY = 86_400_000_000
LANDMARK = "1970-02-20"  # day 50


def store(rows, end=100.0):
    """A store of events given as (customer, days…), all of them "buy"."""
    events = [(str(customer), round(day * DAY)) for customer, *days in rows for day in days]
    frame = pd.DataFrame(events, columns=["customer_id", "occurred_us"]).assign(touchpoint="buy")
    frame["event_id"] = [f"e{at:06}" for at in range(len(frame))]
    return SimpleNamespace(events=engine.from_frame(frame), ends_us=round(end * DAY))


def own(*rows, **named):
    options = {"silent_days": 10, "landmark": LANDMARK, **named}
    found = engine.collect(churn.own_lapse(store(rows), **options), order_by=["customer_id"])
    assert (found["entry_day"] == 0).all()
    return {row["customer_id"]: (row["day"], row["has_left"], row["has_returned"]) for row in found.to_dict("records")}


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        # Four gaps of 5 by day 50: the window is 15 days.
        ([30, 35, 40, 45, 50, 66], (1, True, True)),  # silent for 16: gone on the landmark's day, back later
        ([30, 35, 40, 45, 50, 65, 70], (21, True, False)),  # 15 is not longer; then six gaps of 40 / 6, so 20 days
        ([30, 35, 40, 45, 50, 65, 80, 90], (25, False, False)),  # seven gaps, 25.7 days: decided up to day 74
        ([30, 40, 50, 61], (1, True, True)),  # two gaps by then: the fixed ten days
        ([30, 40, 50, 60, 70, 99], (9, False, False)),  # by 70 four gaps of 10: 29 days are not longer than 30; now 41
        ([10, 20, 30, 40], None),  # three gaps: silent for longer than the fixed ten days before the landmark
    ],
)
def test_a_window_is_three_times_the_customer_s_own_mean_gap_so_far(days, expected):
    assert own(("a", *days)).get("a") == expected


def test_several_events_on_a_day_are_one_day_of_activity():
    slow = [30, 35, 40, 45, 50, 60, 70]
    many = sorted([*slow, *(day + 0.3 for day in slow), *(day + 0.6 for day in slow)])
    assert own(("a", *slow)) == own(("a", *many))


def test_who_could_not_be_seen_to_leave_is_not_followed():
    assert own(("a", 0, 20, 40, 48), silent_days=60) == {}
    with pytest.raises(ParameterError, match="times = 0"):
        own(("a", 45, 52), times=0)


def visits(seed, customers, *, until, mean=8.0, lifetime=None, spread=0.5):
    """Visits of customers who differ in pace, some of whom leave for good; also until when each was a customer."""
    draw = np.random.default_rng(seed)
    rows, ends = [], []
    for customer in range(customers):
        pace = 0.5 + mean * draw.gamma(1 / spread, spread)
        at = draw.uniform(0, until / 2)
        end = min(until, at + draw.exponential(lifetime)) if lifetime else until
        days = []
        while at < end:
            days.append(at)
            at += draw.exponential(pace)
        rows.append((customer, *days))
        ends.append(end)
    return rows, ends


def test_false_lapses_worked_by_hand():
    # Of twenty: ten came back after 20.5 days, ten after 4; five of these were then silent for 30 days to the end.
    rows = [(f"a{at}", 60, 80.5, 99) for at in range(10)] + [(f"b{at}", 91, 95, 99) for at in range(5)]
    rows += [(f"c{at}", 66, 70) for at in range(5)]
    found = churn.false_lapses(store(rows), windows=[3, 10, 21, 40]).set_index("silent_days")
    # Silences in days: 4 (ten), 19 (ten), 21 (ten), all ended; open for 1 (fifteen) and for 30 (five). Fewer than ten
    # are as long as 30, so nothing ends after 21, and a silence open for 30 days does not.
    assert found["estimate"].to_dict() == {3: 1.0, 10: 0.5, 21: 0.0, 40: 0.0}
    assert found["returned"].tolist() == [20, 10, 0, 0]
    assert found["n"].tolist() == [20] * 4
    assert 0 < found["high"][40] < 0.2


def test_an_open_silence_counts_by_the_chance_that_it_ends():
    # Of 40 silences as long as 20 days, 30 ended on day 30; so of those open for 20 days three in four will.
    rows = [(f"a{at}", 69.5, 99.5) for at in range(30)] + [(f"b{at}", 79, 80) for at in range(10)]
    rows += [(f"c{at}", 39, 40) for at in range(10)]
    found = churn.false_lapses(store(rows), windows=[15]).iloc[0]
    assert (found["n"], found["returned"]) == (50, 30)
    # Day 30: 30 of 40 as long end, the others were open for 60. Those open for 20 count 1 − .25, those for 60 none.
    assert found["estimate"] == pytest.approx((30 + 10 * 0.75) / 50, rel=1e-12)


@pytest.mark.parametrize(("seed", "lifetime"), [(1, None), (2, 250.0), (3, 120.0)])
def test_the_chance_of_a_false_lapse_is_that_of_customers_who_are_known(seed, lifetime):
    rows, ends = visits(seed, 1200, until=500, lifetime=lifetime)
    kept = [(days, end) for (_, *days), end in zip(rows, ends, strict=True) if len(days) > 1]
    found = churn.false_lapses(store(rows, end=500), windows=[45, 60, 90])
    for row in found.to_dict("records"):
        # While it was a customer, was it ever silent for longer?
        was = [max(np.diff([*days, end])) > row["silent_days"] for days, end in kept]
        assert row["n"] == len(kept)
        assert row["estimate"] == pytest.approx(np.mean(was), abs=0.025)


def test_a_percentile_of_all_gaps_would_be_wrong_for_many_more_customers():
    rows, _ = visits(4, 800, until=500)
    gaps = np.concatenate([np.diff(days) for _, *days in rows])
    pooled = float(np.quantile(gaps, 0.95))
    [row] = churn.proposed_window(store(rows, end=500)).to_dict("records")
    assert churn.false_lapses(store(rows, end=500), windows=[pooled])["estimate"][0] > 0.5
    assert row["chance"] <= 0.05
    assert row["low"] <= row["estimate"] <= row["high"]
    assert row["estimate"] > 1.5 * pooled
    shorter = churn.false_lapses(store(rows, end=500), windows=[row["estimate"] - 1, row["estimate"]])
    assert shorter["estimate"][0] > 0.05 >= shorter["estimate"][1] == row["chance"]


def test_nobody_active_twice_has_no_window():
    one = store([("a", 60), ("b", 70)])
    for found in (churn.false_lapses(one), churn.proposed_window(one)):
        assert found.attrs["not_applicable"] == "no customer was active twice"
    with pytest.raises(ParameterError, match="chance = 5 is no chance"):
        churn.proposed_window(one, chance=5)
