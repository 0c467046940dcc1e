"""Leaving by cause: adds up with the share still there, is the curve where there is one cause, stops with it."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from journeylib.measures import churn


def simulated(seed, size):
    draw = np.random.default_rng(seed)
    leaves, stops = np.ceil(draw.exponential(120, size)), draw.integers(30, 300, size)
    entry = np.where(draw.random(size) < 0.4, draw.integers(0, 60, size), 0)
    frame = pd.DataFrame({"entry": entry, "day": np.minimum(leaves, stops).astype(int), "left": leaves <= stops})
    frame = frame.assign(cause=draw.choice(["moved", "price", None], size), plan=draw.choice(["a", "b"], size))
    return frame[frame["day"] > frame["entry"]].reset_index(drop=True)


def followed(frame):
    return churn.from_frame(frame, duration="day", event="left", entry="entry", cause="cause", by="plan")


def of(rows):
    """A table of rows (day, left, cause, how many)."""
    frame = pd.DataFrame(rows, columns=["day", "left", "cause", "many"])
    return churn.from_frame(frame, duration="day", event="left", cause="cause", weight="many")


def test_two_causes_are_those_worked_by_hand():
    # 40: on day 2, 4 move and 6 find it dear; of 30, on day 5, 3 move.
    found = churn.incidence(of([(2, 1, "moved", 4), (2, 1, "price", 6), (5, 1, "moved", 3), (9, 0, None, 27)]))
    moved = found[found["cause"] == "moved"]
    assert moved[["day", "n", "estimate", "at_risk", "left"]].to_numpy() == pytest.approx(
        np.array([[0, 40, 0, 40, 0], [2, 40, 0.1, 40, 4], [5, 40, 0.1 + 0.75 * 0.1, 30, 7], [9, 40, 0.175, 27, 7]])
    )
    assert found["cause"].tolist() == ["moved"] * 4 + ["price"] * 4  # the most frequent first
    # Nobody is censored before day 9: each share is that of 40, and its variance F(1 − F)/40.
    reach = math.sqrt(0.175 * 0.825 / 40) / (0.825 * -math.log(0.825)) * 1.959963984540054
    assert moved["high"].iloc[-1] == pytest.approx(1 - 0.825 ** math.exp(reach), rel=1e-12)


def test_causes_and_the_share_still_there_add_up_to_1():
    table = followed(simulated(1, 3000))
    causes = churn.incidence(table, "plan").groupby(["plan", "day"])["estimate"].sum()
    still = churn.curve(table, "plan").set_index(["plan", "day"])["estimate"]
    assert len(still) == len(causes)
    assert np.abs(causes + still - 1).max() < 1e-12


def test_one_cause_is_one_less_the_curve_with_its_interval():
    table = followed(simulated(2, 800).assign(cause="moved"))
    found, curve = churn.incidence(table, "plan"), churn.curve(table, "plan")
    assert found["estimate"].to_numpy() == pytest.approx(1 - curve["estimate"].to_numpy(), abs=1e-12)
    assert found["low"].to_numpy() == pytest.approx(1 - curve["high"].to_numpy(), abs=1e-12)
    assert found["high"].to_numpy() == pytest.approx(1 - curve["low"].to_numpy(), abs=1e-12)
    assert found[["n", "at_risk", "left", "is_enough"]].equals(curve[["n", "at_risk", "left", "is_enough"]])


def test_counts_are_rows_at_twenty_thousand():
    frame = simulated(3, 20_000)
    still, share = 1.0, {"moved": 0.0, "price": 0.0, "unknown": 0.0}
    cause = frame["cause"].fillna("unknown")
    for day in range(1, 151):
        at_risk = ((frame["entry"] < day) & (frame["day"] >= day)).sum()
        leaving = cause[frame["left"] & (frame["day"] == day)].value_counts()
        for name in share:
            share[name] += still * leaving.get(name, 0) / at_risk
        still *= 1 - leaving.sum() / at_risk
    found = churn.incidence_at(followed(frame), horizon_days=150).set_index("cause")["estimate"].to_dict()
    assert found == pytest.approx(share, rel=1e-9)


def test_other_causes_censored_would_overstate_each():
    frame = simulated(4, 4000)
    honest = churn.incidence_at(followed(frame), horizon_days=150).set_index("cause")["estimate"]["moved"]
    alone = churn.left(followed(frame.assign(left=frame["left"] & (frame["cause"] == "moved"))), horizon_days=150)
    assert 1 - alone["estimate"][0] > honest + 0.05


def test_the_incidence_at_a_horizon_is_the_curve_s_and_stops_with_it():
    table = of([(2, 1, "moved", 15), (9, 0, None, 25), (20, 1, "moved", 9)])
    row = churn.incidence_at(table, horizon_days=9).iloc[0]
    assert row.drop("is_enough").to_dict() == churn.incidence(table).iloc[-1].drop(["day", "is_enough"]).to_dict()
    assert row["is_enough"]
    beyond = churn.incidence_at(table, horizon_days=10).iloc[0]
    assert math.isnan(beyond["estimate"])
    assert not beyond["is_enough"]


def test_a_cause_that_nobody_of_a_group_had_is_0_with_an_upper_end():
    frame = pd.DataFrame(
        {"day": 5, "left": 1, "cause": ["moved"] * 40 + ["price"] * 40, "plan": ["a"] * 40 + ["b"] * 40}
    )
    frame = pd.concat([frame, frame.assign(day=9, left=0)])
    table = churn.from_frame(frame, duration="day", event="left", cause="cause", by="plan")
    found = churn.incidence_at(table, "plan", horizon_days=7).set_index(["plan", "cause"])
    assert found["estimate"].to_dict() == {
        ("a", "moved"): 0.5, ("a", "price"): 0, ("b", "moved"): 0, ("b", "price"): 0.5,
    }  # fmt: skip
    assert 0 < found["high"]["a", "price"] < 0.1
    assert found["low"]["a", "price"] == 0


def test_everybody_left_on_day_1_for_one_cause():
    row = churn.incidence_at(of([(1, 1, "moved", 40)]), horizon_days=30).iloc[0]
    assert (row["estimate"], row["high"]) == (1, 1)
    assert 0.9 < row["low"] < 1


def test_nobody_left_has_no_causes():
    assert churn.incidence(of([(9, 0, None, 40)])).empty
    plain = churn.from_frame(pd.DataFrame({"day": [3], "left": [1]}), duration="day", event="left")
    assert "do not say why" in churn.incidence(plain).attrs["not_applicable"]
