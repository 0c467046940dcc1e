"""From which day to which day a customer is followed, and whether it left.

Durations are tables with `customer_id`, `entry_day`, `day` and `has_left`. Days count
from 1: who leaves on the first day has day 1. A customer is at risk on the days after
`entry_day` up to and with `day`; always entry_day < day.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Protocol

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine, schema
from journeylib.days import DAY_US, midnight
from journeylib.errors import ParameterError
from journeylib.estimates import Sums, category_sums, plain_sums, share
from journeylib.trace import measured

__all__ = [
    "BY_DATE",
    "NOBODY_ENDED",
    "StoreView",
    "active",
    "causes",
    "contractual",
    "departures",
    "durations",
    "lapse",
    "returned",
    "silences",
    "since",
]

NOBODY_ENDED = "no customer has an end date in the data"
BY_DATE = "a contract ends on a date, not by silence"


class StoreView(Protocol):
    """What durations need of a store (`journeylib.open_store`)."""

    @property
    def events(self) -> nw.LazyFrame:
        """The events up to `ends_us`."""

    @property
    def customers(self) -> nw.LazyFrame:
        """The customers, with several rows each where an attribute changed."""

    @property
    def start_us(self) -> int:
        """When the period starts: following begins there, or at a later sign-up."""

    @property
    def ends_us(self) -> int:
        """When the data end, exclusive."""


def durations(
    store: StoreView,
    *,
    definition: str = "contract",
    silent_days: float = 60,
    landmark: str | date = "1970-01-01",
    touchpoints: Sequence[str] = (),
) -> nw.LazyFrame:
    """Make durations by `definition`: "contract" is `contractual`, "lapse" is `lapse`, "own lapse" is `own_lapse`."""
    if definition == "contract":
        return contractual(store)
    if definition == "lapse":
        return lapse(store, silent_days=silent_days, landmark=landmark, touchpoints=touchpoints)
    if definition == "own lapse":
        from journeylib.measures.churn.windows import own_lapse  # which is made of what stands here

        return own_lapse(store, silent_days=silent_days, landmark=landmark, touchpoints=touchpoints)
    raise ParameterError(f'definition = "{definition}" is not understood. Write "contract" or "lapse" or "own lapse".')


def contractual(store: StoreView) -> nw.LazyFrame:
    """Make durations from sign-up to the end date, lazily; also `end_cause`.

    Day 1 is the day of sign-up. A customer who signed up before the period starts enters late:
    `entry_day` is the days from sign-up to that day (delayed entry), and `zero_us` the instant
    at which following begins. A customer without an end date, or with one after the data, is
    still there on the last whole day of the data and censored. Outside: no known sign-up date,
    an end date before the sign-up or before the period starts (that customer is not seen), a
    sign-up after the last whole day.
    """
    begin, end = store.start_us // DAY_US, store.ends_us // DAY_US
    days = engine.microseconds(_once(store.customers), signed_up_us="signed_up_on", ended_us="ended_on")
    signed_up, ended = (_day(nw.col(name)) for name in ("signed_up_us", "ended_us"))
    days = days.with_columns(signed_up=signed_up, ended=ended)
    signed_up, ended = nw.col("signed_up"), nw.col("ended")

    has_left = (ended < end).fill_null(False)
    was_seen = (ended >= begin).fill_null(True) & (ended >= signed_up).fill_null(True)
    followed = days.filter((signed_up < end).fill_null(False) & was_seen).with_columns(has_left=has_left)
    last = nw.when(nw.col("has_left")).then(ended + 1).otherwise(nw.lit(end))
    late = begin - signed_up
    return followed.select(
        "customer_id",
        "has_left",
        entry_day=nw.when(late > 0).then(late).otherwise(nw.lit(0)).cast(nw.Int64),
        day=(last - signed_up).cast(nw.Int64),
        zero_us=nw.when(late > 0).then(nw.lit(begin * DAY_US)).otherwise(nw.col("signed_up_us")),
        end_cause=nw.when(nw.col("has_left")).then(nw.col("end_cause")),
    )


def lapse(
    store: StoreView, *, silent_days: float, landmark: str | date, touchpoints: Sequence[str] = ()
) -> nw.LazyFrame:
    """Make durations from the landmark to the last activity before the first long silence, lazily.

    Activity is an event with one of `touchpoints` (any event where none is named). Followed
    are the customers active in the `silent_days` before the landmark (exactly `silent_days`
    before it counts) who had not lapsed by then: a customer whose last activity before the
    landmark already began a longer silence had. Who lapsed earlier and came back is in.

    A customer leaves at the last activity, on or after the landmark, before the first silence
    *longer* than `silent_days`; coming back later does not undo it (`has_returned` tells).
    That can be decided only `silent_days` later, so who is active at the end of the data less
    `silent_days`, or silent for exactly that long, is censored there. Day 1 is the first day
    from the landmark. No rows where the data end before the landmark plus `silent_days`.
    """
    start, decided = midnight(landmark), store.ends_us - round(silent_days * DAY_US)
    each = silences(store, silent_days=silent_days, landmark=landmark, touchpoints=touchpoints)[1]
    followed = each.filter((nw.col("is_active") == 1) & (nw.lit(decided) > start))
    has_left = ~nw.col("lapsed_us").is_null()
    day = (
        nw.when(has_left).then(_day(nw.col("lapsed_us") - start) + 1).otherwise(nw.lit(-((start - decided) // DAY_US)))
    )
    return followed.select(
        "customer_id",
        has_left=has_left,
        entry_day=nw.lit(0).cast(nw.Int64),
        day=day.cast(nw.Int64),
        zero_us=nw.lit(start),
        has_returned=has_left & (nw.col("last_us") > nw.col("lapsed_us")),
    )


def silences(
    store: StoreView, *, silent_days: float, landmark: str | date, touchpoints: Sequence[str] = ()
) -> tuple[nw.LazyFrame, nw.LazyFrame]:
    """Make what lapses are made of, lazily: every activity with what follows it, and the customers followed.

    The first has `following_us` (the end of the data where nothing does) and `lapsed_us`, its instant where it is on
    or after the landmark and a longer silence follows. The second has a row for each customer who was active in
    the `silent_days` before the landmark and had not lapsed by then: `lapsed_us` (the first) and `last_us`.
    """
    start, silence = midnight(landmark), round(silent_days * DAY_US)
    if silence <= 0:
        raise ParameterError(f"silent_days = {silent_days} is no silence. Give a number of days above 0.")
    occurred = nw.col("occurred_us")
    following = occurred.shift(-1).over("customer_id", order_by=schema.ORDER).fill_null(store.ends_us)
    is_long = following - occurred > silence
    is_before = (occurred >= start - silence) & (occurred < start)
    marked = active(store, touchpoints).with_columns(
        following_us=following,
        is_active=is_before.cast(nw.Int64),
        is_gone=(is_before & is_long).cast(nw.Int64),
        lapsed_us=nw.when(is_long & (occurred >= start)).then(occurred),
    )
    each = marked.group_by("customer_id").agg(
        is_active=nw.col("is_active").max(),
        is_gone=nw.col("is_gone").max(),
        lapsed_us=nw.col("lapsed_us").min(),
        last_us=occurred.max(),
    )
    return marked, each.filter((nw.col("is_active") == 1) & (nw.col("is_gone") == 0))


def active(store: StoreView, touchpoints: Sequence[str]) -> nw.LazyFrame:
    """Keep the events that are activity: those with one of `touchpoints`, all where none is named."""
    found = store.events.filter(nw.col("occurred_us") < store.ends_us)
    return found.filter(nw.col("touchpoint").is_in(list(touchpoints))) if touchpoints else found


def since(followed: nw.LazyFrame, at_us: int, *, days: int = 0) -> nw.LazyFrame:
    """Follow customers from the day after an instant and so many days on, lazily: who left by then is out.

    For what looks back: in the first days of the data nobody knows what happened in the days before. Others enter
    late (delayed entry), as if the period had begun then.
    """
    later = ((nw.lit(at_us + days * DAY_US) - nw.col("zero_us")) / DAY_US).floor().cast(nw.Int64)
    wait = nw.when(later > 0).then(later).otherwise(nw.lit(0)).cast(nw.Int64)
    moved = followed.with_columns(_wait=wait).with_columns(
        entry_day=nw.col("entry_day") + nw.col("_wait"), zero_us=nw.col("zero_us") + nw.col("_wait") * DAY_US
    )
    return moved.filter(nw.col("entry_day") < nw.col("day")).drop("_wait")


@measured
def departures(followed: nw.LazyFrame) -> pd.DataFrame:
    """Count the customers who left in the time observed: one row, a count (estimate = low = high = n)."""
    from journeylib.measures.churn.counts import refuse_collapsed  # which is made of what stands here

    refuse_collapsed(followed)
    gone = nw.col("has_left").cast(nw.Int64).sum()
    [row] = engine.collect(followed.select(customers=nw.len(), left=gone)).to_dict("records")
    count = int(row["left"]) if row["customers"] else 0
    if not count and "end_cause" in followed.collect_schema().names():
        return schema.not_applicable(NOBODY_ENDED)
    return schema.result([{"n": count, "estimate": count, "low": count, "high": count, "is_enough": True}])


@measured
def returned(followed: nw.LazyFrame) -> pd.DataFrame:
    """Measure the share of lapsed customers who later came back: one row; Wilson interval.

    Above one in twenty, a rule of thumb, the silence is too short to call it leaving.
    `n` is the customers who lapsed. Not applicable to contracts, whose end is a date.
    """
    if "has_returned" not in followed.collect_schema().names():
        return schema.not_applicable(BY_DATE)
    back, gone = (nw.col(name).cast(nw.Int64).sum() for name in ("has_returned", "has_left"))
    [row] = engine.collect(followed.select(customers=nw.len(), back=back, gone=gone)).to_dict("records")
    if not row["customers"] or not row["gone"]:
        return schema.not_applicable("no customer fell silent for so long in the time observed")
    return schema.result([share(plain_sums(int(row["back"]), int(row["gone"]))).row()])


@measured
def causes(store: StoreView) -> pd.DataFrame:
    """Measure why contracts ended: of the customers whose end date lies in the data, the share by cause.

    One row a cause, largest first, adding up to 1; a missing cause is "unknown". `n` is
    all who ended, `customers` those with the cause.
    """
    dated = engine.microseconds(_once(store.customers), ended_us="ended_on")
    ended = _day(nw.col("ended_us"))
    inside = (ended >= store.start_us // DAY_US) & (nw.col("ended_us") < store.ends_us)
    units = dated.filter(inside.fill_null(False)).with_columns(cause=nw.col("end_cause").fill_null("unknown"))
    found = engine.collect(category_sums(units, units, ["cause"]))
    if found.empty:
        return schema.not_applicable(NOBODY_ENDED, ["cause"], ["customers"])
    found = found.sort_values(["x", "cause"], ascending=[False, True])
    rows: list[dict[str, Any]] = [
        share(Sums.of(row)).row(cause=row["cause"], customers=int(row["marked"])) for row in found.to_dict("records")
    ]
    return schema.result(rows, ["cause"], ["customers"])


def _once(customers: nw.LazyFrame) -> nw.LazyFrame:
    """One row a customer; the dates are the same in each of its rows."""
    names = ("signed_up_on", "ended_on", "end_cause")
    return customers.group_by("customer_id").agg(**{name: nw.col(name).max() for name in names})


def _day(us: nw.Expr) -> nw.Expr:
    return (us / DAY_US).floor()
