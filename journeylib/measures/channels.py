"""Which channels do customers use, where do journeys start, and where do they bounce?

An event without a channel counts under "unknown". Shares of journeys are clustered by
customer; a share of customers has one value a customer.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine, schema
from journeylib.errors import ParameterError
from journeylib.estimates import Sums, category_sums, cluster_sums, share
from journeylib.trace import measured

__all__ = ["bounces", "first", "passed", "use"]

_UNKNOWN = "unknown"
_JOURNEY = ["customer_id", "started_us"]


@measured
def first(journeys: nw.LazyFrame) -> pd.DataFrame:
    """Measure the share of journeys that start in each channel: one row a channel, largest first, adding up to 1.

    `n` is all customers with a journey, `journeys` the journeys that start there and
    `customers` those who started one there.
    """
    starts = journeys.with_columns(channel=nw.col("first_channel").fill_null(_UNKNOWN))
    return _by_channel(starts, journeys, ["journeys", "customers"])


@measured
def use(steps: nw.LazyFrame) -> pd.DataFrame:
    """Measure the share of customers who use each channel at least once: one row a channel, largest first.

    A customer may use several, so the shares add up to more than 1. `n` is all customers
    with a step, `customers` those who use the channel.
    """
    named = steps.with_columns(channel=nw.col("channel").fill_null(_UNKNOWN))
    used = named.group_by("customer_id", "channel").agg(steps=nw.len())
    return _by_channel(used, steps.group_by("customer_id").agg(steps=nw.len()), ["customers"])


@measured
def bounces(steps: nw.LazyFrame, chain: Sequence[str] = ("web", "chat", "phone")) -> pd.DataFrame:
    """Measure the share of journeys that pass through `chain`, channel by channel, with no other between.

    Steps in one channel that follow each other count as one stay, however many they are;
    the chain may begin and end anywhere in the journey. A journey that passes twice
    counts once. `journeys` counts all journeys; `customers` those who bounced.
    """
    [row] = engine.collect(cluster_sums(passed(steps, chain), x=nw.col("is_passed"))).to_dict("records")
    if not row["customers"]:
        return schema.not_applicable("no journey started in the period", extra=["journeys"])
    return schema.result([share(Sums.of(row)).row(journeys=int(row["m"]))], extra=["journeys"])


def passed(steps: nw.LazyFrame, chain: Sequence[str]) -> nw.LazyFrame:
    """Mark the journeys that pass through `chain`, lazily: customer_id, started_us and `is_passed`, 0 or 1."""
    if not chain or any(one == two for one, two in pairwise(chain)):
        raise ParameterError(
            f"chain = {list(chain)} can never be passed: stays in one channel count as one. "
            'Name at least one channel, and none twice in a row, as in ["web", "chat", "phone"].'
        )
    channel, previous = (nw.col(name).fill_null(_UNKNOWN) for name in ("channel", "previous_channel"))
    stays = steps.with_columns(channel=channel).filter((nw.col("step") == 1) | (channel != previous))
    stay = nw.col("channel")
    matches = [
        stay.shift(lag).over(*_JOURNEY, order_by=schema.ORDER) == named if lag else stay == named
        for lag, named in enumerate(reversed(chain))
    ]
    is_passed = reduce(lambda one, two: one & two, matches).fill_null(False)
    stays = stays.with_columns(is_passed=is_passed.cast(nw.Int64))
    return stays.group_by(*_JOURNEY).agg(is_passed=nw.col("is_passed").max())


def _by_channel(marks: nw.LazyFrame, units: nw.LazyFrame, extra: Sequence[str]) -> pd.DataFrame:
    found = engine.collect(category_sums(marks, units, ["channel"]))
    found = found.sort_values(["x", "channel"], ascending=[False, True])
    if found.empty:
        return schema.not_applicable("no journey started in the period", ["channel"], extra)
    rows = []
    for row in found.to_dict("records"):
        counted = {"journeys": int(row["x"]), "customers": int(row["marked"])}
        rows.append(share(Sums.of(row)).row(channel=row["channel"], **counted))
    return schema.result(rows, ["channel"], extra)
