"""A large and messy company for the two engines: ties, nulls, late events, and clocks of several zones.

`journeylib.data.worlds` makes its files, with page views at one microsecond, rows that lack things, web times in UTC,
contacts with the offset of Asia/Jerusalem and shop times of Europe/London. Here more is taken away: what some
customers are, the scores of some answers. And some rows come late: in files of their own, which a second load brings,
so that the store has rows that were withdrawn.
"""

from __future__ import annotations

import contextlib
import io
import re
import shutil
from pathlib import Path

import duckdb

import journeylib
from journeylib.data import store as stores
from journeylib.data import worlds
from journeylib.data.mapping import read

__all__ = ["had", "make"]

_LATE_FROM, _ONE_LATE_IN = "2026-05-01", 20
_CSV, _PARQUET = "read_csv('{file}', all_varchar = true)", "'{file}'"
# By source: how its file is read, its id, when a row occurred where that can be told, and what is taken away.
_SOURCES = {
    "web.parquet": (_PARQUET, "messageId", '"timestamp"', ""),
    "contact_centre.csv": (_CSV, "contact_id", "TRY_CAST(started AS TIMESTAMPTZ)::TIMESTAMP", ""),
    "stores.csv": (_CSV, "receipt", "try_strptime(\"at\", '%d/%m/%Y %H:%M:%S')", ""),
    "email.parquet": (_PARQUET, "message", 'make_timestamp("at" * 1000)', ""),
    "surveys.parquet": (_PARQUET, "response_id", "answered_at", "score"),
}
_OF_CUSTOMERS = ["plan", "region", "club", "came_by", "follow_up", "first_talk"]
_ONE_NULL_IN = 25


def make(folder: Path, *, customers: int) -> None:
    """Make the files of so many customers in folder/sources and the store folder/stores/demo, loaded in two steps."""
    made, to = folder / "made", folder / "sources"
    with contextlib.redirect_stderr(io.StringIO()):  # its own progress bar
        worlds.make(made, customers=customers, seed=7)
    text = (made / "mapping.toml").read_text(encoding="utf-8")
    for file in _SOURCES:
        name, ending = file.split(".")
        (to / name).mkdir(parents=True)
        text = text.replace(f'path = "{file}"', f'path = "{name}/*.{ending}"')
    (to / "mapping.toml").write_text(text, encoding="utf-8")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        taken = ", ".join(_without(name, "customer_id") for name in _OF_CUSTOMERS)
        people = f"SELECT * REPLACE ({taken}) FROM '{made / 'customers.parquet'}'"
        connection.execute(f"COPY ({people}) TO '{to / 'customers.parquet'}'")
        for is_late in (False, True):
            for file in _SOURCES:
                _split(connection, made / file, to, is_late=is_late)
            journeylib.load(mapping=to / "mapping.toml", store=folder / "stores" / "demo")
    shutil.rmtree(made)


def _split(connection: duckdb.DuckDBPyConnection, file: Path, to: Path, *, is_late: bool) -> None:
    """Write the rows of a source that come in time, or those that come late."""
    read, number, occurred, taken = _SOURCES[file.name]
    late = f"coalesce({occurred} >= '{_LATE_FROM}' AND hash({number}) % {_ONE_LATE_IN} = 0, false)"
    cells = f"* REPLACE ({_without(taken, number)})" if taken else "*"
    rows = f"SELECT {cells} FROM {read.format(file=file)} WHERE {late if is_late else f'NOT {late}'}"
    connection.execute(f"COPY ({rows}) TO '{to / file.stem / f'{int(is_late)}{file.suffix}'}'")


def _without(column: str, number: str) -> str:
    return f"CASE WHEN hash('{column}', {number}) % {_ONE_NULL_IN} > 0 THEN {column} END AS {column}"


def had(folder: Path) -> dict[str, int | str]:
    """What the store of such a world holds, counted by SQL; 0 where something is missing that it is made for."""
    store = folder / "stores" / "demo"
    said = stores.manifest(store)
    home = store / "snapshots" / said["snapshot"]
    files = {name: [str(home / file) for file in said["tables"][name]] for name in ("events", "journeys", "customers")}
    with duckdb.connect() as connection:
        for name, paths in files.items():
            connection.read_parquet(paths).create_view(name)
        rows = "events"
        if gone := said.get("withdrawn", {}).get("events"):
            connection.read_parquet(str(home / gone)).create_view("gone")
            rows = "(FROM events ANTI JOIN gone USING (row))"

        def count(query: str) -> int:
            [(found,)] = connection.execute(f"SELECT count(*) FROM ({query.format(events=rows)})").fetchall()
            return int(found)

        tied = "QUALIFY count(*) OVER (PARTITION BY customer_id, occurred_us) > 1"
        no_score = "touchpoint = 'survey answered' AND score IS NULL"
        blank = "FROM customers WHERE plan IS NULL OR region IS NULL"
        late = "source LIKE '%/1.parquet' OR source LIKE '%/1.csv'"
        return {
            "events": count("FROM {events}"),
            "customers": count("SELECT DISTINCT customer_id FROM {events}"),
            "events at the very microsecond of another of the same customer": count(f"FROM {{events}} {tied}"),
            "events that came late, by a second load": count(f"FROM {{events}} WHERE {late}"),
            "rows withdrawn by it": count("FROM gone") if gone else 0,
            "events without any id of a person": count("FROM {events} WHERE person_id IS NULL"),
            "answers without a score": count(f"FROM {{events}} WHERE {no_score}"),
            "events without a reason": count("FROM {events} WHERE reason IS NULL"),
            "customers without a plan or a region": count(blank),
            "sources whose times are not of UTC": _zones(folder / "sources" / "mapping.toml"),
        }


def _zones(mapping: Path) -> str:
    """The zones of the mapping's sources; of times with an offset, that of the first row."""
    told = []
    for source in read(mapping).sources:
        if source.zone and source.zone != "UTC":
            told.append(f"{source.name} in {source.zone}")
        elif source.kind == "events" and source.time_format == "iso":
            first = source.files[0].read_text(encoding="utf-8").splitlines()[1]
            offset = re.search(r"[+-]\d\d:\d\d", first)
            assert offset
            told.append(f"{source.name} with offsets such as {offset[0]}")
    return ", ".join(told)
