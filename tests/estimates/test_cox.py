"""Cox from day sums, against R's survival (tests/measures/churn_reference/README-cox.md) and by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from journeylib.estimates import Z, cox, day_sums, fitted

REFERENCE = Path(__file__).parents[1] / "measures" / "churn_reference"
TOLD = json.loads((REFERENCE / "cox_reference.json").read_text())
SPLIT = pd.read_csv(REFERENCE / "cox_start_stop.csv")
WHOLE = SPLIT.drop_duplicates("customer_id").assign(
    day=SPLIT.groupby("customer_id")["day"].max().to_numpy(),
    has_left=SPLIT.groupby("customer_id")["has_left"].max().to_numpy(),
)
MODELS = {
    "plain": (WHOLE.assign(entry_day=0), ["arm", "annual", "trial", "age"], [[0], [1, 2], [3]]),
    "late": (WHOLE, ["arm", "annual", "trial", "age"], [[0], [1, 2], [3]]),
    "strata": (WHOLE.assign(stratum=WHOLE["region"]), ["arm", "annual", "trial", "age"], [[0], [1, 2], [3]]),
    "weights": (WHOLE.assign(times=WHOLE["weight"]), ["arm", "annual", "trial", "age"], [[0], [1, 2], [3]]),
    "start_stop": (SPLIT, ["arm", "annual", "trial", "age", "contacts"], [[0], [1, 2], [3], [4]]),
    "start_stop_strata": (SPLIT.assign(stratum=SPLIT["region"]), ["arm", "contacts"], [[0], [1]]),
}


def rows_of(frame, columns):
    levels = {name: frame["plan"] == name for name in ("annual", "trial")}
    x = np.column_stack([levels.get(name, frame.get(name)) for name in columns]).astype(float)
    stratum = pd.factorize(frame["stratum"], sort=True)[0] if "stratum" in frame else np.zeros(len(frame), dtype=int)
    weight = (frame["times"] if "times" in frame else frame["age"] * 0 + 1).to_numpy(dtype=float)
    entry, day, left = (frame[name].to_numpy(dtype=np.int64) for name in ("entry_day", "day", "has_left"))
    return day_sums.Rows(entry, day, left, x, stratum, weight)


def rows_from(entry, day, has_left, x, stratum, weight):
    return day_sums.Rows(*(np.array(one) for one in (entry, day, has_left, x, stratum, weight)))


def fitted_of(rows):
    return cox.fit(lambda beta: day_sums.gathered(day_sums.cells_of(rows, beta)), np.zeros(rows.x.shape[1]))


@pytest.fixture(scope="module", params=list(MODELS))
def model(request):
    frame, columns, terms = MODELS[request.param]
    rows = rows_of(frame, columns)
    return frame, rows, terms, fitted_of(rows), TOLD[request.param]


def test_coefficients_errors_and_likelihood_are_those_of_r(model):
    *_, found, told = model
    assert found.beta == pytest.approx(told["coef"], rel=1e-6, abs=1e-9)
    assert found.errors == pytest.approx(told["errors"], rel=1e-6)
    assert found.log_likelihood == pytest.approx(told["loglik"][1], rel=1e-9)


def test_the_score_test_of_proportional_hazards_is_that_of_r(model):
    _, _, terms, found, told = model
    for transform in ("km", "identity"):
        each, whole = fitted.proportional(found, terms, transform=transform)
        got = np.array([*each, whole])
        assert got == pytest.approx(np.array(told[transform]), rel=1e-6), transform


def test_the_share_still_there_has_efron_s_baseline_as_in_r(model):
    frame, rows, _, found, told = model
    base = fitted.baselines(found, 12)[int(rows.stratum[0])]
    x, e = rows.x[0], math.exp(rows.x[0] @ found.beta)
    there = math.exp(-base.hazard * e)
    covariance = found.covariance
    if told["robust"]:  # which R then takes for the curve, too
        cluster = pd.factorize(frame["customer_id"])[0]
        covariance = fitted.clustered(found, fitted.influences(rows, found), cluster)
    got = fitted.still([(base, there, e * there, e * there * x)], 1, covariance, Z)
    assert got == pytest.approx(told["still_12"], rel=1e-6)


@pytest.mark.parametrize("name", ["start_stop", "start_stop_strata"])
def test_robust_errors_of_start_stop_data_are_those_of_r(name):
    frame, columns, _ = MODELS[name]
    rows = rows_of(frame, columns)
    found = fitted_of(rows)
    cluster = pd.factorize(frame["customer_id"])[0]
    covariance = fitted.clustered(found, fitted.influences(rows, found), cluster)
    assert np.sqrt(np.diag(covariance)) == pytest.approx(TOLD[name]["robust"], rel=1e-6)


def test_score_residuals_add_up_to_the_score_which_is_nought(model):
    _, rows, _, found, _ = model
    assert fitted.influences(rows, found).sum(axis=0) == pytest.approx(0, abs=1e-6)


def test_one_tie_is_weighed_as_efron_did_it():
    # Three at risk with x = 1, 0, 0; the first two leave on day 1. With a = exp(β) the likelihood is
    # a·1 / ((a + 2) · (a + 2 − (a + 1)/2)) = 2a / ((a + 2)(a + 3)): its maximum is at a² = 6.
    rows = rows_from([0, 0, 0], [1, 1, 2], [1, 1, 0], [[1.0], [0], [0]], [0] * 3, [1.0] * 3)
    found = fitted_of(rows)
    assert found.beta[0] == pytest.approx(math.log(6) / 2, abs=1e-9)
    a = math.sqrt(6)
    assert found.log_likelihood == pytest.approx(math.log(2 * a / ((a + 2) * (a + 3))))


def test_a_weight_is_so_many_equal_rows():
    frame, columns, _ = MODELS["weights"]
    weighted = fitted_of(rows_of(frame, columns))
    repeated = fitted_of(rows_of(frame.loc[frame.index.repeat(frame["times"])].drop(columns="times"), columns))
    assert weighted.beta == pytest.approx(repeated.beta, abs=1e-10)
    assert weighted.errors == pytest.approx(repeated.errors, abs=1e-10)


def test_who_enters_on_a_day_is_not_at_risk_on_it():
    rows = rows_from([0, 3, 2], [3, 5, 3], [1, 1, 1], [[1.0], [2], [4]], [0] * 3, [1.0] * 3)
    sums = day_sums.gathered(day_sums.cells_of(rows, np.zeros(1)))
    assert sums.day.tolist() == [3, 5]
    assert sums.s0.tolist() == sums.at_risk.tolist() == [2, 1]
    assert sums.s1.ravel().tolist() == [5, 2]


def test_columns_that_cannot_be_told_are_named():
    draw = np.random.default_rng(3)
    one, other = draw.normal(size=(2, 60))
    x = np.column_stack([one, np.ones(60), one + 2 * other, other, 3 * one])
    rows = day_sums.Rows(
        np.zeros(60, int), draw.integers(1, 30, 60), np.ones(60, int), x, np.zeros(60, int), np.ones(60)
    )
    said = cox.usable(day_sums.gathered(day_sums.cells_of(rows, np.zeros(5))))
    assert said == ["", "constant", "", "collinear", "collinear"]


def test_a_coefficient_that_grows_without_end_is_marked_and_the_others_stand():
    draw = np.random.default_rng(4)
    other, day = draw.normal(size=80), np.arange(1, 81)
    apart = (day <= 30).astype(float)  # whoever has it leaves before all others
    rows = day_sums.Rows(day * 0, day, day * 0 + 1, np.column_stack([other, apart]), day * 0, np.ones(80))
    found = fitted_of(rows)
    assert found.is_infinite.tolist() == [False, True]
    assert found.beta[1] > 5
    # In the limit each group is compared within itself only: as in a model with the two as strata.
    alone = fitted_of(rows._replace(x=rows.x[:, :1], stratum=np.where(day <= 30, 0, 1)))
    assert found.beta[0] == pytest.approx(alone.beta[0], rel=1e-6)
    assert found.errors[0] == pytest.approx(alone.errors[0], rel=1e-6)


def test_without_departures_there_is_nothing_to_fit():
    rows = rows_from([0, 0], [4, 2], [0, 0], [[1.0], [0]], [0, 0], [1.0, 1.0])
    assert len(day_sums.gathered(day_sums.cells_of(rows, np.zeros(1))).day) == 0
