"""Events on each channel over time: a heat map with the number in every cell, gaps framed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from journeylib.show import words
from journeylib.show.rows import Row, rows
from journeylib.show.style import Sheet, fit, measure

__all__ = ["coverage"]

_MOST_CELLS = 160  # with more, the drawing grows too large; the rest stand in the table
_MOST_CHANNELS = 12
_A_BLOCK = 6  # channels side by side on a narrow drawing
_SHADES = (0.05, 0.10, 0.16, 0.22, 0.29)  # of ink, on which ink stays readable in both themes
_Cells = Mapping[str, Mapping[date, Row]]
_Placed = tuple[Row, float, float, float]  # a cell, its pace from 0 to 1, and where it stands


def coverage(record: Mapping[str, Any], *, narrow: bool) -> Sheet:
    """Draw one row a channel, one column a period; on a narrow drawing the other way round.

    Each channel is shaded against its own busiest period, by events a day, so that a period cut
    short does not look quiet.
    """
    cells: dict[str, dict[date, Row]] = {}
    for row in rows(record):
        cells.setdefault(row.label, {})[date.fromisoformat(str(row.values["period_on"])[:10])] = row
    days = sorted({day for own in cells.values() for day in own})
    kept = list(cells)[: max(1, min(_MOST_CHANNELS, _MOST_CELLS // len(days)))]
    period = str(record["context"].get("period", "month"))
    draw = _down if narrow else _across
    return draw(cells, kept, days, period, len(cells) - len(kept))


def _across(cells: _Cells, kept: Sequence[str], days: Sequence[date], period: str, rest: int) -> Sheet:
    size, step, top, width = 10.0, 22.0, 30.0, 612.0
    sheet = Sheet(width, top + step * len(kept) + (18 if rest else 4), size=size)
    names = min(120.0, max(measure(fit(channel, size, 120), size) for channel in kept) + 10)
    room = min((width - names) / len(days), 60.0)
    for place, day in enumerate(days):
        upper, lower = words.period_head(day, period, is_first=place == 0)
        middle = names + (place + 0.5) * room
        sheet.text(middle, 10, upper, colour="soft", anchor="center", small=True)
        if lower:
            sheet.text(middle, 22, lower, colour="soft", anchor="center", small=True)
    placed: list[_Placed] = []
    for line, channel in enumerate(kept):
        y = top + line * step
        sheet.text(0, y + step / 2 + size * 0.36, fit(channel, size, names - 10))
        own = _paced(cells[channel])
        placed += [(*own[day], names + place * room, y) for place, day in enumerate(days) if day in own]
    _fill(sheet, placed, room, step)
    if rest:
        sheet.text(names, top + step * len(kept) + 14, words.more_rows(rest), colour="soft", small=True)
    return sheet


def _down(cells: _Cells, kept: Sequence[str], days: Sequence[date], period: str, rest: int) -> Sheet:
    size, step, head, width = 11.0, 20.0, 18.0, 302.0
    each = -(-len(kept) // -(-len(kept) // _A_BLOCK))  # as many in every block
    blocks = [kept[at : at + each] for at in range(0, len(kept), each)]
    height = (head + step * len(days) + 14) * len(blocks)
    sheet = Sheet(width, height + (8 if rest else -8), size=size)
    heads = [" ".join(words.period_head(day, period, is_first=True)) for day in days]
    names = max(measure(said, size * 0.88) for said in heads) + 8
    room = (width - names) / max(map(len, blocks))
    placed: list[_Placed] = []
    for number, block in enumerate(blocks):
        top = number * (head + step * len(days) + 14) + head
        for line, said in enumerate(heads):
            sheet.text(0, top + line * step + step / 2 + size * 0.33, said, colour="soft", small=True)
        for place, channel in enumerate(block):
            x = names + place * room
            sheet.text(x + room / 2, top - 6, fit(channel, size * 0.88, room - 4), anchor="center", small=True)
            own = _paced(cells[channel])
            placed += [(*own[day], x, top + line * step) for line, day in enumerate(days) if day in own]
    _fill(sheet, placed, room, step)
    if rest:
        sheet.text(0, height + 2, words.more_rows(rest), colour="soft", small=True)
    return sheet


def _paced(own: Mapping[date, Row]) -> dict[date, tuple[Row, float]]:
    """Each cell with its events a day, as a part of the channel's most."""
    pace = {day: row.estimate / (row.values["days"] or 1) if row.state == "shown" else 0.0 for day, row in own.items()}
    most = max(pace.values()) or 1.0
    return {day: (own[day], pace[day] / most) for day in own}


def _fill(sheet: Sheet, placed: Sequence[_Placed], width: float, height: float) -> None:
    """Shade the cells, frame those with a gap, and write their numbers; each shade is one mark."""
    edge = 0.75
    for at, alpha in enumerate(_SHADES):
        boxes = [
            (x + edge, y + edge, width - 2 * edge, height - 2 * edge)
            for _, pace, x, y in placed
            if pace > 0 and min(int(pace * len(_SHADES)), len(_SHADES) - 1) == at
        ]
        sheet.areas(boxes, "ink", alpha=alpha)
    for row, pace, x, y in placed:
        middle, base = x + width / 2, y + height / 2 + sheet.size * 0.32
        if row.state != "shown":
            sheet.text(middle, base, words.HIDDEN_CELL, colour="soft", anchor="center", small=True)
            continue
        has_gap = bool(row.values["days_missing"])
        if has_gap:
            left, top, right, bottom = x + edge, y + edge, x + width - edge, y + height - edge
            sheet.line([left, right, right, left, left], [top, top, bottom, bottom, top - 0.5], "ink", width=1.4)
        colour = "ink" if pace > 0 or has_gap else "soft"
        sheet.text(middle, base, words.brief(row.estimate), colour=colour, anchor="center", bold=has_gap, small=True)
