"""Walk through the journeys: when each touch starts and ends, and every call with its repeats."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from journeylib.data.worlds.blocks import BROWSE, CALL, CHAT, HELP, KINDS, MAIL, NOTHING, SHOP, STORE, Blocks
from journeylib.data.worlds.clock import DAY, HOUR, MINUTE, SECOND, START, next_opening, start_times
from journeylib.data.worlds.dice import Dice, Flags, Floats, Ints
from journeylib.data.worlds.plants import HARD, SHORT_TEAM, Plants

__all__ = ["HARD_SHARES", "INTENTS", "TEAMS", "Walk", "moved", "walk"]

INTENTS = ["billing", "delivery", "login", "cancel", "technical", "payment"]
TEAMS = ["north", "south", SHORT_TEAM, "west", "night"]

HARD_SHARES = (0.8, 0.2)  # of the intents of journeys that begin with a call, and of others

_INTENT_WEIGHTS = np.array([25, 22, 14, 9, 18, 12]) / 100  # 39 in a hundred are hard
_TEAM_WEIGHTS = [0.25, 0.22, 0.25, 0.18, 0.10]
_SHORT = TEAMS.index(SHORT_TEAM)
_CALLS = 4  # a call and up to three repeats, each within an hour of the one before
_LONGEST_VISIT = 100 * MINUTE
_HURRY = 10  # how much faster things follow each other on the day of leaving

# By kind of touch (nothing, browse, shop, help, chat, call, store, mail): its channel where that is fixed.
_CHANNEL = np.array([0, 0, 0, 0, 2, 3, 4, 5])


@dataclass(frozen=True)
class Walk:
    """Touches of journeys, a row a journey; columns are its touches in order, the last one the late visit.

    Calls have columns of their own: the call and its repeats.
    """

    kind: Ints
    channel: Ints
    start: Ints
    length: Ints
    main_end: Ints  # when the last touch before the late visit ends
    intent: Ints
    call_start: Ints
    call_seconds: Ints
    has_call: Flags
    is_short: Flags
    team: Ints


def walk(dice: Dice, plan: Blocks, plants: Plants) -> Walk:
    """Give every touch its channel, start and length. The main part of a journey takes less than three days.

    That of a last one takes less than one: it begins in the forenoon and hurries.
    """
    size = len(plan)
    kind = np.column_stack([KINDS[plan.kind], np.where(plan.has_late, BROWSE, NOTHING)])
    channel = _channels(dice, plan, kind)
    calls = _calls(dice, size, kind, plants)
    length = _lengths(dice, kind, calls)
    length = np.where(plan.is_closing[:, None] & (kind == MAIL), length // _HURRY, length)

    start = np.zeros((size, 4), dtype=np.int64)
    forenoon = START + plan.day * DAY + dice.between("start.closing", 9 * HOUR, 11 * HOUR, size).astype(np.int64)
    start[:, 0] = np.where(plan.is_closing, forenoon, start_times(dice, "start", plan.day, channel[:, 0]))
    ended = start[:, 0] + length[:, 0]
    pauses = _pauses(dice, plan, size)
    for place in (1, 2):
        is_here = kind[:, place] != NOTHING
        moment = ended + pauses[:, place]
        by_people = np.isin(kind[:, place], [CHAT, CALL])
        start[:, place] = next_opening(dice, f"opening.{place}", moment, by_people)
        ended = np.where(is_here, start[:, place] + length[:, place], ended)
    start[:, 3] = ended + dice.between("late.wait", 4 * DAY, 6 * DAY, size).astype(np.int64)

    first = np.argmax(kind == CALL, axis=1)
    reached = start[np.arange(size), first] // SECOND * SECOND
    return Walk(
        kind=kind,
        channel=channel,
        start=start,
        length=length,
        main_end=ended,
        intent=_intents(dice, kind, plants),
        call_start=reached[:, None] + calls.after,
        call_seconds=calls.seconds,
        has_call=calls.has_call,
        is_short=calls.is_short,
        team=calls.team,
    )


def moved(walked: Walk, days: Ints) -> Walk:
    """Put journeys so many days later."""
    later = days * DAY
    return replace(
        walked,
        start=walked.start + later[:, None],
        main_end=walked.main_end + later,
        call_start=walked.call_start + later[:, None],
    )


def _intents(dice: Dice, kind: Ints, plants: Plants) -> Ints:
    """What each journey is about: those that begin with a call have the harder intents where that is planted."""
    if not plants.has_hard_phone:
        return dice.choose("intent", _INTENT_WEIGHTS, len(kind))
    is_hard = np.isin(INTENTS, HARD)
    usual = _INTENT_WEIGHTS[is_hard].sum()
    by_phone, others = (
        dice.choose("intent", np.where(is_hard, share / usual, (1 - share) / (1 - usual)) * _INTENT_WEIGHTS, len(kind))
        for share in HARD_SHARES
    )
    intents: Ints = np.where(kind[:, 0] == CALL, by_phone, others)
    return intents


def _channels(dice: Dice, plan: Blocks, kind: Ints) -> Ints:
    """Visits are on the web or in the app; those of the planted bounce always on the web."""
    in_app = dice.random("app", *kind.shape) < 0.35
    in_app &= ~plan.is_bounce[:, None] & np.isin(kind, [BROWSE, SHOP, HELP])
    channel: Ints = np.where(in_app, 1, _CHANNEL[kind])
    return channel


@dataclass(frozen=True)
class _Calls:
    after: Ints  # since the first call of the journey started
    seconds: Ints
    has_call: Flags
    is_short: Flags
    team: Ints


def _calls(dice: Dice, size: int, kind: Ints, plants: Plants) -> _Calls:
    """Draw the calls of each journey: a short one is repeated more often, and by chance the repeat is short again."""
    team = dice.choose("call.team", _TEAM_WEIGHTS, size, _CALLS)
    is_short = (team == _SHORT) & (dice.random("call.short", size, _CALLS) < plants.short_share)
    service = np.exp(4.83 + 0.84 * dice.roll("call.seconds").standard_normal((size, _CALLS)))
    brief = 2 + (dice.random("call.brief", size, _CALLS) * 8).astype(np.int64)  # 2 to 9 seconds
    seconds = np.where(is_short, brief, np.clip(service, 12, 7_200).astype(np.int64))
    chance = np.where(is_short, plants.repeat_share * plants.short_repeats, plants.repeat_share)
    repeats = dice.random("call.repeats", size, _CALLS) < chance
    wait = dice.between("call.wait", 3 * 60, 55 * 60, size, _CALLS).astype(np.int64)
    has_call = np.zeros((size, _CALLS), dtype=bool)
    has_call[:, 0] = (kind == CALL).any(axis=1)
    after = np.zeros((size, _CALLS), dtype=np.int64)
    for place in range(1, _CALLS):
        before = place - 1
        has_call[:, place] = has_call[:, before] & repeats[:, before]
        after[:, place] = after[:, before] + (seconds[:, before] + wait[:, before]) * SECOND
    return _Calls(after=after, seconds=seconds, has_call=has_call, is_short=is_short & has_call, team=team)


def _lengths(dice: Dice, kind: Ints, calls: _Calls) -> Ints:
    """How long each touch takes; a call as long as all of its repeats, an email until it is opened or forgotten."""
    shape = kind.shape
    visit = np.exp(np.log(90) + 2.09 * dice.roll("visit.seconds").standard_normal(shape)) * SECOND
    chat = np.exp(5.9 + 0.7 * dice.roll("chat.seconds").standard_normal(shape)) * SECOND
    store = dice.between("store.minutes", 8, 45, *shape) * MINUTE
    mail = dice.between("mail.hours", 0.1, 18, *shape) * HOUR
    last = np.where(calls.has_call, calls.after + (calls.seconds + 1) * SECOND, 0).max(axis=1)
    length = np.zeros(shape, dtype=float)
    for kinds, drawn in [
        ([BROWSE, SHOP, HELP], np.clip(visit, 20 * SECOND, _LONGEST_VISIT)),
        ([CHAT], np.clip(chat, 30 * SECOND, 2 * HOUR)),
        ([STORE], store),
        ([MAIL], mail),
        ([CALL], np.broadcast_to(last[:, None], shape)),
    ]:
        length = np.where(np.isin(kind, kinds), drawn, length)
    whole: Ints = length.astype(np.int64)
    return whole


def _pauses(dice: Dice, plan: Blocks, size: int) -> Ints:
    """Time between the end of a touch and the next: hours as a rule, minutes from the web to the chat."""
    typical = np.log(np.array([0, 1.5, 2.0], dtype=float) + 1e-9)
    typical = np.broadcast_to(typical, (size, 3)).copy()
    typical[:, 1] = np.where(plan.is_bounce, np.log(0.4), typical[:, 1])
    hours: Floats = np.exp(typical + 1.1 * dice.roll("pause").standard_normal((size, 3)))
    pauses: Ints = (np.clip(hours, 0.03, 12) * HOUR).astype(np.int64)
    return pauses // np.where(plan.is_closing, _HURRY, 1)[:, None]
