"""What stands beside a touchpoint: the step before and after it, and how long between."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine, schema
from journeylib.errors import ParameterError
from journeylib.estimates import Sums, Z, category_sums, share
from journeylib.measures.paths.columns import OTHER
from journeylib.trace import measured

__all__ = ["around", "transitions"]

_UNKNOWN = "unknown"
_JOURNEY = ["customer_id", "started_us"]
_PAIR = ["source", "target"]
_HOUR_US = 3_600_000_000


@measured
def transitions(steps: nw.LazyFrame, *, most: int = 12) -> pd.DataFrame:
    """Measure the `most` frequent transitions between touchpoints: share of journeys, and the wait in hours.

    A transition is one step and the next of the same journey; the same touchpoint again is
    one too. `estimate` is the share of all journeys that make it at least once, `journeys`
    how many do, `customers` whose they are, `n` all customers. `wait_hours` is the median
    wait over all times it is made, an order statistic (the ⌈N/2⌉-th of N waits). Its
    interval takes the order statistics ½ ± z/(2√customers), the customers who make the
    transition standing for that many independent waits (exact if they make it once each);
    with fewer than six customers no such interval reaches 95 %, and it is missing.
    Largest share first, ties by name.
    """
    moves = steps.filter(nw.col("step") > 1).select(
        *_JOURNEY, "wait_us", source=nw.col("previous_touchpoint"), target=nw.col("touchpoint")
    )
    made = moves.group_by(*_JOURNEY, *_PAIR).agg(times=nw.len())
    found = category_sums(made, steps.filter(nw.col("step") == 1), _PAIR)

    listed = engine.listed(moves, _PAIR, "wait_us", "waits").with_columns(times=nw.col("waits").list.len())
    times, reach = nw.col("times"), Z / 2 / nw.col("marked") ** 0.5
    first, last = (times * (0.5 - reach)).floor(), (times * (0.5 + reach)).ceil() + 1
    placed = found.join(listed, on=_PAIR, how="inner").with_columns(
        middle=(times / 2).ceil(),
        lowest=nw.when(first < 1).then(1.0).otherwise(first),
        highest=nw.when(last > times).then(times.cast(nw.Float64)).otherwise(last),
    )
    medians = engine.nth(placed, "waits", wait_us_at="middle", low_us_at="lowest", high_us_at="highest")

    extra = ["journeys", "customers", "wait_hours", "wait_low", "wait_high"]
    pairs = engine.collect(medians.drop("waits", "middle", "lowest", "highest"))
    if pairs.empty:
        return schema.not_applicable("no journey has a second step", _PAIR, extra)
    pairs = pairs.sort_values(["x", *_PAIR], ascending=[False, True, True]).head(most)
    return schema.result([_transition(pair) for pair in pairs.to_dict("records")], _PAIR, extra)


@measured
def around(steps: nw.LazyFrame, touchpoint: str, *, before: int = 2, after: int = 2, most: int = 6) -> pd.DataFrame:
    """Measure what came before and after `touchpoint`: one row an offset (−2, −1, 1, 2, …) and touchpoint there.

    Counted from the first time it stands in each journey; offset −1 is the step right before.
    `estimate` is the share of the journeys that hold it, so each offset adds up to 1. Where
    the journey had no such step the row is "start" or "end", marked `is_end`; of an open journey
    that is the end so far. At an offset the `most` frequent touchpoints keep their names (ties by
    name), the rest is "other"; a missing one is "unknown". `n` is the customers whose journeys
    hold it, `journeys` and `customers` those of the row.
    """
    offsets = [offset for offset in range(-before, after + 1) if offset]
    if not offsets:
        raise ParameterError(
            f"before = {before} and after = {after} leave nothing to look at. Set one of them above 0."
        )
    named = steps.with_columns(stay=nw.col("touchpoint").fill_null(_UNKNOWN))
    held = named.filter(nw.col("stay") == touchpoint).group_by(*_JOURNEY).agg(at=nw.col("step").min())
    placed = named.join(held, on=_JOURNEY, how="inner").with_columns(offset=nw.col("step") - nw.col("at"))
    near = _folded(placed.filter(nw.col("offset").is_in(offsets)), most, ["offset"])
    grid = held.select(*_JOURNEY).join(_numbered(steps, "offset", offsets), how="cross")
    grid = grid.join(near.select(*_JOURNEY, "offset", "stay"), on=[*_JOURNEY, "offset"], how="left")
    edge = nw.when(nw.col("offset") < 0).then(nw.lit("start")).otherwise(nw.lit("end"))
    is_end = nw.col("stay").is_null()
    marks = grid.with_columns(touchpoint=nw.when(is_end).then(edge).otherwise(nw.col("stay")), is_end=is_end)
    where, extra = ["offset", "touchpoint"], ["journeys", "customers", "is_end"]
    found = engine.collect(category_sums(marks, held, [*where, "is_end"]))
    if found.empty:
        return schema.not_applicable(f'no journey holds "{touchpoint}"', where, extra)
    found = found.sort_values(["offset", "is_end", "x", "touchpoint"], ascending=[True, True, False, True])
    rows = []
    for row in found.to_dict("records"):
        place = {"offset": int(row["offset"]), "touchpoint": row["touchpoint"], "is_end": bool(row["is_end"])}
        rows.append(share(Sums.of(row)).row(**place, journeys=int(row["x"]), customers=int(row["marked"])))
    return schema.result(rows, where, extra)


def _folded(stays: nw.LazyFrame, most: int, within: Sequence[str] = ()) -> nw.LazyFrame:
    """Keep the names in `stay` that are the `most` frequent `within` each column, ties by name; the rest is "other"."""
    sizes = stays.group_by(*within, "stay").agg(size=nw.len()).with_columns(smaller=-nw.col("size"), one=nw.lit(1))
    place = nw.col("stay").cum_count().over("one", *within, order_by=["smaller", "stay"])
    kept = sizes.with_columns(place=place).filter(nw.col("place") <= most).select(*within, "stay", "place")
    joined = stays.join(kept, on=[*within, "stay"], how="left")
    return joined.with_columns(stay=nw.when(nw.col("place").is_null()).then(nw.lit(OTHER)).otherwise(nw.col("stay")))


def _numbered(table: nw.LazyFrame, name: str, numbers: Iterable[int]) -> nw.LazyFrame:
    """Make a table with a row a number, on whichever engine `table` is; empty where that is."""
    one = table.head(1)
    return nw.concat([one.select(nw.lit(number).cast(nw.Int64).alias(name)) for number in numbers])


def _transition(pair: dict[Any, Any]) -> dict[str, Any]:
    row: dict[str, Any] = share(Sums.of(pair)).row(
        source=pair["source"], target=pair["target"], journeys=int(pair["x"]), customers=int(pair["marked"])
    )
    hours = {
        name: float(pair[f"{column}_at"]) / _HOUR_US
        for name, column in [("wait_hours", "wait_us"), ("wait_low", "low_us"), ("wait_high", "high_us")]
    }
    if pair["marked"] < 6:
        hours["wait_low"] = hours["wait_high"] = math.nan
    return {**row, **hours}
