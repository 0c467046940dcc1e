"""Which transitions does one group make more often than another?

A transition is a step and the next of the same journey. Each is one contrast: the share of a
group's units that make it at least once, less that of the baseline. Units are journeys, or
customers in a window before an answer; no customer may be in two groups.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine, schema
from journeylib.days import DAY_US
from journeylib.estimates import ENOUGH, Estimate, Sums, difference, share
from journeylib.journeys.segments import UNKNOWN
from journeylib.trace import measured

__all__ = ["PROMOTERS", "before_answers", "in_journeys"]

PROMOTERS, DETRACTORS = "promoters", "detractors"
REST = "rest"
_EDGE = ["source", "target"]
_BY, _EXTRA = [*_EDGE, "group", "baseline"], ["p"]
_JOURNEY = ["customer_id", "started_us"]


@measured
def in_journeys(steps: nw.LazyFrame, by: str, *, baseline: str = "", most: int = 12) -> pd.DataFrame:
    """Compare the groups of the text column `by` in the transitions of their journeys: a row a transition and group.

    The `most` frequent transitions of all journeys. `estimate` is the share of the group's journeys that make it less
    that of `baseline`, or of the rest; clustered by customer. With two groups the larger is the baseline.
    "unknown" is no group to compare. Not applicable where a customer's journeys are in several groups.
    """
    steps = steps.filter(nw.col(by) != UNKNOWN)
    units = steps.filter(nw.col("step") == 1).select(*_JOURNEY, group=nw.col(by))
    moves = steps.filter(nw.col("step") > 1).select(
        *_JOURNEY, source=nw.col("previous_touchpoint"), target=nw.col("touchpoint")
    )
    return _compared(units, moves, _JOURNEY, baseline, most)


@measured
def before_answers(steps: nw.LazyFrame, answers: nw.LazyFrame, *, days: float = 30, most: int = 12) -> pd.DataFrame:
    """Compare what the most and the least satisfied did in the `days` before they answered: promoters less detractors.

    `answers` are those of `satisfaction.marked`; the latest of each customer counts, and 9–10 makes a
    promoter, 0–6 a detractor. The window is equally long for all; both steps of a transition lie in it, the
    answer itself does not. `estimate` is the share of promoters who make the transition less that of
    detractors, of the `most` frequent.
    """
    last = answers.filter(nw.col("is_last") == 1, nw.col("is_promoter") + nw.col("is_detractor") == 1)
    group = nw.when(nw.col("is_promoter") == 1).then(nw.lit(PROMOTERS)).otherwise(nw.lit(DETRACTORS))
    units = last.select("customer_id", group=group, zero_us=nw.col("occurred_us"))
    occurred, zero = nw.col("occurred_us"), nw.col("zero_us")
    near = steps.filter(nw.col("step") > 1).join(units, on="customer_id", how="inner")
    near = near.filter(occurred < zero, occurred - nw.col("wait_us") >= zero - int(days * DAY_US))
    moves = near.select("customer_id", source=nw.col("previous_touchpoint"), target=nw.col("touchpoint"))
    return _compared(units, moves, ["customer_id"], DETRACTORS, most)


def _compared(units: nw.LazyFrame, moves: nw.LazyFrame, keys: list[str], baseline: str, most: int) -> pd.DataFrame:
    m, x = nw.col("m"), nw.col("x")
    each = units.group_by("customer_id", "group").agg(m=nw.len())
    totals = engine.collect(
        each.group_by("group").agg(customers=nw.len(), m=m.sum(), mm=(m * m).sum()), order_by=["group"]
    )
    [people] = engine.collect(units.select(n=nw.col("customer_id").n_unique())).fillna(0).to_dict("records")
    if len(totals) < 2:
        return schema.not_applicable("fewer than two groups have customers", _BY, _EXTRA)
    if totals["customers"].sum() > people["n"]:
        return schema.not_applicable("customers are in several groups; compare a segment of customers", _BY, _EXTRA)
    made = moves.filter(~nw.col("source").is_null(), ~nw.col("target").is_null())
    made = made.group_by(*keys, *_EDGE).agg(times=nw.len()).join(units.select(*keys, "group"), on=keys, how="inner")
    marked = made.group_by("customer_id", "group", *_EDGE).agg(x=nw.len())
    marked = marked.join(each, on=["customer_id", "group"], how="inner")
    sums = marked.group_by(*_EDGE, "group").agg(x=x.sum(), xm=(x * m).sum(), xx=(x * x).sum())
    found = engine.collect(sums, order_by=[*_EDGE, "group"])
    if found.empty:
        return schema.not_applicable("no journey has two steps", _BY, _EXTRA)
    wholes: dict[str, dict[Any, Any]] = {str(one["group"]): one for one in totals.to_dict("records")}
    baseline = baseline or (max(wholes, key=lambda name: (wholes[name]["m"], name)) if len(wholes) == 2 else "")
    rows: list[dict[str, Any]] = []
    sizes = found.groupby(_EDGE)["x"].sum().reset_index().sort_values(["x", *_EDGE], ascending=[False, True, True])
    for source, target in sizes[_EDGE].head(most).itertuples(index=False):
        here = found[(found["source"] == source) & (found["target"] == target)].set_index("group")
        own = {name: _sums(wholes[name], here.loc[name] if name in here.index else {}) for name in wholes}
        for name in sorted(own):
            if name != baseline:
                others = [one for other, one in own.items() if other == baseline or (not baseline and other != name)]
                gap = difference(share(own[name]), share(_added(others)))
                where = {"source": source, "target": target, "group": name, "baseline": baseline or REST}
                rows.append(_row(where, gap))
    return schema.result(rows, _BY, _EXTRA)


def _sums(whole: Mapping[Any, Any], part: Any) -> Sums:
    made = {name: float(part[name]) if len(part) else 0.0 for name in ("x", "xm", "xx")}
    return Sums(int(whole["customers"]), float(whole["m"]), made["x"], float(whole["mm"]), made["xm"], made["xx"])


def _added(every: list[Sums]) -> Sums:
    """The sums of several groups that share no customer."""
    columns = zip(*((one.customers, one.m, one.x, one.mm, one.xm, one.xx) for one in every), strict=True)
    customers, *others = (sum(column) for column in columns)
    return Sums(int(customers), *others)


def _row(where: Mapping[str, Any], gap: Estimate) -> dict[str, Any]:
    p = gap.p if gap.n >= ENOUGH else math.nan
    return gap.row(**where, is_enough=gap.n >= ENOUGH, p=p)
