"""Simulate one value of customers who have several journeys, answers or events each: does its interval hold the truth?

A customer has 3.8 units on average, between 1 and about 15, and the units of a customer are
as alike as the intra-class correlation says.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from simulate_rows import Row, coverage

from journeylib.estimates import Sums, Z, mean, nps, plain_sums, quantile, rate, share, value_at

__all__ = [
    "FEW",
    "average",
    "clustered_share",
    "frequency",
    "one_answer",
    "several_answers",
    "sums_of",
    "units",
    "wait",
]

FEW = "how alike a customer's units are is estimated from few customers"
_AT_ONCE = 2_000_000  # customers drawn at once, to keep memory flat

_Draw = np.random.Generator
_Array = NDArray[Any]


def clustered_share(draw: _Draw, repeats: int, *, customers: int, alike: float, chance: float = 0.3) -> list[Row]:
    """Cover a share of journeys by the clustered interval, and by Wilson's over journeys as if independent."""
    right, plain = [], []
    for shape in _pieces(repeats, customers):
        m = units(draw, shape)
        x = draw.binomial(m, _own(draw, shape, alike, chance))
        right += [share(one) for one in sums_of(m, x)]
        plain += [
            share(plain_sums(int(hits), int(all_))) for all_, hits in zip(m.sum(axis=1), x.sum(axis=1), strict=True)
        ]
    setting = f"{customers} customers, correlation {alike:g}, true value {chance:g}"
    why = f"{FEW}, and a rare thing is made by few of them"
    return [
        coverage("share of journeys, clustered", setting, right, chance, why=why),
        coverage("the same, naive Wilson over journeys", setting, plain, chance, is_wrong=alike > 0),
    ]


def average(draw: _Draw, repeats: int, *, customers: int, alike: float, is_skewed: bool = False) -> list[Row]:
    """Cover a mean over journeys, of normal or of exponential values, clustered and as if independent."""
    truth, right, plain = 10.0, [], []
    for shape in _pieces(repeats, customers):
        m = units(draw, shape)
        if is_skewed:
            own, rest = draw.exponential(1, shape) - 1, draw.gamma(m, 1.0) - m
            squares = np.zeros(shape)
        else:
            own, rest = draw.normal(0, 1, shape), draw.normal(0, np.sqrt(m))
            squares = rest**2 / m + 2 * draw.standard_gamma((m - 1) / 2)
        level, scale = truth + math.sqrt(alike) * own, math.sqrt(1 - alike)
        x = m * level + scale * rest
        right += [mean(one) for one in sums_of(m, x)]
        each = (m * level**2 + 2 * level * scale * rest + scale**2 * squares).sum(axis=1)
        for n, total, square in zip(m.sum(axis=1), x.sum(axis=1), each, strict=True):
            plain.append(mean(Sums(int(n), n, total, n, total, square)))
    values = "exponential" if is_skewed else "normal"
    setting = f"{customers} customers, correlation {alike:g}, {values} values"
    why = "the mean of few values with a long tail misses the tail: show a distribution" if is_skewed else FEW
    rows = [coverage("mean over journeys, clustered", setting, right, truth, why=why)]
    if not is_skewed:
        rows.append(coverage("the same, naive t over journeys", setting, plain, truth, is_wrong=alike > 0))
    return rows


def one_answer(draw: _Draw, repeats: int, *, customers: int, promoters: float, detractors: float) -> list[Row]:
    """Cover a Net Promoter Score of one answer a customer by the adjusted Wald interval."""
    counts = draw.multinomial(customers, [promoters, 1 - promoters - detractors, detractors], repeats)
    truth = 100 * (promoters - detractors)
    found = [nps(*map(int, one)) for one in counts]
    why = "the score of few answers takes few values, and coverage swings around 95 % with them"
    setting = f"{customers} customers, one answer each, true value {truth:g}"
    return [coverage("NPS, adjusted Wald", setting, found, truth, why=why)]


def several_answers(draw: _Draw, repeats: int, *, customers: int, alike: float) -> list[Row]:
    """Cover a Net Promoter Score of several answers a customer, clustered and as if independent."""
    chances, truth, right, plain = np.array([0.5, 0.3, 0.2]), 30.0, [], []
    for shape in _pieces(repeats, customers):
        m = units(draw, shape)
        own = draw.dirichlet(chances * (1 / alike - 1), shape) if alike else np.broadcast_to(chances, (*shape, 3))
        given = draw.multinomial(m, own)
        for one, (up, even, down) in zip(sums_of(m, given[..., 0] - given[..., 2]), given.sum(axis=1), strict=True):
            right.append(nps(int(up), int(even), int(down), one))
            plain.append(nps(int(up), int(even), int(down)))
    setting = f"{customers} customers, several answers each, correlation {alike:g}, true value {truth:g}"
    return [
        coverage("NPS, clustered", setting, right, truth, why=FEW),
        coverage("the same, naive over answers", setting, plain, truth, is_wrong=alike > 0),
    ]


def frequency(draw: _Draw, repeats: int, *, customers: int, spread: float) -> list[Row]:
    """Cover contacts a day of customers followed for 10 to 60 days, whose own frequencies differ by `spread`."""
    truth, right, plain = 0.05, [], []
    for shape in _pieces(repeats, customers):
        m = draw.integers(10, 61, shape)
        own = draw.gamma(1 / spread, spread, shape) if spread else 1.0
        x = draw.poisson(truth * m * own)
        right += [rate(one) for one in sums_of(m, x)]
        for time, times in zip(m.sum(axis=1), x.sum(axis=1), strict=True):
            middle, half = times + Z**2 / 2, Z * math.sqrt(times + Z**2 / 4)
            plain.append(SimpleNamespace(low=(middle - half) / time, high=(middle + half) / time))
    setting = f"{customers} customers, own frequencies vary by {spread:g}, true value {truth:g} a day"
    return [
        coverage("rate, clustered", setting, right, truth, why="few customers make most of the contacts"),
        coverage("the same, naive Poisson", setting, plain, truth, is_wrong=spread > 0),
    ]


def wait(draw: _Draw, repeats: int, *, customers: int, alike: float, q: float) -> list[Row]:
    """Cover a quantile of log-normal waits by the clustered interval, and by that of as many independent waits."""
    truth, right, plain = math.exp(ndtri(q)), [], []
    for _ in range(repeats):
        m = units(draw, (customers,))
        who = np.repeat(np.arange(customers), m)
        own, rest = draw.normal(0, 1, customers)[who], draw.normal(0, 1, len(who))
        waits = np.exp(math.sqrt(alike) * own + math.sqrt(1 - alike) * rest)
        values, counts = np.unique(waits, return_counts=True)
        is_within = waits <= value_at(values, counts, q)
        [one] = sums_of(m[None, :], np.bincount(who, is_within, customers)[None, :])
        right.append(quantile(values, counts, one, q))
        plain.append(quantile(values, counts, plain_sums(int(is_within.sum()), len(waits)), q))
    setting = f"{customers} customers, correlation {alike:g}, true value {truth:.2f}"
    name = "median" if q == 0.5 else f"{q:g}-quantile"
    return [
        coverage(f"{name} of waits, clustered", setting, right, truth, why=FEW),
        coverage("the same, waits as if independent", setting, plain, truth, is_wrong=alike > 0),
    ]


def units(draw: _Draw, shape: tuple[int, ...]) -> _Array:
    """Draw how many units each customer has: 1 and a negative binomial rest, 3.8 on average."""
    return 1 + draw.negative_binomial(2, 2 / 4.8, shape)


def sums_of(m: _Array, x: _Array) -> list[Sums]:
    """The sums an engine would make of each row of customers; one without units is none."""
    parts = [(m > 0).sum(axis=1), *(part.sum(axis=1).astype(float) for part in (m, x, m * m, x * m, x * x))]
    return [Sums(*one) for one in zip(*parts, strict=True)]


def _own(draw: _Draw, shape: tuple[int, ...], alike: float, chance: float) -> _Array | float:
    """Each customer's own chance."""
    return draw.beta(chance * (1 / alike - 1), (1 - chance) * (1 / alike - 1), shape) if alike else chance


def _pieces(repeats: int, customers: int) -> Iterator[tuple[int, int]]:
    """Shapes of worlds by customers, in pieces."""
    most = max(1, _AT_ONCE // customers)
    for first in range(0, repeats, most):
        yield min(most, repeats - first), customers
