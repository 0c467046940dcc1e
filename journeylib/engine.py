"""Open the engine: the only file that names DuckDB or Spark.

Tables are narwhals lazy frames over DuckDB relations, or over Spark frames when
a Spark session is passed. Here live the few native texts that narwhals cannot
say; each takes only names that this package chose, never values from data.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import narwhals.stable.v2 as nw

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "EngineError",
    "as_json",
    "bound",
    "collect",
    "cut",
    "dates",
    "decimal",
    "digest",
    "fingerprint",
    "from_frame",
    "instant",
    "md5",
    "microseconds",
    "midnight",
    "numbered",
    "query",
    "read_csv",
    "read_json",
    "rows_in",
    "scan",
    "write",
]

EngineError = duckdb.Error  # what DuckDB raises on files it cannot read
_DAY_ONLY = r"\d{4}-\d\d-\d\d"
_TIMED = _DAY_ONLY + r"[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?"
_OFFSET = r" ?(?:Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)"
_WITH_COMMA = r"[-+]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?"
_FURTHEST = 9_000_000_000_000_000_000  # microseconds; beyond it DuckDB cannot turn a number into a time
_EPOCHS = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}


@functools.cache
def connection() -> duckdb.DuckDBPyConnection:
    """Open this process's one DuckDB connection: in memory, in UTC, never reaching for the network."""
    made = duckdb.connect(":memory:")
    made.execute("SET TimeZone = 'UTC'")
    made.execute("SET autoinstall_known_extensions = false")
    made.execute("SET enable_progress_bar = false")
    # One folder for the whole process: once used, it cannot be moved. It is made when it is needed.
    spill = Path(tempfile.gettempdir()) / f"journeylib-spill-{os.getpid()}"
    made.execute("SET temp_directory = $1", [str(spill)])
    atexit.register(shutil.rmtree, spill, ignore_errors=True)
    return made


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def bound(memory: str | None) -> None:
    """Keep the engine's working memory to a size such as "2GB", spilling to disk; None: as it was."""
    if memory is None:
        connection().execute("RESET memory_limit")
    else:
        connection().execute("SET memory_limit = $1", [memory])


def scan(paths: Sequence[Path], *, spark: Any = None) -> nw.LazyFrame:
    """Read Parquet files as one table, lazily; on `spark` when a session is given."""
    files = [str(path) for path in paths]
    if spark is not None:
        return _table(spark.read.parquet(*files))
    return _table(connection().read_parquet(files))


def numbered(path: Path, into: str) -> nw.LazyFrame:
    """Read one Parquet file with the number of each row in the file, from 0, lazily."""
    relation = connection().read_parquet(str(path), file_row_number=True)
    return _table(relation).rename({"file_row_number": into})


def rows_in(path: Path) -> int:
    """How many rows a Parquet file has."""
    [(rows,)] = connection().read_parquet(str(path)).aggregate("count(*)").fetchall()
    return int(rows)


def read_csv(path: Path, names: Sequence[str], *, delimiter: str, quote: str = '"') -> nw.LazyFrame:
    """Read every record of a CSV file, its header too, as texts under `names`, lazily; empty cells are null."""
    relation = connection().read_csv(
        str(path),
        auto_detect=False,
        header=False,
        columns=dict.fromkeys(names, "VARCHAR"),
        delimiter=delimiter,
        quotechar=quote,
        escapechar=quote,
        max_line_size=4_000_000,
    )
    return _table(relation)


def read_json(path: Path, names: Sequence[str], *, line: str) -> nw.LazyFrame:
    """Read JSON lines lazily: each line as text in the column `line`, and the values called `names` as texts.

    A name is a key of the object, or else a path through nested objects, such as `context.page`.
    A line that holds no JSON object is null; an empty line is no row.
    """
    # No JSON text holds the character 0x01, so each line is one cell.
    read = connection().read_csv(
        str(path), auto_detect=False, header=False, columns={line: "VARCHAR"}, delimiter="\1", quotechar="",
        escapechar="", max_line_size=4_000_000,
    )  # fmt: skip
    filled = read.filter(_sql(f"{_quoted(line)} IS NOT NULL"))
    kept = filled.select(_sql(f"CASE WHEN json_valid({_quoted(line)}) THEN {_quoted(line)} END AS {_quoted(line)}"))
    kept = kept.select(
        _sql(f"CASE WHEN json_type({_quoted(line)}) = 'OBJECT' THEN {_quoted(line)} END AS {_quoted(line)}")
    )
    cell, values = duckdb.ColumnExpression(line), []
    for name in names:
        ways = dict.fromkeys([_json_pointer([name]), _json_pointer(name.split("."))])
        found = [_call("json_extract_string", cell, duckdb.ConstantExpression(way)) for way in ways]
        values.append(duckdb.CoalesceOperator(*found).alias(name))
    return _table(kept.select("*", *values))


def _json_pointer(keys: Sequence[str]) -> str:
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)


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


def as_json(table: nw.LazyFrame, into: str) -> nw.LazyFrame:
    """Replace the columns of a table by one: each whole row as JSON text."""
    relation = table.to_native()
    cells = ", ".join(f"{_quoted(name)} := {_quoted(name)}" for name in relation.columns)
    return _table(relation.select(_sql(f"to_json(struct_pack({cells})) AS {_quoted(into)}")))


def md5(table: nw.LazyFrame, column: str, into: str) -> nw.LazyFrame:
    """Add `into`: the md5 of a text column as 32 hexadecimal digits, the same on every engine."""
    if table.implementation.is_duckdb():
        return _table(table.to_native().select("*", _sql(f"md5({_quoted(column)}) AS {_quoted(into)}")))
    return _table(table.to_native().selectExpr("*", f"md5(`{column}`) AS `{into}`"))


def digest(table: nw.LazyFrame, columns: Sequence[str], into: str, *, known: str | None) -> nw.LazyFrame:
    """Add `into`: a text that is equal for rows with equal cells in `columns`.

    It is their md5; where the column `known` is filled, a cheaper one that holds within a load.
    """
    cells = ", ".join(f"coalesce(CAST({_quoted(name)} AS VARCHAR), chr(30))" for name in columns)
    whole = f"concat_ws(chr(31), {cells})"
    made = f"md5({whole})"
    if known:
        made = f"CASE WHEN {_quoted(known)} IS NOT NULL THEN CAST(hash({whole}) AS VARCHAR) ELSE {made} END"
    return _table(table.to_native().select("*", _sql(f"{made} AS {_quoted(into)}")))


def decimal(table: nw.LazyFrame, column: str, into: str, *, comma: bool = False) -> nw.LazyFrame:
    """Add `into`: the decimal number in `column` as int64 millionths, exactly; null where it is no number.

    With `comma` a number is written 1.234,56.
    """
    cell = _quoted(column)
    if comma:
        plain = f"replace(replace({cell}, '.', ''), ',', '.')"
        cell = f"CASE WHEN regexp_full_match(trim({cell}), '{_WITH_COMMA}') THEN {plain} END"
    # Numbers below 10^12 fit the narrow decimal, which is several times faster.
    narrow = f"CAST(TRY_CAST({cell} AS DECIMAL(18, 6)) * 1000000::BIGINT AS BIGINT)"
    wide = f"TRY_CAST(TRY_CAST({cell} AS DECIMAL(24, 6)) * 1000000 AS BIGINT)"
    number = f"CASE WHEN {cell} IS NOT NULL THEN coalesce({narrow}, {wide}) END AS {_quoted(into)}"
    return _table(table.to_native().select("*", _sql(number)))


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


def cut(table: nw.LazyFrame, *, gap_us: int, longest_us: int, end_touchpoints: Sequence[str]) -> nw.LazyFrame:
    """Cut journeys in one pass over events sorted by customer_id, occurred_us, event_id: the fast way of DuckDB.

    `journeys.reconstruct` says what it means, and does the same on every engine; the answer lacks
    only the choice of columns. Rows out of order raise.
    """
    before = ["customer_id", "occurred_us", "touchpoint", "channel"]
    ends = [duckdb.ConstantExpression(each) for each in end_touchpoints]
    is_end = duckdb.ColumnExpression("touchpoint").isin(*ends) if ends else duckdb.ConstantExpression(False)
    rows = table.to_native().select("*", is_end.alias("_is_end"))
    rows = rows.select(
        "*", *(_sql(f"lag({name}) OVER () AS _{name}") for name in before), _sql("row_number() OVER () AS _row")
    )
    is_wrong = "customer_id < _customer_id OR (customer_id = _customer_id AND occurred_us < _occurred_us)"
    first = (
        f"CASE WHEN {is_wrong} THEN error('events are out of order') ELSE customer_id IS DISTINCT FROM _customer_id END"
    )
    rows = rows.select("*", _sql(f"{first} AS _first"))
    rows = rows.select(
        "*",
        _sql(f"{_last('occurred_us', '_is_end')} AS _end_us"),
        _sql(f"{_last('_row', '_is_end')} >= {_last('_row', '_first')} AS _is_own_end"),
    )
    # The end touchpoint stands in the instant before this one, and is this customer's.
    is_after = "lag(_end_us) OVER () = _occurred_us AND lag(_is_own_end) OVER () AND occurred_us > _occurred_us"
    after_end = f"coalesce({is_after}, false)"
    opens = f"_first OR occurred_us - _occurred_us > {int(gap_us)} OR {after_end}"
    rows = rows.select("*", _sql(f"{opens} AS _opens"))
    rows = rows.select("*", _sql(f"(occurred_us - {_last('occurred_us', '_opens')}) // {int(longest_us)} AS _length"))
    rows = rows.select("*", _sql("_opens OR _length IS DISTINCT FROM lag(_length) OVER () AS _starts"))
    rows = rows.select(
        "*", _sql(f"{_last('occurred_us', '_starts')} AS started_us"), _sql(f"{_last('_row', '_starts')} AS _start_row")
    )
    return _table(
        rows.select(
            "*",
            _sql("_row - _start_row + 1 AS step"),
            _sql("CASE WHEN NOT _starts THEN _touchpoint END AS previous_touchpoint"),
            _sql("CASE WHEN NOT _starts THEN _channel END AS previous_channel"),
            _sql("CASE WHEN NOT _starts THEN occurred_us - _occurred_us END AS wait_us"),
        )
    )


def _last(column: str, condition: str) -> str:
    """The value in the latest row so far where the condition holds."""
    return f"arg_max({column}, _row) FILTER (WHERE {condition}) OVER (ROWS UNBOUNDED PRECEDING)"


def query(table: nw.LazyFrame) -> str:
    """The SQL text that a DuckDB table stands for, for the appendix of a page."""
    return str(table.to_native().sql_query())


def write(table: nw.LazyFrame, path: Path, *, order_by: Sequence[str], is_kept: bool = True) -> None:
    """Write a table to one Parquet file, sorted by `order_by`, or in its own order where that is empty.

    Equal rows in equal order give equal bytes. What is not kept for long is packed less.
    """
    relation = (table.sort(*order_by, nulls_last=True) if order_by else table).to_native()
    relation.write_parquet(str(path), compression="zstd" if is_kept else "lz4", row_group_size=122_880)


def fingerprint(table: nw.LazyFrame) -> str:
    """Fingerprint the rows of a table, whatever their order: their number, and sums of two hashes of each."""
    columns = sorted(table.collect_schema().names())
    cells = ", ".join(_quoted(name) for name in columns)
    total = f"count(*), coalesce(sum(hash({cells})), 0), coalesce(sum(hash('again', {cells})), 0)"
    [(rows, once, again)] = table.to_native().aggregate(total).fetchall()
    return f"{rows}-{once % 2**64:016x}{again % 2**64:016x}-{_short(columns)}"


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
        in_utc = f"suffix({text}, 'Z')"  # most times end so, and need no pattern
        absolute = _sql(
            f"CASE WHEN {in_utc} THEN TRY_CAST({text} AS TIMESTAMPTZ) "
            f"WHEN {has_offset} THEN TRY_CAST({text}[:11] || {compact} AS TIMESTAMPTZ) END"
        )
        is_local = f"NOT {in_utc} AND regexp_full_match({text}, '{_DAY_ONLY}|{_TIMED}')"
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
