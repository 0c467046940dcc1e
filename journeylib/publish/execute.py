"""Execute a recipe's notebooks, two at once, and stop at the first that fails.

Each of the two workers is a process with a session of its own, so a time limit or
Ctrl-C ends it together with its kernel, and Ctrl-C reaches nobody but this process.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shutil
import site
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import journeylib
from journeylib.publish import notebook
from journeylib.publish.recipe import Recipe
from journeylib.publish.worker import end_tree

__all__ = ["Failure", "Job", "execute", "jobs"]

_AT_ONCE = 2
_STARTING_SECONDS = 60  # what starting the kernel may add to a notebook's time limit


@dataclass(frozen=True)
class Job:
    """One notebook to execute: its name, its path, its parameters, how many of its cells will run."""

    name: str
    path: Path
    parameters: Mapping[str, Any]
    cells: int


@dataclass(frozen=True)
class Failure:
    """Why a notebook failed: the cell's number and first line, a word for what it was, and all that is known."""

    name: str
    cell: int
    line: str
    kind: str
    said: str


def jobs(recipe: Recipe, settled: Mapping[str, Mapping[str, Any]]) -> list[Job]:
    """The jobs of a recipe's notebooks, whose parameters are `settled`."""
    books = {name: recipe.notebook_path(name) for name in recipe.notebooks}
    cells = {name: sum(not cell.is_interactive for cell in notebook.read(path)) for name, path in books.items()}
    return [Job(name, path, settled[name], cells[name]) for name, path in books.items()]


def execute(jobs: Sequence[Job], folder: Path, *, limit_minutes: float, progress: bool = False) -> Failure | None:
    """Execute the notebooks into `folder`, one file each, beside `log.txt`; the answer is the first failure.

    A cell may take `limit_minutes`, and a whole notebook too. Whatever happens,
    no worker and no kernel is left when this returns or raises.
    """
    from tqdm import tqdm

    waiting, workers = list(jobs), list[_Worker]()
    scratch = Path(tempfile.mkdtemp(prefix="journey-"))
    total = sum(job.cells for job in jobs)
    try:
        with (
            (folder / "log.txt").open("ab") as log,
            selectors.DefaultSelector() as watch,
            tqdm(total=total, desc="report", unit="cell", leave=False, disable=not progress) as bar,
        ):
            for _ in range(min(_AT_ONCE, len(jobs))):
                worker = _Worker(folder, scratch, log, limit_minutes)
                workers.append(worker)
                watch.register(worker.answers, selectors.EVENT_READ, worker)
                worker.give(waiting.pop(0))
            while any(worker.job for worker in workers):
                soonest = min(worker.deadline for worker in workers if worker.job)
                for key, _ in watch.select(timeout=max(0.0, soonest - time.monotonic())):
                    failure = _heard(key.data, waiting, bar)
                    if failure:
                        return failure
                    if key.data.job is None:
                        watch.unregister(key.fileobj)
                for worker in workers:
                    if worker.job and time.monotonic() > worker.deadline:
                        return worker.failure("too slow", f"it took longer than {limit_minutes:g} minutes")
    finally:
        for worker in workers:
            worker.end()
        shutil.rmtree(scratch, ignore_errors=True)
    return None


class _Worker:
    """A worker process and the notebook it is at."""

    def __init__(self, folder: Path, scratch: Path, log: BinaryIO, limit_minutes: float) -> None:
        self.seconds = round(limit_minutes * 60)
        self.job: Job | None = None
        self.deadline = 0.0
        self.cell, self.line = 0, ""
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "journeylib.publish.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            bufsize=0,
            cwd=folder,
            env=_environment(scratch),
            start_new_session=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.orders, self.answers = self.process.stdin, self.process.stdout

    def give(self, job: Job) -> None:
        self.job, self.cell, self.line = job, 0, ""
        self.deadline = time.monotonic() + self.seconds + _STARTING_SECONDS
        said = {"name": job.name, "path": str(job.path), "parameters": job.parameters, "seconds": self.seconds}
        with contextlib.suppress(BrokenPipeError):  # it died; its silence will tell
            self.orders.write(json.dumps(said).encode() + b"\n")

    def failure(self, kind: str, said: str) -> Failure:
        assert self.job is not None
        return Failure(self.job.name, self.cell, self.line, kind, said)

    def end(self) -> None:
        end_tree(self.process.pid)
        self.process.wait()
        self.orders.close()
        self.answers.close()


def _heard(worker: _Worker, waiting: list[Job], bar: Any) -> Failure | None:
    """Take in one answer of a worker, and give it the next notebook when it is done."""
    line = worker.answers.readline()
    if not line:
        return worker.failure("worker died", "its process died, perhaps for want of memory")
    said = json.loads(line)
    if "done" not in said:
        worker.cell, worker.line = said["cell"], said["line"]
        bar.set_postfix_str(f"{worker.job.name if worker.job else ''}, cell {worker.cell}", refresh=False)
        bar.update()
        return None
    if said["failed"]:
        return Failure(name=said["done"], **said["failed"])
    worker.job = None
    if waiting:
        worker.give(waiting.pop(0))
    return None


def _environment(scratch: Path) -> dict[str, str]:
    """What workers and kernels may know of this machine: nothing that could change a number or a picture."""
    theirs = {key: value for key, value in os.environ.items() if key not in ("PYTHONSTARTUP", "MPLBACKEND")}
    home = str(Path(journeylib.__file__).parent.parent)
    first = [] if home in site.getsitepackages() else [home]  # this very package, also from a clone
    fixed = {
        "PYTHONPATH": os.pathsep.join([*first, *filter(None, [theirs.get("PYTHONPATH")])]),
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "TZ": "UTC",
        "IPYTHONDIR": str(scratch / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(scratch),
    }
    threads = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"]
    return theirs | fixed | dict.fromkeys(threads, "1")
