"""How long until it comes, and how often does it come at all: Kaplan–Meier, clustered by customer.

What is still inside its window at the end of the data is censored there; whatever else has not
come stays at risk to the end of its window, so one minus the curve is the share that gets there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylib import engine, schema
from journeylib.days import DAY_US
from journeylib.estimates import ENOUGH, Estimate, Sums, Z, share
from journeylib.measures.timing.spans import HOUR_US, at_most, down, key_of, texts, up, window_us
from journeylib.trace import measured

__all__ = ["between", "to_value"]

_JOURNEY = ["customer_id", "started_us"]
_COUNTS = ["went_on", "lost", "open"]
_NEAR = 1e-9


@measured
def between(
    steps: nw.LazyFrame, source: str, target: str, *, within_days: float, ends_us: int, by: Sequence[str] = ()
) -> pd.DataFrame:
    """Measure the time from the first `source` of a journey to the next `target` in it: one row a group.

    Next is by (occurred_us, event_id), so a target of the same instant counts where it stands behind; one
    exactly `within_days` later counts. `estimate` is the share of journeys with a source that
    get there in time, by Kaplan–Meier: only a journey still inside its window when the data end
    at `ends_us` is censored. `median_hours` is when half of all have got there, NaN where fewer
    than half do, with its interval (Woodruff; the upper end may not be reached).
    `journeys` = `went_on` + `lost` + `open`; open: it may still come in time. `n` is the customers;
    not enough below 30 of them with a closed window. A group is what `by` says at the source.

    >>> rows = [("ann", "cart", 1, 0), ("ann", "order", 2, 2 * HOUR_US), ("bob", "cart", 1, 0)]
    >>> steps = pd.DataFrame(rows, columns=["customer_id", "touchpoint", "step", "occurred_us"]).assign(started_us=0)
    >>> found = between(engine.from_frame(steps), "cart", "order", within_days=1, ends_us=9 * DAY_US)
    >>> found[["estimate", "journeys", "went_on", "lost", "open", "median_hours"]]
       estimate  journeys  went_on  lost  open  median_hours
    0       0.5         2        1     1     0           2.0
    """
    within_us = window_us(within_days)
    known = steps.filter(nw.col("occurred_us") < ends_us)
    sources = known.filter(nw.col("touchpoint") == source)
    firsts = sources.with_columns(first=nw.col("step").min().over(*_JOURNEY)).filter(nw.col("step") == nw.col("first"))
    firsts = firsts.select(*_JOURNEY, "first", zero_us=nw.col("occurred_us"), **texts(by))
    targets = known.filter(nw.col("touchpoint") == target).select(*_JOURNEY, "step", "occurred_us")
    behind = targets.join(firsts.select(*_JOURNEY, "first"), on=_JOURNEY, how="inner")
    behind = behind.filter(nw.col("step") > nw.col("first"))
    reached = behind.group_by(*_JOURNEY).agg(reached_us=nw.col("occurred_us").min())
    spans = firsts.join(reached, on=_JOURNEY, how="left")
    found = _followed(spans, within_us, ends_us, by)
    extra = ["journeys", *_COUNTS, "median_hours", "median_low", "median_high"]
    if not found:
        return schema.not_applicable(f'no journey in the period holds "{source}"', by, extra)
    rows = []
    for one in found:
        hours = dict(zip(extra[-3:], (end / HOUR_US for end in one.median), strict=True))
        rows.append(one.row(by, journeys=one.units, **hours))
    return schema.result(rows, by, extra)


@measured
def to_value(
    starts: nw.LazyFrame,
    events: nw.LazyFrame,
    touchpoint: str,
    *,
    within_days: float,
    ends_us: int,
    by: Sequence[str] = (),
) -> pd.DataFrame:
    """Measure the time to value: from `zero_us` to a customer's first `touchpoint` event, one row a group.

    `starts` has a row a customer with `zero_us` (a sign-up, a first order) and the columns
    `by`. A value event at that very instant, or exactly `within_days` later, counts. Who had value before is
    `dropped`. Kaplan–Meier as in `between`: `estimate` is the share that gets there within the window,
    `never` the share that does not, `median_days` when half of all have. `entered` =
    `went_on` + `lost` + `open` customers.
    """
    within_us = window_us(within_days)
    values = events.filter((nw.col("touchpoint") == touchpoint) & (nw.col("occurred_us") < ends_us))
    first = values.group_by("customer_id").agg(reached_us=nw.col("occurred_us").min())
    begun = starts.filter(nw.col("zero_us") < ends_us).select("customer_id", "zero_us", **texts(by))
    spans = begun.join(first, on="customer_id", how="left")
    had_value = (nw.col("reached_us") < nw.col("zero_us")).fill_null(False)
    found = _followed(spans.with_columns(is_dropped=had_value.cast(nw.Int64)), within_us, ends_us, by)
    never = ["never", "never_low", "never_high"]
    extra = ["entered", *_COUNTS, "dropped", "median_days", "median_low", "median_high", *never]
    if not found:
        return schema.not_applicable("no customer without value started in the period", by, extra)
    rows = []
    for one in found:
        days = dict(zip(extra[5:8], (end / DAY_US for end in one.median), strict=True))
        rest = dict(zip(never, (1 - one.share.estimate, 1 - one.share.high, 1 - one.share.low), strict=True))
        rows.append(one.row(by, entered=one.units, dropped=one.dropped, **days, **rest))
    return schema.result(rows, by, extra)


@dataclass(frozen=True)
class _Found:
    """What is known of one group: the share that gets there, and the median with its interval in microseconds."""

    group: tuple[str, ...]
    share: Estimate
    median: tuple[float, float, float]
    is_enough: bool
    counts: Mapping[str, int]

    @property
    def units(self) -> int:
        return sum(self.counts[name] for name in _COUNTS)

    @property
    def dropped(self) -> int:
        return self.counts["dropped"]

    def row(self, by: Sequence[str], **more: Any) -> dict[str, Any]:
        counts = {name: self.counts[name] for name in _COUNTS}
        return self.share.row(
            **dict(zip(by, self.group, strict=True)), **counts, **{"is_enough": self.is_enough, **more}
        )


@dataclass(frozen=True)
class _Curve:
    """A group's curve: `reached` of all by the end of each length, and Greenwood's sum up to there."""

    lengths: NDArray[np.int64]
    reached: NDArray[np.float64]
    greenwood: NDArray[np.float64]
    units: int

    @property
    def median_at(self) -> int | None:
        """Where half of all have got there; None where fewer than half do."""
        half = np.flatnonzero(self.reached >= 0.5 - _NEAR)
        return int(half[0]) if len(half) else None

    def worth(self, at: int) -> float:
        """How much the units tell of the share up to there, beside as many without censoring."""
        gone, spread = float(self.reached[at]), float(self.greenwood[at])
        return gone / (1 - gone) / spread / self.units if spread and gone < 1 - _NEAR else 1.0


def _followed(spans: nw.LazyFrame, within_us: int, ends_us: int, by: Sequence[str]) -> list[_Found]:
    """Follow each span from `zero_us` to `reached_us`, null where it is not; `is_dropped` are only counted."""
    if "is_dropped" not in spans.collect_schema().names():
        spans = spans.with_columns(is_dropped=nw.lit(0).cast(nw.Int64))
    zero, keeps = nw.col("zero_us"), 1 - nw.col("is_dropped")
    is_mature = (zero + within_us < ends_us).cast(nw.Int64)
    is_in_time = (nw.col("reached_us") - zero <= within_us).fill_null(False).cast(nw.Int64)
    marked = spans.with_columns(is_mature=is_mature * keeps, is_in_time=is_in_time * keeps, m=keeps)
    seen_us = nw.when(nw.col("is_mature") == 1).then(up(nw.lit(within_us))).otherwise(down(ends_us - 1 - zero))
    took = nw.when(nw.col("is_in_time") == 1).then(up(nw.col("reached_us") - zero))
    marked = marked.with_columns(seen_us=seen_us, took=took)
    is_seen = (nw.col("took") <= nw.col("seen_us")).fill_null(False)
    marked = marked.with_columns(
        length=nw.when(is_seen).then(nw.col("took")).otherwise(nw.col("seen_us")), is_seen=is_seen.cast(nw.Int64)
    )
    lengths = marked.filter(nw.col("m") == 1).group_by(*by, "length")
    counts = engine.collect(lengths.agg(units=nw.len(), reached=nw.col("is_seen").sum()), order_by=[*by, "length"])
    parts = counts.groupby(list(by), dropna=False) if by else [((), counts)]
    curves = {tuple(key): _curve(part) for key, part in parts} if len(counts) else {}

    medians = {key: int(curve.lengths[at]) for key, curve in curves.items() if (at := curve.median_at) is not None}
    marked = marked.with_columns(h=at_most("took", medians, by), x=nw.col("is_in_time"))
    names = ["m", "x", "h", "is_mature", "is_dropped"]
    decided = marked.with_columns(is_lost=nw.col("is_mature") * (1 - nw.col("x")))
    each = decided.group_by(*by, "customer_id").agg(nw.col(*names, "is_lost").sum())
    each = each.with_columns(is_there=(nw.col("m") > 0).cast(nw.Int64), was=(nw.col("is_mature") > 0).cast(nw.Int64))
    sums = {name: nw.col(name).sum() for name in [*names, "is_lost", "is_there", "was"]}
    sums |= {name: (nw.col(name[0]) * nw.col(name[1])).sum() for name in ("mm", "xm", "xx", "hm", "hh")}
    found = engine.collect(each.group_by(*by).agg(**sums) if by else each.select(**sums), order_by=by)
    return [_told(row, curves[key_of(row, by)], by) for row in found.to_dict("records") if row["m"] and row["m"] > 0]


def _curve(part: pd.DataFrame) -> _Curve:
    units, reached = (part[name].to_numpy(float) for name in ("units", "reached"))
    at_risk = units[::-1].cumsum()[::-1]
    rest = at_risk - reached
    terms = np.divide(reached, at_risk * rest, out=np.zeros(len(part)), where=rest > 0)
    return _Curve(part["length"].to_numpy(np.int64), 1 - np.cumprod(rest / at_risk), np.cumsum(terms), int(units.sum()))


def _told(row: Mapping[Any, Any], curve: _Curve, by: Sequence[str]) -> _Found:
    m, x, lost = (int(row[name]) for name in ("m", "x", "is_lost"))
    counts = {"went_on": x, "lost": lost, "open": m - x - lost, "dropped": int(row["is_dropped"])}
    n, is_enough = int(row["is_there"]), bool(row["was"] >= ENOUGH)
    nothing = (math.nan, math.nan, math.nan)
    if not row["is_mature"]:
        return _Found(key_of(row, by), Estimate(n, *nothing), nothing, is_enough, counts)
    reach = _as_if(Sums.of({**row, "customers": n}), curve, len(curve.lengths) - 1)
    at = curve.median_at
    if at is None:
        return _Found(key_of(row, by), reach, nothing, is_enough, counts)
    below = {"x": row["h"], "xm": row["hm"], "xx": row["hh"]}
    half = Z / 2 / math.sqrt(_as_if(Sums.of({**row, **below, "customers": n}), curve, at).effective_n)
    low, high = _first(curve, 0.5 - half - _NEAR), _first(curve, 0.5 + half + _NEAR)
    return _Found(key_of(row, by), reach, (float(curve.lengths[at]), low, high), is_enough, counts)


def _as_if(sums: Sums, curve: _Curve, at: int) -> Estimate:
    """Estimate the share of the curve, from customers who cluster as `sums` says of what was seen so far."""
    return share(sums.at(float(curve.reached[at]), curve.worth(at)))


def _first(curve: _Curve, level: float) -> float:
    """The first length by which a share `level` of all has got there; NaN where it is not told."""
    over = np.flatnonzero(curve.reached >= level)
    return float(curve.lengths[over[0]]) if level > -_NEAR and len(over) else math.nan
