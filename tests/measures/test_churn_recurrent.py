"""What happens again and again: mean counts worked by hand, and lapses and returns of a written store."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from journeylib import engine
from journeylib.errors import ParameterError
from journeylib.estimates import Z
from journeylib.measures import churn

DAY = 86_400_000_000
NAMES = {"duration": "stop", "entry": "start", "event": "happened", "cluster": "who"}


def of(rows):
    """A recurrent table of rows (customer, start, stop, happened)."""
    return churn.from_frame(pd.DataFrame(rows, columns=["who", "start", "stop", "happened"]), **NAMES)


def test_the_mean_count_is_the_one_worked_by_hand():
    # Twelve customers followed to day 9; the first has it on days 2 and 5, the second on day 5.
    twice = [(0, 0, 2, 1), (0, 2, 5, 1), (0, 5, 9, 0)]
    once = [(1, 0, 5, 1), (1, 5, 9, 0)]
    found = churn.mean_count(of([*twice, *once, *((who, 0, 9, 0) for who in range(2, 12))]))
    assert found[["day", "n", "estimate", "at_risk", "events"]].to_numpy() == pytest.approx(
        np.array([[0, 12, 0, 12, 0], [2, 12, 1 / 12, 12, 1], [5, 12, 3 / 12, 12, 3], [9, 12, 3 / 12, 12, 3]])
    )
    # Everybody is followed throughout, so it is the mean of 2, 1 and ten 0s with its variance Σ(x − ¼)²/12².
    error = math.sqrt(1.75**2 + 0.75**2 + 10 * 0.25**2) / 12
    assert found["high"][2] == pytest.approx(0.25 * math.exp(Z * error / 0.25), rel=1e-12)
    assert not found["is_enough"].any()


def test_counts_are_rows_with_late_entry_at_twenty_thousand():
    draw = np.random.default_rng(1)
    rows = []
    for who in range(8000):
        at, end = int(draw.integers(0, 10)) if draw.random() < 0.5 else 0, int(draw.integers(20, 60))
        pace = draw.gamma(1, 20) + 3
        while at < end:
            to = at + math.ceil(draw.exponential(pace))
            rows.append((who, at, min(to, end), int(to <= end)))
            at = to
    frame = pd.DataFrame(rows, columns=["who", "start", "stop", "happened"])
    assert len(frame) > 20_000
    total, turning = 0.0, np.zeros(8000)
    for day in range(1, 31):
        there = (frame["start"] < day) & (frame["stop"] >= day)
        own = (there & (frame["stop"] == day) & (frame["happened"] == 1)).astype(float)
        at_risk = there.sum()
        total += own.sum() / at_risk
        np.add.at(turning, frame["who"], (own - there * own.sum() / at_risk) / at_risk)
    row = churn.mean_count(of(rows), until_day=30).iloc[-1]
    assert row["estimate"] == pytest.approx(total, rel=1e-9)
    assert row["high"] == pytest.approx(total * math.exp(Z * math.sqrt((turning**2).sum()) / total), rel=1e-9)
    assert row["n"] == 8000


def test_that_it_never_happened_is_0_with_an_upper_end():
    row = churn.mean_count(of([(who, 0, 9, 0) for who in range(40)])).iloc[-1]
    assert (row["estimate"], row["low"]) == (0, 0)
    assert 0 < row["high"] < 0.15
    assert not row["is_enough"]


LANDMARK = "1970-02-20"  # day 50


def store(rows, end=100):
    events = [(customer, round(day * DAY)) for customer, *days in rows for day in days]
    frame = pd.DataFrame(events, columns=["customer_id", "occurred_us"]).assign(touchpoint="buy")
    frame["event_id"] = [f"e{at:03}" for at in range(len(frame))]
    return SimpleNamespace(events=engine.from_frame(frame), ends_us=end * DAY)


def episodes(made):
    found = engine.collect(made, order_by=["customer_id", "entry_day"])
    assert (found["is_first"] == (found["entry_day"] == 0)).all()
    return found[["customer_id", "entry_day", "day", "has_left"]].to_numpy().tolist()


ROWS = [
    ("a", 45, 52, 70, 75, 88, 95),  # silent after 52 and after 75, both longer than ten days; back on 70 and 88
    ("b", 45, 55, 65, 75, 85, 95),  # never silent for longer than ten
    ("c", 45, 51),  # silent from 51 on, never back
    ("d", 30, 62),  # not active before the landmark
]


def test_every_lapse_is_an_episode_and_what_follows_is_watched_to_where_lapses_are_decided():
    assert episodes(churn.lapses(store(ROWS), silent_days=10, landmark=LANDMARK)) == [
        ["a", 0, 3, True], ["a", 3, 26, True], ["a", 26, 40, False],
        ["b", 0, 40, False],
        ["c", 0, 2, True], ["c", 2, 40, False],
    ]  # fmt: skip


def test_every_return_is_an_episode_watched_to_the_end_of_the_data():
    assert episodes(churn.returns(store(ROWS), silent_days=10, landmark=LANDMARK)) == [
        ["a", 0, 21, True], ["a", 21, 39, True], ["a", 39, 50, False],
        ["b", 0, 50, False],
        ["c", 0, 50, False],
    ]  # fmt: skip


def test_first_episodes_are_those_of_a_single_lapse():
    lapsed = engine.collect(churn.lapse(store(ROWS), silent_days=10, landmark=LANDMARK), order_by=["customer_id"])
    first = [row for row in episodes(churn.lapses(store(ROWS), silent_days=10, landmark=LANDMARK)) if row[1] == 0]
    assert lapsed[["customer_id", "entry_day", "day", "has_left"]].to_numpy().tolist() == first


def test_lapses_on_the_last_day_that_can_be_decided_and_windows_of_hours():
    found = episodes(churn.lapses(store([("a", 45, 54, 64, 74, 84, 89.5)]), silent_days=10, landmark=LANDMARK))
    assert found == [["a", 0, 40, True]]
    assert episodes(churn.lapses(store(ROWS, end=60), silent_days=10, landmark=LANDMARK)) == []
    with pytest.raises(ParameterError, match=r"silent_days = 0\.5 is too short"):
        churn.lapses(store(ROWS), silent_days=0.5, landmark=LANDMARK)


def test_a_start_stop_table_without_marks_counts_customers_too():
    rows = pd.DataFrame(
        [row for who in range(40) for row in ((str(who), 0, 3 + who % 5, True), (str(who), 3 + who % 5, 20, False))],
        columns=["customer_id", "entry_day", "day", "has_left"],
    )
    found = churn.mean_count(engine.from_frame(rows))
    assert found["n"].tolist() == [40] * len(found)
    assert found["estimate"].iloc[-1] == pytest.approx(1)
    assert found["is_enough"].all()
    assert found["high"].iloc[-1] == pytest.approx(1)  # everybody had it exactly once
