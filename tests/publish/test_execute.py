"""Notebooks run in real kernels, and whatever happens no kernel is left."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

from journeylib.publish import execute as executing
from journeylib.publish.execute import Failure, Job, execute

PEEK = """
import json, os, sys, time
known = ["PYTHONHASHSEED", "TZ", "OMP_NUM_THREADS"]
said = {key: os.environ[key] for key in known} | {"days": days, "python": sys.executable, "folder": os.getcwd()}
print(json.dumps(said | {"parent": os.getppid(), "kernel": os.getpid()}))
"""


def job(project: Any, name: str, *cells: dict[str, Any], **parameters: Any) -> Job:
    path = project.notebook(name, *cells, parameters="days = 60")
    return Job(name, path, parameters, cells=len(cells) + 2)


def failing(project: Any, source: str, *, minutes: float = 1.0) -> Failure:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    failure = execute([job(project, "bad", project.code(source), days=1)], project.root, limit_minutes=minutes)
    assert failure is not None
    after = {child.pid for child in psutil.Process().children(recursive=True)}
    assert project.alive(after - before) == []
    return failure


def printed(path: Path) -> list[dict[str, Any]]:
    book = nbformat.read(path, as_version=4)
    streams = [
        output.text for cell in book.cells for output in cell.get("outputs", []) if output.output_type == "stream"
    ]
    return [json.loads(text) for text in streams]


def test_three_notebooks_run_in_two_workers_that_know_nothing_of_the_machine(project: Any) -> None:
    jobs = [
        job(project, f"peek{n}", project.code("1 / 0", "interactive"), project.code(PEEK), days=n) for n in range(3)
    ]
    assert execute(jobs, project.root, limit_minutes=1) is None
    said = [printed(project.root / f"peek{n}.ipynb")[0] for n in range(3)]
    assert [one["days"] for one in said] == [0, 1, 2]
    assert {(one["PYTHONHASHSEED"], one["TZ"], one["OMP_NUM_THREADS"]) for one in said} == {("0", "UTC", "1")}
    assert {os.path.realpath(one["python"]) for one in said} == {os.path.realpath(sys.executable)}
    assert {one["folder"] for one in said} == {str(project.root / "notebooks")}
    assert len({one["parent"] for one in said}) == 2
    assert project.alive(one[kind] for one in said for kind in ["kernel", "parent"]) == []


def test_a_killed_kernel_is_a_failure(project: Any) -> None:
    failure = failing(project, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert (failure.cell, failure.kind) == (3, "kernel died")


def test_a_notebook_that_stops_before_its_end_is_a_failure(project: Any) -> None:
    assert failing(project, "import sys; sys.exit(0)").kind == "stopped early"


def test_a_slow_cell_is_stopped_at_the_limit_with_all_it_started(project: Any) -> None:
    started = time.monotonic()
    left = project.root / "left"
    source = "import subprocess\nmade = subprocess.Popen(['sleep', '60'])\n"
    source += f"print(made.pid, file=open({str(left)!r}, 'w'), flush=True)\nmade.wait()"
    failure = failing(project, source, minutes=0.05)
    assert (failure.cell, failure.kind, failure.said) == (3, "too slow", "it took longer than 0.05 minutes")
    assert time.monotonic() - started < 30
    assert project.alive([int(left.read_text())]) == []


def test_the_outer_limit_holds_where_no_cell_is_too_slow_by_itself(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executing, "_STARTING_SECONDS", 0.5)
    failure = failing(project, "import time; time.sleep(60)", minutes=0.001)
    assert failure.kind == "too slow"
