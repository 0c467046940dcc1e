"""Churn gives the same rows on DuckDB and on Spark."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from journeylib import engine
from journeylib.measures import churn

DAY = 86_400_000_000
LAPSE = {"silent_days": 12, "landmark": "1970-02-20"}


@pytest.fixture(scope="module")
def both(spark):
    """Run a measure on both engines."""
    draw = np.random.default_rng(31)
    frame = pd.DataFrame({"day": draw.integers(2, 40, 150), "left": draw.integers(0, 2, 150)})
    frame = frame.assign(
        entry=np.where(draw.random(150) < 0.4, 1, 0),
        many=draw.integers(0, 3, 150),
        plan=draw.choice(["a", "b", None], 150),
        region=draw.choice(["north", "south"], 150),
        cause=draw.choice(["moved", "price", None], 150),
        house=draw.integers(0, 60, 150),
    )
    days = [(str(who), at) for who in range(50) for at in np.sort(draw.uniform(10, 120, int(draw.integers(3, 25))))]
    events = pd.DataFrame({"customer_id": [who for who, _ in days], "occurred_us": [int(at * DAY) for _, at in days]})
    events = events.assign(event_id=[f"e{at:04}" for at in range(len(events))], touchpoint="buy")

    def side(session):
        named = {"duration": "day", "event": "left", "entry": "entry", "by": ["plan", "region"], "cause": "cause"}
        return SimpleNamespace(
            plain=churn.from_frame(frame, **named, weight="many", spark=session),
            houses=churn.from_frame(frame, **named, cluster="house", spark=session),
            store=SimpleNamespace(events=engine.from_frame(events, spark=session), ends_us=120 * DAY),
        )

    sides = [side(None), side(spark)]
    return lambda of: [of(one) for one in sides]


MEASURES = {
    "curve": lambda on: churn.curve(on.plain, "plan"),
    "curve of houses": lambda on: churn.curve(on.houses),
    "rmst": lambda on: churn.rmst(on.houses, "plan", horizon_days=20),
    "incidence": lambda on: churn.incidence(on.plain, "plan"),
    "incidence of houses": lambda on: churn.incidence_at(on.houses, horizon_days=20),
    "cumulative hazard": lambda on: churn.cumulative_hazard(on.plain, ["plan", "region"]),
    "hazard of houses": lambda on: churn.hazard(on.houses, band_days=10),
    "log-rank": lambda on: churn.logrank(on.plain, "plan", strata="region"),
    "compare": lambda on: churn.compare(on.plain, "plan", strata="region", pairs=True),
    "compare houses": lambda on: churn.compare(on.houses, "plan"),
    "lapses": lambda on: churn.mean_count(churn.lapses(on.store, **LAPSE)),
    "returns": lambda on: churn.mean_count(churn.returns(on.store, **LAPSE)),
    "own lapses": lambda on: engine.collect(churn.own_lapse(on.store, **LAPSE), order_by=["customer_id"]),
    "false lapses": lambda on: churn.false_lapses(on.store, windows=[5, 10, 20]),
    "window": lambda on: churn.proposed_window(on.store),
}


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_is_the_same_on_duckdb_and_spark(name, both):
    duckdb, other = both(MEASURES[name])
    assert len(duckdb)
    pd.testing.assert_frame_equal(duckdb, other, check_dtype=False, rtol=1e-12)
