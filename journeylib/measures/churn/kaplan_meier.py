"""Kaplan–Meier curves from counts by day; lifelines makes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from lifelines import KaplanMeierFitter

from journeylib.estimates import Z, plain_sums, share
from journeylib.measures.churn.counts import MANY, Counts, Floats, counted, in_order, paired
from journeylib.measures.churn.histories import Histories, each

__all__ = ["Curve", "curves"]


@dataclass(frozen=True)
class Curve:
    """One group's curve: arrays by day of departure up to the last day, S just after each."""

    counts: Counts
    days: Floats
    left: Floats
    at_risk: Floats
    survival: Floats
    low: Floats
    high: Floats
    rows: Histories | None = None

    @property
    def group(self) -> tuple[Any, ...]:
        return self.counts.group

    @property
    def customers(self) -> int:
        return self.counts.customers

    @property
    def last_day(self) -> int:
        return self.counts.last_day

    @property
    def is_enough(self) -> bool:
        return self.counts.is_enough

    def on(self, day: int) -> tuple[float, float, float]:
        """S with its interval at the end of `day`; NaN where the curve has stopped."""
        if not self.counts.covers(day):
            return math.nan, math.nan, math.nan
        at = int(np.searchsorted(self.days, day, side="right")) - 1
        if day < 1:
            return 1.0, 1.0, 1.0
        if at < 0:  # nobody has left yet
            bound = share(plain_sums(0, self.counts.at_risk_on(day)))
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
        if self.rows is not None:
            gain = np.divide(beyond, at_risk - left, out=np.zeros(len(days)), where=some)
            return float(areas.sum()), self.rows.variance(days, gain, gain * left / at_risk)
        variance = (beyond[some] ** 2 * left[some] / (at_risk[some] * (at_risk[some] - left[some]))).sum()
        return float(areas.sum()), float(variance)


def curves(followed: nw.LazyFrame, by: Sequence[str]) -> list[Curve] | str:
    """Make one curve a group, by name; or say why there is none."""
    found = counted(followed, by)
    if isinstance(found, str):
        return found
    return [_curve(one, rows) for one, rows in each(followed, by, found)]


def _curve(counts: Counts, several: Histories | None = None) -> Curve:
    entries, exits, leaving = counts.entries, counts.exits, counts.left
    staying = exits.sub(leaving, fill_value=0).astype(int)
    last = counts.last_day
    entries, leaving = entries[entries.index < last], leaving[leaving.index <= last]
    staying = staying[(staying > 0) & (staying.index < last)]
    rest = int(entries.sum() - leaving.sum() - staying.sum())  # who is still there on the last day
    ends = [*((day, False, n) for day, n in in_order(staying)), *((day, True, n) for day, n in in_order(leaving))]
    rows = paired(entries, sorted([*ends, (last, False, rest)] if rest else ends))
    if not last or not rows["what"].any():
        none = np.zeros(0)
        return Curve(counts, none, none, none, none, none, none, several)
    fitted = KaplanMeierFitter().fit(
        rows["day"],
        rows["what"],
        # Half a day late: lifelines takes who enters on a day to be at risk on it already.
        entry=rows["entry_day"] + 0.5 if rows["entry_day"].any() else None,
        weights=rows[MANY],
    )
    events = fitted.event_table[fitted.event_table["observed"] > 0]
    survival = fitted.survival_function_.loc[events.index].iloc[:, 0].to_numpy(float)
    low, high = fitted.confidence_interval_.loc[events.index].to_numpy(float).T
    at_risk = events["at_risk"].to_numpy(float)
    days, departed = events.index.to_numpy(float), events["observed"].to_numpy(float)
    if several is not None:
        low, high = _clustered(days, departed, at_risk, survival, several)
    gone = survival < 1e-12  # all left at once: the log-log interval has no answer
    bound = [share(plain_sums(0, int(n))).high for n in at_risk]
    low, high = np.where(gone, 0.0, low), np.where(gone, bound, high)
    return Curve(counts, days, departed, at_risk, np.where(gone, 0.0, survival), low, high, several)


def _clustered(days: Floats, left: Floats, at_risk: Floats, survival: Floats, rows: Histories) -> tuple[Floats, Floats]:
    """The log-log interval with the variance of log S clustered by customer."""
    gain = np.divide(1.0, at_risk - left, out=np.zeros(len(days)), where=at_risk > left)
    drift = gain * left / at_risk
    spread = np.array([rows.variance(days[:upto], gain[:upto], drift[:upto]) for upto in range(1, len(days) + 1)])
    inside = np.clip(survival, 1e-300, 1 - 1e-15)
    reach = np.exp(Z * np.sqrt(spread) / -np.log(inside))
    return inside**reach, inside ** (1 / reach)
