"""Shares of outcomes, on journeys written by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from journeylib.estimates import plain_sums, share
from journeylib.measures import outcomes


def journeys(rows):
    return pd.DataFrame(rows, columns=["customer_id", "plan", "outcome", "is_mature"]).assign(
        started_us=range(len(rows))
    )


ROWS = journeys(
    [
        ("a", "x", "converted", True),
        ("a", "x", "lost", True),
        ("a", "x", "open", False),
        ("b", "x", "converted", False),  # converted already, though its window has not closed
        ("c", "y", "lost", True),
        ("d", "y", "lost", False),  # over, though its window has not closed
    ]
)


def test_every_journey_has_one_outcome_and_the_shares_add_up(table):
    found = outcomes.counts(table(ROWS))
    assert found["outcome"].tolist() == ["converted", "lost", "open"]
    assert found["journeys"].tolist() == [2, 3, 1]
    assert found["customers"].tolist() == [2, 3, 1]
    assert found["estimate"].tolist() == pytest.approx([2 / 6, 3 / 6, 1 / 6])
    assert set(found["n"]) == {4}


def test_groups_are_sorted_and_an_outcome_nobody_had_is_a_row(table):
    found = outcomes.counts(table(ROWS), ["plan"])
    assert found["plan"].tolist() == ["x", "x", "x", "y", "y", "y"]
    assert found["estimate"].tolist() == pytest.approx([0.5, 0.25, 0.25, 0, 1, 0])
    assert found["n"].tolist() == [2, 2, 2, 2, 2, 2]


def test_only_mature_journeys_make_the_converted_share(table):
    found = outcomes.converted(table(ROWS))
    assert found[["n", "journeys"]].to_numpy().tolist() == [[2, 3]]
    assert found["estimate"].tolist() == pytest.approx([1 / 3])
    assert not found["is_enough"].any()


def test_with_one_journey_a_customer_the_interval_is_wilson_s(table):
    rows = journeys([(str(at), "x", "converted" if at < 12 else "lost", True) for at in range(40)])
    found, plain = outcomes.converted(table(rows)).iloc[0], share(plain_sums(12, 40))
    assert (found["low"], found["high"]) == pytest.approx((plain.low, plain.high))
    assert found["is_enough"]


def test_no_mature_journey_is_not_applicable_and_not_a_zero(table):
    young = ROWS.assign(is_mature=False)
    assert outcomes.converted(table(young)).attrs["not_applicable"] == "no journey has had its whole window yet"
    nothing = outcomes.counts(table(ROWS[:0]))
    assert list(nothing.columns[:1]) == ["outcome"]
    assert "not_applicable" in nothing.attrs


def test_customers_are_counted_once(table):
    found = outcomes.customers(table(ROWS))
    assert found[["n", "estimate", "journeys"]].to_numpy().tolist() == [[4, 4, 6]]
