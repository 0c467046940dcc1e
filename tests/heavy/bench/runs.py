"""Measure one answer in a process of its own: its seconds, processor seconds and peak memory.

    python -m bench.runs MODULE NAME WORLD ANSWER

A module has `ANSWERS`, functions of a world's folder by name; `READY`, what is to be done before, untimed; and
`WARM`, the names of those that are asked once before they are timed. This file needs nothing but Python, so that
every contestant can run it in its own environment, and so that the process which starts the others stays small:
a process that is started by a large one is taken for as large.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

__all__ = ["Runs", "measure"]

HEAVY = Path(__file__).parent.parent
_OUT_OF_MEMORY = re.compile(r"MemoryError|[Oo]ut of [Mm]emory|memory allocation|Unable to allocate|bad_alloc")


@dataclass
class Runs:
    """The runs of one answer: what each took, the load average before it, and the answer; or why there is none."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peak: list[float] = field(default_factory=list)  # MiB
    load: list[float] = field(default_factory=list)
    answer: Any = None
    failed: str = ""

    @property
    def time(self) -> float:
        """The median of the seconds."""
        return median(self.seconds)

    @property
    def memory(self) -> float:
        """The most that any run ever held, in MiB."""
        return max(self.peak)


def measure(
    module: str,
    name: str,
    world: Path,
    *,
    repeats: int = 1,
    python: str = sys.executable,
    most_seconds: float = 3600,
    most_gib: float | None = None,
    is_rival: bool = False,
) -> Runs:
    """Ask `module` for the answer `name` about a world, each time in a fresh process.

    A rival that needs more than `most_seconds` or `most_gib` of memory, or says that it has too little, has `failed`
    and is not asked again; of anything else that goes wrong, and of ours, the run ends with what was said.
    """
    found = Runs()
    paths = [str(HEAVY), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}
    if most_gib:
        environment["BENCH_MOST_GIB"] = str(most_gib)
    for _ in range(repeats):
        with tempfile.TemporaryDirectory(prefix="bench-answer-") as folder:
            into = Path(folder) / "answer.json"
            command = [python, "-m", "bench.runs", module, name, str(world), str(into)]
            try:
                done = subprocess.run(
                    command, env=environment, capture_output=True, text=True, check=False, timeout=most_seconds
                )
            except subprocess.TimeoutExpired:
                if not is_rival:
                    raise
                found.failed = f"more than {most_seconds / 60:.0f} min"
                break
            if done.returncode:
                is_short = done.returncode in (-6, -9) or _OUT_OF_MEMORY.search(done.stderr)
                if is_rival and is_short:
                    found.failed = "too little memory"
                    break
                raise SystemExit(f"{module} did not answer {name}:\n{done.stdout}{done.stderr}")
            said = json.loads(into.read_text(encoding="utf-8"))
        for what in ("seconds", "cpu", "peak", "load"):
            getattr(found, what).append(said[what])
        found.answer = said["answer"]
    return found


def _main(module: str, name: str, world: Path, into: Path) -> None:
    if most := os.environ.get("BENCH_MOST_GIB"):
        size = int(float(most) * 2**30)
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))
    asked = importlib.import_module(f"bench.{module}")
    work = asked.ANSWERS[name]
    if prepare := getattr(asked, "READY", {}).get(name):
        prepare(world)
    if name in getattr(asked, "WARM", ()):
        work(world)
    load, began, spent = os.getloadavg()[0], time.perf_counter(), _spent()
    answer = work(world)
    seconds, cpu = time.perf_counter() - began, _spent() - spent
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    said = {"seconds": seconds, "cpu": cpu, "peak": peak, "load": load, "answer": answer}
    into.write_text(json.dumps(said), encoding="utf-8")


def _spent() -> float:
    """Processor seconds of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
