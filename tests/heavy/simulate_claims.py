"""Simulate editions of many contrasts: how many of the ledger's claims are false, and do their intervals hold?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm
from simulate_contrasts import groups
from simulate_rows import Row

from journeylib.estimates import Z, difference, share
from journeylib.judge import ledger

__all__ = ["claims", "no_claims", "no_claims_of_shares"]

_Draw = np.random.Generator
_Array = NDArray[Any]


def claims(draw: _Draw, repeats: int, *, contrasts: int, real: int, size: float = 3) -> list[Row]:
    """Draw one claim of each edition: how often is it false, and how often does its interval miss the truth?

    The chance that the claim drawn is false is the false discovery rate, and for independent
    contrasts with m₀ of m null it is exactly 5 % · m₀/m. An edition without claims counts as right.
    """
    truth = np.where(np.arange(contrasts) < real, size, 0.0)
    false, raw, missed, bare = 0, 0, 0, 0
    for z in draw.normal(truth, 1, (repeats, contrasts)):
        settled = _settled(z)
        claimed = [at for at, one in enumerate(settled) if one.is_claimed]
        tempting = np.flatnonzero(np.abs(z) > Z)
        if len(tempting):
            raw += int(truth[draw.choice(tempting)] == 0)
        if not claimed:
            continue
        at = int(draw.choice(claimed))
        row = {"estimate": z[at], "low": z[at] - Z, "high": z[at] + Z}
        wider = ledger.widen(row, settled[at].level)
        false += int(truth[at] == 0)
        missed += not wider["low"] <= truth[at] <= wider["high"]
        bare += not row["low"] <= truth[at] <= row["high"]
    setting = f"{contrasts} contrasts, {real} real ({size:g} standard errors)"
    expected = 0.05 * (contrasts - real) / contrasts
    return [
        Row("false among the ledger's claims", setting, expected, false, repeats, is_error=True),
        Row("the same, raw p", setting, expected, raw, repeats, is_wrong=True, is_error=True),
        Row("widened interval of a claim misses", setting, 0.05, missed, repeats, is_most=True, is_error=True),
        Row(
            "the same, 95 % interval as it was",
            setting,
            0.05,
            bare,
            repeats,
            is_most=True,
            is_wrong=True,
            is_error=True,
        ),
    ]


def no_claims(draw: _Draw, repeats: int, *, asked: int, found: int, is_shared: bool = False) -> list[Row]:
    """Count the editions that claim anything where nothing is real; contrasts may share a baseline."""
    z = draw.normal(0, 1, (repeats, asked + found))
    if is_shared:
        z = (z + draw.normal(0, 1, (repeats, 1))) / math.sqrt(2)
    settled = [_settled(one, asked) for one in z]
    after = " against one baseline" if is_shared else ""
    rows = []
    for is_asked, many, about in ((True, asked, "asked beforehand"), (False, found, "found by looking")):
        hits = sum(any(one.is_claimed for one in each if one.is_asked is is_asked) for each in settled)
        setting = f"{many} contrasts {about}{after}, none real"
        rows += [Row("edition with a false claim", setting, 0.05, hits, repeats, is_shared, is_error=True)] * (many > 0)
    raw = int((np.abs(z) > Z).any(axis=1).sum())
    setting = f"{asked + found} contrasts{after}, none real"
    return [*rows, Row("the same, raw p", setting, 0.05, raw, repeats, is_wrong=True, is_error=True)]


def no_claims_of_shares(draw: _Draw, repeats: int, *, contrasts: int, customers: int) -> list[Row]:
    """Count the editions that claim anything of shares which do not differ, with the p of the measure."""
    sides = groups(draw, repeats * contrasts * 2, customers, 0.2)
    tested = [difference(share(one), share(other)).p for one, other in zip(sides[::2], sides[1::2], strict=True)]
    hits = 0
    for first in range(0, len(tested), contrasts):
        family = [ledger.Contrast(0, at, p, False) for at, p in enumerate(tested[first : first + contrasts])]
        hits += any(one.is_claimed for one in ledger.settle(family))
    setting = f"{contrasts} differences of shares, 2 × {customers} customers, correlation 0.2"
    return [Row("edition with a false claim", setting, 0.05, hits, repeats, is_most=True, is_error=True)]


def _settled(z: _Array, asked: int = 0) -> list[ledger.Contrast]:
    p = 2 * norm.sf(np.abs(z))
    return ledger.settle([ledger.Contrast(0, at, float(one), at < asked) for at, one in enumerate(p)])
