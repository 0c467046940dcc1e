"""Each group over time in a small panel of its own, all on the same axes, with all groups together in pale."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from journeylib.show import words
from journeylib.show.charts import axis
from journeylib.show.charts.lettering import flow, lines_of
from journeylib.show.rows import Row, rows
from journeylib.show.style import Sheet, fit, measure

__all__ = ["panels"]

_MOST = 9
_NOTES = 5


def panels(record: Mapping[str, Any], *, narrow: bool) -> Sheet:
    """Draw at most nine groups, those of the most customers, the highest first; the rest stay in the table."""
    every, kind = rows(record), words.unit(record)
    groups: dict[str, dict[date, Row]] = {}
    for row in every:
        if row.state == "shown":
            groups.setdefault(str(row.values["group"]), {})[_on(row)] = row
    unseen = sorted({str(row.values["group"]) for row in every} - set(groups))
    largest = sorted(groups, key=lambda group: -max([row.n or 0 for row in groups[group].values()]))
    kept = sorted(largest[:_MOST], key=lambda group: -_level(groups[group]))
    days = sorted({_on(row) for row in every})
    size, width, across = (10.5, 302.0, 2) if narrow else (9.5, 612.0, 3)
    across = min(across, len(kept))
    notes = _noted(record, days)
    told = [words.noted(at, text, day) for at, (day, text) in enumerate(notes, start=1)]
    told += [words.unseen(unseen)] if unseen else []
    told += [words.more_rows(len(groups) - len(kept))] if len(groups) > len(kept) else []
    down, high = math.ceil(len(kept) / across), 118.0
    foot = len(lines_of(told, size * 0.88, width)) * (size * 0.88 + 4)
    sheet = Sheet(width, high * down + foot + 6, size=size)
    shown = [row for group in kept for row in groups[group].values()]
    ticks = _ticks(shown, kind)
    left = max(measure(words.tick(tick, kind), size * 0.88) for tick in ticks) + 6
    room = (width - left) / across
    common = _common(groups, days)
    for i, group in enumerate(kept):
        x, y = left + (i % across) * room, (i // across) * high
        panel = _Panel(days, ticks, x, x + room - 12, y + 22, y + high - 22)
        panel.frame(sheet, kind, is_first=i % across == 0, is_narrow=narrow)
        panel.marks(sheet, [day for day, _ in notes])
        panel.draw(sheet, groups[group], common)
        value = words.quantity(groups[group][max(groups[group])].estimate, kind)
        wide = measure(value, size) * 1.1
        sheet.text(panel.left, y + 14, fit(group, size, panel.right - panel.left - wide - 8), bold=True, halo=True)
        sheet.text(panel.right, y + 14, value, anchor="right", bold=True)
    flow(sheet, told, high * down)
    return sheet


class _Panel:
    """Places of days and values in one panel."""

    def __init__(
        self, days: Sequence[date], ticks: Sequence[float], left: float, right: float, top: float, bottom: float
    ) -> None:
        self.days, self.ticks = days, ticks
        self.left, self.right, self.top, self.bottom = left, right, top, bottom

    def x(self, day: date) -> float:
        span = max((self.days[-1] - self.days[0]).days, 1)
        return self.left + (day - self.days[0]).days / span * (self.right - self.left)

    def y(self, value: float) -> float:
        least, most = self.ticks[0], self.ticks[-1]
        return self.bottom - (value - least) / (most - least) * (self.bottom - self.top)

    def frame(self, sheet: Sheet, kind: str, *, is_first: bool, is_narrow: bool) -> None:
        """Draw the grid; the first panel of a line has the values, each has its first and last month."""
        for tick in self.ticks:
            y = self.y(tick)
            sheet.line([self.left, self.right], [y, y], "ink" if tick == 0 else "hair", width=0.8)
            if is_first:
                said = words.tick(tick, kind)
                sheet.text(self.left - 5, y + sheet.size * 0.32, said, colour="soft", anchor="right", small=True)
        months = axis.months(self.days[0], self.days[-1], 2 if is_narrow else 3)
        for day in months:
            x, said = self.x(day), words.month_tick(day, months[0])
            anchor = "right" if self.right - x < 24 else "left" if x - self.left < 24 else "center"
            sheet.line([x, x], [self.bottom, self.bottom + 3], "soft", width=0.8)
            sheet.text(x, self.bottom + 13, said, colour="soft", anchor=anchor, small=True)

    def marks(self, sheet: Sheet, notes: Sequence[date]) -> None:
        """Mark the days of notes by their numbers."""
        for at, day in enumerate(notes, start=1):
            x = self.x(day)
            sheet.line([x, x], [self.top, self.bottom], "soft", width=0.8, dash="dot")
            sheet.text(x + 3, self.top + 8, words.count(at), colour="soft", small=True, halo=True)

    def draw(self, sheet: Sheet, own: Mapping[date, Row], common: Mapping[date, float]) -> None:
        """Draw the line of all in pale, then the group's own with its band, broken where there is too little."""
        sheet.line([self.x(day) for day in common], [self.y(value) for value in common.values()], "mist", width=1.6)
        for run in _runs(own, self.days):
            xs = [self.x(day) for day, _ in run]
            if all(row.low == row.low for _, row in run):
                band = [(x, self.y(row.low)) for x, (_, row) in zip(xs, run, strict=True)]
                band += [(x, self.y(row.high)) for x, (_, row) in reversed(list(zip(xs, run, strict=True)))]
                sheet.area(band, "ink", alpha=0.13)
            sheet.line(xs, [self.y(row.estimate) for _, row in run], "ink", width=1.5)
            if len(run) == 1:
                sheet.dot(xs[0], self.y(run[0][1].estimate), "ink", radius=1.8)


def _ticks(shown: Sequence[Row], kind: str) -> list[float]:
    ends = [end for row in shown for end in (row.estimate, row.low, row.high) if end == end]
    ticks = axis.values(min(ends), max(ends), kind)
    return ticks[:: 2 if len(ticks) % 2 else 1] if len(ticks) > 4 else ticks


def _common(groups: Mapping[str, Mapping[date, Row]], days: Sequence[date]) -> dict[date, float]:
    """The average of the groups that have every period, by customers; of all groups where those are fewer than two."""
    whole = [own for own in groups.values() if len(own) == len(days)]
    counted = whole if len(whole) > 1 else list(groups.values())
    found = {}
    for day in days:
        there = [own[day] for own in counted if day in own]
        if len(there) > 1 and all(row.n for row in there):
            found[day] = sum(row.estimate * (row.n or 0) for row in there) / sum(row.n or 0 for row in there)
    return found


def _runs(own: Mapping[date, Row], days: Sequence[date]) -> list[list[tuple[date, Row]]]:
    runs: list[list[tuple[date, Row]]] = [[]]
    for day in days:
        if day in own:
            runs[-1].append((day, own[day]))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _noted(record: Mapping[str, Any], days: Sequence[date]) -> list[tuple[date, str]]:
    notes = sorted((date.fromisoformat(str(day)[:10]), str(said)) for day, said in _notes(record).items())
    return [(day, said) for day, said in notes if days[0] <= day <= days[-1]][:_NOTES]


def _notes(record: Mapping[str, Any]) -> Mapping[str, Any]:
    return record["context"].get("notes") or {}


def _level(own: Mapping[date, Row]) -> float:
    return sum(row.estimate for row in own.values()) / len(own)


def _on(row: Row) -> date:
    return date.fromisoformat(str(row.values["period_on"])[:10])
