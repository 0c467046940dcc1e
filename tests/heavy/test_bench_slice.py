"""A slice of `make bench`: every measurement of a world of a thousand customers, without the rivals' environment."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest

pytestmark = pytest.mark.slow
_HEAVY = Path(__file__).parent
# All but a whole edition, which other tests publish.
_ONLY = ["world", "store", "day", "open", "flow", "timeline", "groups"]
_PAIRS = ["transitions", "top paths", "step matrix", "survival counts", "scores by week"]
_QUESTIONS = ["load", "sessions", "matrix", "variants", "funnel"]


@pytest.fixture(scope="module")
def heavy():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(_HEAVY))
        yield import_module


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What the command prints."""
    command = [sys.executable, str(_HEAVY / "bench"), "--events", "30k", "--repeats", "1", "--without-rivals"]
    command += ["--work", str(tmp_path_factory.mktemp("bench"))]
    command += [word for name in [*_ONLY, *_PAIRS, *_QUESTIONS] for word in ("--only", name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_everything_is_measured(told):
    for name in _ONLY:
        assert f"| `{name}` | 30k | " in told
    for name in _PAIRS:
        assert f"| {name} | 30k | " in told
    assert told.count("\n| journeylib | ") == told.count("\n| DuckDB SQL by hand | ") == len(_QUESTIONS) + 1


def _runs(heavy, **answer):
    return heavy("bench.runs").Runs([2.0], [1.5], [300.0], [0.1], answer)


def test_a_page_tells_targets_growth_and_failures(heavy, tmp_path):
    page, charts, runs = heavy("bench.page"), heavy("bench.charts"), heavy("bench.runs")
    pair = _runs(heavy, ours=[1.2, 1.2], sql=[1.0, 1.0])
    contest = {"ours": _runs(heavy), "in_pandas": runs.Runs(failed="too little memory")}
    sizes = [
        {
            "events": events, "size": {"events": events, "customers": 9, "journeys": 5},
            "alone": {"day": _runs(heavy)}, "pairs": {"transitions": pair}, "contest": {"funnel": contest},
        }
        for events in (1_000_000, 10_000_000)
    ]  # fmt: skip
    found = page.Found(sizes, 1, {"pandas": "3"})
    pictures = charts.draw(found, tmp_path / "benchmarks.md")
    written = page.written(found, pictures)
    assert "≤ 0.5 s: **no**" in written
    assert "ratio ≤ 1.15: **no**" in written
    assert "1.0 × for 10 ×" in written
    assert "too little memory" in written
    assert pictures["funnel"].stat().st_size < 100_000
    assert pictures["funnel"].name in written


def test_answers_that_differ_are_told(heavy):
    differences = heavy("bench.questions").differences
    assert differences({"ours": [["a", 1]], "theirs": [["a", 1]]}) == []
    assert differences({"ours": [["a", 1]], "theirs": []}) == ["theirs: 0 rows in place of 1"]


def test_a_measure_and_its_sql_that_differ_in_an_interval_are_refused(heavy):
    sums = {"customers": 40, "m": 40, "x": 10, "mm": 40, "xm": 10, "xx": 10, "marked": 10, "path": "a"}
    theirs = pd.DataFrame([sums])
    pairs = heavy("bench.pairs")
    ours = pd.DataFrame([pairs.share(pairs.Sums.of(sums)).row(path="a", journeys=10, customers=10)])
    pairs.compare(ours, theirs)
    with pytest.raises(AssertionError, match="low"):
        pairs.compare(ours.assign(low=ours["low"] + 1e-9), theirs)


def test_a_rival_without_memory_is_told_and_anything_else_ends_the_run(heavy, tmp_path, monkeypatch):
    measure = heavy("bench.runs").measure
    monkeypatch.setattr(heavy("bench.runs"), "HEAVY", tmp_path)
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "__init__.py").write_text("")
    (tmp_path / "bench" / "runs.py").write_text((_HEAVY / "bench" / "runs.py").read_text())
    (tmp_path / "bench" / "greedy.py").write_text("def more(_):\n    raise MemoryError\nANSWERS = {'more': more}\n")
    assert measure("greedy", "more", tmp_path, is_rival=True).failed == "too little memory"
    with pytest.raises(SystemExit, match="greedy did not answer more"):
        measure("greedy", "more", tmp_path)
