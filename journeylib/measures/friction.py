"""Where does a journey rub: touchpoints done again, waits before them, and where customers leave.

Shares are of journeys and clustered by customer. A step without a touchpoint is never "the
same again", but it is something else that lies between.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine, schema
from journeylib.estimates import ENOUGH, Sums, Z, cluster_sums, share
from journeylib.trace import measured

__all__ = ["KINDS", "leaving", "loops", "repeated", "repeated_units", "waits"]

KINDS = ["self-loop", "repetition", "redo"]
_UNKNOWN = "unknown"
_JOURNEY = ["customer_id", "started_us"]
_PLACE = [*_JOURNEY, "touchpoint"]
_HOUR_US = 3_600_000_000
_FEWEST = 6  # customers without whom no order statistics are a 95 % interval of a median


@measured
def loops(steps: nw.LazyFrame, events: nw.LazyFrame | None = None, *, most: int = 12) -> pd.DataFrame:
    """Measure how often a touchpoint is done again: one row a touchpoint and kind, those done again most first.

    Of the journeys that touch it (`entries`), the share with a *self-loop*, again at once, and with a *repetition*,
    again after something else; a journey may have both. With `events` also a *redo*, again by
    another `resource`: two known ones in a journey; its share is of the journeys where one is known, and a
    touchpoint where none ever is has no such row. `journeys` and `customers` are those that
    do it again, `n` all who touch it. Only the `most` touchpoints that most journeys do again
    are told, ties by name.

    >>> made = pd.DataFrame({"touchpoint": ["help", "help", "call", "help"], "step": [1, 2, 3, 4]})
    >>> made = made.assign(customer_id="ann", started_us=0, occurred_us=made["step"], event_id=list("1234"))
    >>> found = loops(engine.from_frame(made.assign(previous_touchpoint=made["touchpoint"].shift(1))))
    >>> found[["touchpoint", "kind", "entries", "journeys"]]
      touchpoint        kind  entries  journeys
    0       help   self-loop        1         1
    1       help  repetition        1         1
    """
    where, extra = ["touchpoint", "kind"], ["entries", "journeys", "customers"]
    marked = _marked(steps)
    kinds = {
        "self-loop": marked.select(*_PLACE, x=nw.col("is_loop")),
        "repetition": marked.select(*_PLACE, x=nw.col("is_repetition")),
    }
    if events is not None:
        known = events.filter(~nw.col("resource").is_null()).select("customer_id", "event_id", "resource")
        done = steps.filter(~nw.col("touchpoint").is_null()).join(known, on=["customer_id", "event_id"], how="inner")
        those = done.group_by(*_PLACE).agg(resources=nw.col("resource").n_unique())
        kinds["redo"] = those.select(*_PLACE, x=(nw.col("resources") > 1).cast(nw.Int64))
    long = nw.concat([table.select(*_PLACE, "x", kind=nw.lit(kind)) for kind, table in kinds.items()])

    again = marked.filter(nw.col("is_again") == 1).group_by("touchpoint").agg(size=nw.len())
    sizes = again.with_columns(smaller=-nw.col("size"), one=nw.lit(1))
    place = nw.col("touchpoint").cum_count().over("one", order_by=["smaller", "touchpoint"])
    kept = sizes.with_columns(place=place).filter(nw.col("place") <= most).select("touchpoint", "place")
    each = long.group_by(*where, "customer_id").agg(x=nw.col("x").sum(), m=nw.len())
    counted = each.group_by(*where).agg(**_sums(), marked=(nw.col("x") > 0).cast(nw.Int64).sum())
    found = engine.collect(counted.join(kept, on="touchpoint", how="inner"))
    if found.empty:
        return schema.not_applicable("no journey does a touchpoint again", where, extra)
    found = found.assign(order=found["kind"].map(KINDS.index)).sort_values(["place", "order"])
    rows = []
    for row in found.to_dict("records"):
        counts = {"entries": int(row["m"]), "journeys": int(row["x"]), "customers": int(row["marked"])}
        rows.append(share(Sums.of(row)).row(touchpoint=row["touchpoint"], kind=row["kind"], **counts))
    return schema.result(rows, where, extra)


@measured
def repeated(steps: nw.LazyFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Measure the share of journeys in which some touchpoint is done again, at once or later: one row a group.

    A group is what `by` says at the journey's first step; missing is "unknown". `n` is the
    group's customers, `journeys` its journeys.
    """
    groups = engine.collect(cluster_sums(repeated_units(steps, by), by, x=nw.col("x")), order_by=by)
    if not groups["customers"].sum():
        return schema.not_applicable("no journey started in the period", by, ["journeys"])
    rows = [
        share(Sums.of(group)).row(**{name: group[name] for name in by}, journeys=int(group["m"]))
        for group in groups.to_dict("records")
    ]
    return schema.result(rows, by, ["journeys"])


def repeated_units(steps: nw.LazyFrame, by: Sequence[str] = ()) -> nw.LazyFrame:
    """Make the units of `repeated`, lazily: a row a journey, `zero_us` its start, `m` = 1, `x` = 1 if it repeats."""
    again = _marked(steps).group_by(*_JOURNEY).agg(is_again=nw.col("is_again").max())
    journeys = steps.filter(nw.col("step") == 1).select(*_JOURNEY, zero_us=nw.col("started_us"), **_texts(by))
    joined = journeys.join(again, on=_JOURNEY, how="left")
    x = nw.col("is_again").fill_null(0).cast(nw.Int64)
    return joined.with_columns(m=nw.lit(1).cast(nw.Int64), x=x).drop("is_again")


@measured
def leaving(steps: nw.LazyFrame, labelled: nw.LazyFrame) -> pd.DataFrame:
    """Measure where customers leave: one row a touchpoint, most left first.

    Of the mature journeys that touch it (`entries`), the share that are lost and end there
    (`left`, by `customers`); each lost journey leaves at one touchpoint, that of its last step. Journeys
    without their whole window are not in the share. `open` are the open ones whose last step so far it is:
    they have not left. A missing touchpoint is "unknown". `n` is the customers of `entries`.
    """
    extra = ["entries", "left", "open", "customers"]
    is_last = (nw.col("step") == nw.col("step").max().over(*_JOURNEY)).cast(nw.Int64)
    placed = steps.with_columns(is_last=is_last, touchpoint=nw.col("touchpoint").fill_null(_UNKNOWN))
    touched = placed.group_by(*_PLACE).agg(is_last=nw.col("is_last").max())
    joined = touched.join(labelled.select(*_JOURNEY, "outcome", "is_mature"), on=_JOURNEY, how="inner")
    outcome, m = nw.col("outcome"), nw.col("is_mature").cast(nw.Int64)
    ends = {"x": m * (outcome == "lost").cast(nw.Int64), "open": (outcome == "open").cast(nw.Int64)}
    marked = joined.with_columns(m=m, **{name: of * nw.col("is_last") for name, of in ends.items()})
    each = marked.group_by("touchpoint", "customer_id").agg(nw.col("m", "x", "open").sum())
    those = {name: (nw.col(of) > 0).cast(nw.Int64).sum() for name, of in (("customers", "m"), ("marked", "x"))}
    found = engine.collect(each.group_by("touchpoint").agg(**{**_sums(), **those}, open=nw.col("open").sum()))
    if found.empty:
        return schema.not_applicable("no journey started in the period", ["touchpoint"], extra)
    found = found.sort_values(["x", "m", "touchpoint"], ascending=[False, False, True])
    rows = []
    for row in found.to_dict("records"):
        counts = {"entries": int(row["m"]), "left": int(row["x"]), "open": int(row["open"])}
        where = {"touchpoint": row["touchpoint"], "customers": int(row["marked"])}
        rows.append(share(Sums.of(row)).row(**where, **counts))
    return schema.result(rows, ["touchpoint"], extra)


@measured
def waits(steps: nw.LazyFrame, by: Sequence[str] = (), *, most: int = 12) -> pd.DataFrame:
    """Measure the wait before a touchpoint, since the step before, in hours: one row a group and touchpoint.

    `estimate` is the median, `q90` what nine of ten waits do not exceed: order statistics of all
    waits, the ⌈N/2⌉-th and ⌈9N/10⌉-th. The interval takes the order statistics ½ ± z/(2√k), with k = (Σm)²/Σm²
    customers of m waits each, as if the waits of a customer were all alike; below six
    customers there is none. The `most` touchpoints with most waits are told, ties by name, the longest median first;
    a missing one is "unknown". A group is what `by` says at the step; `entries` counts its waits.
    """
    place, extra = [*by, "touchpoint"], ["q90", "entries"]
    named = steps.filter(nw.col("step") > 1).with_columns(**_texts([*by, "touchpoint"]))
    sizes = named.group_by("touchpoint").agg(size=nw.len()).with_columns(smaller=-nw.col("size"), one=nw.lit(1))
    number = nw.col("touchpoint").cum_count().over("one", order_by=["smaller", "touchpoint"])
    kept = sizes.with_columns(number=number).filter(nw.col("number") <= most).select("touchpoint", "number")
    waited = named.join(kept, on="touchpoint", how="inner").select(*place, "customer_id", "wait_us")

    own = waited.group_by(*place, "customer_id").agg(m=nw.len())
    totals = own.group_by(*place).agg(n=nw.len(), waits=nw.col("m").sum(), mm=(nw.col("m") * nw.col("m")).sum())
    many = nw.col("waits").cast(nw.Float64)
    reach = Z / 2 * nw.col("mm").cast(nw.Float64) ** 0.5 / many
    first, last = (many * (0.5 - reach)).floor(), (many * (0.5 + reach)).ceil() + 1
    wanted = {
        "estimate": (many / 2).ceil(),
        "low": nw.when(first < 1).then(nw.lit(1.0)).otherwise(first),
        "high": nw.when(last > many).then(many).otherwise(last),
        "q90": (many * 9 / 10).ceil(),
    }
    ranks = {f"{name}_at": rank for name, rank in wanted.items()}
    listed = totals.join(engine.listed(waited, place, "wait_us", "listed"), on=place, how="inner")
    picked = engine.nth(listed.with_columns(**ranks), "listed", **{name: f"{name}_at" for name in wanted})
    found = engine.collect(picked.select(*place, "n", "waits", *wanted))
    if found.empty:
        return schema.not_applicable("no journey has a second step", place, extra)
    ascending = [*(True for _ in by), False, True]
    found = found.sort_values([*by, "estimate", "touchpoint"], ascending=ascending)
    return schema.result([_wait(row, place) for row in found.to_dict("records")], place, extra)


def _wait(row: Mapping[Any, Any], place: Sequence[str]) -> dict[str, Any]:
    n = int(row["n"])
    hours = {name: float(row[name]) / _HOUR_US for name in ("estimate", "low", "high", "q90")}
    if n < _FEWEST:
        hours["low"] = hours["high"] = math.nan
    where = {name: row[name] for name in place}
    return {**where, "n": n, **hours, "is_enough": n >= ENOUGH, "entries": int(row["waits"])}


def _marked(steps: nw.LazyFrame) -> nw.LazyFrame:
    """A row a journey and touchpoint: whether it comes again at once, after something else, or in either way."""
    known = steps.filter(~nw.col("touchpoint").is_null())
    is_next = (nw.col("touchpoint") == nw.col("previous_touchpoint")).fill_null(False).cast(nw.Int64)
    placed = known.select(*_PLACE, is_next=is_next)
    times = placed.group_by(*_PLACE).agg(times=nw.len(), at_once=nw.col("is_next").sum())
    # Of the times after the first, each is at once or after something else.
    again, at_once = nw.col("times") - 1, nw.col("at_once")
    marks = {"is_again": again > 0, "is_loop": at_once > 0, "is_repetition": again > at_once}
    return times.select(*_PLACE, **{name: mark.cast(nw.Int64) for name, mark in marks.items()})


def _sums() -> dict[str, nw.Expr]:
    products = {name: (nw.col(name[0]) * nw.col(name[1])).sum() for name in ("mm", "xm", "xx")}
    return {"customers": nw.len(), "m": nw.col("m").sum(), "x": nw.col("x").sum(), **products}


def _texts(names: Sequence[str]) -> dict[str, nw.Expr]:
    return {name: nw.col(name).cast(nw.String).fill_null(_UNKNOWN) for name in names}
