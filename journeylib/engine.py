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

__all__ = ["collect", "fingerprint", "from_frame", "query", "scan", "write"]


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
        return nw.from_native(spark.read.parquet(*files))
    return nw.from_native(connection().read_parquet(files))


def from_frame(frame: pd.DataFrame, *, spark: Any = None) -> nw.LazyFrame:
    """Make a table of a small pandas frame."""
    if spark is not None:
        return nw.from_native(spark.createDataFrame(frame))
    import pyarrow as pa

    return nw.from_native(connection().from_arrow(pa.Table.from_pandas(frame, preserve_index=False)))


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


def _short(names: Sequence[str]) -> str:
    import hashlib

    return hashlib.sha256(json.dumps(list(names)).encode()).hexdigest()[:8]
