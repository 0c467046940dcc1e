"""Disclosure: what a shared page may show without pointing at people.

In a shared edition a row that speaks of fewer than `min_cell` customers is hidden, whether
they are its group, the part of it with an outcome, or those of it who are at risk or have
left: a share of 397 in 400 tells of the 3 just as a count of 3 does. Where one hidden row
could be worked out from the others and their total, the next smallest is hidden too. In a
survival curve, where the days add up, the counts of a day are hidden alone. Counts are
rounded to the nearest 5, and estimates and intervals are made no more exact than that. A
private edition is exact. Records that were read are counted exactly everywhere: they are rows
of files, and must add up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from journeylib.judge.guards import group_columns
from journeylib.schema import COUNTS

__all__ = ["disclose"]

_BASE = 5
_CUSTOMERS = ["n", "customers", "at_risk", "left"]  # counts of customers, each of them a cell
_DIGITS = 3  # of what is neither a share nor a count
_ENDS = {"converted", "drop-off", "open"}
_SHARES = ["estimate", "low", "high", "before", "returned"]
_LOOSE = {"transitions", "gaps"}  # forms whose rows are parts of no total
_TOTALS = [
    "journeys",
    "entries",
    "answers",
    "events",
]  # units whose share it is, unless there are `customers` of a part
_UNITS = {"nps": "score", "stay": "days", "median_stay": "days"}

Row = dict[str, Any]


def disclose(record: Mapping[str, Any], *, audience: str = "shared", min_cell: int = 10) -> dict[str, Any]:
    """Make the record that an audience may see; `hidden` lists the rows that it may not.

    A hidden row keeps the columns of its group; the rest is null, `is_enough` false. A row
    without any customer tells of nobody and is not hidden. The curve of a small group is hidden
    whole; in that of a large one `at_risk` and `left` are null on the days when they are few.

    >>> few = {"kind": "table", "form": "x", "context": {}, "columns": ["n", "estimate"], "rows": [[7, 0.5]]}
    >>> disclose(few)["rows"], disclose(few)["hidden"]
    ([[None, None]], [0])
    """
    columns = list(record["columns"])
    if audience != "shared":
        return {**record, "rows": [list(cells) for cells in record["rows"]], "hidden": []}
    rows = [dict(zip(columns, cells, strict=True)) for cells in record["rows"]]
    names = group_columns(columns)
    context = dict(record["context"])
    if record["kind"] == "data" and context.get("customers") is not None:
        context["customers"] = _BASE * round(context["customers"] / _BASE)
    hidden = _hidden(record, rows, names, min_cell) if "n" in columns else []
    unit = _unit(record, rows)
    shown = []
    for at, row in enumerate(rows):
        if at in hidden:
            veil = {name: False if name == "is_enough" else None for name in columns if name not in names}
            shown.append({**row, **veil})
        else:
            shown.append({**_coarse(row, names, unit), **dict.fromkeys(_few(row, min_cell))})
    guards = [_coarse_guard(guard, min_cell) for guard in record.get("guards", [])]
    kept = [] if rows and len(hidden) == len(rows) else guards
    shown_rows = [list(row.values()) for row in shown]
    return {**record, "context": context, "rows": shown_rows, "hidden": hidden, "guards": kept}


def _hidden(record: Mapping[str, Any], rows: list[Row], names: list[str], min_cell: int) -> list[int]:
    """The rows that are too small, and those without which they could be worked out."""
    keys = [tuple(row[name] for name in names if name != "day") for row in rows]
    sizes: dict[tuple[Any, ...], int] = {}
    for key, row in zip(keys, rows, strict=True):
        sizes[key] = min(row[name] or 0 for name in ("n", "customers") if name in row)
    counted = ["n", "customers"] if "day" in names else _CUSTOMERS
    hidden = {key for key, row in zip(keys, rows, strict=True) if set(_few(row, min_cell)) & set(counted)}
    sums = list(_sums(record, dict(zip(keys, rows, strict=True)), names))
    while True:
        exposed = [part for part in sums if len(part & hidden) == 1 and any(sizes[key] for key in part - hidden)]
        if not exposed:
            return [at for at, key in enumerate(keys) if key in hidden]
        open_keys = [key for key in exposed[0] - hidden if sizes[key]]
        hidden.add(min(open_keys, key=lambda key: (sizes[key], str(key))))


def _few(row: Row, min_cell: int) -> list[str]:
    """The counts of customers in a row that are too small to show; nobody is not."""
    return [name for name in _CUSTOMERS if 0 < (row.get(name) or 0) < min_cell]


def _sums(
    record: Mapping[str, Any], rows: Mapping[tuple[Any, ...], Row], names: list[str]
) -> Iterable[set[tuple[Any, ...]]]:
    """The sets of rows that add up to something known."""
    if record["form"] in _LOOSE:
        return
    if record["form"] == "flow":
        yield from _balances(list(rows))
        return
    whole = set(rows)
    if names and len(names) == 1 and all("customers" in row for row in rows.values()):
        # Parts of one whole add up to 1; other shares of it, as of customers who may use several channels, do not.
        total = sum(row["estimate"] or 0 for row in rows.values())
        if not math.isclose(total, 1, abs_tol=1e-6):
            return
    for at in range(len([name for name in names if name != "day"])):
        alike: dict[tuple[Any, ...], set[tuple[Any, ...]]] = {}
        for key in whole:
            alike.setdefault(key[:at] + key[at + 1 :], set()).add(key)
        yield from (alike[key] for key in sorted(alike, key=str))


def _balances(links: list[tuple[Any, ...]]) -> Iterable[set[tuple[Any, ...]]]:
    """What flows into a value of a column flows out of it; the first column and the ends add up to totals."""
    steps = sorted({step for step, *_ in links})
    yield {link for link in links if link[0] == steps[0]} if steps else set()
    for step in steps:
        for value in sorted({source for at, source, _ in links if at == step}):
            out = {link for link in links if link[:2] == (step, value)}
            yield out | {link for link in links if link[0] == step - 1 and link[2] == value}
    for end in sorted(_ENDS):
        yield {link for link in links if link[2] == end}


def _unit(record: Mapping[str, Any], rows: list[Row]) -> str:
    said = record["context"].get("unit") or _UNITS.get(record["form"])
    if said:
        return str(said)
    values = [row[name] for row in rows for name in _SHARES[:3] if isinstance(row.get(name), int | float)]
    return "share" if values and all(-1 <= value <= 1 for value in values) else "other"


def _coarse(row: Row, names: list[str], unit: str) -> Row:
    grid = _grid(row, unit)
    made = dict(row)
    for name, value in row.items():
        if name in names or isinstance(value, bool) or not isinstance(value, int | float) or name == "p":
            continue
        if name in COUNTS or (unit == "count" and name in _SHARES[:3]):
            made[name] = _nearest(value, _BASE)
        elif name in _SHARES and grid:
            made[name] = _on_grid(name, value, grid)
        elif isinstance(value, float):
            made[name] = float(f"{value:.{_DIGITS}g}")
    if grid and unit == "share" and made.get("low") is not None and "group" not in names:
        made["low"], made["high"] = max(0.0, made["low"]), min(1.0, made["high"])
    return _still_apart(row, made, grid) if row.get("p") is not None else made


def _grid(row: Row, unit: str) -> float:
    """The step that rounding the counts by 5 leaves a share (or a score of 100); 0 for other units."""
    total = next((row[name] for name in _TOTALS if row.get(name)), row.get("n"))
    if unit not in ("share", "score") or not total:
        return 0.0
    if row.get("customers") and row.get("estimate") and total != row.get("n"):
        total = total / row["estimate"]
    whole = max(_BASE, _nearest(total, _BASE))  # so that 0 and 1 are steps
    return (100 if unit == "score" else 1) * _BASE / whole


def _on_grid(name: str, value: float, grid: float) -> float:
    """The nearest step; interval ends go outward, so an interval never claims more than the exact one."""
    steps = value / grid
    if name == "low":
        at = math.floor(steps + 1e-9)
    elif name == "high":
        at = math.ceil(steps - 1e-9)
    else:
        at = math.floor(steps + 0.5)
    return float(f"{at * grid:.12g}")


def _still_apart(exact: Row, made: Row, grid: float) -> Row:
    """Where the exact interval leaves out no difference, let the coarse one do so too."""
    null, seen = exact.get("before") or 0.0, made.get("before") or 0.0
    if not grid or exact.get("low") is None:
        return made
    if exact["low"] > null and made["low"] <= seen:
        made["low"] = float(f"{seen + grid / 2:.12g}")
    if exact["high"] < null and made["high"] >= seen:
        made["high"] = float(f"{seen - grid / 2:.12g}")
    return made


def _nearest(value: float, base: int) -> int:
    return math.floor(value / base + 0.5) * base


def _coarse_guard(guard: Mapping[str, Any], min_cell: int) -> dict[str, Any]:
    have = guard["have"]
    if guard["guard"].startswith(("customers", "departures")) and 0 < have < min_cell:
        return {**guard, "have": None}
    return {**guard, "have": _nearest(have, _BASE)}
