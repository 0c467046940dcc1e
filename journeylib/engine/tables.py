"""Pass between small frames and tables; what a whole table is: its rows, its query, its fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw

from journeylib import trace
from journeylib.engine.listing import ON_SPARK, listing
from journeylib.engine.native import connection, lazy, quoted, sql

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Print",
    "as_json",
    "collect",
    "digest",
    "fetched",
    "fingerprint",
    "from_frame",
    "hashed",
    "kept",
    "longest",
    "md5",
    "query",
    "repeated",
    "shared",
]

_SORTED_AT_ONCE = 50_000_000  # numbers


def from_frame(frame: pd.DataFrame, *, spark: Any = None, beside: nw.LazyFrame | None = None) -> nw.LazyFrame:
    """Make a table of a small pandas frame, on DuckDB; on `spark` where a session is given.

    What is to be joined with a table goes `beside` it, on the same engine.
    """
    import pyarrow as pa

    rows = pa.Table.from_pandas(frame, preserve_index=False)
    if beside is not None and not beside.implementation.is_duckdb():
        spark = beside.to_native().sparkSession
    return lazy(connection().from_arrow(rows) if spark is None else spark.createDataFrame(rows))


def collect(table: nw.LazyFrame, *, order_by: Sequence[str] = ()) -> pd.DataFrame:
    """Run a table once and fetch it as a pandas frame, sorted by `order_by`.

    Sums of integers come back from DuckDB as 128-bit numbers; they are narrowed to 64. What Spark
    gives passes through DuckDB too, so that a column has one type in pandas, whichever engine it is from.
    The query is noted for the measure that runs it.
    """
    is_duckdb = table.implementation.is_duckdb()
    rows = table if is_duckdb else _at_hand(table)
    wide = [name for name, kind in rows.collect_schema().items() if kind == nw.Int128]
    narrow = rows.with_columns(nw.col(*wide).cast(nw.Int64)) if wide else rows
    frame: pd.DataFrame = narrow.collect("pandas").to_native()
    if order_by:
        frame = frame.sort_values(list(order_by), kind="stable", ignore_index=True)
    trace.note(lambda: _raw(narrow if is_duckdb else table))
    return frame


def kept(table: nw.LazyFrame) -> nw.LazyFrame:
    """Run a table once and keep its rows for what is joined with them often: in memory; on Spark, in its workers'.

    The query is noted; what is asked of the rows then reads no store, and belongs under `trace.unnoted`.
    """
    if table.implementation.is_duckdb():
        return fetched(table)
    trace.note(lambda: _raw(table))
    return lazy(table.to_native().persist())


def fetched(table: nw.LazyFrame) -> nw.LazyFrame:
    """Run a table once and keep its rows in this process's memory, for what is asked of them often.

    They are a table of DuckDB then, whichever engine they come from. Queries are noted as by `kept`.
    """
    trace.note(lambda: _raw(table))
    return _at_hand(table)


@contextmanager
def shared(table: nw.LazyFrame) -> Iterator[nw.LazyFrame]:
    """Share a table between the queries inside: Spark makes its rows once, and drops them afterwards.

    On DuckDB it is as it was: a part that a query asks for often is made once there.
    """
    if table.implementation.is_duckdb():
        yield table
        return
    native = table.to_native().persist()
    try:
        yield lazy(native)
    finally:
        native.unpersist()


def _at_hand(table: nw.LazyFrame) -> nw.LazyFrame:
    if table.implementation.is_duckdb():
        return lazy(connection().from_arrow(table.collect("pyarrow").to_native()))
    return lazy(connection().from_arrow(table.to_native().toArrow()))


def as_json(table: nw.LazyFrame, into: str) -> nw.LazyFrame:
    """Replace the columns of a table by one: each whole row as JSON text."""
    relation = table.to_native()
    cells = ", ".join(f"{quoted(name)} := {quoted(name)}" for name in relation.columns)
    return lazy(relation.select(sql(f"to_json(struct_pack({cells})) AS {quoted(into)}")))


def md5(table: nw.LazyFrame, column: str, into: str) -> nw.LazyFrame:
    """Add `into`: the md5 of a text column as 32 hexadecimal digits, the same on every engine."""
    if table.implementation.is_duckdb():
        return lazy(table.to_native().select("*", sql(f"md5({quoted(column)}) AS {quoted(into)}")))
    return lazy(table.to_native().selectExpr("*", f"md5(`{column}`) AS `{into}`"))


def digest(table: nw.LazyFrame, columns: Sequence[str], into: str, *, known: str | None = None) -> nw.LazyFrame:
    """Add `into`: the md5 of the cells in `columns`, equal for rows with equal cells; null where `known` is filled."""
    # Escaped, so that no cell can end another or pass for an empty one.
    texts = (f"CAST({quoted(name)} AS VARCHAR)" for name in columns)
    escaped = (f"replace(replace({text}, chr(27), chr(27) || '0'), chr(31), chr(27) || '1')" for text in texts)
    made = f"md5(concat_ws(chr(31), {', '.join(f'coalesce({cell}, chr(27))' for cell in escaped)}))"
    if known:
        made = f"CASE WHEN {quoted(known)} IS NULL THEN {made} END"
    return lazy(table.to_native().select("*", sql(f"{made} AS {quoted(into)}")))


def hashed(table: nw.LazyFrame, columns: Sequence[str], into: str) -> nw.LazyFrame:
    """Add `into`: a number of 32 bits, equal for rows with equal cells in `columns` and seldom for others."""
    made = f"CAST(hash({', '.join(map(quoted, columns))}) >> 32 AS UINTEGER) AS {quoted(into)}"
    return lazy(table.to_native().select("*", sql(made)))


def longest(table: nw.LazyFrame, columns: Sequence[str], into: str) -> nw.LazyFrame:
    """Add `into`: how many bytes the longest text in `columns` has."""
    sizes = ", ".join(f"strlen({quoted(name)})" for name in columns)
    return lazy(table.to_native().select("*", sql(f"greatest({sizes}) AS {quoted(into)}")))


def repeated(table: nw.LazyFrame, column: str) -> pd.DataFrame:
    """Find the numbers (from `hashed`) that several rows of a table carry, each once.

    So many at a time are sorted that memory stays flat.
    """
    import numpy as np
    import pandas as pd

    numbers, found = table.to_native().select(quoted(column)), []
    [(rows,)] = numbers.aggregate("count(*)").fetchall()
    parts = max(1, -(-rows // _SORTED_AT_ONCE))
    for part in range(parts):
        some = numbers.filter(f"{quoted(column)} % {parts} = {part}") if parts > 1 else numbers
        each = some.fetchnumpy()[column]
        each.sort()
        found.append(np.unique(each[1:][each[1:] == each[:-1]]))
    return pd.DataFrame({column: np.concatenate(found)})


def query(table: nw.LazyFrame) -> str:
    """The SQL text that a DuckDB table stands for, laid out as a page shows it."""
    return listing(_raw(table))


@dataclass(frozen=True)
class Print:
    """What tells the rows of a table, whatever their order: their number, and sums of two hashes of each.

    Prints of tables with the same columns can be added, and taken away where the rows go.
    """

    rows: int
    once: int
    again: int
    columns: str

    def __str__(self) -> str:
        return f"{self.rows}-{self.once:016x}{self.again:016x}-{self.columns}"

    def __add__(self, other: Print) -> Print:
        return self._with(other, 1)

    def __sub__(self, other: Print) -> Print:
        return self._with(other, -1)

    def _with(self, other: Print, sign: int) -> Print:
        assert self.columns == other.columns
        sums = (self.once + sign * other.once) % 2**64, (self.again + sign * other.again) % 2**64
        return Print(self.rows + sign * other.rows, *sums, self.columns)

    @classmethod
    def read(cls, text: str) -> Print:
        """Read what `str` made of one.

        >>> str(Print.read("2-00000000000000010000000000000003-ab"))
        '2-00000000000000010000000000000003-ab'
        """
        rows, sums, columns = text.split("-")
        return cls(int(rows), int(sums[:16], 16), int(sums[16:], 16), columns)


def fingerprint(table: nw.LazyFrame) -> Print:
    """Fingerprint the rows of a table, whatever their order."""
    columns = sorted(table.collect_schema().names())
    cells = ", ".join(quoted(name) for name in columns)
    total = f"count(*), coalesce(sum(hash({cells})), 0), coalesce(sum(hash('again', {cells})), 0)"
    [(rows, once, again)] = table.to_native().aggregate(total).fetchall()
    return Print(int(rows), int(once % 2**64), int(again % 2**64), _short(columns))


def _raw(table: nw.LazyFrame) -> str:
    return str(table.to_native().sql_query()) if table.implementation.is_duckdb() else ON_SPARK


def _short(names: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(list(names)).encode()).hexdigest()[:8]
