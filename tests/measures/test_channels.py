"""Channels: starts, use and bounces, on journeys written by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from journeylib import engine
from journeylib.errors import ParameterError
from journeylib.measures import channels


def go(*names):
    return [(name, f"{name} touch", hour) for hour, name in enumerate(names)]


@pytest.fixture(scope="module")
def steps(steps_frame):
    return steps_frame(
        [
            ("a", 1, go("web", "web", "chat", "chat", "phone")),  # bounces: stays count once
            ("a", 2, go("web", "chat", "web", "phone")),  # something between
            ("b", 1, go("phone", "web", "chat", "phone", "web", "chat", "phone")),  # twice, counts once
            ("b", 2, go("web", "phone")),
            ("c", 1, go("chat", None, "phone")),
        ]
    )


def test_a_bounce_is_the_chain_with_nothing_between(steps, table):
    found = channels.bounces(table(steps)).iloc[0]
    assert (found["n"], found["journeys"], found["estimate"]) == (3, 5, 2 / 5)


@pytest.mark.parametrize(
    ("chain", "journeys"),
    [(["web"], 4), (["web", "phone"], 2), (["web", "chat", "web"], 1), (["chat", "unknown", "phone"], 1), (["fax"], 0)],
)
def test_a_chain_may_be_of_any_length(steps, table, chain, journeys):
    assert channels.bounces(table(steps), chain).iloc[0]["estimate"] == journeys / 5


def test_a_chain_does_not_run_on_from_one_journey_into_the_next(steps_frame, table):
    cut = steps_frame([("a", 1, go("web", "chat")), ("a", 2, go("phone"))])
    assert channels.bounces(table(cut)).iloc[0]["estimate"] == 0


def test_events_of_one_instant_follow_each_other_by_their_id(steps_frame, table):
    tied = steps_frame([("a", 1, [("web", "w", 0), ("chat", "c", 0), ("phone", "p", 0)])])
    shuffled = tied.sample(frac=1, random_state=3)
    assert channels.bounces(table(shuffled)).iloc[0]["estimate"] == 1


@pytest.mark.parametrize("chain", [[], ["web", "web"]])
def test_a_chain_that_can_never_be_passed_is_refused(steps, table, chain):
    with pytest.raises(ParameterError, match="can never be passed"):
        channels.bounces(table(steps), chain)


def test_the_first_channels_add_up_to_1(steps, table, labelled_frame):
    found = channels.first(table(labelled_frame(steps, ["lost"] * 5)))
    assert found["channel"].tolist() == ["web", "chat", "phone"]
    assert found["estimate"].tolist() == pytest.approx([0.6, 0.2, 0.2])
    assert found["customers"].tolist() == [2, 1, 1]
    assert set(found["n"]) == {3}


def test_use_is_a_share_of_customers_and_may_add_up_to_more(steps, table):
    found = channels.use(table(steps)).set_index("channel")["estimate"]
    assert found.to_dict() == pytest.approx({"chat": 1, "phone": 1, "web": 2 / 3, "unknown": 1 / 3})


def test_without_steps_nothing_is_claimed(steps, table):
    none = table(steps[:0])
    for found in (channels.bounces(none), channels.use(none), channels.switched(none), channels.switches(none)):
        assert found.empty
        assert "not_applicable" in found.attrs


def test_the_units_of_bounces_are_journeys_that_count_from_their_start(steps, table):
    found = engine.collect(channels.bounced_units(table(steps)), order_by=["customer_id", "started_us"])
    assert list(found) == ["customer_id", "started_us", "zero_us", "m", "x"]
    assert (found["zero_us"] == found["started_us"]).all()
    assert (found["m"].tolist(), found["x"].tolist()) == ([1] * 5, [1, 0, 1, 0, 0])


def test_a_switch_is_a_change_of_channel_and_a_step_without_one_is_passed_over(steps_frame, table):
    steps = steps_frame(
        [
            ("a", 1, go("web", "web")),
            ("a", 2, go("web", None, "web")),  # nothing says that it changed
            ("b", 1, go("web", None, "phone")),
            ("b", 2, go(None)),
            ("c", 1, go("web", "chat", "web")),
        ]
    )
    found = channels.switched(table(steps)).iloc[0]
    assert (found["n"], found["journeys"], found["estimate"]) == (3, 5, 2 / 5)
    pairs = channels.switches(table(steps))
    assert pairs[["source", "target", "journeys", "customers", "estimate", "n"]].to_numpy().tolist() == [
        ["chat", "web", 1, 1, 0.2, 3],
        ["web", "chat", 1, 1, 0.2, 3],
        ["web", "phone", 1, 1, 0.2, 3],
    ]


def test_a_switch_counts_once_a_journey_and_only_the_most_frequent_are_told(steps_frame, table):
    steps = steps_frame(
        [("a", 1, go("web", "chat", "web", "chat")), ("a", 2, go("web", "chat")), ("b", 1, go("web", "phone"))]
    )
    found = channels.switches(table(steps), most=2)
    assert found[["source", "target", "journeys", "customers"]].to_numpy().tolist() == [
        ["web", "chat", 2, 1],
        ["chat", "web", 1, 1],  # before web → phone by name
    ]


def test_switches_of_one_instant_follow_the_event_ids(steps_frame, table):
    tied = steps_frame([("a", 1, [("web", "w", 0), ("chat", "c", 0), ("phone", "p", 0)])])
    found = channels.switches(table(tied.sample(frac=1, random_state=3)))
    assert found[["source", "target"]].to_numpy().tolist() == [["chat", "phone"], ["web", "chat"]]


@pytest.fixture(scope="module")
def reasoned(steps_frame):
    """Journeys and their events: intents are the first reason of each journey."""
    steps = steps_frame(
        [
            ("a", 1, go("web", "phone")),  # bill, at the second event
            ("a", 2, go("web", "web")),  # bill before address, at one instant
            ("b", 1, go("web", "phone")),  # address
            ("c", 1, go("web", "phone")),  # none
            ("c", 2, go("phone", "web")),  # bill
        ]
    )
    tied = (steps["customer_id"] == "a") & (steps["started_us"] > steps["started_us"].min())
    steps.loc[tied, "occurred_us"] = steps.loc[tied, "started_us"]
    reasons = {"a-1-1": "bill", "a-2-0": "bill", "a-2-1": "address", "b-1-0": "address", "c-2-0": "bill"}
    events = steps[["customer_id", "event_id", "occurred_us"]].assign(reason=steps["event_id"].map(reasons))
    return steps, events


def test_a_journey_s_intent_is_the_first_reason_that_is_given(reasoned, table):
    found = channels.switches(*map(table, reasoned))
    assert found[["intent", "source", "target", "n", "estimate", "journeys", "customers"]].to_numpy().tolist() == [
        ["address", "web", "phone", 1, 1, 1, 1],
        ["address", "phone", "web", 1, 0, 0, 0],
        ["bill", "phone", "web", 2, pytest.approx(1 / 3), 1, 1],
        ["bill", "web", "phone", 2, pytest.approx(1 / 3), 1, 1],
        ["unknown", "web", "phone", 1, 1, 1, 1],
        ["unknown", "phone", "web", 1, 0, 0, 0],
    ]


def test_rare_intents_are_other_and_unknown_stays(reasoned, table):
    found = channels.switches(*map(table, reasoned), intents=1)
    assert list(dict.fromkeys(found["intent"])) == ["bill", "other", "unknown"]
    assert found[found["intent"] == "other"]["n"].tolist() == [1, 1]


def test_switched_is_told_by_group_and_clustered(steps_frame, table):
    """Whoever switches always does: 30 customers with four journeys each tell as much as 30 journeys."""
    names = {True: ("web", "chat"), False: ("web",)}
    steps = steps_frame([(f"c{who:02}", number, go(*names[who < 15])) for who in range(30) for number in range(4)])
    steps["plan"] = np.where(steps["customer_id"] < "c15", "x", None)
    whole = channels.switched(table(steps)).iloc[0]
    assert (whole["n"], whole["journeys"], whole["estimate"]) == (30, 120, 0.5)
    assert whole["high"] - whole["low"] > 0.33  # plain Wilson of 30: 0.337; of 120: 0.176
    groups = channels.switched(table(steps), ["plan"])
    assert groups[["plan", "n", "estimate"]].to_numpy().tolist() == [["unknown", 15, 0.0], ["x", 15, 1.0]]
    units = engine.collect(channels.switched_units(table(steps), ["plan"]))
    pd.testing.assert_series_equal(
        units.groupby("plan")["x"].sum(),
        groups.set_index("plan")["estimate"] * 60,
        check_names=False,
        check_dtype=False,
    )
