"""The gate between editions: what the last edition and this one would tell together, and neither alone.

A reader who has both can subtract. Where the customers behind a number are those of an
earlier edition and a few more or fewer, the difference of the two numbers speaks of these few
alone. So a row is hidden whose base changed by 1 to 9 customers (fewer than `min_cell`) since
the newest edition of the series that showed it; one whose base is unchanged, or changed by
more, is not. The bases are exact counts, from the private folders of the editions; where those
are gone, the published, rounded ones, and whatever may have changed by so few is hidden.

On an unchanged base, a share or a score that moved by fewer than so many customers' worth is
hidden too: the difference tells how these few changed. Only sizes are compared: where five came
and five left, the base counts as unchanged. And only the newest edition that showed a row counts:
where customers leave as well as come, an older one may by chance have nearly the same base. What
the gate hides and the last edition showed is
shown as it was there, with its day (`disclosure`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from journeylib.errors import RefusedError
from journeylib.judge import totals
from journeylib.judge.checks import INPUTS
from journeylib.judge.complement import Key
from journeylib.judge.disclosure import Again, Past, keys
from journeylib.judge.rounding import BASE, WHOLE, unit_of

__all__ = ["Earlier", "compare", "read"]

Record = Mapping[str, Any]
_SAME = 1e-6  # what rounding to 12 digits leaves between equal numbers
_Base = tuple[str, Key]
Earlier = tuple[Sequence[Record] | None, Mapping[str, Any]]  # an edition's exact records, and its judged record


def compare(
    records: Sequence[Record], earlier: Iterable[Earlier], *, as_of: str = "9999-12-31", min_cell: int = 10
) -> dict[str, Past]:
    """Find, for each record by its name (notebook/id), what earlier editions of its series say of it.

    `earlier` gives the series' editions, newest first, each with its exact records or None. A row
    that the last edition hid is compared with the newest that showed it, so that a group which
    grows by a few each week is shown again once it has grown enough; one that none showed, with
    the oldest. Rows of before are offered only of the same definition and of a day up to `as_of`.
    Editions are taken from `earlier` only as far as that needs.

    >>> def edition(n):
    ...     named = {"notebook": "churn", "id": "left", "form": "left", "context": {}, "columns": ["plan", "n"]}
    ...     return [{**named, "rows": [["annual", n]], "hidden": []}]
    >>> compare(edition(43), [(edition(40), {"records": edition(40)})])["churn/left"].near
    frozenset({('annual',)})
    >>> compare(edition(50), [(edition(40), {"records": edition(40)})])["churn/left"].near
    frozenset()
    """
    now = {_name(record): _Bases.of(record) for record in records}
    definitions = {_name(record): _definition(record) for record in records}
    open_bases = {(name, base) for name, own in now.items() for base, count in own.counts.items() if count >= min_cell}
    near: dict[str, set[_Base]] = {name: set() for name in now}
    first: dict[tuple[str, _Base], bool] = {}
    open_rows = {(name, key) for name, own in now.items() for key in own.worth}
    moved: dict[str, set[Key]] = {name: set() for name in now}
    last: dict[str, Past] = {}
    for place, (exact, judged) in enumerate(earlier):
        for record in judged["records"]:
            name = _name(record)
            if name not in now:
                continue
            own = next((one for one in exact or () if _name(one) == name), None)
            shown = _shown(record)
            if place == 0:
                day = (judged.get("period") or {}).get("as_of")
                is_same = day is not None and day <= as_of and _definition(record) == definitions[name]
                again = _again(record, str(day)) if is_same else {}
                stated = record["context"] if record.get("kind") == "data" else {}
                last[name] = Past(True, own, frozenset(keys(record)) - frozenset(shown), again=again, stated=stated)
            before, slack = (record, BASE // 2) if own is None else (own, 0)
            had = _Bases.of(before, now[name].places)
            told = had.of_rows(shown)
            for base, count in had.counts.items():
                if (name, base) in open_bases:
                    first[name, base] = _is_near(now[name].counts[base], count, min_cell, slack)
                    if base in told:
                        open_bases.discard((name, base))
            for key in shown:
                if (name, key) in open_rows and key in had.worth:
                    open_rows.discard((name, key))
                    if _is_moved(now[name].worth[key], had.worth[key], min_cell):
                        moved[name].add(key)
        if not open_bases and not open_rows:
            break
    for name, base in (place for place, is_near in first.items() if is_near):
        near[name].add(base)
    return {
        name: replace(last.get(name, Past()), near=own.rows_on(near[name]) | moved[name]) for name, own in now.items()
    }


def read(editions: Iterable[tuple[Path, Path]]) -> Iterator[Earlier]:
    """Read earlier editions, newest first: of each its published folder and its private one, which may be gone.

    Raises RefusedError where what an edition showed cannot be read: its readers may still have it.
    """
    for published, private in editions:
        judged, exact = _json(published / "findings.json"), _json(private / "records.json")
        if not isinstance(judged, dict) or not isinstance(judged.get("records"), list):
            raise RefusedError(
                f"{published / 'findings.json'} cannot be read, so what readers of that edition know is not known. "
                "Bring it back from a copy; or, if nobody has seen that edition, move its folder away."
            )
        yield exact if isinstance(exact, list) else None, judged


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _name(record: Record) -> str:
    return f"{record['notebook']}/{record['id']}"


@dataclass(frozen=True)
class _Bases:
    """The customers behind a record's rows: those of a row's group, which several may share, and of its part."""

    counts: Mapping[_Base, int]
    rows: Mapping[Key, Sequence[_Base]]
    places: Sequence[int]
    worth: Mapping[Key, tuple[int, float]]  # of shares and scores: n, and how many customers' worth it is

    @classmethod
    def of(cls, record: Record, places: Sequence[int] | None = None) -> _Bases:
        """Read the bases of a record; `places` of a key say which group a row is of, as totals.places finds them."""
        found = zip(keys(record), record["rows"], strict=True)
        by = {key: dict(zip(record["columns"], cells, strict=True)) for key, cells in found}
        if places is None:
            size = len(next(iter(by), ()))
            places = totals.places(by, size) if all("n" in row for row in by.values()) else range(size)
        counts: dict[_Base, int] = {}
        rows: dict[Key, list[_Base]] = {}
        for key, row in by.items():
            bases = {("n", tuple(key[at] for at in places)): row.get("n"), ("customers", key): row.get("customers")}
            known = {base: int(count) for base, count in bases.items() if count is not None}
            counts |= known
            rows[key] = list(known)
        whole = WHOLE.get(unit_of(record, list(by.values())), 0.0)
        worth = {
            key: (int(row["n"]), row["estimate"] / whole * row["n"])
            for key, row in by.items()
            if whole and row.get("n") and row.get("estimate") is not None
        }
        return cls(counts, rows, places, worth)

    def of_rows(self, some: Iterable[Key]) -> dict[_Base, int]:
        """Give the bases that some rows tell."""
        return {base: self.counts[base] for key in some for base in self.rows.get(key, ())}

    def rows_on(self, bases: set[_Base]) -> frozenset[Key]:
        """Give the rows that stand on any of some bases."""
        return frozenset(key for key, own in self.rows.items() if bases & set(own))


def _shown(record: Record) -> list[Key]:
    """The rows that a judged record shows anew."""
    hidden = {*(record.get("hidden") or ()), *_kept(record)}
    return [key for at, key in enumerate(keys(record)) if at not in hidden]


def _kept(record: Record) -> dict[int, str]:
    return {one["row"]: one["as_of"] for one in record.get("kept") or ()}


def _definition(record: Record) -> list[Any]:
    """What a record's rows mean: its form, its columns and its context, but for what only guards read."""
    context = {name: value for name, value in record["context"].items() if name not in INPUTS}
    return [record["form"], list(record["columns"]), context]


def _again(record: Record, as_of: str) -> dict[Key, Again]:
    """What a judged record of a day shows of each group."""
    found: dict[Key, Again] = {}
    kept, hidden = _kept(record), set(record.get("hidden") or ())
    contrasts = {one["row"]: one for one in record.get("contrasts") or ()}
    for at, (key, cells) in enumerate(zip(keys(record), record["rows"], strict=True)):
        if at not in hidden:
            before = found.get(key, Again(kept.get(at, as_of), [], contrasts.get(at)))
            found[key] = replace(before, rows=[*before.rows, cells])
    return found


def _is_near(now: int, before: int, min_cell: int, slack: int) -> bool:
    """Whether a base changed, but by fewer than `min_cell`; `slack` is how far the one before may be off."""
    change = abs(now - before)
    return change - slack < min_cell and bool(change or slack)


def _is_moved(now: tuple[int, float], before: tuple[int, float], min_cell: int) -> bool:
    """Whether on the same base something changed, but for fewer than `min_cell`."""
    return now[0] == before[0] and _SAME < abs(now[1] - before[1]) < min_cell
