"""Pass between small frames and tables; fetch the rows of a table, or its query."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw

from journeylib import trace
from journeylib.engine.listing import ON_SPARK, listing
from journeylib.engine.native import connection, lazy, narrowed, quoted, sql

if TYPE_CHECKING:
    import pandas as pd

_KEPT: dict[str, str] = {}  # what DuckDB calls rows in memory → the query that they were kept of
_SOURCE = re.compile(r'"(__duckdb_source_[0-9a-f]+_[0-9]+)"')
_STEP = re.compile(r'("__duckdb_s)([0-9]+)(?=")')

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
    """Run a table once and keep its rows for what is asked of them often: in memory; on Spark, in its workers'.

    A query that is asked of them says how they were made: theirs stands in it by a name.
    """
    if not table.implementation.is_duckdb():
        trace.note(lambda: _raw(table))
        return lazy(table.to_native().persist())
    text, made = str(table.to_native().sql_query()), _at_hand(table)
    found = _SOURCE.search(made.to_native().sql_query())
    assert found
    _KEPT[found[1]] = text
    return made


def fetched(table: nw.LazyFrame) -> nw.LazyFrame:
    """Run a table once and keep its rows in this process's memory, on DuckDB whichever engine they come from.

    The query is noted; what is asked of the rows then reads no store, and belongs under `trace.unnoted`.
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
    return _told(str(table.to_native().sql_query())) if table.implementation.is_duckdb() else ON_SPARK


def _told(text: str) -> str:
    """The text of a query with those of the rows that were kept for it before it, each once and under a name."""
    names = _behind(text)
    parts = []
    for name in names:
        # Its own steps are numbered apart from all others.
        own = _STEP.sub(rf"\g<1>{name.rsplit('_', 1)[1]}00000\g<2>", _KEPT[name])
        parts.append(f'"{name}" AS ({own})')
    if parts:
        text = text.strip()
        text = ", ".join(parts) + (f", {text[5:]}" if text.startswith("WITH ") else f" {text}")
        text = "WITH " + _SOURCE.sub(lambda found: _short(found[1]) if found[1] in names else found[0], text)
    return text


def _behind(text: str) -> list[str]:
    """The names of all kept rows that a query reads, each after those that it was made of."""
    found: dict[str, None] = {}
    for name in _SOURCE.findall(text):
        if name in _KEPT:
            found |= dict.fromkeys([*_behind(_KEPT[name]), name])
    return list(found)


def _short(name: str) -> str:
    return f'"kept_{int(name.rsplit("_", 1)[1]):014x}"'
