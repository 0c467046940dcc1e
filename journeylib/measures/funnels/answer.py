"""What share gets how far: counts of every step, Kaplan–Meier from them, and the waits between.

Of an entry still inside its window at the end of the data only what was seen so far is
known; every other one is followed to the end of its window, lost or not. So the follow-up
of an entry is min(window, data end − entry), whatever became of it, and 1 − S(window) is
the share that reaches a step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from journeylib import engine, schema
from journeylib.estimates import ENOUGH, Sums, share
from journeylib.measures.funnels import counts
from journeylib.measures.funnels.attempts import attempts
from journeylib.measures.funnels.plan import EXTRA, Plan, plan
from journeylib.trace import measured

__all__ = ["funnel"]

_HOUR_US = 3_600_000_000
_FEWEST = 6  # customers without whom no order statistics are a 95 % interval of a median


@measured
def funnel(
    events: nw.LazyFrame,
    steps: Sequence[str],
    *,
    within_days: float,
    ends_us: int,
    start_us: int | None = None,
    order: str | Sequence[str] = "ordered",
    step_within_days: float | Sequence[float | None] | None = None,
    reentry: str = "first",
    exclude: Sequence[str] = (),
    excluded: str = "drop",
    same: str | None = None,
    unit: str = "customers",
    by: Sequence[str] = (),
) -> pd.DataFrame:
    """Measure how far customers get through `steps` (touchpoints): one row a step, in each group of `by`.

    `events` is a store's events or, with `unit="journeys"`, its steps. An entry is an event
    with the first touchpoint from `start_us` on and before `ends_us`, where the data end. Each
    further step is taken at its first occurrence behind the step before, by (occurred_us,
    event_id), so of two at one instant the first event_id is first; it counts up to
    `within_days` after the entry and `step_within_days` after the step before (a number, or one a step
    but the first; None is no window of its own), a step exactly at either edge included. A
    touchpoint named twice must occur twice.

    - `order`: "ordered", anything may lie between; "strict", nothing may, not even the step
      before again; "any", steps beside each other in whatever order, entered by any of them if
      the first is one; one for the funnel (with "strict" or "ordered", for all steps but the first) or one a step.
    - `unit`: "customers", "journeys" or "entries", each of which counts by itself.
    - `reentry`: a unit counts by its "first" entry, or the one that gets "furthest" (the earliest of several).
    - `exclude`, touchpoints: with `excluded="drop"` an entry that meets one inside its window and
      before the last step is left out, and with it the unit ("furthest": where every entry is);
      with "until" what comes from there on does not count.
    - `same`: a column (order id, reason, channel) that stays equal: the funnel runs among the
      events that carry the entry's value, and sees no other; an excluded touchpoint without
      a value stops it too. An event without a value is no entry.
    - `by`: columns, as they stand at the entry; a missing text is "unknown".

    `entered` = `went_on` + `lost` + `open` units, at every step; at the last all went on. Open: the next step
    may still come in time. Lost: it did not, and the window has closed; or it cannot any more (a
    strict step missed, stopped by an excluded touchpoint, another journey begun). `dropped` units are in none of
    these. `n` is the customers who entered, `customers` those who reached the step.

    `estimate` is the share of units that reach the step within the window of their entry:
    Kaplan–Meier, only entries still inside their window at the data end censored, followed in
    whole thousandths of the window. With "drop" or "furthest", which entries
    count is known only when windows have closed: there the share is of mature entries ("furthest"
    among a unit's mature ones). `conversion` is the share of those at the step before, the ratio of the two.
    Wilson intervals by Greenwood's effective n, times the design effect that customers with several
    units have on what was seen so far; with every entry mature that is `estimates.share`. Not enough
    below 30 customers with a mature entry. `wait_hours` is the median wait since the step before, of mature
    entries that made it, an order statistic with the interval of `paths.transitions`.

    >>> rows = [("ann", "visit", 0), ("ann", "order", 7_200_000_000), ("bob", "visit", 0)]
    >>> events = pd.DataFrame(rows, columns=["customer_id", "touchpoint", "occurred_us"]).assign(event_id=list("123"))
    >>> found = funnel(engine.from_frame(events), ["visit", "order"], within_days=1, ends_us=2**40)
    >>> found[["touchpoint", "entered", "went_on", "lost", "open", "estimate", "wait_hours"]]
      touchpoint  entered  went_on  lost  open  estimate  wait_hours
    0      visit        2        1     1     0       1.0         NaN
    1      order        1        1     0     0       0.5         2.0
    """
    options: dict[str, Any] = {"within_days": within_days, "ends_us": ends_us, "start_us": start_us, "order": order}
    options |= {"step_within_days": step_within_days, "reentry": reentry, "exclude": exclude, "excluded": excluded}
    asked = plan(events.collect_schema().names(), steps, **options, same=same, unit=unit, by=by)
    by, groups = list(asked.by), [f"by_{at}" for at in range(len(asked.by))]
    place = [*groups, "step"]
    entries = attempts(events, asked)
    if asked.unit == "customers":  # of whom each has two rows at most
        entries = engine.kept(entries)
    long = counts.long(entries, asked)
    found = engine.collect(counts.sums(long, place), order_by=place)
    if found.empty:
        reason = f'no "{asked.labels[0]}" occurred in the period' + (f" with {same}" if same else "")
        return schema.not_applicable(reason, [*by, "step", "touchpoint"], EXTRA)
    curves = {}
    if (found["mature"] < found["m"]).any():
        ends = engine.collect(counts.followed(long, place, asked), order_by=[*place, "part"])
        curves = {_key(key): _kaplan_meier(part) for key, part in ends.groupby(place, dropna=False)}
    waits = {_key([row[name] for name in place]): row for row in counts.waits(long, place)}

    rows: list[dict[str, Any]] = []
    for row in found.to_dict("records"):
        key = _key([row[name] for name in place])
        before = rows[-1] if row["step"] > 1 else None
        where = {name: row[group] for name, group in zip(by, groups, strict=True)}
        rows.append({**where, **_row(row, before, curves.get(key), asked), **_wait(waits.get(key))})
    return schema.result(rows, [*by, "step", "touchpoint"], EXTRA)


def _kaplan_meier(ends: pd.DataFrame) -> tuple[float, float]:
    """The share that reaches a step, and how many entries would tell as much (Greenwood); NaN where it cannot say."""
    entries, reached = (ends[name].to_numpy(float) for name in ("entries", "reached"))
    at_risk = entries[::-1].cumsum()[::-1]
    stay = float(np.prod(1 - reached / at_risk))
    some = (reached > 0) & (at_risk > reached)
    spread = float((reached[some] / (at_risk[some] * (at_risk[some] - reached[some]))).sum())
    # (1 − S)/S over Greenwood's sum: n without censoring.
    worth = (1 - stay) / stay / spread if spread and stay > 1e-12 else math.nan
    return 1 - stay, worth


def _row(
    row: Mapping[Any, Any], before: Mapping[str, Any] | None, curve: tuple[float, float] | None, asked: Plan
) -> dict[str, Any]:
    told = {name: int(row[name]) for name in ["customers", *counts.COUNTS]}
    step, n, mature, m = int(row["step"]), int(row["n"]), float(row["mature"]), float(row["m"])
    made: dict[str, Any] = {"step": step, "touchpoint": asked.labels[step - 1], "n": n, "unit": asked.unit, **told}
    unknown = ["estimate", "low", "high", "conversion", "conversion_low", "conversion_high"]
    made |= {"is_enough": bool(row["mature_customers"] >= ENOUGH), **dict.fromkeys(unknown, math.nan)}
    if not mature:
        return made
    if before is None:
        return {**made, "estimate": 1.0}  # all of them, by definition

    own = Sums.of({**row, "customers": row["mature_customers"]})
    reach, worth = (own.ratio, m) if curve is None else curve
    # A later step is never reached by more; with few at risk near the end two curves could say so.
    reach = min(reach, before["estimate"])
    worth = mature if math.isnan(worth) else worth
    made |= dict(zip(("estimate", "low", "high"), _interval(own, reach, worth / m), strict=True))
    if before["estimate"] and row["b"]:
        pair = {"m": row["b"], "mm": row["bb"], "xm": row["xb"]}
        among = Sums.of({**row, **pair, "customers": row["customers_before"]})
        thin = worth * before["estimate"] / float(row["b"])
        names = ("conversion", "conversion_low", "conversion_high")
        made |= dict(zip(names, _interval(among, reach / before["estimate"], thin), strict=True))
    return made


def _interval(sums: Sums, ratio: float, worth: float) -> tuple[float, float, float]:
    """Estimate `ratio` from `worth` times as many customers as `sums` has, alike in how they cluster."""
    found = share(sums.at(ratio, worth))
    return found.estimate, found.low, found.high


def _wait(found: Mapping[Any, Any] | None) -> dict[str, float]:
    names = ("wait_hours", "wait_low", "wait_high")
    if found is None:
        return dict.fromkeys(names, math.nan)
    hours = {name: float(found[name]) / _HOUR_US for name in names}
    return hours if found["those"] >= _FEWEST else {**hours, "wait_low": math.nan, "wait_high": math.nan}


def _key(values: Any) -> tuple[Any, ...]:
    """A group as a key; a missing value is None, whichever way the engine wrote it."""
    each = values if isinstance(values, list | tuple) else [values]
    return tuple(None if pd.isna(value) else value for value in each)
