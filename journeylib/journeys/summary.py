"""What a manifest says of all events at once: found in them, or carried on from what it was by what has changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw

from journeylib import engine
from journeylib.days import day_of
from journeylib.schema import EVENTS

__all__ = ["Summary", "carried", "content", "summarised"]

Spans = dict[str, tuple[int, int]]  # by name: the first and the last instant


@dataclass(frozen=True)
class Summary:
    """The span of events, their customers, how many are known by what, the days of each source, the fingerprint."""

    first_us: int
    last_us: int
    customers: int
    known_by: dict[str, int]
    days: dict[str, tuple[str, str]]
    fingerprint: engine.Print


def content(events: nw.LazyFrame) -> nw.LazyFrame:
    """What events say, wherever they stood."""
    return events.select(*(name for name in EVENTS if name not in {"source", "source_row"}))


def summarised(events: nw.LazyFrame) -> Summary:
    """Summarise events (as EVENTS)."""
    found = engine.collect(events.select(customers=nw.col("customer_id").n_unique()))
    spans = _spans(events)
    return Summary(
        first_us=min(first for first, _ in spans.values()),
        last_us=max(last for _, last in spans.values()),
        customers=int(found["customers"][0]),
        known_by=_known_by(events),
        days={name: _days(span) for name, span in spans.items()},
        fingerprint=engine.fingerprint(content(events)),
    )


def carried(
    facts: dict[str, Any],
    whole: nw.LazyFrame,
    *,
    come: Sequence[nw.LazyFrame],
    gone: Sequence[nw.LazyFrame],
    customers: int,
    is_fewer: bool,
) -> Summary:
    """Carry on what a manifest's `facts` say, by events that come and that are gone and so many `customers` more.

    An event that has another customer now comes and is gone. Only where some are gone for good, and so there are
    fewer instants (`is_fewer`), is the `whole` table of events asked for its span.
    """
    known, printed = Counter[str](facts["known_by"]), engine.Print.read(facts["fingerprint"].split("+")[0])
    for part in come:
        known.update(_known_by(part))
        printed += engine.fingerprint(content(part))
    for part in gone:
        known.subtract(_known_by(part))
        printed -= engine.fingerprint(content(part))
    if is_fewer:
        spans, days = _spans(whole), dict[str, tuple[str, str]]()
    else:
        spans = _spans(nw.concat([part.select("source", "occurred_us") for part in come], how="vertical"))
        days = {each["name"]: (each["first_on"], each["last_on"]) for each in facts["sources"] if each["first_on"]}
    for name, span in spans.items():
        now = _days(span)
        there = days.get(name, now)
        days[name] = min(now[0], there[0]), max(now[1], there[1])
    ends = [*spans.values()] + ([] if is_fewer else [(facts["begins_us"], facts["last_us"])])
    return Summary(
        first_us=min(first for first, _ in ends),
        last_us=max(last for _, last in ends),
        customers=facts["customers"] + customers,
        known_by={name: rows for name, rows in sorted(known.items()) if rows},
        days=days,
        fingerprint=printed,
    )


def _spans(events: nw.LazyFrame) -> Spans:
    """When the events of each source begin and end; a file of several is "source/file"."""
    occurred = nw.col("occurred_us")
    by_file = engine.collect(events.group_by("source").agg(first=occurred.min(), last=occurred.max()))
    by_file = by_file.assign(name=by_file["source"].str.split("/").str[0])
    spans = by_file.groupby("name").agg({"first": "min", "last": "max"})
    return {str(name): (int(first), int(last)) for name, first, last in spans.itertuples()}


def _known_by(events: nw.LazyFrame) -> dict[str, int]:
    found = engine.collect(events.group_by("known_by").agg(events=nw.len()), order_by=["known_by"])
    return dict(zip(found["known_by"].tolist(), found["events"].tolist(), strict=True))


def _days(span: tuple[int, int]) -> tuple[str, str]:
    return day_of(span[0]).isoformat(), day_of(span[1]).isoformat()
