"""Who is likely to leave: what is known before a landmark, and a risk that others can work out again."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from journeylib import engine
from journeylib.days import DAY_US
from journeylib.errors import ParameterError
from journeylib.measures import churn
from journeylib.measures.churn.outlook import ranked
from journeylib.measures.churn.snapshot import Terms, snapshot

DAY = 86_400_000_000
AT = 400  # the landmark of the tables written by hand
CUSTOMER = ["customer_id", "signed_up_on", "ended_on", "plan", "valid_from_us"]
EVENT = ["customer_id", "at", "touchpoint", "channel", "score"]


def dates(days):
    made = [None if pd.isna(day) else date(1970, 1, 1) + timedelta(days=int(day)) for day in days]
    return pd.Series(made, dtype=pd.ArrowDtype(pa.date32()))


def store_of(customers, events, *, ends=1000, turned=False, spark=None):
    """A store of customers (as CUSTOMER, in days) and events (as EVENT, at a day and its fraction)."""
    people = pd.DataFrame(customers, columns=CUSTOMER)
    people = people.assign(
        signed_up_on=dates(people["signed_up_on"]),
        ended_on=dates(people["ended_on"]),
        plan=people["plan"].astype("string"),
        valid_from_us=(people["valid_from_us"].astype("Float64") * DAY).astype("Int64"),
    )
    told = pd.DataFrame(events, columns=EVENT)
    told = told.assign(
        occurred_us=(told["at"].astype(float) * DAY).round().astype("int64"),
        event_id=[f"{at:07d}" for at in range(len(told))],
        score=told["score"].astype("Float64"),
        score_type=pd.Series(np.where(told["score"].isna(), None, "nps"), dtype="string"),
        started_us=np.int64(0),
    ).drop(columns="at")
    told = told.sort_values(["customer_id", "occurred_us", "event_id"])
    each = told.groupby("customer_id")
    told = told.assign(
        step=each.cumcount() + 1, previous_channel=each["channel"].shift(1).astype(told["channel"].dtype)
    )
    if turned:
        people, told = people.sample(frac=1, random_state=1), told.sample(frac=1, random_state=2)
    tables = {name: engine.from_frame(frame, spark=spark) for name, frame in (("customers", people), ("events", told))}
    return SimpleNamespace(
        **tables,
        steps=tables["events"],
        attributes=["plan"],
        begins_us=0,
        start_us=0,
        ends_us=ends * DAY,
    )


def seen(store, terms, days=30):
    found = engine.collect(snapshot(store, terms, AT * DAY, days=days), order_by=["customer_id"])
    return found.set_index("customer_id")


CONTRACTS = [
    ("a", 399, None, "monthly", None),
    ("b", 400, None, "monthly", None),  # signs up on the landmark: not there yet
    ("c", 100, 399, "monthly", None),  # ended on the day before
    ("d", 310, 400, "monthly", None),  # leaves on the first day
    ("e", 34, 429, "monthly", None),  # leaves on the last
    ("f", 33, 430, "monthly", None),  # a day later
]


TOUCHES = [("a", "visit", "web"), ("d", "call", "phone"), ("e", "visit", "web"), ("f", "call", "phone")]


def test_still_there_is_who_signed_up_before_the_landmark_and_had_not_ended():
    found = seen(store_of(CONTRACTS, [("a", 399.0, "visit", "web", None)]), Terms())
    assert found.index.tolist() == ["a", "d", "e", "f"]
    assert found["day"].tolist() == [30, 1, 30, 30]
    assert found["has_left"].tolist() == [False, True, True, False]
    # 1, 90, 366 and 367 days
    assert found["tenure"].tolist() == ["under 90 days", "90 to 365 days", "over 365 days", "over 365 days"]


def test_nothing_learnt_on_the_landmark_or_later_is_used():
    customers = [
        ("a", 300, None, "monthly", None),
        ("a", 300, None, "annual", 400),  # from the landmark on
        ("b", 300, None, "monthly", None),
        ("b", 300, None, "annual", 399),  # from the day before
        ("c", 300, None, "monthly", 500),  # not known yet
    ]
    on_the_day = [(who, 400.0, *told) for who in "ab" for told in (("call", "phone", None), ("survey", "web", 0))]
    earlier = [
        ("b", 399.9, "call", "phone", None),
        ("b", 399.95, "survey", "web", 9),
        ("b", 399.96, "complaint", "web", None),
    ]
    late = [("b", 400.0, "solved", "web", None), ("c", 430.0, "complaint", "web", None)]
    terms = Terms(
        segments={"plan": "customers.plan"},
        contacts=("call",),
        complaint=("complaint",),
        resolved=("solved",),
        score="nps",
    )
    found = seen(store_of(customers, [*on_the_day, *earlier, *late]), terms)
    assert found["plan"].to_dict() == {"a": "monthly", "b": "annual", "c": "unknown"}
    assert found["contacts_30_days"].to_dict() == {"a": "none", "b": "1", "c": "none"}
    assert found["last_score"].to_dict() == {"a": "no answer", "b": "9 to 10", "c": "no answer"}
    assert found["complaint"].to_dict() == {"a": "none open", "b": "open", "c": "none open"}
    assert found["last_active"].to_dict() == {"a": "over 60 days", "b": "up to 7 days", "c": "over 60 days"}


@pytest.mark.parametrize(
    ("days_ago", "contacts", "last_active"),
    [
        ([30.0], "1", "8 to 30 days"),  # exactly 30 days before counts
        ([30.01], "none", "31 to 60 days"),
        ([7.0, 7.0], "2", "up to 7 days"),
        ([7.01, 8, 9, 10], "3 or more", "8 to 30 days"),
        ([60.0], "none", "31 to 60 days"),
        ([60.01], "none", "over 60 days"),
    ],
)
def test_bands_hold_their_upper_edge(days_ago, contacts, last_active):
    calls = [("a", AT - ago, "call", "phone", None) for ago in days_ago]
    [row] = seen(store_of([("a", 1, None, "x", None)], calls), Terms(contacts=("call",))).to_dict("records")
    assert (row["contacts_30_days"], row["last_active"]) == (contacts, last_active)


def test_a_bounce_counts_for_ninety_days_and_a_solved_complaint_is_not_open():
    told = [("a", 311.0, "visit", "web"), ("a", 312.0, "call", "phone"), ("a", 313.0, "visit", "web")]
    told += [("b", 307.0, "visit", "web"), ("b", 308.0, "call", "phone"), ("b", 309.0, "visit", "web")]
    told += [("b", 350.0, "complaint", "web"), ("b", 360.0, "solved", "web"), ("a", 360.0, "solved", "web")]
    store = store_of([(who, 1, None, "x", None) for who in "ab"], [(*one, None) for one in told])
    found = seen(store, Terms(complaint=("complaint",), resolved=("solved",)))
    assert found["bounces_90_days"].tolist() == ["1 or more", "none"]
    assert found["complaint"].tolist() == ["none open", "none open"]


def test_without_a_contract_who_fell_silent_before_the_landmark_is_there_and_leaves_on_the_first_day():
    visits = {
        "a": [395, 405, 440, 470, 500],  # goes on
        "b": [395],  # silent for good, which nobody knew yet
        "c": [395, 410],  # leaves on day 11
        "d": [339],  # not active in the 60 days before
        "e": [395, 480, 500],  # silent for 85 days, then back: had lapsed all the same
        "f": [395, 429.5],  # leaves on the last day
    }
    events = [(who, at, "visit", "web", None) for who, when in visits.items() for at in when]
    terms = Terms(definition="lapse", silent_days=60)
    found = seen(store_of([("a", 100, None, "x", None)], events, ends=520), terms)
    assert {who: (row["day"], row["has_left"]) for who, row in found.to_dict("index").items()} == {
        "a": (30, False),
        "b": (1, True),
        "c": (11, True),
        "e": (1, True),
        "f": (30, True),
    }
    assert found["tenure"].tolist() == ["90 to 365 days", *["unknown"] * 4]
    assert terms.told_us(store_of([], events, ends=520)) == 460 * DAY


@pytest.mark.parametrize("definition", ["contract", "lapse"])
def test_a_snapshot_is_the_same_on_duckdb_and_spark(definition, spark):
    told = [(who, AT + 7.3 * turn - 95, what, where) for turn in range(26) for who, what, where in TOUCHES[turn % 3 :]]
    events = [(*one, 9 if at % 5 == 0 else None) for at, one in enumerate(told)]
    terms = Terms(definition, 20, ("visit",), {"plan": "customers.plan"}, ("call",), ("call",), ("visit",), "nps")
    sides = [seen(store_of(CONTRACTS, events, ends=520, spark=one), terms) for one in (None, spark)]
    assert len(sides[0]) == (4 if definition == "contract" else 2)
    pd.testing.assert_frame_equal(*sides, check_dtype=False)


def world(seed, *, customers=1500, apart=True, turned=False):
    """Customers on monthly and annual plans who call or not; `apart` says whether any of it goes with leaving."""
    rng = np.random.default_rng(seed)
    plan, calls = rng.choice(["annual", "monthly"], customers), rng.random(customers) < 0.3
    hazard = 0.0015 * np.where(apart & (plan == "monthly"), 2.5, 1.0) * np.where(apart & calls, 2.0, 1.0)
    signed_up = rng.integers(0, 900, customers)
    ended = signed_up + np.floor(rng.exponential(1 / hazard)).astype(int)
    people = [
        (f"{at:04d}", signed_up[at], ended[at] if ended[at] < 1000 else None, plan[at], None) for at in range(customers)
    ]
    events = []
    for at in range(customers):
        until = min(ended[at], 1000)
        visits = rng.uniform(signed_up[at], until, rng.poisson((until - signed_up[at]) / 20))
        phoned = rng.uniform(signed_up[at], until, rng.poisson((until - signed_up[at]) / (15 if calls[at] else 200)))
        events += [(f"{at:04d}", when, "visit", "web", None) for when in visits]
        events += [(f"{at:04d}", when, "call", "phone", None) for when in phoned]
    return store_of(people, events, turned=turned)


@pytest.fixture(scope="module")
def found():
    return churn.outlook(world(1), days=90, covariates=["plan"], contacts=["call"])


def test_the_risk_is_that_of_the_model_s_cumulative_hazard(found):
    assert found.why == ""
    slopes = {(name, level): slope for name, level, slope in found.risk.slopes}
    base = sum(found.risk.found.fit.sums.h0)
    for row in found.there.to_dict("records"):
        leaning = sum(slopes.get((name, found.risk.told_as[name][row[name]]), 0.0) for name in found.risk.told_as)
        assert row["risk"] == pytest.approx(1 - np.exp(-base * np.exp(leaning)), abs=1e-9)
    assert found.there["risk"].is_monotonic_decreasing


def test_what_it_is_judged_on_was_not_learnt_from(found):
    landmarks = found.seen.groupby("zero_us")["n"].sum()
    assert (landmarks.index // DAY).tolist() == list(range(1000 - 7 * 90, 1000, 90))
    assert found.earlier.found.design.rows == landmarks.iloc[:-1].sum()
    assert (found.risk.found.design.rows, found.risk.found.is_robust) == (landmarks.sum(), True)


def test_the_expected_share_of_a_group_is_its_mean_risk_inside_its_interval(found):
    told = churn.at_risk(found, ["plan"]).set_index("plan")
    for plan, part in found.there.groupby("plan"):
        assert told.loc[plan, "n"] == part["n"].sum()
        assert told.loc[plan, "estimate"] == pytest.approx((part["risk"] * part["n"]).sum() / part["n"].sum(), abs=1e-9)
    assert (told["low"] < told["estimate"]).all()
    assert (told["estimate"] < told["high"]).all()
    assert told["is_enough"].all()
    # In 90 days 1 − exp(−90·hazard) leave of those there, who call in part.
    assert told.loc["annual", "low"] < 0.17 < told.loc["annual", "high"]
    assert told.loc["monthly", "low"] < 0.34 < told.loc["monthly", "high"]
    assert len(told.attrs["queries"]) >= 2
    assert churn.at_risk(found)["n"].tolist() == [told["n"].sum()]


def test_the_interval_is_about_as_wide_as_that_of_the_departures_it_was_learnt_from(found):
    [row] = churn.at_risk(found).to_dict("records")
    relative = np.log(row["high"] / row["low"]) / (2 * 1.96)
    assert relative == pytest.approx(1 / np.sqrt(row["left"]), rel=0.15)


def test_each_of_the_listed_has_one_reason_the_largest_above_the_average(found):
    told = churn.reasons(found)
    assert told["estimate"].sum() == pytest.approx(1)
    assert set(told["reason"]) <= {*found.terms.columns, "nothing stands out"}
    everybody = found.there["n"].sum()
    assert told["n"].sum() >= everybody / 10
    one = ranked(found).iloc[0]
    means, own = {}, {}
    for name in found.risk.told_as:
        slope = {level: value for of, level, value in found.risk.slopes if of == name}
        told_as = found.there[name].map(found.risk.told_as[name]).map(slope).fillna(0.0)
        means[name], own[name] = (told_as * found.there["n"]).sum() / everybody, told_as.iloc[0]
    order = sorted(means, key=lambda name: means[name] - own[name])
    assert one["reason"] == order[0]
    assert [name for name, _ in one["reasons"]] == [name for name in order if own[name] > means[name] + 1e-9]


def test_a_list_has_the_customers_of_the_highest_risk_in_an_order_that_is_settled(found):
    people = churn.listed(found, 70)
    everybody = engine.collect(found.now)
    everybody["risk"] = found.risk.of(everybody)
    expected = everybody.sort_values(["risk", "customer_id"], ascending=[False, True]).head(70)
    assert people["customer_id"].tolist() == expected["customer_id"].tolist()
    assert people["risk"].tolist() == expected["risk"].tolist()
    assert people["band"].eq(5).all()
    assert len(churn.listed(found, 10**6)) == len(everybody)


def test_rows_in_another_order_give_the_same_bits(found):
    again = churn.outlook(world(1, turned=True), days=90, covariates=["plan"], contacts=["call"])
    for measure in (churn.at_risk, churn.reasons, churn.calibration, churn.foretold):
        pd.testing.assert_frame_equal(measure(again), measure(found), check_exact=True)


@pytest.mark.parametrize(
    ("days", "customers", "said"),
    [
        (500, [("a", 0, 500, "x", None)], "the data do not hold two stretches of 500 days between 1970-04-01 and"),
        (90, [("a", 0, None, "x", None)], "no customer has an end date in the data"),
        (90, [(f"{at}", 0, 700 + at, "xy"[at % 2], None) for at in range(18)], "18 departures are too few"),
    ],
)
def test_too_little_data_is_said_and_not_guessed_at(days, customers, said):
    found = churn.outlook(store_of(customers, [("a", 5.0, "visit", "web", None)]), days=days, covariates=["plan"])
    assert found.why.startswith(said)
    for measure in (churn.at_risk, churn.reasons, churn.calibration, churn.foretold):
        frame = measure(found)
        assert frame.empty
        assert frame.attrs["not_applicable"] == found.why


def test_what_cannot_be_asked_is_refused_with_a_remedy(found):
    store = found.store
    with pytest.raises(ParameterError, match="days = 0"):
        churn.outlook(store, days=0)
    with pytest.raises(ParameterError, match=r'"moved" is not understood\. Write "contract" or "lapse"'):
        churn.outlook(store, definition="moved")
    with pytest.raises(ParameterError, match="tenure is a name of the outlook's own"):
        churn.outlook(store, covariates={"tenure": "customers.plan"})
    with pytest.raises(ParameterError, match=r"by = region is no covariate of the outlook\. It has plan, tenure"):
        churn.at_risk(found, ["region"])


def test_of_a_silence_by_a_customers_own_pace_there_is_no_outlook(found):
    none = churn.outlook(found.store, definition="own lapse")
    assert "own pace has no outlook" in churn.at_risk(none).attrs["not_applicable"]


def test_of_a_silence_only_what_was_known_before_a_landmark_is_learnt_for_it():
    terms = Terms("lapse", silent_days=60)
    assert terms.told_before(0, 90, 150 * DAY_US)
    assert not terms.told_before(0, 90, 149 * DAY_US)
    assert Terms().told_before(0, 90, 90 * DAY_US)
