"""Journeys column by column: which way they flow, and where they are at each step.

A column has one place a journey: its touchpoint or channel there or, once it has ended, how.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine, schema
from journeylib.errors import ParameterError
from journeylib.estimates import Sums, category_sums, share
from journeylib.trace import measured

__all__ = ["ENDS", "OTHER", "flow", "folded", "matrix", "numbered"]

OTHER = "other"
ENDS = {"converted": "converted", "lost": "drop-off", "open": "open"}  # outcome → where a flow ends
_UNKNOWN = "unknown"
_JOURNEY = ["customer_id", "started_us"]
_PAIR = ["source", "target"]
_EXTRA = ["journeys", "customers"]
_NONE = "no journey started in the period"


@measured
def flow(
    steps: nw.LazyFrame, labelled: nw.LazyFrame, *, columns: int = 4, most: int = 8, of: str = "channel"
) -> pd.DataFrame:
    """Measure how journeys flow from column to column: one row a link, for a Sankey drawing.

    Column 1 holds where journeys start, column c their c-th stay: with `of="channel"`
    steps in one channel that follow each other are one stay, with `of="touchpoint"` every
    step is one. A link at `step` c leads from column c to column c + 1, or, for a journey
    that ends at c, to "converted", "drop-off" (lost) or "open". In a column only the `most`
    frequent values keep their names (ties by name), the rest is "other"; a missing channel
    is "unknown". What flows into a value of a column flows out of it.

    `estimate` is the share of all labelled journeys that take the link, so the links of
    step 1 add up to 1. `n` is all customers, `customers` those behind the link.
    """
    if of not in ("channel", "touchpoint"):
        raise ParameterError(f'of = "{of}" is not understood. Write "channel" or "touchpoint".')
    onward = nw.col("stay").shift(-1).over(*_JOURNEY, order_by=schema.ORDER)
    stays = folded(_stays(steps, labelled, columns, of), most, ["step"])
    links = stays.with_columns(target=onward).with_columns(
        source=nw.col("stay"), target=nw.when(nw.col("target").is_null()).then(_end()).otherwise(nw.col("target"))
    )
    link = ["step", *_PAIR]
    sums = category_sums(links.filter(nw.col("step") < columns), labelled, link)
    found = engine.collect(sums).sort_values(["step", "x", *_PAIR], ascending=[True, False, True, True])
    if found.empty:
        return schema.not_applicable(_NONE, link, _EXTRA)
    rows = []
    for row in found.to_dict("records"):
        where = {"step": int(row["step"]), "source": row["source"], "target": row["target"]}
        rows.append(share(Sums.of(row)).row(**where, journeys=int(row["x"]), customers=int(row["marked"])))
    return schema.result(rows, link, _EXTRA)


@measured
def matrix(steps: nw.LazyFrame, labelled: nw.LazyFrame, *, columns: int = 6, most: int = 8) -> pd.DataFrame:
    """Measure where journeys are in their steps 1, 2, … `columns`: one row a step and touchpoint, the step matrix.

    `estimate` is the share of all labelled journeys whose step it is. A journey that has
    ended stays in every later column as "converted", "drop-off" (lost) or "open", marked
    `is_end`, so each column adds up to 1. The same `most` touchpoints keep their names in
    all columns: those in most places of the matrix, ties by name; the rest is "other". A
    missing touchpoint is "unknown". A place that no journey takes has no row. `n` is all
    customers, `journeys` those in this place, `customers` whose they are.
    """
    stays = folded(_stays(steps, labelled, columns, "touchpoint"), most)
    grid = labelled.select(*_JOURNEY, "outcome").join(numbered(steps, "step", range(1, columns + 1)), how="cross")
    grid = grid.join(stays.select(*_JOURNEY, "step", "stay"), on=[*_JOURNEY, "step"], how="left")
    is_end = nw.col("stay").is_null()
    places = grid.with_columns(touchpoint=nw.when(is_end).then(_end()).otherwise(nw.col("stay")), is_end=is_end)
    where, extra = ["step", "touchpoint"], [*_EXTRA, "is_end"]
    found = engine.collect(category_sums(places, labelled, [*where, "is_end"]))
    if found.empty:
        return schema.not_applicable(_NONE, where, extra)
    found = found.sort_values(["step", "is_end", "x", "touchpoint"], ascending=[True, True, False, True])
    rows = []
    for row in found.to_dict("records"):
        place = {"step": int(row["step"]), "touchpoint": row["touchpoint"], "is_end": bool(row["is_end"])}
        rows.append(share(Sums.of(row)).row(**place, journeys=int(row["x"]), customers=int(row["marked"])))
    return schema.result(rows, where, extra)


def folded(stays: nw.LazyFrame, most: int, within: Sequence[str] = ()) -> nw.LazyFrame:
    """Keep the names in `stay` that are the `most` frequent `within` each column, ties by name; the rest is "other"."""
    sizes = stays.group_by(*within, "stay").agg(size=nw.len()).with_columns(smaller=-nw.col("size"), one=nw.lit(1))
    place = nw.col("stay").cum_count().over("one", *within, order_by=["smaller", "stay"])
    kept = sizes.with_columns(place=place).filter(nw.col("place") <= most).select(*within, "stay", "place")
    joined = stays.join(kept, on=[*within, "stay"], how="left")
    return joined.with_columns(stay=nw.when(nw.col("place").is_null()).then(nw.lit(OTHER)).otherwise(nw.col("stay")))


def numbered(table: nw.LazyFrame, name: str, numbers: Iterable[int]) -> nw.LazyFrame:
    """Make a table with a row a number, on whichever engine `table` is; empty where that is."""
    one = table.head(1)
    return nw.concat([one.select(nw.lit(number).cast(nw.Int64).alias(name)) for number in numbers])


def _stays(steps: nw.LazyFrame, labelled: nw.LazyFrame, columns: int, of: str) -> nw.LazyFrame:
    """The first stays of labelled journeys, numbered as `step`, with the journey's outcome."""
    stays = steps.select(
        *_JOURNEY, *schema.ORDER, "step", stay=nw.col(of).fill_null(_UNKNOWN), was=nw.col(f"previous_{of}")
    )
    if of == "channel":
        stays = stays.filter((nw.col("step") == 1) | (nw.col("stay") != nw.col("was").fill_null(_UNKNOWN)))
    number = nw.col("event_id").cum_count().over(*_JOURNEY, order_by=schema.ORDER)
    stays = stays.with_columns(step=number).filter(nw.col("step") <= columns)
    return stays.join(labelled.select(*_JOURNEY, "outcome"), on=_JOURNEY, how="inner")


def _end() -> nw.Expr:
    end = nw.lit(None, dtype=nw.String)
    for outcome, name in ENDS.items():
        end = nw.when(nw.col("outcome") == outcome).then(nw.lit(name)).otherwise(end)
    return end
