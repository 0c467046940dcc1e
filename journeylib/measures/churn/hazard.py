"""How likely those still there are to leave, and when: cumulative hazard, and departures a customer-day by band."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from journeylib import schema
from journeylib.errors import ParameterError
from journeylib.estimates import ENOUGH, Z, plain_sums, rate, share
from journeylib.measures.churn.counts import Floats, counted, names_of, thinned
from journeylib.measures.churn.histories import each
from journeylib.trace import measured

__all__ = ["cumulative_hazard", "hazard"]

_COUNTED = ["at_risk", "left"]
_BAND = ["from_day", "until_day"]
_SHARE = ["share", "share_low", "share_high"]


@measured
def cumulative_hazard(followed: nw.LazyFrame, by: Sequence[str] = (), *, until_day: int | None = None) -> pd.DataFrame:
    """Measure the hazard added up by day: Nelson–Aalen H(t) = Σ d/Y, one row a day of change.

    A straight line is a hazard that stays the same. It is no share: it goes beyond 1. Days have many departures
    each, so the variance is the binomial Σ d(Y − d)/Y³ (Klein 1991); the interval is H · exp(± z σ/H), before
    anybody has left the upper end is that of no departure among those at risk. Days, thinning and columns as in
    `curve`.
    """
    columns = [*names_of(by), "day"]
    found = counted(followed, by)
    if isinstance(found, str):
        return schema.not_applicable(found, columns, _COUNTED)
    rows = []
    for one, several in each(followed, by, found):
        last = one.last_day if until_day is None else min(one.last_day, until_day)
        days = one.days[one.days <= last]
        at_risk, left = one.at_risk(days), one.departures(days)
        path, variance = np.cumsum(left / at_risk), np.cumsum(left * (at_risk - left) / at_risk**3)
        for day in thinned(days, last):
            at = int(np.searchsorted(days, day, side="right")) - 1
            risk = one.at_risk_on(max(1, int(day)))
            if at < 0:
                told = (0.0, 0.0, 0.0 if day < 1 else rate(plain_sums(0, risk)).high)
            else:
                spread = variance[at]
                if several is not None:
                    some = slice(0, at + 1)
                    spread = several.variance(days[some], 1 / at_risk[some], left[some] / at_risk[some] ** 2)
                reach = float(np.exp(Z * np.sqrt(spread) / path[at]))
                told = (float(path[at]), float(path[at]) / reach, float(path[at]) * reach)
            gone = int(left[: at + 1].sum())
            rows.append([*one.group, int(day), one.customers, *told, one.is_enough, risk, gone])
    return pd.DataFrame(rows, columns=[*columns, *schema.RESULT, *_COUNTED])


@measured
def hazard(
    followed: nw.LazyFrame, by: Sequence[str] = (), *, band_days: int = 30, until_day: int | None = None
) -> pd.DataFrame:
    """Measure departures a customer-day in each band of `band_days`: when those still there leave; one row a band.

    Band `from_day` to `until_day` has the departures on these days over the days that customers were at risk on
    them; interval `estimates.rate`. The last band ends where curves stop. `n` is the customers at risk on any day
    of the band, and a band is enough from 30; `at_risk` those at its start, `left` its departures.

    `share` is what a band loses of those there when it begins, 1 − ∏ (1 − d/Y) over its days, whenever in it they
    leave; `share_low` and `share_high` are its log-log interval with Greenwood's variance.
    """
    columns, extra = [*names_of(by), *_BAND], [*_COUNTED, "customer_days", *_SHARE]
    if band_days < 1:
        raise ParameterError(f"band_days = {band_days} is no band. Give a whole number of days from 1.")
    found = counted(followed, by)
    if isinstance(found, str):
        return schema.not_applicable(found, columns, extra)
    rows: list[dict[str, Any]] = []
    for one, several in each(followed, by, found):
        last = one.last_day if until_day is None else min(one.last_day, until_day)
        for begin in range(1, last + 1, band_days):
            end = min(begin + band_days - 1, last)
            days = np.arange(begin, end + 1, dtype=float)
            at_risk = one.at_risk(days)
            customer_days, left = int(at_risk.sum()), int(one.departures(days).sum())
            sums = plain_sums(left, customer_days) if several is None else several.sums(begin, end)
            told = rate(sums)
            late = one.entries[(one.entries.index >= begin) & (one.entries.index < end)].sum()
            n = int(at_risk[0]) + int(late) if several is None else sums.customers
            counts = {"at_risk": int(at_risk[0]), "left": left, "customer_days": customer_days}
            lost = dict(zip(_SHARE, _lost(at_risk, one.departures(days)), strict=True))
            place = dict(zip([*names_of(by), *_BAND], [*one.group, begin, end], strict=True))
            rows.append(told.row(**place, **counts, **lost) | {"n": n, "is_enough": n >= ENOUGH})
    return schema.result(rows, columns, extra)


def _lost(at_risk: Floats, left: Floats) -> tuple[float, float, float]:
    """The share that is lost over some days, with its interval; where nobody or everybody is, what so many allow."""
    inside = at_risk > 0
    there, gone = at_risk[inside], left[inside]
    if not len(there):
        return math.nan, math.nan, math.nan
    stays = float(np.prod(1 - gone / there))
    if not gone.any() or stays <= 0:
        bound = share(plain_sums(0, int(there[0]))).high
        return (0.0, 0.0, bound) if stays > 0 else (1.0, 1 - bound, 1.0)
    error = math.sqrt(float((gone / (there * (there - gone))).sum())) / abs(math.log(stays))
    return 1 - stays, 1 - stays ** math.exp(-Z * error), 1 - stays ** math.exp(Z * error)
