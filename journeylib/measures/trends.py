"""What changes over time: entries and their conversion by period, and windows in which a share departs.

Periods are counted from the day `start_us` falls on, so every one of a week has each
weekday once; a period still in progress when the data end is left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import ruptures
from numpy.typing import NDArray

from journeylib import engine, schema
from journeylib.days import DAY_US, day_of, midnight
from journeylib.estimates import ENOUGH, Estimate, Sums, cluster_sums, share
from journeylib.trace import measured

__all__ = ["conversion", "incident", "started", "windows"]

_WINDOW = ["from_on", "until_on"]
_SHORTEST = 3  # days of a window
_FEWEST = 14  # days without which no window is looked for
_DRAWS, _MORE = 999, 2  # draws, and how many times as many follow where few stand out as much
_FEW = 5
_TAIL = 100
_Days = NDArray[np.float64]


@measured
def started(journeys: nw.LazyFrame, *, start_us: int, ends_us: int, every_days: int = 7) -> pd.DataFrame:
    """Count the journeys that started in each whole period: one row a period, a count (estimate = low = high).

    `n` is the customers who started them. A period without any is a row of zeros.
    """
    begun = nw.col("started_us")
    counted = journeys.filter((begun >= start_us) & (begun < ends_us)).with_columns(
        period=_period(begun, start_us, every_days)
    )
    found = engine.collect(counted.group_by("period").agg(n=nw.col("customer_id").n_unique(), journeys=nw.len()))
    periods = (ends_us // DAY_US - start_us // DAY_US) // every_days
    at = {int(row["period"]): row for row in found.to_dict("records")}
    rows = []
    for period in range(periods):
        n, count = (int(at[period][name]) if period in at else 0 for name in ("n", "journeys"))
        values = {"n": n, "estimate": count, "low": count, "high": count, "is_enough": True, "journeys": count}
        rows.append({"period_on": _on(period, start_us, every_days), **values})
    return schema.result(rows, ["period_on"], ["journeys"])


@measured
def conversion(
    events: nw.LazyFrame,
    source: str,
    target: str,
    *,
    within_days: float,
    start_us: int,
    ends_us: int,
    every_days: int = 7,
) -> pd.DataFrame:
    """Measure the share of `source` events followed by a `target` event of the same customer within the window.

    Each source event is an entry, in the period it occurred in. Only mature entries count:
    those whose window closed before `ends_us`. A target at the same instant, or exactly
    `within_days` later, counts; where source and target are one touchpoint, the next one
    does. Clustered by customer: `n` is customers, `entries` the entries.

    The last periods hold only what is mature; one without a mature entry is left out at
    the end, and is a row without an estimate (n = 0) between others.
    """
    entries = _entries(events, source, target, within_days=within_days, start_us=start_us, ends_us=ends_us)
    placed = entries.with_columns(period=_period(nw.col("occurred_us"), start_us, every_days))
    found = engine.collect(cluster_sums(placed, ["period"], x=nw.col("is_converted")), order_by=["period"])
    if found.empty:
        return schema.not_applicable(
            f'no "{source}" in the period has had its whole window', ["period_on"], ["entries"]
        )
    at = {int(row["period"]): row for row in found.to_dict("records")}
    rows = []
    for period in range(max(at) + 1):
        sums = Sums.of(at.get(period, {"customers": 0}))
        rows.append(share(sums).row(period_on=_on(period, start_us, every_days), entries=int(sums.m)))
    return schema.result(rows, ["period_on"], ["entries"])


@measured
def windows(daily: pd.DataFrame, *, penalty: float | None = None) -> pd.DataFrame:
    """Find the span of days in which a daily share departs most from the rest: one row, none where no span does.

    `daily` is `conversion(…, every_days=1)`. The shares (arcsine scale, weekday by weekday
    less its median) are cut where their mean changes (ruptures `KernelCPD`, penalty 3·log n
    in units of the day-to-day variance). A span is a window if it departs from the
    commonest level by more than the penalty and lasts three days or more. Two departures
    of one kind with no more than three days between are one window. The row is the most
    striking window whatever its p, for the ledger must see what was tested: it stands out
    only where it is claimed. Further windows are not told.

    p allows for the search: it is the share of series without any window, made from the
    same days in random order, whose most striking span (of any length, anywhere) stands
    out as much; exact where days are independent. Where days resemble
    their neighbours beyond the windows found, they are whitened first (AR(1)) and the
    likeness put back: in simulated null series the share with p ≤ .05 was .01 for
    independent days, .08 at a correlation of .3 between days, but .2 at .6. 999 series, fixed
    seed; where under five of them stand out as much, 1,998 more; where none does, the tail of
    these is continued, at most to a millionth (a series of many looks needs one so small). The
    estimate inside is of a span chosen for standing out, hence a little too extreme.

    `estimate` is the share inside, `before` that outside; the interval takes days as
    clusters. `n` adds up the customers of each day; `incident` counts each once.
    """
    extra = ["p", "before", "entries"]
    days = daily[daily["n"] > 0].reset_index(drop=True)
    if len(days) < _FEWEST:
        reason = f"{len(days)} days with entries; a window is looked for in {_FEWEST} or more"
        return schema.not_applicable(reason, _WINDOW, extra)
    entries = days["entries"].to_numpy(float)
    hits = np.rint(days["estimate"].to_numpy(float) * entries)
    level = _less_weekday(np.arcsin(np.sqrt((hits + 0.375) / (entries + 0.75))), list(days["period_on"]))
    spans = _spans(level, 3 * math.log(len(days)) if penalty is None else penalty)
    if not spans:
        return schema.result([], _WINDOW, extra)

    (first, last), p = _most_striking(level, entries, spans)
    inside = np.zeros(len(days), bool)
    inside[first:last] = True
    within, outside = (_share_of_days(hits[mask], entries[mask]) for mask in (inside, ~inside))
    where = {"from_on": days["period_on"][first], "until_on": days["period_on"][last - 1]}
    n = int(days["n"][inside].sum())
    more = {"n": n, "is_enough": n >= ENOUGH, "p": p, "before": outside.estimate}
    return schema.result([within.row(**where, **more, entries=int(entries[inside].sum()))], _WINDOW, extra)


@measured
def incident(
    events: nw.LazyFrame, source: str, target: str, *, within_days: float, start_us: int, ends_us: int
) -> pd.DataFrame:
    """Find the window in the daily conversion and measure it again from its entries, clustered by customer.

    As `windows(conversion(…, every_days=1))`, but every customer counts once in `n` and the
    interval allows for customers with several entries.
    """
    times: dict[str, Any] = {"within_days": within_days, "start_us": start_us, "ends_us": ends_us}
    found = windows(conversion(events, source, target, every_days=1, **times))
    if found.empty:
        return found
    [window] = found.to_dict("records")
    from_us, until_us = (midnight(window[name]) for name in _WINDOW)
    is_inside = (nw.col("occurred_us") >= from_us) & (nw.col("occurred_us") < until_us + DAY_US)
    entries = _entries(events, source, target, **times).with_columns(is_inside=is_inside)
    sides = cluster_sums(entries, ["is_inside"], x=nw.col("is_converted"))
    by_side = {bool(row["is_inside"]): share(Sums.of(row)) for row in engine.collect(sides).to_dict("records")}
    kept = {name: window[name] for name in [*_WINDOW, "p", "entries"]}
    row = by_side[True].row(**kept, before=by_side[False].estimate)
    return schema.result([row], _WINDOW, ["p", "before", "entries"])


def _entries(
    events: nw.LazyFrame, source: str, target: str, *, within_days: float, start_us: int, ends_us: int
) -> nw.LazyFrame:
    """One row a mature entry, with `is_converted` 0 or 1."""
    within_us = round(within_days * DAY_US)
    occurred, touchpoint = nw.col("occurred_us"), nw.col("touchpoint")
    # The target sorts behind a source of the same instant, so that it counts as after it.
    both = events.filter(touchpoint.is_in([source, target]) & (occurred < ends_us)).with_columns(
        is_target=(touchpoint == target).cast(nw.Int64)
    )
    order = ["occurred_us", "is_target", "event_id"]
    reached = both.with_columns(next_us=nw.when(touchpoint == target).then(occurred))
    reached = reached.with_columns(next_us=nw.col("next_us").shift(-1).over("customer_id", order_by=order))
    onward = nw.col("next_us").fill_null(strategy="backward").over("customer_id", order_by=order)
    is_mature = (occurred >= start_us) & (occurred + within_us < ends_us)
    entries = reached.with_columns(next_us=onward).filter((touchpoint == source) & is_mature)
    return entries.with_columns(
        is_converted=(nw.col("next_us") - occurred <= within_us).fill_null(False).cast(nw.Int64)
    )


def _period(instant: nw.Expr, start_us: int, every_days: int) -> nw.Expr:
    return ((instant - start_us // DAY_US * DAY_US) / (every_days * DAY_US)).floor()


def _on(period: int, start_us: int, every_days: int) -> str:
    return day_of(start_us + period * every_days * DAY_US).isoformat()


def _share_of_days(hits: _Days, entries: _Days) -> Estimate:
    sums = [float(part.sum()) for part in (entries, hits, entries**2, hits * entries, hits**2)]
    return share(Sums(len(hits), *sums))


def _less_weekday(level: _Days, days: list[str]) -> _Days:
    """Take off each weekday's median, where every weekday is there three times or more."""
    weekday = np.array([date.fromisoformat(day).weekday() for day in days])
    if np.bincount(weekday, minlength=7).min() < 3:
        return level - np.median(level)
    medians = np.array([np.median(level[weekday == one]) for one in range(7)])
    return np.asarray(level - medians[weekday])


def _spans(level: _Days, penalty: float) -> list[tuple[int, int]]:
    """The spans (first day, day after the last) that depart from the commonest level."""
    steps = np.diff(level)
    noise = (float(np.median(np.abs(steps))) / 0.6745 or float(steps.std())) / math.sqrt(2)
    if not noise:
        return []
    cut = ruptures.KernelCPD(kernel="linear", min_size=_SHORTEST).fit((level / noise)[:, None]).predict(pen=penalty)
    segments = list(zip([0, *cut[:-1]], cut, strict=True))
    means = np.concatenate([np.full(last - first, level[first:last].mean()) for first, last in segments])
    common = float(np.sort(means)[(len(means) - 1) // 2])
    usual = int((means == common).sum())
    spans: list[tuple[int, int]] = []
    for first, last in segments:
        gap, size = (means[first] - common) / noise, last - first
        if gap**2 * size * usual / (size + usual) <= penalty:
            continue
        is_near = bool(spans) and first - spans[-1][1] <= _SHORTEST
        if is_near and (means[spans[-1][1] - 1] > common) == (gap > 0):
            spans[-1] = (spans[-1][0], last)
        else:
            spans.append((first, last))
    return spans


def _likeness(level: _Days, spans: list[tuple[int, int]]) -> float:
    """How alike neighbouring days are beyond the spans: the largest r_k^(1/k) of the lags 1 to 3 that shows."""
    part = np.zeros(len(level), int)
    for number, (first, last) in enumerate(spans, start=1):
        part[first:last] = number
    rest = level - np.array([level[part == number].mean() for number in range(len(spans) + 1)])[part]
    if not rest.any():
        return 0.0
    shows = 1.645 / math.sqrt(len(rest))
    alike = [(lag, float((rest[lag:] * rest[:-lag]).sum() / (rest**2).sum())) for lag in (1, 2, 3)]
    return max((r ** (1 / lag) for lag, r in alike if r > shows), default=0.0)


def _most_striking(level: _Days, weights: _Days, spans: list[tuple[int, int]]) -> tuple[tuple[int, int], float]:
    """The span that gains most, and the share of series without a window whose best span gains as much."""
    likeness = _likeness(level, spans)
    white = level - np.average(level, weights=weights)
    white[1:] -= likeness * white[:-1].copy()
    total, sizes = _running((level * weights)[None, :]), _running(weights[None, :])
    seen = [
        float(_gain(total[:, [last]] - total[:, [first]], sizes[:, [last]] - sizes[:, [first]], total, sizes)[0, 0])
        for first, last in spans
    ]
    best = int(np.argmax(seen))
    draw, drawn, as_much = np.random.default_rng(20260101), list[float](), 0
    for _ in range(1 + _MORE):
        drawn += _drawn(draw, white, weights, likeness).tolist()
        as_much = sum(gain >= seen[best] for gain in drawn)
        if len(drawn) == _DRAWS and as_much >= _FEW:
            break  # p is exact either way: that it is small is known only after the first draws (Besag and Clifford)
    return spans[best], (1 + as_much) / (1 + len(drawn)) if as_much else _beyond(drawn, seen[best])


def _beyond(drawn: Sequence[float], seen: float) -> float:
    """The chance of a gain beyond all that were drawn: an exponential tail through the largest of these.

    Knijnenburg et al. (2009). Gains are squared, so their tail is exponential or falls faster; the mean excess
    is taken at its upper 95 % bound, and no chance is said to be below a millionth.
    """
    ordered = np.sort(np.array(drawn))
    start = ordered[-_TAIL - 1]
    excess = float((ordered[-_TAIL:] - start).mean()) * (1 + 1.645 / math.sqrt(_TAIL))
    return max(1e-6, min(1 / (1 + len(drawn)), _TAIL / len(drawn) * math.exp(-(seen - start) / excess)))


def _drawn(draw: np.random.Generator, white: _Days, weights: _Days, likeness: float) -> _Days:
    """The gain of the most striking span in each of some series made of the same days in random order."""
    days = len(white)
    order = draw.permuted(np.tile(np.arange(days), (_DRAWS, 1)), axis=1)
    drawn, weight = white[order], weights[order]
    for day in range(1, days if likeness else 0):
        drawn[:, day] += likeness * drawn[:, day - 1]
    total, sizes = _running(drawn * weight), _running(weight)
    most, length = np.zeros(_DRAWS), _SHORTEST
    while length <= days - _SHORTEST:
        gain = _gain(total[:, length:] - total[:, :-length], sizes[:, length:] - sizes[:, :-length], total, sizes)
        most = np.maximum(most, gain.max(axis=1))
        length = max(length + 1, round(length * 1.1))
    return most


def _running(values: _Days) -> _Days:
    return np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)


def _gain(inside: _Days, size: _Days, total: _Days, sizes: _Days) -> _Days:
    """How much a mean of its own explains: the squared difference to the rest, weighted by both sizes."""
    whole, all_sizes = total[:, [-1]], sizes[:, [-1]]
    gap = inside / size - (whole - inside) / (all_sizes - size)
    return np.asarray(gap**2 * size * (all_sizes - size) / all_sizes)
