"""The small words on a chart: ticks, names of outcomes and columns, what is left to the table."""

from __future__ import annotations

import datetime
import math

from journeylib.show.language import Phrases, later, many, say
from journeylib.show.words.money import is_money, major
from journeylib.show.words.names import month, visible
from journeylib.show.words.numbers import bare, count, quantity

__all__ = [
    "FEW_CELL",
    "HIDDEN_CELL",
    "at_risk",
    "brief",
    "column",
    "end",
    "month_tick",
    "more_rows",
    "outcome",
    "period",
    "period_head",
    "tick",
]

FEW_CELL = "–"  # in a heat map, where a number has no room to say that there is too little behind it
HIDDEN_CELL = "··"  # in a heat map, where a number has no room to say that it is hidden


_OUTCOMES = Phrases({"converted": later("Converted"), "lost": later("Lost"), "open": later("Still open")})
_PERIODS = Phrases(
    {
        "day": later("day"),
        "week": later("week"),
        "month": later("month"),
        "quarter": later("quarter"),
        "year": later("year"),
    }
)
_ENDS = Phrases(
    {
        "open": later("still open"),
        "converted": later("converted"),
        "drop-off": later("drop-off"),
        "other": later("other"),
    }
)


def outcome(value: str) -> str:
    """Give the name of an outcome.

    >>> outcome("open")
    'Still open'
    """
    return _OUTCOMES.get(value) or visible(value)


def period(value: str) -> str:
    """Give the noun of a period.

    >>> period("month")
    'month'
    """
    return _PERIODS.get(value) or visible(value)


def end(node: str) -> str:
    """Give the name of a node of a flow: of where it ended, or as the data have it.

    >>> end("open"), end("web")
    ('still open', 'web')
    """
    return _ENDS.get(node, node)


def column(place: int) -> str:
    """Give the head of a column of a flow, counted from 0.

    >>> column(0), column(2)
    ('start', 'then')
    """
    return say("start") if place == 0 else say("then")


def tick(value: float, unit: str, *, is_last: bool = False) -> str:
    """Write a tick of an axis as short as it can be; the last one may say the unit of all.

    >>> tick(0.2, "share").replace("\u202f", " "), tick(12000, "count")
    ('20 %', '12,000')
    >>> tick(0.05, "points"), tick(0.05, "points", is_last=True), tick(2000, "money EUR", is_last=True)
    ('5', '5 points', '€20')
    """
    scaled = math.exp(value) if unit == "ratio" else value * 100 if unit in ("share", "points") else value
    decimals: int | None = next(i for i in range(4) if i == 3 or abs(scaled - round(scaled, i)) < 1e-9)
    if is_money(unit):
        decimals = 0 if major(value, unit).is_integer() else None
    if is_last and unit == "hours":
        return many(2, "{number} hour", "{number} hours", number=bare(value, unit, decimals))
    if is_last or unit == "share":
        return quantity(value, unit, decimals)
    return bare(value, unit, decimals)


def month_tick(day: datetime.date, first: datetime.date) -> str:
    """Write a month under a time axis, with the year where it begins or the axis does.

    >>> first = datetime.date(2025, 11, 3)
    >>> month_tick(datetime.date(2026, 1, 1), first), month_tick(datetime.date(2026, 2, 1), first)
    ('Jan 2026', 'Feb')
    """
    opening = day.month == 1 or (day - first).days < 31
    return say("{month} {year}", month=month(day), year=day.year) if opening else month(day)


def brief(number: float) -> str:
    """Write a count in at most four signs, for the cells of a heat map.

    >>> brief(7), brief(999), brief(4205), brief(12740), brief(1_260_000)
    ('7', '999', '4.2k', '13k', '1.3M')
    """
    if number >= 999_500:
        return say("{number}M", number=_short(number / 1e6))
    return say("{number}k", number=_short(number / 1e3)) if number >= 999.5 else count(number)


def period_head(day: datetime.date, period: str, *, is_first: bool) -> tuple[str, str]:
    """Write the head of a period in two lines; the second only where it says something new.

    >>> period_head(datetime.date(2026, 2, 1), "month", is_first=False)
    ('Feb', '')
    >>> period_head(datetime.date(2026, 1, 1), "month", is_first=False)
    ('Jan', '2026')
    >>> period_head(datetime.date(2026, 3, 2), "week", is_first=True)
    ('2', 'Mar')
    """
    if period == "year":
        return str(day.year), ""
    if period in ("month", "quarter"):
        head = month(day) if period == "month" else say("Q{quarter}", quarter=(day.month + 2) // 3)
        return head, str(day.year) if is_first or day.month == 1 else ""
    return str(day.day), month(day) if is_first or day.day <= (7 if period == "week" else 1) else ""


def at_risk(number: float | None, day: float | None = None) -> str:
    """Write under a small panel how many are at risk, on which day.

    >>> at_risk(412, 360)
    '412 on day 360'
    """
    said = "–" if number is None else count(number)
    return (
        say("{number} at risk", number=said)
        if day is None
        else say("{number} on day {day}", number=said, day=count(day))
    )


def more_rows(rest: int) -> str:
    """Say how many rows a chart leaves to its table.

    >>> more_rows(3)
    'and 3 more in the table'
    """
    return say("and {number} more in the table", number=count(rest))


def _short(scaled: float) -> str:
    return quantity(float(f"{scaled:.1f}"), "number", 1) if scaled < 9.95 else count(float(f"{scaled:.0f}"))
