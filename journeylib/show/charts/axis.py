"""Round places for the ticks of an axis."""

from __future__ import annotations

import math
from datetime import date

__all__ = ["days", "months", "values"]

_RATIOS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
_NEAR = (0.5, 0.67, 0.8, 1, 1.25, 1.5, 2)  # where all lie close to 1
_DAY_STEPS = (1, 2, 5, 7, 14, 30, 60, 90, 180, 365, 730)


def values(low: float, high: float, unit: str) -> list[float]:
    """Give three to six round values that hold low and high, from zero.

    What is no count and lies far above zero starts at a round value below it. Ratios are logarithms.

    >>> values(0.30, 0.85, "share"), values(0.91, 0.97, "share")
    ([0.0, 0.25, 0.5, 0.75, 1.0], [0.9, 0.92, 0.94, 0.96, 0.98])
    >>> [round(math.exp(one), 2) for one in values(math.log(0.4), math.log(3), "ratio")]
    [0.2, 0.5, 1.0, 2.0, 5.0]
    """
    if unit == "ratio":
        return _ratios(low, high)
    start = low if low < 0 or (unit != "count" and low > 0.7 * high) else 0.0
    span = (high - start) or abs(high) or 1.0
    rough = span / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)
    if unit == "count":
        step = max(step, 1.0)
    first, last = math.floor(start / step + 1e-9), math.ceil(high / step - 1e-9)
    if unit == "share":
        last = min(last, math.ceil(1 / step - 1e-9))
    return [round(i * step, 10) for i in range(first, max(last, first + 1) + 1)]


def _ratios(low: float, high: float) -> list[float]:
    """Round ratios, as logarithms, that hold both ends and 1."""
    marks = _NEAR if max(-low, high) < math.log(2) else _RATIOS
    every = [math.log(mark) for mark in marks]
    below, above = [one for one in every if one <= min(low, 0.0)], [one for one in every if one >= max(high, 0.0)]
    start, end = below[-1] if below else every[0], above[0] if above else every[-1]
    kept = [one for one in every if start <= one <= end]
    return kept if len(kept) > 1 else [math.log(0.5), 0.0, math.log(2)]


def days(last: float, most: int) -> list[int]:
    """Give at most `most` + 1 round days from 0 to `last`, which itself stands in for a round day just before it.

    >>> days(365, 6), days(90, 6)
    ([0, 90, 180, 270, 365], [0, 30, 60, 90])
    """
    step = next((step for step in _DAY_STEPS if last / step <= most), _DAY_STEPS[-1] * math.ceil(last / 730 / most))
    ticks = list(range(0, int(last) + 1, step))
    return [*ticks[:-1], int(last)] if len(ticks) > 1 and last - ticks[-1] < step / 4 else ticks


def months(first: date, last: date, most: int) -> list[date]:
    """Give at most about `most` first days of months, evenly; the first day itself where no month begins.

    >>> [str(day) for day in months(date(2026, 1, 5), date(2026, 4, 20), 10)]
    ['2026-02-01', '2026-03-01', '2026-04-01']
    """
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    every = next(every for every in (1, 2, 3, 4, 6, 12, count) if count / every <= most)
    starts = [date(first.year + (first.month - 1 + i) // 12, (first.month - 1 + i) % 12 + 1, 1) for i in range(count)]
    kept = [day for day in starts if first <= day <= last and (day.month - 1) % every == 0]
    return kept or [first]
