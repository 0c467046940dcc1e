"""A path pattern finds the journeys that follow it, and when they first have."""

from __future__ import annotations

import re
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from journeylib import engine
from journeylib.errors import ParameterError
from journeylib.journeys import patterns

DAY = 86_400_000_000
NAMES = "abc"


def found(steps, pattern, **options):
    rows = engine.collect(patterns.followed(steps, pattern, **options), order_by=["customer_id", "started_us"])
    return {(row["customer_id"], row["started_us"] / DAY): row["followed_us"] / DAY for row in rows.to_dict("records")}


def test_named_steps_follow_each_other_directly(steps_of):
    steps = steps_of([("one", 0, "a"), ("one", 1, "b"), ("two", 0, "a"), ("two", 1, "c"), ("two", 2, "b")])
    assert found(steps, "a -> b") == {("one", 0): 1}
    assert found(steps, "a -> * -> b") == {("one", 0): 1, ("two", 0): 2}


def test_what_must_not_lie_between_may_lie_before_and_after(steps_of):
    rows = [("one", day, name) for day, name in enumerate("bacb")]
    steps = steps_of([*rows, *[("two", day, name) for day, name in enumerate("abc")]])
    assert found(steps, "a -> [^b]* -> c") == {("one", 0): 2}
    assert found(steps, "a -> [^b|x]* -> [c|d]") == {("one", 0): 2}


def test_a_later_start_saves_a_journey_whose_first_was_spoilt(steps_of):
    steps = steps_of([("one", day, name) for day, name in enumerate("abaxc")])
    assert found(steps, "a -> [^b]* -> c") == {("one", 0): 4}


def test_the_same_name_twice_must_occur_twice(steps_of):
    steps = steps_of([("one", 0, "a"), ("two", 0, "a"), ("two", 1, "a")])
    assert found(steps, "a -> * -> a") == {("two", 0): 1}


def test_bounds_of_time_include_their_edge(steps_of):
    steps = steps_of([("one", 0, "a"), ("one", 2, "b"), ("one", 5, "c")])
    assert found(steps, "a -> b -> c", within_days=5) == {("one", 0): 5}
    assert found(steps, "a -> b -> c", within_days=4.99) == {}
    assert found(steps, "a -> b within 2 days -> c") == {("one", 0): 5}
    assert found(steps, "a -> b within 47 hours -> c") == {}
    assert found(steps, "a -> * -> c within 5 days") == {("one", 0): 5}


def test_the_whole_time_counts_from_the_latest_start_that_fits(steps_of):
    steps = steps_of([("one", 0, "a"), ("one", 4, "a"), ("one", 5, "c")])
    assert found(steps, "a -> * -> c", within_days=1) == {("one", 0): 5}


def test_channels_may_be_named_instead_and_missing_names_are_none(steps_of):
    steps = steps_of([("one", 0, "a"), ("one", 1, None), ("one", 2, "b")])
    assert found(steps, "web -> web -> web", of="channel") == {("one", 0): 2}
    assert found(steps, "a -> b") == {}
    assert found(steps, "a -> [^c]* -> b") == {("one", 0): 2}


def test_names_in_quotes_may_hold_arrows_and_brackets(steps_of):
    steps = steps_of([("one", 0, "a -> [x]"), ("one", 1, "b|c")])
    assert found(steps, '"a -> [x]" -> "b|c"') == {("one", 0): 1}


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("", "empty"),
        ("a -> *", "does not end with a step"),
        ("* -> a", "a gap that is not between"),
        ("a -> * -> * -> b", "a gap that is not between"),
        ("a -> b|c", "write \\[b|c\\]"),
        ("a -> [b", "not understood at \\[b"),
        ("a ->  -> b", "an empty name"),
        ("a within 2 days -> b", "no step is before it"),
        ("a -> * within 2 days -> b", "a gap has no time"),
    ],
)
def test_a_pattern_that_is_not_understood_is_refused_with_what_is_wrong(pattern, said):
    with pytest.raises(ParameterError, match=said):
        patterns.parse(pattern)


def expressed(steps):
    """The pattern as a regular expression over one letter a step."""
    text = ""
    for step in steps:
        gap = "" if step.is_next else f"[^{''.join(step.without)}]*" if step.without else ".*"
        text += gap + f"[{''.join(step.names)}]"
    return re.compile(text)


def first_end(word, days, pattern, within):
    """The earliest end of a match in time, by trying every start and every end."""
    expression = expressed(patterns.parse(pattern))
    ends = [
        end
        for start in range(len(word))
        for end in range(start + 1, len(word) + 1)
        if expression.fullmatch(word, start, end) and days[end - 1] - days[start] <= within
    ]
    return days[min(ends) - 1] if ends else None


@pytest.mark.parametrize(
    "pattern", ["a -> b", "a -> * -> b -> c", "a -> [^b]* -> c -> [^a|d]* -> b", "[a|b] -> [^c]* -> [c|d]"]
)
@pytest.mark.parametrize("within", [2, 400])
def test_patterns_find_what_a_regular_expression_finds(pattern, within):
    draw = np.random.default_rng(7)
    rows, expected = [], {}
    for journey in range(300):
        word = "".join(draw.choice(list("abcd"), int(draw.integers(1, 12))))
        days = np.cumsum(draw.integers(0, 2, len(word))).tolist()
        rows += [(f"c{journey}", 0, step + 1, days[step] * DAY, letter) for step, letter in enumerate(word)]
        end = first_end(word, days, pattern, within)
        if end is not None:
            expected[(f"c{journey}", 0)] = end
    columns = ["customer_id", "started_us", "step", "occurred_us", "touchpoint"]
    steps = engine.from_frame(pd.DataFrame(rows, columns=columns))
    assert expected
    assert found(steps, pattern, within_days=within) == expected


def test_a_step_within_a_time_is_measured_from_the_step_before():
    assert patterns.parse("a -> [^x]* -> b within 90 minutes")[1].within_us == timedelta(minutes=90) // timedelta(
        microseconds=1
    )
