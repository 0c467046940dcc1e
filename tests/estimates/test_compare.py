"""Two values compared, against published examples and simulated customers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import ttest_ind

from journeylib.estimates import Estimate, Periods, Sums, change, difference, mean, plain_sums, rate, ratio, share


def both_sides(draw):
    n, m = (int(size) for size in draw.integers(1, 60, 2))
    return share(plain_sums(int(draw.integers(0, n + 1)), n)), share(plain_sums(int(draw.integers(0, m + 1)), m))


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
        found = difference(*both_sides(draw))
        assert (found.p < 0.05) == (found.low > 0 or found.high < 0)


def test_the_difference_the_other_way_round_is_the_same():
    one, other = share(plain_sums(30, 80)), share(plain_sums(50, 90))
    there, back = difference(one, other), difference(other, one)
    assert (there.estimate, there.low, there.high) == pytest.approx((-back.estimate, -back.high, -back.low))
    assert there.p == pytest.approx(back.p)
    assert difference(one, one).p == 1


def test_two_groups_that_do_not_differ_are_told_apart_in_one_of_twenty(drawn):
    draw = np.random.default_rng(2)
    pairs = [difference(share(drawn(draw, 300, 0.3, 0.2)), share(drawn(draw, 300, 0.3, 0.2))) for _ in range(1500)]
    assert 0.035 <= np.mean([found.p < 0.05 for found in pairs]) <= 0.065


def test_a_difference_of_means_comes_to_a_t_test():
    draw = np.random.default_rng(5)
    one, other = draw.normal(10, 2, 400), draw.normal(10.3, 3, 500)
    sides = (Sums(len(x), len(x), x.sum(), len(x), x.sum(), (x**2).sum()) for x in (one, other))
    found, known = difference(*map(mean, sides)), ttest_ind(one, other, equal_var=False)
    assert found.p == pytest.approx(known.pvalue, rel=0.02)
    assert (found.low, found.high) == pytest.approx(tuple(known.confidence_interval()), rel=0.01)


def test_values_known_only_by_their_interval_are_compared_too():
    found = difference(Estimate(50, 12.0, 10.0, 14.0), Estimate(40, 8.0, 6.5, 9.5))
    assert (found.n, found.estimate, found.low, found.high) == pytest.approx((40, 4.0, 1.5, 6.5))
    assert found.p == pytest.approx(0.0017, abs=0.0001)  # 4 of 2.5/1.96: z = 3.14
    assert math.isnan(difference(Estimate(50, 12.0, 10.0, math.nan), Estimate(40, 8.0, 6.5, 9.5)).p)


def test_a_change_has_newcombe_s_interval_for_pairs():
    # Newcombe 1998, "Improved confidence intervals … paired data": the Wilson sides, less twice φ times both.
    periods = Periods(plain_sums(30, 50), plain_sums(36, 50), 50, xx=28, xm=36, mx=30, mm=50)
    found = change(periods)
    first, second = share(plain_sums(36, 50)), share(plain_sums(30, 50))
    phi = (28 * 12 - 8 * 2) / math.sqrt(36 * 14 * 30 * 20)  # 28 in both, 8 only later, 2 only earlier, 12 never
    a, b = first.estimate - first.low, second.high - second.estimate
    assert periods.correlation == pytest.approx(phi)
    assert found.estimate - found.low == pytest.approx(math.sqrt(a * a + b * b - 2 * phi * a * b))


def test_a_change_of_the_same_customers_is_known_better_than_the_two_values_apart():
    same = Periods(plain_sums(30, 100), plain_sums(40, 100), 100, xx=28, xm=40, mx=30, mm=100)
    together, apart = change(same), difference(share(same.later), share(same.earlier))
    assert together.estimate == apart.estimate == pytest.approx(0.1)
    assert together.high - together.low < 0.7 * (apart.high - apart.low)
    assert together.p < 0.01 < 0.1 < apart.p
    others = Periods(plain_sums(30, 100), plain_sums(40, 100), 0, 0, 0, 0, 0)
    assert change(others) == apart


def test_a_change_of_nothing_for_anybody_is_no_change():
    same = plain_sums(30, 100)
    found = change(Periods(same, same, 100, xx=30, xm=30, mx=30, mm=100))
    assert (found.estimate, found.p) == (0, 1)


def test_a_ratio_leaves_out_1_exactly_where_the_difference_leaves_out_0():
    draw = np.random.default_rng(7)
    for _ in range(300):
        one, other = both_sides(draw)
        if other.estimate:
            found = ratio(one, other)
            assert found.p == difference(one, other).p
            assert (found.p < 0.05) == (found.low > 1 or found.high < 1)


def test_a_ratio_turned_over_is_the_other_ratio():
    one, other = share(plain_sums(30, 80)), share(plain_sums(50, 90))
    there, back = ratio(one, other), ratio(other, one)
    assert (there.estimate, there.low, there.high) == pytest.approx((1 / back.estimate, 1 / back.high, 1 / back.low))


def test_a_ratio_without_an_end_says_so():
    none, some = share(plain_sums(0, 40)), share(plain_sums(20, 40))
    assert math.isnan(ratio(some, none).estimate)
    rare = rate(Sums(40, 40, 1, 40, 1, 1))
    low = ratio(none, some)
    assert (low.estimate, low.low) == (0, 0)
    assert 0 < low.high < 0.25
    assert math.isnan(ratio(some, Estimate(40, 0.1, -0.1, 0.3)).high)
    assert ratio(some, rare).high > 100


def test_ratios_of_rates_hold_the_truth():
    draw, held = np.random.default_rng(9), 0
    for _ in range(1000):
        sides = []
        for often in (3.0, 2.0):
            own = draw.poisson(often * draw.gamma(2, 0.5, 100)).astype(float)
            sides.append(rate(Sums(100, 100, own.sum(), 100, own.sum(), (own**2).sum())))
        found = ratio(*sides)
        held += found.low <= 1.5 <= found.high
    assert 930 <= held <= 970
