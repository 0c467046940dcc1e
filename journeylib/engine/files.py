"""Read files as tables and write tables to files."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import narwhals.stable.v2 as nw

from journeylib.engine.native import call, connection, lazy, narrowed, quoted, sql

__all__ = [
    "ROW_GROUP",
    "nested",
    "numbered",
    "picked",
    "read_csv",
    "read_json",
    "rows_in",
    "scan",
    "split",
    "write",
    "writer",
]

ROW_GROUP = 122_880  # rows; the engine reads so many at once
_DISTINCT = {"event_id", "text", "original", "id", "content_hash"}  # their cells hardly repeat: no dictionary of them
# Of these the least and the greatest of each row group are noted.
_SEARCHED = {"customer_id", "occurred_us", "started_us", "ended_us", "row"}

_PATTERN = re.compile(r"[{}\[\]*?\\]")


def scan(paths: Sequence[Path], *, spark: Any = None) -> nw.LazyFrame:
    """Read Parquet files as one table, lazily; on `spark` when a session is given."""
    if spark is not None:
        return lazy(spark.read.parquet(*map(_seen_by_workers, paths)))
    return lazy(connection().read_parquet([str(path) for path in paths]))


def numbered(path: Path | Sequence[Path], into: str) -> nw.LazyFrame:
    """Read one Parquet file or several as one table, lazily, with the number of each row in its file, from 0."""
    paths = [path] if isinstance(path, Path) else path
    files = [str(each) for each in paths]
    if "file_row_number" not in {name.lower() for name in connection().read_parquet(files).columns}:
        return lazy(connection().read_parquet(files, file_row_number=True)).rename({"file_row_number": into})
    # The files have a column of the name that the engine would give; rows are counted as they come, which is in order.
    number = sql(f"row_number() OVER () - 1 AS {quoted(into)}")
    parts = [connection().read_parquet(each).select("*", number) for each in files]
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.union(part)
    return lazy(whole)


def nested(table: nw.LazyFrame, names: Sequence[str]) -> nw.LazyFrame:
    """Add the fields of structs that are called by a path, such as `context.page`, under that name."""
    relation, there = table.to_native(), table.collect_schema()
    found = []
    for name in names:
        parts = name.split(".")
        kind: Any = there.get(parts[0])
        for part in parts[1:]:
            fields = {field.name: field.dtype for field in kind.fields} if isinstance(kind, nw.Struct) else {}
            kind = fields.get(part)
        if name not in there and kind is not None and len(parts) > 1:
            found.append(sql(f"{'.'.join(map(quoted, parts))} AS {quoted(name)}"))
    return lazy(relation.select("*", *found)) if found else table


def rows_in(path: Path) -> int:
    """How many rows a Parquet file has."""
    [(rows,)] = connection().read_parquet(str(path)).aggregate("count(*)").fetchall()
    return int(rows)


def picked(paths: Sequence[Path], column: str, numbers: Any, into: Path) -> nw.LazyFrame:
    """Write the rows of Parquet files whose number is one of these, which are sorted, into a file; scan that.

    The `column` of the number counts up by one within each file, so only the row groups of such rows are read.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet

    with contextlib.ExitStack() as held:
        opened = [held.enter_context(pa.parquet.ParquetFile(path)) for path in paths]
        made = held.enter_context(writer(into, opened[0].schema_arrow, is_kept=False))
        for file in opened:
            rows = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
            if not sum(rows):
                continue
            at = file.schema_arrow.get_field_index(column)
            starts = file.metadata.row_group(0).column(at).statistics.min + np.cumsum([0, *rows])
            bounds = np.searchsorted(numbers, starts).tolist()
            for group, (low, high) in enumerate(itertools.pairwise(bounds)):
                if high > low:
                    made.write_table(file.read_row_group(group).take(pa.array(numbers[low:high] - starts[group])))
    return scan([into])


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
    return lazy(relation)


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
    filled = read.filter(sql(f"{quoted(line)} IS NOT NULL"))
    kept = filled.select(sql(f"CASE WHEN json_valid({quoted(line)}) THEN {quoted(line)} END AS {quoted(line)}"))
    kept = kept.select(sql(f"CASE WHEN json_type({quoted(line)}) = 'OBJECT' THEN {quoted(line)} END AS {quoted(line)}"))
    cell, values = duckdb.ColumnExpression(line), []
    for name in names:
        ways = dict.fromkeys([_json_pointer([name]), _json_pointer(name.split("."))])
        found = [call("json_extract_string", cell, duckdb.ConstantExpression(way)) for way in ways]
        values.append(duckdb.CoalesceOperator(*found).alias(name))
    return lazy(kept.select("*", *values))


def _seen_by_workers(path: Path) -> str:
    """A file's address for Spark, whose default file system may be another, and which takes signs for patterns."""
    return "file://" + _PATTERN.sub(r"\\\g<0>", str(path.resolve()))


def _json_pointer(keys: Sequence[str]) -> str:
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)


def write(table: nw.LazyFrame, path: Path, *, order_by: Sequence[str], is_kept: bool = True) -> None:
    """Write a table to one Parquet file, sorted by `order_by`, or in its own order where that is empty.

    Equal rows in equal order give equal bytes. What is not kept for long is packed less.
    """
    import pyarrow as pa

    rows = table.sort(*order_by, nulls_last=True) if order_by else table
    with _batches(rows) as batches, writer(path, batches.schema, is_kept=is_kept) as opened:
        held: list[Any] = []
        for batch in batches:
            held.append(batch)
            if sum(each.num_rows for each in held) >= ROW_GROUP:
                whole = pa.Table.from_batches(held)
                opened.write_table(whole[:ROW_GROUP], row_group_size=ROW_GROUP)
                held = whole[ROW_GROUP:].to_batches()
        opened.write_table(pa.Table.from_batches(held, batches.schema), row_group_size=ROW_GROUP)


def writer(path: Path, schema: Any, *, is_kept: bool = True) -> Any:
    """Open a Parquet file for writing by Arrow, which takes a third of the time that DuckDB takes for it."""
    import pyarrow.parquet

    return pyarrow.parquet.ParquetWriter(
        path,
        schema,
        compression="zstd" if is_kept else "lz4",
        use_dictionary=[each.name for each in schema if _is_text(each.type) and each.name not in _DISTINCT],
        write_statistics=[each.name for each in schema if each.name in _SEARCHED] or False,
        store_schema=False,
    )


def split(table: nw.LazyFrame, by: str, paths: Mapping[str, Path]) -> None:
    """Write each row of a table to one of several Arrow streams, by the text in its column `by`, which goes.

    The texts are those of `paths`, and no other; several may share a path. The rows of a file stand in the
    table's order. What is written so is not kept for long.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute

    texts, files = pa.array(list(paths), pa.string()), list(dict.fromkeys(paths.values()))
    file_of = np.array([files.index(path) for path in paths.values()], dtype=np.int16)
    packed = pa.ipc.IpcWriteOptions(compression="lz4")
    with contextlib.ExitStack() as opened:
        batches = opened.enter_context(_batches(table))
        schema = batches.schema.remove(batches.schema.get_field_index(by))
        writers = [opened.enter_context(pa.ipc.new_stream(path, schema, options=packed)) for path in files]
        for batch in batches:
            place = file_of[pyarrow.compute.index_in(batch[by], texts).to_numpy(zero_copy_only=False)]
            rows = batch.drop_columns([by]).take(pa.array(np.argsort(place, kind="stable")))
            start = 0
            for each, size in zip(writers, np.bincount(place, minlength=len(writers)).tolist(), strict=True):
                if size:
                    each.write_batch(rows.slice(start, size))
                start += size


def _batches(table: nw.LazyFrame) -> Any:
    """The rows of a table as Arrow gives them, some at a time.

    Until the reader is closed, the engine answers nothing else.
    """
    return narrowed(table).to_native().to_arrow_reader(ROW_GROUP)


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind))
