"""Day sums: all that Efron's exact partial likelihood asks of the customers, by day.

With durations in whole days, all that the likelihood asks of the rows at risk on a day is
S0 = Σ e, S1 = Σ e·x and S2 = Σ e·x·x′ with e = exp(x′β), and the same of those who left on it.
An engine can make these sums (`Cells`), so a Newton step is one query however many customers
there are. A weight is a number of equal customers, so the tie count of a day is a sum of weights.

Efron (1977): of the m who left on a day, the l-th meets a risk set of c_l = S0 − (l/m)·D0, where D0
is the sum of e over those m, and likewise for the other sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["ENTERED", "LEFT", "STAYED", "Cells", "DaySums", "Floats", "Rows", "cells_of", "gathered"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_AT_ONCE = 2_000_000  # departures for which terms are held in memory

ENTERED, STAYED, LEFT = -1, 0, 1


class Cells(NamedTuple):
    """Sums over the rows that entered after, stayed to, or left on a day (`kind` −1, 0, 1), one each a stratum.

    `n` adds weights, `e` weights times exp(x′β); `x` is Σ x, `ex` Σ e·x and `exx` Σ e·x·x′.
    """

    stratum: Ints
    day: Ints
    kind: Ints
    n: Floats
    e: Floats
    x: Floats
    ex: Floats
    exx: Floats


class Rows(NamedTuple):
    """Rows in memory: at risk on the days after `entry` up to and with `day`."""

    entry: Ints
    day: Ints
    has_left: Ints
    x: Floats
    stratum: Ints
    weight: Floats


@dataclass(frozen=True)
class DaySums:
    """What the likelihood needs of each day on which somebody left: one place a stratum and day.

    `s0`, `s1`, `s2` are of all at risk, `left`, `d0`, `d1`, `d2` of those who left, whose columns add up
    to `x`; `at_risk` is the customers at risk on the day in all strata. The rest are sums over the ties.
    """

    stratum: Ints
    day: Ints
    at_risk: Floats
    left: Floats
    x: Floats
    s0: Floats
    s1: Floats
    s2: Floats
    d0: Floats
    d1: Floats
    d2: Floats
    log_c: Floats  # Σ log c
    h0: Floats  # Σ 1/c: what the day adds to the cumulative hazard
    h1: Floats  # Σ (l/m)/c
    g0: Floats  # Σ 1/c²
    g1: Floats  # Σ (l/m)/c²
    g2: Floats  # Σ (l/m)²/c²

    @property
    def scores(self) -> Floats:
        """What each day adds to the score: the columns of those who left less what was expected of them."""
        return self.x - self.expected

    @property
    def expected(self) -> Floats:
        """The sum over ties of the risk set's mean x."""
        found: Floats = self.s1 * self.h0[:, None] - self.d1 * self.h1[:, None]
        return found

    @property
    def drift(self) -> Floats:
        """Σ mean/c: what the day adds to the derivative of the cumulative hazard by β, with the sign turned."""
        found: Floats = self.s1 * self.g0[:, None] - self.d1 * self.g1[:, None]
        return found

    @property
    def log_likelihood(self) -> float:
        return -float(self.log_c.sum())

    def information(self, by: Floats | None = None) -> Floats:
        """Add the days' covariances of x in the risk set; each times `by` where that is given."""
        w = np.ones(len(self.day)) if by is None else by
        linear = np.einsum("k,kij->ij", w * self.h0, self.s2) - np.einsum("k,kij->ij", w * self.h1, self.d2)
        mixed = (self.s1 * (w * self.g1)[:, None]).T @ self.d1
        squares = (self.s1 * (w * self.g0)[:, None]).T @ self.s1 + (self.d1 * (w * self.g2)[:, None]).T @ self.d1
        found: Floats = linear - squares + mixed + mixed.T
        return (found + found.T) / 2


def cells_of(rows: Rows, beta: Floats) -> Cells:
    """Make the sums of rows in memory, in one pass: what an engine makes of a table.

    >>> two = Rows(*(np.array(one) for one in ([0, 0], [1, 2], [1, 0], [[1.0], [0.0]], [0, 0], [1.0, 1.0])))
    >>> cells_of(two, np.array([0.0])).ex.ravel().tolist()  # left on day 1, stayed to day 2
    [1.0, 0.0]
    """
    e = rows.weight * np.exp(rows.x @ beta)
    is_late = rows.entry > 0
    parts = [_summed(rows, e, rows.day, rows.has_left, np.ones(len(e), dtype=bool))]
    if is_late.any():
        parts.append(_summed(rows, e, rows.entry, np.full(len(e), ENTERED), is_late))
    return Cells(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def gathered(cells: Cells) -> DaySums:
    """Gather the sums of every risk set: who is there at the end of a day or later, less who enters then or later.

    Added up from the last day backward, so that the few at the end are not the difference of many.
    """
    size, p = len(cells.day), cells.x.shape[1]
    flat = np.column_stack([cells.e, cells.ex, cells.exx.reshape(size, p * p)])
    signed = np.where(cells.kind == ENTERED, -1.0, 1.0)[:, None] * flat
    # Backward within a stratum; on one day who leaves is counted before who enters after it: entry < day.
    order = np.lexsort((cells.kind == ENTERED, -cells.day, cells.stratum))
    ordered, stratum = signed[order], cells.stratum[order]
    starts = np.flatnonzero(np.r_[True, stratum[1:] != stratum[:-1]]) if size else np.array([], dtype=int)
    ends = np.r_[starts[1:], size]
    running = np.empty_like(ordered)
    for start, end in zip(starts, ends, strict=True):
        running[start:end] = ordered[start:end].cumsum(axis=0)
    # The risk set of day d: everything with a later day, whoever leaves or stays to d, and the entries on d or later.
    day = cells.day[order]
    last = np.flatnonzero(np.r_[(day[1:] != day[:-1]) | (stratum[1:] != stratum[:-1]), True]) if size else starts
    where = {(s, d): at for s, d, at in zip(stratum[last].tolist(), day[last].tolist(), last.tolist(), strict=True)}
    gone = np.flatnonzero((cells.kind == LEFT) & (cells.n > 0))
    gone = gone[np.lexsort((cells.day[gone], cells.stratum[gone]))]
    at = [where[s, d] for s, d in zip(cells.stratum[gone].tolist(), cells.day[gone].tolist(), strict=True)]
    risk, leaving = running[at] if at else np.empty((0, flat.shape[1])), flat[gone]
    cut = 1 + p
    return DaySums(
        cells.stratum[gone],
        cells.day[gone],
        _at_risk(cells, cells.day[gone]),
        cells.n[gone],
        cells.x[gone],
        *(risk[:, 0], risk[:, 1:cut], risk[:, cut:].reshape(len(gone), p, p)),
        *(leaving[:, 0], leaving[:, 1:cut], leaving[:, cut:].reshape(len(gone), p, p)),
        *_ties(cells.n[gone], risk[:, 0], leaving[:, 0]),
    )


def _summed(rows: Rows, e: Floats, day: Ints, kind: Ints, among: NDArray[np.bool_]) -> tuple[NDArray, ...]:
    """The sums of the rows `among` all, by stratum, day and kind."""
    order = np.flatnonzero(among)
    order = order[np.lexsort((kind[order], day[order], rows.stratum[order]))]
    keys = np.column_stack([rows.stratum[order], day[order], kind[order]])
    starts = np.flatnonzero(np.r_[True, (keys[1:] != keys[:-1]).any(axis=1)]) if len(order) else np.array([], dtype=int)
    x, weight, each = rows.x[order], rows.weight[order], e[order]
    ex = x * each[:, None]
    ends = np.r_[starts[1:], len(order)]
    p = x.shape[1]
    exx = np.empty((len(starts), p, p))
    for at, (start, end) in enumerate(zip(starts, ends, strict=True)):
        exx[at] = ex[start:end].T @ x[start:end]
    n, s0, x1, s1 = (np.add.reduceat(one, starts, axis=0) for one in (weight, each, x * weight[:, None], ex))
    return (*keys[starts].T, n, s0, x1, s1, exx)


def _at_risk(cells: Cells, days: Ints) -> Floats:
    """The customers at risk on each of the days, in all strata: who is there then or later, less who enters later."""
    found = np.zeros(len(days))
    for sign, those in ((1.0, cells.kind != ENTERED), (-1.0, cells.kind == ENTERED)):
        order = np.argsort(cells.day[those], kind="stable")
        at_least = np.r_[cells.n[those][order][::-1].cumsum()[::-1], 0.0]
        found += sign * at_least[np.searchsorted(cells.day[those][order], days, side="left")]
    return found


def _ties(left: Floats, s0: Floats, d0: Floats) -> tuple[Floats, ...]:
    """Σ log c, Σ 1/c, Σ f/c, Σ 1/c², Σ f/c², Σ f²/c² over the ties of each day, f = l/m and c = S0 − f·D0."""
    sizes = left.round().astype(np.int64)
    found = np.zeros((6, len(sizes)))
    start = 0
    while start < len(sizes):
        reach = np.searchsorted(sizes[start:].cumsum(), _AT_ONCE, side="right")
        end = min(len(sizes), start + max(1, int(reach)))
        part = sizes[start:end]
        firsts = np.r_[0, part.cumsum()[:-1]]
        place = np.repeat(np.arange(end - start), part)
        f = (np.arange(part.sum()) - firsts[place]) / part[place]
        c = s0[start:end][place] - f * d0[start:end][place]
        inverse = 1 / c
        terms = (np.log(c), inverse, f * inverse, inverse**2, f * inverse**2, (f * inverse) ** 2)
        found[:, start:end] = [np.add.reduceat(term, firsts) for term in terms]
        start = end
    return tuple(found)
