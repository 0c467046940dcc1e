"""Disclosure: what a shared page may show without pointing at people.

In a shared edition a row that speaks of fewer than `min_cell` customers is hidden, whether
they are its group, the part of it with an outcome, the rest of it without, or those of it who
are at risk or have left: a share of 397 in 400 tells of the 3 just as a count of 3 does. So is
a score of 100, which is everybody's, and a row whose customers are nearly those of an earlier
edition (`gate`). Further rows are hidden until none of the hidden can be told from totals
closer than `min_cell` (`complement`). A step of a survival curve stands for `min_cell`
departures or more. Counts, estimates, intervals and chances are rounded (`rounding`). What
customers wrote is never quoted. A private edition is exact. Records that were read are counted
exactly everywhere: they are rows of files, and must add up.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from journeylib.judge.complement import Key, Table, complete
from journeylib.judge.guards import group_columns
from journeylib.judge.rounding import BASE, WHOLE, chance, coarse, nearest, unit_of
from journeylib.judge.totals import bases, columns, sums

__all__ = ["Again", "Past", "chances", "disclose", "keys"]

_CUSTOMERS = ["n", "customers", "at_risk", "left"]  # counts of customers, each of them a cell
_STATED = ["customers", "events"]  # counts in a data statement that are no rows of files
_QUOTED = {"text", "comment", "comments", "original", "customer_id", "person_id", "device_id", "event_id"}
_GUARDS = ("customers", "departures", "events")  # what guards that count people begin with
_FINE = {"crude", "standardised", "estimate", "median", "top_share"}  # figures of guards that no sentence tells
_ADDRESS = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+\.[^\s@<>\"']+")

Row = dict[str, Any]


@dataclass(frozen=True)
class Again:
    """What an earlier edition showed of a group: the day that it spoke of, the rows, and the contrast of them."""

    as_of: str
    rows: Sequence[Sequence[Any]]
    contrast: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Past:
    """What earlier editions of a series say of a record.

    `record` is the exact record of the last one, `hidden` the rows that it did not show anew, `again`
    those that it did show, by key, `stated` the counts of its data statement. `near` are the rows that
    are to be hidden, for their customers are nearly those of an edition that showed them. A record
    disclosed behind the gate says so (`compared`), whether or not it hides a row: pages give the rule.
    """

    is_later: bool = False
    record: Mapping[str, Any] | None = None
    hidden: frozenset[Key] = frozenset()
    near: frozenset[Key] = frozenset()
    again: Mapping[Key, Again] = field(default_factory=dict)
    stated: Mapping[str, Any] = field(default_factory=dict)


def disclose(
    record: Mapping[str, Any], *, audience: str = "shared", min_cell: int = 10, past: Past | None = None
) -> dict[str, Any]:
    """Make the record that an audience may see; `hidden` lists the rows that it may not, `kept` those of before.

    A row that is to be hidden and that the edition before showed is shown as it was there, with
    the day that it speaks of: whoever has both editions learns nothing more. Another hidden row
    keeps the columns of its group; the rest is null, `is_enough` false. A row without any
    customer tells of nobody and is hidden only where its total would else give others away. The
    curve of a small group, or of one that few have left, is hidden whole, in one row; one with a
    horizon ends there, so that its end says what the table beside it says. In the curve of a large
    group, `at_risk` is null on the days when it is few.

    >>> few = {"kind": "table", "form": "x", "context": {}, "columns": ["n", "estimate"], "rows": [[7, 0.5]]}
    >>> disclose(few)["rows"], disclose(few)["hidden"]
    ([[None, None]], [0])
    """
    named = list(record["columns"])
    if audience != "shared":
        return {**record, "rows": [list(cells) for cells in record["rows"]], "hidden": [], "kept": []}
    rows = _rows(record)
    names = group_columns(named)
    if "day" in names and "left" in named:
        horizon = record["context"].get("horizon_days") or math.inf
        rows = _stepped(_until(rows, names, horizon), names, min_cell)
    context, past = dict(record["context"]), past or Past()
    if record["kind"] == "data":
        context |= {name: _stated(context[name], past, name) for name in _STATED if context.get(name) is not None}
    hidden = _hidden(record, rows, names, min_cell, past) if "n" in named and rows else []
    unit = unit_of(record, rows)
    shown: list[list[Any]] = []
    veiled, kept, told = list[int](), list[dict[str, Any]](), set[Key]()
    for at, row in enumerate(rows):
        key = _key(row, names)
        if at in hidden and key in past.again:
            again = past.again[key]
            if key not in told:
                kept += [{"row": len(shown) + place, "as_of": again.as_of} for place in range(len(again.rows))]
                shown += [list(cells) for cells in again.rows]
            told.add(key)
            continue
        if at in hidden:
            veiled.append(len(shown))
            made = {**row, **{name: False if name == "is_enough" else None for name in named if name not in names}}
        else:
            made = {**coarse(row, names, _unit(record, row, unit)), **dict.fromkeys(_few(row, min_cell))}
        shown.append([None if name in _QUOTED else _unaddressed(made[name]) for name in named])
    guards = [_coarse_guard(guard, min_cell) for guard in record.get("guards", [])]
    said = {
        "context": _unaddressed(context),
        "rows": shown,
        "hidden": veiled,
        "kept": kept,
        "guards": [] if rows and len(hidden) == len(rows) else guards,
    }
    return {**record, **said, **({"compared": True} if past.is_later else {})}


def chances(contrasts: Sequence[Mapping[str, Any]], *, audience: str = "shared") -> list[dict[str, Any]]:
    """Round the chances of contrasts for an audience: a chance of twelve digits tells the counts behind it.

    >>> chances([{"row": 0, "p": 0.0312, "adjusted_p": 0.0448, "claimed": True}])[0]["adjusted_p"]
    0.05
    """
    if audience != "shared":
        return [dict(one) for one in contrasts]
    return [{**one, **{name: chance(one[name]) for name in ("p", "adjusted_p")}} for one in contrasts]


def keys(record: Mapping[str, Any]) -> list[Key]:
    """Give the name of each row's group; the days of a curve belong to one.

    >>> keys({"columns": ["plan", "day", "n"], "rows": [["annual", 0, 40], ["annual", 9, 40]]})
    [('annual',), ('annual',)]
    """
    names = group_columns(record["columns"])
    return [_key(row, names) for row in _rows(record)]


def _key(row: Mapping[str, Any], names: Sequence[str]) -> Key:
    return tuple(row[name] for name in names if name != "day")


def _until(rows: list[Row], names: Sequence[str], horizon: float) -> list[Row]:
    """The rows of curves up to a horizon, and on that day what the last of them says and who was at risk next."""
    kept = [row for row in rows if row["day"] <= horizon]
    last = {_key(row, names): row for row in kept}
    for beyond in rows:
        end = last.get(_key(beyond, names))
        if end is not None and end["day"] < horizon < beyond["day"]:
            last[_key(beyond, names)] = {**end, "day": horizon, "at_risk": beyond["at_risk"]}
            kept.append(last[_key(beyond, names)])
    return kept


def _stepped(rows: list[Row], names: Sequence[str], min_cell: int) -> list[Row]:
    """The rows of curves at which `min_cell` or more have left since the one before; each ends where it did."""
    curves: dict[Key, list[Row]] = {}
    for row in rows:
        curves.setdefault(_key(row, names), []).append(row)
    found = []
    for curve in curves.values():
        kept, last = curve[:1], curve[-1]
        for row in curve[1:]:
            if row["left"] - kept[-1]["left"] >= min_cell:
                kept.append(row)
        if kept[-1]["left"] == last["left"] and kept[-1] is not last:
            kept.append(last)  # nobody left since
        elif len(kept) > 1:
            kept[-1] = last
        is_small = _few({**last, "at_risk": None}, min_cell)
        found += kept[:1] if is_small else kept
        if is_small:
            found[-1] = {**kept[0], "left": last["left"]}
    return found


def _hidden(record: Mapping[str, Any], rows: list[Row], names: list[str], min_cell: int, past: Past) -> list[int]:
    """The rows that are too small, or that the gate names, and those without which they could be worked out."""
    found = [_key(row, names) for row in rows]
    by = dict(zip(found, rows, strict=True))
    placed = [name for name in names if name != "day"]
    counted = ["n", "customers", "left"] if "day" in names else _CUSTOMERS
    # The days of a curve each have few who are at risk; that is hidden alone, and so are few who left by a day.
    hidden = {key for key, row in by.items() if set(_few(row, min_cell)) & set(counted) or _rest(row, min_cell)}
    unit = unit_of(record, rows)
    scores = [(key, row) for key, row in by.items() if _unit(record, row, unit) == "score" and "baseline" not in row]
    hidden |= {key for key, row in scores if abs(row.get("estimate") or 0) == WHOLE["score"]}
    hidden |= past.near & set(by)
    hidden |= bases(record, by, placed, hidden, min_cell)
    if not hidden and not past.hidden:
        return []
    tables = _tables(record, by, placed, hidden, min_cell)
    before: list[Table] = []
    if past.record is not None and past.record["columns"] == record["columns"]:
        was = dict(zip(keys(past.record), _rows(past.record), strict=True))
        before = _tables(record, was, placed, past.hidden, min_cell)
    size, _ = columns(by)
    hidden = complete(size, tables, width=min_cell, before=before if len(before) == len(tables) else ())
    return [at for at, key in enumerate(found) if key in hidden]


def _tables(
    record: Mapping[str, Any], by: Mapping[Key, Row], names: Sequence[str], hidden: Iterable[Key], min_cell: int
) -> list[Table]:
    known = sums(record, by, names, min_cell)
    return [Table(counts, frozenset(hidden), known) for counts in columns(by)[1]]


def _rows(record: Mapping[str, Any]) -> list[Row]:
    return [dict(zip(record["columns"], cells, strict=True)) for cells in record["rows"]]


def _few(row: Mapping[str, Any], min_cell: int) -> list[str]:
    """The counts of customers in a row that are too small to show; nobody is not."""
    return [name for name in _CUSTOMERS if 0 < (row.get(name) or 0) < min_cell]


def _unit(record: Mapping[str, Any], row: Mapping[str, Any], unit: str) -> str:
    """The unit of a row's estimate: in a heat map, each row's own."""
    return str(row["unit"]) if record["form"] == "heat" else unit


def _rest(row: Mapping[str, Any], min_cell: int) -> bool:
    """Whether all but a few of the customers are in the part that the row tells of."""
    return bool(row.get("customers")) and 0 < (row.get("n") or 0) - row["customers"] < min_cell


def _stated(value: int, past: Past, name: str) -> int:
    """A count of a data statement: as it was stated before until ten more or fewer are sure, else to the nearest 5."""
    before = past.stated.get(name)
    return int(before) if before is not None and abs(value - before) < 2 * BASE + BASE // 2 else nearest(value)


def _coarse_guard(guard: Mapping[str, Any], min_cell: int) -> dict[str, Any]:
    """A guard that counts customers or events, rounded like any count; what counts groups or days is as it is."""
    if "figures" in guard:  # values that a row says rounded
        guard = {**guard, "figures": {name: one for name, one in guard["figures"].items() if name not in _FINE}}
    have, needed = guard["have"], guard["needed"]
    if not guard["guard"].startswith(_GUARDS):
        return dict(guard)
    if guard["guard"].startswith("customers at risk"):
        needed = -(-needed // BASE) * BASE  # one in twenty of the group, which would tell its size
    is_few = 0 < have < min_cell and not guard["guard"].startswith("events")
    return {**guard, "have": None if is_few else nearest(have), "needed": needed}


def _unaddressed(value: Any) -> Any:
    """A value without e-mail addresses, which sometimes stand where a name should."""
    if isinstance(value, str):
        return _ADDRESS.sub("(address)", value)
    if isinstance(value, Mapping):
        return {key: _unaddressed(inner) for key, inner in value.items()}
    return [_unaddressed(inner) for inner in value] if isinstance(value, list) else value
