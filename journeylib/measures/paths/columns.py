"""Journeys column by column: which way they flow, and where they are at each step.

A column has one place a journey: its touchpoint or channel there or, once it has ended, how.
"""

from __future__ import annotations

from collections.abc import Sequence

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine, schema
from journeylib.errors import ParameterError
from journeylib.estimates import Sums, category_sums, share
from journeylib.trace import measured, unnoted

__all__ = ["ENDS", "OTHER", "flow", "matrix"]

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
    journeys, link = engine.kept(_journeys(steps, labelled, columns, of)), ["step", *_PAIR]
    with unnoted():
        sizes = _sizes(journeys, columns)
    if sizes.empty or columns < 2:
        return schema.not_applicable(_NONE, link, _EXTRA)
    names = {step: _named(step, _most(sizes[sizes["step"] == step], most)) for step in range(1, columns + 1)}
    each = journeys.select("customer_id", *(name.alias(f"at_{step}") for step, name in names.items()), end=_end())
    links = nw.concat([_links(each, step) for step in range(1, columns)])
    found = engine.collect(category_sums(links, journeys, link))
    found = found.sort_values(["step", "x", *_PAIR], ascending=[True, False, True, True])
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
    journeys = engine.kept(_journeys(steps, labelled, columns, "touchpoint"))
    where, extra = ["step", "touchpoint"], [*_EXTRA, "is_end"]
    with unnoted():
        names = _most(_sizes(journeys, columns), most)
    places = nw.concat([_places(journeys, step, names) for step in range(1, columns + 1)])
    found = engine.collect(category_sums(places, journeys, [*where, "is_end"]))
    if found.empty:
        return schema.not_applicable(_NONE, where, extra)
    found = found.sort_values(["step", "is_end", "x", "touchpoint"], ascending=[True, True, False, True])
    rows = []
    for row in found.to_dict("records"):
        place = {"step": int(row["step"]), "touchpoint": row["touchpoint"], "is_end": bool(row["is_end"])}
        rows.append(share(Sums.of(row)).row(**place, journeys=int(row["x"]), customers=int(row["marked"])))
    return schema.result(rows, where, extra)


def _journeys(steps: nw.LazyFrame, labelled: nw.LazyFrame, columns: int, of: str) -> nw.LazyFrame:
    """A row a labelled journey: its customer and outcome, and at_1, at_2, … its first stays, missing beyond its end."""
    stays = steps.select(*_JOURNEY, "step", stay=nw.col(of).fill_null(_UNKNOWN), was=nw.col(f"previous_{of}"))
    is_new = nw.col("step") <= columns  # as many steps are as many stays, or else channels that change
    if of == "channel":
        is_new = (nw.col("step") == 1) | (nw.col("stay") != nw.col("was").fill_null(_UNKNOWN))
    at = [f"at_{step}" for step in range(1, columns + 1)]
    first = engine.firsts(stays.filter(is_new), _JOURNEY, "stay", at, order_by="step")
    joined = first.join(labelled.select(*_JOURNEY, "outcome"), on=_JOURNEY, how="inner")
    return joined.select("customer_id", "outcome", *at)


def _sizes(journeys: nw.LazyFrame, columns: int) -> pd.DataFrame:
    """How many journeys have each stay in each column."""
    stays = nw.concat(
        [journeys.select(step=_number(step), stay=nw.col(f"at_{step}")) for step in range(1, columns + 1)]
    )
    return engine.collect(stays.filter(~nw.col("stay").is_null()).group_by("step", "stay").agg(size=nw.len()))


def _most(sizes: pd.DataFrame, most: int) -> list[str]:
    """The `most` frequent stays, ties by name."""
    counted = {str(stay): int(size) for stay, size in sizes.groupby("stay")["size"].sum().items()}
    return sorted(counted, key=lambda stay: (-counted[stay], stay))[:most]


def _named(step: int, names: Sequence[str]) -> nw.Expr:
    """The stay in a column: by its name where that is one of `names`, else "other"; missing beyond the end."""
    stay = nw.col(f"at_{step}")
    named = nw.when(stay.is_in(list(names))).then(stay).otherwise(nw.lit(OTHER)) if names else nw.lit(OTHER)
    return nw.when(~stay.is_null()).then(named)


def _links(each: nw.LazyFrame, step: int) -> nw.LazyFrame:
    source, target = nw.col(f"at_{step}"), nw.col(f"at_{step + 1}")
    onward = nw.when(target.is_null()).then(nw.col("end")).otherwise(target)
    return each.filter(~source.is_null()).select("customer_id", step=_number(step), source=source, target=onward)


def _places(journeys: nw.LazyFrame, step: int, names: Sequence[str]) -> nw.LazyFrame:
    is_end = nw.col(f"at_{step}").is_null()
    touchpoint = nw.when(is_end).then(_end()).otherwise(_named(step, names))
    return journeys.select("customer_id", step=_number(step), touchpoint=touchpoint, is_end=is_end)


def _number(step: int) -> nw.Expr:
    return nw.lit(step).cast(nw.Int64)


def _end() -> nw.Expr:
    end = nw.lit(None, dtype=nw.String)
    for outcome, name in ENDS.items():
        end = nw.when(nw.col("outcome") == outcome).then(nw.lit(name)).otherwise(end)
    return end
