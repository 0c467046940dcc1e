"""How long a silence means leaving: by each customer's own pace, and how often a fixed window would be wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from journeylib import engine, schema
from journeylib.days import DAY_US, midnight
from journeylib.errors import ParameterError
from journeylib.estimates import Estimate, Sums, share
from journeylib.measures.churn.counts import FEWEST_AT_RISK, Floats
from journeylib.measures.churn.durations import StoreView, active
from journeylib.trace import measured

__all__ = ["false_lapses", "own_lapse", "proposed_window"]

_NO_GAP = "no customer was active twice"


def own_lapse(
    store: StoreView,
    *,
    silent_days: float,
    landmark: str | date,
    touchpoints: Sequence[str] = (),
    times: float = 3,
    fewest_gaps: int = 4,
) -> nw.LazyFrame:
    """Make durations as `lapse`, with a window for each customer: `times` its own mean gap so far, lazily.

    Gaps are between days of activity, and only those before a silence count towards the mean, so nobody's window
    knows the future. A customer with fewer than `fewest_gaps` gaps by then has the fixed window `silent_days`. A
    customer leaves on its last day of activity, on or after the landmark, before the first silence of more days
    than its window then; who has not left is censored as many days before the end of the data as its last window is
    long. Followed are those whose last silence before the landmark was not too long, and who could be seen to
    leave.
    """
    start, end = midnight(landmark) // DAY_US, store.ends_us // DAY_US
    if silent_days <= 0 or times <= 0:
        raise ParameterError(f"silent_days = {silent_days}, times = {times}: give numbers above 0.")
    events = active(store, touchpoints).with_columns(on=(nw.col("occurred_us") / DAY_US).floor().cast(nw.Int64))
    days = events.group_by("customer_id", "on").agg(events=nw.len()).filter(nw.col("on") < end)
    on = nw.col("on")
    gaps = on.cum_count().over("customer_id", order_by="on") - 1
    placed = days.with_columns(
        gaps=gaps,
        first=on.min().over("customer_id"),
        following=on.shift(-1).over("customer_id", order_by="on").fill_null(end),
    )
    mean = (on - nw.col("first")) / nw.when(nw.col("gaps") > 0).then(nw.col("gaps")).otherwise(nw.lit(1))
    window = nw.when(nw.col("gaps") >= fewest_gaps).then(mean * times).otherwise(nw.lit(float(silent_days)))
    measured_days = placed.with_columns(window=window)
    is_long = nw.col("following") - on > nw.col("window")
    is_last_before = (on < start) & (nw.col("following") >= start)
    marked = measured_days.with_columns(
        is_in=(is_last_before & ~is_long).cast(nw.Int64),
        lapsed=nw.when(is_long & (on >= start)).then(on),
        last_window=nw.when(nw.col("following") == end).then(nw.col("window")),
    )
    each = marked.group_by("customer_id").agg(
        is_in=nw.col("is_in").max(),
        lapsed=nw.col("lapsed").min(),
        last=on.max(),
        last_window=nw.col("last_window").max(),
    )
    has_left = ~nw.col("lapsed").is_null()
    # A gap of whole days is longer than a window when it is longer than the window's whole days.
    decided = nw.lit(end - start) - nw.col("last_window").floor().cast(nw.Int64)
    followed = each.filter(nw.col("is_in") == 1).select(
        "customer_id",
        has_left=has_left,
        entry_day=nw.lit(0).cast(nw.Int64),
        day=nw.when(has_left).then(nw.col("lapsed") - start + 1).otherwise(decided),
        zero_us=nw.lit(start * DAY_US),
        has_returned=has_left & (nw.col("last") > nw.col("lapsed")),
    )
    return followed.filter(nw.col("day") > 0)


@measured
def false_lapses(
    store: StoreView, *, windows: Sequence[float] = (15, 30, 60, 90, 120), touchpoints: Sequence[str] = ()
) -> pd.DataFrame:
    """Measure a customer's chance of being called gone once, though it was not, by the window: one row a window.

    In the time of the data, a customer who came back after a longer silence had a false lapse for certain. Whose
    silence at the end is longer may still come back: it counts as 1 − G(∞)/G(o), with o the silence so far and G
    the Kaplan–Meier share of silences not ended after so many days, open ones censored, up to where fewer than ten
    are that long. A percentile of all gaps would say how often a gap is long, which customers with many gaps rule:
    of a customer's many gaps one is easily long.

    `n` is the customers active at least twice; Wilson interval; `returned` counts those who came back after a
    longer silence.
    """
    found = _gaps(store, touchpoints)
    if found is None:
        return schema.not_applicable(_NO_GAP, ["silent_days"], ["returned"])
    rows = [found.chance(window).row(silent_days=window, returned=found.returned(window)) for window in windows]
    return schema.result(rows, ["silent_days"], ["returned"])


@measured
def proposed_window(store: StoreView, *, chance: float = 0.05, touchpoints: Sequence[str] = ()) -> pd.DataFrame:
    """Propose the window: the fewest whole days for which a customer's chance of one false lapse is at most `chance`.

    One row; `estimate` in days, `chance` is the chance at it (see `false_lapses`). The interval holds the windows
    whose own interval holds `chance`. A shorter window calls more customers gone who are not; a longer one needs
    as many days more before anything is known.
    """
    if not 0 < chance < 1:
        raise ParameterError(f"chance = {chance} is no chance. Give a number between 0 and 1, such as 0.05.")
    found = _gaps(store, touchpoints)
    if found is None:
        return schema.not_applicable(_NO_GAP, (), ["chance"])

    def fewest(of: str) -> int:
        low, high = 0, int(found.longest.max())
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if getattr(found.chance(middle), of) <= chance else (middle, high)
        return high

    days = fewest("estimate")
    at = found.chance(days)
    row = {"n": at.n, "estimate": days, "low": fewest("low"), "high": fewest("high"), "is_enough": at.is_enough}
    return schema.result([{**row, "chance": at.estimate}], (), ["chance"])


@dataclass(frozen=True)
class _Gaps:
    """Customers by longest ended and by open silence, in days rounded up; and the chance that an open one ends."""

    longest: Floats
    open_for: Floats
    customers: Floats
    ends: Floats  # of each row's open silence

    def returned(self, window: float) -> int:
        """How many came back after a longer silence."""
        return int(self.customers[self.longest > window].sum())

    def chance(self, window: float) -> Estimate:
        """The share of customers with one false lapse."""
        each = np.where(self.longest > window, 1.0, np.where(self.open_for > window, self.ends, 0.0))
        n, x, xx = (float(self.customers @ one) for one in (np.ones(len(each)), each, each**2))
        return share(Sums(int(n), n, x, n, x, xx))


def _gaps(store: StoreView, touchpoints: Sequence[str]) -> _Gaps | None:
    occurred = nw.col("occurred_us")
    following = occurred.shift(-1).over("customer_id", order_by=schema.ORDER)
    silent = following.fill_null(store.ends_us) - occurred
    gaps = active(store, touchpoints).with_columns(
        days=nw.lit(0) - ((nw.lit(0) - silent) / DAY_US).floor().cast(nw.Int64),
        is_closed=(~following.is_null()).cast(nw.Int64),
    )
    days, closed = nw.col("days"), nw.col("is_closed") == 1
    lengths = gaps.group_by("days", "is_closed").agg(many=nw.len())
    each = gaps.group_by("customer_id").agg(
        longest=nw.when(closed).then(days).otherwise(nw.lit(-1)).max(),
        open_for=nw.when(~closed).then(days).otherwise(nw.lit(-1)).max(),
    )
    people = each.filter(nw.col("longest") >= 0).group_by("longest", "open_for").agg(many=nw.len())
    counted = engine.collect(people, order_by=["longest", "open_for"])
    if counted.empty:
        return None
    found = engine.collect(lengths, order_by=["days", "is_closed"])
    open_for = counted["open_for"].to_numpy(float)
    longest, many = counted["longest"].to_numpy(float), counted["many"].to_numpy(float)
    return _Gaps(longest, open_for, many, _ends(found, open_for))


def _ends(lengths: pd.DataFrame, open_for: Floats) -> Floats:
    """The chance that a silence that has lasted so long ends."""
    at = np.arange(int(lengths["days"].max()) + 1)
    is_closed = lengths["is_closed"] == 1
    ended, still = (
        lengths[one].set_index("days")["many"].reindex(at, fill_value=0).to_numpy(float)
        for one in (is_closed, ~is_closed)
    )
    as_long = (ended + still)[::-1].cumsum()[::-1]
    told = as_long >= FEWEST_AT_RISK
    stays = np.where(told, 1 - ended / np.maximum(as_long, 1), 1.0)
    path = np.cumprod(stays)
    lasts = float(path[-1])
    found: Floats = 1 - lasts / np.maximum(path[open_for.astype(int)], 1e-300) if lasts > 0 else np.ones(len(open_for))
    return np.where(path[open_for.astype(int)] > 0, found, math.nan)
