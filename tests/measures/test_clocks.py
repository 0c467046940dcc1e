"""Clocks: ties, late writing and rounded times, on events written by hand."""

from __future__ import annotations

import pandas as pd

from journeylib.days import DAY_US
from journeylib.measures import clocks

HOUR = DAY_US // 24
SECOND = 1_000_000


def event(customer, at, source="web", written=None, precision="exact"):
    return {
        "customer_id": customer, "occurred_us": at, "source": source, "updated_us": written,
        "time_precision": precision,
    }  # fmt: skip


def events(table, rows):
    return table(pd.DataFrame(rows).astype({"updated_us": "Int64"}))


def test_events_of_one_customer_at_one_microsecond_are_ties(table):
    rows = [event("a", 5), event("a", 5), event("a", 6), event("b", 5), event("c", 7), event("c", 7), event("c", 7)]
    [found] = clocks.ties(events(table, rows)).to_dict("records")
    assert (found["n"], found["customers"], found["events"], found["estimate"]) == (3, 2, 5, 5 / 7)
    assert found["low"] is None


def test_without_events_there_are_no_ties(table):
    assert "not_applicable" in clocks.ties(events(table, [event("a", 5)]).head(0)).attrs


def test_late_is_more_than_a_day_after_the_event(table):
    rows = [
        event("a", 0, written=DAY_US), event("a", 0, written=DAY_US + 1), event("b", 0, written=5),
        event("c", 0, "calls/east.csv", written=3 * DAY_US), event("c", 9, "calls/west.csv", written=9),
        event("d", 0, "mail"),
    ]  # fmt: skip
    found = clocks.late(events(table, rows))
    names = ["source", "n", "customers", "events", "estimate"]
    assert found[names].to_numpy().tolist() == [["calls", 1, 1, 1, 0.5], ["web", 2, 1, 1, 1 / 3]]


def test_lateness_is_not_told_where_no_source_says_when_it_wrote(table):
    found = clocks.late(events(table, [event("a", 0)]))
    assert "map updated_at" in found.attrs["not_applicable"]


def marked(table, times, **more):
    [found] = clocks.marks(events(table, [event(f"c{at}", at, **more) for at in times])).to_dict("records")
    return found


def test_the_finest_unit_is_what_one_in_a_hundred_times_needs(table):
    whole = [number * 61 * SECOND for number in range(100)]
    assert marked(table, whole)["kept_to"] == "second"
    assert marked(table, [*whole, 7])["kept_to"] == "second"
    assert marked(table, [*whole[:98], 7, 8])["kept_to"] == "fraction"
    assert marked(table, [number * 60 * SECOND for number in range(100)])["kept_to"] == "minute"
    assert marked(table, [number * DAY_US for number in range(100)])["kept_to"] == "day"


def test_whole_hours_are_odd_where_they_are_far_more_than_chance(table):
    seconds = [number * 61 * SECOND for number in range(1, 981)]
    rounded = [*seconds, *(number * HOUR for number in range(1, 21))]
    found = marked(table, rounded)
    assert found["is_odd"]
    assert found["hour_share"] == 0.02
    assert not marked(table, seconds)["is_odd"]


def test_midnights_are_odd_by_themselves(table):
    minutes = [number * 61 * 60 * SECOND + 60 * SECOND for number in range(970)]
    assert not marked(table, minutes)["is_odd"]
    found = marked(table, [*minutes, *(number * DAY_US for number in range(1, 31))])
    assert found["is_odd"]
    assert found["midnight_share"] == 0.031  # one of the minutes is one too


def test_days_only_are_no_oddity_but_are_counted(table):
    found = marked(table, [number * DAY_US for number in range(50)], precision="day")
    assert (found["kept_to"], found["is_odd"], found["day_only"], found["ambiguous"]) == ("day", False, 50, 0)
    assert marked(table, [1, 2], precision="ambiguous")["ambiguous"] == 2


def test_the_middle_of_the_day_goes_round_midnight(table):
    around = [number * DAY_US + hour * HOUR + number for number in range(100) for hour in (23, 0, 1)]
    assert marked(table, around)["middle_of_day"] == "00:30"
    even = [number * DAY_US + hour * HOUR + number for number in range(10) for hour in range(24)]
    assert marked(table, even)["middle_of_day"] is None


def test_files_of_one_source_are_told_together(table):
    rows = [event("a", 1, "web/1.csv"), event("a", 2, "web/2.csv"), event("b", 3, "web/2.csv"), event("a", 4, "mail")]
    found = clocks.marks(events(table, rows))
    assert found[["source", "n", "events"]].to_numpy().tolist() == [["mail", 1, 1], ["web", 2, 3]]
