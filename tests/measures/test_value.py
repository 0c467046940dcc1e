"""Revenue, cost and margin of customers, on amounts written by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from journeylib import engine
from journeylib.errors import ParameterError
from journeylib.estimates import Sums, mean
from journeylib.judge import guards
from journeylib.measures import value


def paid(table, rows):
    """A table of events given as (customer, instant, revenue, cost, currency)."""
    frame = pd.DataFrame(rows, columns=["customer_id", "occurred_us", "revenue_minor", "cost_minor", "currency"])
    kinds = {"revenue_minor": "Int64", "cost_minor": "Int64", "currency": "string"}
    return table(frame.astype({**kinds, "occurred_us": "int64"}))


def people(table, customers, **columns):
    return table(pd.DataFrame({"customer_id": list(customers), **columns}))


def told(found, *columns):
    return found[list(columns)].values.tolist()


ORDERS = [
    ("a", 1, 500, None, "EUR"),
    ("a", 2, 400, None, "EUR"),
    ("b", 1, 300, None, "EUR"),
    ("c", 1, -60, None, "EUR"),
]


def test_a_customer_without_revenue_counts_as_nothing_and_a_refund_is_subtracted(table):
    found = value.revenue(people(table, "abcde"), paid(table, ORDERS)).iloc[0]
    same = mean(Sums(5, 5, 1140, 5, 1140, 900**2 + 300**2 + 60**2))
    assert (found["currency"], found["n"], found["estimate"]) == ("EUR", 5, 228)
    assert (found["low"], found["high"]) == pytest.approx((same.low, same.high))
    assert found["median"] == 0  # −60, 0, 0, 300, 900
    assert found["top_share"] == pytest.approx(900 / 1200)


def test_revenue_of_others_does_not_count_and_a_customer_named_twice_counts_once(table):
    found = value.revenue(people(table, "bb"), paid(table, [*ORDERS, ("b", 2, 100, None, "GBP")]))
    assert told(found, "currency", "n", "estimate", "median") == [["EUR", 1, 300, 300], ["GBP", 1, 100, 100]]
    assert found["low"].isna().all()


def test_currencies_are_never_added_up(table):
    rows = [("a", 1, 500, None, "EUR"), ("a", 1, 700, None, "USD"), ("b", 1, 200, None, "USD")]
    found = value.revenue(people(table, "abc"), paid(table, rows))
    assert told(found, "currency", "n", "estimate") == [["EUR", 3, 500 / 3], ["USD", 3, 300]]


def test_an_amount_without_a_currency_is_in_the_only_one_there_is(table):
    rows = [("a", 1, 500, None, "EUR"), ("a", 2, None, 90, None), ("b", 1, 100, None, None)]
    base = people(table, "ab")
    assert told(value.revenue(base, paid(table, rows)), "currency", "estimate") == [["EUR", 300]]
    assert told(value.cost(base, paid(table, rows)), "currency", "estimate") == [["EUR", 45]]
    several = paid(table, [*rows, ("b", 2, 10, None, "USD")])
    assert told(value.revenue(base, several), "currency", "estimate") == [["EUR", 250], ["USD", 5], ["unknown", 50]]
    assert told(value.revenue(base, paid(table, rows[2:])), "currency", "estimate") == [["unknown", 50]]


def test_groups_are_those_of_the_base_and_a_customer_of_two_counts_in_both(table):
    base = people(table, "aabc", plan=["x", "y", "y", "y"])
    found = value.revenue(base, paid(table, ORDERS), ["plan"])
    assert told(found, "plan", "n", "estimate") == [["x", 1, 900], ["y", 3, 380]]


def test_only_what_carries_a_cost_costs(table):
    rows = [("a", 1, None, 250, "EUR"), ("a", 2, 900, None, "EUR"), ("b", 1, 0, 0, "EUR")]
    found = value.cost(people(table, "ab"), paid(table, rows)).iloc[0]
    assert (found["estimate"], found["median"], found["top_share"]) == (125, 0, 1)


def test_the_margin_needs_revenue_and_cost_in_one_currency(table):
    rows = [
        ("a", 1, 900, 100, "EUR"),
        ("a", 2, None, 250, "EUR"),
        ("b", 1, None, 30, "EUR"),
        ("b", 1, 5000, None, "USD"),
    ]
    found = value.margin(people(table, "abc"), paid(table, rows))
    assert told(found, "currency", "n", "estimate", "median") == [["EUR", 3, 520 / 3, 0]]  # 550, −30, 0
    none = value.margin(people(table, "abc"), paid(table, rows[1:]))
    assert none.attrs["not_applicable"] == "no currency has revenue and cost"


@pytest.mark.parametrize("measure", [value.revenue, value.cost])
def test_without_amounts_it_is_not_applicable(table, measure):
    found = measure(people(table, "z", plan=["x"]), paid(table, ORDERS), ["plan"])
    assert found.attrs["not_applicable"] == f"no event of these customers carries {measure.__name__}"
    assert found.columns.tolist()[:3] == ["plan", "currency", "n"]


def test_one_in_a_hundred_rounded_up_have_the_top_share(table):
    names = [f"c{at:03}" for at in range(101)]
    rows = [(name, 1, 10, None, "EUR") for name in names[2:]] + [(name, 1, 500, None, "EUR") for name in names[:2]]
    found = value.revenue(people(table, names), paid(table, rows))
    assert found["top_share"][0] == pytest.approx(1000 / 1990)
    assert guards.distribution(found.to_dict("records"))["status"] == "caution"
    even = value.revenue(people(table, names[2:]), paid(table, rows))
    assert guards.distribution(even.to_dict("records"))["status"] == "ok"


def test_large_amounts_have_a_variance(table):
    rows = [("a", 1, 4_000_000_000_000, None, "JPY"), ("b", 1, 2_000_000_000_000, None, "JPY")]
    found = value.revenue(people(table, "ab"), paid(table, rows)).iloc[0]
    assert found["estimate"] == 3e12
    assert found["high"] - found["low"] == pytest.approx(2 * 12.7062 * 1e12, rel=1e-4)  # t with one degree of freedom


def test_refunds_alone_have_no_top_share(table):
    found = value.revenue(people(table, "a"), paid(table, [("a", 1, -5, None, "EUR")]))
    assert (found["estimate"][0], math.isnan(found["top_share"][0])) == (-5, True)


def test_the_spread_tells_order_statistics_of_all_customers(table):
    names = [f"c{at:02}" for at in range(30)]
    rows = [(name, 1, at + 1, None, "EUR") for at, name in enumerate(names) if at >= 5]  # 0 five times, then 6 to 30
    found = value.spread(people(table, names), paid(table, rows)).iloc[0]
    assert [found[name] for name in ("q10", "q25", "estimate", "q75", "q90")] == [0, 8, 15, 23, 27]
    assert (found["low"], found["high"]) == (9, 22)  # ranks ⌊30 · (½ − .179)⌋ and ⌈30 · (½ + .179)⌉ + 1
    assert (found["n"], found["is_enough"]) == (30, True)


def test_the_spread_of_few_has_no_interval(table):
    rows = [(name, 1, 10, 3, "EUR") for name in "abcdef"]
    six = value.spread(people(table, "abcdef"), paid(table, rows), of="cost")
    assert told(six, "estimate", "low", "high") == [[3, 3, 3]]
    assert value.spread(people(table, "abcde"), paid(table, rows))["low"].isna().all()
    with pytest.raises(ParameterError, match=r'of = "margin" is not understood\. Write revenue or cost'):
        value.spread(people(table, "a"), paid(table, rows), of="margin")


def test_the_interval_of_the_median_holds_it_as_often_as_it_says(table):
    draw, hits = np.random.default_rng(1), 0
    names = [f"c{at:02}" for at in range(40)]
    base = people(table, names)
    for _ in range(100):
        amounts = np.round(np.exp(draw.normal(5, 1, 40))).astype(int)
        found = value.spread(
            base, paid(table, [(n, 1, int(x), None, "EUR") for n, x in zip(names, amounts, strict=True)])
        )
        hits += bool(found["low"][0] <= math.exp(5) <= found["high"][0])
    assert hits >= 93


def units(made):
    return engine.collect(made, order_by=["customer_id"])


def test_units_hold_what_came_from_the_zero_on(table):
    base = people(table, "abc", zero_us=[2, 1, 0], group=["x", "y", "y"])
    rows = [("a", 1, 500, None, "EUR"), ("a", 2, 400, 7, "EUR"), ("a", 3, -50, None, None), ("b", 0, 300, 9, "EUR")]
    found = units(value.revenue_units(base, paid(table, rows)))
    assert told(found, "customer_id", "zero_us", "group", "m", "x") == [
        ["a", 2, "x", 1, 350],  # exactly at the zero counts, before it does not
        ["b", 1, "y", 1, 0],
        ["c", 0, "y", 1, 0],
    ]
    assert units(value.cost_units(base, paid(table, rows)))["x"].tolist() == [7, 0, 0]


def test_units_of_several_currencies_are_refused_unless_one_is_chosen(table):
    base = people(table, "ab", zero_us=[0, 0])
    events = paid(table, [("a", 1, 5, None, "USD"), ("a", 1, 7, None, "EUR"), ("b", 1, None, 3, None)])
    with pytest.raises(ParameterError, match=r"revenue is in EUR, USD; .* Choose one, as in currency = \"EUR\"\.$"):
        value.revenue_units(base, events)
    assert units(value.revenue_units(base, events, currency="USD"))["x"].tolist() == [5, 0]
    assert units(value.cost_units(base, events))["x"].tolist() == [0, 3]  # all of it in an unknown currency
    with pytest.raises(ParameterError, match='no revenue is in currency = "GBP"; there is EUR, USD'):
        value.revenue_units(base, events, currency="GBP")
    with pytest.raises(ParameterError, match=r"no event carries cost\. Map cost_minor"):
        value.cost_units(base, paid(table, ORDERS))
