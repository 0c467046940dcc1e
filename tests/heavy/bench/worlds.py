"""Make what is measured: a company's raw Parquet files, a store of them, and one clean table for every contestant.

world/customers        how many customers it has
world/made/            the six files of `journeylib.data.worlds`
world/raw/             the same rows as Parquet, in two files a source: all but the new day, and the new day
world/store/           the store that `journey load` makes of raw/
world/before/          a mapping and a store of all but the new day
world/clean.parquet    the store's events in order, with the journey of each: what every contestant is asked about
world/someone          a customer, neither the first nor the last
world/log.parquet      the same events as a log would have them, by time, without journeys: what is loaded
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
from pathlib import Path

import duckdb

import journeylib
from journeylib.data import worlds

__all__ = ["attributes", "before", "clean", "load", "make", "raw", "tables"]

_LAST_DAY, _LATE_FROM, _ONE_LATE_IN = "2026-06-30", "2026-06-10", 30  # which makes a new day 1/365 of the rows
_CSV = "read_csv('{folder}/{name}.csv', all_varchar = true)"
_PARQUET = "'{folder}/{name}.parquet'"
# By source: how its file is read, its id, and when a row occurred, where that can be told.
_SOURCES = {
    "web": (_PARQUET, '"messageId"', '"timestamp"'),
    "contact_centre": (_CSV, "contact_id", "TRY_CAST(started AS TIMESTAMPTZ)::TIMESTAMP"),
    "stores": (_CSV, "receipt", "try_strptime(\"at\", '%d/%m/%Y %H:%M:%S')"),
    "email": (_PARQUET, "message", 'make_timestamp("at" * 1000)'),
    "surveys": (_PARQUET, "response_id", "answered_at"),
}
# Every contestant can cut journeys by silence; so here nothing else ends one.
_RULES = {"longest_days = 180": "longest_days = 3650", 'end_touchpoints = ["account closed"]': "end_touchpoints = []"}
_CLEAN = """
COPY (
    SELECT customer_id, event_id, occurred_us, touchpoint, channel, started_us FROM read_parquet($events)
    ORDER BY customer_id, occurred_us, event_id
) TO '{into}' (COMPRESSION zstd)
"""
_LOG = """
COPY (
    SELECT event_id, customer_id, make_timestamp(occurred_us) AS occurred_at, touchpoint, channel
    FROM '{clean}' ORDER BY occurred_us, event_id
) TO '{into}' (COMPRESSION zstd)
"""


def make(world: Path) -> None:
    """Make the world's files, of as many customers as world/customers says."""
    customers = int((world / "customers").read_text())
    shutil.rmtree(world / "made", ignore_errors=True)
    with contextlib.redirect_stderr(io.StringIO()):  # its own progress bar
        worlds.make(world / "made", customers=customers, seed=1)


def raw(world: Path) -> None:
    """Write every source again as Parquet of what its file says, the new day apart; and eight cells of customers."""
    made, to = world / "made", world / "raw"
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, (read, number, occurred) in _SOURCES.items():
            (to / name).mkdir(parents=True, exist_ok=True)
            late = f"{occurred} >= '{_LATE_FROM}' AND hash({number}) % {_ONE_LATE_IN} = 0"
            is_new = f"coalesce({occurred} >= '{_LAST_DAY}' OR ({late}), false)"
            for file, rows in (("0-before", f"NOT {is_new}"), ("1-new", is_new)):
                source = read.format(folder=made, name=name)
                connection.execute(f"COPY (FROM {source} WHERE {rows}) TO '{to / name / file}.parquet'")
        cell = "'cell ' || (hash(customer_id) % 8 + 1)"
        people = f"SELECT *, {cell} AS cell FROM '{made / 'customers.parquet'}'"
        connection.execute(f"COPY ({people}) TO '{to / 'customers.parquet'}'")
    mapping = re.sub(r'path = "(\w+)\.(?:csv|parquet)"', r'path = "\1/*.parquet"', (made / "mapping.toml").read_text())
    mapping = mapping.replace('"customers/*.parquet"', '"customers.parquet"').replace(
        "[source.attributes]\n", '[source.attributes]\ncell = "cell"\n'
    )
    for said, instead in _RULES.items():
        assert said in mapping
        mapping = mapping.replace(said, instead)
    (to / "mapping.toml").write_text(mapping)


def load(world: Path) -> dict[str, object]:
    """Load the raw files into a store."""
    shutil.rmtree(world / "store", ignore_errors=True)
    return journeylib.load(mapping=world / "raw" / "mapping.toml", store=world / "store")


def before(world: Path) -> None:
    """Load all but the new day into a store of its own, in world/before, the new files beside it."""
    folder = world / "before"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(world / "raw", folder / "raw", copy_function=os.link, ignore=shutil.ignore_patterns("1-new.*"))
    journeylib.load(mapping=folder / "raw" / "mapping.toml", store=folder / "store")


def clean(world: Path) -> None:
    """Export the accepted events of the store once: in order with their journeys, and as a log without."""
    with duckdb.connect() as connection:
        into = world / "clean.parquet"
        connection.execute(_CLEAN.format(into=into), {"events": tables(world / "store")["events"]})
        connection.execute(_LOG.format(clean=into, into=world / "log.parquet"))
        someone = f"SELECT quantile_disc(customer_id, 0.5) FROM '{into}'"
        [(customer,)] = connection.execute(someone).fetchall()
    (world / "someone").write_text(customer, encoding="utf-8")


def tables(store: Path) -> dict[str, list[str]]:
    """The Parquet files of each table of a store that was loaded at once."""
    said = json.loads((store / "manifest.json").read_text(encoding="utf-8"))
    assert "withdrawn" not in said
    folder = store / "snapshots" / said["snapshot"]
    return {name: [str(folder / file) for file in files] for name, files in said["tables"].items()}


def attributes(store: Path) -> dict[str, int]:
    """How large a store is: events, customers and journeys."""
    files = tables(store)
    with duckdb.connect() as connection:
        [(events, customers)] = connection.execute(
            "SELECT count(*), count(DISTINCT customer_id) FROM read_parquet($events)", {"events": files["events"]}
        ).fetchall()
        [(journeys,)] = connection.execute(
            "SELECT count(*) FROM read_parquet($journeys)", {"journeys": files["journeys"]}
        ).fetchall()
    return {"events": events, "customers": customers, "journeys": journeys}
