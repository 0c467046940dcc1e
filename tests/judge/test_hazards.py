"""Hazard ratios as a page's contrasts: logarithms, so that no difference is 0 and a claim's interval leaves it out."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from journeylib.judge import hazards, ledger, verdicts
from journeylib.measures import churn
from journeylib.show import record

LEVEL = {"covariate": "plan", "level": "annual", "baseline": "monthly", "n": 900, "is_enough": True, "p": 0.001}
MORE = {"left": 200, "events": 500, "parameters": 1, "is_proportional": True, "note": ""}


def model(*rows):
    return pd.DataFrame([{**LEVEL, **MORE, **row} for row in rows])


def people(n=600, seed=1):
    """Customers of two plans, the annual leaving half as fast, in two regions that do not matter."""
    dice = np.random.default_rng(seed)
    plan = np.where(dice.random(n) < 0.5, "annual", "monthly")
    day = np.ceil(dice.exponential(np.where(plan == "annual", 400, 200))).astype(int)
    frame = pd.DataFrame({"day": np.minimum(day, 365), "left": day <= 365, "plan": plan})
    return frame.assign(region=np.where(dice.random(n) < 0.5, "north", "south"))


def followed(frame):
    return churn.from_frame(frame, duration="day", event="left", by=["plan", "region"])


def test_a_ratio_of_1_is_no_difference_and_its_inverse_is_as_far_from_it():
    found = hazards.ratios(model({"estimate": 2.0, "low": 1.0, "high": 4.0}, {"estimate": 0.5, "low": 0.25, "high": 1}))
    assert found["estimate"].tolist() == [math.log(2), -math.log(2)]
    assert found[["low", "high"]].to_numpy().ravel().tolist() == [0.0, math.log(4), math.log(0.25), 0.0]


def test_a_level_that_nobody_left_has_no_numbers_but_its_reason():
    nobody = {"estimate": 0.0, "low": math.nan, "high": math.nan, "note": "nobody left", "is_enough": False}
    found = hazards.ratios(model({"estimate": 2.0, "low": 1.0, "high": 4.0}, nobody))
    assert found["estimate"].isna().tolist() == [False, True]
    assert found["note"].tolist() == [None, "nobody left"]


def test_without_any_reason_there_is_no_column_of_them():
    assert "note" not in hazards.ratios(model({"estimate": 2.0, "low": 1.0, "high": 4.0}))


def test_what_cannot_be_told_keeps_its_reason_as_a_record():
    frame = pd.DataFrame({"day": [5, 9], "left": [0, 0], "plan": ["a", "b"]})
    found = hazards.ratios(churn.model(churn.from_frame(frame, duration="day", event="left", by=["plan"]), ["plan"]))
    assert found.empty
    assert record.make("finding", "hazards", found)["not_applicable"]


def test_a_claimed_ratio_has_an_interval_that_leaves_out_1_at_the_level_of_the_claim():
    base = {"plan": "monthly", "region": "north"}
    found = hazards.ratios(churn.model(followed(people()), ["plan", "region"], baseline=base))
    made = {**record.make("finding", "hazards", found), "notebook": "churn"}
    [judged] = verdicts.judge([made], audience="private")["records"]
    rows = {cells[1]: dict(zip(judged["columns"], cells, strict=True)) for cells in judged["rows"]}
    claims = {judged["rows"][one["row"]][1]: one["claimed"] for one in judged["contrasts"]}
    assert claims == {"annual": True, "south": False}
    assert rows["annual"]["high"] < 0
    assert rows["south"]["low"] < 0 < rows["south"]["high"]


def test_the_p_of_a_ratio_and_its_interval_agree_wherever_it_lies():
    for half in (0.1, 0.69, 0.7, 1.5):
        row = {"estimate": math.log(2), "low": math.log(2) - half, "high": math.log(2) + half, "p": 0.01}
        assert (ledger.widen(row, 0.05)["low"] > 0) == (half < math.log(2))


def test_differences_in_days_are_those_of_stay_for_each_segment_and_carry_no_p():
    table = followed(people())
    found = hazards.days(table, ["plan", "region"], horizon_days=300)
    assert found["covariate"].tolist() == ["plan", "region"]
    alone = churn.stay(table, ["plan"], horizon_days=300)
    assert found.loc[0, "estimate"] == alone.loc[0, "estimate"]
    assert "p" not in found


def test_a_segment_of_one_group_has_no_difference():
    frame = people().assign(region="north")
    assert hazards.days(followed(frame), ["region"], horizon_days=300).attrs["not_applicable"]


def test_the_share_that_leaves_within_a_band_is_that_of_those_there_when_it_begins():
    found = hazards.leaving(churn.hazard(followed(people()), band_days=30, until_day=365), band_days=30)
    assert found["from_day"].tolist() == list(range(1, 332, 30))  # twelve whole bands, the rest is left out
    assert found["estimate"].tolist() == pytest.approx((found["left"] / found["at_risk"]).tolist())
    assert (found["low"] < found["estimate"]).all()
    assert (found["high"] < 1).all()


def test_all_who_leave_on_one_day_of_a_band_are_its_share_wherever_the_day_lies():
    for day in (1, 15, 30):
        frame = pd.DataFrame({"day": [day] * 400 + [90] * 600, "left": [1] * 400 + [0] * 600})
        rows = churn.hazard(churn.from_frame(frame, duration="day", event="left"), band_days=30)
        [share] = hazards.leaving(rows, band_days=30)["estimate"][:1]
        assert share == pytest.approx(0.4)


def test_bands_are_kept_of_the_segment_asked_for_and_of_those_whose_ratio_changes():
    rows = [{"covariate": name, "estimate": 2.0, "low": 1.0, "high": 4.0} for name in ("plan", "region", "age")]
    whole = hazards.ratios(model(rows[0], rows[1], {**rows[2], "is_proportional": False}))
    bands = hazards.ratios(model(*[{**row, "from_day": 1, "until_day": 90} for row in rows]))
    assert hazards.turning(bands, whole, "plan")["covariate"].tolist() == ["plan", "age"]


def test_the_last_band_has_no_end():
    row = {"estimate": 2.0, "low": 1.0, "high": 4.0}
    found = hazards.ratios(model({**row, "from_day": 1, "until_day": 90}, {**row, "from_day": 91, "until_day": 0}))
    assert record.make("table", "bands", found)["rows"][1][4] is None


def test_what_comes_before_leaving_is_compared_with_all_others():
    rows = [
        {"path": "call", "n": 90, "estimate": 2.0, "low": 1.0, "high": 4.0, "is_enough": True, "p": 0.04, "left": 20}
    ]
    found = hazards.leads(pd.DataFrame([{**rows[0], "expected": 11.5, "placebo": 1.0}]))
    assert found[["group", "baseline"]].to_numpy().tolist() == [["call", "rest"]]
    assert found["estimate"][0] == math.log(2)
    assert found["placebo"][0] == 0.0


def test_where_the_histories_of_others_seem_to_matter_too_nothing_is_to_be_believed():
    row = {
        "n": 90,
        "estimate": 2.0,
        "low": 1.5,
        "high": 3.0,
        "is_enough": True,
        "p": 0.001,
        "left": 20,
        "expected": 9.0,
    }
    rows = [{**row, "path": str(at), "note": "", "placebo": 1.2, "placebo_high": 1.5} for at in range(9)]
    alike = [{**one, "placebo_low": 0.9} for one in rows]
    assert hazards.leads(pd.DataFrame(alike))["is_enough"].all()
    some = [{**one, "placebo_low": 1.1 if at < 2 else 0.9} for at, one in enumerate(rows)]
    assert hazards.leads(pd.DataFrame(some))["is_enough"].all()  # two of nine come by chance in one of fourteen
    many = [{**one, "placebo_low": 1.1 if at < 4 else 0.9} for at, one in enumerate(rows)]
    found = hazards.leads(pd.DataFrame(many))
    assert not found["is_enough"].any()
    assert set(found["note"]) == {"others too"}
