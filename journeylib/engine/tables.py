"""Pass between small frames and tables; fetch the rows of a table, or its query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw

from journeylib import trace
from journeylib.engine.listing import ON_SPARK, in_memory, listing, with_kept
from journeylib.engine.native import connection, lazy, narrowed, quoted, sql

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "as_json",
    "collect",
    "fetched",
    "from_frame",
    "kept",
    "noted",
    "query",
]

_KEPT: dict[str, str] = {}  # what DuckDB calls rows in memory → the query that they were kept of


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
    noted(narrow if is_duckdb else table)
    return frame


def kept(table: nw.LazyFrame) -> nw.LazyFrame:
    """Run a table once and keep its rows for what is asked of them often: in memory; on Spark, in its workers'.

    A query that is asked of them says how they were made: theirs stands in it by a name. On Spark they are kept
    until the session ends.
    """
    if not table.implementation.is_duckdb():
        return lazy(table.to_native().persist())
    made = _at_hand(table)
    [name] = in_memory(str(made.to_native().sql_query()))
    _KEPT[name] = str(table.to_native().sql_query())
    return made


def fetched(table: nw.LazyFrame) -> nw.LazyFrame:
    """Run a table once and keep its rows in this process's memory, on DuckDB whichever engine they come from.

    The query is noted; what is asked of the rows then reads no store, and belongs under `trace.unnoted`.
    """
    return _at_hand(noted(table))


def noted(table: nw.LazyFrame) -> nw.LazyFrame:
    """Note the query of a table for the measure at work, and give the table."""
    trace.note(lambda: _raw(table))
    return table


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
    return with_kept(str(table.to_native().sql_query()), _KEPT) if table.implementation.is_duckdb() else ON_SPARK
