"""Estimates against numbers worked by hand, published examples and simulated customers."""

from __future__ import annotations

import math

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from journeylib import engine
from journeylib.estimates import (
    Sums,
    Z,
    category_sums,
    cluster_sums,
    difference,
    mean,
    nps,
    plain_sums,
    share,
)


def sums_of(m, x) -> Sums:
    m, x = np.asarray(m, float), np.asarray(x, float)
    return Sums(len(m), m.sum(), x.sum(), (m * m).sum(), (x * m).sum(), (x * x).sum())


def test_one_unit_a_customer_gives_the_ordinary_wilson_interval():
    found = share(plain_sums(15, 148))  # Newcombe 1998, "Two-sided intervals for the single proportion", method 3
    assert (round(found.low, 4), round(found.high, 4)) == (0.0624, 0.1605)
    assert found.effective_n == pytest.approx(148)


def test_wilson_stays_inside_0_and_1_and_is_not_of_width_0_there():
    nobody, everybody = share(plain_sums(0, 20)), share(plain_sums(20, 20))
    assert (nobody.low, round(nobody.high, 4)) == (0.0, 0.1611)
    assert (round(everybody.low, 4), everybody.high) == (0.8389, 1.0)


def test_a_mean_is_clustered_as_worked_by_hand():
    # Customers with (m, x) = (2, 2), (2, 0), (1, 1): ratio 3/5, residuals .8, −1.2, .4, their squares 2.24.
    found = mean(sums_of([2, 2, 1], [2, 0, 1]))
    error = math.sqrt(3 / 2 * 2.24) / 5
    assert found.estimate == pytest.approx(0.6)
    assert found.high - found.estimate == pytest.approx(t.ppf(0.975, 2) * error)


def test_units_that_are_all_alike_within_a_customer_count_as_one():
    # 200 customers with 5 journeys each, all of a customer's alike: the data of 200, not of 1,000.
    found = share(sums_of([5] * 200, [5] * 80 + [0] * 120))
    assert found.n == 200
    assert found.effective_n == pytest.approx(200, rel=0.03)
    assert found.low == pytest.approx(share(plain_sums(80, 200)).low, abs=0.002)


def test_units_that_are_more_even_than_chance_do_not_narrow_the_interval():
    found = share(sums_of([2] * 50, [1] * 50))
    assert found.effective_n == pytest.approx(100)


def test_where_no_unit_counts_the_units_of_a_customer_are_taken_as_alike():
    found = share(sums_of([3] * 40, [0] * 40))
    assert found.high == pytest.approx(share(plain_sums(0, 40)).high)


def test_nothing_is_nothing_and_one_customer_is_hardly_more():
    nothing = share(plain_sums(0, 0))
    assert (nothing.n, nothing.is_enough, math.isnan(nothing.estimate), math.isnan(nothing.low)) == (
        0,
        False,
        True,
        True,
    )
    one = share(sums_of([50], [20]))
    assert one.effective_n == pytest.approx(1)
    assert one.high - one.low > 0.6


def test_30_customers_are_enough_and_29_are_not():
    assert share(plain_sums(3, 30)).is_enough
    assert not share(plain_sums(3, 29)).is_enough


def customers(draw, k, p, icc):
    """Customers with 1 to about 10 journeys each, and their own chance of success around p."""
    m = 1 + draw.negative_binomial(2, 2 / (2 + 2.8), k)
    chance = draw.beta(p * (1 / icc - 1), (1 - p) * (1 / icc - 1), k)
    return sums_of(m, draw.binomial(m, chance))


def test_the_clustered_interval_covers_and_the_plain_one_does_not():
    draw, truth = np.random.default_rng(1), 0.3
    worlds = [customers(draw, 300, truth, 0.2) for _ in range(1500)]
    clustered = np.mean([found.low <= truth <= found.high for found in map(share, worlds)])
    plain = [share(plain_sums(int(world.x), int(world.m))) for world in worlds]
    assert 0.935 <= clustered <= 0.965
    assert np.mean([found.low <= truth <= found.high for found in plain]) < 0.87


def test_two_groups_that_do_not_differ_are_told_apart_in_one_of_twenty():
    draw = np.random.default_rng(2)
    pairs = [
        difference(share(customers(draw, 300, 0.3, 0.2)), share(customers(draw, 300, 0.3, 0.2))) for _ in range(1500)
    ]
    assert 0.035 <= np.mean([found.p < 0.05 for found in pairs]) <= 0.065


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),  # Newcombe 1998, "Interval estimation for the difference", method 10
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ],
)
def test_the_difference_has_newcombe_s_interval(one, other, low, high):
    found = difference(share(plain_sums(*one)), share(plain_sums(*other)))
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_p_is_below_5_percent_exactly_where_the_interval_leaves_out_0():
    draw = np.random.default_rng(3)
    for _ in range(300):
        n, m = draw.integers(1, 60, 2)
        found = difference(
            share(plain_sums(int(draw.integers(0, n + 1)), n)), share(plain_sums(int(draw.integers(0, m + 1)), m))
        )
        assert (found.p < 0.05) == (found.low > 0 or found.high < 0)


def test_the_difference_the_other_way_round_is_the_same():
    one, other = share(plain_sums(30, 80)), share(plain_sums(50, 90))
    there, back = difference(one, other), difference(other, one)
    assert (there.estimate, there.low, there.high) == pytest.approx((-back.estimate, -back.high, -back.low))
    assert there.p == pytest.approx(back.p)
    assert difference(one, one).p == 1


def test_nps_is_the_adjusted_wald_of_the_methods_page():
    found = nps(8, 5, 2)
    p, d = 8.75 / 18, 2.75 / 18
    half = Z * math.sqrt((p + d - (p - d) ** 2) / 18)
    assert found.estimate == pytest.approx(40)
    assert (found.low, found.high) == pytest.approx((100 * (p - d - half), 100 * (p - d + half)))
    assert nps(5, 0, 0).high == 100
    assert math.isnan(nps(0, 0, 0).estimate)


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
