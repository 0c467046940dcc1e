"""Cut the journeys of one bucket of customers at once, by columns: the fast way of `reconstruct`, which is its witness.

A bucket is an Arrow table of all events of some customers, in any order. Texts that repeat come as
dictionaries, so rows are sorted and compared by small numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from journeylib.schema import JOURNEYS, STEPS

__all__ = ["Rules", "cut", "ordered", "summed"]

_MICROSECOND = timedelta(microseconds=1)
Whole = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Rules:
    """When a journey ends; see `reconstruct`."""

    gap: timedelta
    longest: timedelta
    end_touchpoints: Sequence[str] = ()


def ordered(events: pa.Table) -> pa.Table:
    """Sort events by customer_id, occurred_us and event_id, texts by their bytes."""
    customer = _ranks(events["customer_id"])
    occurred = events["occurred_us"].to_numpy()
    order = np.lexsort((occurred, customer))
    # Few events share their instant; only they need their ids compared.
    is_tied = (np.diff(customer[order]) == 0) & (np.diff(occurred[order]) == 0)
    tied = np.flatnonzero(np.append(is_tied, False) | np.insert(is_tied, 0, False)) if len(order) else order
    if len(tied):
        run = np.cumsum(np.insert(~is_tied, 0, True))[tied]
        ids = events["event_id"].take(pa.array(order[tied]))
        again = pc.sort_indices(pa.table({"run": run, "id": ids}), [("run", "ascending"), ("id", "ascending")])
        order[tied] = order[tied][again.to_numpy()]
    return events.take(pa.array(order))


def cut(events: pa.Table, rules: Rules) -> pa.Table:
    """Add to sorted events what STEPS has beside them: started_us, step, what came before, and the wait since.

    `stretch_us` is added too: where the time without silence began that `longest` cuts into journeys. Where the
    first row of a customer has one already, it goes on there: what is before that row is not at hand.

    >>> rows = {"customer_id": ["a", "a", "b"], "event_id": ["1", "2", "3"], "occurred_us": [0, 5, 5]}
    >>> events = pa.table({**rows, "touchpoint": ["x", "y", "x"], "channel": ["web", "web", "app"]})
    >>> cut(events, Rules(timedelta(days=7), timedelta(days=180)))["step"].to_pylist()
    [1, 2, 1]
    """
    occurred, customer = events["occurred_us"].to_numpy(), _codes(events["customer_id"])
    is_first = np.insert(np.diff(customer) != 0, 0, True)[: len(occurred)]
    silence = np.diff(occurred, prepend=0)
    is_after_end = _after_end(events, is_first | (silence > 0), is_first, rules)
    opens = is_first | (silence > rules.gap // _MICROSECOND) | is_after_end
    begun = occurred
    if "stretch_us" in events.column_names:
        known = events["stretch_us"].combine_chunks()
        events = events.drop_columns(["stretch_us"])
        begun = np.where(is_first & known.is_valid().to_numpy(zero_copy_only=False), known.fill_null(0), occurred)
    stretch = _carried(begun, opens)
    length = (occurred - stretch) // (rules.longest // _MICROSECOND)
    starts = opens | (np.diff(length, prepend=-1) != 0)
    row = np.arange(len(occurred))
    begin = _carried(row, starts)
    before = pa.array(row - 1, mask=starts)
    made = {
        "started_us": pa.array(occurred[begin]),
        "step": pa.array(row - begin + 1),
        "previous_touchpoint": events["touchpoint"].take(before),
        "previous_channel": events["channel"].take(before),
        "wait_us": pa.array(silence, mask=starts),
        "stretch_us": pa.array(stretch),
    }
    return pa.table({**{name: events[name] for name in events.column_names}, **made})


def summed(steps: pa.Table) -> pa.Table:
    """Make the journeys (JOURNEYS, stretch_us) of sorted steps, in their order; see `reconstruct.summarise`."""
    step = steps["step"].to_numpy()
    first = np.flatnonzero(step == 1)
    last = np.append(first[1:], len(step)) - 1 if len(step) else first
    channel = _codes(steps["channel"])
    kinds = int(channel.max()) + 1 if len(channel) else 1
    journey = np.cumsum(step == 1) - 1
    pairs = np.sort(journey * kinds + channel)
    pairs = pairs[np.insert(np.diff(pairs) != 0, 0, True)[: len(pairs)]] // kinds
    begin, end = (steps.select(["occurred_us", "touchpoint", "channel"]).take(pa.array(at)) for at in (first, last))
    made = {
        "customer_id": steps["customer_id"].take(pa.array(first)),
        "started_us": begin["occurred_us"],
        "ended_us": end["occurred_us"],
        "steps": pa.array(step[last]),
        "channels": pa.array(np.bincount(pairs, minlength=len(first)).astype(np.int64)),
        "first_touchpoint": begin["touchpoint"],
        "first_channel": begin["channel"],
        "last_touchpoint": end["touchpoint"],
        "last_channel": end["channel"],
        "stretch_us": steps["stretch_us"].take(pa.array(first)),
    }
    return pa.table({name: made[name] for name in [*JOURNEYS, "stretch_us"]})


def _after_end(events: pa.Table, is_new: Any, is_first: Any, rules: Rules) -> Any:
    """Whether the customer's instant before this row's holds an end touchpoint."""
    if not rules.end_touchpoints or not len(is_new):
        return np.zeros(len(is_new), dtype=bool)
    is_end = pc.is_in(events["touchpoint"], pa.array(list(rules.end_touchpoints))).to_numpy()
    has_end = np.add.reduceat(is_end.astype(np.int64), np.flatnonzero(is_new)) > 0
    return is_new & ~is_first & has_end[np.cumsum(is_new) - 2]


def _carried(values: Whole, where: Any) -> Whole:
    """The latest value so far of those where it says so; the first row does."""
    places = np.flatnonzero(where)
    return np.repeat(values[places], np.diff(np.append(places, len(values))))


def _codes(texts: pa.ChunkedArray) -> Whole:
    """A number for each text: equal texts, equal numbers."""
    coded = texts.combine_chunks() if pa.types.is_dictionary(texts.type) else texts.combine_chunks().dictionary_encode()
    return np.asarray(coded.indices.to_numpy(), dtype=np.int64)


def _ranks(texts: pa.ChunkedArray) -> Whole:
    """A number for each text, in the order of their bytes."""
    whole = texts.combine_chunks()
    coded = whole if pa.types.is_dictionary(whole.type) else whole.dictionary_encode()
    order = pc.sort_indices(coded.dictionary).to_numpy()
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return np.asarray(rank[coded.indices.to_numpy()])


assert set(STEPS) >= {"started_us", "step", "previous_touchpoint", "previous_channel", "wait_us"}
