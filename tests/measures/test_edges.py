"""Transitions are compared between groups: counted by hand, with the rest grey until the ledger has seen them."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from journeylib import engine
from journeylib.measures import edges, satisfaction

HOUR = 3_600_000_000
DAY = 24 * HOUR


def units_of(steps_frame, journeys, *pairs, spark=None):
    return engine.collect(
        edges.units(engine.from_frame(steps_frame(journeys), spark=spark), pairs), order_by=["customer_id"]
    )


def test_the_most_frequent_transitions_are_those_of_most_journeys_ties_by_name(steps_frame):
    journeys = [
        ("c1", 0, [("web", name, at) for at, name in enumerate("ababab")]),
        ("c2", 0, [("web", "b", 0), ("web", "c", 1)]),
    ]
    journeys += [("c3", 0, [("web", "a", 0), ("web", "b", 1), ("web", None, 2), ("web", "a", 3)])]
    steps = engine.from_frame(steps_frame(journeys))
    assert edges.frequent(steps) == [("a", "b"), ("b", "a"), ("b", "c")]  # a step without a name is in none
    assert edges.frequent(steps, most=1) == [("a", "b")]


def test_a_journey_makes_a_transition_once_or_not(steps_frame):
    journeys = [
        ("c1", 0, [("web", name, at) for at, name in enumerate("abab")]),
        ("c2", 0, [("web", "b", 0), ("web", "a", 1)]),
        ("c3", 0, [("web", "b", 0), ("web", None, 1), ("web", "a", 2)]),
    ]
    found = units_of(steps_frame, journeys, ("a", "b"), ("b", "a"))
    assert found[["customer_id", "m", "x_0", "x_1"]].to_numpy().tolist() == [
        ["c1", 1, 1, 1],
        ["c2", 1, 0, 1],
        ["c3", 1, 0, 0],
    ]
    assert (found["zero_us"] == found["started_us"]).all()


def answers_of(rows, spark=None):
    frame = pd.DataFrame(rows, columns=["customer_id", "occurred_us", "score"])
    frame["event_id"] = [f"s{at}" for at in range(len(frame))]
    return satisfaction.marked(engine.from_frame(frame.assign(score_type="nps"), spark=spark))


def test_what_came_before_an_answer_counts_within_its_days_and_nothing_after_it(steps_frame):
    early, edge = [("web", "a", 0), ("web", "b", 1)], [("web", "a", 24), ("web", "b", 25)]
    late, cut = [("web", "a", 700), ("web", "b", 24 * 31)], [("web", "a", 23), ("web", "b", 25)]
    kinds = {"e": early, "g": edge, "l": late, "c": cut}
    journeys = [(f"{kind}{i}", 0, touches) for kind, touches in kinds.items() for i in range(40)]
    scores = [(who, 31 * DAY, 10 if int(who[1:]) % 2 else 0) for who, _, _ in journeys] + [("p0", 31 * DAY, 8)]
    steps = engine.from_frame(steps_frame(journeys))
    [row] = edges.before_answers(steps, answers_of(scores), days=30).to_dict("records")
    assert (row["source"], row["target"], row["group"], row["baseline"]) == ("a", "b", "promoters", "detractors")
    assert row["n"] == 80
    assert row["estimate"] == 0  # only those of "g" made it: both steps from the first hour of the window on
    scores = [(who, us, score if who[0] != "g" else 10) for who, us, score in scores]
    [row] = edges.before_answers(steps, answers_of(scores), days=30).to_dict("records")
    assert row["estimate"] == pytest.approx(40 / 100)
    assert math.isfinite(row["p"])


def test_transitions_are_the_same_on_duckdb_and_spark(steps_frame, spark):
    draw = np.random.default_rng(4)
    journeys = []
    for who in range(60):
        names = draw.choice(["a", "b", None], int(draw.integers(1, 6)))
        hours = np.sort(draw.integers(0, 5, len(names)))
        journeys.append((f"c{who:02}", 0, [("web", name, int(hour)) for name, hour in zip(names, hours, strict=True)]))
    one, other = (units_of(steps_frame, journeys, ("a", "b"), spark=session) for session in (None, spark))
    pd.testing.assert_frame_equal(one, other, check_dtype=False)
    by_hand = [int(("a", "b") in pairwise(name for _, name, _ in touches)) for _, _, touches in journeys]
    assert one["x_0"].tolist() == by_hand
    tables = [engine.from_frame(steps_frame(journeys), spark=session) for session in (None, spark)]
    assert edges.frequent(tables[0]) == edges.frequent(tables[1])
    scores = [(f"c{who:02}", DAY, int(draw.choice([2, 10]))) for who in range(60)]
    answers = [answers_of(scores, session) for session in (None, spark)]
    first, second = (edges.before_answers(steps, given) for steps, given in zip(tables, answers, strict=True))
    assert len(first)
    pd.testing.assert_frame_equal(first, second, check_dtype=False, rtol=1e-12)
