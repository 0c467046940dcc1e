"""Leaving by cause: the share of customers who have left for each cause, when the causes compete.

Whoever leaves for one cause cannot leave for another. The cumulative incidence of Aalen and Johansen
says how many did: over all causes it adds up with the share still there to 1. One less Kaplan–Meier with the
other causes censored does not; it overstates each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from journeylib import schema
from journeylib.estimates import Z, plain_sums, share
from journeylib.measures.churn.counts import Counts, Floats, cause_of, counted, names_of, thinned
from journeylib.measures.churn.histories import Histories, each
from journeylib.trace import measured

__all__ = ["NO_CAUSE", "incidence", "incidence_at"]

NO_CAUSE = "the data do not say why customers left"
_COUNTED = ["at_risk", "left"]


@measured
def incidence(followed: nw.LazyFrame, by: Sequence[str] = (), *, until_day: int | None = None) -> pd.DataFrame:
    """Measure the share of customers who have left for each cause by day: Aalen–Johansen; a row a cause and day.

    F(t) = Σ S(s−) d(s)/Y(s) over the days up to t, with d those who leave for the cause, Y those at risk (who enter
    late are from then on) and S the share still there for any cause. The variance is Greenwood's for several causes
    (Andersen, Borgan, Gill and Keiding 1993, IV.4), the interval log-log of 1 − F: with one cause both are
    `curve`'s. Starts with day 0 and ends where the curve stops (fewer than ten at risk), or at `until_day`; at most
    300 days a group, thinned evenly.

    Causes most frequent first; a missing one is "unknown". `n` is the group's customers, `left` those who have left
    for the cause.
    """
    columns = [*names_of(by), "cause", "day"]
    found = _found(followed, by)
    if isinstance(found, str):
        return schema.not_applicable(found, columns, _COUNTED)
    rows = []
    for one, cause in _each(found):
        last = one.counts.last_day if until_day is None else min(one.counts.last_day, until_day)
        days = thinned(one.days, last)
        at_risk = one.counts.at_risk(np.maximum(1.0, days)).astype(int)
        values = zip(days.astype(int), *one.at(days, cause), at_risk, one.departed(days, cause), strict=True)
        for day, estimate, low, high, risk, left in values:
            told = [one.counts.customers, estimate, low, high, one.counts.is_enough, int(risk), int(left)]
            rows.append([*one.counts.group, cause, int(day), *told])
    return pd.DataFrame(rows, columns=[*columns, *schema.RESULT, *_COUNTED])


@measured
def incidence_at(followed: nw.LazyFrame, by: Sequence[str] = (), *, horizon_days: int) -> pd.DataFrame:
    """Measure the share of customers who have left for each cause after `horizon_days`: one row a group and cause.

    As `incidence` on that day. Not enough where fewer than ten, or than one in twenty of the group, are at risk on
    it; NaN where the curve has stopped before it.

    >>> from journeylib.measures.churn import from_frame
    >>> frame = pd.DataFrame({"day": [2, 5, 9], "left": [1, 1, 0], "why": ["moved", "price", None], "n": [20, 20, 60]})
    >>> table = from_frame(frame, duration="day", event="left", cause="why", weight="n")
    >>> incidence_at(table, horizon_days=6)[["cause", "n", "estimate", "low", "high"]].round(3)
       cause    n  estimate    low   high
    0  moved  100       0.2  0.134  0.293
    1  price  100       0.2  0.134  0.293
    """
    columns = [*names_of(by), "cause"]
    found = _found(followed, by)
    if isinstance(found, str):
        return schema.not_applicable(found, columns, _COUNTED)
    rows = []
    for one, cause in _each(found):
        counts, day = one.counts, np.array([float(horizon_days)])
        told = [math.nan] * 3
        if counts.covers(horizon_days):
            told = [float(value[0]) for value in one.at(day, cause)]
        is_enough = counts.is_enough and counts.reaches(horizon_days)
        many = [counts.at_risk_on(horizon_days), int(one.departed(day, cause)[0])]
        rows.append([*counts.group, cause, counts.customers, *told, is_enough, *many])
    return pd.DataFrame(rows, columns=[*columns, *schema.RESULT, *_COUNTED])


@dataclass(frozen=True)
class _Leaving:
    """One group's hazards by day of departure: arrays over `days`."""

    counts: Counts
    rows: Histories | None
    days: Floats
    at_risk: Floats
    hazard: Floats
    before: Floats  # S just before each day

    @classmethod
    def of(cls, counts: Counts, rows: Histories | None) -> _Leaving:
        days = counts.days[counts.days <= counts.last_day]
        at_risk = counts.at_risk(days)
        hazard = counts.departures(days) / at_risk
        return cls(counts, rows, days, at_risk, hazard, np.concatenate([[1.0], np.cumprod(1 - hazard)])[:-1])

    def departed(self, days: Floats, cause: str) -> Floats:
        """How many have left for the cause by each day."""
        sums = np.concatenate([[0.0], self.counts.departures(self.days, cause).cumsum()])
        found: Floats = sums[np.searchsorted(self.days, days, side="right")]
        return found

    def at(self, days: Floats, cause: str) -> tuple[Floats, Floats, Floats]:
        """The incidence of a cause on each day, with its interval."""
        own = self.counts.departures(self.days, cause) / self.at_risk
        path = np.cumsum(self.before * own)
        upto = np.searchsorted(self.days, days, side="right")
        estimate = np.concatenate([[0.0], path])[upto]
        error = np.array([self._error(cause, own, path, many) for many in upto])
        bound = np.array(
            [
                share(plain_sums(0, int(n))).high
                for n in self.counts.at_risk(np.clip(days, 1, max(1, self.counts.last_day)))
            ]
        )
        return (estimate, *_interval(estimate, error, np.where(days < 1, 0.0, bound)))

    def _error(self, cause: str, own: Floats, path: Floats, many: int) -> float:
        """The standard error after so many days of departure.

        How F(t) turns with the cause's hazard on day s is S(s−) − b, and with another cause's −b, where
        b = (F(t) − F(s))/(1 − h(s)); the hazards of one day are shares of the same customers (multinomial).
        """
        if not many:
            return 0.0
        h, k, at_risk, before = self.hazard[:many], own[:many], self.at_risk[:many], self.before[:many]
        stays = np.where(h < 1, 1 - h, 1.0)  # when all leave at once nothing comes after
        b = np.where(h < 1, (path[many - 1] - path[:many]) / stays, 0.0)
        if self.rows is not None:
            drift = (before * k - b * h) / at_risk
            gains = {cause: (before - b) / at_risk}
            return math.sqrt(self.rows.variance(self.days[:many], -b / at_risk, drift, gains=gains))
        spread = (before - b) ** 2 * k + b**2 * (h - k) - (before * k - b * h) ** 2
        return math.sqrt(max(0.0, float((spread / at_risk).sum())))


def _found(followed: nw.LazyFrame, by: Sequence[str]) -> list[tuple[Counts, Histories | None]] | str:
    if cause_of(followed.collect_schema().names()) is None:
        return NO_CAUSE
    found = counted(followed, by, by_cause=True)
    return found if isinstance(found, str) else each(followed, by, found, by_cause=True)


def _each(found: Sequence[tuple[Counts, Histories | None]]) -> list[tuple[_Leaving, str]]:
    """Every group with every cause, most frequent first over all groups."""
    totals: dict[str, int] = {}
    for one, _ in found:
        for cause, left in one.left_by.items():
            totals[cause] = totals.get(cause, 0) + int(left.sum())
    causes = sorted(totals, key=lambda cause: (-totals[cause], cause))
    return [(leaving, cause) for leaving in (_Leaving.of(*one) for one in found) for cause in causes]


def _interval(estimate: Floats, error: Floats, bound: Floats) -> tuple[Floats, Floats]:
    """The log-log interval of 1 − F; at 0 and 1, where it has no answer, what nobody in so many says."""
    rest = 1 - estimate
    inside = (estimate > 1e-12) & (rest > 1e-12)
    safe = np.where(inside, rest, 0.5)
    reach = np.exp(Z * np.where(inside, error, 0.0) / (safe * -np.log(safe)))
    low, high = 1 - safe ** (1 / reach), 1 - safe**reach
    none = estimate <= 1e-12
    return np.where(inside, low, np.where(none, 0.0, 1 - bound)), np.where(inside, high, np.where(none, bound, 1.0))
