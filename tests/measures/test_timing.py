"""Times between steps, to value and to the goal, and the hours at which people are reached: rows written by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from journeylib import engine
from journeylib.errors import ParameterError
from journeylib.estimates import Sums, mean, plain_sums, quantile, share
from journeylib.measures import timing

HOUR = 3_600_000_000
DAY = 24 * HOUR


def told(found, *columns):
    return [tuple(row) for row in found[list(columns)].to_numpy().tolist()]


def at(*touches):
    return [("web", name, hour) for name, hour in touches]


@pytest.fixture(scope="module")
def steps(steps_frame):
    return steps_frame(
        [
            ("a", 0, at(("s", 0), (None, 1), ("s", 1), ("t", 2), ("t", 3))),  # from the first s to the next t: 2 h
            ("b", 0, at(("t", 0), ("s", 0), ("t", 4))),  # a t before s does not count: 4 h
            ("c", 0, at(("s", 0), ("t", 10 + 1 / HOUR))),  # a microsecond too late
            ("d", 0, at(("s", 0), ("t", 8))),
            ("e", 0, at(("o", 0), ("s", 95))),  # five hours before the data end: may still come
            ("f", 0, at(("t", 0))),  # no s: not in it
        ]
    )


def between(steps, **options):
    return timing.between(steps, "s", "t", **{"within_days": 10 / 24, "ends_us": 100 * HOUR, **options})


def test_only_what_is_still_inside_its_window_is_censored(steps, table):
    found = between(table(steps)).iloc[0]
    # at risk 5 at 2 h, 4 at 4 h; e is gone after 4:59; 2 at 8 h, of whom c stays to the end: S = .8 · .75 · .5
    assert found["estimate"] == pytest.approx(0.7)
    assert found["median_hours"] == 8  # .4 by 4 h
    assert (found["n"], found["journeys"], found["went_on"], found["lost"], found["open"]) == (5, 5, 3, 1, 1)
    assert not found["is_enough"]


def test_the_window_s_edge_counts_and_so_does_the_data_s_end(steps, table):
    assert between(table(steps), within_days=8 / 24)["went_on"].item() == 3
    assert between(table(steps), within_days=7.999 / 24)["went_on"].item() == 2
    # e's window of five hours ends at 100 h: the last moment is not in the data, so it is still open
    assert between(table(steps), within_days=5 / 24, ends_us=100 * HOUR)["open"].item() == 1
    assert between(table(steps), within_days=5 / 24, ends_us=100 * HOUR + 1)["open"].item() == 0
    # what lies behind the end is not known
    assert between(table(steps), ends_us=8 * HOUR)[["went_on", "lost", "open"]].to_numpy().tolist() == [[2, 0, 2]]


def test_from_a_touchpoint_to_itself_is_the_time_to_the_next_one(steps, table):
    found = timing.between(table(steps), "s", "s", within_days=1, ends_us=200 * HOUR).iloc[0]
    assert (found["went_on"], found["lost"]) == (1, 4)
    assert math.isnan(found["median_hours"])  # one of five: half never do


def test_of_two_at_one_instant_the_event_id_says_which_is_next(steps_frame, table):
    steps = steps_frame([("a", 0, at(("s", 0), ("t", 0))), ("b", 0, at(("t", 0), ("s", 0)))])
    found = between(table(steps.sample(frac=1, random_state=4)))
    assert told(found, "went_on", "lost", "median_hours") == [(1, 1, 0)]


def test_with_every_window_closed_it_is_the_ordinary_share_and_median_of_customers(steps_frame, table):
    draw = np.random.default_rng(8)
    journeys, rows = [], []
    for who in range(50):
        pace = draw.normal(0, 1)
        for number in range(int(draw.integers(1, 6))):
            hours = int(np.ceil(np.exp(2 + pace + draw.normal(0, 0.7))))
            journeys.append((f"c{who:02}", number, at(("s", 0), ("t", hours))))
            rows.append((f"c{who:02}", hours))
    found = between(table(steps_frame(journeys)), within_days=1, ends_us=9000 * HOUR).iloc[0]

    units = pd.DataFrame(rows, columns=["who", "hours"])
    reached = _sums(units, units["hours"] <= 24)
    one = share(reached)
    assert told(found.to_frame().T, "n", "estimate", "low", "high") == [
        (50, *(pytest.approx(x) for x in (one.estimate, one.low, one.high)))
    ]
    assert found["is_enough"]
    median = float(np.sort(units["hours"])[math.ceil(len(units) / 2) - 1])
    values = sorted(units["hours"])
    same = quantile(values, [1] * len(values), _sums(units, units["hours"] <= median))
    assert (same.estimate, same.low, same.high) == tuple(found[["median_hours", "median_low", "median_high"]])


def _sums(units, counts):
    each = units.assign(x=counts.astype(float)).groupby("who")["x"].agg(["size", "sum"]).to_numpy(float)
    m, x = each.T
    return Sums(len(m), m.sum(), x.sum(), (m * m).sum(), (x * m).sum(), (x * x).sum())


def test_the_interval_holds_the_truth_with_censoring_and_customers_alike(steps_frame, table):
    draw, hits = np.random.default_rng(21), np.zeros(2)
    for _ in range(30):
        journeys = []
        for who in range(60):
            pace = draw.normal(0, 0.6)
            for number in range(int(draw.integers(1, 5))):
                hours = max(1, round(float(np.exp(2.5 + pace + draw.normal(0, 0.8)))))
                journeys.append((f"c{who}", number, at(("o", 0), ("s", draw.integers(0, 60)), ("t", 0))))
                journeys[-1][2][2] = ("web", "t", journeys[-1][2][1][2] + hours)
        steps = steps_frame(journeys)
        steps["occurred_us"] -= steps["started_us"]  # all in the same sixty hours, so that many are censored
        found = between(table(steps), within_days=1, ends_us=60 * HOUR).iloc[0]
        truth = 0.7576, 12  # P(e^(2.5 + N(0, 1)) < 24.5); the median, in whole hours
        hits += [found["low"] <= truth[0] <= found["high"], found["median_low"] <= truth[1] <= found["median_high"]]
    assert (hits >= 26).all()  # of 30; at 95 % fewer happens once in two hundred times


def test_the_interval_is_as_wide_as_of_fewer_customers_where_some_are_censored(steps, table):
    found = between(table(steps)).iloc[0]
    # Greenwood: 1/(5·4) + 1/(4·3) + 1/(2·1); so many customers without censoring would be as uncertain of .7
    n, z = 0.7 * 0.3 / (0.3**2 * (1 / 20 + 1 / 12 + 1 / 2)), 1.959963984540054
    half = z * math.sqrt(0.21 / n + z * z / (4 * n * n))
    ends = [(0.7 + z * z / (2 * n) + side * half) / (1 + z * z / n) for side in (-1, 1)]
    assert [found["low"], found["high"]] == pytest.approx(ends)


def test_whoever_is_censored_just_before_is_not_at_risk(steps_frame, table):
    steps = steps_frame([("a", 0, at(("s", 0), ("t", 5))), ("b", 0, at(("s", 0))), ("e", 0, at(("o", 0), ("s", 95)))])
    # e is seen for five hours less a microsecond, so at five hours two are at risk
    assert between(table(steps))["estimate"].item() == 0.5


def test_groups_are_those_of_the_source_and_missing_is_unknown(steps, table):
    named = steps.assign(of=np.where(steps["customer_id"] < "c", "early", None))
    found = between(table(named), by=["of"])
    assert told(found, "of", "n", "went_on", "median_hours") == [("early", 2, 2, 2), ("unknown", 3, 1, 8)]


def test_a_group_without_a_closed_window_has_counts_only(steps, table):
    found = between(table(steps[steps["customer_id"] == "e"])).iloc[0]
    assert (found["n"], found["open"], found["is_enough"]) == (1, 1, False)
    assert math.isnan(found["estimate"])


def test_long_waits_are_rounded_up_to_whole_minutes_and_hours(steps_frame, table):
    def median(seconds):
        steps = steps_frame([("a", 0, at(("s", 0), ("t", seconds / 3600)))])
        return between(table(steps), within_days=9, ends_us=999 * HOUR)["median_hours"].item() * 3600

    assert [median(one) for one in (0.5, 3600, 3601, 172_800, 172_801)] == [1, 3600, 3660, 172_800, 176_400]


@pytest.mark.parametrize("days", [0, -1, math.nan, math.inf])
def test_a_window_that_is_none_is_refused(steps, table, days):
    with pytest.raises(ParameterError, match="is no window"):
        between(table(steps), within_days=days)


@pytest.fixture(scope="module")
def begun():
    """Customers who started: four on day 10, one on day 18; and their value events."""
    starts = pd.DataFrame({"customer_id": list("abcdef"), "zero_us": [10 * DAY] * 4 + [18 * DAY, 10 * DAY]})
    rows = [
        ("a", "value", 10 * DAY),  # at the very instant
        ("b", "value", 15 * DAY),  # exactly at the edge
        ("b", "value", 16 * DAY),
        ("c", "value", 15 * DAY + 1),  # too late
        ("d", "other", 11 * DAY),
        ("f", "value", 9 * DAY),  # had value before
        ("f", "value", 11 * DAY),
    ]
    events = pd.DataFrame(rows, columns=["customer_id", "touchpoint", "occurred_us"])
    return starts, events.assign(event_id=[f"e{one}" for one in range(len(rows))])


def test_time_to_value_is_that_of_the_first_value_event(begun, table):
    found = timing.to_value(*map(table, begun), "value", within_days=5, ends_us=20 * DAY).iloc[0]
    # five start; a at once, e is censored after two days, of the other three one comes on day five: S = .8 · 2/3
    assert found["estimate"] == pytest.approx(1 - 0.8 * 2 / 3)
    assert found["never"] == pytest.approx(0.8 * 2 / 3)
    assert [found["never_low"], found["never_high"]] == pytest.approx([1 - found["high"], 1 - found["low"]])
    assert math.isnan(found["median_days"])
    counts = ["n", "entered", "went_on", "lost", "open", "dropped"]
    assert found[counts].tolist() == [5, 5, 2, 2, 1, 1]


def test_the_median_time_to_value_is_in_days(begun, table):
    starts, events = begun
    found = timing.to_value(table(starts[:2]), table(events), "value", within_days=5, ends_us=20 * DAY, by=[]).iloc[0]
    assert (found["estimate"], found["median_days"]) == (1, 0)  # one of two at once
    later = timing.to_value(table(starts[1:2]), table(events), "value", within_days=5, ends_us=20 * DAY)
    assert later["median_days"].item() == 5


@pytest.fixture(scope="module")
def labelled():
    """Journeys with their goal; of the last the window has not closed."""
    took = [0, 29 * 60, 30 * 60, 26 * 3600, None, 48 * 3600, 3600]  # seconds
    made = pd.DataFrame({"customer_id": list("aabbccd"), "started_us": [one * 100 * DAY for one in range(7)]})
    goal = [
        None if one is None else start + one * 1_000_000 for one, start in zip(took, made["started_us"], strict=True)
    ]
    made["goal_us"] = pd.array(goal, dtype="Int64")
    made["outcome"] = np.where(made["goal_us"].isna(), "lost", "converted")
    return made.assign(is_mature=[True] * 6 + [False], plan=["p", "p", "q", "q", "q", None, "p"])


def test_the_units_to_the_goal_are_whole_hours_of_mature_journeys(labelled, table):
    units = engine.collect(timing.to_goal_units(table(labelled), within_days=2, by=["plan"]), order_by=["started_us"])
    assert list(units) == ["customer_id", "started_us", "zero_us", "plan", "m", "x"]
    assert units["x"].tolist() == [0, 0, 1, 26, 48, 48]  # halves up; what does not reach it is the whole window
    assert units["plan"].tolist() == ["p", "p", "q", "q", "q", "unknown"]
    shorter = engine.collect(timing.to_goal_units(table(labelled), within_days=1), order_by=["started_us"])
    assert shorter["x"].tolist() == [0, 0, 1, 24, 24, 24]  # a shorter window than that of the goal
    assert (units["zero_us"] == units["started_us"]).all()


def test_the_restricted_mean_is_in_days_and_clustered(labelled, table):
    found = timing.to_goal(table(labelled), within_days=2).iloc[0]
    assert found["estimate"] == pytest.approx(123 / 6 / timing.HOURS_A_DAY)
    assert (found["n"], found["journeys"]) == (3, 6)
    days = [0, 27 / 24, 96 / 24]  # each customer's sum of two journeys
    same = mean(Sums(3, 6, sum(days), 12, 2 * sum(days), sum(one * one for one in days)))
    assert [found["low"], found["high"]] == pytest.approx([same.low, same.high])


def test_the_spread_is_of_mature_journeys_that_reach_the_goal(table):
    hours = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    made = pd.DataFrame({"customer_id": [f"c{one}" for one in hours], "started_us": [0] * 10, "plan": "p"})
    made = made.assign(goal_us=[one * HOUR for one in hours], outcome="converted", is_mature=True)
    more = made[:2].assign(outcome="lost", goal_us=None), made[:2].assign(is_mature=False, goal_us=5)
    found = timing.spread(table(pd.concat([made, *more]).astype({"goal_us": "Int64"})), ["plan"]).iloc[0]
    same = quantile(hours, [1] * 10, plain_sums(5, 10))
    assert (found["plan"], found["n"], found["journeys"]) == ("p", 10, 10)
    assert (found["estimate"], found["low"], found["high"]) == (5, same.low, same.high) == (5, 2, 9)
    assert found[["q10", "q25", "q75", "q90"]].tolist() == [1, 3, 8, 9]


def test_the_spread_s_median_is_as_uncertain_as_the_customers_are_few(labelled, table):
    alike = pd.DataFrame({"customer_id": [f"c{one % 20:02}" for one in range(100)]})
    took = alike["customer_id"].str[1:].astype("int64") * HOUR
    alike = alike.assign(started_us=0, goal_us=took, outcome="converted", is_mature=True)
    once, often = (timing.spread(table(frame)).iloc[0] for frame in (alike[:20], alike))
    assert (once["estimate"], often["estimate"], often["n"], often["journeys"]) == (9, 9, 20, 100)
    # ranks 6 and 15 of 20, 27 and 74 of 100: five times as many journeys that are all alike tell no more
    assert [(one["low"], one["high"]) for one in (once, often)] == [(5, 14), (5, 14)]
    mixed = alike.assign(goal_us=[one * HOUR for one in range(100)])  # every customer has early and late ones
    found = timing.spread(table(mixed)).iloc[0]
    units = mixed.rename(columns={"customer_id": "who"})
    same = quantile(range(100), [1] * 100, _sums(units, units["goal_us"] <= 49 * HOUR))
    assert (found["estimate"], found["low"], found["high"]) == (49, same.low, same.high)
    assert found["high"] - found["low"] < 25  # ranks 50 ± 9.8, not ± 21.9
    assert "not_applicable" in timing.spread(table(labelled[:0])).attrs


def tried(*hours):
    """Units at hours since 1970-01-01 00:00 UTC, a Thursday; each of its own customer, reached unless named twice."""
    made = pd.DataFrame(
        {"customer_id": [f"c{at}" for at in range(len(hours))], "zero_us": [int(h * HOUR) for h in hours]}
    )
    return made.assign(m=1, x=(~made["zero_us"].duplicated()).astype("int64"))


def test_the_clock_tells_every_hour_with_its_exposure(table):
    found = timing.clock(table(tried(0, 0.5, 23.99, 24, 24, -0.01, -24)))
    assert found["hour"].tolist() == list(range(24))
    seen = found[found["entries"] > 0]
    assert told(seen, "hour", "n", "entries", "estimate") == [(0, 5, 5, 0.8), (23, 2, 2, 1)]
    assert found["estimate"][1:23].isna().all()
    assert not found["is_enough"].any()


@pytest.mark.parametrize(
    ("hours", "offset", "weekday"),
    [
        (0, 0, 4),  # a Thursday
        (23.99, 0, 4),
        (24, 0, 5),
        (-0.01, 0, 3),
        (-72, 0, 1),
        (-72.01, 0, 7),
        (96, 0, 1),
        (-168, 0, 4),
        (23, 1, 5),
        (0, -1, 3),
        (-0.5, 0.5, 4),
    ],
)
def test_weekdays_run_from_monday_1_before_1970_too(table, hours, offset, weekday):
    found = timing.clock(table(tried(hours)), part="weekday", offset_hours=offset)
    assert found["weekday"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert found[found["entries"] > 0]["weekday"].tolist() == [weekday]


def test_the_clock_counts_units_clusters_customers_and_tells_groups(table):
    units = pd.DataFrame({"customer_id": [f"c{at % 30:02}" for at in range(120)], "zero_us": 9 * HOUR, "m": 2})
    units = units.assign(x=np.where(units["customer_id"] < "c15", 2, 0), plan=np.where(units.index < 60, "p", None))
    whole = timing.clock(table(units)).iloc[9]
    assert (whole["n"], whole["entries"], whole["estimate"], whole["is_enough"]) == (30, 240, 0.5, True)
    assert whole["high"] - whole["low"] > 0.33  # as of thirty
    groups = timing.clock(table(units), by=["plan"])
    assert groups.groupby("plan", sort=False)["entries"].sum().to_dict() == {"p": 120, "unknown": 120}
    assert len(groups) == 48


def test_an_unknown_part_of_the_clock_is_refused(table):
    with pytest.raises(ParameterError, match='"hour" or "weekday"'):
        timing.clock(table(tried(0)), part="month")
    assert "not_applicable" in timing.clock(table(tried(0)[:0])).attrs


def test_an_attempt_reaches_someone_whose_answer_follows_within_the_window(table):
    rows = [
        ("a", "1", "sent", 0),
        ("a", "2", "opened", 24),  # exactly at the edge; answers the second attempt too
        ("a", "3", "sent", 10),
        ("a", "4", "sent", 30),  # nothing follows
        ("b", "5", "opened", 40),  # at the same instant counts, whatever the ids
        ("b", "6", "sent", 40),
        ("b", "7", "sent", 0),  # forty hours: too late
        ("c", "8", "sent", 76),  # its window ends with the data: not yet
        ("c", "9", "sent", 75),  # another customer's answer is none
        ("d", "10", "opened", 76),
    ]
    events = pd.DataFrame(rows, columns=["customer_id", "event_id", "touchpoint", "hour"])
    events = events.assign(occurred_us=(events["hour"] * HOUR).astype("int64"), channel=["sms", None] * 5)
    options = {"within_days": 1, "ends_us": 100 * HOUR, "by": ["channel"]}
    units = timing.reached_units(table(events), "sent", "opened", **options)
    found = engine.collect(units, order_by=["customer_id", "zero_us"])
    assert list(found) == ["customer_id", "zero_us", "channel", "m", "x"]
    assert [(row.customer_id, row.zero_us // HOUR, row.x) for row in found.itertuples()] == [
        ("a", 0, 1),
        ("a", 10, 1),
        ("a", 30, 0),
        ("b", 0, 0),
        ("b", 40, 1),
        ("c", 75, 0),
    ]
    assert found["channel"].tolist() == ["sms", "sms", "unknown", "sms", "unknown", "sms"]
    again = engine.collect(timing.reached_units(table(events), "sent", "sent", within_days=1, ends_us=100 * HOUR))
    assert again["x"].sum() == 3  # a's at 0 (10 h), a's at 10 (20 h), c's at 75 (1 h)
