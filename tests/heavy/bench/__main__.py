"""Measure what is asked for, hold the answers against each other, write the page and its charts.

    python tests/heavy/bench                                  # 1 and 10 million events
    python tests/heavy/bench --hundred --work /large/disk     # 100 million as well
    python tests/heavy/bench --events 1M --only transitions   # one row, printed and not written

Every measurement is of a fresh process. Nothing is written where contestants differ. With --work, worlds and
what was measured stay there, and a run that was broken off goes on; without, all is thrown away.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # so that this folder is the package `bench`

from bench.questions import QUESTIONS, differences  # noqa: E402
from bench.runs import Runs, measure  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent.parent
CUSTOMERS_A_MILLION = 33_600
PAIRS = ("transitions", "top paths", "step matrix", "survival counts", "scores by week")
ALONE = ("world", "store", "day", "open", "flow", "timeline", "edition", "groups")
RIVALS = ("in_polars", "in_pandas", "in_retentioneering")
CANNOT = {("in_retentioneering", "variants")}
_MOST_SECONDS, _MOST_GIB = 1200, 20  # of a rival
_MADE = {"world": "made/truth.json", "raw": "raw/mapping.toml", "store": "store/manifest.json"}
_MADE |= {"before": "before/store/manifest.json", "clean": "someone"}
_ONCE = {"world", "raw", "before", "clean"}  # however often the others are repeated

Found = dict[str, Any]


def main(arguments: list[str] | None = None) -> int:
    """Measure, compare, write."""
    asked = _asked(arguments)
    # The package that lies beside this file, in children too.
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        work = asked.work or Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        book = Book(work / "found.json", is_new=bool(asked.only))
        sizes = [_size(asked, size, work, book) for size in asked.sizes]
        versions = {} if asked.without_rivals else _rivals(asked.rivals)
    from bench import charts, page  # late, so that this process stays small while it starts others

    found = page.Found(sizes, asked.repeats, versions)
    if asked.only:
        print(page.rows(found))
        return 0
    asked.to.parent.mkdir(parents=True, exist_ok=True)
    pictures = charts.draw(found, asked.to)
    asked.to.write_text(page.written(found, pictures), encoding="utf-8")
    print(f"{asked.to}: {len(sizes)} sizes, {len(pictures)} charts")
    return 0


class Book:
    """What was measured so far, in a file, so that a run that was broken off goes on."""

    def __init__(self, path: Path, *, is_new: bool) -> None:
        self._path = path
        self._is_new = is_new
        self._said: dict[str, Any] = {} if is_new or not path.exists() else json.loads(path.read_text())

    def __call__(self, key: str, work: Callable[[], Runs]) -> Runs:
        """Give what was measured by this key, or measure it now."""
        if key not in self._said:
            print(key, flush=True)
            self._said[key] = dataclasses.asdict(work())
            if not self._is_new:
                self._path.write_text(json.dumps(self._said), encoding="utf-8")
        return Runs(**self._said[key])


def _asked(arguments: list[str] | None) -> argparse.Namespace:
    names = sorted({*ALONE, *PAIRS, *QUESTIONS})
    parser = argparse.ArgumentParser(prog="python tests/heavy/bench", description="Measure speed and memory.")
    parser.add_argument("--events", default="1M,10M", help="sizes of the worlds (%(default)s)")
    parser.add_argument("--hundred", action="store_true", help="100M events as well: some 30 GB of disk, hours")
    parser.add_argument("--repeats", type=int, default=3, help="the median of so many is shown (%(default)s)")
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help=f"of {', '.join(names)}")
    parser.add_argument("--rivals", type=Path, default=ROOT / ".venv-rivals" / "bin" / "python", help="their Python")
    parser.add_argument("--without-rivals", action="store_true", help="journeylib and SQL by hand only")
    parser.add_argument("--work", type=Path, help="a folder for worlds and results, kept; else a temporary one")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "benchmarks.md", help="the page")
    asked = parser.parse_args(arguments)
    asked.sizes = [_number(size) for size in asked.events.split(",")] + ([100_000_000] if asked.hundred else [])
    if not asked.without_rivals and not asked.rivals.exists():
        parser.error(f"there is no {asked.rivals}. `make rivals` makes that environment; or say --without-rivals.")
    return asked


def _number(size: str) -> int:
    units = {"k": 1_000, "M": 1_000_000}
    return int(float(size.rstrip("kM")) * units.get(size[-1], 1))


def _size(asked: argparse.Namespace, events: int, work: Path, book: Book) -> Found:
    """Measure all that is asked for of a world of about so many events."""
    world, only = work / str(events), asked.only
    world.mkdir(exist_ok=True)
    (world / "customers").write_text(str(max(100, events * CUSTOMERS_A_MILLION // 1_000_000)))

    def run(module: str, name: str, repeats: int, **more: Any) -> Runs:
        key = f"{events} {module} {name} {repeats}"
        return book(key, lambda: measure(module, name, world, repeats=repeats, **more))

    found: Found = {"events": events, "size": {}, "alone": {}, "pairs": {}, "contest": {}}
    for name, made in _MADE.items():
        if only and name not in only and (world / made).exists():
            continue
        is_asked = name not in _ONCE and (not only or name in only)
        made_now = run("whole", name, asked.repeats if is_asked else 1)
        if name == "clean":
            found["size"] = made_now.answer
        elif name in ALONE and (not only or name in only):
            found["alone"][name] = made_now
    for name in ALONE:
        if name not in _MADE and (not only or name in only):
            found["alone"][name] = run("whole", name, asked.repeats)
    for name in PAIRS:
        if not only or name in only:
            found["pairs"][name] = run("pairs", name, 1)
    for question in QUESTIONS:
        if not only or question in only:
            found["contest"][question] = _contest(asked, question, run)
    return found


def _contest(asked: argparse.Namespace, question: str, run: Callable[..., Runs]) -> dict[str, Runs]:
    """Ask every contestant; end the run where two that can be compared differ."""
    told = {name: run(name, question, asked.repeats) for name in ("ours", "by_hand")}
    told["floor"] = run("by_hand", f"floor of {question}", asked.repeats)
    theirs = [] if asked.without_rivals else [name for name in RIVALS if (name, question) not in CANNOT]
    limits = {"most_seconds": _MOST_SECONDS, "most_gib": _MOST_GIB, "is_rival": True, "python": str(asked.rivals)}
    told |= {name: run(name, question, asked.repeats, **limits) for name in theirs}
    answers = {name: one.answer for name, one in told.items() if name != "floor" and not one.failed}
    compared = [answers]
    if question == "funnel" and (own := answers.pop("in_retentioneering", None)):
        other = run("by_hand", "funnel without a window", 1).answer
        compared.append({"by_hand": other, "in_retentioneering": own})
    for each in compared:
        if wrong := differences(each):
            raise SystemExit(f"{question}: the answers differ, so no page is written.\n" + "\n".join(wrong))
    return told


def _rivals(python: Path) -> dict[str, str]:
    """The versions of what rivals run on."""
    names = ("polars", "pandas", "retentioneering", "duckdb", "pyarrow")
    text = f"import importlib.metadata as m, json; print(json.dumps({{n: m.version(n) for n in {names}}}))"
    done = subprocess.run([str(python), "-c", text], capture_output=True, text=True, check=True)
    versions: dict[str, str] = json.loads(done.stdout)
    return versions


if __name__ == "__main__":
    sys.exit(main())
