"""Who leaves, and when: drawn from what customers do, which is planned as if nobody left.

On each day whoever is still there leaves with the chance 1 − exp(−h). h is the day's part of a
Weibull hazard since the sign-up, times the ratio of everything that was so when the day began. So what happens
on the day of leaving, the last journey with it, has no part in it; and what was planned for later is cut off.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from journeylib.data.worlds.blocks import CHAT, Blocks
from journeylib.data.worlds.clock import DAY, DAYS, HOUR, MINUTE, START
from journeylib.data.worlds.dice import Dice, Flags, Floats, Ints
from journeylib.data.worlds.letters import ACTIVATED, COMPLAINT, RESOLVED, Letters
from journeylib.data.worlds.people import Crowd
from journeylib.data.worlds.plants import CONTACT_DAYS, CONTACTS, FADING_DAY, GAP_DAYS, Plants
from journeylib.data.worlds.touches import Walk, moved

__all__ = ["BASELINE_SHARE", "HORIZON", "SHAPE", "Leaving", "decide"]

HORIZON = 365  # days
SHAPE = 0.9  # of the Weibull hazard
BASELINE_SHARE = 0.378  # leave within the horizon, of monthly customers of whom nothing else is so
_SCALE = (HORIZON - 1) / (-np.log(1 - BASELINE_SHARE)) ** (1 / SHAPE)
_OLDEST = 1_100  # days from a sign-up to the period
_AGES = np.arange(-DAYS, _OLDEST + DAYS, dtype=np.int16)  # whole days since the sign-up
_STEPS = np.diff((np.maximum(_AGES, 0) / _SCALE) ** SHAPE, prepend=0.0)
_ANSWERED = 40 * HOUR  # after a journey's main part nobody answers a survey
_RESOLVED = 6 * DAY + HOUR  # nor is a complaint resolved in the same journey
_VOID = DAYS + 30  # a last journey on this day is never seen

_Grid = npt.NDArray[np.int16]
_Table = npt.NDArray[Any]


@dataclass(frozen=True)
class Leaving:
    """The customers with the day and instant of their leaving, the walk with their last journeys in place.

    `counts` tells what was realised. `at_risk` and `expected` have a row for monthly and for annual
    contracts, and a column a day since the sign-up, which is day 1: customers, and leavers to expect of them.
    """

    crowd: Crowd
    walked: Walk
    counts: Counter[str]
    at_risk: Floats
    expected: Floats


def decide(dice: Dice, crowd: Crowd, plan: Blocks, walked: Walk, letters: Letters, plants: Plants) -> Leaving:
    """Draw the leaving of each customer of a batch: the first day on which the cumulative hazard is beyond a draw."""
    days = np.arange(DAYS)
    day = _by_day(_AGES, crowd) + 1  # since the sign-up, which is on day 1
    so = _known(crowd, plan, walked, letters)
    hazard = _by_day(_STEPS, crowd)
    hazard[:, 0] = 0.0  # who signed up before is there on the first day
    for name, ratio in _ratios(plants).items():
        np.multiply(hazard, ratio, out=hazard, where=so[name])
    ahead = -np.log1p(-dice.random("tenure", len(crowd)))
    ended = (np.cumsum(hazard, axis=1) < ahead[:, None]).sum(axis=1)

    has_left = ended < DAYS
    evening = dice.between("closing.hour", 21 * HOUR, 24 * HOUR - MINUTE, len(crowd)).astype(np.int64)
    left = replace(
        crowd,
        ended_day=np.where(has_left, ended, crowd.ended_day),
        close_us=np.where(has_left, START + ended * DAY + evening, crowd.close_us),
    )
    here = (days >= crowd.entry_day[:, None]) & (days <= ended[:, None])
    near = here & (day <= HORIZON)
    cell = day[near] - 1 + np.repeat(np.where(crowd.is_annual, HORIZON, 0), near.sum(axis=1))
    at_risk, expected = (
        np.bincount(cell, weights=each, minlength=2 * HORIZON).astype(np.float64).reshape(2, HORIZON)
        for each in (np.ones(len(cell)), -np.expm1(-hazard[near]))
    )
    return Leaving(
        crowd=left,
        walked=moved(walked, np.where(plan.is_closing, _last_day(left, plan, walked)[plan.customer], 0)),
        counts=_counted(so, here, ended, has_left),
        at_risk=at_risk,
        expected=expected,
    )


def _ratios(plants: Plants) -> Mapping[str, float]:
    return {
        "annual": plants.hazard_ratio,
        "complaint": plants.complaint_ratio,
        "contacts": plants.contacts_ratio,
        "activated": plants.activated_ratio,
        "fading": plants.campaign_ratio,
        "cut_off": plants.cut_off_ratio,
    }


def _by_day(table: _Table, crowd: Crowd) -> _Table:
    """Spread a table by days since the sign-up over the days of the period: a row a customer."""
    return sliding_window_view(table, DAYS)[DAYS - crowd.signed_day]


def _known(crowd: Crowd, plan: Blocks, walked: Walk, letters: Letters) -> Mapping[str, Flags]:
    """What is so when each day begins: a row a customer, a column a day of the period."""
    size = len(crowd)
    calls, times = np.nonzero(walked.has_call & ~plan.is_closing[:, None])
    chats, place = np.nonzero((walked.kind == CHAT) & ~plan.is_closing[:, None])
    contact = np.concatenate([walked.call_start[calls, times], walked.start[chats, place]])
    short, nth = np.nonzero(walked.is_short & ~plan.is_closing[:, None])
    activated = letters.kind == ACTIVATED
    return {
        "annual": crowd.is_annual[:, None],
        "complaint": _open(letters, size),
        "contacts": _often(plan.customer[np.concatenate([calls, chats])], contact, size),
        "activated": _since(letters.customer[activated], letters.us[activated], size),
        "fading": crowd.by_campaign[:, None] & _by_day(_AGES < FADING_DAY, crowd),
        "cut_off": _since(plan.customer[short], walked.call_start[short, nth], size),
    }


def _open(letters: Letters, size: int) -> Flags:
    """Whether the last letter so far is a complaint, not one that says it is resolved."""
    ours = np.isin(letters.kind, [COMPLAINT, RESOLVED])
    customer, day, seen = _placed(letters.customer[ours], letters.us[ours])
    last: _Grid = np.zeros((size, DAYS + 1), dtype=np.int16)
    last[customer, day + 1] = 2 * (day + 1) + (letters.kind[ours][seen] == COMPLAINT)  # odd where it is a complaint
    is_open: Flags = np.maximum.accumulate(last, axis=1)[:, :DAYS] % 2 == 1
    return is_open


def _often(customer: Ints, us: Ints, size: int) -> Flags:
    """Whether there were so many contacts in the whole days before."""
    customer, day, _ = _placed(customer, us)
    so_far: _Grid = np.zeros((size, CONTACT_DAYS + 1 + DAYS), dtype=np.int16)
    np.add.at(so_far, (customer, day + CONTACT_DAYS + 1), 1)
    np.cumsum(so_far, axis=1, out=so_far)
    often: Flags = so_far[:, CONTACT_DAYS:-1] - so_far[:, :DAYS] >= CONTACTS
    return often


def _since(customer: Ints, us: Ints, size: int) -> Flags:
    """Whether it has ever happened."""
    customer, day, _ = _placed(customer, us)
    first = np.full(size, DAYS)
    np.minimum.at(first, customer, day)
    return np.arange(DAYS) > first[:, None]


def _placed(customer: Ints, us: Ints) -> tuple[Ints, Ints, Flags]:
    """Whose and on which day, of what falls in the period, and what does."""
    day = (us - START) // DAY
    seen = (day >= 0) & (day < DAYS)
    return customer[seen], day[seen], seen


def _last_day(left: Crowd, plan: Blocks, walked: Walk) -> Ints:
    """The day of each customer's last journey: that of leaving, if no other journey is under way or just over."""
    over = np.maximum(walked.main_end + _ANSWERED, np.where(plan.has_late, walked.start[:, 3] + walked.length[:, 3], 0))
    over = np.where(plan.complains, np.maximum(over, walked.main_end + _RESOLVED), over)
    begun = ~plan.is_closing & (walked.start[:, 0] < left.close_us[plan.customer])
    latest = np.zeros(len(left), dtype=np.int64)
    np.maximum.at(latest, plan.customer[begun], over[begun])
    is_quiet = START + left.ended_day * DAY - latest > GAP_DAYS * DAY
    return np.where((left.ended_day < DAYS) & is_quiet, left.ended_day, _VOID)


def _counted(so: Mapping[str, Flags], here: Flags, ended: Ints, has_left: Flags) -> Counter[str]:
    """Customer-days and leavers of whom each was so; who comes by a campaign, in the days for which it matters."""
    counts: Counter[str] = Counter()
    leaver = np.flatnonzero(has_left)
    for name in ("complaint", "contacts", "activated", "fading", "cut_off"):
        inside = so[name] & here
        counts[f"{name}.customers"] = int(inside.any(axis=1).sum())
        counts[f"{name}.customer_days"] = int(inside.sum())
        counts[f"{name}.left"] = int(so[name][leaver, ended[leaver]].sum())
    return counts
