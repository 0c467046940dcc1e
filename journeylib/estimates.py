"""A value with its n and its interval, in one place: share, mean, NPS and the difference of two shares.

The unit is the customer. Journeys, contacts and scores of one customer are not
independent, so below customer level every interval is clustered by customer. Six sums
an engine can make are enough for that: the customers, and over customers with m units
of which x count, Σm, Σx, Σm², Σxm and Σx².
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
from scipy.optimize import brentq
from scipy.stats import norm, t

__all__ = [
    "ENOUGH",
    "Estimate",
    "Sums",
    "Z",
    "category_sums",
    "cluster_sums",
    "difference",
    "mean",
    "nps",
    "plain_sums",
    "share",
]

ENOUGH = 30  # customers below which a number is not enough data
Z = float(norm.ppf(0.975))


@dataclass(frozen=True)
class Sums:
    """Sums over customers with m units each, of which x count; `customers` is how many."""

    customers: int
    m: float
    x: float
    mm: float
    xm: float
    xx: float

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> Sums:
        """Take the sums from a row of `cluster_sums` or `category_sums`; nothing at all is zero."""
        if not row["customers"]:
            return cls(0, 0.0, 0.0, 0.0, 0.0, 0.0)
        m, x, mm, xm, xx = (float(row[name]) for name in ("m", "x", "mm", "xm", "xx"))
        return cls(int(row["customers"]), m, x, mm, xm, xx)


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

    @property
    def is_enough(self) -> bool:
        """Whether at least `ENOUGH` customers stand behind it."""
        return self.n >= ENOUGH

    def row(self, **more: Any) -> dict[str, Any]:
        """Make a row of a result frame; `more` adds columns or replaces them.

        >>> Estimate(40, 0.5, 0.3, 0.7).row(plan="annual")["is_enough"]
        True
        """
        values = {"n": self.n, "estimate": self.estimate, "low": self.low, "high": self.high}
        return {**values, "is_enough": self.is_enough, **more}


def plain_sums(x: int, n: int) -> Sums:
    """Make the sums of n customers with one value each, of whom x count.

    >>> round(share(plain_sums(8, 20)).low, 4)  # the ordinary Wilson interval
    0.2188
    """
    return Sums(n, n, x, n, x, x)


def share(sums: Sums) -> Estimate:
    """Estimate a share of units, clustered by customer: the ratio Σx/Σm with a Wilson interval.

    The variance is the linearised one of a ratio, k/(k−1) · Σ(x − r·m)² / (Σm)² (Cochran,
    Sampling Techniques, 6.4). Its ratio to the variance of independent units is the design
    effect; Wilson's interval then uses Σm / design effect (Korn and Graubard 1998; Dean and
    Pagano 2015). With one unit a customer the design effect is exactly 1: plain Wilson.

    The excess of the design effect over 1 is estimated from (Σm)²/Σm² customers' worth of
    data, so it is enlarged by (t/z)² with one degree of freedom fewer; a design effect below
    1 counts as 1. Where the variance says nothing (no unit counts, or all, or one customer)
    the effective n is (Σm)²/Σm², as if the units of a customer were all alike. No units: NaN.
    """
    if not sums.m:
        return Estimate(sums.customers, math.nan, math.nan, math.nan, 0.0)
    ratio = sums.x / sums.m
    effective = _effective_n(sums, ratio)
    low, high = _wilson(ratio, effective, Z)
    return Estimate(sums.customers, ratio, low, high, effective)


def difference(first: Estimate, second: Estimate) -> Estimate:
    """Estimate first − second of two independent shares: Newcombe's hybrid score interval.

    The interval combines the two Wilson intervals (Newcombe 1998, method 10; MOVER), each
    with its effective n. p is the test of the same statistic: 1 − the widest confidence
    level whose interval still leaves out 0, so p < .05 exactly where the interval does.
    `n` is the smaller group's.

    >>> found = difference(share(plain_sums(56, 70)), share(plain_sums(48, 80)))
    >>> round(found.low, 4), round(found.high, 4)  # Newcombe's own example (a)
    (0.0524, 0.3339)
    """
    n = min(first.n, second.n)
    gap = first.estimate - second.estimate
    if math.isnan(gap):
        return Estimate(n, math.nan, math.nan, math.nan)
    down, up = _reach(first, second, Z)
    upper, lower = (first, second) if gap >= 0 else (second, first)
    p = 1.0
    if gap:
        z = brentq(lambda z: _reach(upper, lower, z)[0] - abs(gap), 0.0, 1e4)
        p = 2 * float(norm.sf(z))
    return Estimate(n, gap, gap - down, gap + up, p=p)


def mean(sums: Sums) -> Estimate:
    """Estimate a mean over units, clustered by customer: the ratio Σx/Σm ± t · its linearised standard error.

    t has (customers − 1) degrees of freedom. With one customer there is no interval.
    """
    if not sums.m:
        return Estimate(sums.customers, math.nan, math.nan, math.nan)
    ratio = sums.x / sums.m
    if sums.customers < 2:
        return Estimate(sums.customers, ratio, math.nan, math.nan)
    half = float(t.ppf(0.975, sums.customers - 1)) * math.sqrt(_variance(sums, ratio))
    return Estimate(sums.customers, ratio, ratio - half, ratio + half)


def nps(promoters: int, passives: int, detractors: int) -> Estimate:
    """Estimate the Net Promoter Score, −100 to 100, of customers with one answer each: adjusted Wald.

    NPS = 100(P − D)/n. The interval adds three answers, ¾ of a promoter, ¾ of a detractor and
    1½ passives (Rocks 2016), and is cut at ±100.

    >>> found = nps(50, 30, 20)
    >>> found.estimate, round(found.low, 1), round(found.high, 1)
    (30.0, 14.1, 44.2)
    """
    n = promoters + passives + detractors
    if not n:
        return Estimate(0, math.nan, math.nan, math.nan)
    p, d = (promoters + 0.75) / (n + 3), (detractors + 0.75) / (n + 3)
    half = Z * math.sqrt((p + d - (p - d) ** 2) / (n + 3))
    low, high = max(-1.0, p - d - half), min(1.0, p - d + half)
    return Estimate(n, 100 * (promoters - detractors) / n, 100 * low, 100 * high)


def cluster_sums(
    table: nw.LazyFrame,
    by: Sequence[str] = (),
    *,
    x: nw.Expr,
    m: nw.Expr | None = None,
    customer: str = "customer_id",
) -> nw.LazyFrame:
    """Make the sums that `share` and `mean` need, lazily: one row a group (one row in all without `by`).

    `x` says what a row counts (0 or 1 for a share), `m` how many units a row is (1 unless
    given). Neither may be null. Columns: by…, customers, m, x, mm, xm, xx.
    """
    units = table.with_columns(x=x, m=nw.lit(1) if m is None else m)
    each = units.group_by(*by, customer).agg(x=nw.col("x").sum(), m=nw.col("m").sum())
    sums = {"customers": nw.len(), "m": nw.col("m").sum(), "x": nw.col("x").sum(), **_products("mm", "xm", "xx")}
    return each.group_by(*by).agg(**sums) if by else each.select(**sums)


def category_sums(
    marks: nw.LazyFrame, units: nw.LazyFrame, category: Sequence[str], *, customer: str = "customer_id"
) -> nw.LazyFrame:
    """Make the sums for the share of all `units` that carry each category, lazily: one row a category.

    `units` has one row a unit; `marks` one row for each category of a unit, so a unit may
    have none or several. Columns: category…, marked (customers with at least one such
    unit), customers (all), m, x, mm, xm, xx.
    """
    each = units.group_by(customer).agg(m=nw.len())
    total = each.select(customers=nw.len(), m=nw.col("m").sum(), **_products("mm"))
    marked = marks.group_by(customer, *category).agg(x=nw.len()).join(each, on=customer, how="inner")
    found = marked.group_by(*category).agg(marked=nw.len(), x=nw.col("x").sum(), **_products("xm", "xx"))
    return found.join(total, how="cross")


def _products(*names: str) -> dict[str, nw.Expr]:
    return {name: (nw.col(name[0]) * nw.col(name[1])).sum() for name in names}


def _variance(sums: Sums, ratio: float) -> float:
    squares = max(0.0, sums.xx - 2 * ratio * sums.xm + ratio**2 * sums.mm)
    return sums.customers / (sums.customers - 1) * squares / sums.m**2


def _effective_n(sums: Sums, ratio: float) -> float:
    alike = sums.m**2 / sums.mm
    if sums.customers < 2 or not 0 < ratio < 1:
        return alike
    independent = ratio * (1 - ratio) / (sums.m - 1)
    excess = max(0.0, _variance(sums, ratio) / independent - 1)
    unsure = (float(t.ppf(0.975, max(1.0, alike - 1))) / Z) ** 2
    return sums.m / (1 + excess * unsure)


def _wilson(ratio: float, n: float, z: float) -> tuple[float, float]:
    centre = ratio + z * z / (2 * n)
    half = z * math.sqrt(ratio * (1 - ratio) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if ratio == 0 else (centre - half) / scale
    high = 1.0 if ratio == 1 else (centre + half) / scale
    return low, high


def _reach(first: Estimate, second: Estimate, z: float) -> tuple[float, float]:
    """How far the interval of first − second reaches down and up."""
    low_1, high_1 = _wilson(first.estimate, first.effective_n, z)
    low_2, high_2 = _wilson(second.estimate, second.effective_n, z)
    down = math.hypot(first.estimate - low_1, high_2 - second.estimate)
    up = math.hypot(high_1 - first.estimate, second.estimate - low_2)
    return down, up
