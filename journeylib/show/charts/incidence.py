"""Shares that have left for each cause, rising from nothing, and under them how many are still at risk."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from journeylib.show import words
from journeylib.show.charts import axis
from journeylib.show.charts.curves import Plot, label, last_day, name, thinned
from journeylib.show.charts.lettering import flow
from journeylib.show.rows import Row, rows
from journeylib.show.style import Sheet, measure

__all__ = ["incidence"]

_MOST = 6
_POINTS = 300
_DASHES = ("solid", "dash", "dot", "mix", "solid", "dash")


def incidence(record: Mapping[str, Any], *, narrow: bool) -> Sheet:
    """Draw a step curve a cause with its band, the most frequent six; what cannot be shown stays in the table."""
    curves = _curves(record)
    order = sorted((cause for cause in curves if curves[cause]), key=lambda cause: -curves[cause][-1].estimate)
    kept, rest = order[:_MOST], len(curves) - len(order[:_MOST])
    size, width, height = (11.0, 302.0, 190.0) if narrow else (10.0, 612.0, 210.0)
    labels = {cause: label(curves[cause], cause, size, 92 if narrow else 130) for cause in kept}
    drawn = {cause: curves[cause] for cause in kept}
    tops = [row.high for curve in drawn.values() for row in curve if row.high == row.high]
    ticks = axis.values(0.0, max(tops or [0.1]), "share")
    left = measure(words.percent(ticks[-1]), size) + 8
    right = width - max([measure(said, size) for said in labels.values()] or [0]) - 18
    plot = Plot(last_day(drawn), left, right, 8.0, height, ticks=ticks, start=0.0)
    sheet = Sheet(width, height + 44 + (size + 5) + (20 if rest else 0), size=size)
    plot.frame(sheet, 4 if narrow else 7)
    looks = {cause: ("soft", dash) for cause, dash in zip(kept, _DASHES, strict=False)}
    for cause in reversed(kept):
        plot.curve(sheet, drawn[cause], *looks[cause], alpha=0.12)
    name(sheet, plot, drawn, labels, looks)
    _at_risk(sheet, plot, drawn[kept[0]] if kept else [], height + 40)
    if rest:
        flow(sheet, [words.more_rows(rest)], height + 46 + size)
    return sheet


def _curves(record: Mapping[str, Any]) -> dict[str, list[Row]]:
    """The rows of each cause that may be drawn, by day, up to the horizon."""
    horizon = record["context"].get("horizon_days") or math.inf
    curves: dict[str, list[Row]] = {}
    for row in rows(record):
        curve = curves.setdefault(str(row.values["cause"]), [])
        if row.state == "shown" and row.estimate == row.estimate and row.values["day"] <= horizon:
            curve.append(row)
    ordered = {cause: sorted(curve, key=lambda row: float(row.values["day"])) for cause, curve in curves.items()}
    return {cause: thinned(curve, _POINTS) for cause, curve in ordered.items()}


def _at_risk(sheet: Sheet, plot: Plot, curve: list[Row], top: float) -> None:
    """Write how many are at risk of any cause under the days."""
    sheet.text(0, top, words.CHROME["at_risk"], colour="soft", small=True)
    for day in plot.days:
        later = next((row for row in curve if float(row.values["day"]) >= day), None)
        number = None if later is None else later.values["at_risk"]
        said = "–" if number is None else words.count(number)
        sheet.text(plot.x(day), top + sheet.size + 5, said, colour="soft", anchor="center", small=True)
