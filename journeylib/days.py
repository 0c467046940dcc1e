"""Days of the calendar (UTC) and int64 microseconds: the one place that turns one into the other."""

from __future__ import annotations

from datetime import date, timedelta

__all__ = ["DAY_US", "day_of", "midnight"]

DAY_US = 86_400_000_000
_ZERO = date(1970, 1, 1)


def midnight(day: date | str) -> int:
    """The instant at which a day (ISO text where it is text) begins.

    >>> midnight("1970-01-02")
    86400000000
    """
    given = date.fromisoformat(day) if isinstance(day, str) else day
    return (given - _ZERO).days * DAY_US


def day_of(instant: int) -> date:
    """The day in which an instant lies.

    >>> day_of(86_399_999_999), day_of(86_400_000_000)
    (datetime.date(1970, 1, 1), datetime.date(1970, 1, 2))
    """
    return _ZERO + timedelta(days=instant // DAY_US)
