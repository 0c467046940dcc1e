"""Satisfaction, value and the reconciliation of totals give the same rows on DuckDB and on Spark."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest

from journeylib import engine
from journeylib.journeys.outcomes import label_journeys
from journeylib.journeys.reconstruct import reconstruct, summarise
from journeylib.measures import reconciliation, satisfaction, value

DAY = 86_400_000_000
START, ENDS = 20 * DAY, 60 * DAY
GAP = timedelta(days=2)


@pytest.fixture(scope="module")
def frames():
    """Sixty customers: ties in time, missing channels, scores, amounts and currencies, refunds."""
    draw = np.random.default_rng(23)
    rows = []
    for customer in range(60):
        days = draw.integers(10, 50) + draw.choice(np.arange(0, 12, 0.5), int(draw.integers(2, 14)))
        rows += [(f"c{customer:02}", int(day * DAY)) for day in days]
    events = pd.DataFrame(rows, columns=["customer_id", "occurred_us"])
    many = len(events)
    events["event_id"] = [f"e{at:04}" for at in draw.permutation(many)]
    events["touchpoint"] = draw.choice(["cart", "order", "asked", "answered"], many)
    events["channel"] = draw.choice(["web", "app", None], many)
    events["score_type"] = np.where(events["touchpoint"] == "answered", draw.choice(["nps", "csat", "ces"], many), None)
    events["score"] = draw.integers(0, 11, many).astype(float)
    events["revenue_minor"] = np.where(events["touchpoint"] == "order", draw.integers(-500, 9000, many), None)
    events["cost_minor"] = np.where(draw.random(many) < 0.3, draw.integers(0, 900, many), None)
    events["currency"] = draw.choice(["EUR", "USD", None], many, p=[0.6, 0.3, 0.1])
    people = pd.DataFrame({"customer_id": [f"c{at:02}" for at in range(60)]})
    people["plan"], people["zero_us"] = draw.choice(["x", "y"], 60), draw.integers(START, ENDS, 60)
    return events, people


@pytest.fixture(scope="module")
def both(frames, spark):
    """Run a measure on both engines."""
    events, people = frames
    whole = events.astype({"revenue_minor": "Int64", "cost_minor": "Int64"})

    def side(session):
        made = whole
        if session is not None:  # Spark reads missing whole numbers as None only
            made = whole.astype({"revenue_minor": object, "cost_minor": object})
            made = made.where(made.notna(), None)
        table = engine.from_frame(made, spark=session)
        casts = {name: nw.col(name).cast(nw.Int64) for name in ("revenue_minor", "cost_minor")}
        table = table.with_columns(**casts)
        steps = reconstruct(table.select("customer_id", "event_id", "occurred_us", "touchpoint", "channel"), gap=GAP)
        times = {"ends_us": ENDS, "gap_us": GAP // timedelta(microseconds=1)}
        labelled = label_journeys(summarise(steps), steps, touchpoint="order", within=timedelta(days=3), **times)
        labelled = labelled.filter(nw.col("started_us") >= START)
        people_table = engine.from_frame(people, spark=session)
        return SimpleNamespace(events=table, steps=steps, labelled=labelled, people=people_table)

    sides = [side(None), side(spark)]
    return lambda of: [of(one) for one in sides]


MEASURES = {
    "csat": lambda on: satisfaction.csat(on.events, ["channel"]),
    "ces by week": lambda on: satisfaction.by_week(on.events, "ces", start_us=START, ends_us=ENDS),
    "nps by touchpoint": lambda on: satisfaction.by_touchpoint(
        on.events, leave_out=["answered", "asked"], within_days=3, by=["touchpoint", "channel"]
    ),
    "response": lambda on: satisfaction.response(
        on.events, asked=["asked"], answered=["answered"], within_days=2, ends_us=ENDS
    ),
    "reweighted": lambda on: satisfaction.reweighted(on.events, on.people, ["plan"]),
    "bounds": lambda on: satisfaction.reweighted(on.events, on.people, score="csat", by=["plan"]),
    "revenue": lambda on: value.revenue(on.people, on.events, ["plan"]),
    "margin": lambda on: value.margin(on.people, on.events),
    "spread": lambda on: value.spread(on.people, on.events, of="cost"),
    "reconciliation": lambda on: reconciliation.totals(
        on.events, on.steps, on.labelled, source="cart", target="order", within_days=3, start_us=START, ends_us=ENDS
    ),
    "nps units": lambda on: _rows(satisfaction.nps_units(on.events, steps=on.steps)),
    "ces units": lambda on: _rows(satisfaction.ces_units(on.events)),
    "revenue units": lambda on: _rows(value.revenue_units(on.people, on.events, currency="EUR")),
}


def _rows(units):
    return engine.collect(units, order_by=["customer_id", "zero_us", "x"])


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_is_the_same_on_duckdb_and_spark(name, both):
    duckdb, other = both(MEASURES[name])
    assert len(duckdb)
    pd.testing.assert_frame_equal(duckdb, other, check_dtype=False, rtol=1e-12)
