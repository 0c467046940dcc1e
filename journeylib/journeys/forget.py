"""Forget people: take them out of a journey store, for good.

The marks come first (see `tombstones`), so that whoever is being forgotten cannot come back
with a later load, whenever this is stopped; then a snapshot without them is published, and
all others, what a stopped load left and views are deleted. Called again, it completes what was stopped.

Not touched: the sources, which are not ours; published editions, which hold no persons; the
executed notebooks of past runs in `<store>.private`, which hold the exact frames behind
those editions, groups of people and no ids: delete them where a group of one is too much;
repaired copies of quarantine.csv that somebody made; the number of customers that each
identity mode would give, which counts the sources. Readers of an older snapshot lose it.
"""

from __future__ import annotations

import csv
import shutil
import sys
import tempfile
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd
from tqdm import tqdm

from journeylib import engine
from journeylib.data import erasure, identity, quality, quarantine, redaction, tombstones
from journeylib.data import store as stores
from journeylib.data.erasure import ORIGINS, Erased
from journeylib.data.identity import ANONYMOUS, NOBODY
from journeylib.data.mapping import Mapping
from journeylib.data.tombstones import Tombstones
from journeylib.errors import SourceError, StoreError, shown
from journeylib.journeys import snapshots
from journeylib.schema import PLACE, QUARANTINE

__all__ = ["forget", "read_ids"]

_DELIMITERS = [",", ";", "\t"]  # | stands within the ids of some systems
_COUNTS = ["people", "unknown", "events_fallen_back", "events_removed", "customers_removed", "quarantined_removed"]
_ERASED = (quality.ERASED.name, quality.ERASED.remedy, "")  # rule, hint and text of a row of someone forgotten


def read_ids(path: Path | str) -> list[str]:
    """Read ids to forget: one a line, or the column customer_id of a CSV file; none is changed or trimmed.

    Raises SourceError where there are none, or it cannot be told which cell of a line is the id.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")  # with every line end as "\n"
    except FileNotFoundError:
        raise SourceError(f"there is no file {path}. Name a file with one id a line.") from None
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} cannot be read: {error}. Save it as text in UTF-8, one id a line.") from None
    ids = text.split("\n")
    first = next((line for line in ids if line.strip()), "")
    headers = {mark: next(csv.reader([first], delimiter=mark), []) for mark in _DELIMITERS}
    delimiter = next((mark for mark, header in headers.items() if "customer_id" in header), None)
    if delimiter:
        table = [row for row in csv.reader(text.splitlines(True), delimiter=delimiter) if row]
        at = table[0].index("customer_id")
        ids = [row[at] for row in table[1:] if len(row) > at]
    elif max(map(len, headers.values())) > 1:
        raise SourceError(
            f"{path}: its first line, “{shown(first)}”, has several cells and none is customer_id. "
            "Write one id a line, or name the column of the ids customer_id."
        )
    found = list(dict.fromkeys(each for each in ids if each.strip()))
    if not found:
        raise SourceError(f"{path} holds no ids. Write one id a line.")
    return found


def forget(ids: Iterable[str], store_path: Path | str, *, progress: bool = False) -> dict[str, Any]:
    """Remove people from a store: from its tables, snapshots, rejected rows, repairs and warnings.

    An id is a customer_id of the store or a person id of the sources; any id of a merged
    customer stands for all. Events fall back to their device, never to another person;
    those without one go. "device:X", or X where nobody is called X and a device is, takes
    all events of that device, also those of people who used it. An id that the store does
    not know is marked all the same, as a person's and as a device's.

    The answer counts people (and devices), unknown (ids), events_fallen_back, events_removed,
    customers_removed and quarantined_removed (rows), and snapshots_removed. What an earlier
    call did already counts as nothing.
    """
    if isinstance(ids, str):
        raise TypeError(f"ids is the one text {shown(ids)!r}. Give a list of ids.")
    store, wanted = Path(store_path), set(ids)
    if not (store / "tombstones.txt").exists():
        stores.manifest(store)  # refuses where there is no store, before anything is made
    steps = tqdm(total=4, desc="forget", unit="step", disable=not (progress and sys.stderr.isatty()))
    with stores.locked(store), steps:
        for stale in store.glob(".staging-*"):
            shutil.rmtree(stale)
        there = _snapshots(store)
        staging = Path(tempfile.mkdtemp(prefix=".staging-", dir=store))
        (staging / "work").mkdir()
        try:
            with engine.bounded():
                done = _forget(wanted, store, staging, steps)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        newest = stores.manifest(store)["snapshot"] if _has_snapshot(store) else None
        for name in _snapshots(store) - {newest}:
            shutil.rmtree(store / "snapshots" / name)
        (store / "manifest.json.new").unlink(missing_ok=True)  # of a load that was stopped
        if (store / "views").exists():
            shutil.rmtree(store / "views")
        steps.update()
    return {**done, "snapshots_removed": len(there - {newest})}


def _snapshots(store: Path) -> set[str]:
    return {folder.name for folder in (store / "snapshots").glob("*")}


def _has_snapshot(store: Path) -> bool:
    return (store / "manifest.json").exists()


def _forget(wanted: set[str], store: Path, staging: Path, steps: Any) -> dict[str, int]:
    before, done = tombstones.read(store), dict.fromkeys(_COUNTS, 0)
    said = stores.manifest(store) if _has_snapshot(store) else None
    tables = _tables(store, said) if said else None
    found = _found(wanted, tables, before, staging / "work")
    fresh = {kind: found[kind] - before.holds(found[kind], kind) for kind in ["whole", "event"]}
    steps.update()
    tombs = tombstones.bury(store, found)
    steps.update()
    erased = None
    if said and tables and said.get("tombstones") != tombs.digest:
        repairs, rows = _repairs(store, said, tombs)
        erased = erasure.erase(tables["events"], tables["origins"], tombs, staging / "work", rows=rows)
        customers = erased.without(tables["customers"])
        rejected = engine.collect(tables["quarantine"], order_by=PLACE)
        kept = redaction.hidden(rejected, tombs, _delimiters(said))
        done |= {
            "people": len(erased.customers) + len(erased.devices),
            "events_fallen_back": erased.fallen,
            "events_removed": int((erased.places["kind"] == "events").sum()),
            "customers_removed": _rows(tables["customers"]) - _rows(customers),
            "quarantined_removed": int((kept["rule"] != rejected["rule"]).sum()),
        }
        if _rows(erased.events):
            _publish(store, said, staging, tombs, erased, customers, kept, repairs)
        else:
            (store / "manifest.json").unlink()  # nobody is left: there is no store until the next load
    steps.update()
    customers_found = set(erased.customers) if erased else set()
    devices_found = set(erased.devices) if erased else set()
    done["unknown"] = len(fresh["whole"] - devices_found) + len(fresh["event"] - customers_found)
    return done


def _tables(store: Path, said: dict[str, Any]) -> dict[str, nw.LazyFrame]:
    path = store / "snapshots" / said["snapshot"] / ORIGINS
    if not path.exists():
        raise StoreError(
            f"{store} was loaded before people could be forgotten: it does not say which ids are one customer. "
            "Load it again from its sources, then forget; the older snapshots go with it."
        )
    return {**stores.tables(store, said), "origins": engine.scan([path])}


def _found(
    wanted: set[str], tables: dict[str, nw.LazyFrame] | None, before: Tombstones, work: Path
) -> dict[str, set[str]]:
    """What is to be marked, by its kind."""
    devices = {each.removeprefix(ANONYMOUS) for each in wanted if each.startswith(ANONYMOUS)}
    events_of_nobody = {each for each in wanted if each.startswith(NOBODY)}
    people = {identity.person(each) for each in wanted if not each.startswith((ANONYMOUS, NOBODY))}
    asked = {"person": people, "event": events_of_nobody}
    theirs: dict[str, set[str]] = {"person": set(), "device": set(), "moment": set()}
    if tables:
        events, known = tables["events"], tables["origins"]
        customers = erasure.whose(events, known, lambda texts, kind: asked[kind].intersection(texts), work)
        theirs = {"person": erasure.ids_of(customers, known), **erasure.moments(events, customers)}
    lone = people - theirs["person"]
    whole = devices | (lone - before.holds(lone))
    return {
        "person": people | theirs["person"],
        "event": events_of_nobody,
        "whole": whole,
        "device": theirs["device"] | whole,
        "moment": theirs["moment"],
    }


def _repairs(store: Path, said: dict[str, Any], tombs: Tombstones) -> tuple[quarantine.Repairs, pd.DataFrame]:
    """The repairs that name nobody forgotten, and the rows that the others made."""
    there = quarantine.recall(store / "snapshots" / said["snapshot"])
    kept = redaction.kept(there, tombs, _delimiters(said))
    labels = {each["sha256"]: each["label"] for each in said["inputs"]}
    dropped = [
        (labels[digest], row)
        for digest, rows in there.items()
        for row in rows
        if digest in labels and row not in kept.get(digest, {})
    ]
    return kept, pd.DataFrame(dropped, columns=PLACE).astype({"source": "string", "source_row": "int64"})


def _delimiters(said: dict[str, Any]) -> list[str]:
    return [each["delimiter"] for each in said["inputs"] if each["delimiter"]]


def _publish(
    store: Path,
    said: dict[str, Any],
    staging: Path,
    tombs: Tombstones,
    erased: Erased,
    customers: nw.LazyFrame,
    kept: pd.DataFrame,
    repairs: quarantine.Repairs,
) -> None:
    """Publish the newest snapshot again, without those who were erased."""
    rules = said["rules"]
    complete = rules["complete_through"] and date.fromisoformat(rules["complete_through"])
    ends = tuple(rules["end_touchpoints"])
    mapping = Mapping(sources=(), **{**rules, "end_touchpoints": ends, "complete_through": complete})
    names = snapshots.write(erased.events, None, staging, mapping, rows=_rows(erased.events))
    engine.write(customers, staging / "customers.parquet", order_by=["customer_id", "valid_from_us"])
    engine.write(erased.origins, staging / ORIGINS, order_by=["id", *PLACE])
    rejected = pd.concat([kept, _erased(erased.places, said["inputs"])], ignore_index=True)
    quarantine.keep(rejected, repairs, staging)
    earlier = redaction.unnamed(said["facts"], tombs, erased.ids)
    counts = redaction.recounted(_counts(said["facts"]["sources"]), rejected, erased.places)
    records = {each["name"]: each["records"] for each in said["facts"]["sources"]}
    fresh = snapshots.facts(stores.opened(staging, {"tables": names}), counts, records, complete)
    identified = {**earlier["identity"], "anonymous_events": snapshots.anonymous(fresh["known_by"])}
    facts = {**earlier, **fresh, "warnings": earlier["warnings"], "identity": identified}
    shutil.rmtree(staging / "work")
    without = {name: value for name, value in said.items() if name not in {"memory", "withdrawn"}}
    manifest = {
        **without, "snapshot": tombs.named(said["loaded"]), "tombstones": tombs.digest,
        "tables": {**names, "quarantine": ["quarantine.parquet"]}, "facts": facts,
    }  # fmt: skip
    stores.publish(store, staging, manifest)


def _counts(sources: list[dict[str, Any]]) -> pd.DataFrame:
    """What a manifest says of the sound rows: source, fate, rows."""
    found = [
        [each["name"], fate, each[name]]
        for each in sources
        for name, fate in [("accepted", "accepted"), ("duplicates", "duplicate")]
    ]
    return pd.DataFrame(found, columns=["source", "fate", "rows"])


def _erased(places: pd.DataFrame, inputs: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows that were accepted before, as rejected ones (QUARANTINE) of which nothing is kept."""
    files = {each["label"]: each for each in inputs}
    found = [
        [source, row, None, files[source]["file"], files[source]["sha256"], *_ERASED]
        for source, row in places[PLACE].itertuples(index=False)
    ]
    return pd.DataFrame(found, columns=list(QUARANTINE)).astype({"line": "Int64", "source_row": "Int64"})


def _rows(table: nw.LazyFrame) -> int:
    return int(engine.collect(table.select(rows=nw.len()))["rows"].iloc[0])
