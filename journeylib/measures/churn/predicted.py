"""The share still there that a Cox model predicts for each level of a covariate, the others as they are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from journeylib import engine, schema
from journeylib.errors import ParameterError
from journeylib.estimates import ENOUGH, Z, fitted
from journeylib.measures.churn.covariates import Design, designed, refuse_future
from journeylib.measures.churn.regression import IN_MEMORY, Regression, regressed, steady
from journeylib.trace import measured

__all__ = ["predicted"]

_EXTRA = ["at_risk", "left"]
_HARMLESS = ("constant", "collinear")  # columns that a model does without
_DEPARTURES, _AT_RISK, _PER_PARAMETER = 10, 10, 10


@measured
def predicted(
    followed: nw.LazyFrame,
    covariates: Sequence[str],
    *,
    of: str,
    horizon_days: int,
    strata: Sequence[str] = (),
    baseline: Mapping[str, str] | None = None,
    in_memory: int = IN_MEMORY,
) -> pd.DataFrame:
    """Measure the share still there after `horizon_days` were everybody of each level of `of`: one row a level.

    Standardised survival (the g-formula): the model's share of every customer followed, with that level in place of
    its own and everything else as it is, averaged. So levels differ by the covariate alone, as far as the model holds
    and nothing it lacks mixes with it. The baseline hazard is Efron's, as the coefficients. The interval is log-log
    by the delta method, from the variance of coefficients and baseline; the customers are taken as they are.

    `n` is the customers of the level, `at_risk` those of it that were at risk on that day, `left` its departures.
    Not enough under 30 customers, 10 departures, 10 at risk, or 10 events a parameter. Covariates that change in time
    (`start_stop`) are refused: who has none of a customer's future has no share to predict.
    """
    if of not in covariates:
        raise ParameterError(f"of = {of} is no covariate of the model. There are {', '.join(covariates)}.")
    if followed.collect_schema()[of].is_numeric():
        raise ParameterError(f"of = {of} is a number and has no levels. Make bands of it, as a segment does.")
    refuse_future(followed, covariates)
    design = designed(followed, covariates, strata=strata, baseline=baseline)
    if design.rows > design.customers:
        raise ParameterError(
            "some customers have several rows: of covariates that change in time nobody knows the course until "
            f"day {horizon_days}. Predict from one row a customer, followed from a landmark."
        )
    found = regressed(design, robust=False, in_memory=in_memory)
    if isinstance(found, str):
        return schema.not_applicable(found, [of], _EXTRA)
    untold = [(column, why) for column, why in found.said if column.covariate == of or why not in _HARMLESS]
    if untold:
        column, why = untold[0]
        reason = f"{column.covariate} {column.level} cannot be told ({why}), so no share can be predicted"
        return schema.not_applicable(reason, [of], _EXTRA)
    own = [column for column in design.columns if column.covariate == of]
    levels = {"": own[0].baseline, **{column.name: column.level for column in own}}
    rows = [_row(found, of, name, level, horizon_days) for name, level in levels.items()]
    return schema.result(sorted(rows, key=lambda row: str(row[of])), [of], _EXTRA)


def _row(found: Regression, of: str, name: str, level: str, day: int) -> dict[str, Any]:
    """One level's row: two queries, of the shares as if all were of it and of who is."""
    design, own = found.design, [column.name for column in found.design.columns if column.covariate == of]
    bases = fitted.baselines(found.fit, day)
    table = design.table.with_columns(**{one: nw.lit(1.0 if one == name else 0.0) for one in own})
    table = table.with_columns(_e=_ratio(found), _hazard=_hazard(found, bases))
    table = table.with_columns(_still=(nw.col("_hazard") * nw.col("_e") * -1.0).exp())
    table = table.with_columns(_steep=nw.col("_still") * nw.col("_e"))
    sums = {"n": nw.len(), "still": nw.col("_still").sum(), "steep": nw.col("_steep").sum()}
    sums |= {one.name: (nw.col("_steep") * nw.col(one.name)).sum() for one in found.columns}
    told = engine.collect(table.group_by(*design.strata).agg(**sums) if design.strata else table.select(**sums))
    parts = []
    for row in told.sort_values(list(design.strata) or ["n"]).to_dict("records"):
        at = found.levels.index(tuple(row[stratum] for stratum in design.strata))
        nothing = fitted.Baseline(0.0, 0.0, np.zeros(len(found.columns)))  # nobody left from the stratum by then
        leaning = np.array([row[one.name] for one in found.columns])
        parts.append((bases.get(at, nothing), float(row["still"]), float(row["steep"]), leaning))
    share = fitted.still(parts, float(told["n"].sum()), found.covariance, Z)
    size = _of_level(design, own, name, day)
    enough = size["n"] >= ENOUGH and size["left"] >= _DEPARTURES and size["at_risk"] >= _AT_RISK
    enough = enough and not math.isnan(share.low) and design.left >= _PER_PARAMETER * len(found.columns)
    estimate, low, high = (steady(one) for one in share)
    return {of: level, **size, "estimate": estimate, "low": low, "high": high, "is_enough": enough}


def _of_level(design: Design, own: Sequence[str], name: str, day: int) -> dict[str, int]:
    """The customers who are of the level, those of them at risk on the day, and those who left."""
    is_of = nw.col(name) > 0.5 if name else sum((nw.col(one) for one in own), nw.lit(0.0)) < 0.5
    at_risk = (nw.col("day") >= day) & (nw.col("entry_day") < day)
    sums = {"n": nw.len(), "at_risk": at_risk.cast(nw.Int64).sum(), "left": nw.col("has_left").sum()}
    [row] = engine.collect(design.table.filter(is_of).select(**sums)).to_dict("records")
    return {key: int(row[key]) for key in sums}


def _ratio(found: Regression) -> nw.Expr:
    predictor = nw.lit(0.0)
    for column, slope in zip(found.columns, found.fit.beta.tolist(), strict=True):
        predictor = predictor + nw.col(column.name) * slope
    return predictor.exp()


def _hazard(found: Regression, bases: Mapping[int, fitted.Baseline]) -> nw.Expr:
    """The baseline of a row's stratum."""
    if not found.design.strata:
        return nw.lit(bases[0].hazard)
    hazard = nw.lit(0.0)
    for at, level in enumerate(found.levels):
        is_here = nw.lit(True)
        for stratum, value in zip(found.design.strata, level, strict=True):
            is_here = is_here & (nw.col(stratum) == value)
        hazard = nw.when(is_here).then(nw.lit(bases[at].hazard if at in bases else 0.0)).otherwise(hazard)
    return hazard
