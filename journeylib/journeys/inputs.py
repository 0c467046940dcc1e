"""What a load is given: whether it can be taken, and whether a store has it already, whole or in part."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from pathlib import Path
from typing import Any

import journeylib
from journeylib import engine
from journeylib.data import opening, places, quarantine
from journeylib.data import store as stores
from journeylib.data.mapping import Mapping
from journeylib.data.quarantine import Repairs
from journeylib.data.tombstones import Tombstones
from journeylib.errors import RefusedError, SourceError, StoreError
from journeylib.journeys.staging import File

__all__ = [
    "already",
    "digest",
    "listed",
    "may_grow",
    "named",
    "reading",
    "refuse_twice",
    "refuse_without_room",
    "repairs",
    "rules",
    "stamped",
]

# Bytes that a load takes at its height for a byte of its sources: work files and the new snapshot beside the old one.
_ROOM, _ROOM_OF_TEXT = {".parquet": 12, ".gz": 12, ".zst": 16}, 3
_MOST_GENERATIONS = 30  # loads that add files to those of the first; the next one begins anew
_SETTLED_NS = 2_000_000_000  # some file systems tell the time of a change no finer


def stamped(said: Mapping, folder: Path) -> tuple[list[File], dict[str, list[Any]]]:
    """The files of a mapping with their SHA-256, and stamps of them by label: inode, size, time of change, SHA-256.

    A file that the newest snapshot stamped is read only where its inode, size or time is another now. So one whose
    bytes were written over by as many others, with its time set back, is taken for what it was. One that changed
    within two seconds before it was stamped is not trusted.
    """
    try:
        there = stores.manifest(folder).get("stamps", {})
    except StoreError:
        there = {}
    files: list[File] = []
    stamps: dict[str, list[Any]] = {}
    for source in said.sources:
        for path in source.files:
            label, now, at = places.label(source, path), time.time_ns(), path.stat()
            stamp = [at.st_ino, at.st_size, at.st_mtime_ns]
            *before, known = there.get(label, [""])
            sha256 = known if before == stamp else opening.sha256(path)
            files.append((source, path, sha256))
            if at.st_mtime_ns < now - _SETTLED_NS:
                stamps[label] = [*stamp, sha256]
    return files, stamps


def listed(files: list[File], repairs: Repairs) -> list[dict[str, Any]]:
    """List what a snapshot is made of: each file, how it is cut into rows, and which of them were repaired."""
    return [
        {
            "source": source.name,
            "label": places.label(source, path),
            "file": path.name,
            "sha256": sha256,
            "delimiter": source.delimiter,
            "header_rows": source.header_rows,
            "repairs": digest(repairs.get(sha256, {})),
        }
        for source, path, sha256 in files
    ]


def refuse_twice(files: list[File]) -> None:
    """Refuse the same content twice in one source: its rows would count twice, or hide each other."""
    seen: dict[tuple[str, str], Path] = {}
    for source, path, digest in files:
        other = seen.setdefault((source.name, digest), path)
        if other is not path:
            raise SourceError(f"{other} and {path} of source {source.name} are the same file. Leave one of them out.")


def refuse_without_room(files: list[File], folder: Path) -> None:
    """Refuse to begin where the disk has less room than a load of these files takes at its height."""
    need = 0
    for _, path, _ in files:
        times = next((times for ending, times in _ROOM.items() if path.name.endswith(ending)), _ROOM_OF_TEXT)
        need += path.stat().st_size * times
    free = shutil.disk_usage(folder).free
    if need > free:
        raise RefusedError(
            f"a load of these files takes up to {need / 1e6:,.1f} MB on the disk of {folder}, and "
            f"{free / 1e6:,.1f} MB are free. Nothing was written. Make room, or put the store on another disk."
        )


def repairs(folder: Path, retry: Path | None, files: list[File]) -> tuple[Repairs, list[str]]:
    """The repairs that the store remembers and those of a repaired quarantine; warnings of those that do not apply."""
    try:
        said = stores.manifest(folder)
    except StoreError:
        if retry:
            raise
        return {}, []
    known = quarantine.recall(folder / "snapshots" / said["snapshot"])
    rows_before = {one["sha256"]: one["header_rows"] for one in said["inputs"]}
    present = {digest: source.header_rows for source, _, digest in files}
    if retry:
        rejected = engine.collect(stores.tables(folder, said)["quarantine"].select("file_sha256", "source_row"))
        again = quarantine.read_repairs(retry, rejected, known)
        if set(again) - set(present):
            raise SourceError(
                f"{retry} repairs rows of a file that has changed since, or is not loaded now. Load first, then repair "
                "the quarantine of that load."
            )
        for digest, rows in again.items():
            known[digest] = {**known.get(digest, {}), **rows}
    # Under another number of header rows, a row's number means another row.
    applies = {digest for digest, rows in present.items() if rows == rows_before.get(digest, rows)}
    idle = sum(len(rows) for digest, rows in known.items() if digest not in applies)
    warnings = [f"{idle:,} repairs are of files that changed or are not loaded now; they wait"] if idle else []
    moved = set(present) - applies
    return {digest: rows for digest, rows in known.items() if digest not in moved}, warnings


def digest(said: Any) -> str:
    """Name anything that JSON can say, in 16 hexadecimal digits."""
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def named(said: Mapping, inputs: list[dict[str, Any]]) -> str:
    """Name the snapshot by what goes into it: files, journey rules, and how the files are read."""
    whole = [inputs, rules(said), reading(said)]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:12]


def reading(said: Mapping) -> str:
    """Fingerprint how files become events and customers: the mapping's sources, identity, and the code."""
    package = Path(journeylib.__file__).parent
    code = [package / "days.py", package / "schema.py", *sorted((package / "data").glob("*.py"))]
    code += [*sorted((package / "engine").glob("*.py")), *sorted((package / "journeys").glob("*.py"))]
    sources = [
        {name: value for name, value in vars(source).items() if name not in {"path", "files", "may_lack"}}
        for source in said.sources
    ]
    stitching = [said.identity_mode, said.look_back_days, said.largest]
    whole = [sources, stitching, [hashlib.sha256(file.read_bytes()).hexdigest() for file in code]]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:16]


def rules(said: Mapping) -> dict[str, Any]:
    """The rules of a mapping as a manifest keeps them."""
    told = {name: value for name, value in vars(said).items() if name != "sources"}
    complete = said.complete_through and said.complete_through.isoformat()
    return {**told, "end_touchpoints": list(said.end_touchpoints), "complete_through": complete}


def already(folder: Path, loaded: str, tombs: Tombstones) -> dict[str, Any] | None:
    """The store's manifest, where it is of just this load, and whole."""
    try:
        there = stores.manifest(folder)
    except StoreError:
        return None
    home = folder / "snapshots" / there["snapshot"]
    is_whole = all((home / name).is_file() for names in there["tables"].values() for name in names)
    # A time that lay in the future may have come.
    is_due = there["facts"]["reasons"].get("future_time", 0)
    is_same = (there.get("loaded"), there.get("tombstones")) == (loaded, tombs.digest)
    return there if is_same and is_whole and not is_due else None


def may_grow(said: Mapping, folder: Path, inputs: list[dict[str, Any]], tombs: Tombstones) -> dict[str, Any] | None:
    """The newest snapshot's manifest, where a load of these inputs may add to it what it has not (see `growing`)."""
    try:
        there = stores.manifest(folder)
    except StoreError:
        return None
    of_events = {source.name for source in said.sources if source.kind == "events"}
    may = [
        "memory" in there,
        there.get("memory", {}).get("generation", 0) < _MOST_GENERATIONS,  # else files would become many
        there["reading"] == reading(said),
        {**there["rules"], "complete_through": None} == {**rules(said), "complete_through": None},
        all(each in inputs for each in there["inputs"]),
        any(each not in there["inputs"] and each["source"] in of_events for each in inputs),
        # A time that lay in the future may have come.
        not there["facts"]["reasons"].get("future_time", 0),
        # Who is merged with whom, what comes too soon after its like, and whose row is forgotten, all files tell.
        said.identity_mode != "graph",
        all(len(source.columns.get("customer_id", ())) <= 2 for source in said.sources),
        not said.retry_seconds,
        not tombs,
    ]
    return there if all(may) else None
