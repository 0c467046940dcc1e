"""Load sources into a journey store: every row accepted, quarantined or a named duplicate.

The three are counted from what was written and must add up to what separate code
counts in the sources; otherwise nothing is published. Loading the same files by the
same mapping again changes nothing and says so.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd
from narwhals.exceptions import NarwhalsError
from tqdm import tqdm

import journeylib
from journeylib import engine
from journeylib.data import erasure, identity, opening, quality, quarantine, reading, redaction, tombstones
from journeylib.data import mapping as mappings
from journeylib.data import store as stores
from journeylib.data.mapping import Mapping
from journeylib.data.quarantine import Repairs
from journeylib.data.tombstones import Tombstones
from journeylib.errors import RefusedError, SourceError, StoreError, first_line
from journeylib.journeys import growing, reconciliation, snapshots
from journeylib.journeys.staging import File, RebuildError, stage
from journeylib.schema import PLACE

__all__ = ["load"]

# Bytes that a load takes at its height for a byte of its sources: work files and the new snapshot beside the old one.
_ROOM, _ROOM_OF_TEXT = {".parquet": 12, ".gz": 12, ".zst": 16}, 3
_MOST_GENERATIONS = 30  # loads that add files to those of the first; the next one begins anew
_COUNTED = ["records_in", "accepted", "quarantined", "duplicates", "reasons", "sources"]


def load(
    source: Any = None,
    *,
    mapping: Path | str | dict[str, Any],
    store: Path | str,
    retry: Path | str | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Load the sources of a mapping into a store; the answer counts what became of each row.

    `source` stands in for the paths of a mapping with one source: a file, folder or pattern, a
    list of them, or a pandas, polars or Arrow table. `mapping` is a TOML file, or what one says
    as a dict. `retry` is a repaired copy of the store's quarantine.csv. The answer has status
    ("loaded" or "already loaded"), records_in, accepted, quarantined, duplicates, reasons (rule →
    rows), sources, warnings, quarantine (the file to repair, or None), seconds and memory_mb.

    Raises QuarantineError, with the store unchanged, where more rows are rejected than the
    mapping's limit allows; SourceError where a file cannot be read to its end.
    """
    began, folder = time.monotonic(), Path(store)
    with tempfile.TemporaryDirectory(prefix="journey-") as beside:
        said = mappings.read(mapping, sources=_given(source, Path(beside)))
        with stores.locked(folder):
            done = _load_once(said, folder, Path(retry) if retry else None, progress=progress)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {**done, "seconds": round(time.monotonic() - began, 2), "memory_mb": peak // 1024}


def _given(source: Any, beside: Path) -> list[Path | str]:
    """The files that stand in for the mapping's; a table is written to one."""
    if source is None or isinstance(source, str | Path):
        return [] if source is None else [source]
    if isinstance(source, list | tuple):
        return list(source)
    import pyarrow as pa
    import pyarrow.parquet

    try:
        pyarrow.parquet.write_table(nw.from_native(source, eager_only=True).to_arrow(), beside / "table.parquet")
    except (TypeError, ValueError, pa.ArrowException, NarwhalsError) as error:
        raise SourceError(
            f"a {type(source).__name__} cannot be loaded: {first_line(error)} Give a path, or a pandas, polars or "
            "Arrow table whose columns hold one type each."
        ) from None
    return [beside / "table.parquet"]


def _load_once(said: Mapping, folder: Path, retry: Path | None, *, progress: bool) -> dict[str, Any]:
    files = [(source, path, opening.sha256(path)) for source in said.sources for path in source.files]
    _refuse_twice(files)
    tombs = tombstones.read(folder)
    repairs, idle = _repairs(folder, retry, files)
    repairs = redaction.kept(repairs, tombs, _delimiters(said))
    inputs = [
        {
            "source": source.name, "label": reading.label(source, path), "file": path.name, "sha256": digest,
            "delimiter": source.delimiter, "header_rows": source.header_rows,
            "repairs": _digest(repairs.get(digest, {})),
        }
        for source, path, digest in files
    ]  # fmt: skip
    loaded = _identity(said, inputs)
    there, status = _already(folder, loaded, tombs), "already loaded"
    warnings = there["facts"]["warnings"] if there else []
    if there is None:
        for stale in folder.glob(".staging-*"):
            shutil.rmtree(stale)
        (folder / "snapshots").mkdir(exist_ok=True)
        staging = folder / f".staging-{os.getpid()}"
        try:
            staging.mkdir()
            _refuse_without_room(files, folder)
            with engine.bounded():
                made, warnings = _made(said, folder, staging, files, inputs, repairs, tombs, progress=progress)
            shutil.rmtree(staging / "work")
            there = {
                "snapshot": _free(folder, tombs.named(loaded)), "inputs": inputs, "rules": _journey_rules(said),
                **made, "loaded": loaded, "reading": _reading(said), "tombstones": tombs.digest,
            }  # fmt: skip
            stores.publish(folder, staging, there)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        status = "loaded"
    rejected = folder / "snapshots" / there["snapshot"] / "quarantine.csv"
    return {
        "status": status,
        **{name: there["facts"][name] for name in _COUNTED},
        "warnings": [*warnings, *idle],
        "quarantine": str(rejected) if rejected.exists() else None,
    }


def _refuse_without_room(files: list[File], folder: Path) -> None:
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


def _refuse_twice(files: list[File]) -> None:
    """Refuse the same content twice in one source: its rows would count twice, or hide each other."""
    seen: dict[tuple[str, str], Path] = {}
    for source, path, digest in files:
        other = seen.setdefault((source.name, digest), path)
        if other is not path:
            raise SourceError(f"{other} and {path} of source {source.name} are the same file. Leave one of them out.")


def _repairs(folder: Path, retry: Path | None, files: list[File]) -> tuple[Repairs, list[str]]:
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


def _delimiters(said: Mapping) -> list[str]:
    return [source.delimiter for source in said.sources if source.delimiter]


def _digest(said: Any) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def _identity(said: Mapping, inputs: list[dict[str, Any]]) -> str:
    """Name the snapshot by what goes into it: files, journey rules, and how the files are read."""
    whole = [inputs, _journey_rules(said), _reading(said)]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:12]


def _reading(said: Mapping) -> str:
    """Fingerprint how files become events and customers: the mapping's sources, identity, and the code."""
    package = Path(journeylib.__file__).parent
    code = [package / "days.py", package / "schema.py", *sorted((package / "data").glob("*.py"))]
    code += [*sorted((package / "engine").glob("*.py")), *sorted((package / "journeys").glob("*.py"))]
    rules = [
        {name: value for name, value in vars(source).items() if name not in {"path", "files", "may_lack"}}
        for source in said.sources
    ]
    stitching = [said.identity_mode, said.look_back_days, said.largest]
    whole = [rules, stitching, [hashlib.sha256(file.read_bytes()).hexdigest() for file in code]]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:16]


def _journey_rules(said: Mapping) -> dict[str, Any]:
    rules = {name: value for name, value in vars(said).items() if name != "sources"}
    complete = said.complete_through and said.complete_through.isoformat()
    return {**rules, "end_touchpoints": list(said.end_touchpoints), "complete_through": complete}


def _already(folder: Path, loaded: str, tombs: Tombstones) -> dict[str, Any] | None:
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


def _free(folder: Path, snapshot: str) -> str:
    """A name for a new snapshot: this one, or another where the same was loaded before and is kept."""
    while (folder / "snapshots" / snapshot).exists():
        snapshot = _digest([snapshot])[:12]
    return snapshot


def _made(
    said: Mapping,
    folder: Path,
    staging: Path,
    files: list[File],
    inputs: list[dict[str, Any]],
    repairs: Repairs,
    tombs: Tombstones,
    *,
    progress: bool,
) -> tuple[dict[str, Any], list[str]]:
    """Write a snapshot into `staging`, of the newest and what is new where it can be had so; its manifest and warnings.

    The warnings may name ids; those among the facts do not, for pages show them.
    """
    there = _may_grow(said, folder, inputs, tombs)
    (staging / "work").mkdir()
    if there:
        fresh = [file for file, each in zip(files, inputs, strict=True) if each not in there["inputs"]]
        steps = tqdm(total=2 * len(fresh) + 3, desc="load", unit="step", disable=not (progress and sys.stderr.isatty()))
        try:
            grown = growing.grow(said, folder, there, staging, files, fresh, repairs, step=steps.update)
        except RebuildError:
            for each in staging.iterdir():
                shutil.rmtree(each) if each.is_dir() else each.unlink()
            (staging / "work").mkdir()
        else:
            return {name: value for name, value in vars(grown).items() if name != "warnings"}, grown.warnings
        finally:
            steps.close()
    return _load(said, staging, files, repairs, tombs, progress=progress)


def _may_grow(said: Mapping, folder: Path, inputs: list[dict[str, Any]], tombs: Tombstones) -> dict[str, Any] | None:
    """The newest snapshot's manifest, where all that it was made of is among these inputs and means the same."""
    try:
        there = stores.manifest(folder)
    except StoreError:
        return None
    rules = [{**each, "complete_through": None} for each in (there["rules"], _journey_rules(said))]
    is_same = rules[0] == rules[1] and there["reading"] == _reading(said)
    has_grown = all(each in inputs for each in there["inputs"])
    # Who is merged with whom, which of equal events come too soon and whose row is forgotten are told of all at once.
    is_whole = said.identity_mode == "graph" or said.retry_seconds or tombs
    is_whole = is_whole or any(len(source.columns.get("customer_id", ())) > 2 for source in said.sources)
    of_events = {source.name for source in said.sources if source.kind == "events"}
    has_events = any(each not in there["inputs"] and each["source"] in of_events for each in inputs)
    is_due = there["facts"]["reasons"].get("future_time", 0)
    if "memory" not in there or there["memory"]["generation"] >= _MOST_GENERATIONS:  # else files would become many
        return None
    return there if is_same and has_grown and has_events and not (is_whole or is_due) else None


def _load(
    said: Mapping, staging: Path, files: list[File], repairs: Repairs, tombs: Tombstones, *, progress: bool
) -> tuple[dict[str, Any], list[str]]:
    """Write the snapshot of all files into `staging`."""
    work = staging / "work"
    steps = tqdm(total=2 * len(files) + 3, desc="load", unit="step", disable=not (progress and sys.stderr.isatty()))
    found = stage(said, files, repairs, work, step=steps.update)
    counts = reconciliation.counts(found)
    reconciliation.reconcile(found.records, counts, said)
    steps.update()

    stitched = identity.stitch(
        found.accepted("events"), found.narrow(), mode=said.identity_mode, work=work,
        look_back_days=said.look_back_days, largest=said.largest,
    )  # fmt: skip
    events, customers = stitched.events, found.accepted("customers") if "customers" in found.tables else None
    origins, unfit = erasure.origins(customers, stitched), reconciliation.rejected(found)
    known = None if customers is None else identity.rename(customers, stitched)
    rows = counts[(counts["kind"] == "events") & (counts["fate"] == "accepted")]["rows"].sum()
    if tombs:
        engine.write(events, work / "stitched.parquet", order_by=[], is_kept=False)
        erased = erasure.erase(engine.scan([work / "stitched.parquet"]), origins, tombs, work)
        known = None if known is None else erased.without(known, "ids")
        events, origins = erased.events, erased.origins
        rows -= (erased.places["kind"] == "events").sum()
        if not rows:
            raise SourceError("every event is of someone who was forgotten. There is nothing to load.")
        unfit = pd.concat([unfit, erased.places[PLACE].assign(rule=quality.ERASED.name)], ignore_index=True)
    engine.write(origins, staging / erasure.ORIGINS, order_by=["id", *PLACE])
    names = snapshots.write(events, known, staging, said, rows=int(rows))
    steps.update()

    rejected = redaction.hidden(quarantine.described(unfit, found.opened, repairs), tombs, _delimiters(said))
    if tombs:
        counts = redaction.recounted(counts, rejected, erased.places)
    quarantine.keep(rejected, repairs, staging)
    facts = snapshots.told(staging, names, counts, found.records, said.complete_through)
    facts["warnings"] = sorted(found.odd.publishable)
    facts["identity"] = {
        "mode": said.identity_mode,
        "customers": stitched.customers_by_mode,
        "anonymous_events": snapshots.anonymous(facts),
        "unmerged_components": stitched.unmerged,
        "too_large": stitched.too_large,
    }
    warnings = found.odd.warnings
    if tombs:
        facts |= {name: redaction.unnamed(facts[name], tombs, erased.ids) for name in ["warnings", "identity"]}
        warnings = redaction.unnamed(warnings, tombs, erased.ids)
    steps.update()
    steps.close()
    made: dict[str, Any] = {"tables": {**names, "quarantine": ["quarantine.parquet"]}, "facts": facts}
    if not tombs:
        made["memory"] = growing.remembered(found, counts, staging)
    return made, warnings
