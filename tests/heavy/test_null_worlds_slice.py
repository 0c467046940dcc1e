"""A seeded slice of the null worlds: nothing is claimed where nothing is, and what is planted is found."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def worlds():
    spec = importlib.util.spec_from_file_location("null_worlds", Path(__file__).with_name("null_worlds.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules["null_worlds"] = module
    spec.loader.exec_module(module)
    return module


def test_single_editions_of_nothing_claim_no_more_than_chance_allows(worlds):
    [found] = worlds.run("single", seeds=20).values()
    assert not worlds.above(sum(bool(one.claims) for one in found), 20)
    assert sum(one.is_raw for one in found) > 4


@pytest.mark.parametrize("way", ["accumulating", "week on week"])
def test_series_of_nothing_claim_ever_no_more_than_chance_allows(worlds, way):
    for found in worlds.run(way, seeds=4, looks=8).values():
        assert not worlds.above(sum(bool(one.claims) for one in found), 4)


@pytest.mark.parametrize("plant", ["stay", "share", "window"])
def test_what_is_planted_is_found_in_a_single_edition(worlds, plant):
    [found] = worlds.run("single", seeds=3, first=10_000, plant=plant).values()
    assert sum(plant in one.claims for one in found) >= 1


def test_what_is_planted_is_found_by_a_series(worlds):
    [one, open_one] = worlds.told(10_000, "accumulating", looks=6, plant="stay", customers=600)
    assert one.claims["stay"][-1] == open_one.claims["stay"][-1] == 6
    [changed] = worlds.told(10_000, "week on week", looks=4, plant="change", customers=900)
    assert changed.claims["change"] == [3]


def test_so_many_false_claims_are_above_5_percent(worlds):
    assert [worlds.above(hits, 200) for hits in (10, 18, 20)] == [False, False, True]


def test_the_page_tells_claims_verdict_and_power(worlds):
    nothing, false = worlds.Told({}, True), worlds.Told({"stay": [9]}, True)
    nulls = {"accumulating": [nothing] * 19 + [false], "week on week": [false] * 20}
    late = worlds.Told({"stay": [20, 21]}, True)
    text = worlds.page(nulls, {("accumulating", "stay"): [late, nothing]})
    assert "| accumulating | 52 | 1 of 20 (5.0%) | not above 5 % | 100% |" in text
    assert "| week on week | 52 | 20 of 20 (100.0%) | **above 5 %** | 100% |" in text
    assert "| 50% of 2 | 0% | 50% | 50% |" in text
