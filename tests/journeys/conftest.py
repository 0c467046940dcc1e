"""Steps from rows short enough to read."""

from __future__ import annotations

from collections.abc import Callable

import narwhals.stable.v2 as nw
import pandas as pd
import pytest

from journeylib import engine
from journeylib.journeys import reconstruct

DAY = 86_400_000_000


@pytest.fixture(scope="session")
def steps_of() -> Callable[..., nw.LazyFrame]:
    """Reconstruct rows of (customer, day, touchpoint); event ids follow their order."""

    def make(rows, **rules):
        columns = {
            "customer_id": [who for who, _, _ in rows],
            "occurred_us": [int(day * DAY) for _, day, _ in rows],
            "event_id": [f"e{place}" for place in range(len(rows))],
            "touchpoint": [what for _, _, what in rows],
            "channel": "web",
        }
        return reconstruct.reconstruct(engine.from_frame(pd.DataFrame(columns)), **rules)

    return make
