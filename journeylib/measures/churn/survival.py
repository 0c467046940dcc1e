"""How long customers stay: curves, medians, shares at a horizon, and restricted means compared.

A curve stops before the first day with fewer than ten customers at risk. A group is
enough from 30 customers and 10 departures on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from journeylib import engine, schema
from journeylib.errors import ParameterError
from journeylib.estimates import Estimate, Z, difference, plain_sums, share
from journeylib.measures.churn.counts import names_of, thinned
from journeylib.measures.churn.durations import BY_DATE, StoreView, lapse
from journeylib.measures.churn.kaplan_meier import Curve, curves
from journeylib.trace import measured

__all__ = ["curve", "left", "median", "rmst", "sensitivity", "stay", "stay_inside"]

_COUNTED = ["at_risk", "left"]
_Days = NDArray[np.float64]


@measured
def curve(followed: nw.LazyFrame, by: Sequence[str] = (), *, until_day: int | None = None) -> pd.DataFrame:
    """Measure the share of customers still there by day: Kaplan–Meier, log-log interval, one row a day of change.

    Starts with day 0 (share 1) and ends where the curve stops, or at `until_day`. At most
    300 rows a group, thinned evenly. `n` is the group's customers, `at_risk` those at risk
    on the day, `left` those who have left up to and with it.
    """
    columns = [*names_of(by), "day"]
    found = curves(followed, by)
    if isinstance(found, str):
        return schema.not_applicable(found, columns, _COUNTED)
    rows = []
    for one in found:
        last = one.last_day if until_day is None else min(one.last_day, until_day)
        for day in map(int, thinned(one.days, last)):
            rows.append([*one.group, day, one.customers, *one.on(day), one.is_enough, *_counted(one, max(1, day), day)])
    return pd.DataFrame(rows, columns=[*columns, *schema.RESULT, *_COUNTED])


@measured
def median(followed: nw.LazyFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Measure the median stay in days: the first day on which at most half are still there; one row a group.

    NaN where the curve stops before: fewer than half are known to have left. The interval
    inverts the curve's (Brookmeyer and Crowley 1982); an upper end that is not reached is NaN.
    """
    found = curves(followed, by)
    if isinstance(found, str):
        return schema.not_applicable(found, names_of(by))
    rows = []
    for one in found:
        ends = (_first_day(one.days, values) for values in (one.survival, one.low, one.high))
        rows.append([*one.group, one.customers, *ends, one.is_enough])
    return pd.DataFrame(rows, columns=[*names_of(by), *schema.RESULT])


@measured
def left(followed: nw.LazyFrame, by: Sequence[str] = (), *, horizon_days: int) -> pd.DataFrame:
    """Measure the share of customers still there after `horizon_days`: Kaplan–Meier; one row a group.

    Not enough where fewer than ten, or than one in twenty of the group, are at risk on that
    day; NaN where the curve has stopped before it. `left` counts those who left by then.
    """
    found = curves(followed, by)
    if isinstance(found, str):
        return schema.not_applicable(found, names_of(by), _COUNTED)
    rows = []
    for one in found:
        is_enough = one.is_enough and one.counts.reaches(horizon_days)
        counted = _counted(one, horizon_days, horizon_days)
        rows.append([*one.group, one.customers, *one.on(horizon_days), is_enough, *counted])
    return pd.DataFrame(rows, columns=[*names_of(by), *schema.RESULT, *_COUNTED])


@measured
def rmst(followed: nw.LazyFrame, by: Sequence[str] = (), *, horizon_days: int) -> pd.DataFrame:
    """Measure how many of the first `horizon_days` customers stay: the restricted mean in days, one row a group.

    The area under the Kaplan–Meier curve up to the horizon, with the variance told in `stay`, which compares
    two; the interval is cut at 0 and at the horizon. Not enough, and NaN, where `left` is.
    """
    found = curves(followed, by)
    if isinstance(found, str):
        return schema.not_applicable(found, names_of(by), _COUNTED)
    rows = []
    for one in found:
        told = [math.nan] * 3
        if one.counts.covers(horizon_days):
            mean = _restricted(one, horizon_days)
            told = [mean.estimate, mean.low, mean.high]
        is_enough = one.is_enough and one.counts.reaches(horizon_days)
        counted = _counted(one, horizon_days, horizon_days)
        rows.append([*one.group, one.customers, *told, is_enough, *counted])
    return pd.DataFrame(rows, columns=[*names_of(by), *schema.RESULT, *_COUNTED])


@measured
def stay(followed: nw.LazyFrame, by: Sequence[str], *, horizon_days: int, baseline: str | None = None) -> pd.DataFrame:
    """Compare how many of the first `horizon_days` customers stay: each group less the baseline, in days.

    The restricted mean survival time is the area under the Kaplan–Meier curve up to the horizon; its variance is
    Greenwood's, Σ A(t)² d / (Y(Y − d)), with A(t) the area from t to the horizon. A group of which nobody left by
    then, or all at once, has what nobody in so many allows instead (Wilson). Interval and p come from the same
    normal statistic, so p < .05 exactly where the interval leaves out 0. Choose the horizon before looking.

    The baseline is the group named, else the largest but "unknown", ties by name. Not enough
    where either group has under 30 customers or 10 departures, or fewer at risk at the
    horizon than ten or one in twenty; NaN where a curve has stopped before it. `n`, `at_risk`
    at the horizon and `left` (all departures) are the lesser of the two groups'.
    """
    columns, extra = ["group", "baseline"], ["p", *_COUNTED]
    found = curves(followed, by)
    if isinstance(found, str):
        return schema.not_applicable(found, columns, extra)
    groups = {" · ".join(map(str, one.group)): one for one in found}
    if len(groups) < 2:
        reason = f"there is one group by {', '.join(names_of(by))}" if names_of(by) else "no segment is chosen"
        return schema.not_applicable(f"{reason}, nothing to compare", columns, extra)
    if baseline is None:
        baseline = min(groups, key=lambda name: (name == "unknown", -groups[name].customers, name))
    if baseline not in groups:
        raise ParameterError(f"baseline = {baseline} is no group. There are {', '.join(sorted(groups))}.")
    rows = _contrasts(groups, baseline, horizon_days)
    return pd.DataFrame(rows, columns=[*columns, *schema.RESULT, *extra])


def stay_inside(
    followed: nw.LazyFrame, whole: pd.DataFrame, by: str, strata: str, *, horizon_days: int
) -> list[dict[str, Any]]:
    """Compare as `stay` did to give `whole`, inside each group of another segment: does a difference turn round there?

    One entry a stratum and group that both have: stratum, group, baseline, n, estimate, low and high
    (None where a curve has stopped before the horizon). None of these is a contrast of its own.
    Nothing where `strata` is empty, or where there was nothing to compare.
    """
    if not strata or whole.empty:
        return []
    baseline = str(whole["baseline"].iloc[0])
    found = curves(followed, [by, strata])
    inside: dict[str, dict[str, Curve]] = {}
    for one in found if not isinstance(found, str) else ():
        group, stratum = map(str, one.group)
        inside.setdefault(stratum, {})[group] = one
    names = ["group", "baseline", *schema.RESULT]
    told = []
    for stratum, groups in sorted(inside.items()):
        for row in _contrasts(groups, baseline, horizon_days) if baseline in groups else ():
            said = dict(zip(names, row, strict=False))
            numbers = {name: None if math.isnan(said[name]) else said[name] for name in ("estimate", "low", "high")}
            told.append({"stratum": stratum, **{name: said[name] for name in ("group", "baseline", "n")}, **numbers})
    return told


def _contrasts(groups: Mapping[str, Curve], baseline: str, horizon_days: int) -> list[list[Any]]:
    """Each group less the baseline."""
    rows = []
    base = groups[baseline]
    for name, one in groups.items():
        if name == baseline:
            continue
        both = (one, base)
        is_enough = all(side.is_enough and side.counts.reaches(horizon_days) for side in both)
        gap, low, high, p = _contrast(one, base, horizon_days)
        n = min(side.customers for side in both)
        at_risk = min(side.counts.at_risk_on(horizon_days) for side in both)
        departed = int(min(side.left.sum() for side in both))
        rows.append([name, baseline, n, gap, low, high, is_enough, p, at_risk, departed])
    return rows


@measured
def sensitivity(
    store: StoreView,
    *,
    definition: str = "lapse",
    silent_days: float,
    landmark: str | date,
    touchpoints: Sequence[str] = (),
    horizon_days: int,
) -> pd.DataFrame:
    """Measure how the share still active at the horizon depends on the window: half of it, itself, twice it.

    One row a window. `returned` is the share of the lapsed who later came back in the data;
    above .05 the window is too short. Who lapsed late had less time to come back, and each
    window follows its own customers (those active within it before the landmark). Not
    applicable where the `definition` is "contract".
    """
    if definition == "contract":
        return schema.not_applicable(BY_DATE, ["silent_days"], ["returned"])
    rows = []
    for window in (silent_days / 2, silent_days, silent_days * 2):
        followed = lapse(store, silent_days=window, landmark=landmark, touchpoints=touchpoints)
        found = left(followed, horizon_days=horizon_days)
        came_back = engine.collect(
            followed.filter(nw.col("has_left")).select(
                lapsed=nw.len(), returned=nw.col("has_returned").cast(nw.Int64).sum()
            )
        ).to_dict("records")[0]
        returned = came_back["returned"] / came_back["lapsed"] if came_back["lapsed"] else math.nan
        nothing = {"n": 0, "estimate": math.nan, "low": math.nan, "high": math.nan, "is_enough": False}
        row = nothing if found.empty else found.to_dict("records")[0]
        rows.append({**{name: row[name] for name in schema.RESULT}, "silent_days": window, "returned": returned})
    return schema.result(rows, ["silent_days"], ["returned"])


def _counted(one: Curve, at_risk_on: int, left_by: int) -> tuple[int, int]:
    return one.counts.at_risk_on(at_risk_on), int(one.left[one.days <= left_by].sum())


def _first_day(days: _Days, values: _Days) -> float:
    below = np.flatnonzero(values <= 0.5 + 1e-12)
    return float(days[below[0]]) if len(below) else math.nan


def _contrast(one: Curve, base: Curve, horizon: int) -> tuple[float, float, float, float]:
    """Difference of restricted means, its interval, p."""
    if not (one.counts.covers(horizon) and base.counts.covers(horizon)):
        return math.nan, math.nan, math.nan, math.nan
    (mean, variance), (base_mean, base_variance) = one.mean(horizon), base.mean(horizon)
    if not variance or not base_variance:  # nobody left, or all at once
        found = difference(_restricted(one, horizon), _restricted(base, horizon))
        return found.estimate, found.low, found.high, found.p
    gap, error = mean - base_mean, math.sqrt(variance + base_variance)
    return gap, gap - Z * error, gap + Z * error, 2 * float(norm.sf(abs(gap) / error))


def _restricted(one: Curve, horizon: int) -> Estimate:
    """The restricted mean with its interval.

    Where nobody left, or all at once, the variance is 0 and says nothing: then as many may still have left, or
    stayed, as nobody in so many allows (Wilson), spread evenly over the days.
    """
    mean, variance = one.mean(horizon)

    def at(z: float) -> tuple[float, float]:
        if variance:
            return max(0.0, mean - z * math.sqrt(variance)), min(float(horizon), mean + z * math.sqrt(variance))
        bound = share(plain_sums(0, one.counts.at_risk_on(min(horizon, one.last_day)))).interval(z)[1]
        return mean * (1 - bound / 2), mean + (horizon - mean) * bound / 2

    return Estimate.made(one.customers, mean, at)
