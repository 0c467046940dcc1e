"""Who of those asked answered, on askings written by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from journeylib import engine
from journeylib.errors import ParameterError
from journeylib.estimates import Sums, share
from journeylib.measures import satisfaction

DAY = 86_400_000_000
ASKED = {"asked": ["survey sent"], "answered": ["survey answered"], "within_days": 7, "ends_us": 100 * DAY}


def events(table, rows, **columns):
    """A table of (customer, day, "ask" | "answer" | another touchpoint); ids in the order of the rows."""
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "touchpoint"])
    frame["touchpoint"] = frame["touchpoint"].replace({"ask": "survey sent", "answer": "survey answered"})
    frame["occurred_us"] = (frame["day"] * DAY).round().astype("int64")
    frame["event_id"] = [f"e{at}" for at in range(len(frame))]
    return table(frame.assign(**columns))


def answered(table, rows, **options):
    made = satisfaction.response_units(events(table, rows), **{**ASKED, **options})
    return engine.collect(made, order_by=["customer_id", "zero_us"])["x"].tolist()


def test_an_answer_at_the_edge_of_the_window_counts_and_one_behind_it_does_not(table):
    assert answered(table, [("a", 1, "ask"), ("a", 8, "answer")]) == [1]
    assert answered(table, [("a", 1, "ask"), ("a", 8.00001, "answer")]) == [0]
    assert answered(table, [("a", 1, "ask"), ("b", 2, "answer")]) == [0]
    assert answered(table, [("a", 2, "ask"), ("a", 1, "answer")]) == [0]
    assert answered(table, [("a", 1, "answer"), ("a", 1, "ask")]) == [1]  # the same instant, whatever the ids


def test_one_answer_answers_one_asking_the_latest_before_it(table):
    twice = [("a", 1, "ask"), ("a", 3, "ask"), ("a", 4, "answer"), ("a", 5, "answer")]
    assert answered(table, twice) == [0, 1]
    again = [("a", 1, "ask"), ("a", 2, "answer"), ("a", 3, "ask"), ("a", 4, "answer")]
    assert answered(table, again) == [1, 1]
    reminded = [("a", 1, "ask"), ("a", 3, "reminder sent"), ("a", 4, "answer")]
    assert answered(table, reminded) == [1]
    assert answered(table, reminded, asked=["survey sent", "reminder sent"]) == [0, 1]


def test_an_asking_counts_when_its_window_has_closed(table):
    late = [("a", 92.99, "ask"), ("b", 93, "ask"), ("b", 94, "answer")]  # 93 + 7 days is the first instant not in
    assert answered(table, late) == [0]
    assert answered(table, [("a", 1, "ask"), ("a", 2, "answer")], ends_us=round(1.5 * DAY)) == []


def test_the_rate_is_of_askings_and_customers_are_clusters(table):
    rows = [
        ("a", 1, "ask"),
        ("a", 2, "answer"),
        ("a", 10, "ask"),
        ("a", 20, "ask"),
        ("b", 1, "ask"),
        ("b", 3, "answer"),
    ]
    found = satisfaction.response(events(table, rows), **ASKED).iloc[0]
    same = share(Sums(2, 4, 2, 10, 4, 2))
    assert (found["n"], found["entries"], found["answers"], found["estimate"]) == (2, 4, 2, 0.5)
    assert (found["low"], found["high"]) == pytest.approx((same.low, same.high))


def test_groups_and_journeys_are_those_of_the_asking(table):
    rows = [("a", 1, "ask"), ("a", 2, "answer"), ("b", 1, "ask")]
    made = events(table, rows, channel=["email", "web", "sms"], started_us=[5, 6, 7])
    units = engine.collect(satisfaction.response_units(made, ["channel"], **ASKED), order_by=["customer_id"])
    assert units.columns.tolist() == ["customer_id", "started_us", "channel", "zero_us", "m", "x"]
    assert units.values.tolist() == [["a", 5, "email", DAY, 1, 1], ["b", 7, "sms", DAY, 1, 0]]
    found = satisfaction.response(made, ["channel"], **ASKED)
    assert found[["channel", "n", "estimate"]].values.tolist() == [["email", 1, 1], ["sms", 1, 0]]


def test_where_nobody_was_asked_it_is_not_applicable(table):
    found = satisfaction.response(events(table, [("a", 1, "answer")]), **ASKED)
    assert found.attrs["not_applicable"] == 'no "survey sent" in the period has had its whole window'


@pytest.mark.parametrize(
    ("options", "said"),
    [({"asked": ["survey answered"]}, "survey answered is both asked and answered"), ({"asked": []}, "no touchpoint")],
)
def test_what_cannot_be_answered_is_refused(table, options, said):
    with pytest.raises(ParameterError, match=said):
        satisfaction.response(events(table, [("a", 1, "ask")]), **{**ASKED, **options})
