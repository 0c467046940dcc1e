"""Select journeys for a closer look: a goal, a segment's group, a period, touchpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import narwhals.stable.v2 as nw

from journeylib.days import DAY_US, midnight
from journeylib.journeys import outcomes, patterns, segments
from journeylib.journeys.definitions import Definition
from journeylib.journeys.view import Store

__all__ = ["select"]


def select(
    store: Store,
    *,
    goal: Mapping[str, Any],
    start: date | None = None,
    through: date | None = None,
    segment: Mapping[str, Definition] | None = None,
    group: str | None = None,
    touchpoints: Sequence[str] = (),
    pattern: str = "",
) -> nw.LazyFrame:
    """Label the journeys that started from `start` to `through` (days, included), in a group, touching all of a list.

    `goal` has touchpoint and within_days; `segment` is one name with its definition, and
    `group` one of its values. `pattern` keeps those that follow a path (`patterns.followed`). What is left out
    selects everything.
    """
    journeys = outcomes.label(store, touchpoint=goal["touchpoint"], within_days=goal["within_days"])
    started = nw.col("started_us")
    if start is not None:
        journeys = journeys.filter(started >= midnight(start))
    if through is not None:
        journeys = journeys.filter(started < midnight(through) + DAY_US)
    if segment and group is not None:
        [name] = segment
        journeys = segments.attach(journeys, store, segment).filter(nw.col(name) == group)
    for touchpoint in touchpoints:
        touching = store.steps.filter(nw.col("touchpoint") == touchpoint)
        touched = touching.group_by("customer_id", "started_us").agg(times=nw.len())
        journeys = journeys.join(touched, on=["customer_id", "started_us"], how="semi")
    if pattern:
        journeys = journeys.join(patterns.followed(store.steps, pattern), on=["customer_id", "started_us"], how="semi")
    return journeys
