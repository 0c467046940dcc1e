"""When journeys happen and what kind each is.

A customer's journeys are blocks that never come closer to each other than the
silence that ends a journey, so that reconstructing them finds these very blocks.
They are planned as if nobody left: what comes after a leaving is cut off when the tables are made.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from journeylib.data.worlds.clock import DAYS
from journeylib.data.worlds.dice import Dice, Flags, Floats, Ints
from journeylib.data.worlds.people import Crowd
from journeylib.data.worlds.plants import STORE_SHARE, Plants

__all__ = [
    "BROWSE", "CALL", "CHANNELS", "CHAT", "HELP", "KINDS", "MAIL", "NOTHING", "SHOP", "STORE",
    "Blocks", "order_chance", "plan",
]  # fmt: skip

CHANNELS = ["web", "app", "chat", "phone", "store", "email"]

# Kinds of touch. Visits (browse, shop, help) are on the web or in the app.
NOTHING, BROWSE, SHOP, HELP, CHAT, CALL, STORE, MAIL = range(8)

# Kinds of block: their touches in order, and how common they are. No kind but the last, which
# is the planted bounce and has its own share, may put a web visit, a chat and a call in a row.
KINDS = np.array(
    [
        [BROWSE, NOTHING, NOTHING],
        [BROWSE, BROWSE, NOTHING],
        [SHOP, NOTHING, NOTHING],
        [BROWSE, SHOP, NOTHING],
        [STORE, NOTHING, NOTHING],
        [MAIL, NOTHING, NOTHING],
        [MAIL, BROWSE, NOTHING],
        [CALL, NOTHING, NOTHING],
        [CHAT, NOTHING, NOTHING],
        [HELP, CALL, NOTHING],
        [HELP, CHAT, NOTHING],
        [CHAT, CALL, NOTHING],
        [CALL, HELP, NOTHING],
        [CHAT, CHAT, CHAT],
        [CHAT, CHAT, CALL],
        [HELP, CHAT, CALL],
    ]
)
_WEIGHTS = [13, 5, 24, 10, 12, 7, 5, 8, 3, 4, 3, 3, 1, 4, 3]
_BOUNCE = len(KINDS) - 1
_STORE, _INSTEAD = 4, 2  # far from a store, they order online
_CROWDED = [0, 0, 0, 0, 0, 0, 0, 5, 3, 0, 0, 2, 0, 0, 0]  # kinds of the further blocks of the incident

_MOST = 32  # blocks that a customer can have: the period over the shortest cycle
_CYCLE, _LATE_CYCLE = 16, 21  # days from a block's first day to the next one's: its own length and the silence
_REPEATS = 1.06  # calls for each planned call, those that follow within an hour included
_CLOSINGS = 1.05  # contacts for each planned contact, those on the days of leaving included
_COMPLAINS = 0.1  # of journeys
_SOON = 3  # days after the sign-up by which a first journey that comes soon has begun


@dataclass(frozen=True)
class Blocks:
    """One entry a journey; `customer` is a position in the batch."""

    customer: Ints
    day: Ints
    kind: Ints
    has_late: Flags  # a visit follows after some days, in the same journey
    complains: Flags  # may end with a complaint
    activates: Flags  # may end with the account activated
    is_closing: Flags  # on the day of leaving, which is not known yet: planned for everybody, on the first day
    is_further: Flags  # one of the incident's further ones

    @property
    def is_bounce(self) -> Flags:
        """Whether the journey goes from web to chat to phone."""
        bounces: Flags = self.kind == _BOUNCE
        return bounces

    def __len__(self) -> int:
        """How many journeys there are."""
        return len(self.customer)


def plan(dice: Dice, crowd: Crowd, plants: Plants) -> Blocks:
    """Plan the journeys of a batch: everybody's last one, ordinary ones, then the incident's further ones.

    The incident's come last, so that a world without the incident has all others unchanged.
    """
    size = len(crowd)
    has_late = dice.random("block.late", size, _MOST) < 0.08
    complains = dice.random("block.complains", size, _MOST) < _COMPLAINS
    cycle = np.where(has_late | complains, _LATE_CYCLE, _CYCLE)
    waits = dice.roll("block.wait").exponential(1.0, (size, _MOST)) * crowd.pace[:, None]
    lead = dice.roll("block.lead").exponential(1.0, size) * crowd.pace
    lead = np.where(crowd.starts_soon, dice.between("block.soon", 0, _SOON, size), lead)
    upto = np.cumsum(cycle + np.ceil(waits).astype(np.int64), axis=1)
    since = crowd.entry_day + (crowd.signed_day >= 0)  # nothing happens on the day of the sign-up itself
    day = (since + lead.astype(np.int64))[:, None] + np.pad(upto[:, :-1], ((0, 0), (1, 0)))
    customer, slot = np.nonzero(day < DAYS)
    kind = _kinds(dice, "block", plants, crowd, np.repeat(np.arange(size), _MOST)).reshape(size, _MOST)
    kept = kind[customer, slot]
    usual = Blocks(
        customer=customer,
        day=_working_day(dice, day[customer, slot], kept),
        kind=kept,
        has_late=has_late[customer, slot],
        complains=complains[customer, slot],
        activates=crowd.starts_soon[customer] & (slot == 0),
        is_closing=np.zeros(len(customer), dtype=bool),
        is_further=np.zeros(len(customer), dtype=bool),
    )
    everybody, none = np.arange(size), np.zeros(size, dtype=bool)
    last = Blocks(
        customer=everybody,
        day=np.zeros(size, dtype=np.int64),
        kind=_kinds(dice, "closing", plants, crowd, everybody),
        has_late=none,
        complains=none,
        activates=none,
        is_closing=~none,
        is_further=none,
    )
    both = _together(last, usual)
    return _together(both, _crowding(dice, crowd, usual, plants)) if plants.incident_contacts > 1 else both


def order_chance(plants: Plants, *, shops: bool) -> float:
    """The chance that a journey ends in an order, before its kind is known and if there is no incident.

    >>> round(order_chance(Plants([]), shops=True), 5), round(order_chance(Plants([]), shops=False), 5)
    (0.29224, 0.31652)
    """
    chances = np.where((KINDS == SHOP).any(axis=1), plants.step_share, 0.0)
    chances[_STORE] = STORE_SHARE if shops else plants.step_share
    return float((1 - plants.bounce_share) * np.average(chances[:_BOUNCE], weights=_WEIGHTS[:_BOUNCE]))


def _kinds(dice: Dice, purpose: str, plants: Plants, crowd: Crowd, customer: Ints) -> Ints:
    kind = dice.choose(f"{purpose}.kind", _WEIGHTS, len(customer))
    kind = np.where((kind == _STORE) & ~crowd.shops[customer], _INSTEAD, kind)
    bounces = dice.random(f"{purpose}.bounce", len(customer)) < plants.bounce_share
    mixed: Ints = np.where(bounces, _BOUNCE, kind)
    return mixed


def _working_day(dice: Dice, day: Ints, kind: Ints) -> Ints:
    """Move most journeys that begin with a call or chat on Friday or Saturday to Sunday."""
    weekday = (day + 2) % 7  # the period starts on a Wednesday; Monday is 0
    stays = np.choose(weekday, [1.0, 1.0, 1.0, 1.0, 0.5, 0.2, 1.0])
    calls = np.isin(KINDS[kind, 0], [CHAT, CALL])
    moved: Ints = day + np.where(calls & (dice.random("block.weekday", len(day)) > stays), 6 - weekday, 0)
    return moved


def _crowding(dice: Dice, crowd: Crowd, others: Blocks, plants: Plants) -> Blocks:
    """Plan the further calls and chats of the incident, among customers who are otherwise silent around it."""
    size, first, days = len(crowd), plants.incident_first, plants.incident_days
    day = first + (dice.random("incident.day", size) * days).astype(np.int64)
    other = others.day - day[others.customer]
    cycle = np.where(others.has_late | others.complains, _LATE_CYCLE, _CYCLE)
    near = (other > -cycle - 2) & (other < _CYCLE)
    is_free = np.bincount(others.customer[near], minlength=size) == 0
    is_free &= crowd.entry_day < day

    contacts = _contacts(np.arange(len(KINDS)))
    inside = (others.day >= first) & (others.day < first + days)
    alive_inside = _alive(crowd, first, first + days)
    rate = contacts[others.kind[~inside]].sum() / max(_alive(crowd, 0, DAYS) - alive_inside, 1)
    wanted = (plants.incident_contacts - 1) * rate * _CLOSINGS * alive_inside
    usual = np.average(contacts[: len(_CROWDED)], weights=_CROWDED)
    each = plants.bounce_share * contacts[_BOUNCE] + (1 - plants.bounce_share) * usual
    chance = wanted / each / max(int(is_free.sum()), 1)
    customer = np.flatnonzero(is_free & (dice.random("incident.who", size) < chance))

    kind = dice.choose("incident.kind", _CROWDED, size)
    kind = np.where(dice.random("incident.bounce", size) < plants.bounce_share, _BOUNCE, kind)
    none = np.zeros(len(customer), dtype=bool)
    return Blocks(
        customer=customer,
        day=day[customer],
        kind=kind[customer],
        has_late=none,
        complains=none,
        activates=none,
        is_closing=none,
        is_further=~none,
    )


def _contacts(kind: Ints) -> Floats:
    """Phone and chat contacts to expect in a block of each kind."""
    touches = KINDS[kind]
    expected: Floats = (touches == CHAT).sum(axis=1) + _REPEATS * (touches == CALL).sum(axis=1)
    return expected


def _alive(crowd: Crowd, start: int, end: int) -> int:
    """Customer-days from `start` up to `end`, if nobody leaves."""
    return int(np.maximum(end - np.maximum(crowd.entry_day, start), 0).sum())


def _together(one: Blocks, other: Blocks) -> Blocks:
    names = [field.name for field in fields(Blocks)]
    return Blocks(**{name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in names})
