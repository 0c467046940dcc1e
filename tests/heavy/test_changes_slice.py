"""A seeded slice of the pairs of stores: parts add up, and are what an independent count gives."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def _heavy():
    spec = importlib.util.spec_from_file_location("heavy_changes", Path(__file__).with_name("changes.py"))
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


heavy = _heavy()


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {seed: tmp_path_factory.mktemp(f"seed{seed}") for seed in (0, 1)}


@pytest.mark.parametrize(
    ("seed", "case"),
    [*((0, case) for case in heavy.CASES), *((1, case) for case in ["late events", "other goal", "older code"])],
)
def test_the_parts_of_a_change_add_up_and_are_those_of_a_count_by_hand(folders, seed, case):
    found = heavy.pair(seed, case, folders[seed])
    assert found.gap < 1e-9
    assert found.off < 1e-9
    parted = found.told["restated"], found.told["redefined"]
    if case == "late events":
        assert parted[0] != 0
        assert parted[1] == 0
    elif case == "other identity":
        assert parted[0] == 0
        assert parted[1] != 0
    elif case.endswith("gone"):
        assert parted == (None, None)
        assert found.told["why"] == "code, not kept"
    else:
        assert 0 not in parted
        assert found.told["why"] is None


def test_where_nothing_changes_few_intervals_of_mix_or_rate_leave_out_no_change():
    hits = [hit for seed in range(30) for hit in heavy.null(seed)]
    assert heavy.binomtest(sum(hits), len(hits), 0.05, alternative="greater").pvalue > 0.01
