"""How fast those still there leave, band of days by band of days: a dot a band with its interval, joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from journeylib.show import words
from journeylib.show.charts import axis
from journeylib.show.rows import Row, rows
from journeylib.show.style import GROUPS, Sheet, fit, measure

__all__ = ["hazard"]

_DASHES = ("solid", "dash", "dot", "mix", "dash")


def hazard(record: Mapping[str, Any], *, narrow: bool) -> Sheet:
    """Draw at most five groups, those of the most customers, each with its name at its end."""
    groups: dict[str, list[Row]] = {}
    for row in rows(record):
        if row.state == "shown":
            groups.setdefault(_name(row), []).append(row)
    order = sorted(groups, key=lambda group: -max(row.n or 0 for row in groups[group]))[: len(GROUPS)]
    size, width, height = (11.0, 302.0, 170.0) if narrow else (10.0, 612.0, 190.0)
    band = float(record["context"]["band_days"])
    shown = [row for group in order for row in groups[group]]
    ticks = axis.values(0.0, max([row.high for row in shown if row.high == row.high] or [0.01]), "share")
    left = measure(words.percent(ticks[-1]), size) + 8
    names = max([measure(fit(group, size, 110), size) for group in order if group] or [0.0])
    right = width - names - (18 if names else 8)
    last = max(float(row.values["from_day"]) for row in shown) - 1 + band
    sheet = Sheet(width, height + 26, size=size)
    places = _Places(left, right, 8.0, height, last, ticks)
    for tick in ticks:
        y, said = places.y(tick), words.percent(tick)
        sheet.line([left, right], [y, y], "hair" if tick else "ink", width=0.8)
        sheet.text(left - 6, y + size * 0.36, said, colour="soft", anchor="right", small=True)
    days = axis.days(last, 4 if narrow else 7)
    for day in days:
        said = words.quantity(day, "days") if day == days[-1] else words.count(day)
        sheet.line([places.x(day)] * 2, [height, height + 4], "soft", width=0.8)
        sheet.text(places.x(day), height + 16, said, colour="soft", anchor="center", small=True)
    ends = []
    for at, group in enumerate(order):
        own = sorted(groups[group], key=lambda row: float(row.values["from_day"]))
        shift = (at - (len(order) - 1) / 2) * 4  # beside each other, where bands are the same
        xs = [places.x(float(row.values["from_day"]) - 1 + band / 2) + shift for row in own]
        ys = [places.y(row.estimate) for row in own]
        for x, row in zip(xs, own, strict=True):
            if row.low == row.low and row.high == row.high:
                sheet.line([x, x], [places.y(row.low), places.y(row.high)], "grey", width=1.2)
        sheet.line(xs, ys, "ink" if not group else "soft", width=1.4, dash=_DASHES[at])
        for x, y in zip(xs, ys, strict=True):
            sheet.dot(x, y, "ink", radius=2.6)
        ends.append((ys[-1], group))
    floor = 0.0
    for y, group in sorted(ends):
        floor = max(y, floor + size + 3)
        sheet.text(right + 8, floor + size * 0.36, fit(group, size, 110), colour="soft")
    return sheet


class _Places:
    """Places of days and shares on the sheet."""

    def __init__(self, left: float, right: float, top: float, bottom: float, last: float, ticks: Sequence[float]):
        self.left, self.right, self.top, self.bottom, self.last, self.most = left, right, top, bottom, last, ticks[-1]

    def x(self, day: float) -> float:
        return self.left + day / self.last * (self.right - self.left)

    def y(self, share: float) -> float:
        return self.bottom - min(share, self.most) / self.most * (self.bottom - self.top)


def _name(row: Row) -> str:
    """The group of a row, which is what its label says before the day."""
    return row.label.rpartition(" · ")[0]
