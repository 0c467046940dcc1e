"""The small words on a chart: ticks, names of outcomes and columns, what is left to the table."""

from __future__ import annotations

import datetime

from journeylib.show.words.names import month, visible
from journeylib.show.words.numbers import count, quantity

__all__ = ["at_risk", "column", "end", "month_tick", "more_rows", "outcome", "tick"]


def outcome(value: str) -> str:
    """Give the name of an outcome.

    >>> outcome("open")
    'Still open'
    """
    return {"converted": "Converted", "lost": "Lost", "open": "Still open"}.get(value, visible(value))


def end(node: str) -> str:
    """Give the name of a node of a flow: of where it ended, or as the data have it."""
    return {"open": "still open"}.get(node, node)


def column(place: int) -> str:
    """Give the head of a column of a flow, counted from 0.

    >>> column(0), column(2)
    ('start', 'then')
    """
    return "start" if place == 0 else "then"


def tick(value: float, unit: str) -> str:
    """Write a tick of an axis as short as it can be.

    >>> tick(0.2, "share").replace("\u202f", " "), tick(12000, "count")
    ('20 %', '12,000')
    """
    scaled = value * 100 if unit in ("share", "points") else value
    decimals = next(i for i in range(4) if i == 3 or abs(scaled - round(scaled, i)) < 1e-9)
    return quantity(value, unit if unit == "share" else "number", decimals)


def month_tick(day: datetime.date, first: datetime.date) -> str:
    """Write a month under a time axis, with the year where it begins or the axis does.

    >>> first = datetime.date(2025, 11, 3)
    >>> month_tick(datetime.date(2026, 1, 1), first), month_tick(datetime.date(2026, 2, 1), first)
    ('Jan 2026', 'Feb')
    """
    opening = day.month == 1 or (day - first).days < 31
    return f"{month(day)} {day.year}" if opening else month(day)


def at_risk(number: float | None, day: float | None = None) -> str:
    """Write under a small panel how many are at risk, on which day.

    >>> at_risk(412, 360)
    '412 on day 360'
    """
    said = "–" if number is None else count(number)
    return f"{said} at risk" if day is None else f"{said} on day {count(day)}"


def more_rows(rest: int) -> str:
    """Say how many rows a chart leaves to its table.

    >>> more_rows(3)
    'and 3 more in the table'
    """
    return f"and {count(rest)} more in the table"
