"""From a company's files to a published edition: the same inputs give the same pages, in whatever order."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import journeylib
from journeylib.data import worlds

ROOT = Path(__file__).parent.parent


def _project(folder: Path, *, shuffled: bool = False) -> Path:
    """A project with the demo recipe over a small world."""
    worlds.make(folder / "sources", customers=600, seed=11)
    if shuffled:
        _shuffle(folder / "sources")
    journeylib.load(mapping=folder / "sources" / "mapping.toml", store=folder / "stores" / "demo")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=shutil.ignore_patterns(".*"))
    (folder / "reports").mkdir()
    shutil.copy(ROOT / "reports" / "demo.toml", folder / "reports")
    return folder


def _shuffle(sources: Path) -> None:
    for path in sources.glob("*.parquet"):
        table = pq.read_table(path)
        pq.write_table(table.take(np.random.default_rng(0).permutation(len(table))), path)
    for path in sources.glob("*.csv"):
        head, *lines = path.read_text(encoding="utf-8").splitlines()
        random.Random(0).shuffle(lines)
        path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")


def _run(project: Path) -> tuple[int, dict]:
    command = [sys.executable, "-m", "journeylib", "run", "reports/demo.toml", "--json"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def _files(project: Path) -> dict[str, bytes]:
    [latest] = project.glob("reports/demo/latest")
    return {path.name: path.read_bytes() for path in latest.iterdir()} | {"edition": latest.resolve().name.encode()}


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    project = _project(tmp_path_factory.mktemp("first"))
    code, answer = _run(project)
    assert (code, answer["status"]) == (0, "published"), answer
    return project


def test_the_same_rows_in_another_order_give_the_same_bytes(published, tmp_path):
    again = _project(tmp_path, shuffled=True)
    assert _run(again)[0] == 0
    first, second = _files(published), _files(again)
    assert sorted(first) == sorted(second)
    assert [name for name in first if first[name] != second[name]] == []


def test_running_again_publishes_nothing_and_says_so(published):
    before = _files(published)
    code, answer = _run(published)
    assert (code, answer["status"]) == (0, "already published")
    assert _files(published) == before


def test_the_edition_answers_the_question_asked_beforehand(published):
    judged = json.loads((published / "reports/demo/latest/findings.json").read_text(encoding="utf-8"))
    assert [question["verdict"] for question in judged["questions"]] == ["supported"]


def test_the_published_folder_holds_what_pages_show_and_no_more(published):
    assert sorted(_files(published)) == [
        "churn.html",
        "edition",
        "findings.json",
        "index.html",
        "manifest.json",
        "overview.html",
        "review.html",
        "segments.html",
        "sources.html",
    ]
    assert (published / "reports" / "index.html").exists()


def test_executed_notebooks_stay_in_a_private_folder(published):
    [private] = published.glob("stores/demo.private")
    assert private.stat().st_mode & 0o077 == 0
    assert list(private.rglob("churn.ipynb"))


def test_a_failing_notebook_publishes_nothing_and_names_the_cell(published):
    before = _files(published)
    notebook = published / "notebooks" / "churn.ipynb"
    kept = notebook.read_text(encoding="utf-8")
    notebook.write_text(kept.replace("churn.incidence(durations", "churn.incidence(1 / 0"), encoding="utf-8")
    code, answer = _run(published)
    notebook.write_text(kept, encoding="utf-8")
    assert code == 1
    assert "ZeroDivisionError" in answer["message"]
    assert "churn" in answer["message"]
    assert "cell" in answer["message"]
    assert _files(published) == before
    assert "failed" in (published / "reports" / "index.html").read_text(encoding="utf-8")


def test_every_wrong_parameter_is_refused_at_once_before_a_kernel_starts(published):
    recipe = published / "reports" / "demo.toml"
    kept = recipe.read_text(encoding="utf-8")
    wrong = kept.replace("horizon_days = 365", "horizon_dayz = 365\nlandmark = 3")
    wrong = wrong.replace("step_within_days = 1", 'step_within_days = "1"')
    recipe.write_text(wrong, encoding="utf-8")
    code, answer = _run(published)
    recipe.write_text(kept, encoding="utf-8")
    assert code == 2
    assert "horizon_dayz" in answer["message"]
    assert "horizon_days" in answer["message"]
    assert "landmark" in answer["message"]
    assert "step_within_days" in answer["message"]
