"""The process's one DuckDB connection, and the few words in which native texts are written."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import narwhals.stable.v2 as nw

__all__ = ["EngineError", "added", "bounded", "call", "connection", "lazy", "narrowed", "quoted", "sql"]

EngineError = duckdb.Error  # what DuckDB raises on files it cannot read
_MEMORY = "1500MB"


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


@contextlib.contextmanager
def bounded() -> Iterator[None]:
    """Keep the engine's working memory small while a store is written; more goes to disk for a while."""
    connection().execute("SET memory_limit = $1", [_MEMORY])
    try:
        yield
    finally:
        connection().execute("RESET memory_limit")


def lazy(native: Any) -> nw.LazyFrame:
    """Make a narwhals table of a native one."""
    made: nw.LazyFrame = nw.from_native(native)
    return made


def added(table: nw.LazyFrame, texts: Mapping[str, str], *, spark: Mapping[str, str] | None = None) -> nw.LazyFrame:
    """Add columns by native texts, by their names; Spark has texts of its own."""
    native = table.to_native()
    if table.implementation.is_duckdb():
        return lazy(native.select("*", *(sql(f"{text} AS {quoted(name)}") for name, text in texts.items())))
    assert spark is not None, "this is said in words of DuckDB only"
    return lazy(native.selectExpr("*", *(f"{text} AS `{name}`" for name, text in spark.items())))


def narrowed(table: nw.LazyFrame) -> nw.LazyFrame:
    """Narrow sums of integers, which DuckDB gives in 128 bits, to 64."""
    wide = [name for name, kind in table.collect_schema().items() if kind == nw.Int128]
    return table.with_columns(nw.col(*wide).cast(nw.Int64)) if wide else table


def sql(text: str) -> Any:
    """Make an expression of a native text, which holds no value from data."""
    return duckdb.SQLExpression(text)


def call(function: str, *arguments: Any) -> Any:
    """Make an expression that calls a native function."""
    return duckdb.FunctionExpression(function, *arguments)


def quoted(name: str) -> str:
    """Quote a column's name for a native text."""
    return '"' + name.replace('"', '""') + '"'
