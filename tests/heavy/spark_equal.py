"""The same judged record on DuckDB and on Spark: `python tests/heavy/spark_equal.py`; writes docs/spark.md.

The recipes are run whole, notebooks, judging and pages, on either engine, each in a process of its own, and every
cell of the two `findings.json` is compared: equal to the last digit that is shown, or different. The demo's recipe is
run besides over a large and messy world (tests/heavy/spark_world.py), on Spark within one process, and on a cluster
of two workers, which share nothing with the driver but the files.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import spark_stores
import spark_world

ROOT = Path(__file__).parent.parent.parent
TOLD = ["python", "duckdb", "pyspark", "narwhals", "pyarrow", "numpy", "pandas"]
NEAR, CLUSTER = "local[2]", "local-cluster[2,1,2048]"

HEAD = """# The same numbers on Spark

`make bench` (tests/heavy/spark_equal.py) runs each recipe on DuckDB and on Spark and compares every cell of the two
`findings.json`: what was measured, and how it was judged. A cell is a value of the file, wherever it stands. Seconds
are of the whole run, from the recipe to the published pages, on {cores} cores. `{near}` is Spark within one process;
`{cluster}` has a driver and two workers of 2 GiB, each a process of its own.

| over | Spark's master | records | cells | cells that differ | seconds, DuckDB | seconds, Spark |
|---|---|--:|--:|--:|--:|--:|
"""

WORLD = """
The world is made for this (tests/heavy/spark_world.py); the recipe is `reports/demo.toml`. Its store has

| | |
|---|--:|
"""

__all__ = ["cells", "differing", "judged", "on_engine"]


def cells(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a judged record, with its place in it.

    >>> list(cells({"rows": [[1, None]]}))
    [('.rows[0][0]', 1), ('.rows[0][1]', None)]
    """
    if isinstance(value, dict):
        for key in value:
            yield from cells(value[key], f"{place}.{key}")
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from cells(one, f"{place}[{at}]")
    else:
        yield place, value


def differing(one: Any, other: Any) -> list[tuple[str, Any, Any]]:
    """The cells that two judged records do not share: where, and what each says.

    >>> differing({"n": 1, "p": 0.5, "q": 1}, {"n": 1, "p": 0.25, "q": 1.0})
    [('.p', 0.5, 0.25), ('.q', 1, 1.0)]
    """
    left, right = dict(cells(one)), dict(cells(other))
    missing = object()
    # As text: 1 and 1.0 are two things to a page.
    places = [place for place in left | right if repr(left.get(place, missing)) != repr(right.get(place, missing))]
    return [(place, left.get(place, "nothing"), right.get(place, "nothing")) for place in places]


def on_engine(recipe: Path, name: str, root: Path) -> Path:
    """Make a project at `root` that has the notebooks and the store of a recipe, and the recipe with another engine."""
    said, home = recipe.read_text(encoding="utf-8"), recipe.absolute().parent.parent
    store = tomllib.loads(said)["store"]
    for shared in ["notebooks", store]:
        (root / shared).parent.mkdir(parents=True, exist_ok=True)
        (root / shared).symlink_to((home / shared).resolve(), target_is_directory=True)
    made = root / "reports" / recipe.name
    made.parent.mkdir()
    made.write_text(f'engine = "{name}"\n{said}', encoding="utf-8")
    return made


def judged(recipe: Path, master: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
    """Run a recipe in a process of its own, on Spark with this master; the judged record, and the manifest."""
    env = os.environ | ({"MASTER": master, "SPARK_LOCAL_IP": "127.0.0.1"} if master else {})
    command = [sys.executable, "-m", "journeylib", "run", str(recipe), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    if done.returncode:
        sys.exit(f"{recipe} on {master or 'DuckDB'}: {done.stderr}")
    folder = Path(json.loads(done.stdout)["path"]).parent
    record, manifest = (json.loads((folder / f"{name}.json").read_text()) for name in ("findings", "manifest"))
    return record, manifest


def _compared(recipe: Path, masters: list[str], wrong: list[str]) -> tuple[list[str], dict[str, str]]:
    """Run a recipe on DuckDB and on each master: a line of the page for each, and the versions that were there."""
    found, lines = dict[str, dict[str, Any]](), list[str]()
    seconds, versions = dict[str, float](), dict[str, str]()
    for master in ["", *masters]:
        with tempfile.TemporaryDirectory(prefix="journey-engines-") as folder:
            begun = time.monotonic()
            name = "spark" if master else "duckdb"
            found[master], manifest = judged(on_engine(recipe, name, Path(folder)), master)
            seconds[master] = time.monotonic() - begun
            versions |= manifest["versions"]
        if not master:
            continue
        apart = differing(found[""], found[master])
        over = recipe.stem if ROOT in recipe.absolute().parents else "the world"
        wrong += [f"{over}, {master}, {place}: {one!r} on DuckDB, {other!r} on Spark" for place, one, other in apart]
        counts = [len(found[master]["records"]), sum(1 for _ in cells(found[master])), len(apart)]
        told = [over, f"`{master}`", *(f"{n:,}" for n in counts), f"{seconds['']:.0f}", f"{seconds[master]:.0f}"]
        lines.append(f"| {' | '.join(told)} |")
        print(lines[-1], flush=True)
    return lines, versions


def main(arguments: list[str] | None = None) -> int:
    """Run the recipes on both engines and write the page; 1 where a cell differs."""
    parser = argparse.ArgumentParser(description="Compare the judged records of DuckDB and Spark.")
    parser.add_argument("recipes", nargs="*", default=["reports/demo.toml", "reports/grocery.toml"])
    parser.add_argument("--customers", type=int, default=33_600, help="of the world (%(default)s, a million events)")
    parser.add_argument("--world", type=Path, help="a folder that keeps the world, or has it already")
    parser.add_argument("--to", default="docs/spark.md", help="the page (%(default)s)")
    asked = parser.parse_args(arguments)
    lines, wrong, versions = list[str](), list[str](), dict[str, str]()
    with tempfile.TemporaryDirectory(prefix="journey-world-") as passing:
        world = asked.world or Path(passing)
        if not (world / "stores").exists():
            spark_world.make(world, customers=asked.customers)
        had = spark_world.had(world)
        assert all(had.values()), had
        for recipe in [*map(Path, asked.recipes), _over(world)]:
            more, versions = _compared(recipe, [NEAR, CLUSTER] if recipe.parent.parent == world else [NEAR], wrong)
            lines += more
        same, is_apart = spark_stores.compared(world, CLUSTER)
    head = HEAD.format(cores=os.cpu_count(), near=NEAR, cluster=CLUSTER)
    told = [f"| {what} | {n:,} |" if isinstance(n, int) else f"| {what} | {n} |" for what, n in had.items()]
    under = "Versions: " + ", ".join(f"{name} {versions[name]}" for name in TOLD) + "."
    page = [head + "\n".join(lines), WORLD + "\n".join(told) + "\n" + same, under]
    listed = "\n".join(f"- {one}" for one in wrong[:100])
    Path(asked.to).write_text("\n".join(page) + "\n" + (f"\nWhat differs:\n\n{listed}\n" if wrong else ""))
    return 1 if wrong or is_apart else 0


def _over(world: Path) -> Path:
    """The demo's recipe, over a world's store."""
    recipe = world / "reports" / "demo.toml"
    recipe.parent.mkdir(exist_ok=True)
    said = (ROOT / "reports" / "demo.toml").read_text(encoding="utf-8")
    recipe.write_text(f"time_limit_minutes = 600\n{said}", encoding="utf-8")
    notebooks = world / "notebooks"
    if not notebooks.exists():
        notebooks.symlink_to(ROOT / "notebooks", target_is_directory=True)
    return recipe


if __name__ == "__main__":
    sys.exit(main())
