from __future__ import annotations

from datetime import timedelta

import pandas as pd

from journeylib import engine
from journeylib.journeys import reconstruct

DAY = 86_400_000_000


def _steps(steps_of, rows, **rules):
    steps = steps_of(rows, **rules)
    return steps, engine.collect(steps, order_by=["customer_id", "occurred_us", "event_id"])


def _journeys_of(frame):
    return [int(started / DAY) for started in frame["started_us"]]


def test_a_silence_of_exactly_the_gap_does_not_end_a_journey(steps_of):
    _, frame = _steps(steps_of, [("a", 0, "v"), ("a", 7, "v"), ("a", 14.001, "v")], gap=timedelta(days=7))
    assert _journeys_of(frame) == [0, 0, 14]
    assert frame["step"].tolist() == [1, 2, 1]


def test_one_customer_s_events_never_join_another_s_journey(steps_of):
    _, frame = _steps(steps_of, [("a", 0, "v"), ("b", 1, "v"), ("a", 2, "v")])
    assert frame["step"].tolist() == [1, 2, 1]


def test_an_end_touchpoint_ends_the_journey_and_the_next_event_opens_another(steps_of):
    _, frame = _steps(steps_of, [("a", 0, "v"), ("a", 1, "closed"), ("a", 2, "v")], end_touchpoints=["closed"])
    assert _journeys_of(frame) == [0, 0, 2]


def test_an_event_in_the_same_microsecond_as_the_end_touchpoint_still_belongs(steps_of):
    _, frame = _steps(
        steps_of, [("a", 0, "v"), ("a", 1, "closed"), ("a", 1, "v"), ("a", 3, "v")], end_touchpoints=["closed"]
    )
    assert _journeys_of(frame) == [0, 0, 0, 3]


def test_a_stretch_without_silence_is_cut_into_lengths(steps_of):
    days = [0, 5, 9, 10, 15, 19, 20, 25]
    _, frame = _steps(steps_of, [("a", day, "v") for day in days], longest=timedelta(days=10))
    assert _journeys_of(frame) == [0, 0, 0, 10, 10, 10, 20, 20]
    assert frame["step"].tolist() == [1, 2, 3, 1, 2, 3, 1, 2]


def test_what_came_before_is_known_within_a_journey_only(steps_of):
    _, frame = _steps(steps_of, [("a", 0, "v"), ("a", 1, "w"), ("a", 20, "x")])
    assert [None if pd.isna(wait) else wait for wait in frame["wait_us"]] == [None, DAY, None]
    assert [None if pd.isna(name) else name for name in frame["previous_touchpoint"]] == [None, "v", None]


def test_equal_times_are_ordered_by_event_id_whatever_the_order_of_rows(steps_of):
    rows = [("a", 0, "v"), ("a", 0, "w"), ("a", 0, "x")]
    forward, frame = _steps(steps_of, rows)
    assert frame["touchpoint"].tolist() == ["v", "w", "x"]
    shuffled = pd.DataFrame(
        [
            {
                "customer_id": "a",
                "occurred_us": 0,
                "event_id": f"e{place}",
                "touchpoint": rows[place][2],
                "channel": "web",
            }
            for place in [2, 0, 1]
        ]
    )
    again = engine.collect(reconstruct.reconstruct(engine.from_frame(shuffled)), order_by=["step"])
    pd.testing.assert_frame_equal(engine.collect(forward, order_by=["step"]), again)


def test_a_journey_row_says_when_it_ran_and_where_it_began_and_is(steps_of):
    steps, _ = _steps(steps_of, [("a", 0, "v"), ("a", 1, "w"), ("a", 1, "x"), ("a", 20, "y")])
    frame = engine.collect(reconstruct.summarise(steps), order_by=["started_us"])
    assert frame[["started_us", "ended_us", "steps", "channels"]].to_numpy().tolist() == [
        [0, DAY, 3, 1],
        [20 * DAY, 20 * DAY, 1, 1],
    ]
    assert frame["first_touchpoint"].tolist() == ["v", "y"]
    assert frame["last_touchpoint"].tolist() == ["x", "y"]


def test_rows_are_final_so_later_events_never_change_earlier_steps(steps_of):
    rows = [("a", day, "v") for day in [0, 3, 9, 17, 18, 30, 36]]
    _, whole = _steps(steps_of, rows, longest=timedelta(days=12))
    for known in range(1, len(rows)):
        _, early = _steps(steps_of, rows[:known], longest=timedelta(days=12))
        pd.testing.assert_frame_equal(early, whole.iloc[:known], check_dtype=False)


def test_an_end_touchpoint_ends_its_whole_instant_whatever_the_order_in_it(steps_of):
    rows = [("a", 1, "closed"), ("a", 1, "mail"), ("a", 2, "next")]
    assert _journeys_of(_steps(steps_of, rows, end_touchpoints=["closed"])[1]) == [1, 1, 2]
    rows = [("a", 1, "mail"), ("a", 1, "closed"), ("a", 2, "next")]
    assert _journeys_of(_steps(steps_of, rows, end_touchpoints=["closed"])[1]) == [1, 1, 2]
