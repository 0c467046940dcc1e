"""The ledger: families, adjustment, and intervals that agree with claims."""

from __future__ import annotations

import numpy as np
import pytest

from journeylib.judge.ledger import Contrast, contrasts, settle, widen
from journeylib.judge.looks import Look


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
            assert is_apart == one.is_claimed


@pytest.mark.parametrize("number", [2, 5])
@pytest.mark.parametrize("planned", [5, None])
@pytest.mark.parametrize("accumulates", [True, False])
def test_at_every_look_the_interval_leaves_out_0_exactly_where_it_is_claimed(stay, number, planned, accumulates):
    draw = np.random.default_rng(number)
    before = {"shares": [at / 5 for at in range(1, number)], "information": {}}
    look = Look(number, planned, accumulates, share=number / 5, before=before)
    many = 0
    for _ in range(30):
        rows = [stay(str(at), float(draw.normal(draw.choice([0, 40]), 10)), 10) for at in range(6)]
        found = [Contrast(0, at, row["p"], False, error=10.0) for at, row in enumerate(rows)]
        for one in settle(found, look=look):
            wider = widen(rows[one.row], one.level)
            assert (wider["low"] > 0 or wider["high"] < 0) == one.is_claimed
            many += one.is_claimed
    assert many > 5


def test_false_claims_are_held_where_nothing_differs():
    draw = np.random.default_rng(2)
    editions = [settle(looked(*draw.random(12))) for _ in range(1500)]
    assert np.mean([any(one.is_claimed for one in edition) for edition in editions]) == pytest.approx(0.05, abs=0.015)


def test_only_findings_with_enough_behind_them_are_compared(record, stay):
    rows = [stay("annual", 20, 5), stay("two years", 30, 5, n=20), {**stay("trial", 3, 5), "p": None}]
    records = [record("finding", "stay", *rows), record("table", "stay", *rows), record("finding", "converted")]
    found = contrasts(records, [(0, 0)])
    assert [(one.record, one.row, one.is_asked) for one in found] == [(0, 0, True)]
