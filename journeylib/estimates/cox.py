"""Cox regression: Newton's method on the sums of each day (`day_sums`), and which columns can be estimated at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from journeylib.estimates.day_sums import DaySums, Floats

__all__ = ["Fit", "fit", "usable"]

_STEPS, _CLOSE = 40, 1e-7
_FLAT = 1e-11  # a gain in log-likelihood below this share of it is none
_LONGEST, _RESTLESS, _FURTHEST = 5.0, 0.1, 20.0  # of a step, and of coefficients; columns are standardised or 0 and 1
_ALIKE = 1e-9  # a column with less than this share of its variance of its own is not told from the others


@dataclass(frozen=True)
class Fit:
    """Coefficients with their covariance, and the sums at them.

    `is_infinite` marks the columns whose coefficient grows without end: they tell apart
    perfectly who leaves first.
    """

    beta: Floats
    covariance: Floats
    sums: DaySums
    log_likelihood: float
    is_infinite: NDArray[np.bool_]

    @property
    def errors(self) -> Floats:
        found: Floats = np.sqrt(np.diag(self.covariance))
        return found


def usable(sums: DaySums) -> list[str]:
    """Say of each column, from the sums at β = 0, why it cannot be estimated: "constant", "collinear", or "".

    A column is collinear that is the sum of multiples of earlier ones wherever somebody left.
    """
    information = sums.information()
    scale = np.maximum((sums.s2.diagonal(axis1=1, axis2=2) * sums.h0[:, None]).sum(axis=0), 1e-300)
    kept: list[int] = []
    said = []
    for column, own in enumerate(information.diagonal()):
        if own <= _ALIKE * scale[column]:
            said.append("constant")
            continue
        across = information[np.ix_(kept, [column])]
        rest = own - float((across * np.linalg.solve(information[np.ix_(kept, kept)], across)).sum()) if kept else own
        said.append("collinear" if rest <= _ALIKE * own else "")
        if not said[-1]:
            kept.append(column)
    return said


def fit(sums_at: Callable[[Floats], DaySums], first: Floats, *, start: DaySums | None = None) -> Fit:
    """Find the coefficients by Newton's method from `first`, each step with the sums at the last one's.

    `start` is the sums at `first` where they are known. Columns are standardised, or 0 and 1. A step that
    loses likelihood is halved.

    >>> from journeylib.estimates.day_sums import Rows, cells_of, gathered
    >>> rows = [[0] * 6, [1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 0], [[1.0], [0], [1], [1], [0], [0]], [0] * 6, [1.0] * 6]
    >>> found = fit(lambda beta: gathered(cells_of(Rows(*map(np.array, rows)), beta)), np.zeros(1))
    >>> round(float(found.beta[0]), 4), round(float(found.errors[0]), 4)
    (1.3945, 1.1643)
    """
    beta, now = first, sums_at(first) if start is None else start
    reached = now.log_likelihood + float(now.x.sum(axis=0) @ beta)
    step, is_endless = np.zeros_like(beta), np.zeros(len(beta), dtype=bool)
    with np.errstate(all="ignore"):  # a step too far is no number, and halved
        for _ in range(_STEPS if len(beta) else 0):
            step = _step(now)
            if float(np.abs(step).max()) < _CLOSE:
                beta = beta + step  # too small to change the sums
                break
            moved = step * min(1.0, _LONGEST / float(np.abs(step).max()))
            while True:
                following = sums_at(beta + moved)
                gained = following.log_likelihood + float(following.x.sum(axis=0) @ (beta + moved)) - reached
                if gained >= -_FLAT * (1 + abs(reached)) or float(np.abs(moved).max()) < _CLOSE:
                    break
                moved = moved / 2
            beta, now, reached = beta + moved, following, reached + gained
            is_flat = abs(gained) <= _FLAT * (1 + abs(reached))  # nothing to gain, and yet no rest
            is_endless = ((np.abs(step) > _RESTLESS) & is_flat) | (np.abs(beta) > _FURTHEST)
            if is_endless.any():
                break
    return Fit(beta, _inverse(now.information()), now, reached, is_endless)


def _step(sums: DaySums) -> Floats:
    found: Floats = _inverse(sums.information()) @ sums.scores.sum(axis=0)
    return found


def _inverse(information: Floats) -> Floats:
    """The inverse; of columns that tell nothing any more, the least that can be inverted."""
    try:
        found = np.linalg.inv(information)
    except np.linalg.LinAlgError:
        found = np.linalg.pinv(information)
    return found.astype(np.float64)
