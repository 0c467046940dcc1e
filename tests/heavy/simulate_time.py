"""Simulate windows in daily series."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
from simulate_rows import Row

from journeylib.measures import trends

__all__ = ["false_windows"]

_Draw = np.random.Generator


def false_windows(draw: _Draw, repeats: int, *, days: int, alike: float) -> list[Row]:
    """Count the daily series without an incident in which a window has p ≤ .05 all the same."""
    on = [date(2026, 1, 1) + timedelta(days=day) for day in range(days)]
    is_weekend = np.array([day.weekday() >= 5 for day in on])
    drift = draw.normal(0, 0.35, (repeats, days)) * (alike > 0)
    for day in range(1, days):
        drift[:, day] += alike * drift[:, day - 1]
    entries = (draw.integers(20, 61, (repeats, days)) * np.where(is_weekend, 0.6, 1)).astype(int)
    converted = draw.binomial(entries, 1 / (1 + np.exp(-1.2 + 0.6 * is_weekend - drift)))
    hits = 0
    for many, count in zip(entries, converted, strict=True):
        daily = pd.DataFrame({"period_on": [day.isoformat() for day in on], "n": many, "entries": many})
        hits += bool((trends.windows(daily.assign(estimate=count / many))["p"] <= 0.05).any())
    setting = f"{days} days, correlation of neighbouring days {alike:g}"
    why = "a drift of days that are so alike looks like an incident"
    return [Row("incident window in a null series", setting, 0.05, hits, repeats, is_most=True, is_error=True, why=why)]
