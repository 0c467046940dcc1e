"""What was expected beside what came: a dot a band of customers, on the line where both are the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from journeylib.show import words
from journeylib.show.charts import axis
from journeylib.show.rows import rows
from journeylib.show.style import Sheet, measure

__all__ = ["calibration"]


def calibration(record: Mapping[str, Any], *, narrow: bool) -> Sheet:
    """Draw the share that left over the share that was expected, both from zero, each dot with its interval."""
    found = [row for row in rows(record) if row.state == "shown" and row.values.get("predicted") is not None]
    size, width, height = (11.0, 302.0, 220.0) if narrow else (10.0, 612.0, 240.0)
    ends = [end for row in found for end in (row.high, row.estimate, float(row.values["predicted"])) if end == end]
    ticks = axis.values(0.0, max(ends or [0.1]), "share")
    most, left, top, bottom = ticks[-1], measure(words.percent(ticks[-1]), size) + 10, 20.0, height
    right = width - 16 if narrow else min(width - 16, left + 1.6 * (bottom - top))
    sheet = Sheet(width, height + 40, size=size)

    def x(share: float) -> float:
        return left + share / most * (right - left)

    def y(share: float) -> float:
        return bottom - share / most * (bottom - top)

    for tick in ticks:
        said = words.percent(tick)
        sheet.line([left, right], [y(tick)] * 2, "hair" if tick else "ink", width=0.8)
        sheet.line([x(tick)] * 2, [top, bottom], "hair" if tick else "ink", width=0.8)
        sheet.text(left - 6, y(tick) + size * 0.36, said, colour="soft", anchor="right", small=True)
        sheet.text(x(tick), bottom + size + 4, said, colour="soft", anchor="center", small=True)
    came, expected = words.expected_axes()
    sheet.text(0, size, came, colour="soft", small=True)
    sheet.text(right, bottom + 2 * size + 10, expected, colour="soft", anchor="right", small=True)
    sheet.line([x(0), x(most)], [y(0), y(most)], "grey", width=1.0, dash="dash")
    for row in found:
        place = x(float(row.values["predicted"]))
        if row.low == row.low and row.high == row.high:
            sheet.line([place, place], [y(row.low), y(min(row.high, most))], "soft", width=1.5)
        sheet.dot(place, y(row.estimate), "ink", radius=3.6)
    return sheet
