"""Reconstruct journeys: one customer's events, cut where the journey ends.

A journey ends by silence (nothing for longer than `gap`), by an end touchpoint
(such as "account closed"), or by length: a stretch without silence is cut into
lengths of `longest`, counted from its first event. Everything is lazy and looks
backward only, so a row that arrives in order is final.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import narwhals.stable.v2 as nw

from journeylib.schema import JOURNEYS, ORDER, STEPS

__all__ = ["placed", "reconstruct", "summarise"]

_MICROSECOND = timedelta(microseconds=1)


def reconstruct(
    events: nw.LazyFrame,
    *,
    gap: timedelta = timedelta(days=7),
    longest: timedelta = timedelta(days=180),
    end_touchpoints: Sequence[str] = (),
) -> nw.LazyFrame:
    """Make the steps table: every event with its journey, its place in it and what came before; see `placed`."""
    return placed(events, gap=gap, longest=longest, end_touchpoints=end_touchpoints).select(*STEPS)


def placed(
    events: nw.LazyFrame, *, gap: timedelta, longest: timedelta, end_touchpoints: Sequence[str] = ()
) -> nw.LazyFrame:
    """Add to events what STEPS has beside them: their journey, their place in it and what came before.

    `started_us`, which with `customer_id` names the journey, is the time of its first
    event; `step` counts 1, 2, … within it. A silence of exactly `gap` does not end a
    journey; an event exactly `longest` after the stretch began opens the next one; an
    event in the very microsecond of an end touchpoint still belongs to its journey.
    """
    occurred = nw.col("occurred_us")
    silence = occurred - _before("occurred_us")
    # An end touchpoint ends the journey with its whole instant, whatever the order of rows in it.
    is_end = nw.col("touchpoint").is_in(list(end_touchpoints)) if end_touchpoints else nw.lit(False)
    marked = events.with_columns(end_us=nw.when(is_end).then(occurred))
    ended = marked.with_columns(end_us=_carried("end_us"))
    after_end = (_before("end_us") == _before("occurred_us")).fill_null(False) & (silence > 0)
    opens = silence.is_null() | (silence > gap // _MICROSECOND) | after_end
    # The start of a stretch, then of a journey, travels forward to the later events.
    opened = ended.with_columns(stretch_us=nw.when(opens).then(occurred))
    stretched = opened.with_columns(stretch_us=_carried("stretch_us"))

    length = ((occurred - nw.col("stretch_us")) / (longest // _MICROSECOND)).floor()
    measured = stretched.with_columns(length=length)
    same = (_before("stretch_us") == nw.col("stretch_us")) & (_before("length") == nw.col("length"))
    started = measured.with_columns(started_us=nw.when(~same.fill_null(False)).then(occurred))
    cut = started.with_columns(started_us=_carried("started_us"))

    within = ["customer_id", "started_us"]
    steps = cut.with_columns(
        step=nw.col("event_id").cum_count().over(*within, order_by=ORDER),
        previous_touchpoint=nw.col("touchpoint").shift(1).over(*within, order_by=ORDER),
        previous_channel=nw.col("channel").shift(1).over(*within, order_by=ORDER),
        wait_us=occurred - occurred.shift(1).over(*within, order_by=ORDER),
    )
    return steps.select(*dict.fromkeys([*events.collect_schema().names(), *STEPS]))


def summarise(steps: nw.LazyFrame) -> nw.LazyFrame:
    """Make the journeys table: one row a journey, when it ran, how long, where it began and where it is now."""
    first = nw.col("step") == 1
    last = nw.col("step") == nw.col("step").max().over("customer_id", "started_us")
    marked = steps.with_columns(
        first_touchpoint=nw.when(first).then(nw.col("touchpoint")),
        first_channel=nw.when(first).then(nw.col("channel")),
        last_touchpoint=nw.when(last).then(nw.col("touchpoint")),
        last_channel=nw.when(last).then(nw.col("channel")),
    )
    summed = marked.group_by("customer_id", "started_us").agg(
        nw.col("first_touchpoint", "first_channel", "last_touchpoint", "last_channel").max(),
        ended_us=nw.col("occurred_us").max(),
        steps=nw.len(),
        channels=nw.col("channel").n_unique(),
    )
    return summed.select(*JOURNEYS)


def _before(column: str) -> nw.Expr:
    return nw.col(column).shift(1).over("customer_id", order_by=ORDER)


def _carried(column: str) -> nw.Expr:
    return nw.col(column).fill_null(strategy="forward").over("customer_id", order_by=ORDER)
