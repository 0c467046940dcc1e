"""One value and its interval: share, mean, rate, Net Promoter Score, quantile.

Every interval can be read at any level (`Estimate.interval`), for tests and for claims need
other levels than 95 %. What is estimated from the customers' spread is as uncertain as they
are few: its z becomes the t of as many customers of equal size, less one (Korn and Graubard
1998), at each level its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from scipy.special import ndtr, ndtri, stdtrit

from journeylib.estimates.sums import Sums

__all__ = ["ENOUGH", "Estimate", "Z", "mean", "nps", "quantile", "rate", "share", "value_at"]

ENOUGH = 30  # customers below which a number is not enough data
Z = float(ndtri(0.975))

_Interval = Callable[[float], tuple[float, float]]


@dataclass(frozen=True)
class Estimate:
    """A value with the customers behind it and its 95 % interval; NaN where there is nothing to estimate from.

    `effective_n` is the number of independent units that would have told as much.
    """

    n: int
    estimate: float
    low: float
    high: float
    effective_n: float = math.nan
    p: float = math.nan
    at: _Interval | None = field(default=None, repr=False, compare=False)

    @classmethod
    def made(cls, n: int, estimate: float, at: _Interval, **more: float) -> Estimate:
        """Make an estimate from its interval at any level; an end that is not reached is NaN."""
        low, high = (end if math.isfinite(end) else math.nan for end in at(Z))
        return cls(n, estimate, low, high, at=at, **more)

    @property
    def is_enough(self) -> bool:
        """Whether at least `ENOUGH` customers stand behind it."""
        return self.n >= ENOUGH

    def interval(self, z: float) -> tuple[float, float]:
        """Give the interval at the level of z: 1.96 for 95 %, 2.58 for 99 %.

        Where only the 95 % interval is known, each side grows in proportion.

        >>> Estimate(40, 0.5, 0.25, 0.625).interval(2 * Z)
        (0.0, 0.75)
        """
        if self.at is not None:
            return self.at(z)
        low, high = (self.estimate + (end - self.estimate) * (z / Z) for end in (self.low, self.high))
        return low, high

    def row(self, **more: Any) -> dict[str, Any]:
        """Make a row of a result frame; `more` adds columns or replaces them.

        >>> Estimate(40, 0.5, 0.3, 0.7).row(plan="annual")["is_enough"]
        True
        """
        values = {"n": self.n, "estimate": self.estimate, "low": self.low, "high": self.high}
        return {**values, "is_enough": self.is_enough, **more}


def share(sums: Sums) -> Estimate:
    """Estimate a share of units, clustered by customer: the ratio Σx/Σm with a Wilson interval.

    The linearised variance of the ratio over that of independent units is the design effect;
    Wilson's interval then uses Σm / design effect (Korn and Graubard 1998; Dean and Pagano 2015).
    With one unit a customer the design effect is exactly 1 and certain: plain Wilson. A design
    effect below 1 is taken as found only as far as chance takes independent units below it. Where
    the variance says nothing (no unit counts, or all, or one customer) the effective n is
    (Σm)²/Σm², as if the units of a customer were all alike. No units: NaN.

    >>> from journeylib.estimates import plain_sums
    >>> round(share(plain_sums(8, 20)).low, 4)  # the ordinary Wilson interval
    0.2188
    """
    ratio = sums.ratio
    if math.isnan(ratio):
        return _nothing(sums.customers)
    worth = _units(sums, ratio * (1 - ratio))
    return Estimate.made(sums.customers, ratio, lambda z: _wilson(ratio, worth(z), z), effective_n=worth(Z))


def mean(sums: Sums) -> Estimate:
    """Estimate a mean over units, clustered by customer: the ratio Σx/Σm ± t · its linearised standard error.

    t has (Σm)²/Σm² − 1 degrees of freedom: with one unit each, the customers less one. With
    one customer there is no interval.
    """
    ratio, error = sums.ratio, math.sqrt(sums.variance)
    if math.isnan(ratio) or math.isnan(error):
        return Estimate(sums.customers, ratio, math.nan, math.nan)

    def at(z: float) -> tuple[float, float]:
        half = z * _fewer(sums, z) * error
        return ratio - half, ratio + half

    return Estimate.made(sums.customers, ratio, at)


def rate(sums: Sums) -> Estimate:
    """Estimate how often something happens in a unit of time: Σ times / Σ time, clustered by customer.

    `x` is how often it happened to a customer in the time `m`. The score interval of a Poisson
    rate, which does not fall below 0; what customers differ in beyond that is taken to grow with the
    rate, as their own frequencies do. Where it never happened, the plain Poisson one. Where few
    customers make nearly all there may be no upper end, and with one customer no interval.

    >>> from journeylib.estimates import plain_sums
    >>> round(rate(plain_sums(0, 100)).high, 4)  # never in 100 customer-days
    0.0384
    """
    ratio = sums.ratio
    if math.isnan(ratio) or math.isnan(sums.variance):
        return Estimate(sums.customers, ratio, math.nan, math.nan)
    design = max(sums.variance / (ratio / sums.m), _chance(sums, 1.0)) if ratio else 1.0

    def at(z: float) -> tuple[float, float]:
        # The rates r with (ratio − r)² ≤ z² · r/time · (1 + excess · r/ratio).
        time, excess = sums.m, max(0.0, design - 1)
        if ratio:
            time /= min(design, 1.0) * _fewer(sums, z) ** 2
        width = z * z / time
        a, b = 1 - (width * excess / ratio if ratio else 0.0), ratio + width / 2
        root = math.sqrt(b * b - a * ratio * ratio)
        return ratio * ratio / (b + root), (b + root) / a if a > 0 else math.inf

    return Estimate.made(sums.customers, ratio, at)


def nps(promoters: int, passives: int, detractors: int, sums: Sums | None = None) -> Estimate:
    """Estimate the Net Promoter Score, −100 to 100, of answers: adjusted Wald.

    NPS = 100(P − D)/n. The interval adds three answers, ¾ of a promoter, ¾ of a detractor and
    1½ passives (Rocks 2016), and is cut at ±100. Without `sums` every customer gave one answer.
    With several answers each, `sums` has a customer's answers as m and promoters less
    detractors as x; the interval then uses the effective n, as a share does.

    >>> found = nps(50, 30, 20)
    >>> found.estimate, round(found.low, 1), round(found.high, 1)
    (30.0, 14.1, 44.2)
    """
    answers = promoters + passives + detractors
    if not answers:
        return _nothing(0 if sums is None else sums.customers)
    up, down = promoters / answers, detractors / answers
    worth = (lambda _: float(answers)) if sums is None else _units(sums, up + down - (up - down) ** 2)

    def at(z: float) -> tuple[float, float]:
        n = worth(z)
        p, d = (up * n + 0.75) / (n + 3), (down * n + 0.75) / (n + 3)
        half = z * math.sqrt((p + d - (p - d) ** 2) / (n + 3))
        return 100 * max(-1.0, p - d - half), 100 * min(1.0, p - d + half)

    customers = answers if sums is None else sums.customers
    return Estimate.made(customers, 100 * (promoters - detractors) / answers, at, effective_n=worth(Z))


def value_at(values: Sequence[float], units: Sequence[int], q: float) -> float:
    """Give the least of `values` (ascending, so many `units` at each) that the share q of units does not exceed.

    >>> value_at([1.0, 2.0, 5.0], [10, 5, 5], 0.5)
    1.0
    """
    return _ranked(values, units, math.ceil(q * sum(units) - 1e-9))


def quantile(values: Sequence[float], units: Sequence[int], sums: Sums, q: float = 0.5) -> Estimate:
    """Estimate the value that the share q of units does not exceed: an order statistic, clustered by customer.

    `values`, ascending, and the `units` with each are counts of the engine; `sums` counts as x a
    customer's units at or below `value_at(values, units, q)`. The interval holds the values
    whose share of units at or below is no further from q than z standard errors
    (Woodruff 1952): what the percentiles of a customer bootstrap come to, without drawing. An
    end beyond the values is NaN, as for the median of fewer than four customers.

    >>> from journeylib.estimates import plain_sums
    >>> found = quantile(range(1, 31), [1] * 30, plain_sums(15, 30))
    >>> found.estimate, found.low, found.high  # the 10th and the 21st of 30
    (15.0, 10.0, 21.0)
    """
    if math.isnan(sums.ratio):
        return _nothing(sums.customers)
    total, worth = sum(units), _units(sums, sums.ratio * (1 - sums.ratio))

    def at(z: float) -> tuple[float, float]:
        reach = z * math.sqrt(q * (1 - q) / worth(z))
        first = math.ceil(total * (q - reach) - 1e-9)
        last = math.floor(total * (q + reach) + 1e-9) + 1
        return _ranked(values, units, first), _ranked(values, units, last)

    return Estimate.made(sums.customers, value_at(values, units, q), at, effective_n=worth(Z))


def _nothing(n: int) -> Estimate:
    return Estimate(n, math.nan, math.nan, math.nan, effective_n=0.0)


def _units(sums: Sums, spread: float) -> Callable[[float], float]:
    """The effective n at each level, of units whose variance alone is `spread`.

    The design effect is 1 + (c − 1) · likeness, with c = Σm²/Σm units a customer, so it is as
    uncertain as the customers are few from two units each on, and certain with one.
    """
    if math.isnan(sums.variance) or spread <= 0:
        return lambda _: sums.alike
    several = sums.mm / sums.m - 1
    design = max(sums.variance * (sums.m - 1) / spread, _chance(sums, several / (several + 1)))
    unsure = min(1.0, several)
    return lambda z: sums.m / (design * (1 + unsure * (_fewer(sums, z) ** 2 - 1)))


def _chance(sums: Sums, spread: float) -> float:
    """The least design effect that independent units have by chance: two standard errors, on the log scale, below 1."""
    return math.exp(-2 * math.sqrt(2 * max(0.0, spread) / sums.alike))


def _fewer(sums: Sums, z: float) -> float:
    """t / z at the level of z, with the customers of equal size less one as degrees of freedom."""
    return min(1e6, abs(float(stdtrit(max(1.0, sums.alike - 1), ndtr(-z)))) / z)


def _ranked(values: Sequence[float], units: Sequence[int], rank: int) -> float:
    """The value at a rank, counted from 1; infinite beyond the values."""
    if rank < 1:
        return -math.inf
    places = zip(values, accumulate(units), strict=True)
    return next((float(value) for value, reached in places if reached >= rank), math.inf)


def _wilson(ratio: float, n: float, z: float) -> tuple[float, float]:
    centre = ratio + z * z / (2 * n)
    half = z * math.sqrt(ratio * (1 - ratio) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if ratio == 0 else (centre - half) / scale
    high = 1.0 if ratio == 1 else (centre + half) / scale
    return low, high
