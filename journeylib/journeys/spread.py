"""Cut journeys on Spark and write them: the tables of `snapshots`, by `reconstruct` in place of `buckets`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import narwhals.stable.v2 as nw

from journeylib import engine
from journeylib.data.mapping import Mapping
from journeylib.journeys.reconstruct import placed, summarise
from journeylib.schema import EVENTS, ORDER

__all__ = ["write_journeys"]


def write_journeys(events: nw.LazyFrame, staging: Path, said: Mapping, buckets: Sequence[str]) -> dict[str, list[str]]:
    """Write events with their steps, and journeys, into files of these buckets, ranges of md5(customer_id).

    What a later load would need to grow by a part is not written: a store that was loaded on Spark is loaded anew.
    """
    rules = timedelta(days=said.gap_days), timedelta(days=said.longest_days)
    cut = placed(events.select(*EVENTS), gap=rules[0], longest=rules[1], end_touchpoints=said.end_touchpoints)
    steps = engine.stored(cut, staging / "work" / "steps.parquet")
    tables = {"events": (steps, ["customer_id", *ORDER]), "journeys": (summarise(steps), ["customer_id", "started_us"])}
    names = {}
    for name, (table, order) in tables.items():
        files = [staging / f"{name}-000-{bucket}.parquet" for bucket in buckets]
        hashed = engine.md5(table, "customer_id", "bucket").with_columns(bucket=nw.col("bucket").str.slice(0, 2))
        paths = {f"{at:02x}": files[at * len(files) // 256] for at in range(256)}
        names[name] = [path.name for path in engine.sorted_into(hashed, "bucket", paths, order_by=order)]
    return {"events": names["events"], "steps": names["events"], "journeys": names["journeys"]}
