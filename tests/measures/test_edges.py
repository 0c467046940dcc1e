"""Transitions are compared between groups: counted by hand, with the rest grey until the ledger has seen them."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from journeylib import engine
from journeylib.estimates import difference, plain_sums, share
from journeylib.measures import edges, satisfaction

HOUR = 3_600_000_000
DAY = 24 * HOUR


def by_edge(frame):
    return {(row["source"], row["target"], row["group"]): row for row in frame.to_dict("records")}


def grouped(steps_frame, journeys, groups, table=engine.from_frame):
    frame = steps_frame(journeys)
    return table(frame.assign(plan=[groups[who] for who in frame["customer_id"]]))


def test_each_transition_counts_once_in_a_journey_and_the_larger_group_is_the_baseline(steps_frame):
    web = [("web", name, hour) for hour, name in enumerate("abab")]
    journeys = [(f"x{i}", 0, web) for i in range(40)] + [
        (f"y{i}", 0, web[:2] if i < 20 else web[:1]) for i in range(50)
    ]
    found = edges.in_journeys(grouped(steps_frame, journeys, {who: who[0] for who, _, _ in journeys}), "plan")
    rows = by_edge(found)
    assert list(rows) == [("a", "b", "x"), ("b", "a", "x")]
    expected = difference(share(plain_sums(40, 40)), share(plain_sums(20, 50)))
    row = rows["a", "b", "x"]
    assert (row["baseline"], row["n"], row["estimate"]) == ("y", 40, pytest.approx(0.6))
    assert (row["low"], row["high"], row["p"]) == pytest.approx((expected.low, expected.high, expected.p))


def test_of_three_groups_each_is_compared_with_the_rest_and_unknown_is_no_group(steps_frame):
    one, two = [("web", "a", 0), ("web", "b", 1)], [("web", "a", 0)]
    journeys = [
        (f"{g}{i}", 0, one if i < k else two)
        for g, k in (("x", 30), ("y", 10), ("z", 20), ("u", 40))
        for i in range(40)
    ]
    groups = {who: {"u": "unknown"}.get(who[0], who[0]) for who, _, _ in journeys}
    rows = by_edge(edges.in_journeys(grouped(steps_frame, journeys, groups), "plan"))
    assert {key[2]: round(row["estimate"], 6) for key, row in rows.items()} == {"x": 0.375, "y": -0.375, "z": 0}
    assert {row["baseline"] for row in rows.values()} == {"rest"}


def test_journeys_of_one_customer_do_not_count_as_independent(steps_frame):
    one, two = [("web", "a", 0), ("web", "b", 1)], [("web", "a", 0)]
    several = [(f"{g}{i}", number, one if i % 2 else two) for g in "xy" for i in range(40) for number in range(5)]
    once = [(who, number, touches) for who, number, touches in several if number == 0]
    widths = []
    for journeys in (several, once):
        [row] = by_edge(
            edges.in_journeys(grouped(steps_frame, journeys, {who: who[0] for who, _, _ in journeys}), "plan")
        ).values()
        widths.append(row["high"] - row["low"])
    assert widths[0] == pytest.approx(widths[1], rel=0.05)  # five equal journeys tell no more than one


def test_small_groups_carry_no_p_and_groups_that_share_customers_are_not_compared(steps_frame):
    one = [("web", "a", 0), ("web", "b", 1)]
    journeys = [(f"{g}{i}", 0, one) for g in "xy" for i in range(29)]
    found = edges.in_journeys(grouped(steps_frame, journeys, {who: who[0] for who, _, _ in journeys}), "plan")
    assert not found["is_enough"].any()
    assert found["p"].isna().all()
    frame = steps_frame([("x", 0, one), ("x", 1, one)])
    shared = edges.in_journeys(engine.from_frame(frame.assign(plan=["p", "p", "q", "q"])), "plan")
    assert "customers are in several groups" in shared.attrs["not_applicable"]


def answers_of(rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "occurred_us", "score"])
    frame["event_id"] = [f"s{at}" for at in range(len(frame))]
    return satisfaction.marked(engine.from_frame(frame.assign(score_type="nps")))


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
    for who in range(80):
        for number in range(int(draw.integers(1, 4))):
            names = draw.choice(["a", "b", None], int(draw.integers(1, 6)))
            hours = np.sort(draw.integers(0, 5, len(names)))
            journeys.append(
                (f"c{who}", number, [("web", name, int(hour)) for name, hour in zip(names, hours, strict=True)])
            )
    groups = {f"c{who}": ["x", "y", "unknown"][who % 3] for who in range(80)}
    frames = [
        edges.in_journeys(
            grouped(steps_frame, journeys, groups, lambda frame, s=session: engine.from_frame(frame, spark=s)), "plan"
        )
        for session in (None, spark)
    ]
    assert len(frames[0]) == 4  # a step without a name is in no transition
    pd.testing.assert_frame_equal(*frames, check_dtype=False, rtol=1e-12)
    made = {}
    for who, _, touches in journeys:
        pairs = {(one[1], two[1]) for one, two in pairwise(touches) if one[1] and two[1]}
        for pair in pairs:
            made[pair, groups[who]] = made.get((pair, groups[who]), 0) + 1
    total = {group: sum(groups[who] == group for who, _, _ in journeys) for group in "xy"}
    larger = max(total, key=lambda name: (total[name], name))
    for row in frames[0].to_dict("records"):
        pair, other = (row["source"], row["target"]), row["group"]
        by_hand = made.get((pair, other), 0) / total[other] - made.get((pair, larger), 0) / total[larger]
        assert row["estimate"] == pytest.approx(by_hand)
