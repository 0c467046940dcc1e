"""Scores by week, and by what the answers speak of."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import schema
from journeylib.days import DAY_US, day_of
from journeylib.measures.satisfaction.scores import measure
from journeylib.trace import measured

__all__ = ["by_touchpoint", "by_week", "speaks_of"]

_UNKNOWN = "unknown"


@measured
def by_week(
    events: nw.LazyFrame,
    score: str = "nps",
    *,
    start_us: int,
    ends_us: int,
    every_days: int = 7,
    by: Sequence[str] = (),
) -> pd.DataFrame:
    """Measure a score ("nps", "csat" or "ces") in each whole week: one row a group and period.

    Weeks are counted from the day `start_us` falls on; one still in progress at `ends_us` is left
    out. NPS takes a customer's latest answer of each week. A week without an answer is a row
    without an estimate (n = 0), in every group of `by` that has one in another week.
    """
    occurred, first = nw.col("occurred_us"), start_us // DAY_US * DAY_US
    periods = (ends_us - first) // (every_days * DAY_US)
    until = first + periods * every_days * DAY_US
    placed = events.filter((occurred >= start_us) & (occurred < until)).with_columns(
        period_on=((occurred - first) / (every_days * DAY_US)).floor().cast(nw.Int64)
    )
    found = measure(placed, score, [*by, "period_on"])
    if found.empty:
        return found
    rows = []
    groups: Iterable[Any] = found.groupby(list(by), sort=False, dropna=False) if by else [((), found)]
    for key, own in groups:
        where: dict[str, Any] = dict(zip(by, key, strict=True))
        at = {row["period_on"]: row for row in own.to_dict("records")}
        nothing = {"n": 0, "estimate": math.nan, "low": math.nan, "high": math.nan, "is_enough": False, "answers": 0}
        for period in range(periods):
            day = day_of(first + period * every_days * DAY_US).isoformat()
            rows.append({**nothing, **at.get(period, {}), **where, "period_on": day})
    return schema.result(rows, [*by, "period_on"], ["answers"])


@measured
def by_touchpoint(
    events: nw.LazyFrame,
    score: str = "nps",
    *,
    leave_out: Sequence[str] = (),
    within_days: float | None = None,
    start_us: int | None = None,
    by: Sequence[str] = ("touchpoint",),
) -> pd.DataFrame:
    """Measure a score ("nps", "csat" or "ces") by what the answers speak of: the group with most answers first.

    `events` has all events of the customers, for an answer may speak of what came before the period;
    only answers from `start_us` on count. `by` names "touchpoint", "channel" or both, and other columns
    of the answers. What an answer speaks of is told by `speaks_of`; NPS takes a customer's latest answer
    about each.
    """
    placed = speaks_of(events, leave_out=leave_out, within_days=within_days)
    found = measure(placed if start_us is None else placed.filter(nw.col("occurred_us") >= start_us), score, by)
    return found.sort_values(["answers", *by], ascending=[False, *[True] * len(by)], ignore_index=True)


def speaks_of(events: nw.LazyFrame, *, leave_out: Sequence[str] = (), within_days: float | None = None) -> nw.LazyFrame:
    """Keep the answers of every kind, lazily, with the `touchpoint` and `channel` that each speaks of.

    That is the customer's latest event up to the answer, in the order (occurred_us, event_id), whose
    touchpoint is not one of `leave_out`: name there what nobody is asked about, "survey answered"
    or "email sent". An answer whose own touchpoint is not left out, as the score of a call, speaks
    of itself. "unknown" where nothing came before, or only longer ago than `within_days`.
    """
    occurred, touchpoint = nw.col("occurred_us"), nw.col("touchpoint")
    is_it = ~touchpoint.is_in(list(leave_out)).fill_null(False) if leave_out else nw.lit(True)
    spoken = {"touchpoint": touchpoint.fill_null(_UNKNOWN), "channel": nw.col("channel").fill_null(_UNKNOWN)}
    marks = {"_us": occurred, **{f"_{name}": value for name, value in spoken.items()}}
    placed = events.with_columns(**{name: nw.when(is_it).then(value) for name, value in marks.items()})
    carried = {
        name: nw.col(name).fill_null(strategy="forward").over("customer_id", order_by=schema.ORDER) for name in marks
    }
    answers = placed.with_columns(**carried).filter(~nw.col("score_type").is_null())
    told = {name: nw.col(f"_{name}").fill_null(_UNKNOWN) for name in spoken}
    if within_days is not None:
        is_near = nw.col("occurred_us") - nw.col("_us") <= round(within_days * DAY_US)
        told = {name: nw.when(is_near).then(value).otherwise(nw.lit(_UNKNOWN)) for name, value in told.items()}
    return answers.with_columns(**told).drop(*marks)
