"""Ranks say how sure they are, and what cannot be told apart is a tie."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from scipy.stats import norm

from journeylib.estimates import Z
from journeylib.judge.ranks import ranks, ties


def values(*groups):
    """Groups as (name, estimate, standard error, customers)."""
    rows = [(name, n, at, at - Z * error, at + Z * error, n >= 30) for name, at, error, n in groups]
    return pd.DataFrame(rows, columns=["group", "n", "estimate", "low", "high", "is_enough"])


def test_the_chance_to_be_first_of_two_is_the_normal_one():
    found = ranks(values(("a", 0.5, 0.03, 90), ("b", 0.45, 0.04, 90)), top=1).set_index("group")
    assert found.loc["a", "top_chance"] == pytest.approx(norm.cdf(0.05 / 0.05), abs=0.01)  # 3, 4, 5
    assert found["top_chance"].sum() == pytest.approx(1, abs=0.001)


def test_five_equal_groups_have_three_chances_in_five():
    found = ranks(values(*((name, 0.4, 0.05, 90) for name in "edcba")))
    assert found["group"].tolist() == list("abcde")
    assert found["top_chance"].tolist() == pytest.approx([0.6] * 5, abs=0.02)
    assert found.loc[0, "ties"] == ["b", "c", "d", "e"]


def test_groups_tie_where_the_interval_of_their_difference_includes_none():
    found = ties(values(("a", 0.5, 0.03, 90), ("b", 0.4, 0.04, 90), ("c", 0.45, 0.04, 90)))
    assert 0.1 > Z * 0.05 > 0.05  # a and b are told apart, and each ties with c
    assert found == [["c"], ["c"], ["a", "b"]]


def test_the_least_may_be_the_best():
    found = ranks(values(("fast", 2.0, 0.1, 90), ("slow", 9.0, 0.1, 90)), top=1, is_most_best=False)
    assert found[["group", "rank", "top_chance"]].to_numpy().tolist() == [["fast", 1, 1.0], ["slow", 2, 0.0]]


def test_a_group_that_is_not_enough_is_listed_without_a_rank():
    found = ranks(values(("few", 0.9, 0.2, 12), ("many", 0.4, 0.03, 300)))
    assert found["group"].tolist() == ["many", "few"]
    assert found["rank"].isna().tolist() == [False, True]
    assert found.loc[0, "ties"] == []


def test_the_same_seed_draws_the_same_chances():
    frame = values(("a", 0.5, 0.03, 90), ("b", 0.45, 0.04, 90))
    first, again, other = (ranks(frame, top=1, seed=seed)["top_chance"].tolist() for seed in (1, 1, 2))
    assert first == again
    assert math.isclose(first[0], other[0], abs_tol=0.02)
