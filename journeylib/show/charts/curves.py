"""Step curves on one pair of axes: their places, grid and bands, and their names at their ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from journeylib.show import words
from journeylib.show.charts import axis
from journeylib.show.rows import Row
from journeylib.show.style import Sheet, fit

__all__ = ["Plot", "label", "last_day", "name", "thinned"]


class Plot:
    """Places of days, up to the `last`, and of shares; `ticks` are those on its axis, curves start at `start`."""

    def __init__(
        self,
        last: float,
        left: float,
        right: float,
        top: float,
        bottom: float,
        *,
        ticks: Sequence[float],
        start: float = 1.0,
    ) -> None:
        self.last, self.ticks, self.start = last, ticks, start
        self.left, self.right, self.top, self.bottom = left, right, top, bottom

    def x(self, day: float) -> float:
        return self.left + day / self.last * (self.right - self.left)

    def y(self, share: float) -> float:
        least, most = self.ticks[0], self.ticks[-1]
        return self.bottom - (share - least) / (most - least) * (self.bottom - self.top)

    def frame(self, sheet: Sheet, most: int) -> None:
        """Draw the grid and the ticks; `days` has those of the days."""
        self.days = axis.days(self.last, most)
        for share in self.ticks:
            y, said = self.y(share), words.percent(share)
            sheet.line([self.left, self.right], [y, y], "hair" if share else "ink", width=0.8)
            sheet.text(self.left - 6, y + sheet.size * 0.36, said, colour="soft", anchor="right", small=True)
        for day in self.days:
            place = self.x(day)
            said = words.quantity(day, "days") if day == self.days[-1] else words.count(day)
            sheet.line([place, place], [self.bottom, self.bottom + 4], "soft", width=0.8)
            sheet.text(place, self.bottom + 16, said, colour="soft", anchor="center", small=True)

    def curve(self, sheet: Sheet, curve: Sequence[Row], colour: str, dash: str, *, alpha: float = 0.16) -> None:
        """Draw one step curve, with its band unless `alpha` is 0."""
        days, shares = self._steps(curve, lambda row: row.estimate)
        if alpha:
            banded = [row for row in curve if row.low == row.low and row.high == row.high]
            lower, upper = (self._steps(banded, end) for end in (lambda row: row.low, lambda row: row.high))
            outline = [(self.x(day), self.y(share)) for day, share in zip(*upper, strict=True)]
            outline += [(self.x(day), self.y(share)) for day, share in reversed(list(zip(*lower, strict=True)))]
            if outline:
                sheet.area(outline, colour, alpha=alpha)
        xs, ys = [self.x(day) for day in days], [self.y(share) for share in shares]
        sheet.line(xs, ys, colour, width=1.6 if alpha else 0.8, dash=dash)

    def _steps(self, curve: Sequence[Row], value: Callable[[Row], float]) -> tuple[list[float], list[float]]:
        days, shares = [0.0], [self.start]
        for row in curve:
            day = float(row.values["day"])
            days += [day, day]
            shares += [shares[-1], value(row)]
        return days, shares


def last_day(curves: Mapping[str, Sequence[Row]]) -> float:
    """Give the last day of any curve."""
    return max([float(row.values["day"]) for curve in curves.values() for row in curve] or [1.0])


def thinned(curve: list[Row], points: int) -> list[Row]:
    """Keep about so many rows of a curve, evenly, and its last."""
    stride = max(1, math.ceil(len(curve) / points))
    return curve[::stride] + ([curve[-1]] if (len(curve) - 1) % stride else [])


def label(curve: Sequence[Row], group: str, size: float, room: float) -> str:
    """Write what stands at the end of a curve."""
    if not curve:
        return ""
    return f"{words.percent(curve[-1].estimate)} {fit(group, size, room)}".strip()


def name(
    sheet: Sheet,
    plot: Plot,
    curves: Mapping[str, Sequence[Row]],
    labels: Mapping[str, str],
    looks: Mapping[str, tuple[str, str]],
) -> None:
    """Write each curve's name at its end, pushed apart where two would touch, and not below the axis."""
    wanted = sorted((plot.y(curve[-1].estimate), group) for group, curve in curves.items() if curve)
    gap, floor = sheet.size + 3.5, -math.inf
    places = [floor := max(height, floor + gap) for height, _ in wanted]
    ceiling: float = plot.bottom + gap
    for i in reversed(range(len(places))):
        places[i] = ceiling = min(places[i], ceiling - gap)
    for (height, group), place in zip(wanted, places, strict=True):
        end = curves[group][-1]
        at, colour = plot.x(float(end.values["day"])), looks[group][0]
        if plot.right - at > 3 or abs(place - height) > 3:
            sheet.line([at, plot.right + 13], [height, place], colour, width=0.5)
        sheet.text(plot.right + 16, place + sheet.size * 0.36, labels[group], colour=colour, bold=colour != "soft")
