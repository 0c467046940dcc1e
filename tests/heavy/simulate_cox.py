"""Simulate what leaving depends on: hazard ratios, the test of proportional hazards, and immortal time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from simulate_means import Mean
from simulate_rows import Row, coverage, errors

from journeylib import engine
from journeylib.errors import RefusedError
from journeylib.measures import churn

__all__ = ["KINDS", "immortal", "proportionality", "ratios"]

KINDS = ("from the start", "some enter late", "in tens of days")  # the last has many leaving at once
_AGE, _ARM = 0.6, -0.5  # logarithms of hazard ratios
_TEN, _DAY_US = 10, 86_400_000_000
_NAMES = ["arm", "age", "flag"]

_Draw = np.random.Generator


def ratios(draw: _Draw, repeats: int, *, customers: int, kind: str) -> list[Row]:
    """Cover the hazard ratios of two covariates that go together; count how often a third that does nothing errs.

    And how often the hazards of the two are denied to be proportional, which they are.
    """
    found: dict[str, list[Any]] = {name: [] for name in _NAMES}
    for frame in _explained(draw, repeats, customers, kind):
        told = churn.model(engine.from_frame(frame), _NAMES, baseline={"arm": "no", "flag": "no"})
        for row in told[told["is_enough"].astype(bool)].itertuples():
            found[row.covariate].append(row)
    setting = f"{customers} customers, {kind}"
    why = "Wald's interval of few departures" if customers < 200 else "Efron's ties are an approximation"
    rows, tests = [], []
    for name, said, slope in (("arm", "a group", _ARM), ("age", "a number", _AGE)):
        about = f"{setting}, true value {math.exp(slope):.2f}"
        rows.append(coverage(f"hazard ratio of {said}", about, found[name], math.exp(slope), why=why))
        denied = sum(not row.is_proportional for row in found[name])
        tests.append(_denied(said, setting, denied, len(found[name])))
    return [*rows, errors("hazard ratio that is 1, test", setting, found["flag"], why=why), *tests]


def proportionality(draw: _Draw, repeats: int, *, customers: int, kind: str) -> list[Row]:
    """Count how often proportional hazards are denied of all covariates together, which have them."""
    denied = []
    for frame in _explained(draw, repeats, customers, kind):
        told = churn.proportional(engine.from_frame(frame), _NAMES).set_index("covariate")
        if told["is_enough"]["all"]:
            denied.append(not told["is_proportional"]["all"])
    return [_denied("all together", f"{customers} customers, {kind}", sum(denied), len(denied))]


def immortal(draw: _Draw, repeats: int, *, customers: int) -> list[Row | Mean]:
    """A call that does nothing, later the longer one stays: refused, forced all the same, and in start–stop form."""
    refused, naive, right = 0, [], []
    for _ in range(repeats):
        followed, calls = _called(draw, customers)
        try:
            churn.model(engine.from_frame(followed), ["has_called"])
        except RefusedError:
            refused += 1
        forced = engine.from_frame(followed.drop(columns="has_called_known_us"))
        naive += churn.model(forced, ["has_called"], baseline={"has_called": "no"}).itertuples()
        plain = engine.from_frame(followed.drop(columns=["has_called", "has_called_known_us"]))
        cut = churn.start_stop(plain, has_called=churn.times(engine.from_frame(calls)))
        right += churn.model(cut, ["has_called"]).itertuples()
    setting = f"{customers} customers, one call at most, true ratio 1"
    asked, wrong = "ratio of a call that changes in time (start–stop)", "ratio of a call as if known from the start"
    return [
        Row("model with a later covariate is refused", setting, 1.0, refused, repeats),
        coverage(asked, setting, right, 1.0),
        coverage(wrong, setting, naive, 1.0, is_wrong=True),
        Mean.of(f"logarithm of the {asked}", setting, 0.0, _logarithms(right)),
        Mean.of(f"logarithm of the {wrong}", setting, 0.0, _logarithms(naive), is_wrong=True),
    ]


def _denied(said: str, setting: str, denied: int, repeats: int) -> Row:
    why = "the score test is for many departures on many days"
    return Row(f"proportional hazards, test of {said}", setting, 0.05, denied, repeats, is_error=True, why=why)


def _logarithms(found: list[Any]) -> list[float]:
    return [math.log(one.estimate) for one in found]


def _explained(draw: _Draw, repeats: int, customers: int, kind: str) -> Iterator[pd.DataFrame]:
    """Customers whose hazard depends on their age and on a group that the old are in more often, not on a flag."""
    for _ in range(repeats):
        age = draw.normal(size=customers)
        is_in = draw.random(customers) < 1 / (1 + np.exp(-age))
        flag = draw.random(customers) < 0.5
        entry = np.where(draw.random(customers) < 0.3, draw.integers(0, 30, customers), 0)
        entry = entry * (kind == "some enter late")
        # The hazard is constant, so what is left after a late entry is as all is from the start.
        leaves = entry + draw.exponential(100, customers) * np.exp(-_AGE * age - _ARM * is_in)
        stops = draw.integers(31, 151, customers)
        leaves, stops = (
            np.ceil(one / (_TEN if kind == "in tens of days" else 1)).astype(int) for one in (leaves, stops)
        )
        yield pd.DataFrame(
            {
                "customer_id": [str(at) for at in range(customers)],
                "entry_day": entry,
                "day": np.minimum(leaves, stops),
                "has_left": leaves <= stops,
                "zero_us": 0,
                "arm": np.where(is_in, "yes", "no"),
                "age": age,
                "flag": np.where(flag, "yes", "no"),
            }
        )


def _called(draw: _Draw, customers: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Customers who leave by chance alone, and call once at a time that means nothing if they are there by then."""
    leaves = np.ceil(draw.exponential(60, customers)).astype(int)
    calls_on = draw.exponential(60, customers)
    day = np.minimum(leaves, 120)
    has_called = calls_on < day
    names = np.array([f"c{at}" for at in range(customers)])
    followed = pd.DataFrame({"customer_id": names, "entry_day": 0, "day": day, "has_left": leaves <= 120, "zero_us": 0})
    called_us = (calls_on * _DAY_US).astype(np.int64)
    known = pd.Series(called_us).where(has_called).astype("Int64")
    calls = pd.DataFrame({"customer_id": names, "occurred_us": called_us, "event_id": names})[has_called]
    return followed.assign(has_called=has_called, has_called_known_us=known), calls.reset_index(drop=True)
