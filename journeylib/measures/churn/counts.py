"""Counts by day: all that these measures need to know of the customers.

For each group, those who entered and those who left (by cause) or were censored, by day. That
is the sufficient statistic of Kaplan–Meier, Nelson–Aalen, Aalen–Johansen and the log-rank test, so
a hundred million customers leave the engine as a few thousand rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylib import engine
from journeylib.errors import ParameterError
from journeylib.estimates import ENOUGH
from journeylib.measures.churn.durations import NOBODY_ENDED

__all__ = [
    "FEWEST_AT_RISK",
    "FEWEST_LEFT",
    "MANY",
    "NOBODY",
    "UNKNOWN",
    "Counts",
    "Floats",
    "cause_of",
    "counted",
    "in_order",
    "is_collapsed",
    "names_of",
    "paired",
    "refuse_collapsed",
    "thinned",
]

FEWEST_LEFT = 10  # departures below which a group is not tested
FEWEST_AT_RISK = 10  # below this a curve stops
MANY = "customers"  # in a table of counts (`collapsed`): how many customers a row stands for
NOBODY = "no customer could be followed"
UNKNOWN = "unknown"
_AT_RISK_SHARE = 0.05
_POINTS = 300
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Counts:
    """One group's customers by day: who entered, who left by cause, who left or was censored."""

    group: tuple[Any, ...]
    customers: int
    entries: pd.Series[int]
    exits: pd.Series[int]
    left_by: Mapping[str, pd.Series[int]] = field(repr=False)

    @cached_property
    def left(self) -> pd.Series[int]:
        """Those who left by day, whatever the cause."""
        none = pd.Series(0, index=pd.Index([], dtype="int64"), dtype="int64")
        found = none
        for one in self.left_by.values():
            found = found.add(one, fill_value=0)
        return found.astype("int64").sort_index()

    @property
    def days(self) -> Floats:
        """The days on which somebody left."""
        return self.left.index.to_numpy(float)

    @cached_property
    def last_day(self) -> int:
        """The day before the first with fewer than ten at risk, where curves stop; 0 where that is day 1."""
        change = self.entries.sub(self.exits, fill_value=0).sort_index()
        at_risk = change.cumsum()  # on the day after each
        few = at_risk.index[at_risk < FEWEST_AT_RISK]
        return 0 if at_risk.index[0] > 0 else int(few[0])

    @property
    def is_enough(self) -> bool:
        """Whether the group may be spoken of: 30 customers, and 10 departures before its curve stops."""
        left = self.left
        return self.customers >= ENOUGH and int(left[left.index <= self.last_day].sum()) >= FEWEST_LEFT

    @property
    def is_gone(self) -> bool:
        """Whether everybody left by the last day, and nobody came after: nothing beyond it is unknown."""
        last = np.array([float(self.last_day)])
        everybody = self.departures(last)[0] == self.at_risk(last)[0] > 0
        return bool(everybody) and int(self.entries.index.max()) < self.last_day

    def covers(self, day: int) -> bool:
        """Whether the share still there on `day` can be told."""
        return self.last_day >= day or self.is_gone

    def reaches(self, day: int) -> bool:
        """Whether enough are at risk on `day` to speak of it: ten, and one in twenty."""
        on = min(day, self.last_day) if self.is_gone else day
        return self.covers(day) and self.at_risk_on(on) >= max(FEWEST_AT_RISK, _AT_RISK_SHARE * self.customers)

    def at_risk_on(self, day: int) -> int:
        """Customers who had entered before `day` and were still there when it began."""
        return int(self.at_risk(np.array([float(day)]))[0])

    def at_risk(self, days: Floats) -> Floats:
        """Customers who had entered before each day and were still there when it began."""
        entered, gone = (_before(series, days) for series in (self.entries, self.exits))
        found: Floats = entered - gone
        return found

    def departures(self, days: Floats, cause: str | None = None) -> Floats:
        """How many left on each day, for any cause or one."""
        found = self.left if cause is None else self.left_by.get(cause)
        if found is None:
            return np.zeros(len(days))
        return np.asarray(found.reindex(days.astype("int64"), fill_value=0), dtype=np.float64)


def counted(followed: nw.LazyFrame, by: Sequence[str], *, by_cause: bool = False) -> list[Counts] | str:
    """Count each group's customers by day, by name; or say why there is nobody to count."""
    names = names_of(by)
    columns = followed.collect_schema().names()
    told = cause_of(columns) if by_cause else None
    # A customer with several rows is counted once: where its first stands. A row of counts is many customers.
    many = nw.col(MANY).sum() if is_collapsed(columns) else nw.len()
    first = nw.col("is_first").cast(nw.Int64).sum() if "is_first" in columns else many
    has_left = nw.col("has_left").cast(nw.Int64)
    rows, why = followed.with_columns(kind=has_left), {}
    if told is not None:
        rows, why = rows.with_columns(why=nw.col(told)), {"why": nw.lit("")}
    size = {"rows": many, "customers": first}
    exits = rows.group_by(*names, "day", "kind", *why).agg(**size)
    # Who entered on day 0, mostly everybody, is who left or was censored less those who entered late.
    entries = rows.filter(nw.col("entry_day") != 0).group_by(*names, "entry_day").agg(**size)
    chosen = [*names, "day", "kind", *why, "rows", "customers"]
    late = entries.with_columns(day=nw.col("entry_day"), kind=nw.lit(-1).cast(nw.Int64), **why)
    both = nw.concat([exits.select(chosen), late.select(chosen)])
    found = engine.collect(both, order_by=[*names, "day", "kind", *why])
    # Of the counts, not of the customers: a text made for each of them would take a quarter longer.
    found["why"] = found["why"].fillna(UNKNOWN).where(found["kind"] == 1, "") if why else ""
    if "end_cause" in columns and not (found["kind"] == 1).any():
        return NOBODY_ENDED
    if found.empty:
        return NOBODY
    if not names:
        return [_one((), found)]
    return [_one(group, part) for group, part in found.groupby(names, dropna=False)]


def paired(entries: pd.Series[int], exits: Sequence[tuple[int, Any, int]]) -> pd.DataFrame:
    """Make rows whose numbers by entry and by exit are those given; exits are (day, what, how many), sorted by day.

    Risk sets depend on these numbers only, not on who had which pair: the earliest entries are paired with the
    earliest exits, so that each entry is before its exit.
    """
    ends, begins = np.cumsum([many for *_, many in exits]), entries.cumsum().to_numpy()
    cuts = np.union1d(ends, begins).astype(int)
    chosen = [exits[at] for at in np.searchsorted(ends, cuts)]
    return pd.DataFrame(
        {
            "entry_day": entries.index.to_numpy()[np.searchsorted(begins, cuts)],
            "day": [day for day, *_ in chosen],
            "what": [what for _, what, _ in chosen],
            MANY: np.diff(cuts, prepend=0),
        }
    )


def in_order(series: pd.Series[int]) -> list[tuple[int, int]]:
    """Give a count by day as pairs of day and number."""
    return list(zip(series.index.tolist(), series.tolist(), strict=True))


def is_collapsed(columns: Sequence[str]) -> bool:
    """Whether a table with these columns is one of counts, not of customers."""
    return MANY in columns and "customer_id" not in columns


def refuse_collapsed(followed: nw.LazyFrame) -> None:
    """Refuse a table of counts where the customers themselves are needed. Raises ParameterError."""
    if is_collapsed(followed.collect_schema().names()):
        raise ParameterError(
            "the table is one of counts (churn.collapsed), which do not say who a customer is or what else is known "
            "of it. Give the followed table of which it was made."
        )


def cause_of(columns: Sequence[str]) -> str | None:
    """The column that says why customers left; None where there is none."""
    return next((name for name in ("cause", "end_cause") if name in columns), None)


def names_of(by: Sequence[str]) -> list[str]:
    """Give the columns that `by` names; one name may stand alone."""
    return [by] if isinstance(by, str) else list(by)


def thinned(days: Floats, last: int) -> Floats:
    """The days on which a curve is told: 0, those given up to the last, the last; at most 300, evenly thinned."""
    told = np.union1d([0.0, float(last)], days[days <= last])
    if len(told) > _POINTS:
        told = told[np.linspace(0, len(told) - 1, _POINTS).round().astype(int)]
    return told


def _one(group: tuple[Any, ...], found: pd.DataFrame) -> Counts:
    is_exit, has_left = found["kind"] != -1, found["kind"] == 1
    entries, exits = _by_day(found[~is_exit]), _by_day(found[is_exit])
    if on_time := int(exits.sum() - entries.sum()):
        entries = pd.concat([pd.Series({0: on_time}), entries])
    return Counts(
        group=group,
        customers=int(found.loc[is_exit, "customers"].sum()),
        entries=entries.sort_index(),
        exits=exits,
        left_by={str(why): _by_day(part) for why, part in found[has_left].groupby("why")},
    )


def _by_day(found: pd.DataFrame) -> pd.Series[int]:
    return found.groupby("day")["rows"].sum().astype("int64").sort_index()


def _before(series: pd.Series[int], days: Floats) -> Floats:
    sums = np.concatenate([[0.0], series.to_numpy(float).cumsum()])
    found: Floats = sums[np.searchsorted(series.index.to_numpy(), days, side="left")]
    return found
