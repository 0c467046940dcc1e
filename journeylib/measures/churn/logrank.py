"""Do groups leave at different times? The log-rank test, and hazard ratios from the same sums.

Each day, those who leave are shared among the groups as those at risk are: that is what is expected (E)
of a group where groups do not differ, beside what is observed (O), with the hypergeometric variance (V) of Mantel
(1966) and Peto and Peto (1972). Days, and strata, are added up.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import chdtrc, ndtr

from journeylib import schema
from journeylib.errors import ParameterError
from journeylib.estimates import ENOUGH, Z
from journeylib.measures.churn.counts import FEWEST_LEFT, Counts, Floats, counted, names_of
from journeylib.measures.churn.histories import Histories, each, squared
from journeylib.trace import measured

__all__ = ["compare", "logrank"]

_CONTRAST = ["group", "baseline"]
_FAR = 25.0  # of log θ
_Group = tuple[Counts, Histories | None]
_Strata = Mapping[str, Mapping[str, _Group]]  # by stratum, then by group


@measured
def compare(
    followed: nw.LazyFrame,
    by: Sequence[str],
    *,
    strata: Sequence[str] = (),
    baseline: str | None = None,
    pairs: bool = False,
) -> pd.DataFrame:
    """Compare how fast groups leave, each with the baseline: hazard ratio and log-rank p, one row a contrast.

    The ratio is how many times as likely a customer still there is to leave on a day: the θ at which the group's
    departures are those expected, E(θ) = Σ d θY₁/(θY₁ + Y₂), as in Cox's model of the two groups (Breslow). The
    interval holds every θ that the log-rank test, asked for θ instead of 1, does not reject: (O − E(θ))² ≤ z² V(θ).
    So p < .05 exactly where the interval leaves out 1. A restricted mean, or Peto's one-step ratio, beside a
    log-rank p need not agree, and the latter is off where a ratio is large (a true 4 comes out as 3 to 4.6). Above
    1 the group leaves sooner. Where curves cross, neither ratio nor test says much: see `stay`.

    Each contrast is between its two groups alone, added up over `strata` (columns) where asked, with everybody at
    risk from its entry on. p is raw: it is corrected for the number of contrasts once, where an edition is judged.
    The baseline is the group named, else the largest but "unknown"; with `pairs`, every two groups. Not enough where
    either group has under 30 customers or 10 departures; NaN where nobody left while both were at risk, and for
    an end that is not reached. `n` and `left` are the lesser of the two groups', `expected` the group's E(1).

    >>> from journeylib.measures.churn import from_frame
    >>> frame = pd.DataFrame({"day": [2, 4, 9, 9], "left": [1, 1, 0, 0], "plan": list("abab"), "n": [30, 20, 30, 50]})
    >>> found = compare(from_frame(frame, duration="day", event="left", by="plan", weight="n"), "plan")
    >>> found[["group", "baseline", "n", "estimate", "low", "high"]].round(2)
      group baseline   n  estimate   low  high
    0     a        b  60      2.33  1.41  3.87
    """
    extra = ["p", "left", "expected"]
    found = _tables(followed, by, strata)
    if isinstance(found, str):
        return schema.not_applicable(found, _CONTRAST, extra)
    sizes = _sizes(found)
    if baseline is not None and baseline not in sizes:
        raise ParameterError(f"baseline = {baseline} is no group. There are {', '.join(sorted(sizes))}.")
    if len(sizes) < 2:
        return schema.not_applicable(_alone(by), _CONTRAST, extra)
    if baseline is None:
        baseline = min(sizes, key=lambda name: (name == "unknown", -sizes[name][0], name))
    chosen = [(name, baseline) for name in sizes if name != baseline]
    if pairs:
        chosen += [(one, other) for other, one in combinations([name for name in sizes if name != baseline], 2)]
    rows = []
    for name, base in chosen:
        pair = _Pair(_days(found, [name, base]))
        n, left = (min(sizes[name][at], sizes[base][at]) for at in (0, 1))
        p = 2 * float(ndtr(-abs(pair.z(0.0))))
        is_enough = n >= ENOUGH and left >= FEWEST_LEFT and not math.isnan(p)
        rows.append([name, base, n, *pair.ratio(), is_enough, p, left, pair.expected(0.0)])
    return pd.DataFrame(rows, columns=[*_CONTRAST, *schema.RESULT, *extra])


@measured
def logrank(followed: nw.LazyFrame, by: Sequence[str], *, strata: Sequence[str] = (), rho: float = 0.0) -> pd.DataFrame:
    """Test whether any of the groups leaves at another time than the others: the log-rank test; one row.

    `estimate` is χ², with `df` degrees of freedom (the groups less one) and `p`; no interval. `rho` weighs each day
    by S(t−)^rho (Harrington and Fleming 1982): 0 is the log-rank test, 1 that of Peto and Peto, which looks at
    early days more; choose before looking. `n` is all customers, `left` all departures. Not enough where fewer than
    two groups have 30 customers and 10 departures.
    """
    extra = ["p", "df", "left"]
    found = _tables(followed, by, strata)
    if isinstance(found, str):
        return schema.not_applicable(found, (), extra)
    sizes = _sizes(found)
    if len(sizes) < 2:
        return schema.not_applicable(_alone(by), (), extra)
    sums = _added(_days(found, list(sizes)), len(sizes), rho)
    seen = np.flatnonzero(sums.expected > 1e-12)[:-1]  # one of those at risk follows from the others
    gap, spread = (sums.observed - sums.expected)[seen], sums.variance[np.ix_(seen, seen)]
    chi2 = float(gap @ np.linalg.solve(spread, gap)) if len(seen) and np.linalg.det(spread) > 0 else math.nan
    p = float(chdtrc(len(seen), chi2)) if len(seen) else math.nan
    enough = sum(n >= ENOUGH and left >= FEWEST_LEFT for n, left in sizes.values()) >= 2
    customers, left = (sum(size[at] for size in sizes.values()) for at in (0, 1))
    row = {"n": customers, "estimate": chi2, "low": math.nan, "high": math.nan, "is_enough": enough}
    return schema.result([{**row, "p": p, "df": len(seen), "left": left}], (), extra)


@dataclass(frozen=True)
class _Days:
    """One stratum's days of departure: at risk and left by group (rows) and day, and the share still there before."""

    days: Floats
    at_risk: Floats
    left: Floats
    before: Floats
    rows: list[Histories | None]


@dataclass(frozen=True)
class _Pair:
    """Two groups, with θ = exp(b) the first's hazard over the second's."""

    strata: list[_Days]

    def expected(self, b: float) -> float:
        """E(θ) of the first group."""
        return sum(float(one.left.sum(axis=0) @ self._share(one, b)) for one in self.strata)

    def z(self, b: float) -> float:
        """The log-rank statistic of the hypothesis θ, the square root of its variance below; NaN without any."""
        gap, spread = sum(float(one.left[0].sum()) for one in self.strata) - self.expected(b), 0.0
        parts: list[Histories] = []
        influences: list[Floats] = []
        for one in self.strata:
            share, risk, gone = self._share(one, b), one.at_risk.sum(axis=0), one.left.sum(axis=0)
            spread += float((gone * share * (1 - share) * (risk - gone) / np.maximum(risk - 1, 1)).sum())
            weighed = math.exp(b) * one.at_risk[0] + one.at_risk[1]
            for own, gain, ratio in ((one.rows[0], 1 - share, math.exp(b)), (one.rows[1], -share, 1.0)):
                if own is not None:
                    parts.append(own)
                    influences.append(own.influence(one.days, gain, ratio * gain * gone / weighed))
        if spread > 0 and parts:
            spread = squared(parts, influences)
        return gap / math.sqrt(spread) if spread > 0 else math.nan

    def ratio(self) -> tuple[float, float, float]:
        """θ and its interval."""
        if math.isnan(self.z(0.0)):
            return math.nan, math.nan, math.nan
        first, second = (any(one.left[at].any() for one in self.strata) for at in (0, 1))
        middle, low, high = (self._where(z) for z in (0.0, Z, -Z))
        if not first:
            return 0.0, 0.0, high
        return (middle, low, high) if second else (math.nan, low, math.nan)

    def _where(self, z: float) -> float:
        """The θ whose statistic is z: it falls as θ grows. 0 if it is nowhere so large, NaN if nowhere so small."""
        if self.z(-_FAR) < z:
            return 0.0
        if self.z(_FAR) > z:
            return math.nan
        return math.exp(brentq(lambda b: self.z(b) - z, -_FAR, _FAR, xtol=1e-13, rtol=1e-13))

    @staticmethod
    def _share(one: _Days, b: float) -> Floats:
        """The share of a day's departures that the first group is expected to have."""
        weighed = math.exp(b) * one.at_risk[0]
        found: Floats = weighed / (weighed + one.at_risk[1])
        return found


@dataclass(frozen=True)
class _Sums:
    """O and E of each group, and the variance between them."""

    observed: Floats
    expected: Floats
    variance: Floats


def _tables(followed: nw.LazyFrame, by: Sequence[str], strata: Sequence[str]) -> _Strata | str:
    names, layers = names_of(by), names_of(strata)
    if not names:
        return "no segment is chosen, nothing to compare"
    found = counted(followed, [*names, *layers])
    if isinstance(found, str):
        return found
    made: dict[str, dict[str, _Group]] = {}
    for one, rows in each(followed, [*names, *layers], found):
        group, stratum = (" · ".join(map(str, part)) for part in (one.group[: len(names)], one.group[len(names) :]))
        made.setdefault(stratum, {})[group] = one, rows
    return made


def _alone(by: Sequence[str]) -> str:
    return f"there is one group by {', '.join(names_of(by))}, nothing to compare"


def _sizes(found: _Strata) -> dict[str, tuple[int, int]]:
    """Each group's customers and departures, over all strata, by name."""
    sizes: dict[str, tuple[int, int]] = {}
    for stratum in found.values():
        for name, (one, _) in stratum.items():
            n, left = sizes.get(name, (0, 0))
            sizes[name] = n + one.customers, left + int(one.left.sum())
    return dict(sorted(sizes.items()))


def _days(found: _Strata, groups: Sequence[str]) -> list[_Days]:
    """Of each stratum that has at least two of those groups, the days on which somebody of them left."""
    made = []
    for stratum in found.values():
        here = [stratum.get(name) for name in groups]
        there = [one for one in here if one is not None]
        days = reduce(np.union1d, (one.days for one, _ in there), np.zeros(0))
        if len(there) < 2 or not len(days):
            continue
        nobody = np.zeros(len(days))
        at_risk = np.array([nobody if one is None else one[0].at_risk(days) for one in here])
        left = np.array([nobody if one is None else one[0].departures(days) for one in here])
        both = (at_risk > 0).sum(axis=0) > 1  # a day on which one group alone is at risk says nothing
        rows = [None if one is None else one[1] for one in here]
        if both.any():
            stays = np.cumprod(1 - left.sum(axis=0) / at_risk.sum(axis=0))
            before = np.concatenate([[1.0], stays])[:-1]
            made.append(_Days(days[both], at_risk[:, both], left[:, both], before[both], rows))
    return made


def _added(strata: Sequence[_Days], many: int, rho: float) -> _Sums:
    """The sums over days and strata, each day weighed by the share still there before it to the power of rho."""
    observed, expected, variance = np.zeros(many), np.zeros(many), np.zeros((many, many))
    parts: list[Histories] = []
    turning: list[Floats] = []  # of each O − E with each row
    for one in strata:
        risk, gone = one.at_risk.sum(axis=0), one.left.sum(axis=0)
        share = one.at_risk / risk
        weight = one.before**rho
        observed += one.left @ weight
        expected += share @ (weight * gone)
        spread = weight**2 * gone * (risk - gone) / np.maximum(risk - 1, 1)
        variance += np.diag(share @ spread) - (share * spread) @ share.T
        for place, own in enumerate(one.rows):
            if own is not None:
                gains = [weight * ((at == place) - share[at]) for at in range(many)]
                parts.append(own)
                turning.append(np.array([own.influence(one.days, gain, gain * gone / risk) for gain in gains]))
    if parts:
        variance = np.array([[_product(parts, turning, one, other) for other in range(many)] for one in range(many)])
    return _Sums(observed, expected, variance)


def _product(parts: Sequence[Histories], turning: Sequence[Floats], one: int, other: int) -> float:
    """The covariance of two groups' O − E, by the squares of their sum and their difference."""
    both = squared(parts, [each_[one] + each_[other] for each_ in turning])
    apart = squared(parts, [each_[one] - each_[other] for each_ in turning])
    return (both - apart) / 4
