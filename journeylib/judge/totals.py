"""Which rows of a record add up to something that a reader knows, and by which counts?

A total counts as known whether it stands on the page, on another page of the edition, or
only in what everybody knows of the company; but the total of a line with fewer than
`width` customers is hidden like a cell, and with it the next smallest line's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from journeylib.judge.complement import Counts, Key, Sum, Table, complete

__all__ = ["bases", "columns", "places", "sums"]

_ENDS = {"converted", "drop-off", "open"}
_LOOSE = {"transitions", "gaps", "sensitivity", "windows", "reconciliation"}  # forms whose rows are parts of no total
_PARTS = {"bot_signs"}  # forms whose rows add up to a count, though their shares are of something else
_UNITS = ["journeys", "entries", "answers", "events"]
_LEFT = "left"

Rows = Mapping[Key, Mapping[str, Any]]


def columns(rows: Rows) -> tuple[Counts, list[Counts]]:
    """Give how small each row is, and the counts that add up: units where there are some, else customers.

    Customers of different parts may be the same people, but each unit lies in one part, and a
    part has no more customers than units.

    >>> size, [journeys] = columns({("web",): {"n": 90, "customers": 30, "journeys": 40}})
    >>> size, journeys
    ({('web',): 30}, {('web',): 40})
    """
    said = next(iter(rows.values()), {})
    people = "customers" if "customers" in said else "n"
    size = _counts(rows, people)
    units = next((name for name in _UNITS if name in said), None)
    adding: list[Counts] = [size] if units is None or people == "n" else []
    if units is not None:
        adding.append(_counts(rows, units))
    if _LEFT in said:
        adding.append(_counts(rows, _LEFT))
    return size, adding


def sums(record: Mapping[str, Any], rows: Rows, names: Sequence[str], width: int) -> list[Sum]:
    """List the sets of rows that add up to something known, each row with its sign.

    `names` are the columns of a row's key. In a table of several, every line along one of them
    adds up; lines whose totals are hidden add up together. In a flow what goes into a value of a
    column goes out of it. Parts whose shares do not add up to 1 (customers who may use several
    channels) are parts of no total.
    """
    if _is_loose(record, names):
        return []
    if record["form"] == "flow":
        return _balances(list(rows))
    is_parted = len(names) == 1 and all("customers" in row for row in rows.values())
    if is_parted and record["form"] not in _PARTS:
        total = sum(row.get("estimate") or 0 for row in rows.values())
        if not math.isclose(total, 1, abs_tol=1e-6):
            return []
    size, _ = columns(rows)
    found: list[Sum] = []
    for at in range(len(names)):
        if names[at] == "measure":  # the measures of a group are of the same customers
            continue
        lines: dict[Key, dict[Key, int]] = {}
        for key in rows:
            lines.setdefault(key[:at] + key[at + 1 :], {})[key] = 1
        together = _hidden({line: sum(size[key] for key in part) for line, part in lines.items()}, width)
        found += [part for line, part in sorted(lines.items(), key=str) if line not in together]
        found.append({key: 1 for line in together for key in lines[line]})
    return found


def bases(record: Mapping[str, Any], rows: Rows, names: Sequence[str], hidden: set[Key], width: int) -> set[Key]:
    """Find the rows whose `n` must be hidden though they are large: the base of a hidden group follows from it.

    Where `n` belongs to some of the `names` only (the customers of a region, whatever the
    outcome), those groups add up to all customers, as a table of theirs would. A group is
    hidden where it has few customers, or where all its rows are `hidden`.
    """
    kept = places(rows, len(names))
    if _is_loose(record, names) or not 0 < len(kept) < len(names):
        return set()
    base = {key: tuple(key[at] for at in kept) for key in rows}
    size = {base[key]: int(row["n"] or 0) for key, row in rows.items()}
    gone = set(size) - {base[key] for key in rows if key not in hidden}
    together = _hidden(size, width, gone)
    return {key for key in rows if base[key] in together}


def places(rows: Rows, names: int) -> list[int]:
    """Give the places in the rows' keys, of so many names, on which `n` depends; none where it is the same for all.

    >>> places({("north", "won"): {"n": 40}, ("north", "lost"): {"n": 40}, ("south", "won"): {"n": 90}}, 2)
    [0]
    """
    return [at for at in range(names) if not _is_same(rows, at)]


def _is_loose(record: Mapping[str, Any], names: Sequence[str]) -> bool:
    """Whether the rows are parts of nothing; a difference to a baseline is none."""
    return not names or record["form"] in _LOOSE or "baseline" in names


def _hidden(size: Counts, width: int, gone: Iterable[Key] = ()) -> set[Key]:
    """The lines with few customers or `gone` anyway, and those that would give them away."""
    few = {line for line, count in size.items() if 0 < count < width} | set(gone)
    return complete(size, [Table(size, frozenset(few), [dict.fromkeys(size, 1)])], width=width) if few else few


def _is_same(rows: Rows, at: int) -> bool:
    """Whether n is the same whatever the key says at this place."""
    seen: dict[Key, Any] = {}
    return all(seen.setdefault(key[:at] + key[at + 1 :], row["n"]) == row["n"] for key, row in rows.items())


def _balances(links: Sequence[Key]) -> list[Sum]:
    """What flows into a value of a column flows out of it; the first column and the ends add up to totals."""
    steps = sorted({step for step, *_ in links})
    found: list[Sum] = [{link: 1 for link in links if link[0] == steps[0]}] if steps else []
    for step in steps:
        for value in sorted({source for at, source, _ in links if at == step}):
            out = {link: -1 for link in links if link[:2] == (step, value)}
            found.append(out | {link: 1 for link in links if link[0] == step - 1 and link[2] == value})
    return found + [{link: 1 for link in links if link[2] == end} for end in sorted(_ENDS)]


def _counts(rows: Rows, name: str) -> dict[Key, int]:
    return {key: int(row[name] or 0) for key, row in rows.items()}
