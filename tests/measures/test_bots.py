"""Bots: paces that no person keeps, at the edges of their definition."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from journeylib import engine
from journeylib.days import DAY_US
from journeylib.measures import bots

SECOND = 1_000_000


def flagged(table, **moments):
    rows = [{"customer_id": customer, "occurred_us": at} for customer, times in moments.items() for at in times]
    return bots.flags(table(pd.DataFrame(rows)), moments_in_a_day=5, pauses=3, pause=timedelta(seconds=1))


def marks(found):
    rows = engine.collect(found, order_by=["customer_id"]).to_dict("records")
    return {row["customer_id"]: (row["many"], row["fast"]) for row in rows}


def test_moments_within_exactly_a_day_are_many(table):
    edge = [0, 10 * SECOND, 20 * SECOND, 30 * SECOND, DAY_US]
    found = flagged(table, inside=edge, outside=[*edge[:4], DAY_US + 1], few=edge[1:])
    assert marks(found) == {"few": (0, 0), "inside": (1, 0), "outside": (0, 0)}


def test_events_of_one_instant_are_one_moment(table):
    found = flagged(table, basket=[0] * 50, two=[0] * 25 + [SECOND // 2] * 25)
    assert marks(found) == {"basket": (0, 0), "two": (0, 0)}


def test_half_of_the_pauses_must_be_shorter_than_the_limit(table):
    found = flagged(
        table,
        half=[0, 1, 2, 2 + SECOND, 2 + 2 * SECOND],
        less=[0, 1, 2 * SECOND, 4 * SECOND],
        exactly=[0, SECOND, 2 * SECOND, 3 * SECOND],
        two=[0, 1, 2],
    )
    assert {name: fast for name, (_, fast) in marks(found).items()} == {"half": 1, "less": 0, "exactly": 0, "two": 0}


def test_signs_are_counted_apart_and_add_up(table):
    slow = [number * 2 * DAY_US for number in range(3)]
    found = bots.signs(
        flagged(
            table,
            many=[number * 60 * SECOND for number in range(6)],
            fast=[0, 1, 2, 3],
            both=[0, 1, 2, 3, 4],
            a=slow,
            b=slow,
        )
    )
    assert found[["sign", "n", "customers", "events"]].to_numpy().tolist() == [
        ["many", 5, 1, 6], ["fast", 5, 1, 4], ["both", 5, 1, 5],
    ]  # fmt: skip
    [all_of_them] = bots.suspected(found).to_dict("records")
    assert (all_of_them["n"], all_of_them["customers"], all_of_them["events"]) == (5, 3, 15)
    assert all_of_them["estimate"] == pytest.approx(15 / 21)


def test_without_events_nobody_is_suspected(table):
    none = bots.signs(bots.flags(table(pd.DataFrame({"customer_id": ["a"], "occurred_us": [1]})).head(0)))
    assert "not_applicable" in none.attrs
    assert "not_applicable" in bots.suspected(none).attrs
