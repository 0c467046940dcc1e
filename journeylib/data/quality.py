"""Row rules: what makes a source row unfit, in a sentence, with its remedy.

A row is rejected by the first rule it breaks and goes to quarantine as it
arrived. Rules read the columns that `reading.stage` makes; none changes a value. Some
rules are found elsewhere: in the shape of a record, among rows of one id, on an erasure list.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import narwhals.stable.v2 as nw

from journeylib.days import DAY_US

__all__ = ["ALL", "CONFLICT", "ERASED", "NAMES", "RULES", "SHAPES", "Rule", "broken_rule", "rule_named"]

_LONGEST_NAME = 1_000
_EARLIEST = int(datetime(1900, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
NAMES = ["person", "alias", "device", "event_id", "touchpoint", "channel", "stage", "reason", "resource"]
_LARGE = r"^\s*[-+]?0*[1-9](\d[.,]?){12,}\d*\s*$"  # thirteen digits or more, with marks or without
_SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
_BOTH = ("events", "customers")


@dataclass(frozen=True)
class Rule:
    """One reason to reject a row: its id, what is wrong, how to mend it, and for which kinds of source."""

    name: str
    sentence: str
    remedy: str
    kinds: tuple[str, ...] = ("events",)


RULES = [
    Rule("no_customer", "no id column holds a customer", "map a further id column", _BOTH),
    Rule("no_time", "the time is empty", "fill in the time at the source"),
    Rule("no_zone", "a time has no offset", 'say which zone it is in: zone = "…" under [source.time]', _BOTH),
    Rule(
        "skipped_time", "the clocks skipped a local time of this row", "export times in UTC or with their offset", _BOTH
    ),
    Rule("unreadable_time", "a time cannot be read in the mapping's format", "correct format under [source.time]"),
    Rule("zero_time", "the time is 1970-01-01, the zero of computers", "fill in the time at the source", _BOTH),
    Rule("implausible_time", "a time lies before 1900", "correct the format or the clock", _BOTH),
    Rule("future_time", "the time lies more than a day in the future", "correct the clock or the format", _BOTH),
    Rule("ends_before_start", "it ends before it starts", "correct the two times at the source"),
    Rule("no_touchpoint", "the touchpoint is empty", "map a column that always says what happened"),
    Rule("no_channel", "the channel is empty", "map a column or a constant channel"),
    Rule(
        "long_name", f"an id or a name is longer than {_LONGEST_NAME:,} characters", "shorten it at the source", _BOTH
    ),
    Rule(
        "large_number",
        "a score, revenue or cost is beyond ±9,223,372,036,854",
        "correct the number, or bring it in a larger unit",
    ),
    Rule("unreadable_number", "a score, revenue or cost is not a number", "correct the number at the source"),
    Rule("unknown_score_type", "the score is of no known type", "map score_type to nps, csat or ces"),
    Rule("off_scale", "the score lies outside its scale", "correct score or score_type (nps 0–10, csat 1–5, ces 1–7)"),
    Rule("unreadable_date", "a date cannot be read", "write dates as YYYY-MM-DD", ("customers",)),
    Rule("ends_before_sign_up", "the customer left before signing up", "correct the two dates", ("customers",)),
]

CONFLICT = Rule(
    "conflict",
    "several rows share this id and differ",
    "map updated_at so that the latest counts, or correct the ids",
    _BOTH,
)

ERASED = Rule("erased", "its customer asked to be forgotten", "nothing is to be done; its text is gone", _BOTH)

# What is wrong with a record before its cells are read.
SHAPES = [
    Rule("ragged", "it has more or fewer cells than the header", "quote cells that hold the delimiter"),
    Rule(
        "stray_quote",
        "a quote opens and nothing closes it, or stands within an unquoted cell",
        'close or double it, or say quote = "" under [source.file] where quotes mean nothing',
    ),
    Rule("control_character", "it holds a NUL or a carriage return within the line", "remove it at the source"),
    Rule("broken_json", "the line holds no JSON object", "write one whole object a line"),
]

ALL = [*SHAPES, *RULES, CONFLICT, ERASED]


def rule_named(name: str) -> Rule:
    """Find a rule by its id.

    >>> rule_named("no_time").sentence
    'the time is empty'
    """
    return next(rule for rule in ALL if rule.name == name)


def broken_rule(kind: str) -> nw.Expr:
    """Name the first rule that a staged row of this kind of source breaks, or null where it is sound."""
    conditions = _event_conditions() if kind == "events" else _customer_conditions()
    found: nw.Expr = nw.lit(None, nw.String)
    for rule in reversed(RULES):
        if kind in rule.kinds:
            found = nw.when(conditions[rule.name]).then(nw.lit(rule.name)).otherwise(found)
    return found


def _event_conditions() -> dict[str, nw.Expr]:
    occurred, score, kind = nw.col("occurred_us"), nw.col("score_micro"), nw.col("score_type")
    times = ["occurred", "ended", "updated"]
    # A null answer of a comparison must not hide a later rule, so each condition is true or false.
    return {
        name: condition.fill_null(False)
        for name, condition in {
            "no_customer": nw.col("ids").is_null(),
            "no_time": nw.col("occurred_at").is_null(),
            "no_zone": _any(nw.col(f"{name}_us_fault") == "zone" for name in times),
            "skipped_time": _any(nw.col(f"{name}_us_fault") == "gap" for name in times),
            "unreadable_time": _any(_unreadable(f"{name}_at", f"{name}_us") for name in times),
            "implausible_time": _any(nw.col(f"{name}_us") < _EARLIEST for name in times),
            "zero_time": _is_zero(occurred),
            "future_time": _is_future(occurred),
            "ends_before_start": nw.col("ended_us") < occurred,
            "no_touchpoint": nw.col("touchpoint").is_null(),
            "no_channel": nw.col("channel").is_null(),
            "long_name": (nw.col("longest") > _LONGEST_NAME) & _any(_is_long(name) for name in NAMES),
            "large_number": _any(
                _unreadable(name, f"{name}_micro") & nw.col(name).str.contains(_LARGE)
                for name in ["score", "revenue", "cost"]
            ),
            "unreadable_number": _any(_unreadable(name, f"{name}_micro") for name in ["score", "revenue", "cost"]),
            "unknown_score_type": ~score.is_null() & ~kind.is_in(list(_SCALES)),
            "off_scale": _any(
                (kind == name) & ((score < low * 1_000_000) | (score > high * 1_000_000))
                for name, (low, high) in _SCALES.items()
            ),
        }.items()
    }


def _customer_conditions() -> dict[str, nw.Expr]:
    signed, ended = nw.col("signed_up_on_us"), nw.col("ended_on_us")
    return {
        "no_customer": nw.col("ids").is_null(),
        "no_zone": (nw.col("valid_from_us_fault") == "zone").fill_null(False),
        "skipped_time": (nw.col("valid_from_us_fault") == "gap").fill_null(False),
        "implausible_time": _any([signed < _EARLIEST, ended < _EARLIEST]),
        "zero_time": _any([_is_zero(signed), _is_zero(ended)]),
        # A contract may end in the future, and a version be valid since ever or from next year on.
        "future_time": _is_future(signed).fill_null(False),
        "long_name": _is_long("ids").fill_null(False),
        "unreadable_date": _any(_unreadable(name, f"{name}_us") for name in ["signed_up_on", "ended_on", "valid_from"]),
        "ends_before_sign_up": (ended < signed).fill_null(False),
    }


def _any(conditions: Iterable[nw.Expr]) -> nw.Expr:
    return nw.any_horizontal(*conditions, ignore_nulls=True)


def _is_zero(time: nw.Expr) -> nw.Expr:
    """Within a day of 1970-01-01: the zero of computers is another date west of Greenwich."""
    return (time >= -DAY_US) & (time < DAY_US)


def _is_future(time: nw.Expr) -> nw.Expr:
    return time > int(datetime.now(UTC).timestamp() * 1e6) + DAY_US


def _is_long(name: str) -> nw.Expr:
    return nw.col(name).str.len_chars() > _LONGEST_NAME


def _unreadable(said: str, read: str) -> nw.Expr:
    return ~nw.col(said).is_null() & nw.col(read).is_null()
