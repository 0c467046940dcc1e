"""Load sources into a journey store: every row accepted, quarantined or a named duplicate.

The three are counted from what was written and must add up to what separate code
counts in the sources; otherwise nothing is published. Loading the same files by the
same mapping again changes nothing and says so.
"""

from __future__ import annotations

import hashlib
import json
import resource
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
from journeylib.data import duplicates, identity, oddities, opening, quality, quarantine, reading
from journeylib.data import mapping as mappings
from journeylib.data import store as stores
from journeylib.data.mapping import Mapping
from journeylib.data.opening import Opened
from journeylib.data.quarantine import Repairs
from journeylib.data.sources import Source
from journeylib.errors import QuarantineError, SourceError, StoreError
from journeylib.journeys import snapshots

__all__ = ["load"]

_PLACE = ["source", "source_row"]
_MEMORY = "1500MB"  # what the engine works in; more goes to disk for a while
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
    except (TypeError, pa.ArrowException) as error:
        raise SourceError(
            f"a {type(source).__name__} cannot be loaded: {_first_line(error)} Give a path, or a pandas, polars or "
            "Arrow table whose columns hold one type each."
        ) from None
    return [beside / "table.parquet"]


def _load_once(said: Mapping, folder: Path, retry: Path | None, *, progress: bool) -> dict[str, Any]:
    files = [(source, path, opening.sha256(path)) for source in said.sources for path in source.files]
    repairs = _repairs(folder, retry)
    inputs = [
        {"source": source.name, "file": path.name, "sha256": digest, "repairs": _digest(repairs.get(digest, {}))}
        for source, path, digest in files
    ]
    snapshot = _identity(said, inputs)
    facts, status = _already(folder, snapshot), "already loaded"
    warnings = facts["warnings"] if facts else []
    if facts is None:
        for stale in folder.glob(".staging-*"):
            shutil.rmtree(stale)
        (folder / "snapshots").mkdir(exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".staging-", dir=folder))
        engine.bound(_MEMORY)
        try:
            tables, facts, warnings = _load(said, staging, files, repairs, progress=progress)
            shutil.rmtree(staging / "work")
            manifest = {
                "snapshot": snapshot, "inputs": inputs, "rules": _journey_rules(said), "tables": tables, "facts": facts,
            }  # fmt: skip
            stores.publish(folder, staging, manifest)
        finally:
            engine.bound(None)
            shutil.rmtree(staging, ignore_errors=True)
        status = "loaded"
    rejected = folder / "snapshots" / snapshot / "quarantine.csv"
    return {
        "status": status,
        **{name: facts[name] for name in _COUNTED},
        "warnings": warnings,
        "quarantine": str(rejected) if rejected.exists() else None,
    }


def _repairs(folder: Path, retry: Path | None) -> Repairs:
    """The repairs that the store remembers, and those of a repaired quarantine."""
    try:
        said = stores.manifest(folder)
    except StoreError:
        if retry:
            raise
        return {}
    known = quarantine.recall(folder / "snapshots" / said["snapshot"])
    if retry:
        rejected = engine.collect(stores.tables(folder, said)["quarantine"].select("file_sha256", "source_row"))
        for digest, rows in quarantine.read_repairs(retry, rejected).items():
            known[digest] = {**known.get(digest, {}), **rows}
    return known


def _digest(said: Any) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def _identity(said: Mapping, inputs: list[dict[str, Any]]) -> str:
    """Name the snapshot by what goes into it: files, mapping, and the code that reads them."""
    package = Path(journeylib.__file__).parent
    code = [package / "days.py", package / "schema.py", *sorted((package / "data").glob("*.py"))]
    code += [*sorted((package / "engine").glob("*.py")), *sorted((package / "journeys").glob("*.py"))]
    rules = [
        {name: value for name, value in vars(source).items() if name not in {"path", "files", "may_lack"}}
        for source in said.sources
    ]
    whole = [inputs, rules, _journey_rules(said), [hashlib.sha256(file.read_bytes()).hexdigest() for file in code]]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:12]


def _journey_rules(said: Mapping) -> dict[str, Any]:
    rules = {name: value for name, value in vars(said).items() if name != "sources"}
    complete = said.complete_through and said.complete_through.isoformat()
    return {**rules, "end_touchpoints": list(said.end_touchpoints), "complete_through": complete}


def _already(folder: Path, snapshot: str) -> dict[str, Any] | None:
    try:
        there = stores.manifest(folder)
    except StoreError:
        return None
    facts: dict[str, Any] | None = there["facts"] if there["snapshot"] == snapshot else None
    return facts


def _load(
    said: Mapping, staging: Path, files: list[tuple[Source, Path, str]], repairs: Repairs, *, progress: bool
) -> tuple[dict[str, list[str]], dict[str, Any], list[str]]:
    """Write the tables of a snapshot into `staging`; the answer is their files, facts, and warnings.

    The warnings may name ids; those among the facts do not, for pages show them.
    """
    work = staging / "work"
    work.mkdir()
    steps = tqdm(total=2 * len(files) + 4, desc="load", unit="step", disable=not (progress and sys.stderr.isatty()))
    staged: dict[str, list[nw.LazyFrame]] = {"events": [], "customers": []}
    opened: dict[str, Opened] = {}
    records: dict[str, int] = {}
    for place, (source, path, digest) in enumerate(files):
        here = work / str(place)
        here.mkdir()
        file = opened[reading.label(source, path)] = opening.open_file(source, path, here, digest=digest)
        records[source.name] = records.get(source.name, 0) + file.records
        steps.update()
        staged[source.kind].append(_staged(source, file, here, repairs.get(digest, {})))
        steps.update()
    if not staged["events"]:
        raise SourceError('the mapping names no source of events. Add a [[source]] with kind = "events".')

    events = _together(staged["events"])
    odd = oddities.look(events, records)
    events = _settled(oddities.hold_anonymous(events, odd.sentinels), work / "events.parquet", said)
    customers = (
        _settled(_together(staged["customers"]), work / "customers.parquet", said) if staged["customers"] else None
    )
    steps.update()
    tables = {"events": events} if customers is None else {"events": events, "customers": customers}
    counts = _counts(tables)
    _reconcile(records, counts, said)

    stitched = identity.stitch(
        events.filter(nw.col("fate") == "accepted"),
        mode=said.identity_mode,
        work=work,
        look_back_days=said.look_back_days,
        largest=said.largest,
    )
    steps.update()
    known = None
    if customers is not None:
        known = identity.rename(customers.filter(nw.col("fate") == "accepted"), stitched)
    accepted = counts[(counts["kind"] == "events") & (counts["fate"] == "accepted")]["rows"].sum()
    names = snapshots.write(stitched.events, known, staging, said, rows=int(accepted))
    steps.update()
    rejected = quarantine.described(_rejected(tables), opened, repairs)
    engine.write(engine.from_frame(rejected), staging / "quarantine.parquet", order_by=_PLACE)
    if len(rejected):
        quarantine.write_csv(rejected, staging / "quarantine.csv")
    quarantine.remember(repairs, staging)
    facts = snapshots.facts(staging, names, counts, records, said.complete_through)
    facts["warnings"] = odd.publishable
    facts["identity"] = {
        "mode": said.identity_mode,
        "customers": stitched.customers_by_mode,
        "anonymous_events": sum(facts["known_by"].get(how, 0) for how in ["device", "nobody"]),
        "unmerged_components": stitched.unmerged,
        "too_large": stitched.too_large,
    }
    steps.update()
    steps.close()
    return {**names, "quarantine": ["quarantine.parquet"]}, facts, odd.warnings


def _staged(source: Source, file: Opened, here: Path, corrected: dict[int, str]) -> nw.LazyFrame:
    """Read one file's rows and write them; corrected rows take the places of those that they repair."""
    rows = _written(source, file, here / "staged.parquet")
    if not corrected:
        return rows
    beside = here / "repaired"
    beside.mkdir()
    again = quarantine.rewritten(file, corrected, beside)
    return quarantine.replaced(rows, _written(source, again, beside / "staged.parquet"), corrected)


def _written(source: Source, file: Opened, into: Path) -> nw.LazyFrame:
    try:
        engine.write(reading.stage(source, file), into, order_by=[], is_kept=False)
        found = engine.rows_in(into) - (file.plain.header_rows if file.plain else 0)
    except engine.EngineError as error:
        raise SourceError(
            f"{file.path} cannot be read to its end: {_first_line(error)} Nothing of it was loaded; export it again."
        ) from None
    if found != file.records:
        raise SourceError(
            f"{file.path} holds {file.records:,} records and the reader found {found:,}. Nothing was loaded; "
            "look for strange quotes or line ends, or export it again."
        )
    return reading.staged(into, file)


def _together(tables: list[nw.LazyFrame]) -> nw.LazyFrame:
    """All files of a kind as one table. Customer sources may carry different attributes; a missing one is empty."""
    names = list(dict.fromkeys(name for table in tables for name in table.collect_schema().names()))
    whole = []
    for table in tables:
        there = table.collect_schema().names()
        whole.append(
            table.select(*(nw.col(name) if name in there else nw.lit(None, nw.String).alias(name) for name in names))
        )
    return nw.concat(whole, how="vertical") if len(whole) > 1 else whole[0]


def _settled(staged: nw.LazyFrame, into: Path, said: Mapping) -> nw.LazyFrame:
    """Give each staged row its fate, and each event its id."""
    engine.write(duplicates.settle(staged, retry_seconds=said.retry_seconds), into, order_by=_PLACE)
    return duplicates.settled(staged, engine.scan([into]))


def _counts(settled: dict[str, nw.LazyFrame]) -> pd.DataFrame:
    """Rows by kind of source, source and fate."""
    by = ["source", "fate"]
    each = {
        kind: engine.collect(table.group_by(*by).agg(rows=nw.len()), order_by=by) for kind, table in settled.items()
    }
    return pd.concat(each, names=["kind", None]).reset_index("kind")


def _rejected(settled: dict[str, nw.LazyFrame]) -> pd.DataFrame:
    """The rejected rows: source, source_row and rule."""
    unfit = ~nw.col("fate").is_in(["accepted", "duplicate"])
    tables = [table.filter(unfit).select(*_PLACE, rule=nw.col("fate")) for table in settled.values()]
    return pd.concat([engine.collect(table, order_by=_PLACE) for table in tables], ignore_index=True)


def _reconcile(records: dict[str, int], counts: pd.DataFrame, said: Mapping) -> None:
    total = sum(records.values())
    found = counts.groupby(counts["source"].str.partition("/")[0])["rows"].sum()
    for name, rows in records.items():
        if rows != found.get(name, 0):
            raise SourceError(
                f"source {name} holds {rows:,} records and {found.get(name, 0):,} were settled. Nothing was loaded; "
                "please report this with the mapping."
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


def _first_line(error: BaseException) -> str:
    text = str(error).strip().split("\n", 1)[0] or type(error).__name__
    return text if text.endswith(".") else text + "."
