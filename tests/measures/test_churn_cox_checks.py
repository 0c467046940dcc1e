"""Proportional hazards and predicted shares, against R and by averaging each customer's own curve."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from journeylib import engine, open_store
from journeylib.errors import ParameterError
from journeylib.measures import churn
from journeylib.measures.churn.covariates import at_zero
from journeylib.measures.churn.model import model
from journeylib.measures.churn.predicted import predicted
from journeylib.measures.churn.proportional import proportional

REFERENCE = Path(__file__).parent / "churn_reference"
TOLD = json.loads((REFERENCE / "cox_reference.json").read_text())
SPLIT = pd.read_csv(REFERENCE / "cox_start_stop.csv").assign(zero_us=0)
WHOLE = SPLIT.drop_duplicates("customer_id").assign(
    day=SPLIT.groupby("customer_id")["day"].max().to_numpy(),
    has_left=SPLIT.groupby("customer_id")["has_left"].max().to_numpy(),
    arm=lambda frame: frame["arm"].map({0: "no", 1: "yes"}),
)
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("in_memory", [200_000, 0])
@pytest.mark.parametrize("transform", ["km", "identity"])
@pytest.mark.parametrize(("name", "strata"), [("late", []), ("strata", ["region"])])
def test_the_score_test_is_r_s_for_each_covariate_and_for_all(name, strata, transform, in_memory):
    found = proportional(
        engine.from_frame(WHOLE), ["arm", "plan", "age"], strata=strata, transform=transform, in_memory=in_memory
    )
    assert found["covariate"].tolist() == ["arm", "plan", "age", "all"]
    assert found[["estimate", "degrees", "p"]].to_numpy() == pytest.approx(np.array(TOLD[name][transform]), rel=1e-6)
    assert found["is_proportional"].all()


def test_a_test_of_start_stop_rows_is_r_s():
    found = proportional(engine.from_frame(SPLIT), ["arm", "contacts"], strata=["region"])
    told = np.array(TOLD["start_stop_strata"]["km"])
    assert found[["estimate", "degrees", "p"]].to_numpy() == pytest.approx(told, rel=1e-6)
    assert set(found["n"]) == {120}


def test_one_covariate_s_shares_and_intervals_are_those_of_r():
    found = predicted(engine.from_frame(WHOLE), ["arm"], of="arm", horizon_days=12)
    assert found["arm"].tolist() == ["no", "yes"]
    assert found[["estimate", "low", "high"]].to_numpy() == pytest.approx(np.array(TOLD["arm_12"]), rel=1e-6)
    is_there = (WHOLE["day"] >= 12) & (WHOLE["entry_day"] < 12)
    assert found["at_risk"].tolist() == is_there.groupby(WHOLE["arm"]).sum().tolist()


@pytest.mark.parametrize("in_memory", [200_000, 0])
def test_with_others_the_share_is_the_mean_of_the_customers_curves(in_memory):
    found = predicted(engine.from_frame(WHOLE), ["arm", "plan", "age"], of="arm", horizon_days=12, in_memory=in_memory)
    assert found["estimate"].to_numpy() == pytest.approx(np.array(TOLD["standardised_12"]), rel=1e-6)
    assert (found["low"] < found["estimate"]).all()
    assert (found["estimate"] < found["high"]).all()


def test_strata_keep_their_own_baselines():
    # All of one region leave on day 5, all but one of the other on day 20: on day 12 half are there.
    days = np.repeat([5, 20], 40)
    frame = pd.DataFrame({"customer_id": [str(at) for at in range(80)], "entry_day": 0, "day": days, "zero_us": 0})
    frame = frame.assign(region=np.where(days == 5, "n", "s"), plan=np.tile(["a", "b"], 40), has_left=True)
    found = predicted(engine.from_frame(frame), ["plan"], of="plan", strata=["region"], horizon_days=12)
    # Efron's cumulative hazard of 40 who leave at once, all alike, is 1/40 + … + 1/1.
    there = np.exp(-sum(1 / at for at in range(1, 41)))
    assert found["estimate"].to_numpy() == pytest.approx((1 + there) / 2, rel=1e-9)


def test_what_has_no_share_to_predict_is_refused_or_not_applicable():
    rows = engine.from_frame(SPLIT)
    with pytest.raises(ParameterError, match="several rows"):
        predicted(rows, ["plan"], of="plan", horizon_days=12)
    with pytest.raises(ParameterError, match="of = region is no covariate"):
        predicted(rows, ["plan"], of="region", horizon_days=12)
    with pytest.raises(ParameterError, match="age is a number"):
        predicted(rows, ["age"], of="age", horizon_days=12)
    alike = engine.from_frame(WHOLE.assign(plan="one"))
    assert "constant" in predicted(alike, ["plan", "arm"], of="plan", horizon_days=12).attrs["not_applicable"]
    with pytest.raises(ParameterError, match='transform = "log"'):
        proportional(rows, ["plan"], transform="log")


@pytest.mark.skipif(not (ROOT / "stores" / "demo").exists(), reason="the demo store is not loaded")
def test_the_planted_hazard_ratio_of_the_demo_is_inside_its_interval():
    truth = json.loads((ROOT / "sources" / "demo" / "truth.json").read_text())["plants"]["churn"]
    store = open_store(ROOT / "stores" / "demo")
    followed = at_zero(churn.durations(store), store.customers, ["plan", "newsletter"])
    found = model(followed, ["plan", "newsletter"]).set_index("covariate")
    annual, null = found.loc["plan"], found.loc["newsletter"]
    assert (annual["level"], annual["baseline"]) == (truth["group"], truth["baseline"])
    assert annual["low"] < truth["hazard_ratio"] < annual["high"]
    assert null["low"] < 1 < null["high"]
