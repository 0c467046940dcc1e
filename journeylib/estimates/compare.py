"""Two values compared: their difference, the change between two periods, their ratio.

Each comparison is made of the two intervals, whatever they are intervals of (MOVER: Zou and
Donner 2008; of two shares, Newcombe 1998). p is the test of the same statistic: 1 − the widest
confidence level whose interval still leaves out no difference, so p < .05 exactly where the
interval does.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy.optimize import brentq
from scipy.special import ndtr

from journeylib.estimates.single import Estimate, share
from journeylib.estimates.sums import Periods, Sums

__all__ = ["change", "difference", "ratio"]

_WIDEST = 37.0  # z beyond which p is 0


def difference(first: Estimate, second: Estimate, *, correlation: float = 0.0) -> Estimate:
    """Estimate first − second of two shares, means, rates, scores or quantiles, from their intervals.

    The distances of the ends that matter are added as the sides of a triangle: of two
    independent shares this is Newcombe's hybrid score interval (1998, method 10), each with
    its effective n. Where the same customers stand behind both, give the `correlation`
    of the two. `n` is the smaller group's.

    >>> from journeylib.estimates import plain_sums
    >>> found = difference(share(plain_sums(56, 70)), share(plain_sums(48, 80)))
    >>> round(found.low, 4), round(found.high, 4)  # Newcombe's own example (a)
    (0.0524, 0.3339)
    """
    n, gap = min(first.n, second.n), first.estimate - second.estimate
    if any(math.isnan(end) for one in (first, second) for end in one.interval(1.0)):
        return Estimate(n, gap, math.nan, math.nan)

    def at(z: float) -> tuple[float, float]:
        down, up = _reach(first, second, z, correlation)
        return gap - down, gap + up

    return Estimate.made(n, gap, at, p=_p(first, second, correlation))


def change(periods: Periods, of: Callable[[Sums], Estimate] = share) -> Estimate:
    """Estimate later − earlier of two periods in which some customers are the same: `of` is share, mean or rate.

    What a customer does in one period resembles what the same customer does in the other, so
    the change is known better than the two values apart; the customers' covariance says by how much.

    >>> same = Periods(Sums(40, 40, 10, 40, 10, 10), Sums(40, 40, 16, 40, 16, 16), 40, xx=10, xm=16, mx=10, mm=40)
    >>> round(same.correlation, 3), round(change(same).p, 3)  # the ten who did before, and six more
    (0.707, 0.008)
    """
    return difference(of(periods.later), of(periods.earlier), correlation=periods.correlation)


def ratio(first: Estimate, second: Estimate, *, correlation: float = 0.0) -> Estimate:
    """Estimate first / second of two values that are not below 0, from their intervals (Donner and Zou 2012).

    The ratios that the interval holds are those by which second can be multiplied to leave no
    difference, so it leaves out 1, and p < .05, exactly where the difference does 0. Where
    the second may be 0 there is no upper end: NaN.

    >>> from journeylib.estimates import plain_sums
    >>> found = ratio(share(plain_sums(56, 70)), share(plain_sums(48, 80)))
    >>> round(found.estimate, 2), round(found.low, 2), round(found.high, 2)
    (1.33, 1.08, 1.66)
    """
    n = min(first.n, second.n)
    if any(math.isnan(end) for one in (first, second) for end in one.interval(1.0)) or not second.estimate:
        return Estimate(n, math.nan, math.nan, math.nan)

    def at(z: float) -> tuple[float, float]:
        (low_1, high_1), (low_2, high_2) = first.interval(z), second.interval(z)
        one, two = first.estimate, second.estimate
        inner = _bound(one, low_1, two, high_2, correlation)
        # The upper end of first/second is one over the lower end of second/first.
        outer = _bound(two, low_2, one, high_1, correlation)
        return inner, 1 / outer if outer else math.inf

    return Estimate.made(n, first.estimate / second.estimate, at, p=_p(first, second, correlation))


def _reach(first: Estimate, second: Estimate, z: float, correlation: float) -> tuple[float, float]:
    """How far the interval of first − second reaches down and up."""
    (low_1, high_1), (low_2, high_2) = first.interval(z), second.interval(z)
    down = _side(first.estimate - low_1, high_2 - second.estimate, correlation)
    return down, _side(high_1 - first.estimate, second.estimate - low_2, correlation)


def _side(one: float, other: float, correlation: float) -> float:
    if math.isinf(one) or math.isinf(other):
        return math.inf
    return math.sqrt(max(0.0, one * one + other * other - 2 * correlation * one * other))


def _p(first: Estimate, second: Estimate, correlation: float) -> float:
    """The p of no difference: the level at which the interval just reaches it."""
    upper, lower = (first, second) if first.estimate >= second.estimate else (second, first)
    gap = upper.estimate - lower.estimate

    def beyond(z: float) -> float:
        return min(_reach(upper, lower, z, correlation)[0] / gap, 1e6) - 1  # type: ignore[no-any-return]

    if not gap or beyond(1e-6) >= 0:
        return 1.0
    if beyond(_WIDEST) < 0:
        return 0.0
    return 2 * float(ndtr(-brentq(beyond, 1e-6, _WIDEST)))


def _bound(one: float, low: float, other: float, high: float, correlation: float) -> float:
    """The least θ with one − θ·other in reach of 0, by the lower side of `one` and the upper of `other`."""
    down, up = one - low, high - other
    if math.isinf(up):
        return 0.0
    a, b, c = other * other - up * up, one * other - correlation * down * up, one * one - down * down
    below = b + math.sqrt(max(0.0, b * b - a * c))
    return max(0.0, c / below) if below > 0 else 0.0
