"""Emails by template: each is opened less from month to month, but more go out in the better one: all in all, no less.

Whether an email is opened was drawn before, and does not change over time. Its template is drawn
from that by Bayes' rule, so that in each template the opened share is what is planted:
`_TIMES` the usual share at the beginning, less one part in a hundred each month.
"""

from __future__ import annotations

import numpy as np

from journeylib.data.worlds.clock import DAY, DAYS, START
from journeylib.data.worlds.dice import Dice, Flags, Floats, Ints
from journeylib.data.worlds.plants import Plants

__all__ = ["HALF", "expected", "templates"]

HALF = START + DAYS // 2 * DAY  # the periods that the truth compares part here
_MONTH = 365.25 / 12 * DAY
_TIMES = (0.8, 1.4)  # by template: how often one is opened at the beginning, as times the usual share


def templates(dice: Dice, purpose: str, us: Ints, opened: Flags, usual: Floats, plants: Plants) -> Ints:
    """Draw the template of each email, 0 or 1: `usual` is the chance with which it was `opened`."""
    if not plants.monthly_fall:
        return dice.choose(purpose, [1, 1], len(us))
    better, share = _law(us, usual, plants)
    chance = better * np.where(opened, share / usual, (1 - share) / (1 - usual))
    drawn: Ints = (dice.random(purpose, len(us)) < chance).astype(np.int64)
    return drawn


def expected(us: Ints, usual: Floats, plants: Plants) -> dict[str, float]:
    """Expect the emails, and the opened ones, of each template (0, 1) in each half of the period (0, 1).

    >>> us, usual = np.array([START, START, HALF]), np.full(3, 0.5)
    >>> found = expected(us, usual, Plants([]))
    >>> [round(found[name], 3) for name in ("sent.0.1", "opened.0.1", "sent.1.1")]
    [0.667, 0.467, 0.491]
    """
    better, share = _law(us, usual, plants)
    worse = (usual - better * share) / (1 - better)
    found = {}
    for half in (0, 1):
        here = (us >= HALF) == half
        for template, sent, chance in [(0, 1 - better, worse), (1, better, share)]:
            found[f"sent.{half}.{template}"] = float(sent[here].sum())
            found[f"opened.{half}.{template}"] = float((sent * chance)[here].sum())
    return found


def _law(us: Ints, usual: Floats, plants: Plants) -> tuple[Floats, Floats]:
    """The share of emails in the better template, and the share of these that is opened."""
    if not plants.monthly_fall:
        return np.full(len(us), 0.5), usual
    level = (1 - plants.monthly_fall) ** ((us - START) / _MONTH)
    better: Floats = (1 / level - _TIMES[0]) / (_TIMES[1] - _TIMES[0])
    return better, _TIMES[1] * level * usual
