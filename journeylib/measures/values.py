"""What is a measure worth in each group, and in each period: any unit table, told by columns of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine, schema
from journeylib.days import DAY_US, day_of
from journeylib.errors import ParameterError
from journeylib.estimates import Estimate, Sums, cluster_sums, mean, rate, share
from journeylib.trace import measured

__all__ = ["by_period", "values"]

_OF: Mapping[str, Callable[[Sums], Estimate]] = {"share": share, "mean": mean, "rate": rate}


@measured
def values(units: nw.LazyFrame, by: Sequence[str] = (), *, of: str = "share", scale: float = 1) -> pd.DataFrame:
    """Measure Σx/Σm of `units` in each group of the text columns `by`: one row a group, clustered by customer.

    `of` says what it is: "share" (x is 0 or 1), "mean" or "rate"; so many of x as `scale` says make one
    of the measure's unit. `n` is the group's customers, `entries` its units. Missing is "unknown".

    >>> units = engine.from_frame(pd.DataFrame({"customer_id": ["a", "b"], "plan": ["x", None], "m": 1, "x": [1, 0]}))
    >>> values(units, ["plan"])[["plan", "n", "estimate", "entries"]].to_numpy().tolist()
    [['unknown', 1, 0.0, 1], ['x', 1, 1.0, 1]]
    """
    found = engine.collect(_sums(units, by), order_by=by)
    if not len(found) or not found["customers"].sum():
        return schema.not_applicable("nothing was to be counted in the period", by, ["entries"])
    rows = []
    for row in found.to_dict("records"):
        made = _estimate(Sums.of(row), of, scale)
        rows.append({**{name: row[name] for name in by}, **made.row(entries=int(row["m"]))})
    return schema.result(rows, by, ["entries"])


@measured
def by_period(
    units: nw.LazyFrame,
    by: Sequence[str] = (),
    *,
    start_us: int,
    ends_us: int,
    every_days: int = 28,
    of: str = "share",
    scale: float = 1,
) -> pd.DataFrame:
    """Measure Σx/Σm of `units` in each group and period of `every_days` days, by the day of their `zero_us`.

    Rows: by…, period_on (its first day), the answer, entries. Only whole periods: one that the data or the
    units' own window cut short, the last, is left out; one in which a group has nothing has n = 0 and no
    estimate. 28 days have each weekday equally often.
    """
    if every_days < 1:
        raise ParameterError(f"every_days = {every_days} is no period. Give a whole number of days, 1 or more.")
    length = every_days * DAY_US
    inside = units.filter(nw.col("zero_us") >= start_us, nw.col("zero_us") < ends_us)
    since = nw.col("zero_us") - start_us
    placed = inside.with_columns(period=((since - since % length) / length).cast(nw.Int64))
    found = engine.collect(_sums(placed, [*by, "period"]), order_by=[*by, "period"])
    last = engine.collect(inside.select(last=nw.col("zero_us").max()))["last"].fillna(start_us - 1).iloc[0]
    whole = (min(int(last) + DAY_US, ends_us) - start_us) // length
    if whole < 1:
        return schema.not_applicable(f"no whole period of {every_days} days", [*by, "period_on"], ["entries"])
    known = {tuple(row[name] for name in [*by, "period"]): Sums.of(row) for row in found.to_dict("records")}
    rows = []
    for group in dict.fromkeys(key[:-1] for key in known):
        for period in range(whole):
            sums = known.get((*group, period), Sums.of({"customers": 0}))
            where = {**dict(zip(by, group, strict=True)), "period_on": day_of(start_us + period * length)}
            rows.append({**where, **_estimate(sums, of, scale).row(entries=int(sums.m))})
    return schema.result(rows, [*by, "period_on"], ["entries"])


def _sums(units: nw.LazyFrame, by: Sequence[str]) -> nw.LazyFrame:
    named = {name: nw.col(name).cast(nw.String).fill_null("unknown") for name in by if name != "period"}
    return cluster_sums(units.with_columns(m=nw.col("m"), **named), by, x=nw.col("x"), m=nw.col("m"))


def _estimate(sums: Sums, of: str, scale: float) -> Estimate:
    if of not in _OF:
        raise ParameterError(f'of = "{of}" is not understood. Write {", ".join(_OF)}.')
    one = Sums(sums.customers, sums.m, sums.x / scale, sums.mm, sums.xm / scale, sums.xx / scale**2)
    return _OF[of](one)
