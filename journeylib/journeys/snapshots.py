"""Write a snapshot of a journey store: its tables bucket by bucket, and the facts of its manifest."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine
from journeylib.data import mapping, quality
from journeylib.days import DAY_US, day_of, midnight
from journeylib.journeys.reconstruct import reconstruct, summarise
from journeylib.schema import CUSTOMERS, EVENTS, ORDER, QUARANTINE

__all__ = ["facts", "write"]

_PLACE = ["source", "source_row"]
_ROWS_A_BUCKET = 4_000_000


def write(
    events: nw.LazyFrame,
    customers: nw.LazyFrame | None,
    settled: list[nw.LazyFrame],
    staging: Path,
    said: mapping.Mapping,
) -> dict[str, list[str]]:
    """Write every table of the store into `staging`; the answer names their files."""
    tables = _write_tables(events, staging, said)
    _write_customers(customers, said, staging / "customers.parquet")
    _write_quarantine(settled, staging / "quarantine.parquet")
    return {**tables, "customers": ["customers.parquet"], "quarantine": ["quarantine.parquet"]}


def facts(
    staging: Path,
    tables: dict[str, list[str]],
    counts: pd.DataFrame,
    records: dict[str, int],
    declared: date | None,
) -> dict[str, Any]:
    """Gather what the manifest says: the reconciliation, the time span and the content's fingerprint.

    `declared` is the last whole day of the data, where the mapping says it.
    """
    events = engine.scan([staging / name for name in tables["events"]])
    customers = engine.scan([staging / name for name in tables["customers"]])
    occurred = nw.col("occurred_us")
    span = engine.collect(
        events.select(first=occurred.min(), last=occurred.max(), customers=nw.col("customer_id").n_unique())
    ).iloc[0]
    known = engine.collect(events.group_by("known_by").agg(events=nw.len()), order_by=["known_by"])
    fates = counts.groupby("fate")["rows"].sum()
    reasons = {str(name): int(rows) for name, rows in fates.items() if name not in {"accepted", "duplicate"}}
    last = int(span["last"])
    content = [name for name in EVENTS if name not in {"source", "source_row"}]
    return {
        "records_in": sum(records.values()),
        "accepted": int(fates.get("accepted", 0)),
        "quarantined": sum(reasons.values()),
        "duplicates": int(fates.get("duplicate", 0)),
        "reasons": reasons,
        "sources": [{"name": name, "records": rows} for name, rows in records.items()],
        "warnings": [],
        "events": int(known["events"].sum()),
        "customers": int(span["customers"]),
        "known_by": dict(zip(known["known_by"].tolist(), known["events"].tolist(), strict=True)),
        "attributes": [name for name in customers.collect_schema().names() if name not in CUSTOMERS],
        "begins_us": int(span["first"]),
        "begins_on": day_of(int(span["first"])).isoformat(),
        "last_us": last,
        "last_on": day_of(last).isoformat(),
        "ends_us": last + 1 if declared is None else midnight(declared) + DAY_US,
        "complete_through": (declared or day_of(last - DAY_US)).isoformat(),
        "fingerprint": engine.fingerprint(events.select(*content)) + "+" + engine.fingerprint(customers),
    }


def _write_tables(events: nw.LazyFrame, staging: Path, said: mapping.Mapping) -> dict[str, list[str]]:
    """Write events, steps and journeys bucket by bucket; a bucket is a prefix of md5(customer_id)."""
    rows = int(engine.collect(events.select(rows=nw.len()))["rows"][0])
    digits = 0 if rows <= _ROWS_A_BUCKET else 1 if rows <= 16 * _ROWS_A_BUCKET else 2
    hashed = engine.md5(events, "customer_id", "hash")
    tables: dict[str, list[str]] = {"events": [], "steps": [], "journeys": []}
    for number in range(16**digits):
        bucket = f"{number:0{digits}x}" if digits else "all"
        part = hashed.filter(nw.col("hash").str.starts_with(bucket)) if digits else hashed
        order = ["customer_id", *ORDER]
        paths = {name: staging / f"{name}-{bucket}.parquet" for name in tables}
        engine.write(part.drop("hash"), paths["events"], order_by=order)
        steps = reconstruct(
            engine.scan([paths["events"]]),
            gap=timedelta(days=said.gap_days),
            longest=timedelta(days=said.longest_days),
            end_touchpoints=said.end_touchpoints,
        )
        engine.write(steps, paths["steps"], order_by=order)
        engine.write(
            summarise(engine.scan([paths["steps"]])), paths["journeys"], order_by=["customer_id", "started_us"]
        )
        for name, path in paths.items():
            tables[name].append(path.name)
    return tables


def _write_customers(settled: nw.LazyFrame | None, said: mapping.Mapping, into: Path) -> None:
    attributes = list(dict.fromkeys(name for source in said.sources for name in source.attributes))
    if settled is None:
        empty = pd.DataFrame({name: pd.Series(dtype="string") for name in ["customer_id"]})
        table = engine.from_frame(empty).with_columns(
            *(nw.lit(None, kind).alias(name) for name, kind in CUSTOMERS.items() if name != "customer_id")
        )
        engine.write(table.select(*CUSTOMERS), into, order_by=["customer_id"])
        return
    accepted = settled.filter(nw.col("fate") == "accepted").drop("signed_up_on", "ended_on")
    dated = engine.dates(accepted, signed_up_on="signed_up_on_us", ended_on="ended_on_us")
    table = dated.with_columns(customer_id=nw.col("ids")).select(*CUSTOMERS, *attributes)
    engine.write(table, into, order_by=["customer_id", "valid_from_us"])


def _write_quarantine(tables: list[nw.LazyFrame], into: Path) -> None:
    hint: nw.Expr = nw.lit(None, nw.String)
    for rule in [*quality.RULES, quality.CONFLICT]:
        hint = nw.when(nw.col("rule") == rule.name).then(nw.lit(rule.remedy)).otherwise(hint)
    rejected = [
        table.filter(~nw.col("fate").is_in(["accepted", "duplicate"]))
        .with_columns(rule=nw.col("fate"))
        .with_columns(hint=hint)
        .select(*QUARANTINE)
        for table in tables
    ]
    engine.write(nw.concat(rejected, how="vertical"), into, order_by=_PLACE)
