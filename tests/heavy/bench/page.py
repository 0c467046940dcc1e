"""Write the page of benchmarks: what was measured, beside what was aimed at."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil

import journeylib
from bench.questions import QUESTIONS
from bench.runs import Runs

__all__ = ["NAMES", "Found", "rows", "written"]

TEN, HUNDRED = 10_000_000, 100_000_000
# By name and size: seconds, and GiB where that is aimed at too.
TARGETS: Mapping[str, Mapping[int, tuple[float, float | None]]] = {
    "world": {HUNDRED: (360, None)},
    "store": {TEN: (12, 2), HUNDRED: (150, 6)},
    "day": {TEN: (0.5, None), HUNDRED: (3, None)},
    "open": {HUNDRED: (0.2, None)},
    "flow": {TEN: (0.1, None), HUNDRED: (0.3, None)},
    "timeline": {TEN: (0.1, None), HUNDRED: (0.3, None)},
    "edition": {TEN: (60, 2), HUNDRED: (150, 6)},
    "groups": {TEN: (10, None), HUNDRED: (60, None)},
}
RATIO = 1.15  # of ours to SQL by hand, at 10 M
PAIR_SECONDS = {"transitions": 6.0}  # at 100 M; 10 for the others
ALONE = {
    "world": "make the world's files",
    "store": "raw Parquet → store, journeys cut",
    "day": "a new day, 1/365 of the rows, into a store",
    "open": "open a store",
    "flow": "one segment's flow, warm",
    "timeline": "one customer's timeline, warm",
    "edition": "the demo's whole edition",
    "groups": "8 groups in all measures of `segments`",
}
NAMES = {
    "ours": "journeylib",
    "by_hand": "DuckDB SQL by hand",
    "in_polars": "polars",
    "in_pandas": "pandas",
    "in_retentioneering": "retentioneering",
    "floor": "floor: a scan of the columns",
}
_NOTES = {
    "load": "Ours also judges every row, looks for duplicates and placeholders, stitches identities, counts the "
    "records by other code and keeps what a later load asks of it.",
    "sessions": "Ours is the function by which a load cuts journeys; in a store they are cut already.",
    "transitions": "Ours has intervals besides. retentioneering gives its median waits in whole seconds and "
    "between the two middle ones of an even number: its counts of journeys are compared, not its waits.",
    "matrix": "Ours also has how journeys ended, and intervals. retentioneering gives shares; multiplied by "
    "the journeys they are compared.",
    "variants": "Ours labels journeys with their outcome before, as the notebooks do, and has intervals. "
    "retentioneering has no tool for it.",
    "funnel": "Ours also follows entries whose window is open, and has waits and intervals. retentioneering's funnel "
    "has no window: it is compared with SQL for that other question, and its time is that of the easier one.",
}


@dataclass(frozen=True)
class Found:
    """All that was measured: by size, how often, and the rivals' versions."""

    sizes: list[dict[str, Any]]
    repeats: int
    rivals: dict[str, str]


def written(found: Found, pictures: Mapping[str, Path]) -> str:
    """The whole page; `pictures` are the files of the charts, by question."""
    events = ",".join(_short(size["events"]) for size in found.sizes)
    sizes = [_size(size) for size in found.sizes]
    lines = [
        "# Benchmarks", "", "Written by `make bench`:", "",
        f"    python tests/heavy/bench --events {events} --repeats {found.repeats}", "",
        _machine(found), "", *sizes, "",
        "Every measurement is of a process of its own, and of a further one each time it is repeated: seconds and "
        f"processor seconds are medians of {found.repeats}. Memory is the most that a process ever held, Python with "
        "all that it imports included; of an edition, its largest process. Growth is the time over that at the size "
        "before. The load average is that before each run.", "",
        "To repeat one row, on its own and without writing this page:", "",
        "    python tests/heavy/bench --events 10M --only NAME", "",
        "## Loading, looking, publishing", "", *_alone(found), "",
        "Warm: asked once before in the same process. After a new day the store's events and customers are, by their "
        "fingerprint, those of a load of all files; a run in which they are not ends without this page.", "",
        "## Beside SQL by hand that gives the same answer", "", *_pairs(found), "",
        "A row is repeated by its name: `--only \"top paths\"`. "
        "The SQL stands in `tests/heavy/bench/pairs_sql.py` and reads the store's own files. Both gave the same "
        "numbers, intervals included, before they were timed in turn in one process; the ratio is the median over "
        "pairs. Ours includes opening the store and writing its query, a few hundredths of a second at any size.", "",
        "## The same questions to others", "",
        "Each is given the same table of accepted events, one Parquet file in order of customer and time, and "
        "answers in a process of its own, reading included. The answers are the same, to the microsecond; else this "
        "page is not written. A rival may take 20 minutes and 20 GiB.", "",
    ]  # fmt: skip
    for question, text in QUESTIONS.items():
        lines += [f"### {text}", ""]
        if question in pictures:
            lines += [f"![{text}: seconds by contestant and size]({pictures[question].name})", ""]
        lines += [*_contest(found, question), "", f"`--only {question}`. {_NOTES[question]}", ""]
    return "\n".join(line if line.startswith(("|", " ", "!", "#")) else textwrap.fill(line, 110) for line in lines)


def rows(found: Found) -> str:
    """Only the tables of what was measured."""
    tables = [_alone(found), _pairs(found), *(_contest(found, question) for question in QUESTIONS)]
    texts = ["\n".join(table) for table in tables]
    return "\n\n".join(text for text in texts if text)


def _alone(found: Found) -> Iterator[str]:
    if any(size["alone"] for size in found.sizes):
        yield "| What | `--only` | Events | Seconds | CPU seconds | Peak memory | Growth | Target | Load before |"
        yield "|---|---|--:|--:|--:|--:|--:|---|--:|"
    for name, text in ALONE.items():
        before = None
        for size in found.sizes:
            if name not in size["alone"]:
                continue
            runs = size["alone"][name]
            target = TARGETS[name].get(size["events"])
            cells = [text, f"`{name}`", _short(size["events"]), _seconds(runs.time), f"{median(runs.cpu):.2f}"]
            cells += [_memory(runs), _growth(size, runs.time, before), _met(runs, target), _loads(runs)]
            yield f"| {' | '.join(cells)} |"
            before = (size, runs.time)


def _pairs(found: Found) -> Iterator[str]:
    if any(size["pairs"] for size in found.sizes):
        yield "| Numbers | Events | journeylib | SQL | Ratio | Growth | Target | Load before |"
        yield "|---|--:|--:|--:|--:|--:|---|--:|"
    for name in dict.fromkeys(name for size in found.sizes for name in size["pairs"]):
        before = None
        for size in found.sizes:
            runs = size["pairs"][name]
            ours, sql = (median(runs.answer[which]) for which in ("ours", "sql"))
            ratio = median(one / other for one, other in zip(runs.answer["ours"], runs.answer["sql"], strict=True))
            target = ""
            if size["events"] == TEN:
                target = f"ratio ≤ {RATIO}: {_yes(ratio <= RATIO)}"
            if size["events"] == HUNDRED:
                most = PAIR_SECONDS.get(name, 10.0)
                target = f"≤ {most:g} s: {_yes(ours <= most)}"
            cells = [name, _short(size["events"]), _seconds(ours), _seconds(sql), f"{ratio:.2f}"]
            yield f"| {' | '.join([*cells, _growth(size, ours, before), target, _loads(runs)])} |"
            before = (size, ours)


def _contest(found: Found, question: str) -> Iterator[str]:
    sizes = [size for size in found.sizes if question in size["contest"]]
    if not sizes:
        return
    heads = [f"{_short(size['events'])}: seconds | CPU | Memory | Growth" for size in sizes]
    yield "| | " + " | ".join(heads) + " |"
    yield "|---|" + "--:|--:|--:|--:|" * len(sizes)
    for contestant, name in NAMES.items():
        cells, before = [name], None
        for size in sizes:
            runs = size["contest"][question].get(contestant)
            if runs is None or runs.failed:
                cells += [runs.failed if runs else "–", "", "", ""]
                continue
            cells += [_seconds(runs.time), f"{median(runs.cpu):.2f}", _memory(runs), _growth(size, runs.time, before)]
            before = (size, runs.time)
        if any(contestant in size["contest"][question] for size in sizes) or found.rivals:
            yield f"| {' | '.join(cells)} |"


def _met(runs: Runs, target: tuple[float, float | None] | None) -> str:
    if target is None:
        return ""
    most, gib = target
    is_met = runs.time <= most and (gib is None or runs.memory <= gib * 1024)
    return f"≤ {most:g} s" + (f", {gib:g} GiB" if gib else "") + f": {_yes(is_met)}"


def _growth(size: dict[str, Any], seconds: float, before: tuple[dict[str, Any], float] | None) -> str:
    if before is None:
        return ""
    times = size["events"] / before[0]["events"]
    return f"{seconds / before[1]:.1f} × for {times:.3g} ×"


def _yes(is_met: bool) -> str:
    return "yes" if is_met else "**no**"


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f}" if seconds >= 10 else f"{seconds:.2f}" if seconds >= 0.1 else f"{seconds:.3f}"


def _memory(runs: Runs) -> str:
    return f"{runs.memory / 1024:.2f} GiB"


def _loads(runs: Runs) -> str:
    return ", ".join(f"{load:.1f}" for load in runs.load)


def _short(events: int) -> str:
    return f"{events / 1_000_000:g}M" if events >= 1_000_000 else f"{events / 1_000:g}k"


def _size(size: dict[str, Any]) -> str:
    told = size["size"]
    return (
        f"{_short(size['events'])}: {told['events']:,} accepted events of {told['customers']:,} customers in "
        f"{told['journeys']:,} journeys."
    )


def _machine(found: Found) -> str:
    ours = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in ("duckdb", "narwhals", "pandas", "pyarrow")
    )
    theirs = ", ".join(f"{name} {version}" for name, version in found.rivals.items())
    beside = f" The rivals run in an environment of their own: {theirs}." if theirs else ""
    return (
        f"{_processor()}, {os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GB, {platform.system()}, "
        f"Python {platform.python_version()}, journeylib {journeylib.__version__}, {ours}.{beside}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
