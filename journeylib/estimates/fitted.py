"""What follows from a fitted Cox model: robust errors, whether hazards are proportional, who is still there.

All of it from the day sums at the coefficients (`estimates.cox`), with Efron's weights for ties:
a baseline or a residual by Breslow's rule does not belong to coefficients found by Efron's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from journeylib.estimates.cox import Fit
from journeylib.estimates.day_sums import DaySums, Rows

__all__ = [
    "Baseline",
    "Proportional",
    "Still",
    "baselines",
    "clustered",
    "influences",
    "judged",
    "proportional",
    "still",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FURTHEST = 1 << 32  # beyond any day


class Proportional(NamedTuple):
    """A score test: its statistic, degrees of freedom and p."""

    statistic: float
    degrees: int
    p: float


class Baseline(NamedTuple):
    """A stratum's cumulative hazard at x = 0 up to a day, its variance at fixed β, and −its derivative by β."""

    hazard: float
    variance: float
    drift: Floats


class Still(NamedTuple):
    """A mean of predicted shares still there, with its log-log interval."""

    estimate: float
    low: float
    high: float


def judged(estimate: Floats, covariance: Floats) -> tuple[Floats, Floats]:
    """The standard errors and two-sided p of coefficients, by their normal statistic (Wald)."""
    from scipy.special import ndtr

    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * ndtr(-np.abs(estimate / errors))
    return errors, p


def influences(rows: Rows, fit: Fit) -> Floats:
    """Give each row's score residual: what it adds to the score, less what that day's risk sets expected of it.

    Lin and Wei (1989) with Efron's ties: one who left on a day was in the l-th risk set of that day with the
    weight 1 − l/m. A row of start–stop data counts from its entry to its day.
    """
    sums, e = fit.sums, np.exp(rows.x @ fit.beta)
    key = sums.stratum * _FURTHEST + sums.day
    hazard, drift = _running(sums.h0), _running(sums.drift)
    last = np.searchsorted(key, rows.stratum * _FURTHEST + rows.day, side="right")
    first = np.searchsorted(key, rows.stratum * _FURTHEST + rows.entry, side="right")
    found: Floats = drift[last] - drift[first] - rows.x * (hazard[last] - hazard[first])[:, None]
    found *= e[:, None]
    left = np.flatnonzero(rows.has_left == 1)
    at = last[left] - 1  # the day's own place: somebody left on it
    x, own = rows.x[left], e[left][:, None]
    tied = x * sums.h1[at][:, None] - (sums.s1 * sums.g1[:, None] - sums.d1 * sums.g2[:, None])[at]
    found[left] += x - (sums.expected / sums.left[:, None])[at] + own * tied
    return found * rows.weight[:, None]


def clustered(fit: Fit, influence: Floats, cluster: Ints) -> Floats:
    """Make the robust covariance: Σ over clusters (0, 1, …) of the square of their rows' influence on β (dfbeta).

    No correction for few clusters, as in R's `coxph(…, cluster = id)`.
    """
    scores = np.zeros((int(cluster.max()) + 1, influence.shape[1]))
    np.add.at(scores, cluster, influence)
    moved = scores @ fit.covariance
    found: Floats = moved.T @ moved
    return found


def proportional(
    fit: Fit, terms: Sequence[Sequence[int]], *, transform: str = "km"
) -> tuple[list[Proportional], Proportional]:
    """Test whether hazards are proportional, for each term (its columns) and for all, as Grambsch and Therneau did.

    The test of adding x·g(day) to the model, with g the share gone before the day by Kaplan–Meier ("km")
    or the day ("identity"), less its mean over those who left; as R's cox.zph since survival 3.0.
    """
    from scipy.special import chdtrc

    sums, time = fit.sums, _transformed(fit.sums, transform)
    score = (sums.scores * time[:, None]).sum(axis=0)
    plain, crossed, squared = (sums.information(time**power) for power in (0, 1, 2))
    size = len(score)

    def tested(columns: Sequence[int]) -> Proportional:
        at = list(columns)
        whole = np.block([[plain, crossed[:, at]], [crossed[at], squared[np.ix_(at, at)]]])
        gap = np.r_[np.zeros(size), score[at]]
        statistic = float(gap @ np.linalg.lstsq(whole, gap, rcond=None)[0])
        return Proportional(statistic, len(at), float(chdtrc(len(at), max(0.0, statistic))))

    return [tested(columns) for columns in terms], tested(range(size))


def baselines(fit: Fit, day: int) -> dict[int, Baseline]:
    """Give each stratum's baseline up to and with a day: Efron's, which adds Σ 1/c on each day."""
    found = {}
    for stratum in np.unique(fit.sums.stratum).tolist():
        inside = (fit.sums.stratum == stratum) & (fit.sums.day <= day)
        drift = fit.sums.drift[inside].sum(axis=0)
        found[int(stratum)] = Baseline(float(fit.sums.h0[inside].sum()), float(fit.sums.g0[inside].sum()), drift)
    return found


def still(
    parts: Sequence[tuple[Baseline, float, float, Floats]], customers: float, covariance: Floats, z: float
) -> Still:
    """Average predicted shares still there, exp(−H·e), over customers of one or more strata.

    A part is a stratum's baseline and the sums over its customers of S, of e·S, and of e·S·x. The variance is that
    of the baselines and of β (delta method; for one profile that of R's survfit), the customers taken as they are;
    the interval is made on the scale log(−log S) and so stays within 0 and 1.
    """
    mean = sum(part[1] for part in parts) / customers
    if not 0 < mean < 1:
        return Still(mean, np.nan, np.nan)
    variance = sum(base.variance * (steep / customers) ** 2 for base, _, steep, _ in parts)
    slope = sum((base.hazard * leaning - base.drift * steep for base, _, steep, leaning in parts)) / customers
    variance += float(slope @ covariance @ slope)
    log = np.log(mean)
    reach = z * np.sqrt(variance) / abs(mean * log)
    return Still(float(mean), float(np.exp(log * np.exp(reach))), float(np.exp(log * np.exp(-reach))))


def _running(values: Floats) -> Floats:
    """The sums up to each place, with 0 before the first. Only differences within a stratum mean anything."""
    found: Floats = np.concatenate([np.zeros((1, *values.shape[1:])), values.cumsum(axis=0)])
    return found


def _transformed(sums: DaySums, transform: str) -> Floats:
    """The time of each place, less its mean over those who left."""
    time = sums.day.astype(float)
    if transform == "km":
        days, where = np.unique(sums.day, return_inverse=True)
        left, at_risk = np.bincount(where, sums.left), np.zeros(len(days))
        at_risk[where] = sums.at_risk
        before = np.r_[1.0, np.cumprod(1 - left / at_risk)[:-1]]
        time = (1 - before)[where]
    centred: Floats = time - (sums.left * time).sum() / sums.left.sum()
    return centred
