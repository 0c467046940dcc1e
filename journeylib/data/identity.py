"""Say whose event it is: from the ids it arrived with and what its device shows before and after.

Modes: `none` takes the most trusted id on the event itself. `live` adds what was
known when the event arrived: the last person seen on its device. `replay` adds the
next person seen there within the look-back. A person on the event always overrides
the device, so two log-ins on one device are two people, split at the log-in.
"""

from __future__ import annotations

import narwhals.stable.v2 as nw

from journeylib.days import DAY_US
from journeylib.schema import ORDER

__all__ = ["ANONYMOUS", "stitch"]

ANONYMOUS = "device:"  # the customer_id of an event that nobody was ever seen behind starts so


def stitch(events: nw.LazyFrame, *, mode: str, look_back_days: float = 30) -> nw.LazyFrame:
    """Add `customer_id`, `device_id` and `known_by` to events that carry `ids`, `person` and `device`.

    `known_by` is "itself", "before", "after" or "device". An anonymous event between
    two people on one device belongs to the earlier one. A log-in exactly `look_back_days`
    later still counts.
    """
    person, occurred = nw.col("person"), nw.col("occurred_us")
    # Events without a device stand alone; the prefix keeps a device apart from a person of the same name.
    place = nw.when(nw.col("device").is_null()).then(_join("person ", "ids")).otherwise(_join("device ", "device"))
    seen = events.with_columns(place=place, seen_us=nw.when(~person.is_null()).then(occurred))
    nothing = nw.lit(None, nw.String)
    before = person.fill_null(strategy="forward").over("place", order_by=ORDER) if mode != "none" else nothing
    after = person.fill_null(strategy="backward").over("place", order_by=ORDER) if mode == "replay" else nothing
    later = nw.col("seen_us").fill_null(strategy="backward").over("place", order_by=ORDER)
    known = seen.with_columns(
        before=before, after=after, after_us=later if mode == "replay" else nw.lit(None, nw.Int64)
    )

    soon = ~nw.col("after").is_null() & (nw.col("after_us") - occurred <= int(look_back_days * DAY_US))
    known_by = (
        nw.when(~person.is_null() | nw.col("device").is_null())
        .then(nw.lit("itself"))
        .otherwise(
            nw.when(~nw.col("before").is_null())
            .then(nw.lit("before"))
            .otherwise(nw.when(soon).then(nw.lit("after")).otherwise(nw.lit("device")))
        )
    )
    named = known.with_columns(known_by=known_by)
    by = nw.col("known_by")
    customer = (
        nw.when(by == "itself")
        .then(nw.coalesce("person", "ids"))
        .otherwise(
            nw.when(by == "before")
            .then(nw.col("before"))
            .otherwise(nw.when(by == "after").then(nw.col("after")).otherwise(_join(ANONYMOUS, "device")))
        )
    )
    return named.with_columns(customer_id=customer, device_id=nw.col("device")).drop(
        "place", "seen_us", "before", "after", "after_us"
    )


def _join(prefix: str, column: str) -> nw.Expr:
    return nw.concat_str([nw.lit(prefix), nw.col(column)], separator="")
