from __future__ import annotations

from datetime import timedelta

from journeylib import engine
from journeylib.journeys import outcomes, reconstruct

DAY = 86_400_000_000


def _outcomes(steps_of, rows, *, ends, within=10, closing=()):
    steps = steps_of(rows, end_touchpoints=list(closing))
    labelled = outcomes.label_journeys(
        reconstruct.summarise(steps),
        steps,
        touchpoint="order",
        within=timedelta(days=within),
        ends_us=int(ends * DAY),
        gap_us=7 * DAY,
        end_touchpoints=tuple(closing),
    )
    frame = engine.collect(labelled, order_by=["customer_id", "started_us"])
    return list(zip(frame["outcome"].tolist(), frame["is_mature"].tolist(), strict=True))


def test_a_goal_exactly_at_the_end_of_the_window_counts(steps_of):
    assert _outcomes(steps_of, [("a", 0, "view"), ("a", 5, "view"), ("a", 10, "order")], ends=20) == [
        ("converted", True)
    ]
    assert _outcomes(steps_of, [("a", 0, "view"), ("a", 5, "view"), ("a", 10.5, "order")], ends=20) == [("lost", True)]


def test_a_journey_that_can_still_reach_its_goal_is_open_not_lost(steps_of):
    assert _outcomes(steps_of, [("a", 0, "view")], ends=5) == [("open", False)]


def test_silence_closes_a_journey_before_its_window_does(steps_of):
    assert _outcomes(steps_of, [("a", 0, "view")], ends=7.5) == [("lost", False)]
    assert _outcomes(steps_of, [("a", 0, "view")], ends=7) == [("open", False)]


def test_an_end_touchpoint_closes_a_journey_at_once(steps_of):
    assert _outcomes(steps_of, [("a", 0, "view"), ("a", 1, "closed")], ends=2, closing=["closed"]) == [("lost", False)]


def test_a_customer_who_began_another_journey_has_ended_the_first(steps_of):
    rows = [("a", 0, "view"), ("a", 1, "closed"), ("a", 2, "view")]
    assert _outcomes(steps_of, rows, ends=3, closing=["closed"]) == [("lost", False), ("open", False)]


def test_a_conversion_in_another_journey_does_not_count(steps_of):
    assert _outcomes(steps_of, [("a", 0, "view"), ("a", 8, "order")], ends=30) == [("lost", True), ("converted", True)]


def test_a_young_journey_that_converted_is_converted_but_not_mature(steps_of):
    assert _outcomes(steps_of, [("a", 0, "view"), ("a", 1, "order")], ends=5) == [("converted", False)]


def test_maturity_needs_the_whole_window(steps_of):
    assert _outcomes(steps_of, [("a", 0, "view")], ends=10) == [("lost", False)]
    assert _outcomes(steps_of, [("a", 0, "view")], ends=10.01) == [("lost", True)]


def test_an_end_touchpoint_closes_a_journey_also_where_another_event_shares_its_instant(steps_of):
    rows = [("a", 0, "view"), ("a", 1, "closed"), ("a", 1, "mail")]
    assert _outcomes(steps_of, rows, ends=2, closing=["closed"]) == [("lost", False)]


def test_a_last_event_without_a_touchpoint_is_no_end_where_none_is_named(steps_of):
    assert _outcomes(steps_of, [("a", 0, "view"), ("a", 1, None)], ends=5) == [("open", False)]
