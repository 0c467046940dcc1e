"""Net promoter scores, on answers written by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from journeylib import estimates
from journeylib.measures import satisfaction


def answers(rows):
    made = pd.DataFrame(rows, columns=["customer_id", "occurred_us", "score", "score_type", "plan"])
    return made.assign(event_id=[f"e{at}" for at in range(len(made))], score=made["score"].astype(float))


ROWS = answers(
    [
        ("a", 1, 3, "nps", "x"),
        ("a", 2, 9, "nps", "x"),  # the latest answer counts: promoter
        ("b", 1, 10, "nps", "x"),
        ("b", 1, 6, "nps", "x"),  # same instant, later id: detractor
        ("c", 1, 7, "nps", "y"),
        ("d", 1, 11, "nps", "y"),  # no such score
        ("d", 2, None, "nps", "y"),
        ("e", 1, 5, "csat", "y"),
    ]
)


def test_a_customer_counts_once_with_the_latest_answer(table):
    found, same = satisfaction.nps(table(ROWS)).iloc[0], estimates.nps(1, 1, 1)
    assert (found["n"], found["answers"], found["estimate"]) == (3, 5, 0)
    assert (found["low"], found["high"]) == pytest.approx((same.low, same.high))


def test_groups_have_their_own_score(table):
    found = satisfaction.nps(table(ROWS), ["plan"])
    assert found[["plan", "n", "estimate"]].to_numpy().tolist() == [["x", 2, 0], ["y", 1, 0]]


@pytest.mark.parametrize(("score", "expected"), [(0, -100), (6, -100), (7, 0), (8, 0), (9, 100), (10, 100)])
def test_nine_and_ten_promote_and_six_and_less_detract(table, score, expected):
    assert satisfaction.nps(table(answers([("a", 1, score, "nps", "x")])))["estimate"].tolist() == [expected]


def test_without_such_a_score_it_is_not_applicable(table):
    found = satisfaction.nps(table(ROWS[ROWS["score_type"] == "csat"]))
    assert found.attrs["not_applicable"] == "no event carries an NPS score"
