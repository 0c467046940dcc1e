"""The web and app visits as single clicks: anonymous before the log-in, a checkout that becomes an order or not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from journeylib.data.worlds.blocks import BROWSE, HELP, KINDS, NOTHING, SHOP, Blocks
from journeylib.data.worlds.dice import Dice, Flags, Floats, Ints
from journeylib.data.worlds.people import Crowd
from journeylib.data.worlds.plants import Plants
from journeylib.data.worlds.touches import Walk

__all__ = ["CHECKOUT", "CLICKS", "CLOSED", "ORDER", "Clicks", "expand", "hidden", "visits"]

CLICKS = [
    "product viewed", "account page", "help page", "signed in", "checkout started", "order placed", "account closed",
]  # fmt: skip
_PRODUCT, _ACCOUNT, _HELP, _SIGNED_IN, CHECKOUT, ORDER, CLOSED = range(7)
_VIEWS = 3  # codes below this one are mere views

# How a visitor is known: signs in on the way, was still signed in, or never says.
_SIGNS_IN, _REMEMBERED, _ANONYMOUS = range(3)


@dataclass(frozen=True)
class Clicks:
    """One entry a click, in the order of `visits` and time; `journey` is a position in the plan."""

    journey: Ints
    visit: Ints
    us: Ints
    code: Ints
    channel: Ints
    device: Ints
    is_known: Flags
    is_tied: Flags  # could carry the same time as the click before
    intent: Ints  # -1 where the click has none


def expand(dice: Dice, crowd: Crowd, plan: Blocks, walked: Walk, plants: Plants) -> Clicks:
    """Make the clicks of every visit."""
    journey, place = visits(plan, walked)
    size = len(journey)
    kind, start, length = (table[journey, place] for table in (walked.kind, walked.start, walked.length))
    known = _known(dice, crowd, plan, journey)
    device = _device(dice, crowd, plan, journey, known)
    is_shop, signs_in = kind == SHOP, known == _SIGNS_IN
    begin, end = plants.incident_us
    chance = np.where((start >= begin) & (start < end), plants.incident_step_share, plants.step_share)
    orders = is_shop & (dice.random("visit.order", size) < chance)
    views = np.choose(kind, [0, 1, 1, 1]) + dice.roll("visit.views").geometric(0.45, size) - 1
    sign_in = (dice.random("visit.sign_in", size) * (views + 1)).astype(np.int64)

    clicks = views + signs_in + is_shop + orders
    visit = np.repeat(np.arange(size), clicks)
    ends = np.cumsum(clicks)
    position = np.arange(len(visit)) - np.repeat(ends - clicks, clicks)

    code = _view(dice, kind[visit])
    code = np.where(signs_in[visit] & (position == sign_in[visit]), _SIGNED_IN, code)
    code = np.where(is_shop[visit] & (position == (clicks - 1 - orders)[visit]), CHECKOUT, code)
    code = np.where(orders[visit] & (position == (clicks - 1)[visit]), ORDER, code)
    is_known = (known == _REMEMBERED)[visit] | (signs_in[visit] & (position >= sign_in[visit]))
    is_view = code < _VIEWS
    like_before = is_view[1:] & is_view[:-1] & (is_known[1:] == is_known[:-1]) & (position[1:] > 0)
    return Clicks(
        journey=journey[visit],
        visit=visit,
        us=start[visit] + (_progress(dice, visit, position, ends, clicks) * length[visit]).astype(np.int64),
        code=code,
        channel=walked.channel[journey, place][visit],
        device=device[visit],
        is_known=is_known,
        is_tied=np.concatenate([[False], like_before]) if len(visit) else is_view,
        intent=np.where((kind == HELP)[visit], walked.intent[journey][visit], -1),
    )


def visits(plan: Blocks, walked: Walk) -> tuple[Ints, Ints]:
    """The journey and place of each visit to the web or the app.

    Ordinary journeys come first: what a last one becomes hangs on the day of leaving, and must not move their dice.
    """
    journey, place = np.nonzero(np.isin(walked.kind, [BROWSE, SHOP, HELP]))
    order = np.argsort((plan.is_closing + 2 * plan.is_further)[journey], kind="stable")
    return journey[order], place[order]


def hidden(dice: Dice, crowd: Crowd, plan: Blocks) -> Flags:
    """Which journeys nobody signs in on: some of mere browsing, so that no journey falls into two people's."""
    simple = (KINDS[plan.kind] != NOTHING) == (KINDS[plan.kind] == BROWSE)
    hides = dice.random("visit.hides", len(plan)) < 0.45
    hiding: Flags = simple.all(axis=1) & hides & ~plan.has_late & ~plan.is_closing & ~crowd.is_shared[plan.customer]
    return hiding


def _known(dice: Dice, crowd: Crowd, plan: Blocks, journey: Ints) -> Ints:
    person = plan.customer[journey]
    remembers = dice.random("visit.remembers", len(journey)) < np.where(crowd.is_shared[person], 0.9, 0.35)
    named = np.where(remembers, _REMEMBERED, _SIGNS_IN)
    known: Ints = np.where(hidden(dice, crowd, plan)[journey], _ANONYMOUS, named).astype(np.int64)
    return known


def _device(dice: Dice, crowd: Crowd, plan: Blocks, journey: Ints, known: Ints) -> Ints:
    person = plan.customer[journey]
    either = dice.random("visit.device", len(journey)) < 0.5
    by_journey = dice.random("journey.device", len(plan))[journey] < 0.5
    second = crowd.has_second[person] & np.where(known == _ANONYMOUS, by_journey, either)
    device: Ints = crowd.devices[person, second.astype(np.int64)]
    return device


def _view(dice: Dice, kind: Ints) -> Ints:
    often = dice.random("click.view", len(kind)) < np.where(kind == HELP, 0.7, 0.85)
    view: Ints = np.where(often, np.where(kind == HELP, _HELP, _PRODUCT), _ACCOUNT).astype(np.int64)
    return view


def _progress(dice: Dice, visit: Ints, position: Ints, ends: Ints, clicks: Ints) -> Floats:
    """How far into its visit each click is: 0 for the first, 1 for the last, uneven steps between."""
    steps = np.where(position == 0, 0.0, 0.05 + dice.roll("click.step").exponential(1.0, len(visit)))
    run = np.cumsum(steps)
    begins = (ends - clicks)[visit]
    within = run - run[begins]
    whole = within[(ends - 1)[visit]]
    share: Floats = within / np.where(whole > 0, whole, 1.0)
    return share
