"""Of those who were asked, how many answered?"""

from __future__ import annotations

from collections.abc import Sequence

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine, schema
from journeylib.days import DAY_US
from journeylib.errors import ParameterError
from journeylib.estimates import Sums, cluster_sums, share
from journeylib.trace import measured

__all__ = ["response", "response_units"]

_EXTRA = ["entries", "answers"]


@measured
def response(
    events: nw.LazyFrame,
    by: Sequence[str] = (),
    *,
    asked: Sequence[str],
    answered: Sequence[str],
    within_days: float,
    ends_us: int,
) -> pd.DataFrame:
    """Measure the response rate: the share of askings that were answered, clustered by customer.

    An event with a touchpoint of `asked` is an asking. It was answered where one of `answered`
    follows, of the same customer, at most `within_days` later (exactly so long counts) and before
    the customer is asked again: one answer answers one asking. An answer at the same instant counts
    as after it. A reminder is an asking of its own if it is named among `asked`. Only askings
    whose window closed before `ends_us` count. `by` are columns as they stand at the asking.
    `n` is customers who were asked, `entries` the askings, `answers` those that were answered.
    """
    units = response_units(events, by, asked=asked, answered=answered, within_days=within_days, ends_us=ends_us)
    groups = engine.collect(cluster_sums(units, by, x=nw.col("x")), order_by=by)
    if not groups["customers"].sum():
        reason = f'no "{" or ".join(asked)}" in the period has had its whole window'
        return schema.not_applicable(reason, by, _EXTRA)
    rows = []
    for group in groups.to_dict("records"):
        sums = Sums.of(group)
        where = {name: group[name] for name in by}
        rows.append(share(sums).row(**where, entries=int(sums.m), answers=int(sums.x)))
    return schema.result(rows, by, _EXTRA)


def response_units(
    events: nw.LazyFrame,
    by: Sequence[str] = (),
    *,
    asked: Sequence[str],
    answered: Sequence[str],
    within_days: float,
    ends_us: int,
) -> nw.LazyFrame:
    """Make the unit table of `response`, lazily: one row an asking whose window has closed.

    Columns: customer_id, zero_us (the instant of the asking), m = 1, x = 1 where answered, else 0, `by`, and
    started_us where the table has it, as the steps of journeys do.
    """
    both = [name for name in asked if name in answered]
    if both or not asked or not answered:
        said = f"{both[0]} is both asked and answered" if both else "asked or answered names no touchpoint"
        raise ParameterError(f'{said}. Write asked = ["survey sent"] and answered = ["survey answered"].')
    occurred, within_us = nw.col("occurred_us"), round(within_days * DAY_US)
    kept = events.filter(nw.col("touchpoint").is_in([*asked, *answered]) & (occurred < ends_us))
    placed = kept.with_columns(is_answer=nw.col("touchpoint").is_in(list(answered)).cast(nw.Int64))
    order = ["occurred_us", "is_answer", "event_id"]
    ahead = {
        "next_us": occurred.shift(-1).over("customer_id", order_by=order),
        "is_next": nw.col("is_answer").shift(-1).over("customer_id", order_by=order),
    }
    askings = placed.with_columns(**ahead).filter((nw.col("is_answer") == 0) & (occurred + within_us < ends_us))
    is_answered = (nw.col("is_next") == 1) & (nw.col("next_us") - occurred <= within_us)
    where = ["started_us"] if "started_us" in events.collect_schema().names() and "started_us" not in by else []
    x = is_answered.fill_null(False).cast(nw.Int64)
    return askings.select("customer_id", *where, *by, zero_us=occurred, m=nw.lit(1).cast(nw.Int64), x=x)
