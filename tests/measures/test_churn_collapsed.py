"""Customers counted once: every measure gives of the counts exactly what it gives of the customers."""

from __future__ import annotations

from types import SimpleNamespace

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest

from journeylib import engine
from journeylib.errors import ParameterError
from journeylib.measures import churn

BY = ["plan", "size"]
NAMED = {"duration": "day", "event": "left", "entry": "since", "by": BY, "cause": "why"}


@pytest.fixture(scope="module")
def frame():
    """Two thousand customers; a third enter late, days are tied, some plans, sizes and causes are not known."""
    draw, many = np.random.default_rng(8), 2000
    since = np.where(draw.random(many) < 0.3, draw.integers(1, 60, many), 0)
    made = pd.DataFrame({"since": since, "day": since + draw.integers(1, 90, many), "left": draw.integers(0, 2, many)})
    return made.assign(
        plan=draw.choice(["a", "b", None], many, p=[0.5, 0.3, 0.2]),
        size=draw.integers(1, 4, many),
        why=draw.choice(["moved", "price", None], many),
    )


@pytest.fixture(scope="module")
def both(frame):
    followed = churn.from_frame(frame, **NAMED)
    return followed, churn.collapsed(followed, BY)


MEASURES = {
    "curve": lambda table: churn.curve(table, "plan"),
    "curve of all": churn.curve,
    "curve within": lambda table: churn.curve(table, BY, until_day=40),
    "median": lambda table: churn.median(table, "plan"),
    "left": lambda table: churn.left(table, ["size"], horizon_days=40),
    "rmst": lambda table: churn.rmst(table, "plan", horizon_days=50),
    "stay": lambda table: churn.stay(table, "plan", horizon_days=50),
    "cumulative hazard": lambda table: churn.cumulative_hazard(table, "plan"),
    "hazard": lambda table: churn.hazard(table, "size", band_days=7),
    "incidence": lambda table: churn.incidence(table, "plan"),
    "incidence at": lambda table: churn.incidence_at(table, horizon_days=50),
    "log-rank": lambda table: churn.logrank(table, "plan", strata="size"),
    "Peto and Peto": lambda table: churn.logrank(table, BY, rho=1),
    "compare": lambda table: churn.compare(table, "plan", strata=["size"], pairs=True),
}


@pytest.mark.parametrize("name", MEASURES)
def test_counts_give_exactly_what_customers_give(both, name):
    of_customers, of_counts = (MEASURES[name](table) for table in both)
    assert len(of_customers)
    pd.testing.assert_frame_equal(of_counts, of_customers, check_exact=True)


def test_of_five_customers_the_counts_are_these():
    five = pd.DataFrame({"since": [0, 0, 2, 0, 3], "day": [2, 4, 4, 4, 9], "left": [1, 1, 1, 0, 0]})
    table = churn.collapsed(churn.from_frame(five, duration="day", event="left", entry="since"))
    found = engine.collect(table, order_by=["day", "entry_day", "has_left"])
    # The earliest entries stand beside the earliest exits; on one day who stayed stands before who left.
    assert found.to_numpy().tolist() == [
        [0, 2, True, 1],
        [0, 4, False, 1],
        [0, 4, True, 1],
        [2, 4, True, 1],
        [3, 9, False, 1],
    ]
    assert (
        churn.curve(table)["n"].tolist()
        == churn.curve(churn.from_frame(five, duration="day", event="left"))["n"].tolist()
    )


def test_the_counts_are_few_and_every_entry_is_before_its_exit(both, frame):
    found = engine.collect(both[1])
    assert found["customers"].sum() == len(frame)
    assert (found["entry_day"] < found["day"]).all()
    assert "customer_id" not in found
    # No more than the different entries and exits of each group: pairs would be more.
    group = frame.fillna("unknown").assign(
        left=frame["left"], why=frame["why"].fillna("unknown").where(frame["left"] == 1)
    )
    entries, exits = (len(group[[*BY, *names]].drop_duplicates()) for names in (["since"], ["day", "left", "why"]))
    assert len(found) <= entries + exits


def test_the_customers_are_asked_once_and_the_counts_do_not_change_with_them():
    rows = "VALUES ('a', 0, 3, true), ('b', 0, 4, false)) AS rows(customer_id, entry_day, day, has_left)"
    engine.connection().execute(f"CREATE TEMP TABLE followed_once AS SELECT * FROM ({rows}")
    followed = nw.from_native(engine.connection().table("followed_once"))
    counts = churn.collapsed(followed)
    engine.connection().execute("DROP TABLE followed_once")
    assert churn.curve(counts, until_day=4)["n"].tolist() == [2]
    assert engine.collect(counts)["customers"].sum() == 2


def test_groups_that_are_no_text_and_groups_all_unknown_stay_what_they_are():
    days = pd.Series(np.arange(1, 81))
    made = pd.DataFrame({"customer_id": days.astype(str), "entry_day": 0, "day": days, "has_left": days % 3 > 0})
    made = made.assign(
        since=pd.to_datetime(np.where(days % 2, "2026-01-01", "2026-02-01")),
        wide=np.where(days % 2, 1.5, np.nan),
        yes=days % 2 == 0,
        none=pd.Series([None] * 80, dtype="string"),
    )
    for by in ("since", "wide", "yes", "none"):
        table = engine.from_frame(made)
        pd.testing.assert_frame_equal(
            churn.left(churn.collapsed(table, by), by, horizon_days=40), churn.left(table, by, horizon_days=40)
        )


@pytest.mark.parametrize("made", [{"day": []}, {"day": [4, 5, 9]}])
def test_a_reason_why_nothing_can_be_measured_stays_the_same(made):
    ended = pd.Series([None] * len(made["day"]), dtype="string")
    frame = pd.DataFrame({**made, "entry_day": 0, "has_left": False, "plan": "a"}).astype({"day": "int64"})
    for one in (frame.assign(end_cause=ended), frame):
        table = engine.from_frame(one.assign(customer_id="c"))
        counts = churn.collapsed(table, "plan")
        for measure in (churn.curve, churn.incidence):
            of_customers, of_counts = measure(table, "plan"), measure(counts, "plan")
            assert of_counts.attrs.get("not_applicable") == of_customers.attrs.get("not_applicable")
            assert len(of_counts) == len(of_customers)


def test_a_contract_s_causes_are_kept_under_their_name():
    frame = pd.DataFrame({"customer_id": [str(at) for at in range(60)], "entry_day": 0, "day": np.arange(1, 61)})
    ended = frame["day"] % 3 > 0
    cause = pd.Series(np.where(frame["day"] % 2, "moved", None)).where(ended, None).astype("string")
    table = engine.from_frame(frame.assign(has_left=ended, end_cause=cause))
    counts = churn.collapsed(table)
    assert "end_cause" in counts.collect_schema().names()
    pd.testing.assert_frame_equal(churn.incidence(counts), churn.incidence(table), check_exact=True)
    by_cause = churn.collapsed(table, "end_cause")
    pd.testing.assert_frame_equal(
        churn.left(by_cause, "end_cause", horizon_days=20), churn.left(table, "end_cause", horizon_days=20)
    )


def test_counts_can_be_counted_again_by_fewer_groups(both):
    of_customers, of_counts = both
    again = churn.collapsed(of_counts, "plan")
    assert len(engine.collect(again)) < len(engine.collect(of_counts))
    pd.testing.assert_frame_equal(churn.incidence(again, "plan"), churn.incidence(of_customers, "plan"))


def test_a_segment_called_customers_is_no_count(frame):
    named = churn.from_frame(frame.assign(customers=frame["size"]), duration="day", event="left", by="customers")
    assert churn.left(named, horizon_days=30)["n"].tolist() == [len(frame)]
    with pytest.raises(ParameterError, match="by = customers is what is counted"):
        churn.collapsed(named, "customers")


def test_customers_with_several_rows_are_refused():
    frame = pd.DataFrame({"who": ["x", "x", "y"], "since": [0, 3, 0], "day": [3, 9, 4], "back": [1, 0, 1]})
    followed = churn.from_frame(frame, duration="day", event="back", entry="since", cluster="who")
    with pytest.raises(ParameterError, match="some customers have several rows"):
        churn.collapsed(followed)
    day = 86_400_000_000
    events = pd.DataFrame({"customer_id": ["x"] * 3, "occurred_us": [-day, 2 * day, 40 * day]})
    events = events.assign(event_id=["1", "2", "3"], touchpoint="buy")
    store = SimpleNamespace(events=engine.from_frame(events), ends_us=90 * day)
    lapses = churn.lapses(store, silent_days=20, landmark="1970-01-01")
    with pytest.raises(ParameterError, match="several rows"):
        churn.collapsed(lapses)


def test_counts_of_spark_s_customers_are_those_of_duckdb_s(frame, both, spark):
    named = {**NAMED, "spark": spark}
    counts = churn.collapsed(churn.from_frame(frame, **named), BY)
    assert counts.implementation.is_duckdb()
    pd.testing.assert_frame_equal(
        churn.stay(counts, "plan", horizon_days=50), churn.stay(both[0], "plan", horizon_days=50)
    )


def test_what_needs_the_customers_themselves_refuses_their_counts(both):
    _, counts = both
    for asked in (
        lambda: churn.departures(counts),
        lambda: churn.mean_count(counts),
        lambda: churn.model(counts, ["plan"]),
    ):
        with pytest.raises(ParameterError, match="the table is one of counts"):
            asked()


def test_rows_of_what_changes_in_time_are_one_customer_s_and_so_refused():
    day = 86_400_000_000
    people = pd.DataFrame({"customer_id": ["a", "b"], "entry_day": 0, "day": [9, 5], "has_left": True, "zero_us": 0})
    calls = pd.DataFrame({"customer_id": ["a"], "occurred_us": [3 * day], "event_id": ["e"]})
    changing = churn.times(engine.from_frame(calls))
    rows = churn.start_stop(engine.from_frame(people), calls=changing)
    assert engine.collect(rows, order_by=["customer_id", "entry_day"])["is_first"].tolist() == [True, False, True]
    with pytest.raises(ParameterError, match="some customers have several rows"):
        churn.collapsed(rows)
    assert churn.curve(rows)["n"].iloc[0] == 2
