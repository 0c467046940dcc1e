"""A seeded slice of the comparisons in confounded worlds, and of the ledger's forty groups."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def heavy():
    """The simulations, which import each other from their own folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parent))
        yield import_module("compare")


@pytest.fixture(scope="module")
def rows():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parent))
        yield import_module("simulate_rows")


@pytest.mark.parametrize(
    ("part", "settings"),
    [
        ("shares", {"customers": 60, "alike": None, "effect": 0.0}),
        ("shares", {"customers": 60, "alike": 0.5, "effect": 0.1}),
        ("shares", {"customers": 300, "alike": 0.2, "effect": 0.0, "rarity": 0.15}),
        ("both", {"customers": 60, "alike": 0.5, "effect": 0.0}),
        ("means", {"customers": 60, "alike": 0.5, "effect": 0.0}),
        ("rates", {"customers": 60, "spread": 1.0, "effect": 0.0}),
        ("overlapping", {"customers": 300, "alike": 0.2, "effect": 0.0}),
        ("kitagawa", {"customers": 300, "alike": 0.5}),
    ],
)
def test_the_standardised_difference_keeps_its_word_where_the_crude_one_misleads(heavy, rows, part, settings):
    made = rows.run(rows.Part(getattr(heavy, part), settings), repeats=200, seed=1)
    assert len(made) >= 2
    for row in made:
        said = rows.verdict(row)
        assert not said.startswith("**"), f"{row.what}, {row.setting}: {row.hits} of {row.repeats}, {said}"


def test_forty_groups_of_which_eight_differ_are_claimed_with_few_false(heavy):
    found = heavy.editions(np.random.default_rng(7), 300)
    error = found["false_share"].std() / np.sqrt(len(found))
    assert found["false_share"].mean() - 2.33 * error <= 0.06
    assert found["found"].mean() >= 0.55


def test_of_groups_made_of_journeys_few_claims_are_false(heavy):
    real, none = (heavy.grouped(np.random.default_rng(7), 25, size=size) for size in (3.0, 0.0))
    assert real["found"].mean() >= 0.5
    assert real["false_share"].mean() <= 0.12
    assert binomtest(int((none["false"] > 0).sum()), len(none), 0.05, alternative="greater").pvalue > 0.01
