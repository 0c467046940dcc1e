"""The measures' queries give the same rows on DuckDB and on Spark."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from journeylib import engine
from journeylib.measures import (
    acquaintance,
    bots,
    channels,
    churn,
    clocks,
    coverage,
    outcomes,
    paths,
    satisfaction,
    trends,
)

DAY = 86_400_000_000


@pytest.fixture(scope="session")
def world(steps_frame, labelled_frame):
    """Fifty customers with journeys, ties in time, missing channels, and answers."""
    draw = np.random.default_rng(11)
    journeys = []
    for customer in range(50):
        for number in range(int(draw.integers(1, 4))):
            names = draw.choice(["web", "chat", "phone", None], int(draw.integers(1, 7)), p=[0.4, 0.3, 0.2, 0.1])
            hours = np.sort(draw.integers(0, 5, len(names)))  # several touches within one hour: ties
            touches = [(name, f"{name} touch", int(hour)) for name, hour in zip(names, hours, strict=True)]
            journeys.append((f"c{customer:02}", number, touches))
    steps = steps_frame(journeys).drop(columns="wait_us")
    steps["wait_us"] = steps.groupby(["customer_id", "started_us"])["occurred_us"].diff().fillna(0).astype("int64")
    firsts = (steps["step"] == 1).sum()
    labelled = labelled_frame(
        steps, draw.choice(["converted", "lost", "open"], firsts), plan=draw.choice(["x", "y"], firsts)
    )
    events = steps[["customer_id", "event_id", "occurred_us", "touchpoint", "channel"]].assign(score_type="nps")
    events["source"] = np.where(draw.random(len(events)) < 0.5, "web/a.csv", "calls")
    events["known_by"] = draw.choice(["itself", "before", "device"], len(events))
    events["time_precision"] = draw.choice(["exact", "day"], len(events))
    events["updated_us"] = events["occurred_us"] + draw.integers(0, 2 * DAY, len(events))
    events["score"] = draw.integers(0, 11, len(events)).astype(float)
    customers = pd.DataFrame({"customer_id": [f"c{at:02}" for at in range(50)]})
    customers["signed_up_on"] = pd.to_datetime("2026-01-01") + pd.to_timedelta(draw.integers(-40, 60, 50), unit="D")
    customers["ended_on"] = customers["signed_up_on"] + pd.to_timedelta(draw.integers(1, 80, 50), unit="D")
    customers.loc[::3, "ended_on"] = pd.NaT
    customers["end_cause"] = np.where(draw.random(50) < 0.5, "moved", "price")
    return SimpleNamespace(steps=steps, labelled=labelled, events=events, customers=customers)


@pytest.fixture(scope="session")
def both(world, spark):
    """Run a measure on both engines; `of` gets the world's tables."""

    def tables(session: Any) -> SimpleNamespace:
        made = {name: engine.from_frame(frame, spark=session) for name, frame in vars(world).items()}
        begins = 20454 * DAY
        return SimpleNamespace(**made, start_us=begins, ends_us=begins + 50 * DAY)

    sides = [tables(None), tables(spark)]
    return lambda of: [of(side) for side in sides]


_TIMES = {"start_us": 40 * DAY, "ends_us": 130 * DAY}
_NO_GAPS = pd.DataFrame(columns=["channel", "from_on", "until_on"])

MEASURES = {
    "outcomes": lambda on: outcomes.counts(on.labelled, ["plan"]),
    "converted": lambda on: outcomes.converted(on.labelled, ["plan"]),
    "bounces": lambda on: channels.bounces(on.steps, ["web", "chat", "web"]),
    "transitions": lambda on: paths.transitions(on.steps, most=20),
    "flow": lambda on: paths.flow(on.steps, on.labelled, most=2),
    "nps": lambda on: satisfaction.nps(on.events),
    "conversion": lambda on: trends.conversion(
        on.events, "web touch", "chat touch", within_days=1, start_us=0, ends_us=200 * DAY
    ),
    "coverage": lambda on: coverage.counts(on.events, _NO_GAPS, **_TIMES),
    "daily": lambda on: coverage.daily(on.events, **_TIMES),
    "covered": lambda on: coverage.channels(on.events, coverage.daily(on.events, **_TIMES), **_TIMES),
    "ties": lambda on: clocks.ties(on.events),
    "late": lambda on: clocks.late(on.events),
    "clocks": lambda on: clocks.marks(on.events),
    "bots": lambda on: bots.signs(bots.flags(on.events, moments_in_a_day=5, pauses=2)),
    "known": lambda on: acquaintance.known(on.events),
    "anonymous": lambda on: acquaintance.anonymous(on.events),
    "contractual": lambda on: churn.curve(churn.contractual(on)),
    "causes": churn.causes,
    "lapse": lambda on: churn.departures(
        churn.lapse(SimpleNamespace(events=on.events, ends_us=150 * DAY), silent_days=30, landmark="1970-01-03")
    ),
}


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_is_the_same_on_duckdb_and_spark(name, both):
    duckdb, other = both(MEASURES[name])
    assert len(duckdb)
    pd.testing.assert_frame_equal(duckdb, other, check_dtype=False, rtol=1e-12)
