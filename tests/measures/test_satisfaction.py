"""Net promoter scores, satisfied shares and effort, on answers written by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from journeylib import engine, estimates
from journeylib.errors import ParameterError
from journeylib.estimates import Sums
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


def units(made, by=()):
    columns = ["customer_id", "zero_us", "m", "x", *by]
    return engine.collect(made.select(columns), order_by=["customer_id", "zero_us"]).to_numpy().tolist()


@pytest.mark.parametrize("score", [1, 2, 3, 3.5, 4, 5])
def test_four_and_five_of_five_are_satisfied(table, score):
    assert satisfaction.csat(table(answers([("a", 1, score, "csat", "x")])))["estimate"].tolist() == [score >= 4]


def test_every_answer_about_a_contact_counts_and_customers_are_clusters(table):
    # a answers 5, 5, 1, b 2: two of four are satisfied. Σm² = 10, Σxm = 6, Σx² = 4.
    rows = answers(
        [("a", 1, 5, "csat", "x"), ("a", 1, 5, "csat", "x"), ("a", 2, 1, "csat", "x"), ("b", 1, 2, "csat", "x")]
    )
    found, same = satisfaction.csat(table(rows)).iloc[0], estimates.share(Sums(2, 4, 2, 10, 6, 4))
    assert (found["n"], found["answers"], found["estimate"]) == (2, 4, 0.5)
    assert (found["low"], found["high"]) == pytest.approx((same.low, same.high))


def test_effort_is_the_mean_of_one_to_seven(table):
    rows = [("a", 1, 2, "ces", "x"), ("a", 2, 7, "ces", "x"), ("b", 1, 1, "ces", "x"), ("c", 1, 4, "ces", "y")]
    rows += [("d", 1, 0, "ces", "y"), ("d", 1, 8, "ces", "y"), ("d", 1, None, "ces", "y"), ("d", 1, 3, "csat", "y")]
    found = satisfaction.ces(table(answers(rows)), ["plan"])
    assert found[["plan", "n", "answers"]].to_numpy().tolist() == [["x", 2, 3], ["y", 1, 1]]
    assert found["estimate"].tolist() == pytest.approx([10 / 3, 4])
    same = estimates.mean(Sums(2, 3, 10, 5, 19, 82))  # a: two answers that sum to 9; b: one of 1
    assert found[["low", "high"]].to_numpy().tolist()[0] == pytest.approx([same.low, same.high])
    assert found["low"].isna().tolist() == [False, True]


@pytest.mark.parametrize(("score", "said"), [("csat", "a CSAT"), ("ces", "a CES")])
def test_each_score_says_that_nobody_gave_it(table, score, said):
    found = getattr(satisfaction, score)(table(ROWS[ROWS["score_type"] == "nps"]), ["plan"])
    assert (found.attrs["not_applicable"], len(found)) == (f"no event carries {said} score", 0)
    assert found.columns.tolist() == ["plan", "n", "estimate", "low", "high", "is_enough", "answers"]


def test_the_units_of_a_promoter_score_are_latest_answers(table):
    assert units(satisfaction.nps_units(table(ROWS))) == [["a", 2, 1, 100], ["b", 1, 1, -100], ["c", 1, 1, 0]]
    rows = answers([("a", 1, 3, "nps", "x"), ("a", 2, 9, "nps", "y")])
    assert units(satisfaction.nps_units(table(rows), ["plan"]), ["plan"]) == [
        ["a", 1, 1, -100, "x"],
        ["a", 2, 1, 100, "y"],
    ]


def test_the_units_of_satisfaction_and_effort_are_all_answers(table):
    rows = [("a", 1, 5, "csat", "x"), ("a", 2, 3, "csat", "x"), ("a", 3, 9, "csat", "x"), ("b", 1, None, "csat", "x")]
    rows += [("a", 4, 1.29, "ces", "x"), ("b", 5, 7, "ces", "x")]
    assert units(satisfaction.csat_units(table(answers(rows)))) == [["a", 1, 1, 1], ["a", 2, 1, 0]]
    assert units(satisfaction.ces_units(table(answers(rows)))) == [["a", 4, 1, 129], ["b", 5, 1, 700]]
    assert satisfaction.CES_FACTOR == 100


def test_with_steps_a_unit_knows_its_journey(table):
    rows = answers([("a", 1, 5, "csat", "x"), ("b", 1, 3, "csat", "x")])
    steps = table(pd.DataFrame({"customer_id": ["a"], "event_id": ["e0"], "started_us": [-7]}))
    found = engine.collect(satisfaction.csat_units(table(rows), steps=steps), order_by=["customer_id"])
    assert found["started_us"].astype("Int64").fillna(0).tolist() == [-7, 0]


def test_a_score_that_is_none_is_refused(table):
    with pytest.raises(ParameterError, match=r'score = "stars" is not understood. Write nps, csat, ces\.'):
        satisfaction.by_touchpoint(table(ROWS.assign(touchpoint="t", channel="c")), "stars")
