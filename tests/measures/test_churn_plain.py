"""A plain frame becomes a followed table, and one that cannot says what is wrong and what would be right."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from journeylib import engine
from journeylib.errors import ParameterError
from journeylib.measures import churn

FRAME = pd.DataFrame(
    {
        "months": [3, 5, 5, 9],
        "left": [1, 0, 1, 0],
        "since": [0, 2, 0, 4],
        "plan": ["a", None, "b", "b"],
        "many": [2, 0, 1, 3],
        "household": ["x", "x", "y", "y"],
        "why": ["moved", None, None, "moved"],
    }
)
NAMES = {"duration": "months", "event": "left"}


def rows(table, *columns):
    order = ["customer_id", "entry_day", "day"]
    return engine.collect(table, order_by=order)[list(columns)].to_numpy().tolist()


def test_columns_are_taken_by_name_and_a_missing_group_is_unknown():
    found = rows(churn.from_frame(FRAME, **NAMES, by="plan", entry="since"), "entry_day", "day", "has_left", "plan")
    assert found == [[0, 3, True, "a"], [2, 5, False, "unknown"], [0, 5, True, "b"], [4, 9, False, "b"]]


def test_a_weight_is_as_many_customers():
    found = rows(churn.from_frame(FRAME, **NAMES, weight="many"), "customer_id", "day")
    assert found == [["1.1", 3], ["1.2", 3], ["3.1", 5], ["4.1", 9], ["4.2", 9], ["4.3", 9]]


def test_several_rows_of_a_customer_are_one_customer():
    table = churn.from_frame(FRAME, **NAMES, cluster="household")
    assert rows(table, "customer_id", "is_first") == [["x", True], ["x", False], ["y", True], ["y", False]]
    doubled = churn.from_frame(FRAME.assign(many=[2, 2, 1, 1]), **NAMES, cluster="household", weight="many")
    assert rows(doubled, "customer_id") == [["x.1"], ["x.1"], ["x.2"], ["x.2"], ["y.1"], ["y.1"]]
    assert churn.departures(doubled)["n"].iloc[0] == 3


def test_a_cause_stands_where_somebody_left():
    found = engine.collect(churn.from_frame(FRAME, **NAMES, cause="why"), order_by=["customer_id"])
    assert found["cause"].where(found["cause"].notna(), None).tolist() == ["moved", None, "unknown", None]


def test_a_customer_followed_in_pieces_gives_the_answer_of_one_followed_at_once():
    draw = np.random.default_rng(5)
    day, cut = draw.integers(2, 60, 400), draw.integers(1, 40, 400)
    whole = pd.DataFrame({"who": np.arange(400), "day": day, "left": draw.integers(0, 2, 400), "since": 0})
    late = cut < day
    first = whole[late].assign(day=cut[late], left=0)
    pieces = pd.concat([first, whole.assign(since=np.where(late, cut, 0))])
    named = {"duration": "day", "event": "left", "entry": "since"}
    one, several = (churn.from_frame(each, **named, cluster="who") for each in (whole, pieces))
    pd.testing.assert_frame_equal(churn.curve(one), churn.curve(several), rtol=1e-9)
    both = [churn.rmst(table, horizon_days=30) for table in (one, several)]
    pd.testing.assert_frame_equal(*both, rtol=1e-9)


@pytest.mark.parametrize(
    ("unit", "expected"), [("months", [[92], [153], [153], [274]]), ("weeks", [[21], [35], [35], [63]])]
)
def test_a_unit_makes_days_rounded_up(unit, expected):
    assert rows(churn.from_frame(FRAME, **NAMES, unit=unit), "day") == expected


def test_hours_that_end_within_a_day_end_on_it():
    hours = FRAME.assign(months=[0.5, 24.0, 24.1, 49.0])
    assert rows(churn.from_frame(hours, **NAMES, unit="hours"), "day") == [[1], [1], [2], [3]]


@pytest.mark.parametrize(
    ("changed", "named", "message"),
    [
        ({}, {"by": ["plam"]}, "the frame lacks plam; it has months, left"),
        ({"months": [3, -5, 5, 9]}, {}, "months is below 0 in 1 row, first -5"),
        ({"months": [3, math.nan, 5, math.inf]}, {}, "months is no number in 2 rows, first nan"),
        ({"months": ["3", "five", "5", "9"]}, {}, "months is no number in 1 row, first five"),
        ({"months": [3, 4.5, 5, 9]}, {}, 'fractions in 1 row, first 4.5. Round up to whole days, or .* unit="months"'),
        ({"months": [3, 0, 5, 9]}, {}, "months is 0 in 1 row. Days count from 1"),
        ({"since": [0, 5, 7, 4]}, {"entry": "since"}, "since is not before months in 2 rows, first 5 and 5"),
        ({"left": [1, 2, 0, 1]}, {}, "left is neither 1 nor 0 in 1 row, first 2"),
        ({"many": [2, 0.5, 1, 3]}, {"weight": "many"}, "many is no whole number from 0 in 1 row, first 0.5"),
        ({"many": [0, 0, 0, 0]}, {"weight": "many"}, "many adds up to 0 customers"),
        ({}, {"weight": "many", "cluster": "household"}, "many differs between rows of the same household"),
        ({"household": ["x", None, "y", "y"]}, {"cluster": "household"}, "household is missing in 1 row"),
        ({"day": [1, 2, 3, 4]}, {"by": "day"}, "by = day: the followed table has a column of that name"),
        ({}, {"unit": "fortnights"}, 'unit = "fortnights" is not known'),
    ],
)
def test_a_frame_that_cannot_be_followed_says_why(changed, named, message):
    with pytest.raises(ParameterError, match=message):
        churn.from_frame(FRAME.assign(**changed), **NAMES, **named)


def test_a_frame_without_rows_or_with_a_column_twice_is_refused():
    with pytest.raises(ParameterError, match="has no rows"):
        churn.from_frame(FRAME.iloc[:0], **NAMES)
    twice = pd.concat([FRAME, FRAME[["left"]]], axis=1)
    with pytest.raises(ParameterError, match="several columns called left"):
        churn.from_frame(twice, **NAMES)
