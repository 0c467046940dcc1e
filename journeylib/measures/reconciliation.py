"""Why do the same people give other totals in a trend, in outcomes, in paths and in a funnel?

Each counts something else: events or journeys or customers, in another order, within a window from
another instant, once or as often as it happens. `totals` goes from the first to the last, and
every row names one reason and what it changes, so that nothing is left unexplained.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine, schema
from journeylib.errors import ParameterError
from journeylib.trace import measured

__all__ = ["LABELS", "TOTALS", "totals"]

# The reasons, in their order, and what is counted behind each.
LABELS: Mapping[str, str] = {
    "target_events": "events",  # where it begins
    "begun_before": "events",
    "repeated_in_journey": "journeys",
    "outside_goal_window": "journeys",
    "still_open": "journeys",
    "no_source_before": "journeys",
    "open_on_path": "journeys",
    "late_in_journey": "journeys",
    "several_journeys": "customers",
    "later_entry_only": "customers",
    "across_journeys": "customers",
    "entered_before": "customers",
}

# Behind which reason the total of a measure stands.
TOTALS: Mapping[str, str] = {
    "trend": "target_events",
    "journeys_with_target": "repeated_in_journey",
    "outcomes": "outside_goal_window",
    "mature_outcomes": "still_open",
    "path": "late_in_journey",
    "path_customers": "several_journeys",
    "funnel": "entered_before",
}

_JOURNEY = ["customer_id", "started_us"]
_BY, _EXTRA = ["label", "unit"], ["change", "left"]
_NEVER, _BEFORE = 2**62, -(2**62)  # of an instant that never comes; of a journey that began before the period


@measured
def totals(
    events: nw.LazyFrame,
    steps: nw.LazyFrame,
    labelled: nw.LazyFrame,
    *,
    source: str,
    target: str,
    within_days: float,
    start_us: int,
    ends_us: int,
) -> pd.DataFrame:
    """Explain how the `target` events of a period become the customers that a funnel from `source` counts.

    `events` and `steps` are a store's, of all its journeys; the period runs from `start_us` up to `ends_us`.
    `labelled` are the journeys that started in it, for the goal `target` within `within_days` of their
    start (`journeys.outcomes.label`). A row a reason, in the order of `LABELS`; `change` is what it adds or
    takes, `left` what is left behind it, and the changes add up to the last `left`.

    - target_events: all events with the target, as a trend counts them; here it begins.
    - begun_before (−): those in journeys that started before the period.
    - repeated_in_journey (−): further ones in the same journey. Left: journeys with the target.
    - outside_goal_window (−): journeys that reach it later than `within_days` after their start.
      Left: converted journeys (`outcomes.counts`).
    - still_open (−): of these, whose window has not closed. Left: the converted among mature ones
      (`outcomes.converted`).
    - no_source_before (−): of these, where no target comes behind a source, by (occurred_us, event_id), at most
      `within_days` after it.
    - open_on_path (+): journeys where one does, whose goal window has not closed.
    - late_in_journey (+): where one does, but the first target is later than the goal window:
      the path's window starts at the source. Left: journeys that follow `source -> * -> target`
      within `within_days` (`patterns.followed`).
    - several_journeys (−): further such journeys of one customer. Left: customers on the path.
    - later_entry_only (−): customers whose first source is not followed by a target in time, but a later one is.
    - across_journeys (+): whose first source is, by a target in another journey than its own.
    - entered_before (+): whose first source is, and is in a journey that started before the period.
      Left: the customers at the last step of `funnels.funnel` with unit "customers".

    All is known up to `ends_us`, also of windows that are still open, as a funnel's counts are. `n` is the
    customers behind the change, `estimate` = `low` = `high` the count that is left. Not applicable where
    no target event is in the period.

    Raises ParameterError where the three tables are not of one period and goal.
    """
    within_us = timedelta(days=within_days) // timedelta(microseconds=1)
    occurred, touchpoint = nw.col("occurred_us"), nw.col("touchpoint")
    both = events.filter((occurred >= start_us) & (occurred < ends_us) & touchpoint.is_in([source, target]))
    homes = steps.select("customer_id", "event_id", home_us=nw.col("started_us"))
    placed = both.select("customer_id", *schema.ORDER, "touchpoint")
    placed = placed.join(homes, on=["customer_id", "event_id"], how="left")
    home = nw.col("home_us")
    placed = placed.with_columns(
        has_home=_flag(~home.is_null()), home_us=nw.when(home < start_us).then(nw.lit(_BEFORE)).otherwise(home)
    )
    journeys = _journeys(steps.filter(nw.col("started_us") >= start_us), labelled, source, target, within_us)

    happened = _of_events(placed, target)
    if not happened["target_events"][0]:
        return schema.not_applicable(f'no "{target}" occurred in the period', _BY, _EXTRA)
    told = _of_journeys(journeys)
    have, want = told.pop("targets")[0], happened["target_events"][0] + happened["begun_before"][0]
    if happened.pop("in no step")[0] or told.pop("told otherwise")[0] or have != want:
        raise ParameterError(
            "events, steps and labelled journeys do not belong together. Pass a store's events, its steps (of all "
            f'journeys), and the journeys of the period labelled for "{target}" within {within_days:g} days.'
        )
    changes = happened | told | _of_customers(placed, journeys, source, target, within_us)
    rows, left = list[dict[str, Any]](), 0
    for label, unit in LABELS.items():
        change, n = changes[label]
        left += change
        values = {"n": n, "estimate": left, "low": left, "high": left, "is_enough": True}
        rows.append({"label": label, "unit": unit, **values, "change": change, "left": left})
    return schema.result(rows, _BY, _EXTRA)


def _ahead(rows: nw.LazyFrame, target: str, scope: list[str], carried: Mapping[str, str]) -> nw.LazyFrame:
    """Add what the next target behind each row carries, in the scope: never where there is none."""
    is_it = nw.col("touchpoint") == target
    rows = rows.with_columns(**{into: nw.when(is_it).then(nw.col(name)) for into, name in carried.items()})
    names = list(carried)
    rows = rows.with_columns(
        **{name: nw.col(name).shift(-1).over(*scope, order_by=schema.ORDER) for name in names}
    ).with_columns(
        **{name: nw.col(name).fill_null(strategy="backward").over(*scope, order_by=schema.ORDER) for name in names}
    )
    return rows.with_columns(**{name: nw.col(name).fill_null(_NEVER) for name in names})


def _journeys(steps: nw.LazyFrame, labelled: nw.LazyFrame, source: str, target: str, within_us: int) -> nw.LazyFrame:
    """One row a journey with the target: how often, whether on the path, converted, mature; flags are 0 or 1."""
    touchpoint = nw.col("touchpoint")
    some = steps.filter(touchpoint.is_in([source, target])).select(*_JOURNEY, *schema.ORDER, "touchpoint")
    some = _ahead(some, target, _JOURNEY, {"next_us": "occurred_us"})
    is_target = (touchpoint == target).cast(nw.Int64)
    is_on = (touchpoint == source) & (nw.col("next_us") - nw.col("occurred_us") <= within_us)
    marked = some.with_columns(
        is_target=is_target,
        is_on=is_on.cast(nw.Int64),
        reached_us=nw.when(touchpoint == target).then(nw.col("occurred_us")),
    )
    each = marked.group_by(*_JOURNEY).agg(
        targets=nw.col("is_target").sum(), on=nw.col("is_on").max(), reached_us=nw.col("reached_us").min()
    )
    each = each.filter(nw.col("targets") > 0)
    told = labelled.select(
        *_JOURNEY,
        converted=(nw.col("outcome") == "converted").cast(nw.Int64),
        mature=nw.col("is_mature").cast(nw.Int64),
    )
    joined = each.join(told, on=_JOURNEY, how="left")  # a journey that is not labelled is told otherwise, too
    in_time = _flag(nw.col("reached_us") - nw.col("started_us") <= within_us)
    told_of = {name: nw.col(name).fill_null(-1) for name in ("converted", "mature")}
    return joined.with_columns(in_time=in_time, **told_of)


def _of_events(placed: nw.LazyFrame, target: str) -> dict[str, tuple[int, int]]:
    own = placed.filter(nw.col("touchpoint") == target)
    before, none = _flag(nw.col("home_us") == _BEFORE), 1 - nw.col("has_home")
    return _counted(own, {"target_events": nw.lit(1), "begun_before": -before, "in no step": none})


def _of_journeys(journeys: nw.LazyFrame) -> dict[str, tuple[int, int]]:
    converted, mature, on = (nw.col(name) for name in ("converted", "mature", "on"))
    return _counted(
        journeys,
        {
            "targets": nw.col("targets"),
            "told otherwise": _flag(converted != nw.col("in_time")),
            "repeated_in_journey": 1 - nw.col("targets"),
            "outside_goal_window": converted - 1,
            "still_open": converted * (mature - 1),
            "no_source_before": converted * mature * (on - 1),
            "open_on_path": converted * (1 - mature) * on,
            "late_in_journey": (1 - converted) * on,
        },
    )


def _of_customers(
    placed: nw.LazyFrame, journeys: nw.LazyFrame, source: str, target: str, within_us: int
) -> dict[str, tuple[int, int]]:
    entries = _ahead(placed, target, ["customer_id"], {"next_us": "occurred_us", "next_home_us": "home_us"})
    entries = entries.filter(nw.col("touchpoint") == source)
    number = nw.col("event_id").cum_count().over("customer_id", order_by=schema.ORDER)
    first = entries.with_columns(number=number).filter(nw.col("number") == 1)
    is_through = nw.col("next_us") - nw.col("occurred_us") <= within_us
    is_before = nw.col("home_us") == _BEFORE
    funnel = first.filter(is_through).select(
        "customer_id",
        paths=nw.lit(0).cast(nw.Int64),
        through=nw.lit(1).cast(nw.Int64),
        before=_flag(is_before),
        across=_flag(~is_before & (nw.col("home_us") != nw.col("next_home_us"))),
    )
    none = {name: nw.lit(0).cast(nw.Int64) for name in ("through", "before", "across")}
    paths = journeys.filter(nw.col("on") == 1).select("customer_id", paths=nw.col("on"), **none)
    names = ["paths", *none]
    each = nw.concat([funnel, paths]).group_by("customer_id").agg(**{name: nw.col(name).sum() for name in names})
    is_on = _flag(nw.col("paths") > 0)
    return _counted(
        each,
        {
            "several_journeys": is_on - nw.col("paths"),
            "later_entry_only": is_on * (nw.col("through") - 1),
            "across_journeys": (1 - is_on) * nw.col("across"),
            "entered_before": (1 - is_on) * nw.col("before"),
        },
    )


def _counted(table: nw.LazyFrame, changes: Mapping[str, nw.Expr]) -> dict[str, tuple[int, int]]:
    """Sum each change, and count the customers behind it."""
    at = {f"c_{number}": change for number, change in enumerate(changes.values())}
    each = table.with_columns(**at).group_by("customer_id").agg(**{name: nw.col(name).sum() for name in at})
    those = {f"n_{name}": _flag(nw.col(name) != 0).sum() for name in at}
    [row] = engine.collect(each.select(**{name: nw.col(name).sum() for name in at}, **those)).to_dict("records")
    whole = {name: 0 if pd.isna(value) else int(value) for name, value in row.items()}
    return {label: (whole[name], whole[f"n_{name}"]) for label, name in zip(changes, at, strict=True)}


def _flag(condition: nw.Expr) -> nw.Expr:
    """1 where a condition holds, 0 where it does not or cannot be told."""
    return condition.fill_null(False).cast(nw.Int64)
