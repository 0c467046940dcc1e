"""Channels: starts, use and bounces, on journeys written by hand."""

from __future__ import annotations

import pytest

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
    for found in (channels.bounces(none), channels.use(none)):
        assert found.empty
        assert "not_applicable" in found.attrs
