"""Scores as if everybody had answered, on customers written by hand and against the formula of post-stratification."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from journeylib import estimates
from journeylib.estimates import mean, plain_sums, share
from journeylib.measures import satisfaction


def world(table, groups, score_type="nps"):
    """Events and customers of {region: (scores of those who answered, how many did not)}."""
    people, given = [], []
    for region, (scores, silent) in groups.items():
        for at in range(len(scores) + silent):
            customer = f"{region}{at:04}"
            people.append((customer, region))
            given += [(customer, 1, float(scores[at]))] if at < len(scores) else []
    events = pd.DataFrame(given, columns=["customer_id", "occurred_us", "score"])
    events = events.assign(event_id=events["customer_id"], score_type=score_type)
    return table(events), table(pd.DataFrame(people, columns=["customer_id", "region"]).astype({"region": "string"}))


def rows(found):
    return {row["kind"]: row for row in found.to_dict("records")}


# 20 in the north answer, 15 of them as promoters, of 25; 10 in the south, all as detractors, of 75.
NORTH_SOUTH = {"north": ([10] * 15 + [7] * 5, 5), "south": ([2] * 10, 65)}


def test_each_stratum_counts_as_much_as_it_has_of_all_customers(table):
    found = rows(satisfaction.reweighted(*world(table, NORTH_SOUTH), ["region"]))
    assert list(found) == ["answered", "reweighted"]
    assert found["answered"]["estimate"] == pytest.approx(100 * (15 - 10) / 30)
    assert found["reweighted"]["estimate"] == pytest.approx(0.25 * 75 + 0.75 * -100)
    assert [found[kind]["n"] for kind in found] == [30, 30]
    assert [found[kind]["customers"] for kind in found] == [100, 100]
    same = estimates.nps(15, 5, 10)
    assert (found["answered"]["low"], found["answered"]["high"]) == pytest.approx((same.low, same.high))


def test_the_interval_is_that_of_post_stratification(table):
    """Σ W² s²/n within strata, and Σ W (r − r̄)²/N for their shares, which are estimated too."""
    draw = np.random.default_rng(3)
    sizes = {"a": (40, 200), "b": (25, 50), "c": (60, 20)}
    groups = {name: (draw.integers(1, 8, many), silent) for name, (many, silent) in sizes.items()}
    found = rows(satisfaction.reweighted(*world(table, groups, "ces"), ["region"], score="ces"))["reweighted"]

    people = np.array([sum(size) for size in sizes.values()])
    share_of = people / people.sum()
    rates = np.array([scores.mean() for scores, _ in groups.values()])
    spread = np.array([scores.var(ddof=1) / len(scores) for scores, _ in groups.values()])
    estimate = share_of @ rates
    variance = share_of**2 @ spread + share_of @ (rates - estimate) ** 2 / people.sum()
    weights = np.array([many for many, _ in sizes.values()])
    equal = 1 / (share_of**2 @ (1 / weights)) - 2  # customers of equal weight, less a rate for two more strata
    half = t.isf(0.025, equal - 1) * math.sqrt(variance)
    assert found["estimate"] == pytest.approx(estimate)
    assert found["high"] - found["low"] == pytest.approx(2 * half, rel=0.02)


def test_with_one_stratum_it_is_the_score_of_those_who_answered(table):
    events, customers = world(table, {"all": ([5] * 20 + [1] * 15, 65)}, "csat")
    found = rows(satisfaction.reweighted(events, customers, ["region"], score="csat"))
    for name in ("estimate", "low", "high"):
        assert found["reweighted"][name] == pytest.approx(found["answered"][name], abs=0.005)


def test_without_strata_there_are_bounds(table):
    events, customers = world(table, {"all": ([5] * 30 + [1] * 10, 60)}, "csat")
    found = rows(satisfaction.reweighted(events, customers, score="csat"))
    assert list(found) == ["answered", "lowest", "highest"]
    assert [found[kind]["estimate"] for kind in found] == pytest.approx([0.75, 0.30, 0.90])
    assert [found[kind]["n"] for kind in found] == [40, 40, 40]
    low, high = share(plain_sums(30, 100)), share(plain_sums(90, 100))
    assert (found["lowest"]["low"], found["highest"]["high"]) == pytest.approx((low.low, high.high))


@pytest.mark.parametrize(("score", "given", "expected"), [("nps", 8, [0, -50, 50]), ("ces", 4, [4, 2.5, 5.5])])
def test_bounds_take_the_ends_of_the_scale(table, score, given, expected):
    events, customers = world(table, {"all": ([given] * 5, 5)}, score)
    found = satisfaction.reweighted(events, customers, score=score)
    assert found["estimate"].tolist() == pytest.approx(expected)
    assert not found["is_enough"].any()
    if score == "ces":
        values = np.array([4] * 5 + [1] * 5)
        same = mean(estimates.Sums(10, 10, values.sum(), 10, values.sum(), (values**2).sum()))
        assert found["low"][1] == pytest.approx(same.low)


def test_a_stratum_with_few_answers_is_left_out_and_said(table):
    groups = {"north": ([10] * 40, 20), "south": ([2] * 4, 36)}
    found = rows(satisfaction.reweighted(*world(table, groups), ["region"]))
    assert found["reweighted"]["estimate"] == 100  # the south has four answers, one too few
    assert (found["reweighted"]["n"], found["reweighted"]["left_out"]) == (40, pytest.approx(0.4))
    assert found["reweighted"]["is_enough"]
    mostly = rows(satisfaction.reweighted(*world(table, {**groups, "south": ([2] * 4, 66)}), ["region"]))
    assert not mostly["reweighted"]["is_enough"]


def test_where_no_stratum_has_five_answers_there_are_bounds(table):
    groups = {name: ([9] * 4, 4) for name in ("a", "b", "c")}
    found = satisfaction.reweighted(*world(table, groups), ["region"])
    assert found["kind"].tolist() == ["answered", "lowest", "highest"]
    assert found["estimate"].tolist() == pytest.approx([100, 0, 100])


def test_an_interval_ends_at_the_ends_of_the_scale(table):
    groups = {"north": ([10] * 6 + [7], 3), "south": ([10] * 6, 60)}
    found = rows(satisfaction.reweighted(*world(table, groups), ["region"]))["reweighted"]
    assert (found["estimate"] < 100, found["high"]) == (True, 100)


def test_everybody_counts_once_by_the_latest_answer_and_others_not_at_all(table):
    events = pd.DataFrame(
        [
            ("a", 1, 1.0, "e1"),
            ("a", 2, 5.0, "e2"),
            ("b", 1, 5.0, "e3"),
            ("b", 1, 2.0, "e4"),
            ("stranger", 1, 1.0, "e5"),
        ],
        columns=["customer_id", "occurred_us", "score", "event_id"],
    ).assign(score_type="csat")
    customers = pd.DataFrame({"customer_id": ["a", "b", "c"], "plan": ["x", "x", None]}).astype({"plan": "string"})
    found = rows(satisfaction.reweighted(table(events), table(customers), score="csat"))
    assert (found["answered"]["n"], found["answered"]["estimate"], found["answered"]["customers"]) == (2, 0.5, 3)
    by_plan = satisfaction.reweighted(table(events), table(customers), score="csat", by=["plan"])
    assert by_plan[["n", "customers"]].values.tolist()[:3] == [[2, 2]] * 3
    silent = by_plan[by_plan["customers"] == 1]  # of the one without a plan nothing is known but the ends
    assert silent["estimate"].tolist() == pytest.approx([math.nan, 0, 1], nan_ok=True)


def test_a_missing_stratum_is_one_of_its_own(table):
    events, _ = world(table, {"all": ([5] * 10, 0)}, "csat")
    names = [f"all{at:04}" for at in range(20)]
    customers = pd.DataFrame({"customer_id": names, "region": ["n"] * 5 + [None] * 15}).astype({"region": "string"})
    found = rows(satisfaction.reweighted(events, table(customers), ["region"], score="csat"))
    assert (found["reweighted"]["n"], found["reweighted"]["left_out"]) == (10, 0)


def test_without_an_answer_it_is_not_applicable(table):
    events, customers = world(table, {"all": ([5] * 3, 1)}, "csat")
    found = satisfaction.reweighted(events, customers, score="nps")
    assert found.attrs["not_applicable"] == "none of the customers gave an NPS score"
