"""Measure how long a large CSV file takes to load, beside DuckDB merely copying it to Parquet.

    python tests/heavy/bench_load.py --rows 10000000 --repeats 3 --to docs/benchmarks-load.md

The two run in turn, each in a process of its own. The copy reads, sniffs and writes; a load also counts
the records by other code, judges every row, settles duplicates, stitches identities and cuts journeys.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb
from tqdm import tqdm

import journeylib

ROOT = Path(__file__).parent.parent.parent
MAPPING = {
    "columns": {
        "event_id": "messageId", "customer_id": ["userId", "anonymousId"], "occurred_at": "timestamp",
        "touchpoint": "event", "channel": "channel", "revenue": "revenue", "currency": "currency",
    },
    "time": {"zone": "UTC"},
    "identity": {"mode": "replay"},
}  # fmt: skip
# A third of the events carry a person, twenty events a device, two devices a person.
EVENTS = """
COPY (
    SELECT 'm' || lpad(i::VARCHAR, 9, '0') AS "messageId",
        CASE WHEN hash(i) % 3 = 0 THEN lpad((hash(i * 7) % people)::VARCHAR, 7, '0') END AS "userId",
        'd' || hash(i * 7) % people + (CASE WHEN hash(i * 3) % 5 = 0 THEN people ELSE 0 END) AS "anonymousId",
        strftime(TIMESTAMP '2025-01-01' + INTERVAL (hash(i * 11) % 47000000) SECOND, '%Y-%m-%dT%H:%M:%S.%fZ')
            AS "timestamp",
        ['page viewed', 'searched', 'basket filled', 'checkout started', 'order placed', 'signed in', 'contacted']
            [(hash(i * 13) % 7 + 1)::INT] AS "event",
        ['web', 'app', 'chat', 'phone', 'store'][(hash(i * 17) % 5 + 1)::INT] AS "channel",
        CASE WHEN hash(i * 19) % 10 = 0 THEN ((hash(i * 23) % 20000) / 100.0)::DECIMAL(10, 2) END AS "revenue",
        'EUR' AS "currency"
    FROM (SELECT range AS i, $rows // 20 AS people FROM range($rows))
) TO '{path}' (HEADER)
"""


def main(arguments: list[str] | None = None) -> int:
    """Make the file, measure both, write the page."""
    parser = argparse.ArgumentParser(description="Measure the load of a large CSV file beside DuckDB's copy of it.")
    parser.add_argument("--rows", type=int, default=10_000_000, help="(%(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="the median of so many is shown (%(default)s)")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "benchmarks-load.md", help="the page (%(default)s)")
    asked = parser.parse_args(arguments)
    found: dict[str, list[dict[str, Any]]] = {"copy": [], "load": []}
    load_average = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="bench-load-") as folder:
        path = Path(folder) / "events.csv"
        duckdb.connect().execute(EVENTS.format(path=path), {"rows": asked.rows})
        size = path.stat().st_size
        for _ in tqdm(range(asked.repeats), desc="bench", disable=None):
            for name, work in [("copy", _copy), ("load", _load)]:
                with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                    found[name].append(pool.submit(work, path).result())
    page = _page(asked, found, size, load_average)
    asked.to.write_text(page, encoding="utf-8")
    print(page)
    return 0


def _copy(path: Path) -> dict[str, Any]:
    began = time.perf_counter()
    duckdb.connect().execute(f"COPY (FROM read_csv('{path}')) TO '{path.with_suffix('.parquet')}'")
    return _measured(began)


def _load(path: Path) -> dict[str, Any]:
    began = time.perf_counter()
    done = journeylib.load(path, mapping=MAPPING, store=path.parent / "store")
    assert done["status"] == "loaded"
    measured = _measured(began)
    shutil.rmtree(path.parent / "store")
    return measured


def _measured(began: float) -> dict[str, Any]:
    seconds, used = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    return {"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss / 1024}


def _page(asked: argparse.Namespace, found: dict[str, list[dict[str, Any]]], size: int, load_average: float) -> str:
    median = {
        name: {what: statistics.median(one[what] for one in times) for what in times[0]}
        for name, times in found.items()
    }
    ratios = [ours["seconds"] / theirs["seconds"] for ours, theirs in zip(found["load"], found["copy"], strict=True)]
    names = {"copy": "DuckDB: `read_csv`, then `COPY … TO` Parquet", "load": "`journey load`, journeys cut"}
    return "\n".join(
        [
            "# Benchmarks: loading a large CSV file",
            "",
            "Written by `make bench`:",
            "",
            f"    python tests/heavy/bench_load.py --rows {asked.rows} --repeats {asked.repeats}",
            "",
            f"{asked.rows:,} events, {size / 1e6:,.0f} MB, {os.cpu_count()} cores, Python {platform.python_version()}, "
            f"duckdb {duckdb.__version__}, load average {load_average:.1f} when it began, medians of {asked.repeats}.",
            "",
            "| | Seconds | CPU seconds | Peak memory |",
            "|---|--:|--:|--:|",
            *(
                f"| {names[name]} | {one['seconds']:.1f} | {one['cpu']:.1f} | {one['peak']:,.0f} MB |"
                for name, one in median.items()
            ),
            "",
            f"Ratio of seconds, median over pairs: {statistics.median(ratios):.1f}. The target is 2.5, within 3 GiB.",
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
