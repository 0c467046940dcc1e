"""Complementary hiding: which further rows must be hidden so that totals do not give the hidden ones away.

Whoever reads a page is taken to know every count that is shown, and every total, exactly; so
is who reads the edition before beside it, and sees that counts only grow. What remains unknown
is bounded by linear programming: a hidden count must be able to lie anywhere in a range at
least as wide as the smallest cell that is shown. Rounding is then a margin that the argument
does not need.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

__all__ = ["Counts", "Key", "Sum", "Table", "complete", "narrow"]

Key = tuple[Any, ...]
Counts = Mapping[Key, int]
Sum = Mapping[Key, int]  # of each of its rows 1 or −1: added up with these signs, they come to something known

_EXACT = 1e-6  # what the solver leaves of a whole number


@dataclass(frozen=True)
class Table:
    """What an edition has in one column: the count of each row, the rows that it hides, the sums that are known.

    `floors` are counts that were shown before, of which no row has fallen since.
    """

    counts: Counts
    hidden: frozenset[Key]
    known: Sequence[Sum]
    floors: Counts = field(default_factory=dict)

    def told(self, width: int, before: Table | None) -> Table:
        """Keep the sums that a reader can know: one of fewer than `width`, or changed by fewer, is a hidden cell."""
        kept = []
        for one in {tuple(sorted(one.items(), key=str)): one for one in self.known if one}.values():
            is_plain = len(set(one.values())) == 1
            now = sum(self.counts[key] for key in one)
            past = sum(before.counts.get(key, 0) for key in one) if before is not None else now
            if not is_plain or (now >= width and not 0 < abs(now - past) < width):
                kept.append(one)
        return replace(self, known=kept)

    def least(self, key: Key) -> int:
        """Somebody is in a hidden row, but where nothing of a sum is shown: there a row of nobody is hidden too."""
        is_open = any(key in one and set(one) <= self.hidden for one in self.known)
        return max(min(0 if is_open else 1, self.counts[key]), self.floors.get(key, 0))


def complete(
    size: Counts,
    tables: Sequence[Table],
    *,
    width: int,
    before: Sequence[Table | None] = (),
) -> set[Key]:
    """Add to the hidden rows until none of them can be told closer than `width`.

    `tables` has the columns that add up, all hiding the same rows, and `before` the same of the
    edition before. Of the rows whose hiding would set a row apart, those are hidden that are
    smallest together; a row of nobody only where no other of its sum is left. What no hiding
    could keep apart (it was published before) is left as it is.

    >>> row = {("a",): 3, ("b",): 60, ("c",): 20, ("d",): 0}
    >>> sorted(complete(row, [Table(row, frozenset({("a",)}), [dict.fromkeys(row, 1)])], width=10))
    [('a',), ('c',)]
    """
    pasts = [_grown(past, one, width) for past, one in zip(before or [None] * len(tables), tables, strict=True)]
    now = []
    for one, past in zip(tables, pasts, strict=True):
        floors = {} if past is None else {key: past.counts[key] for key in set(past.counts) - past.hidden}
        now.append(replace(one.told(width, past), floors=floors))
    hidden = set(now[0].hidden) if now else set()
    every = [replace(table, hidden=frozenset(table.counts)) for table in now]
    lost = [narrow(table, past, width=width) for table, past in zip(every, pasts, strict=True)]
    while True:
        chosen, lines = set[Key](), set[Key]()
        for table, past, gone in zip(now, pasts, lost, strict=True):
            for place in sorted(narrow(replace(table, hidden=frozenset(hidden)), past, width=width) - gone, key=str):
                veiled = replace(table, hidden=frozenset(hidden | chosen))
                chosen |= _apart(size, veiled, past, place, width)
                lines |= _line(size, veiled, place[1])
        if not chosen | lines:
            break
        hidden |= chosen or lines
    return _needed(size, hidden, tables, now, pasts, lost, width)


def narrow(table: Table, before: Table | None = None, *, width: int) -> set[tuple[int, Key]]:
    """Find the hidden rows whose count is bound to a range narrower than `width`: 1 of this table, 0 of the one before.

    >>> square = {(row, column): 20 for row in "ab" for column in "xy"}
    >>> lines = [{key: 1 for key in square if name in key} for name in "abxy"]
    >>> narrow(Table(square, frozenset(square), lines), width=10)
    set()
    >>> narrow(Table(square, frozenset({("a", "x")}), lines), width=10)
    {(1, ('a', 'x'))}
    """
    editions = {1: table} if before is None else {0: before, 1: table}
    places = [(at, key) for at, one in editions.items() for key in sorted(one.hidden & set(one.counts), key=str)]
    if not places:
        return set()
    number = {place: at for at, place in enumerate(places)}
    sums = [{number[at, key]: sign for key, sign in part.items() if key in one.hidden}
            for at, one in editions.items() for part in one.known]  # fmt: skip
    bounds: list[tuple[int, int | None]] = [(editions[at].least(key), None) for at, key in places]
    grows = []
    if before is not None:
        for key in before.hidden & set(before.counts) & set(table.counts):
            if key in table.hidden:
                grows.append({number[0, key]: 1, number[1, key]: -1})
            else:
                bounds[number[0, key]] = (bounds[number[0, key]][0], table.counts[key])
    truth = np.array([editions[at].counts[key] for at, key in places], float)
    return {places[at] for at in _bound(truth, sums, grows, bounds, width)}


def _bound(
    truth: Any, sums: Sequence[Mapping[int, int]], grows: Sequence[Mapping[int, int]], bounds: Any, width: int
) -> list[int]:
    """The unknowns whose least and greatest value are fewer than `width` apart."""
    from scipy.optimize import linprog

    equal, less = (_matrix(parts, len(truth)) for parts in (sums, grows))
    limits = {"A_ub": less, "b_ub": np.zeros(len(less))} if len(less) else {}
    low, high = truth.copy(), truth.copy()
    found = []
    for at in range(len(truth)):
        for aim in (-1.0, 1.0):
            if high[at] - low[at] >= width - _EXACT:
                break
            cost = np.zeros(len(truth))
            cost[at] = aim
            answer = linprog(cost, A_eq=equal, b_eq=equal @ truth, bounds=bounds, method="highs", **limits)
            if answer.status == 0:
                low, high = np.minimum(low, answer.x), np.maximum(high, answer.x)
            elif answer.status == 3:  # without bound
                high[at] = np.inf
        if high[at] - low[at] < width - _EXACT:
            found.append(at)
    return found


def _matrix(parts: Iterable[Mapping[int, int]], size: int) -> Any:
    rows = {tuple(sorted(part.items())) for part in parts if part}
    made = np.zeros((len(rows), size))
    for at, row in enumerate(sorted(rows)):
        for place, sign in row:
            made[at, place] = sign
    return made


def _apart(size: Counts, table: Table, before: Table | None, place: tuple[int, Key], width: int) -> set[Key]:
    """The rows to hide so that one can lie `width` from its true count: the smallest together; none where it cannot.

    As in the hiding of cells by linear programming (Kelly, Golden and Assad 1992): all counts
    may move, those that are shown at the price of their size, so that every sum stays what it is.
    """
    from scipy.optimize import linprog

    free = [key for key, count in table.counts.items() if key in table.hidden or _may_hide(table, key, count)]
    places = [(1, key) for key in sorted(free, key=str)]
    places += [] if before is None else [(0, key) for key in sorted(before.hidden & set(before.counts), key=str)]
    number = {one: at for at, one in enumerate(places)}
    if place not in number:
        return set()
    editions = {1: table} if before is None else {0: before, 1: table}
    sums = [{number[at, key]: sign for key, sign in part.items() if (at, key) in number}
            for at, one in editions.items() for part in one.known]  # fmt: skip
    equal, less, room = _matrix(sums, len(places)), np.zeros((0, len(places))), np.zeros(0)
    if before is not None:
        grows = [key for at, key in places if at == 0 and key in table.counts]
        less = np.zeros((len(grows), len(places)))
        room = np.array([table.counts[key] - before.counts[key] for key in grows], float)
        for at, key in enumerate(grows):
            less[at, number[0, key]] = 1
            if (1, key) in number:
                less[at, number[1, key]] = -1
    down = [max(0, editions[at].counts[key] - editions[at].least(key)) for at, key in places]
    price = np.array([size[key] if at == 1 and key not in table.hidden else 0.0 for at, key in places])
    price += _EXACT * (1 + np.arange(len(places)))  # of equal rows the first
    # Two tables that agree with all that is known, `width` apart in this row; a move is one up less one down.
    moves = (np.hstack([equal, -equal]), np.hstack([less, -less]))
    apart = np.zeros((1, 4 * len(places)))
    for at, sign in enumerate((-1, 1, 1, -1)):
        apart[0, at * len(places) + number[place]] = sign
    answer = linprog(
        np.tile(price, 4),
        A_eq=np.vstack([np.hstack([moves[0], 0 * moves[0]]), np.hstack([0 * moves[0], moves[0]])]),
        b_eq=np.zeros(2 * len(equal)),
        A_ub=np.vstack([np.hstack([moves[1], 0 * moves[1]]), np.hstack([0 * moves[1], moves[1]]), apart]),
        b_ub=np.concatenate([room, room, [-width]]),
        bounds=2 * ([(0, None)] * len(places) + [(0, most) for most in down]),
        method="highs",
    )
    if answer.status != 0:
        return set()
    moved = answer.x.reshape(4, len(places)).max(axis=0) > _EXACT
    return {key for (at, key), is_moved in zip(places, moved, strict=True) if at == 1 and is_moved} - table.hidden


def _needed(
    size: Counts,
    hidden: set[Key],
    first: Sequence[Table],
    now: Sequence[Table],
    pasts: Sequence[Table | None],
    lost: Sequence[set[tuple[int, Key]]],
    width: int,
) -> set[Key]:
    """The hidden rows without those that what was hidden later made needless; the largest are shown again first."""
    added = hidden - first[0].hidden if first else set()
    zeros = {key for key in hidden if not size[key]}
    kept = {key for table in now for one in table.known if zeros & set(one) for key in one}
    for key in sorted(added - kept, key=lambda key: (-size[key], str(key))):
        fewer = frozenset(hidden - {key})
        told = [narrow(replace(table, hidden=fewer), past, width=width) for table, past in zip(now, pasts, strict=True)]
        if all(found <= gone for found, gone in zip(told, lost, strict=True)):
            hidden = set(fewer)
    return hidden


def _may_hide(table: Table, key: Key, count: int) -> bool:
    """Whether hiding a row helps: it has somebody, and is not as it was when it was shown before."""
    return count > 0 and table.floors.get(key) != count


def _line(size: Counts, table: Table, key: Key) -> set[Key]:
    """What is left of a sum with this row, the smallest: of its rows with somebody, else of those of nobody.

    Where all of a sum is hidden, each of its rows may be nobody's; that sets them further apart.
    """
    open_rows = [set(one) - table.hidden for one in table.known if key in one]
    people = [{other for other in one if _may_hide(table, other, table.counts[other])} for one in open_rows]
    zeros = [one for one in open_rows if not any(size[other] for other in one)]
    found = [one for one in people if one] or [one for one in zeros if one]
    return min(found, key=lambda one: (sum(size[other] for other in one), str(sorted(one, key=str))), default=set())


def _grown(past: Table | None, table: Table, width: int) -> Table | None:
    """The table before, where this one can be taken to have grown out of it: no count has fallen."""
    if past is None or any(count > table.counts.get(key, 0) for key, count in past.counts.items()):
        return None
    return past.told(width, None)
