from __future__ import annotations

from datetime import date

import pytest

import journeylib
from journeylib import engine
from journeylib.journeys import selection

GOAL = {"touchpoint": "order placed", "within_days": 30}


@pytest.fixture
def store(company, tmp_path):
    rows = [
        "1,00123,,2026-01-01T23:59:59Z,,view,web",
        "2,00123,,2026-01-02T10:00:00Z,,order placed,web",
        "3,00123,,2026-02-01T00:00:00Z,,view,web",
        "4,123,,2026-01-02T00:00:00Z,,view,app",
        "5,123,,2026-01-03T00:00:00Z,,call,phone",
    ]
    journeylib.load(mapping=company(*rows), store=tmp_path / "store")
    return journeylib.open_store(tmp_path / "store")


def _chosen(store, **choice):
    frame = engine.collect(selection.select(store, goal=GOAL, **choice), order_by=["customer_id", "started_us"])
    return list(zip(frame["customer_id"], frame["first_touchpoint"], frame["steps"], strict=True))


def test_without_a_choice_every_journey_is_there(store):
    assert _chosen(store) == [("00123", "view", 2), ("00123", "view", 1), ("123", "view", 2)]


def test_both_days_of_the_period_are_in_it(store):
    assert _chosen(store, start=date(2026, 1, 2), through=date(2026, 1, 2)) == [("123", "view", 2)]
    assert _chosen(store, through=date(2026, 1, 1)) == [("00123", "view", 2)]


def test_a_group_of_a_segment_is_its_customers(store):
    assert _chosen(store, segment={"plan": "customers.plan"}, group="monthly") == [("123", "view", 2)]


def test_journeys_touch_all_of_the_touchpoints(store):
    assert _chosen(store, touchpoints=["view", "order placed"]) == [("00123", "view", 2)]
    assert _chosen(store, touchpoints=["call", "order placed"]) == []


def test_journeys_follow_a_path(store):
    assert _chosen(store, pattern="view -> order placed") == [("00123", "view", 2)]
    assert _chosen(store, pattern="view -> [^call]* -> order placed", through=date(2026, 1, 1)) == [
        ("00123", "view", 2)
    ]
    assert _chosen(store, pattern="order placed -> view") == []
