"""Write a snapshot of a journey store: its tables bucket by bucket, and the facts of its manifest."""

from __future__ import annotations

import contextlib
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pyarrow as pa

from journeylib import engine
from journeylib.data import identity
from journeylib.data.mapping import Mapping
from journeylib.days import DAY_US, day_of, midnight
from journeylib.journeys import spread
from journeylib.journeys.buckets import Rules, cut, ordered, summed
from journeylib.journeys.summary import Summary, summarised
from journeylib.schema import CUSTOMERS, EVENTS

__all__ = ["BESIDE", "anonymous", "facts", "identified", "write", "write_customers", "write_journeys"]

_ROWS_A_BUCKET = 1_000_000
_MOST_ROWS = 2**40  # of a file
_LATE_US = 60 * DAY_US
# What a later load asks of an event (see `duplicates`), and of the first one of a customer (see `buckets.cut`).
BESIDE = ["number", "content", "stretch_us"]
_FATES = {"accepted": "accepted", "quarantined": "quarantined", "duplicates": "duplicate"}


def write(
    events: nw.LazyFrame, customers: nw.LazyFrame | None, staging: Path, said: Mapping, *, rows: int
) -> dict[str, list[str]]:
    """Write events (so many `rows`), steps, journeys and customers into `staging`; the answer names their files."""
    tables = write_journeys(events, staging, said, rows=rows)
    write_customers(customers, said, staging / "customers.parquet")
    return {**tables, "customers": ["customers.parquet"]}


def facts(
    tables: dict[str, nw.LazyFrame],
    counts: pd.DataFrame,
    records: dict[str, int],
    declared: date | None,
    *,
    summary: Summary | None = None,
) -> dict[str, Any]:
    """Gather what the manifest says of tables: the reconciliation, the time span and the content's fingerprint.

    `declared` is the last whole day of the data, where the mapping says it; `summary` that of the events, where it
    is known.
    """
    customers, said = tables["customers"], summary or summarised(tables["events"])
    fates = counts.groupby("fate")["rows"].sum()
    reasons = {str(name): int(rows) for name, rows in fates.items() if name not in {"accepted", "duplicate"}}
    return {
        "records_in": sum(records.values()),
        "accepted": int(fates.get("accepted", 0)),
        "quarantined": sum(reasons.values()),
        "duplicates": int(fates.get("duplicate", 0)),
        "reasons": reasons,
        "sources": _sources(said.days, counts, records),
        "events": sum(said.known_by.values()),
        "customers": said.customers,
        "known_by": said.known_by,
        "attributes": [name for name in customers.collect_schema().names() if name not in CUSTOMERS],
        "begins_us": said.first_us,
        "begins_on": day_of(said.first_us).isoformat(),
        "last_us": said.last_us,
        "last_on": day_of(said.last_us).isoformat(),
        "ends_us": said.last_us + 1 if declared is None else midnight(declared) + DAY_US,
        "complete_through": (declared or day_of(said.last_us - DAY_US)).isoformat(),
        "fingerprint": f"{said.fingerprint}+{engine.fingerprint(customers)}",
    }


def identified(mode: str, counted: identity.Counted, known_by: dict[str, int]) -> dict[str, Any]:
    """Gather what the manifest says of who is who; `known_by` counts events by how their customer is known."""
    return {
        "mode": mode,
        "customers": counted.customers_by_mode,
        "anonymous_events": anonymous(known_by),
        "unmerged_components": counted.unmerged,
        "too_large": counted.too_large,
    }


def anonymous(known_by: dict[str, int]) -> int:
    """How many events have nobody behind them that is known."""
    return sum(known_by.get(how, 0) for how in ["device", "nobody"])


def _sources(
    spanned: dict[str, tuple[str, str]], counts: pd.DataFrame, records: dict[str, int]
) -> list[dict[str, Any]]:
    """What became of the records of each source, and the days its events span; by name, however they were listed."""
    fates = counts.assign(
        name=counts["source"].str.partition("/")[0],
        fate=counts["fate"].where(counts["fate"].isin(["accepted", "duplicate"]), "quarantined"),
    )
    found = fates.groupby(["name", "fate"])["rows"].sum()
    told = []
    for name, rows in sorted(records.items()):
        days = spanned.get(name, (None, None))
        fate = {said: int(found.get((name, key), 0)) for said, key in _FATES.items()}
        told.append({"name": name, "records": rows, **fate, "first_on": days[0], "last_on": days[1]})
    return told


def write_journeys(
    events: nw.LazyFrame, staging: Path, said: Mapping, *, rows: int, generation: int = 0
) -> dict[str, list[str]]:
    """Write events with their steps, and journeys, bucket by bucket: a bucket is a range of md5(customer_id).

    Each file has `row` besides, a number that no other row of any `generation` has, which counts up by one within the
    file; and what of BESIDE there is. A journey has the `row` of its first event as `first_row`.
    Memory holds as many buckets as there are cores.
    """
    work = staging / "work"
    names = _buckets(rows)
    if not events.implementation.is_duckdb():
        return spread.write_journeys(events, staging, said, names)
    sources = [work / f"bucket-{name}.arrow" for name in names]
    there = events.collect_schema().names()
    hashed = engine.md5(events.select(*EVENTS, *(name for name in BESIDE if name in there)), "customer_id", "bucket")
    hashed = hashed.with_columns(bucket=nw.col("bucket").str.slice(0, 2))
    engine.split(hashed, "bucket", {f"{at:02x}": sources[at * len(names) // 256] for at in range(256)})
    rules = Rules(timedelta(days=said.gap_days), timedelta(days=said.longest_days), said.end_touchpoints)
    tables = {table: [f"{table}-{generation:03}-{name}.parquet" for name in names] for table in ("events", "journeys")}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        places = zip(sources, tables["events"], tables["journeys"], strict=True)
        done = [
            pool.submit(_cut, one, staging / steps, staging / journeys, rules, (generation * 256 + at) * _MOST_ROWS)
            for at, (one, steps, journeys) in enumerate(places)
        ]
        for each in done:
            each.result()
    return {"events": tables["events"], "steps": tables["events"], "journeys": tables["journeys"]}


def _buckets(rows: int) -> list[str]:
    """Names of the buckets for so many rows: 1, 2, 4, … up to 256."""
    number = 1
    while number * _ROWS_A_BUCKET < rows and number < 256:
        number *= 2
    return ["all"] if number == 1 else [f"{at * 256 // number:02x}" for at in range(number)]


def _cut(source: Path, events: Path, journeys: Path, rules: Rules, first: int) -> None:
    """Sort the events of a bucket, cut their journeys, and write both; rows are numbered from `first` on.

    The latest journeys stand after the others, in row groups of their own: there most of a new day's rows belong.
    """
    first_event = first_journey = first
    with pa.memory_map(str(source)) as opened:
        table = pa.ipc.open_stream(opened).read_all().combine_chunks()
    source.unlink()
    for at, name in enumerate(table.column_names):
        if EVENTS.get(name) == nw.String and name not in {"event_id", "text"}:
            table = table.set_column(at, name, table[name].dictionary_encode())
    steps = cut(ordered(table), rules)
    del table
    started = steps["started_us"].to_numpy()
    is_late = started >= started.max(initial=0) - _LATE_US
    parts = [steps.filter(pa.array(is_part)) for is_part in (~is_late, is_late)]
    del steps
    with contextlib.ExitStack() as opened:
        writers: list[Any] = []
        for part in parts:
            whole = summed(part)
            begins = np.cumsum(whole["steps"].to_numpy()) - whole["steps"].to_numpy() + first_event
            whole = whole.append_column("first_row", pa.array(begins))
            both = [
                made.append_column("row", pa.array(np.arange(first, first + made.num_rows)))
                for made, first in [(part.drop_columns(["stretch_us"]), first_event), (whole, first_journey)]
            ]
            writers = writers or [
                opened.enter_context(engine.writer(path, made.schema))
                for made, path in zip(both, (events, journeys), strict=True)
            ]
            for made, writer in zip(both, writers, strict=True):
                if made.num_rows:  # an empty row group would have no least and greatest
                    writer.write_table(made, row_group_size=engine.ROW_GROUP)
            first_event, first_journey = first_event + part.num_rows, first_journey + whole.num_rows


def write_customers(customers: nw.LazyFrame | None, said: Mapping, into: Path) -> None:
    """Write the table of customers: what all sources say of each, one row for each time from which on it counts."""
    attributes = list(dict.fromkeys(name for source in said.sources for name in source.attributes))
    if customers is None:
        empty = pd.DataFrame({name: pd.Series(dtype="string") for name in ["customer_id"]})
        table = engine.from_frame(empty).with_columns(
            *(nw.lit(None, kind).alias(name) for name, kind in CUSTOMERS.items() if name != "customer_id")
        )
        engine.write(table.select(*CUSTOMERS), into, order_by=["customer_id"])
        return
    one = _one_row_each(customers, [source.name for source in said.sources], attributes)
    dated = engine.dates(one, signed_up_on="signed_up_on_us", ended_on="ended_on_us")
    table = dated.with_columns(customer_id=nw.col("ids")).select(*CUSTOMERS, *attributes)
    engine.write(table, into, order_by=["customer_id", "valid_from_us"])


def _one_row_each(customers: nw.LazyFrame, sources: list[str], attributes: list[str]) -> nw.LazyFrame:
    """Make one row of what several sources say of a customer: the first source of the mapping that says it counts."""
    times, texts = ["signed_up_on_us", "ended_on_us"], ["end_cause", *attributes]
    rank: nw.Expr = nw.lit("")
    for place, name in enumerate(sources):
        rank = nw.when(nw.col("origin") == name).then(nw.lit(f"{place:04}")).otherwise(rank)
    ranked = [
        nw.concat_str([rank, nw.col(name).cast(nw.String)], separator="").alias(name) for name in [*times, *texts]
    ]
    first = (
        customers.select("ids", "valid_from_us", *ranked)
        .group_by("ids", "valid_from_us")
        .agg(nw.col(*times, *texts).min())
    )
    return first.with_columns(
        *(nw.col(name).str.slice(4).cast(nw.Int64) for name in times), *(nw.col(name).str.slice(4) for name in texts)
    )
