"""Transitions and flows, on journeys written by hand and against a second way of counting."""

from __future__ import annotations

import numpy as np
import pytest

from journeylib.errors import ParameterError
from journeylib.measures import paths


def go(*names, every=1):
    return [("web", name, hour * every) for hour, name in enumerate(names)]


def test_a_transition_counts_once_a_journey_and_every_wait_counts(steps_frame, table):
    steps = steps_frame(
        [
            ("a", 1, [("web", "x", 0), ("web", "y", 1), ("web", "x", 2), ("web", "y", 5)]),  # x → y twice: 1 h, 3 h
            ("a", 2, go("x", "y", every=10)),
            ("b", 1, go("x")),  # no transition, still a journey
        ]
    )
    found = paths.transitions(table(steps))
    assert found[["source", "target"]].to_numpy().tolist() == [["x", "y"], ["y", "x"]]
    assert found["journeys"].tolist() == [2, 1]
    assert found["estimate"].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert found["wait_hours"].tolist() == [3, 1]
    assert (set(found["n"]), found["customers"].tolist()) == ({2}, [1, 1])
    assert np.isnan(found["wait_low"]).all()


def test_the_same_touchpoint_again_is_a_transition(steps_frame, table):
    found = paths.transitions(table(steps_frame([("a", 1, go("x", "x"))])))
    assert found[["source", "target"]].to_numpy().tolist() == [["x", "x"]]


def test_ties_are_sorted_by_name_and_only_the_most_frequent_stay(steps_frame, table):
    steps = steps_frame(
        [("a", 1, go("x", "z")), ("b", 1, go("x", "y")), ("c", 1, go("q", "r")), ("d", 1, go("q", "r"))]
    )
    found = paths.transitions(table(steps), most=2)
    assert found[["source", "target"]].to_numpy().tolist() == [["q", "r"], ["x", "y"]]


@pytest.mark.parametrize("customers", [6, 7, 40, 101])
def test_the_median_wait_is_an_order_statistic_with_a_binomial_interval(steps_frame, table, customers):
    waits = np.random.default_rng(customers).permutation(customers) + 1
    steps = steps_frame([(str(at), 1, go("x", "y", every=int(wait))) for at, wait in enumerate(waits)])
    found = paths.transitions(table(steps)).iloc[0]
    reach = 1.959963984540054 * customers**0.5 / 2
    assert found["wait_hours"] == int(np.ceil(customers / 2))
    assert found["wait_low"] == max(1, np.floor(customers / 2 - reach))
    assert found["wait_high"] == min(customers, np.ceil(customers / 2 + reach) + 1)


def test_the_wait_interval_covers_the_median_when_customers_repeat(steps_frame, table):
    draw, hits = np.random.default_rng(5), 0
    for _ in range(20):
        own = draw.normal(0, 0.6, 60)  # a customer's own pace
        steps = steps_frame(
            [
                (str(at), number, go("x", "y", every=float(np.exp(pace + draw.normal(0, 1)))))
                for at, pace in enumerate(own)
                for number in range(int(draw.integers(1, 6)))
            ]
        )
        found = paths.transitions(table(steps)).iloc[0]
        hits += found["wait_low"] <= 1 <= found["wait_high"]
    assert hits >= 17


@pytest.fixture(scope="module")
def many(steps_frame):
    draw = np.random.default_rng(4)
    names = np.array(["web", "chat", "phone", "store", "mail"])
    journeys = []
    for customer in range(60):
        for number in range(int(draw.integers(1, 4))):
            length = int(draw.integers(1, 8))
            chosen = draw.choice(names, length, p=[0.4, 0.3, 0.15, 0.1, 0.05])
            journeys.append(
                (f"{customer:02}", number, [(str(name), f"{name}!", hour) for hour, name in enumerate(chosen)])
            )
    return steps_frame(journeys)


@pytest.fixture(scope="module")
def labelled(many, labelled_frame):
    draw = np.random.default_rng(6)
    return labelled_frame(many, draw.choice(["converted", "lost", "open"], (many["step"] == 1).sum()))


def counted_again(steps, labelled, columns, most):
    """Links of the channel flow, counted journey by journey."""
    ends = dict(
        zip(zip(labelled["customer_id"], labelled["started_us"], strict=True), labelled["outcome"], strict=True)
    )
    stays = {}
    for key, journey in steps.sort_values(["occurred_us", "event_id"]).groupby(["customer_id", "started_us"]):
        names = journey["channel"].tolist()
        stays[key] = [name for at, name in enumerate(names) if at == 0 or name != names[at - 1]][:columns]
    kept = []
    for column in range(columns):
        sizes = {}
        for names in stays.values():
            if len(names) > column:
                sizes[names[column]] = sizes.get(names[column], 0) + 1
        kept.append(sorted(sizes, key=lambda name, sizes=sizes: (-sizes[name], name))[:most])
    links = {}
    for key, names in stays.items():
        folded = [name if name in kept[at] else "other" for at, name in enumerate(names)]
        for column in range(min(len(folded), columns - 1)):
            end = {"converted": "converted", "lost": "drop-off", "open": "open"}[ends[key]]
            link = (column + 1, folded[column], folded[column + 1] if column + 1 < len(folded) else end)
            links[link] = links.get(link, 0) + 1
    return links


@pytest.mark.parametrize(("columns", "most"), [(4, 8), (4, 2), (3, 1), (6, 3)])
def test_the_flow_is_what_a_count_journey_by_journey_finds(many, labelled, table, columns, most):
    found = paths.flow(table(many), table(labelled), columns=columns, most=most)
    links = {(row["step"], row["source"], row["target"]): row["journeys"] for row in found.to_dict("records")}
    assert links == counted_again(many, labelled, columns, most)


def test_what_flows_in_flows_out(many, labelled, table):
    found = paths.flow(table(many), table(labelled), columns=5, most=3)
    first = found[found["step"] == 1]
    assert first["journeys"].sum() == len(labelled)
    assert first["estimate"].sum() == pytest.approx(1)
    for step in (2, 3, 4):
        into = found[(found["step"] == step - 1) & ~found["target"].isin(["converted", "drop-off", "open"])]
        out = found[found["step"] == step]
        assert into.groupby("target")["journeys"].sum().to_dict() == out.groupby("source")["journeys"].sum().to_dict()


def test_a_flow_of_touchpoints_keeps_repetitions(steps_frame, labelled_frame, table):
    steps = steps_frame([("a", 1, go("x", "x", "y"))])
    labelled = labelled_frame(steps, ["lost"])
    found = paths.flow(table(steps), table(labelled), of="touchpoint")
    links = found[["step", "source", "target"]].to_numpy().tolist()
    assert links == [[1, "x", "x"], [2, "x", "y"], [3, "y", "drop-off"]]
    whole = paths.flow(table(steps), table(labelled))
    assert whole[["source", "target"]].to_numpy().tolist() == [["web", "drop-off"]]


def test_steps_of_journeys_that_are_not_labelled_do_not_flow(many, labelled, table):
    some = labelled.head(10)
    found = paths.flow(table(many), table(some))
    assert found[found["step"] == 1]["journeys"].sum() == 10


def test_an_unknown_kind_of_flow_is_refused(many, labelled, table):
    with pytest.raises(ParameterError, match="touchpoint"):
        paths.flow(table(many), table(labelled), of="colour")


def test_no_second_step_is_not_applicable(steps_frame, table):
    assert "not_applicable" in paths.transitions(table(steps_frame([("a", 1, go("x"))]))).attrs
