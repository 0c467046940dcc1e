"""Sums of rows counted by hand, and what is made of them."""

from __future__ import annotations

import math

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest

from journeylib import engine
from journeylib.estimates import Periods, Sums, category_sums, cluster_sums, period_sums, plain_sums, share


def test_cluster_sums_are_those_of_rows_counted_by_hand():
    rows = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "b", "b", "c"],
            "plan": ["x", "x", "x", "y", "y", None],
            "hit": [1, 0, 1, 1, 1, 0],
        }
    )
    table = engine.from_frame(rows)
    whole = engine.collect(cluster_sums(table, x=nw.col("hit"))).iloc[0]
    # a: m 2, x 1 · b: m 3, x 3 · c: m 1, x 0
    assert whole[["customers", "m", "x", "mm", "xm", "xx"]].tolist() == [3, 6, 4, 14, 11, 10]
    by_plan = engine.collect(cluster_sums(table, ["plan"], x=nw.col("hit"), m=nw.lit(2)), order_by=["plan"])
    assert by_plan["plan"].fillna("none").tolist() == ["x", "y", "none"]
    assert by_plan[["customers", "m", "x", "mm"]].to_numpy().tolist() == [[2, 6, 2, 20], [1, 4, 2, 16], [1, 2, 0, 4]]


def test_category_sums_count_units_without_a_category_too():
    units = pd.DataFrame({"customer_id": ["a", "a", "b", "c"]})
    marks = pd.DataFrame({"customer_id": ["a", "a", "b"], "colour": ["red", "red", "red"]})
    sums = engine.collect(category_sums(engine.from_frame(marks), engine.from_frame(units), ["colour"])).iloc[0]
    # a: m 2, x 2 · b: m 1, x 1 · c: m 1, x 0
    assert sums[["marked", "customers", "m", "x", "mm", "xm", "xx"]].tolist() == [2, 3, 4, 3, 6, 5, 5]
    assert share(Sums.of(sums)).estimate == 0.75


def test_period_sums_hold_each_period_and_the_products_of_customers_in_both():
    rows = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "b", "b", "b", "c"],
            "day": [1, 2, 11, 1, 12, 13, 14],
            "hit": [1, 0, 1, 1, 1, 1, 0],
        }
    )
    table = engine.from_frame(rows)
    made = period_sums(table, is_later=nw.col("day") > 10, x=nw.col("hit"))
    found = Periods.of(engine.collect(made).iloc[0])
    # earlier a: m 2, x 1 · b: m 1, x 1; later a: m 1, x 1 · b: m 2, x 2 · c: m 1, x 0
    assert found.earlier == Sums(2, 3, 2, 5, 3, 2)
    assert found.later == Sums(3, 4, 3, 6, 5, 5)
    assert (found.both, found.xx, found.xm, found.mx, found.mm) == (2, 1 + 2, 2 + 2, 1 + 2, 2 + 2)
    by_hit = engine.collect(period_sums(table, ["hit"], is_later=nw.col("day") > 10, x=nw.col("hit")), order_by=["hit"])
    assert by_hit[["hit", "earlier_m", "later_m", "both"]].to_numpy().tolist() == [[0, 1, 1, 0], [1, 2, 3, 2]]


def test_the_correlation_is_that_of_the_customers_residuals():
    m_1, x_1 = np.array([2, 1, 3, 0.0]), np.array([1, 1, 0, 0.0])
    m_2, x_2 = np.array([1, 2, 2, 4.0]), np.array([1, 2, 0, 1.0])
    sides = (Sums(3, 6, 2, 14, 3, 2), Sums(4, 9, 4, 25, 9, 6))
    found = Periods(*sides, both=3, xx=x_2 @ x_1, xm=x_2 @ m_1, mx=m_2 @ x_1, mm=m_2 @ m_1).correlation
    one, other = x_1 - 2 / 6 * m_1, x_2 - 4 / 9 * m_2
    assert found == pytest.approx(one @ other / math.sqrt(one @ one * (other @ other)))


def test_periods_without_a_customer_in_common_or_without_spread_are_not_correlated():
    side = plain_sums(10, 40)
    assert Periods(side, side, 0, 0, 0, 0, 0).correlation == 0
    assert Periods(plain_sums(40, 40), side, 40, 10, 10, 40, 40).correlation == 0
    assert Periods(plain_sums(0, 0), side, 0, 0, 0, 0, 0).correlation == 0


def test_unequal_customers_weigh_as_fewer_equal_ones(sums_of):
    assert sums_of([3] * 20, [1] * 20).alike == 20
    assert sums_of([9, 1, 1, 1], [1, 0, 0, 1]).alike == pytest.approx(144 / 84)


def test_the_variance_is_unbiased_for_units_that_are_independent(sums_of):
    draw, m = np.random.default_rng(4), np.array([1] * 10 + [6] * 10 + [20] * 3)
    found = [sums_of(m, draw.binomial(m, 0.4)) for _ in range(4000)]
    spread = np.var([one.ratio for one in found])
    assert np.mean([one.variance for one in found]) == pytest.approx(spread, rel=0.06)
    assert math.isnan(sums_of([5], [2]).variance)
