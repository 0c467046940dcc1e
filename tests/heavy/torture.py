"""Torture the package: kill it while it loads and runs, and damage what it reads; the answer is a page.

    python tests/heavy/torture.py --loads 15 --runs 15 --corruptions 60 --seed 0 --to docs/torture.md

Half of the kills come at a random moment, the other half while the new store or edition
is being put in its place, which takes too few milliseconds to be met by chance. Exit
code 1 where anything bad is found; the page says what.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import gzip
import hashlib
import io
import json
import os
import platform
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import psutil
import pyarrow
import pyarrow.parquet
from tqdm import tqdm

import journeylib
from journeylib import engine
from journeylib.data import store as stores
from journeylib.data import worlds
from journeylib.errors import JourneyError

ROOT = Path(__file__).parent.parent.parent
CUSTOMERS = 300
PATIENCE = 60  # seconds that workers and kernels have to end after their run was killed
LAST_DAY = date(2026, 6, 30)
TOKEN = "JOURNEY_TORTURE"  # marks the environment of everything started here
RECIPE = """name = "demo"
store = "stores/demo"
notebooks = ["summary", "churn"]
[period]
as_of = {as_of}
start = 2025-07-01
[goals.purchase]
touchpoint = "order placed"
within_days = 30
[segments]
plan = "customers.plan"
"""


@dataclass
class Trial:
    """One way to torture: how often it was tried, what became of it, and what was bad."""

    what: str
    tried: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)

    def note(self, ended: str, bad: list[str]) -> None:
        """Count one attempt; `bad` says everything that was wrong with it."""
        self.tried += 1
        self.ended[ended] += 1
        self.bad += [f"{self.what}: {one}" for one in bad]


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks for, write the page, and return the exit code."""
    parser = argparse.ArgumentParser(description="Kill loads and runs, damage sources, and say what was bad.")
    for name, default in [("loads", 15), ("growth", 30), ("runs", 15), ("corruptions", 60), ("seed", 0)]:
        parser.add_argument(f"--{name}", type=int, default=default, help="(%(default)s)")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "torture.md", help="the page (%(default)s)")
    asked = parser.parse_args(arguments)
    os.environ["PYTHONPATH"] = str(
        Path(journeylib.__file__).parent.parent
    )  # the package imported here, in children too
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM)
    )  # so that nothing is left behind then either
    began = time.monotonic()
    with _shelter() as folder:
        trials = [
            *kill_loads(folder / "a", asked.loads, random.Random(f"loads {asked.seed}")),
            *kill_growth(folder / "g", asked.growth, random.Random(f"growth {asked.seed}")),
            *kill_runs(folder / "b", asked.runs, random.Random(f"runs {asked.seed}")),
            *damage(folder / "c", asked.corruptions, random.Random(f"corruptions {asked.seed}")),
        ]
    page = _page(trials, asked, time.monotonic() - began)
    asked.to.parent.mkdir(parents=True, exist_ok=True)
    asked.to.write_text(page, encoding="utf-8")
    print(page)
    return int(any(trial.bad for trial in trials))


# Kills of a load


def kill_loads(folder: Path, times: int, dice: random.Random) -> list[Trial]:
    """Kill `journey load` while it replaces one version of a store by the other."""
    if not times:
        return []
    trials = {is_aimed: Trial(f"`journey load`, its process group, {_moment(is_aimed)}") for is_aimed in (False, True)}
    versions = [_world(folder / name, seed) for name, seed in [("first", 1), ("second", 2)]]
    truths = [_content(_load(mapping, folder / f"truth-{place}")) for place, mapping in enumerate(versions)]
    store, seconds = folder / "store", 4.0
    _load(versions[0], store)
    for place in _counted(times, "loads"):
        if place % 3:
            _forget_old_snapshots(store)  # else the snapshot to be written is there already
        both = truths[place % 2], truths[1 - place % 2]
        seconds = _kill_load(trials[place % 2 == 1], store, versions[1 - place % 2], both, seconds, dice)
    return [trial for trial in trials.values() if trial.tried]


def kill_growth(folder: Path, times: int, dice: random.Random) -> list[Trial]:
    """Kill `journey load` while a store grows by a further file."""
    if not times:
        return []
    trials = {is_aimed: Trial(f"`journey load` of a further file, {_moment(is_aimed)}") for is_aimed in (False, True)}
    mapping, seconds = _split(_world(folder / "sources", 1)), 3.0
    later, store, base = folder / "sources" / "stores-2.csv.gz", folder / "store", folder / "base"
    later.rename(folder / later.name)
    old = _content(_load(mapping, base))
    (folder / later.name).rename(later)
    new = _content(_load(mapping, folder / "anew"))
    for place in _counted(times, "growth"):
        shutil.rmtree(store, ignore_errors=True)
        shutil.copytree(base, store)
        trial = trials[place % 2 == 1]
        seconds = _kill_load(trial, store, mapping, (old, new), seconds, dice)
        if stores.manifest(store)["memory"]["generation"] != 1:
            trial.bad.append(f"{trial.what}: the store was loaded anew and did not grow")
    return [trial for trial in trials.values() if trial.tried]


def _kill_load(
    trial: Trial, store: Path, mapping: Path, both: tuple[Any, Any], seconds: float, dice: random.Random
) -> float:
    """Kill a load at a random moment of its so many `seconds` or, where the trial says so, while it publishes.

    The store must have one of `both` contents then, and the second after another load. How long that took, smoothed.
    """
    old, new = both
    command = ["load", "--mapping", str(mapping), "--store", str(store), "--json"]
    is_aimed = trial.what.endswith(_moment(True))
    seen = partial(_is_publishing, store, stores.manifest(store)) if is_aimed else None
    own = _killed(command, store.parent, _kill_group, dice.uniform(0, 0.006 if is_aimed else seconds), seen)
    bad, found = [], None
    try:
        found = _content(store)
    except Exception as error:
        bad.append(f"the store does not open: {type(error).__name__}: {error}")
    if found is not None and found not in (old, new):
        bad.append(f"the store is neither the old nor the new one: {found}")
    began = time.monotonic()
    done = _journey(command, store.parent)
    seconds = 0.5 * seconds + 0.5 * (time.monotonic() - began)
    if done.returncode:
        bad.append(f"the next load failed: {done.stderr}")
    elif _content(store) != new or list(store.glob(".staging-*")):
        bad.append("the next load left another store than the new one")
    trial.note(("the new store" if found == new else "the old store") + own, bad)
    return seconds


def _is_publishing(store: Path, before: dict[str, Any]) -> bool:
    staged = [folder.parent for folder in store.glob(".staging-*/quarantine.parquet")]
    return any(not (folder / "work").exists() for folder in staged) or stores.manifest(store) != before


def _content(store: Path) -> tuple[Any, ...]:
    """Fingerprints of a store: what its manifest says, its events, its journeys."""
    said = stores.manifest(store)
    opened = journeylib.open_store(store)
    columns = [name for name in opened.events.collect_schema().names() if name not in {"source", "source_row"}]
    return said["facts"]["fingerprint"], *map(engine.fingerprint, (opened.events.select(*columns), opened.journeys))


def _forget_old_snapshots(store: Path) -> None:
    current = stores.manifest(store)["snapshot"]
    for snapshot in (store / "snapshots").iterdir():
        if snapshot.name != current:
            shutil.rmtree(snapshot)


# Kills of a run


def kill_runs(folder: Path, times: int, dice: random.Random) -> list[Trial]:
    """Kill `journey run` while it makes the next edition of a series, one day later each time."""
    if not times:
        return []
    kills = {
        "its main process": lambda pid: os.kill(pid, signal.SIGKILL),
        "its process group": _kill_group,
        "with its workers and kernels": _kill_tree,
    }
    trials = {name: Trial(f"`journey run`, {name}") for name in kills}
    _load(_world(folder / "sources", 1), folder / "stores" / "demo")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=shutil.ignore_patterns(".*"))
    reports, seconds, command = folder / "reports", 12.0, ["run", "reports/demo.toml", "--json"]
    known = set[str]()  # what is bad stays so; it counts once
    reports.mkdir()
    for place in _counted(times, "runs"):
        as_of = LAST_DAY - timedelta(days=times - 1 - place)
        (reports / "demo.toml").write_text(RECIPE.format(as_of=as_of), encoding="utf-8")
        how = list(kills)[place % 3]
        is_aimed = place % 2 == 1
        seen = (lambda: any((reports / "demo").glob(".staging-*"))) if is_aimed else None
        own = _killed(command, folder, kills[how], dice.uniform(0, 0.04 if is_aimed else seconds), seen)
        bad, became = _half_done(reports) + _stragglers(), "nothing new"
        if any(edition.name.startswith(str(as_of)) for edition in _editions(reports)):
            is_latest = (reports / "demo" / "latest").resolve().name.startswith(str(as_of))
            became = "the new edition" if is_latest else "the new edition, `latest` not yet at it"
        began = time.monotonic()
        done = _journey(command, folder)
        if became == "nothing new":
            seconds = 0.5 * seconds + 0.5 * (time.monotonic() - began)
        if done.returncode:
            bad.append(f"the next run failed: {done.stderr}")
        else:
            bad += _half_done(reports, after_success=json.loads(done.stdout)["edition"])
        bad += _stragglers()
        trials[how].note(became + own, [one for one in dict.fromkeys(bad) if one not in known])
        known |= set(bad)
    return [trial for trial in trials.values() if trial.tried]


def _editions(reports: Path) -> list[Path]:
    there = (reports / "demo").glob("*") if (reports / "demo").exists() else []
    return [one for one in there if one.is_dir() and not one.is_symlink() and not one.name.startswith(".")]


def _half_done(reports: Path, *, after_success: str = "") -> list[str]:
    """What is not whole among editions, `latest` and the catalogue."""
    bad = []
    for edition in _editions(reports):
        try:
            sums = json.loads((edition / "manifest.json").read_text(encoding="utf-8"))["files"]
        except (OSError, ValueError, KeyError) as error:
            bad.append(f"{edition.name} has no sound manifest: {error}")
            continue
        there = {
            file.name: hashlib.sha256(file.read_bytes()).hexdigest()
            for file in edition.iterdir()
            if file.name != "manifest.json"
        }
        if there != sums:
            bad.append(f"the files of {edition.name} are not those of its manifest")
        kept = reports.parent / "stores" / "demo.private" / "demo" / edition.name / "records.json"
        if after_success and not kept.exists():
            bad.append(f"the executed notebooks of {edition.name} are lost")
    latest = reports / "demo" / "latest"
    if latest.is_symlink() and latest.resolve() not in [edition.resolve() for edition in _editions(reports)]:
        bad.append("`latest` points at no edition")
    catalogue = reports / "index.html"
    if catalogue.exists() and not catalogue.read_text(encoding="utf-8").rstrip().endswith("</html>"):
        bad.append("the catalogue is cut off")
    if after_success:
        if not latest.is_symlink() or latest.resolve().name != after_success:
            bad.append(f"`latest` does not point at {after_success} after a run that succeeded")
        if list((reports / "demo").glob(".staging-*")):
            bad.append("a staging folder is left after a run that succeeded")
    return bad


def _stragglers() -> list[str]:
    """Wait until nothing started here is left, and say what still is after `PATIENCE` seconds."""
    until = time.monotonic() + PATIENCE
    while left := _started_here():
        if time.monotonic() > until:
            said = [f"process {one.pid} is left after {PATIENCE} s: {' '.join(one.cmdline())}" for one in left]
            _end(left)
            return said
        time.sleep(0.1)
    return []


# Damaged sources


def damage(folder: Path, times: int, dice: random.Random) -> list[Trial]:
    """Damage one file of a sound set of sources at a time, load them, and see that every row is accounted for."""
    if not times:
        return []
    trials = {name: Trial(f"sources: {name}") for name in DAMAGES}
    _load(_split(_world(folder / "sound", 1)), folder / "store")
    with _Loader() as loader:
        for place in _counted(times, "corruptions"):
            name, (ending, harm) = list(DAMAGES.items())[place % len(DAMAGES)]
            shutil.rmtree(folder / "damaged", ignore_errors=True)
            shutil.copytree(folder / "sound", folder / "damaged")
            file = dice.choice(sorted(path for path in (folder / "damaged").iterdir() if path.name.endswith(ending)))
            harm(file, dice)
            before = _files(folder / "store")
            found = loader.load(folder / "damaged" / "mapping.toml", folder / "store")
            became, bad = _judged(found, file.name)
            if became != "loaded" and _files(folder / "store") != before:
                bad.append("the store changed though the load was refused")
            trials[name].note(became, [f"{one} (attempt {place + 1}, {file.name})" for one in bad])
    return [trial for trial in trials.values() if trial.tried]


def _judged(found: dict[str, Any], file: str) -> tuple[str, list[str]]:
    if "records_in" in found:
        whole = found["accepted"] + found["quarantined"] + found["duplicates"]
        is_even = found["records_in"] == whole == found["in_sources"] and found["events"] == found["in_events"]
        return "loaded", [] if is_even else [f"the rows do not add up: {found}"]
    if not found["is_named"]:
        return "fell over", [f"{found['error']}: {found['message']}"]
    is_named = re.search(rf"\b{re.escape(file.split('.')[0])}\b", found["message"])
    return f"refused ({found['error']})", [] if is_named else [f"the refusal names no file: {found['message']}"]


def _attempt(mapping: Path, store: Path) -> dict[str, Any]:
    """Load, in a process of its own; the answer is what the load said, or how it failed."""
    try:
        done = journeylib.load(mapping=mapping, store=store)
        opened = journeylib.open_store(store)
        in_events = int(engine.collect(opened.events.select(rows=nw.len()))["rows"][0])
    except Exception as error:
        return {"error": type(error).__name__, "message": str(error), "is_named": isinstance(error, JourneyError)}
    in_sources = sum(source["records"] for source in done["sources"])
    return {**done, "in_sources": in_sources, "events": opened.facts["events"], "in_events": in_events}


class _Loader:
    """A process that loads, and is started anew where a damaged file took it down."""

    def __init__(self) -> None:
        self.pool = self._made()

    def __enter__(self) -> _Loader:
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown(cancel_futures=True)

    def load(self, mapping: Path, store: Path) -> dict[str, Any]:
        try:
            return self.pool.submit(_attempt, mapping, store).result(timeout=120)
        except (BrokenProcessPool, TimeoutError) as error:
            _end(_started_here())
            self.pool.shutdown(wait=False, cancel_futures=True)
            self.pool = self._made()
            return {"error": type(error).__name__, "message": "the process died or hung", "is_named": False}

    @staticmethod
    def _made() -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_bound_memory)


def _bound_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))


def _flip(file: Path, dice: random.Random) -> None:
    said = bytearray(file.read_bytes())
    for _ in range(dice.randint(1, 8)):
        said[dice.randrange(len(said))] ^= 1 << dice.randrange(8)
    file.write_bytes(said)


def _cut_rows(file: Path, dice: random.Random) -> None:
    if dice.random() < 0.5:  # somewhere in a row, up to somewhere in another
        said = file.read_bytes()
        first = dice.randrange(len(said))
        file.write_bytes(said[:first] + said[first + dice.randint(1, 4_000) :])
        return
    lines = file.read_bytes().split(b"\n")
    first = dice.randrange(1, len(lines))
    file.write_bytes(b"\n".join(lines[:first] + lines[first + dice.randint(1, 40) :]))


def _truncate(file: Path, dice: random.Random) -> None:
    said = file.read_bytes()
    file.write_bytes(said[: dice.randrange(len(said))])


def _open_quote(file: Path, dice: random.Random) -> None:
    lines = file.read_bytes().split(b"\n")
    at = dice.randrange(1, len(lines) - 1)
    cells = lines[at].split(b",")
    cell = dice.randrange(len(cells))
    cells[cell] = b'"' + cells[cell].strip(b'"')
    lines[at] = b",".join(cells)
    file.write_bytes(b"\n".join(lines))


def _drop_column(file: Path, dice: random.Random) -> None:
    if file.suffix == ".parquet":
        table = pyarrow.parquet.read_table(file)
        pyarrow.parquet.write_table(table.drop_columns([dice.choice(table.column_names)]), file)
        return
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines))
    column = dice.randrange(len(rows[0]))
    first = dice.choice([0, 0, 1, len(rows) // 2])  # with its name, or from a row on
    kept = [row if place < first else row[:column] + row[column + 1 :] for place, row in enumerate(rows)]
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(kept)
    file.write_text(text.getvalue(), encoding="utf-8")


def _empty_column(file: Path, dice: random.Random) -> None:
    table = pyarrow.parquet.read_table(file)
    place = dice.randrange(table.num_columns)
    nothing = pyarrow.nulls(len(table), table.schema.field(place).type)
    pyarrow.parquet.write_table(table.set_column(place, table.schema.field(place), nothing), file)


def _mix_encodings(file: Path, dice: random.Random) -> None:
    lines = file.read_bytes().split(b"\n")
    for at in dice.sample(range(1, len(lines) - 1), 5):
        word, encoding = dice.choice([("café", "latin-1"), ("שלום", "cp1255"), ("你好", "gb18030"), ("łódź", "utf-16")])
        place = dice.randrange(len(lines[at]))
        lines[at] = lines[at][:place] + word.encode(encoding) + lines[at][place:]
    file.write_bytes(b"\n".join(lines))


def _add_nulls(file: Path, dice: random.Random) -> None:
    said = file.read_bytes()
    at = dice.randrange(len(said))
    file.write_bytes(said[:at] + bytes(dice.randint(1, 5_000)) + said[at:])


def _mix_line_ends(file: Path, dice: random.Random) -> None:
    lines = file.read_bytes().split(b"\n")
    file.write_bytes(b"".join(line + dice.choice([b"\n", b"\r\n", b"\r"]) for line in lines[:-1]))


def _empty(file: Path, dice: random.Random) -> None:
    file.write_bytes(dice.choice([b"", b"\n", file.read_bytes().split(b"\n")[0]]))


DAMAGES: dict[str, tuple[str, Callable[[Path, random.Random], None]]] = {
    "bytes of a CSV flipped": (".csv", _flip),
    "bytes of a Parquet file flipped": (".parquet", _flip),
    "bytes of a gzip flipped": (".gz", _flip),
    "rows cut out of a CSV": (".csv", _cut_rows),
    "a quote opened": (".csv", _open_quote),
    "a column of a CSV dropped": (".csv", _drop_column),
    "a column of a Parquet file dropped": (".parquet", _drop_column),
    "encodings mixed": (".csv", _mix_encodings),
    "a gzip truncated": (".gz", _truncate),
    "a Parquet file truncated": (".parquet", _truncate),
    "zero bytes put in": (".csv", _add_nulls),
    "line ends mixed": (".csv", _mix_line_ends),
    "a CSV emptied": (".csv", _empty),
    "a column of a Parquet file emptied": (".parquet", _empty_column),
}


# What the three share


@contextlib.contextmanager
def _shelter() -> Iterator[Path]:
    """A folder for everything, and an end to all that was started, whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix="torture-"))
    os.environ[TOKEN] = folder.name
    os.environ["TMPDIR"] = str(folder)
    try:
        yield folder
    finally:
        _end(_started_here())
        shutil.rmtree(folder, ignore_errors=True)


def _world(folder: Path, seed: int) -> Path:
    with contextlib.redirect_stderr(io.StringIO()):  # its own progress bar
        worlds.make(folder, customers=CUSTOMERS, seed=seed)
    return folder / "mapping.toml"


def _split(mapping: Path) -> Path:
    """Make two files of the shops' one, the second gzipped."""
    whole = mapping.with_name("stores.csv")
    head, *lines = whole.read_bytes().splitlines(keepends=True)
    half = len(lines) // 2
    mapping.with_name("stores-1.csv").write_bytes(head + b"".join(lines[:half]))
    mapping.with_name("stores-2.csv.gz").write_bytes(gzip.compress(head + b"".join(lines[half:]), mtime=0))
    whole.unlink()
    said = mapping.read_text(encoding="utf-8")
    mapping.write_text(said.replace('"stores.csv"', '"stores-*"\nname = "stores"'), encoding="utf-8")
    return mapping


def _load(mapping: Path, store: Path) -> Path:
    journeylib.load(mapping=mapping, store=store)
    return store


def _journey(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "journeylib", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def _killed(
    arguments: list[str], folder: Path, kill: Callable[[int], None], delay: float, seen: Callable[[], bool] | None
) -> str:
    """Start a command and kill it `delay` seconds after its start, or after `seen` was true.

    The answer is empty, or says that the command ended before it could be killed.
    """
    started = subprocess.Popen(
        [sys.executable, "-m", "journeylib", *arguments],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while seen is not None and started.poll() is None and not seen():
        time.sleep(0.0002)
    with contextlib.suppress(subprocess.TimeoutExpired):
        started.wait(delay)
    ended = started.poll() is not None
    if not ended:
        kill(started.pid)
    started.wait()
    return ", it ended before the kill" if ended else ""


def _kill_group(pid: int) -> None:
    os.killpg(pid, signal.SIGKILL)


def _kill_tree(pid: int) -> None:
    _end([*psutil.Process(pid).children(recursive=True), psutil.Process(pid)])


def _started_here() -> list[psutil.Process]:
    """Living processes, other than this one, that carry the mark of this torture."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            is_ours = process.environ().get(TOKEN) == os.environ[TOKEN] and process.pid != os.getpid()
            if is_ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def _end(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()


def _files(store: Path) -> dict[str, tuple[int, int]]:
    """Size and time of every file of a store but its lock."""
    there = [file for file in sorted(store.rglob("*")) if file.is_file() and file.name != ".lock"]
    return {str(file.relative_to(store)): (file.stat().st_size, file.stat().st_mtime_ns) for file in there}


def _moment(is_aimed: bool) -> str:
    return "while the new snapshot is put in place" if is_aimed else "at a random moment"


def _counted(times: int, what: str) -> Iterator[int]:
    return iter(tqdm(range(times), desc=what, leave=False, disable=None))


def _page(trials: list[Trial], asked: argparse.Namespace, seconds: float) -> str:
    command = " ".join(f"--{name} {vars(asked)[name]}" for name in ("loads", "growth", "runs", "corruptions", "seed"))
    rows = [
        f"| {trial.what} | {trial.tried} | {', '.join(f'{n} {name}' for name, n in sorted(trial.ended.items()))} "
        f"| {len(trial.bad)} |"
        for trial in trials
    ]
    bad = [f"- {' '.join(one.split())}" for trial in trials for one in trial.bad]
    total = sum(trial.tried for trial in trials)
    return "\n".join(
        [
            "# Torture",
            "",
            "Written by `make torture`:",
            "",
            f"    python tests/heavy/torture.py {command}",
            "",
            f"Python {platform.python_version()}, {os.cpu_count()} cores, a world of {CUSTOMERS} customers, "
            f"{seconds / 60:.0f} minutes. {total} attempts, {len(bad)} bad.",
            "",
            "| What was tried | Times | What became of it | Bad |",
            "|---|--:|---|--:|",
            *rows,
            "",
            *(["## What was bad", "", *bad, ""] if bad else []),
            *_MEANING,
            "",
        ]
    )


_MEANING = """## What counts as bad

**A load killed with SIGKILL** while another version of the sources replaces a store, or a further file is added to
it: the store does not open afterwards, or is neither the old nor the new one (fingerprints of the manifest, the
events and the journeys), or the next load fails or leaves anything but the new one.

**A run killed with SIGKILL** while it makes the next edition, every second time just as the edition's
first file is written: a file of an edition that is not the one its manifest hashes, executed notebooks
lost, `latest` pointing at no whole edition, a catalogue cut off, a worker or a kernel alive 60 seconds
later, or a next run that fails.

**A damaged source**: an exception that the package does not name, a process that dies, a refusal that does
not name the file or its source, or changes the store, or a load whose rows are not all accepted,
quarantined or duplicates. A load that adds up is no promise that every value is as it was sent: a flipped
bit can still spell a sound row.""".splitlines()


if __name__ == "__main__":
    sys.exit(main())
