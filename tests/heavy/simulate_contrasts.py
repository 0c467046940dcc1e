"""Simulate two groups, or two periods of the same customers: do differences cover, and do tests err as they say?"""

from __future__ import annotations

from typing import Any

import numpy as np
from simulate_rows import Row, coverage, errors
from simulate_values import FEW, sums_of, units

from journeylib.estimates import Periods, Sums, change, difference, plain_sums, ratio, share

__all__ = ["groups", "periods", "share_ratio", "two_shares"]

_SHARE = 0.3
_SEEN = 0.7  # chance that a customer is seen in a period
_FURTHER = 0.005  # claims are made further out than at 5 %

_Draw = np.random.Generator


def two_shares(draw: _Draw, repeats: int, *, customers: int, alike: float | None, gap: float) -> list[Row]:
    """Cover the difference of two shares, or count the errors of its test where there is none."""
    one, other = (groups(draw, repeats, customers, alike, at) for at in (_SHARE + gap, _SHARE))
    units_each = "one journey each" if alike is None else f"correlation {alike:g}"
    setting = f"2 × {customers} customers, {units_each}"
    found = [difference(share(first), share(second)) for first, second in zip(one, other, strict=True)]
    why = FEW if alike else "with one journey each a small group's share takes few values"
    if gap:
        return [coverage("difference of two shares, interval", f"{setting}, true value {gap:g}", found, gap, why=why)]
    rows = [errors("difference of two shares, test at null", setting, found, why=why)]
    if alike:
        plain = [difference(_naive(first), _naive(second)) for first, second in zip(one, other, strict=True)]
        rows.append(errors("difference of two shares, test at null at .005", setting, found, _FURTHER, why=why))
        rows.append(errors("the same at .05, naive over journeys", setting, plain, is_wrong=True))
    return rows


def periods(draw: _Draw, repeats: int, *, customers: int, alike: float, gap: float) -> list[Row]:
    """Cover the change of a share between two periods, or count the errors of its test where there is none.

    Each of customers/.7 is seen in a period with chance .7, so about half are seen in both. A
    journey of the later period converts as it would have earlier, or else with a chance
    that makes the change.
    """
    found, apart, plain = [], [], []
    for both in _two_periods(draw, repeats, round(customers / _SEEN), alike, gap):
        found.append(change(both))
        if not gap:
            apart.append(difference(share(both.later), share(both.earlier)))
            plain.append(difference(_naive(both.later), _naive(both.earlier)))
    setting = f"{customers} customers a period, correlation {alike:g}"
    if gap:
        return [coverage("period change, interval", f"{setting}, true value {gap:g}", found, gap, why=FEW)]
    return [
        errors("period change, test at null", setting, found, why=FEW),
        errors("the same, naive over journeys", setting, plain, is_wrong=alike > 0, why=FEW),
        errors("the same, as if other customers", setting, apart, is_wrong=alike > 0, why=FEW),
    ]


def share_ratio(draw: _Draw, repeats: int, *, customers: int, alike: float) -> list[Row]:
    """Cover the ratio of two shares."""
    truth, sides = 0.4 / _SHARE, [groups(draw, repeats, customers, alike, at) for at in (0.4, _SHARE)]
    found = [ratio(share(first), share(second)) for first, second in zip(*sides, strict=True)]
    setting = f"2 × {customers} customers, correlation {alike:g}, true value {truth:.2f}"
    return [coverage("ratio of two shares, interval", setting, found, truth, why=FEW)]


def groups(draw: _Draw, repeats: int, customers: int, alike: float | None, chance: float = _SHARE) -> list[Sums]:
    """The sums of customers with 3.8 journeys each on average (one where `alike` is None), alike within a customer."""
    shape = (repeats, customers)
    m = np.ones(shape, int) if alike is None else units(draw, shape)
    own = draw.beta(chance * (1 / alike - 1), (1 - chance) * (1 / alike - 1), shape) if alike else chance
    return sums_of(m, draw.binomial(m, own))


def _two_periods(draw: _Draw, repeats: int, people: int, alike: float, gap: float) -> list[Periods]:
    made: list[Periods] = []
    for first in range(0, repeats, 1000):  # in pieces, to keep memory flat
        shape = (min(1000, repeats - first), people)
        earlier, later = ((draw.random(shape) < _SEEN) * units(draw, shape) for _ in range(2))
        own: Any = draw.beta(_SHARE * (1 / alike - 1), (1 - _SHARE) * (1 / alike - 1), shape) if alike else _SHARE
        x_1 = draw.binomial(earlier, own)
        x_2 = draw.binomial(later, own + (1 - own) * gap / (1 - _SHARE))
        is_both = (earlier > 0) & (later > 0)
        products = (is_both, x_2 * x_1, x_2 * earlier, later * x_1, later * earlier)
        parts = (sums_of(earlier, x_1), sums_of(later, x_2), *(part.sum(axis=1) for part in products))
        made += [Periods(*one) for one in zip(*parts, strict=True)]
    return made


def _naive(sums: Sums) -> Any:
    return share(plain_sums(int(sums.x), int(sums.m)))
