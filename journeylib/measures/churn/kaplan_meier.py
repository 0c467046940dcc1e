"""Kaplan–Meier curves from counts.

The engine counts, for each group, the customers who entered and who left or were
censored by day; that is all Kaplan–Meier needs, so a hundred million customers leave
the engine as a few thousand rows. lifelines makes the curve from those counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from lifelines import KaplanMeierFitter
from numpy.typing import NDArray

from journeylib import engine
from journeylib.estimates import ENOUGH, plain_sums, share
from journeylib.measures.churn.durations import NOBODY_ENDED

__all__ = ["Curve", "curves", "names_of"]

_DEPARTURES = 10  # below this a group is not tested
_AT_RISK = 10
_AT_RISK_SHARE = 0.05
_Days = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
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
        return self.customers >= ENOUGH and self.left.sum() >= _DEPARTURES

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


def curves(followed: nw.LazyFrame, by: Sequence[str]) -> list[Curve] | str:
    """Make one curve a group, by name; or say why there is none."""
    names = names_of(by)
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


def names_of(by: Sequence[str]) -> list[str]:
    """Give the columns that `by` names; one name may stand alone."""
    return [by] if isinstance(by, str) else list(by)


def _curve(group: tuple[Any, ...], counts: pd.DataFrame) -> Curve:
    entries, leaving, staying = (
        counts[counts["kind"] == kind].groupby("day")["customers"].sum() for kind in (-1, 1, 0)
    )
    exits = leaving.add(staying, fill_value=0).astype(int)
    last = _last_day(entries, exits)
    made = partial(Curve, group, int(entries.sum()), entries, exits, last)
    rows = _paired(entries[entries.index < last], leaving[leaving.index <= last], staying[staying.index < last], last)
    if not last or not rows["has_left"].any():
        return made(*[np.zeros(0)] * 6)
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
    days, departed = events.index.to_numpy(float), events["observed"].to_numpy(float)
    return made(days, departed, at_risk, np.where(gone, 0.0, survival), low, high)


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
