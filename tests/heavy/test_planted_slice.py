"""A seeded slice of the planted worlds: what differs is recovered, what only seems to differ is not claimed."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def heavy():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parent))
        yield import_module("planted")


@pytest.fixture(scope="module")
def seen(heavy):
    return heavy.run([1, 2], customers=2_500)


@pytest.mark.parametrize(
    "pool",
    [
        "planted differences",
        "planted hazard ratios",
        "attributes that mean nothing",
        "confounded, like with like",
        "announced, not there",
    ],
)
def test_a_pool_of_effects_keeps_its_word(heavy, seen, pool):
    hits, many, p, _ = heavy.pooled(seen, heavy.POOLS[pool])
    assert many >= 5
    assert p >= 0.01, f"{hits} of {many}"


@pytest.mark.parametrize("effect", ["channel, crude", "follow-up, crude", "devices, crude"])
def test_the_crude_difference_is_claimed_where_only_who_is_compared_differs(heavy, seen, effect):
    hits, many, p, _ = heavy.pooled(seen, [effect])
    assert heavy.verdict("crude", hits, many, p).startswith("claimed")


@pytest.mark.parametrize("effect", ["club", "ces", "stay", "drift, rate", "drift, mix"])
def test_a_planted_difference_is_claimed_on_its_side(seen, effect):
    own = [one for one in seen if one.effect == effect]
    assert [one.is_claimed and one.estimate * one.truth > 0 for one in own] == [True, True]


@pytest.mark.parametrize("effect", ["leaving, annual", "leaving, campaign, early"])
def test_a_planted_hazard_ratio_is_claimed_on_its_side(seen, effect):
    own = [one for one in seen if one.effect == effect]
    assert [one.is_claimed and (one.estimate > 1) == (one.truth > 1) for one in own] == [True, True]


def test_every_effect_is_measured_in_every_world(heavy, seen):
    many = {effect: sum(one.effect == effect for one in seen) for effect in heavy.EFFECTS}
    tens = {"null, converted": 20, "null, NPS": 20, "null, leaving": 20}
    assert many == {effect: tens.get(effect, 2) for effect in heavy.EFFECTS}


def test_comparisons_that_are_not_enough_are_not_counted(heavy):
    held = heavy.Seen("club", 0.05, 0.04, 0.01, 0.07, 0.01, True)
    missed = held._replace(estimate=0.01, low=-0.01, high=0.03, p=0.4)
    few = missed._replace(is_enough=False)
    assert heavy.pooled([held] * 3 + [missed] + [few] * 9, ["club"])[:2] == (3, 4)
    assert heavy.pooled([held, missed], ["club"])[3] == 0.5
    assert heavy.pooled([few], ["club"])[:2] == (0, 0)


def test_a_contrast_without_a_p_is_claimed_by_its_interval(heavy):
    one = heavy.Seen("channel, crude", 0.0, -0.2, -0.3, -0.1, np.nan, True)
    assert one.is_claimed
    assert not one._replace(high=0.1).is_claimed


def test_the_page_judges_pools_and_effects(heavy):
    held = heavy.Seen("club", 0.05, 0.04, 0.01, 0.07, 0.01, True)
    false = heavy.Seen("follow-up", 0.0, 0.04, 0.01, 0.07, 0.01, True)
    text = heavy.page([held] * 40 + [false] * 40, count=40, customers=2_000, first=1)
    assert "| **planted differences**, pooled |  | 40 | 1.000 | 1.000 | 0.267 | recovered |" in text
    assert "| converted journeys, members less others | +5 points | 40 | 1.000 | 1.000 | 0.267 | recovered |" in text
    assert "inside the first talk | 0 | 40 |  | 1.000 | < 0.001 | **claimed too often** |" in text
