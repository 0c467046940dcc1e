"""The journey store: a folder of Parquet files that reports, notebooks and widgets read.

    stores/demo/manifest.json              which snapshot counts, its facts and rules
    stores/demo/snapshots/<id>/            one folder a load, never changed afterwards
        manifest.json  events-all.parquet (with their steps)  journeys-all.parquet
        customers.parquet  quarantine.parquet  quarantine.csv  repairs.jsonl  origins.parquet
        tally-000.parquet  settled-000.parquet  seen.parquet (what a load of further files asks)
    and, where it grew from the one before, that one's files and
        events-001-all.parquet  journeys-001-all.parquet  quarantine-001.parquet
        withdrawn-events-001.parquet  withdrawn-journeys-001.parquet (rows of the others that no longer hold)

A load writes a new snapshot beside the old ones and then renames one manifest, so
a reader sees the old store or the new one. The last few snapshots stay readable.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw

from journeylib import engine
from journeylib.errors import BusyError, StoreError
from journeylib.schema import TABLES

__all__ = ["locked", "manifest", "opened", "publish", "rows", "tables"]

VERSION = 4
_SNAPSHOTS_KEPT = 3


def manifest(path: Path | str) -> dict[str, Any]:
    """Read a store's manifest: `facts`, `rules`, `tables`, `snapshot`.

    Raises StoreError where there is no store, or one of another version.
    """
    path = Path(path)
    try:
        said: dict[str, Any] = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StoreError(
            f"there is no journey store at {path}. Make one: journey load --mapping MAPPING.toml --store {path}"
        ) from None
    except ValueError as error:
        raise StoreError(f"{path}/manifest.json is damaged: {error}. Load the store again.") from None
    if said.get("version") != VERSION:
        raise StoreError(
            f"{path} was written in store version {said.get('version')}; this package reads version {VERSION}. "
            "Load it again from its sources."
        )
    return said


def tables(path: Path | str, said: dict[str, Any], *, spark: Any = None) -> dict[str, nw.LazyFrame]:
    """Open the tables of the snapshot that a manifest names, lazily."""
    return opened(_home(path, said), said, spark=spark)


def opened(folder: Path, said: dict[str, Any], *, spark: Any = None) -> dict[str, nw.LazyFrame]:
    """Open the tables in the folder of a snapshot, lazily."""
    found = {name: _rows(folder, said, name, spark) for name in said["tables"]}
    # An event and its step stand in one row of one file.
    return found | {name: found[name].select(*TABLES[name]) for name in ("events", "steps", "journeys")}


def rows(path: Path | str, said: dict[str, Any], name: str) -> nw.LazyFrame:
    """Open a table of the snapshot that a manifest names with all columns that its files have, lazily."""
    return _rows(_home(path, said), said, name, None)


def _home(path: Path | str, said: dict[str, Any]) -> Path:
    return Path(path) / "snapshots" / str(said["snapshot"])


def _rows(folder: Path, said: dict[str, Any], name: str, spark: Any) -> nw.LazyFrame:
    """The rows of a table's files but those that were withdrawn."""
    found = engine.scan([folder / file for file in said["tables"][name]], spark=spark)
    withdrawn = said.get("withdrawn", {}).get("events" if name == "steps" else name)
    if withdrawn is None:
        return found
    return found.join(engine.scan([folder / withdrawn], spark=spark), on="row", how="anti")


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the store for one writer.

    Raises BusyError at once where another load holds it.
    """
    path.mkdir(parents=True, exist_ok=True)
    with (path / ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(f"another load holds {path}. Try again when it has ended.") from None
        yield


def publish(path: Path, staging: Path, said: dict[str, Any]) -> None:
    """Make the staged files the store's newest snapshot: one rename of the folder, one of the manifest."""
    assert set(said["tables"]) == set(TABLES)
    text = json.dumps({"version": VERSION, **said}, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    (staging / "manifest.json").write_text(text, encoding="utf-8")
    snapshot = path / "snapshots" / said["snapshot"]
    if snapshot.exists():
        shutil.rmtree(snapshot)
    staging.rename(snapshot)
    new = path / "manifest.json.new"
    with new.open("w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    new.rename(path / "manifest.json")
    by_age = sorted((path / "snapshots").iterdir(), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for old in by_age[_SNAPSHOTS_KEPT:]:
        if old != snapshot:
            shutil.rmtree(old)
