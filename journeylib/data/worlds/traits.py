"""What the company writes down about its customers besides: some of it goes with what they do, most with nothing.

These attributes change nothing that happens. Each is drawn from what is already certain of a
customer (how often journeys come, how many of them end in an order, as planned until the end of the
period), with a chance that is known, and from dice of its own; so a world with such a plant has the same events as
one without. What a chance was not drawn from has no part in it: that is what makes an effect exactly zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from journeylib.data.worlds.blocks import SHOP, STORE, Blocks, order_chance
from journeylib.data.worlds.clicks import visits
from journeylib.data.worlds.dice import Dice, Flags, Floats, Ints
from journeylib.data.worlds.people import Crowd
from journeylib.data.worlds.plants import CLUB_SHARE, NULLS, STORE_SHARE, Plants
from journeylib.data.worlds.touches import Walk

__all__ = ["CALLED", "Traits", "note"]

CALLED = (0.1, 0.75)  # by first talk (decided, unsure): the share that is called
_UNSURE, _LESS = 0.75, 0.6  # chance to be unsure without any order, and how much less with one in every journey
_USUAL_UNSURE, _USUAL_CALLED, _USUAL_SEVERAL = 0.56, 0.46, 0.25
_OFTEN = 30  # mean days between journeys at which half of the customers have several devices


@dataclass(frozen=True)
class Traits:
    """One entry a customer of the batch; `nulls` are positions in the values of `plants.NULLS`."""

    has_several: Flags
    is_unsure: Flags
    is_called: Flags
    is_member: Flags
    nulls: Mapping[str, Ints]


def note(dice: Dice, crowd: Crowd, plan: Blocks, walked: Walk, plants: Plants) -> Traits:
    """Write down the traits of a batch."""
    size = len(crowd)
    is_unsure = dice.random("follow_up.unsure", size) < _unsure(dice, crowd, plan, walked, plants)
    called = np.where(is_unsure, CALLED[1], CALLED[0]) if plants.has_follow_up else np.full(size, _USUAL_CALLED)
    return Traits(
        has_several=crowd.has_second | (dice.random("devices.several", size) < _several(crowd, plants)),
        is_unsure=is_unsure,
        is_called=dice.random("follow_up.called", size) < called,
        is_member=dice.random("club.member", size) < _member(dice, crowd, plan, walked, plants),
        nulls={name: dice.choose(f"null.{name}", weights, size) for name, (_, weights) in NULLS.items()},
    )


def _several(crowd: Crowd, plants: Plants) -> Floats:
    """The chance of several devices depends on how often journeys come, and on nothing else."""
    if not plants.has_many_devices:
        return np.full(len(crowd), _USUAL_SEVERAL)
    chance: Floats = 1 / (1 + (crowd.pace / _OFTEN) ** 2)
    return chance


def _unsure(dice: Dice, crowd: Crowd, plan: Blocks, walked: Walk, plants: Plants) -> Floats:
    """The fewer journeys of a customer end in an order, the likelier the customer was unsure in the first talk."""
    if not plants.has_follow_up:
        return np.full(len(crowd), _USUAL_UNSURE)
    usual = ~plan.is_further
    size, owner = len(crowd), plan.customer[usual]
    journeys = np.bincount(owner, minlength=size)
    orders = np.bincount(owner, _orders(dice, plan, walked, plants)[usual], size)
    chance: Floats = _UNSURE - _LESS * orders / np.maximum(journeys, 1)
    return chance


def _member(dice: Dice, crowd: Crowd, plan: Blocks, walked: Walk, plants: Plants) -> Floats:
    """The chance to be a member: a half, and a little more for each journey with an order above what was expected.

    With s a customer's orders less the expected p of each journey, a chance of π + c·s puts
    c·Σp(1 − p) orders more on members than their journeys bring, so their share of journeys with an order
    is c·mean(p(1 − p))/(π(1 − π)) above the others'; c makes that the planted points.
    """
    usual = ~plan.is_further
    owner = plan.customer[usual]
    expected = np.where(crowd.shops, order_chance(plants, shops=True), order_chance(plants, shops=False))[owner]
    surplus = np.bincount(owner, _orders(dice, plan, walked, plants)[usual] - expected, len(crowd))
    spread = float((expected * (1 - expected)).mean()) if len(expected) else 1.0
    slope = plants.club_points * CLUB_SHARE * (1 - CLUB_SHARE) / spread
    chance: Floats = np.clip(CLUB_SHARE + slope * surplus, 0.0, 1.0)
    return chance


def _orders(dice: Dice, plan: Blocks, walked: Walk, plants: Plants) -> Floats:
    """Which journeys end in an order, 0 or 1, if there is no incident: by the draws of `clicks` and `tables`."""
    journey, place = visits(plan, walked)
    online = (walked.kind[journey, place] == SHOP) & (dice.random("visit.order", len(journey)) < plants.step_share)
    visit, _ = np.nonzero(walked.kind == STORE)
    buys = dice.random("store.buys", len(visit)) < STORE_SHARE
    orders = np.zeros(len(plan))
    orders[journey[online]] = 1.0
    orders[visit[buys]] = 1.0
    return orders
