"""Whether one hazard ratio is enough: the score test of proportional hazards, for each covariate and for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import schema
from journeylib.errors import ParameterError
from journeylib.estimates import ENOUGH, fitted
from journeylib.measures.churn.covariates import designed, refuse_future
from journeylib.measures.churn.regression import IN_MEMORY, at_hand, regressed, steady
from journeylib.trace import measured

__all__ = ["ALL", "proportional"]

ALL = "all"  # the row of the global test
_EXTRA = ["degrees", "p", "is_proportional", "left"]
_TRANSFORMS = ("km", "identity")
_DEPARTURES = 10
_LEVEL = 0.05


@measured
def proportional(
    followed: nw.LazyFrame,
    covariates: Sequence[str],
    *,
    transform: str = "km",
    strata: Sequence[str] = (),
    baseline: Mapping[str, str] | None = None,
    in_memory: int = IN_MEMORY,
) -> pd.DataFrame:
    """Test whether hazards are proportional: one row a covariate, and one for "all".

    Grambsch and Therneau's score test, as R's cox.zph makes it since survival 3.0: `estimate` is its chi-squared
    statistic with `degrees` of freedom and has no interval. `transform` is the time that ratios may drift with: "km",
    the share gone, in which a few who stay longest do not rule, or "identity", days. `is_proportional` is False where
    p < .05: then one ratio is an average over time that depends on how long customers were followed; show the
    difference in days (`stay`) or `bands`. With many customers a drift too small to matter fails, with few a large
    one passes.

    `n` is the customers of the model. The p is a check of the model, no finding for the ledger.
    """
    if transform not in _TRANSFORMS:
        raise ParameterError(f'transform = "{transform}" is not known. Write "km" or "identity".')
    with at_hand(followed, in_memory) as table:
        refuse_future(table, covariates)
        found = regressed(designed(table, covariates, strata=strata, baseline=baseline), in_memory=in_memory)
    if isinstance(found, str):
        return schema.not_applicable(found, ["covariate"], _EXTRA)
    if not found.columns or found.fit.is_infinite.any():
        reason = "a covariate tells apart perfectly who leaves first" if found.columns else "no covariate can be told"
        return schema.not_applicable(f"{reason}, so there is no ratio that could change", ["covariate"], _EXTRA)
    each, whole = fitted.proportional(found.fit, list(found.terms.values()), transform=transform)
    is_enough = found.design.customers >= ENOUGH and found.design.left >= _DEPARTURES
    rows = [
        {
            "covariate": name,
            "n": found.design.customers,
            "estimate": steady(one.statistic),
            "low": None,
            "high": None,
            "is_enough": is_enough,
            "degrees": one.degrees,
            "p": steady(one.p, 7),
            "is_proportional": one.p >= _LEVEL,
            "left": found.design.left,
        }
        for name, one in zip([*found.terms, ALL], [*each, whole], strict=True)
    ]
    return schema.result(rows, ["covariate"], _EXTRA)
