"""Simulate how long customers stay: curves, restricted means, causes, the log-rank test, and lapses by silence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from simulate_means import Mean
from simulate_rows import Row, coverage, errors

from journeylib import engine
from journeylib.measures import churn

__all__ = ["KINDS", "LONGER", "SCALE", "lapsed", "logranks", "restricted_means", "still_there"]

KINDS = ("from the start", "half enter late", "in months")  # months are 30 days: many leave at once
SCALE, LONGER = 250, 330
_HORIZON, _SHAPE, _MONTH = 180, 0.8, 30
_TURN, _EARLY, _LATE = 90, 0.8, 0.3  # the share who leave for the price, up to the turn and after
_SILENT, _RATE, _LEAVING = 60, 1 / 10, 1 / 250  # days of silence; touches and departures a day
_DAY_US = 86_400_000_000

_Draw = np.random.Generator


def still_there(draw: _Draw, repeats: int, *, customers: int, kind: str) -> list[Row | Mean]:
    """Cover S(180), the restricted mean and the share gone for one of two causes; of late entry, also ignored."""
    frame, day = _followed(draw, repeats, customers, SCALE, kind), _days_in(kind)
    followed = churn.collapsed(engine.from_frame(frame), ["repeat"])
    setting = f"{customers} customers, {kind}"
    truth, horizon = _share(_HORIZON, SCALE), _HORIZON // day
    why = "counts are of few customers, and some leave all at once"
    found: list[Row | Mean] = [
        _covered(f"S({_HORIZON})", setting, churn.left(followed, ["repeat"], horizon_days=horizon), truth, why=why)
    ]
    mean = _area(SCALE, day)
    rmst = churn.rmst(followed, ["repeat"], horizon_days=horizon)
    found.append(_covered(f"restricted mean, {_HORIZON} days", setting, rmst, mean, why=why))
    early, late = 1 - _share(_TURN, SCALE), _share(_TURN, SCALE) - truth
    gone = churn.incidence_at(followed, ["repeat"], horizon_days=horizon)
    for cause, chances in (("price", (_EARLY, _LATE)), ("moved", (1 - _EARLY, 1 - _LATE))):
        one, share = gone[gone["cause"] == cause], chances[0] * early + chances[1] * late
        found.append(_covered(f"share gone by day {_HORIZON}, cause {cause}", setting, one, share, why=why))
    if kind == "half enter late":
        ignored = churn.left(engine.from_frame(frame.assign(entry_day=0)), ["repeat"], horizon_days=horizon)
        found.append(_covered(f"S({_HORIZON}), late entry ignored", setting, ignored, truth, is_wrong=True))
    return found


def restricted_means(draw: _Draw, repeats: int, *, customers: int, scale: float, kind: str) -> list[Row]:
    """Cover the difference of restricted mean stays, or count the errors of its test where there is none."""
    day = _days_in(kind)
    frames = [_followed(draw, repeats, customers, one, kind).assign(plan=name) for name, one in _plans(scale)]
    found = []
    for _, both in pd.concat(frames).groupby("repeat"):
        compared = churn.stay(engine.from_frame(both), ["plan"], horizon_days=_HORIZON // day, baseline="b")
        found += _published(compared)
    truth, setting = _area(scale, day) - _area(SCALE, day), f"2 × {customers} customers, {kind}"
    why = "Greenwood's variance is a little too small in small groups"
    if not truth:
        return [errors("restricted mean difference, test at null", setting, found, why=why)]
    said = f"{setting}, true value {truth:.2f}"
    return [coverage(f"restricted mean difference, {_HORIZON} days", said, found, truth, why=why)]


def logranks(draw: _Draw, repeats: int, *, groups: int, customers: int, kind: str) -> list[Row]:
    """Count how often the log-rank test finds a difference where there is none; of more groups, in a pair of them.

    The pair is drawn, so that repeats are independent.
    """
    frame = _followed(draw, repeats, customers * groups, SCALE, kind)
    frame = frame.assign(plan=[f"plan {at % groups}" for at in range(customers * groups)] * repeats)
    whole, pairs = [], []
    for _, one in frame.groupby("repeat"):
        followed = engine.from_frame(one)
        whole += _published(churn.logrank(followed, ["plan"]))
        if groups > 2:
            drawn = [f"plan {at}" for at in draw.choice(groups, 2, replace=False)]
            pairs += _published(churn.compare(followed.filter(nw.col("plan").is_in(drawn)), ["plan"]))
    setting = f"{groups} × {customers} customers, {kind}"
    found = [errors("log-rank, test at null", setting, whole)]
    if groups > 2:
        found.append(errors("log-rank of a pair among them, test at null", setting, pairs))
    return found


def lapsed(draw: _Draw, repeats: int, *, customers: int) -> list[Row | Mean]:
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
    truth, left = _still_active(_HORIZON), math.exp(-_LEAVING * _HORIZON)
    setting = f"{customers} customers, silence of {_SILENT} days"
    found: list[Row | Mean] = []
    for what, frame, is_wrong in (("T_end − W", right, False), ("T_end", wrong, True)):
        told = churn.left(churn.collapsed(engine.from_frame(frame), ["repeat"]), ["repeat"], horizon_days=_HORIZON)
        name = f"lapse S({_HORIZON}), censored at {what}"
        found.append(_covered(name, setting, told, truth, is_wrong=is_wrong))
        about = f"{setting}; {left:.3f} have not left, so the known shift is {left - truth:.3f}"
        kept = [one.estimate for one in _published(told)]
        found.append(Mean.of(name, about, truth, kept, within=0.02, is_wrong=is_wrong))
    return found


def _plans(scale: float) -> list[tuple[str, float]]:
    return [("a", scale), ("b", SCALE)]


def _days_in(kind: str) -> int:
    """How many days a followed table counts as one."""
    return _MONTH if kind == "in months" else 1


def _share(day: float, scale: float) -> float:
    return math.exp(-((day / scale) ** _SHAPE))


def _area(scale: float, day: int) -> float:
    """The restricted mean in days, or in months where these are counted."""
    return sum(_share(at, scale) for at in range(0, _HORIZON, day))


def _followed(draw: _Draw, repeats: int, customers: int, scale: float, kind: str) -> pd.DataFrame:
    """Durations in 400 days of data; where half enter late, they signed up to 300 days before and were still there."""
    size = repeats * customers
    is_late = (draw.random(size) < 0.5) & (kind == "half enter late")
    entry = np.where(is_late, draw.integers(1, 301, size), 0)
    stops = np.where(is_late, entry + 400, draw.integers(1, 401, size))
    leaves = scale * ((entry / scale) ** _SHAPE + draw.exponential(1, size)) ** (1 / _SHAPE)  # given still there
    for_price = draw.random(size) < np.where(leaves <= _TURN, _EARLY, _LATE)
    leaves, stops = (np.ceil(one / _days_in(kind)).astype(int) for one in (leaves, stops))
    leaves = np.maximum(leaves, entry + 1)
    columns = {"customer_id": np.arange(size), "repeat": np.arange(size) // customers, "entry_day": entry}
    cause = np.where(leaves > stops, None, np.where(for_price, "price", "moved"))
    return pd.DataFrame({**columns, "day": np.minimum(leaves, stops), "has_left": leaves <= stops, "cause": cause})


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


def _covered(what: str, setting: str, found: pd.DataFrame, truth: float, **more: Any) -> Row:
    kept = _published(found)
    mean = np.mean([one.estimate for one in kept])
    digits = 3 if truth < 1 else 2
    said = f"{setting}, true value {truth:.{digits}f}, mean estimate {mean:.{digits}f}"
    return coverage(what, said, kept, truth, **more)


def _published(found: pd.DataFrame) -> Sequence[Any]:
    return list(found[found["is_enough"].astype(bool)].itertuples())
