"""Covariates that change in time: each day sees only what was known before it, worked by hand; immortal time."""

from __future__ import annotations

import math

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest

from journeylib import engine
from journeylib.errors import ParameterError, RefusedError
from journeylib.measures.churn.covariates import at_zero
from journeylib.measures.churn.model import model
from journeylib.measures.churn.start_stop import bounces, last, start_stop, state, times

DAY = 86_400_000_000

# "a" is followed from calendar day 100 on and leaves on its 50th day; "b" signed up on day 100 and enters 3 days later.
FOLLOWED = pd.DataFrame(
    {
        "customer_id": ["a", "b"],
        "entry_day": [0, 3],
        "day": [50, 10],
        "has_left": [True, False],
        "zero_us": [100 * DAY, 103 * DAY],
        "plan": ["x", "y"],
    }
)
EVENTS = [
    ("a", 99.0, "call", 3.0),
    ("a", 110.5, "call", None),
    ("a", 110.7, "complaint", 8.0),
    ("a", 120.0, "resolved", None),
    ("a", 149.9, "call", 1.0),  # on the day on which it leaves: too late to count
    ("b", 101.0, "call", None),
    ("b", 105.0, "complaint", None),
    ("c", 105.0, "call", None),  # is not followed
]


def table_of(rows, spark=None):
    frame = pd.DataFrame(rows, columns=["customer_id", "at", "touchpoint", "score"])
    frame["occurred_us"] = (frame.pop("at") * DAY).round().astype("int64")
    frame["event_id"] = [f"e{at:03}" for at in range(len(frame))]
    return engine.from_frame(frame.astype({"score": object}) if spark is None else frame, spark=spark)


def intervals(spark=None, **changing):
    rows = start_stop(engine.from_frame(FOLLOWED, spark=spark), **changing)
    found = engine.collect(rows, order_by=["customer_id", "entry_day"])
    columns = ["customer_id", "entry_day", "day", "has_left", *changing]
    cells = found[columns].astype(object).where(found[columns].notna(), None)
    return found, [tuple(row) for row in cells.itertuples(index=False)]


def calls(events):
    return events.filter(nw.col("touchpoint") == "call")


def test_contacts_count_from_the_day_after_them_for_so_many_days():
    found, rows = intervals(contacts=times(calls(table_of(EVENTS)), within_days=30))
    assert rows == [
        # The call of the day before time zero, which is day 0, counts on days 1 to 30; that of day 11 on days 12 to 41.
        ("a", 0, 11, 0, 1),
        ("a", 11, 30, 0, 2),
        ("a", 30, 41, 0, 1),
        ("a", 41, 50, 1, 0),
        ("b", 3, 10, 0, 1),
    ]
    assert found["zero_us"].tolist() == [at * DAY for at in (100, 111, 130, 141, 103)]
    assert found["plan"].tolist() == ["x"] * 4 + ["y"]


def test_without_a_window_all_so_far_are_counted():
    _, rows = intervals(contacts=times(calls(table_of(EVENTS))))
    assert rows == [("a", 0, 11, 0, 1), ("a", 11, 50, 1, 2), ("b", 3, 10, 0, 1)]


def test_a_complaint_is_unresolved_until_it_is_resolved():
    _, rows = intervals(complaint=state(table_of(EVENTS), begins=["complaint"], ends=["resolved"]))
    assert rows == [
        ("a", 0, 11, 0, 0),
        ("a", 11, 21, 0, 1),
        ("a", 21, 50, 1, 0),
        ("b", 3, 6, 0, 0),
        ("b", 6, 10, 0, 1),
    ]


def test_of_two_changes_on_one_day_the_later_holds():
    rows = [("a", 104.2, "resolved", None), ("a", 104.1, "complaint", None), ("a", 107.0, "complaint", None)]
    _, found = intervals(complaint=state(table_of(rows), begins=["complaint"], ends=["resolved"]))
    assert found[:3] == [("a", 0, 5, 0, 0), ("a", 5, 8, 0, 0), ("a", 8, 50, 1, 1)]


def test_the_last_score_is_null_before_the_first():
    _, rows = intervals(score=last(table_of(EVENTS)))
    assert rows == [("a", 0, 11, 0, 3.0), ("a", 11, 50, 1, 8.0), ("b", 3, 10, 0, None)]


def test_several_covariates_are_cut_together():
    events = table_of(EVENTS)
    _, rows = intervals(
        contacts=times(calls(events), within_days=30), complaint=state(events, begins=["complaint"], ends=["resolved"])
    )
    assert rows[:5] == [("a", 0, 11, 0, 1, 0), ("a", 11, 21, 0, 2, 1), ("a", 21, 30, 0, 2, 0), ("a", 30, 41, 0, 1, 0),
                        ("a", 41, 50, 1, 0, 0)]  # fmt: skip


def test_a_bounce_is_away_and_back_within_a_journey():
    channels = ["web", "web", "phone", "phone", "web", "phone", None, "chat", "web"]
    steps = pd.DataFrame({"channel": channels}).assign(
        customer_id="a",
        event_id=[f"e{at}" for at in range(9)],
        started_us=[100 * DAY] * 8 + [108 * DAY],
        occurred_us=[(100 + at) * DAY for at in range(9)],
        step=[1, 2, 3, 4, 5, 6, 7, 8, 1],
        previous_channel=[None, *channels[:7], None],
    )
    _, rows = intervals(bounced=bounces(engine.from_frame(steps)))
    # Back on the web on day 5, back on the phone on day 6; web in the next journey is no way back.
    assert rows[:3] == [("a", 0, 5, 0, 0), ("a", 5, 6, 0, 1), ("a", 6, 50, 1, 2)]


def test_intervals_are_the_same_on_spark(spark):
    def made(engine_of):
        events = table_of(EVENTS, engine_of)
        return intervals(
            engine_of,
            contacts=times(calls(events), within_days=30),
            score=last(events.filter(~nw.col("score").is_nan())),
            complaint=state(events, begins=["complaint"], ends=["resolved"]),
        )[1]

    duck, other = made(None), made(spark)
    assert [row[:6] for row in duck] == [row[:6] for row in other]
    assert [row[6] for row in duck] == [row[6] for row in other]


def test_what_makes_no_covariate_is_refused():
    events = table_of(EVENTS)
    with pytest.raises(ParameterError, match="within_days = 0"):
        times(events, within_days=0)
    with pytest.raises(ParameterError, match="complaint cannot both begin and end"):
        state(events, begins=["complaint"], ends=["complaint"])
    with pytest.raises(ParameterError, match="plan is a column"):
        start_stop(engine.from_frame(FOLLOWED), plan=times(events))
    with pytest.raises(ParameterError, match="no covariate changes"):
        start_stop(engine.from_frame(FOLLOWED))


def test_attributes_are_taken_as_they_stood_at_time_zero():
    rows = [("a", "basic", None), ("a", "plus", 100 * DAY), ("a", "gold", 100 * DAY + 1), ("b", "gold", 104 * DAY)]
    customers = pd.DataFrame(rows, columns=["customer_id", "tier", "valid_from_us"]).astype({"valid_from_us": "Int64"})
    found = engine.collect(
        at_zero(engine.from_frame(FOLLOWED), engine.from_frame(customers), ["tier"]), order_by=["customer_id"]
    )
    assert found["tier"].fillna("").tolist() == ["plus", ""]
    assert found["tier_known_us"].fillna(0).tolist() == [100 * DAY, 0]


def immortal(seed, size):
    """Customers who leave by chance alone, on average after 60 days, and call once at a time that means nothing."""
    draw = np.random.default_rng(seed)
    leaves = np.ceil(draw.exponential(60, size)).astype(np.int64)
    calls_on = draw.exponential(60, size)
    followed = pd.DataFrame({"customer_id": [f"c{at}" for at in range(size)], "entry_day": 0, "zero_us": 0})
    followed = followed.assign(day=np.minimum(leaves, 120), has_left=leaves <= 120)
    has_called = calls_on < followed["day"] - 1
    followed["has_called"] = has_called
    followed["has_called_known_us"] = pd.Series((calls_on * DAY).astype(np.int64)).where(has_called).astype("Int64")
    rows = [(f"c{at}", day, "call", None) for at, day in enumerate(calls_on) if has_called[at]]
    return followed, table_of(rows)


def test_what_is_learnt_later_seems_to_keep_customers_and_so_is_refused():
    followed, _ = immortal(1, 600)
    naive = model(
        engine.from_frame(followed.drop(columns="has_called_known_us")), ["has_called"], baseline={"has_called": "no"}
    )
    assert naive["level"].tolist() == ["yes"]
    assert naive["high"][0] < 0.4  # though a call does nothing
    with pytest.raises(RefusedError) as refused:
        model(engine.from_frame(followed), ["has_called"])
    for said in ("has_called was known only after time zero", "immortal time", "start_stop", "landmark"):
        assert said in str(refused.value)


def test_in_start_stop_form_what_does_nothing_is_found_to_do_nothing():
    slopes, inside = [], 0
    for seed in range(12):
        followed, events = immortal(seed, 300)
        plain = engine.from_frame(followed.drop(columns=["has_called", "has_called_known_us"]))
        [row] = model(start_stop(plain, called=times(events)), ["called"]).to_dict("records")
        slopes.append(math.log(row["estimate"]))
        inside += row["low"] < 1 < row["high"]
    assert abs(np.mean(slopes)) < 2.6 * np.std(slopes, ddof=1) / math.sqrt(len(slopes))
    assert inside >= 9


def test_what_is_known_at_time_zero_itself_is_taken():
    followed, _ = immortal(1, 100)
    known = followed.assign(has_called=followed["has_called"], has_called_known_us=0)
    assert len(model(engine.from_frame(known), ["has_called"])) == 1


def test_the_newest_row_of_a_customer_is_refused_where_it_came_later():
    newest = FOLLOWED.assign(tier=["plus", "gold"], valid_from_us=[99 * DAY, 103 * DAY + 1])
    with pytest.raises(RefusedError, match=r"tier was known only after time zero in 1 of 2 rows \(valid_from_us"):
        model(engine.from_frame(newest), ["tier"])
