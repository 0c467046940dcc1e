"""Guards: each says what there is, what is needed and what would help."""

from __future__ import annotations

import pytest

from journeylib.judge import guards


def told(guard):
    return guard["guard"], guard["status"], guard["have"], guard["needed"]


def stratum(name, estimate, half, n=200):
    ends = {"n": n, "estimate": estimate, "low": estimate - half, "high": estimate + half}
    return {"stratum": name, "group": "annual", "baseline": "monthly", **ends}


CRUDE = {"group": "annual", "baseline": "monthly", "estimate": 12.0}


def test_sizes_are_those_of_the_methods():
    assert [guards.customers(n)["status"] for n in (29, 30)] == ["refuse", "ok"]
    assert [guards.departures(n)["status"] for n in (9, 10)] == ["refuse", "ok"]
    assert [guards.at_risk(n, 100)["status"] for n in (9, 10)] == ["refuse", "ok"]
    assert [guards.at_risk(n, 1000)["status"] for n in (49, 50)] == ["refuse", "ok"]
    assert [guards.events_per_parameter(n, 2)["status"] for n in (19, 20, 39, 40)] == [
        "refuse",
        "caution",
        "caution",
        "ok",
    ]
    assert [guards.seasons(days, 365)["status"] for days in (729, 730)] == ["refuse", "ok"]


def test_a_difference_that_turns_round_in_every_segment_is_told_beside_the_standardised_one():
    guard = guards.reversal(CRUDE, [stratum("north", -6, 4, n=300), stratum("south", -10, 4, n=100)])
    assert told(guard)[1:] == ("caution", 2, 0)
    assert (guard["figures"]["crude"], guard["figures"]["standardised"]) == (12, -7)
    assert guard["figures"]["turned"] == ["north", "south"]
    assert guard["remedy"] == "standardise"


def test_segments_that_agree_are_ok_and_small_or_wavering_ones_turn_nothing_round():
    assert guards.reversal(CRUDE, [stratum("north", 9, 4), stratum("south", 14, 4)])["status"] == "ok"
    assert guards.reversal(CRUDE, [stratum("north", 9, 4), stratum("south", -30, 4, n=29)])["status"] == "ok"
    assert guards.reversal(CRUDE, [stratum("north", 9, 4), stratum("south", -3, 4)])["status"] == "ok"
    assert guards.reversal(CRUDE, [])["status"] == "ok"


def test_the_strata_of_another_pair_say_nothing_of_this_one():
    other = {**stratum("north", -9, 4), "group": "trial"}
    assert guards.reversal(CRUDE, [other])["status"] == "ok"


@pytest.mark.parametrize(
    ("row", "status"),
    [
        ({"estimate": 14.0, "median": 10.0}, "ok"),
        ({"estimate": 16.0, "median": 10.0}, "caution"),
        ({"estimate": 6.0, "median": 10.0}, "caution"),
        ({"estimate": 10.0, "median": 10.0, "top_share": 0.3}, "caution"),
        ({"estimate": 10.0, "median": 10.0, "modes": 2}, "caution"),
        ({"estimate": None, "median": None}, "ok"),
    ],
)
def test_a_mean_misleads_far_from_its_median_with_a_heavy_tail_or_two_modes(row, status):
    assert guards.distribution([row])["status"] == status


@pytest.mark.parametrize(("days", "status"), [(110, "ok"), (140, "caution"), (151, "refuse")])
def test_a_comparison_of_unequal_exposure_is_refused_above_one_and_a_half(days, status):
    guard = guards.exposure({"annual": days, "monthly": 100})
    assert (guard["status"], guard["figures"]["longest"]) == (status, "annual")


def test_a_group_defined_by_what_came_later_is_refused():
    guard = guards.future("2026-06-30", "2026-03-01")
    assert (guard["status"], guard["remedy"]) == ("refuse", "landmark")
    assert guards.future("2026-03-01", "2026-03-01")["status"] == "ok"


def test_a_difference_within_its_noise_has_no_side_that_could_turn_round():
    inside = [{"stratum": "north", "group": "x", "baseline": "y", "n": 90, "estimate": -0.2, "low": -0.9, "high": 0.5}]
    noise = {"group": "x", "baseline": "y", "estimate": 0.1, "low": -0.4, "high": 0.6}
    assert guards.reversal(noise, inside)["status"] == "ok"
    assert guards.reversal({**noise, "low": 0.05}, inside)["status"] == "caution"
    turned = [{**inside[0], "high": -0.1}]
    assert guards.reversal(noise, turned)["status"] == "caution"  # hidden by its mixture
