"""Durations at their boundaries, on customers and events written by hand."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import pandas as pd
import pyarrow as pa
import pytest

from journeylib import engine
from journeylib.errors import ParameterError
from journeylib.measures import churn

DAY = 86_400_000_000
BEGIN, END = 100, 200  # the data: from day 100 to the end of day 199


def on(day):
    return None if day is None else date(1970, 1, 1) + timedelta(days=day)


def store_of(rows, begins_us=BEGIN * DAY, ends_us=END * DAY):
    """A store of customers given as (id, day of sign-up, day of the end, cause)."""
    frame = pd.DataFrame(rows, columns=["customer_id", "signed_up_on", "ended_on", "end_cause"])
    dated = {name: pd.Series([on(day) for _, *days, _ in rows for day in [days[at]]], dtype=pd.ArrowDtype(pa.date32()))
             for at, name in enumerate(["signed_up_on", "ended_on"])}  # fmt: skip
    frame = frame.assign(**dated).astype({"customer_id": "string", "end_cause": "string"})
    return SimpleNamespace(customers=engine.from_frame(frame), start_us=begins_us, ends_us=ends_us)


def followed(store):
    frame = engine.collect(churn.contractual(store), order_by=["customer_id"])
    return {row["customer_id"]: (row["entry_day"], row["day"], row["has_left"]) for row in frame.to_dict("records")}


@pytest.mark.parametrize(
    ("signed_up", "ended", "expected"),
    [
        (150, 150, (0, 1, True)),  # left on the day of sign-up: day 1
        (150, 159, (0, 10, True)),
        (150, None, (0, 50, False)),  # days 150 to 199
        (100, None, (0, 100, False)),  # signed up on the first day of the data: not late
        (99, None, (1, 101, False)),  # one day before it: enters after day 1
        (40, 120, (60, 81, True)),
        (40, 100, (60, 61, True)),  # left on the first day of the data: entry < day
        (40, 99, None),  # left before it: could never be seen
        (199, None, (0, 1, False)),
        (200, None, None),  # signed up after the last whole day
        (150, 199, (0, 50, True)),
        (150, 200, (0, 50, False)),  # the end lies beyond the data: still there
        (150, 140, None),  # left before signing up
        (None, 150, None),
    ],
)
def test_a_contract_is_followed_from_sign_up_or_the_data_s_first_day(signed_up, ended, expected):
    found = followed(store_of([("a", signed_up, ended, None), ("z", 110, 120, "moved")]))
    assert found.get("a") == expected


def test_data_that_end_within_a_day_stop_at_the_last_whole_one():
    store = store_of([("a", 150, 199, None), ("b", 150, 198, None)], ends_us=END * DAY - 1)
    assert followed(store) == {"a": (0, 49, False), "b": (0, 49, True)}


def test_a_customer_with_several_rows_is_followed_once():
    store = store_of([("a", 150, 160, "moved"), ("a", 150, 160, "moved"), ("b", 150, None, None)])
    assert followed(store) == {"a": (0, 11, True), "b": (0, 50, False)}


def test_without_any_end_date_it_is_not_applicable():
    durations = churn.contractual(store_of([("a", 150, None, None), ("b", 120, None, None)]))
    for found in (
        churn.curve(durations),
        churn.left(durations, horizon_days=10),
        churn.median(durations),
        churn.departures(durations),
    ):
        assert found.attrs["not_applicable"] == "no customer has an end date in the data"


def test_causes_are_shares_of_those_who_left_in_the_data():
    rows = [
        ("a", 90, 150, "moved"),
        ("b", 90, 150, None),
        ("c", 90, 99, "moved"),
        ("d", 90, 160, "moved"),
        ("e", 90, None, None),
    ]
    found = churn.causes(store_of(rows))
    assert found[["cause", "n", "customers"]].to_numpy().tolist() == [["moved", 3, 2], ["unknown", 3, 1]]


LANDMARK = on(50).isoformat()


def lapses(rows, *, end=100, silent_days=10, touchpoints=("buy",)):
    """Durations from the landmark on day 50, of events given as (customer, days…), all of them "buy"."""
    events = [(customer, round(day * DAY)) for customer, *days in rows for day in days]
    frame = pd.DataFrame(events, columns=["customer_id", "occurred_us"])
    frame["event_id"] = [f"e{at:03}" for at in range(len(frame))]
    frame["touchpoint"] = "buy"
    store = SimpleNamespace(events=engine.from_frame(frame), ends_us=round(end * DAY))
    durations = churn.lapse(store, silent_days=silent_days, landmark=LANDMARK, touchpoints=touchpoints)
    found = engine.collect(durations, order_by=["customer_id"])
    assert (found["entry_day"] == 0).all()
    return {row["customer_id"]: (row["day"], row["has_left"], row["has_returned"]) for row in found.to_dict("records")}


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([45, 52, 60], (11, True, False)),  # last activity on the eleventh day from the landmark
        ([45, 50], (1, True, False)),  # on the landmark itself: day 1
        ([45, 50, 60, 70.5, 71], (11, True, True)),  # 10 days are not longer than 10; 10.5 are; back later
        ([45, 50, 60, 70, 80, 90], (40, False, False)),  # censored on the last day that could be decided
        ([45, 54, 64, 74, 84, 89.5], (40, True, False)),  # silent 10.5 days at the end: decided
        ([45, 54, 64, 74, 84, 90], (40, False, False)),  # silent exactly 10: not decided
        ([40, 50, 55], (6, True, False)),  # exactly 10 days before the landmark: active
        ([39.9, 50, 55], None),  # not active in the 10 days before
        ([45], None),  # the last activity before the landmark began a longer silence
        ([45, 56], None),  # likewise, though back after the landmark
        ([10, 45, 52], (3, True, False)),  # an earlier lapse, undone before the landmark
        ([60, 61], None),  # came later
    ],
)
def test_a_lapse_is_the_last_activity_before_the_first_long_silence(days, expected):
    assert lapses([("a", *days), ("z", 45, 51)]).get("a") == expected


def test_a_return_does_not_undo_a_lapse():
    assert lapses([("a", 45, 52, 80, 85, 95)]) == {"a": (3, True, True)}


def test_other_events_are_no_activity_unless_all_are():
    assert lapses([("a", 45, 52)], touchpoints=("sell",)) == {}
    assert lapses([("a", 45, 52)], touchpoints=()) == {"a": (3, True, False)}


def test_data_that_end_before_a_silence_can_show_follow_nobody():
    assert lapses([("a", 45, 52)], end=60) == {}
    assert lapses([("a", 45, 50.5)], end=60.75) == {"a": (1, True, False)}


def test_a_definition_that_is_not_known_is_refused():
    with pytest.raises(ParameterError, match='"contract" or "lapse"'):
        churn.durations(store_of([("a", 150, 160, None)]), definition="churned")
    with pytest.raises(ParameterError, match="silent_days = 0"):
        lapses([("a", 45, 52)], silent_days=0)


def test_who_came_back_is_a_share_of_those_who_lapsed():
    followed = pd.DataFrame(
        {
            "customer_id": list("abcdef"),
            "has_left": [True, True, True, True, False, False],
            "has_returned": [True, True, True, False, False, False],
        }
    )
    [row] = churn.returned(engine.from_frame(followed)).to_dict("records")
    assert (row["n"], row["estimate"], row["is_enough"]) == (4, 0.75, False)
    assert (round(row["low"], 4), round(row["high"], 4)) == (0.3006, 0.9544)  # Wilson, worked by hand


def test_a_contract_is_not_taken_back_by_returning():
    followed = pd.DataFrame({"customer_id": ["a"], "has_left": [True], "end_cause": ["voluntary"]})
    assert "ends on a date" in churn.returned(engine.from_frame(followed)).attrs["not_applicable"]


def test_an_own_lapse_is_a_definition_too():
    events = pd.DataFrame({"customer_id": "a", "occurred_us": [day * DAY for day in (30, 35, 40, 45, 50, 66)]})
    events["event_id"] = [f"e{at}" for at in range(len(events))]
    store = SimpleNamespace(events=engine.from_frame(events), ends_us=100 * DAY)
    made = churn.durations(store, definition="own lapse", silent_days=10, landmark=LANDMARK)
    assert engine.collect(made)[["day", "has_left"]].to_numpy().tolist() == [[1, True]]  # 16 days, the window was 15


def test_whoever_left_before_an_instant_is_out_and_others_are_followed_from_it_on():
    day = 86_400_000_000
    rows = [("gone", 0, 8, 0), ("there", 0, 20, 0), ("later", 0, 5, 30), ("late", 4, 20, 4)]
    frame = pd.DataFrame(rows, columns=["customer_id", "entry_day", "day", "zero_us"])
    frame["zero_us"] *= day
    found = engine.collect(churn.since(engine.from_frame(frame), 0, days=10), order_by=["customer_id"])
    told = found[["customer_id", "entry_day", "day"]].to_numpy().tolist()
    assert told == [["late", 10, 20], ["later", 0, 5], ["there", 10, 20]]
    assert found["zero_us"].tolist() == [10 * day, 30 * day, 10 * day]
