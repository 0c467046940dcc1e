"""Who has a touchpoint or a short path just behind it, on which days: exposure, counted by day in the engine.

A customer is exposed on day k if an event happened on one of the `within_days` whole days before it: what is
known when the day begins, as for `start_stop.times`. What happens on the day of leaving says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import narwhals.stable.v2 as nw

from journeylib import engine
from journeylib.days import DAY_US
from journeylib.errors import ParameterError
from journeylib.schema import ORDER

__all__ = ["PATHS", "candidates", "compared", "exposed", "intervals", "swapped"]

PATHS = ("touchpoint", "path")
_UNKNOWN = "unknown"
_FOLLOWED = ["customer_id", "entry_day", "day", "has_left", "zero_us"]


def candidates(steps: nw.LazyFrame, of: str, leave_out: Sequence[str]) -> nw.LazyFrame:
    """Make the events of every candidate: each step with its touchpoint, or with it and the one before, as `path`.

    A path is two steps in a row within a journey, the same touchpoint again too, and happens with its second.
    """
    if of not in PATHS:
        raise ParameterError(f'of = "{of}" is not understood. Write "touchpoint" or "path".')
    names = ["touchpoint"]
    if of == "path":
        steps, names = steps.filter(nw.col("step") > 1), ["previous_touchpoint", "touchpoint"]
    known = steps.with_columns(nw.col(name).fill_null(_UNKNOWN) for name in names)
    for name in names:
        known = known.filter(~nw.col(name).is_in(list(leave_out))) if leave_out else known
    path = nw.concat_str([nw.col(name) for name in names], separator=" → ")
    return known.select("customer_id", *ORDER, path=path)


def compared(followed: nw.LazyFrame, strata: Sequence[str]) -> tuple[nw.LazyFrame, list[str]]:
    """Make the followed customers with the columns inside which they are compared; the last is `_is_late`.

    It tells who entered late, who is compared with the others but swaps histories with the like only.
    """
    names = {f"_stratum_{at}": nw.col(name).cast(nw.String).fill_null(_UNKNOWN) for at, name in enumerate(strata)}
    is_late = (nw.col("entry_day") > 0).cast(nw.Int64)
    people = followed.select(*_FOLLOWED, **names, _is_late=is_late)
    return people.with_columns(has_left=nw.col("has_left").cast(nw.Int64)), [*names, "_is_late"]


def swapped(people: nw.LazyFrame, group: Sequence[str]) -> nw.LazyFrame:
    """Give each customer the history of another of the same group: its id, and the instant that it is counted from.

    Who gives to whom is by the md5 of the ids, one to one; the first in that order gets nobody's and is left
    out. The history runs from the beginning of following, the giver's put on the receiver's, and whoever receives is
    followed no longer than the giver was, so that a silence is one of a customer who was there.
    """
    order = ["_hash", "customer_id"]
    given = {
        "_giver": nw.col("customer_id"),
        "_zero_us": nw.col("zero_us"),
        "_span": nw.col("day") - nw.col("entry_day"),
    }
    hashed = engine.md5(people, "customer_id", "_hash")
    before = {name: one.shift(1).over(*group, order_by=order) for name, one in given.items()}
    paired = hashed.with_columns(**before).filter(~nw.col("_giver").is_null())
    until = nw.col("entry_day") + nw.col("_span")
    is_cut = until < nw.col("day")
    return paired.select(
        *group,
        "entry_day",
        customer_id=nw.col("_giver"),
        zero_us=nw.col("_zero_us"),
        day=nw.when(is_cut).then(until).otherwise(nw.col("day")),
        has_left=nw.when(is_cut).then(nw.lit(0)).otherwise(nw.col("has_left")).cast(nw.Int64),
    )


def exposed(people: nw.LazyFrame, events: nw.LazyFrame, within_days: int) -> nw.LazyFrame:
    """Keep the events after which somebody is exposed while followed, with the customer's columns and `_own`, its day.

    Every one exposes for a day at least: the next one that the customer is followed on.
    """
    begins_us = nw.col("zero_us") - nw.col("entry_day") * DAY_US
    own = ((nw.col("occurred_us") - begins_us) / DAY_US).floor().cast(nw.Int64) + 1
    placed = events.join(people, on="customer_id", how="inner").with_columns(_own=own)
    ends = nw.col("_own") + within_days
    return placed.filter((nw.col("_own") < nw.col("day")) & (ends > nw.col("entry_day")))


def intervals(met: nw.LazyFrame, group: Sequence[str], within_days: int) -> nw.LazyFrame:
    """Count the intervals (start, until] of exposure by path, group, both days and whether the customer left then.

    Each event's is cut where the next begins, so those of one customer and path do not overlap; of several on one
    day, all but the last are cut to nothing.
    """
    following = nw.col("_own").shift(-1).over("customer_id", "path", order_by=ORDER)
    start = nw.max_horizontal("_own", "entry_day")
    until = nw.min_horizontal(nw.col("_own") + within_days, "_next", "day")
    cut = met.with_columns(_next=following).with_columns(start=start, until=until)
    kept = cut.filter(nw.col("start") < nw.col("until"))
    left = nw.when(nw.col("until") == nw.col("day")).then(nw.col("has_left")).otherwise(nw.lit(0)).cast(nw.Int64)
    return kept.with_columns(left=left).group_by("path", *group, "start", "until", "left").agg(rows=nw.len())
