"""Cox regression: by how much covariates multiply the hazard of leaving, each with the others held as they are.

A hazard ratio of 2 says that of two customers still there and otherwise alike one is twice as likely to leave
on the next day. It is no ratio of times or of shares, and its words need hazards that are proportional:
`is_proportional` is the score test's answer (`churn.proportional`), `bands` what to show where it is no.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from journeylib import schema
from journeylib.errors import ParameterError
from journeylib.estimates import ENOUGH, Z, fitted
from journeylib.measures.churn.covariates import Column, designed, has_level, refuse_future
from journeylib.measures.churn.durations import NOBODY_ENDED
from journeylib.measures.churn.regression import IN_MEMORY, Regression, at_hand, regressed, steady
from journeylib.trace import measured

__all__ = ["BY", "EXTRA", "bands", "model"]

BY = ["covariate", "level", "baseline"]
EXTRA = ["p", "left", "events", "parameters", "is_proportional", "note"]

_NO_COVARIATE = "nothing is named by which leaving is to be explained"
_DEPARTURES = 10
_PER_PARAMETER = 10
_NOT_PROPORTIONAL = 0.05


@measured
def model(
    followed: nw.LazyFrame,
    covariates: Sequence[str],
    *,
    strata: Sequence[str] = (),
    baseline: Mapping[str, str] | None = None,
    units: Mapping[str, float] | None = None,
    robust: bool | None = None,
    in_memory: int = IN_MEMORY,
) -> pd.DataFrame:
    """Measure hazard ratios by Cox regression, Efron's ties: one row a level against its baseline, or a number's unit.

    `followed` may enter late and have several rows a customer (`start_stop`). `strata` have a hazard each and no
    ratio. A text's baseline is its most frequent level unless `baseline` names another; a number is told per 1, or
    per what `units` says. Intervals and p are Wald's, clustered by customer where one has several rows (`robust`
    says otherwise). A covariate that became known after time zero is refused (RefusedError).
    More rows than `in_memory` stay in the engine, to the same numbers.

    `n` and `left` are the lesser of a level's and its baseline's customers and departures, `events` all departures
    and `parameters` all columns of the model. Not enough under 30 customers, 10 departures, or 10 events a parameter.
    `is_proportional` is of the covariate, by the score test at .05; None where no ratio could be tested.

    `note` says why a row has no ratio: "constant"; "collinear" (told by earlier rows already); "infinite" or "nought"
    (it tells apart perfectly who leaves first, or last); "nobody left" from the level, whose ratio is 0 and
    whose customers do not count for the others; "unit" where a ratio is beyond numbers and wants a smaller unit.
    """
    if not covariates:
        return schema.not_applicable(_NO_COVARIATE, BY, EXTRA)
    with at_hand(followed, in_memory) as rows:
        refuse_future(rows, covariates)
        design = designed(rows, covariates, strata=strata, baseline=baseline, units=units)
        found = regressed(design, robust=robust, in_memory=in_memory)
    if isinstance(found, str):
        is_contract = "end_cause" in followed.collect_schema().names()
        return schema.not_applicable(NOBODY_ENDED if is_contract and "left" in found else found, BY, EXTRA)
    return schema.result(_told(found, list(covariates)), BY, EXTRA)


@measured
def bands(
    followed: nw.LazyFrame,
    covariates: Sequence[str],
    *,
    at_days: Sequence[int],
    strata: Sequence[str] = (),
    baseline: Mapping[str, str] | None = None,
    units: Mapping[str, float] | None = None,
    robust: bool | None = None,
) -> pd.DataFrame:
    """Measure hazard ratios in bands of time, up to and with each of `at_days` and after: where one ratio will not do.

    Each band has a model of its own on the customers who are still there when it begins, as in `model`. `from_day` is
    the first day of a band, `until_day` its last (0 where it has none); a band in which nobody left has no
    rows. Choose the days before looking.
    """
    ends = sorted(set(at_days))
    if not ends or ends[0] < 1:
        raise ParameterError(f"at_days = {list(at_days)} cuts nothing. Give days from 1 on, such as [90].")
    if not covariates:
        return schema.not_applicable(_NO_COVARIATE, [*BY, "from_day", "until_day"], EXTRA)
    with at_hand(followed) as rows:
        refuse_future(rows, covariates)
        frames = _banded(rows, covariates, ends, dict(baseline or {}), strata=strata, units=units, robust=robust)
    filled = [frame for frame in frames if not frame.empty]
    columns = [*BY, "from_day", "until_day"]
    if not filled:
        return schema.not_applicable(str(frames[0].attrs["not_applicable"]), columns, EXTRA)
    return pd.concat(filled, ignore_index=True)[[*columns, *schema.RESULT, *EXTRA]]


def _banded(
    followed: nw.LazyFrame,
    covariates: Sequence[str],
    ends: Sequence[int],
    base: dict[str, str],
    *,
    strata: Sequence[str],
    units: Mapping[str, float] | None,
    robust: bool | None,
) -> list[pd.DataFrame]:
    """A model of each band."""
    whole = designed(followed, covariates, strata=strata, baseline=base, units=units)
    base |= {one.covariate: one.baseline for one in whole.columns if one.baseline not in ("", "known")}
    names = followed.collect_schema().names()
    plain = followed.select([name for name in names if not name.endswith(("_known_us", "valid_from_us"))])
    frames = []
    for start, end in zip([0, *ends], [*ends, None], strict=True):
        inside = plain.filter(nw.col("day") > start).with_columns(has_left=nw.col("has_left").cast(nw.Int64))
        entry = nw.when(nw.col("entry_day") > start).then(nw.col("entry_day")).otherwise(_whole(start))
        inside = inside.with_columns(entry_day=entry.cast(nw.Int64))
        if end is not None:
            goes_on = nw.col("day") > end
            inside = inside.filter(nw.col("entry_day") < end).with_columns(
                day=nw.when(goes_on).then(_whole(end)).otherwise(nw.col("day")).cast(nw.Int64),
                has_left=nw.when(goes_on).then(_whole(0)).otherwise(nw.col("has_left")),
            )
        found = model(inside, covariates, strata=strata, baseline=_there(inside, base), units=units, robust=robust)
        frames.append(found.assign(from_day=start + 1, until_day=end or 0))
    return frames


def _told(found: Regression, order: Sequence[str]) -> list[dict[str, Any]]:
    """The rows, in the order of the covariates and of their levels."""
    errors, p = fitted.judged(found.fit.beta, found.covariance)
    holds = _holds(found)
    why = {(column.covariate, column.level): note for column, note in found.said}
    rows = []
    for at, column in enumerate(found.columns):
        note = why.pop((column.covariate, column.level), "")
        slope, reach = found.fit.beta[at] * column.times, Z * errors[at] * abs(column.times)
        if note and slope < 0:
            rows.append(_row(found, column, 0.0, math.nan, math.nan, math.nan, "nought", holds))
        elif note:
            rows.append(_row(found, column, math.nan, math.nan, math.nan, math.nan, note, holds))
        else:
            ratio, low, high = (_exp(one) for one in (slope, slope - reach, slope + reach))
            note = "" if math.isfinite(ratio + low + high) else "unit"
            rows.append(_row(found, column, ratio, low, high, float(p[at]), note, holds))
    for column, note in found.said:
        if (column.covariate, column.level) in why:
            ratio = 0.0 if note == "nobody left" else math.nan
            rows.append(_row(found, column, ratio, math.nan, math.nan, math.nan, note, holds))
    return sorted(rows, key=lambda row: (order.index(row["covariate"]), row["level"]))


def _row(
    found: Regression,
    column: Column,
    ratio: float,
    low: float,
    high: float,
    p: float,
    note: str,
    holds: Mapping[str, bool],
) -> dict[str, Any]:
    parameters = len(found.columns)
    enough = column.customers >= ENOUGH and column.left >= _DEPARTURES
    return {
        "covariate": column.covariate,
        "level": column.level,
        "baseline": column.baseline,
        "n": column.customers,
        "estimate": steady(ratio),
        "low": steady(low),
        "high": steady(high),
        "is_enough": enough and not math.isnan(low + high) and found.design.left >= _PER_PARAMETER * parameters,
        "p": steady(p, 7),
        "left": column.left,
        "events": found.design.left,
        "parameters": parameters,
        "is_proportional": holds.get(column.covariate),
        "note": note,
    }


def _holds(found: Regression) -> dict[str, bool]:
    """Whether the hazards of each covariate are proportional, as far as the score test tells."""
    if not found.columns or found.fit.is_infinite.any():
        return {}
    each, _ = fitted.proportional(found.fit, list(found.terms.values()))
    return {
        name: bool(np.isnan(one.p) or one.p >= _NOT_PROPORTIONAL) for name, one in zip(found.terms, each, strict=True)
    }


def _exp(value: float) -> float:
    """A ratio of its logarithm; NaN where it is beyond numbers."""
    return math.exp(value) if value < 700 else math.nan


def _there(inside: nw.LazyFrame, base: Mapping[str, str]) -> dict[str, str]:
    """The baselines that somebody in the band has."""
    return {name: level for name, level in base.items() if has_level(inside, name, level)}


def _whole(value: int) -> nw.Expr:
    return nw.lit(value).cast(nw.Int64)
