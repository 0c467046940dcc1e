"""What is staying worth? The days that customers stay, times what they bring in a day."""

from __future__ import annotations

import math
from collections.abc import Sequence

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from journeylib import engine, schema
from journeylib.days import DAY_US
from journeylib.errors import ParameterError
from journeylib.estimates import Z
from journeylib.journeys import amounts
from journeylib.measures.churn.counts import names_of
from journeylib.measures.churn.histories import Histories, has_several
from journeylib.measures.churn.kaplan_meier import Curve, curves
from journeylib.measures.churn.regression import steady
from journeylib.trace import measured

__all__ = ["worth"]

_EXTRA = ["customers", "stay_days", "per_day", "left"]
_PAYERS = 10  # below whom the spending of a few would stand for all


@measured
def worth(
    followed: nw.LazyFrame,
    events: nw.LazyFrame,
    by: Sequence[str] = (),
    *,
    horizon_days: int,
    currency: str | None = None,
) -> pd.DataFrame:
    """Measure what a customer brings within the horizon, in minor units of one currency: a row a group.

    The days that a customer stays of the first `horizon_days` (`stay_days`, the restricted mean of Kaplan–Meier) times
    the revenue of a customer's day (`per_day`: all revenue over all days of the followed customers, within the
    horizon and while they are followed). Customers who pay nothing count. It is what is expected of a new
    customer if a day brings as much early as late; nothing is discounted, and nothing that serving costs is taken off.

    The interval is that of the logarithm, by influence functions: who stays longer may spend more or less a day, and
    their covariance is in it. `customers` are those who paid. Not enough where `rmst` is not, or
    fewer than ten paid. Not applicable where no event has revenue; several currencies are never added up, so one must
    be chosen (ParameterError).
    """
    names = [*names_of(by), "currency"]
    if has_several(followed):
        raise ParameterError("some customers have several rows. What staying is worth needs one row a customer.")
    if not amounts.currencies(events, "revenue"):
        return schema.not_applicable("no event carries revenue", names, _EXTRA)
    chosen = amounts.the_currency(events, "revenue", currency)
    found = curves(followed, by)
    if isinstance(found, str):
        return schema.not_applicable(found, names, _EXTRA)
    spent = amounts.amounts(events).filter((nw.col("currency") == chosen) & ~nw.col("revenue_minor").is_null())
    cells = _cells(followed, spent, names[:-1], horizon_days)
    parts = [part for _, part in cells.groupby(names[:-1], dropna=False)] if len(names) > 1 else [cells]
    rows = []
    for one, part in zip(found, parts, strict=True):
        is_enough = one.is_enough and one.counts.reaches(horizon_days)
        stay, rate, variance = _product(one, part, horizon_days)
        value, reach = stay * rate, Z * math.sqrt(variance)
        low, high = (value * math.exp(end) if reach < 700 else math.nan for end in (-reach, reach))
        paid = int(part["paid"].sum())
        told, is_told = (value, low, high), is_enough and not math.isnan(low) and paid >= _PAYERS
        rows.append([*one.group, chosen, one.customers, *map(steady, told), is_told, paid, steady(stay), steady(rate)])
        rows[-1].append(int(one.left[one.days <= horizon_days].sum()))
    return pd.DataFrame(rows, columns=[*names, *schema.RESULT, *_EXTRA])


def _product(one: Curve, cells: pd.DataFrame, horizon: int) -> tuple[float, float, float]:
    """The days, the revenue of a day, and the variance of the logarithm of their product; NaN where there is none."""
    n, m, x, xx = (cells[name].to_numpy(float) for name in ("n", "m", "x", "xx"))
    days = float(n @ m)
    rate = x.sum() / days if days else math.nan
    if not one.counts.covers(horizon):
        return math.nan, rate, math.nan
    stay = one.mean(horizon)[0]
    if not rate > 0:
        return stay, rate, math.nan
    longer = _influence(one, cells, horizon) / stay  # of one customer on log(stay)
    above = (x - rate * n * m) / (rate * days)  # of all of a cell on log(rate)
    squares = (xx - 2 * rate * m * x + n * (rate * m) ** 2) / (rate * days) ** 2
    return stay, rate, max(0.0, float((n * longer**2 + 2 * longer * above + squares).sum()))


def _influence(one: Curve, cells: pd.DataFrame, horizon: int) -> np.ndarray:
    """What a customer of each cell moves the restricted mean by; the variance of `rmst` is the sum of its squares."""
    inside = one.days <= horizon
    days, left, at_risk = one.days[inside], one.left[inside], one.at_risk[inside]
    heights = np.concatenate([[1.0], one.survival[inside]])
    areas = heights * np.diff(np.concatenate([[0.0], days, [float(horizon)]]))
    beyond = areas[::-1].cumsum()[::-1][1:]
    gain = np.divide(beyond, at_risk - left, out=np.zeros(len(days)), where=at_risk > left)
    entry, day, n = (cells[name].to_numpy(float) for name in ("entry_day", "day", "n"))
    rows = Histories(np.arange(len(cells)), entry, day, cells["has_left"].to_numpy() == 1, np.empty(len(cells)), n)
    return -rows.influence(days, gain, gain * left / at_risk) if len(days) else np.zeros(len(cells))


def _cells(followed: nw.LazyFrame, spent: nw.LazyFrame, names: Sequence[str], horizon: int) -> pd.DataFrame:
    """The customers by group, entry, day and has_left: how many, their days within the horizon (m), what they spent."""
    last = nw.when(nw.col("day") < horizon).then(nw.col("day")).otherwise(nw.lit(horizon))
    rows = followed.with_columns(
        has_left=nw.col("has_left").cast(nw.Int64),
        m=nw.when(nw.col("entry_day") < horizon).then(last - nw.col("entry_day")).otherwise(nw.lit(0)).cast(nw.Int64),
    )
    paid = spent.select("customer_id", "occurred_us", "revenue_minor")
    joined = rows.select("customer_id", "zero_us", "m").join(paid, on="customer_id", how="inner")
    at = nw.col("occurred_us") - nw.col("zero_us")
    sums = joined.filter((at >= 0) & (at < nw.col("m") * DAY_US)).group_by("customer_id")
    each = rows.join(sums.agg(x=nw.col("revenue_minor").sum()), on="customer_id", how="left")
    each = each.with_columns(x=nw.col("x").fill_null(0).cast(nw.Float64))
    keys = [*names, "entry_day", "day", "has_left", "m"]
    squared = each.with_columns(xx=nw.col("x") * nw.col("x"))
    found = squared.group_by(*keys).agg(
        n=nw.len(),
        x=nw.col("x").sum(),
        xx=nw.col("xx").sum(),
        paid=nw.when(nw.col("x") > 0).then(nw.lit(1)).otherwise(nw.lit(0)).sum(),
    )
    return engine.collect(found, order_by=keys)
