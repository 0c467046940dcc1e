"""Settle what becomes of each staged row: accepted, a duplicate, or rejected and why."""

from __future__ import annotations

import narwhals.stable.v2 as nw

from journeylib import engine
from journeylib.data import quality
from journeylib.schema import PLACE

__all__ = ["settle", "settled"]

_SECOND_US = 1_000_000


def settle(staged: nw.LazyFrame, *, retry_seconds: float = 0) -> nw.LazyFrame:
    """Find the sound rows that share their id with others: what becomes of each, and of events the id it gets.

    An exact copy under the same id is a duplicate. Rows that share an id and differ: the
    latest `updated_us` counts and the others are duplicates; without one all are rejected.
    Equal events without an id are so many events where their source `counts_copies`, else duplicates.
    With `retry_seconds`, the same touchpoint and channel of the same ids so soon after the one
    before is a duplicate. The answer has place, source, source_row, fate and, of events, event_id.
    """
    is_event = "event_id" in staged.collect_schema().names()
    since = nw.col("valid_from_us").cast(nw.String).fill_null("") if not is_event else nw.lit("")
    own = nw.col("event_id" if is_event else "ids")
    # Each source of customers may say something of its own about one of them.
    key = (
        nw.coalesce("event_id", "content_hash") if is_event else nw.concat_str(["origin", own, since], separator="\x1f")
    )
    sound = staged.filter(nw.col("rule").is_null()).with_columns(key=key)
    # Few rows share their id; only they need windows.
    numbered = engine.hashed(sound, ["key"], "number")
    crowded = engine.from_frame(engine.repeated(numbered, "number"))
    suspects = numbered.join(crowded, on="number", how="semi").select(
        *["place", *PLACE, "content", "key"],
        *(["event_id", "content_hash", "counts_copies"] if is_event else []),
        has_id=~own.is_null(),
        updated=nw.col("updated_us") if is_event else nw.lit(None, nw.Int64),
    )
    judged = _judged(suspects, is_event=is_event)
    answer = ["place", *PLACE, "fate", *(["event_id"] if is_event else [])]
    if not (retry_seconds and is_event):
        return judged.select(*answer)
    others = judged.filter(nw.col("fate") != "accepted").select("place")
    counting = sound.filter(~nw.col("ids").is_null()).join(others, on="place", how="anti")
    again = _retries(counting, int(retry_seconds * _SECOND_US)).with_columns(fate=nw.lit("duplicate"))
    others = judged.join(again, on="place", how="anti")
    return nw.concat([others.select(*answer), again.select(*answer)], how="vertical")


def settled(staged: nw.LazyFrame, judged: nw.LazyFrame) -> nw.LazyFrame:
    """Give every staged row its `fate`: accepted, duplicate, or the rule that rejects it; and every event its id."""
    is_event = "event_id" in staged.collect_schema().names()
    renamed = judged.drop(*PLACE).rename({"event_id": "_event_id"} if is_event else {})
    fated = staged.join(renamed, on="place", how="left").with_columns(
        fate=nw.coalesce("fate", "rule", nw.lit("accepted"))
    )
    if not is_event:
        return fated
    made = nw.concat_str([nw.col("content_hash"), nw.lit("1")], separator="-")
    return fated.with_columns(event_id=nw.coalesce("_event_id", "event_id", made)).drop("_event_id")


def _judged(suspects: nw.LazyFrame, *, is_event: bool) -> nw.LazyFrame:
    ordinal = nw.col("place").cum_count().over("key", "content", order_by=["place"])
    first = suspects.with_columns(ordinal=ordinal).with_columns(first=(nw.col("ordinal") == 1).cast(nw.Int64))
    latest = nw.when(nw.col("first") == 1).then(nw.col("updated")).max().over("key")
    versions = first.with_columns(versions=nw.col("first").sum().over("key"), latest=latest)
    newest = ((nw.col("updated") == nw.col("latest")).fill_null(False) & (nw.col("first") == 1)).cast(nw.Int64)
    judged = versions.with_columns(newest=newest).with_columns(rivals=nw.col("newest").sum().over("key"))

    accepted, duplicate = nw.lit("accepted"), nw.lit("duplicate")
    of_several = nw.when(nw.col("newest") == 1).then(accepted).otherwise(duplicate)
    told = nw.when(nw.col("rivals") == 1).then(of_several).otherwise(nw.lit(quality.CONFLICT.name))
    alone = nw.when(nw.col("versions") == 1).then(accepted).otherwise(told)
    is_copy = nw.col("first") == 0
    if is_event:
        is_copy = is_copy & (nw.col("has_id") | ~nw.col("counts_copies"))
    fated = judged.with_columns(fate=nw.when(is_copy).then(duplicate).otherwise(alone))
    if not is_event:
        return fated
    made = nw.concat_str([nw.col("content_hash"), nw.col("ordinal").cast(nw.String)], separator="-")
    return fated.with_columns(event_id=nw.coalesce("event_id", made))


def _retries(counting: nw.LazyFrame, within_us: int) -> nw.LazyFrame:
    before = nw.col("occurred_us").shift(1).over("ids", "touchpoint", "channel", order_by=["occurred_us", "key"])
    content = nw.col("key").shift(1).over("ids", "touchpoint", "channel", order_by=["occurred_us", "key"])
    soon = (nw.col("occurred_us") - before <= within_us) & (content != nw.col("key"))
    return counting.with_columns(soon=soon.fill_null(False)).filter(nw.col("soon"))
