"""A plain pandas frame as a followed table, so that anyone can check these measures on published data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylib import engine
from journeylib.errors import ParameterError, shown

__all__ = ["MOST_ROWS", "UNITS", "from_frame"]

UNITS = {"hours": 1 / 24, "days": 1.0, "weeks": 7.0, "months": 365.25 / 12, "years": 365.25}
MOST_ROWS = 20_000_000
_WHOLE = 1e-9
_OWN = ("customer_id", "entry_day", "day", "has_left", "cause", "zero_us", "is_first")
_Floats = NDArray[np.float64]


def from_frame(
    frame: pd.DataFrame,
    *,
    duration: str,
    event: str,
    by: str | Sequence[str] = (),
    entry: str | None = None,
    weight: str | None = None,
    cluster: str | None = None,
    cause: str | None = None,
    unit: str | None = None,
    spark: Any = None,
) -> nw.LazyFrame:
    """Make a followed table of a frame whose columns are named here; every measure of churn takes it.

    `duration` counts from 1 in whole days (or months, or whatever a "day" then means), `event` is 1
    or True where the customer left at its end, `entry` the day after which a customer is at risk,
    `cause` why it left. `by` names the columns to keep: groups, strata, covariates; a text that is missing
    is "unknown". Fractions are refused unless their `unit` is named: "hours", "weeks", "months" or "years" are
    made days, rounded up.

    `weight` is replication: a row of weight 3 is three equal customers, and the answer is that of three
    rows; sampling weights are refused. `cluster` names the customer where it has several rows, one after the
    other or at once: `n` then counts customers, and intervals allow for it (`is_first` marks each one's first row).

    >>> table = from_frame(pd.DataFrame({"months": [3, 5, 5], "left": [1, 0, 1], "plan": ["a", "b", "b"]}),
    ...                    duration="months", event="left", by="plan")
    >>> engine.collect(table, order_by=["customer_id"])[["customer_id", "entry_day", "day", "has_left", "plan"]]
      customer_id  entry_day  day  has_left plan
    0           1          0    3      True    a
    1           2          0    5     False    b
    2           3          0    5      True    b
    """
    names = [by] if isinstance(by, str) else list(by)
    _known(frame, [duration, event, *names, *(one for one in (entry, weight, cluster, cause) if one is not None)])
    if taken := [name for name in names if name in _OWN]:
        raise ParameterError(
            f"by = {', '.join(taken)}: the followed table has a column of that name itself. Rename it in the frame."
        )
    if unit is not None and unit not in UNITS:
        raise ParameterError(f'unit = "{unit}" is not known. Write one of {", ".join(UNITS)}.')
    day = _days(frame, duration, unit)
    entry_day = _days(frame, entry, unit) if entry is not None else np.zeros(len(frame), dtype=np.int64)
    _ordered(frame, duration, day, entry, entry_day)
    has_left = _flags(frame, event)
    made = pd.DataFrame({"entry_day": entry_day, "day": day, "has_left": has_left, "zero_us": np.int64(0)})
    if cause is not None:
        told = frame[cause].astype("string").fillna("unknown").reset_index(drop=True)
        made["cause"] = told.where(pd.Series(has_left))
    for name in names:
        made[name] = _kept(frame[name].reset_index(drop=True))
    number = pd.Series(np.arange(1, len(frame) + 1)).astype("string")
    made.insert(0, "customer_id", number if cluster is None else _text(frame, cluster))
    if weight is not None:
        made = _replicated(made, _weights(frame, weight), weight, cluster)
    if made["customer_id"].duplicated().any():
        made = made.sort_values(["customer_id", "entry_day", "day"], kind="stable", ignore_index=True)
        made["is_first"] = ~made["customer_id"].duplicated()
    return engine.from_frame(made, spark=spark)


def _known(frame: pd.DataFrame, names: Sequence[str]) -> None:
    """Every name is a column, once; there are rows."""
    missing = [name for name in names if name not in frame.columns]
    if missing:
        has = ", ".join(shown(str(name)) for name in frame.columns)
        raise ParameterError(f"the frame lacks {', '.join(missing)}; it has {has}. Name columns that it has.")
    if twice := sorted({str(name) for name in frame.columns[frame.columns.duplicated()] if name in names}):
        raise ParameterError(f"the frame has several columns called {', '.join(twice)}. Rename all but one.")
    if frame.empty:
        raise ParameterError("the frame has no rows. Give a row for each customer.")


def _numbers(frame: pd.DataFrame, name: str) -> _Floats:
    """A column as numbers, all of them there."""
    values = pd.to_numeric(frame[name], errors="coerce").to_numpy(float, na_value=np.nan)
    bad = ~np.isfinite(values)
    if bad.any():
        raise ParameterError(
            f"{name} is no number in {_rows(bad)}, first {_first(frame, name, bad)}. "
            "Leave those rows out, or say until when each customer was followed."
        )
    return values


def _days(frame: pd.DataFrame, name: str, unit: str | None) -> NDArray[np.int64]:
    """Times as whole days."""
    values = _numbers(frame, name)
    if (values < 0).any():
        raise ParameterError(
            f"{name} is below 0 in {_rows(values < 0)}, first {_first(frame, name, values < 0)}. "
            "Times count from the start of following."
        )
    if unit is not None:
        values = np.ceil(values * UNITS[unit] - _WHOLE)
    rough = np.abs(values - np.round(values)) > _WHOLE
    if rough.any():
        raise ParameterError(
            f"{name} has fractions in {_rows(rough)}, first {_first(frame, name, rough)}. "
            f'Round up to whole days, or name their unit: unit="months" (or {", ".join(UNITS)}).'
        )
    return np.round(values).astype(np.int64)


def _ordered(
    frame: pd.DataFrame, duration: str, day: NDArray[np.int64], entry: str | None, entry_day: NDArray[np.int64]
) -> None:
    """Everybody is followed for a day at least."""
    if (day < 1).any():
        raise ParameterError(
            f"{duration} is 0 in {_rows(day < 1)}. Days count from 1: who leaves on the first day has 1. "
            "Leave those rows out, or add 1 to all."
        )
    late = entry_day >= day
    if late.any():
        at = int(np.flatnonzero(late)[0])
        raise ParameterError(
            f"{entry} is not before {duration} in {_rows(late)}, first {frame[entry].iloc[at]} and "
            f"{frame[duration].iloc[at]}. A customer is at risk after its entry up to its duration; leave out those "
            "never at risk, or count in a finer unit."
        )


def _flags(frame: pd.DataFrame, name: str) -> NDArray[np.bool_]:
    """Whether the customer left, as told by 1 and 0, or True and False."""
    values = pd.to_numeric(frame[name], errors="coerce").to_numpy(float, na_value=np.nan)
    bad = ~np.isin(values, (0.0, 1.0))
    if bad.any():
        raise ParameterError(
            f"{name} is neither 1 nor 0 in {_rows(bad)}, first {_first(frame, name, bad)}. Write 1 where the customer "
            "left at the end of the time, 0 where it was still there; why it left stands in a column named as cause."
        )
    flags: NDArray[np.bool_] = values == 1
    return flags


def _weights(frame: pd.DataFrame, name: str) -> NDArray[np.int64]:
    """How many equal customers a row stands for."""
    values = _numbers(frame, name)
    bad = (values < 0) | (np.abs(values - np.round(values)) > _WHOLE)
    if bad.any():
        raise ParameterError(
            f"{name} is no whole number from 0 in {_rows(bad)}, first {_first(frame, name, bad)}. A weight is how many "
            "equal customers a row stands for; sampling weights are not understood."
        )
    many = np.round(values)
    if not 0 < many.sum() <= MOST_ROWS:
        raise ParameterError(f"{name} adds up to {many.sum():,.0f} customers; there may be 1 to {MOST_ROWS:,}.")
    return many.astype(np.int64)


def _replicated(made: pd.DataFrame, many: NDArray[np.int64], weight: str, cluster: str | None) -> pd.DataFrame:
    """Each row as often as its weight says, every copy a customer of its own (a cluster's rows are copied together)."""
    if cluster is not None and pd.Series(many).groupby(made["customer_id"].to_numpy()).nunique().max() > 1:
        raise ParameterError(
            f"{weight} differs between rows of the same {cluster}. A weight repeats the whole customer: give all its "
            "rows the same."
        )
    at = np.repeat(np.arange(len(made)), many)
    copy = np.arange(len(at)) - np.repeat(np.cumsum(many) - many, many)
    repeated = made.iloc[at].reset_index(drop=True)
    if (many > 1).any():
        repeated["customer_id"] = repeated["customer_id"] + "." + pd.Series(copy + 1).astype("string")
    return repeated


def _text(frame: pd.DataFrame, name: str) -> pd.Series[str]:
    """The customers' names, all of them there."""
    bad = frame[name].isna().to_numpy()
    if bad.any():
        raise ParameterError(f"{name} is missing in {_rows(bad)}. Say whose each row is.")
    return frame[name].reset_index(drop=True).astype("string")


def _kept(values: pd.Series[Any]) -> pd.Series[Any]:
    """A column to keep: numbers as they are, all else as text."""
    if pd.api.types.is_numeric_dtype(values):
        return values
    return values.astype("string").fillna("unknown")


def _rows(bad: NDArray[np.bool_]) -> str:
    many = int(bad.sum())
    return "1 row" if many == 1 else f"{many:,} rows"


def _first(frame: pd.DataFrame, name: str, bad: NDArray[np.bool_]) -> str:
    return shown(str(frame[name].iloc[int(np.flatnonzero(bad)[0])]))
