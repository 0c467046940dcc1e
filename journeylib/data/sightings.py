"""Who was seen on which device, and when first: what tells whose a device is, and how many customers there are.

A sighting is a row for each device and person on it: device, person, first_us and rows, the number of its events.
Without a person it is what is anonymous there; without a device only `rows` counts, by person or for nobody. A
snapshot keeps its sightings as SEEN, so that a later load need not look at all events again.
"""

from __future__ import annotations

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine

__all__ = ["SEEN", "customers", "devices", "pairs", "sighted", "single", "together"]

SEEN = "seen.parquet"  # the file of a snapshot that holds its sightings
_BY = ["device", "person"]


def sighted(narrow: nw.LazyFrame) -> nw.LazyFrame:
    """The sightings of events (occurred_us, device, and the person on the event itself)."""
    return narrow.group_by(*_BY).agg(first_us=nw.col("occurred_us").min(), rows=nw.len())


def together(parts: list[nw.LazyFrame]) -> nw.LazyFrame:
    """The sightings of several parts of the events; where rows are counted below zero, they are taken away."""
    whole = nw.concat([part.select(*_BY, "first_us", "rows") for part in parts], how="vertical")
    summed = whole.group_by(*_BY).agg(nw.col("first_us").min(), nw.col("rows").sum().cast(nw.Int64))
    return summed.filter(nw.col("rows") > 0)


def devices(sights: nw.LazyFrame) -> nw.LazyFrame:
    """One row a device: its first log-in and first anonymous event, the least and the greatest person on it."""
    person, first = nw.col("person"), nw.col("first_us")
    seen = sights.filter(~nw.col("device").is_null()).with_columns(
        login_us=nw.when(~person.is_null()).then(first), anonymous_us=nw.when(person.is_null()).then(first)
    )
    return seen.group_by("device").agg(nw.col("login_us", "anonymous_us").min(), person.min(), last_person=person.max())


def single(devices: nw.LazyFrame) -> nw.LazyFrame:
    """The devices that exactly one person was seen on."""
    return devices.filter(nw.col("person") == nw.col("last_person"))


def pairs(sights: nw.LazyFrame) -> nw.LazyFrame:
    """The devices with each person who was seen on them."""
    return sights.filter(~nw.col("device").is_null(), ~nw.col("person").is_null()).select(*_BY)


def customers(
    sights: nw.LazyFrame,
    devices: nw.LazyFrame,
    members: pd.DataFrame,
    loose: nw.LazyFrame | None,
    look_back: int,
) -> dict[str, int]:
    """Count the customers of each mode: the persons, and the devices and events that stay anonymous.

    A device stays anonymous where its first anonymous event does: the others are nearer to a log-in. `members` and
    the `loose` devices are those of merged persons and of those too many to merge (see `graph`).
    """
    login, anonymous = nw.col("login_us"), nw.col("anonymous_us")
    person = nw.col("person")
    # Events of nobody are a customer each; a person is one.
    named = sights.filter(~person.is_null() | nw.col("device").is_null()).group_by("person").agg(nw.col("rows").sum())
    each = named.select(customers=nw.when(person.is_null()).then(nw.col("rows")).otherwise(nw.lit(1)))
    known = int(engine.collect(each.select(nw.col("customers").sum()))["customers"].fillna(0)[0])
    seen = members[members["is_seen"].astype(bool)]
    never, late = _rows(devices.filter(login.is_null())), devices.filter(login - anonymous > look_back)
    kept = 0 if loose is None else _rows(late.join(loose, on="device", how="semi"))
    return {
        "none": known + _rows(devices.filter(~anonymous.is_null())),
        "live": known + never + _rows(devices.filter(anonymous < login)),
        "replay": known + never + _rows(late),
        "graph": known - (len(seen) - seen["customer_id"].nunique()) + never + kept,
    }


def _rows(table: nw.LazyFrame) -> int:
    return int(engine.collect(table.select(rows=nw.len()))["rows"][0])
