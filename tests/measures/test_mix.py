"""The change of a ratio between two periods is mix and rate, with intervals that know who is in both."""

from __future__ import annotations

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest

from journeylib import engine
from journeylib.judge.changes import is_beyond_noise
from journeylib.measures import mix


def rows(*people):
    """One row a customer: who, group, units, sum."""
    return engine.from_frame(pd.DataFrame(people, columns=["customer_id", "group", "m", "x"]))


def many(customers, *, share, seed=0, group="a", shift=0):
    rng = np.random.default_rng(seed)
    m = rng.integers(1, 4, customers)
    names = [f"{group}{who + shift}" for who in range(customers)]
    return list(zip(names, [group] * customers, m.tolist(), rng.binomial(m, share).tolist(), strict=True))


def test_a_change_of_composition_alone_is_all_mix():
    before, now = {"a": (80, 40), "b": (20, 2)}, {"a": (20, 10), "b": (80, 8)}
    by_mix, by_rate = mix.kitagawa(before, now)
    assert by_rate == 0
    assert by_mix == pytest.approx(18 / 100 - 42 / 100)


def test_a_change_of_rates_alone_is_all_rate():
    by_mix, by_rate = mix.kitagawa({"a": (80, 40), "b": (20, 2)}, {"a": (160, 96), "b": (40, 8)})
    assert by_mix == 0
    assert by_rate == pytest.approx(104 / 200 - 42 / 100)


def test_a_group_that_one_period_lacks_brings_mix_only():
    by_mix, by_rate = mix.kitagawa({"a": (100, 40)}, {"a": (50, 20), "new": (50, 45)})
    assert by_rate == 0
    assert by_mix == pytest.approx(65 / 100 - 40 / 100)


def test_a_period_compared_with_itself_has_no_change_and_no_interval():
    same = rows(*many(60, share=0.5), *many(40, share=0.2, group="b"))
    found = mix.split(same, same)
    assert (found["mix"], found["rate"]) == (0, 0)
    assert found["rate_low"] is None


def test_the_interval_of_other_customers_is_that_of_two_independent_groups():
    first, second = many(400, share=0.4, seed=1), many(400, share=0.6, seed=2, shift=1000)
    found = mix.split(rows(*first), rows(*second))
    each = []
    for people in (first, second):
        m, x = (np.array([person[at] for person in people]) for at in (2, 3))
        each.append(((x - x.sum() / m.sum() * m) ** 2).sum() / m.sum() ** 2)
    half = (found["rate_high"] - found["rate_low"]) / 2
    assert half == pytest.approx(1.96 * np.sqrt(sum(each)), rel=0.02)
    assert is_beyond_noise(found, "rate")


def test_customers_who_stay_alike_make_the_interval_narrower():
    first = many(300, share=0.5, seed=1)
    shared = mix.split(rows(*first), rows(*first[:250], *many(50, share=0.5, seed=2, shift=1000)))
    others = mix.split(rows(*first), rows(*many(300, share=0.5, seed=2, shift=1000)))
    widths = [one["rate_high"] - one["rate_low"] for one in (shared, others)]
    assert widths[0] < widths[1] / 2


def test_segments_of_few_customers_count_as_other():
    few = [("c1", "c", 1, 1), ("d1", "d", 1, 0)]
    found = mix.split(rows(*many(50, share=0.5), *few), rows(*many(50, share=0.5, shift=100), *few))
    assert found["groups"] == 2


def test_a_period_without_anyone_cannot_be_compared():
    table = rows(*many(50, share=0.5))
    assert mix.split(table, table.filter(nw.col("m") < 0)) == {"before": None, "now": None}


def test_where_few_carry_the_difference_there_is_no_interval():
    crowd = many(200, share=0.5)
    heavy = [(f"h{who}", "a", 400, 400) for who in range(5)]
    found = mix.split(rows(*crowd), rows(*crowd, *heavy))
    assert found["rate"] > 0
    assert (found["rate_low"], is_beyond_noise(found, "rate")) == (None, False)
