"""Loops, leaving and waits, on journeys written by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from journeylib import engine
from journeylib.measures import friction


def go(*names, every=1):
    return [("web", name, hour * every) for hour, name in enumerate(names)]


def told(found, *columns):
    return [tuple(row) for row in found[list(columns)].to_numpy().tolist()]


@pytest.fixture(scope="module")
def steps(steps_frame):
    return steps_frame(
        [
            ("a", 1, go("x", "x", "y", "x")),  # x at once and later
            ("a", 2, go("x", None, "x")),  # later: something else lay between
            ("b", 1, go("y", "x", "y")),  # y later
            ("b", 2, go(None, None)),  # two steps without a touchpoint are not the same again
            ("c", 1, go("z", "x")),
        ]
    )


@pytest.fixture(scope="module")
def events(steps):
    """Who did it: in a's first journey ann, none, -, bob; in a's second ann twice; in b's bob for y, then none."""
    who = {"a-1-0": "ann", "a-1-3": "bob", "a-2-0": "ann", "a-2-2": "ann", "b-1-0": "bob"}
    return steps[["customer_id", "event_id"]].assign(resource=steps["event_id"].map(who))


def test_loops_are_told_of_the_journeys_that_touch_the_touchpoint(steps, table):
    found = friction.loops(table(steps))
    assert told(found, "touchpoint", "kind", "n", "entries", "journeys", "customers", "estimate") == [
        ("x", "self-loop", 3, 4, 1, 1, 0.25),
        ("x", "repetition", 3, 4, 2, 1, 0.5),
        ("y", "self-loop", 2, 2, 0, 0, 0),
        ("y", "repetition", 2, 2, 1, 1, 0.5),
    ]


def test_a_redo_is_by_another_resource_where_one_is_known(steps, events, table):
    found = friction.loops(table(steps), table(events))
    redo = found[found["kind"] == "redo"]
    # x: ann, then bob in a's first, ann twice in a's second, nobody known in b's and c's; y: one known
    assert told(redo, "touchpoint", "n", "entries", "journeys", "estimate") == [("x", 1, 2, 1, 0.5), ("y", 1, 1, 0, 0)]


def test_without_known_resources_there_is_no_redo(steps, events, table):
    nobody = events.assign(resource=pd.Series([None] * len(events), dtype="string"))
    found = friction.loops(table(steps), table(nobody))
    assert sorted(set(found["kind"])) == ["repetition", "self-loop"]


def test_the_most_repeated_touchpoints_are_told_ties_by_name(steps_frame, table):
    steps = steps_frame([("a", 1, go("r", "r")), ("b", 1, go("q", "q")), ("c", 1, go("p", "s", "s"))])
    found = friction.loops(table(steps), most=2)
    assert told(found, "touchpoint", "kind", "journeys") == [
        ("q", "self-loop", 1),
        ("q", "repetition", 0),  # at once is not after something else
        ("r", "self-loop", 1),
        ("r", "repetition", 0),
    ]


def test_steps_of_one_instant_loop_in_the_order_of_their_ids(steps_frame, table):
    tied = steps_frame([("a", 1, [("web", "x", 0), ("web", "y", 0), ("web", "x", 0)])])
    found = friction.loops(table(tied.sample(frac=1, random_state=2)))
    assert told(found, "kind", "journeys") == [("self-loop", 0), ("repetition", 1)]


def test_repeated_is_the_share_of_journeys_in_which_something_is_done_again(steps, table):
    found = friction.repeated(table(steps)).iloc[0]
    assert (found["n"], found["journeys"], found["estimate"]) == (3, 5, 3 / 5)
    units = engine.collect(friction.repeated_units(table(steps)), order_by=["customer_id", "started_us"])
    assert list(units) == ["customer_id", "started_us", "zero_us", "m", "x"]
    assert (units["x"].tolist(), units["m"].tolist()) == ([1, 1, 1, 0, 0], [1] * 5)
    assert (units["zero_us"] == units["started_us"]).all()


def test_repeated_is_told_by_group_and_clustered(steps_frame, table):
    names = {True: ("x", "x"), False: ("x", "y")}
    steps = steps_frame([(f"c{who:02}", number, go(*names[who < 15])) for who in range(30) for number in range(4)])
    steps["plan"] = np.where(steps["customer_id"] < "c15", "p", None)
    whole = friction.repeated(table(steps)).iloc[0]
    assert (whole["n"], whole["journeys"]) == (30, 120)
    assert whole["high"] - whole["low"] > 0.33  # as of 30 journeys: 0.337; of 120: 0.176
    groups = friction.repeated(table(steps), ["plan"])
    assert told(groups, "plan", "n", "journeys", "estimate") == [("p", 15, 60, 1.0), ("unknown", 15, 60, 0.0)]


@pytest.fixture(scope="module")
def ended(steps, labelled_frame):
    """Outcomes in the order of the journeys; c's journey is lost, but its window has not closed."""
    made = labelled_frame(steps, ["lost", "open", "lost", "lost", "lost"])
    return made.assign(is_mature=[True, False, True, True, False])


def test_customers_leave_at_the_last_touchpoint_of_lost_mature_journeys(steps, ended, table):
    found = friction.leaving(table(steps), table(ended))
    assert told(found, "touchpoint", "n", "entries", "left", "customers", "open") == [
        ("x", 2, 2, 1, 1, 1),  # a's first ended there, a's second is open there, c's has no whole window
        ("y", 2, 2, 1, 1, 0),  # a's first went on to x; b's ended there
        ("unknown", 1, 1, 1, 1, 0),
        ("z", 0, 0, 0, 0, 0),  # only c's: nothing can be said yet
    ]
    assert found["estimate"].tolist()[:3] == [0.5, 0.5, 1]
    assert np.isnan(found["estimate"].tolist()[3])
    assert not found["is_enough"].any()


def test_every_lost_mature_journey_leaves_exactly_once(steps, ended, table):
    found = friction.leaving(table(steps), table(ended))
    mature = ended[ended["is_mature"]]
    assert found["left"].sum() == (mature["outcome"] == "lost").sum() == 3
    assert found["open"].sum() == (ended["outcome"] == "open").sum() == 1


def test_whoever_converted_has_not_left(steps_frame, labelled_frame, table):
    steps = steps_frame([("a", 1, go("x", "y")), ("b", 1, go("y"))])
    found = friction.leaving(table(steps), table(labelled_frame(steps, ["converted", "lost"])))
    assert told(found, "touchpoint", "entries", "left") == [("y", 2, 1), ("x", 1, 0)]


def test_the_wait_before_a_touchpoint_is_an_order_statistic(steps_frame, table):
    lengths = [1, 2, 2, 3, 50, 4, 7, 9, 10, 20]  # sorted: 1 2 2 3 4 7 9 10 20 50
    steps = steps_frame([(f"c{at}", 1, [("web", "x", 0), ("web", "y", hour)]) for at, hour in enumerate(lengths)])
    found = friction.waits(table(steps)).iloc[0]
    # ten customers: ranks 5 ± 3.1, so the 1st and the 10th; nine of ten waits are no longer than the 9th
    assert (found["touchpoint"], found["n"], found["entries"]) == ("y", 10, 10)
    assert (found["estimate"], found["low"], found["high"], found["q90"]) == (4, 1, 50, 20)


def test_waits_that_a_customer_makes_often_tell_little_more(steps_frame, table):
    often = [(f"c{who:02}", number, go("x", "y", every=who + 1)) for who in range(20) for number in range(5)]
    once = [(f"c{who:02}", 0, go("x", "y", every=who + 1)) for who in range(20)]
    one, many = (friction.waits(table(steps_frame(made))).iloc[0] for made in (once, often))
    assert (one["estimate"], many["estimate"]) == (10, 10)
    assert (one["low"], one["high"]) == (5, 16)  # ranks 10 ± 4.4 of 20
    assert (many["low"], many["high"]) == (
        6,
        15,
    )  # ranks 28 and 73 of 100, 50 ± 21.9, where 50 ± 9.8 would be 40 and 61
    assert (many["n"], many["entries"]) == (20, 100)


def test_waits_are_told_by_group_the_longest_first_and_missing_touchpoints_are_unknown(steps_frame, table):
    steps = steps_frame([("a", 1, [("web", "x", 0), ("web", "y", 2), ("web", None, 2)]), ("b", 1, go("x", "y"))])
    steps["plan"] = np.where(steps["customer_id"] == "a", "p", None)
    found = friction.waits(table(steps), ["plan"])
    assert told(found, "plan", "touchpoint", "estimate") == [("p", "y", 2), ("p", "unknown", 0), ("unknown", "y", 1)]
    assert found[["low", "high"]].isna().all(axis=None)  # fewer than six customers
    assert told(friction.waits(table(steps), most=1), "touchpoint", "entries") == [("y", 2)]


def test_without_anything_to_tell_nothing_is_claimed(steps, ended, table):
    none, nobody = table(steps[:0]), table(ended[:0])
    empty = [friction.loops(none), friction.repeated(none), friction.leaving(none, nobody), friction.waits(none)]
    assert ["not_applicable" in found.attrs for found in empty] == [True] * 4
