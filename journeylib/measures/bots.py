"""Who acts at a pace that no person keeps? Suspected and flagged, never removed.

Two signs, each of a customer over the time observed:

- *many*: so many different moments within 24 hours;
- *fast*: half or more of the pauses between moments shorter than a second.

A moment is an instant at which a customer has events, however many: a basket of fifty lines
is one. A device that nobody was ever seen behind is a customer here.
"""

from __future__ import annotations

from datetime import timedelta

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine, schema
from journeylib.days import DAY_US
from journeylib.trace import measured

__all__ = ["flags", "signs", "suspected"]

_SIGNS = {(1, 0): "many", (0, 1): "fast", (1, 1): "both"}
_MORE = ["customers", "events"]


def flags(
    events: nw.LazyFrame,
    *,
    moments_in_a_day: int = 100,
    pauses: int = 20,
    pause: timedelta = timedelta(seconds=1),
) -> nw.LazyFrame:
    """Mark each customer with the signs: one row a customer, with `events`, `many` and `fast` (1 or 0); lazy.

    `many`: `moments_in_a_day` moments within 24 hours, the last of them exactly 24 hours after the
    first included. `fast`: at least `pauses` pauses, of which half or more are shorter than `pause`.
    """
    moments = events.group_by("customer_id", "occurred_us").agg(events=nw.len())
    occurred = nw.col("occurred_us")
    span, last = (
        occurred - occurred.shift(lag).over("customer_id", order_by="occurred_us") for lag in (moments_in_a_day - 1, 1)
    )
    paced = moments.with_columns(span=span, pause=last)
    own = paced.group_by("customer_id").agg(
        events=nw.col("events").sum(),
        crowds=(nw.col("span") <= DAY_US).fill_null(False).cast(nw.Int64).sum(),
        pauses=(~nw.col("pause").is_null()).cast(nw.Int64).sum(),
        short=(nw.col("pause") < pause // timedelta(microseconds=1)).fill_null(False).cast(nw.Int64).sum(),
    )
    is_fast = (nw.col("pauses") >= pauses) & (nw.col("short") * 2 >= nw.col("pauses"))
    marked = own.with_columns(many=(nw.col("crowds") > 0).cast(nw.Int64), fast=is_fast.cast(nw.Int64))
    return marked.select("customer_id", "events", "many", "fast")


@measured
def signs(flagged: nw.LazyFrame) -> pd.DataFrame:
    """Count the customers of `flags(…)` who show one sign, the other, or both: three rows.

    `n` is all customers, `customers` those who show the signs, `events` theirs, and `estimate`
    their share of all events. Counted, so there is no interval.
    """
    found = engine.collect(flagged.group_by("many", "fast").agg(customers=nw.len(), events=nw.col("events").sum()))
    n, total = int(found["customers"].sum()), int(found["events"].sum())
    if not n:
        return schema.not_applicable("no event occurred in the period", ["sign"], _MORE)
    at = {(row["many"], row["fast"]): (int(row["customers"]), int(row["events"])) for row in found.to_dict("records")}
    rows = []
    for key, sign in _SIGNS.items():
        customers, count = at.get(key, (0, 0))
        rows.append({"sign": sign, **schema.counted(n, count, total, customers=customers, events=count)})
    return schema.result(rows, ["sign"], _MORE)


@measured
def suspected(found: pd.DataFrame) -> pd.DataFrame:
    """Add up `signs(…)`: the customers who show any sign, and their share of all events; one row."""
    if found.empty:
        return schema.not_applicable(found.attrs["not_applicable"], extra=_MORE)
    values = {"n": int(found["n"].iloc[0]), "estimate": float(found["estimate"].sum()), "low": None, "high": None}
    counted = {name: int(found[name].sum()) for name in _MORE}
    return schema.result([{**values, "is_enough": True, **counted}], extra=_MORE)
