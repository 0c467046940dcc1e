"""How well an outlook foretells: on customers and days that it had not seen, next to a rule of thumb.

Concordance is Uno's (2011): of two customers, who leaves first within N days has the higher risk; a tie counts a half.
The Brier score is the mean square of what was foretold less what came (Graf and others 1999). Both weigh
by the inverse of the chance not to be censored yet (IPCW, Kaplan–Meier of the censoring). On one day customers leave
before others are censored, and who is censored on a day was there at its end.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylib import schema
from journeylib.estimates import ENOUGH, Z, plain_sums, share
from journeylib.measures.churn.counts import FEWEST_LEFT, Floats
from journeylib.measures.churn.outlook import Outlook, note
from journeylib.measures.churn.regression import steady
from journeylib.measures.churn.snapshot import SINCE
from journeylib.trace import measured

__all__ = ["Cells", "Score", "brier", "calibration", "concordance", "fifths", "foretold", "integrated_brier"]

_FIFTHS = 5


class Cells(NamedTuple):
    """Customers followed alike: how many (`n`), until which day, whether they left on it."""

    n: Floats
    day: NDArray[np.int64]
    has_left: NDArray[np.bool_]


class Score(NamedTuple):
    """A number, and what one more customer of each cell would move it by: its variance is Σ n·influence²."""

    value: float
    influence: Floats


def concordance(cells: Cells, risk: Floats, days: int) -> Score:
    """Give Uno's C of a risk up to and with a day: 1 tells all apart, .5 nobody.

    >>> three = Cells(np.ones(3), np.array([1, 2, 3]), np.array([True, True, False]))
    >>> concordance(three, np.array([0.3, 0.1, 0.2]), 3).value  # the first before both others, the second wrong
    0.6666666666666666
    """
    place, levels = pd.factorize(risk, sort=True)
    day, leaves = np.minimum(cells.day, days), cells.has_left & (cells.day <= days)
    exits = np.zeros((2, len(levels), days + 1))
    np.add.at(exits, (leaves.astype(int), place, day), cells.n)
    left = exits[1]
    after = exits.sum(axis=0)[:, ::-1].cumsum(axis=1)[:, ::-1] - left  # still there when a day's departures are over
    lower = after.cumsum(axis=0) - after / 2
    higher = left.sum(axis=0) - left.cumsum(axis=0) + left / 2
    weight = _inverse(cells, days) ** 2
    pairs = after.sum(axis=0)
    among = float((weight * left.sum(axis=0) * pairs).sum())
    if not among:
        return Score(math.nan, np.full(len(cells.n), math.nan))
    value = float((weight * (left * lower).sum(axis=0)).sum()) / among
    earlier = (weight * (higher - value * left.sum(axis=0))).cumsum(axis=1)  # as the one who is still there
    own = np.where(leaves, weight[day] * (lower[place, day] - value * pairs[day]), 0.0)
    return Score(value, (own + earlier[place, np.where(leaves, day - 1, day)]) / among)


def brier(cells: Cells, still: Floats, days: int) -> Score:
    """Give the Brier score on a day of the shares `still` foretold for it: 0 is best, .25 is tossing a coin."""
    return _mean(cells, _squares(cells, still[:, None], np.array([days]), days))


def integrated_brier(cells: Cells, still: Floats, days: int) -> Score:
    """Give the mean of the Brier scores on the days 1, …, `days`; `still` has a column for each."""
    return _mean(cells, _squares(cells, still, np.arange(1, days + 1), days) / days)


@measured
def foretold(found: Outlook) -> pd.DataFrame:
    """Measure how well the outlook foretold the last landmark whose days are over, learnt before it began.

    A row for each `way` and `measure` ("concordance", "brier", "integrated brier"). The "rule of thumb" is who was
    longest without activity leaves first, with the shares of its bands that left before; the "average" gives
    everybody the same share; "model less rule" is the gain, of the same customers. Higher is better of concordance,
    lower of the others. Intervals by influence functions (of C on its logit), the weights and what was
    learnt taken as they are; they speak of these customers in these days, and other days may be otherwise. `left` is
    who left within the days.
    """
    by = ["way", "measure"]
    if found.why or found.earlier is None:
        return schema.not_applicable(found.why, by, ["left"])
    note(found)
    seen, days, last = found.seen, found.days, found.seen["zero_us"].max()
    was_known = seen["zero_us"].map(lambda at: found.terms.told_before(int(at), days, int(last)))
    before, held = seen[was_known], seen[seen["zero_us"] == last]
    cells = _cells(held)
    n, left = int(cells.n.sum()), int(cells.n[cells.has_left].sum())
    if not left:
        return schema.not_applicable(f"nobody left in the {days} days that the outlook is judged on", by, ["left"])
    everybody = _shares(before, days)
    bands = {str(band): _shares(part, days) for band, part in before.groupby(SINCE)}
    ways = {
        "model": found.earlier.still(held),
        "rule of thumb": np.array([bands.get(str(band), everybody) for band in held[SINCE]]),
        "average": np.tile(everybody, (len(held), 1)),
    }
    scores = {way: _judged(cells, np.round(still, 10), days) for way, still in ways.items()}
    del scores["average"]["concordance"]  # .5, whatever comes
    rows = []
    is_enough = n >= ENOUGH and left >= FEWEST_LEFT
    for way, made in scores.items():
        for name, one in made.items():
            rows.append({"way": way, "measure": name, **_row(cells, one, is_logit=name == "concordance")})
    for name, one in scores["model"].items():
        rule = scores["rule of thumb"][name]
        gain = Score(one.value - rule.value, one.influence - rule.influence)
        rows.append({"way": "model less rule", "measure": name, **_row(cells, gain, is_logit=False)})
    return schema.result([{**row, "n": n, "is_enough": is_enough, "left": left} for row in rows], by, ["left"])


@measured
def calibration(found: Outlook) -> pd.DataFrame:
    """Compare what was foretold with what came, by fifths of risk, on the last landmark whose days are over.

    A row a `band`, 1 the lowest risk: `predicted` is the mean risk, `estimate` the share that left within the days
    with Wilson's interval (all are followed throughout, so Kaplan–Meier gives the same share), `left` their number.
    Customers of one risk stay together, so bands are not quite fifths, and one may be missing.
    """
    by, extra = ["band"], ["predicted", "left"]
    if found.why or found.earlier is None:
        return schema.not_applicable(found.why, by, extra)
    note(found)
    held = found.seen[found.seen["zero_us"] == found.seen["zero_us"].max()]
    held = held.assign(risk=found.earlier.of(held))
    held = held.assign(band=fifths(held), weighed=held["risk"] * held["n"], gone=held["n"].where(held["has_left"], 0))
    rows = []
    for band, part in held.groupby("band"):
        n, left = int(part["n"].sum()), int(part["gone"].sum())
        row = share(plain_sums(left, n)).row(band=int(str(band)), left=left)
        is_enough = n >= ENOUGH and left >= FEWEST_LEFT
        rows.append({**row, "predicted": steady(float(part["weighed"].sum()) / n), "is_enough": is_enough})
    return schema.result(rows, by, extra)


def fifths(people: pd.DataFrame) -> pd.Series[int]:
    """The fifth by `risk` of each of people who stand for `n` customers each, 1 the lowest; equal risks stay together.

    >>> fifths(pd.DataFrame({"risk": [0.1, 0.9, 0.5, 0.9], "n": [4, 1, 4, 1]})).tolist()
    [2, 5, 4, 5]
    """
    sizes = people.groupby("risk")["n"].sum()
    middle = (sizes.cumsum() - sizes / 2) / sizes.sum()
    return (people["risk"].map(middle) * _FIFTHS).astype(int) + 1


def _cells(held: pd.DataFrame) -> Cells:
    return Cells(held["n"].to_numpy(float), held["day"].to_numpy(np.int64), held["has_left"].to_numpy(bool))


def _shares(seen: pd.DataFrame, days: int) -> Floats:
    """The share still there at the end of each day, of customers who are all followed throughout."""
    gone = seen[seen["has_left"]].groupby("day")["n"].sum().reindex(range(1, days + 1), fill_value=0)
    found: Floats = 1 - gone.to_numpy(float).cumsum() / float(seen["n"].sum())
    return found


def _judged(cells: Cells, still: Floats, days: int) -> dict[str, Score]:
    return {
        "concordance": concordance(cells, 1 - still[:, -1], days),
        "brier": brier(cells, still[:, -1], days),
        "integrated brier": integrated_brier(cells, still, days),
    }


def _row(cells: Cells, one: Score, *, is_logit: bool) -> dict[str, float]:
    reach, value = Z * math.sqrt(float(cells.n @ one.influence**2)), one.value
    low, high = value - reach, value + reach
    if is_logit:
        inside = 0 < value < 1
        low, high = ((_expit(value, sign * reach) if inside else math.nan) for sign in (-1, 1))
    return {"estimate": steady(value), "low": steady(low), "high": steady(high)}


def _expit(value: float, reach: float) -> float:
    """The value, moved by a reach on the scale of its logit."""
    odds = value / (1 - value) * math.exp(reach / (value * (1 - value)))
    return odds / (1 + odds)


def _mean(cells: Cells, each: Floats) -> Score:
    n = float(cells.n.sum())
    value = float(cells.n @ each) / n
    return Score(value, (each - value) / n)


def _squares(cells: Cells, still: Floats, at: NDArray[np.int64], days: int) -> Floats:
    """The weighed squares of each cell, added up over the days `at`."""
    inverse = _inverse(cells, days)
    day, last = cells.day[:, None], np.minimum(cells.day, days)
    gone = (day <= at) & cells.has_left[:, None]
    there = (day > at) | ((day == at) & ~cells.has_left[:, None])
    found: Floats = (gone * still**2).sum(axis=1) * inverse[last] + (there * (1 - still) ** 2) @ inverse[at]
    return found


def _inverse(cells: Cells, days: int) -> Floats:
    """One over the chance not to be censored before each of the days 0, …, `days`; 0 where nobody is left of whom."""
    censored, left, beyond = (np.zeros(days + 2) for _ in range(3))
    day = np.minimum(cells.day, days + 1)
    for counts, whom in ((left, cells.has_left), (censored, ~cells.has_left), (beyond, day > 0)):
        np.add.at(counts, day[whom], cells.n[whom])
    at_risk = beyond[::-1].cumsum()[::-1] - left
    stays = 1 - np.divide(censored, at_risk, out=np.zeros(days + 2), where=at_risk > 0)
    before = np.concatenate([[1.0], stays.cumprod()])[: days + 1]
    found: Floats = np.divide(1.0, before, out=np.zeros(days + 1), where=before > 0)
    return found
