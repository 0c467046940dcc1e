"""Differences round a zero line: the scale, its axis, a dot with its whiskers, and what may be claimed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from journeylib.show import words
from journeylib.show.charts import axis
from journeylib.show.charts.lettering import kept_in
from journeylib.show.rows import Row, rows
from journeylib.show.style import Sheet, measure

__all__ = ["Zero", "is_claimed", "judged", "whisker"]

_NAMES = ("covariate", "source", "target", "group", "baseline")
_ENDS = ("estimate", "low", "high")


class Zero:
    """A linear scale that holds zero, with round ticks, between two places of a sheet."""

    def __init__(self, shown: Iterable[Row], kind: str, left: float, right: float) -> None:
        ends = [end for row in shown for end in (row.estimate, row.low, row.high) if end == end]
        self.kind, self.left, self.right = kind, left, right
        self.ticks = axis.values(min([0.0, *ends]), max([0.0, *ends]), kind)
        if self.ticks[-1] < 0:
            self.ticks.append(0.0)
        self.zero = self(0.0)

    def __call__(self, value: float) -> float:
        least, most = self.ticks[0], self.ticks[-1]
        return self.left + (value - least) / (most - least) * (self.right - self.left)

    def frame(self, sheet: Sheet, top: float, bottom: float, *, ways: tuple[str, str] | None = None) -> None:
        """Draw the grid, the zero line and the ticks; the last tick has the unit, and `ways` say what each side is."""
        for tick in self.ticks:
            x, is_last = self(tick), tick == self.ticks[-1]
            sheet.line([x, x], [top, bottom], "ink" if tick == 0 else "hair", width=0.9 if tick == 0 else 0.8)
            said = words.tick(tick, self.kind, is_last=is_last)
            place, anchor = kept_in(sheet, x, said)
            sheet.text(place, bottom + sheet.size + 3, said, colour="soft", anchor=anchor, small=True)
        if ways is not None:
            self._ways(sheet, bottom + 2 * sheet.size + 8, *ways)

    def _ways(self, sheet: Sheet, base: float, less: str, more: str) -> None:
        """Say what each side of zero is, where there is room for it."""
        sides = [(words.leftward(less), "right", self.zero - 7, self.zero - 9, self.ticks[0] < 0)]
        sides += [(words.rightward(more), "left", self.zero + 7, sheet.width - self.zero - 9, self.ticks[-1] > 0)]
        for said, anchor, place, room, is_there in sides:
            if is_there and measure(said, sheet.size * 0.88) < room:
                sheet.text(place, base, said, colour="soft", anchor=anchor, small=True)


def judged(record: Mapping[str, Any]) -> list[Row]:
    """Give the rows of a chart; those of the contrast that its finding makes, with the interval that it is judged by.

    So whiskers and words agree. The contrast is the standardised difference where there is one, else the crude.
    """
    every, about = rows(record), record.get("about")
    if not about or about.get("not_applicable") is not None:
        return every
    by_name = {_name(row): row for row in rows(about)}
    is_alike = any(row.values.get("kind") == "standardised" for row in every)
    kept = []
    for row in every:
        told = (
            by_name.get(_name(row))
            if row.values.get("kind", "crude") == ("standardised" if is_alike else "crude")
            else None
        )
        if told is not None and told.state == row.state == "shown":
            row = replace(row, values={**row.values, **{end: told.values[end] for end in _ENDS}})
        kept.append(row)
    return kept


def is_claimed(record: Mapping[str, Any], row: Row) -> bool:
    """Tell whether the finding that a chart illustrates claims the difference of a row."""
    about = words.claimed(record)
    return about is not None and any(_name(row) == _name(one) for one in words.claims(about))


def whisker(sheet: Sheet, scale: Zero, row: Row, y: float, colour: str, *, hollow: bool = False) -> None:
    """Draw a dot with its interval."""
    if row.low == row.low and row.high == row.high:
        sheet.line([scale(row.low), scale(row.high)], [y, y], colour, width=1.0 if hollow else 1.5)
    sheet.dot(scale(row.estimate), y, colour, radius=2.8 if hollow else 3.6, hollow=hollow)


def _name(row: Row) -> tuple[str, ...]:
    return tuple(str(row.values.get(name)) for name in _NAMES)
