"""At which hour and on which weekday is somebody reached: what came of attempts, with how many there were."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine, schema
from journeylib.days import DAY_US
from journeylib.errors import ParameterError
from journeylib.estimates import Sums, cluster_sums, share
from journeylib.measures.timing.spans import HOUR_US, key_of, texts, window_us
from journeylib.trace import measured

__all__ = ["clock", "reached_units"]

_PARTS = {"hour": range(24), "weekday": range(1, 8)}


@measured
def clock(units: nw.LazyFrame, *, part: str = "hour", offset_hours: float = 0, by: Sequence[str] = ()) -> pd.DataFrame:
    """Measure the share x/m of `units` by the hour (0–23) or weekday (Monday 1 – Sunday 7) of their `zero_us`.

    A unit is `m` tries of which `x` were met. One row for each hour or weekday of every group, in the
    column `part` names; one in which nothing was tried has no estimate. `entries` is the exposure, the
    tries made then: shares of hours with few customers are not enough data, however high.
    `offset_hours` is what a clock on the wall is ahead of UTC, the same all year. Who is tried at
    which hour is seldom left to chance: a better hour may have had the easier customers.
    Clustered by customer: `n` is those tried then.
    """
    if part not in _PARTS:
        raise ParameterError(f'part = "{part}" is not understood. Write "hour" or "weekday".')
    local = nw.col("zero_us") + round(offset_hours * HOUR_US)
    into_day = local % DAY_US  # narwhals' %, never negative on any engine
    if part == "hour":
        at = (into_day - into_day % HOUR_US) / HOUR_US
    else:
        day = ((local - into_day) / DAY_US).cast(nw.Int64)
        at = (day + 3) % 7 + 1  # 1970-01-01 was a Thursday
    placed = units.with_columns(**texts(by), at=at.cast(nw.Int64))
    found = engine.collect(cluster_sums(placed, [*by, "at"], x=nw.col("x"), m=nw.col("m")), order_by=[*by, "at"])
    if found.empty:
        return schema.not_applicable("nothing was tried in the period", [*by, part], ["entries"])
    sums = {(*key_of(row, by), int(row["at"])): Sums.of(row) for row in found.to_dict("records")}
    rows = []
    for group in dict.fromkeys(key[:-1] for key in sums):
        for number in _PARTS[part]:
            one = sums.get((*group, number), Sums.of({"customers": 0}))
            where = {**dict(zip(by, group, strict=True)), part: number}
            rows.append(share(one).row(**where, entries=int(one.m)))
    return schema.result(rows, [*by, part], ["entries"])


def reached_units(
    events: nw.LazyFrame, source: str, target: str, *, within_days: float, ends_us: int, by: Sequence[str] = ()
) -> nw.LazyFrame:
    """Make units of attempts, lazily: a row a `source` event that has had its window, `zero_us` its instant, `m` = 1.

    `x` = 1 where a `target` event of the same customer follows within the window: at the same
    instant or exactly `within_days` later counts too; where source and target are one
    touchpoint, the next one does. One target answers every attempt whose window holds it. Columns `by` are
    those of the attempt; missing is "unknown".
    """
    within_us = window_us(within_days)
    occurred, touchpoint = nw.col("occurred_us"), nw.col("touchpoint")
    # A target sorts behind a source of the same instant, so that it counts as after it.
    both = events.filter(touchpoint.is_in([source, target]) & (occurred < ends_us)).with_columns(
        is_target=(touchpoint == target).cast(nw.Int64)
    )
    order = ["occurred_us", "is_target", "event_id"]
    told = both.with_columns(next_us=nw.when(touchpoint == target).then(occurred))
    told = told.with_columns(next_us=nw.col("next_us").shift(-1).over("customer_id", order_by=order))
    onward = nw.col("next_us").fill_null(strategy="backward").over("customer_id", order_by=order)
    tried = told.with_columns(next_us=onward).filter((touchpoint == source) & (occurred + within_us < ends_us))
    is_reached = (nw.col("next_us") - occurred <= within_us).fill_null(False)
    return tried.select(
        "customer_id", zero_us=occurred, **texts(by), m=nw.lit(1).cast(nw.Int64), x=is_reached.cast(nw.Int64)
    )
