"""How do journeys end: converted, lost, or still open?

Both measures take labelled journeys (`journeys.outcomes.label`), with segment columns
where `by` names them. Journeys of one customer are not independent; shares are
clustered by customer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine, schema
from journeylib.days import DAY_US
from journeylib.errors import ParameterError
from journeylib.estimates import Sums, cluster_sums, share
from journeylib.journeys.outcomes import OUTCOMES, label
from journeylib.journeys.view import Store
from journeylib.trace import measured

__all__ = ["converted", "counts", "customers", "units", "windows"]


@measured
def customers(journeys: nw.LazyFrame) -> pd.DataFrame:
    """Count the customers with a journey, and the journeys: one row, a count (estimate = low = high = n)."""
    counted = journeys.select(customers=nw.col("customer_id").n_unique(), journeys=nw.len())
    [row] = engine.collect(counted).fillna(0).to_dict("records")
    n = int(row["customers"])
    values = {"n": n, "estimate": n, "low": n, "high": n, "is_enough": True, "journeys": int(row["journeys"])}
    return schema.result([values], extra=["journeys"])


@measured
def counts(labelled: nw.LazyFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Measure the share of journeys that converted, were lost, or are open: three rows a group, adding up to 1.

    Every journey counts, mature or not, so recent journeys show as open. `n` is the
    group's customers, `journeys` the journeys with this outcome, `customers` those who had one.
    An outcome that no journey of a group had is a row with share 0.
    """
    marks = {outcome: (nw.col("outcome") == outcome).cast(nw.Int64) for outcome in OUTCOMES}
    each = labelled.with_columns(**marks).group_by(*by, "customer_id").agg(m=nw.len(), **_sums(OUTCOMES))
    m = nw.col("m")
    totals = {"customers": nw.len(), "m": m.sum(), "mm": (m * m).sum()}
    for outcome in OUTCOMES:
        x = nw.col(outcome)
        totals[f"{outcome}_x"] = x.sum()
        totals[f"{outcome}_xm"] = (x * m).sum()
        totals[f"{outcome}_xx"] = (x * x).sum()
        totals[f"{outcome}_marked"] = (x > 0).cast(nw.Int64).sum()
    groups = engine.collect(each.group_by(*by).agg(**totals) if by else each.select(**totals), order_by=by)
    extra = ["journeys", "customers"]
    if not groups["customers"].sum():
        return schema.not_applicable("no journey started in the period", [*by, "outcome"], extra)

    rows = []
    for group in groups.to_dict("records"):
        for outcome in OUTCOMES:
            own: dict[Any, Any] = {name: group[f"{outcome}_{name}"] for name in ("x", "xm", "xx")}
            more = {"journeys": int(own["x"]), "customers": int(group[f"{outcome}_marked"])}
            rows.append(
                share(Sums.of({**group, **own})).row(**{name: group[name] for name in by}, outcome=outcome, **more)
            )
    return schema.result(rows, [*by, "outcome"], extra)


@measured
def converted(labelled: nw.LazyFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Measure the share of *mature* journeys that converted: one row a group.

    Mature: the journey's whole window lies before the end of the data. With journeys that
    still have time left out, the share is the Kaplan–Meier estimate of converting within
    the window from the same journeys, and a recent period is not worse for being recent.
    `journeys` counts the mature journeys.
    """
    mature = labelled.filter(nw.col("is_mature"))
    is_converted = (nw.col("outcome") == "converted").cast(nw.Int64)
    groups = engine.collect(cluster_sums(mature, by, x=is_converted), order_by=by)
    if not groups["customers"].sum():
        return schema.not_applicable("no journey has had its whole window yet", by, ["journeys"])
    rows = [
        share(Sums.of(group)).row(**{name: group[name] for name in by}, journeys=int(group["m"]))
        for group in groups.to_dict("records")
    ]
    return schema.result(rows, by, ["journeys"])


def units(labelled: nw.LazyFrame, *, landmark_days: float = 0, within_days: float | None = None) -> nw.LazyFrame:
    """Make a unit table of mature journeys, to compare their converted shares: m = 1, x = 1 where it converted.

    With `landmark_days`, of those that had not converted that long after their start, `zero_us`: what
    happened until then may say who is compared, for all of them were still undecided. One that was lost
    before stays, as nobody knew yet. Raises ParameterError where `within_days`, the goal's window, is no longer
    than that.
    """
    if landmark_days < 0 or (within_days is not None and landmark_days >= within_days):
        raise ParameterError(
            f"landmark_days = {landmark_days} leaves no time in which a journey could still convert; the goal has "
            f"{within_days} days. Give a number of days from 0 up to that."
        )
    zero = nw.col("started_us") + int(landmark_days * DAY_US)
    undecided = (nw.col("outcome") != "converted") | (nw.col("goal_us") > zero)
    mature = labelled.filter(nw.col("is_mature"), undecided if landmark_days else nw.lit(True))
    is_converted = (nw.col("outcome") == "converted").cast(nw.Int64)
    return mature.with_columns(zero_us=zero, m=nw.lit(1), x=is_converted)


@measured
def windows(store: Store, *, touchpoint: str, within_days: float) -> pd.DataFrame:
    """Measure the converted share of mature journeys under half, the same and twice the window: one row each."""
    frames = []
    for days in (within_days / 2, within_days, within_days * 2):
        labelled = label(store, touchpoint=touchpoint, within_days=days)
        frames.append(converted(labelled).assign(within_days=float(days)))
    whole = pd.concat(frames, ignore_index=True)
    return whole[["within_days", *schema.RESULT, "journeys"]] if len(whole) else frames[0]


def _sums(names: Sequence[str]) -> dict[str, nw.Expr]:
    return {name: nw.col(name).sum() for name in names}
