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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine
from journeylib.data import erasure, identity, quarantine, reading
from journeylib.data import store as stores
from journeylib.data.duplicates import SUSPECTS
from journeylib.data.mapping import Mapping
from journeylib.data.quarantine import Repairs
from journeylib.journeys import reconciliation, snapshots
from journeylib.journeys.staging import Before, File, RebuildError, Staged, stage
from journeylib.schema import EVENTS, PLACE

__all__ = ["Grown", "grow", "remembered"]

_EARLIEST = -(2**62)  # microseconds, before any event
_BY = ["kind", "source", "fate"]
_SEEN = ["event_id", "occurred_us", "person", "alias", "device", "ids"]  # what says who is behind an event


@dataclass(frozen=True)
class Grown:
    """What a manifest says of a store that has grown, and warnings, which may name ids."""

    tables: dict[str, list[str]]
    withdrawn: dict[str, str]
    facts: dict[str, Any]
    memory: dict[str, Any]
    warnings: list[str]


def remembered(
    found: Staged, counts: pd.DataFrame, staging: Path, before: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Keep in a snapshot what a later load asks of it, beside what it knew `before`: tally, duplicates, counts."""
    generation = before["generation"] + 1 if before else 0
    tally, settled = f"tally-{generation:03}.parquet", f"settled-{generation:03}.parquet"
    shutil.copyfile(found.tally, staging / tally)
    out = found.judged["events"].filter(nw.col("fate") != "accepted").select(*SUSPECTS, "fate")
    engine.write(out, staging / settled, order_by=PLACE)
    known = before or {"tally": [], "settled": [], "records": {}}
    return {
        "generation": generation,
        "tally": [*known["tally"], tally],
        "settled": [*known["settled"], settled],
        "sentinels": found.odd.sentinels,
        "records": {**known["records"], **{label: file.records for label, file in found.opened.items()}},
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
) -> Grown:
    """Write into `staging` the snapshot of all `files`, of which the `fresh` ones are new to the snapshot `there`.

    Raises RebuildError.
    """
    memory, home, work = there["memory"], store / "snapshots" / there["snapshot"], staging / "work"
    has_people = any(source.kind == "customers" for source, _, _ in fresh)
    read = [file for file in files if file in fresh or (has_people and file[0].kind == "customers")]
    labels = sorted(reading.label(source, path) for source, path, _ in files)
    events = stores.rows(store, there, "events")
    older = _Older(said, events, [home / name for name in memory["settled"]], labels, work / "older.parquet")
    tally = [home / name for name in memory["tally"]]
    before = Before(labels, tally, memory["records"], memory["sentinels"], older)
    found = stage(said, read, repairs, work, before, step=step)
    names_read = [reading.label(source, path) for source, path, _ in read]
    gone = older.gone(found.judged["events"], names_read)
    judged = found.judged["events"].filter(nw.col("source").is_in(names_read))
    news = dataclasses.replace(found, judged={**found.judged, "events": judged})

    counts = _counts(memory, reconciliation.counts(news), gone, has_people=has_people)
    by_label = pd.Series({**memory["records"], **{label: file.records for label, file in found.opened.items()}})
    by_source = by_label.groupby(by_label.index.str.partition("/").get_level_values(0)).sum()
    records = {source.name: int(by_source[source.name]) for source in said.sources}
    reconciliation.reconcile(records, counts, said)
    step()

    _link(there, home, staging, has_people=has_people)
    change = _Change(said, work, events, news, gone)
    journeys = stores.rows(store, there, "journeys")
    tables, withdrawn = _write(change, journeys, said, there, staging, memory["generation"] + 1)
    manifest = {"snapshot": staging.name, "tables": tables, "withdrawn": withdrawn}
    step()

    customers = found.accepted("customers") if has_people else None
    if customers is not None:
        snapshots.write_customers(customers, said, staging / "customers.parquet")
        engine.write(erasure.origins(customers, change.stitched), staging / erasure.ORIGINS, order_by=["id", *PLACE])
    unfit = quarantine.described(reconciliation.rejected(news), found.opened, repairs)
    if has_people:  # what was rejected of customers is told anew
        kept = engine.collect(stores.tables(store, there)["quarantine"].filter(~nw.col("source").is_in(names_read)))
        rejected = pd.concat([kept, unfit], ignore_index=True).sort_values(PLACE, ignore_index=True)
        tables["quarantine"] = ["quarantine.parquet"]
        quarantine.keep(rejected, repairs, staging)
    else:
        tables["quarantine"] = [*tables["quarantine"], f"quarantine-{memory['generation'] + 1:03}.parquet"]
        quarantine.keep(unfit, repairs, staging, name=tables["quarantine"][-1])
    whole = stores.opened(staging, manifest)
    facts = snapshots.facts(
        whole["events"],
        whole["customers"],
        engine.Print.read(there["facts"]["fingerprint"].split("+")[0]) + change.printed(),
        counts,
        records,
        said.complete_through,
    )
    seen = whole["events"].select(
        "event_id",
        "occurred_us",
        "person_id",
        device="device_id",
        ids=nw.coalesce("person_id", "device_id"),
        person="person_id",
    )
    by_mode, unmerged, too_large = identity.counted(
        seen, work=work, look_back_days=said.look_back_days, largest=said.largest
    )
    facts["warnings"] = sorted(found.odd.publishable)
    facts["identity"] = {
        "mode": said.identity_mode, "customers": by_mode, "anonymous_events": snapshots.anonymous(facts),
        "unmerged_components": unmerged, "too_large": too_large,
    }  # fmt: skip
    step()
    return Grown(tables, withdrawn, facts, remembered(found, counts, staging, memory), found.odd.warnings)


class _Older:
    """Old sound events that share a number with new ones, and what became of them when they are settled again."""

    def __init__(self, said: Mapping, events: nw.LazyFrame, settled: list[Path], labels: list[str], into: Path) -> None:
        self._copies = {source.name: source.exact_copies == "events" for source in said.sources}
        self._events, self._settled, self._labels, self._into = events, settled, labels, into
        self._met = pd.DataFrame()

    def __call__(self, staged: nw.LazyFrame) -> nw.LazyFrame | None:
        numbers = engine.kept(staged.filter(nw.col("rule").is_null()).group_by("number").agg(rows=nw.len()))
        columns = ["row", *PLACE, "number", "content", "event_id", "updated_us"]
        accepted = engine.collect(self._events.join(numbers, on="number", how="semi").select(*columns))
        # An id that a source gave has a colon; the others are a hash and which of the equal events it is.
        is_given = accepted["event_id"].str.contains(":", regex=False).astype(bool)
        accepted["content_hash"] = accepted["event_id"].str.slice(0, 32).where(~is_given)
        accepted["counts_copies"] = accepted["source"].str.split("/").str[0].map(self._copies)
        others = [accepted.assign(fate="accepted")]
        for path in self._settled:  # a later load may have settled a row again
            others.append(engine.collect(engine.scan([path]).join(numbers, on="number", how="semi")))
        met = pd.concat(others, ignore_index=True).drop_duplicates(PLACE, keep="last")
        if met.empty:
            return None
        place = (
            met["source"].map({label: at for at, label in enumerate(self._labels)}) * reading.MOST_ROWS
            + met["source_row"]
        )
        self._met = met.assign(place=place.astype("int64"))
        own = self._met["event_id"].where(self._met["content_hash"].isna())
        kinds = {"number": "uint32", "content": "uint32", "updated_us": "Int64", "counts_copies": "bool"}
        texts = dict.fromkeys(["source", "event_id", "content_hash"], "string")
        frame = self._met.assign(event_id=own)[["place", *SUSPECTS]].astype({**kinds, **texts, "source_row": "int64"})
        engine.write(engine.from_frame(frame), self._into, order_by=["place"])
        return engine.scan([self._into])

    def gone(self, judged: nw.LazyFrame, fresh: list[str]) -> pd.DataFrame:
        """The old events that no longer count (row, source).

        Raises RebuildError where anything else of the old has changed.
        """
        if self._met.empty:
            return pd.DataFrame({"row": pd.Series(dtype="int64"), "source": pd.Series(dtype="string")})
        again = engine.collect(judged.filter(~nw.col("source").is_in(fresh)).select("place", "fate", "event_id"))
        both = self._met.merge(again, on="place", suffixes=("", "_now"))
        is_out = (both["fate"] == "accepted") & (both["fate_now"] == "duplicate")
        is_same = both["fate"] == both["fate_now"]
        is_called = (both["fate"] != "accepted") | (both["event_id"] == both["event_id_now"])
        if not (is_out | (is_same & is_called)).all():
            raise RebuildError
        return both.loc[is_out, ["row", "source"]].astype({"row": "int64"})


class _Change:
    """Which events come, go, or have another customer now."""

    def __init__(self, said: Mapping, work: Path, events: nw.LazyFrame, news: Staged, gone: pd.DataFrame) -> None:
        self._old, rows = events, engine.from_frame(gone[["row"]])
        self.gone = self._written(events.join(rows, on="row", how="semi"), work / "gone.parquet")
        self.stays = events.join(rows, on="row", how="anti")
        fresh = self._written(news.accepted("events"), work / "fresh.parquet")
        on = nw.concat([fresh.select("device"), self.gone.select(device="device_id")], how="vertical")
        devices = engine.kept(on.filter(~nw.col("device").is_null()).group_by("device").agg(rows=nw.len()))
        near = self.stays.join(devices, left_on="device_id", right_on="device", how="semi").with_columns(
            person=nw.col("person_id"), device=nw.col("device_id"), ids=nw.coalesce("person_id", "device_id"),
            alias=nw.lit(None, nw.String), was=nw.col("customer_id"), was_known=nw.col("known_by"),
        )  # fmt: skip
        nothing = {name: nw.lit(None, nw.String) for name in ("was", "was_known")}
        both = [
            near.select(*_SEEN, "was", "was_known", "row"),
            fresh.with_columns(row=nw.lit(None, nw.Int64), **nothing).select(*_SEEN, "was", "was_known", "row"),
        ]
        seen = self._written(nw.concat(both, how="vertical"), work / "seen.parquet")
        self.stitched = identity.stitch(
            seen, mode=said.identity_mode, work=work, look_back_days=said.look_back_days, largest=said.largest
        )
        known = self._written(self.stitched.events, work / "known.parquet")
        whose = ["customer_id", "person_id", "device_id", "known_by"]
        ours = known.filter(nw.col("row").is_null()).select("event_id", *whose)
        self.fresh = self._written(fresh.join(ours, on="event_id", how="inner"), work / "called.parquet")
        is_other = (nw.col("customer_id") != nw.col("was")) | (nw.col("known_by") != nw.col("was_known"))
        moved = known.filter(~nw.col("row").is_null(), is_other).select("row", *whose)
        self.moved = self._written(self.stays.drop(*whose).join(moved, on="row", how="inner"), work / "moved.parquet")
        self.left = self._written(self.stays.join(moved.select("row"), on="row", how="semi"), work / "left.parquet")

    def touched(self) -> nw.LazyFrame:
        """The customers whose journeys change, and from when on (`since_us`)."""
        parts = [self.fresh, self.gone, self.moved, self.left]
        each = nw.concat([part.select("customer_id", "occurred_us") for part in parts], how="vertical")
        return each.group_by("customer_id").agg(since_us=nw.col("occurred_us").min())

    def printed(self) -> engine.Print:
        """The fingerprint of what comes, less that of what goes."""
        come, moved, left, gone = (
            engine.fingerprint(snapshots.content(part)) for part in (self.fresh, self.moved, self.left, self.gone)
        )
        return come + moved - left - gone

    def _written(self, table: nw.LazyFrame, path: Path) -> nw.LazyFrame:
        engine.write(table, path, order_by=[], is_kept=False)
        return engine.scan([path])


def _write(
    change: _Change, journeys: nw.LazyFrame, said: Mapping, there: dict[str, Any], staging: Path, generation: int
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Write the journeys that change; the answer is all files of the tables, and those of the withdrawn rows."""
    work = staging / "work"
    # Each customer is cut again from the last journey on that had begun by then, or from the beginning.
    begun = journeys.join(change.touched(), on="customer_id", how="inner").filter(
        nw.col("started_us") < nw.col("since_us")
    )
    last = begun.group_by("customer_id").agg(from_us=nw.col("started_us").max())
    at = begun.join(last, on="customer_id", how="inner").filter(nw.col("started_us") == nw.col("from_us"))
    # A journey that was cut off by its length goes on within the stretch that began before it.
    cut_off = nw.when(nw.col("stretch_us") < nw.col("started_us")).then(nw.col("stretch_us"))
    at = at.select("customer_id", "from_us", stretch_us=cut_off)
    whose = change.touched().join(at, on="customer_id", how="left")
    whose = change._written(whose.with_columns(nw.col("from_us").fill_null(_EARLIEST)), work / "whose.parquet")
    later = change.stays.join(whose, on="customer_id", how="inner").filter(nw.col("occurred_us") >= nw.col("from_us"))
    columns = [*EVENTS, "number", "content", "stretch_us"]
    again = later.join(change.moved.select("row"), on="row", how="anti")
    again = change._written(again.select(*columns, "row"), work / "again.parquet")
    stretched = [part.join(whose, on="customer_id", how="left") for part in (change.moved, change.fresh)]
    rows = nw.concat([part.select(*columns) for part in (again, *stretched)], how="vertical")
    size = int(engine.collect(rows.select(rows=nw.len()))["rows"][0])
    files = snapshots.write_journeys(rows, staging, said, rows=size, generation=generation)

    out = {
        "events": [part.select("row") for part in (again, change.moved, change.gone)],
        "journeys": [
            journeys.join(whose, on="customer_id", how="inner")
            .filter(nw.col("started_us") >= nw.col("from_us"))
            .select("row")
        ],
    }
    withdrawn = {}
    for name, parts in out.items():
        withdrawn[name] = f"withdrawn-{name}-{generation:03}.parquet"
        if before := there.get("withdrawn", {}).get(name):
            parts.append(engine.scan([staging / before]))
        engine.write(nw.concat(parts, how="vertical"), staging / withdrawn[name], order_by=["row"])
    return {name: [*names, *files.get(name, [])] for name, names in there["tables"].items()}, withdrawn


def _counts(memory: dict[str, Any], new: pd.DataFrame, gone: pd.DataFrame, *, has_people: bool) -> pd.DataFrame:
    """Rows by kind of source, source and fate, the old ones too."""
    old = pd.DataFrame(memory["counts"], columns=[*_BY, "rows"])
    if has_people:
        old = old[old["kind"] != "customers"]
    out = gone.groupby("source", as_index=False).agg(rows=("row", "size")).assign(kind="events")
    moved = [out.assign(fate="duplicate"), out.assign(fate="accepted", rows=-out["rows"])]
    whole = pd.concat([old, new, *moved])[[*_BY, "rows"]].groupby(_BY, as_index=False)["rows"].sum()
    there: pd.DataFrame = whole[whole["rows"] > 0]
    return there.sort_values(["kind", *_BY[1:]], ascending=[False, True, True], ignore_index=True)


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
