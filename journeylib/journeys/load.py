"""Load sources into a journey store: every row accepted, quarantined or a named duplicate.

The three are counted from what was written and must add up to what separate code
counts in the sources; otherwise nothing is published. Loading the same files by the
same mapping again changes nothing and says so.
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd
from narwhals.exceptions import NarwhalsError
from tqdm import tqdm

from journeylib import engine
from journeylib.data import erasure, identity, quality, quarantine, redaction, sightings, tombstones
from journeylib.data import mapping as mappings
from journeylib.data import store as stores
from journeylib.data.mapping import Mapping
from journeylib.data.quarantine import Repairs
from journeylib.data.tombstones import Tombstones
from journeylib.errors import RefusedError, SourceError, first_line
from journeylib.journeys import growing, inputs, reconciliation, snapshots
from journeylib.journeys.staging import File, RebuildError, stage
from journeylib.schema import PLACE

__all__ = ["load"]

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
    files, stamps = inputs.stamped(said, folder)
    inputs.refuse_twice(files)
    tombs = tombstones.read(folder)
    if tombs and engine.chosen():
        raise RefusedError(
            f"people were forgotten in {folder}, and Spark does not know yet whose rows to leave out. "
            "Load it on DuckDB: leave --engine out."
        )
    repairs, idle = inputs.repairs(folder, retry, files)
    repairs = redaction.kept(repairs, tombs, _delimiters(said))
    given = inputs.listed(files, repairs)
    loaded = inputs.named(said, given)
    there, status = inputs.already(folder, loaded, tombs), "already loaded"
    warnings = there["facts"]["warnings"] if there else []
    if there is None:
        for stale in folder.glob(".staging-*"):
            shutil.rmtree(stale)
        (folder / "snapshots").mkdir(exist_ok=True)
        staging = folder / f".staging-{os.getpid()}"
        try:
            with engine.bounded():
                made, warnings = _made(said, folder, staging, files, given, repairs, tombs, progress=progress)
            shutil.rmtree(staging / "work")
            there = {
                **made, "snapshot": _free(folder, tombs.named(loaded)), "inputs": given, "rules": inputs.rules(said),
                "loaded": loaded, "reading": inputs.reading(said), "tombstones": tombs.digest,
                "stamps": stamps,
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


def _delimiters(said: Mapping) -> list[str]:
    return [source.delimiter for source in said.sources if source.delimiter]


def _free(folder: Path, snapshot: str) -> str:
    """A name for a new snapshot: this one, or another where the same was loaded before and is kept."""
    while (folder / "snapshots" / snapshot).exists():
        snapshot = inputs.digest([snapshot])[:12]
    return snapshot


def _made(
    said: Mapping,
    folder: Path,
    staging: Path,
    files: list[File],
    given: list[dict[str, Any]],
    repairs: Repairs,
    tombs: Tombstones,
    *,
    progress: bool,
) -> tuple[dict[str, Any], list[str]]:
    """Write a snapshot into `staging`: the newest one and what is new where that can be had, else all anew.

    The answer is what its manifest says of it, and warnings. The warnings may name ids; those in the manifest
    do not, for pages show them.
    """
    is_shown = progress and sys.stderr.isatty()
    if engine.chosen() is None and (there := inputs.may_grow(said, folder, given, tombs)):
        fresh = [file for file, each in zip(files, given, strict=True) if each not in there["inputs"]]
        _begin(staging, fresh, folder)
        try:
            with _steps(fresh, is_shown=is_shown) as steps:
                return growing.grow(said, folder, there, staging, files, fresh, repairs, step=steps.update)
        except RebuildError:
            shutil.rmtree(staging)
    _begin(staging, files, folder)
    with _steps(files, is_shown=is_shown) as steps:
        return _anew(said, staging, files, repairs, tombs, step=steps.update)


def _begin(staging: Path, files: list[File], folder: Path) -> None:
    inputs.refuse_without_room(files, folder)
    (staging / "work").mkdir(parents=True)


def _steps(files: list[File], *, is_shown: bool) -> Any:
    return tqdm(total=len(files) + 3, desc="load", unit="step", disable=not is_shown)


def _anew(
    said: Mapping,
    staging: Path,
    files: list[File],
    repairs: Repairs,
    tombs: Tombstones,
    *,
    step: Callable[[], object],
) -> tuple[dict[str, Any], list[str]]:
    """Write the snapshot of all files into `staging`."""
    work = staging / "work"
    found = stage(said, files, repairs, work, step=step)
    counts = reconciliation.counts(found)
    reconciliation.reconcile(found.records, counts, said)
    step()

    accepted, narrow = found.accepted("events"), found.narrow()
    if spark := engine.chosen():
        accepted = narrow = engine.stored(accepted, work / "accepted.parquet", spark=spark)
    stitched = identity.stitch(
        accepted, narrow, mode=said.identity_mode, work=work,
        look_back_days=said.look_back_days, largest=said.largest,
    )  # fmt: skip
    events, customers = stitched.events, found.accepted("customers") if "customers" in found.tables else None
    origins, unfit = erasure.origins(customers, stitched), reconciliation.rejected(found)
    known = None if customers is None else identity.rename(customers, stitched)
    rows = counts[(counts["kind"] == "events") & (counts["fate"] == "accepted")]["rows"].sum()
    if tombs:
        erased = erasure.erase(engine.stored(events, work / "stitched.parquet"), origins, tombs, work)
        known = None if known is None else erased.without(known, "ids")
        events, origins = erased.events, erased.origins
        rows -= (erased.places["kind"] == "events").sum()
        if not rows:
            raise SourceError("every event is of someone who was forgotten. There is nothing to load.")
        unfit = pd.concat([unfit, erased.places[PLACE].assign(rule=quality.ERASED.name)], ignore_index=True)
    engine.write(origins, staging / erasure.ORIGINS, order_by=["id", *PLACE])
    names = snapshots.write(events, known, staging, said, rows=int(rows))
    step()

    rejected = redaction.hidden(quarantine.described(unfit, found.opened, repairs), tombs, _delimiters(said))
    if tombs:
        counts = redaction.recounted(counts, rejected, erased.places)
    quarantine.keep(rejected, repairs, staging)
    facts = snapshots.facts(stores.opened(staging, {"tables": names}), counts, found.records, said.complete_through)
    facts["warnings"] = sorted(found.odd.publishable)
    facts["identity"] = snapshots.identified(said.identity_mode, stitched, facts["known_by"])
    warnings = found.odd.warnings
    if tombs:
        facts |= {name: redaction.unnamed(facts[name], tombs, erased.ids) for name in ["warnings", "identity"]}
        warnings = redaction.unnamed(warnings, tombs, erased.ids)
    step()
    made: dict[str, Any] = {"tables": {**names, "quarantine": ["quarantine.parquet"]}, "facts": facts}
    if not tombs and not spark:
        made["memory"] = growing.remembered(found, counts, staging)
        shutil.copyfile(work / sightings.SEEN, staging / sightings.SEEN)
    return made, warnings
