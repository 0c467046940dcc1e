"""Every way of a funnel gives the same rows on DuckDB and on Spark."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from journeylib import engine
from journeylib.measures.funnels import funnel

HOUR = 3_600_000_000


@pytest.fixture(scope="module")
def both(spark) -> list[Any]:
    """Sixty customers on both engines: ties in time, missing touchpoints and values, loops."""
    draw = np.random.default_rng(5)
    rows = []
    for customer in range(60):
        journey = 0
        for hour in np.sort(draw.integers(0, 60, int(draw.integers(1, 20)))):
            journey = int(hour) if draw.random() < 0.2 else journey
            name = draw.choice(["a", "b", "c", "x", None], p=[0.35, 0.3, 0.2, 0.05, 0.1])
            rows.append((f"c{customer:02}", journey * HOUR, int(hour) * HOUR, name))
    frame = pd.DataFrame(rows, columns=["customer_id", "started_us", "occurred_us", "touchpoint"])
    frame["event_id"] = [f"e{at:04}" for at in draw.permutation(len(frame))]
    frame["of"] = draw.choice(["u", "v", None], len(frame), p=[0.5, 0.4, 0.1])
    return [engine.from_frame(frame, spark=session) for session in (None, spark)]


WAYS = {
    "strict, groups": {"order": "strict", "unit": "entries", "by": ["of"]},
    "any order": {"order": "any", "unit": "journeys", "start_us": 5 * HOUR},
    "mixed, drop": {"order": ["ordered", "any", "any"], "reentry": "furthest", "exclude": ["x"]},
    "constant, until": {
        "steps": ["a", "b", "a"],
        "same": "of",
        "exclude": ["x"],
        "excluded": "until",
        "step_within_days": [0.2, None],
    },
}


@pytest.mark.parametrize("way", WAYS)
def test_a_funnel_is_the_same_on_duckdb_and_spark(way, both):
    options = {"steps": ["a", "b", "c"], "within_days": 0.6, "ends_us": 55 * HOUR, **WAYS[way]}
    duckdb, other = (funnel(events, **options) for events in both)
    assert (duckdb.groupby("step")["entered"].sum() > 0).all()
    pd.testing.assert_frame_equal(duckdb, other, check_dtype=False, rtol=1e-12)
