"""Settle what becomes of each staged row: accepted, a duplicate, or rejected and why."""

from __future__ import annotations

import narwhals.stable.v2 as nw

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
    before is a duplicate. The answer has source, source_row, fate and, of events, event_id.
    """
    is_event = "event_id" in staged.collect_schema().names()
    since = nw.col("valid_from_us").cast(nw.String).fill_null("") if not is_event else nw.lit("")
    own = nw.col("event_id" if is_event else "ids")
    # Each source of customers may say something of its own about one of them.
    key = (
        nw.coalesce("event_id", "content_hash") if is_event else nw.concat_str(["origin", own, since], separator="\x1f")
    )
    of_event = ["event_id", "ids", "touchpoint", "channel", "occurred_us", "counts_copies"]
    kept = [*PLACE, "content_hash", *(of_event if is_event else [])]
    sound = staged.filter(nw.col("rule").is_null()).select(
        *kept,
        key=key,
        has_id=~own.is_null(),
        updated=nw.col("updated_us") if is_event else nw.lit(None, nw.Int64),
    )
    # Few rows share their id; only they need windows.
    crowded = sound.group_by("key").agg(rows=nw.len()).filter(nw.col("rows") > 1)
    suspects = sound.join(crowded.select("key"), on="key", how="semi")
    judged = _judged(suspects, is_event=is_event)
    answer = [*PLACE, "fate", *(["event_id"] if is_event else [])]
    if not (retry_seconds and is_event):
        return judged.select(*answer)
    others = judged.filter(nw.col("fate") != "accepted").select(*PLACE)
    counting = sound.filter(~nw.col("ids").is_null()).join(others, on=PLACE, how="anti")
    again = _retries(counting, int(retry_seconds * _SECOND_US)).with_columns(fate=nw.lit("duplicate"))
    others = judged.join(again, on=PLACE, how="anti")
    return nw.concat([others.select(*answer), again.select(*answer)], how="vertical")


def settled(staged: nw.LazyFrame, judged: nw.LazyFrame) -> nw.LazyFrame:
    """Give every staged row its `fate`: accepted, duplicate, or the rule that rejects it; and every event its id."""
    is_event = "event_id" in staged.collect_schema().names()
    renamed = judged.rename({"event_id": "_event_id"}) if is_event else judged
    joined = staged.join(renamed, on=PLACE, how="left")
    fated = joined.with_columns(fate=nw.coalesce("fate", "rule", nw.lit("accepted")))
    if not is_event:
        return fated
    made = nw.concat_str([nw.col("content_hash"), nw.lit("1")], separator="-")
    return fated.with_columns(event_id=nw.coalesce("_event_id", "event_id", made)).drop("_event_id")


def _judged(suspects: nw.LazyFrame, *, is_event: bool) -> nw.LazyFrame:
    ordinal = nw.col("source_row").cum_count().over("key", "content_hash", order_by=PLACE)
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
