"""How well an outlook foretells: against R, by hand, and where the truth is known."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from journeylib.days import DAY_US
from journeylib.measures import churn
from journeylib.measures.churn.foretold import Cells, brier, concordance, fifths, integrated_brier
from journeylib.measures.churn.risk import learnt
from journeylib.measures.churn.snapshot import Terms

HERE = Path(__file__).parent / "churn_reference"
ROWS = pd.read_csv(HERE / "foretold_customers.csv")
TOLD = json.loads((HERE / "foretold.json").read_text())
COLUMNS = ["plan", "last_active"]
BANDS = ["up to 7 days", "8 to 30 days", "31 to 60 days", "over 60 days"]


def cells_of(rows):
    return Cells(np.ones(len(rows)), rows["day"].to_numpy(), rows["left"].to_numpy() == 1)


def still_of(rows, days):
    return np.array([(1 - rows["risk"]) ** (day / 20) for day in range(1, days + 1)]).T


@pytest.mark.parametrize("days", [10, 20, 28])
def test_concordance_and_brier_scores_are_those_of_r_with_censoring_and_ties(days):
    cells, still, told = cells_of(ROWS), still_of(ROWS, days), TOLD[str(days)]
    assert concordance(cells, ROWS["risk"].to_numpy(), days).value == pytest.approx(told["concordance"], rel=1e-12)
    assert brier(cells, still[:, -1], days).value == pytest.approx(told["brier"], rel=1e-12)
    assert integrated_brier(cells, still, days).value == pytest.approx(told["integrated"], rel=1e-12)
    assert abs(told["concordance"] - told["harrell"]) > 0.002  # the weights do matter here


def test_the_variance_of_the_concordance_is_that_of_r():
    rows = ROWS[ROWS["left"] == 1]
    cells = cells_of(rows)
    found = concordance(cells, rows["risk"].to_numpy(), 20)
    assert found.value == pytest.approx(TOLD["full"]["concordance"], rel=1e-12)
    assert cells.n @ found.influence**2 == pytest.approx(TOLD["full"]["variance"], rel=1e-12)


def test_customers_counted_together_give_the_numbers_of_customers_one_by_one():
    together = ROWS.groupby(["day", "left", "risk"], as_index=False).size()
    cells = Cells(together["size"].to_numpy(float), together["day"].to_numpy(), together["left"].to_numpy() == 1)
    assert len(together) < len(ROWS)
    for one, many in (
        (concordance(cells, together["risk"].to_numpy(), 20), concordance(cells_of(ROWS), ROWS["risk"].to_numpy(), 20)),
        (brier(cells, 1 - together["risk"].to_numpy(), 20), brier(cells_of(ROWS), 1 - ROWS["risk"].to_numpy(), 20)),
    ):
        assert one.value == pytest.approx(many.value, rel=1e-12)
        assert cells.n @ one.influence**2 == pytest.approx((many.influence**2).sum(), rel=1e-12)


def test_brier_scores_by_hand():
    cells = Cells(np.array([2.0, 1.0, 1.0]), np.array([1, 2, 2]), np.array([True, True, False]))
    still = np.array([[0.5, 0.2], [0.9, 0.5], [1.0, 0.8]])
    assert brier(cells, still[:, 1], 2).value == pytest.approx((2 * 0.04 + 0.25 + 0.04) / 4)
    assert integrated_brier(cells, still, 2).value == pytest.approx(((0.5 + 0.01 + 0) / 4 + 0.37 / 4) / 2)


def test_who_leaves_after_the_last_day_counts_as_still_there():
    later = Cells(np.ones(3), np.array([3, 9, 9]), np.array([True, True, False]))
    stays = Cells(np.ones(3), np.array([3, 5, 5]), np.array([True, False, False]))
    risk = np.array([0.2, 0.3, 0.1])
    assert concordance(later, risk, 5).value == concordance(stays, risk, 5).value == 0.5
    assert brier(later, 1 - risk, 5).value == pytest.approx(brier(stays, 1 - risk, 5).value)


def test_fifths_keep_customers_of_one_risk_together():
    alike = pd.DataFrame({"risk": [0.2, 0.1, 0.2], "n": [5, 4, 1]})
    assert fifths(alike).tolist() == [4, 2, 4]
    apart = pd.DataFrame({"risk": np.arange(10) / 10, "n": 3})
    assert fifths(apart).tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


SPAN = 60 * DAY_US  # between landmarks


def outlook_of(seed, *, times, drift=1.0, days=60, customers=3000, landmarks=4):
    """An outlook of drawn customers; those on monthly plans leave `times` as fast, on the last landmark all `drift`."""
    rng = np.random.default_rng(seed)
    parts = []
    for landmark in range(landmarks):
        plan = rng.choice(["annual", "monthly", "trial"], customers)
        silent = rng.choice(BANDS, customers)
        hazard = 0.002 * np.where(plan == "monthly", times, 1.0) * np.where(plan == "trial", times**0.5, 1.0)
        hazard = hazard * np.where(silent == BANDS[-1], times**0.3, 1.0)
        hazard = hazard * (drift if landmark == landmarks - 1 else 1.0)
        left = np.ceil(rng.exponential(1 / hazard)).astype(int)
        rows = pd.DataFrame({"plan": plan, "last_active": silent, "day": np.minimum(left, days)})
        rows["has_left"] = left <= days
        parts.append(
            rows.assign(customer_id=[f"{at}" for at in range(customers)], zero_us=landmark * days * DAY_US, entry_day=0)
        )
    rows = pd.concat(parts, ignore_index=True)
    seen = rows.groupby(["zero_us", *COLUMNS, "day", "has_left"], as_index=False).agg(n=("customer_id", "size"))
    earlier = learnt(rows[rows["zero_us"] < (landmarks - 1) * days * DAY_US], COLUMNS, days)
    terms = Terms(segments={"plan": "customers.plan"})
    return SimpleNamespace(why="", earlier=earlier, risk=earlier, seen=seen, days=days, queries=(), terms=terms)


def rows_of(frame):
    return frame.set_index(["way", "measure"])


def test_a_risk_with_signal_is_calibrated_and_beats_the_rule_of_thumb():
    found = outlook_of(3, times=3.0)
    told = churn.calibration(found)
    assert ((told["low"] < told["predicted"]) & (told["predicted"] < told["high"])).all()
    assert told["band"].is_monotonic_increasing
    assert told["predicted"].iloc[-1] > 2 * told["predicted"].iloc[0]
    assert told["n"].sum() == 3000
    rows = rows_of(churn.foretold(found))
    assert rows.loc[("model less rule", "concordance"), "low"] > 0
    assert rows.loc[("model less rule", "brier"), "high"] < 0
    assert rows.loc[("model less rule", "integrated brier"), "high"] < 0
    assert rows.loc[("model", "concordance"), "low"] > 0.55
    assert rows.loc[("model", "brier"), "estimate"] < rows.loc[("average", "brier"), "estimate"]
    assert rows["left"].eq(told["left"].sum()).all()
    assert rows["is_enough"].all()


def test_a_risk_without_signal_tells_nobody_apart():
    rows = rows_of(churn.foretold(outlook_of(5, times=1.0)))
    assert rows.loc[("model", "concordance"), "low"] < 0.5 < rows.loc[("model", "concordance"), "high"]
    gain = rows.loc[("model less rule", "brier")]
    assert gain["low"] < 0 < gain["high"]


def test_a_world_that_turned_worse_shows_in_the_calibration():
    told = churn.calibration(outlook_of(3, times=3.0, drift=2.0))
    assert (told["estimate"] > told["predicted"]).all()
    assert (told["low"] > told["predicted"]).sum() >= 3


def test_the_rule_of_thumb_has_the_shares_of_its_bands_that_left_before():
    found = outlook_of(4, times=3.0, customers=400)
    seen = found.seen
    before, held = seen[seen["zero_us"] < 3 * SPAN], seen[seen["zero_us"] == 3 * SPAN]
    gone = before[before["has_left"]].groupby("last_active")["n"].sum() / before.groupby("last_active")["n"].sum()
    left = gone[held["last_active"]].to_numpy()
    square = ((held["has_left"].to_numpy() - left) ** 2 * held["n"]).sum() / held["n"].sum()
    rows = rows_of(churn.foretold(found))
    assert rows.loc[("rule of thumb", "brier"), "estimate"] == pytest.approx(square)
    share = before.loc[before["has_left"], "n"].sum() / before["n"].sum()
    plain = ((held["has_left"] - share) ** 2 * held["n"]).sum() / held["n"].sum()
    assert rows.loc[("average", "brier"), "estimate"] == pytest.approx(plain)


def test_the_interval_of_the_concordance_covers_what_it_should():
    found = outlook_of(6, times=2.0, customers=20_000, landmarks=2)
    [truth] = churn.foretold(found).query("way == 'model' and measure == 'concordance'")["estimate"]
    held = found.seen[found.seen["zero_us"] == SPAN]
    rng, hits = np.random.default_rng(7), 0
    for _ in range(200):
        drawn = held.assign(n=rng.multinomial(400, held["n"] / held["n"].sum()))
        seen = pd.concat([found.seen[found.seen["zero_us"] == 0], drawn[drawn["n"] > 0]])
        part = SimpleNamespace(**{**vars(found), "seen": seen})
        [row] = churn.foretold(part).query("way == 'model' and measure == 'concordance'").to_dict("records")
        hits += row["low"] < truth < row["high"]
    assert 182 <= hits <= 198  # of 190: an exact binomial test at 1 %


def test_nobody_left_on_the_held_out_landmark_is_said():
    found = outlook_of(4, times=3.0, customers=400)
    found.seen["has_left"] = found.seen["has_left"] & (found.seen["zero_us"] < 3 * SPAN)
    assert churn.foretold(found).attrs["not_applicable"] == "nobody left in the 60 days that the outlook is judged on"


def test_a_rare_level_is_told_as_the_step_below_it_and_one_without_steps_as_the_commonest():
    many = {"none": (200, 40), "1": (50, 12), "2": (20, 5), "3 or more": (10, 6)}  # customers, departures
    levels = [(level, at < left) for level, (n, left) in many.items() for at in range(n)]
    rows = pd.DataFrame(levels, columns=["contacts_30_days", "has_left"])
    rows["plan"] = np.where(
        np.arange(len(rows)) % 2 == 0, "annual", np.where(np.arange(len(rows)) < 9, "trial", "monthly")
    )
    rows = rows.assign(customer_id=rows.index.astype(str), entry_day=0, day=1 + rows.index % 30)
    made = learnt(rows, ["contacts_30_days", "plan"], 30)
    assert made.told_as["contacts_30_days"] == {"none": "none", "1": "1", "2": "2", "3 or more": "2"}
    assert made.told_as["plan"] == {"annual": "annual", "monthly": "monthly", "trial": "annual"}
    alike = pd.DataFrame({"contacts_30_days": ["2", "3 or more", "2"], "plan": ["annual", "trial", "never seen"]})
    assert len(set(made.of(alike))) == 1
