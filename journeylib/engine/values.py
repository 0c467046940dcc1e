"""Read texts as instants, dates and decimal numbers; turn microseconds into dates and back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import duckdb
import narwhals.stable.v2 as nw

from journeylib.engine.native import added, call, lazy, quoted, sql

__all__ = ["dates", "decimal", "instant", "longest", "microseconds", "midnight"]

_DAY_ONLY = r"\d{4}-\d\d-\d\d"
_TIMED = _DAY_ONLY + r"[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?"
_OFFSET = r" ?(?:Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)"
_WITH_COMMA = r"[-+]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?"
_FURTHEST = 9_000_000_000_000_000_000  # microseconds; beyond it DuckDB cannot turn a number into a time
_DIRECTIVE = re.compile(r"%-?(.)", re.DOTALL)
_CLOCKS, _OFFSETS = set("HITXc"), set("zZ")  # strftime directives that tell the time of day, and the offset
_EPOCHS = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}


def microseconds(table: nw.LazyFrame, **columns: str) -> nw.LazyFrame:
    """Add int64 microseconds (UTC) of timestamp or date columns: `microseconds(table, signed_up_us="signed_up_on")`."""
    return added(
        table,
        {new: f"epoch_us(CAST({quoted(old)} AS TIMESTAMP))" for new, old in columns.items()},
        spark={new: f"unix_micros(CAST(`{old}` AS TIMESTAMP))" for new, old in columns.items()},
    )


def dates(table: nw.LazyFrame, **columns: str) -> nw.LazyFrame:
    """Add dates (UTC) of int64 microseconds: `dates(table, signed_up_on="signed_up_us")`."""
    return added(
        table,
        {new: f"CAST(make_timestamp({quoted(old)}) AS DATE)" for new, old in columns.items()},
        spark={new: f"CAST(timestamp_micros(`{old}`) AS DATE)" for new, old in columns.items()},
    )


def longest(table: nw.LazyFrame, columns: Sequence[str], into: str) -> nw.LazyFrame:
    """Add `into`: how many bytes the longest text in `columns` has."""
    sizes = ", ".join(f"strlen({quoted(name)})" for name in columns)
    return added(table, {into: f"greatest({sizes})"})


def decimal(table: nw.LazyFrame, column: str, into: str, *, comma: bool = False) -> nw.LazyFrame:
    """Add `into`: the decimal number in `column` as int64 millionths, exactly; null where it is no number.

    With `comma` a number is written 1.234,56.
    """
    cell = quoted(column)
    if comma:
        plain = f"replace(replace({cell}, '.', ''), ',', '.')"
        cell = f"CASE WHEN regexp_full_match(trim({cell}), '{_WITH_COMMA}') THEN {plain} END"
    # Numbers below 10^12 fit the narrow decimal, which is several times faster.
    narrow = f"CAST(TRY_CAST({cell} AS DECIMAL(18, 6)) * 1000000::BIGINT AS BIGINT)"
    wide = f"TRY_CAST(TRY_CAST({cell} AS DECIMAL(24, 6)) * 1000000 AS BIGINT)"
    is_written = f"{cell} IS NOT NULL AND NOT contains({cell}, '_')"  # the engine would read 1_000 as 1000
    return added(table, {into: f"CASE WHEN {is_written} THEN coalesce({narrow}, {wide}) END"})


def instant(table: nw.LazyFrame, column: str, into: str, *, form: str, zone: str | None) -> nw.LazyFrame:
    """Add `into`: the time in `column` as int64 microseconds (UTC), null where it cannot be read.

    Beside it stand `into`_fault ("zone": no offset and no zone given; "gap": a local time
    that the clocks skipped) and `into`_precision ("day": a date only, read as the first instant of
    that day; "ambiguous": a local time that the clocks showed twice, read as the second; otherwise
    "exact"). The form "iso" is a date, or a date and a time with seconds, a fraction and an offset
    (Z, UTC, GMT, +02:00) or without; no other text is read, and the name of a zone is none of them.
    """
    relation = table.to_native()
    absolute, local, day = _parsed(relation, column, form)
    timed = relation.select("*", absolute.alias("_absolute"), local.alias("_local"), day.alias("_day"))
    if zone is None or zone == "UTC":  # clocks that are never moved
        found = "epoch_us(_absolute)" if zone is None else "coalesce(epoch_us(_absolute), epoch_us(_local))"
        fault = "CASE WHEN _local IS NOT NULL THEN 'zone' END" if zone is None else "CAST(NULL AS VARCHAR)"
        placed = timed.select("*", *_told(into, found, fault, "CASE WHEN _day THEN 'day' ELSE 'exact' END"))
    else:
        placed = _in_zone(timed, into, zone)
    return lazy(placed).drop("_absolute", "_local", "_day")


def _told(into: str, found: str, fault: str, precision: str) -> list[Any]:
    told = {into: found, f"{into}_fault": fault, f"{into}_precision": precision}
    return [sql(f"{text} AS {quoted(name)}") for name, text in told.items()]


def _in_zone(timed: Any, into: str, zone: str) -> Any:
    """Place local times in a zone whose clocks may be moved."""
    there = duckdb.ConstantExpression(zone)

    def shown_at(instant: str, name: str) -> Any:
        return call("timezone", there, sql(instant)).alias(name)

    placed = timed.select("*", shown_at("_local", "_placed"))
    beside = placed.select(
        "*",
        shown_at("_placed", "_back"),
        shown_at("_placed - INTERVAL 24 HOUR", "_day_before"),
        shown_at("_placed + INTERVAL 24 HOUR", "_day_after"),
    )
    # Where the clocks are moved within a day of it, a local time may be shown by their offset of before, or by that
    # of after, or by both; elsewhere there is nothing to ask.
    moved = "_day_before + INTERVAL 2 DAY <> _day_after"
    by_offset = beside.select(
        "*",
        sql(f"CASE WHEN {moved} THEN _placed + (_local - _day_before) - INTERVAL 24 HOUR END AS _first"),
        sql(f"CASE WHEN {moved} THEN _placed + (_local - _day_after) + INTERVAL 24 HOUR END AS _second"),
    )
    shown = by_offset.select("*", shown_at("_first", "_first_shown"), shown_at("_second", "_second_shown"))
    skipped = "_back <> _local AND NOT (_day AND CAST(_back AS DATE) = CAST(_local AS DATE))"
    fault = f"CASE WHEN _local IS NOT NULL AND _placed IS NULL THEN 'zone' WHEN {skipped} THEN 'gap' END"
    twice = "_first_shown = _local AND _second_shown = _local"
    precision = f"CASE WHEN _day THEN 'day' WHEN {twice} THEN 'ambiguous' ELSE 'exact' END"
    found = f"epoch_us(CASE WHEN _day AND {twice} THEN _first ELSE coalesce(_absolute, _placed) END)"
    between = ["_placed", "_back", "_day_before", "_day_after", "_first", "_second", "_first_shown", "_second_shown"]
    told = shown.select("*", *_told(into, found, fault, precision))
    return told.select(*(quoted(name) for name in told.columns if name not in between))


def midnight(table: nw.LazyFrame, column: str, into: str, *, form: str, zone: str) -> nw.LazyFrame:
    """Add `into`: the calendar date in `column` as int64 microseconds of its midnight in UTC, null where unreadable.

    A date, or a time without an offset, gives the date that is written, whatever the zone.
    An instant (with an offset, or an epoch) gives the date that it was in `zone`.
    """
    relation = table.to_native()
    absolute, local, _ = _parsed(relation, column, form)
    timed = relation.select("*", absolute.alias("_absolute"), local.alias("_local"))
    there = call("timezone", duckdb.ConstantExpression(zone), duckdb.ColumnExpression("_absolute"))
    day = "CAST(CAST(coalesce(_local, _there) AS DATE) AS TIMESTAMP)"
    done = timed.select("*", there.alias("_there")).select("*", sql(f"epoch_us({day}) AS {quoted(into)}"))
    return lazy(done).drop("_absolute", "_local", "_there")


def _parsed(relation: Any, column: str, form: str) -> tuple[Any, Any, Any]:
    """Read the times of a column: as instants, as local times where they have no offset, and whether a day only."""
    cell = quoted(column)
    kind = dict(zip(relation.columns, map(str, relation.types), strict=True))[column]
    is_temporal = kind.startswith(("TIMESTAMP", "DATE"))
    # A column that is a time already needs no format, and a text never is one.
    form = "timestamp" if is_temporal else "iso" if form == "timestamp" else form
    text = f"trim(CAST({cell} AS VARCHAR))"
    absolute, local, day = (
        sql("CAST(NULL AS TIMESTAMPTZ)"),
        sql("CAST(NULL AS TIMESTAMP)"),
        duckdb.ConstantExpression(False),
    )
    if form == "epoch_ns":
        absolute = _since_1970(f"TRY_CAST({cell} AS HUGEINT) // 1000")
    elif form in _EPOCHS:
        absolute = _since_1970(f"round(TRY_CAST({cell} AS DECIMAL(24, 6)) * {_EPOCHS[form]})")
    elif "TIME ZONE" in kind or "TIMESTAMPTZ" in kind:  # the second is of nanoseconds
        absolute = sql(f"TRY_CAST({cell} AS TIMESTAMPTZ)")
    elif form == "timestamp":
        time = f"TRY_CAST({cell} AS TIMESTAMP)"
        is_near = f"{time} BETWEEN make_timestamp(-{_FURTHEST}) AND make_timestamp({_FURTHEST})"
        local, day = sql(f"CASE WHEN {is_near} THEN {time} END"), duckdb.ConstantExpression(kind == "DATE")
    elif form == "iso":
        # Only what matches is cast: a cast to a local time drops the name of a zone without a word.
        compact = f"replace(replace(replace({text}[12:], ' ', ''), 'UTC', 'Z'), 'GMT', 'Z')"
        has_offset = f"regexp_full_match({text}, '{_TIMED}{_OFFSET}')"
        # Most times end so and need no pattern; a letter before the Z would be the name of a zone, such as NZ.
        in_utc = f"suffix({text}, 'Z') AND right({text}, 2) BETWEEN '0Z' AND '9Z'"
        absolute = sql(
            f"CASE WHEN {in_utc} THEN TRY_CAST({text} AS TIMESTAMPTZ) "
            f"WHEN {has_offset} THEN TRY_CAST({text}[:11] || {compact} AS TIMESTAMPTZ) END"
        )
        is_local = f"NOT ({in_utc}) AND regexp_full_match({text}, '{_DAY_ONLY}|{_TIMED}')"
        local, day = sql(f"CASE WHEN {is_local} THEN TRY_CAST({text} AS TIMESTAMP) END"), sql(f"length({text}) = 10")
    else:
        parsed = call("try_strptime", sql(text), duckdb.ConstantExpression(form))
        said = set(_DIRECTIVE.findall(form))
        absolute, local = (parsed, local) if said & _OFFSETS else (absolute, parsed)
        day = duckdb.ConstantExpression(not said & _CLOCKS)
    return absolute, local, day


def _since_1970(number: str) -> Any:
    return sql(f"make_timestamptz(CASE WHEN abs({number}) < {_FURTHEST} THEN TRY_CAST({number} AS BIGINT) END)")
