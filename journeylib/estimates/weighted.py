"""Groups made alike: what each would show with one composition of strata, or where propensities overlap.

Groups differ in who is in them. *Direct standardisation* gives every group the composition of
all: Σ over strata k of w_k · r_k, with w_k the stratum's share of all units. *Overlap weights*
(Li, Morgan and Zaslavsky 2018) are for confounders that are numbers: a unit weighs as much
as a unit like it is likely to be in the other group, so the weighted groups have equal means of
every confounder. What comes out are `Sums` again, as if customers were so composed, and so
`share`, `mean` and `rate` give their intervals; with one stratum the sums are the group's own.

The variance is that of each customer's whole influence, to first order: on the rates within
strata, on the weights and on the propensities (linearised; clustered by customer).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from journeylib.estimates.sums import Sums

__all__ = ["FEWEST", "Balanced", "Cells", "overlap", "standardised"]

FEWEST = 5  # customers of equal weight that a group needs in a stratum
_PULL = 2  # customers like the whole group, added to each stratum where its variance is judged
_STEPS, _CLOSE = 50, 1e-9

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Cells:
    """Sums over customers in each cell, and between each two cells: `xm[c, d]` is Σ x in c · m in d.

    A cell is a group in a stratum. Customers may be in several; the products say how much that matters.
    """

    customers: Floats
    m: Floats
    x: Floats
    mm: Floats
    xm: Floats
    xx: Floats

    @classmethod
    def of(cls, customer: Places, cell: Places, m: Floats, x: Floats) -> Cells:
        """Add rows in memory to cells 0, 1, …: the sums that an engine would make of them.

        >>> Cells.of(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([1.0, 2, 3]), np.array([1.0, 0, 2])).xm.tolist()
        [[1.0, 2.0], [0.0, 6.0]]
        """
        shape = int(customer.max()) + 1, int(cell.max()) + 1
        place = customer * shape[1] + cell
        units, sums = (np.bincount(place, one, shape[0] * shape[1]).reshape(shape).astype(float) for one in (m, x))
        seen = np.bincount(place, minlength=shape[0] * shape[1]).reshape(shape) > 0
        products = units.T @ units, sums.T @ units, sums.T @ sums
        return cls(seen.sum(axis=0).astype(float), units.sum(axis=0), sums.sum(axis=0), *products)

    def sums(self, within: Bools, customers: int | None = None) -> Sums:
        """Add the cells that are `within`; `customers` where some are in several of them.

        >>> one = Cells(*(np.array([4.0, 3.0]) for _ in range(3)), *(np.diag([4.0, 3.0]) for _ in range(3)))
        >>> one.sums(np.array([True, True])).mm
        7.0
        """
        n = int(self.customers[within].sum()) if customers is None else customers
        if not n:
            return Sums(0, 0.0, 0.0, 0.0, 0.0, 0.0)
        block = np.ix_(within, within)
        products = (float(one[block].sum()) for one in (self.mm, self.xm, self.xx))
        return Sums(n, float(self.m[within].sum()), float(self.x[within].sum()), *products)

    def correlation(self, sides: Sequence[Bools]) -> float:
        """The correlation of the ratios of two sides, for the customers who are on both; 0 where it cannot be told."""
        whole = [self.sums(side) for side in sides]
        if not all(one.m for one in whole):
            return 0.0
        on_x = np.array([side / one.m for side, one in zip(sides, whole, strict=True)])
        on_m = np.array([-one.ratio * on for on, one in zip(on_x, whole, strict=True)])
        return float(_correlation(self.covariance(on_m, on_x))[0, 1])

    def covariance(self, on_m: Floats, on_x: Floats) -> Floats:
        """Give Σ z·z′ over customers, of influences z = Σ over cells on_m·m + on_x·x: one row of each an influence."""
        mixed = on_x @ self.xm @ on_m.T
        found: Floats = on_x @ self.xx @ on_x.T + mixed + mixed.T + on_m @ self.mm @ on_m.T
        return found


@dataclass(frozen=True)
class Balanced:
    """The sums of groups made alike, the correlations of their ratios, and the share of their units `left_out`."""

    sums: tuple[Sums, ...]
    correlation: Floats
    left_out: float


def standardised(cells: Cells, sides: Sequence[Bools], stratum: Places, *, of: str = "share") -> Balanced | None:
    """Standardise groups directly: each with the composition of all cells in the strata that every group has.

    A stratum in which a group has fewer customers than 5 of equal weight is left out, for all; None
    where that leaves none. `sides` says of each group which cells are its own, `of` (share, mean,
    rate) what a ratio is. Weights are estimated, too. A rate of a stratum counts for its variance as if
    two customers more were like the whole group, for where no unit counts, or all do, it would have none.

    >>> m, x = np.array([50.0, 50, 80, 20]), np.array([10.0, 30, 16, 12])
    >>> products = [np.diag(one) for one in (m, x, x)]  # one unit a customer
    >>> sides = [np.arange(4) < 2, np.arange(4) >= 2]
    >>> found = standardised(Cells(m, m, x, *products), sides, np.array([0, 1, 0, 1]))
    >>> [round(one.ratio, 3) for one in found.sums], found.left_out  # each stratum has equal rates in both
    ([0.34, 0.34], 0.0)
    """
    kept = [k for k in range(int(stratum.max()) + 1) if _has_all(cells, sides, stratum == k)]
    if not kept:
        return None
    inside = np.isin(stratum, kept)
    weights = np.array([cells.m[stratum == k].sum() for k in kept]) / (whole := cells.m[inside].sum())
    on_m, on_x = np.zeros((len(sides), len(stratum))), np.zeros((len(sides), len(stratum)))
    ratios, sampling, extra, sizes = [], [], [], []
    for at, side in enumerate(sides):
        parts = [cells.sums(side & (stratum == k)) for k in kept]
        rates = np.array([one.ratio for one in parts])
        ratio = float(weights @ rates)
        m, alike = (np.array([getattr(one, name) for one in parts]) for name in ("m", "alike"))
        for k, one, weight, rate in zip(kept, parts, weights, rates, strict=True):
            mine, factor = side & (stratum == k), math.sqrt(one.alike / (one.alike - 1))
            on_x[at, mine] = factor * weight / one.m
            on_m[at, mine] = -rate * factor * weight / one.m
            on_m[at, stratum == k] += (rate - ratio) / whole
        flat = np.array([one.squares <= 1e-12 * max(one.m, one.xx) for one in parts]) & (of != "mean")
        spreads = _spread(of, (alike * rates + _PULL * ratio) / (alike + _PULL))
        extra.append(float((weights**2 * spreads / alike)[flat].sum()))
        within = spreads / np.maximum(m - (of == "share"), 1)
        sampling.append(float(weights**2 @ within + weights @ (rates - ratio) ** 2 / whole))
        ratios.append(ratio)
        sizes.append((1 / float(weights**2 @ (1 / m)), 1 / float(weights**2 @ (1 / alike))))
    spread = cells.covariance(on_m, on_x) + np.diag(extra)
    made = []
    for at, side in enumerate(sides):
        about = ratios[at], float(spread[at, at]), sampling[at], *sizes[at]
        made.append(_sums(of, int(cells.customers[side & inside].sum()), *about, len(kept) - 1))
    either = np.logical_or.reduce(sides)
    left_out = 1 - float(cells.m[either & inside].sum() / cells.m[either].sum())
    return Balanced(tuple(made), _correlation(spread), max(0.0, left_out))


def overlap(
    is_first: Bools, confounders: Floats, m: Floats, x: Floats, customer: Places, *, of: str = "share"
) -> Balanced | None:
    """Weigh two groups to their overlap: rows are m units that sum to x, of the first group or the second.

    The propensity to be in the first is a logistic regression on `confounders` (a column each). None
    where the regression finds no end, as where a confounder tells the groups apart. `left_out`
    is the share of units that unequal weights cost: 1 − (Σω)²/Σω² over units.

    >>> is_first = np.repeat([True, False], 6)
    >>> age, x = np.array([[1.0], [1], [2], [2], [2], [2], [1], [1], [1], [1], [2], [2]]), np.arange(12) % 2.0
    >>> found = overlap(is_first, age, np.ones(12), x, np.arange(12))
    >>> round(found.sums[0].ratio, 3), round(found.left_out, 3)
    (0.5, 0.111)
    """
    design = np.column_stack([np.ones(len(m)), confounders])
    fitted = _propensity(design, is_first.astype(float), m)
    if fitted is None:
        return None
    chance, information = fitted
    weight = np.where(is_first, 1 - chance, chance)
    score = (m * (is_first - chance))[:, None] * design
    turning = np.where(is_first, -1.0, 1.0) * chance * (1 - chance)  # of the weight, with the propensity's logit
    people = int(customer.max()) + 1
    influences, ratios, sizes = [], [], []
    for side in (is_first, ~is_first):
        own = np.where(side, weight, 0.0)
        whole = float(own @ m)
        ratio = float(own @ x) / whole
        rest = np.where(side, x - ratio * m, 0.0) / whole
        through = np.linalg.solve(information, design.T @ (turning * rest))
        influences.append(np.bincount(customer, own * rest + score @ through, people))
        each = np.bincount(customer, own * m, people)
        ratios.append(ratio)
        sizes.append((whole**2 / float(own**2 @ m), whole**2 / float(each @ each)))
    many, parameters = int((np.bincount(customer, minlength=people) > 0).sum()), design.shape[1]
    z = np.array(influences)
    spread = z @ z.T * many / max(1, many - parameters)
    made = []
    for at, side in enumerate((is_first, ~is_first)):
        n = int((np.bincount(customer[side], minlength=people) > 0).sum())
        variance, alone = float(spread[at, at]), float(_spread(of, np.array(ratios[at]))) / sizes[at][0]
        about = ratios[at], variance, min(variance, alone), *sizes[at]  # confounders may explain a part
        made.append(_sums(of, n, *about, parameters - 1))
    return Balanced(tuple(made), _correlation(spread), max(0.0, 1 - (sizes[0][0] + sizes[1][0]) / float(m.sum())))


def _has_all(cells: Cells, sides: Sequence[Bools], here: Bools) -> bool:
    return all(cells.sums(side & here).alike >= FEWEST for side in sides)


def _spread(of: str, ratio: Floats) -> Floats:
    """The variance of a unit by itself, where the kind of ratio says it."""
    return {"share": ratio * (1 - ratio), "rate": ratio}.get(of, np.full_like(ratio, np.nan))


def _sums(
    of: str, n: int, ratio: float, variance: float, sampling: float, m: float, alike: float, estimated: int
) -> Sums:
    """Sums with this ratio and variance; m so that independent units would have the variance `sampling`.

    A mean has as many degrees of freedom less as rates or coefficients were `estimated` besides.
    """
    alone = float(_spread(of, np.array(ratio)))
    units = alone / sampling + (of == "share") if alone > 0 and sampling > 0 else m
    alike = max(2.0, alike - estimated) if of == "mean" else alike * units / m
    mm = units**2 / alike
    return Sums(n, units, ratio * units, mm, ratio * mm, ratio**2 * mm + variance * units**2 * (1 - 1 / alike))


def _correlation(spread: Floats) -> Floats:
    size = np.sqrt(np.maximum(np.diag(spread), 0.0))
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = np.clip(np.nan_to_num(spread / np.outer(size, size)), -1, 1)
    return found


def _propensity(design: Floats, first: Floats, m: Floats) -> tuple[Floats, Floats] | None:
    """The chance of each row to be in the first group, and the information, by Newton's method."""
    weights = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(design @ weights, -35, 35)))
        information = design.T @ ((m * chance * (1 - chance))[:, None] * design)
        try:
            step = np.linalg.solve(information, design.T @ (m * (first - chance)))
        except np.linalg.LinAlgError:
            return None
        if np.abs(step).max() < _CLOSE:
            return chance, information
        weights = weights + step * min(1.0, 5 / float(np.abs(step).max()))
    return None
