"""A seeded slice of `make torture`: its parts, side by side, each with nothing bad to report."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
_PARTS = {"loads": 1, "growth": 1, "runs": 1, "corruptions": 8}


@pytest.fixture(scope="module")
def tortures(tmp_path_factory):
    """The parts, started together; a part that is still at work at the end is stopped."""
    folder = tmp_path_factory.mktemp("torture")
    started = {}
    for part in _PARTS:
        asked = [word for name, times in _PARTS.items() for word in (f"--{name}", str(times if name == part else 0))]
        command = [sys.executable, str(Path(__file__).with_name("torture.py")), *asked, "--to", str(folder / part)]
        started[part] = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    yield started
    for one in started.values():
        one.terminate()
        one.communicate()


def _found(torture):
    said, _ = torture.communicate(timeout=300)
    return torture.returncode, said


def test_a_killed_load_leaves_the_old_store_or_the_new_one(tortures):
    code, page = _found(tortures["loads"])
    assert code == 0, page
    assert f"{_PARTS['loads']} attempts, 0 bad" in page


def test_a_killed_load_of_a_further_file_leaves_the_old_store_or_the_new_one(tortures):
    code, page = _found(tortures["growth"])
    assert code == 0, page
    assert f"{_PARTS['growth']} attempts, 0 bad" in page


def test_a_killed_run_leaves_no_half_edition_and_no_kernel(tortures):
    code, page = _found(tortures["runs"])
    assert code == 0, page
    assert f"{_PARTS['runs']} attempts, 0 bad" in page


def test_a_damaged_source_is_accounted_for_row_by_row_or_refused_by_name(tortures):
    code, page = _found(tortures["corruptions"])
    assert code == 0, page
    assert f"{_PARTS['corruptions']} attempts, 0 bad" in page
