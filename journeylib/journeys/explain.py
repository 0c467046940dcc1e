"""Explain who a customer is: which ids belong to it, and why.

The answer holds raw ids and is for the terminal only; nothing of it belongs on a page.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine
from journeylib.data import store as stores
from journeylib.days import day_of
from journeylib.errors import StoreError, shown

__all__ = ["explain", "words"]

_LISTED, _WRITTEN, _NAMED = 100, 20, 3  # ids in the answer, in words, and customers named beside a device

# How a customer is known, of events; see `schema.EVENTS`.
_HOW = {
    "itself": "with the customer's own id",
    "graph": "with an id merged into this customer",
    "before": "anonymous, after a log-in on the device",
    "after": "anonymous, before a log-in on the device",
    "device": "anonymous, on a device that nobody is known by",
    "nobody": "without any id",
}
# Whose an anonymous event on a shared device is, by mode.
_ANONYMOUS = {
    "none": "stays the device's",
    "live": "belongs to the last log-in before it",
    "replay": "belongs to the last log-in before it, else to the next",
    "graph": "belongs to the last log-in before it, else to the next",
}


def explain(store: Path | str, customer_id: str) -> dict[str, Any]:
    """Gather the ids of a customer, or of the customer that a person id was merged into.

    The answer has customer_id, asked, mode, look_back_days, events, first_on, last_on, known_by
    (how → events), persons and devices (the 100 with the most events; persons_in_all and
    devices_in_all count them) and too_large: the component that was not merged, where the customer is
    among those that the manifest names. An id has id, events, first_on, last_on and known_by, a device
    also other_customers and the first of these, others. Raises StoreError where the store has no such customer.
    """
    said = stores.manifest(store)
    tables = stores.tables(store, said)
    events = tables["events"]
    name = customer_id
    found = _found(events, name)
    if found.empty:
        name = _merged_into(store, said, tables, customer_id)
        found = _found(events, name)
    persons, devices = (_ids(found, column) for column in ["person_id", "device_id"])
    listed = devices[:_LISTED]
    others = _others(events, name, [device["id"] for device in listed])
    unmerged = said["facts"].get("identity", {}).get("unmerged_components", [])
    return {
        "customer_id": name,
        "asked": customer_id,
        "mode": said["rules"]["identity_mode"],
        "look_back_days": said["rules"]["look_back_days"],
        **_told(found),
        "persons": persons[:_LISTED],
        "persons_in_all": len(persons),
        "devices": [{**device, **others.get(device["id"], _alone())} for device in listed],
        "devices_in_all": len(devices),
        "too_large": next((each for each in unmerged if name in each["examples"]), None),
    }


def words(told: dict[str, Any]) -> list[str]:
    """Write what `explain` gathered as lines, with everything invisible in an id escaped."""
    name = f"“{shown(told['customer_id'])}”"
    lines = []
    if told["asked"] != told["customer_id"]:
        lines.append(f"“{shown(told['asked'])}” is an id of customer {name}.")
    lines.append(f"Customer {name}: {_span(told)}. Identity mode {told['mode']}.")
    lines += [f"  {count:,} {_HOW[how]}" for how, count in told["known_by"].items()]
    if told["too_large"]:
        size = told["too_large"]
        lines.append(
            f"  It hangs together with {size['ids']:,} ids ({size['persons']:,} persons, {size['devices']:,} devices), "
            "too many for one customer: they are not merged. See largest under [identity] in the mapping."
        )
    for kind in ["person", "device"]:
        ids = told[f"{kind}s"]
        for each in ids[:_WRITTEN]:
            lines.append(f"{kind.capitalize()} id “{shown(each['id'])}”: {_span(each)}.")
            lines += [f"  {reason}" for reason in _reasons(kind, each, told)]
        more = told[f"{kind}s_in_all"] - len(ids[:_WRITTEN])
        if more:
            lines.append(f"… and {more:,} more {kind} ids with fewer events.")
    return lines


def _found(events: nw.LazyFrame, name: str) -> pd.DataFrame:
    """The events of a customer by their ids and how it is known by them."""
    by = ["person_id", "device_id", "known_by"]
    occurred = nw.col("occurred_us")
    own = events.filter(nw.col("customer_id") == name)
    counted = own.group_by(*by).agg(events=nw.len(), first_us=occurred.min(), last_us=occurred.max())
    return engine.collect(counted, order_by=by)


def _merged_into(store: Path | str, said: dict[str, Any], tables: dict[str, nw.LazyFrame], asked: str) -> str:
    """The customer that has this person id, where it is not called by it.

    Raises StoreError with what else the id may be.
    """
    events = tables["events"]
    owners = _customers(events.filter(nw.col("person_id") == asked))
    if owners:
        return owners[0]
    what = f"{store} has no customer “{shown(asked)}”"
    users = _customers(events.filter(nw.col("device_id") == asked))
    if users:
        raise StoreError(f"{what}; it is a device, on which events belong to {_some(users)}. Ask for one of these.")
    if len(engine.collect(tables["customers"].filter(nw.col("customer_id") == asked).select("customer_id").head(1))):
        raise StoreError(f"{what} with an event; a source of customers names it. Look for its events at their source.")
    plain = nw.col("person_id").str.strip_chars().str.to_lowercase()
    near = _customers(events.filter(plain == asked.strip().lower()))
    if near:
        raise StoreError(f"{what}. Ids count letter by letter; there is {_some(near)}.")
    rejected = said["facts"]["quarantined"]
    rows = "row is" if rejected == 1 else "rows are"
    where = f" {rejected:,} {rows} in quarantine; look there too." if rejected else ""
    raise StoreError(
        f"{what}, nor a person or device of that id. Ids count letter by letter, leading zeros too; an anonymous "
        f"device is called device:ID.{where}"
    )


def _customers(events: nw.LazyFrame) -> list[str]:
    ids = engine.collect(events.group_by("customer_id").agg(events=nw.len()), order_by=["customer_id"])
    return [str(name) for name in ids["customer_id"]]


def _others(events: nw.LazyFrame, name: str, devices: list[str]) -> dict[str, dict[str, Any]]:
    """The other customers with events on these devices."""
    if not devices:
        return {}
    shared = events.filter(nw.col("device_id").is_in(devices), nw.col("customer_id") != name)
    by = ["device_id", "customer_id"]
    users = engine.collect(shared.group_by(*by).agg(events=nw.len()), order_by=by)
    return {
        str(device): {"other_customers": len(each), "others": each["customer_id"].tolist()[:_NAMED]}
        for device, each in users.groupby("device_id")
    }


def _alone() -> dict[str, Any]:
    return {"other_customers": 0, "others": []}


def _ids(found: pd.DataFrame, column: str) -> list[dict[str, Any]]:
    """What is known of each id in a column, that with the most events first."""
    told = [{"id": str(name), **_told(rows)} for name, rows in found.groupby(column)]
    return sorted(told, key=lambda each: (-each["events"], each["id"]))


def _told(rows: pd.DataFrame) -> dict[str, Any]:
    counts = rows.groupby("known_by")["events"].sum()
    return {
        "events": int(rows["events"].sum()),
        "first_on": day_of(int(rows["first_us"].min())).isoformat(),
        "last_on": day_of(int(rows["last_us"].max())).isoformat(),
        "known_by": {how: int(counts[how]) for how in _HOW if how in counts.index},
    }


def _reasons(kind: str, each: dict[str, Any], told: dict[str, Any]) -> list[str]:
    """Why an id belongs to the customer."""
    if kind == "person":
        if "graph" in each["known_by"]:
            return ["merged: rows carry it together with another id of this customer"]
        return ["it stands on the events themselves"]
    reasons = [f"{count:,} {_HOW[how]}" for how, count in each["known_by"].items()]
    if each["other_customers"]:
        reasons.append(
            f"shared with {_some(each['others'], each['other_customers'])}: an event with an id is that person's, "
            f"an anonymous one {_ANONYMOUS[told['mode']]}"
        )
    elif "device" in each["known_by"] and told["mode"] == "replay":
        reasons.append(f"no log-in there before, nor in the {told['look_back_days']:g} days after")
    return reasons


def _some(names: list[str], count: int = 0) -> str:
    """Name a few customers and count the others."""
    named, count = ", ".join(f"“{shown(name)}”" for name in names[:_NAMED]), count or len(names)
    more = f" and {count - _NAMED:,} more" if count > _NAMED else ""
    return f"customer{'s' if count > 1 else ''} {named}{more}"


def _span(told: dict[str, Any]) -> str:
    events = f"{told['events']:,} event{'' if told['events'] == 1 else 's'}"
    if told["first_on"] == told["last_on"]:
        return f"{events} on {told['first_on']}"
    return f"{events} from {told['first_on']} to {told['last_on']}"
