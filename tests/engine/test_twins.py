"""What is said natively to DuckDB has a twin on Spark: the same rows, and in pandas the same types."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd
import pytest

from journeylib import engine
from journeylib.days import DAY_US
from journeylib.errors import RefusedError
from journeylib.trace import KEY, measured

FRAME = pd.DataFrame(
    {
        "name": ["a", None, "ü", "b"],
        "many": pd.array([2**53 + 1, 2, None, -3], dtype="Int64"),
        "part": [0.5, None, -1.25, 3.0],
        "is_so": pd.array([True, False, None, True], dtype="boolean"),
        "on": [datetime.date(2026, 1, 31), None, datetime.date(1969, 12, 31), datetime.date(2024, 2, 29)],
        "at": pd.to_datetime(
            ["2026-01-31T23:59:59.999999", None, "1969-12-31", "2024-02-29T12:00"], format="ISO8601"
        ).astype("datetime64[us]"),
        "place": [1, 2, 3, 4],
    }
)


def both(spark: Any, ask: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What both engines answer to a question of the frame's table."""
    tables = (engine.from_frame(FRAME, spark=session) for session in (None, spark))
    one, other = (engine.collect(ask(table), order_by=["place"]) for table in tables)
    return one, other


ASKED = {
    "rows as they are": lambda table: table,
    "microseconds": lambda table: engine.microseconds(table, on_us="on", at_us="at"),
    "dates": lambda table: engine.dates(table.with_columns(us=nw.col("place") * DAY_US - 3 * DAY_US - 1), day_on="us"),
    "md5": lambda table: engine.md5(table, "name", "hash"),
    "sums": lambda table: table.group_by("is_so").agg(place=nw.len(), sum=nw.col("many").sum(), low=nw.col("on").min()),
    "numbers of rows": lambda table: table.with_columns(
        step=nw.col("place").cum_count().over("is_so", order_by=["place"])
    ),
    "what is kept": lambda table: engine.kept(table.filter(nw.col("place") > 1)),
    "what is fetched": lambda table: engine.fetched(table.filter(nw.col("place") > 1)),
    "what stands beside": lambda table: table.join(
        engine.from_frame(pd.DataFrame({"place": [1, 4], "more": [None, "x"]}), beside=table), on="place", how="left"
    ),
}


@pytest.mark.parametrize("name", ASKED)
def test_the_twin_on_spark_gives_the_same_rows_and_types(name: str, spark: Any) -> None:
    one, other = both(spark, ASKED[name])
    assert len(one) > 1
    pd.testing.assert_frame_equal(one, other)


def test_rows_that_are_fetched_are_of_duckdb_whichever_engine_they_come_from(spark: Any) -> None:
    table = engine.from_frame(FRAME, spark=spark)
    assert engine.fetched(table).implementation.is_duckdb()
    assert engine.kept(table).implementation.is_pyspark()


def test_a_kept_table_is_made_once_on_spark(spark: Any) -> None:
    table = engine.kept(engine.from_frame(FRAME, spark=spark).filter(nw.col("place") > 2))
    assert engine.collect(table)["place"].tolist() == [3, 4]
    assert table.to_native().storageLevel.useMemory


def test_a_number_that_does_not_fit_stops_the_query_on_spark_too(spark: Any) -> None:
    table = engine.from_frame(pd.DataFrame({"x": [2**62, 2**62, 2**62]}), spark=spark)
    with pytest.raises(Exception, match="ARITHMETIC_OVERFLOW"):
        engine.collect(table.select(nw.col("x").sum()))


def test_a_store_in_a_folder_with_odd_signs_is_read(spark: Any, tmp_path: Path) -> None:
    file = tmp_path / "a b%20 [1-2] {x,y} *" / "events-0.parquet"
    file.parent.mkdir()
    FRAME.to_parquet(file)
    assert len(engine.collect(engine.scan([file], spark=spark))) == len(FRAME)


def test_a_query_of_spark_counts_as_not_kept(spark: Any) -> None:
    @measured
    def rows(session: Any) -> pd.DataFrame:
        return engine.collect(engine.from_frame(FRAME, spark=session))

    [text] = rows(spark).attrs[KEY]
    assert engine.listing(text) == ""


def test_where_nothing_is_said_stores_are_opened_on_duckdb() -> None:
    assert engine.chosen() is None
    with engine.on("duckdb"):
        assert engine.chosen() is None


def test_spark_is_said_to_this_process_and_to_those_that_it_starts(spark: Any) -> None:
    code = "from journeylib import engine; print(engine.chosen().sparkContext.applicationId)"
    before = dict(os.environ)
    with engine.on("spark"):
        assert engine.chosen().sparkContext.applicationId == spark.sparkContext.applicationId
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == spark.sparkContext.applicationId
    assert dict(os.environ) == before


def test_spark_without_pyspark_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)  # as Python itself marks what cannot be imported
    with pytest.raises(RefusedError, match=r"pyspark is not installed\. Install it .*: pip install .*\[spark\]"), \
            engine.on("spark"):  # fmt: skip
        pass
    with engine.on("duckdb"):
        pass


def test_spark_without_java_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    assert engine.lacking() == (
        "Spark needs Java, and there is none. Install Java 17 or newer, or set JAVA_HOME to the folder of one."
    )
