"""One number over time: a line with its band, what happened as notes, a window that stands out shaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from journeylib.show import words
from journeylib.show.charts import axis
from journeylib.show.rows import Row, rows
from journeylib.show.style import Sheet, fit, measure

__all__ = ["trend"]


def trend(record: Mapping[str, Any], *, narrow: bool) -> Sheet:
    """Draw the line where there is enough data, and a gap where there is not."""
    size, width, height = (11.0, 302.0, 180.0) if narrow else (10.0, 612.0, 200.0)
    kind = words.unit(record)
    every = rows(record)
    shown = [row for row in every if row.state == "shown"]
    days = [date.fromisoformat(str(row.values["period_on"])[:10]) for row in every]
    first, last = min(days), max(days)
    notes = _placed(record["context"].get("notes") or {}, first, last)
    claimed = words.claimed(record) is not None
    top = 10 + 13 * len(notes)
    sheet = Sheet(width, top + height + 24, size=size)
    tops = [row.high if row.high == row.high else row.estimate for row in shown]
    lows = [row.low if row.low == row.low else row.estimate for row in shown]
    ticks = axis.values(min(lows), max(tops), kind)
    labels = [words.tick(tick, kind) for tick in ticks]
    left = max(measure(label, size) for label in labels) + 8
    right = width - measure(words.quantity(shown[-1].estimate, kind), size) - 14
    bottom = top + height

    def x(day: date) -> float:
        return left + (day - first).days / max((last - first).days, 1) * (right - left)

    def y(value: float) -> float:
        return bottom - (value - ticks[0]) / (ticks[-1] - ticks[0]) * height

    for tick, label in zip(ticks, labels, strict=True):
        sheet.line([left, right], [y(tick), y(tick)], "ink" if tick == 0 else "hair", width=0.8)
        sheet.text(left - 6, y(tick) + size * 0.36, label, colour="soft", anchor="right", small=True)
    _shade(sheet, record, x, first, last, top, bottom, "accent" if claimed else "ink")
    for day in axis.months(first, last, 5 if narrow else 10):
        sheet.line([x(day), x(day)], [bottom, bottom + 4], "soft", width=0.8)
        sheet.text(x(day), bottom + 16, words.month_tick(day, first), colour="soft", anchor="center", small=True)
    for run in _runs(every, days):
        places = [x(day) for day, _ in run]
        band = [(place, y(row.low)) for place, (_, row) in zip(places, run, strict=True)]
        band += [(place, y(row.high)) for place, (_, row) in reversed(list(zip(places, run, strict=True)))]
        if kind != "count" and all(row.low == row.low for _, row in run):
            sheet.area(band, "ink", alpha=0.13)
        sheet.line(places, [y(row.estimate) for _, row in run], "ink", width=1.5)
        inside = [(day, row) for day, row in run if claimed and _within(record, day)]
        sheet.line([x(day) for day, _ in inside], [y(row.estimate) for _, row in inside], "accent", width=2.2)
        if len(run) == 1:
            sheet.dot(places[0], y(run[0][1].estimate), "ink", radius=2)
    _gaps(sheet, every, days, x, bottom)
    end = shown[-1]
    at = x(date.fromisoformat(str(end.values["period_on"])[:10]))
    sheet.dot(at, y(end.estimate), "ink", radius=2.6)
    sheet.text(at + 7, y(end.estimate) + size * 0.36, words.quantity(end.estimate, kind), bold=True, halo=True)
    for level, (day, said) in enumerate(notes):
        place, base = x(day), 10 + 13 * level
        sheet.line([place, place], [base - 8, bottom], "soft", width=0.8, dash="dot")
        room = max(width - place - 6, place - 6)
        text, leftward = fit(said, size * 0.88, room), _leftward(day, first, last)
        side = "right" if leftward else "left"
        sheet.text(place + (-5 if leftward else 5), base, text, anchor=side, small=True, halo=True)
    return sheet


def _placed(notes: Mapping[str, Any], first: date, last: date) -> list[tuple[date, str]]:
    """Give the notes from the top line down, so that no note's line runs through the words of another."""
    dated = sorted((date.fromisoformat(str(day)[:10]), str(said)) for day, said in notes.items())
    inside = [(day, said) for day, said in dated if first <= day <= last]
    late = [note for note in inside if _leftward(note[0], first, last)]
    return [note for note in inside if note not in late] + late[::-1]


def _leftward(day: date, first: date, last: date) -> bool:
    """Tell whether a note stands in the right half, so that its words run to the left."""
    return (day - first) * 2 > last - first


def _within(record: Mapping[str, Any], day: date) -> bool:
    window = words.window(record)
    return window is not None and window[0][:10] <= day.isoformat() <= window[1][:10]


def _shade(
    sheet: Sheet, record: Mapping[str, Any], x: Any, first: date, last: date, top: float, bottom: float, colour: str
) -> None:
    window = words.window(record)
    if window is None:
        return
    start, end = (min(max(date.fromisoformat(day[:10]), first), last) for day in window)
    left, right = x(start), max(x(min(end + timedelta(days=1), last)), x(start) + 3)
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    sheet.area(corners, colour, alpha=0.16 if colour == "accent" else 0.07)
    sheet.line([left, right], [top, top], colour, width=2.2)


def _runs(every: Sequence[Row], days: Sequence[date]) -> list[list[tuple[date, Row]]]:
    runs: list[list[tuple[date, Row]]] = [[]]
    for day, row in zip(days, every, strict=True):
        if row.state == "shown":
            runs[-1].append((day, row))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _gaps(sheet: Sheet, every: Sequence[Row], days: Sequence[date], x: Any, bottom: float) -> None:
    """Mark on the axis the periods without enough data, and say once what the mark means."""
    gaps = [x(day) for day, row in zip(days, every, strict=True) if row.state != "shown"]
    for place in gaps:
        sheet.dot(place, bottom, "soft", radius=2.4, hollow=True)
    if gaps:
        left = gaps[0] < sheet.width / 2
        place = gaps[0] - 4 if left else gaps[-1] + 4
        said = words.CHROME["gap"]
        sheet.text(place, bottom - 7, said, colour="soft", anchor="left" if left else "right", small=True, halo=True)
