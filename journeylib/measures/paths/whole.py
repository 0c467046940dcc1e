"""Whole paths: the most frequent ones, and how many journeys follow a pattern."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine, schema
from journeylib.estimates import Sums, category_sums, cluster_sums, share
from journeylib.journeys import patterns
from journeylib.measures.paths.columns import OTHER
from journeylib.trace import measured

__all__ = ["followed", "followed_units", "top"]

_JOURNEY = ["customer_id", "started_us"]


@measured
def top(steps: nw.LazyFrame, labelled: nw.LazyFrame, *, most: int = 10, length: int = 5) -> pd.DataFrame:
    """Measure the `most` frequent paths: touchpoint by touchpoint, the same one again taken once.

    A path is the first `length` touchpoints; one that goes on ends in "…". `estimate` is the
    share of labelled journeys, clustered by customer. The last row, "other", is all the rest,
    so the shares add up to 1.
    """
    turns = steps.filter((nw.col("step") == 1) | (nw.col("touchpoint") != nw.col("previous_touchpoint")))
    at = [f"at_{turn}" for turn in range(1, length + 2)]
    # A first step without a touchpoint is a turn too, but one without a name.
    made = engine.firsts(
        turns.with_columns(nw.col("touchpoint").fill_null("")), _JOURNEY, "touchpoint", at, order_by="step"
    )
    goes_on = nw.when(~nw.col(at[-1]).is_null()).then(nw.lit("…"))
    first = nw.when(nw.col(at[0]) != "").then(nw.col(at[0]))
    path = nw.concat_str([first, *map(nw.col, at[1:-1]), goes_on], separator=" → ", ignore_nulls=True)
    made = made.select(*_JOURNEY, path=path)
    journeys = engine.kept(made.join(labelled.select(*_JOURNEY), on=_JOURNEY, how="inner").drop("started_us"))
    sizes = journeys.group_by("path").agg(size=nw.len()).with_columns(smaller=-nw.col("size"), one=nw.lit(1))
    kept = sizes.with_columns(place=nw.col("path").cum_count().over("one", order_by=["smaller", "path"]))
    frequent = kept.filter(nw.col("place") <= most).select("path", "place")
    folded = journeys.join(frequent, on="path", how="left").with_columns(
        path=nw.when(nw.col("place").is_null()).then(nw.lit(OTHER)).otherwise(nw.col("path"))
    )
    found = engine.collect(category_sums(folded, journeys, ["path"]))
    extra = ["journeys", "customers"]
    if found.empty:
        return schema.not_applicable("no journey started in the period", ["path"], extra)
    found = found.assign(last=found["path"] == OTHER).sort_values(["last", "x", "path"], ascending=[True, False, True])
    rows = [
        share(Sums.of(row)).row(path=row["path"], journeys=int(row["x"]), customers=int(row["marked"]))
        for row in found.to_dict("records")
    ]
    return schema.result(rows, ["path"], extra)


@measured
def followed(
    steps: nw.LazyFrame,
    pattern: str,
    *,
    within_days: float | None = None,
    of: str = "touchpoint",
    by: Sequence[str] = (),
) -> pd.DataFrame:
    """Measure the share of journeys that follow a path pattern such as `a -> [^b]* -> c`: one row a group.

    Patterns are those of `journeys.patterns`. Every journey of `steps` counts, so an open one
    that may still follow counts as one that did not. A group is what `by` says at the journey's
    first step; missing is "unknown". `n` is the group's customers, `journeys` its journeys.
    """
    units = followed_units(steps, pattern, within_days=within_days, of=of, by=by)
    groups = engine.collect(cluster_sums(units, by, x=nw.col("x")), order_by=by)
    if not groups["customers"].sum():
        return schema.not_applicable("no journey started in the period", by, ["journeys"])
    rows = [
        share(Sums.of(group)).row(**{name: group[name] for name in by}, journeys=int(group["m"]))
        for group in groups.to_dict("records")
    ]
    return schema.result(rows, by, ["journeys"])


def followed_units(
    steps: nw.LazyFrame,
    pattern: str,
    *,
    within_days: float | None = None,
    of: str = "touchpoint",
    by: Sequence[str] = (),
) -> nw.LazyFrame:
    """Make the units of `followed`, lazily: a row a journey, `zero_us` its start, `m` = 1, `x` = 1 if it follows."""
    found = patterns.followed(steps, pattern, within_days=within_days, of=of)
    groups = {name: nw.col(name).cast(nw.String).fill_null("unknown") for name in by}
    units = steps.filter(nw.col("step") == 1).select(*_JOURNEY, zero_us=nw.col("started_us"), **groups)
    joined = units.join(found, on=_JOURNEY, how="left")
    is_followed = (~nw.col("followed_us").is_null()).cast(nw.Int64)
    return joined.with_columns(m=nw.lit(1).cast(nw.Int64), x=is_followed).drop("followed_us")
