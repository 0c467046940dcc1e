"""Unit tables are told by group and by period, each number counted by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from journeylib import engine
from journeylib.errors import ParameterError
from journeylib.estimates import Sums, share
from journeylib.measures import values

DAY = 86_400_000_000
MONDAY = 1_767_571_200_000_000  # 2026-01-05


def units(rows, spark=None):
    frame = pd.DataFrame(rows, columns=["customer_id", "plan", "day", "m", "x"])
    frame["zero_us"] = [MONDAY + int(day * DAY) for day in frame["day"]]
    return engine.from_frame(frame, spark=spark)


def test_a_value_is_clustered_by_customer_and_missing_is_a_group():
    rows = [("a", "p", 0, 2, 1), ("a", "p", 1, 2, 1), ("b", "p", 0, 1, 0), ("c", None, 0, 1, 1)]
    found = values.values(units(rows), ["plan"]).set_index("plan")
    expected = share(Sums(2, 5, 2, 17, 8, 4))
    row = found.loc["p"]
    assert (row["n"], row["entries"], row["estimate"]) == (2, 5, 0.4)
    assert (row["low"], row["high"]) == pytest.approx((expected.low, expected.high), nan_ok=True)
    assert found.loc["unknown", "estimate"] == 1
    assert values.values(units(rows)).loc[0, "entries"] == 6


def test_a_mean_is_told_in_its_unit():
    rows = [(f"c{at}", "p", 0, 1, 24 * (at % 2)) for at in range(40)]
    found = values.values(units(rows), of="mean", scale=24)
    assert found["estimate"].tolist() == [0.5]
    with pytest.raises(ParameterError, match=r'of = "median" is not understood. Write share, mean, rate'):
        values.values(units(rows), of="median")


def test_periods_are_whole_and_one_without_units_has_no_estimate():
    rows = [
        ("a", "p", 0, 1, 1),
        ("b", "p", 6.99, 1, 0),
        ("c", "p", 14, 1, 1),
        ("d", "p", 27, 1, 1),
        ("e", "q", 7, 1, 0),
    ]
    found = values.by_period(units(rows), ["plan"], start_us=MONDAY, ends_us=MONDAY + 30 * DAY, every_days=7)
    assert [f"{day}" for day in found["period_on"].unique()] == ["2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26"]
    p = found[found["plan"] == "p"]
    assert p["n"].tolist() == [2, 0, 1, 1]
    assert p["estimate"].tolist()[0] == 0.5
    assert math.isnan(p["estimate"].tolist()[1])


def test_a_period_that_the_data_cut_short_is_left_out():
    rows = [("a", "p", 0, 1, 1), ("b", "p", 8, 1, 0)]
    found = values.by_period(units(rows), start_us=MONDAY, ends_us=MONDAY + 12 * DAY, every_days=7)
    assert [f"{day}" for day in found["period_on"]] == ["2026-01-05"]
    none = values.by_period(units(rows), start_us=MONDAY, ends_us=MONDAY + 5 * DAY, every_days=7)
    assert none.attrs["not_applicable"] == "no whole period of 7 days"


def test_values_are_the_same_on_duckdb_and_spark(spark):
    draw = np.random.default_rng(8)
    rows = [
        (
            f"c{draw.integers(0, 60)}",
            str(draw.choice(["p", "q"])),
            float(draw.integers(0, 40)),
            1,
            int(draw.integers(0, 2)),
        )
        for _ in range(400)
    ]
    one, other = (units(rows, session) for session in (None, spark))
    pd.testing.assert_frame_equal(
        values.values(one, ["plan"]), values.values(other, ["plan"]), check_dtype=False, rtol=1e-12
    )
    times = {"start_us": MONDAY, "ends_us": MONDAY + 40 * DAY}
    first, second = (values.by_period(table, ["plan"], **times) for table in (one, other))
    pd.testing.assert_frame_equal(first, second, check_dtype=False, rtol=1e-12)
    by_hand = [row for row in rows if row[1] == "p" and row[2] < 28]
    assert first["entries"].tolist()[0] == len(by_hand)
    assert first["estimate"].tolist()[0] == pytest.approx(sum(row[4] for row in by_hand) / len(by_hand))
