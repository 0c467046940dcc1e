"""Kaplan–Meier and restricted means from counts: by hand, row by row, and on published numbers."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from lifelines import KaplanMeierFitter

from journeylib import engine
from journeylib.errors import ParameterError
from journeylib.estimates import Z
from journeylib.judge import guards
from journeylib.measures import churn

DAY = 86_400_000_000
TELCO = Path(__file__).parents[3] / "shared" / "data" / "telco_churn.parquet"


def durations(rows, **columns):
    """A table of rows (entry_day, day, has_left, how many)."""
    each = [(entry, day, has_left) for entry, day, has_left, many in rows for _ in range(many)]
    frame = pd.DataFrame(each, columns=["entry_day", "day", "has_left"])
    return frame.assign(customer_id=[str(at) for at in range(len(frame))], **columns)


def followed(frame):
    return engine.from_frame(frame)


# 20 customers: 10 leave on day 2, 10 are there to the end on day 4. 20 others: 5 leave on day 1.
ONE = durations([(0, 2, True, 10), (0, 4, False, 10)], plan="one")
TWO = durations([(0, 1, True, 5), (0, 4, False, 15)], plan="two")


def test_the_curve_is_the_one_worked_by_hand():
    found = churn.curve(followed(ONE))
    assert found[["day", "n", "estimate", "at_risk", "left"]].to_numpy() == pytest.approx(
        np.array([[0, 20, 1, 20, 0], [2, 20, 0.5, 20, 10], [4, 20, 0.5, 10, 10]])
    )
    # log-log: S^exp(±z·√(d / (Y(Y − d))) / log S)
    reach = Z * math.sqrt(10 / (20 * 10)) / abs(math.log(0.5))
    assert found["low"][1] == pytest.approx(0.5 ** math.exp(reach))
    assert found["high"][1] == pytest.approx(0.5 ** math.exp(-reach))


def test_the_restricted_means_differ_as_worked_by_hand():
    # Areas to day 4: 2 + .5 · 2 = 3 and 1 + .75 · 3 = 3.25. Variances: 1² · 10/(20 · 10) and 2.25² · 5/(20 · 15).
    found = churn.stay(followed(pd.concat([ONE, TWO])), ["plan"], horizon_days=4)
    row = found.iloc[0]
    error = math.sqrt(1 * 10 / 200 + 2.25**2 * 5 / 300)
    assert (row["group"], row["baseline"], row["n"]) == ("two", "one", 20)
    assert row["estimate"] == pytest.approx(0.25)
    assert (row["high"] - row["low"]) / 2 == pytest.approx(Z * error)
    assert row["p"] == pytest.approx(math.erfc(0.25 / error / math.sqrt(2)))
    assert not row["is_enough"]  # 20 customers


def simulated(seed, size=2500, late=0.5, scale=200):
    draw = np.random.default_rng(seed)
    leaves = np.ceil(draw.exponential(scale, size)).astype(int)
    stops = draw.integers(1, 500, size)
    entry = np.where(draw.random(size) < late, draw.integers(1, 150, size), 0)
    frame = pd.DataFrame({"entry_day": entry, "day": np.minimum(leaves, stops), "has_left": leaves <= stops})
    frame = frame[frame["day"] > frame["entry_day"]].reset_index(drop=True)
    return frame.assign(customer_id=frame.index.astype(str), plan=np.where(draw.random(len(frame)) < 0.4, "a", "b"))


@pytest.mark.parametrize("late", [0.0, 0.5])
def test_the_curve_from_counts_is_the_curve_from_rows(late):
    frame = simulated(1, late=late)
    found = churn.curve(followed(frame), until_day=250)
    found = found[found["day"] > 0]
    # lifelines counts who enters on a day as at risk on it; half a day later says after it.
    entry = np.where(frame["entry_day"] > 0, frame["entry_day"] + 0.5, 0) if late else None
    fitted = KaplanMeierFitter().fit(frame["day"], frame["has_left"], entry=entry)
    by_row = fitted.survival_function_at_times(found["day"]).to_numpy()
    assert np.abs(by_row - found["estimate"]).max() < 1e-12
    known = [day in fitted.confidence_interval_.index for day in found["day"]]
    band = fitted.confidence_interval_.loc[found["day"][known]].to_numpy()
    assert np.abs(band - found.loc[known, ["low", "high"]]).to_numpy().max() < 1e-12


def by_hand(frame, horizon):
    """Survival, restricted mean and its variance, with plain loops over days and rows."""
    survival, area, steps = 1.0, 0.0, []
    for day in range(1, horizon + 1):
        area += survival
        at_risk = int(((frame["entry_day"] < day) & (frame["day"] >= day)).sum())
        left = int(((frame["day"] == day) & frame["has_left"]).sum())
        survival *= 1 - left / at_risk
        steps.append((area, left, at_risk))
    variance = sum((area - upto) ** 2 * left / (at_risk * (at_risk - left)) for upto, left, at_risk in steps if left)
    return survival, area, variance


def test_shares_and_restricted_means_are_those_of_a_loop_over_rows_with_late_entry():
    frame = simulated(2)
    groups = {plan: by_hand(part, 180) for plan, part in frame.groupby("plan")}
    shares = churn.left(followed(frame), ["plan"], horizon_days=180).set_index("plan")
    assert shares["estimate"].to_dict() == pytest.approx({plan: one[0] for plan, one in groups.items()}, rel=1e-12)
    row = churn.stay(followed(frame), "plan", horizon_days=180).iloc[0]
    (_, one, variance), (_, base, base_variance) = groups[row["group"]], groups[row["baseline"]]
    assert row["estimate"] == pytest.approx(one - base, rel=1e-9)
    assert row["high"] - row["estimate"] == pytest.approx(Z * math.sqrt(variance + base_variance), rel=1e-9)
    assert row["baseline"] == frame["plan"].value_counts().index[0]


def test_leaving_out_late_entry_would_overstate_survival():
    frame = simulated(3)
    honest, naive = (
        churn.left(followed(one), horizon_days=180)["estimate"][0] for one in (frame, frame.assign(entry_day=0))
    )
    assert honest == pytest.approx(math.exp(-180 / 200), abs=0.03)
    assert naive > honest + 0.05


def test_p_and_the_interval_agree_and_no_difference_is_told_apart_in_one_of_twenty():
    told = 0
    for seed in range(40):
        frame = simulated(100 + seed, size=400)
        row = churn.stay(followed(frame), ["plan"], horizon_days=150).iloc[0]
        assert (row["p"] < 0.05) == (row["low"] > 0 or row["high"] < 0)
        told += row["p"] < 0.05
    assert told <= 6  # binomial: 40 · .05 = 2 ± 1.4


def test_the_curve_stops_before_fewer_than_ten_are_at_risk():
    frame = durations([(0, 5, True, 3), (0, 8, False, 8), (0, 20, True, 9)])
    found = churn.curve(followed(frame))
    assert found["day"].tolist() == [0, 5, 8]
    assert found["at_risk"].tolist() == [20, 20, 17]
    beyond = churn.left(followed(frame), horizon_days=9)
    assert np.isnan(beyond["estimate"][0])
    assert not beyond["is_enough"][0]


def test_a_group_that_only_enters_late_has_no_curve_from_its_start():
    found = churn.curve(followed(durations([(30, 60, True, 50)])))
    assert found["day"].tolist() == [0]
    assert np.isnan(churn.left(followed(durations([(30, 60, True, 50)])), horizon_days=40)["estimate"][0])


def test_who_enters_on_a_day_is_not_at_risk_on_it():
    frame = durations([(0, 10, True, 10), (0, 30, False, 10), (10, 30, False, 20)])
    assert churn.left(followed(frame), horizon_days=15)["estimate"][0] == pytest.approx(0.5)


def test_that_all_leave_at_once_is_a_share_of_0_with_an_upper_end():
    row = churn.left(followed(durations([(0, 7, True, 40)])), horizon_days=7).iloc[0]
    assert (row["estimate"], row["low"]) == (0, 0)
    assert 0 < row["high"] < 0.1


def test_before_anybody_has_left_the_share_is_1_with_a_lower_end():
    frame = durations([(0, 50, True, 20), (0, 60, False, 20)])
    row = churn.left(followed(frame), horizon_days=20).iloc[0]
    assert (row["estimate"], row["high"]) == (1, 1)
    assert 0.9 < row["low"] < 1


def test_the_median_is_the_first_day_on_which_at_most_half_are_left():
    found = churn.median(followed(durations([(0, 3, True, 15), (0, 9, True, 15), (0, 12, False, 30)])))
    assert found[["estimate", "is_enough"]].to_numpy().tolist() == [[9, True]]
    assert found["low"][0] in (3, 9)
    assert np.isnan(found["high"][0])
    never = churn.median(followed(durations([(0, 3, True, 12), (0, 12, False, 30)])))
    assert np.isnan(never["estimate"][0])


def test_enough_is_30_customers_and_10_departures():
    enough = [(30, 10), (29, 10), (30, 9)]
    frames = [durations([(0, 3, True, left), (0, 9, False, n - left)]) for n, left in enough]
    assert [churn.curve(followed(frame))["is_enough"].all() for frame in frames] == [True, False, False]


def test_a_horizon_needs_one_in_twenty_at_risk():
    frame = durations([(0, 5, True, 390), (0, 20, False, 10)])
    assert churn.left(followed(frame), horizon_days=5)["is_enough"][0]
    assert not churn.left(followed(frame), horizon_days=6)["is_enough"][0]  # 10 of 400


def test_a_long_curve_is_thinned_and_keeps_its_ends():
    frame = durations([(0, day, True, 1) for day in range(1, 601)])
    found = churn.curve(followed(frame))
    assert len(found) == 300
    assert (found["day"].iloc[0], found["day"].iloc[-1]) == (0, 591)


def test_the_baseline_is_the_largest_known_group_or_the_one_named():
    three = pd.concat([ONE, TWO, ONE.assign(plan="unknown"), ONE.assign(plan="unknown")])
    table = followed(three)
    assert set(churn.stay(table, ["plan"], horizon_days=4)["baseline"]) == {"one"}
    assert churn.stay(table, ["plan"], horizon_days=4, baseline="two")["group"].tolist() == ["one", "unknown"]
    with pytest.raises(ParameterError, match="There are one, two, unknown"):
        churn.stay(table, ["plan"], horizon_days=4, baseline="three")
    assert "nothing to compare" in churn.stay(followed(ONE), ["plan"], horizon_days=4).attrs["not_applicable"]


def test_departures_are_counted():
    assert churn.departures(followed(ONE))["estimate"].tolist() == [10]


def shop(seed, days=900, customers=400):
    """Events of customers who come every 8 days or so until they stop for good."""
    draw = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        stops, at = draw.exponential(400), draw.exponential(8)
        while at < min(stops, days):
            rows.append((str(customer), round(at * DAY)))
            at += draw.exponential(8)
    frame = pd.DataFrame(rows, columns=["customer_id", "occurred_us"])
    return frame.assign(event_id=frame.index.astype(str).str.zfill(6), touchpoint="buy")


def store_until(events, day):
    kept = events[events["occurred_us"] < day * DAY]
    return SimpleNamespace(events=engine.from_frame(kept), ends_us=day * DAY)


def test_a_lapse_curve_from_data_cut_early_is_what_later_data_show():
    events, landmark = shop(4), "1970-03-02"
    cut, late = (
        churn.left(churn.lapse(store_until(events, day), silent_days=60, landmark=landmark), horizon_days=180)
        for day in (310, 900)
    )
    assert cut["low"][0] < late["estimate"][0] < cut["high"][0]
    assert cut["estimate"][0] == pytest.approx(late["estimate"][0], abs=0.04)


def test_a_short_window_is_seen_by_who_comes_back():
    found = churn.sensitivity(store_until(shop(5), 600), silent_days=40, landmark="1970-03-02", horizon_days=120)
    assert found["silent_days"].tolist() == [20, 40, 80]
    assert found["estimate"].is_monotonic_increasing
    assert found["returned"].is_monotonic_decreasing
    assert found["returned"][0] > 0.05
    beyond = churn.sensitivity(store_until(shop(5), 100), silent_days=40, landmark="1970-03-02", horizon_days=120)
    assert beyond["n"].tolist()[2] == 0
    assert not beyond["is_enough"][2]


@pytest.mark.skipif(not TELCO.exists(), reason="the Telco sample is not beside this repository")
def test_the_telco_sample_gives_its_published_numbers():
    telco = pd.read_parquet(TELCO)
    telco = telco[telco["tenure"] > 0].reset_index(drop=True)
    frame = pd.DataFrame(
        {
            "customer_id": telco["customerID"],
            "entry_day": 0,
            "day": telco["tenure"],
            "has_left": telco["Churn"] == "Yes",
        }
    )
    for months, share in [(12, 0.843), (24, 0.789), (60, 0.664)]:
        assert churn.left(followed(frame), horizon_days=months)["estimate"][0] == pytest.approx(share, abs=0.0006)
    assert np.isnan(churn.median(followed(frame))["estimate"][0])
    monthly = frame[(telco["Contract"] == "Month-to-month") & (telco["InternetService"] != "No")]
    found = churn.median(followed(monthly)).iloc[0]
    assert (found["n"], found["estimate"]) == (3351, 34)
    assert churn.departures(followed(monthly))["n"][0] == 1556


def test_a_difference_that_turns_round_inside_segments_is_told_stratum_by_stratum():
    # Together the yearly ones stay longer, for most of them are of the north, where everybody does.
    def stays(plan, region, each):
        leaving = [(0, 1 + at * 200 // each[0], True, 1) for at in range(each[0])]
        return durations([*leaving, (0, 400, False, each[1])], plan=plan, region=region)

    frame = pd.concat([
        stays("annual", "north", (110, 380)), stays("annual", "south", (70, 10)),
        stays("monthly", "north", (10, 190)), stays("monthly", "south", (260, 140)),
    ])  # fmt: skip
    whole = churn.stay(followed(frame), "plan", horizon_days=300, baseline="monthly")
    strata = churn.stay_inside(followed(frame), whole, "plan", "region", horizon_days=300)
    north, south = strata
    assert whole["low"].iloc[0] > 0
    assert (north["stratum"], north["group"], north["n"], south["n"]) == ("north", "annual", 200, 80)
    assert north["high"] < 0
    alone = churn.stay(followed(frame[frame["region"] == "north"]), "plan", horizon_days=300, baseline="monthly")
    assert north["estimate"] == pytest.approx(alone["estimate"].iloc[0])
    guard = guards.reversal(whole.iloc[0], strata)
    assert (guard["status"], guard["figures"]["turned"]) == ("caution", ["north", "south"][: guard["have"]])


def test_a_group_that_a_stratum_lacks_is_not_compared_there():
    frame = pd.concat([ONE.assign(region="north"), TWO.assign(region="south")])
    whole = churn.stay(followed(frame), "plan", horizon_days=4)
    assert churn.stay_inside(followed(frame), whole, "plan", "region", horizon_days=4) == []
    assert churn.stay_inside(followed(frame), whole, "plan", "", horizon_days=4) == []


def test_restricted_means_of_groups_are_what_their_difference_is_made_of():
    table = followed(pd.concat([ONE, TWO]))
    found = churn.rmst(table, "plan", horizon_days=4).set_index("plan")
    assert found["estimate"].to_dict() == pytest.approx({"one": 3, "two": 3.25})
    assert found["high"]["one"] - found["estimate"]["one"] == pytest.approx(Z * math.sqrt(1 * 10 / 200))
    assert found["low"]["two"] == pytest.approx(3.25 - Z * 2.25 * math.sqrt(5 / 300))
    assert found[["n", "at_risk", "left"]].to_numpy().tolist() == [[20, 10, 10], [20, 15, 5]]
    assert not found["is_enough"].any()
    assert np.isnan(churn.rmst(table, "plan", horizon_days=5)["estimate"]).all()


def test_nobody_left_is_the_whole_horizon_with_a_lower_end():
    table = followed(durations([(0, 50, False, 40)]))
    row = churn.rmst(table, horizon_days=30).iloc[0]
    assert (row["estimate"], row["high"]) == (30, 30)
    assert row["low"] == pytest.approx(30 * (1 - Z**2 / (40 + Z**2) / 2))  # Wilson: nobody in 40; evenly over the days
    assert np.isnan(churn.median(table)["estimate"][0])
    assert churn.departures(table)["estimate"].tolist() == [0]
    assert not row["is_enough"]


def test_everybody_left_on_day_1_is_known_beyond_it():
    table = followed(durations([(0, 1, True, 40)]))
    bound = Z**2 / (40 + Z**2)
    row = churn.left(table, horizon_days=30).iloc[0]
    assert (row["estimate"], row["low"], row["is_enough"]) == (0, 0, True)
    assert row["high"] == pytest.approx(bound)
    assert (row["at_risk"], row["left"]) == (0, 40)
    mean = churn.rmst(table, horizon_days=30).iloc[0]
    assert (mean["estimate"], mean["is_enough"]) == (1, True)
    assert mean["high"] == pytest.approx(1 + 29 * bound / 2)
    assert churn.median(table)["estimate"].tolist() == [1]
    assert churn.curve(table)["day"].tolist() == [0, 1]


def test_who_comes_after_everybody_left_is_not_known():
    table = followed(durations([(0, 5, True, 40), (7, 20, False, 40)]))
    assert np.isnan(churn.left(table, horizon_days=10)["estimate"][0])


def test_all_against_none_is_a_difference_whose_p_and_interval_agree():
    gone, stays = durations([(0, 1, True, 40)], plan="gone"), durations([(0, 50, False, 60)], plan="stays")
    row = churn.stay(followed(pd.concat([gone, stays])), "plan", horizon_days=30).iloc[0]
    assert (row["group"], row["baseline"], row["estimate"]) == ("gone", "stays", -29)
    assert row["low"] <= -29 < row["high"] < 0
    assert row["p"] < 0.001
    assert not row["is_enough"]  # nobody of the baseline left
    same = churn.stay(followed(pd.concat([stays, stays.assign(plan="too")])), "plan", horizon_days=30).iloc[0]
    assert same["low"] < 0 < same["high"]
    assert same["p"] == 1
