"""Measure a headline number again, for another period, by other rules or on another snapshot.

A record says in its form and its context how its number was measured; what a form means is
listed here, once. A form that is not listed cannot be measured again, and its change is then
told as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib.days import DAY_US
from journeylib.journeys import outcomes as goal_outcomes
from journeylib.journeys import segments
from journeylib.journeys.definitions import Definition
from journeylib.journeys.reconstruct import reconstruct, summarise
from journeylib.journeys.view import Store, in_period, open_store
from journeylib.measures import acquaintance, channels, churn, intake, outcomes, registry, satisfaction

__all__ = ["RULES", "number", "opened", "units"]

RULES = ["gap_days", "longest_days", "end_touchpoints"]  # what makes journeys of events, and can be followed again

Record = Mapping[str, Any]


def opened(store: Path, *, as_of: str, start: str, rules: Mapping[str, Any]) -> Store:
    """Open a store for a period, its journeys cut by `rules` where they are not the store's own."""
    view = open_store(store, through=as_of, start=start)
    gap, longest = (int(rules[name] * DAY_US) for name in ("gap_days", "longest_days"))
    ends = tuple(rules["end_touchpoints"])
    if (gap, longest, ends) == (view.gap_us, view.longest_us, view.end_touchpoints):
        return view
    lengths = {"gap": timedelta(microseconds=gap), "longest": timedelta(microseconds=longest)}
    steps = reconstruct(view.events, end_touchpoints=ends, **lengths)
    return replace(view, steps=steps, journeys=summarise(steps), gap_us=gap, longest_us=longest, end_touchpoints=ends)


def number(record: Record, view: Store) -> float | None:
    """Measure the number of a record over a view; None where that cannot be done, or there is nothing to measure."""
    measure = _NUMBERS.get(record["form"])
    try:
        frame = None if measure is None else measure(view, record["context"], record["columns"])
    except KeyError:  # a record of an older package, whose context says less
        return None
    if frame is None or len(frame) != 1 or pd.isna(frame["estimate"].iloc[0]):
        return None
    return float(f"{float(frame['estimate'].iloc[0]):.12g}")  # as records are


def units(record: Record, view: Store, definitions: Mapping[str, Definition]) -> nw.LazyFrame | None:
    """Make the rows whose ratio Σx/Σm a record's number is: customer_id, group, m, x; None where it is none.

    `group` is the value of the one segment of `definitions`.
    """
    make = _UNITS.get(record["form"])
    if make is None or not definitions:
        return None
    [name] = definitions
    found = make(view, record["context"])
    grouped = segments.attach(found, view, dict(definitions)).with_columns(group=nw.col(name))
    return grouped.select("customer_id", "group", "m", "x")


def _labelled(view: Store, context: Record) -> nw.LazyFrame:
    return goal_outcomes.label(view, **_goal(context))


def _customers(view: Store, _: Record, columns: list[str]) -> pd.DataFrame:
    """Those with a journey of the period, where journeys were counted with them; else those with an event of it."""
    if "journeys" in columns:
        return outcomes.customers(in_period(view.journeys, view))
    return acquaintance.customers(view.events_in_period)


def _durations(view: Store, context: Record) -> nw.LazyFrame:
    if context["kind"] == "contract":
        return churn.durations(view, definition="contract")
    return churn.durations(
        view,
        definition=context["kind"],
        silent_days=context["silent_days"],
        landmark=context["landmark"],
        touchpoints=context["touchpoints"],
    )


_NUMBERS: Mapping[str, Callable[[Store, Record, list[str]], pd.DataFrame]] = {
    "converted_share": lambda view, context, _: outcomes.converted(_labelled(view, context)),
    "bounced_share": lambda view, context, _: channels.bounces(in_period(view.steps, view), context["chain"]),
    "nps": lambda view, _, __: satisfaction.nps(view.events_in_period),
    "customers": _customers,
    "still_share": lambda view, context, _: churn.left(_durations(view, context), horizon_days=context["horizon_days"]),
    "left_customers": lambda view, context, _: churn.departures(_durations(view, context)),
    "anonymous_share": lambda view, _, __: acquaintance.anonymous(view.events_in_period),
    "records": lambda view, _, __: intake.read(view.facts),
    "accepted_share": lambda view, _, __: intake.accepted(view.facts),
}


def _goal(context: Record) -> dict[str, Any]:
    return {"touchpoint": context["touchpoint"], "within_days": context["within_days"]}


_UNITS: Mapping[str, Callable[[Store, Record], nw.LazyFrame]] = {
    "converted_share": lambda view, context: registry.units("outcomes.converted", view, goal=_goal(context)),
    "bounced_share": lambda view, context: registry.units("channels.bounced", view, chain=context["chain"]),
    "nps": lambda view, _: registry.units("satisfaction.nps", view),
}
