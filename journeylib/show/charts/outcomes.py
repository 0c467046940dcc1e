"""How journeys end: converted, lost and open beside each other, what is open hatched and never called lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from journeylib.show import words
from journeylib.show.rows import Row, rows
from journeylib.show.style import Sheet, fit, measure

__all__ = ["outcomes"]

_LOOKS = {"converted": ("soft", "full"), "lost": ("grey", "full"), "open": ("grey", "hatched")}
_ORDER = list(_LOOKS)
_Groups = Mapping[str, Mapping[str, Row]]


def outcomes(record: Mapping[str, Any], *, narrow: bool) -> Sheet:
    """Draw one panel an outcome, one row a group; groups by their share converted."""
    groups: dict[str, dict[str, Row]] = {}
    for row in rows(record):
        groups.setdefault(row.label, {})[str(row.values["outcome"])] = row
    order = sorted(groups, key=lambda group: -_value(groups[group].get("converted")))
    most = max([_reach(row) for group in groups.values() for row in group.values()] or [1.0]) or 1.0
    if narrow or order == [""]:
        return _stacked(groups, order, most, narrow=narrow)
    return _panels(groups, order, most)


def _panels(groups: _Groups, order: Sequence[str], most: float) -> Sheet:
    size, step, top = 10.0, 24.0, 22.0
    sheet = Sheet(612, top + step * len(order) + 2, size=size)
    names = min(150.0, max(measure(fit(group, size, 150), size) for group in order) + 14)
    room = (sheet.width - names - 64) / len(_ORDER)
    for place, outcome in enumerate(_ORDER):
        left = names + place * room
        sheet.text(left, 11, words.outcome(outcome), bold=True)
        sheet.line([left, left], [top - 4, top + step * len(order)], "ink", width=0.8)
        for i, group in enumerate(order):
            _bar(sheet, groups[group].get(outcome), left, top + i * step + step / 2, room - 46, most, outcome)
    for i, group in enumerate(order):
        base = top + i * step + step / 2 + size * 0.36
        sheet.text(0, base, fit(group, size, names - 14))
        first = next(iter(groups[group].values()))
        if first.n is not None:
            sheet.text(sheet.width, base, words.customers(first.n), colour="soft", anchor="right", small=True)
    return sheet


def _stacked(groups: _Groups, order: Sequence[str], most: float, *, narrow: bool) -> Sheet:
    size, width = (11.0, 302.0) if narrow else (10.0, 612.0)
    step, head = 21.0, 0.0 if order == [""] else 24.0
    block = head + step * len(_ORDER) + (10 if head else 0)
    sheet = Sheet(width, block * len(order) + 2, size=size)
    left = max(measure(words.outcome(outcome), size) for outcome in _ORDER) + 14
    for i, group in enumerate(order):
        top = i * block + head
        first = next(iter(groups[group].values()))
        behind = "" if first.n is None else words.customers(first.n)
        if head:
            sheet.text(0, top - 8, fit(group, size, width - 96), bold=True)
            sheet.text(width, top - 8, behind, colour="soft", anchor="right", small=True)
        elif behind:
            sheet.text(width, top + step / 2 + size * 0.36, behind, colour="soft", anchor="right", small=True)
        sheet.line([left, left], [top, top + step * len(_ORDER)], "ink", width=0.8)
        for place, outcome in enumerate(_ORDER):
            middle = top + place * step + step / 2
            sheet.text(0, middle + size * 0.36, words.outcome(outcome))
            room = width - left - (60 if narrow else 150)
            _bar(sheet, groups[group].get(outcome), left, middle, room, most, outcome)
    return sheet


def _bar(
    sheet: Sheet,
    row: Row | None,
    left: float,
    y: float,
    room: float,
    most: float,
    outcome: str,
) -> None:
    if row is None:
        return
    if row.state != "shown":
        said = words.CHROME["hidden"] if row.state == "hidden" else words.few(row.n)
        sheet.text(left + 6, y + sheet.size * 0.33, said, colour="soft", small=True)
        return
    colour, look = _LOOKS[outcome]
    sheet.box(left, y - 5, row.estimate / most * room, 10, colour, look=look)
    if row.low == row.low and row.high == row.high:
        sheet.line([left + row.low / most * room, left + row.high / most * room], [y, y], "ink", width=1.1)
    said = words.percent(row.estimate)
    sheet.text(left + _reach(row) / most * room + 6, y + sheet.size * 0.36, said, bold=outcome == "converted")


def _reach(row: Row) -> float:
    if row.state != "shown":
        return 0.0
    return row.high if row.high == row.high else row.estimate


def _value(row: Row | None) -> float:
    return row.estimate if row is not None and row.state == "shown" else -1.0
