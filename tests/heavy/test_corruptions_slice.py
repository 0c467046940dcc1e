"""A seeded slice of the damaged files of `make torture`."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
_spec = importlib.util.spec_from_file_location("corruptions", Path(__file__).with_name("corruptions.py"))
corruptions = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(corruptions)


@pytest.mark.parametrize("seed", range(30))
def test_a_damaged_file_is_accounted_for_or_refused_by_name(seed):
    _, end, bad = corruptions.damaged(seed)
    assert bad == ""
    assert end in {"loaded", "refused (SourceError)"}
