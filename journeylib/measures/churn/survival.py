"""How long customers stay: Kaplan–Meier curves and restricted means, from counts.

The engine counts, for each group, the customers who entered and who left or were
censored by day; that is all Kaplan–Meier needs, so a hundred million customers leave
the engine as a few thousand rows. lifelines makes the curve from those counts.

A curve stops before the first day with fewer than ten customers at risk. A group is
enough from 30 customers and 10 departures on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from lifelines import KaplanMeierFitter
from numpy.typing import NDArray
from scipy.stats import norm

from journeylib import engine, schema
from journeylib.errors import ParameterError
from journeylib.estimates import ENOUGH, Z, plain_sums, share
from journeylib.measures.churn.durations import NOBODY_ENDED, StoreView, lapse

__all__ = ["DEPARTURES", "curve", "left", "median", "sensitivity", "stay"]

DEPARTURES = 10  # below this a group is not tested
_AT_RISK = 10
_AT_RISK_SHARE = 0.05
_POINTS = 300
_COUNTED = ["at_risk", "left"]
_Days = NDArray[np.float64]


@dataclass(frozen=True)
class _Curve:
    """One group's curve: arrays by day of departure up to `last_day`, S just after each."""

    group: tuple[Any, ...]
    customers: int
    entries: pd.Series[int]
    exits: pd.Series[int]
    last_day: int
    days: _Days
    left: _Days
    at_risk: _Days
    survival: _Days
    low: _Days
    high: _Days

    @property
    def is_enough(self) -> bool:
        return self.customers >= ENOUGH and self.left.sum() >= DEPARTURES

    def at_risk_on(self, day: int) -> int:
        """Customers who had entered before `day` and were still there when it began."""
        return int(self.entries[self.entries.index < day].sum() - self.exits[self.exits.index < day].sum())

    def reaches(self, day: int) -> bool:
        """Whether enough are at risk on `day` to speak of it: ten, and one in twenty."""
        return self.last_day >= day and self.at_risk_on(day) >= max(_AT_RISK, _AT_RISK_SHARE * self.customers)

    def on(self, day: int) -> tuple[float, float, float]:
        """S with its interval at the end of `day`; NaN where the curve has stopped."""
        if day > self.last_day:
            return math.nan, math.nan, math.nan
        at = int(np.searchsorted(self.days, day, side="right")) - 1
        if day < 1:
            return 1.0, 1.0, 1.0
        if at < 0:  # nobody has left yet
            bound = share(plain_sums(0, self.at_risk_on(day)))
            return 1.0, 1 - bound.high, 1.0
        return float(self.survival[at]), float(self.low[at]), float(self.high[at])

    def mean(self, horizon: int) -> tuple[float, float]:
        """The restricted mean (area under S up to `horizon`) and its variance."""
        inside = self.days <= horizon
        days, left, at_risk = self.days[inside], self.left[inside], self.at_risk[inside]
        heights = np.concatenate([[1.0], self.survival[inside]])
        areas = heights * np.diff(np.concatenate([[0.0], days, [float(horizon)]]))
        beyond = areas[::-1].cumsum()[::-1][1:]  # the area from each day of departure on
        some = at_risk > left
        variance = (beyond[some] ** 2 * left[some] / (at_risk[some] * (at_risk[some] - left[some]))).sum()
        return float(areas.sum()), float(variance)


def curve(followed: nw.LazyFrame, by: Sequence[str] = (), *, until_day: int | None = None) -> pd.DataFrame:
    """Measure the share of customers still there by day: Kaplan–Meier, log-log interval, one row a day of change.

    Starts with day 0 (share 1) and ends where the curve stops, or at `until_day`. At most
    300 rows a group, thinned evenly. `n` is the group's customers, `at_risk` those at risk
    on the day, `left` those who have left up to and with it.
    """
    columns = [*_names(by), "day"]
    curves = _curves(followed, by)
    if isinstance(curves, str):
        return schema.not_applicable(curves, columns, _COUNTED)
    rows = []
    for one in curves:
        last = one.last_day if until_day is None else min(one.last_day, until_day)
        days = sorted({0, last, *(int(day) for day in one.days if day <= last)})
        if len(days) > _POINTS:
            days = [days[at] for at in np.linspace(0, len(days) - 1, _POINTS).round().astype(int)]
        for day in days:
            rows.append([*one.group, day, one.customers, *one.on(day), one.is_enough, *_counted(one, max(1, day), day)])
    return pd.DataFrame(rows, columns=[*columns, *schema.RESULT, *_COUNTED])


def median(followed: nw.LazyFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Measure the median stay in days: the first day on which at most half are still there; one row a group.

    NaN where the curve stops before: fewer than half are known to have left. The interval
    inverts the curve's (Brookmeyer and Crowley 1982); an upper end that is not reached is NaN.
    """
    curves = _curves(followed, by)
    if isinstance(curves, str):
        return schema.not_applicable(curves, _names(by))
    rows = []
    for one in curves:
        ends = (_first_day(one.days, values) for values in (one.survival, one.low, one.high))
        rows.append([*one.group, one.customers, *ends, one.is_enough])
    return pd.DataFrame(rows, columns=[*_names(by), *schema.RESULT])


def left(followed: nw.LazyFrame, by: Sequence[str] = (), *, horizon_days: int) -> pd.DataFrame:
    """Measure the share of customers still there after `horizon_days`: Kaplan–Meier; one row a group.

    Not enough where fewer than ten, or than one in twenty of the group, are at risk on that
    day; NaN where the curve has stopped before it. `left` counts those who left by then.
    """
    curves = _curves(followed, by)
    if isinstance(curves, str):
        return schema.not_applicable(curves, _names(by), _COUNTED)
    rows = []
    for one in curves:
        is_enough = one.is_enough and one.reaches(horizon_days)
        counted = _counted(one, horizon_days, horizon_days)
        rows.append([*one.group, one.customers, *one.on(horizon_days), is_enough, *counted])
    return pd.DataFrame(rows, columns=[*_names(by), *schema.RESULT, *_COUNTED])


def stay(
    followed: nw.LazyFrame, by: Sequence[str], *, horizon_days: int, baseline: str | None = None
) -> pd.DataFrame:
    """Compare how many of the first `horizon_days` customers stay: each group less the baseline, in days.

    The restricted mean survival time is the area under the Kaplan–Meier curve up to the
    horizon; its variance is Greenwood's, Σ A(t)² d / (Y(Y − d)), with A(t) the area from t to the
    horizon. Interval and p come from the same normal statistic, so p < .05 exactly where the
    interval leaves out 0. Choose the horizon before looking.

    The baseline is the group named, else the largest but "unknown", ties by name. Not enough
    where either group has under 30 customers or 10 departures, or fewer at risk at the
    horizon than ten or one in twenty; NaN where a curve has stopped before it. `n` is the
    smaller group's.
    """
    columns = ["group", "baseline"]
    curves = _curves(followed, by)
    if isinstance(curves, str):
        return schema.not_applicable(curves, columns, ["p"])
    groups = {" · ".join(map(str, one.group)): one for one in curves}
    if len(groups) < 2:
        return schema.not_applicable(f"there is one group by {', '.join(_names(by))}, nothing to compare", columns, ["p"])
    if baseline is None:
        baseline = min(groups, key=lambda name: (name == "unknown", -groups[name].customers, name))
    if baseline not in groups:
        raise ParameterError(f"baseline = {baseline} is no group. There are {', '.join(sorted(groups))}.")
    base = groups.pop(baseline)
    rows = []
    for name, one in groups.items():
        both = (one, base)
        is_enough = all(side.is_enough and side.reaches(horizon_days) for side in both)
        gap, half, p = _contrast(one, base, horizon_days)
        n = min(side.customers for side in both)
        rows.append([name, baseline, n, gap, gap - half, gap + half, is_enough, p])
    return pd.DataFrame(rows, columns=[*columns, *schema.RESULT, "p"])


def sensitivity(
    store: StoreView,
    *,
    silent_days: float,
    landmark: str | date,
    touchpoints: Sequence[str] = (),
    horizon_days: int,
) -> pd.DataFrame:
    """Measure how the share still active at the horizon depends on the window: half of it, itself, twice it.

    One row a window. `returned` is the share of the lapsed who later came back in the data;
    above .05 the window is too short. Who lapsed late had less time to come back, and each
    window follows its own customers (those active within it before the landmark).
    """
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


def _names(by: Sequence[str]) -> list[str]:
    return [by] if isinstance(by, str) else list(by)


def _counted(one: _Curve, at_risk_on: int, left_by: int) -> tuple[int, int]:
    return one.at_risk_on(at_risk_on), int(one.left[one.days <= left_by].sum())


def _first_day(days: _Days, values: _Days) -> float:
    below = np.flatnonzero(values <= 0.5 + 1e-12)
    return float(days[below[0]]) if len(below) else math.nan


def _contrast(one: _Curve, base: _Curve, horizon: int) -> tuple[float, float, float]:
    """Difference of restricted means, half the width of its interval, p."""
    if min(one.last_day, base.last_day) < horizon:
        return math.nan, math.nan, math.nan
    (mean, variance), (base_mean, base_variance) = one.mean(horizon), base.mean(horizon)
    gap, error = mean - base_mean, math.sqrt(variance + base_variance)
    p = 2 * float(norm.sf(abs(gap) / error)) if error else 1.0
    return gap, Z * error, p


def _curves(followed: nw.LazyFrame, by: Sequence[str]) -> list[_Curve] | str:
    """One curve a group, by name; or why there is none."""
    names = _names(by)
    size = {"customers": nw.len()}
    exits = followed.group_by(*names, "day", "has_left").agg(**size)
    entries = followed.group_by(*names, "entry_day").agg(**size)
    kind = nw.when(nw.col("has_left")).then(nw.lit(1)).otherwise(nw.lit(0))
    columns = [*names, "day", "kind", "customers"]
    counts = nw.concat(
        [
            exits.with_columns(kind=kind.cast(nw.Int64)).select(columns),
            entries.with_columns(day=nw.col("entry_day"), kind=nw.lit(-1).cast(nw.Int64)).select(columns),
        ]
    )
    found = engine.collect(counts, order_by=[*names, "day", "kind"])
    if "end_cause" in followed.collect_schema().names() and not (found["kind"] == 1).any():
        return NOBODY_ENDED
    if found.empty:
        return "no customer could be followed"
    if not names:
        return [_curve((), found)]
    return [_curve(group, part) for group, part in found.groupby(names, dropna=False)]


def _curve(group: tuple[Any, ...], counts: pd.DataFrame) -> _Curve:
    entries, leaving, staying = (
        counts[counts["kind"] == kind].groupby("day")["customers"].sum() for kind in (-1, 1, 0)
    )
    exits = leaving.add(staying, fill_value=0).astype(int)
    last = _last_day(entries, exits)
    made = {"group": group, "customers": int(entries.sum()), "entries": entries, "exits": exits, "last_day": last}
    rows = _paired(entries[entries.index < last], leaving[leaving.index <= last], staying[staying.index < last], last)
    nothing = np.zeros(0)
    if not last or not rows["has_left"].any():
        return _Curve(**made, **dict.fromkeys(["days", "left", "at_risk", "survival", "low", "high"], nothing))
    fitted = KaplanMeierFitter().fit(
        rows["day"],
        rows["has_left"],
        # Half a day late: lifelines takes who enters on a day to be at risk on it already.
        entry=rows["entry_day"] + 0.5 if rows["entry_day"].any() else None,
        weights=rows["customers"],
    )
    events = fitted.event_table[fitted.event_table["observed"] > 0]
    survival = fitted.survival_function_.loc[events.index].iloc[:, 0].to_numpy(float)
    low, high = fitted.confidence_interval_.loc[events.index].to_numpy(float).T
    at_risk = events["at_risk"].to_numpy(float)
    gone = survival < 1e-12  # all left at once: the log-log interval has no answer
    bound = [share(plain_sums(0, int(n))).high for n in at_risk]
    low, high = np.where(gone, 0.0, low), np.where(gone, bound, high)
    days, left = events.index.to_numpy(float), events["observed"].to_numpy(float)
    return _Curve(**made, days=days, left=left, at_risk=at_risk, survival=np.where(gone, 0.0, survival), low=low, high=high)


def _last_day(entries: pd.Series[int], exits: pd.Series[int]) -> int:
    """The day before the first with fewer than ten at risk; 0 where that is day 1."""
    change = entries.sub(exits, fill_value=0).sort_index()
    at_risk = change.cumsum()  # on the day after each
    few = at_risk.index[at_risk < _AT_RISK]
    return 0 if at_risk.index[0] > 0 else int(few[0])


def _paired(entries: pd.Series[int], leaving: pd.Series[int], staying: pd.Series[int], last: int) -> pd.DataFrame:
    """Rows with entry, day and weight whose counts by entry and by day are those given.

    Risk sets depend on these counts only, not on who had which pair: earliest entries
    are paired with earliest exits. Whoever is left over is censored on the last day.
    """
    rest = int(entries.sum() - leaving.sum() - staying.sum())
    exits = [*((day, False, n) for day, n in staying.items()), *((day, True, n) for day, n in leaving.items())]
    exits = sorted([*exits, (last, False, rest)] if rest else exits)
    ends = np.cumsum([n for *_, n in exits])
    begins = entries.cumsum().to_numpy()
    cuts = np.union1d(ends, begins).astype(int)
    return pd.DataFrame(
        {
            "entry_day": entries.index.to_numpy()[np.searchsorted(begins, cuts)],
            "day": [exits[at][0] for at in np.searchsorted(ends, cuts)],
            "has_left": [exits[at][1] for at in np.searchsorted(ends, cuts)],
            "customers": np.diff(cuts, prepend=0),
        }
    )
