"""Survival curves with their bands and labels, and under them how many are still at risk."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from journeylib.show import words
from journeylib.show.charts.curves import Plot, label, last_day, name, thinned
from journeylib.show.charts.shares import accents
from journeylib.show.rows import Row, rows
from journeylib.show.style import GROUPS, Sheet, fit, measure

__all__ = ["survival"]

_FEWEST = 10  # at risk, below which a curve ends
_POINTS = 300
_PANELS = 12
_WHOLE, _UPPER = (0.0, 0.25, 0.5, 0.75, 1.0), (0.5, 0.625, 0.75, 0.875, 1.0)  # the axis, and where all is high
_DASHES = ("solid", "dash", "dot", "mix", "dash")


def survival(record: Mapping[str, Any], *, narrow: bool) -> Sheet:
    """Draw a step curve a group with its band, as far as ten are at risk; more than five groups, a panel each."""
    curves = _curves(record)
    order = sorted(curves, key=lambda group: -curves[group][-1].estimate if curves[group] else math.inf)
    if len(order) > len(GROUPS):
        return _panels(record, curves, order[:_PANELS], narrow=narrow)
    size, width, height = (11.0, 302.0, 190.0) if narrow else (10.0, 612.0, 230.0)
    labels = {group: label(curves[group], group, size, 92 if narrow else 130) for group in order}
    left = measure(words.percent(1), size) + 8
    right = width - max([measure(said, size) for said in labels.values()] or [0]) - 18
    plot = Plot(last_day(curves), left, right, 8.0, height, ticks=_ticks(curves))
    line = size + 5
    sheet = Sheet(width, height + 40 + line * (len(order) + 1), size=size)
    plot.frame(sheet, 4 if narrow else 7)
    looks = _looks(record, order)
    for group in reversed(order):
        plot.curve(sheet, curves[group], *looks[group], alpha=0.16 if len(order) < 3 else 0.1)
    name(sheet, plot, curves, labels, looks)
    _at_risk(sheet, plot, record, order, looks, height + 40, line, multiple=len(order) > 1)
    return sheet


def _curves(record: Mapping[str, Any]) -> dict[str, list[Row]]:
    """Group the rows that may be drawn, by day, thinned to about 300 points a curve; cut at the horizon."""
    curves: dict[str, list[Row]] = {}
    for row in rows(record):
        curve = curves.setdefault(row.label, [])
        if row.state == "shown" and row.estimate == row.estimate:
            curve.append(row)
    horizon = record["context"].get("horizon_days") or math.inf
    for group, curve in curves.items():
        curve.sort(key=lambda row: float(row.values["day"]))
        while curve and (curve[-1].values["at_risk"] or 0) < _FEWEST:
            curve.pop()
        inside = thinned([row for row in curve if row.values["day"] <= horizon], _POINTS)
        if inside and inside[-1] is not curve[-1]:
            inside.append(replace(inside[-1], values={**inside[-1].values, "day": horizon}))
        curves[group] = inside
    return curves


def _ticks(curves: Mapping[str, Sequence[Row]]) -> Sequence[float]:
    lows = [row.low for curve in curves.values() for row in curve if row.low == row.low]
    return _WHOLE if min(lows or [0.0]) < 0.6 else _UPPER


def _looks(record: Mapping[str, Any], order: Sequence[str]) -> dict[str, tuple[str, str]]:
    """What is claimed has a colour; the rest is grey and told apart by its dashes."""
    marked = accents(record)
    plain = [group for group in order if group not in marked]
    dashes = dict(zip(plain, _DASHES, strict=False))
    return {group: (marked.get(group, "soft"), dashes.get(group, "solid")) for group in order}


def _at_risk(
    sheet: Sheet,
    plot: Plot,
    record: Mapping[str, Any],
    order: Sequence[str],
    looks: Mapping[str, tuple[str, str]],
    top: float,
    line: float,
    *,
    multiple: bool,
) -> None:
    """Write how many are at risk on each tick's day, under the tick."""
    sheet.text(0, top, words.CHROME["at_risk"], colour="soft", small=True)
    every = rows(record)
    for place, group in enumerate(order, start=1):
        own = sorted((row for row in every if row.label == group), key=lambda row: float(row.values["day"]))
        base, colour = top + place * line, looks[group][0]
        if multiple:
            room = sheet.width - plot.right - 16
            sheet.text(plot.right + 16, base, fit(group, sheet.size * 0.88, room), colour=colour, small=True)
        if all(row.state == "few" for row in own):
            few = words.few(max([row.n or 0 for row in own]))
            sheet.text(plot.left, base, few, colour="soft", small=True)
            continue
        for day in plot.days:
            later = next((row for row in own if float(row.values["day"]) >= day), None)
            at_risk = None if later is None or later.state == "hidden" else later.values["at_risk"]
            said = "–" if at_risk is None else words.count(at_risk)
            sheet.text(plot.x(day), base, said, colour=colour, anchor="center", small=True)


def _panels(record: Mapping[str, Any], curves: Mapping[str, list[Row]], order: Sequence[str], *, narrow: bool) -> Sheet:
    """Draw a small panel a group, the others behind it in pale."""
    size, width, across = (10.5, 302.0, 2) if narrow else (9.0, 612.0, 3)
    cell, high = width / across, 128.0
    sheet = Sheet(width, high * math.ceil(len(order) / across), size=size)
    looks = accents(record)
    for i, group in enumerate(order):
        left, top = (i % across) * cell, (i // across) * high
        plot = Plot(last_day(curves), left + 4, left + cell - 16, top + 26, top + high - 30, ticks=_WHOLE)
        end = curves[group][-1] if curves[group] else None
        colour = looks.get(group, "ink")
        value = "" if end is None else words.percent(end.estimate)
        sheet.text(plot.left, top + 14, fit(group, size, cell - 64), colour=colour, bold=True)
        sheet.text(plot.right, top + 14, value, colour=colour, anchor="right", bold=True)
        sheet.line([plot.left, plot.right], [plot.bottom, plot.bottom], "ink", width=0.8)
        for other in order:
            if other != group:
                plot.curve(sheet, thinned(curves[other], 16), "mist", "solid", alpha=0)
        if end is None:
            said = words.few(max([row.n or 0 for row in rows(record) if row.label == group] or [0]))
            sheet.text(plot.left + 4, plot.bottom - 8, said, colour="soft", small=True)
            continue
        plot.curve(sheet, thinned(curves[group], 40), colour, "solid")
        first, last = curves[group][0], end
        sheet.text(plot.left, plot.bottom + 13, words.at_risk(first.values["at_risk"]), colour="soft", small=True)
        said = words.at_risk(last.values["at_risk"], last.values["day"])
        sheet.text(plot.right, plot.bottom + 13, said, colour="soft", anchor="right", small=True)
    return sheet
