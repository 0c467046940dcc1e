"""What happens to a customer again and again: the mean count of lapses or returns by day.

A recurrent table is a followed one in which a customer has a row up to each time it happened, and one more up
to the end of following: (0, 12] happened, (12, 40] happened, (40, 90] not.
"""

from __future__ import annotations

from collections.abc import Sequence

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from journeylib import schema
from journeylib.estimates import Z, plain_sums, rate
from journeylib.measures.churn.counts import counted, names_of, refuse_collapsed, thinned
from journeylib.measures.churn.histories import has_several, histories
from journeylib.trace import measured

__all__ = ["mean_count"]

_COUNTED = ["at_risk", "events"]


@measured
def mean_count(followed: nw.LazyFrame, by: Sequence[str] = (), *, until_day: int | None = None) -> pd.DataFrame:
    """Measure how often it has happened to a customer by day: the mean cumulative count, one row a day of change.

    M(t) = Σ d/Y over the days up to t (Nelson 1988): among all who are followed on a day, whatever happened to them
    before. The variance is cluster-robust, Σ over customers of (Σ (dN_i − Y_i d/Y)/Y)² (Lawless and Nadeau 1995),
    so it holds however alike the repetitions of a customer are; interval M · exp(± z σ/M). Who stops being followed
    because of what happened (a contract that ended for good) makes it a count for those still there. Starts with
    day 0, ends where fewer than ten are at risk, or at `until_day`; at most 300 days, thinned evenly.

    `n` is the group's customers, `at_risk` those followed on the day, `events` how often it happened up to and
    with it. Enough from 30 customers and 10 events.

    >>> from journeylib.measures.churn import from_frame
    >>> frame = pd.DataFrame({"who": [*range(20), *range(20)], "since": [0] * 20 + [3] * 20,
    ...                       "day": [3] * 20 + [8] * 20, "back": [1] * 10 + [0] * 10 + [1] * 5 + [0] * 15})
    >>> table = from_frame(frame, duration="day", event="back", entry="since", cluster="who")
    >>> mean_count(table)[["day", "n", "estimate", "low", "high"]].round(2)
       day   n  estimate   low  high
    0    0  20      0.00  0.00  0.00
    1    3  20      0.50  0.32  0.78
    2    8  20      0.75  0.46  1.22
    """
    refuse_collapsed(followed)
    columns = [*names_of(by), "day"]
    first = nw.col("entry_day").min().over("customer_id")
    marked = followed if has_several(followed) else followed.with_columns(is_first=nw.col("entry_day") == first)
    found = counted(marked, by)
    if isinstance(found, str):
        return schema.not_applicable(found, columns, _COUNTED)
    rows = []
    for one, own in zip(found, histories(marked, by), strict=True):
        last = one.last_day if until_day is None else min(one.last_day, until_day)
        days = one.days[one.days <= last]
        at_risk, happened = one.at_risk(days), one.departures(days)
        path = np.cumsum(happened / at_risk)
        for day in thinned(days, last):
            upto = int(np.searchsorted(days, day, side="right"))
            risk = one.at_risk_on(max(1, int(day)))
            if not upto:
                told = (0.0, 0.0, 0.0 if day < 1 else rate(plain_sums(0, risk)).high)
            else:
                some = slice(0, upto)
                gain, drift = 1 / at_risk[some], happened[some] / at_risk[some] ** 2
                error = np.sqrt(own.variance(days[some], gain, drift))
                reach = float(np.exp(Z * error / path[upto - 1]))
                told = (float(path[upto - 1]), float(path[upto - 1]) / reach, float(path[upto - 1]) * reach)
            many = int(happened[:upto].sum())
            rows.append([*one.group, int(day), one.customers, *told, one.is_enough, risk, many])
    return pd.DataFrame(rows, columns=[*columns, *schema.RESULT, *_COUNTED])
