"""Whose events are they: how many carry a person, how many became known by a device, how many stayed anonymous?"""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine, schema
from journeylib.trace import measured

__all__ = ["anonymous", "customers", "known"]

# From the surest to the least sure; the last two are anonymous.
_WAYS = ["itself", "before", "after", "graph", "device", "nobody"]
_ANONYMOUS = ["device", "nobody"]
_MORE = ["customers", "events"]


@measured
def customers(events: nw.LazyFrame) -> pd.DataFrame:
    """Count the customers who have an event: one row, a count (estimate = low = high = n)."""
    [row] = engine.collect(events.select(n=nw.col("customer_id").n_unique())).fillna(0).to_dict("records")
    n = int(row["n"])
    return schema.result([{"n": n, "estimate": n, "low": n, "high": n, "is_enough": True}])


@measured
def known(events: nw.LazyFrame) -> pd.DataFrame:
    """Measure how events became known: one row a way that occurred, their shares adding up to 1.

    "itself": a person stands on the event. "before" and "after": the person seen on its device
    before, or next. "graph": by merging ids. "device": nobody was ever seen on its device, which
    stands for the customer. "nobody": it has no usable id. `n` is all customers, `customers` those
    with an event known in this way. Counted, so there is no interval.
    """
    own = events.group_by("known_by", "customer_id").agg(events=nw.len())
    ways = engine.collect(own.group_by("known_by").agg(customers=nw.len(), events=nw.col("events").sum()))
    [row] = engine.collect(events.select(n=nw.col("customer_id").n_unique(), events=nw.len())).to_dict("records")
    at = {way["known_by"]: way for way in ways.to_dict("records")}
    rows = []
    for way in [*_WAYS, *sorted(set(at) - set(_WAYS))]:
        if way in at:
            rows.append({"known_by": way, **_counted(row["n"], row["events"], at[way])})
    if not rows:
        return schema.not_applicable("no event occurred in the period", ["known_by"], _MORE)
    return schema.result(rows, ["known_by"], _MORE)


@measured
def anonymous(events: nw.LazyFrame) -> pd.DataFrame:
    """Measure the share of events behind which no person is known: one row.

    `n` is all customers, `customers` those who are no more than a device or a single event,
    `events` their events. Counted, so there is no interval.
    """
    is_anonymous = nw.col("known_by").is_in(_ANONYMOUS).cast(nw.Int64)
    own = events.with_columns(anonymous=is_anonymous).group_by("customer_id")
    sums = own.agg(all_events=nw.len(), anonymous=nw.col("anonymous").sum()).select(
        n=nw.len(),
        all_events=nw.col("all_events").sum(),
        customers=(nw.col("anonymous") > 0).cast(nw.Int64).sum(),
        events=nw.col("anonymous").sum(),
    )
    [row] = engine.collect(sums).to_dict("records")
    if not row["n"]:
        return schema.not_applicable("no event occurred in the period", extra=_MORE)
    return schema.result([_counted(row["n"], row["all_events"], row)], extra=_MORE)


def _counted(n: int, total: int, part: Any) -> dict[str, Any]:
    customers, events = int(part["customers"]), int(part["events"])
    return schema.counted(n, events, int(total), customers=customers, events=events)
