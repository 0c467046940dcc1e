"""Settle what becomes of each staged row: accepted, a duplicate, or rejected and why."""

from __future__ import annotations

import narwhals.stable.v2 as nw

from journeylib.data import quality

__all__ = ["settle"]

_PLACE = ["source", "source_row"]


def settle(staged: nw.LazyFrame) -> nw.LazyFrame:
    """Give each staged row its `fate`: accepted, duplicate, or the rule that rejects it.

    An exact copy under the same id is a duplicate. Rows that share an id and differ: the
    latest `updated_us` counts and the others are duplicates; without one all are rejected.
    Events without an id get one from their content and their ordinal among equal rows.
    The answer has source, source_row and fate, for events also event_id.
    """
    is_event = "event_id" in staged.collect_schema().names()
    key = ["event_id"] if is_event else ["ids", "valid_from_us"]
    kept = [*_PLACE, *key, "content_hash", "rule"]
    narrow = staged.select(*kept, updated=nw.col("updated_us") if is_event else nw.lit(None, nw.Int64))
    if is_event:
        ordinal = nw.col("source_row").cum_count().over("content_hash", order_by=_PLACE)
        made = nw.concat_str([nw.col("content_hash"), ordinal.cast(nw.String)], separator="-")
        own, lacking = ~nw.col("event_id").is_null(), nw.col("event_id").is_null()
        narrow = nw.concat([narrow.filter(own), narrow.filter(lacking).with_columns(event_id=made)], how="vertical")

    sound = narrow.filter(nw.col("rule").is_null())
    is_first = nw.col("source_row").cum_count().over(*key, "content_hash", order_by=_PLACE) == 1
    first = sound.with_columns(first=is_first.cast(nw.Int64))
    latest = nw.when(nw.col("first") == 1).then(nw.col("updated")).max().over(*key)
    versions = first.with_columns(versions=nw.col("first").sum().over(*key), latest=latest)
    newest = ((nw.col("updated") == nw.col("latest")).fill_null(False) & (nw.col("first") == 1)).cast(nw.Int64)
    judged = versions.with_columns(newest=newest).with_columns(rivals=nw.col("newest").sum().over(*key))

    accepted, duplicate = nw.lit("accepted"), nw.lit("duplicate")
    of_several = nw.when(nw.col("newest") == 1).then(accepted).otherwise(duplicate)
    settled = nw.when(nw.col("rivals") == 1).then(of_several).otherwise(nw.lit(quality.CONFLICT.name))
    alone = nw.when(nw.col("versions") == 1).then(accepted).otherwise(settled)
    fate = nw.when(nw.col("first") == 0).then(duplicate).otherwise(alone)
    rejected = narrow.filter(~nw.col("rule").is_null()).with_columns(fate=nw.col("rule"))
    answer = [*_PLACE, "fate", *(["event_id"] if is_event else [])]
    return nw.concat([judged.with_columns(fate=fate).select(*answer), rejected.select(*answer)], how="vertical")
