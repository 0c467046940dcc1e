"""Looks: bounds as published, alpha kept over all the looks, and nothing readable in what is kept."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy.stats import norm

from journeylib.judge.looks import Look, after, allowed, path, seen, sequential, way


def equal(looks):
    """The path of equally spaced looks whose information grows with the data."""
    return tuple((at / looks, float(at)) for at in range(1, looks + 1))


def z_of(p):
    return float(norm.isf(p / 2))


def test_the_bounds_of_five_equal_looks_are_the_published_ones():
    # Lan and DeMets, O'Brien–Fleming spending, two-sided .05: as in the tables of ldbounds and gsDesign.
    found = [z_of(allowed(Look(at, 5, accumulates=True), 0.05, equal(5)[:at])) for at in range(1, 6)]
    assert found == pytest.approx([4.8769, 3.3569, 2.6803, 2.2898, 2.0310], abs=2e-4)


def test_two_looks_are_as_worked_by_the_bivariate_normal():
    from scipy.stats import multivariate_normal

    first, second = (z_of(allowed(Look(at, 2, accumulates=True), 0.05, equal(2)[:at])) for at in (1, 2))
    joint = multivariate_normal(cov=[[1, math.sqrt(0.5)], [math.sqrt(0.5), 1]])
    inside = sum(
        sign * joint.cdf([a, b])
        for a, sa in ((first, 1), (-first, -1))
        for b, sb in ((second, 1), (-second, -1))
        for sign in [sa * sb]
    )
    assert 1 - inside == pytest.approx(0.05, abs=1e-4)


def walks(draw, many, looks):
    """z of null data that accumulate."""
    return draw.normal(size=(many, looks)).cumsum(axis=1) / np.sqrt(np.arange(1, looks + 1))


def test_fifty_two_looks_at_nothing_claim_ever_in_no_more_than_5_percent_of_series():
    z = walks(np.random.default_rng(4), 20_000, 52)
    bounds = [z_of(allowed(Look(at, 52, accumulates=True), 0.05, equal(52)[:at])) for at in range(1, 53)]
    assert (np.abs(z) > bounds).any(axis=1).mean() == pytest.approx(0.05, abs=0.004)
    assert (np.abs(z) > norm.isf(0.025)).any(axis=1).mean() > 0.3  # what an unadjusted look would claim


def test_a_mixture_holds_at_every_look_without_a_plan():
    z = walks(np.random.default_rng(5), 4_000, 300)
    limits = [
        z_of(allowed(Look(at, None, accumulates=True), 0.05, ((1.0, 1.0), (1.0, float(at))))) for at in range(1, 301)
    ]
    assert (np.abs(z) > limits).any(axis=1).mean() < 0.05


def test_parts_add_up_to_alpha_with_a_plan_or_without():
    assert sum(allowed(Look(at, 52), 0.05) for at in range(1, 53)) == pytest.approx(0.05)
    assert sum(allowed(Look(at, None), 0.05) for at in range(1, 10_000)) == pytest.approx(0.05, abs=1e-4)


def test_one_look_alone_is_not_adjusted():
    assert (way(Look()), sequential(Look(), 0.04), allowed(Look(), 0.05)) == ("once", 0.04, 0.05)


def test_a_search_is_a_part_even_where_data_accumulate():
    look = Look(3, 52, accumulates=True)
    assert way(look, is_search=True) == "parts"
    assert sequential(look, 0.0001, is_search=True) == pytest.approx(0.0052)


@pytest.mark.parametrize(
    "look", [Look(4, 5, accumulates=True), Look(4, None, accumulates=True), Look(4, 5), Look(4, None)]
)
@pytest.mark.parametrize("p", [1e-7, 1e-4, 0.003])
def test_the_adjusted_p_is_the_level_that_allows_just_this_p(look, p):
    at = equal(5)[:4]
    level = sequential(look, p, at, most=0.9)
    assert allowed(look, level, at) == pytest.approx(p, rel=1e-4)


def test_without_a_plan_a_cadence_gives_each_year_its_alpha():
    assert sum(allowed(Look(at, None, yearly=52), 0.05) for at in range(53, 105)) == pytest.approx(0.05)
    assert sequential(Look(90, None, yearly=52), 0.0005) == pytest.approx(0.026)


def test_after_the_plan_nothing_is_left_to_claim_with():
    assert allowed(Look(6, 5), 0.05) == 0
    assert sequential(Look(2, 1), 1e-9) == 1
    assert allowed(Look(6, 5, accumulates=True), 0.05, equal(5)) == 0
    assert sequential(Look(6, 5, accumulates=True), 1e-9, equal(5)) == 1


def test_the_share_seen_counts_the_days_before_the_first_edition_and_those_to_come():
    assert seen("2026-01-01", "2026-04-10", number=1, planned=11, cadence_days=10) == 0.5
    assert seen("2026-01-01", "2026-07-19", number=11, planned=11, cadence_days=10) == 1
    assert seen("2026-01-01", "2026-04-10", number=3, planned=13, first="2026-03-21") == 0.5
    assert seen("2026-01-01", "2026-04-10", number=1, planned=4) == 0.25
    assert seen("2026-01-01", "2026-04-10", number=9, planned=None) == 1


def test_the_path_of_a_contrast_is_carried_from_edition_to_edition_as_json():
    state = {}
    for at, error in ((1, 10.0), (2, 8.0), (3, 5.0)):
        look = Look(at, 4, accumulates=True, share=at / 4, before=state)
        here = path(look, "churn/stay/annual", error)
        state = json.loads(json.dumps(after(look, {"churn/stay/annual": error})))
    assert [share for share, _ in here] == [0.25, 0.5, 0.75]
    assert [information for _, information in here] == pytest.approx([1, 2, 4], rel=0.2)


def test_a_look_at_which_a_contrast_was_not_tested_is_left_out_of_its_path():
    first = after(Look(1, 4, accumulates=True, share=0.25), {"a": 10.0})
    second = after(Look(2, 4, accumulates=True, share=0.5, before=first), {"b": 10.0})
    third = Look(3, 4, accumulates=True, share=0.75, before=second)
    assert [share for share, _ in path(third, "a", 6.0)] == [0.25, 0.75]
    assert [share for share, _ in path(third, "b", 6.0)] == [0.5, 0.75]


def test_information_never_falls_where_data_are_restated():
    look = Look(2, 4, accumulates=True, share=0.5, before=after(Look(1, 4, accumulates=True, share=0.25), {"a": 5.0}))
    (_, first), (_, second) = path(look, "a", 9.0)
    assert second > first


def test_what_is_kept_tells_the_size_of_a_group_no_better_than_to_a_quarter():
    def error(customers):  # of a share of a half
        return math.sqrt(0.25 / customers)

    kept = {json.dumps(after(Look(1, 4, accumulates=True), {"a": error(n)})) for n in range(40, 50)}
    assert len(kept) == 2
