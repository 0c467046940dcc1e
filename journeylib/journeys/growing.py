"""Let a store grow by new files: only the customers whom they concern are cut again, from the journey on that changes.

What was loaded before stays in its files. Rows that no longer hold are withdrawn by their number, and written again
where they still count; so a table is the rows of all files but the withdrawn ones. The answer is, row for row and
fact for fact, what a load of all files from the beginning would give. Where that cannot be had so, `RebuildError` is
raised: a placeholder is one now and was none, or an old row would be rejected now.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine
from journeylib.data import erasure, identity, places, quarantine, sightings
from journeylib.data import store as stores
from journeylib.data.duplicates import SUSPECTS
from journeylib.data.mapping import Mapping
from journeylib.data.quarantine import Repairs
from journeylib.journeys import reconciliation, snapshots
from journeylib.journeys.change import Change
from journeylib.journeys.older import Older
from journeylib.journeys.staging import Before, File, Staged, stage
from journeylib.journeys.stitching import Stitching
from journeylib.schema import PLACE

__all__ = ["grow", "remembered"]

_BY = ["kind", "source", "fate"]


def remembered(
    found: Staged, counts: pd.DataFrame, staging: Path, before: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Keep in a snapshot what a later load asks of it, beside what it knew `before`: tally, duplicates, counts."""
    generation = before["generation"] + 1 if before else 0
    tally, settled = f"tally-{generation:03}.parquet", f"settled-{generation:03}.parquet"
    shutil.copyfile(found.tally, staging / tally)
    out = found.judged["events"].filter(nw.col("fate") != "accepted").select(*SUSPECTS, "fate")
    engine.write(out, staging / settled, order_by=PLACE)
    there = before or {"tally": [], "settled": [], "records": {}}
    return {
        "generation": generation,
        "tally": [*there["tally"], tally],
        "settled": [*there["settled"], settled],
        "sentinels": found.odd.sentinels,
        "records": {**there["records"], **{label: file.records for label, file in found.opened.items()}},
        "counts": counts[[*_BY, "rows"]].to_dict("split")["data"],
    }


def grow(
    said: Mapping,
    store: Path,
    there: dict[str, Any],
    staging: Path,
    files: list[File],
    fresh: list[File],
    repairs: Repairs,
    *,
    step: Callable[[], object],
) -> tuple[dict[str, Any], list[str]]:
    """Write into `staging` the snapshot of all `files`, of which the `fresh` ones are new to the snapshot `there`.

    The answer is what its manifest says of it, and warnings, which may name ids. Raises RebuildError.
    """
    memory, home, work = there["memory"], store / "snapshots" / there["snapshot"], staging / "work"
    generation = memory["generation"] + 1
    has_people = any(source.kind == "customers" for source, _, _ in fresh)
    read = [file for file in files if file in fresh or (has_people and file[0].kind == "customers")]
    labels = sorted(places.label(source, path) for source, path, _ in files)
    events = stores.rows(store, there, "events")
    older = Older(said, events, [home / name for name in memory["settled"]], labels, work / "older.parquet")
    tally = [home / name for name in memory["tally"]]
    before = Before(labels, tally, memory["records"], memory["sentinels"], older)
    found = stage(said, read, repairs, work, before, step=step)
    is_read = nw.col("source").is_in(list(found.opened))
    judged = found.judged["events"]
    gone = older.gone(judged.filter(~is_read))
    news = dataclasses.replace(found, judged={**found.judged, "events": judged.filter(is_read)})

    counts = _counts(memory, reconciliation.counts(news), gone, has_people=has_people)
    known = remembered(found, counts, staging, memory)
    reconciliation.reconcile(_records(known, said), counts, said)
    step()

    _link(there, home, staging, has_people=has_people)
    who = Stitching(said, work, events, news.accepted("events"), gone, engine.scan([home / sightings.SEEN]))
    engine.write(who.sights(), staging / sightings.SEEN, order_by=[])
    event_files = [home / name for name in there["tables"]["events"]]
    change = Change(said, work, stores.rows(store, there, "journeys"), event_files, who)
    added, withdrawn = change.write(staging, generation, there.get("withdrawn", {}))
    tables = {name: [*names, *added.get(name, [])] for name, names in there["tables"].items()}
    step()

    unfit = quarantine.described(reconciliation.rejected(news), found.opened, repairs)
    if has_people:
        people = found.accepted("customers")
        snapshots.write_customers(identity.rename(people, who.stitched), said, staging / "customers.parquet")
        origins = erasure.origins(people, who.stitched)
        engine.write(origins, staging / erasure.ORIGINS, order_by=["id", *PLACE])
        # What was rejected of customers is told anew.
        kept = engine.collect(stores.tables(store, there)["quarantine"].filter(~is_read))
        unfit = pd.concat([kept, unfit], ignore_index=True).sort_values(PLACE, ignore_index=True)
        tables["quarantine"] = []
    tables["quarantine"] = [*tables["quarantine"], f"quarantine-{generation:03}.parquet"]
    quarantine.keep(unfit, repairs, staging, name=tables["quarantine"][-1])

    made = {"tables": tables, "withdrawn": withdrawn, "memory": known}
    whole = stores.opened(staging, made)
    summary = change.summary(there["facts"], staging, whole["events"])
    facts = snapshots.facts(whole, counts, _records(known, said), said.complete_through, summary=summary)
    sights = engine.scan([staging / sightings.SEEN])
    counted = identity.counted(sights, work=work, look_back_days=said.look_back_days, largest=said.largest)
    facts["warnings"] = sorted(found.odd.publishable)
    facts["identity"] = snapshots.identified(said.identity_mode, counted, facts["known_by"])
    step()
    return {**made, "facts": facts}, found.odd.warnings


def _records(memory: dict[str, Any], said: Mapping) -> dict[str, int]:
    """The records of each source, of all loads."""
    found = dict.fromkeys((source.name for source in said.sources), 0)
    for label, records in memory["records"].items():
        found[label.partition("/")[0]] += records
    return found


def _counts(memory: dict[str, Any], new: pd.DataFrame, gone: pd.DataFrame, *, has_people: bool) -> pd.DataFrame:
    """Rows by kind of source, source and fate, the old ones too."""
    old = pd.DataFrame(memory["counts"], columns=[*_BY, "rows"])
    if has_people:
        old = old[old["kind"] != "customers"]
    out = gone.groupby("source", as_index=False).agg(rows=("row", "size")).assign(kind="events")
    moved = [out.assign(fate="duplicate"), out.assign(fate="accepted", rows=-out["rows"])]
    whole = pd.concat([old, new, *moved])[[*_BY, "rows"]].groupby(_BY, as_index=False)["rows"].sum()
    there: pd.DataFrame = whole[whole["rows"] > 0]
    return there


def _link(there: dict[str, Any], home: Path, staging: Path, *, has_people: bool) -> None:
    """Bring what stays of the snapshot before into this one: as the same files, where the file system can.

    Files that are written again must not be there, for they would be written in the snapshot before too.
    """
    kept = {**there["tables"]} if not has_people else {name: there["tables"][name] for name in ("events", "journeys")}
    names = {name for names in kept.values() for name in names}
    names |= {*there["memory"]["tally"], *there["memory"]["settled"], *there.get("withdrawn", {}).values()}
    if not has_people:
        names.add(erasure.ORIGINS)
        if (home / "quarantine.csv").exists():
            shutil.copyfile(home / "quarantine.csv", staging / "quarantine.csv")  # more is added to it
    for name in sorted(names):
        try:
            os.link(home / name, staging / name)
        except OSError:
            shutil.copyfile(home / name, staging / name)
