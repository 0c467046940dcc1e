"""The ledger: families, adjustment, and intervals that agree with claims."""

from __future__ import annotations

import numpy as np
import pytest

from journeylib.judge.ledger import Contrast, contrasts, settle, widen


def looked(*ps):
    return [Contrast(0, at, p, False) for at, p in enumerate(ps)]


def test_benjamini_and_hochberg_s_own_example():
    # 1995, table 1: of fifteen p the four smallest are claimed at .05.
    ps = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1,
    ]
    found = settle(looked(*ps))
    assert sum(one.is_claimed for one in found) == 4
    assert found[3].adjusted_p == pytest.approx(0.0095 * 15 / 4)


def test_what_was_asked_beforehand_is_a_family_of_its_own():
    found = settle([Contrast(0, 0, 0.04, True), *looked(*[0.04, *[0.5] * 18])])
    assert found[0].is_claimed
    assert not found[1].is_claimed


def test_nothing_compared_is_nothing_claimed():
    assert settle([]) == []


def test_the_interval_at_its_level_leaves_out_0_exactly_where_it_is_claimed(stay):
    draw = np.random.default_rng(1)
    for _ in range(200):
        rows = [stay(str(at), float(draw.normal(draw.choice([0, 25]), 10)), 10) for at in range(6)]
        for one in settle(looked(*[row["p"] for row in rows])):
            wider = widen(rows[one.row], one.level)
            is_apart = wider["low"] > 0 or wider["high"] < 0
            # Without any claim the level stays at 5 %: such an interval may leave out 0 and is still not claimed.
            assert is_apart == one.is_claimed or (one.level == 0.05 and not one.is_claimed)


def test_false_claims_are_held_where_nothing_differs():
    draw = np.random.default_rng(2)
    editions = [settle(looked(*draw.random(12))) for _ in range(1500)]
    assert np.mean([any(one.is_claimed for one in edition) for edition in editions]) == pytest.approx(0.05, abs=0.015)


def test_only_findings_with_enough_behind_them_are_compared(record, stay):
    rows = [stay("annual", 20, 5), stay("two years", 30, 5, n=20), {**stay("trial", 3, 5), "p": None}]
    records = [record("finding", "stay", *rows), record("table", "stay", *rows), record("finding", "converted")]
    found = contrasts(records, [(0, 0)])
    assert [(one.record, one.row, one.is_asked) for one in found] == [(0, 0, True)]
