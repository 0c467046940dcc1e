"""Spans of time counted by their length: what an order statistic or a Kaplan–Meier curve needs from the engine.

Lengths are rounded to whole seconds up to an hour, to whole minutes up to two days, and to whole
hours beyond, so a year of them leaves the engine as some thousand rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import narwhals.stable.v2 as nw

from journeylib.days import DAY_US
from journeylib.errors import ParameterError

__all__ = ["HOUR_US", "at_most", "down", "key_of", "texts", "up", "window_us"]

HOUR_US = 3_600_000_000
_MINUTE_US, _SECOND_US = 60_000_000, 1_000_000


def window_us(within_days: float) -> int:
    """The length of a window, in microseconds.

    Raises ParameterError where it is none.

    >>> window_us(0.5)
    43200000000
    """
    if not 0 < within_days < math.inf:  # NaN too
        raise ParameterError(f"within_days = {within_days} is no window. Give a number of days above 0.")
    return max(1, round(within_days * DAY_US))


def up(length_us: nw.Expr) -> nw.Expr:
    """Round lengths up."""
    width = _width(length_us)
    return length_us + (width - length_us % width) % width


def down(length_us: nw.Expr) -> nw.Expr:
    """Round lengths down."""
    return length_us - length_us % _width(length_us)


def texts(by: Sequence[str]) -> dict[str, nw.Expr]:
    """Groups as texts; a missing one is "unknown"."""
    return {name: nw.col(name).cast(nw.String).fill_null("unknown") for name in by}


def key_of(row: Mapping[Any, Any], by: Sequence[str]) -> tuple[str, ...]:
    """The group of a row."""
    return tuple(row[name] for name in by)


def at_most(length_us: str, limits: Mapping[Any, int], by: Sequence[str]) -> nw.Expr:
    """Mark with 1 what is no longer than its group's limit, else 0; 0 in a group without one."""
    if not limits:
        return nw.lit(0).cast(nw.Int64)
    limit: nw.Expr = nw.lit(next(iter(limits.values())))
    if by:
        keys = ["\x1f".join(key) for key in limits]
        group = nw.concat_str([nw.col(name) for name in by], separator="\x1f")
        limit = group.replace_strict(keys, list(limits.values()), default=-1, return_dtype=nw.Int64)
    return (nw.col(length_us) <= limit).fill_null(False).cast(nw.Int64)


def _width(length_us: nw.Expr) -> nw.Expr:
    coarse = nw.when(length_us <= 2 * DAY_US).then(nw.lit(_MINUTE_US)).otherwise(nw.lit(HOUR_US))
    return nw.when(length_us <= HOUR_US).then(nw.lit(_SECOND_US)).otherwise(coarse)
