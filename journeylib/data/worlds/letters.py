"""What customers and the company write to each other besides campaigns: complaints, their answers, activations.

A letter stands at the end of a journey, or some days later but still in it, so that letters
neither begin journeys nor come between their touches. None is part of a journey that nobody signs in on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from journeylib.data.worlds.blocks import Blocks
from journeylib.data.worlds.clicks import hidden
from journeylib.data.worlds.clock import DAY, HOUR, MINUTE, START
from journeylib.data.worlds.dice import Dice, Ints
from journeylib.data.worlds.people import Crowd
from journeylib.data.worlds.plants import ACTIVATED_DAYS
from journeylib.data.worlds.touches import Walk

__all__ = ["ACTIVATED", "COMPLAINT", "LETTERS", "RESOLVED", "Letters", "write"]

LETTERS = ["complaint", "complaint resolved", "activated"]
COMPLAINT, RESOLVED, ACTIVATED = range(3)

_QUICK = 0.5  # of complaints are resolved at once, which takes three to six days
_LATEST = 40 * DAY  # the others when the customer comes next, if that is before


@dataclass(frozen=True)
class Letters:
    """One entry a letter; `customer` is a position in the batch."""

    customer: Ints
    us: Ints
    kind: Ints


def write(dice: Dice, crowd: Crowd, plan: Blocks, walked: Walk) -> Letters:
    """Write the letters, as if nobody left.

    A complaint that is not resolved at once is resolved at the end of the next journey, if that is
    within forty days and has no complaint of its own, and never otherwise.
    """
    size = len(plan)
    end = walked.main_end + dice.between("letter.wait", 5 * MINUTE, HOUR, size).astype(np.int64)
    is_open = ~hidden(dice, crowd, plan)
    complains = plan.complains & is_open & (end >= START)

    is_quick = dice.random("letter.quick", size) < _QUICK
    quick = end + dice.between("letter.answer", 3 * DAY, 6 * DAY, size).astype(np.int64)
    following = np.append(np.arange(1, size), 0)  # a customer's ordinary journeys follow each other
    is_ordinary = ~plan.is_closing & ~plan.is_further
    goes_on = (plan.customer[following] == plan.customer) & is_ordinary[following]
    comes = goes_on & (is_open & ~complains)[following] & (end[following] - end <= _LATEST)
    resolved = np.where(is_quick, quick, end[following])

    day = (end - START) // DAY
    activates = plan.activates & is_open & (day <= crowd.signed_day[plan.customer] + ACTIVATED_DAYS)
    each = [(complains, end), (complains & (is_quick | comes), resolved), (activates, end)]
    return Letters(
        customer=np.concatenate([plan.customer[which] for which, _ in each]),
        us=np.concatenate([us[which] for which, us in each]),
        kind=np.repeat([COMPLAINT, RESOLVED, ACTIVATED], [int(which.sum()) for which, _ in each]),
    )
