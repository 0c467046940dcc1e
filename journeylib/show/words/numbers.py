"""Numbers as a reader sees them.

Two significant digits unless the interval is finer; a narrow no-break space before %,
an en dash between two ends, a real minus sign, commas between thousands. The signs between
digits are read off the translation of one sample number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from journeylib.show.language import many, say
from journeylib.show.words import money
from journeylib.show.words.digits import fixed, rounded, signs

__all__ = [
    "bare",
    "between",
    "count",
    "customers",
    "estimate",
    "parts",
    "percent",
    "places",
    "quantity",
    "significant",
    "wait",
    "waits",
]

THIN = "\u202f"  # narrow no-break space

_TIMES = {"days", "hours", "minutes", "seconds"}
_SCALE = {"share": 100.0, "points": 100.0}
_LOG = "ratio"  # kept as its natural logarithm, so that no difference is 0
_COARSE = {"days", "hours", "points", "marks"}  # a tenth is exact enough
_POINTS = {"points", "marks"}  # a difference of shares, and one of scores


def places(unit: str, value: float, low: float = math.nan, high: float = math.nan) -> int:
    """Give the decimals that a value needs: two significant digits, or as many as its interval resolves.

    An end of the interval never rounds to the value itself, unless it is the value.

    >>> places("share", 0.384, 0.36, 0.40), places("share", 0.052, 0.04, 0.06), places("share", 0.293, 0.286, 0.301)
    (0, 1, 1)
    """
    if unit in ("count", "records", "score"):
        return 0
    if money.is_money(unit):
        return money.places(unit, value)
    value, low, high = (_shown(one, unit) for one in (value, low, high))
    size = abs(value)
    digits = 0 if size >= 10 or size == 0 else 1 if size >= 1 or unit in _COARSE else 2
    if unit in ("days", "hours"):
        return digits
    ends = [end for end in (low, high) if not math.isnan(end) and end != value]
    while digits < 2 and any(fixed(end, digits) == fixed(value, digits) for end in ends):
        digits += 1
    return digits


def percent(share: float, decimals: int | None = None) -> str:
    """Write a share as per cent; never 0 or 100 for what is not quite.

    >>> percent(0.384), percent(0.052), percent(0.9996), percent(1)
    ('38\\u202f%', '5.2\\u202f%', '99.96\\u202f%', '100\\u202f%')
    """
    return quantity(share, "share", decimals)


def count(value: float) -> str:
    """Write a count.

    >>> count(4120)
    '4,120'
    """
    return fixed(value, 0)


def quantity(value: float, unit: str, decimals: int | None = None) -> str:
    """Write a value with its unit; money has its currency in it ("money EUR").

    >>> quantity(34.2, "days"), quantity(1, "days"), quantity(-4, "score"), quantity(0.031, "points")
    ('34 days', '1 day', '−4', '3.1 points')
    >>> quantity(34.2, "marks"), quantity(1240, "money EUR"), quantity(0.2, "hours"), quantity(math.log(0.5), "ratio")
    ('34 points', '€12.40', '12 minutes', '0.50')
    """
    if math.isnan(value):
        return "–"
    if unit == "hours" and 0 < value < 1:
        return wait(value)
    if unit == "share":
        return _percent(value, places(unit, value) if decimals is None else decimals)
    if money.is_money(unit):
        return money.written(value, unit, decimals)
    shown, size = bare(value, unit, decimals), _size(value, unit, decimals)
    if unit == "days":
        return many(size, "{number} day", "{number} days", number=shown)
    if unit == "hours":
        return many(size, "{number} hour", "{number} hours", number=shown)
    return many(size, "{number} point", "{number} points", number=shown) if unit in _POINTS else shown


def bare(value: float, unit: str, decimals: int | None = None) -> str:
    """Write a value without its unit.

    >>> bare(34.2, "days"), bare(-0.031, "points")
    ('34', '−3.1')
    """
    if math.isnan(value):
        return "–"
    if money.is_money(unit):
        return fixed(money.major(value, unit), money.places(unit, value) if decimals is None else decimals)
    return _trimmed(_shown(value, unit), unit, places(unit, value) if decimals is None else decimals)


def between(low: float, high: float, unit: str, decimals: int | None = None) -> str:
    """Write the two ends of an interval with one unit; "or more" where the upper end is not known.

    >>> between(0.36, 0.40, "share"), between(-9, 1, "score"), between(28, 40, "days")
    ('36–40\\u202f%', '−9 to 1', '28–40 days')
    """
    if unit == "hours" and 0 < low <= high < 1:
        return waits(low, high)
    if math.isnan(low):
        return "" if math.isnan(high) else say("up to {value}", value=quantity(high, unit, decimals))
    if decimals is None:
        decimals = max(places(unit, low), places(unit, high)) if unit == "share" else places(unit, high)
    if math.isnan(high):
        return say("{value} or more", value=quantity(low, unit, decimals))
    if money.is_money(unit):
        return money.between(low, high, unit, decimals)
    ends = bare(low, unit, decimals), bare(high, unit, decimals)
    return _span(*ends, unit, _size(high, unit, decimals), is_wide=_shown(low, unit) < 0)


def estimate(values: Mapping[str, Any], unit: str, *, n: bool = True) -> str:
    """Write an estimate with its interval and the customers behind it.

    >>> estimate({"n": 4120, "estimate": 0.381, "low": 0.361, "high": 0.402}, "share").replace(THIN, " ")
    '38 % (36–40 %, n = 4,120)'
    """
    return " ".join(part for part in parts(values, unit, n=n) if part)


def parts(values: Mapping[str, Any], unit: str, *, n: bool = True) -> tuple[str, str]:
    """Write an estimate and, apart from it, its bracket: interval and customers; empty where neither is known."""
    value, low, high = (_number(values.get(key)) for key in ("estimate", "low", "high"))
    decimals = places(unit, value, low, high)
    inside = [between(low, high, unit, decimals)] if unit != "count" else []
    if n and unit != "count" and values.get("n") is not None:
        inside.append(customers(values["n"]))
    known = [part for part in inside if part]
    bracket = say("({interval}, {customers})", interval=known[0], customers=known[1]) if len(known) > 1 else ""
    if len(known) == 1:
        bracket = say("({inside})", inside=known[0])
    return quantity(value, unit, decimals), bracket


def customers(n: float) -> str:
    """Write the customers behind a number.

    >>> customers(4120).replace(THIN, " ")
    'n = 4,120'
    """
    return say("n\u202f=\u202f{number}", number=count(n))


def significant(value: float) -> str:
    """Write a plain number to three significant digits.

    >>> significant(0.12345), significant(1234.5), significant(30.0)
    ('0.123', '1,235', '30')
    """
    if not math.isfinite(value):
        return "–"
    decimals = 0 if value == round(value) else max(0, 2 - math.floor(math.log10(abs(value))))
    return fixed(value, min(decimals, 6))


def rough(value: float) -> str:
    """Write a plain number to two significant digits.

    >>> rough(12.5), rough(0.5)
    ('12', '0.5')
    """
    _, point = signs()
    return f"{value:.2g}".replace(".", point)


def wait(hours: float) -> str:
    """Write a wait in the unit that suits it.

    >>> wait(0.005), wait(0.2), wait(26.4), wait(120)
    ('18 seconds', '12 minutes', '26 hours', '5 days')
    """
    value, unit, decimals = _wait(hours, hours)
    shown, size = _trimmed(value, unit, decimals), _size(value, unit, decimals)
    if unit == "days":
        return many(size, "{number} day", "{number} days", number=shown)
    if unit == "hours":
        return many(size, "{number} hour", "{number} hours", number=shown)
    if unit == "minutes":
        return many(size, "{number} minute", "{number} minutes", number=shown)
    return many(size, "{number} second", "{number} seconds", number=shown)


def waits(low: float | None, high: float | None) -> str:
    """Write the interval of a wait, in one unit.

    >>> waits(24, 30.4), waits(None, None)
    ('24–30 hours', '')
    """
    if low is None or high is None:
        return ""
    (first, unit, some), (last, _, more) = _wait(low, high), _wait(high, high)
    ends = _trimmed(first, unit, some), _trimmed(last, unit, more)
    return _span(*ends, unit, _size(last, unit, more), is_wide=False)


def _span(low: str, high: str, unit: str, size: float, *, is_wide: bool) -> str:
    """Write two ends with one unit; a negative one stands apart, so that no sign meets the dash."""
    ends = say("{low} to {high}", low=low, high=high) if is_wide else say("{low}–{high}", low=low, high=high)
    if unit == "share":
        return say("{number}\u202f%", number=ends)
    if unit == "days":
        return many(size, "{ends} days", "{ends} days", ends=ends)
    if unit == "hours":
        return many(size, "{ends} hours", "{ends} hours", ends=ends)
    if unit == "minutes":
        return many(size, "{ends} minutes", "{ends} minutes", ends=ends)
    if unit == "seconds":
        return many(size, "{ends} seconds", "{ends} seconds", ends=ends)
    return many(size, "{ends} points", "{ends} points", ends=ends) if unit in _POINTS else ends


def _percent(share: float, decimals: int) -> str:
    scaled = share * 100
    while decimals < 2 and 0 < share < 1 and round(scaled, decimals) in (0, 100):
        decimals += 1
    if 0 < share < 1 and rounded(scaled, decimals) in (0, 100):
        least, most = fixed(0.01, 2), fixed(99.99, 2)
        return say("<{number}\u202f%", number=least) if share < 0.5 else say(">{number}\u202f%", number=most)
    return say("{number}\u202f%", number=fixed(scaled, decimals))


def _shown(value: float, unit: str) -> float:
    """The number that is written for a value."""
    return math.exp(value) if unit == _LOG else value * _SCALE.get(unit, 1.0)


def _trimmed(value: float, unit: str, decimals: int) -> str:
    """Write a time without a last zero, anything else with all its decimals."""
    is_whole = decimals == 1 and rounded(value, 1) % 1 == 0
    return fixed(value, 0 if is_whole and unit in _TIMES else decimals)


def _size(value: float, unit: str, decimals: int | None) -> float:
    """The size that singular and plural go by: as it is shown, and never whole where it shows decimals."""
    decimals = places(unit, value) if decimals is None else decimals
    size = abs(float(rounded(_shown(value, unit), decimals)))
    return size if decimals == 0 or (decimals == 1 and unit in _TIMES) else 0.5


def _wait(hours: float, like: float) -> tuple[float, str, int]:
    scale, unit = (1 / 24, "days") if like >= 48 else (1.0, "hours") if like >= 1 else (60.0, "minutes")
    if like < 1 / 30:
        scale, unit = 3600.0, "seconds"
    value = hours * scale
    return value, unit, 0 if value >= 10 or value == round(value) else 1


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
