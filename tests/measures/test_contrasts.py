"""The sums that groups are compared by: by hand, by pandas, on DuckDB and on Spark."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest

from journeylib import engine
from journeylib.errors import ParameterError
from journeylib.measures import contrasts


@pytest.fixture(scope="module")
def world() -> pd.DataFrame:
    """Sixty customers, many in several groups and strata, some of them missing; equal rows, rows without units."""
    draw = np.random.default_rng(5)
    who = draw.integers(0, 60, 400)
    group = draw.choice(["a", "b", "c", None], 400, p=[0.4, 0.3, 0.2, 0.1])
    device = draw.choice(["phone", "desk", None], 400, p=[0.5, 0.4, 0.1])
    m = draw.integers(0, 4, 400)
    frame = pd.DataFrame({"customer_id": [f"c{one:02}" for one in who], "group": group, "device": device, "m": m})
    frame["year"], frame["x"] = draw.integers(2024, 2026, 400), draw.binomial(m, 0.4)
    frame["age"] = np.where(draw.random(400) < 0.1, np.nan, draw.integers(20, 24, 400))
    return pd.concat([frame, frame.head(20)], ignore_index=True)


def oracle(frame: pd.DataFrame) -> dict[Any, Any]:
    """The same sums in plain pandas: a row a customer and cell, and customers' products one by one."""
    named = frame.assign(
        group=frame["group"].fillna("unknown"),
        stratum=frame["device"].fillna("unknown") + " · " + frame["year"].astype(str),
    )
    each = named.groupby(["customer_id", "group", "stratum"])[["m", "x"]].sum()
    found: dict[Any, Any] = {}
    for _, own in each.groupby(level="customer_id"):
        cells = [(key[1:], row.m, row.x) for key, row in zip(own.index, own.itertuples(), strict=True)]
        for (one, m, x), (other, m_2, x_2) in itertools.product(cells, cells):
            had = found.get((one, other), (0, 0, 0, 0))
            found[one, other] = tuple(np.add(had, (1, m * m_2, x * m_2, x * x_2)))
    return found


def test_the_sums_of_a_table_worked_by_hand():
    rows = [("a", "x", 1, 1), ("a", "x", 2, 1), ("a", "y", 1, 0), ("b", "y", 3, 2), ("c", None, 1, 1)]
    table = engine.from_frame(pd.DataFrame(rows, columns=["customer_id", "group", "m", "x"]))
    found = contrasts.cells(table)
    assert found.group == ("unknown", "x", "y")
    assert found.cells.m.tolist() == [1, 3, 4]
    assert found.cells.x.tolist() == [1, 2, 2]
    assert found.cells.mm.tolist() == [[1, 0, 0], [0, 9, 3], [0, 3, 10]]
    assert found.cells.xm.tolist() == [[1, 0, 0], [0, 6, 2], [0, 0, 6]]  # a's 2 in x times 1 in y; 0 in y times 3
    assert found.cells.xx.tolist() == [[1, 0, 0], [0, 4, 0], [0, 0, 4]]
    assert found.customers == {"unknown": 1, "x": 1, "y": 2}
    assert not found.has_strata


def test_a_customer_of_several_groups_is_once_in_the_rest():
    rows = [("a", "x"), ("a", "y"), ("a", "z"), ("b", "x"), ("c", "y"), ("c", "z")]
    table = engine.from_frame(pd.DataFrame(rows, columns=["customer_id", "group"]).assign(m=1, x=1))
    found = contrasts.cells(table)
    assert (found.everyone, found.alone) == (3, {"x": 1, "y": 0, "z": 0})
    assert found.count(None, rest_of="x") == 2  # a and c
    rest = found.sums(None, rest_of="x")
    assert (rest.customers, rest.m, rest.mm) == (2, 4.0, 8.0)  # two units each


def test_the_sums_are_the_same_on_duckdb_on_spark_and_in_pandas(world, spark):
    expected = oracle(world)
    for session in (None, spark):
        found = contrasts.cells(engine.from_frame(world, spark=session), ["device", "year"])
        keys = list(zip(found.group, found.stratum, strict=True))
        assert sorted({one for one, _ in expected}) == keys
        for (at, one), (to, other) in itertools.product(enumerate(keys), enumerate(keys)):
            had = expected.get((one, other), (0, 0, 0, 0))
            assert (found.cells.mm[at, to], found.cells.xm[at, to], found.cells.xx[at, to]) == tuple(had[1:])
        assert found.cells.customers.tolist() == [expected[key, key][0] for key in keys]
        named = world["group"].fillna("unknown")
        assert found.customers == world.groupby(named)["customer_id"].nunique().to_dict()
        assert found.everyone == world["customer_id"].nunique()
        per_customer = named.groupby(world["customer_id"]).nunique()
        lone = world[world["customer_id"].map(per_customer) == 1]
        alone = lone.groupby(named)["customer_id"].nunique()
        assert found.alone == {name: int(alone.get(name, 0)) for name in found.names}


def test_rows_for_weights_are_the_same_on_both_engines_and_keep_what_is_missing(world, spark):
    duckdb, other = (contrasts.rows(engine.from_frame(world, spark=one), ["age"], ["device"]) for one in (None, spark))
    pd.testing.assert_frame_equal(duckdb, other, check_dtype=False)
    assert list(duckdb.columns) == ["customer_id", "group", "device", "age", "m", "x"]
    assert duckdb["m"].sum() == world["m"].sum()
    assert duckdb["age"].isna().any()
    assert "unknown" in set(duckdb["device"])


def test_too_many_rows_for_weights_are_refused_with_a_way_out():
    many = pd.DataFrame({"customer_id": np.arange(200_001).astype(str), "age": np.arange(200_001.0)})
    with pytest.raises(ParameterError, match=r"at most 200,000 rows.*bands"):
        contrasts.rows(engine.from_frame(many.assign(group="a", m=1, x=1)), ["age"])


def test_a_table_without_rows_has_no_groups():
    empty = pd.DataFrame({"customer_id": ["a"], "group": ["x"], "m": [1], "x": [1]}).head(0)
    found = contrasts.cells(engine.from_frame(empty.astype({"customer_id": "str", "group": "str"})))
    assert (found.names, found.everyone) == ([], 0)
