"""Open the engine: the only file that names DuckDB or Spark.

Tables are narwhals lazy frames over DuckDB relations, or over Spark frames when
a Spark session is passed. Here live the few native texts that narwhals cannot
say; each takes only names that this package chose, never values from data.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import narwhals.stable.v2 as nw

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "EngineError",
    "collect",
    "dates",
    "decimal",
    "fingerprint",
    "from_frame",
    "instant",
    "md5",
    "microseconds",
    "midnight",
    "originals",
    "query",
    "read_csv",
    "scan",
    "write",
]

EngineError = duckdb.Error  # what DuckDB raises on files it cannot read
_DAY_ONLY = r"\d{4}-\d\d-\d\d"
_TIMED = _DAY_ONLY + r"[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?"
_OFFSET = r" ?(?:Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)"
_FURTHEST = 9_000_000_000_000_000_000  # microseconds; beyond it DuckDB cannot turn a number into a time
_EPOCHS = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}


@functools.cache
def connection() -> duckdb.DuckDBPyConnection:
    """Open this process's one DuckDB connection: in memory, in UTC, never reaching for the network."""
    made = duckdb.connect(":memory:")
    made.execute("SET TimeZone = 'UTC'")
    made.execute("SET autoinstall_known_extensions = false")
    made.execute("SET enable_progress_bar = false")
    return made


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def scan(paths: Sequence[Path], *, spark: Any = None) -> nw.LazyFrame:
    """Read Parquet files as one table, lazily; on `spark` when a session is given."""
    files = [str(path) for path in paths]
    if spark is not None:
        return _table(spark.read.parquet(*files))
    return _table(connection().read_parquet(files))


def read_csv(path: Path, *, delimiter: str) -> nw.LazyFrame:
    """Read one CSV file as a table of texts, lazily; ragged or unreadable rows raise when it runs."""
    relation = connection().read_csv(
        str(path), header=True, all_varchar=True, delimiter=delimiter, quotechar='"', escapechar='"'
    )
    return _table(relation)


def from_frame(frame: pd.DataFrame, *, spark: Any = None) -> nw.LazyFrame:
    """Make a table of a small pandas frame."""
    if spark is not None:
        return _table(spark.createDataFrame(frame))
    import pyarrow as pa

    return _table(connection().from_arrow(pa.Table.from_pandas(frame, preserve_index=False)))


def collect(table: nw.LazyFrame, *, order_by: Sequence[str] = ()) -> pd.DataFrame:
    """Run a table once and fetch it as a pandas frame, sorted by `order_by`.

    Sums of integers come back from DuckDB as 128-bit numbers; they are narrowed to 64.
    """
    wide = [name for name, kind in table.collect_schema().items() if kind == nw.Int128]
    fetched = table.with_columns(nw.col(*wide).cast(nw.Int64)) if wide else table
    frame: pd.DataFrame = fetched.collect("pandas").to_native()
    if order_by:
        frame = frame.sort_values(list(order_by), kind="stable", ignore_index=True)
    return frame


def microseconds(table: nw.LazyFrame, **columns: str) -> nw.LazyFrame:
    """Add int64 microseconds (UTC) of timestamp or date columns: `microseconds(table, signed_up_us="signed_up_on")`."""
    native = table.to_native()
    if table.implementation.is_duckdb():
        made = [_sql(f"epoch_us(CAST({_quoted(old)} AS TIMESTAMP)) AS {_quoted(new)}") for new, old in columns.items()]
        return _table(native.select("*", *made))
    made = [f"unix_micros(CAST(`{old}` AS TIMESTAMP)) AS `{new}`" for new, old in columns.items()]
    return _table(native.selectExpr("*", *made))


def dates(table: nw.LazyFrame, **columns: str) -> nw.LazyFrame:
    """Add dates (UTC) of int64 microseconds: `dates(table, signed_up_on="signed_up_us")`."""
    made = [_sql(f"CAST(make_timestamp({_quoted(old)}) AS DATE) AS {_quoted(new)}") for new, old in columns.items()]
    return _table(table.to_native().select("*", *made))


def originals(table: nw.LazyFrame, prefix: str) -> nw.LazyFrame:
    """Number the rows from 1 as `source_row` and keep each whole row as JSON text in `original`.

    The table's own columns get `prefix` before their names, so none of them can pass for one of ours.
    """
    relation = table.to_native()
    cells = ", ".join(f"{_quoted(name)} := {_quoted(name)}" for name in relation.columns)
    theirs = [_sql(f"{_quoted(name)} AS {_quoted(prefix + name)}") for name in relation.columns]
    row, text = _sql("row_number() OVER () AS source_row"), _sql(f"to_json(struct_pack({cells})) AS original")
    return _table(relation.select(*theirs, row, text))


def md5(table: nw.LazyFrame, column: str, into: str) -> nw.LazyFrame:
    """Add `into`: the md5 of a text column as 32 hexadecimal digits, the same on every engine."""
    if table.implementation.is_duckdb():
        return _table(table.to_native().select("*", _sql(f"md5({_quoted(column)}) AS {_quoted(into)}")))
    return _table(table.to_native().selectExpr("*", f"md5(`{column}`) AS `{into}`"))


def decimal(table: nw.LazyFrame, column: str, into: str) -> nw.LazyFrame:
    """Add `into`: the decimal number in `column` as int64 millionths, exactly; null where it is no number."""
    number = _sql(f"TRY_CAST(TRY_CAST({_quoted(column)} AS DECIMAL(24, 6)) * 1000000 AS BIGINT) AS {_quoted(into)}")
    return _table(table.to_native().select("*", number))


def instant(table: nw.LazyFrame, column: str, into: str, *, form: str, zone: str | None) -> nw.LazyFrame:
    """Add `into`: the time in `column` as int64 microseconds (UTC), null where it cannot be read.

    Beside it stand `into`_fault ("zone": no offset and no zone given; "gap": a local time
    that the clocks skipped) and `into`_precision ("day": a date only; "ambiguous": a local
    time that the clocks showed twice, read as the second; otherwise "exact"). The form "iso"
    is a date, or a date and a time with seconds, a fraction and an offset (Z, UTC, GMT, +02:00)
    or without; no other text is read, and the name of a zone is none of them.
    """
    relation = table.to_native()
    absolute, local, day = _parsed(relation, column, form)
    timed = relation.select("*", absolute.alias("_absolute"), local.alias("_local"), day.alias("_day"))
    there = duckdb.ConstantExpression(zone) if zone else _sql("CAST(NULL AS VARCHAR)")
    placed = timed.select("*", _call("timezone", there, duckdb.ColumnExpression("_local")).alias("_placed"))
    back = [
        _call("timezone", there, _sql(f"_placed{shift}")) for shift in ("", " - INTERVAL 1 HOUR", " + INTERVAL 1 HOUR")
    ]
    shown = placed.select("*", *(each.alias(f"_back{place}") for place, each in enumerate(back)))
    fault = "CASE WHEN _local IS NOT NULL AND _placed IS NULL THEN 'zone' WHEN _back0 <> _local THEN 'gap' END"
    twice = "_back1 = _local OR _back2 = _local"
    precision = f"CASE WHEN _day THEN 'day' WHEN {twice} THEN 'ambiguous' ELSE 'exact' END"
    done = shown.select(
        "*",
        _sql(f"epoch_us(coalesce(_absolute, _placed)) AS {_quoted(into)}"),
        _sql(f"{fault} AS {_quoted(into + '_fault')}"),
        _sql(f"{precision} AS {_quoted(into + '_precision')}"),
    )
    return _table(done).drop("_absolute", "_local", "_day", "_placed", "_back0", "_back1", "_back2")


def midnight(table: nw.LazyFrame, column: str, into: str, *, form: str, zone: str) -> nw.LazyFrame:
    """Add `into`: the calendar date in `column` as int64 microseconds of its midnight in UTC, null where unreadable.

    A date, or a time without an offset, gives the date that is written, whatever the zone.
    An instant (with an offset, or an epoch) gives the date that it was in `zone`.
    """
    relation = table.to_native()
    absolute, local, _ = _parsed(relation, column, form)
    timed = relation.select("*", absolute.alias("_absolute"), local.alias("_local"))
    there = _call("timezone", duckdb.ConstantExpression(zone), duckdb.ColumnExpression("_absolute"))
    day = "CAST(CAST(coalesce(_local, _there) AS DATE) AS TIMESTAMP)"
    done = timed.select("*", there.alias("_there")).select("*", _sql(f"epoch_us({day}) AS {_quoted(into)}"))
    return _table(done).drop("_absolute", "_local", "_there")


def query(table: nw.LazyFrame) -> str:
    """The SQL text that a DuckDB table stands for, for the appendix of a page."""
    return str(table.to_native().sql_query())


def write(table: nw.LazyFrame, path: Path, *, order_by: Sequence[str]) -> None:
    """Write a table to one Parquet file, sorted by `order_by`; equal rows give equal bytes."""
    relation = table.sort(*order_by, nulls_last=True).to_native()
    relation.write_parquet(str(path), compression="zstd", row_group_size=122_880)


def fingerprint(table: nw.LazyFrame) -> str:
    """Fingerprint the rows of a table, whatever their order: their number and the sum of their md5 numbers."""
    columns = sorted(table.collect_schema().names())
    parts = ", ".join(f"coalesce(CAST({_quoted(name)} AS VARCHAR), chr(0))" for name in columns)
    total = f"count(*), coalesce(sum(CAST(md5_number_lower(concat_ws(chr(31), {parts})) AS HUGEINT)), 0)"
    [(rows, digest)] = table.to_native().aggregate(total).fetchall()
    return f"{rows}-{digest % 2**128:032x}-{_short(columns)}"


def _parsed(relation: Any, column: str, form: str) -> tuple[Any, Any, Any]:
    """Read the times of a column: as instants, as local times where they have no offset, and whether a day only."""
    cell = _quoted(column)
    kind = dict(zip(relation.columns, map(str, relation.types), strict=True))[column]
    is_temporal = kind.startswith(("TIMESTAMP", "DATE"))
    # A column that is a time already needs no format, and a text never is one.
    form = "timestamp" if is_temporal else "iso" if form == "timestamp" else form
    text = f"trim(CAST({cell} AS VARCHAR))"
    absolute, local, day = (
        _sql("CAST(NULL AS TIMESTAMPTZ)"),
        _sql("CAST(NULL AS TIMESTAMP)"),
        duckdb.ConstantExpression(False),
    )
    if form == "epoch_ns":
        absolute = _since_1970(f"TRY_CAST({cell} AS HUGEINT) // 1000")
    elif form in _EPOCHS:
        absolute = _since_1970(f"round(TRY_CAST({cell} AS DECIMAL(24, 6)) * {_EPOCHS[form]})")
    elif "TIME ZONE" in kind:
        absolute = duckdb.ColumnExpression(column)
    elif form == "timestamp":
        local, day = _sql(f"TRY_CAST({cell} AS TIMESTAMP)"), duckdb.ConstantExpression(kind == "DATE")
    elif form == "iso":
        # Only what matches is cast: a cast to a local time drops the name of a zone without a word.
        compact = f"replace(replace(replace({text}[12:], ' ', ''), 'UTC', 'Z'), 'GMT', 'Z')"
        has_offset = f"regexp_full_match({text}, '{_TIMED}{_OFFSET}')"
        absolute = _sql(f"CASE WHEN {has_offset} THEN TRY_CAST({text}[:11] || {compact} AS TIMESTAMPTZ) END")
        is_local = f"regexp_full_match({text}, '{_DAY_ONLY}|{_TIMED}')"
        local, day = _sql(f"CASE WHEN {is_local} THEN TRY_CAST({text} AS TIMESTAMP) END"), _sql(f"length({text}) = 10")
    else:
        parsed = _call("try_strptime", _sql(text), duckdb.ConstantExpression(form))
        absolute, local = (parsed, local) if "%z" in form.lower() else (absolute, parsed)
        day = duckdb.ConstantExpression("%H" not in form and "%I" not in form)
    return absolute, local, day


def _since_1970(number: str) -> Any:
    return _sql(f"make_timestamptz(CASE WHEN abs({number}) < {_FURTHEST} THEN TRY_CAST({number} AS BIGINT) END)")


def _table(native: Any) -> nw.LazyFrame:
    made: nw.LazyFrame = nw.from_native(native)
    return made


def _sql(text: str) -> Any:
    return duckdb.SQLExpression(text)


def _call(function: str, *arguments: Any) -> Any:
    return duckdb.FunctionExpression(function, *arguments)


def _short(names: Sequence[str]) -> str:
    import hashlib

    return hashlib.sha256(json.dumps(list(names)).encode()).hexdigest()[:8]
