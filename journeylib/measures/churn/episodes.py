"""Lapses and returns as what happens to a customer again and again: recurrent tables for `recurrent.mean_count`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import narwhals.stable.v2 as nw

from journeylib.days import DAY_US, midnight
from journeylib.errors import ParameterError
from journeylib.measures.churn.durations import StoreView, silences

__all__ = ["lapses", "returns"]


def lapses(
    store: StoreView, *, silent_days: float, landmark: str | date, touchpoints: Sequence[str] = ()
) -> nw.LazyFrame:
    """Make a row up to each lapse of a customer, and one more up to where lapses can be decided, lazily.

    Customers, days and what a lapse is are those of `churn.lapse`; here a customer who came back can lapse again.
    Everybody is followed throughout, whether silent or not, so the mean count is lapses a customer, not a customer
    still active. `has_left` says that the row ends with a lapse.
    """
    decided = store.ends_us - round(silent_days * DAY_US)
    return _episodes(store, "occurred_us", decided, silent_days, landmark, touchpoints)


def returns(
    store: StoreView, *, silent_days: float, landmark: str | date, touchpoints: Sequence[str] = ()
) -> nw.LazyFrame:
    """Make a row up to each return of a customer after a lapse, and one more up to the end of the data, lazily.

    As `lapses`; a return is the first activity after one. `has_left` says that the row ends with a return.
    """
    return _episodes(store, "following_us", store.ends_us, silent_days, landmark, touchpoints)


def _episodes(
    store: StoreView, at: str, until: int, silent_days: float, landmark: str | date, touchpoints: Sequence[str]
) -> nw.LazyFrame:
    if silent_days < 1:
        raise ParameterError(f"silent_days = {silent_days} is too short to count lapses by day. Give 1 or more.")
    start = midnight(landmark)
    marked, each = silences(store, silent_days=silent_days, landmark=landmark, touchpoints=touchpoints)
    last = -((start - until) // DAY_US)  # days from the landmark to the end, the last one begun
    happened = marked.filter(~nw.col("lapsed_us").is_null() & (nw.col(at) < until))
    kept = each.filter((nw.col("is_active") == 1) & (nw.lit(last) > 0)).select("customer_id")
    found = happened.join(kept, on="customer_id", how="inner").select(
        "customer_id", day=((nw.col(at) - start) / DAY_US).floor().cast(nw.Int64) + 1
    )
    before = nw.col("day").shift(1).over("customer_id", order_by="day").fill_null(0)
    ends = found.select("customer_id", "day", entry_day=before, has_left=nw.lit(True))
    latest = found.group_by("customer_id").agg(latest=nw.col("day").max())
    rest = kept.join(latest, on="customer_id", how="left").select(
        "customer_id",
        day=nw.lit(last).cast(nw.Int64),
        entry_day=nw.col("latest").fill_null(0),
        has_left=nw.lit(False),
    )
    both = nw.concat([ends, rest]).filter(nw.col("entry_day") < nw.col("day"))
    return both.with_columns(zero_us=nw.lit(start), is_first=nw.col("entry_day") == 0)
