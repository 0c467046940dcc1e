"""Spread the work of a load over Spark's workers: tasks of Python, and tables in files that all of them see."""

from __future__ import annotations

import contextlib
import functools
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib.engine.files import ROW_GROUP, scan, write
from journeylib.engine.native import bounded
from journeylib.engine.tables import from_frame
from journeylib.errors import JourneyError, RunError, first_line

__all__ = ["each", "sorted_into", "stored"]

_PLACE = "_file"
_REASON = re.compile(r"(?:\w+\.)*\w*(?:Error|IOException): .+")


def each(function: Callable[[Any], Any], tasks: Sequence[Any], *, spark: Any = None) -> Iterable[Any]:
    """Call a function of this package with each task, here or by Spark's workers; the answers come in order.

    A mistake that the package can name is raised here as it was raised there; RunError where workers cannot begin.
    """
    if spark is None:
        yield from map(function, tasks)
        return
    with _failing("read the sources"):
        answers = spark.sparkContext.parallelize(tasks, len(tasks)).map(functools.partial(_tried, function)).collect()
    for answer in answers:
        if isinstance(answer, JourneyError):
            raise answer
        yield answer


@contextlib.contextmanager
def _failing(what: str) -> Iterator[None]:
    """Raise RunError with Spark's own reason where its workers fail."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (Py4JError, PySparkException) as error:
        found = _REASON.findall(str(error))
        why = found[-1].rstrip(".") if found else first_line(error)
        raise RunError(
            f"Spark's workers cannot {what}: {why}. Each needs this package in the Python that PYSPARK_PYTHON names, "
            "and the sources and the store on the paths that they have here."
        ) from error


def _tried(function: Callable[[Any], Any], task: Any) -> Any:
    try:
        with bounded():
            return function(task)
    except JourneyError as error:
        return error


def stored(table: nw.LazyFrame, path: Path, *, spark: Any = None) -> nw.LazyFrame:
    """Write a table once, since what is lazy runs again at each use, and read it on its engine, or on `spark`.

    What Spark writes is a folder of Parquet files.
    """
    if table.implementation.is_duckdb():
        write(table, path, order_by=[], is_kept=False)
        return scan([path], spark=spark)
    native = table.to_native()
    with _failing(f"write {path.name}"):
        native.write.parquet(_address(path), compression="lz4")
    return scan([path], spark=native.sparkSession)


def sorted_into(table: nw.LazyFrame, by: str, paths: Mapping[str, Path], *, order_by: Sequence[str]) -> list[Path]:
    """Write each row of a table of Spark to one of several Parquet files, by the text in its column `by`, which goes.

    The texts are those of `paths`, and no other; several may share a path. The answer has the files that got rows;
    each is sorted.
    """
    files = list(dict.fromkeys(paths.values()))
    places = pd.DataFrame({by: list(paths), _PLACE: [files.index(path) for path in paths.values()]})
    native = table.join(from_frame(places, beside=table), on=by, how="inner").drop(by).to_native()
    beside = files[0].with_name(f"{files[0].name}.written")
    ordered = native.repartition(len(files), _PLACE).sortWithinPartitions(_PLACE, *order_by)
    packed = ordered.write.option("parquet.block.row.count.limit", ROW_GROUP).partitionBy(_PLACE)
    with _failing(f"write {files[0].name}"):
        packed.parquet(_address(beside), compression="zstd")
    there = []
    for place, path in enumerate(files):
        written = list(beside.glob(f"{_PLACE}={place}/*.parquet"))
        assert len(written) <= 1, "the rows of a file are in one partition"
        for one in written:
            one.rename(path)
            there.append(path)
    shutil.rmtree(beside)
    return there


def _address(path: Path) -> str:
    """Where Spark's workers write; nothing in it is taken for a pattern."""
    return f"file://{path.resolve()}"
