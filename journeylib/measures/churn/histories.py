"""Customers with several rows: what their influence on a number is, so that its interval can allow for them.

How a number turns with a row is, for every number here, a gain on the day the row leaves less a drift on each day
it is at risk. A customer's rows are added up before they are squared: the infinitesimal jackknife, or sandwich
(Lawless and Nadeau 1995 for mean counts; Therneau and Grambsch 2000, 7.2). Counts by day do not say which rows are
the same customer's, so rows leave the engine: those of customers with one row as counts of equal ones, the others
each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylib import engine
from journeylib.errors import ParameterError
from journeylib.estimates import Sums
from journeylib.measures.churn.counts import UNKNOWN, Counts, Floats, cause_of, names_of

__all__ = ["MOST_ROWS", "Histories", "each", "has_several", "histories", "squared"]

MOST_ROWS = 2_000_000


@dataclass(frozen=True)
class Histories:
    """One group's rows: whose (a number), from when to when, whether and why they left, and how many such customers."""

    customer: NDArray[np.int64]
    entry: Floats
    day: Floats
    has_left: NDArray[np.bool_]
    cause: NDArray[Any]
    many: Floats

    def influence(self, days: Floats, gain: Floats, drift: Floats, *, gains: dict[str, Floats] | None = None) -> Floats:
        """Each row's influence: its gain where it leaves (by cause where `gains` are), less the drift while at risk."""
        path = np.concatenate([[0.0], drift.cumsum()])
        place = np.searchsorted(days, self.day, side="right")
        waited = path[place] - path[np.searchsorted(days, self.entry, side="right")]
        at = np.minimum(np.searchsorted(days, self.day), len(days) - 1)
        is_told = self.has_left & (days[at] == self.day)
        gained = gain[at]
        for cause, own in (gains or {}).items():
            gained = np.where(self.cause == cause, own[at], gained)
        found: Floats = np.where(is_told, gained, 0.0) - waited
        return found

    def variance(self, days: Floats, gain: Floats, drift: Floats, *, gains: dict[str, Floats] | None = None) -> float:
        """The variance of the number that turns so with each row."""
        if not len(days):
            return 0.0
        return squared([self], [self.influence(days, gain, drift, gains=gains)])

    def sums(self, begin: int, end: int) -> Sums:
        """The customers' days at risk (m) and departures (x) on the days `begin` to `end`."""
        stays = np.clip(np.minimum(self.day, end) - np.maximum(self.entry, begin - 1), 0, None)
        leaves = (self.has_left & (self.day >= begin) & (self.day <= end)).astype(float)
        people = int(self.customer.max()) + 1
        m, x = (np.bincount(self.customer, values, people) for values in (stays, leaves))
        many = np.zeros(people)
        many[self.customer] = self.many
        there = many * (m > 0)
        products = (float(there @ one) for one in (m, x, m * m, x * m, x * x))
        return Sums(int(there.sum()), *products)


def squared(parts: Sequence[Histories], influences: Sequence[Floats]) -> float:
    """Σ over customers of the squared sum of their rows' influences; a customer may be in several parts."""
    people = 1 + max(int(part.customer.max()) for part in parts)
    total, many = np.zeros(people), np.zeros(people)
    for part, influence in zip(parts, influences, strict=True):
        total += np.bincount(part.customer, influence, people)
        many[part.customer] = part.many
    return float(many @ total**2)


def has_several(followed: nw.LazyFrame) -> bool:
    """Whether customers of a followed table have several rows."""
    return "is_first" in followed.collect_schema().names()


def histories(followed: nw.LazyFrame, by: Sequence[str], *, by_cause: bool = False) -> list[Histories]:
    """Fetch each group's rows, the groups in the order of `counts.counted`, the customers numbered through all."""
    names = names_of(by)
    told = cause_of(followed.collect_schema().names()) if by_cause else None
    many = followed.group_by("customer_id").agg(own_rows=nw.len())
    has_left = nw.col("has_left").cast(nw.Int64)
    why = nw.lit("") if told is None else nw.col(told).fill_null(UNKNOWN)
    marked = followed.join(many, on="customer_id", how="inner").with_columns(
        key=nw.when(nw.col("own_rows") > 1).then(nw.col("customer_id")).otherwise(nw.lit("")),
        has_left=has_left,
        why=nw.when(has_left == 1).then(why).otherwise(nw.lit("")),
        is_own=(nw.col("own_rows") > 1).cast(nw.Int64),
    )
    keys = ["is_own", "key", *names, "entry_day", "day", "has_left", "why"]
    rows = marked.group_by(*keys).agg(many=nw.len())
    found = engine.collect(rows.head(MOST_ROWS + 1), order_by=keys)
    if len(found) > MOST_ROWS:
        raise ParameterError(
            f"customers with several rows have more than {MOST_ROWS:,} different ones. Take a sample of the customers, "
            "all rows of each."
        )
    # Rows of one customer share a number; equal rows of customers with one row share one too, with their count.
    alone = found["is_own"] == 0
    own = found.loc[~alone, "key"].astype("category").cat.codes.to_numpy(np.int64)
    number = np.empty(len(found), dtype=np.int64)
    number[~alone.to_numpy()] = own
    number[alone.to_numpy()] = np.arange(alone.sum()) + (own.max() + 1 if len(own) else 0)
    found["number"] = number
    if not names:
        return [_one(found)]
    return [_one(part) for _, part in found.groupby(names, dropna=False)]


def each(
    followed: nw.LazyFrame, by: Sequence[str], found: Sequence[Counts], *, by_cause: bool = False
) -> list[tuple[Counts, Histories | None]]:
    """Each group's counts, with its rows where customers have several."""
    rows = histories(followed, by, by_cause=by_cause) if has_several(followed) else [None] * len(found)
    return list(zip(found, rows, strict=True))


def _one(found: pd.DataFrame) -> Histories:
    # Equal rows of one customer (twice at once) are as many rows, not as many customers.
    twice = np.where(found["is_own"] == 1, found["many"], 1).astype(int)
    part = found.loc[found.index.repeat(twice)]
    return Histories(
        customer=part["number"].to_numpy(np.int64),
        entry=part["entry_day"].to_numpy(float),
        day=part["day"].to_numpy(float),
        has_left=part["has_left"].to_numpy() == 1,
        cause=part["why"].to_numpy(object),
        many=np.where(part["is_own"] == 1, 1, part["many"]).astype(float),
    )
