"""Read the sources of a mapping: every row staged in a file of the work folder, each with its fate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import narwhals.stable.v2 as nw

from journeylib import engine
from journeylib.data import duplicates, oddities, opening, places, quarantine, reading
from journeylib.data.mapping import Mapping
from journeylib.data.oddities import Oddities
from journeylib.data.opening import Opened
from journeylib.data.quarantine import Repairs
from journeylib.data.sources import Source
from journeylib.errors import SourceError, first_line

__all__ = ["Before", "File", "RebuildError", "Staged", "stage"]

File = tuple[Source, Path, str]  # a source, one of its files, that file's SHA-256


_STAGED = "staged.parquet"  # in the folder of each file that is read


class RebuildError(Exception):
    """A store cannot grow by some files alone: it has to be loaded anew."""


@dataclass(frozen=True)
class Before:
    """What was loaded before the files that a store grows by.

    `labels` are those of all files, the new ones too, in order; `tally`, `records` (by label) and `sentinels` are
    those of the old ones (see `oddities`). `older` finds old sound events that share a number with new ones.
    """

    labels: list[str]
    tally: list[Path]
    records: dict[str, int]
    sentinels: dict[str, list[str]]
    older: Callable[[nw.LazyFrame], nw.LazyFrame | None]


@dataclass(frozen=True)
class Staged:
    """What was read: tables of events and customers by kind; files by label; records counted by source.

    The tables are lazy and read from the work folder. A row without a `rule` is accepted, but for those
    `judged` otherwise; see `duplicates.settle`.
    """

    tables: dict[str, nw.LazyFrame]
    judged: dict[str, nw.LazyFrame]
    opened: dict[str, Opened]
    records: dict[str, int]
    odd: Oddities
    tally: Path

    def accepted(self, kind: str) -> nw.LazyFrame:
        """The rows of a kind that count, with the ids that their events get."""
        settled = duplicates.settled(self.tables[kind], self.judged[kind])
        return settled.filter(nw.col("fate") == "accepted")

    def narrow(self) -> nw.LazyFrame:
        """The events that count, for who is behind them: without the ids that equal ones get, and cheaper."""
        out = self.judged["events"].filter(nw.col("fate") != "accepted").select("place")
        return self.tables["events"].filter(nw.col("rule").is_null()).join(out, on="place", how="anti")


def stage(
    said: Mapping,
    files: list[File],
    repairs: Repairs,
    work: Path,
    before: Before | None = None,
    *,
    step: Callable[[], object],
) -> Staged:
    """Read every file, repaired rows in their places, and settle what becomes of each row; `step` tells progress.

    Old events that `before` finds are among those `judged`. Raises RebuildError where placeholders are others now.
    """
    tables: dict[str, list[nw.LazyFrame]] = {"events": [], "customers": []}
    opened: dict[str, Opened] = {}
    records: dict[str, int] = {}
    labels = before.labels if before else sorted(places.label(source, path) for source, path, _ in files)
    of_sources = [(source, path, digest) for source in said.sources for one, path, digest in files if one is source]
    tasks = [
        (source, path, digest, work / str(at), labels.index(places.label(source, path)))
        for at, (source, path, digest) in enumerate(of_sources)
    ]
    plain: dict[str, dict[Path, Opened]] = {source.name: {} for source in said.sources}
    for task, file in zip(tasks, engine.each(_read, tasks, spark=engine.chosen()), strict=True):
        source, path, digest, here, number = task
        opened[places.label(source, path)] = file
        records[source.name] = records.get(source.name, 0) + file.records
        corrected = repairs.get(digest, {})
        if corrected:
            tables[source.kind].append(_repaired(source, file, here / _STAGED, here, corrected, number))
        else:
            plain[source.name][here / _STAGED] = file
        step()
    for source in said.sources:
        if plain[source.name]:
            tables[source.kind].append(reading.staged(source, plain[source.name]))
    if not tables["events"]:
        raise SourceError('the mapping names no source of events. Add a [[source]] with kind = "events".')
    together = {kind: _together(parts) for kind, parts in tables.items() if parts}
    engine.write(oddities.tally(together["events"]), work / "tally.parquet", order_by=[])
    by_label, tallies = {label: file.records for label, file in opened.items()}, [work / "tally.parquet"]
    if before:
        by_label, tallies = {**before.records, **by_label}, [*before.tally, *tallies]
    odd = oddities.look(engine.scan(tallies), by_label)
    if before and odd.sentinels != before.sentinels:
        raise RebuildError
    together["events"] = oddities.hold_anonymous(together["events"], odd.sentinels)
    older = before.older(together["events"]) if before else None
    judged = {
        kind: _judged(table, older if kind == "events" else None, work / f"{kind}.parquet", said)
        for kind, table in together.items()
    }
    return Staged(together, judged, opened, records, odd, work / "tally.parquet")


def _read(task: tuple[Source, Path, str, Path, int]) -> Opened:
    """Read one file of a source, the `number`-th of all, into the folder `here`."""
    source, path, digest, here, number = task
    here.mkdir()
    file = opening.open_file(source, path, here, digest=digest)
    _written(source, file, here / _STAGED, number)
    if opening.sha256(path) != digest:
        raise SourceError(f"{path} changed while it was read. Nothing was loaded; load it when it is complete.")
    return file


def _repaired(
    source: Source, file: Opened, written: Path, here: Path, corrected: dict[int, str], number: int
) -> nw.LazyFrame:
    """Put corrected rows in the places of those that they repair."""
    beside = here / "repaired"
    beside.mkdir()
    again = quarantine.rewritten(file, corrected, beside)
    repaired = reading.staged(source, {_written(source, again, beside / "staged.parquet", number): again})
    return quarantine.replaced(reading.staged(source, {written: file}), repaired, corrected)


def _written(source: Source, file: Opened, into: Path, number: int) -> Path:
    """Write the rows of a file as they were read, once as many were found as were counted."""
    try:
        engine.write(reading.stage(source, file, number), into, order_by=[], is_kept=False)
        found = engine.rows_in(into) - (file.plain.header_rows if file.plain else 0)
    except engine.EngineError as error:
        raise SourceError(
            f"{file.path} cannot be read to its end: {first_line(error)} Nothing of it was loaded; export it again."
        ) from None
    if found != file.records:
        raise SourceError(
            f"{file.path} holds {file.records:,} records and the reader found {found:,}. Nothing was loaded; "
            "look for strange quotes or line ends, or export it again."
        )
    return into


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


def _judged(staged: nw.LazyFrame, older: nw.LazyFrame | None, into: Path, said: Mapping) -> nw.LazyFrame:
    """Settle the rows that share their id with others, once."""
    engine.write(duplicates.settle(staged, older, retry_seconds=said.retry_seconds), into, order_by=["place"])
    return engine.scan([into])
