"""What does a customer bring in, what does serving one cost, and how unequal are customers in it?

Amounts are whole minor units (cents), `journeys.amounts` says in which currency. Currencies are never added up: an
answer has a row for each, and a comparison is of one.

Everybody in `base` counts, those without any amount as 0: who has none has brought none. An amount
below 0 is a refund and is subtracted. `base` is a table with `customer_id` and the columns of `by`: the
customers, or those with a journey in the period; a customer in two groups counts in both, with all that
the customer brought. Customers are not weighed by how long they have been there: one who came
late in the period had less time to spend.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine, schema
from journeylib.errors import ParameterError
from journeylib.estimates import ENOUGH, Sums, Z, mean
from journeylib.journeys import amounts
from journeylib.trace import measured

__all__ = ["cost", "cost_units", "margin", "revenue", "revenue_units", "spread"]

_EXTRA = ["median", "top_share"]
_QUANTILES = [10, 25, 50, 75, 90]
_FEWEST = 6  # customers without whom no order statistics are a 95 % interval of a median


@measured
def revenue(base: nw.LazyFrame, events: nw.LazyFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Measure the mean revenue of a customer of `base` in `events`, in minor units: a row a group and currency.

    Each currency's mean is over all customers of the group, also those who paid in another. Interval:
    `estimates.mean`. `median` is the order statistic of rank ⌈n/2⌉, zeros included; `top_share` is what
    the customers with most (one in a hundred, rounded up) have of all that is above 0. Not
    applicable where no event of these customers has `revenue_minor`.

    >>> base = engine.from_frame(pd.DataFrame({"customer_id": ["ann", "bob", "cem"]}))
    >>> paid = pd.DataFrame({"customer_id": ["ann", "ann", "bob"], "revenue_minor": [500, 400, 300], "cost_minor": 0})
    >>> revenue(base, engine.from_frame(paid.assign(currency="EUR")))[["currency", "n", "estimate", "median"]]
      currency  n  estimate  median
    0      EUR  3     400.0     300
    """
    return _means(base, events, by, {"revenue": 1})


@measured
def cost(base: nw.LazyFrame, events: nw.LazyFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Measure the mean cost to serve a customer of `base`, in minor units: a row a group and currency, as `revenue`.

    Only what events carry as `cost_minor` counts: a contact without it is as if it were free. Not
    applicable where none does.
    """
    return _means(base, events, by, {"cost": 1})


@measured
def margin(base: nw.LazyFrame, events: nw.LazyFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Measure the mean of revenue less cost to serve of a customer, in minor units: columns as `revenue`.

    Only in currencies in which these customers have both, and without what they have in others. Of
    margins below 0 `top_share` takes no notice.
    """
    return _means(base, events, by, {"revenue": 1, "cost": -1})


@measured
def spread(base: nw.LazyFrame, events: nw.LazyFrame, by: Sequence[str] = (), *, of: str = "revenue") -> pd.DataFrame:
    """Measure how customers differ in `of` ("revenue" or "cost"): a row a group and currency, in minor units.

    `estimate` is the median; q10, q25, q75 and q90 are the values that one customer in ten, … does
    not exceed: order statistics of rank ⌈q·n⌉ over all customers, zeros included. The median's interval
    takes the order statistics ½ ± z/(2√n); with fewer than six customers none reaches 95 %, and it
    is missing.
    """
    if of not in amounts.COLUMNS:
        raise ParameterError(f'of = "{of}" is not understood. Write {" or ".join(amounts.COLUMNS)}.')
    place = [*by, "currency"]
    ranked = _ranked(_each(base, events, by, {of: 1}), place)
    customers, reach = nw.col("customers"), Z / 2 / nw.col("customers") ** 0.5
    first, last = (customers * (0.5 - reach)).floor(), (customers * (0.5 + reach)).ceil() + 1
    wanted = {
        **{f"q{q}": (customers * q / 100).ceil() for q in _QUANTILES},
        "low": nw.when(first < 1).then(nw.lit(1.0)).otherwise(first),
        "high": nw.when(last > customers).then(customers.cast(nw.Float64)).otherwise(last),
    }
    at = {name: nw.when(nw.col("rank") == rank).then(nw.col("x")) for name, rank in wanted.items()}
    picked = ranked.with_columns(**at).group_by(*place)
    found = engine.collect(
        picked.agg(nw.col("customers").max(), *(nw.col(name).max() for name in wanted)), order_by=place
    )
    extra = ["q10", "q25", "q75", "q90"]
    if found.empty:
        return schema.not_applicable(f"no event of these customers carries {of}", place, extra)
    rows = []
    for row in found.to_dict("records"):
        n = int(row["customers"])
        values = {name: float(row[name]) for name in wanted}
        ends = {} if n >= _FEWEST else {"low": math.nan, "high": math.nan}
        where = {name: row[name] for name in place}
        rows.append({**where, **values, **ends, "n": n, "estimate": values["q50"], "is_enough": n >= ENOUGH})
    return schema.result(rows, place, extra)


def revenue_units(base: nw.LazyFrame, events: nw.LazyFrame, *, currency: str | None = None) -> nw.LazyFrame:
    """Make the unit table of revenue, lazily: the rows and columns of `base`, with m = 1 and x.

    `base` has one row a customer, with `zero_us`; x sums the minor units of what occurred from then
    on, exactly then included, 0 where nothing did. Which currencies there are is asked first: several are
    refused unless one is chosen.

    Raises ParameterError where events carry no revenue, or several currencies of it and none is chosen.
    """
    return _units(base, events, "revenue", currency)


def cost_units(base: nw.LazyFrame, events: nw.LazyFrame, *, currency: str | None = None) -> nw.LazyFrame:
    """Make the unit table of the cost to serve, lazily, as `revenue_units`."""
    return _units(base, events, "cost", currency)


def _each(base: nw.LazyFrame, events: nw.LazyFrame, by: Sequence[str], signs: Mapping[str, int]) -> nw.LazyFrame:
    """A row for each customer of a group and each currency in which there are all amounts of `signs`: their sum x."""
    people = base.group_by(*by, "customer_id").agg(rows=nw.len()).drop("rows")
    ids = people.group_by("customer_id").agg(groups=nw.len()).drop("groups")
    each = [nw.col(amounts.COLUMNS[name]) for name in signs]
    own = amounts.amounts(events).join(ids, on="customer_id", how="inner")
    seen = own.group_by("currency").agg(**{name: nw.col(amounts.COLUMNS[name]).count() for name in signs})
    for name in signs:
        seen = seen.filter(nw.col(name) > 0)
    signed = [amount.fill_null(0) * sign for amount, sign in zip(each, signs.values(), strict=True)]
    sums = own.with_columns(x=nw.sum_horizontal(*signed)).group_by("customer_id", "currency").agg(x=nw.col("x").sum())
    dense = people.join(seen.select("currency"), how="cross")
    joined = dense.join(sums, on=["customer_id", "currency"], how="left")
    return joined.with_columns(x=nw.col("x").fill_null(0).cast(nw.Int64))


def _ranked(each: nw.LazyFrame, place: Sequence[str]) -> nw.LazyFrame:
    """Number the customers of a place by their sum, from the least: `rank`, and how many there are."""
    rank = nw.col("customer_id").cum_count().over(*place, order_by=["x", "customer_id"])
    return each.with_columns(rank=rank, customers=nw.len().over(*place))


def _means(base: nw.LazyFrame, events: nw.LazyFrame, by: Sequence[str], signs: Mapping[str, int]) -> pd.DataFrame:
    place = [*by, "currency"]
    rank, customers, x = nw.col("rank"), nw.col("customers"), nw.col("x")
    above = nw.when(x > 0).then(x).otherwise(nw.lit(0))
    is_top = rank > customers - (customers / 100).ceil()
    marked = _ranked(_each(base, events, by, signs), place).with_columns(
        xx=x.cast(nw.Float64) * x.cast(nw.Float64),  # beyond 2⁶³ for large amounts
        above=above,
        top=nw.when(is_top).then(above).otherwise(nw.lit(0)),
        median=nw.when(rank == (customers / 2).ceil()).then(x),
    )
    sums = {name: nw.col(name).sum() for name in ("x", "xx", "above", "top")}
    found = engine.collect(
        marked.group_by(*place).agg(customers=nw.len(), median=nw.col("median").max(), **sums), order_by=place
    )
    if found.empty:
        both = " and ".join(signs)
        said = f"no event of these customers carries {both}" if len(signs) == 1 else f"no currency has {both}"
        return schema.not_applicable(said, place, _EXTRA)
    rows: list[dict[str, Any]] = []
    for row in found.to_dict("records"):
        n, x_sum = int(row["customers"]), float(row["x"])
        made = mean(Sums(n, n, x_sum, n, x_sum, float(row["xx"])))
        top_share = row["top"] / row["above"] if row["above"] else math.nan
        where = {name: row[name] for name in place}
        rows.append(made.row(**where, median=int(row["median"]), top_share=top_share))
    return schema.result(rows, place, _EXTRA)


def _units(base: nw.LazyFrame, events: nw.LazyFrame, of: str, currency: str | None) -> nw.LazyFrame:
    amount = nw.col(amounts.COLUMNS[of])
    money = amounts.amounts(events).filter(~amount.is_null())
    chosen = money.filter(nw.col("currency") == amounts.the_currency(events, of, currency))
    keys = ["customer_id", "zero_us"]
    zeros = base.group_by(*keys).agg(rows=nw.len()).drop("rows")
    after = chosen.select("customer_id", "occurred_us", x=amount).join(zeros, on="customer_id", how="inner")
    sums = after.filter(nw.col("occurred_us") >= nw.col("zero_us")).group_by(*keys).agg(x=nw.col("x").sum())
    joined = base.join(sums, on=keys, how="left")
    return joined.with_columns(m=nw.lit(1).cast(nw.Int64), x=nw.col("x").fill_null(0).cast(nw.Int64))
