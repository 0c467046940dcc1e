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

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from journeylib.judge import totals
from journeylib.judge.checks import INPUTS
from journeylib.judge.complement import Key
from journeylib.judge.disclosure import Again, Past, keys
from journeylib.judge.rounding import BASE, WHOLE, unit_of

__all__ = ["Earlier", "compare"]

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
    found = {_name(record): _Met(record, min_cell) for record in records}
    for place, (exact, judged) in enumerate(earlier):
        kept = {_name(one): one for one in exact or ()}
        day = (judged.get("period") or {}).get("as_of")
        for record in judged["records"]:
            name = _name(record)
            if name in found:
                found[name].meet(record, kept.get(name))
                if place == 0:
                    found[name].follow(record, kept.get(name), day if day is not None and day <= as_of else None)
        if all(one.is_done for one in found.values()):
            break
    return {name: one.past for name, one in found.items()}


def _name(record: Record) -> str:
    return f"{record['notebook']}/{record['id']}"


class _Met:
    """A record, and what came of meeting the same record of earlier editions, the newest first."""

    def __init__(self, record: Record, min_cell: int) -> None:
        self.definition, self.bases, self.min_cell = _definition(record), _Bases.of(record), min_cell
        self.open_bases = {base for base, count in self.bases.counts.items() if count >= min_cell}
        self.open_rows = set(self.bases.worth)
        self.near: dict[_Base, bool] = {}
        self.moved: set[Key] = set()
        self.last = Past()

    @property
    def is_done(self) -> bool:
        """Whether no older edition can tell more."""
        return not self.open_bases and not self.open_rows

    @property
    def past(self) -> Past:
        """What must be known of earlier editions."""
        near = {base for base, is_near in self.near.items() if is_near}
        return replace(self.last, near=self.bases.rows_on(near) | self.moved)

    def meet(self, record: Record, exact: Record | None) -> None:
        """Compare with the judged record of an edition, by its exact one where that is kept."""
        had = _Bases.of(exact or record, self.bases.places)
        slack = 0 if exact else BASE // 2
        shown = _shown(record)
        for base in self.open_bases & set(had.counts):
            self.near[base] = _is_near(self.bases.counts[base], had.counts[base], self.min_cell, slack)
        self.open_bases -= set(had.of_rows(shown))
        for key in self.open_rows & set(shown) & set(had.worth):
            if _is_moved(self.bases.worth[key], had.worth[key], self.min_cell):
                self.moved.add(key)
        self.open_rows -= set(shown) & set(had.worth)

    def follow(self, record: Record, exact: Record | None, day: str | None) -> None:
        """Take over from the last edition what it showed; its rows only with a day and of the same definition."""
        again = _again(record, day) if day is not None and _definition(record) == self.definition else {}
        stated = record["context"] if record.get("kind") == "data" else {}
        unseen = frozenset(keys(record)) - frozenset(_shown(record))
        self.last = Past(True, exact, unseen, again=again, stated=stated)


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
