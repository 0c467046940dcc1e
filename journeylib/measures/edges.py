"""Which transitions does one group make more often than another?

A transition is a step and the next of the same journey. Each is one contrast: the share of a
group's journeys that make it at least once (`judge.segments.edges` compares these), or of those who answered,
in a window before they did.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine, schema
from journeylib.days import DAY_US
from journeylib.estimates import ENOUGH, Estimate, difference, plain_sums, share
from journeylib.trace import measured

__all__ = ["before_answers", "frequent", "units"]

PROMOTERS, DETRACTORS = "promoters", "detractors"
_EDGE = ["source", "target"]
_BY, _EXTRA = [*_EDGE, "group", "baseline"], ["p"]
_JOURNEY = ["customer_id", "started_us"]


def frequent(steps: nw.LazyFrame, *, most: int = 6) -> list[tuple[str, str]]:
    """List the transitions that most journeys make, ties by name; a step without a touchpoint is in none."""
    sizes = _moves(steps).group_by(*_JOURNEY, *_EDGE).agg(times=nw.len()).group_by(*_EDGE).agg(journeys=nw.len())
    found = engine.collect(sizes).sort_values(["journeys", *_EDGE], ascending=[False, True, True])
    return [(str(source), str(target)) for source, target in found[_EDGE].head(most).itertuples(index=False)]


def units(steps: nw.LazyFrame, pairs: Sequence[tuple[str, str]], by: Sequence[str] = ()) -> nw.LazyFrame:
    """Make the unit table of transitions, lazily: a row a journey, `zero_us` its start, m = 1.

    `x_0` is 1 if it makes the first of `pairs`, `x_1` the second, … The text columns `by` are those of the journey's
    first step.
    """
    is_first = nw.col("step") == 1
    marks = {
        f"x_{at}": ((nw.col("previous_touchpoint") == source) & (nw.col("touchpoint") == target)).fill_null(False)
        for at, (source, target) in enumerate(pairs)
    }
    made = steps.with_columns(
        **{name: (mark & ~is_first).cast(nw.Int64) for name, mark in marks.items()},
        **{name: nw.when(is_first).then(nw.col(name)) for name in by},
    )
    found = made.group_by(*_JOURNEY).agg(nw.col(*marks, *by).max())
    return found.with_columns(zero_us=nw.col("started_us"), m=nw.lit(1).cast(nw.Int64))


@measured
def before_answers(steps: nw.LazyFrame, answers: nw.LazyFrame, *, days: float = 30, most: int = 12) -> pd.DataFrame:
    """Compare what the most and the least satisfied did in the `days` before they answered: promoters less detractors.

    `answers` are those of `satisfaction.marked`; the latest of each customer counts, and 9–10 makes a
    promoter, 0–6 a detractor. The window is equally long for all; both steps of a transition lie in it, the
    answer itself does not. `estimate` is the share of promoters who make the transition less that of
    detractors, of the `most` frequent.
    """
    last = answers.filter(nw.col("is_last") == 1, nw.col("is_promoter") + nw.col("is_detractor") == 1)
    people = last.select("customer_id", zero_us=nw.col("occurred_us"), is_promoter=nw.col("is_promoter"))
    [whole] = (
        engine.collect(people.select(n=nw.len(), promoters=nw.col("is_promoter").sum())).fillna(0).to_dict("records")
    )
    sizes = {PROMOTERS: int(whole["promoters"]), DETRACTORS: int(whole["n"]) - int(whole["promoters"])}
    if not all(sizes.values()):
        return schema.not_applicable("nobody answered as a promoter, or nobody as a detractor", _BY, _EXTRA)
    occurred, zero = nw.col("occurred_us"), nw.col("zero_us")
    near = steps.filter(nw.col("step") > 1).join(people, on="customer_id", how="inner")
    near = near.filter(occurred < zero, occurred - nw.col("wait_us") >= zero - int(days * DAY_US))
    made = near.select(
        "customer_id", "is_promoter", source=nw.col("previous_touchpoint"), target=nw.col("touchpoint")
    ).filter(~nw.col("source").is_null(), ~nw.col("target").is_null())
    once = made.group_by("customer_id", "is_promoter", *_EDGE).agg(times=nw.len())
    found = engine.collect(once.group_by(*_EDGE).agg(n=nw.len(), promoters=nw.col("is_promoter").sum()))
    found = found.sort_values(["n", *_EDGE], ascending=[False, True, True]).head(most)
    rows = []
    for row in found.to_dict("records"):
        marked = {PROMOTERS: int(row["promoters"]), DETRACTORS: int(row["n"]) - int(row["promoters"])}
        first, second = (share(plain_sums(marked[name], sizes[name])) for name in (PROMOTERS, DETRACTORS))
        where = {"source": row["source"], "target": row["target"], "group": PROMOTERS, "baseline": DETRACTORS}
        rows.append(_row(where, difference(first, second)))
    if not rows:
        return schema.not_applicable(f"nobody who answered took two steps in the {days:g} days before", _BY, _EXTRA)
    return schema.result(rows, _BY, _EXTRA)


def _moves(steps: nw.LazyFrame) -> nw.LazyFrame:
    moves = steps.filter(nw.col("step") > 1).select(
        *_JOURNEY, source=nw.col("previous_touchpoint"), target=nw.col("touchpoint")
    )
    return moves.filter(~nw.col("source").is_null(), ~nw.col("target").is_null())


def _row(where: Mapping[str, Any], gap: Estimate) -> dict[str, Any]:
    p = gap.p if gap.n >= ENOUGH else math.nan
    return gap.row(**where, is_enough=gap.n >= ENOUGH, p=p)
