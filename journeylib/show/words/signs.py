"""The small words on charts and tables of groups: what stands in cells, which way is more, who ties."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from journeylib.show.language import many, say
from journeylib.show.words.marks import FEW_CELL, HIDDEN_CELL
from journeylib.show.words.money import is_money
from journeylib.show.words.names import date, enumerated, name, visible
from journeylib.show.words.numbers import bare, count, places, quantity

__all__ = [
    "arrowed",
    "cell",
    "few_cells",
    "hidden_cells",
    "hour",
    "leftward",
    "more_groups",
    "noted",
    "rightward",
    "scale",
    "tied",
    "unseen",
]

_MOST_TIED, _LONGEST_TIED = 4, 24


def hour(start: int | str) -> str:
    """Write an hour of the day.

    >>> hour(9)
    '9:00–10:00'
    """
    if not str(start).isdigit():
        return visible(start)
    return say("{hour}:00–{next}:00", hour=int(start), next=int(start) + 1)


def tied(others: Sequence[Any]) -> str:
    """Say with which groups a group ties; many are counted.

    >>> tied(["north", "south"]).replace("\u2068", "").replace("\u2069", ""), tied([])
    ('ties with north, south', '–')
    """
    if not others:
        return "–"
    rest = len(others) - _MOST_TIED
    if rest > 1:
        named = enumerated([name(one, _LONGEST_TIED) for one in others[:_MOST_TIED]])
        return say("ties with {groups} and {number} more", groups=named, number=count(rest))
    return say("ties with {groups}", groups=enumerated([name(one, _LONGEST_TIED) for one in others]))


def leftward(way: str) -> str:
    """Say what lies to the left of zero.

    >>> leftward("less often"), rightward("more often")
    ('← less often', 'more often →')
    """
    return say("← {way}", way=way)


def rightward(way: str) -> str:
    """Say what lies to the right of zero."""
    return say("{way} →", way=way)


def cell(value: float, unit: str, decimals: int = 0) -> str:
    """Write a number for a cell that has little room: its head says what it is.

    What would vanish has the digits that it needs.

    >>> cell(12.4, "days"), cell(1240, "money EUR", 2), cell(0.002, "share").replace("\\u202f", " ")
    ('12', '€12.40', '0.20 %')
    """
    if not is_money(unit) and 0 < abs(value) * (100 if unit == "share" else 1) < 1:
        decimals = max(decimals, places(unit, value))
    return bare(value, unit, decimals) if unit in ("days", "hours") else quantity(value, unit, decimals)


def arrowed(value: str, *, is_higher: bool) -> str:
    """Put an arrow before a number that is claimed to be higher or lower.

    >>> arrowed("38", is_higher=False)
    '▼ 38'
    """
    return say("▲ {value}", value=value) if is_higher else say("▼ {value}", value=value)


def few_cells() -> str:
    """Say what the sign of a cell without enough data means."""
    return say("{sign}: not enough data", sign=FEW_CELL)


def hidden_cells(record: Mapping[str, Any]) -> str:
    """Say what the sign of a hidden cell means."""
    least = count(record.get("min_cell", 10))
    return say("{sign}: hidden, to protect groups under {number} customers", sign=HIDDEN_CELL, number=least)


def more_groups(rest: int) -> str:
    """Say how many groups a chart leaves to its table.

    >>> more_groups(3)
    'and 3 more groups in the table'
    """
    return many(
        rest, "and {number} more group in the table", "and {number} more groups in the table", number=count(rest)
    )


def noted(number: int, note: str, day: datetime.date) -> str:
    """Say under a chart what happened on a day that it marks by a number.

    >>> noted(1, "new checkout", datetime.date(2025, 10, 3)).replace("\\u2068", "").replace("\\u2069", "")
    '1: new checkout, 3 October 2025'
    """
    return say("{number}: {note}, {date}", number=count(number), note=name(note), date=date(day.isoformat()))


def scale(*, is_log: bool) -> str:
    """Say under an axis what it does that a reader may not expect; nothing where it is plain.

    >>> scale(is_log=True)
    'Logarithmic scale: every step is a multiple of the last'
    """
    return say("Logarithmic scale: every step is a multiple of the last") if is_log else ""


def unseen(groups: Sequence[Any]) -> str:
    """Say which groups a chart has nothing to show of.

    >>> unseen(["board"]).replace("\\u2068", "").replace("\\u2069", "")
    'Not enough data to show: board'
    """
    return say("Not enough data to show: {groups}", groups=enumerated([name(group) for group in groups]))
