"""A segment's group is told as it stood at an instant: nothing that came later makes it."""

from __future__ import annotations

import datetime
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from journeylib import engine
from journeylib.errors import RecipeError, RefusedError
from journeylib.journeys import definitions, reconstruct, segments

DAY = 86_400_000_000


@pytest.fixture
def store_of(steps_of):
    """Make the tables of a store of rows (customer, day, touchpoint), of orders with what was paid, and of sign-ups."""

    def make(rows, *, paid=(), signed_up=None, start=0, ends=100, spark=None):
        steps = steps_of(rows)
        if spark is not None:
            steps = engine.from_frame(engine.collect(steps), spark=spark)
        frame = engine.collect(steps)[["customer_id", "event_id", "occurred_us", "touchpoint", "channel"]]
        money = pd.DataFrame(paid, columns=["customer_id", "occurred_us", "revenue_minor", "currency"])
        money["occurred_us"] = (money["occurred_us"] * DAY).astype("int64")
        events = pd.concat([frame, money], ignore_index=True).astype({"revenue_minor": "Int64", "occurred_us": "int64"})
        days = dict(signed_up or {})
        people = pd.DataFrame(
            {
                "customer_id": sorted({who for who, _, _ in rows}),
                "valid_from_us": pd.array([None] * len({who for who, _, _ in rows}), dtype="Int64"),
            }
        )
        people["signed_up_on"] = [days.get(who) for who in people["customer_id"]]
        people["plan"] = "monthly"
        people = people.astype({"signed_up_on": "object"})
        return SimpleNamespace(
            events=engine.from_frame(events, spark=spark),
            steps=steps,
            journeys=reconstruct.summarise(steps),
            customers=engine.from_frame(people, spark=spark),
            start_us=start * DAY,
            ends_us=ends * DAY,
            attributes=["plan"],
        )

    return make


def told(store, definition, at=None, name="group_of"):
    """The group of each customer at a day, or of each (customer, journey's day) where `at` is a function of it."""
    journeys = engine.collect(store.journeys, order_by=["customer_id", "started_us"])
    if callable(at):
        frame = journeys[["customer_id", "started_us"]].assign(
            zero_us=[at(us // DAY) * DAY for us in journeys["started_us"]]
        )
    else:
        frame = journeys[["customer_id"]].drop_duplicates().assign(zero_us=0 if at is None else at * DAY)
    found = segments.attach(engine.from_frame(frame), store, {name: definition}, at=None if at is None else "zero_us")
    keys = [column for column in ("customer_id", "started_us") if column in frame]
    rows = engine.collect(found, order_by=keys)
    assert len(rows) == len(frame)
    if "started_us" in keys:
        return {(row["customer_id"], row["started_us"] // DAY): row[name] for row in rows.to_dict("records")}
    return dict(zip(rows["customer_id"], rows[name], strict=True))


def test_a_condition_holds_from_the_instant_that_completes_it(store_of):
    store = store_of(
        [("one", 0, "call"), ("one", 3, "call"), ("one", 5, "call"), ("two", 0, "call"), ("two", 90, "call")]
    )
    loud = "customers where contacts of call >= 3 within 5 days"
    assert told(store, loud, at=4, name="loud") == {"one": "not loud", "two": "not loud"}
    assert told(store, loud, at=5, name="loud") == {"one": "loud", "two": "not loud"}
    assert told(store, loud.replace("5 days", "4 days"), at=5, name="loud")["one"] == "not loud"


def test_without_an_instant_customers_count_as_they_stood_when_the_period_began(store_of):
    store = store_of([("one", 0, "call"), ("two", 20, "call")], start=10)
    assert told(store, 'customers where touched "call"', name="called") == {"one": "called", "two": "not called"}


def test_conditions_are_joined_and_turned_round(store_of):
    store = store_of([("one", 0, "call"), ("two", 0, "call"), ("two", 1, "store visit"), ("three", 0, "chat")])
    definition = 'customers where touched "call" and not touched "store visit", chat'
    assert told(store, definition, at=9, name="phoned") == {"one": "phoned", "two": "not phoned", "three": "not phoned"}
    assert told(store, "customers where touched channel web", at=9, name="seen")["three"] == "seen"


def test_a_path_makes_a_group_once_it_is_complete(store_of):
    store = store_of(
        [("one", 0, "cart"), ("one", 1, "help"), ("one", 2, "order"), ("two", 0, "cart"), ("two", 1, "order")]
    )
    path = 'journeys where path "cart -> [^help]* -> order" within 1 days'
    assert told(store, path, at=lambda day: day + 1, name="smooth") == {("one", 0): "not smooth", ("two", 0): "smooth"}
    assert told(store, path, at=lambda day: day, name="smooth")["two", 0] == "not smooth"


def test_a_journey_counts_only_what_happened_in_it(store_of):
    store = store_of([("one", 0, "call"), ("one", 50, "chat")])
    found = told(store, 'journeys where touched "call"', at=lambda day: day + 9, name="called")
    assert found == {("one", 0): "called", ("one", 50): "not called"}


def test_first_channels_are_known_when_journeys_start(store_of):
    store = store_of([("one", 0, "call"), ("one", 50, "chat")])
    assert told(store, "journeys.first_touchpoint", at=lambda day: day) == {("one", 0): "call", ("one", 50): "chat"}
    assert told(store, "customers.first_touchpoint", at=60) == {"one": "call"}


def test_the_first_reason_counts_from_when_it_was_given(store_of):
    store = store_of([("one", 0, "visit"), ("one", 2, "call"), ("two", 0, "call")])
    frame = engine.collect(store.events).assign(reason=None)
    frame["reason"] = ["billing" if what == "call" else None for what in frame["touchpoint"]]
    store.events = engine.from_frame(frame)
    reason = "journeys.first_reason"
    assert told(store, reason, at=lambda day: day) == {("one", 0): "unknown", ("two", 0): "billing"}
    assert told(store, reason, at=lambda day: day + 2)["one", 0] == "billing"


def test_bands_count_what_was_spent_before_and_nothing_is_a_band_of_its_own(store_of):
    paid = [("one", 1, 4_999, "EUR"), ("one", 5, 1, "EUR"), ("two", 2, -100, "EUR"), ("three", 3, 20_000, "EUR")]
    store = store_of([(who, 0, "x") for who in ("one", "two", "three", "four")], paid=paid)
    bands = "customers.revenue in 0, 50, 200"
    assert told(store, bands, at=5) == {"one": "0 to 50", "two": "below 0", "three": "200 and more", "four": "none"}
    assert told(store, bands, at=6)["one"] == "50 to 200"
    assert told(store, f"{bands} within 2 days", at=6)["one"] == "0 to 50"
    assert told(store, f"{bands} within 2 days", at=6)["three"] == "none"


def test_cohorts_are_named_by_their_month_quarter_or_year(store_of):
    signed_up = {"one": datetime.date(1970, 3, 31), "two": datetime.date(1969, 12, 31)}
    store = store_of([("one", 40, "x"), ("two", 89, "x"), ("three", 0, "x")], signed_up=signed_up)
    known = {"one": "1970-Q1", "two": "1969-Q4", "three": "unknown"}
    assert told(store, "customers.signed_up_on by quarter", at=95) == known
    assert told(store, "customers.signed_up_on by month", at=95)["one"] == "1970-03"
    assert told(store, "customers.first_seen_on by month", at=95) == {
        "one": "1970-02",
        "two": "1970-03",
        "three": "1970-01",
    }
    assert told(store, "customers.first_seen_on by year", at=95)["two"] == "1970"


def test_who_signs_up_later_is_not_of_a_cohort_yet(store_of):
    store = store_of([("one", 0, "x")], signed_up={"one": datetime.date(1970, 3, 1)})
    assert told(store, "customers.signed_up_on by year", at=58) == {"one": "unknown"}
    assert told(store, "customers.signed_up_on by year", at=59) == {"one": "1970"}


def test_named_conditions_are_groups_of_one_segment(store_of):
    store = store_of([("one", 0, "call"), ("two", 0, "chat"), ("three", 0, "x")])
    mood = {"calls": "customers where touched call", "chats": "customers where touched chat"}
    segments.check(store, {"mood": mood})
    assert told(store, mood, at=9) == {"one": "calls", "two": "chats", "three": "other"}


def test_groups_that_overlap_are_refused_with_how_many_are_in_both(store_of):
    store = store_of([("one", 0, "call"), ("one", 1, "chat"), ("two", 0, "chat")])
    mood = {"calls": "customers where touched call", "chats": "customers where touched chat"}
    with pytest.raises(RefusedError, match=r'\[segments.mood\]: 1 customers are in "calls" and in "chats"'):
        segments.check(store, {"mood": mood})
    segments.check(store, {"mood": {**mood, "chats": "customers where touched chat and not touched call"}})


def test_bands_of_several_currencies_are_refused(store_of):
    store = store_of([("one", 0, "x")], paid=[("one", 1, 5, "EUR"), ("one", 2, 5, "USD")])
    with pytest.raises(RefusedError, match="revenue is in EUR, USD, which have no common bands"):
        segments.check(store, {"spent": "customers.revenue in 0, 50"})


def test_what_is_known_only_later_is_refused_with_the_ways_out(store_of):
    store = store_of([("one", 0, "x")])
    late = {"loud": "journeys where contacts >= 3 within 30 days"}
    with pytest.raises(
        RefusedError, match="known only in the course of a journey, but conversion counts from its start"
    ):
        segments.refuse_later(late, "conversion")
    with pytest.raises(RefusedError, match="landmark_days"):
        segments.attach(store.journeys, store, late)
    segments.refuse_later({"first": "journeys.first_channel", "plan": "customers.plan"}, "conversion")


def test_a_segment_of_journeys_needs_journeys(store_of):
    store = store_of([("one", 0, "x")])
    with pytest.raises(RefusedError, match="is of journeys, but what is compared here has no journey"):
        segments.attach(store.customers, store, {"first": "journeys.first_channel"})


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ("plan", "is not understood"),
        ("customers.color", "customers have no attribute color; they have plan"),
        ("customers.signed_up_on by week", "A cohort is customers.signed_up_on or .first_seen_on, by month, quarter"),
        ("customers.revenue in 50, 0", "Write the edges of the bands in their order"),
        ("customers where calls > 3", "A condition is touched"),
        ("customers where contacts >= 0", "A condition is touched"),
        ('journeys where path "a -> *"', "does not end with a step"),
        ({"a": "customers.plan"}, "needs a condition for each group"),
        ({"a": "customers where touched x", "b": "journeys where touched y"}, "all of customers or all of journeys"),
    ],
)
def test_a_definition_that_is_not_understood_is_refused_with_what_would_be(definition, said):
    with pytest.raises(RecipeError, match=said):
        segments.understood("mine", definition, ["plan"])


def test_and_within_quotes_joins_nothing():
    found = definitions.read("mine", 'customers where touched "search and find" and contacts >= 2')
    assert [clause.names for clause in found.clauses] == [("search and find",), ()]


def test_segments_are_the_same_on_duckdb_and_spark_and_by_hand(store_of, spark):
    draw = np.random.default_rng(3)
    rows = [
        (f"c{who:02}", int(day), str(draw.choice(["call", "chat", "x"])))
        for who in range(25)
        for day in np.sort(draw.integers(0, 40, 6))
    ]
    paid = [(f"c{who:02}", int(draw.integers(0, 40)), int(draw.integers(0, 9_000)), "EUR") for who in range(20)]
    signed_up = {f"c{who:02}": datetime.date(1970, 1, 1 + who) for who in range(20)}
    one, other = (store_of(rows, paid=paid, signed_up=signed_up, spark=session) for session in (None, spark))
    loud = "customers where contacts of call >= 2 within 7 days"
    by_hand = {}
    for who in sorted({name for name, _, _ in rows}):
        calls = [day for name, day, what in rows if name == who and what == "call"]
        is_loud = any(b - a <= 7 and b <= 20 for a, b in pairwise(calls))
        by_hand[who] = "loud" if is_loud else "not loud"
    assert told(one, loud, at=20, name="loud") == by_hand
    assert set(by_hand.values()) == {"loud", "not loud"}
    for definition in (
        loud,
        "customers.revenue in 0, 40",
        "customers.signed_up_on by month",
        'journeys where path "call -> * -> chat"',
    ):
        at = 20 if definition.startswith("customers") else lambda day: day + 3
        frames = []
        for store in (one, other):
            journeys = engine.collect(store.journeys, order_by=["customer_id", "started_us"])[
                ["customer_id", "started_us"]
            ]
            journeys["zero_us"] = [at * DAY if isinstance(at, int) else us + 3 * DAY for us in journeys["started_us"]]
            table = engine.from_frame(journeys, spark=None if store is one else spark)
            found = segments.attach(table, store, {"group_of": definition}, at="zero_us")
            frames.append(engine.collect(found, order_by=["customer_id", "started_us"]))
        pd.testing.assert_frame_equal(*frames, check_dtype=False)
        assert frames[0]["group_of"].nunique() > 1
