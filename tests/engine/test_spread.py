from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet

from journeylib import engine

ROWS = pd.DataFrame({"part": ["b", "a", "c", "a", "c"], "name": ["é", "z", "y", "B", "a"], "n": [1, 2, 3, 4, 5]})


def test_rows_are_sorted_into_files_by_a_text_and_files_without_rows_are_not_there(spark: Any, tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.parquet" for name in ["first", "second", "third"]}
    paths = {"a": files["first"], "b": files["second"], "c": files["first"], "d": files["third"]}
    written = engine.sorted_into(engine.from_frame(ROWS, spark=spark), "part", paths, order_by=["name"])
    assert written == [files["first"], files["second"]]
    first, second = (pyarrow.parquet.read_table(path).to_pydict() for path in written)
    assert first == {"name": ["B", "a", "y", "z"], "n": [4, 5, 3, 2]}
    assert second == {"name": ["é"], "n": [1]}
    assert sorted(tmp_path.iterdir()) == sorted(written)


def test_what_is_stored_is_read_again_on_its_engine_or_on_spark(spark: Any, tmp_path: Path) -> None:
    here = engine.stored(engine.from_frame(ROWS), tmp_path / "here")
    there = engine.stored(engine.from_frame(ROWS, spark=spark), tmp_path / "the[r]e 1%20")
    handed = engine.stored(here, tmp_path / "handed", spark=spark)
    assert [each.implementation.is_duckdb() for each in (here, there, handed)] == [True, False, False]
    for each in (here, there, handed):
        assert engine.collect(each, order_by=["n"]).equals(ROWS)


def test_tasks_are_answered_in_their_order_by_workers_as_here(spark: Any) -> None:
    assert list(engine.each(abs, [-3, 2, -1])) == list(engine.each(abs, [-3, 2, -1], spark=spark)) == [3, 2, 1]
