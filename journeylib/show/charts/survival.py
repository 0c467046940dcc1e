"""Survival curves with their bands and labels, and under them how many are still at risk."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from journeylib.show import words
from journeylib.show.charts import axis
from journeylib.show.charts.shares import accents
from journeylib.show.rows import Row, rows
from journeylib.show.style import GROUPS, Sheet, fit, measure

__all__ = ["survival"]

_FEWEST = 10  # at risk, below which a curve ends
_POINTS = 300
_PANELS = 12
_DASHES = ("solid", "dash", "dot", "mix", "dash")


def survival(record: Mapping[str, Any], *, narrow: bool) -> Sheet:
    """Draw a step curve a group with its band, as far as ten are at risk; more than five groups, a panel each."""
    curves = _curves(record)
    order = sorted(curves, key=lambda group: -curves[group][-1].estimate if curves[group] else math.inf)
    if len(order) > len(GROUPS):
        return _panels(record, curves, order[:_PANELS], narrow=narrow)
    size, width, height = (11.0, 302.0, 190.0) if narrow else (10.0, 612.0, 230.0)
    labels = {group: _label(curves[group], group, size, 92 if narrow else 130) for group in order}
    left = measure(words.percent(1), size) + 8
    right = width - max([measure(said, size) for said in labels.values()] or [0]) - 18
    plot = _Plot(curves, left, right, 8.0, height)
    line = size + 5
    sheet = Sheet(width, height + 40 + line * (len(order) + 1), size=size)
    plot.frame(sheet, 4 if narrow else 7)
    looks = _looks(record, order)
    for group in reversed(order):
        plot.curve(sheet, curves[group], *looks[group], alpha=0.16 if len(order) < 3 else 0.1)
    _name(sheet, plot, curves, labels, looks)
    _at_risk(sheet, plot, record, order, looks, height + 40, line, multiple=len(order) > 1)
    return sheet


class _Plot:
    """Places of days and shares on a sheet."""

    def __init__(
        self,
        curves: Mapping[str, Sequence[Row]],
        left: float,
        right: float,
        top: float,
        bottom: float,
        *,
        base: bool = False,
    ) -> None:
        every = [row for curve in curves.values() for row in curve]
        self.last = max([float(row.values["day"]) for row in every] or [1.0])
        self.base = 0.0 if base or min([row.low for row in every if row.low == row.low] or [0.0]) < 0.6 else 0.5
        self.left, self.right, self.top, self.bottom = left, right, top, bottom

    def x(self, day: float) -> float:
        return self.left + day / self.last * (self.right - self.left)

    def y(self, share: float) -> float:
        return self.bottom - (share - self.base) / (1 - self.base) * (self.bottom - self.top)

    def frame(self, sheet: Sheet, most: int) -> None:
        """Draw the grid and the ticks."""
        self.ticks = axis.days(self.last, most)
        for share in [self.base + (1 - self.base) * i / 4 for i in range(5)]:
            y = self.y(share)
            sheet.line([self.left, self.right], [y, y], "ink" if share == self.base == 0 else "hair", width=0.8)
            sheet.text(
                self.left - 6, y + sheet.size * 0.36, words.percent(share), colour="soft", anchor="right", small=True
            )
        for day in self.ticks:
            place = self.x(day)
            said = words.quantity(day, "days") if day == self.ticks[-1] else words.count(day)
            sheet.line([place, place], [self.bottom, self.bottom + 4], "soft", width=0.8)
            sheet.text(place, self.bottom + 16, said, colour="soft", anchor="center", small=True)

    def curve(self, sheet: Sheet, curve: Sequence[Row], colour: str, dash: str, *, alpha: float = 0.16) -> None:
        """Draw one step curve, with its band unless `alpha` is 0."""
        days, shares = _steps(curve, lambda row: row.estimate)
        if alpha:
            banded = [row for row in curve if row.low == row.low and row.high == row.high]
            lower, upper = (_steps(banded, end) for end in (lambda row: row.low, lambda row: row.high))
            outline = [(self.x(day), self.y(share)) for day, share in zip(*upper, strict=True)]
            outline += [(self.x(day), self.y(share)) for day, share in reversed(list(zip(*lower, strict=True)))]
            if outline:
                sheet.area(outline, colour, alpha=alpha)
        xs, ys = [self.x(day) for day in days], [self.y(share) for share in shares]
        sheet.line(xs, ys, colour, width=1.6 if alpha else 0.8, dash=dash)


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
        inside = _thinned([row for row in curve if row.values["day"] <= horizon], _POINTS)
        if inside and inside[-1] is not curve[-1]:
            inside.append(replace(inside[-1], values={**inside[-1].values, "day": horizon}))
        curves[group] = inside
    return curves


def _thinned(curve: list[Row], points: int) -> list[Row]:
    stride = max(1, math.ceil(len(curve) / points))
    return curve[::stride] + ([curve[-1]] if (len(curve) - 1) % stride else [])


def _steps(curve: Sequence[Row], value: Any) -> tuple[list[float], list[float]]:
    days, shares = [0.0], [1.0]
    for row in curve:
        day = float(row.values["day"])
        days += [day, day]
        shares += [shares[-1], value(row)]
    return days, shares


def _looks(record: Mapping[str, Any], order: Sequence[str]) -> dict[str, tuple[str, str]]:
    """What is claimed has a colour; the rest is grey and told apart by its dashes."""
    marked = accents(record)
    plain = [group for group in order if group not in marked]
    dashes = dict(zip(plain, _DASHES, strict=False))
    return {group: (marked.get(group, "soft"), dashes.get(group, "solid")) for group in order}


def _label(curve: Sequence[Row], group: str, size: float, room: float) -> str:
    if not curve:
        return ""
    return f"{words.percent(curve[-1].estimate)} {fit(group, size, room)}".strip()


def _name(
    sheet: Sheet,
    plot: _Plot,
    curves: Mapping[str, Sequence[Row]],
    labels: Mapping[str, str],
    looks: Mapping[str, tuple[str, str]],
) -> None:
    """Write each curve's name at its end, pushed apart where two would touch."""
    wanted = sorted((plot.y(curve[-1].estimate), group) for group, curve in curves.items() if curve)
    gap, floor = sheet.size + 3.5, -math.inf
    for height, group in wanted:
        floor = max(height, floor + gap)
        end = curves[group][-1]
        at, colour = plot.x(float(end.values["day"])), looks[group][0]
        if plot.right - at > 3 or abs(floor - height) > 3:
            sheet.line([at, plot.right + 13], [height, floor], colour, width=0.5)
        sheet.text(plot.right + 16, floor + sheet.size * 0.36, labels[group], colour=colour, bold=colour != "soft")


def _at_risk(
    sheet: Sheet,
    plot: _Plot,
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
        for day in plot.ticks:
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
        plot = _Plot(curves, left + 4, left + cell - 16, top + 26, top + high - 30, base=True)
        end = curves[group][-1] if curves[group] else None
        colour = looks.get(group, "ink")
        value = "" if end is None else words.percent(end.estimate)
        sheet.text(plot.left, top + 14, fit(group, size, cell - 64), colour=colour, bold=True)
        sheet.text(plot.right, top + 14, value, colour=colour, anchor="right", bold=True)
        sheet.line([plot.left, plot.right], [plot.bottom, plot.bottom], "ink", width=0.8)
        for other in order:
            if other != group:
                plot.curve(sheet, _thinned(curves[other], 16), "mist", "solid", alpha=0)
        if end is None:
            said = words.few(max([row.n or 0 for row in rows(record) if row.label == group] or [0]))
            sheet.text(plot.left + 4, plot.bottom - 8, said, colour="soft", small=True)
            continue
        plot.curve(sheet, _thinned(curves[group], 40), colour, "solid")
        first, last = curves[group][0], end
        sheet.text(plot.left, plot.bottom + 13, words.at_risk(first.values["at_risk"]), colour="soft", small=True)
        said = words.at_risk(last.values["at_risk"], last.values["day"])
        sheet.text(plot.right, plot.bottom + 13, said, colour="soft", anchor="right", small=True)
    return sheet
