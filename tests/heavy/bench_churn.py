"""Measure churn at size: counts, curves and a test of 100 million customers, Cox regression of 1 and 10 million.

    python tests/heavy/bench_churn.py --repeats 5 --to docs/benchmarks-churn.md

Tables are made in DuckDB and lie in Parquet files, as a store's do. Every measurement runs in a process of its
own, so its peak memory is its own. Before, numbers from counts and from day sums are compared with those from rows,
worked out here in another way. Nothing here passes or fails by a time; a target that is missed is told.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import narwhals.stable.v2 as nw
import psutil
from bench_churn_rows import COVARIATES, compared, made
from tqdm import tqdm

import journeylib
from journeylib import engine
from journeylib.measures import churn

ROOT = Path(__file__).parent.parent.parent


class Task(NamedTuple):
    """What is measured of how many, and what is asked of it."""

    what: str
    rows: int
    work: Callable[[nw.LazyFrame], Any]
    seconds: float | None = None


def main(arguments: list[str] | None = None) -> int:
    """Compare, measure, write the page."""
    parser = argparse.ArgumentParser(description="Measure churn at size; write the page.")
    parser.add_argument("--customers", type=int, default=100_000_000, help="to count (%(default)s)")
    parser.add_argument("--rows", type=int, default=10_000_000, help="the larger Cox regression (%(default)s)")
    parser.add_argument("--repeats", type=int, default=5, help="the median of so many is shown (%(default)s)")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "benchmarks-churn.md", help="(%(default)s)")
    asked = parser.parse_args(arguments)
    # The package that is imported here, in children too.
    os.environ["PYTHONPATH"] = str(Path(journeylib.__file__).parent.parent)
    tasks = [
        Task("counts", asked.customers, _counts),
        Task("counts, five curves and log-rank", asked.customers, _shared, 5),
        Task("the same five curves and log-rank, each from the customers", asked.customers, _apart),
        Task("Cox, 20 covariates", asked.rows // 10, _cox, 10),
        Task("Cox, 20 covariates", asked.rows, _cox, 90),
    ]
    load_average = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="bench-churn-") as folder:
        same = _in_a_process(compared, Path(folder))
        found: list[tuple[Task, list[dict[str, float]]]] = []
        for task in tqdm(tasks, desc="bench churn", disable=None):  # None: only on a terminal
            path = Path(folder) / f"{'explained' if task.work is _cox else 'followed'}-{task.rows}.parquet"
            if not path.exists():
                _in_a_process(made, path, task.rows)
            found.append((task, [_in_a_process(_measured, path, task.work) for _ in range(asked.repeats)]))
    page = _page(asked, same, found, load_average)
    asked.to.write_text(page, encoding="utf-8")
    print(page)
    return 0


def _counts(followed: nw.LazyFrame) -> Any:
    return churn.collapsed(followed, ["plan"])


def _shared(followed: nw.LazyFrame) -> Any:
    counts = churn.collapsed(followed, ["plan"])
    return churn.curve(counts, ["plan"]), churn.logrank(counts, ["plan"])


def _apart(followed: nw.LazyFrame) -> Any:
    return churn.curve(followed, ["plan"]), churn.logrank(followed, ["plan"])


def _cox(followed: nw.LazyFrame) -> Any:
    return churn.model(followed, COVARIATES)


def _measured(path: Path, work: Callable[[nw.LazyFrame], Any]) -> dict[str, float]:
    table = engine.scan([path])
    engine.collect(table.head(1))  # what is loaded once a process is loaded
    began, load = time.perf_counter(), os.getloadavg()[0]
    work(table)
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "load": load, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2}


def _in_a_process(work: Callable[..., Any], *arguments: Any) -> Any:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


# The page


def _page(
    asked: argparse.Namespace,
    same: Sequence[tuple[str, float, float]],
    found: Sequence[tuple[Task, list[dict[str, float]]]],
    load_average: float,
) -> str:
    about = (
        f"{os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GB, {platform.system()}, Python "
        f"{platform.python_version()}, duckdb {duckdb.__version__}. Seconds are the median of {asked.repeats} runs, "
        "each in a process of its own that reads Parquet files made in DuckDB. Memory is the highest that a run ever "
        "held, Python with the package included; it should stay within 4 GiB. The load average was "
        f"{load_average:.1f} when all began; that before each run stands beside it. Of the customers who are counted "
        "one in five enters late."
    )
    lines = [
        "# Benchmarks: churn at size",
        "",
        "Written by `make bench`:",
        "",
        f"    python tests/heavy/bench_churn.py --repeats {asked.repeats}",
        "",
        *textwrap.wrap(about, 110),
        "",
        "| What | Customers | Seconds | Each run | Target | Peak memory | Load before |",
        "|---|--:|--:|--:|--:|--:|--:|",
        *(_line(task, runs) for task, runs in found),
        "",
        "## The same numbers another way",
        "",
        "| What | Largest difference | May be | |",
        "|---|--:|--:|---|",
        *(f"| {what} | {gap:.1e} | {most:.0e} | {'yes' if gap <= most else '**no**'} |" for what, gap, most in same),
        "",
    ]
    return "\n".join(lines)


def _line(task: Task, runs: Sequence[dict[str, float]]) -> str:
    seconds = statistics.median(one["seconds"] for one in runs)
    peak = max(one["peak"] for one in runs)
    met = "" if task.seconds is None else f"≤ {task.seconds:g}: {'yes' if seconds <= task.seconds else '**missed**'}"
    each, loads = (", ".join(f"{one[name]:.1f}" for one in runs) for name in ("seconds", "load"))
    memory = f"{peak:.2f} GiB" + ("" if peak <= 4 else ", **above 4**")
    return f"| {task.what} | {task.rows:,} | {seconds:.1f} | {each} | {met} | {memory} | {loads} |"


if __name__ == "__main__":
    sys.exit(main())
