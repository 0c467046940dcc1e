"""What can be compared between groups: each measure by its key, with its unit and its table of units.

A unit table has a row a unit (a journey, an answer, a customer): `customer_id`, `started_us` where it
belongs to a journey, `zero_us`, the instant from which its outcome counts and up to which a
group may have been defined, `m` and `x`, so that the measure is Σx/Σm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw

from journeylib.errors import ParameterError
from journeylib.journeys import outcomes as goal_outcomes
from journeylib.journeys.view import Store, in_period
from journeylib.measures import channels, friction, outcomes, paths, satisfaction, timing, value

__all__ = ["MEASURES", "Measure", "units"]

Asked = Mapping[str, Any]


@dataclass(frozen=True)
class Measure:
    """One measure: what Σx/Σm is ("share", "mean"), its unit, and how many of x make one of that unit.

    `needs` are the settings without which it cannot be made. `is_at_start`: its units count from the start of
    their journey, or where it `has_landmark`, so many `landmark_days` later. `is_over_time`: it adds up for as
    long as a customer is there. `is_more_better` is None where neither is.
    """

    of: str
    unit: str
    make: Callable[[Store, Asked], nw.LazyFrame]
    scale: int = 1
    needs: tuple[str, ...] = ()
    is_at_start: bool = False
    is_more_better: bool | None = None
    is_over_time: bool = False
    has_landmark: bool = False


def units(key: str, view: Store, **asked: Any) -> nw.LazyFrame:
    """Make the unit table of the measure `key` over the store's period.

    Settings: goal (touchpoint, within_days) and landmark_days, chain, pattern and pattern_days, survey (asked,
    answered, within_days), currency, in_journeys (False where nobody asks in which journey an answer was given).
    Raises ParameterError where the measure is unknown or lacks a setting.
    """
    measure = MEASURES.get(key)
    if measure is None:
        raise ParameterError(f'there is no measure "{key}"; there are {", ".join(MEASURES)}. Name one of these.')
    for name in measure.needs:
        if not asked.get(name):
            raise ParameterError(f"the measure {key} needs {name}. Give it, or leave the measure out.")
    return measure.make(view, asked)


def _labelled(view: Store, asked: Asked) -> nw.LazyFrame:
    goal = asked["goal"]
    return goal_outcomes.label(view, touchpoint=goal["touchpoint"], within_days=goal["within_days"])


def _converted(view: Store, asked: Asked) -> nw.LazyFrame:
    landmark_days, within_days = asked.get("landmark_days") or 0, asked["goal"]["within_days"]
    return outcomes.units(_labelled(view, asked), landmark_days=landmark_days, within_days=within_days)


def _to_goal(view: Store, asked: Asked) -> nw.LazyFrame:
    return timing.to_goal_units(_labelled(view, asked), within_days=asked["goal"]["within_days"])


def _bounced(view: Store, asked: Asked) -> nw.LazyFrame:
    return channels.bounced_units(in_period(view.steps, view), asked["chain"])


def _followed(view: Store, asked: Asked) -> nw.LazyFrame:
    return paths.followed_units(in_period(view.steps, view), asked["pattern"], within_days=asked.get("pattern_days"))


def _response(view: Store, asked: Asked) -> nw.LazyFrame:
    survey = asked["survey"]
    names = {"asked": survey["asked"], "answered": survey["answered"], "within_days": survey["within_days"]}
    return satisfaction.response_units(view.events_in_period, ends_us=view.ends_us, **names)


def _customers(view: Store) -> nw.LazyFrame:
    """The customers with a journey of the period; all of them count from its start."""
    found = in_period(view.journeys, view).group_by("customer_id").agg(journeys=nw.len())
    return found.select("customer_id", zero_us=nw.lit(view.start_us))


def _money(of: Callable[..., nw.LazyFrame]) -> Callable[[Store, Asked], nw.LazyFrame]:
    return lambda view, asked: of(_customers(view), view.events_in_period, currency=asked.get("currency") or None)


def _of_answers(of: Callable[..., nw.LazyFrame]) -> Callable[[Store, Asked], nw.LazyFrame]:
    return lambda view, asked: of(view.events_in_period, steps=view.steps if asked.get("in_journeys", True) else None)


def _of_journeys(of: Callable[..., nw.LazyFrame]) -> Callable[[Store, Asked], nw.LazyFrame]:
    return lambda view, _: of(in_period(view.steps, view))


MEASURES: Mapping[str, Measure] = {
    "outcomes.converted": Measure("share", "share", _converted, 1, ("goal",), True, True, has_landmark=True),
    "timing.to_goal": Measure("mean", "days", _to_goal, timing.HOURS_A_DAY, ("goal",), True, False),
    "paths.followed": Measure("share", "share", _followed, 1, ("pattern",), True),
    "channels.switched": Measure("share", "share", _of_journeys(channels.switched_units), 1, (), True),
    "channels.bounced": Measure("share", "share", _bounced, 1, ("chain",), True, False),
    "friction.repeated": Measure("share", "share", _of_journeys(friction.repeated_units), 1, (), True, False),
    "satisfaction.nps": Measure("mean", "score", _of_answers(satisfaction.nps_units), is_more_better=True),
    "satisfaction.csat": Measure("share", "share", _of_answers(satisfaction.csat_units), is_more_better=True),
    "satisfaction.ces": Measure("mean", "number", _of_answers(satisfaction.ces_units), satisfaction.CES_FACTOR),
    "satisfaction.response": Measure("share", "share", _response, 1, ("survey",)),
    "value.revenue": Measure("mean", "money", _money(value.revenue_units), is_more_better=True, is_over_time=True),
    "value.cost": Measure("mean", "money", _money(value.cost_units), is_more_better=False, is_over_time=True),
}
