"""Three scores: the Net Promoter Score, the satisfied share (CSAT) and the effort (CES).

NPS asks how a customer stands to the company, so a customer has one: the latest. CSAT and CES ask
about one contact, so every answer counts, and intervals are clustered by customer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine, estimates, schema
from journeylib.errors import ParameterError
from journeylib.estimates import Estimate, Sums
from journeylib.trace import measured

__all__ = [
    "CES_FACTOR",
    "FACTORS",
    "SAID",
    "SCALES",
    "answers",
    "ces",
    "ces_units",
    "csat",
    "csat_units",
    "last",
    "marked",
    "measure",
    "nps",
    "nps_units",
]

CES_FACTOR = 100  # in a unit table, effort is counted in hundredths
SCALES: Mapping[str, tuple[int, int]] = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
FACTORS: Mapping[str, int] = {"nps": 1, "csat": 1, "ces": CES_FACTOR}  # x of a unit table in the score's own unit
SAID = {"nps": "an NPS", "csat": "a CSAT", "ces": "a CES"}
_SATISFIED = 4


@measured
def nps(events: nw.LazyFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Measure the Net Promoter Score, −100 to 100: promoters (9–10) less detractors (0–6) in a hundred answers.

    A customer counts once, with the latest answer (in each group of `by`); interval:
    `estimates.nps`. Scores outside 0–10 are left out. `n` is customers who answered,
    `answers` all their answers. Not applicable where no event has `score_type` "nps".
    """
    return measure(events, "nps", by)


@measured
def csat(events: nw.LazyFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Measure the satisfied share: answers of 4 or 5 among all from 1 to 5, the top two boxes.

    Every answer counts, for each speaks of its own contact; clustered by customer (`estimates.share`).
    Scores outside 1–5 are left out. `n` is customers who answered, `answers` their answers. Not
    applicable where no event has `score_type` "csat".
    """
    return measure(events, "csat", by)


@measured
def ces(events: nw.LazyFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Measure the mean effort, 1 to 7, where more is more effort.

    The question is the first published one, "How much effort did you personally have to put
    forth?" (Dixon, Freeman and Toman 2010), on seven points in place of its five. The later CES 2.0
    asks on seven points whether the company made it easy (7: strongly agree), so there more is
    *less* effort: turn such answers round (8 − score) in the source. Every answer counts; clustered by
    customer (`estimates.mean`). Scores outside 1–7 are left out. `n` is customers who answered,
    `answers` their answers. Not applicable where no event has `score_type` "ces".
    """
    return measure(events, "ces", by)


def nps_units(events: nw.LazyFrame, by: Sequence[str] = (), *, steps: nw.LazyFrame | None = None) -> nw.LazyFrame:
    """Make the unit table of `nps`, lazily: each customer's latest answer (in each group of `by`).

    Columns: customer_id, zero_us (the instant of the answer), m = 1, x (−100, 0 or 100), `by`, and
    with the `steps` of journeys, started_us (missing where the answer is in none of them).
    """
    return _units(marked(events, by).filter(nw.col("is_last") == 1), by, steps)


def csat_units(events: nw.LazyFrame, by: Sequence[str] = (), *, steps: nw.LazyFrame | None = None) -> nw.LazyFrame:
    """Make the unit table of `csat`, lazily: every answer, x = 1 where satisfied, else 0; columns as `nps_units`."""
    return _units(answers(events, "csat"), by, steps)


def ces_units(events: nw.LazyFrame, by: Sequence[str] = (), *, steps: nw.LazyFrame | None = None) -> nw.LazyFrame:
    """Make the unit table of `ces`, lazily: every answer, x = score × `CES_FACTOR`; columns as `nps_units`."""
    return _units(answers(events, "ces"), by, steps)


def marked(events: nw.LazyFrame, by: Sequence[str] = ()) -> nw.LazyFrame:
    """Keep the NPS answers, lazily, and mark each, 0 or 1: `is_last`, `is_promoter`, `is_detractor`.

    Last: the customer's latest answer, in each group of `by`.
    """
    score = nw.col("score")
    return last(answers(events, "nps"), by).with_columns(
        is_promoter=(score >= 9).cast(nw.Int64),
        is_detractor=(score <= 6).cast(nw.Int64),
    )


def last(given: nw.LazyFrame, by: Sequence[str] = ()) -> nw.LazyFrame:
    """Mark, 0 or 1, each customer's latest answer in each group of `by`: `is_last`."""
    later = nw.col("event_id").shift(-1).over(*by, "customer_id", order_by=schema.ORDER)
    return given.with_columns(is_last=later.is_null().cast(nw.Int64))


def answers(events: nw.LazyFrame, score: str) -> nw.LazyFrame:
    """Keep the answers to one question that are on its scale, lazily, with `x`: what each counts, a whole number.

    NPS −100, 0 or 100, CSAT 0 or 1, CES the score × `CES_FACTOR`.
    """
    if score not in SCALES:
        raise ParameterError(f'score = "{score}" is not understood. Write {", ".join(SCALES)}.')
    lowest, highest = SCALES[score]
    value = nw.col("score")
    kept = events.filter((nw.col("score_type") == score) & (value >= lowest) & (value <= highest))
    if score == "nps":
        x = 100 * ((value >= 9).cast(nw.Int64) - (value <= 6).cast(nw.Int64))
    elif score == "csat":
        x = (value >= _SATISFIED).cast(nw.Int64)
    else:
        x = (value * CES_FACTOR).round().cast(nw.Int64)
    return kept.with_columns(x=x)


def measure(events: nw.LazyFrame, score: str, by: Sequence[str]) -> pd.DataFrame:
    """Measure a score in each group of `by`: `nps`, `csat` or `ces`."""
    if score == "nps":
        placed = marked(events, by)
        sums = {
            "answers": nw.len(),
            "customers": nw.col("is_last").sum(),
            "promoters": (nw.col("is_last") * nw.col("is_promoter")).sum(),
            "detractors": (nw.col("is_last") * nw.col("is_detractor")).sum(),
        }
        table = placed.group_by(*by).agg(**sums) if by else placed.select(**sums)
    else:
        table = estimates.cluster_sums(answers(events, score), by, x=nw.col("x"))
        table = table.with_columns(answers=nw.col("m"))
    groups = engine.collect(table, order_by=by).fillna({"answers": 0})
    if not groups["answers"].sum():
        return schema.not_applicable(f"no event carries {SAID[score]} score", by, ["answers"])
    rows = []
    for group in groups.to_dict("records"):
        where = {name: group[name] for name in by}
        rows.append(_estimate(group, score).row(**where, answers=int(group["answers"])))
    return schema.result(rows, by, ["answers"])


def _estimate(group: Mapping[Any, Any], score: str) -> Estimate:
    if score == "nps":
        promoters, detractors = int(group["promoters"]), int(group["detractors"])
        return estimates.nps(promoters, int(group["customers"]) - promoters - detractors, detractors)
    sums = Sums.of(group)
    if score == "csat":
        return estimates.share(sums)
    return estimates.mean(replace(sums, x=sums.x / CES_FACTOR, xm=sums.xm / CES_FACTOR, xx=sums.xx / CES_FACTOR**2))


def _units(given: nw.LazyFrame, by: Sequence[str], steps: nw.LazyFrame | None) -> nw.LazyFrame:
    known = "started_us" in given.collect_schema().names()
    if steps is not None and not known:
        places = steps.select("customer_id", "event_id", "started_us")
        given, known = given.join(places, on=["customer_id", "event_id"], how="left"), True
    where = ["started_us"] if known and "started_us" not in by else []
    return given.select("customer_id", *where, *by, "x", zero_us=nw.col("occurred_us"), m=nw.lit(1).cast(nw.Int64))
