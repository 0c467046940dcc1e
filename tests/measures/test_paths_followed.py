"""The share of journeys that follow a path pattern, on journeys written by hand."""

from __future__ import annotations

import numpy as np
import pytest

from journeylib import engine
from journeylib.measures import paths


@pytest.fixture(scope="module")
def steps(steps_frame):
    made = steps_frame(
        [
            ("a", 1, [("web", "a", 0), ("web", None, 1), ("web", "c", 24)]),  # exactly a day
            ("a", 2, [("web", "a", 0), ("web", "b", 1), ("web", "c", 2)]),
            ("b", 1, [("web", "a", 0), ("web", "a", 2), ("web", "c", 2)]),  # the last two at one instant
            ("c", 1, [("web", "c", 0), ("web", "a", 1)]),
        ]
    )
    return made.assign(plan=np.where(made["customer_id"] == "c", None, made["customer_id"]))


def test_a_pattern_s_share_is_of_all_journeys(steps, table):
    found = paths.followed(table(steps), "a -> [^b]* -> c").iloc[0]
    assert (found["n"], found["journeys"], found["estimate"]) == (3, 4, 0.5)


@pytest.mark.parametrize(("days", "share"), [(1, 0.5), (0.999, 0.25), (None, 0.5)])
def test_a_window_s_edge_counts(steps, table, days, share):
    assert paths.followed(table(steps), "a -> [^b]* -> c", within_days=days)["estimate"].item() == share


def test_groups_are_those_of_the_first_step_and_missing_is_unknown(steps, table):
    found = paths.followed(table(steps), "a -> [^b]* -> c", by=["plan"])
    assert found[["plan", "n", "estimate", "journeys"]].to_numpy().tolist() == [
        ["a", 1, 0.5, 2],
        ["b", 1, 1.0, 1],
        ["unknown", 1, 0.0, 1],
    ]


def test_units_are_journeys_that_count_from_their_start(steps, table):
    units = paths.followed_units(table(steps), "a -> [^b]* -> c")
    found = engine.collect(units, order_by=["customer_id", "started_us"])
    assert list(found) == ["customer_id", "started_us", "zero_us", "m", "x"]
    assert (found["zero_us"] == found["started_us"]).all()
    assert (found["m"].tolist(), found["x"].tolist()) == ([1, 1, 1, 1], [1, 0, 1, 0])


def test_a_pattern_may_be_of_channels(steps_frame, table):
    steps = table(steps_frame([("a", 1, [("web", "x", 0), ("phone", "y", 1)]), ("b", 1, [("phone", "x", 0)])]))
    assert paths.followed(steps, "web -> phone", of="channel")["estimate"].item() == 0.5


def test_without_journeys_nothing_is_claimed(steps, table):
    assert "not_applicable" in paths.followed(table(steps[:0]), "a -> c").attrs
