"""A change is told in parts that add up, with intervals that know who is in both periods."""

from __future__ import annotations

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest

from journeylib import engine
from journeylib.judge import changes


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
    mix, rate = changes.kitagawa(before, now)
    assert rate == 0
    assert mix == pytest.approx(18 / 100 - 42 / 100)


def test_a_change_of_rates_alone_is_all_rate():
    mix, rate = changes.kitagawa({"a": (80, 40), "b": (20, 2)}, {"a": (160, 96), "b": (40, 8)})
    assert mix == 0
    assert rate == pytest.approx(104 / 200 - 42 / 100)


def test_a_group_that_one_period_lacks_brings_mix_only():
    mix, rate = changes.kitagawa({"a": (100, 40)}, {"a": (50, 20), "new": (50, 45)})
    assert rate == 0
    assert mix == pytest.approx(65 / 100 - 40 / 100)


def test_the_parts_add_up_and_what_is_not_known_is_told_together():
    told = changes.parts(0.40, on_old_data=0.38, on_new_data=0.41, before=0.44, new=0.50, mix=0.02)
    assert told["restated"] == pytest.approx(0.03)
    assert told["redefined"] == pytest.approx((0.38 - 0.40) + (0.44 - 0.41))
    assert sum(told[name] for name in changes.PARTS) == pytest.approx(0.10, abs=1e-12)
    together = changes.parts(0.40, before=0.44, new=0.50)
    assert (together["restated"], together["redefined"], together["mix"], together["rate"]) == (None, None, None, None)
    assert together["revised"] + together["period"] == pytest.approx(0.10, abs=1e-12)


def test_a_period_compared_with_itself_has_no_change_and_no_interval():
    same = rows(*many(60, share=0.5), *many(40, share=0.2, group="b"))
    found = changes.split(same, same)
    assert (found["mix"], found["rate"]) == (0, 0)
    assert found["rate_low"] is None


def test_the_interval_of_other_customers_is_that_of_two_independent_groups():
    first, second = many(400, share=0.4, seed=1), many(400, share=0.6, seed=2, shift=1000)
    found = changes.split(rows(*first), rows(*second))
    each = []
    for people in (first, second):
        m, x = (np.array([person[at] for person in people]) for at in (2, 3))
        each.append(((x - x.sum() / m.sum() * m) ** 2).sum() / m.sum() ** 2)
    half = (found["rate_high"] - found["rate_low"]) / 2
    assert half == pytest.approx(1.96 * np.sqrt(sum(each)), rel=0.02)
    assert changes.is_beyond_noise(found, "rate")


def test_customers_who_stay_alike_make_the_interval_narrower():
    first = many(300, share=0.5, seed=1)
    shared = changes.split(rows(*first), rows(*first[:250], *many(50, share=0.5, seed=2, shift=1000)))
    others = changes.split(rows(*first), rows(*many(300, share=0.5, seed=2, shift=1000)))
    widths = [one["rate_high"] - one["rate_low"] for one in (shared, others)]
    assert widths[0] < widths[1] / 2


def test_segments_of_few_customers_count_as_other():
    few = [("c1", "c", 1, 1), ("d1", "d", 1, 0)]
    found = changes.split(rows(*many(50, share=0.5), *few), rows(*many(50, share=0.5, shift=100), *few))
    assert found["groups"] == 2


def test_a_period_without_anyone_cannot_be_compared():
    table = rows(*many(50, share=0.5))
    assert changes.split(table, table.filter(nw.col("m") < 0)) == {"before": None, "now": None}


def test_where_few_carry_the_difference_there_is_no_interval():
    crowd = many(200, share=0.5)
    heavy = [(f"h{who}", "a", 400, 400) for who in range(5)]
    found = changes.split(rows(*crowd), rows(*crowd, *heavy))
    assert found["rate"] > 0
    assert (found["rate_low"], changes.is_beyond_noise(found, "rate")) == (None, False)


def test_a_shared_page_shows_parts_in_steps_that_do_not_tell_how_many_there_are():
    exact = {"old": 0.4, "new": 0.45, "total": 0.05, "revised": 0.0004, "restated": 0.0004, "redefined": 0.0,
             "period": 0.0496, "mix": 0.0104, "rate": 0.0392, "rate_low": 0.011, "rate_high": 0.067, "units": 731,
             "n": 300, "groups": 3}  # fmt: skip
    shown = changes.shown(exact, audience="shared", unit="share")
    assert shown["step"] == 0.02
    assert [shown[name] for name in ("restated", "redefined", "mix", "rate")] == [0.0, 0.0, 0.02, 0.04]
    assert shown["about_none"] == ["restated", "revised"]
    assert shown["rate_low"] == 0.0
    assert shown["rate_high"] == 0.08
    assert not {"units", "n", "groups", "total"} & set(shown)
    assert changes.shown(exact, audience="private", unit="share") == {**exact, "step": 0.0, "about_none": []}
    assert changes.shown({"units": 0, "period": 14.0}, audience="shared", unit="count")["period"] == 10.0
