"""Simulate time: survival with delayed entry, restricted means, lapses by silence, and windows in daily series."""

from __future__ import annotations

import math
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from simulate_rows import Row, coverage, errors

from journeylib import engine
from journeylib.measures import churn, trends

__all__ = ["LONGER", "SCALE", "false_windows", "lapsed", "restricted_means", "survival"]

SCALE, LONGER = 250, 330
_HORIZON, _SHAPE = 180, 0.8
_SILENT, _RATE, _LEAVING = 60, 1 / 10, 1 / 250  # days of silence; touches and departures a day
_DAY_US = 86_400_000_000

_Draw = np.random.Generator


def survival(draw: _Draw, repeats: int, *, customers: int) -> list[Row]:
    """Cover S(180) with delayed entry and censoring, and as if everybody had been followed from sign-up on."""
    followed = _followed(draw, repeats, customers, SCALE)
    truth = math.exp(-((_HORIZON / SCALE) ** _SHAPE))
    setting = f"{customers} customers, half enter late, true value {truth:.3f}"
    return [
        _still_there(f"S({_HORIZON}), delayed entry", setting, followed, truth),
        _still_there("the same, delayed entry ignored", setting, followed.assign(entry_day=0), truth, is_wrong=True),
    ]


def restricted_means(draw: _Draw, repeats: int, *, customers: int, scale: float) -> list[Row]:
    """Cover the difference of restricted mean stays, or count the errors of its test where there is none."""
    sides = [_followed(draw, repeats, customers, one).assign(plan=name) for name, one in (("a", scale), ("b", SCALE))]
    found = []
    for _, both in pd.concat(sides).groupby("repeat"):
        compared = churn.stay(engine.from_frame(both), ["plan"], horizon_days=_HORIZON, baseline="b")
        found += _published(compared)
    days = np.arange(_HORIZON)
    truth = float((np.exp(-((days / scale) ** _SHAPE)) - np.exp(-((days / SCALE) ** _SHAPE))).sum())
    setting = f"2 × {customers} customers, half enter late"
    why = "Greenwood's variance is a little too small in small groups"
    if not truth:
        return [errors("RMST difference, test at null", setting, found, why=why)]
    return [coverage("RMST difference, interval", f"{setting}, true value {truth:.1f} days", found, truth, why=why)]


def lapsed(draw: _Draw, repeats: int, *, customers: int) -> list[Row]:
    """Cover S(180) of a lapse, censored at the end of the data less the silence, and at the end itself.

    Six groups of customers, followed for ever longer, so that censoring is spread over time.
    """
    parts = []
    for first in range(0, repeats, 100):  # in pieces, to keep memory flat
        for days in (60, 100, 140, 180, 220, 260):
            frame = _touched(draw, min(100, repeats - first), customers // 6, days + _SILENT)
            ends_us = (days + _SILENT) * _DAY_US
            store = SimpleNamespace(events=engine.from_frame(frame), begins_us=-_DAY_US, ends_us=ends_us)
            part = engine.collect(churn.lapse(store, silent_days=_SILENT, landmark="1970-01-01"))
            parts.append(part.assign(repeat=part["customer_id"].astype(int) // (customers // 6) + first))
    right = pd.concat(parts, ignore_index=True)
    wrong = right.assign(day=right["day"] + np.where(right["has_left"], 0, _SILENT))
    truth = _still_active(_HORIZON)
    setting = f"{customers} customers, silence of {_SILENT} days, true value {truth:.3f}"
    return [
        _still_there(f"lapse S({_HORIZON}), censored at T_end − W", setting, right, truth),
        _still_there("the same, censored at T_end", setting, wrong, truth, is_wrong=True),
    ]


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


def _followed(draw: _Draw, repeats: int, customers: int, scale: float) -> pd.DataFrame:
    """Durations in 400 days of data: half signed up in them, half up to 300 days before and were still there."""
    size = repeats * customers
    is_late = draw.random(size) < 0.5
    entry = np.where(is_late, draw.integers(1, 301, size), 0)
    stops = np.where(is_late, entry + 400, draw.integers(1, 401, size))
    leaves = scale * ((entry / scale) ** _SHAPE + draw.exponential(1, size)) ** (1 / _SHAPE)  # given still there
    leaves = np.maximum(np.ceil(leaves).astype(int), entry + 1)
    columns = {"customer_id": np.arange(size), "repeat": np.arange(size) // customers, "entry_day": entry}
    return pd.DataFrame({**columns, "day": np.minimum(leaves, stops), "has_left": leaves <= stops})


def _touched(draw: _Draw, repeats: int, customers: int, days: int) -> pd.DataFrame:
    """Touches in `days` of customers who touch at random until they leave for good, all active at the landmark."""
    size = repeats * customers
    there = np.minimum(draw.exponential(1 / _LEAVING, size), days)
    who = np.repeat(np.arange(size), draw.poisson(_RATE * there))
    when = (draw.random(len(who)) * there[who] * _DAY_US).astype(int)
    everybody = np.arange(size)
    customer = np.concatenate([everybody, everybody, who])
    occurred = np.concatenate([np.full(size, -1), np.zeros(size, int), when])
    return pd.DataFrame({"customer_id": customer, "event_id": np.arange(len(customer)), "occurred_us": occurred})


def _still_active(days: int, step: float = 0.1) -> float:
    """The share not lapsed by `days`, from the renewal equation of touches no further apart than the silence.

    Lapsed by t = q + ∫ λ exp(−(λ + μ)g) · lapsed by (t − g) dg over gaps g up to the silence,
    with q the chance that the next gap is longer.
    """
    both, width = _RATE + _LEAVING, round(_SILENT / step)
    long = 1 - _RATE / both * (1 - math.exp(-both * _SILENT))
    gap = step * _RATE * np.exp(-both * step * np.arange(width + 1))
    gap[[0, -1]] /= 2  # trapezoids
    lapsed_by = np.full(round(days / step) + 1, long)
    for at in range(1, len(lapsed_by)):
        reach = min(at, width)
        before = float(gap[1 : reach + 1] @ lapsed_by[at - reach : at][::-1])
        end = gap[at] * long / 2 if at < width else 0
        lapsed_by[at] = (long + before - end) / (1 - gap[0])
    return float(1 - lapsed_by[-1])


def _still_there(what: str, setting: str, followed: pd.DataFrame, truth: float, *, is_wrong: bool = False) -> Row:
    found = churn.left(engine.from_frame(followed), ["repeat"], horizon_days=_HORIZON)
    kept = _published(found)
    mean = np.mean([one.estimate for one in kept])
    return coverage(what, f"{setting}, mean estimate {mean:.3f}", kept, truth, is_wrong=is_wrong)


def _published(found: pd.DataFrame) -> list[Any]:
    return list(found[found["is_enough"].astype(bool)].itertuples())
