"""The same judged record on DuckDB and on Spark: `python tests/heavy/spark_equal.py`; writes docs/spark.md.

The recipes are run whole, notebooks, judging and pages, on either engine, and every cell of the two
`findings.json` is compared: equal to the last digit that is shown, or different.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from journeylib import engine
from journeylib.publish.run import run

ENGINES = ("duckdb", "spark")

HEAD = """# The same numbers on Spark

`make bench` (tests/heavy/spark_equal.py) runs each recipe on DuckDB and on Spark {version} ({master}), on {cores}
cores, and compares every cell of the two `findings.json`: what was measured, and how it was judged. A cell is a
value of the file, wherever it stands. Seconds are of the whole run, from the recipe to the published pages.

| recipe | records | cells | cells that differ | seconds, DuckDB | seconds, Spark |
|---|--:|--:|--:|--:|--:|
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

    >>> differing({"n": 1, "p": 0.5}, {"n": 1, "p": 0.25})
    [('.p', 0.5, 0.25)]
    """
    left, right = dict(cells(one)), dict(cells(other))
    missing = object()
    places = [place for place in left | right if left.get(place, missing) != right.get(place, missing)]
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


def judged(recipe: Path) -> dict[str, Any]:
    """Run a recipe and read what it judged."""
    page = Path(run(recipe)["path"])
    found: dict[str, Any] = json.loads((page.parent / "findings.json").read_text(encoding="utf-8"))
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run the recipes on both engines and write the page; 1 where a cell differs."""
    parser = argparse.ArgumentParser(description="Compare the judged records of DuckDB and Spark.")
    parser.add_argument("recipes", nargs="*", default=["reports/demo.toml", "reports/grocery.toml"])
    parser.add_argument("--to", default="docs/spark.md", help="the page (%(default)s)")
    asked = parser.parse_args(arguments)
    lines, wrong = [], list[str]()
    for recipe in map(Path, asked.recipes):
        found, seconds = dict[str, dict[str, Any]](), dict[str, float]()
        for name in ENGINES:
            with tempfile.TemporaryDirectory(prefix="journey-engines-") as folder:
                begun = time.monotonic()
                found[name] = judged(on_engine(recipe, name, Path(folder)))
                seconds[name] = time.monotonic() - begun
        apart = differing(found["duckdb"], found["spark"])
        wrong += [f"{recipe.stem} {place}: {one!r} on DuckDB, {other!r} on Spark" for place, one, other in apart]
        counts = [len(found["duckdb"]["records"]), sum(1 for _ in cells(found["duckdb"])), len(apart)]
        told = [f"`{recipe}`", *(f"{n:,}" for n in counts), *(f"{seconds[name]:.0f}" for name in ENGINES)]
        lines.append(f"| {' | '.join(told)} |")
        print(lines[-1], flush=True)
    version = engine.version("spark")["pyspark"]
    master = engine.session().sparkContext.master
    head = HEAD.format(version=version, master=master, cores=os.cpu_count())
    listed = "".join(f"\n- {one}" for one in wrong[:100])
    Path(asked.to).write_text(head + "\n".join(lines) + "\n" + (f"\nWhat differs:\n{listed}\n" if wrong else ""))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
