from __future__ import annotations

import pandas as pd
import pytest

from journeylib.data import columns, draft, suggest

EVENT = {
    "user_id": ["7", "7"],
    "timestamp": ["2026-01-05T10:00:00Z"] * 2,
    "event": ["view", "buy"],
    "channel": ["web"] * 2,
}


def suggested(**texts):
    return suggest.suggest(columns.describe(pd.DataFrame(texts, dtype=object)), source="may")


def written(**texts):
    return draft.written(suggested(**texts), path="may.csv", head="From may.csv.")


def test_columns_are_recognised_whatever_their_case_and_marks():
    made = suggested(**{"User ID": ["7"], "createdAt": ["2026-01-05"], "EVENT_NAME": ["view"], "platform": ["ios"]})
    assert made.columns == {
        "customer_id": ("User ID",), "occurred_at": ("createdAt",), "touchpoint": ("EVENT_NAME",),
        "channel": ("platform",),
    }  # fmt: skip
    assert made.lacks == []


def test_a_device_is_trusted_less_than_a_person():
    made = suggested(**EVENT, device_id=["d1", "d1"])
    assert made.columns["customer_id"] == ("user_id", "device_id")


def test_a_device_alone_is_a_customer():
    assert suggested(anonymousId=["d1"]).columns["customer_id"] == ("anonymousId",)


def test_a_time_of_an_unusual_name_is_recognised_by_its_texts():
    assert suggested(user_id=["7"], Zeitpunkt=["05.13.2026"]).columns["occurred_at"] == ("Zeitpunkt",)


def test_a_column_whose_texts_do_not_fit_its_name_is_not_taken():
    made = suggested(**EVENT, revenue=["much", "little"], ended_at=["soon", "late"])
    assert {"revenue", "ended_at"}.isdisjoint(made.columns)


def test_an_event_id_that_comes_again_and_again_is_none():
    made = suggested(id=["1"] * 30, **{name: texts * 15 for name, texts in EVENT.items()})
    assert "event_id" not in made.columns
    assert made.notes == ["no column has the usual name of an event id, so equal rows count as so many events."]


def test_a_column_that_could_be_the_event_id_is_named():
    made = suggested(hit=[f"h{place}" for place in range(30)], **{name: texts * 15 for name, texts in EVENT.items()})
    assert made.notes[0].endswith("Is it hit, where hardly a value comes twice?")


def test_where_nothing_tells_the_day_from_the_month_both_formats_are_offered_and_one_must_be_declared():
    made = suggested(**{**EVENT, "timestamp": ["05/06/2026 10:00", "07/08/2026 11:00"]})
    assert made.lacks == ["format"]
    assert made.notes[0] == (
        "timestamp: does the day come first, or the month? No value above 12 tells. Declare it: format."
    )
    assert (
        '# format = "%d/%m/%Y %H:%M"   # day first: keep the right one of the two\n'
        '# format = "%m/%d/%Y %H:%M"   # month first: keep the right one of the two\n'
        in written(**{**EVENT, "timestamp": ["05/06/2026 10:00", "07/08/2026 11:00"]})
    )


def test_another_time_column_may_prove_the_order_of_day_and_month():
    made = suggested(**{**EVENT, "timestamp": ["05/06/2026", "07/08/2026"], "ended_at": ["15/06/2026", "17/08/2026"]})
    assert (made.formats, made.lacks) == (("%d/%m/%Y",), [])


def test_a_time_that_is_written_otherwise_than_the_main_one_is_left_out():
    made = suggested(**EVENT, ended_at=["1767607200", "1767607200"])
    assert "ended_at" not in made.columns
    assert "ended_at is left out: it is not written as timestamp is." in made.notes


def test_a_decimal_comma_is_declared():
    assert suggested(**EVENT, revenue=["12,50", "3,10"]).file == {"decimal": ","}


def test_a_comma_between_thousands_is_said_to_be_unread():
    made = suggested(**EVENT, revenue=["1,234.50", "3.10"])
    assert (made.file, made.notes[-1]) == (
        {}, "some numbers hold a comma between thousands, which is not read. Export them without."
    )  # fmt: skip


def test_the_type_of_a_score_is_taken_from_its_name_or_asked_for():
    assert suggested(**EVENT, nps=["9", "10"]).constants == {"score_type": "nps"}
    assert '# score_type = "nps"   # nps is 0 to 10' in written(**EVENT, rating=["4", "5"])


def test_a_missing_channel_is_the_name_of_the_file():
    made = suggested(**{name: texts for name, texts in EVENT.items() if name != "channel"})
    assert (made.constants, made.lacks) == ({"channel": "may"}, ["channel"])


def test_a_zone_is_asked_for_where_times_lack_an_offset():
    assert "zone" not in written(**EVENT)
    local = written(**{**EVENT, "timestamp": ["2026-01-05 10:00"] * 2})
    assert 'zone = "UTC"   # some times have no offset: say their zone' in local


@pytest.mark.parametrize(
    ("texts", "preset"),
    [
        ({"messageId": ["m"], "userId": ["7"], "anonymousId": ["a"], "timestamp": ["2026-01-05T10:00:00Z"],
          "event": ["view"], "channel": ["web"]}, "segment"),
        ({"user_id": ["7"], "user_pseudo_id": ["1.2"], "event_timestamp": ["1767607200000000"], "event_name": ["view"],
          "platform": ["WEB"]}, "ga4"),
        ({"ContactId": ["c"], "CustomerEndpoint.Address": ["+1"], "InitiationTimestamp": ["2026-01-05T10:00:00Z"],
          "InitiationMethod": ["INBOUND"], "Channel": ["VOICE"], "LastUpdateTimestamp": ["2026-01-05T10:00:00Z"]},
         "amazon_connect"),
        ({"ResponseId": ["R"], "ExternalReference": ["7"], "RecordedDate": ["2026-01-05 10:00"],
          "DistributionChannel": ["email"], "Q1": ["9"]}, "qualtrics"),
        ({"case:concept:name": ["7"], "concept:name": ["view"], "time:timestamp": ["2026-01-05T10:00:00Z"]}, "xes"),
        (EVENT, None),
    ],
)  # fmt: skip
def test_a_known_export_is_recognised_by_its_columns(texts, preset):
    assert suggested(**texts).preset == preset


def test_a_preset_is_completed_by_columns_that_it_does_not_know():
    known = {"messageId": ["m"], "userId": ["7"], "anonymousId": ["a"], "timestamp": ["2026-01-05T10:00:00Z"]}
    made = suggested(**known, event=["view"], channel=["web"], revenue=["1.5"], currency=["EUR"])
    assert (made.preset, made.columns) == ("segment", {"revenue": ("revenue",), "currency": ("currency",)})


def test_one_row_a_customer_with_a_sign_up_is_a_source_of_customers():
    made = suggested(
        id=["1", "2"], plan=["a", "b"], name=["Ann", "Bob"], signed_up=["x", "y"], joined=["2026-01-05"] * 2
    )
    assert (made.kind, made.columns) == ("customers", {"customer_id": ("id",), "signed_up_on": ("joined",)})
    assert '[source.attributes]   # take those that segments need\n# plan = "plan"' in written(
        id=["1", "2"], plan=["a", "b"], joined=["2026-01-05"] * 2
    )


def test_many_rows_a_customer_are_events_though_their_time_is_called_created_at():
    made = suggested(user_id=["7"] * 20, created_at=["2026-01-05"] * 20, type=["view", "buy"] * 10)
    assert (made.kind, made.columns["touchpoint"]) == ("events", ("type",))


def test_a_first_line_of_values_is_no_header():
    assert columns.has_no_header(columns.describe(pd.DataFrame(columns=["7", "2026-01-05T10:00:00Z", "view"])))
    assert not columns.has_no_header(columns.describe(pd.DataFrame(EVENT)))


def test_a_hostile_name_is_escaped_in_the_mapping():
    made = suggest.Suggestion(columns={"text": ('a"\u202eb\\',)})
    assert r'text = "a\"\U0000202Eb\\"' in draft.written(made, path="x", head="h")
