"""The words of the data review: what each finding says, of plenty, of nothing and of what is hidden."""

from __future__ import annotations

import pandas as pd
import pytest

from journeylib.judge.verdicts import judge
from journeylib.show import markup, record, words
from journeylib.show.forms import FORMS
from journeylib.show.words import trust

WHOLE = {
    "complete_on": "2026-06-30", "last_on": "2026-06-30", "channels": 6, "channels_checked": 5,
    "days_missing": 0, "missing_on": None, "silent_on": None, "channel": None,
}  # fmt: skip
RECORDS = {"records_in": 1000, "accepted": 960, "quarantined": 30, "duplicates": 10, "adds_up": True}
PART = {"n": 5122, "estimate": 0.0744, "low": None, "high": None, "is_enough": True, "customers": 300, "events": 11053}
PACE = {"moments_in_a_day": 100, "pauses": 20, "pause_seconds": 1.0}
MARKS = {"source": "web", "n": 400, "events": 900, "kept_to": "second", "hour_share": 0.0003, "midnight_share": 0.0}
GAP = {
    "channel": "web", "from_on": "2025-09-17", "until_on": "2025-09-17", "n": 0, "usual": 35, "days": 1, "events": 0,
}  # fmt: skip


def said(form, *rows, audience="private", **context):
    made = record.make("finding", form, pd.DataFrame(list(rows), columns=columns(form, rows)), counted=True, **context)
    judged = judge([{**made, "notebook": "review"}], audience=audience)
    text = words.sentence({**judged["records"][0], "min_cell": judged["min_cell"]})
    return text.replace("\u202f", " ").replace("\u2068", "").replace("\u2069", "")


def columns(form, rows):
    return list(rows[0]) if rows else list(FORMS["finding"][form])


def test_the_data_are_complete_through_a_day():
    assert said("complete", WHOLE) == (
        "The data are complete through 30 June 2026, and no channel that has enough customers to tell has a gap."
    )
    assert said("complete", {**WHOLE, "channels_checked": 0}).endswith(
        "30 June 2026; no channel has enough customers a day to look for gaps."
    )
    assert said("complete", {**WHOLE, "complete_on": None}).startswith("No day is known that the data reach to")


def test_what_is_missing_limits_how_complete_the_data_are():
    one = {**WHOLE, "days_missing": 1, "missing_on": "2025-09-17"}
    assert said("complete", one) == (
        "The data are complete through 30 June 2026, except for 17 September 2025, on which a channel was silent or "
        "nearly so."
    )
    assert "except for 3 days, on which" in said("complete", {**WHOLE, "days_missing": 3})
    silent = {**WHOLE, "days_missing": 4, "silent_on": "2026-06-27", "channel": "web"}
    assert said("complete", silent) == (
        "The data are complete through 30 June 2026, but web has been silent, or nearly so, since 27 June 2026."
    )
    assert "though the last event is of 20 June 2026" in said("complete", {**WHOLE, "last_on": "2026-06-20"})


def test_the_records_add_up_in_words():
    assert said("records", RECORDS) == (
        "Of 1,000 records read, 960 were accepted, 30 set aside (3.0 %) and 10 found to be duplicates; "
        "the three add up."
    )
    assert "cannot be trusted" in said("records", {**RECORDS, "adds_up": False})
    whole = {**RECORDS, "accepted": 1000, "quarantined": 0, "duplicates": 0}
    assert said("records", whole) == "All 1,000 records that were read were accepted."
    assert said("records", {**whole, "records_in": 0, "accepted": 0}) == "Nothing was read."


def test_the_records_are_exact_on_a_shared_page_too():
    assert "Of 1,003 records read, 963" in said(
        "records", {**RECORDS, "records_in": 1003, "accepted": 963}, audience="shared"
    )


def test_how_many_events_stayed_anonymous():
    assert said("anonymous", PART) == (
        "The events are of 5,122 customers; 7.4 % of the events stayed anonymous, those of 300 customers behind whom "
        "no person is known."
    )
    assert said("anonymous", {**PART, "estimate": 0.0, "customers": 0, "events": 0}).endswith(
        "and behind every one a person is known."
    )


def test_gaps_are_told_one_by_one_up_to_three():
    assert said("gaps", GAP) == "web: no events on 17 September 2025, where about 35 customers are usual."
    low = {**GAP, "n": 3, "events": 40}
    assert said("gaps", low) == "web: only 3 customers on 17 September 2025, where about 35 customers are usual."
    run = {**low, "until_on": "2025-09-19", "n": 1, "days": 3}
    assert said("gaps", run).startswith("web: at most 1 customer a day from 17 to 19 September 2025,")
    assert said("gaps", *[GAP] * 5).endswith("2 more gaps stand in the table.")
    assert said("gaps") == "No gap was found in any channel that has enough customers to tell."


def test_a_gap_of_few_customers_keeps_its_day_and_loses_its_number():
    few = {**GAP, "n": 4, "events": 6}
    assert said("gaps", few, audience="shared") == "web: hardly any customers on 17 September 2025."


def test_ties():
    assert said("ties", PART).startswith("7.4 % of events share customer and microsecond with another (n = 5,122);")
    assert said("ties", {**PART, "events": 0, "customers": 0, "estimate": 0.0}).startswith("No customer has two events")


def test_late_events_are_told_by_source():
    rows = [{"source": "calls", **PART}, {"source": "web", **PART, "estimate": 0.0, "customers": 0, "events": 0}]
    assert said("late", *rows) == (
        "7.4 % of the events of calls were written more than a day after they occurred (n = 5,122)."
    )
    assert said("late", rows[1]) == "No event was written more than a day after it occurred."
    assert "Of calls it is hidden" in said("late", {**rows[0], "customers": 3, "events": 4}, rows[1], audience="shared")


def test_clocks_tell_of_whole_hours_and_of_days():
    fine = "No source has more whole hours or midnights than chance gives."
    assert said("clocks", {**MARKS, "is_odd": False}) == fine
    days = {**MARKS, "source": "mail", "kept_to": "day", "hour_share": 1.0, "midnight_share": 1.0, "is_odd": False}
    assert said("clocks", {**MARKS, "is_odd": False}, days) == (
        f"{fine} mail keeps days only: the order within a day is lost."
    )
    assert said("clocks", {**MARKS, "hour_share": 0.12, "is_odd": True}).startswith(
        "12 % of the times of web stand exactly on a whole hour, far more than chance gives:"
    )
    assert "exactly at midnight (UTC)" in said(
        "clocks", {**MARKS, "hour_share": 0.05, "midnight_share": 0.04, "is_odd": True}
    )


def test_bots_are_suspected_by_a_rule_that_is_told():
    rule = "100 moments or more within 24 hours, or half or more of at least 20 pauses shorter than 1 second"
    assert said("bots", {**PART, "customers": 26}, **PACE) == (
        "26 customers act at a pace that no person keeps, and 7.4 % of all events are theirs (n = 5,122). They are "
        f"flagged, not removed. Such a pace: {rule}."
    )
    nobody = {**PART, "customers": 0, "events": 0, "estimate": 0.0}
    assert said("bots", nobody, **PACE) == f"No customer acts at a pace that no person keeps: {rule} (n = 5,122)."


@pytest.mark.parametrize("form", ["anonymous", "ties", "bots"])
def test_fewer_than_ten_customers_are_no_more_than_that_on_a_shared_page(form):
    text = said(form, {**PART, "customers": 4, "events": 7}, audience="shared", **PACE)
    assert text.startswith("Fewer than 10 customers")
    assert "7.4" not in text


def test_what_does_not_apply_says_why():
    frame = pd.DataFrame(columns=FORMS["finding"]["late"])
    frame.attrs["not_applicable"] = "no source says when"
    assert words.sentence(record.make("finding", "late", frame)) == "Not applicable: no source says when."


def test_every_sentence_of_the_review_has_a_purpose():
    assert set(trust.SENTENCES) == set(trust.PURPOSES) == trust.ALWAYS


def test_a_counted_share_is_called_so():
    html = markup.number(record.make("number", "anonymous_share", pd.DataFrame([PART]), counted=True))
    assert "7.4\u202f%" in html
    assert words.CHROME["counted"] in html
    records = markup.number(record.make("number", "records", pd.DataFrame({"estimate": [157_621]})))
    assert "157,621" in records
    assert words.CHROME["counted"] in records


def table(form, frame, audience="shared"):
    made = {**record.make("table", form, frame), "notebook": "review"}
    return markup.table({**judge([made], audience=audience)["records"][0], "audience": audience})


def test_warnings_are_a_list_and_every_name_in_them_is_escaped():
    html = table("warnings", pd.DataFrame({"warning": ["2 of 9 times of <b>web\u202e are days", "one id holds half"]}))
    assert html.count("<li>") == 2
    assert "&lt;b&gt;web‹U+202E›" in html
    assert table("warnings", pd.DataFrame(columns=["warning"])) == "<p>The load warned of nothing.</p>"


def test_an_empty_table_that_is_an_answer_says_so():
    assert table("reasons", pd.DataFrame(columns=["rule", "rows"])) == "<p>No record was set aside.</p>"
    assert table("gaps", pd.DataFrame(columns=["channel"])) == ""


def test_codes_of_a_column_become_words_and_names_from_data_do_not():
    html = table("known", pd.DataFrame([{"known_by": "before", **PART}]))
    assert "the person seen on its device before" in html
    assert "before" in table("channels", pd.DataFrame([{"channel": "before", "n": 40, "events": 50}]))
