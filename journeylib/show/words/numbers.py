"""Numbers as a reader sees them.

Two significant digits unless the interval is finer; a narrow no-break space before %,
an en dash between two ends, a real minus sign, commas between thousands.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

__all__ = [
    "between",
    "count",
    "customers",
    "estimate",
    "parts",
    "percent",
    "places",
    "quantity",
    "significant",
    "unit",
    "wait",
    "waits",
]

THIN = "\u202f"  # narrow no-break space
MINUS = "\u2212"

_UNITS = {
    "stay": "days",
    "median_stay": "days",
    "nps": "score",
    "customers": "count",
    "left_customers": "count",
    "coverage": "count",
    "records": "records",
}
_SHARES = {
    *(
        "converted",
        "bounced",
        "first_channel",
        "incident",
        "left",
        "returned",
        "shares",
        "outcomes",
        "flow",
        "survival",
    ),
    *(
        "converted_share",
        "bounced_share",
        "still_share",
        "transitions",
        "converted_by",
        "windows",
        "sensitivity",
        "paths",
    ),
    *("anonymous", "anonymous_share", "accepted_share", "ties", "late", "bots", "bot_signs", "known"),
}
_SCALE = {"share": 100.0, "points": 100.0}
_NOUNS = {"days": "day", "hours": "hour", "points": "point"}


def unit(record: Mapping[str, Any]) -> str:
    """Give what the estimates of a record are: share, count, records, days, hours, score, points or number.

    A count is of customers or of what they did, and shared pages round it; records were read, and are exact.

    The context's `unit` decides; otherwise the form does.
    """
    said = record["context"].get("unit")
    form = record["form"]
    return str(said or _UNITS.get(form) or ("share" if form in _SHARES else "number"))


def places(unit: str, value: float, low: float = math.nan, high: float = math.nan) -> int:
    """Give the decimals that a value needs: two significant digits, or as many as its interval resolves.

    An end of the interval never rounds to the value itself, unless it is the value.

    >>> places("share", 0.384, 0.36, 0.40), places("share", 0.052, 0.04, 0.06), places("share", 0.293, 0.286, 0.301)
    (0, 1, 1)
    """
    if unit in ("count", "records", "score"):
        return 0
    scale = _SCALE.get(unit, 1.0)
    size = abs(value) * scale
    digits = 0 if size >= 10 or size == 0 else 1 if size >= 1 or unit in ("days", "hours") else 2
    if unit in ("days", "hours"):
        return digits
    ends = [end * scale for end in (low, high) if not math.isnan(end) and end != value]
    while digits < 2 and any(_fixed(end, digits) == _fixed(value * scale, digits) for end in ends):
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
    return _fixed(value, 0)


def quantity(value: float, unit: str, decimals: int | None = None) -> str:
    """Write a value with its unit.

    >>> quantity(34.2, "days"), quantity(1, "days"), quantity(-4, "score"), quantity(0.031, "points")
    ('34 days', '1 day', '−4', '3.1 points')
    """
    if math.isnan(value):
        return "–"
    scaled = value * _SCALE.get(unit, 1.0)
    decimals = places(unit, value) if decimals is None else decimals
    if unit == "share":
        while decimals < 2 and 0 < value < 1 and round(scaled, decimals) in (0, 100):
            decimals += 1
        shown = _fixed(scaled, decimals)
        if 0 < value < 1 and shown in ("0.00", "100.00"):
            shown = "<0.01" if value < 0.5 else ">99.99"
        return f"{shown}{THIN}%"
    shown = _fixed(scaled, decimals)
    if unit == "days" or unit == "hours":
        shown = shown.removesuffix(".0")
    noun = _NOUNS.get(unit)
    return shown if noun is None else f"{shown} {noun}" if shown in ("1", MINUS + "1") else f"{shown} {noun}s"


def between(low: float, high: float, unit: str, decimals: int | None = None) -> str:
    """Write the two ends of an interval with one unit; "or more" where the upper end is not known.

    >>> between(0.36, 0.40, "share"), between(-9, 1, "score"), between(28, 40, "days")
    ('36–40\\u202f%', '−9 to 1', '28–40 days')
    """
    if math.isnan(low):
        return "" if math.isnan(high) else f"up to {quantity(high, unit, decimals)}"
    if decimals is None:
        decimals = max(places(unit, low), places(unit, high)) if unit == "share" else places(unit, high)
    if math.isnan(high):
        return f"{quantity(low, unit, decimals)} or more"
    scale = _SCALE.get(unit, 1.0)
    bare = [_fixed(end * scale, decimals) for end in (low, high)]
    if unit in ("days", "hours"):
        bare = [end.removesuffix(".0") for end in bare]
    joint = " to " if low < 0 else "–"
    after = f"{THIN}%" if unit == "share" else f" {_NOUNS[unit]}s" if unit in _NOUNS else ""
    return f"{bare[0]}{joint}{bare[1]}{after}"


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
    bracket = ", ".join(part for part in inside if part)
    return quantity(value, unit, decimals), f"({bracket})" if bracket else ""


def customers(n: float) -> str:
    """Write the customers behind a number.

    >>> customers(4120).replace(THIN, " ")
    'n = 4,120'
    """
    return f"n{THIN}={THIN}{count(n)}"


def significant(value: float) -> str:
    """Write a plain number to three significant digits.

    >>> significant(0.12345), significant(1234.5), significant(30.0)
    ('0.123', '1,235', '30')
    """
    if not math.isfinite(value):
        return "–"
    decimals = 0 if value == round(value) else max(0, 2 - math.floor(math.log10(abs(value))))
    return _fixed(value, min(decimals, 6))


def wait(hours: float) -> str:
    """Write a wait in the unit that suits it.

    >>> wait(0.005), wait(0.2), wait(26.4), wait(120)
    ('18 seconds', '12 minutes', '26 hours', '5 days')
    """
    value, noun = _wait(hours, hours)
    return f"{value} {noun}" + ("" if value == "1" else "s")


def waits(low: float | None, high: float | None) -> str:
    """Write the interval of a wait, in one unit.

    >>> waits(24, 30.4), waits(None, None)
    ('24–30 hours', '')
    """
    if low is None or high is None:
        return ""
    (first, _), (last, noun) = _wait(low, high), _wait(high, high)
    return f"{first}–{last} {noun}s"


def _fixed(value: float, decimals: int) -> str:
    rounded = Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return f"{abs(rounded):,}" if rounded == 0 or rounded > 0 else MINUS + f"{abs(rounded):,}"


def _wait(hours: float, like: float) -> tuple[str, str]:
    scale, noun = (1 / 24, "day") if like >= 48 else (1.0, "hour") if like >= 1 else (60.0, "minute")
    if like < 1 / 30:
        scale, noun = 3600.0, "second"
    value = hours * scale
    return _fixed(value, 0 if value >= 10 or value == round(value) else 1).removesuffix(".0"), noun


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
