"""Order statistics and first values of groups, on both engines."""

from __future__ import annotations

import narwhals.stable.v2 as nw
import pandas as pd
import pytest

from journeylib import engine


@pytest.fixture(params=["duckdb", "spark"])
def table(request):
    frame = pd.DataFrame(
        {
            "who": ["ann", "ann", "ann", "bob", "cleo"],
            "step": [3, 1, 2, 1, 1],
            "name": ["z", "x", None, "q", None],
            "wait": pd.array([9, 5, None, 7, None], dtype="Int64"),
        }
    )
    session = request.getfixturevalue("spark") if request.param == "spark" else None
    return engine.from_frame(frame, spark=session)


def _rows(found: nw.LazyFrame) -> list[list[object]]:
    frame = engine.collect(found, order_by=["who"])
    return frame.astype(object).where(frame.notna(), None).to_numpy().tolist()


def test_values_stand_in_order_and_a_place_beyond_them_is_missing(table):
    listed = engine.listed(table, ["who"], "wait", "waits").with_columns(
        many=nw.col("waits").list.len(), second=nw.lit(2.0)
    )
    found = engine.nth(listed, "waits", last="many", two="second").select("who", "many", "last", "two")
    assert _rows(found) == [["ann", 2, 9, 9], ["bob", 1, 7, None]]  # cleo has none


def test_the_first_values_are_those_of_the_lowest_steps_and_missing_ones_are_passed_over(table):
    found = engine.firsts(table, ["who"], "name", ["first", "second", "third"], order_by="step")
    assert _rows(found) == [["ann", "x", "z", None], ["bob", "q", None, None]]
    [ann, _] = _rows(engine.firsts(table, ["who"], "name", ["first"], order_by="step"))
    assert ann == ["ann", "x"]
