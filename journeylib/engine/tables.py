"""Pass between small frames and tables; fetch the rows of a table, or its query."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw

from journeylib import trace
from journeylib.engine.listing import ON_SPARK, listing
from journeylib.engine.native import connection, lazy, narrowed, quoted, sql

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "as_json",
    "collect",
    "fetched",
    "from_frame",
    "kept",
    "query",
    "shared",
]


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
    narrow = narrowed(table if is_duckdb else _at_hand(table))
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


def query(table: nw.LazyFrame) -> str:
    """The SQL text that a DuckDB table stands for, laid out as a page shows it."""
    return listing(_raw(table))


def _raw(table: nw.LazyFrame) -> str:
    return str(table.to_native().sql_query()) if table.implementation.is_duckdb() else ON_SPARK
