"""Survey answers: who answers after a journey, which question, and what the plants do to the score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from journeylib.data.worlds.blocks import Blocks
from journeylib.data.worlds.clicks import hidden
from journeylib.data.worlds.clock import HOUR
from journeylib.data.worlds.dice import Dice, Floats, Ints, Texts
from journeylib.data.worlds.names import comments
from journeylib.data.worlds.people import REGIONS, Crowd
from journeylib.data.worlds.plants import HARD, SMALL_REGION, Plants
from journeylib.data.worlds.touches import INTENTS, Walk

__all__ = ["CSAT_MEANS", "SCORES", "Answers", "collect"]

SCORES = ["nps", "csat", "ces"]
_NPS, _CSAT, _CES = range(3)
_RESPONSE = 0.22  # does not depend on what would be answered
_SMALL_RESPONSE = 0.6

# Chances of each score. The bounce moves 4 points from promoters to detractors, which is 8 points of NPS,
# and adds 0.6 to the mean effort; a short call takes 1.2 off the mean of the stars, whatever it was about.
_NPS_USUAL = [0.02, 0.01, 0.02, 0.02, 0.03, 0.05, 0.05, 0.15, 0.20, 0.20, 0.25]
_NPS_BOUNCE = [0.03, 0.01, 0.02, 0.03, 0.03, 0.06, 0.06, 0.15, 0.20, 0.18, 0.23]
_CSAT_USUAL = [0.05, 0.07, 0.13, 0.35, 0.40]
_CSAT_SHORT = [0.22, 0.21, 0.25, 0.21, 0.11]
# Usual and short, after an easy and after a hard intent.
_CSAT_EASY = [0.02, 0.03, 0.08, 0.37, 0.50], [0.15, 0.17, 0.24, 0.31, 0.13]
_CSAT_HARD = [0.10, 0.13, 0.20, 0.31, 0.26], [0.34, 0.27, 0.19, 0.15, 0.05]
CSAT_MEANS = {"easy": 4.30, "hard": 3.50}  # without a short call
_CES_USUAL = [0.20, 0.25, 0.22, 0.15, 0.10, 0.05, 0.03]
_CES_BOUNCE = [0.12, 0.18, 0.19, 0.22, 0.15, 0.09, 0.05]


@dataclass(frozen=True)
class Answers:
    """One entry an answer; `journey` is a position in the plan."""

    journey: Ints
    us: Ints
    question: Ints
    score: Floats
    comment: Texts


def collect(dice: Dice, crowd: Crowd, plan: Blocks, walked: Walk, plants: Plants) -> Answers:
    """Collect at most one answer a journey, one to forty hours after its main part."""
    size = len(plan)
    is_small = crowd.region[plan.customer] == REGIONS.index(SMALL_REGION)
    answers = dice.random("answer.given", size) < np.where(is_small, _SMALL_RESPONSE, _RESPONSE)
    journey = np.flatnonzero(answers & ~hidden(dice, crowd, plan))

    with_call = walked.has_call.any(axis=1)
    asked = np.where(
        with_call,
        dice.choose("answer.question.call", [0.4, 0.35, 0.25], size),
        dice.choose("answer.question", [0.6, 0.0, 0.4], size),
    )
    bounces = plan.is_bounce
    luck = dice.random("answer.score", size)
    nps = np.where(is_small, 10, np.where(bounces, _scored(_NPS_BOUNCE, luck), _scored(_NPS_USUAL, luck)))
    csat = 1 + _stars(walked, luck, plants)
    ces = 1 + np.where(bounces, _scored(_CES_BOUNCE, luck), _scored(_CES_USUAL, luck))
    score = np.select([asked == _NPS, asked == _CSAT], [nps, csat], ces)
    after = dice.between("answer.wait", 1, 40, size) * HOUR
    return Answers(
        journey=journey,
        us=(walked.main_end + after.astype(np.int64))[journey],
        question=asked[journey],
        score=score[journey].astype(float),
        comment=comments(dice, size)[journey],
    )


def _stars(walked: Walk, luck: Floats, plants: Plants) -> Ints:
    """Stars, from 0, by whether a call was short and, where that is planted, by what the journey was about."""
    is_hard = np.isin(INTENTS, HARD)[walked.intent]
    usual, short = (
        np.where(is_hard, _scored(hard, luck), _scored(easy, luck)) if plants.has_hard_phone else _scored(both, luck)
        for easy, hard, both in zip(_CSAT_EASY, _CSAT_HARD, (_CSAT_USUAL, _CSAT_SHORT), strict=True)
    )
    stars: Ints = np.where(walked.is_short.any(axis=1), short, usual)
    return stars


def _scored(chances: list[float], luck: Floats) -> Ints:
    found = np.searchsorted(np.cumsum(chances)[:-1], luck, side="right")
    return found.astype(np.int64)
