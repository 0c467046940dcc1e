"""A risk of leaving within some days, learnt from customers whose days are over: a Cox model and its baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from journeylib import engine
from journeylib.estimates import Z, fitted
from journeylib.measures.churn.counts import Floats
from journeylib.measures.churn.covariates import designed
from journeylib.measures.churn.regression import Regression, regressed, steady
from journeylib.measures.churn.snapshot import LADDERS

__all__ = ["Risk", "learnt"]

_DEPARTURES = _PER_PARAMETER = 10


@dataclass(frozen=True)
class Risk:
    """A fitted model that tells of customers, given by their covariates, who will have left by each of `days` days.

    `told_as` says of each covariate's levels which they are told as; one that was never seen is told as the commonest.
    """

    found: Regression
    days: int
    told_as: Mapping[str, Mapping[str, str]]

    def still(self, people: pd.DataFrame) -> Floats:
        """The share still there at the end of each of the days 1, …, `days`: a row for each of `people`."""
        sums, hazard = self.found.fit.sums, np.zeros(self.days + 1)
        np.add.at(hazard, sums.day, sums.h0)
        found: Floats = np.exp(-np.outer(self._ratio(people), hazard.cumsum()[1:]))
        return found

    def of(self, people: pd.DataFrame) -> Floats:
        """The risk of each, to ten digits."""
        found: Floats = np.round(1 - self.still(people)[:, -1], 10)
        return found

    def mean(self, people: pd.DataFrame) -> tuple[float, float, float]:
        """The mean risk of people who stand for `n` customers each, with its interval (`fitted.still`)."""
        n, ratio, x = people["n"].to_numpy(float), self._ratio(people), self._columns(people)
        base = fitted.baselines(self.found.fit, self.days)[0]
        still = n * np.exp(-base.hazard * ratio)
        steep = still * ratio
        made = fitted.still([(base, still.sum(), steep.sum(), steep @ x)], n.sum(), self.found.covariance, Z)
        return steady(1 - made.estimate), steady(1 - made.high), steady(1 - made.low)

    def leanings(self, people: pd.DataFrame) -> pd.DataFrame:
        """What each covariate adds to the log hazard of each of `people`, less what it adds on average to all of them.

        People stand for `n` customers each; a column a covariate of the model.
        """
        n, x, beta = people["n"].to_numpy(float), self._columns(people), self.found.fit.beta
        added = {name: x[:, at] @ beta[at] for name, at in self.found.terms.items()}
        centred = {name: np.round(one - n @ one / n.sum(), 9) for name, one in added.items()}
        return pd.DataFrame(centred, index=people.index)

    @property
    def slopes(self) -> list[tuple[str, str, float]]:
        """The coefficient of each covariate's level."""
        beta = self.found.fit.beta.tolist()
        return [(one.covariate, one.level, slope) for one, slope in zip(self.found.columns, beta, strict=True)]

    def lean(self, people: pd.DataFrame) -> Floats:
        """The xβ of each."""
        found: Floats = self._columns(people) @ self.found.fit.beta
        return found

    def _columns(self, people: pd.DataFrame) -> Floats:
        levels = {name: people[name].astype(str).map(told) for name, told in self.told_as.items()}
        return np.column_stack([levels[one.covariate] == one.level for one in self.found.columns]).astype(float)

    def _ratio(self, people: pd.DataFrame) -> Floats:
        found: Floats = np.exp(self._columns(people) @ self.found.fit.beta)
        return found


def learnt(rows: pd.DataFrame, covariates: Sequence[str], days: int) -> Risk | str:
    """Learn a risk from customers followed for `days`, or say why it cannot be.

    A customer may have several rows; the covariance of the coefficients is then clustered. A level from which fewer
    than ten left would have a wild coefficient, or a risk of nought: a step of a ladder is told as the one
    below, any other level as the commonest.
    """
    told, base = rows[["customer_id", "entry_day", "day", "has_left"]].copy(), dict[str, str]()
    told_as: dict[str, dict[str, str]] = {}
    for name in covariates:
        counts = rows.groupby(name, observed=True)["has_left"].agg(["size", "sum"]).sort_index()
        merged = _merged(counts["sum"], LADDERS.get(name, ()), str(counts["size"].idxmax()))
        levels = rows[name].astype(str).map(merged)
        if levels.nunique() > 1:
            told[name], told_as[name], base[name] = levels, merged, str(levels.value_counts(sort=True).index[0])
    left, parameters = int(rows["has_left"].sum()), sum(len(set(merged.values())) - 1 for merged in told_as.values())
    if not parameters:
        return f"{left} departures are too few to tell groups of customers apart, of which ten each must have left"
    if left < _PER_PARAMETER * parameters:
        return f"{left} departures are too few for {parameters} parameters, of which each needs {_PER_PARAMETER}"
    found = regressed(designed(engine.from_frame(told), list(base), baseline=base))
    if isinstance(found, str):
        return found
    if not found.columns or found.fit.is_infinite.any():
        return "the covariates tell perfectly who leaves first, which no model can learn from so few"
    return Risk(found, days, told_as)


def _merged(left: pd.Series[int], ladder: Sequence[str], commonest: str) -> dict[str, str]:
    """Which level each is told as, by how many left from it.

    >>> _merged(pd.Series({"none": 40, "1": 12, "2": 5, "3 or more": 6}), ("none", "1", "2", "3 or more"), "none")
    {'3 or more': '2', '2': '2', '1': '1', 'none': 'none'}
    >>> _merged(pd.Series({"annual": 40, "trial": 5, "monthly": 90}), (), "monthly")
    {'annual': 'annual', 'trial': 'monthly', 'monthly': 'monthly'}
    """
    if not ladder:
        return {str(level): str(level) if many >= _DEPARTURES else commonest for level, many in left.items()}
    told, waiting = dict[str, str](), list[str]()
    for level in reversed([step for step in ladder if step in left.index]):
        waiting.append(level)
        if left[waiting].sum() >= _DEPARTURES:
            told |= dict.fromkeys(waiting, level)
            waiting = []
    lowest = list(told.values())[-1] if told else commonest
    return told | dict.fromkeys(waiting, lowest)
