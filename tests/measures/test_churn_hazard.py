"""The hazard, added up and by band: worked by hand, beside lifelines, and at its edges."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from lifelines import NelsonAalenFitter

from journeylib.errors import ParameterError
from journeylib.estimates import Z
from journeylib.measures import churn


def of(rows):
    """A table of rows (entry, day, left, how many)."""
    frame = pd.DataFrame(rows, columns=["entry", "day", "left", "many"])
    return churn.from_frame(frame, duration="day", event="left", entry="entry", weight="many")


def simulated(seed, size):
    draw = np.random.default_rng(seed)
    leaves, stops = np.ceil(draw.exponential(100, size)), draw.integers(20, 200, size)
    entry = np.where(draw.random(size) < 0.4, draw.integers(1, 60, size), 0)
    frame = pd.DataFrame({"entry": entry, "day": np.minimum(leaves, stops).astype(int), "left": leaves <= stops})
    return frame[frame["day"] > frame["entry"]].reset_index(drop=True)


def test_the_cumulative_hazard_is_the_one_worked_by_hand():
    # 40 at risk on day 2, of whom 4 leave; 20 more enter after it; 56 on day 5, of whom 7 leave.
    found = churn.cumulative_hazard(of([(0, 2, 1, 4), (0, 5, 1, 7), (0, 9, 0, 29), (2, 9, 0, 20)]))
    assert found[["day", "n", "estimate", "at_risk", "left"]].to_numpy() == pytest.approx(
        np.array([[0, 60, 0, 40, 0], [2, 60, 0.1, 40, 4], [5, 60, 0.1 + 7 / 56, 56, 11], [9, 60, 0.225, 49, 11]])
    )
    error = math.sqrt(4 * 36 / 40**3 + 7 * 49 / 56**3)
    assert found["high"][2] == pytest.approx(0.225 * math.exp(Z * error / 0.225), rel=1e-12)
    assert found["low"][2] == pytest.approx(0.225 / math.exp(Z * error / 0.225), rel=1e-12)


def test_it_is_lifelines_from_rows():
    frame = simulated(1, 20_000)
    found = churn.cumulative_hazard(churn.from_frame(frame, duration="day", event="left", entry="entry"))
    found = found[found["left"] > 0]
    fitted = NelsonAalenFitter(nelson_aalen_smoothing=False).fit(
        frame["day"], frame["left"], entry=np.where(frame["entry"] > 0, frame["entry"] + 0.5, 0)
    )
    theirs = fitted.cumulative_hazard_at_times(found["day"]).to_numpy()
    assert found["estimate"].to_numpy() == pytest.approx(theirs, rel=1e-9)
    band = fitted.confidence_interval_.loc[found["day"]].to_numpy()
    assert found[["low", "high"]].to_numpy() == pytest.approx(band, rel=1e-9)


def test_a_band_has_its_departures_over_its_customer_days():
    # Band 1–3: 60 there for three days less the 6 who leave after one. Band 4–6: 54, and 20 entering after day 4.
    found = churn.hazard(of([(0, 1, 1, 6), (0, 5, 1, 9), (0, 6, 0, 45), (4, 6, 0, 20)]), band_days=3)
    columns = ["from_day", "until_day", "n", "at_risk", "left", "customer_days"]
    assert found[columns].to_numpy().tolist() == [[1, 3, 60, 60, 6, 168], [4, 6, 74, 54, 9, 54 * 2 + 45 + 40]]
    assert found["estimate"].tolist() == pytest.approx([6 / 168, 9 / 193])
    for row in found.to_dict("records"):
        # The ends of a Poisson rate's score interval: (left − r·days)² = z² r·days, a little narrower for whole days.
        for end in (row["low"], row["high"]):
            days = row["customer_days"]
            assert (row["left"] - end * days) ** 2 == pytest.approx(Z**2 * end * days, rel=0.1)


def test_bands_cover_the_hazard_of_a_steady_pace():
    table = churn.from_frame(simulated(2, 20_000), duration="day", event="left", entry="entry")
    found = churn.hazard(table, band_days=20, until_day=120)
    true = 1 - math.exp(-1 / 100)
    assert found["until_day"].tolist() == [20, 40, 60, 80, 100, 120]
    assert ((found["low"] < true) & (true < found["high"])).sum() >= 5


def test_the_bands_of_households_count_customers_and_are_wider():
    rows = simulated(3, 500)
    rows["house"] = rows.index
    thrice = pd.concat([rows] * 3)
    alone = churn.hazard(churn.from_frame(rows, duration="day", event="left"), band_days=50, until_day=150)
    together = churn.hazard(
        churn.from_frame(thrice, duration="day", event="left", cluster="house"), band_days=50, until_day=150
    )
    assert together["n"].tolist() == alone["n"].tolist()
    assert together["estimate"].tolist() == pytest.approx(alone["estimate"].tolist())
    # Three equal rows a household tell no more than one; as customers of their own they would seem to.
    apart = churn.hazard(churn.from_frame(thrice, duration="day", event="left"), band_days=50, until_day=150)
    widths = [found["high"] - found["low"] for found in (together, alone, apart)]
    assert widths[0].to_numpy() == pytest.approx(widths[1].to_numpy(), rel=0.15)
    assert (widths[0] > 1.5 * widths[2]).all()


def test_nobody_left_is_0_with_an_upper_end():
    never = of([(0, 60, 0, 50)])
    total, band = churn.cumulative_hazard(never).iloc[-1], churn.hazard(never).iloc[0]
    assert (total["estimate"], total["low"], band["estimate"], band["low"]) == (0, 0, 0, 0)
    assert 0 < total["high"] < 0.1
    assert 0 < band["high"] < 4 / (50 * 30)
    assert not total["is_enough"]


def test_everybody_left_on_day_1():
    found = churn.cumulative_hazard(of([(0, 1, 1, 50)]))
    assert found[["day", "estimate"]].to_numpy().tolist() == [[0, 0], [1, 1]]
    assert churn.hazard(of([(0, 1, 1, 50)]))["estimate"].tolist() == [1]


def test_a_band_of_29_is_not_enough_and_one_of_no_days_is_refused():
    found = churn.hazard(of([(0, 10, 1, 11), (0, 60, 0, 29)]))
    assert found[["n", "is_enough"]].to_numpy().tolist() == [[40, True], [29, False]]
    with pytest.raises(ParameterError, match="band_days = 0"):
        churn.hazard(of([(0, 10, 1, 11)]), band_days=0)
