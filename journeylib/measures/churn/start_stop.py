"""Covariates that change while a customer is followed: start–stop intervals made from events.

    rows = start_stop(
        followed,
        contacts_30_days=times(calls, within_days=30),
        has_complaint=state(events, begins=["complaint"], ends=["complaint resolved"]),
    )

A customer's time is cut into intervals (entry_day, day] in which nothing changes. The value on a day
is what was known when the day began, so what happens on the day on which a customer leaves (or because of
it) says nothing about leaving on it. That is how something learnt after time zero may stand in a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import narwhals.stable.v2 as nw

from journeylib.days import DAY_US
from journeylib.errors import ParameterError
from journeylib.schema import ORDER

__all__ = ["Changing", "bounces", "last", "start_stop", "state", "times"]

_FOLLOWED = ["customer_id", "entry_day", "day", "has_left", "zero_us"]
_KEYS = ["customer_id", *ORDER]
_ROW = ["_cut", *ORDER, "_part"]  # a total order of what changes for a customer


@dataclass(frozen=True)
class Changing:
    """What changes a covariate: events with their `value`; `within_days` where one counts for so long only.

    With `counts` the covariate is the number of events so far, else the last event's value,
    and `before` where there was none yet.
    """

    changes: nw.LazyFrame
    counts: bool = False
    within_days: int | None = None
    before: int | None = None


def times(events: nw.LazyFrame, *, within_days: int | None = None) -> Changing:
    """Count a customer's events so far, or in the last `within_days` days: whole days before the one in question."""
    if within_days is not None and within_days < 1:
        raise ParameterError(f"within_days = {within_days} holds no day. Give 1 or more, or leave it out to count all.")
    return Changing(events.select(*_KEYS, value=nw.lit(1)), counts=True, within_days=within_days)


def state(events: nw.LazyFrame, *, begins: Sequence[str], ends: Sequence[str]) -> Changing:
    """Tell whether something begun has not ended: 1 from a touchpoint of `begins` until one of `ends`, else 0."""
    both = sorted(set(begins) & set(ends))
    if both:
        raise ParameterError(f"{', '.join(both)} cannot both begin and end it. Name a touchpoint once.")
    opens = nw.col("touchpoint").is_in(list(begins))
    marked = events.filter(opens | nw.col("touchpoint").is_in(list(ends)))
    return Changing(marked.select(*_KEYS, value=nw.when(opens).then(nw.lit(1)).otherwise(nw.lit(0))), before=0)


def last(events: nw.LazyFrame, column: str = "score") -> Changing:
    """Tell the last value so far of a column of events; null before the first that is not."""
    told = events.filter(~nw.col(column).is_null())
    return Changing(told.select(*_KEYS, value=nw.col(column)))


def bounces(steps: nw.LazyFrame) -> Changing:
    """Count the channel bounces so far: A to B and back to A within a journey, whatever the steps in each.

    A bounce counts when the customer is back in A.
    """
    within, channel = ["customer_id", "started_us"], nw.col("channel")
    # A step in the same channel as the one before it is no turn; the channel before any other is that of another.
    others = (nw.col("previous_channel") != channel).fill_null(True)
    known = steps.filter(~channel.is_null(), others).with_columns(
        _before=channel.shift(1).over(*within, order_by="step")
    )
    turns = known.filter((nw.col("_before") != channel).fill_null(True))
    earlier = nw.col("_before").shift(1).over(*within, order_by="step")
    returned = turns.with_columns(_earlier=earlier).filter(nw.col("_earlier") == channel)
    return times(returned)


def start_stop(followed: nw.LazyFrame, **covariates: Changing) -> nw.LazyFrame:
    """Cut each customer's time where a covariate changes, lazily: rows (entry_day, day] in which they are constant.

    The value on day k is made of events before day k begins, those before time zero and before the customer
    was followed included. `has_left` holds in the last row of who left. Further columns of
    `followed` stand in every row; `zero_us` becomes the instant at which the row begins.
    """
    if not covariates:
        raise ParameterError("no covariate changes in time. Give at least one, such as contacts=times(calls).")
    names = followed.collect_schema().names()
    if taken := sorted(set(covariates) & set(names)):
        raise ParameterError(f"{', '.join(taken)} is a column of the followed customers already. Choose another name.")
    begins = nw.col("zero_us") - nw.col("entry_day") * DAY_US
    people = followed.with_columns(_begins_us=begins, has_left=nw.col("has_left").cast(nw.Int64))

    opening = people.with_columns(_cut=nw.col("entry_day"), occurred_us=_whole(-(2**62)), event_id=nw.lit(""))
    parts = [_part(opening, covariates, -1, None)]
    for place, (name, one) in enumerate(covariates.items()):
        placed = one.changes.join(people, on="customer_id", how="inner")
        # The day after an event's own is the first that begins knowing it: a cut at its own day.
        own = ((nw.col("occurred_us") - nw.col("_begins_us")) / DAY_US).floor().cast(nw.Int64) + 1
        for ends in (False, True) if one.within_days else (False,):
            cut = own + one.within_days if one.within_days and ends else own
            late = nw.when(cut > nw.col("entry_day")).then(cut).otherwise(nw.col("entry_day"))
            inside = placed.with_columns(_cut=late).filter(nw.col("_cut") < nw.col("day"))
            parts.append(_part(inside, covariates, 2 * place + ends, f"_{'ends' if ends else 'begins'}_{name}"))
    rows = nw.concat(parts)

    def so_far(column: str) -> nw.Expr:
        return nw.col(column).cum_count().over("customer_id", order_by=_ROW)

    values = {}
    for name, one in covariates.items():
        if one.counts:
            values[name] = (so_far(f"_begins_{name}") - so_far(f"_ends_{name}")).cast(nw.Int64)
        else:
            value = nw.col(f"_begins_{name}").fill_null(strategy="forward").over("customer_id", order_by=_ROW)
            values[name] = value if one.before is None else value.fill_null(one.before)
    following = nw.col("_cut").shift(-1).over("customer_id", order_by=_ROW)
    rows = rows.with_columns(**values, _next=following)
    # Of the changes on one day the last tells what is known when the next begins.
    is_last = nw.col("_next").is_null()
    rows = rows.filter(is_last | (nw.col("_next") > nw.col("_cut")).fill_null(False))
    intervals = rows.select("customer_id", *covariates, _from="_cut", _until="_next")
    joined = people.join(intervals, on="customer_id", how="inner")
    others = [name for name in names if name not in (*_FOLLOWED, "is_first")]
    ended = nw.col("_until").is_null()
    return joined.select(
        "customer_id",
        *others,
        *covariates,
        entry_day=nw.col("_from"),
        is_first=nw.col("_from") == nw.col("entry_day"),
        day=nw.when(ended).then(nw.col("day")).otherwise(nw.col("_until")).cast(nw.Int64),
        has_left=nw.when(ended).then(nw.col("has_left")).otherwise(nw.lit(0)).cast(nw.Int64),
        zero_us=nw.col("_begins_us") + nw.col("_from") * DAY_US,
    )


def _part(table: nw.LazyFrame, covariates: dict[str, Changing], part: int, column: str | None) -> nw.LazyFrame:
    """What changes, in the columns that all parts have: one a covariate, and one where its events stop counting."""
    cells = {}
    for name, one in covariates.items():
        kind = nw.Int64 if one.counts else one.changes.collect_schema()["value"]
        for each in (f"_begins_{name}", f"_ends_{name}") if one.counts else (f"_begins_{name}",):
            cells[each] = (nw.col("value") if each == column else nw.lit(None)).cast(kind)
    return table.select("customer_id", *(nw.col(name) for name in _ROW[:-1]), _part=_whole(part), **cells)


def _whole(value: int) -> nw.Expr:
    return nw.lit(value).cast(nw.Int64)
