"""Settle what becomes of each staged row: accepted, a duplicate, or rejected and why."""

from __future__ import annotations

import narwhals.stable.v2 as nw

from journeylib import engine
from journeylib.data import quality
from journeylib.schema import PLACE

__all__ = ["SUSPECTS", "settle", "settled"]

_SECOND_US = 1_000_000

# What an event is settled by; `content_hash` is null where its source gave the id.
SUSPECTS = [*PLACE, "number", "content", "event_id", "content_hash", "counts_copies", "updated_us"]


def settle(staged: nw.LazyFrame, older: nw.LazyFrame | None = None, *, retry_seconds: float = 0) -> nw.LazyFrame:
    """Find the sound rows that share their id with others: what becomes of each, and of events the id it gets.

    An exact copy under the same id is a duplicate. Rows that share an id and differ: the
    latest `updated_us` counts and the others are duplicates; without one all are rejected.
    Equal events without an id are so many events where their source `counts_copies`, else duplicates.
    With `retry_seconds`, the same touchpoint and channel of the same ids so soon after the one
    before is a duplicate. `older` (place, SUSPECTS) are sound events that were settled before and carry a number
    that some of these carry; they are settled again.

    The answer has place, source, source_row, fate and, of events, the rest of SUSPECTS.
    """
    is_event = "event_id" in staged.collect_schema().names()
    sound = staged.filter(nw.col("rule").is_null())
    if is_event:
        numbered, columns = sound, ["place", *SUSPECTS]
    else:
        # Each source of customers may say something of its own about one of them.
        since = nw.col("valid_from_us").cast(nw.String).fill_null("")
        sound = sound.with_columns(key=nw.concat_str(["origin", "ids", since], separator="\x1f"))
        numbered = engine.hashed(sound, ["key"], "number").with_columns(updated_us=nw.lit(None, nw.Int64))
        columns = ["place", *PLACE, "content", "key", "updated_us"]
    # Few rows share their id; only they need windows.
    crowded = engine.from_frame(engine.repeated(numbered, "number"))
    suspects = numbered.join(crowded, on="number", how="semi").select(*columns)
    if older is not None:
        met = numbered.join(older, on="number", how="semi").join(crowded, on="number", how="anti").select(*columns)
        suspects = nw.concat([suspects, met, older.select(*columns)], how="vertical")
    judged = _judged(suspects, is_event=is_event)
    if not (retry_seconds and is_event):
        return judged
    others = judged.filter(nw.col("fate") != "accepted").select("place")
    counting = sound.filter(~nw.col("ids").is_null()).join(others, on="place", how="anti")
    again = _retries(counting, int(retry_seconds * _SECOND_US)).with_columns(fate=nw.lit("duplicate"))
    others = judged.join(again, on="place", how="anti")
    answer = judged.collect_schema().names()
    return nw.concat([others.select(*answer), again.select(*answer)], how="vertical")


def settled(staged: nw.LazyFrame, judged: nw.LazyFrame) -> nw.LazyFrame:
    """Give every staged row its `fate`: accepted, duplicate, or the rule that rejects it; and every event its id."""
    is_event = "event_id" in staged.collect_schema().names()
    named = ["place", "fate", *(["event_id"] if is_event else [])]
    renamed = judged.select(*named).rename({"event_id": "_event_id"} if is_event else {})
    fated = staged.join(renamed, on="place", how="left").with_columns(
        fate=nw.coalesce("fate", "rule", nw.lit("accepted"))
    )
    if not is_event:
        return fated
    made = nw.concat_str([nw.col("content_hash"), nw.lit("1")], separator="-")
    return fated.with_columns(event_id=nw.coalesce("_event_id", "event_id", made)).drop("_event_id")


def _judged(suspects: nw.LazyFrame, *, is_event: bool) -> nw.LazyFrame:
    columns = suspects.collect_schema().names()
    if is_event:
        suspects = suspects.with_columns(key=nw.coalesce("event_id", "content_hash"))
    updated = nw.col("updated_us")
    ordinal = nw.col("place").cum_count().over("key", "content", order_by=["place"])
    first = suspects.with_columns(ordinal=ordinal).with_columns(first=(nw.col("ordinal") == 1).cast(nw.Int64))
    latest = nw.when(nw.col("first") == 1).then(updated).max().over("key")
    versions = first.with_columns(versions=nw.col("first").sum().over("key"), latest=latest)
    newest = ((updated == nw.col("latest")).fill_null(False) & (nw.col("first") == 1)).cast(nw.Int64)
    judged = versions.with_columns(newest=newest).with_columns(rivals=nw.col("newest").sum().over("key"))

    accepted, duplicate = nw.lit("accepted"), nw.lit("duplicate")
    of_several = nw.when(nw.col("newest") == 1).then(accepted).otherwise(duplicate)
    told = nw.when(nw.col("rivals") == 1).then(of_several).otherwise(nw.lit(quality.CONFLICT.name))
    alone = nw.when(nw.col("versions") == 1).then(accepted).otherwise(told)
    is_copy = nw.col("first") == 0
    if is_event:
        is_copy = is_copy & (nw.col("content_hash").is_null() | ~nw.col("counts_copies"))
    fated = judged.with_columns(fate=nw.when(is_copy).then(duplicate).otherwise(alone))
    if is_event:
        made = nw.concat_str([nw.col("content_hash"), nw.col("ordinal").cast(nw.String)], separator="-")
        fated = fated.with_columns(event_id=nw.coalesce("event_id", made))
    return fated.select(*columns, "fate")


def _retries(counting: nw.LazyFrame, within_us: int) -> nw.LazyFrame:
    key = nw.coalesce("event_id", "content_hash")
    keyed, order = counting.with_columns(key=key), ["occurred_us", "key"]
    before = nw.col("occurred_us").shift(1).over("ids", "touchpoint", "channel", order_by=order)
    content = nw.col("key").shift(1).over("ids", "touchpoint", "channel", order_by=order)
    soon = (nw.col("occurred_us") - before <= within_us) & (content != nw.col("key"))
    return keyed.with_columns(soon=soon.fill_null(False)).filter(nw.col("soon"))
