"""Coverage: days and channels counted by hand, and what is a gap and what is none."""

from __future__ import annotations

import datetime

import pandas as pd
import pytest

from journeylib.days import DAY_US, midnight
from journeylib.measures import coverage

MONDAY = "2026-01-05"
NOON = DAY_US // 2


def touch(channel, on, customer="a", at=NOON):
    return {"channel": channel, "customer_id": customer, "occurred_us": midnight(on) + at}


def day(number):
    return (datetime.date.fromisoformat(MONDAY) + datetime.timedelta(days=number)).isoformat()


def counted(channel="web", **levels):
    """Days of a channel as `daily` gives them: `days=7, usual=50` customers, and where they differ, `d3=0`."""
    customers = [levels.get(f"d{number}", levels["usual"]) for number in range(levels["days"])]
    rows = [
        {"channel": channel, "on": day(number), "n": n, "events": 2 * n, "is_whole": True}
        for number, n in enumerate(customers)
    ]
    return pd.DataFrame(rows)


def gaps(frame):
    found = coverage.gaps(frame)
    return list(zip(found["from_on"], found["until_on"], found["n"], found["usual"], strict=True))


def test_days_without_events_are_counted_as_zeros(table):
    rows = [touch("web", MONDAY), touch("web", MONDAY, "b"), touch("web", day(2)), touch(None, day(1))]
    found = coverage.daily(table(pd.DataFrame(rows)), start_us=midnight(MONDAY), ends_us=midnight(day(3)))
    assert found[["channel", "on", "n", "events"]].to_numpy().tolist() == [
        ["unknown", MONDAY, 0, 0], ["unknown", day(1), 1, 1], ["unknown", day(2), 0, 0],
        ["web", MONDAY, 2, 2], ["web", day(1), 0, 0], ["web", day(2), 1, 1],
    ]  # fmt: skip
    assert found["is_whole"].all()


def test_a_day_that_the_period_cuts_is_not_whole(table):
    events = table(pd.DataFrame([touch("web", day(number)) for number in range(3)]))
    found = coverage.daily(events, start_us=midnight(MONDAY) + 1, ends_us=midnight(day(2)) + NOON + 1)
    assert found["is_whole"].tolist() == [False, True, False]


def test_a_lost_day_is_a_gap():
    assert gaps(counted(days=70, usual=100, d30=0)) == [(day(30), day(30), 0, 100)]


def test_exactly_a_fifth_of_the_usual_customers_is_no_gap():
    assert gaps(counted(days=70, usual=100, d30=20)) == []
    assert gaps(counted(days=70, usual=100, d30=19)) == [(day(30), day(30), 19, 100)]


def test_a_quiet_day_tells_something_from_twenty_customers_on_and_a_silent_one_from_ten():
    assert gaps(counted(days=70, usual=19, d30=1)) == []
    assert gaps(counted(days=70, usual=20, d30=3)) == [(day(30), day(30), 3, 20)]
    assert gaps(counted(days=70, usual=9, d30=0)) == []
    assert gaps(counted(days=70, usual=10, d30=0)) == [(day(30), day(30), 0, 10)]


def test_one_visitor_with_hundreds_of_events_hides_no_gap():
    frame = counted(days=70, usual=100, d30=1)
    frame.loc[30, "events"] = 400
    assert coverage.gaps(frame)[["n", "events"]].to_numpy().tolist() == [[1, 400]]


def test_a_channel_that_is_shut_on_sundays_has_no_gap_there():
    sundays = {f"d{number}": 0 for number in range(6, 140, 7)}
    assert gaps(counted(days=140, usual=100, **sundays)) == []
    assert gaps(counted(days=140, usual=100, **sundays, d43=0)) == [(day(43), day(43), 0, 100)]


def test_a_channel_that_is_used_once_a_month_has_no_gaps():
    busy = {f"d{number}": 500 for number in range(0, 300, 28)}
    assert gaps(counted(days=300, usual=0, **busy)) == []


def test_a_long_outage_does_not_become_usual():
    lost = {f"d{number}": 0 for number in range(100, 170)}
    assert gaps(counted(days=365, usual=100, **lost)) == [(day(100), day(169), 0, 100)]


def test_days_before_the_first_event_are_no_gap():
    early = {f"d{number}": 0 for number in range(40)}
    assert gaps(counted(days=200, usual=100, **early)) == []


def test_a_day_that_the_period_cuts_is_no_gap():
    frame = counted(days=70, usual=100, d69=3)
    assert len(gaps(frame)) == 1
    frame.loc[69, "is_whole"] = False
    assert gaps(frame) == []


def test_seven_weeks_are_too_few_to_say_what_is_usual():
    assert gaps(counted(days=56, usual=100, d30=0)) == []
    assert len(gaps(counted(days=63, usual=100, d30=0))) == 1


def test_a_gap_counts_the_customers_of_its_busiest_day():
    found = coverage.gaps(counted(days=70, usual=100, d30=4, d31=12))
    assert found[["n", "days", "events"]].to_numpy().tolist() == [[12, 2, 32]]


def test_a_channel_tells_how_many_of_its_days_could_show_a_gap(table):
    frame = pd.concat([counted(days=70, usual=100, d30=0), counted("fax", days=70, usual=1, d0=0)])
    events = table(pd.DataFrame([touch("web", MONDAY), touch("web", day(1), "b"), touch("fax", day(1))]))
    found = coverage.channels(events, frame, start_us=midnight(MONDAY), ends_us=midnight(day(70)))
    assert found.to_dict("records") == [
        {"channel": "web", "n": 2, "events": 13800, "first_on": MONDAY, "last_on": day(69), "usual_day": 100.0,
         "days_checked": 70, "days_missing": 1},
        {"channel": "fax", "n": 1, "events": 138, "first_on": day(1), "last_on": day(69), "usual_day": 1.0,
         "days_checked": 0, "days_missing": 0},
    ]  # fmt: skip


def trusted(frame, table):
    events = table(pd.DataFrame([touch(channel, MONDAY) for channel in set(frame["channel"])]))
    times = {"start_us": midnight(MONDAY), "ends_us": midnight(day(70))}
    told = coverage.channels(events, frame, **times)
    facts = {"complete_through": day(69)}
    return coverage.trust(facts, coverage.gaps(frame), told, ends_us=times["ends_us"]).to_dict("records")[0]


def test_a_gap_that_lasts_to_the_end_says_since_when(table):
    lost = {f"d{number}": 0 for number in range(66, 70)}
    found = trusted(pd.concat([counted(days=70, usual=100), counted("chat", days=70, usual=100, **lost)]), table)
    assert (found["silent_on"], found["channel"], found["days_missing"]) == (day(66), "chat", 4)


def test_one_day_on_two_channels_is_one_missing_day(table):
    frame = pd.concat([counted(days=70, usual=100, d30=0), counted("chat", days=70, usual=100, d30=0)])
    found = trusted(frame, table)
    assert (found["days_missing"], str(found["missing_on"]), found["silent_on"]) == (1, day(30), None)
    assert (found["complete_on"], found["channels"], found["channels_checked"]) == (day(69), 2, 2)


@pytest.mark.parametrize(
    ("days", "period"), [(14, "day"), (15, "week"), (112, "week"), (365, "month"), (547, "month"), (900, "quarter")]
)
def test_a_period_is_as_fine_as_eighteen_columns_allow(days, period):
    assert coverage.every(start_us=midnight(MONDAY), ends_us=midnight(MONDAY) + days * DAY_US) == period


def test_cells_add_up_and_the_first_and_last_may_be_short(table):
    rows = [touch("web", "2026-01-05"), touch("web", "2026-01-31", "b", DAY_US - 1), touch("web", "2026-02-01", "b", 0)]
    rows += [touch("fax", "2026-03-02")]
    missing = pd.DataFrame([{"channel": "web", "from_on": "2026-01-30", "until_on": "2026-02-02"}])
    times = {"start_us": midnight(MONDAY), "ends_us": midnight("2026-03-03")}
    found = coverage.counts(table(pd.DataFrame(rows)), missing, **times, period="month")
    names = ["channel", "period_on", "n", "estimate", "days", "days_missing"]
    assert found[names].to_numpy().tolist() == [
        ["web", "2026-01-05", 2, 2, 27, 2], ["web", "2026-02-01", 1, 1, 28, 2], ["web", "2026-03-01", 0, 0, 2, 0],
        ["fax", "2026-01-05", 0, 0, 27, 0], ["fax", "2026-02-01", 0, 0, 28, 0], ["fax", "2026-03-01", 1, 1, 2, 0],
    ]  # fmt: skip


def test_a_period_of_one_column_holds_everything(table):
    events = table(pd.DataFrame([touch("web", MONDAY), touch("web", day(3))]))
    times = {"start_us": midnight(MONDAY), "ends_us": midnight(day(4))}
    found = coverage.counts(events, coverage.gaps(coverage.daily(events, **times)), **times, period="week")
    assert found[["period_on", "estimate"]].to_numpy().tolist() == [[MONDAY, 2]]


def test_without_events_there_is_nothing_to_count(table):
    events = table(pd.DataFrame([touch("web", MONDAY)])[:0].astype({"channel": "string", "customer_id": "string"}))
    times = {"start_us": midnight(MONDAY), "ends_us": midnight(day(70))}
    daily = coverage.daily(events, **times)
    found = coverage.gaps(daily)
    told = coverage.channels(events, daily, **times)
    assert (len(daily), len(found), len(told)) == (0, 0, 0)
    assert "not_applicable" in coverage.counts(events, found, **times).attrs
    assert coverage.trust({}, found, told, ends_us=times["ends_us"])["channels_checked"][0] == 0
