"""How satisfied are customers who answered?

Who answers is not a random choice; the score speaks of those who did.
"""

from __future__ import annotations

from collections.abc import Sequence

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine, estimates, schema
from journeylib.trace import measured

__all__ = ["marked", "nps"]


@measured
def nps(events: nw.LazyFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Measure the Net Promoter Score, −100 to 100: promoters (9–10) less detractors (0–6) in a hundred answers.

    A customer counts once, with the latest answer (in each group of `by`); interval:
    `estimates.nps`. Scores outside 0–10 are left out. `n` is customers who answered,
    `answers` all their answers. Not applicable where no event has `score_type` "nps".
    """
    placed = marked(events, by)
    sums = {
        "answers": nw.len(),
        "n": nw.col("is_last").sum(),
        "promoters": (nw.col("is_last") * nw.col("is_promoter")).sum(),
        "detractors": (nw.col("is_last") * nw.col("is_detractor")).sum(),
    }
    groups = engine.collect(placed.group_by(*by).agg(**sums) if by else placed.select(**sums), order_by=by)
    if not groups["answers"].sum():
        return schema.not_applicable("no event carries an NPS score", by, ["answers"])
    rows = []
    for group in groups.to_dict("records"):
        promoters, detractors, n = int(group["promoters"]), int(group["detractors"]), int(group["n"])
        found = estimates.nps(promoters, n - promoters - detractors, detractors)
        rows.append(found.row(**{name: group[name] for name in by}, answers=int(group["answers"])))
    return schema.result(rows, by, ["answers"])


def marked(events: nw.LazyFrame, by: Sequence[str] = ()) -> nw.LazyFrame:
    """Keep the NPS answers, lazily, and mark each, 0 or 1: `is_last`, `is_promoter`, `is_detractor`.

    Last: the customer's latest answer, in each group of `by`.
    """
    score = nw.col("score")
    answers = events.filter((nw.col("score_type") == "nps") & (score >= 0) & (score <= 10))
    later = nw.col("event_id").shift(-1).over(*by, "customer_id", order_by=schema.ORDER)
    return answers.with_columns(
        is_last=later.is_null().cast(nw.Int64),
        is_promoter=(score >= 9).cast(nw.Int64),
        is_detractor=(score <= 6).cast(nw.Int64),
    )
