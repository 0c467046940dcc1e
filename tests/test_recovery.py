"""The demo world's planted truth is recovered through the whole line, and is not found where it was not planted."""

from __future__ import annotations

from datetime import date

import planted_leaving
import pytest
from scipy.stats import binomtest

import journeylib
from journeylib import engine
from journeylib.data import worlds
from journeylib.journeys import segments
from journeylib.measures import channels, churn, trends

SEEDS = [1, 2, 3, 4, 5]
PLANTS = ("churn", "bounce", "incident")
STEP = ("checkout started", "order placed")


def _stores(folder, without=()):
    made = []
    for seed in SEEDS:
        truth = worlds.make(folder / str(seed), customers=2000, seed=seed, without=without)
        journeylib.load(mapping=folder / str(seed) / "mapping.toml", store=folder / f"store-{seed}")
        made.append((journeylib.open_store(folder / f"store-{seed}"), truth["plants"]))
    return made


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    return _stores(tmp_path_factory.mktemp("planted"))


@pytest.fixture(scope="module")
def unplanted(tmp_path_factory):
    return _stores(tmp_path_factory.mktemp("unplanted"), without=PLANTS)


def _longer_stay(store):
    durations = segments.attach(churn.contractual(store), store, {"plan": "customers.plan"})
    [row] = churn.stay(durations, ["plan"], horizon_days=365, baseline="monthly").to_dict("records")
    assert row["group"] == "annual"
    return row


def _bounced(store, plant):
    [row] = channels.bounces(store.steps, plant["chain"]).to_dict("records")
    return row


def _window(store):
    """The spans of days that stand out at 5 %, the search allowed for."""
    found = trends.incident(store.events, *STEP, within_days=1, start_us=store.start_us, ends_us=store.ends_us)
    return found[found["p"] <= 0.05].reset_index(drop=True)


def _is_near(found, plant):
    if len(found) != 1:
        return False
    names = ["from_on", "until_on"]
    days = [abs((date.fromisoformat(found[name][0]) - date.fromisoformat(plant[name])).days) for name in names]
    return max(days) <= 2


def test_annual_customers_leave_later_in_every_world(planted):
    assert [_longer_stay(store)["low"] > 0 for store, _ in planted] == [True] * len(SEEDS)


def test_planted_sizes_lie_in_their_intervals(planted):
    inside = []
    for store, plants in planted:
        row, truth = _longer_stay(store), plants["churn"]["stays_longer_days"]
        inside.append(row["low"] <= truth <= row["high"])
        row, truth = _bounced(store, plants["bounce"]), plants["bounce"]["realised"]["share"]
        inside.append(row["low"] <= truth <= row["high"])
    assert binomtest(sum(inside), len(inside), 0.95, alternative="less").pvalue >= 0.01, inside


def test_the_incident_is_found_within_two_days_and_once(planted):
    assert [_is_near(_window(store), plants["incident"]) for store, plants in planted] == [True] * len(SEEDS)


def test_the_days_and_leavers_of_each_reason_are_those_of_the_truth(planted):
    for store, plants in planted:
        rows = engine.collect(planted_leaving.histories(store, plants))
        for name in ("complaint", "contacts", "activated", "cut_off"):
            inside, told = rows[rows[name] == "yes"], plants[name]["realised"]
            days = int((inside["day"] - inside["entry_day"]).sum())
            assert (days, int(inside["has_left"].sum())) == (told["customer_days"], told["left"]), name
            assert told["left"] > 5


def test_no_longer_stay_of_the_planted_size_is_found_where_none_was_planted(unplanted, planted):
    truth = planted[0][1]["churn"]["stays_longer_days"]
    found = [_longer_stay(store) for store, _ in unplanted]
    assert [row["low"] <= truth <= row["high"] for row in found] == [False] * len(SEEDS)


def test_no_bounces_are_found_where_none_were_planted(unplanted, planted):
    truth = planted[0][1]["bounce"]["share"]
    found = [_bounced(store, planted[0][1]["bounce"]) for store, _ in unplanted]
    assert [row["low"] <= truth <= row["high"] for row in found] == [False] * len(SEEDS)


def test_no_incident_is_found_where_none_was_planted(unplanted):
    assert [len(_window(store)) for store, _ in unplanted] == [0] * len(SEEDS)
