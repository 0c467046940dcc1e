"""Measure how long things take, how much memory they need and how both grow; the answer is a page.

    python tests/heavy/bench.py --customers 5000,50000 --repeats 3 --to docs/benchmarks.md

Every operation runs in a process of its own, so its peak memory is its own. Beside three of
them stands SQL for DuckDB, written by hand, that gives the same numbers: they are compared
first, then timed in turn. Nothing here passes or fails by a time.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import io
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb
import narwhals.stable.v2 as nw
import pandas as pd
import psutil
from tqdm import tqdm

import journeylib
from journeylib import engine
from journeylib.data import worlds
from journeylib.estimates import Sums, Z, share
from journeylib.journeys import outcomes, segments
from journeylib.journeys.view import Store
from journeylib.measures import channels, churn, paths, trends

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ["duckdb", "narwhals", "pandas", "pyarrow", "lifelines"]
Seconds = list[float]


def main(arguments: list[str] | None = None) -> int:
    """Measure what the command line asks for and write the page."""
    parser = argparse.ArgumentParser(description="Measure speed and memory; write the page of benchmarks.")
    parser.add_argument("--customers", default="5000,50000", help="sizes of the worlds (%(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="the median of so many is shown (%(default)s)")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "benchmarks.md", help="the page (%(default)s)")
    asked = parser.parse_args(arguments)
    sizes = [int(size) for size in asked.customers.split(",")]
    os.environ["PYTHONPATH"] = str(
        Path(journeylib.__file__).parent.parent
    )  # the package imported here, in children too
    load_average = os.getloadavg()[0]
    tasks = [(size, name) for size in sizes for name in [*OPERATIONS, "beside SQL"]]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        found: dict[tuple[int, str], Any] = {}
        for size, name in tqdm(tasks, desc="bench", disable=None):
            work = _beside_sql if name == "beside SQL" else _alone
            found[size, name] = _in_a_process(work, Path(folder) / str(size), size, name, asked.repeats)
        published = _publishing(Path(folder), Path(folder) / str(sizes[0]) / "store", asked.repeats)
    page = _page(asked, sizes, found, published, load_average)
    asked.to.parent.mkdir(parents=True, exist_ok=True)
    asked.to.write_text(page, encoding="utf-8")
    print(page)
    return 0


# One operation in one process


def _make(folder: Path, customers: int) -> Callable[[], Any]:
    def work() -> Any:
        with contextlib.redirect_stderr(io.StringIO()):  # its own progress bar
            return worlds.make(folder / "sources", customers=customers, seed=1)

    return work


def _load(folder: Path, _: int) -> Callable[[], Any]:
    def work() -> Any:
        shutil.rmtree(folder / "store", ignore_errors=True)
        return journeylib.load(mapping=folder / "sources" / "mapping.toml", store=folder / "store")

    return work


def _measure(work: Callable[[Store], Any]) -> Callable[[Path, int], Callable[[], Any]]:
    return lambda folder, _: lambda: work(journeylib.open_store(folder / "store"))


def _flow(store: Store) -> pd.DataFrame:
    return paths.flow(store.steps, outcomes.label(store, touchpoint="order placed", within_days=30))


def _conversion(store: Store) -> pd.DataFrame:
    times = {"start_us": store.start_us, "ends_us": store.ends_us}
    return trends.conversion(store.events, "checkout started", "order placed", within_days=1, **times)


def _by_plan(store: Store) -> nw.LazyFrame:
    return segments.attach(churn.contractual(store), store, {"plan": "customers.plan"}, at="zero_us")


OPERATIONS: dict[str, Callable[[Path, int], Callable[[], Any]]] = {
    "make the world": _make,
    "load it": _load,
    "transitions": _measure(lambda store: paths.transitions(store.steps)),
    "flow by channel": _measure(_flow),
    "bounces": _measure(lambda store: channels.bounces(store.steps)),
    "conversion by week": _measure(_conversion),
    "Kaplan–Meier by plan": _measure(lambda store: churn.curve(_by_plan(store), ["plan"])),
}


def _alone(folder: Path, customers: int, name: str, repeats: int) -> dict[str, Any]:
    work = OPERATIONS[name](folder, customers)
    began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = [_timed(work) for _ in range(repeats)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found: dict[str, Any] = {"seconds": seconds, "began": began / 1024, "peak": peak / 1024}
    if name == "load it":
        found["events"] = journeylib.open_store(folder / "store").facts["events"]
    return found


def _in_a_process(work: Callable[..., Any], *arguments: Any) -> Any:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def _timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


# Beside SQL written by hand

_TRANSITIONS = f"""
WITH moves AS (
    SELECT customer_id, started_us, wait_us, previous_touchpoint AS source, touchpoint AS target
    FROM read_parquet($steps) WHERE step > 1
), units AS (
    SELECT customer_id, count(*) AS m FROM read_parquet($steps) WHERE step = 1 GROUP BY ALL
), total AS (
    SELECT count(*) AS customers, sum(m) AS m, sum(m * m) AS mm FROM units
), made AS (
    SELECT customer_id, source, target, count(DISTINCT started_us) AS x FROM moves GROUP BY ALL
), sums AS (
    SELECT source, target, count(*) AS marked, sum(x) AS x, sum(x * m) AS xm, sum(x * x) AS xx
    FROM made JOIN units USING (customer_id) GROUP BY ALL ORDER BY x DESC, source, target LIMIT 12
), waits AS (
    SELECT source, target, list_sort(list(wait_us)) AS waits, len(waits) AS times,
        {Z} / 2 / sqrt(any_value(marked)) AS reach
    FROM moves JOIN sums USING (source, target) GROUP BY ALL
)
SELECT source, target, marked, customers, x, total.m, mm, xm, xx,
    waits[ceil(times / 2)::BIGINT] / 3.6e9 AS wait_hours,
    waits[greatest(floor(times * (0.5 - reach)), 1)::BIGINT] / 3.6e9 AS wait_low,
    waits[least(ceil(times * (0.5 + reach)) + 1, times)::BIGINT] / 3.6e9 AS wait_high
FROM sums JOIN waits USING (source, target) CROSS JOIN total ORDER BY x DESC, source, target
"""

_FIRST_CHANNELS = """
WITH started AS (
    SELECT customer_id, coalesce(first_channel, 'unknown') AS channel, count(*) AS x
    FROM read_parquet($journeys) GROUP BY ALL
), units AS (
    SELECT customer_id, sum(x) AS m FROM started GROUP BY ALL
), total AS (
    SELECT count(*) AS customers, sum(m) AS m, sum(m * m) AS mm FROM units
)
SELECT channel, count(*) AS marked, any_value(customers) AS customers, sum(x) AS x, any_value(total.m) AS m,
    any_value(mm) AS mm, sum(x * units.m) AS xm, sum(x * x) AS xx
FROM started JOIN units USING (customer_id) CROSS JOIN total GROUP BY channel ORDER BY x DESC, channel
"""

_SURVIVAL = """
WITH people AS (
    SELECT coalesce(plan, 'unknown') AS plan, signed_up_on - DATE '1970-01-01' AS signed_up,
        ended_on - DATE '1970-01-01' AS ended, ended IS NOT NULL AND ended < $ends AS has_left
    FROM read_parquet($customers)
    WHERE signed_up < $ends AND (ended IS NULL OR (ended >= $begins AND ended >= signed_up))
)
SELECT plan, greatest($begins - signed_up, 0) AS entry_day,
    CASE WHEN has_left THEN ended + 1 ELSE $ends END - signed_up AS day, has_left, count(*) AS customers
FROM people GROUP BY ALL ORDER BY ALL
"""


def _transitions(store: Store) -> pd.DataFrame:
    return paths.transitions(store.steps)


def _first_channels(store: Store) -> pd.DataFrame:
    return channels.first(store.journeys)


def _survival(store: Store) -> pd.DataFrame:
    by = ["plan", "entry_day", "day", "has_left"]
    return engine.collect(_by_plan(store).group_by(*by).agg(customers=nw.len()), order_by=by)


BESIDE_SQL = {
    "transitions": (_transitions, _TRANSITIONS),
    "first channels": (_first_channels, _FIRST_CHANNELS),
    "survival counts by plan": (_survival, _SURVIVAL),
}


def _beside_sql(folder: Path, _: int, __: str, repeats: int) -> dict[str, tuple[Seconds, Seconds]]:
    """Time each measure and its SQL in turn, after making sure that they give the same numbers."""
    store = journeylib.open_store(folder / "store")
    snapshot = folder / "store" / "snapshots" / json.loads((folder / "store" / "manifest.json").read_text())["snapshot"]
    day = 86_400_000_000
    files = {"steps": "events", "journeys": "journeys", "customers": "customers"}  # a step stands with its event
    values: dict[str, Any] = {name: str(snapshot / f"{file}*.parquet") for name, file in files.items()}
    values |= {"begins": store.begins_us // day, "ends": store.ends_us // day}
    connection = duckdb.connect()
    found = {}
    for name, (measure, sql) in BESIDE_SQL.items():
        own = {key: value for key, value in values.items() if f"${key}" in sql}

        def ours(measure: Any = measure) -> pd.DataFrame:
            return measure(journeylib.open_store(folder / "store"))

        def theirs(sql: str = sql, own: dict[str, Any] = own) -> pd.DataFrame:
            return connection.execute(sql, own).df()

        _same(ours(), theirs())
        times: tuple[Seconds, Seconds] = ([], [])
        for turn in range(repeats):
            for place in [0, 1] if turn % 2 == 0 else [1, 0]:
                times[place].append(_timed((ours, theirs)[place]))
        found[name] = times
    return found


def _same(ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    """Raise where a measure and its SQL differ in anything that the measure says."""
    if "estimate" in ours:
        rows = theirs.to_dict("records")
        shares = [
            share(Sums.of(row)).row(journeys=int(row["x"]), customers=int(row["marked"]), **_others(row))
            for row in rows
        ]
        theirs = pd.DataFrame(shares)
    theirs = theirs[list(ours.columns)]
    pd.testing.assert_frame_equal(ours, theirs, check_dtype=False, rtol=1e-12, atol=0)


def _others(row: dict[Any, Any]) -> dict[str, Any]:
    return {
        name: row[name]
        for name in ["channel", "source", "target", "wait_hours", "wait_low", "wait_high"]
        if name in row
    }


# A report


def _publishing(folder: Path, store: Path, repeats: int) -> dict[str, Seconds]:
    """Seconds of `journey run reports/demo.toml` over this store, and of running it again."""
    project = folder / "project"
    (project / "stores").mkdir(parents=True)
    shutil.copytree(store, project / "stores" / "demo")
    shutil.copytree(ROOT / "notebooks", project / "notebooks", ignore=shutil.ignore_patterns(".*"))
    found: dict[str, Seconds] = {"published": [], "already published": []}
    for _ in tqdm(range(repeats), desc="reports", disable=None):
        for old in [project / "reports", project / "stores" / "demo.private"]:
            shutil.rmtree(old, ignore_errors=True)
        (project / "reports").mkdir()
        shutil.copy(ROOT / "reports" / "demo.toml", project / "reports")
        for expected, seconds in found.items():
            began = time.perf_counter()
            command = [sys.executable, "-m", "journeylib", "run", "reports/demo.toml", "--json"]
            done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
            seconds.append(time.perf_counter() - began)
            if done.returncode or json.loads(done.stdout)["status"] != expected:
                raise SystemExit(f"journey run did not answer {expected}: {done.stdout}{done.stderr}")
    return found


# The page


def _page(
    asked: argparse.Namespace,
    sizes: list[int],
    found: dict[tuple[int, str], Any],
    published: dict[str, Seconds],
    load_average: float,
) -> str:
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    machine = f"{_processor()}, {os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GB"
    imported = min(found[sizes[0], name]["began"] for name in OPERATIONS)
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`:",
        "",
        f"    python tests/heavy/bench.py --customers {asked.customers} --repeats {asked.repeats}",
        "",
        f"{machine}, {platform.system()}, Python {platform.python_version()}, journeylib {journeylib.__version__}, "
        f"{versions}. The load average was {load_average:.1f} when it began. Times are medians of {asked.repeats}.",
        "",
        "## How long, how much, and how it grows",
        "",
        *_table(sizes, found),
        "",
        "Each line ran in a process of its own and ended with its numbers in hand. Memory is the highest that "
        f"the process ever held, of which {imported:.0f} MB are Python with the package imported. A measure's time "
        "includes opening the store. Growth is the time at the largest size over that at the smallest.",
        "",
        "## Beside SQL written by hand",
        "",
        "| Numbers | Customers | journeylib | SQL | Ratio |",
        "|---|--:|--:|--:|--:|",
        *_beside_lines(sizes, found),
        "",
        "The SQL stands in `tests/heavy/bench.py`. Both gave the same numbers, intervals included, before they were "
        "timed in turn; the ratio is the median over pairs. It counts what surrounds a query too, a few "
        "hundredths of a second whatever the size: opening the store, writing the query, checking columns.",
        "",
        "## A report",
        "",
        f"`journey run reports/demo.toml`, {sizes[0]:,} customers: {_median(published['published']):.1f} s. "
        f"Run again, it is already published: {_median(published['already published']):.1f} s.",
        "",
    ]
    return "\n".join(line if line.startswith(("|", " ")) else textwrap.fill(line, 110) for line in lines)


def _table(sizes: list[int], found: dict[tuple[int, str], Any]) -> Iterator[str]:
    events = [found[size, "load it"]["events"] for size in sizes]
    heads = [f"{size:,} customers, {count:,} events" for size, count in zip(sizes, events, strict=True)]
    yield "| | " + " | ".join(heads) + (f" | Growth for {events[-1] / events[0]:.1f} × the events |")
    yield "|---|" + "--:|" * (len(sizes) + 1)
    for name in OPERATIONS:
        seconds = [_median(found[size, name]["seconds"]) for size in sizes]
        cells = [
            f"{spent:.2f} s, {found[size, name]['peak']:.0f} MB" for size, spent in zip(sizes, seconds, strict=True)
        ]
        yield f"| {name} | " + " | ".join(cells) + f" | {seconds[-1] / seconds[0]:.1f} × |"


def _beside_lines(sizes: list[int], found: dict[tuple[int, str], Any]) -> Iterator[str]:
    for name in BESIDE_SQL:
        for size in sizes:
            ours, theirs = found[size, "beside SQL"][name]
            ratio = _median([one / other for one, other in zip(ours, theirs, strict=True)])
            yield f"| {name} | {size:,} | {_median(ours):.3f} s | {_median(theirs):.3f} s | {ratio:.2f} |"


def _median(seconds: Seconds) -> float:
    return statistics.median(seconds)


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


if __name__ == "__main__":
    sys.exit(main())
