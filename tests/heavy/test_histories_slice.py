"""A seeded slice of the histories that `make torture` lets stores grow by."""

from __future__ import annotations

import histories
import pytest

pytestmark = pytest.mark.slow


def test_a_store_that_grew_is_the_store_of_all_files(tmp_path):
    seen = sum((histories.history(tmp_path / str(seed), seed) for seed in (1, 2)), start=histories.Counter())
    assert {name: number for name, number in seen.items() if name.startswith("differing") and number} == {}
    assert seen["loads that grew"] > 3
