"""Small tables for the measures, made from journeys written as rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import pytest

from journeylib import engine

HOUR = 3_600_000_000
Touch = tuple[str, str, float]  # channel, touchpoint, hour since the journey's start


@pytest.fixture(scope="session")
def steps_frame() -> Callable[[Sequence[tuple[str, int, Sequence[Touch]]]], pd.DataFrame]:
    """Make the steps of journeys given as (customer, number of the journey, touches)."""

    def make(journeys: Sequence[tuple[str, int, Sequence[Touch]]]) -> pd.DataFrame:
        rows: list[dict[str, Any]] = []
        for customer, number, touches in journeys:
            started = number * 1000 * HOUR
            before: Touch | None = None
            for at, touch in enumerate(touches):
                channel, touchpoint, hour = touch
                rows.append(
                    {
                        "customer_id": customer,
                        "event_id": f"{customer}-{number}-{at}",
                        "occurred_us": started + round(hour * HOUR),
                        "started_us": started,
                        "step": at + 1,
                        "touchpoint": touchpoint,
                        "channel": channel,
                        "previous_touchpoint": before and before[1],
                        "previous_channel": before and before[0],
                        "wait_us": before and round((hour - before[2]) * HOUR),
                    }
                )
                before = touch
        return pd.DataFrame(rows).astype({"wait_us": "Int64"})

    return make


@pytest.fixture(scope="session")
def labelled_frame() -> Callable[..., pd.DataFrame]:
    """Make labelled journeys of steps; `outcomes` in the order of the journeys, mature unless open."""

    def make(steps: pd.DataFrame, outcomes: Sequence[str], **columns: Sequence[Any]) -> pd.DataFrame:
        first = steps[steps["step"] == 1].reset_index(drop=True)
        made = first[["customer_id", "started_us"]].assign(first_channel=first["channel"], outcome=list(outcomes))
        return made.assign(is_mature=made["outcome"] != "open", **columns)

    return make


@pytest.fixture(scope="session")
def table() -> Callable[[pd.DataFrame], Any]:
    """Make a DuckDB table of a frame."""
    return engine.from_frame
