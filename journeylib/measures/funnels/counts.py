"""Count how far entries got: what Kaplan–Meier and intervals clustered by customer need, and the median waits.

Each of these runs once, on an aggregate of a few rows a step and group.
"""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw

from journeylib import engine
from journeylib.estimates import Z
from journeylib.measures.funnels.attempts import NEVER, parts, width_us
from journeylib.measures.funnels.plan import Plan

__all__ = ["COUNTS", "followed", "long", "sums", "waits"]

COUNTS = ["entered", "went_on", "lost", "open", "dropped"]
_SUMS = ["m", "x", "b"]
_PRODUCTS = ["mm", "xm", "xx", "xb", "bb"]


def long(entries: nw.LazyFrame, asked: Plan) -> nw.LazyFrame:
    """One row an entry and step: what the entry counts for there."""
    last = len(asked.steps)
    # A table with a row a step, on whichever engine the entries are.
    one = entries.select(rows=nw.len())
    numbers = nw.concat([one.select(step=nw.lit(number).cast(nw.Int64)) for number in range(1, last + 1)])
    long = entries.join(numbers, how="cross")
    step, depth = nw.col("step"), nw.col("depth")
    here = before = nw.col("t_1")
    for number in range(2, last + 1):
        here = nw.when(step == number).then(nw.col(f"t_{number}")).otherwise(here)
        before = nw.when(step == number).then(nw.col(f"t_{number - 1}")).otherwise(before)
    is_reached = (depth >= step).cast(nw.Int64)
    is_on = ((depth > step) | (depth == last)).cast(nw.Int64) * is_reached
    is_open = (depth == step).cast(nw.Int64) * (1 - is_on) * nw.col("is_open")
    counted, measured = nw.col("is_counted"), nw.col("is_measured")
    return long.with_columns(
        here_us=nw.when(is_reached == 1).then(here).otherwise(nw.lit(NEVER)),
        before_us=before,
        entered=counted * is_reached,
        went_on=counted * is_on,
        open=counted * is_open,
        lost=counted * (is_reached - is_on - is_open),
        dropped=nw.col("is_dropped") * (step == 1).cast(nw.Int64),
        m=measured,
        x=measured * is_reached,
        b=measured * (depth >= step - 1).cast(nw.Int64),
        mature=measured * nw.col("is_mature"),
    )


def sums(long: nw.LazyFrame, place: list[str]) -> nw.LazyFrame:
    """Count the units of each step; and the sums of `Sums`, of those who reach it among all, and among those before."""
    names = [*COUNTS, *_SUMS, "mature", "is_counted"]
    each = long.group_by(*place, "customer_id").agg(**{name: nw.col(name).sum() for name in names})
    products = {f"{one}{two}": (nw.col(one) * nw.col(two)).sum() for one, two in map(tuple, _PRODUCTS)}
    people = {"n": "is_counted", "customers": "entered", "mature_customers": "mature", "customers_before": "b"}
    those = {name: (nw.col(of) > 0).cast(nw.Int64).sum() for name, of in people.items()}
    return each.group_by(*place).agg(**{name: nw.col(name).sum() for name in names}, **products, **those)


def followed(long: nw.LazyFrame, place: list[str], asked: Plan) -> nw.LazyFrame:
    """Count entries by the part of the window up to which each was followed, and whether it reached the step then."""
    width = width_us(asked)
    took = ((nw.col("here_us") - nw.col("t_1") + width - 1) / width).floor()
    measured = long.filter((nw.col("m") == 1) & (nw.col("step") > 1)).with_columns(took=took)
    is_seen = (nw.col("x") == 1) & (nw.col("took") <= nw.col("follow"))
    part = nw.when(is_seen).then(nw.col("took").cast(nw.Int64)).otherwise(nw.col("follow"))
    placed = measured.with_columns(part=part, is_seen=is_seen.cast(nw.Int64))
    counts = placed.group_by(*place, "part").agg(entries=nw.len(), reached=nw.col("is_seen").sum())
    return counts.filter(nw.col("part") <= parts(asked))


def waits(long: nw.LazyFrame, place: list[str]) -> list[dict[Any, Any]]:
    """The median wait since the step before, with the order statistics of its interval: one row a step."""
    made = long.filter((nw.col("mature") == 1) & (nw.col("x") == 1) & (nw.col("step") > 1))
    made = made.with_columns(wait_us=nw.col("here_us") - nw.col("before_us"))
    number = nw.col("event_id").cum_count()
    ranked = made.with_columns(
        rank=number.over(*place, order_by=["wait_us", "customer_id", "event_id"]),
        own=number.over(*place, "customer_id", order_by=["wait_us", "event_id"]),
        waits=nw.len().over(*place),
    )
    ranked = ranked.with_columns(is_one=(nw.col("own") == 1).cast(nw.Int64))
    ranked = ranked.with_columns(those=nw.col("is_one").sum().over(*place))
    waits, reach = nw.col("waits"), Z / 2 / nw.col("those") ** 0.5
    first, last = (waits * (0.5 - reach)).floor(), (waits * (0.5 + reach)).ceil() + 1
    wanted = {
        "wait_hours": (waits / 2).ceil(),
        "wait_low": nw.when(first < 1).then(nw.lit(1.0)).otherwise(first),
        "wait_high": nw.when(last > waits).then(waits.cast(nw.Float64)).otherwise(last),
    }
    at = {name: nw.when(nw.col("rank") == rank).then(nw.col("wait_us")) for name, rank in wanted.items()}
    picked = ranked.with_columns(**at).group_by(*place)
    medians = picked.agg(nw.col("those").max(), *(nw.col(name).max() for name in wanted))
    return engine.collect(medians).to_dict("records")
