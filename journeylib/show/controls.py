"""Widgets for exploring: choose, and see the flow and the paths of the journeys that are left.

Each view stands over a function that gives the same frame without a widget:
`selection.select` with `paths.flow` and `paths.top`. Widgets never carry an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ipywidgets as widgets
import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine
from journeylib.days import day_of
from journeylib.errors import JourneyError
from journeylib.journeys import segments as groups
from journeylib.journeys import selection
from journeylib.journeys.definitions import Definition
from journeylib.journeys.view import Store
from journeylib.measures import paths
from journeylib.show import charts, markup, record

__all__ = ["journeys"]

_EVERYONE = "everyone"
_MOST_TOUCHPOINTS = 40


def journeys(
    store: Store, *, goals: Mapping[str, Mapping[str, Any]], segments: Mapping[str, Definition] | None = None
) -> widgets.Widget:
    """Make the journey explorer: goal, segment, group, period, touchpoints and path over a flow and the top paths."""
    segments = segments or {}
    first, last = day_of(store.start_us), day_of(store.ends_us - 1)
    goal = widgets.Dropdown(description="Goal", options=list(goals))
    segment = widgets.Dropdown(description="Segment", options=[_EVERYONE, *segments])
    group = widgets.Dropdown(description="Group", options=[_EVERYONE])
    start = widgets.DatePicker(description="From", value=first, min=first, max=last)
    through = widgets.DatePicker(description="Through", value=last, min=first, max=last)
    touchpoints = widgets.SelectMultiple(description="Touching all", options=_touchpoints(store), rows=6)
    path = widgets.Text(description="Path", placeholder="cart -> [^call]* -> order placed", continuous_update=False)
    flow, top, message = widgets.HTML(), widgets.HTML(), widgets.HTML()

    def show_groups(_: Any = None) -> None:
        name = segment.value
        group.options = [_EVERYONE] if name == _EVERYONE else [_EVERYONE, *_groups(store, name, segments[name])]

    def show(_: Any = None) -> None:
        try:
            chosen = selection.select(
                store,
                goal=goals[goal.value],
                start=start.value,
                through=through.value,
                segment=None if segment.value == _EVERYONE else {segment.value: segments[segment.value]},
                group=None if group.value == _EVERYONE else group.value,
                touchpoints=touchpoints.value,
                pattern=path.value,
            )
        except JourneyError as error:  # a path that is not understood, a segment that needs an instant
            message.value = markup.escape(str(error))
            return
        links, variants = paths.flow(store.steps, chosen), paths.top(store.steps, chosen)
        flow.value, top.value = _picture(links), _listing(variants)
        message.value = markup.escape(_size(chosen))  # last, so that it speaks of what is drawn

    segment.observe(show_groups, names="value")
    for control in (goal, group, start, through, touchpoints, path):
        control.observe(show, names="value")
    show()
    chosen = widgets.HBox([widgets.VBox([goal, segment, group]), widgets.VBox([start, through, path]), touchpoints])
    views = widgets.Tab(children=[flow, top], titles=("Flow", "Paths"))
    return widgets.VBox([chosen, message, views])


def _picture(links: pd.DataFrame) -> str:
    made = record.make("chart", "flow", links, of="channel")
    return charts.svg(made, width="wide") if made["rows"] else markup.escape(str(made["not_applicable"]))


def _listing(variants: pd.DataFrame) -> str:
    return markup.table(record.make("table", "paths", variants))


def _size(chosen: nw.LazyFrame) -> str:
    found = engine.collect(chosen.select(journeys=nw.len(), customers=nw.col("customer_id").n_unique())).iloc[0]
    return f"{found['journeys']:,} journeys of {found['customers']:,} customers; not judged"


def _groups(store: Store, name: str, definition: Definition) -> list[str]:
    customers = groups.attach(store.journeys.select("customer_id"), store, {name: definition})
    return list(engine.collect(customers.group_by(name).agg(journeys=nw.len()), order_by=[name])[name])


def _touchpoints(store: Store) -> list[str]:
    found = engine.collect(store.events.group_by("touchpoint").agg(events=nw.len()))
    frequent = found.sort_values(["events", "touchpoint"], ascending=[False, True])
    return list(frequent["touchpoint"].head(_MOST_TOUCHPOINTS))
