"""Where do journeys go: from touchpoint to touchpoint, and column by column.

Shares are of journeys and clustered by customer. Steps are those of whole journeys
(`journeys.in_period`), never cut in the middle.
"""

from __future__ import annotations

import math
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine, schema
from journeylib.errors import ParameterError
from journeylib.estimates import Sums, Z, category_sums, share
from journeylib.trace import measured

__all__ = ["ENDS", "OTHER", "flow", "top", "transitions"]

OTHER = "other"
ENDS = {"converted": "converted", "lost": "drop-off", "open": "open"}  # outcome → where a flow ends
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
        *_JOURNEY, "event_id", "wait_us", source=nw.col("previous_touchpoint"), target=nw.col("touchpoint")
    )
    made = moves.group_by(*_JOURNEY, *_PAIR).agg(times=nw.len())
    found = category_sums(made, steps.filter(nw.col("step") == 1), _PAIR)

    rank = nw.col("event_id").cum_count().over(*_PAIR, order_by=["wait_us", "customer_id", "event_id"])
    ranked = moves.with_columns(rank=rank, waits=nw.len().over(*_PAIR))
    customers = nw.col("customer_id").n_unique()
    placed = ranked.join(moves.group_by(*_PAIR).agg(those=customers), on=_PAIR, how="inner")
    waits, reach = nw.col("waits"), Z / 2 / nw.col("those") ** 0.5
    first, last = (waits * (0.5 - reach)).floor(), (waits * (0.5 + reach)).ceil() + 1
    wanted = {
        "wait_us": (waits / 2).ceil(),
        "low_us": nw.when(first < 1).then(1.0).otherwise(first),
        "high_us": nw.when(last > waits).then(waits.cast(nw.Float64)).otherwise(last),
    }
    at_rank = {f"{name}_at": nw.when(nw.col("rank") == at).then(nw.col("wait_us")) for name, at in wanted.items()}
    medians = placed.with_columns(**at_rank).group_by(*_PAIR).agg(**{name: nw.col(name).max() for name in at_rank})

    extra = ["journeys", "customers", "wait_hours", "wait_low", "wait_high"]
    pairs = engine.collect(found.join(medians, on=_PAIR, how="inner"))
    if pairs.empty:
        return schema.not_applicable("no journey has a second step", _PAIR, extra)
    pairs = pairs.sort_values(["x", *_PAIR], ascending=[False, True, True]).head(most)
    return schema.result([_transition(pair) for pair in pairs.to_dict("records")], _PAIR, extra)


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
    stays = steps.select(
        *_JOURNEY, *schema.ORDER, "step", stay=nw.col(of).fill_null("unknown"), was=nw.col(f"previous_{of}")
    )
    if of == "channel":
        stays = stays.filter((nw.col("step") == 1) | (nw.col("stay") != nw.col("was").fill_null("unknown")))
    number = nw.col("event_id").cum_count().over(*_JOURNEY, order_by=schema.ORDER)
    stays = stays.with_columns(step=number).filter(nw.col("step") <= columns)
    stays = stays.join(labelled.select(*_JOURNEY, "outcome"), on=_JOURNEY, how="inner")

    onward = nw.col("stay").shift(-1).over(*_JOURNEY, order_by=schema.ORDER)
    end = nw.lit(None, dtype=nw.String)
    for outcome, name in ENDS.items():
        end = nw.when(nw.col("outcome") == outcome).then(nw.lit(name)).otherwise(end)
    folded = _fold(stays, most)
    links = folded.with_columns(target=onward).with_columns(
        source=nw.col("stay"), target=nw.when(nw.col("target").is_null()).then(end).otherwise(nw.col("target"))
    )
    link = ["step", *_PAIR]
    sums = category_sums(links.filter(nw.col("step") < columns), labelled, link)
    found = engine.collect(sums).sort_values(["step", "x", *_PAIR], ascending=[True, False, True, True])
    extra = ["journeys", "customers"]
    if found.empty:
        return schema.not_applicable("no journey started in the period", link, extra)
    rows = []
    for row in found.to_dict("records"):
        where = {"step": int(row["step"]), "source": row["source"], "target": row["target"]}
        rows.append(share(Sums.of(row)).row(**where, journeys=int(row["x"]), customers=int(row["marked"])))
    return schema.result(rows, link, extra)


@measured
def top(steps: nw.LazyFrame, labelled: nw.LazyFrame, *, most: int = 10, length: int = 5) -> pd.DataFrame:
    """Measure the `most` frequent paths: touchpoint by touchpoint, the same one again taken once.

    A path is the first `length` touchpoints; one that goes on ends in "…". `estimate` is the
    share of labelled journeys, clustered by customer. The last row, "other", is all the rest,
    so the shares add up to 1.
    """
    turns = steps.filter((nw.col("step") == 1) | (nw.col("touchpoint") != nw.col("previous_touchpoint")))
    turn = nw.col("event_id").cum_count().over(*_JOURNEY, order_by=schema.ORDER)
    turns = turns.with_columns(turn=turn).filter(nw.col("turn") <= length + 1)
    turns = turns.join(labelled.select(*_JOURNEY), on=_JOURNEY, how="inner")
    places = {
        f"at_{place}": nw.when(nw.col("turn") == place).then(nw.col("touchpoint")) for place in range(1, length + 1)
    }
    goes_on = nw.when(nw.col("turn") > length).then(nw.lit("…"))
    made = turns.with_columns(**places, goes_on=goes_on).group_by(*_JOURNEY).agg(nw.col(*places, "goes_on").max())
    named = made.with_columns(path=nw.concat_str([nw.col(*places, "goes_on")], separator=" → ", ignore_nulls=True))

    sizes = named.group_by("path").agg(size=nw.len()).with_columns(smaller=-nw.col("size"), one=nw.lit(1))
    kept = sizes.with_columns(place=nw.col("path").cum_count().over("one", order_by=["smaller", "path"]))
    frequent = kept.filter(nw.col("place") <= most).select("path", "place")
    folded = named.join(frequent, on="path", how="left").with_columns(
        path=nw.when(nw.col("place").is_null()).then(nw.lit(OTHER)).otherwise(nw.col("path"))
    )
    found = engine.collect(category_sums(folded.select(*_JOURNEY, "path"), labelled, ["path"]))
    extra = ["journeys", "customers"]
    if found.empty:
        return schema.not_applicable("no journey started in the period", ["path"], extra)
    found = found.assign(last=found["path"] == OTHER).sort_values(["last", "x", "path"], ascending=[True, False, True])
    rows = [
        share(Sums.of(row)).row(path=row["path"], journeys=int(row["x"]), customers=int(row["marked"]))
        for row in found.to_dict("records")
    ]
    return schema.result(rows, ["path"], extra)


def _fold(stays: nw.LazyFrame, most: int) -> nw.LazyFrame:
    """Keep the names of the `most` frequent stays of each column."""
    sizes = stays.group_by("step", "stay").agg(size=nw.len()).with_columns(smaller=-nw.col("size"))
    place = nw.col("stay").cum_count().over("step", order_by=["smaller", "stay"])
    kept = sizes.with_columns(place=place).filter(nw.col("place") <= most).select("step", "stay", "place")
    joined = stays.join(kept, on=["step", "stay"], how="left")
    return joined.with_columns(stay=nw.when(nw.col("place").is_null()).then(nw.lit(OTHER)).otherwise(nw.col("stay")))


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
