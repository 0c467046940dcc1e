"""Which channels have events on which days, and where is one silent that should not be?

A day without events is a fact; that some were lost is a guess. So a gap is named by a
rule that anyone can check, and nothing is filled in. Days are UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylib import engine, schema
from journeylib.days import DAY_US, day_of, midnight
from journeylib.trace import measured

__all__ = ["channels", "counts", "daily", "every", "gaps", "trust"]

# Customers on a usual day from which a day without any, or with fewer than a fifth, is a gap: by
# chance alone (Poisson) either comes less than once in 20,000 days.
_USUAL_IF_SILENT, _USUAL = 10, 20
_FAR_BELOW = 0.2
_NEIGHBOURS = 8  # days of the same weekday that say what is usual
_MOST_CHANNELS = 40
_UNKNOWN, _REST = "unknown", "all other channels"
# The lengths of a period of `counts`, and the most days that each serves for.
_PERIODS = {"day": 14, "week": 16 * 7, "month": 18 * 30 + 10, "quarter": 18 * 91, "year": 10**9}


@measured
def daily(events: nw.LazyFrame, *, start_us: int, ends_us: int) -> pd.DataFrame:
    """Count the events of each channel on each day of the period: one row a channel and day, zeros too.

    `n` is the customers behind them; a first or last day that the period cuts is not `is_whole`. An
    event without a channel counts under "unknown"; beyond the 40 channels with most events, the
    others are one.
    """
    of_day = _inside(events, start_us, ends_us).with_columns(day=(nw.col("occurred_us") / DAY_US).floor())
    found = engine.collect(of_day.group_by("channel", "day").agg(n=nw.col("customer_id").n_unique(), events=nw.len()))
    found["channel"] = _frequent(found)
    found = found.groupby(["channel", "day"], as_index=False).sum()
    days = np.arange(start_us // DAY_US, -(-ends_us // DAY_US))
    grid = pd.MultiIndex.from_product([sorted(set(found["channel"])), days], names=["channel", "day"])
    whole = found.set_index(["channel", "day"]).reindex(grid, fill_value=0).astype("int64").reset_index()
    on = [day_of(int(day) * DAY_US).isoformat() for day in days]
    whole.insert(1, "on", on * (len(whole) // max(len(on), 1)))
    whole["is_whole"] = (whole["day"] * DAY_US >= start_us) & ((whole["day"] + 1) * DAY_US <= ends_us)
    return whole.drop(columns="day")


@measured
def gaps(counted: pd.DataFrame) -> pd.DataFrame:
    """Find the days on which a channel is silent or far below its usual level: one row a run of such days.

    `counted` is `daily(…)`. What is usual on a day is the median number of customers on the eight
    nearest days of its weekday on which the channel had any. A day is a gap if it has no event
    where 10 customers or more are usual, or fewer than a fifth of them where 20 or more are. It is
    told on whole days only, from the channel's first event on, and where the channel had events on
    more than half of such weekdays. So a channel that is shut on Sundays has no gap there, a long
    outage does not become usual, and a channel that fell silent late in the period has a gap to
    the end. Customers are compared, not events, of which one visitor or one bot can make hundreds.
    A public holiday looks the same as a loss, and a channel that loses less than four fifths of
    its customers is not noticed.

    `n` and `usual` are the customers of the run's day with most of them, and on a usual such day;
    `events` adds up over the run.
    """
    rows = []
    for channel, own in counted.groupby("channel", sort=True):
        customers, on = own["n"].to_numpy(), own["on"].tolist()
        usual = _usual(customers, own["is_whole"].to_numpy())
        low = np.flatnonzero(_is_gap(customers, usual))
        for run in np.split(low, np.flatnonzero(np.diff(low) > 1) + 1) if len(low) else []:
            values = {"n": int(customers[run].max()), "usual": round(float(np.median(usual[run])))}
            more = {"days": len(run), "events": int(own["events"].to_numpy()[run].sum())}
            rows.append({"channel": channel, "from_on": on[run[0]], "until_on": on[run[-1]], **values, **more})
    found = pd.DataFrame(rows, columns=["channel", "from_on", "until_on", "n", "usual", "days", "events"])
    by = ["days", "usual", "from_on", "channel"]
    return found.sort_values(by, ascending=[False, False, True, True], ignore_index=True)


@measured
def channels(events: nw.LazyFrame, counted: pd.DataFrame, *, start_us: int, ends_us: int) -> pd.DataFrame:
    """Tell of each channel its customers and events, its first and last day, and how far its gaps can be seen.

    `usual_day` is the median number of customers on its days from the first event on; `days_checked`
    of them could have shown a gap, `days_missing` did. Most events first.
    """
    named = _inside(events, start_us, ends_us).with_columns(channel=nw.col("channel").fill_null(_UNKNOWN))
    people = engine.collect(named.group_by("channel").agg(n=nw.col("customer_id").n_unique()))
    n = dict(zip(people["channel"], people["n"].astype(int), strict=True))
    n[_REST] = sum(size for channel, size in n.items() if channel not in set(counted["channel"]))
    rows = []
    for channel, own in counted.groupby("channel", sort=True):
        customers, on = own["n"].to_numpy(), own["on"].tolist()
        usual, there = _usual(customers, own["is_whole"].to_numpy()), np.flatnonzero(customers)
        rows.append(
            {
                "channel": channel,
                "n": n[str(channel)],
                "events": int(own["events"].sum()),
                "first_on": on[there[0]],
                "last_on": on[there[-1]],
                "usual_day": float(np.median(customers[there[0] :])),
                "days_checked": int((~np.isnan(usual)).sum()),
                "days_missing": int(_is_gap(customers, usual).sum()),
            }
        )
    names = ["channel", "n", "events", "first_on", "last_on", "usual_day", "days_checked", "days_missing"]
    return pd.DataFrame(rows, columns=names).sort_values(["events", "channel"], ascending=[False, True])


@measured
def trust(facts: Mapping[str, Any], found: pd.DataFrame, told: pd.DataFrame, *, ends_us: int) -> pd.DataFrame:
    """Say until when the data can be trusted: one row; `found` is `gaps(…)`, `told` is `channels(…)`.

    `complete_on` is the day through which the store is complete, as the mapping says or as its
    events show; `days_missing` the days on which any channel has a gap, `missing_on` that day where
    it is one; `silent_on` the first day of a gap that lasts to the end, with its `channel`.
    """
    last = day_of(ends_us - 1).isoformat()
    missing = {day for row in found.to_dict("records") for day in _days_of(row)}
    open_ended = found[found["until_on"] == last].sort_values("from_on", kind="stable")
    row = {
        "complete_on": facts.get("complete_through"),
        "last_on": max(told["last_on"], default=None),
        "channels": len(told),
        "channels_checked": int((told["days_checked"] > 0).sum()),
        "days_missing": len(missing),
        "missing_on": min(missing) if len(missing) == 1 else None,
        "silent_on": next(iter(open_ended["from_on"]), None),
        "channel": next(iter(open_ended["channel"]), None),
    }
    return pd.DataFrame([row])


def every(*, start_us: int, ends_us: int) -> str:
    """Choose the length of a period so that no more than 18 fill the time: day, week, month, quarter or year.

    >>> every(start_us=midnight("2025-01-01"), ends_us=midnight("2026-07-01"))
    'month'
    """
    days = (ends_us - start_us) / DAY_US
    return next(name for name, most in _PERIODS.items() if days <= most)


@measured
def counts(
    events: nw.LazyFrame, found: pd.DataFrame, *, start_us: int, ends_us: int, period: str = "month"
) -> pd.DataFrame:
    """Count the events of each channel in each period: one row a channel and period, a count (estimate = low = high).

    The channel with most events first. Weeks are counted from the first day, longer periods
    begin with the calendar's; the first and the last may be cut short, `days` says to how many.
    `days_missing` counts the days of `found`, which is `gaps(…)`; `n` is customers.
    """
    starts = _starts(day_of(start_us), day_of(ends_us - 1), period)
    begun = [(nw.col("occurred_us") >= midnight(start)).cast(nw.Int64) for start in starts[1:]]
    number = sum(begun[1:], begun[0]) if begun else nw.lit(0)
    placed = _inside(events, start_us, ends_us).with_columns(period=number)
    cells = placed.group_by("channel", "period").agg(n=nw.col("customer_id").n_unique(), events=nw.len())
    collected = engine.collect(cells)
    collected["channel"] = _frequent(collected)
    cell = collected.groupby(["channel", "period"], as_index=False).sum().to_dict("records")
    at = {(row["channel"], int(row["period"])): (int(row["n"]), int(row["events"])) for row in cell}
    ends = [*starts[1:], day_of(ends_us - 1) + timedelta(days=1)]
    order = collected.groupby("channel")["events"].sum().sort_index().sort_values(ascending=False, kind="stable").index
    rows = []
    for channel in order:
        own = found[found["channel"] == channel]
        for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
            n, count = at.get((channel, place), (0, 0))
            values = {"n": n, "estimate": count, "low": count, "high": count, "is_enough": True}
            more = {"days": (end - start).days, "days_missing": _overlap(own, start, end)}
            rows.append({"channel": channel, "period_on": start.isoformat(), **values, **more})
    if not rows:
        return schema.not_applicable("no event occurred in the period", ["channel", "period_on"], ["days"])
    return schema.result(rows, ["channel", "period_on"], ["days", "days_missing"])


def _inside(events: nw.LazyFrame, start_us: int, ends_us: int) -> nw.LazyFrame:
    return events.filter((nw.col("occurred_us") >= start_us) & (nw.col("occurred_us") < ends_us))


def _frequent(found: pd.DataFrame) -> pd.Series:
    """The channel of each row, those beyond the most frequent as one."""
    named = found["channel"].astype(object).where(found["channel"].notna(), _UNKNOWN)
    sizes = found["events"].groupby(named).sum().sort_index().sort_values(ascending=False, kind="stable")
    kept = set(sizes.index[:_MOST_CHANNELS])
    return named if len(sizes) <= _MOST_CHANNELS else named.where(named.isin(kept), _REST)


def _usual(customers: NDArray[np.int64], is_whole: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How many customers are usual on each day; not a number where a gap could not be told."""
    usual = np.full(len(customers), np.nan)
    there = np.flatnonzero(customers)
    if not len(there) or customers.max() < _USUAL_IF_SILENT:
        return usual
    for weekday in range(7):
        days = np.arange(there[0] + weekday, len(customers), 7)
        active = np.flatnonzero(customers[days])
        if len(active) * 2 <= len(days):
            continue
        for place, day in enumerate(days):
            others = active[active != place]
            near = others[np.argsort(np.abs(others - place), kind="stable")[:_NEIGHBOURS]]
            level = np.median(customers[days[near]]) if len(near) == _NEIGHBOURS else 0
            usual[day] = level if level >= _USUAL_IF_SILENT and is_whole[day] else np.nan
    return usual


def _is_gap(customers: NDArray[np.int64], usual: NDArray[np.float64]) -> NDArray[np.bool_]:
    known = np.nan_to_num(usual)
    is_silent = (customers == 0) & (known >= _USUAL_IF_SILENT)
    found: NDArray[np.bool_] = is_silent | ((known >= _USUAL) & (customers < _FAR_BELOW * known))
    return found


def _starts(first: date, last: date, period: str) -> list[date]:
    """The first day of each period, the first of them cut to `first`."""
    if period in ("day", "week"):
        step = 1 if period == "day" else 7
        return [first + timedelta(days=ahead) for ahead in range(0, (last - first).days + 1, step)]
    months = {"month": 1, "quarter": 3, "year": 12}[period]
    begins = [date(year, month, 1) for year in range(first.year, last.year + 1) for month in range(1, 13, months)]
    return [first, *(day for day in begins if first < day <= last)]


def _overlap(own: pd.DataFrame, start: date, end: date) -> int:
    """How many days of the gaps lie in [start, end)."""
    return sum(start <= day < end for row in own.to_dict("records") for day in _days_of(row))


def _days_of(row: Mapping[Any, Any]) -> list[date]:
    first, last = date.fromisoformat(row["from_on"]), date.fromisoformat(row["until_on"])
    return [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]
