"""Suggest a mapping from the names of a source's columns and from what their texts look like.

A preset is suggested where the columns are those of the export that it is for. What cannot be
told is left to the reader: it stands in the mapping as a comment, and in `lacks`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from journeylib.data import columns as named
from journeylib.data import presets, sources
from journeylib.data.columns import Column
from journeylib.data.patterns import Times
from journeylib.errors import shown

__all__ = ["Suggestion", "suggest"]

_SCORES = {"nps": "nps", "npsscore": "nps", "csat": "csat", "csatscore": "csat", "ces": "ces"}
_ENOUGH = 20  # rows, before it means anything that none is like another


@dataclass
class Suggestion:
    """What a mapping of the source could say. `lacks` names what it cannot, `notes` say what to look at."""

    kind: str = "events"
    preset: str | None = None
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    attributes: list[str] = field(default_factory=list)
    formats: tuple[str, ...] = ()  # two where nothing tells the day from the month; none where a preset says it
    needs_zone: bool = False
    file: dict[str, Any] = field(default_factory=dict)
    lacks: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def suggest(columns: Sequence[Column], *, source: str) -> Suggestion:
    """Suggest a mapping of these columns; `source` is the name of the file, for a channel that none of them says."""
    made = _preset(columns) or _by_names(columns, source)
    read = [numbers for column in columns if column.name in _named(made, named.NUMBERS) and (numbers := column.numbers)]
    if any(each.decimal == "," for each in read):
        made.file["decimal"] = ","
    if any(each.has_thousands and each.decimal != "," for each in read):
        made.notes.append("some numbers hold a comma between thousands, which is not read. Export them without.")
    return made


def _named(made: Suggestion, canonical: set[str]) -> set[str]:
    theirs = presets.read(made.preset)["columns"] if made.preset else {}
    columns = {**{name: _listed(value) for name, value in theirs.items()}, **made.columns}
    return {each for name in canonical for each in columns.get(name, ())}


def _preset(columns: Sequence[Column]) -> Suggestion | None:
    """The preset that half or more of whose columns are there, and all that it needs."""
    there = {column.name: column for column in columns}
    best: tuple[int, str] | None = None
    for name in presets.names():
        block = presets.read(name)
        theirs = {each for value in block["columns"].values() for each in _listed(value)}
        source = sources.Source(
            name, block["kind"], "", (), {key: _listed(value) for key, value in block["columns"].items()},
            may_lack=frozenset(theirs),
        )  # fmt: skip
        present = theirs & set(there)
        if not source.missing(there) and 2 * len(present) >= len(theirs):
            best = max(best or (0, ""), (len(present), name))
    if best is None:
        return None
    block = presets.read(best[1])
    made = Suggestion(kind=block["kind"], preset=best[1], file=dict(block.get("file", {})))
    column = next(there[name] for name in _listed(block["columns"]["occurred_at"]) if name in there)
    if column.times:
        says = block.get("time", {}).get("format", "iso")
        is_typed = column.times.formats == ("timestamp",)
        made.formats = () if is_typed or column.times.formats == (says,) else column.times.formats
        made.needs_zone = column.times.is_local and "zone" not in block.get("time", {})
        _check_order(made, column.times, column.name)
    _add_to_preset(made, block, columns)
    return made


def _add_to_preset(made: Suggestion, block: dict[str, Any], columns: Sequence[Column]) -> None:
    """Take further columns by their names, for what the preset says nothing of or looks for in vain."""
    there = {column.name for column in columns}
    present = {name for name, theirs in block["columns"].items() if there & set(_listed(theirs))}
    used = {each for theirs in block["columns"].values() for each in _listed(theirs)}
    free = [column for column in columns if column.name not in used and "." not in column.name]
    known = {*present, *block.get("constants", {}), "customer_id", "device_id", "occurred_at"}
    found = named.events(free, but=known)
    made.columns = {name: (column.name,) for name, column in found.items()}


def _listed(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _by_names(columns: Sequence[Column], source: str) -> Suggestion:
    found, other = named.events(columns), named.customers(columns)
    is_customers = named.are_customers(columns, found, other)
    found = other if is_customers else found
    made = Suggestion(kind="customers" if is_customers else "events")
    made.columns = {name: (column.name,) for name, column in found.items() if name != "device_id"}
    if "device_id" in found:
        made.columns["customer_id"] = (*made.columns.get("customer_id", ()), found["device_id"].name)
    timed = next((found[name] for name in ["occurred_at", "signed_up_on"] if name in found), None)
    if timed is not None and timed.times:
        _check_times(made, timed.times, timed.name, found)
    if is_customers and "valid_from" not in made.columns:
        made.needs_zone = False  # a date is the date that is written
    if not is_customers and "occurred_at" in found and "event_id" not in found:
        made.notes.append(_no_event_id(columns, made))
    made.lacks += [name for name in sources.NEEDED[made.kind] if name not in made.columns]
    if is_customers:
        taken = {theirs for several in made.columns.values() for theirs in several}
        made.attributes = [
            column.name for column in columns if column.name not in taken and 0 < column.distinct <= named.FEW
        ]
    else:
        if "channel" in made.lacks:
            made.constants["channel"] = source
        if "score" in found and "score_type" not in found and named.key(found["score"].name) in _SCORES:
            made.constants["score_type"] = _SCORES[named.key(found["score"].name)]
    return made


def _no_event_id(columns: Sequence[Column], made: Suggestion) -> str:
    taken = {theirs for several in made.columns.values() for theirs in several}
    likely = [
        shown(column.name) for column in columns
        if column.name not in taken and not column.times and column.filled == column.rows >= _ENOUGH
        and column.distinct >= named.DISTINCT * column.rows
    ]  # fmt: skip
    said = "no column has the usual name of an event id, so equal rows count as so many events"
    return f"{said}. Is it {' or '.join(likely)}, where hardly a value comes twice?" if likely else f"{said}."


def _check_times(made: Suggestion, main: Times, main_name: str, found: Mapping[str, Column]) -> None:
    """Take the format of a source's main time; other times that are written otherwise are left out."""
    made.formats, made.needs_zone = main.formats, main.is_local
    for name in sorted(named.TIMES & set(found)):
        other = found[name]
        shared = tuple(form for form in made.formats if other.times and form in other.times.formats)
        if other.times and shared:
            # One may prove the order of day and month that the other leaves open.
            made.formats, made.needs_zone = shared, made.needs_zone or other.times.is_local
        elif other.filled:
            del made.columns[name]
            made.notes.append(f"{shown(other.name)} is left out: it is not written as {shown(main_name)} is.")
    _check_order(made, main, main_name)


def _check_order(made: Suggestion, times: Times, name: str) -> None:
    if len(made.formats) < 2:
        return
    made.lacks.append("format")
    why = "some values prove the one, some the other" if times.is_contradictory else "no value above 12 tells"
    made.notes.append(f"{shown(name)}: does the day come first, or the month? {why.capitalize()}. Declare it: format.")
