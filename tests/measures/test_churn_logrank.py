"""Groups compared: the published leukaemia table, tables worked by hand, and rows beside counts."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from journeylib.errors import ParameterError
from journeylib.estimates import Z
from journeylib.measures import churn

# Weeks of remission in acute leukaemia (Freireich and others 1963; Gehan 1965; Cox 1972); + is censored.
MERCAPTOPURINE = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"


def weeks(text, arm):
    each = text.split()
    return pd.DataFrame(
        {"week": [int(one.rstrip("+")) for one in each], "left": [one[-1] != "+" for one in each]}
    ).assign(arm=arm)


LEUKAEMIA = pd.concat([weeks(MERCAPTOPURINE, "6-MP"), weeks(PLACEBO, "placebo")])
TABLE = churn.from_frame(LEUKAEMIA, duration="week", event="left", by="arm")


def of(rows, **columns):
    """A followed table of rows (entry, day, left, group, how many)."""
    frame = pd.DataFrame(rows, columns=["entry", "day", "left", "group", "many"]).assign(**columns)
    named = {"duration": "day", "event": "left", "entry": "entry", "weight": "many", "by": ["group", *columns]}
    return churn.from_frame(frame, **named)


def test_the_leukaemia_table_gives_its_published_test_and_curve():
    [test] = churn.logrank(TABLE, "arm").to_dict("records")
    assert (test["n"], test["left"], test["df"]) == (42, 30, 1)
    assert test["estimate"] == pytest.approx(16.7929410, abs=1e-7)  # 16.79 in print
    [row] = churn.compare(TABLE, "arm", baseline="placebo").to_dict("records")
    assert row["expected"] == pytest.approx(19.2505, abs=1e-4)  # 19.25 in print, 9 observed
    assert row["estimate"] == pytest.approx(0.2210, abs=1e-4)  # Cox's, by Breslow: exp(−1.509), 1.51 in print
    assert row["p"] == pytest.approx(test["p"], rel=1e-12)
    assert not row["is_enough"]  # 21 patients each
    found = churn.curve(TABLE, "arm").set_index(["arm", "day"])["estimate"]["6-MP"]
    worked = {6: 18 / 21, 7: 18 / 21 * 16 / 17, 10: 18 / 21 * 16 / 17 * 14 / 15}
    worked |= {13: worked[10] * 11 / 12, 16: worked[10] * 11 / 12 * 10 / 11}
    assert {day: found[day] for day in worked} == pytest.approx(worked, rel=1e-12)


def test_observed_and_expected_are_those_worked_by_hand():
    # Day 1: 2 of 4 + 6 at risk leave, 1 of each. Day 2: 1 of 3 + 5, of the first group.
    table = of([(0, 1, 1, "a", 1), (0, 2, 1, "a", 1), (0, 3, 0, "a", 2), (0, 1, 1, "b", 1), (0, 3, 0, "b", 5)])
    [row] = churn.compare(table, "group", baseline="b").to_dict("records")

    def sums(ratio):
        share = [4 * ratio / (4 * ratio + 6), 3 * ratio / (3 * ratio + 5)]
        variance = 2 * share[0] * (1 - share[0]) * (8 / 9) + share[1] * (1 - share[1])
        return 2 * share[0] + share[1], variance

    expected, variance = sums(1)
    assert row["expected"] == pytest.approx(expected, rel=1e-12)
    assert row["p"] == pytest.approx(math.erfc(abs(2 - expected) / math.sqrt(2 * variance)), rel=1e-12)
    assert sums(row["estimate"])[0] == pytest.approx(2, rel=1e-12)
    for end, side in (("low", 1), ("high", -1)):
        expected, variance = sums(row[end])
        assert (2 - expected) / math.sqrt(variance) == pytest.approx(side * Z, rel=1e-9)


def test_who_has_not_entered_yet_is_not_at_risk():
    early = [(0, 1, 1, "a", 1), (0, 3, 0, "a", 3), (0, 1, 1, "b", 1), (0, 3, 0, "b", 5)]
    late = churn.compare(of([*early, (1, 3, 0, "b", 100)]), "group", baseline="b")
    on_time = churn.compare(of(early), "group", baseline="b")
    assert late["expected"][0] == pytest.approx(on_time["expected"][0], rel=1e-12)


def by_rows(frame, groups):
    """χ² of the log-rank test with a loop over strata, days and rows."""
    gap, spread = np.zeros(len(groups)), np.zeros((len(groups), len(groups)))
    for _, part in frame.groupby("stratum"):
        for day in np.unique(part["day"][part["left"]]):
            there = part[(part["entry"] < day) & (part["day"] >= day)]
            here = np.array([(there["group"] == group).sum() for group in groups])
            gone = there[there["left"] & (there["day"] == day)]
            left, share = len(gone), here / len(there)
            gap += np.array([(gone["group"] == group).sum() for group in groups]) - left * share
            if len(there) > 1:
                spread += left * (len(there) - left) / (len(there) - 1) * (np.diag(share) - np.outer(share, share))
    return float(gap[:-1] @ np.linalg.solve(spread[:-1, :-1], gap[:-1]))


def simulated(seed, size, ratio=1.0):
    draw = np.random.default_rng(seed)
    group, stratum = draw.choice(["a", "b", "c"], size), draw.choice(["north", "south"], size)
    pace = 150 / np.where(group == "c", ratio, 1) * np.where(stratum == "north", 2, 1)
    leaves, stops = np.ceil(draw.exponential(pace)), draw.integers(40, 400, size)
    entry = np.where(draw.random(size) < 0.4, draw.integers(0, 100, size), 0)
    frame = pd.DataFrame({"entry": entry, "day": np.minimum(leaves, stops).astype(int), "left": leaves <= stops})
    frame = frame.assign(group=group, stratum=stratum)
    return frame[frame["day"] > frame["entry"]].reset_index(drop=True)


def followed(frame):
    return churn.from_frame(frame, duration="day", event="left", entry="entry", by=["group", "stratum"])


def test_twenty_thousand_counted_are_twenty_thousand_rows():
    frame = simulated(1, 20_000, ratio=1.05)
    [test] = churn.logrank(followed(frame), "group", strata="stratum").to_dict("records")
    assert test["estimate"] == pytest.approx(by_rows(frame, ["a", "b", "c"]), rel=1e-9)
    assert test["n"] == len(frame)


def test_p_is_below_a_twentieth_exactly_where_the_interval_leaves_out_1():
    told = 0
    for seed in range(40):
        found = churn.compare(followed(simulated(seed, 500)), "group", strata="stratum", pairs=True)
        assert len(found) == 3
        outside = (found["low"] > 1) | (found["high"] < 1)
        assert (outside == (found["p"] < 0.05)).all()
        told += int(outside.iloc[0])
    assert told <= 6  # binomial: 40 · .05 = 2 ± 1.4


def test_the_ratio_is_near_the_true_one_inside_strata():
    [row] = churn.compare(followed(simulated(3, 20_000, ratio=1.3)), "group", strata="stratum", baseline="a").to_dict(
        "records"
    )[1:]
    assert row["group"] == "c"
    assert row["low"] < 1.3 < row["high"]


def test_nobody_left_is_no_ratio_and_not_enough():
    table = of([(0, 9, 0, "a", 50), (0, 9, 0, "b", 50)])
    [row] = churn.compare(table, "group").to_dict("records")
    assert math.isnan(row["estimate"])
    assert math.isnan(row["p"])
    assert not row["is_enough"]
    [test] = churn.logrank(table, "group").to_dict("records")
    assert math.isnan(test["estimate"])
    assert not test["is_enough"]


def test_everybody_left_on_day_1_tells_nothing_between_groups_of_the_same_day():
    [row] = churn.compare(of([(0, 1, 1, "a", 50), (0, 1, 1, "b", 50)]), "group").to_dict("records")
    assert math.isnan(row["p"])
    assert not row["is_enough"]
    stays = of([(0, 1, 1, "a", 50), (0, 9, 0, "b", 50)])
    [row] = churn.compare(stays, "group", baseline="b").to_dict("records")
    assert row["low"] > 1
    assert not row["is_enough"]  # nobody of the baseline left


def test_groups_never_at_risk_together_are_not_compared():
    table = of([(0, 5, 1, "a", 40), (5, 9, 1, "b", 40)])
    [row] = churn.compare(table, "group").to_dict("records")
    assert math.isnan(row["estimate"])
    assert not row["is_enough"]


def test_a_group_of_29_or_with_9_departures_is_not_enough():
    def enough(n, left):
        table = of([(0, 2, 1, "a", left), (0, 9, 0, "a", n - left), (0, 3, 1, "b", 20), (0, 9, 0, "b", 80)])
        return bool(churn.compare(table, "group")["is_enough"][0])

    assert [enough(30, 10), enough(29, 10), enough(30, 9)] == [True, False, False]


def test_one_group_has_nothing_to_be_compared_with():
    found = churn.compare(of([(0, 2, 1, "a", 40)]), "group")
    assert "there is one group by group" in found.attrs["not_applicable"]
    assert "no segment" in churn.logrank(of([(0, 2, 1, "a", 40)]), ()).attrs["not_applicable"]
    with pytest.raises(ParameterError, match="There are 6-MP, placebo"):
        churn.compare(TABLE, "arm", baseline="none")


def test_the_baseline_is_the_largest_known_group():
    frame = pd.concat([LEUKAEMIA, LEUKAEMIA.assign(arm=None)])
    found = churn.compare(churn.from_frame(frame, duration="week", event="left", by="arm"), "arm")
    assert found[["group", "baseline"]].to_numpy().tolist() == [["placebo", "6-MP"], ["unknown", "6-MP"]]
