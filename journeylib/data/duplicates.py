"""Settle what becomes of each staged row: accepted, a duplicate, or rejected and why."""

from __future__ import annotations

import narwhals.stable.v2 as nw

from journeylib import engine
from journeylib.data import quality

__all__ = ["settle"]

_PLACE = ["source", "source_row"]


def settle(staged: nw.LazyFrame) -> nw.LazyFrame:
    """Give each staged row its `fate`: accepted, duplicate, or the rule that rejects it.

    An exact copy under the same id is a duplicate. Rows that share an id and differ: the
    latest `updated_us` counts and the others are duplicates; without one all are rejected.
    Events without an id get one from their content and their ordinal among equal rows.
    """
    is_event = "event_id" in staged.collect_schema().names()
    key = ["event_id"] if is_event else ["ids", "valid_from_us"]
    hashed = engine.md5(staged, "content", "content_hash")
    sound = hashed.filter(nw.col("rule").is_null())
    if is_event:
        ordinal = nw.col("source_row").cum_count().over("content_hash", order_by=_PLACE)
        made = nw.concat_str([nw.col("content_hash"), ordinal.cast(nw.String)], separator="-")
        own, lacking = ~nw.col("event_id").is_null(), nw.col("event_id").is_null()
        sound = nw.concat([sound.filter(own), sound.filter(lacking).with_columns(event_id=made)], how="vertical")
    copies = sound.with_columns(copy=nw.col("source_row").cum_count().over(*key, "content_hash", order_by=_PLACE))
    updated = nw.col("updated_us") if is_event else nw.lit(None, nw.Int64)
    latest = nw.when(nw.col("copy") == 1).then(updated).max().over(*key)
    versions = nw.when(nw.col("copy") == 1).then(nw.lit(1)).otherwise(nw.lit(0)).sum().over(*key)
    judged = copies.with_columns(latest=latest, versions=versions, updated=updated)
    is_latest = (
        nw.when((nw.col("copy") == 1) & (nw.col("updated") == nw.col("latest"))).then(nw.lit(1)).otherwise(nw.lit(0))
    )
    judged = judged.with_columns(is_latest=is_latest).with_columns(ties=nw.col("is_latest").sum().over(*key))
    fate = (
        nw.when(nw.col("copy") > 1)
        .then(nw.lit("duplicate"))
        .otherwise(
            nw.when(nw.col("versions") == 1)
            .then(nw.lit("accepted"))
            .otherwise(
                nw.when(nw.col("ties") != 1)
                .then(nw.lit(quality.CONFLICT.name))
                .otherwise(nw.when(nw.col("is_latest") == 1).then(nw.lit("accepted")).otherwise(nw.lit("duplicate")))
            )
        )
    )
    kept = judged.with_columns(fate=fate).drop("copy", "latest", "versions", "updated", "is_latest", "ties")
    rejected = hashed.filter(~nw.col("rule").is_null()).with_columns(fate=nw.col("rule"))
    return nw.concat([kept, rejected], how="vertical")
