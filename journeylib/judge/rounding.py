"""Rounding: how exactly a shared page may say a number that speaks of so many customers.

Counts go to the nearest 5. An estimate moves in steps of about what five of its customers
could change, never finer, and the step is 1, 2 or 5 times a power of ten, so that it tells
nothing of n itself: a share of 3 in 7 is not 42.857 %, nor does 43 % of 30 give away that it
was 13. Ends of intervals go outward to the same step. Chances (p) go up to the next step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from journeylib.schema import COUNTS

__all__ = ["BASE", "WHOLE", "chance", "coarse", "nearest", "step", "unit_of"]

BASE = 5
_DIGITS = 3  # of what is neither a share nor a count
_ANSWER = ["estimate", "low", "high"]
_WAITS = ["wait_hours", "wait_low", "wait_high"]
_SHARES = {"before", "returned"}  # beside what ends in _share
_PEOPLE = COUNTS | {"usual", "usual_day", "change"}
_UNITS = {"nps": "score", "stay": "days", "median_stay": "days"}
WHOLE = {"share": 1.0, "score": 100.0}  # what a share or a score is out of
_SLACK = 1e-9

Row = dict[str, Any]


def nearest(value: float) -> int:
    """Round a count to the nearest 5.

    >>> [nearest(count) for count in (12, 13, 18)]
    [10, 15, 20]
    """
    return math.floor(value / BASE + 0.5) * BASE


def step(least: float) -> float:
    """Give the step that is at least so long: 1, 2 or 5 times a power of ten; nothing for nothing.

    >>> [step(5 / n) for n in (10, 30, 203, 4335)]
    [0.5, 0.2, 0.05, 0.002]
    """
    if not least > 0 or math.isinf(least):
        return 0.0
    power = math.floor(math.log10(least))
    for place in (power, power + 1):
        for digit in (1, 2, 5):
            found = float(f"{digit}e{place}")
            if found >= least * (1 - _SLACK):
                return found
    raise AssertionError(least)


def chance(p: float | None) -> float | None:
    """Round a chance up to 1, 2 or 5 times a power of ten, at least a millionth; never to less than it is.

    >>> chance(0.0312), chance(3e-23), chance(0.6)
    (0.05, 1e-06, 1.0)
    """
    return None if p is None else min(1.0, step(max(p, 1e-6)))


def unit_of(record: Mapping[str, Any], rows: Sequence[Row]) -> str:
    """Tell what the estimates of a record are: share, score, count, days, or other."""
    said = record["context"].get("unit") or _UNITS.get(record["form"])
    if said:
        return str(said)
    values = [row[name] for row in rows for name in _ANSWER if isinstance(row.get(name), int | float)]
    return "share" if values and all(-1 <= value <= 1 for value in values) else "other"


def coarse(row: Row, names: Sequence[str], unit: str) -> Row:
    """Make the row that may be shown; `names` are the columns of its group, which stay.

    >>> coarse({"plan": "annual", "n": 203, "estimate": 0.4286, "low": 0.36, "high": 0.5}, ["plan"], "share")
    {'plan': 'annual', 'n': 205, 'estimate': 0.45, 'low': 0.35, 'high': 0.5}
    """
    made = dict(row)
    for name, value in row.items():
        if name in names or isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if name == "p":
            made[name] = chance(value)
        elif name in _PEOPLE or (unit == "count" and name in _ANSWER):
            made[name] = nearest(value)
        elif name in _SHARES or name.endswith("_share"):
            made[name] = _on(value, step(BASE / row["n"]) if row.get("n") else 0.0)
        elif isinstance(value, float):
            made[name] = float(f"{value:.{_DIGITS}g}")
    if unit != "count":
        made |= _together(row, _ANSWER, _length(row, unit))
    if _WAITS[0] in row:
        made |= _together(row, _WAITS, _length_of(row, _WAITS, row.get("customers") or row.get("n")))
    if made.get("low") is not None and "baseline" not in names and unit in WHOLE:
        made["low"], made["high"] = max(_floor(unit), made["low"]), min(WHOLE[unit], made["high"])
    return _still_apart(row, made, _length(row, unit)) if row.get("p") is not None else made


def _length(row: Row, unit: str) -> float:
    """How far an estimate moves in one step."""
    n = row.get("n")
    if not n:
        return 0.0
    if unit not in WHOLE:
        return _length_of(row, _ANSWER, n)
    part, share = row.get("customers") or 0, row.get("estimate") or 0.0
    if unit == "share" and part and 0 < share < 1:
        return step(BASE * share / part)  # of all journeys or events of a part, five customers have about so many
    return step(WHOLE[unit] * BASE / n)


def _length_of(row: Row, names: Sequence[str], n: float | None) -> float:
    """The step of a number without a scale of its own: from its interval, else from its size; three digits at most."""
    value, low, high = (row.get(name) for name in names)
    if not n or not isinstance(value, int | float):
        return 0.0
    reach = max((abs(end - value) for end in (low, high) if isinstance(end, int | float)), default=0.0)
    # Half an interval is about 2 standard deviations / √n; five customers move a mean by 5 of them / n.
    moved = BASE / 2 * reach / math.sqrt(n) if reach else BASE * abs(value) / n
    digits = 10.0 ** (math.floor(math.log10(abs(value))) - _DIGITS + 1) if value else 0.0
    return step(max(moved, digits))


def _together(row: Row, names: Sequence[str], length: float) -> Row:
    """An estimate on its nearest step and its interval's ends outward, so it never claims more than the exact one."""
    if not length:
        return {}
    value, low, high = names
    ways = {value: 0, low: -1, high: 1}
    return {name: _on(row[name], length, way) for name, way in ways.items() if isinstance(row.get(name), int | float)}


def _on(value: float, length: float, way: int = 0) -> float:
    """The step at, below (−1) or above (1) a value."""
    if not length:
        return value
    steps = value / length
    at = math.floor(steps + 0.5) if not way else math.floor(steps + _SLACK) if way < 0 else math.ceil(steps - _SLACK)
    return float(f"{at * length:.12g}")


def _floor(unit: str) -> float:
    return 0.0 if unit == "share" else -WHOLE[unit]


def _still_apart(exact: Row, made: Row, length: float) -> Row:
    """Where the exact interval leaves out no difference, let the coarse one do so too."""
    null, seen = exact.get("before") or 0.0, made.get("before") or 0.0
    if not length or exact.get("low") is None:
        return made
    if exact["low"] > null and made["low"] <= seen:
        made["low"] = float(f"{seen + length / 2:.12g}")
    if exact["high"] < null and made["high"] >= seen:
        made["high"] = float(f"{seen - length / 2:.12g}")
    return made
