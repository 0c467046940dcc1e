"""Looks: a series that compares again in every edition has as many chances to be wrong as it has editions.

Three ways share one alpha among the looks of a series, so that a series that looks at
nothing ever claims anything with a chance of at most alpha:

- *parts*: where each edition speaks of a period of its own, and for searches, a contrast is
  a new hypothesis each time; alpha is divided by the planned looks. In a series without a plan
  but with a cadence, the alpha of a year is divided by the looks of a year, else the k-th look
  has alpha / k(k + 1).
- *spending*: where the data accumulate on one hypothesis and the looks are planned,
  O'Brien and Fleming's spending by the share of the data seen (Lan and DeMets 1983).
- *mixture*: where they accumulate without a plan, a normal-mixture confidence sequence
  (Robbins 1970), which holds at every look, however many.

`allowed` says how small a raw p must be at this look for a claim at a level; `sequential`
turns it round. What later looks need of this one goes with the edition (`after`): shares
and coarse information only, nothing that a reader could compute a count from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr
from scipy.stats import norm

__all__ = ["ONCE", "Look", "Path", "after", "allowed", "path", "seen", "sequential", "way"]

Path = tuple[tuple[float, float], ...]  # (share of the planned data, information) at each look, this one last

_BIN = math.log(1.25)  # information is kept to a quarter: coarser than the counts that a shared page shows
_BEST = 4.0  # a mixture is tightest where there is about twice the information of the first look
_FAR = 7.5  # standard deviations beyond which nothing is counted
_LEAST = 1e-14  # chances below this are none


@dataclass(frozen=True)
class Look:
    """Which look of a series an edition is: the `number`-th of `planned` (None: open).

    `accumulates` where the period has a fixed start, so that each edition has the data of the
    one before and more; `share` is how much of the planned data there is by now; `yearly` the
    looks of a year by the cadence; `before` is what `after` gave for the edition before. After
    the planned looks nothing is left to claim with: the series needs a new plan.
    """

    number: int = 1
    planned: int | None = 1
    accumulates: bool = False
    share: float = 1.0
    yearly: int | None = None
    before: Mapping[str, Any] = field(default_factory=dict)


ONCE = Look()


def seen(
    start: str, as_of: str, *, number: int, planned: int | None, cadence_days: int | None = None, first: str = ""
) -> float:
    """The share of the planned data that there is at a look: days by now of the days at the last planned look.

    Without a promised cadence the looks to come are taken to be as far apart as those so far
    (`first` is the day of the first), else as equal parts.

    >>> round(seen("2025-01-01", "2025-12-31", number=1, planned=53, cadence_days=7), 3)
    0.501
    """
    if not planned or number >= planned:
        return 1.0
    apart = cadence_days or 0.0
    if not apart and first and number > 1:
        apart = _days(first, as_of) / (number - 1)
    if not apart:
        return number / planned
    days = _days(start, as_of) + 1
    return days / (days + apart * (planned - number))


def way(look: Look, *, is_search: bool = False) -> str:
    """Name how a contrast shares its alpha among the looks: once, parts, spending or mixture.

    >>> way(Look(3, 52, accumulates=True)), way(Look(3, None, accumulates=True)), way(Look(3, 52))
    ('spending', 'mixture', 'parts')
    """
    if look.planned == 1 and look.number == 1:
        return "once"
    if is_search or not look.accumulates:
        return "parts"
    return "mixture" if look.planned is None else "spending"


def path(look: Look, key: str, error: float) -> Path:
    """The looks at which the contrast `key` was tested, this one last; `error` is its standard error now.

    Information (1 / error²) is known to a quarter only; between, it is taken to grow with the
    share, and never to fall.
    """
    shares = [*look.before.get("shares", []), look.share]
    kept = list(look.before.get("information", {}).get(key, []))
    kept = [*([None] * (len(shares) - 1 - len(kept))), *kept, _bin(error)]
    found: list[tuple[float, float]] = []
    for share, step in zip(shares, kept, strict=True):
        if step is None:
            continue
        information = math.exp(_BIN * step)
        if found:
            share = max(share, found[-1][0])
            information = max(information, found[-1][1] * share / found[-1][0])
        found.append((share, information))
    return tuple((share, information / found[0][1]) for share, information in found)


def allowed(look: Look, level: float, at: Path = ((1.0, 1.0),), *, is_search: bool = False) -> float:
    """How small a raw p must be at this look for a claim at `level`; 0 where nothing is left of a plan.

    >>> allowed(Look(7, 52), 0.052)
    0.001
    >>> round(allowed(Look(1, 5, accumulates=True), 0.05, ((0.4, 1.0),)), 4)  # z = 3.36 at two fifths
    0.0008
    """
    how = way(look, is_search=is_search)
    if how == "once":
        return level
    if look.planned is not None and look.number > look.planned:
        return 0.0
    if how == "parts":
        return level / (look.planned or look.yearly or look.number * (look.number + 1))
    if how == "mixture":
        gain = _BEST * at[-1][1]
        return 2 * float(norm.sf(math.sqrt((1 + 1 / gain) * math.log((1 + gain) / level**2))))
    return 2 * float(ndtr(-_bound(at, level)))


def sequential(look: Look, p: float, at: Path = ((1.0, 1.0),), *, is_search: bool = False, most: float = 0.05) -> float:
    """Adjust a raw p for the looks: the least level at which this look allows a claim; 1 where none up to `most` does.

    >>> sequential(Look(7, 52), 0.0001)
    0.0052
    """
    how = way(look, is_search=is_search)
    if how in ("once", "parts"):
        whole = allowed(look, 1.0, is_search=is_search)
        return min(1.0, float(f"{p / whole:.12g}")) if whole else 1.0
    if how == "mixture":
        gain = _BEST * at[-1][1]
        squared = float(norm.isf(p / 2)) ** 2
        return min(1.0, math.sqrt(1 + gain) * math.exp(-squared / 2 * gain / (1 + gain)))
    if p > _spent(most, at[-1][0]) or p > allowed(look, most, at):
        return 1.0

    def short(log: float) -> float:
        return allowed(look, math.exp(log), at) - p

    low, high = math.log(max(p, 1e-12)), math.log(most)
    if short(low) >= 0:
        return math.exp(low)
    return math.exp(brentq(short, low, high, xtol=1e-7)) if short(high) > 0 else most


def after(look: Look, errors: Mapping[str, float]) -> dict[str, Any]:
    """What the next edition needs of this one: `errors` are the standard errors of the contrasts tested, by key.

    >>> after(Look(1, 52, accumulates=True, share=0.5), {"churn/stay/annual/monthly": 4.0})
    {'shares': [0.5], 'information': {'churn/stay/annual/monthly': [-12]}}
    """
    if not look.accumulates:
        return {"shares": [], "information": {}}
    shares = [*look.before.get("shares", []), float(f"{look.share:.6g}")]
    information = {key: list(steps) for key, steps in look.before.get("information", {}).items()}
    for key in sorted({*information, *errors}):
        steps = information.get(key, [])
        lost: list[int | None] = [None] * (len(shares) - 1 - len(steps))
        information[key] = [*steps, *lost, _bin(errors[key]) if key in errors else None]
    return {"shares": shares, "information": dict(sorted(information.items()))}


def _days(first: str, last: str) -> int:
    return (date.fromisoformat(last) - date.fromisoformat(first)).days


def _bin(error: float) -> int:
    return round(-2 * math.log(error) / _BIN)


def _spent(level: float, share: float) -> float:
    """The alpha spent by a share of the data: the chance that Brownian motion has left O'Brien and Fleming's bound."""
    return 4 * float(ndtr(-norm.isf(level / 4) / math.sqrt(share)))


def _bound(at: Path, level: float) -> float:
    """The bound of |z| at the last look of a path; infinite where nothing is spent there."""
    return _walk(at, level)[0] / math.sqrt(at[-1][1])


@lru_cache(maxsize=4096)
def _walk(at: Path, level: float) -> tuple[float, Any, Any]:
    """Follow the score (variance: information) up to the last look of a path, as long as it stays inside its bounds.

    The bound there, nodes between 0 and it, and density times weight at them, for both signs
    together (Armitage, McPherson and Rowe 1969).
    """
    (share, information), earlier = at[-1], at[:-1]
    spend = _spent(level, share) - (_spent(level, earlier[-1][0]) if earlier else 0.0)
    if not earlier:
        bound = float(norm.isf(spend / 2)) * math.sqrt(information) if spend > _LEAST else math.inf
        nodes, weights = _nodes(bound, information, information)
        return bound, nodes, 2 * norm.pdf(nodes / math.sqrt(information)) / math.sqrt(information) * weights

    _, before, inside = _walk(earlier, level)
    grown = max(information - earlier[-1][1], 1e-3 * information)
    step = math.sqrt(grown)

    def beyond(bound: float) -> float:
        return float(inside @ (ndtr((before - bound) / step) + ndtr(-(before + bound) / step)))

    far = _FAR * math.sqrt(information)
    bound = math.inf
    if spend > _LEAST and beyond(0.0) > spend > beyond(far):
        bound = float(brentq(lambda at: beyond(at) - spend, 0.0, far, rtol=1e-12))
    nodes, weights = _nodes(bound, information, grown)
    steps = (np.exp(-0.5 * ((nodes[:, None] + sign * before) / step) ** 2) for sign in (-1, 1))
    density = sum(steps) @ inside / (step * math.sqrt(2 * math.pi))
    return bound, nodes, density * weights


def _nodes(bound: float, information: float, grown: float) -> tuple[Any, Any]:
    """Gauss and Legendre's nodes and weights from 0 to a bound, dense enough for the steps to come."""
    end = min(bound, _FAR * math.sqrt(information))
    many = int(np.clip(2 * end / math.sqrt(min(grown, 0.05 * information)), 48, 400))
    nodes, weights = _legendre(many)
    return (nodes + 1) * end / 2, weights * end / 2


@lru_cache(maxsize=512)
def _legendre(many: int) -> tuple[Any, Any]:
    nodes, weights = np.polynomial.legendre.leggauss(many)
    return nodes, weights
