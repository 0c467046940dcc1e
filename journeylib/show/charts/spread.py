"""How values spread where a mean misleads: the middle 80 and 50 in a hundred, the median with its interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from journeylib.show import words
from journeylib.show.charts import axis
from journeylib.show.charts.lettering import flow, kept_in, unmarked
from journeylib.show.rows import Row, rows
from journeylib.show.style import Sheet, fit, measure

__all__ = ["spread"]

_MOST = 20
_UNEVEN = 50  # times that the 90th may be the 10th before the scale becomes logarithmic
_SPANS = ("q10", "q25", "q75", "q90")


def spread(record: Mapping[str, Any], *, narrow: bool) -> Sheet:
    """Draw a row a group, the highest median on top; on a logarithmic scale where values differ by far."""
    every, kind = rows(record), words.unit(record)
    order = sorted(every, key=lambda row: (row.state != "shown", -row.estimate if row.state == "shown" else 0.0))
    kept, rest = order[:_MOST], len(order) - _MOST
    size, width = (11.0, 302.0) if narrow else (10.0, 612.0)
    step = 40.0 if narrow else 25.0
    label = {row.place: str(row.values["group"]) for row in kept}
    names = 0.0 if narrow else min(170.0, max(measure(fit(said, size, 170), size) for said in label.values()) + 14)
    bottom = 4.0 + step * len(kept)
    scale = _Scale([row for row in kept if row.state == "shown"], kind, names + 8, width - (14 if narrow else 150))
    notes = [words.scale(is_log=scale.is_log)] + ([words.more_rows(rest)] if rest > 0 else [])
    notes = [note for note in notes if note]
    sheet = Sheet(width, bottom + size + 8 + (size + 8) * len(notes), size=size)
    scale.frame(sheet, 4.0, bottom)
    for i, row in enumerate(kept):
        middle = 4 + i * step + (28 if narrow else step / 2)
        base = 4 + i * step + 14 if narrow else middle + size * 0.36
        sheet.text(0, base, fit(label[row.place], size, width - 130 if narrow else names - 12), halo=narrow)
        if row.state != "shown":
            said = words.veiled(record) if row.state == "hidden" else words.few(row.n)
            sheet.text(scale.left + 2, middle + size * 0.33, unmarked(said), colour="soft", small=True, halo=True)
            continue
        _draw(sheet, scale, row, middle)
        value, behind = words.quantity(row.estimate, kind), words.customers(row.n or 0)
        at = width - measure(behind, size * 0.88) - 8 if narrow else width - 66
        sheet.text(at, base, value, anchor="right", bold=True, halo=narrow)
        sheet.text(width, base, behind, colour="soft", anchor="right", small=True, halo=narrow)
    below = bottom + size + 5
    for note in notes:
        below = flow(sheet, [note], below, left=0.0 if narrow else scale.left)
    return sheet


class _Scale:
    """A linear or logarithmic scale with its ticks."""

    def __init__(self, shown: Sequence[Row], kind: str, left: float, right: float) -> None:
        ends = [float(row.values[name]) for row in shown for name in _SPANS if row.values.get(name) is not None]
        ends += [end for row in shown for end in (row.estimate, row.low, row.high) if end == end]
        least, most = min(ends, default=0.0), max(ends, default=1.0)
        self.kind, self.left, self.right = kind, left, right
        self.is_log = least > 0 and any(_ratio(row) > _UNEVEN for row in shown)
        self.ticks = _decades(least, most) if self.is_log else axis.values(least, most or 1.0, kind)

    def __call__(self, value: float) -> float:
        least, most = self._of(self.ticks[0]), self._of(self.ticks[-1])
        part = (self._of(value) - least) / (most - least)
        return self.left + min(max(part, 0.0), 1.0) * (self.right - self.left)

    def frame(self, sheet: Sheet, top: float, bottom: float) -> None:
        """Draw the grid and the ticks, the last one with its unit."""
        for tick in self.ticks:
            x, is_last = self(tick), tick == self.ticks[-1]
            sheet.line([x, x], [top, bottom], "ink" if tick == 0 else "hair", width=0.8)
            said = words.tick(tick, self.kind, is_last=is_last)
            place, anchor = kept_in(sheet, x, said)
            sheet.text(place, bottom + sheet.size + 3, said, colour="soft", anchor=anchor, small=True)

    def _of(self, value: float) -> float:
        return math.log10(max(value, self.ticks[0])) if self.is_log else value


def _draw(sheet: Sheet, scale: _Scale, row: Row, y: float) -> None:
    """Draw one group: thin, thick, the interval of the median as a box, the median as a dot."""
    low, first, third, high = (row.values.get(name) for name in _SPANS)
    if low is not None and high is not None:
        sheet.line([scale(low), scale(high)], [y, y], "grey", width=1.2)
    if first is not None and third is not None:
        sheet.line([scale(first), scale(third)], [y, y], "mist", width=9.0)
    if row.low == row.low and row.high == row.high:
        sheet.line([scale(row.low), scale(row.high)], [y, y], "ink", width=2.4)
    sheet.dot(scale(row.estimate), y, "ink", radius=3.4)


def _ratio(row: Row) -> float:
    low, high = row.values.get("q10"), row.values.get("q90")
    return float(high) / float(low) if low and high and low > 0 else 0.0


def _decades(least: float, most: float) -> list[float]:
    """Powers of ten that hold both, with what lies between them where they are few."""
    first, last = math.floor(math.log10(least) + 1e-9), math.ceil(math.log10(most) - 1e-9)
    if last - first > 3:
        return [10.0**power for power in range(first, max(last, first + 1) + 1)]
    steps = sorted(digit * 10.0**power for power in range(first, last + 1) for digit in (1, 3))
    below, above = [tick for tick in steps if tick <= least], [tick for tick in steps if tick >= most]
    start, end = below[-1] if below else steps[0], above[0] if above else steps[-1]
    return [tick for tick in steps if start <= tick <= end]
