"""Load sources into a journey store: every row accepted, quarantined or a named duplicate.

The three are counted from what was written and must add up to what separate code
counts in the sources; otherwise nothing is published. Loading the same files by the
same mapping again changes nothing and says so.
"""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd
from tqdm import tqdm

import journeylib
from journeylib import engine
from journeylib.data import duplicates, identity, mapping, quality, reading, store
from journeylib.errors import QuarantineError, SourceError, StoreError
from journeylib.journeys import snapshots
from journeylib.schema import EVENTS, ORDER

__all__ = ["load"]

_PLACE = ["source", "source_row"]


def load(mapping_path: Path | str, store_path: Path | str, *, progress: bool = False) -> dict[str, Any]:
    """Load every source of a mapping into the store; the answer counts what became of each row.

    The answer has status ("loaded" or "already loaded"), records_in, accepted, quarantined,
    duplicates, reasons (rule → rows), sources, warnings and seconds. Raises QuarantineError,
    with the store unchanged, where more rows are rejected than the mapping's limit allows.
    """
    began = time.monotonic()
    said, folder = mapping.read(mapping_path), Path(store_path)
    with store.locked(folder):
        inputs = [
            {"source": source.name, "file": path.name, "sha256": reading.sha256(path)}
            for source in said.sources
            for path in source.files
        ]
        snapshot = _identity(said, inputs)
        facts = _already(folder, snapshot)
        status = "already loaded"
        if facts is None:
            for stale in folder.glob(".staging-*"):
                shutil.rmtree(stale)
            (folder / "snapshots").mkdir(exist_ok=True)
            staging = Path(tempfile.mkdtemp(prefix=".staging-", dir=folder))
            try:
                facts = _load(said, folder, staging, snapshot, inputs, progress=progress)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
            status = "loaded"
    counted = {
        name: facts[name] for name in ["records_in", "accepted", "quarantined", "duplicates", "reasons", "sources"]
    }
    return {"status": status, **counted, "warnings": facts["warnings"], "seconds": round(time.monotonic() - began, 2)}


def _identity(said: mapping.Mapping, inputs: list[dict[str, Any]]) -> str:
    """Name the snapshot by what goes into it: files, mapping, and the code that reads them."""
    package = Path(journeylib.__file__).parent
    code = [package / "days.py", package / "engine.py", package / "schema.py", *sorted((package / "data").glob("*.py"))]
    code += sorted((package / "journeys").glob("*.py"))
    rules = [
        {name: value for name, value in vars(source).items() if name not in {"path", "files"}}
        for source in said.sources
    ]
    whole = [inputs, rules, _journey_rules(said), [hashlib.sha256(file.read_bytes()).hexdigest() for file in code]]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:12]


def _journey_rules(said: mapping.Mapping) -> dict[str, Any]:
    return {
        "identity_mode": said.identity_mode,
        "look_back_days": said.look_back_days,
        "gap_days": said.gap_days,
        "longest_days": said.longest_days,
        "end_touchpoints": list(said.end_touchpoints),
        "quarantined_share": said.quarantined_share,
        "complete_through": said.complete_through and said.complete_through.isoformat(),
    }


def _already(folder: Path, snapshot: str) -> dict[str, Any] | None:
    try:
        there = store.manifest(folder)
    except StoreError:
        return None
    facts: dict[str, Any] | None = there["facts"] if there["snapshot"] == snapshot else None
    return facts


def _load(
    said: mapping.Mapping, folder: Path, staging: Path, snapshot: str, inputs: list[dict[str, Any]], *, progress: bool
) -> dict[str, Any]:
    work = staging / "work"
    work.mkdir()
    files = [(source, path) for source in said.sources for path in source.files]
    steps = tqdm(total=len(files) + 3, desc="load", unit="step", disable=not (progress and sys.stderr.isatty()))
    staged: dict[str, list[Path]] = {"events": [], "customers": []}
    records: dict[str, int] = {}
    for place, (source, path) in enumerate(files):
        records[source.name] = records.get(source.name, 0) + _stage(source, path, work / f"staged-{place}.parquet")
        staged[source.kind].append(work / f"staged-{place}.parquet")
        steps.update()
    if not staged["events"]:
        raise SourceError('the mapping names no source of events. Add a [[source]] with kind = "events".')

    events = _settle(staged["events"], work / "events.parquet")
    customers = _settle(staged["customers"], work / "customers.parquet") if staged["customers"] else None
    settled = {"events": events} if customers is None else {"events": events, "customers": customers}
    counts = _counts(settled)
    steps.update()
    _reconcile(records, counts, said)

    identified = identity.stitch(
        events.filter(nw.col("fate") == "accepted"), mode=said.identity_mode, look_back_days=said.look_back_days
    ).select(*EVENTS)
    engine.write(identified, work / "identified.parquet", order_by=["customer_id", *ORDER])
    steps.update()
    tables = snapshots.write(
        engine.scan([work / "identified.parquet"]), customers, list(settled.values()), staging, said
    )
    facts = snapshots.facts(staging, tables, counts, records, said.complete_through)
    steps.update()
    steps.close()
    shutil.rmtree(work)
    store.publish(
        folder,
        staging,
        {"snapshot": snapshot, "inputs": inputs, "rules": _journey_rules(said), "tables": tables, "facts": facts},
    )
    return facts


def _stage(source: mapping.Source, path: Path, into: Path) -> int:
    """Write one file's staged rows; the answer is its records, counted by other code."""
    try:
        engine.write(reading.stage(source, path), into, order_by=_PLACE)
        return reading.count_records(path, delimiter=source.delimiter)
    except SourceError:
        raise
    except (engine.EngineError, OSError, EOFError, ValueError, csv.Error) as error:
        first = str(error).strip().split("\n", 1)[0]
        raise SourceError(
            f"{path} cannot be read to its end: {first} Nothing of it was loaded; export it again."
        ) from None


def _together(files: list[Path]) -> nw.LazyFrame:
    tables = [engine.scan([file]) for file in files]
    names = list(dict.fromkeys(name for table in tables for name in table.collect_schema().names()))
    # Customer sources may carry different attributes; a missing one is an empty text.
    whole = []
    for table in tables:
        there = table.collect_schema().names()
        whole.append(
            table.select(*(nw.col(name) if name in there else nw.lit(None, nw.String).alias(name) for name in names))
        )
    return nw.concat(whole, how="vertical")


def _settle(staged: list[Path], into: Path) -> nw.LazyFrame:
    """Join to each staged row its fate; for events also the id that it has then."""
    whole = _together(staged)
    fates = duplicates.settle(whole)
    engine.write(fates, into, order_by=_PLACE)
    settled = engine.scan([into])
    taken = [name for name in settled.collect_schema().names() if name not in _PLACE]
    return whole.drop(*taken, strict=False).join(settled, on=_PLACE, how="inner")


def _counts(settled: dict[str, nw.LazyFrame]) -> pd.DataFrame:
    """Rows by kind of source, source and fate."""
    by = ["source", "fate"]
    each = {
        kind: engine.collect(table.group_by(*by).agg(rows=nw.len()), order_by=by) for kind, table in settled.items()
    }
    return pd.concat(each, names=["kind", None]).reset_index("kind")


def _reconcile(records: dict[str, int], counts: pd.DataFrame, said: mapping.Mapping) -> None:
    total = sum(records.values())
    found = counts.groupby(counts["source"].str.partition("/")[0])["rows"].sum()
    for name, rows in records.items():
        if rows != found.get(name, 0):
            raise SourceError(
                f"source {name} holds {rows:,} records and the reader found {found.get(name, 0):,}. Nothing was "
                "loaded; look for an unclosed quote, or export its files again."
            )
    fates = counts.groupby("fate")["rows"].sum()
    bad = fates.drop(labels=["accepted", "duplicate"], errors="ignore")
    if bad.sum() > said.quarantined_share * total:
        unfit = counts[counts["fate"].isin(bad.index)].sort_values("rows", ascending=False)
        why = "; ".join(
            f"{row['rows']:,} rows of {row['source']}: {quality.rule_named(row['fate']).sentence} ({row['fate']}) – "
            f"{quality.rule_named(row['fate']).remedy}"
            for row in unfit.head(3).to_dict("records")
        )
        raise QuarantineError(
            f"{bad.sum():,} of {total:,} rows are unfit, {bad.sum() / total:.1%}; the limit is "
            f"{said.quarantined_share:.1%} (quarantined_share under [limits]). The store is unchanged. {why}"
        )
    if not len(counts[(counts["kind"] == "events") & (counts["fate"] == "accepted")]):
        raise SourceError("no event can be accepted. Check the columns and the time format of the mapping.")
