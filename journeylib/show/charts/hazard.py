"""How fast those still there leave, band of days by band of days: a dot a band with its interval, joined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from journeylib.show import words
from journeylib.show.charts import axis
from journeylib.show.charts.curves import Plot
from journeylib.show.rows import rows
from journeylib.show.style import Sheet, measure

__all__ = ["hazard"]


def hazard(record: Mapping[str, Any], *, narrow: bool) -> Sheet:
    """Draw the bands in their order, each over the middle of its days, from zero."""
    found = sorted((row for row in rows(record) if row.state == "shown"), key=lambda row: row.values["from_day"])
    size, width, height = (11.0, 302.0, 170.0) if narrow else (10.0, 612.0, 190.0)
    band = float(record["context"]["band_days"])
    ticks = axis.values(0.0, max(row.high for row in found), "share")
    last = float(found[-1].values["from_day"]) - 1 + band
    plot = Plot(last, measure(words.percent(ticks[-1]), size) + 8, width - 8, 8.0, height, ticks=ticks)
    sheet = Sheet(width, height + 26, size=size)
    plot.frame(sheet, 4 if narrow else 7)
    xs = [plot.x(float(row.values["from_day"]) - 1 + band / 2) for row in found]
    for x, row in zip(xs, found, strict=True):
        sheet.line([x, x], [plot.y(row.low), plot.y(row.high)], "grey", width=1.2)
    ys = [plot.y(row.estimate) for row in found]
    sheet.line(xs, ys, "ink", width=1.4)
    for x, y in zip(xs, ys, strict=True):
        sheet.dot(x, y, "ink", radius=2.6)
    return sheet
