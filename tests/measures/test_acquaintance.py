"""Acquaintance: how events became known, counted by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from journeylib.measures import acquaintance

EVENTS = [
    ("a", "itself"),
    ("a", "itself"),
    ("a", "before"),
    ("b", "itself"),
    ("device:x", "device"),
    ("anonymous:9", "nobody"),
]


@pytest.fixture
def events(table):
    return table(pd.DataFrame(EVENTS, columns=["customer_id", "known_by"]))


def test_the_ways_of_knowing_add_up_to_all_events(events):
    found = acquaintance.known(events)
    assert found["known_by"].tolist() == ["itself", "before", "device", "nobody"]
    assert found["customers"].tolist() == [2, 1, 1, 1]
    assert found["events"].tolist() == [3, 1, 1, 1]
    assert found["estimate"].sum() == pytest.approx(1)
    assert set(found["n"]) == {4}


def test_a_device_and_an_event_without_an_id_are_anonymous(events):
    [found] = acquaintance.anonymous(events).to_dict("records")
    assert (found["n"], found["customers"], found["events"], found["estimate"]) == (4, 2, 2, 2 / 6)


def test_customers_are_counted(events):
    assert acquaintance.customers(events).to_dict("records") == [
        {"n": 4, "estimate": 4, "low": 4, "high": 4, "is_enough": True}
    ]


def test_without_events_nobody_is_known(events):
    for found in (acquaintance.known(events.head(0)), acquaintance.anonymous(events.head(0))):
        assert "not_applicable" in found.attrs
