"""The demo world's planted truth is recovered through the whole line, and is not found where it was not planted."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

import journeylib
from journeylib.data import worlds
from journeylib.journeys import segments
from journeylib.measures import channels, churn, trends

SEEDS = [1, 2, 3, 4, 5]
PLANTS = ("churn", "bounce", "incident")
PLANTED_CHURN = {"monthly_left_in_365_days": 0.4, "hazard_ratio": 0.5}
STEP = ("checkout started", "order placed")


def _world(folder, seed, without=()):
    truth = worlds.make(folder / "sources", customers=2000, seed=seed, without=without)
    journeylib.load(folder / "sources" / "mapping.toml", folder / "store")
    return truth["plants"], journeylib.open_store(folder / "store")


def _order_is_recovered(store, plant):
    """The days that annual customers stay longer, of 365: from the planted hazards, and inside the interval."""
    days = np.arange(365) + 0.5
    monthly = (1 - plant["monthly_left_in_365_days"]) ** ((days / 365) ** 0.9)
    longer = float((monthly ** plant["hazard_ratio"] - monthly).sum())
    durations = segments.attach(churn.contractual(store), store, {"plan": "customers.plan"})
    [row] = churn.stay(durations, ["plan"], horizon_days=365, baseline="monthly").to_dict("records")
    return row["group"] == "annual" and 0 < row["low"] <= longer <= row["high"]


def _share_is_recovered(store, plant):
    [row] = channels.bounces(store.steps, plant["chain"]).to_dict("records")
    return row["low"] <= plant["realised"]["share"] <= row["high"] and row["estimate"] > 0.1


def _window_is_recovered(store, plant):
    found = trends.incident(store.events, *STEP, within_days=1, start_us=store.start_us, ends_us=store.ends_us)
    if len(found) != 1:
        return False
    [row] = found.to_dict("records")
    off = [
        abs((date.fromisoformat(row[name]) - date.fromisoformat(plant[name])).days) for name in ("from_on", "until_on")
    ]
    return max(off) <= 2 and row["low"] <= plant["realised"]["share_inside"] <= row["high"]


@pytest.mark.parametrize("seed", SEEDS)
def test_each_plant_is_recovered(tmp_path, seed):
    plants, store = _world(tmp_path, seed)
    assert _order_is_recovered(store, plants["churn"])
    assert _share_is_recovered(store, plants["bounce"])
    assert _window_is_recovered(store, plants["incident"])


@pytest.mark.parametrize("seed", SEEDS)
def test_no_plant_is_found_where_none_was_planted(tmp_path, seed):
    plants, store = _world(tmp_path, seed, without=PLANTS)
    assert not _order_is_recovered(store, PLANTED_CHURN)
    assert not _share_is_recovered(store, plants["bounce"])
    assert not _window_is_recovered(store, plants["incident"])
