"""What do the clocks of the sources tell: events at one instant, written late, at times that were rounded?

All three are counted, none is mended: an order that the data do not hold cannot be found again.
"""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from journeylib import engine, schema
from journeylib.days import DAY_US
from journeylib.trace import measured

__all__ = ["late", "marks", "ties"]

_MORE = ["customers", "events"]
_HOUR_US = DAY_US // 24
_UNITS = {"second": 1_000_000, "minute": 60_000_000, "hour": _HOUR_US, "day": DAY_US}
_NEARLY_ALL = 0.99  # of a source's times are whole: the source keeps no finer unit
_TIMES_CHANCE, _LEAST = 5, 0.01  # whole hours are odd where they are both
_GATHERED, _FEWEST = 0.2, 200  # length of the mean on the circle, and events, from which an hour is told


@measured
def ties(events: nw.LazyFrame) -> pd.DataFrame:
    """Measure the share of events that share customer and microsecond with another event: one row.

    The order among them is not known; journeys take them in order of their ids. Counted, so there
    is no interval. `n` is all customers, `customers` those with such events, `events` the events.
    """
    instants = events.group_by("customer_id", "occurred_us").agg(events=nw.len())
    tied = instants.with_columns(tied=nw.when(nw.col("events") > 1).then(nw.col("events")).otherwise(nw.lit(0)))
    own = tied.group_by("customer_id").agg(nw.col("events").sum(), nw.col("tied").sum())
    return _share(own.with_columns(part=nw.col("tied")))


@measured
def late(events: nw.LazyFrame) -> pd.DataFrame:
    """Measure the share of events that were written late: one row a source that says when it wrote, most first.

    Late: last written (`updated_at`) more than a day after the event occurred, as a report of the
    day before would not have had it in its present form. The order of the rows in a file says
    nothing here: an export may write them in any. `n` is the customers of the events whose
    writing is known, `customers` those with late ones, `events` the late ones.
    """
    written = events.filter(~nw.col("updated_us").is_null())
    is_late = (nw.col("updated_us") - nw.col("occurred_us") > DAY_US).cast(nw.Int64)
    files = written.with_columns(late=is_late).group_by("source", "customer_id")
    parts = files.agg(events=nw.len(), part=nw.col("late").sum()).with_columns(source=_source())
    own = parts.group_by("source", "customer_id").agg(nw.col("events", "part").sum())
    found = _share(own, "source")
    if found.empty:
        reason = "how late events came cannot be told, for no source says when its rows were written; map updated_at"
        return schema.not_applicable(reason, ["source"], _MORE)
    return found.sort_values(["estimate", "source"], ascending=[False, True], ignore_index=True)


@measured
def marks(events: nw.LazyFrame) -> pd.DataFrame:
    """Tell how exactly each source keeps time, and what its clock does too often: one row a source.

    `kept_to` is the finest unit that a hundredth of its times need. `hour_share` and
    `midnight_share` are the shares of its events exactly on a whole hour (of UTC) and at midnight;
    `is_odd` where one of them is 1 % or more and five times what the unit gives by chance.
    `day_only` and `ambiguous` count the times of which only the day is known, and those in an hour
    that the clocks showed twice. `middle_of_day` is the hour around which its events gather (their
    mean on the circle of 24 hours, UTC), where they do: a source that differs from the others by
    some hours may be in the wrong zone.
    """
    occurred = nw.col("occurred_us")
    flags = {name: (occurred % unit == 0).cast(nw.Int64) for name, unit in _UNITS.items()}
    for name in ("day", "ambiguous"):
        is_so = (nw.col("time_precision") == name).fill_null(False)
        flags["day_only" if name == "day" else name] = is_so.cast(nw.Int64)
    hour = (occurred % DAY_US / _HOUR_US).floor()
    marked = events.select("source", clock_hour=hour, **flags)
    sums = {name: nw.col(name).sum() for name in flags}
    files = marked.group_by("source", "clock_hour").agg(events=nw.len(), **sums).with_columns(source=_source())
    hours = engine.collect(files)
    own = events.group_by("source", "customer_id").agg(events=nw.len()).with_columns(source=_source())
    people = engine.collect(own.group_by("source").agg(n=nw.col("customer_id").n_unique()))
    n = dict(zip(people["source"], people["n"].astype(int), strict=True))
    rows = [{"source": source, "n": n[source], **_marks(own)} for source, own in hours.groupby("source", sort=True)]
    if not rows:
        return schema.not_applicable("no event occurred in the period", ["source"])
    return pd.DataFrame(rows)


def _marks(own: pd.DataFrame) -> dict[str, Any]:
    events = int(own["events"].sum())
    whole = {name: own[name].sum() / events for name in _UNITS}
    kept_to = next((name for name in reversed(_UNITS) if whole[name] >= _NEARLY_ALL), "fraction")
    by_chance = _UNITS["second" if kept_to == "fraction" else kept_to] / _HOUR_US
    odd = {
        name: kept_to not in ("hour", "day") and whole[name] >= max(_LEAST, _TIMES_CHANCE * chance)
        for name, chance in [("hour", by_chance), ("day", by_chance / 24)]
    }
    return {
        "events": events,
        "kept_to": kept_to,
        "hour_share": float(whole["hour"]),
        "midnight_share": float(whole["day"]),
        "is_odd": odd["hour"] or odd["day"],
        "middle_of_day": _middle(own) if kept_to not in ("hour", "day") else None,
        "day_only": int(own["day_only"].sum()),
        "ambiguous": int(own["ambiguous"].sum()),
    }


def _middle(own: pd.DataFrame) -> str | None:
    """The mean hour on the circle, as a clock shows it."""
    turns = np.exp(2j * np.pi * (own["clock_hour"].to_numpy(float) + 0.5) / 24)
    mean = complex((turns * own["events"].to_numpy(float)).sum() / own["events"].sum())
    if own["events"].sum() < _FEWEST or abs(mean) < _GATHERED:
        return None
    minutes = round(np.angle(mean) / (2 * np.pi) * 24 * 60) % (24 * 60)
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _source() -> nw.Expr:
    """A file's source: its name up to the first slash."""
    return nw.col("source").str.replace_all("/.*", "")


def _share(own: nw.LazyFrame, *by: str) -> pd.DataFrame:
    """The share of `part` in `events`, both summed for each customer of each group."""
    sums = {
        "n": nw.len(),
        "all_events": nw.col("events").sum(),
        "customers": (nw.col("part") > 0).cast(nw.Int64).sum(),
        "events": nw.col("part").sum(),
    }
    found = engine.collect(own.group_by(*by).agg(**sums) if by else own.select(**sums), order_by=by)
    rows = []
    for row in found.to_dict("records"):
        if row["n"]:
            more = {"customers": int(row["customers"]), "events": int(row["events"])}
            told = schema.counted(row["n"], row["events"], row["all_events"], **more)
            rows.append({**{name: row[name] for name in by}, **told})
    if not rows:
        return schema.not_applicable("no event occurred in the period", by, _MORE)
    return schema.result(rows, by, _MORE)
