"""How long journeys take to their goal: a mean up to the window, and how the times of those that get there spread."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine, schema
from journeylib.estimates import Sums, cluster_sums, mean, quantile, value_at
from journeylib.measures.timing.spans import HOUR_US, at_most, key_of, texts, up, window_us
from journeylib.trace import measured

__all__ = ["HOURS_A_DAY", "spread", "to_goal", "to_goal_units"]

HOURS_A_DAY = 24  # `to_goal_units` counts hours; so many make the day in which a mean is told
_QUANTILES = {"q10": 0.1, "q25": 0.25, "q75": 0.75, "q90": 0.9}


@measured
def to_goal(labelled: nw.LazyFrame, *, within_days: float, by: Sequence[str] = ()) -> pd.DataFrame:
    """Measure the restricted mean time to the goal in days: one row a group.

    Of mature journeys, each from its start; one that does not reach the goal counts as the whole window, so
    the mean falls where journeys get there sooner or more often. `within_days` is the window
    by which `labelled` was labelled. `n` is customers, `journeys` the mature journeys.
    """
    units = to_goal_units(labelled, within_days=within_days, by=by)
    groups = engine.collect(cluster_sums(units, by, x=nw.col("x")), order_by=by)
    if not groups["customers"].sum():
        return schema.not_applicable("no journey has had its whole window yet", by, ["journeys"])
    rows = []
    for group in groups.to_dict("records"):
        hours = Sums.of(group)
        x, xm, xx = hours.x / HOURS_A_DAY, hours.xm / HOURS_A_DAY, hours.xx / HOURS_A_DAY**2
        found = mean(Sums(hours.customers, hours.m, x, hours.mm, xm, xx))
        rows.append(found.row(**{name: group[name] for name in by}, journeys=int(group["m"])))
    return schema.result(rows, by, ["journeys"])


def to_goal_units(labelled: nw.LazyFrame, *, within_days: float, by: Sequence[str] = ()) -> nw.LazyFrame:
    """Make the units of `to_goal`, lazily: a row a mature journey, `zero_us` its start, `m` = 1.

    `x` is the whole hours to the goal, halves up, at most those of the window: `HOURS_A_DAY` of
    them are one day of the mean.
    """
    took = nw.col("goal_us") - nw.col("started_us")
    most = (window_us(within_days) + HOUR_US // 2) // HOUR_US
    near = took + HOUR_US // 2
    hours = ((near - near % HOUR_US) / HOUR_US).cast(nw.Int64)
    is_over = took.is_null() | (hours > most)
    return labelled.filter(nw.col("is_mature")).select(
        "customer_id",
        "started_us",
        zero_us=nw.col("started_us"),
        **texts(by),
        m=nw.lit(1).cast(nw.Int64),
        x=nw.when(is_over).then(nw.lit(most)).otherwise(hours).cast(nw.Int64),
    )


@measured
def spread(labelled: nw.LazyFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Measure how the hours to the goal spread over mature journeys that reach it: one row a group.

    `estimate` is their median with an interval clustered by customer (Woodruff), `q10` to `q90` are
    the values that so many per cent do not exceed, all order statistics. Journeys that do not
    reach the goal are not in it: a group that gets there sooner may get there less often.
    `n` is the customers, `journeys` the journeys.
    """
    extra = [*_QUANTILES, "journeys"]
    converted = labelled.filter(nw.col("is_mature") & (nw.col("outcome") == "converted"))
    took = up(nw.col("goal_us") - nw.col("started_us"))
    spans = converted.select("customer_id", **texts(by), took=took)
    counts = engine.collect(spans.group_by(*by, "took").agg(units=nw.len()), order_by=[*by, "took"])
    if counts.empty:
        return schema.not_applicable("no journey that has had its whole window reached the goal", by, extra)
    parts = counts.groupby(list(by)) if by else [((), counts)]
    each = {tuple(key): (list(part["took"] / HOUR_US), list(part["units"])) for key, part in parts}
    medians = {key: round(value_at(*one, 0.5) * HOUR_US) for key, one in each.items()}
    groups = engine.collect(cluster_sums(spans, by, x=at_most("took", medians, by)), order_by=by)
    rows = []
    for group in groups.to_dict("records"):
        hours, units = each[key_of(group, by)]
        found = quantile(hours, units, Sums.of(group))
        told = {name: value_at(hours, units, q) for name, q in _QUANTILES.items()}
        rows.append(found.row(**{name: group[name] for name in by}, **told, journeys=int(group["m"])))
    return schema.result(rows, by, extra)
