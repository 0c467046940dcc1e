"""What would the score be if everybody had answered?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from journeylib import engine, estimates, schema
from journeylib.estimates import ENOUGH, Estimate, Sums
from journeylib.estimates.weighted import FEWEST, Cells, Places, standardised
from journeylib.measures.satisfaction.scores import FACTORS, SAID, SCALES, answers, last
from journeylib.trace import measured

__all__ = ["reweighted"]

_UNKNOWN = "unknown"
_EXTRA = ["customers", "left_out"]
_ENDS = {"nps": (-100, 100), "csat": (0, 1), "ces": SCALES["ces"]}
_MOST_LEFT_OUT = 0.5


@measured
def reweighted(
    events: nw.LazyFrame,
    customers: nw.LazyFrame,
    strata: Sequence[str] = (),
    *,
    score: str = "nps",
    by: Sequence[str] = (),
) -> pd.DataFrame:
    """Measure a score ("nps", "csat" or "ces") as answered, and as it would be if all `customers` had answered.

    `customers` has a row for each of them, with the columns `strata` and `by`; answers of others
    do not count. Everybody counts once, those who answered with their latest answer, whichever
    score it is: the answers are to stand for people. A row for each `kind`, in each group of `by`:

    - "answered": the score of those who answered.
    - "reweighted", with `strata`: the answers of each stratum have its share of all customers
      (post-stratification). That mends what is known in the strata only: inside each, those who
      answered are taken to be like those who did not. A stratum with fewer than five answers is
      left out; `left_out` is the share of customers in such, and above one half it is not enough.
    - "lowest" and "highest", where no stratum has five answers or none is given: the score
      if all who did not answer were at the bottom of the scale, or at the top (Manski 1989). They
      assume nothing, and lie far apart unless nearly all answered.

    `n` is customers who answered (of "reweighted", in its strata), `customers` all of them.
    Intervals: `estimates.nps`, `share` or `mean` of one value a customer; of "reweighted",
    `estimates.weighted.standardised`, cut at the ends of the scale.
    """
    own = last(answers(events, score)).filter(nw.col("is_last") == 1)
    texts = {name: nw.col(name).cast(nw.String).fill_null(_UNKNOWN) for name in strata if name not in by}
    people = customers.select("customer_id", *by, **texts).group_by("customer_id", *by, *texts).agg(rows=nw.len())
    joined = people.join(own.select("customer_id", "x"), on="customer_id", how="left")
    x, seen = nw.col("x").fill_null(0), ["is_answered", *texts]
    counted = joined.with_columns(is_answered=(~nw.col("x").is_null()).cast(nw.Int64), x=x, xx=x * x)
    sums = counted.group_by(*by, *seen).agg(m=nw.len(), x=nw.col("x").sum(), xx=nw.col("xx").sum())
    found = engine.collect(sums, order_by=[*by, *seen])
    if not (found["is_answered"] == 1).any():
        return schema.not_applicable(f"none of the customers gave {SAID[score]} score", [*by, "kind"], _EXTRA)
    rows = []
    groups = found.groupby(list(by), dropna=False) if by else [((), found)]
    for key, group in groups:
        where = dict(zip(by, key, strict=True))
        rows += [{**where, **row} for row in _kinds(group, list(texts), score)]
    return schema.result(rows, [*by, "kind"], _EXTRA)


def _kinds(group: pd.DataFrame, strata: list[str], score: str) -> list[dict[str, Any]]:
    m, x, xx = (group[name].to_numpy(float) for name in ("m", "x", "xx"))
    is_answered = (group["is_answered"] == 1).to_numpy(bool)
    everyone, n = int(m.sum()), int(m[is_answered].sum())
    more = {"customers": everyone, "left_out": 0.0}
    whole = float(x.sum()), float(xx.sum())
    rows = [_scored(n, *whole, score).row(kind="answered", **more)]
    if strata and n:
        found = _alike(group, strata, score)
        if found is not None:
            return [*rows, {**found, "kind": "reweighted", "customers": everyone}]
    for kind, end in zip(("lowest", "highest"), _ENDS[score], strict=True):
        silent, worth = everyone - n, end * FACTORS[score]
        all_of = _scored(everyone, whole[0] + silent * worth, whole[1] + silent * worth**2, score)
        rows.append(all_of.row(kind=kind, **{**more, "n": n, "is_enough": n >= ENOUGH}))
    return rows


def _scored(n: int, x: float, xx: float, score: str) -> Estimate:
    """A score of n customers whose one answer each sums to x, and its squares to xx."""
    if score == "nps":
        gap, both = round(x / 100), round(xx / 100**2)
        return estimates.nps((both + gap) // 2, n - both, (both - gap) // 2)
    return _plain(Sums(n, n, x, n, x, xx), score)


def _plain(sums: Sums, score: str) -> Estimate:
    by = FACTORS[score]
    scaled = replace(sums, x=sums.x / by, xm=sums.xm / by, xx=sums.xx / by**2)
    return estimates.share(scaled) if score == "csat" else estimates.mean(scaled)


def _alike(group: pd.DataFrame, strata: list[str], score: str) -> dict[str, Any] | None:
    """The row of the score with the strata of all customers; None where no stratum has answers enough."""
    m, x, xx = (group[name].to_numpy(float) for name in ("m", "x", "xx"))
    answered = (group["is_answered"] == 1).to_numpy(bool)
    stratum: Places = np.asarray(group.groupby(strata).ngroup(), dtype=np.int64)
    # A customer is one unit, whether silent or not, so that a stratum weighs what it has of all customers.
    cells = Cells(m, m, x, np.diag(m), np.diag(x), np.diag(xx))
    found = standardised(cells, [answered], stratum, of="share" if score == "csat" else "mean")
    if found is None:
        return None
    each = _plain(found.sums[0], score)
    lowest, highest = _ENDS[score]
    low, high = max(lowest, each.low), min(highest, each.high)
    kept = [k for k in range(int(stratum.max()) + 1) if m[answered & (stratum == k)].sum() >= FEWEST]
    left_out = 1 - float(m[np.isin(stratum, kept)].sum() / m.sum())
    is_enough = each.is_enough and left_out <= _MOST_LEFT_OUT
    return each.row(low=low, high=high, is_enough=is_enough, left_out=left_out)
