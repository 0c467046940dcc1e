"""Paths, times, channels and friction give the same rows on DuckDB and on Spark."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest

from journeylib import engine
from journeylib.measures import channels, friction, paths, timing

HOUR = 3_600_000_000
ENDS = 60 * HOUR


@pytest.fixture(scope="module")
def both(spark) -> list[Any]:
    """Fifty customers on both engines: ties in time, missing touchpoints, channels, reasons and resources, loops."""
    draw = np.random.default_rng(17)
    rows: list[tuple[Any, ...]] = []
    for customer in range(50):
        for number in range(int(draw.integers(1, 4))):
            started = number * 20 + int(draw.integers(-5, 5))  # some before 1970
            for step, hour in enumerate(np.sort(draw.integers(0, 12, int(draw.integers(1, 8))))):
                at = (started + (int(hour) if step else 0)) * HOUR
                rows.append((f"c{customer:02}", started * HOUR, at, step + 1))
    steps = pd.DataFrame(rows, columns=["customer_id", "started_us", "occurred_us", "step"])
    steps["event_id"] = [f"e{at:04}" for at in range(len(steps))]
    for name, values in {
        "touchpoint": ["a", "b", "c", "d", None],
        "channel": ["web", "chat", "phone", None, None],
        "reason": ["bill", "moving", "other thing", None, None],
        "resource": ["ann", "bob", None, None, None],
        "plan": ["p", "q", None, None, None],
    }.items():
        steps[name] = draw.choice(np.array(values, dtype=object), len(steps))
    journey = steps.groupby(["customer_id", "started_us"])
    steps["previous_touchpoint"] = journey["touchpoint"].shift(1).astype(object).where(steps["step"] > 1, None)
    steps["previous_channel"] = journey["channel"].shift(1).astype(object).where(steps["step"] > 1, None)
    steps["wait_us"] = journey["occurred_us"].diff().fillna(0).astype("int64")
    steps = steps.where(steps.notna(), None).astype({"wait_us": "int64"})
    firsts = steps[steps["step"] == 1]
    labelled = firsts[["customer_id", "started_us", "plan"]].reset_index(drop=True)
    labelled["outcome"] = draw.choice(["converted", "lost", "open"], len(labelled))
    labelled["is_mature"] = draw.random(len(labelled)) < 0.8
    labelled["took"] = draw.integers(0, 30 * HOUR, len(labelled))
    starts = firsts.groupby("customer_id", as_index=False).agg(zero_us=("started_us", "min"))
    frames = {"steps": steps, "labelled": labelled, "starts": starts, "events": steps}

    def tables(session: Any) -> SimpleNamespace:
        made = {name: engine.from_frame(frame, spark=session) for name, frame in frames.items()}
        goal = nw.when(nw.col("outcome") == "converted").then(nw.col("started_us") + nw.col("took"))
        made["labelled"] = made["labelled"].with_columns(goal_us=goal)
        return SimpleNamespace(**made)

    return [tables(session) for session in (None, spark)]


def _units(table: nw.LazyFrame) -> pd.DataFrame:
    frame = engine.collect(table)
    return frame.sort_values(list(frame.columns), ignore_index=True)


_TIMES = {"within_days": 0.25, "ends_us": ENDS}

MEASURES = {
    "matrix": lambda on: paths.matrix(on.steps, on.labelled, columns=5, most=3),
    "around": lambda on: paths.around(on.steps, "b", most=2),
    "followed": lambda on: paths.followed(on.steps, "a -> [^b]* -> c", within_days=0.25, by=["plan"]),
    "followed units": lambda on: _units(paths.followed_units(on.steps, "a -> * -> a")),
    "between": lambda on: timing.between(on.steps, "a", "c", **_TIMES, by=["plan"]),
    "to value": lambda on: timing.to_value(on.starts, on.events, "c", **_TIMES),
    "to goal": lambda on: timing.to_goal(on.labelled, within_days=1, by=["plan"]),
    "spread": lambda on: timing.spread(on.labelled, ["plan"]),
    "hours": lambda on: timing.clock(
        timing.reached_units(on.events, "a", "b", **_TIMES, by=["channel"]), by=["channel"]
    ),
    "weekdays": lambda on: timing.clock(paths.followed_units(on.steps, "a -> b"), part="weekday", offset_hours=-5),
    "bounced": lambda on: _units(channels.bounced_units(on.steps, ["web", "chat"], by=["plan"])),
    "switched": lambda on: channels.switched(on.steps, ["plan"]),
    "switches": lambda on: channels.switches(on.steps, on.events, most=5, intents=2),
    "loops": lambda on: friction.loops(on.steps, on.events),
    "repeated": lambda on: friction.repeated(on.steps, ["plan"]),
    "leaving": lambda on: friction.leaving(on.steps, on.labelled),
    "waits": lambda on: friction.waits(on.steps, ["plan"], most=3),
}


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_is_the_same_on_duckdb_and_spark(name, both):
    duckdb, other = (MEASURES[name](on) for on in both)
    assert len(duckdb)
    pd.testing.assert_frame_equal(duckdb, other, check_dtype=False, rtol=1e-12)


def test_the_rows_are_those_of_a_count_in_pandas(both):
    """A third witness for what two engines could get wrong alike: loops, matrix and switches counted again."""
    on = both[0]
    steps = engine.collect(on.steps, order_by=["customer_id", "started_us", "step"])
    looped: dict[str, set[Any]] = {}
    touched: dict[str, set[Any]] = {}
    switched, placed = set(), {}
    for key, journey in steps.groupby(["customer_id", "started_us"]):
        names = [None if pd.isna(name) else name for name in journey["touchpoint"]]
        known = [name for name in journey["channel"] if not pd.isna(name)]
        switched |= {key} if len(set(known)) > 1 else set()
        placed[key] = names[2] or "unknown" if len(names) > 2 else None
        for place, name in enumerate(names):
            if name is not None:
                touched.setdefault(name, set()).add(key)
                if place and name in names[: place - 1] and names[place - 1] != name:
                    looped.setdefault(name, set()).add(key)
    found = friction.loops(on.steps).query("kind == 'repetition'").set_index("touchpoint")
    assert found["journeys"].to_dict() == {name: len(looped[name]) for name in touched}
    assert found["entries"].to_dict() == {name: len(keys) for name, keys in touched.items()}
    share = channels.switched(on.steps).iloc[0]
    assert share["estimate"] == pytest.approx(len(switched) / len(placed))
    third = paths.matrix(on.steps, on.labelled).query("step == 3 and not is_end").set_index("touchpoint")["journeys"]
    assert third.to_dict() == pd.Series([name for name in placed.values() if name]).value_counts().to_dict()
