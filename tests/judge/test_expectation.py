"""Expectations: two groups and a sign, with or without blanks."""

from __future__ import annotations

import pytest

from journeylib.judge.expectation import sides


@pytest.mark.parametrize("expected", ["annual > monthly", "annual>monthly", " Annual >Monthly ", "ANNUAL> monthly"])
def test_blanks_and_capitals_are_free(expected):
    assert sides(expected) == ("annual", "monthly", ">")


def test_a_sign_within_a_name_is_told_from_the_one_between_by_its_blanks():
    assert sides("<30 < 30-60") == ("<30", "30-60", "<")
    assert sides("a->b > c") == ("a->b", "c", ">")


@pytest.mark.parametrize("expected", [None, "", ">", "annual >", "> annual", "a > b > c", "a<b>c", "a is better", 3])
def test_what_names_no_two_groups_is_not_read(expected):
    assert sides(expected) is None
