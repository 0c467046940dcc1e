"""The same store from a load on DuckDB and from one on Spark, row for row."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import duckdb

from journeylib.data import store as stores
from journeylib.schema import TABLES

HEAD = """
## The same store

`journey load` of the world's files, all at once, on DuckDB and with `--engine spark` on `{master}`.
A row differs where the other store has none that is equal in all columns, or fewer of them.

| table | rows | rows that differ |
|---|--:|--:|
"""

__all__ = ["compared", "differing", "loaded"]


def loaded(mapping: Path, store: Path, master: str = "") -> float:
    """Load a mapping into a new store, on Spark where a master is named; the answer is the seconds it took."""
    env = os.environ | ({"MASTER": master, "SPARK_LOCAL_IP": "127.0.0.1"} if master else {})
    name = "spark" if master else "duckdb"
    command = [sys.executable, "-m", "journeylib", "load", "--mapping", mapping, "--store", store, "--engine", name]
    begun = time.monotonic()
    done = subprocess.run([*map(str, command), "--json"], capture_output=True, text=True, check=False, env=env)
    if done.returncode or json.loads(done.stdout)["status"] != "loaded":
        sys.exit(f"{mapping} on {master or 'DuckDB'}: {done.stdout}{done.stderr}")
    return time.monotonic() - begun


def differing(one: Path, other: Path) -> dict[str, tuple[int, int]]:
    """By table: the rows of one store, and how many rows either store has that the other has not."""
    found = {}
    for name in TABLES:
        left, right = (stores.tables(store, stores.manifest(store))[name].to_native() for store in (one, other))
        assert (left.columns, left.types) == (right.columns, right.types), name
        every = ", ".join(f'"{column}"' for column in left.columns)
        counted, against = (side.aggregate(f"{every}, count(*) AS times", every) for side in (left, right))
        apart = [counted.except_(against), against.except_(counted)]
        found[name] = _rows(left), sum(map(_rows, apart))
    return found


def _rows(relation: duckdb.DuckDBPyRelation) -> int:
    [(rows,)] = relation.aggregate("count(*)").fetchall()
    return int(rows)


def compared(world: Path, master: str) -> tuple[str, bool]:
    """Load a world's files on both engines: the section of the page, and whether anything differs."""
    mapping = world / "sources" / "mapping.toml"
    places = {name: world / "stores" / name for name in ("on-duckdb", "on-spark")}
    seconds = [loaded(mapping, places["on-duckdb"]), loaded(mapping, places["on-spark"], master)]
    found = differing(*places.values())
    facts = [stores.manifest(place)["facts"] for place in places.values()]
    grown = stores.manifest(world / "stores" / "demo")["facts"]
    lines = [f"| {name} | {rows:,} | {apart:,} |" for name, (rows, apart) in found.items()]
    is_same = facts[0] == facts[1]
    said = "are equal" if is_same else "differ"
    under = f"The facts in the two manifests {said}. DuckDB took {seconds[0]:.0f} s, Spark {seconds[1]:.0f} s.\n"
    assert grown["fingerprint"] == facts[0]["fingerprint"]
    is_apart = not is_same or any(apart for _, apart in found.values())
    return HEAD.format(master=master) + "\n".join(lines) + "\n\n" + under, is_apart
