"""What a page says of a question: why it has the answer it has, in one sentence from a key and its figures."""

from __future__ import annotations

import inspect
import re

import pytest

from journeylib.judge import questions
from journeylib.show.words import asking

GUARD = {"guard": "customers", "key": "customers", "remedy": "more_data", "needed": 30}


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (
            {"why": "none_found", "detectable": 28.0, "unit": "days"},
            "No difference found; one of 28 days or more would usually have shown.",
        ),
        (
            {"why": "none_found", "detectable": 0.031, "unit": "share"},
            "No difference found; one of 3.1 points or more would usually have shown.",
        ),
        ({"why": "none_found", "detectable": None, "unit": "days"}, "No difference found."),
        ({"why": "guard", "guard": GUARD}, "It needs 30 customers."),
        (
            {"why": "guard", "guard": {**GUARD, "guard": "departures in the smallest group", "needed": 10}},
            "It needs 10 departures in the smallest group.",
        ),
        (
            {"why": "guard", "guard": {**GUARD, "key": "future"}},
            "Its groups are defined by what was known only later.",
        ),
        (
            {"why": "guard", "guard": {**GUARD, "key": "exposure"}},
            "Its groups were observed for unequal times.",
        ),
        (
            {"why": "unreadable", "expect": "annual is better"},
            'Its expectation "annual is better" cannot be read; write "annual > monthly".',
        ),
        (
            {"why": "not_compared", "compared": [["annual", "monthly"], ["trial", "monthly"]]},
            "The edition compares annual with monthly; trial with monthly, not these two.",
        ),
        ({"why": "not_compared", "compared": []}, "The edition compares nothing, not these two."),
        ({"why": "not_applicable", "not_applicable": "no customer has an end date."}, "No customer has an end date."),
        ({"why": "hidden"}, "Too few customers stand behind a part of it to show it."),
        ({}, "No finding of this edition answers it."),
    ],
)
def test_an_answer_says_why(question, said):
    assert asking.unanswered(question) == said


def test_every_reason_of_the_judge_has_its_sentence():
    keys = set(re.findall(r'"why": "(\w+)"', inspect.getsource(questions)))
    assert len(keys) == 11
    assert keys == set(asking._WHY)
