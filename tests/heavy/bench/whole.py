"""What is ours alone: making a world, loading it, a new day, what is asked while somebody waits, an edition."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

import journeylib
from bench import worlds
from bench.ours import GOAL
from journeylib.journeys import selection
from journeylib.journeys.explain import explain
from journeylib.judge import segments as judged
from journeylib.measures import paths

__all__ = ["ANSWERS", "READY", "WARM"]

ROOT = Path(__file__).parent.parent.parent.parent
_REGION = "London"
_CELLS = {"cell": "customers.cell", "region": "customers.region"}


def store(world: Path) -> dict[str, int]:
    """Load the raw files."""
    done = worlds.load(world)
    assert done["status"] == "loaded"
    return {"rows": done["records_in"]}


def clean(world: Path) -> dict[str, int]:
    """Export the clean table; say how large the store is."""
    worlds.clean(world)
    return worlds.attributes(world / "store")


def opened(world: Path) -> None:
    """Open the store."""
    journeylib.open_store(world / "store")


def flow(world: Path) -> int:
    """The flow of one segment's journeys."""
    view = journeylib.open_store(world / "store")
    labelled = selection.select(view, goal=GOAL, segment={"region": "customers.region"}, group=_REGION)
    found = paths.flow(view.steps, labelled)
    assert len(found)
    return len(found)


def timeline(world: Path) -> int:
    """What `journey explain` gathers of one customer."""
    return int(explain(world / "store", (world / "someone").read_text(encoding="utf-8"))["events"])


def day_before(world: Path) -> None:
    """Lay the store without the new day, and the new files, where they can be loaded."""
    shutil.rmtree(world / "day", ignore_errors=True)
    shutil.copytree(world / "before", world / "day", copy_function=os.link)
    for file in (world / "raw").glob("*/1-new.parquet"):
        os.link(file, world / "day" / "raw" / file.parent.name / file.name)


def day(world: Path) -> dict[str, int]:
    """Load the new day's files; the store is then what a load of all files gives."""
    done = journeylib.load(mapping=world / "day" / "raw" / "mapping.toml", store=world / "day" / "store")
    said, whole = (json.loads((world / name / "manifest.json").read_text()) for name in ("day/store", "store"))
    assert done["status"] == "loaded"
    assert said["facts"]["fingerprint"] == whole["facts"]["fingerprint"]
    with duckdb.connect() as connection:
        [(rows,)] = connection.execute(f"SELECT count(*) FROM '{world}/raw/*/1-new.parquet'").fetchall()
    return {"rows": rows, "of": done["records_in"], "is_grown": int(bool(said.get("withdrawn")))}


def project(world: Path) -> None:
    """Make a project around the store as the demo's is."""
    folder = world / "project"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "stores").mkdir(parents=True)
    shutil.copytree(world / "store", folder / "stores" / "demo", copy_function=os.link)
    shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=shutil.ignore_patterns(".*"))
    (folder / "reports").mkdir()
    shutil.copy(ROOT / "reports" / "demo.toml", folder / "reports")


def edition(world: Path) -> str:
    """Publish the demo's edition over the store."""
    command = [sys.executable, "-m", "journeylib", "run", "reports/demo.toml", "--json"]
    done = subprocess.run(command, cwd=world / "project", capture_output=True, text=True, check=False)
    if done.returncode or json.loads(done.stdout)["status"] != "published":
        raise SystemExit(f"journey run did not publish: {done.stdout}{done.stderr}")
    return "published"


def groups(world: Path) -> dict[str, int]:
    """Compare eight groups, made alike by region, in every measure that the notebook of segments has."""
    asked = _parameters(ROOT / "notebooks" / "segments.ipynb")
    view = journeylib.open_store(world / "store", through=asked["as_of"], start=asked["start"])
    told = {name: asked[name] for name in ("landmark_days", "chain", "pattern", "pattern_days", "currency")}
    told["goal"] = asked["goals"][asked["goal"]]
    names, rows = set(), 0
    for key in asked["measures"]:
        found = judged.compared(view, key, _CELLS, "cell", alike="region", **told)
        names |= set(found["group"])
        rows += len(found)
    assert rows
    return {"measures": len(asked["measures"]), "groups": len(names - {"unknown"})}


def _parameters(notebook: Path) -> dict[str, Any]:
    """The parameters of a notebook with their defaults."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    [text] = ["".join(cell["source"]) for cell in cells if "parameters" in cell["metadata"].get("tags", ())]
    lines = ast.parse(text).body
    return {line.targets[0].id: ast.literal_eval(line.value) for line in lines if isinstance(line, ast.Assign)}


ANSWERS: dict[str, Callable[[Path], Any]] = {
    "world": worlds.make,
    "raw": worlds.raw,
    "store": store,
    "before": worlds.before,
    "clean": clean,
    "open": opened,
    "flow": flow,
    "timeline": timeline,
    "day": day,
    "edition": edition,
    "groups": groups,
}
READY: dict[str, Callable[[Path], Any]] = {"day": day_before, "edition": project}
WARM = {"open", "flow", "timeline"}
