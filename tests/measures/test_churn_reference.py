"""The survival core gives R's numbers to 1e-9: ties, weights, late entry, strata, causes, clusters, episodes."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from journeylib.estimates import Z
from journeylib.measures import churn

FOLDER = Path(__file__).parent / "churn_reference"
DATA = pd.read_csv(FOLDER / "core_customers.csv", keep_default_na=False)
EPISODES = pd.read_csv(FOLDER / "core_episodes.csv")
REFERENCE = pd.read_csv(FOLDER / "core_reference.csv", keep_default_na=False)
PAIR = DATA[DATA["plan"] != "trial"]
NAMES = {"duration": "day", "event": "left", "by": ["plan", "region"]}


def of(case, quantity, cause="", group=None):
    """Reference values of a case by group and day."""
    found = REFERENCE[(REFERENCE["case"] == case) & (REFERENCE["quantity"] == quantity) & (REFERENCE["cause"] == cause)]
    found = found if group is None else found[found["group"] == group]
    return found.rename(columns={"group": "plan"}).set_index(["plan", "day"])["value"].astype(float)


def agree(found, reference, column="estimate"):
    """Our values on the days that the reference has, as far as our curves go; they go far enough to mean something."""
    both = found.set_index(["plan", "day"])[column].to_frame("ours").join(reference.rename("theirs"), how="inner")
    assert len(both) > 0.5 * len(reference)
    assert both["ours"].to_numpy() == pytest.approx(both["theirs"].to_numpy(), rel=1e-9, abs=1e-12)


def error(found, of_rest=False):
    """The standard error behind an interval H · exp(± z σ/H), or behind a log-log interval of 1 − F."""
    if not of_rest:
        return np.log(found["high"] / found["estimate"]) * found["estimate"] / Z
    rest = 1 - found["estimate"]
    return np.log(np.log(1 - found["high"]) / np.log(rest)) * -rest * np.log(rest) / Z


def everybody(found):
    return found.assign(plan="all")


@pytest.mark.parametrize(("case", "named"), [("weights", {"weight": "many"}), ("entry", {"entry": "entry"})])
def test_curves_with_weights_and_with_late_entry(case, named):
    found = churn.curve(churn.from_frame(DATA, **NAMES, **named), "plan")
    agree(found, of(case, "surv"))
    some = found[(found["estimate"] < 1) & (found["estimate"] > 0)]
    agree(some, of(case, "lower"), "low")
    agree(some, of(case, "upper"), "high")
    agree(found, of(case, "n.risk"), "at_risk")


def test_cumulative_hazards_and_their_errors():
    late = churn.cumulative_hazard(churn.from_frame(DATA, **NAMES, entry="entry"), "plan")
    agree(late, of("entry", "cumhaz"))
    found = churn.cumulative_hazard(churn.from_frame(DATA, **NAMES), "plan")
    found = found[found["left"] > 0]
    agree(found.assign(error=error(found)), of("plain", "std.chaz"), "error")


def test_restricted_means_and_their_errors():
    found = churn.rmst(churn.from_frame(DATA, **NAMES, entry="entry"), "plan", horizon_days=40).set_index("plan")
    for quantity, ours in (("rmst", found["estimate"]), ("se(rmst)", (found["high"] - found["estimate"]) / Z)):
        theirs = of("entry", quantity).droplevel("day")
        assert len(theirs) == 3
        assert ours[theirs.index].to_numpy() == pytest.approx(theirs.to_numpy(), rel=1e-9)


@pytest.mark.parametrize(
    ("case", "named", "options", "few"),
    [
        ("test", {}, {}, 0),
        ("test weights", {"weight": "many"}, {}, 0),
        ("test rho", {}, {"rho": 1}, 0),
        ("test strata", {}, {"strata": "region"}, 0),
        ("test entry", {"entry": "entry"}, {}, 80),
        ("test entry strata", {"entry": "entry"}, {"strata": "region"}, 80),
    ],
)
def test_log_rank_of_three_groups(case, named, options, few):
    data = DATA.iloc[:few] if few else DATA
    [row] = churn.logrank(churn.from_frame(data, **NAMES, **named), "plan", **options).to_dict("records")
    assert row["estimate"] == pytest.approx(of(case, "chisq")["all", 0], rel=1e-9)
    assert row["df"] == 2
    assert row["p"] == pytest.approx(math.exp(-row["estimate"] / 2), rel=1e-9)  # χ² with two degrees of freedom


@pytest.mark.parametrize(("case", "options"), [("test pair", {}), ("test pair strata", {"strata": "region"})])
def test_hazard_ratios_of_pairs_come_from_observed_less_expected(case, options):
    table = churn.from_frame(DATA, **NAMES)  # the third group is left out of the contrast
    found = churn.compare(table, "plan", baseline="annual", pairs=True, **options)
    assert found[["group", "baseline"]].to_numpy().tolist() == [
        ["monthly", "annual"], ["trial", "annual"], ["trial", "monthly"],
    ]  # fmt: skip
    row = found.iloc[0]
    assert row["estimate"] == pytest.approx(of(case, "ratio")["monthly", 0], rel=1e-9)
    assert row["expected"] == pytest.approx(of(case, "expected")["monthly", 0], rel=1e-9)
    assert row["p"] == pytest.approx(math.erfc(math.sqrt(of(case, "chisq")["all", 0] / 2)), rel=1e-9)


def test_a_pair_with_late_entry():
    found = churn.compare(churn.from_frame(DATA.iloc[:80], **NAMES, entry="entry"), "plan", baseline="annual")
    p = math.erfc(math.sqrt(of("test entry pair", "chisq")["all", 0] / 2))
    assert found.set_index("group")["p"]["monthly"] == pytest.approx(p, rel=1e-9)
    everybody = churn.compare(churn.from_frame(DATA, **NAMES, entry="entry"), "plan", baseline="annual")
    ratio = everybody.set_index("group")["estimate"]["monthly"]
    assert ratio == pytest.approx(of("test entry pair", "ratio")["monthly", 0], rel=1e-9)


@pytest.mark.parametrize(("case", "named"), [("causes", {}), ("causes entry", {"entry": "entry"})])
def test_incidence_by_cause(case, named):
    found = churn.incidence(churn.from_frame(DATA, **NAMES, **named, cause="cause"), "plan")
    for cause in ("voluntary", "involuntary", "upgraded"):
        own = found[found["cause"] == cause]
        agree(own, of(case, "pstate", cause))
        some = own[own["estimate"] > 0]
        reference = of(case, "std.err", cause)
        agree(some.assign(error=error(some, of_rest=True)), reference[reference > 0], "error")


def test_intervals_of_customers_of_one_household():
    table = churn.from_frame(DATA, **NAMES, entry="entry", cluster="household", cause="cause")
    curve = everybody(churn.curve(table))
    curve = curve[(curve["left"] > 0) & (curve["estimate"] > 0)]
    rest = curve.assign(estimate=1 - curve["estimate"], low=1 - curve["high"], high=1 - curve["low"])
    agree(curve.assign(error=error(rest, of_rest=True)), of("cluster", "std.err"), "error")
    assert curve["n"].iloc[0] == DATA["household"].nunique()
    hazard = everybody(churn.cumulative_hazard(table))
    hazard = hazard[hazard["left"] > 0]
    agree(hazard.assign(error=error(hazard)), of("cluster", "std.chaz"), "error")
    mean = churn.rmst(table, horizon_days=40).iloc[0]
    assert (mean["high"] - mean["estimate"]) / Z == pytest.approx(of("cluster", "se(rmst)")["all", 40], rel=1e-9)
    causes = everybody(churn.incidence(table))
    for cause in ("voluntary", "involuntary", "upgraded"):
        own = causes[(causes["cause"] == cause) & (causes["estimate"] > 0)]
        reference = of("cluster", "std.err", cause)
        agree(own.assign(error=error(own, of_rest=True)), reference[reference > 0], "error")


def test_a_contrast_of_customers_of_one_household():
    table = churn.from_frame(PAIR, **NAMES, entry="entry", cluster="household")
    [row] = churn.compare(table, "plan", strata="region", baseline="annual").to_dict("records")
    score, variance = (of("cluster", name)["monthly", 0] for name in ("score", "score variance"))
    assert row["p"] == pytest.approx(math.erfc(abs(score) / math.sqrt(2 * variance)), rel=1e-9)
    [test] = churn.logrank(table, "plan", strata="region").to_dict("records")
    assert test["estimate"] == pytest.approx(score**2 / variance, rel=1e-9)


def test_mean_counts_of_episodes_and_their_errors():
    table = churn.from_frame(EPISODES, duration="stop", entry="start", event="happened", by="plan", cluster="customer")
    found = churn.mean_count(table, "plan")
    assert found.groupby("plan")["n"].first().to_dict() == {"annual": 60, "monthly": 30}
    some = found[found["events"] > 0]
    agree(some, of("episodes", "cumhaz"))
    agree(some.assign(error=error(some)), of("episodes", "std.chaz"), "error")
