"""One value and its interval, against numbers worked by hand, published examples and simulated customers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom, t

from journeylib.estimates import Estimate, Sums, Z, mean, nps, plain_sums, quantile, rate, share, value_at


def one_each(values):
    """Sums of customers with one value each."""
    return Sums(len(values), len(values), values.sum(), len(values), values.sum(), (values**2).sum())


def test_one_unit_a_customer_gives_the_ordinary_wilson_interval():
    found = share(plain_sums(15, 148))  # Newcombe 1998, "Two-sided intervals for the single proportion", method 3
    assert (round(found.low, 4), round(found.high, 4)) == (0.0624, 0.1605)
    assert found.effective_n == pytest.approx(148)


def test_wilson_stays_inside_0_and_1_and_is_not_of_width_0_there():
    nobody, everybody = share(plain_sums(0, 20)), share(plain_sums(20, 20))
    assert (nobody.low, round(nobody.high, 4)) == (0.0, 0.1611)
    assert (round(everybody.low, 4), everybody.high) == (0.8389, 1.0)


def test_a_mean_is_clustered_as_worked_by_hand(sums_of):
    # Customers with (m, x) = (2, 2), (2, 0), (2, 1): ratio 1/2, residuals 1, −1, 0, their squares 2.
    found = mean(sums_of([2, 2, 2], [2, 0, 1]))
    error = math.sqrt(3 / 2 * 2) / 6
    assert found.estimate == pytest.approx(0.5)
    assert found.high - found.estimate == pytest.approx(t.ppf(0.975, 2) * error)
    # (2, 2), (2, 0), (1, 1): squares .8² + 1.2² + .4² = 2.24; they weigh as 25/9 equal customers.
    uneven = mean(sums_of([2, 2, 1], [2, 0, 1]))
    error = math.sqrt((25 / 9) / (16 / 9) * 2.24) / 5
    assert uneven.high - uneven.estimate == pytest.approx(t.ppf(0.975, 16 / 9) * error)


def test_a_mean_of_one_value_a_customer_has_the_ordinary_t_interval():
    values = np.array([1.0, 4.0, 4.0, 7.0])
    found = mean(one_each(values))
    assert (found.low, found.high) == pytest.approx(t.interval(0.95, 3, 4, values.std(ddof=1) / 2))
    assert math.isnan(mean(one_each(values[:1])).low)


def test_units_that_are_all_alike_within_a_customer_count_as_one(sums_of):
    # 200 customers with 5 journeys each, all of a customer's alike: the data of 200, not of 1,000.
    found = share(sums_of([5] * 200, [5] * 80 + [0] * 120))
    assert found.n == 200
    assert found.effective_n == pytest.approx(200, rel=0.03)
    assert found.low == pytest.approx(share(plain_sums(80, 200)).low, abs=0.002)


def test_units_that_are_more_even_than_chance_narrow_the_interval_only_as_chance_may(sums_of):
    # Two journeys each, exactly one of which counts: no spread at all, which chance would never show.
    few, many = share(sums_of([2] * 50, [1] * 50)), share(sums_of([2] * 5000, [1] * 5000))
    assert 100 < few.effective_n < 130
    assert 10_000 < many.effective_n < 10_400


def test_what_customers_tell_of_their_likeness_is_less_sure_the_fewer_they_are(sums_of):
    # Per customer as much spread; t with 19 and with 1,999 degrees of freedom in the place of z.
    few, many = share(sums_of([4] * 20, [4, 0] * 10)), share(sums_of([4] * 2000, [4, 0] * 1000))
    assert few.effective_n == pytest.approx(19 * 80 / 79 * (Z / t.ppf(0.975, 19)) ** 2)
    assert many.effective_n == pytest.approx(2000, rel=0.003)


def test_an_interval_can_be_read_at_any_level_and_grows_with_it(sums_of):
    made = (
        share(sums_of([3] * 40, [1, 2] * 20)),
        mean(sums_of([3] * 40, [1, 2] * 20)),
        rate(sums_of([3] * 40, [1, 2] * 20)),
        nps(20, 10, 10),
        quantile(range(100), [1] * 100, plain_sums(50, 100)),
        Estimate(40, 0.5, 0.25, 0.625),
    )
    for found in made:
        assert found.interval(Z) == pytest.approx((found.low, found.high))
        ends = np.array([found.interval(z) for z in (0.5, 1, 2, 3)])
        assert (np.diff(ends[:, 0]) < 0).all()
        assert (np.diff(ends[:, 1]) > 0).all()


def test_where_no_unit_counts_the_units_of_a_customer_are_taken_as_alike(sums_of):
    found = share(sums_of([3] * 40, [0] * 40))
    assert found.high == pytest.approx(share(plain_sums(0, 40)).high)


def test_nothing_is_nothing_and_one_customer_is_hardly_more(sums_of):
    for nothing in (share(plain_sums(0, 0)), mean(plain_sums(0, 0)), rate(plain_sums(0, 0)), nps(0, 0, 0)):
        assert (nothing.n, nothing.is_enough) == (0, False)
        assert all(math.isnan(value) for value in (nothing.estimate, nothing.low, nothing.high))
    one = share(sums_of([50], [20]))
    assert one.effective_n == pytest.approx(1)
    assert one.high - one.low > 0.6


def test_30_customers_are_enough_and_29_are_not():
    assert share(plain_sums(3, 30)).is_enough
    assert not share(plain_sums(3, 29)).is_enough


def test_the_clustered_interval_covers_and_the_plain_one_does_not(drawn):
    draw, truth = np.random.default_rng(1), 0.3
    worlds = [drawn(draw, 300, truth, 0.2) for _ in range(1500)]
    clustered = np.mean([found.low <= truth <= found.high for found in map(share, worlds)])
    plain = [share(plain_sums(int(world.x), int(world.m))) for world in worlds]
    assert 0.935 <= clustered <= 0.965
    assert np.mean([found.low <= truth <= found.high for found in plain]) < 0.87


def test_nps_is_the_adjusted_wald_of_the_methods_page():
    found = nps(8, 5, 2)
    p, d = 8.75 / 18, 2.75 / 18
    half = Z * math.sqrt((p + d - (p - d) ** 2) / 18)
    assert found.estimate == pytest.approx(40)
    assert (found.low, found.high) == pytest.approx((100 * (p - d - half), 100 * (p - d + half)))
    assert nps(5, 0, 0).high == 100


def test_nps_of_several_answers_each_counts_customers_not_answers(sums_of):
    # 60 customers with 4 answers each: 30 promoters, 20 indifferent, 10 detractors throughout.
    net = [4] * 30 + [0] * 20 + [-4] * 10
    found, once = nps(120, 80, 40, sums_of([4] * 60, net)), nps(30, 20, 10)
    assert (found.n, found.estimate) == (60, once.estimate)
    assert found.effective_n == pytest.approx(60, rel=0.06)
    assert (found.low, found.high) == pytest.approx((once.low, once.high), abs=1.2)
    alone = sums_of([1] * 60, [1] * 30 + [0] * 20 + [-1] * 10)
    assert (nps(30, 20, 10, alone).low, once.effective_n) == pytest.approx((once.low, 60))


def test_a_rate_of_independent_events_has_the_score_interval_of_poisson():
    draw = np.random.default_rng(6)
    times = draw.poisson(0.5, 4000)  # one day of each customer
    found, total = rate(one_each(times.astype(float))), times.sum()
    centre, half = total + Z**2 / 2, Z * math.sqrt(total + Z**2 / 4)
    assert (found.low, found.high) == pytest.approx(((centre - half) / 4000, (centre + half) / 4000), rel=0.01)


def test_a_rate_widens_where_a_few_customers_make_most_of_it(sums_of):
    even, few = sums_of([10] * 50, [2] * 50), sums_of([10] * 50, [20] * 5 + [0] * 45)
    assert rate(even).estimate == rate(few).estimate == 0.2
    assert rate(few).high - rate(few).low > 3 * (rate(even).high - rate(even).low)
    assert rate(few).low > 0
    assert math.isnan(rate(sums_of([10], [2])).low)


def test_a_quantile_s_interval_takes_the_order_statistics_of_the_binomial():
    for n in (30, 31, 100, 101):
        found = quantile(range(1, n + 1), [1] * n, plain_sums(math.ceil(n / 2), n))
        assert binom.cdf(found.high - 1, n, 0.5) - binom.cdf(found.low - 1, n, 0.5) == pytest.approx(0.95, abs=0.022)
    far = quantile(range(1, 31), [1] * 30, plain_sums(27, 30), 0.9)
    assert (far.estimate, far.low) == (27, 24)
    assert math.isnan(far.high)  # the 31st of 30
    assert value_at([1.0, 2.0, 5.0], [10, 5, 5], 0.51) == 2.0


def test_a_quantile_s_interval_is_what_a_customer_bootstrap_comes_to(sums_of):
    draw = np.random.default_rng(8)
    m = 1 + draw.poisson(3, 150)
    who = np.repeat(np.arange(150), m)
    waits = np.rint(20 * np.exp(draw.normal(0, 1, 150)[who] + draw.normal(0, 0.5, len(who))))
    values, units = np.unique(waits, return_counts=True)
    middle = value_at(values, units, 0.5)
    found = quantile(values, units, sums_of(m, np.bincount(who, waits <= middle)))

    counts = np.zeros((150, len(values)))
    np.add.at(counts, (who, np.searchsorted(values, waits)), 1)
    times = draw.multinomial(150, [1 / 150] * 150, 4000)
    reached = (times @ counts).cumsum(axis=1)
    medians = values[(reached >= reached[:, -1:] / 2).argmax(axis=1)]
    assert found.estimate == middle
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(medians, [0.025, 0.975])), rel=0.06)
