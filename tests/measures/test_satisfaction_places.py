"""Scores by week and by what answers speak of, on events written by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from journeylib import engine
from journeylib.measures import satisfaction

DAY = 86_400_000_000


@pytest.fixture
def events(table):
    """A table of events given as (customer, day, touchpoint, channel[, score]); ids in the order of the rows."""

    def make(rows, score_type="nps"):
        frame = pd.DataFrame([(*row, None)[:5] for row in rows])
        frame.columns = ["customer_id", "day", "touchpoint", "channel", "score"]
        frame["occurred_us"] = (frame["day"] * DAY).round().astype("int64")
        frame["event_id"] = [f"e{at}" for at in range(len(frame))]
        frame["score"] = frame["score"].astype(float)
        frame["score_type"] = [None if pd.isna(one) else score_type for one in frame["score"]]
        return table(frame.astype({"touchpoint": "string", "channel": "string", "score_type": "string"}))

    return make


LEFT_OUT = ["survey answered", "email sent"]


def spoken(made):
    return engine.collect(made, order_by=["customer_id", "event_id"])[["touchpoint", "channel"]].values.tolist()


def test_an_answer_speaks_of_the_latest_touchpoint_that_is_not_left_out(events):
    rows = [("a", 1, "chat", "web"), ("a", 2, "call", "phone"), ("a", 3, "email sent", "email")]
    rows += [("a", 4, "survey answered", "email", 9), ("a", 5, "survey answered", "email", 3)]  # both of the call
    rows += [("b", 1, "survey answered", "email", 5), ("b", 2, "call", "phone")]  # nothing before
    rows += [("c", 1, "call", None), ("c", 2, None, "web"), ("c", 3, "survey answered", "email", 5)]
    assert spoken(satisfaction.speaks_of(events(rows), leave_out=LEFT_OUT)) == [
        ["call", "phone"],
        ["call", "phone"],
        ["unknown", "unknown"],
        ["unknown", "web"],  # it is not known what came on the web
    ]


def test_a_missing_channel_is_not_taken_from_an_earlier_touchpoint(events):
    rows = [("a", 1, "chat", "web"), ("a", 2, "call", None), ("a", 3, "survey answered", "email", 9)]
    assert spoken(satisfaction.speaks_of(events(rows), leave_out=LEFT_OUT)) == [["call", "unknown"]]


def test_of_touchpoints_at_one_instant_the_greatest_id_is_latest(events):
    rows = [("a", 1, "chat", "web"), ("a", 1, "call", "phone"), ("a", 1, "survey answered", "email", 9)]
    assert spoken(satisfaction.speaks_of(events(rows), leave_out=LEFT_OUT)) == [["call", "phone"]]
    later = [("a", 1, "survey answered", "email", 9), ("a", 1, "call", "phone")]
    assert spoken(satisfaction.speaks_of(events(later), leave_out=LEFT_OUT)) == [["unknown", "unknown"]]


def test_a_touchpoint_that_carries_its_own_score_speaks_of_itself(events):
    rows = [("a", 1, "chat", "web"), ("a", 2, "call", "phone", 9)]
    assert spoken(satisfaction.speaks_of(events(rows), leave_out=LEFT_OUT)) == [["call", "phone"]]
    assert spoken(satisfaction.speaks_of(events(rows))) == [["call", "phone"]]


def test_what_came_long_before_is_not_spoken_of(events):
    rows = [("a", 1, "call", "phone"), ("a", 8, "survey answered", "email", 9)]
    rows += [("b", 1, "call", "phone"), ("b", 8.001, "survey answered", "email", 9)]
    found = satisfaction.speaks_of(events(rows), leave_out=LEFT_OUT, within_days=7)
    assert spoken(found) == [["call", "phone"], ["unknown", "unknown"]]  # exactly seven days are within


def test_a_customer_s_latest_answer_about_each_touchpoint_counts(events):
    rows = [("a", 1, "call", "phone"), ("a", 2, "survey answered", "email", 0), ("a", 3, "call", "phone")]
    rows += [("a", 4, "survey answered", "email", 10), ("a", 5, "chat", "web"), ("a", 6, "survey answered", "email", 0)]
    rows += [("b", 1, "chat", "web"), ("b", 2, "survey answered", "email", 7)]
    found = satisfaction.by_touchpoint(events(rows), leave_out=LEFT_OUT)
    assert found[["touchpoint", "n", "estimate", "answers"]].values.tolist() == [
        ["call", 1, 100, 2],
        ["chat", 2, -50, 2],
    ]
    channels = satisfaction.by_touchpoint(events(rows), leave_out=LEFT_OUT, by=["touchpoint", "channel"])
    assert channels[["touchpoint", "channel"]].values.tolist() == [["call", "phone"], ["chat", "web"]]
    late = satisfaction.by_touchpoint(events(rows), leave_out=LEFT_OUT, start_us=6 * DAY)
    assert late[["touchpoint", "n", "estimate"]].values.tolist() == [["chat", 1, -100]]


def test_effort_is_told_by_touchpoint_too_with_every_answer(events):
    rows = [("a", 1, "call", "phone"), ("a", 2, "survey answered", "email", 2), ("a", 3, "survey answered", "email", 5)]
    found = satisfaction.by_touchpoint(events(rows, "ces"), "ces", leave_out=LEFT_OUT)
    assert found[["touchpoint", "n", "estimate", "answers"]].values.tolist() == [["call", 1, 3.5, 2]]


def test_a_week_is_whole_and_one_without_answers_has_no_estimate(events):
    rows = [("a", 9.9, "survey", "email", 0), ("a", 10, "survey", "email", 10), ("a", 16.99, "survey", "email", 7)]
    rows += [("b", 24, "survey", "email", 3), ("b", 31, "survey", "email", 9)]  # day 31 begins a week in progress
    found = satisfaction.by_week(events(rows), start_us=10 * DAY, ends_us=37 * DAY)
    assert found[["period_on", "n", "answers", "is_enough"]].values.tolist() == [
        ["1970-01-11", 1, 2, False],
        ["1970-01-18", 0, 0, False],
        ["1970-01-25", 1, 1, False],
    ]
    assert found["estimate"].tolist() == pytest.approx([0, float("nan"), -100], nan_ok=True)


def test_weeks_start_on_the_day_of_the_start_and_groups_have_all_of_them(events):
    rows = [("a", 10.2, "survey", "email", 5), ("b", 10.7, "survey", "web", 4), ("b", 12, "survey", "web", 2)]
    found = satisfaction.by_week(
        events(rows, "csat"), "csat", start_us=round(10.5 * DAY), ends_us=14 * DAY, every_days=2, by=["channel"]
    )
    assert found[["channel", "period_on", "n"]].values.tolist() == [["web", "1970-01-11", 1], ["web", "1970-01-13", 1]]
    assert found["estimate"].tolist() == [1, 0]


def test_without_answers_there_are_no_weeks(events):
    found = satisfaction.by_week(events([("a", 10, "call", "phone", 9)]), "ces", start_us=0, ends_us=70 * DAY)
    assert found.attrs["not_applicable"] == "no event carries a CES score"
