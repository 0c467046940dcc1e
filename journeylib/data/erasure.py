"""Forget people: which rows of a table are theirs, and what becomes of those.

A forgotten person's events fall back to the device that they came from, without person and
without free text; those without a device go, and so do the person's rows of customers. A
device that was forgotten takes all its events with it, whoever's they are. An id in the
other texts of an event (a resource, a reason) is not looked for.

People are found after identity was settled with them in it, so nothing of theirs is taken
for someone else's. Should their ids be deleted in the source one day, the others seen on
a device would be given what is left of them there: so the moments of events that fell back are
marked, and later loads give them to the device too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine
from journeylib.data import identity
from journeylib.data.identity import ANONYMOUS, NOBODY, Stitched
from journeylib.data.tombstones import Tombstones
from journeylib.schema import PLACE

__all__ = ["ORIGINS", "Erased", "erase", "ids_of", "moments", "origins", "whose"]

ORIGINS = "origins.parquet"  # the file of a snapshot that holds the table of `origins`
_ROWS_AT_ONCE = 1_000_000


@dataclass(frozen=True)
class Erased:
    """What is left, and what was taken out.

    `events` and `origins` are left. `places` has the rows that went (kind, source, source_row),
    `customers` the forgotten people by customer_id, `devices` the devices that were forgotten
    and `ids` all ids of both; `fallen` events of theirs fell back to a device.
    """

    events: nw.LazyFrame
    origins: nw.LazyFrame
    places: pd.DataFrame
    customers: list[str]
    devices: list[str]
    ids: set[str]
    fallen: int

    def without(self, customers: nw.LazyFrame, column: str = "customer_id") -> nw.LazyFrame:
        """Take the rows of forgotten people out of a table of customers."""
        return _without(customers, column, self.customers)


def origins(customers: nw.LazyFrame | None, stitched: Stitched) -> nw.LazyFrame:
    """Say which ids and which rows of `customers` stand behind a customer_id: id, customer_id, source, source_row.

    A merged id has a row without a place. A snapshot keeps the table as ORIGINS.
    """
    columns, tables = ["id", "customer_id", *PLACE], []
    if customers is not None:
        # Each row has an origin of its own, so that none is put together with another.
        each = nw.concat_str([nw.col("source"), nw.col("source_row").cast(nw.String)], separator="\x1f")
        named = identity.rename(customers.with_columns(id=nw.col("ids"), origin=each), stitched)
        tables.append(named.select("id", *PLACE, customer_id=nw.col("ids")).select(*columns))
    members = pd.DataFrame({"id": [], "customer_id": []}) if stitched.members is None else stitched.members
    if len(members) or not tables:
        table = engine.from_frame(members[["id", "customer_id"]].astype("string"))
        nowhere = {"source": nw.lit(None, nw.String), "source_row": nw.lit(None, nw.Int64)}
        tables.append(table.with_columns(**nowhere).select(*columns))
    return nw.concat(tables, how="vertical") if len(tables) > 1 else tables[0]


def whose(
    events: nw.LazyFrame, known: nw.LazyFrame, holds: Callable[[Iterable[str], str], set[str]], work: Path
) -> set[str]:
    """Find the customers of whom an id is held; `holds` says which of some texts are, by their kind.

    `known` is what `origins` gives: any id of a merged customer stands for all. Devices are no customers here.
    """
    found: set[str] = set()
    named = events.filter(~nw.col("customer_id").str.starts_with(ANONYMOUS))
    for table in _chunks(named, ["customer_id"], work / "names.parquet"):
        names = set(table["customer_id"])
        nobodies = {name for name in names if name.startswith(NOBODY)}
        people = {identity.person(name): name for name in names - nobodies}
        found |= holds(nobodies, "event") | {people[each] for each in holds(people, "person")}
    for table in _chunks(known, ["id", "customer_id"], work / "ids.parquet"):
        people_ids = table["customer_id"].map(identity.person)
        held = holds({*table["id"], *people_ids}, "person")
        found |= set(table["customer_id"][table["id"].isin(held) | people_ids.isin(held)])
    return found


def ids_of(customers: Iterable[str], known: nw.LazyFrame) -> set[str]:
    """All person ids of these customers; `known` is what `origins` gives."""
    names = {name for name in customers if not name.startswith(NOBODY)}
    there = _only(known, "customer_id", names).group_by("id").agg(rows=nw.len()).select("id")
    return {identity.person(name) for name in names} | set(engine.collect(there)["id"])


def moments(events: nw.LazyFrame, customers: Iterable[str]) -> dict[str, set[str]]:
    """What is to be marked of these customers' events: their devices (kind "device"), the instants there ("moment")."""
    theirs = _only(events, "customer_id", customers).filter(~nw.col("device_id").is_null())
    by = ["device_id", "occurred_us"]
    found = engine.collect(theirs.group_by(*by).agg(rows=nw.len()).select(*by))
    return {"device": set(found["device_id"]), "moment": {_moment(*each) for each in found.itertuples(index=False)}}


def erase(
    events: nw.LazyFrame, known: nw.LazyFrame, tombs: Tombstones, work: Path, *, rows: pd.DataFrame | None = None
) -> Erased:
    """Take forgotten people out of `events` (as EVENTS, a plain scan) and of `known` (as `origins`).

    An event goes where it has no device, or one that is called like a forgotten person.
    `rows` (source, source_row) go whoever's they are.
    """
    customers = sorted(whose(events, known, tombs.holds, work))
    devices = _devices(events, tombs, work)
    theirs = _only(events, "customer_id", customers).group_by("device_id").agg(rows=nw.len())
    alike = tombs.holds(engine.collect(theirs)["device_id"].dropna())
    whole = tombs.holds(devices, "whole")
    marked = _flagged(events, "_is_theirs", _named("customer_id", customers))
    marked = _flagged(marked, "_is_alike", _named("device_id", alike))
    marked = _flagged(marked, "_is_whole", _named("device_id", whole))
    marked = _flagged(marked, "_is_moment", _moments(events, devices, tombs, work))
    marked = _flagged(marked, "_is_chosen", None if rows is None or rows.empty else rows[PLACE].drop_duplicates())
    is_theirs = nw.col("_is_theirs")
    cannot_fall = is_theirs & (nw.col("device_id").is_null() | nw.col("_is_alike"))
    marked = marked.with_columns(
        _goes=nw.col("_is_chosen") | nw.col("_is_whole") | cannot_fall,
        _falls=is_theirs | (nw.col("_is_moment") & nw.col("person_id").is_null()),
    )
    staying, going = marked.filter(~nw.col("_goes")), marked.filter(nw.col("_goes"))
    lost = _only(known, "customer_id", customers).filter(~nw.col("source").is_null())
    places = {
        kind: engine.collect(table.select(*PLACE), order_by=PLACE)
        for kind, table in [("events", going), ("customers", lost)]
    }
    return Erased(
        events=_fallen(staying).select(*events.collect_schema().names()),
        origins=_without(known, "customer_id", customers),
        places=pd.concat(places, names=["kind", None]).reset_index("kind").reset_index(drop=True),
        customers=customers,
        devices=sorted(whole),
        ids=ids_of(customers, known) | whole,
        fallen=int(engine.collect(staying.filter(is_theirs).select(rows=nw.len()))["rows"].iloc[0]),
    )


def _devices(events: nw.LazyFrame, tombs: Tombstones, work: Path) -> set[str]:
    """The devices on which something was forgotten."""
    there = events.filter(~nw.col("device_id").is_null())
    tables = _chunks(there, ["device_id"], work / "devices-there.parquet")
    return {each for table in tables for each in tombs.holds(table["device_id"], "device")}


def _moments(events: nw.LazyFrame, devices: set[str], tombs: Tombstones, work: Path) -> pd.DataFrame | None:
    """The marked instants on these devices at which events have no person of their own."""
    anonymous = _only(events, "device_id", devices).filter(nw.col("person_id").is_null())
    found = []
    for table in _chunks(anonymous, ["device_id", "occurred_us"], work / "moments.parquet"):
        texts = pd.Series([_moment(*each) for each in table.itertuples(index=False)], index=table.index, dtype=object)
        found.append(table[texts.isin(tombs.holds(texts, "moment"))])
    there = [table for table in found if len(table)]
    return pd.concat(there) if there else None


def _moment(device: str, occurred_us: int) -> str:
    return f"{occurred_us} {device}"


def _fallen(staying: nw.LazyFrame) -> nw.LazyFrame:
    """Give the events that fall to their device, and take person and free text from them."""
    nothing = nw.lit(None, nw.String)
    to_device = nw.concat_str([nw.lit(ANONYMOUS), nw.col("device_id")], separator="")
    changed = {"customer_id": to_device, "known_by": nw.lit("device"), "person_id": nothing, "text": nothing}
    return staying.with_columns(
        **{name: nw.when(nw.col("_falls")).then(value).otherwise(nw.col(name)) for name, value in changed.items()}
    )


def _flagged(table: nw.LazyFrame, flag: str, named: pd.DataFrame | None) -> nw.LazyFrame:
    """Say of each row whether it is among those `named`."""
    if named is None:
        return table.with_columns(nw.lit(False).alias(flag))
    flagged = engine.from_frame(named).with_columns(nw.lit(True).alias(flag))
    joined = table.join(flagged, on=list(named.columns), how="left")
    return joined.with_columns(nw.col(flag).fill_null(False))


def _named(column: str, texts: Iterable[str]) -> pd.DataFrame | None:
    named = sorted(texts)
    return pd.DataFrame({column: named}, dtype="string") if named else None


def _only(table: nw.LazyFrame, column: str, texts: Iterable[str]) -> nw.LazyFrame:
    named = _named(column, texts)
    return table.head(0) if named is None else table.join(engine.from_frame(named), on=column, how="semi")


def _without(table: nw.LazyFrame, column: str, texts: Iterable[str]) -> nw.LazyFrame:
    named = _named(column, texts)
    return table if named is None else table.join(engine.from_frame(named), on=column, how="anti")


def _chunks(table: nw.LazyFrame, columns: list[str], path: Path) -> Iterator[pd.DataFrame]:
    """The distinct rows of these columns, some at a time."""
    engine.write(table.group_by(*columns).agg(rows=nw.len()).select(*columns), path, order_by=[], is_kept=False)
    row = nw.col("_row")
    for start in range(0, engine.rows_in(path), _ROWS_AT_ONCE):
        part = engine.numbered(path, "_row").filter(row >= start, row < start + _ROWS_AT_ONCE)
        yield engine.collect(part.drop("_row"))
