"""Groups and measures: a number in every cell, in colour and with an arrow where a difference is claimed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from journeylib.show import words
from journeylib.show.charts.lettering import flow, lines_of, unmarked, wrapped
from journeylib.show.rows import Row, rows
from journeylib.show.style import Sheet, fit, measure

__all__ = ["heat"]

_MOST_GROUPS = 20
_MOST_CELLS = 160  # with more, the drawing grows too large; the rest stand in the table
_EDGE = 0.75
_SHADES = {"claimed": ("accent", 0.2), "grey": ("ink", 0.05), "few": ("ink", 0.025), "hidden": ("ink", 0.025)}


@dataclass(frozen=True)
class _Layout:
    """What a drawing has room for."""

    width: float
    size: float
    step: float
    names: float  # the widest that the names of lines may be
    columns: int  # side by side
    head_lines: int


@dataclass(frozen=True)
class _Cell:
    """What stands in a cell; `state` is claimed, grey, few or hidden."""

    said: str
    state: str


_WIDE = _Layout(612.0, 10.0, 23.0, 150.0, 8, 3)
_NARROW = _Layout(302.0, 11.0, 26.0, 112.0, 4, 4)


def heat(record: Mapping[str, Any], *, narrow: bool) -> Sheet:
    """Draw groups beside each other, a line a measure; where they are too many, a line a group and blocks of measures.

    Groups with the most claims come first, then those with the highest first measure; the
    baseline comes before all.
    """
    layout = _NARROW if narrow else _WIDE
    every = rows(record)
    heads = {measure: unmarked(said) for measure, said in words.named_measures(record).items()}
    order = _order(record, every, list(heads))
    kept = order[: max(1, min(_MOST_GROUPS, _MOST_CELLS // len(heads)))]
    groups = {group: unmarked(words.group(group)) for group in kept}
    cells = {key: cell for key, cell in _cells(record, every).items() if key[1] in groups}
    notes = _notes(record, {cell.state for cell in cells.values()}, len(order) - len(kept))
    if len(kept) <= layout.columns:
        return _draw(layout, heads, groups, cells, notes, most=layout.columns)
    turned = {(group, measure): cell for (measure, group), cell in cells.items()}
    longest = max(measure(word, layout.size * 0.88) for said in heads.values() for word in said.split(" "))
    room = layout.width - min(layout.names, max(measure(said, layout.size) for said in groups.values()) + 10)
    most = max(1, min(layout.columns, int(room // (min(longest, 84.0) + 5))))  # so that no word of a head is cut
    return _draw(layout, groups, heads, turned, notes, most=most)


def _cells(record: Mapping[str, Any], every: Sequence[Row]) -> dict[tuple[str, str], _Cell]:
    """What stands in each cell, by measure and group; the numbers of a measure alike."""
    claims, decimals = words.claimed_cells(record), dict[str, int]()
    for row in every:
        measure, kind = str(row.values["measure"]), words.unit(record, row.values)
        if row.state == "shown":
            decimals[measure] = min(words.places(kind, row.estimate), decimals.get(measure, 2))
    found = {}
    for row in every:
        measure, group = str(row.values["measure"]), str(row.values["group"])
        if row.state != "shown":
            found[measure, group] = _Cell(words.HIDDEN_CELL if row.state == "hidden" else words.FEW_CELL, row.state)
            continue
        said = words.cell(row.estimate, words.unit(record, row.values), decimals[measure])
        is_higher = claims.get(measure, {}).get(group)
        told = said if is_higher is None else words.arrowed(said, is_higher=is_higher)
        found[measure, group] = _Cell(told, "grey" if is_higher is None else "claimed")
    return found


def _order(record: Mapping[str, Any], every: Sequence[Row], measures: Sequence[str]) -> list[str]:
    """The groups as they are drawn."""
    claims: dict[str, int] = {}
    for own in words.claimed_cells(record).values():
        for group in own:
            claims[group] = claims.get(group, 0) + 1
    first = {str(row.values["group"]): row for row in every if str(row.values["measure"]) == measures[0]}
    baseline = record["context"].get("baseline")

    def rank(group: str) -> tuple[bool, int, float]:
        row = first.get(group)
        value = row.estimate if row is not None and row.state == "shown" else -float("inf")
        return group != baseline, -claims.get(group, 0), -value

    return sorted(dict.fromkeys(str(row.values["group"]) for row in every), key=rank)


def _draw(
    layout: _Layout,
    lines: Mapping[str, str],
    columns: Mapping[str, str],
    cells: Mapping[tuple[str, str], _Cell],
    notes: Sequence[str],
    *,
    most: int,
) -> Sheet:
    size, small = layout.size, layout.size * 0.88
    names = min(layout.names, max(measure(said, size) for said in lines.values()) + 10)
    keys, count = list(columns), -(-len(columns) // most)
    blocks = [keys[at * len(keys) // count : (at + 1) * len(keys) // count] for at in range(count)]
    room = min((layout.width - names) / max(map(len, blocks)), 92.0)
    labels = {line: wrapped(said, size, names - 8, 2) for line, said in lines.items()}
    steps = {line: layout.step + (size + 1 if len(told) > 1 else 0) for line, told in labels.items()}
    heads = {column: wrapped(said, small, room - 5, layout.head_lines) for column, said in columns.items()}
    tops = [max(len(heads[column]) for column in block) * (small + 2) + 6 for block in blocks]
    body = sum(steps.values())
    foot = len(lines_of(notes, small, layout.width)) * (small + 4) + 8
    sheet = Sheet(layout.width, sum(tops) + (body + 12) * len(blocks) - 12 + foot, size=size)
    top, placed = 0.0, list[tuple[_Cell, float, float, float]]()
    for block, head in zip(blocks, tops, strict=True):
        for place, column in enumerate(block):
            middle = names + (place + 0.5) * room
            told = heads[column]
            for at, text in enumerate(told):
                base = top + head - 6 - (len(told) - 1 - at) * (small + 2)
                sheet.text(middle, base, text, colour="soft", anchor="center", small=True)
        y = top + head
        for line, told in labels.items():
            middle = y + steps[line] / 2
            for at, text in enumerate(told):
                base = middle + size * 0.36 + (at - (len(told) - 1) / 2) * (size + 1)
                sheet.text(0, base, text)
            for place, column in enumerate(block):
                if (line, column) in cells:
                    placed.append((cells[line, column], names + place * room, y, steps[line]))
            y += steps[line]
        top = y + 12
    _fill(sheet, placed, room)
    flow(sheet, notes, top - 12 + 4)
    return sheet


def _fill(sheet: Sheet, placed: Sequence[tuple[_Cell, float, float, float]], width: float) -> None:
    """Shade the cells, all of a kind as one mark, and write what stands in them."""
    for state, (colour, alpha) in _SHADES.items():
        boxes = [
            (x + _EDGE, y + _EDGE, width - 2 * _EDGE, height - 2 * _EDGE)
            for cell, x, y, height in placed
            if cell.state == state
        ]
        sheet.areas(boxes, colour, alpha=alpha)
    for cell, x, y, height in placed:
        is_claimed = cell.state == "claimed"
        said, base = fit(cell.said, sheet.size, width - 3), y + height / 2 + sheet.size * 0.34
        sheet.text(x + width / 2, base, said, colour="ink" if is_claimed else "soft", anchor="center", bold=is_claimed)


def _notes(record: Mapping[str, Any], states: Collection[str], rest: int) -> list[str]:
    """What the signs in the cells mean, of those that are there."""
    notes = [words.arrows(record)] if "claimed" in states else []
    notes.append(words.CHROME["unclaimed"])
    notes += [words.few_cells()] if "few" in states else []
    notes += [words.hidden_cells(record)] if "hidden" in states else []
    return notes + ([words.more_groups(rest)] if rest else [])
