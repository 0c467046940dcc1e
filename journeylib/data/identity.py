"""Say whose event it is: from the ids it arrived with and what its device shows before and after.

Modes: `none` takes the most trusted id on the event itself. `live` adds what was
known when the event arrived: the last person seen on its device. `replay` adds the
next person seen there within the look-back. `graph` merges person ids that rows carried
together, and looks ahead on a device without limit. A person on the event always
overrides the device, so two log-ins on one device are two people, split at the log-in.
At one instant a log-in comes before what is anonymous.

So on a device that one person was seen on, the instant of the first log-in decides; only
the events of other devices are put in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine
from journeylib.data import graph, labels, sightings
from journeylib.days import DAY_US

__all__ = ["ANONYMOUS", "NOBODY", "Counted", "Stitched", "counted", "narrowed", "person", "rename", "stitch"]

ANONYMOUS = "device:"  # the customer_id of an event that nobody was ever seen behind starts so,
NOBODY = "anonymous:"  # and so that of an event without any id
_PERSON = "person:"  # before a person's id that starts like one of the three, so that it is not taken for one


@dataclass(frozen=True)
class Counted:
    """How many customers each mode would give.

    `unmerged` names the largest components of those too large to merge (see `graph.Merged`) and `too_large`
    counts them all.
    """

    customers_by_mode: dict[str, int]
    unmerged: list[dict[str, Any]]
    too_large: int


@dataclass(frozen=True)
class Stitched(Counted):
    """Events with their customers, and what was counted of them.

    `members` gives each merged person `id` its `customer_id`; None unless the mode is "graph".
    """

    events: nw.LazyFrame
    members: pd.DataFrame | None


def stitch(
    events: nw.LazyFrame,
    narrow: nw.LazyFrame | None = None,
    *,
    sights: nw.LazyFrame | None = None,
    mode: str,
    work: Path,
    look_back_days: float = 30,
    largest: int = 50,
) -> Stitched:
    """Add `customer_id`, `person_id`, `device_id` and `known_by` to events that carry `ids`, `person` and `device`.

    `known_by` is "itself"; "graph" (its own person id, merged into another); "before" or "after" (the
    device's last log-in, else its next one); "device" or "nobody". An anonymous event between two people
    on one device belongs to the earlier one. A log-in exactly `look_back_days` later still counts. In mode
    "graph" there is no such limit, but on devices of a person whose component has more than `largest` ids.

    `narrow` holds the same rows without event_id, where they are read more cheaply so: it is read several times.
    `sights` are all sightings on the devices of these events, where these are but some of the events there; then
    those of devices that several persons were seen on must be complete, and what is counted counts these alone.
    `alias`, a second person id on the row, may be absent. The folder `work` holds what is found on the way and
    must outlive the answer.
    """
    narrow = narrowed(events if narrow is None else narrow)
    if sights is None:
        sights = _kept(sightings.sighted(narrow), work / sightings.SEEN)
    devices = _kept(sightings.devices(sights), work / "devices.parquet")
    look_back, split = int(look_back_days * DAY_US), _split(_crowded(events, devices, work), work)
    components = labels.components(_together(narrow), work)
    merged, loose, customers = _merged(components, sights, devices, look_back, largest)
    known = _known(events, sightings.single(devices), split, loose, mode=mode, look_back=look_back)
    is_graph = mode == "graph"
    return Stitched(
        events=_called(known, events.collect_schema().names(), merged.members if is_graph else None),
        customers_by_mode=customers,
        unmerged=merged.unmerged,
        too_large=merged.too_large,
        members=merged.members[["id", "customer_id"]].assign(customer_id=_apart_text) if is_graph else None,
    )


def counted(sights: nw.LazyFrame, *, work: Path, look_back_days: float = 30, largest: int = 50) -> Counted:
    """Count what `stitch` counts, of events with these sightings, none of which carried two persons' ids."""
    devices = _kept(sightings.devices(sights), work / "devices.parquet")
    nothing = pd.DataFrame({"person": [], "alias": []}, dtype="string")
    components = graph.components(nothing)
    merged, _, customers = _merged(components, sights, devices, int(look_back_days * DAY_US), largest)
    return Counted(customers, merged.unmerged, merged.too_large)


def narrowed(events: nw.LazyFrame) -> nw.LazyFrame:
    """What of events tells who is behind them: occurred_us, device, the person on the event itself, and alias."""
    alias = nw.col("alias") if "alias" in events.collect_schema().names() else nw.lit(None, nw.String)
    return events.select("occurred_us", "device", person=_own(), alias=alias)


def _merged(
    components: pd.DataFrame, sights: nw.LazyFrame, devices: nw.LazyFrame, look_back: int, largest: int
) -> tuple[graph.Merged, nw.LazyFrame | None, dict[str, int]]:
    """Merge the components, find the devices of too large components, count the customers of each mode."""
    pairs = sightings.pairs(sights)
    merged = graph.merge(components, sights.select("person"), pairs, largest=largest)
    loose = None
    if len(merged.loose):
        loose = pairs.join(engine.from_frame(merged.loose, beside=pairs), on="person", how="semi")
    return merged, loose, sightings.customers(sights, devices, merged.members, loose, look_back)


def person(customer_id: str) -> str:
    """The person id behind a customer_id.

    >>> person("person:device:7")
    'device:7'
    """
    rest = customer_id.removeprefix(_PERSON)
    is_apart = customer_id != rest and rest.startswith((ANONYMOUS, NOBODY, _PERSON))
    return rest if is_apart else customer_id


def rename(customers: nw.LazyFrame, stitched: Stitched) -> nw.LazyFrame:
    """Give customers, by their `ids`, the customer_id that their events have.

    Where one source (`origin`) has several rows from one `valid_from_us` on, under ids that were merged,
    the row under the id that all are called by stays, else the one under the least id.
    """
    plain = _apart(nw.col("ids"))
    if stitched.members is None or stitched.members.empty:
        return customers.with_columns(ids=plain)
    named = customers.join(_names(stitched.members, customers), left_on="ids", right_on="_id", how="left")
    named = named.with_columns(_called=nw.coalesce(nw.col("_called"), plain))
    ranked = named.with_columns(_rank=nw.when(plain != nw.col("_called")).then(nw.col("ids")).otherwise(nw.lit("")))
    first = ranked.filter(nw.col("_rank") == nw.col("_rank").min().over("origin", "_called", "valid_from_us"))
    return first.with_columns(ids=nw.col("_called")).select(*customers.collect_schema().names())


def _own() -> nw.Expr:
    """The person on the event itself."""
    return nw.when(nw.col("device").is_null()).then(nw.coalesce("person", "ids")).otherwise(nw.col("person"))


def _crowded(events: nw.LazyFrame, devices: nw.LazyFrame, work: Path) -> nw.LazyFrame:
    """The events of devices that several persons were seen on."""
    several = devices.filter(nw.col("person") != nw.col("last_person"))
    rows = events.select("event_id", "occurred_us", "device", person=_own())
    return _kept(rows.join(several, on="device", how="semi"), work / "crowded.parquet")


def _together(narrow: nw.LazyFrame) -> nw.LazyFrame:
    """The pairs of person ids that rows carried together."""
    pairs = narrow.filter(~nw.col("alias").is_null(), nw.col("alias") != nw.col("person"))
    return pairs.group_by("person", "alias").agg(events=nw.len())


def _split(crowded: nw.LazyFrame, work: Path) -> nw.LazyFrame:
    """The anonymous events of crowded devices with the persons before and after them."""
    person = nw.col("person")
    rows = crowded.with_columns(
        seen_us=nw.when(~person.is_null()).then(nw.col("occurred_us")),
        place=nw.when(person.is_null()).then(nw.lit(1)).otherwise(nw.lit(0)),
    )
    order = ["occurred_us", "place", "event_id"]
    seen = rows.with_columns(
        before=person.fill_null(strategy="forward").over("device", order_by=order),
        after=person.fill_null(strategy="backward").over("device", order_by=order),
        after_us=nw.col("seen_us").fill_null(strategy="backward").over("device", order_by=order),
    )
    anonymous = seen.filter(person.is_null()).select("event_id", "before", "after", "after_us")
    return _kept(anonymous, work / "split.parquet")


def _known(
    events: nw.LazyFrame,
    single: nw.LazyFrame,
    split: nw.LazyFrame,
    loose: nw.LazyFrame | None,
    *,
    mode: str,
    look_back: int,
) -> nw.LazyFrame:
    """Add the person behind each event: `_own`, else `_before`, else `_after`."""
    nothing, occurred, login_us = nw.lit(None, nw.String), nw.col("occurred_us"), nw.col("_login_us")
    if mode == "none":
        return events.with_columns(_own=_own(), _before=nothing, _after=nothing)
    login = single.filter(~nw.col("anonymous_us").is_null()).select("device", _login_us="login_us", _owner="person")
    ordered = split.rename({"event_id": "_event", "before": "_last", "after": "_next", "after_us": "_next_us"})
    # Whoever is named on the event needs nobody's device.
    lone = events.with_columns(_own=_own()).with_columns(_lone=nw.when(nw.col("_own").is_null()).then(nw.col("device")))
    joined = lone.join(login.rename({"device": "_lone"}), on="_lone", how="left")
    several = joined.with_columns(
        _event=nw.when(~nw.col("_lone").is_null(), nw.col("_owner").is_null()).then(nw.col("event_id"))
    )
    joined = several.join(ordered, on="_event", how="left")
    before = nw.coalesce(nw.col("_last"), nw.when(login_us <= occurred).then(nw.col("_owner")))
    is_soon = nw.coalesce("_next_us", "_login_us") - occurred <= look_back
    if mode == "graph":
        is_soon = nw.lit(True)
        if loose is not None:
            there = loose.group_by("device").agg(_loose=nw.len())
            joined = joined.join(there, on="device", how="left")
            is_soon = nw.col("_loose").is_null() | (nw.coalesce("_next_us", "_login_us") - occurred <= look_back)
    after = nothing if mode == "live" else nw.when(is_soon).then(nw.coalesce("_next", "_owner"))
    return joined.with_columns(_before=before, _after=after)


def _called(known: nw.LazyFrame, columns: list[str], members: pd.DataFrame | None) -> nw.LazyFrame:
    """Call the customer by the person found, else by the device, else by the event, and say how it is known."""
    by: nw.Expr = nw.when(nw.col("device").is_null()).then(nw.lit("nobody")).otherwise(nw.lit("device"))
    for name, how in [("_after", "after"), ("_before", "before"), ("_own", "itself")]:
        by = nw.when(~nw.col(name).is_null()).then(nw.lit(how)).otherwise(by)
    found = nw.coalesce("_own", "_before", "_after")
    if members is not None and len(members):
        known = known.with_columns(_found=found)
        known = known.join(_names(members, known), left_on="_found", right_on="_id", how="left")
        is_merged = nw.col("_called") != nw.col("_own")
        by = nw.when(is_merged).then(nw.lit("graph")).otherwise(by)
        found = nw.coalesce("_called", "_found")
    customer = nw.coalesce(_apart(found), _join(ANONYMOUS, "device"), _join(NOBODY, "event_id"))
    return known.select(
        *columns, customer_id=customer, person_id=nw.col("_own"), device_id=nw.col("device"), known_by=by
    )


def _names(members: pd.DataFrame, beside: nw.LazyFrame) -> nw.LazyFrame:
    named = members[["id", "customer_id"]].rename(columns={"id": "_id", "customer_id": "_called"})
    return engine.from_frame(named, beside=beside)


def _kept(table: nw.LazyFrame, path: Path) -> nw.LazyFrame:
    """Write a table once, since what is lazy runs again at each use."""
    return engine.stored(table, path)


def _apart(person: nw.Expr) -> nw.Expr:
    """Keep a person's id apart from the names that devices and events without ids are given."""
    is_alike = person.str.starts_with(ANONYMOUS) | person.str.starts_with(NOBODY) | person.str.starts_with(_PERSON)
    return nw.when(is_alike).then(nw.concat_str([nw.lit(_PERSON), person], separator="")).otherwise(person)


def _apart_text(members: pd.DataFrame) -> list[str]:
    return [
        _PERSON + name if name.startswith((ANONYMOUS, NOBODY, _PERSON)) else name for name in members["customer_id"]
    ]


def _join(prefix: str, column: str) -> nw.Expr:
    return nw.concat_str([nw.lit(prefix), nw.col(column)], separator="")
