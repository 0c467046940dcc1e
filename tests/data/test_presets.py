from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

import journeylib
from journeylib import engine
from journeylib.data import mapping, presets
from journeylib.errors import MappingError, SourceError

EXPORTS = Path(__file__).parent / "presets"
FILES = {
    "segment": "segment.jsonl",
    "ga4": "ga4.jsonl",
    "amazon_connect": "amazon_connect.jsonl",
    "qualtrics": "qualtrics.csv",
    "xes": "xes.xes",
}


def _mapping(tmp_path, preset, more="", *, file=None):
    text = f'preset = "{preset}"\npath = "{EXPORTS / (file or FILES[preset])}"\n{more}'
    (tmp_path / "mapping.toml").write_text(text, encoding="utf-8")
    return tmp_path / "mapping.toml"


def _source(tmp_path, preset, more=""):
    [source] = mapping.read(_mapping(tmp_path, preset, more)).sources
    return source


def _load(tmp_path, preset, more="", *, file=None):
    done = journeylib.load(mapping=_mapping(tmp_path, preset, more, file=file), store=tmp_path / "store")
    counts = tuple(done[name] for name in ["records_in", "accepted", "quarantined", "duplicates"])
    events = engine.collect(journeylib.open_store(tmp_path / "store").events, order_by=["occurred_us", "customer_id"])
    return counts, events


def _rows(events, *columns):
    shown = events[[*columns]].astype(object)
    return [tuple(row) for row in shown.where(shown.notna(), None).to_numpy().tolist()]


def _us(text):
    """Microseconds of a time in UTC, by other arithmetic than the engine's."""
    since = datetime.fromisoformat(text).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def test_every_preset_has_a_head_and_a_fixture():
    assert sorted(FILES) == presets.names()
    for name in presets.names():
        text = (Path(presets.__file__).parent / f"{name}.toml").read_text(encoding="utf-8")
        assert text.startswith("# ")
        assert "What to change" in text


@pytest.mark.parametrize("preset", sorted(FILES))
def test_a_preset_is_a_whole_mapping_but_for_its_path(tmp_path, preset):
    source = _source(tmp_path, preset)
    block = f'[[source]]\npreset = "{preset}"\npath = "{EXPORTS / FILES[preset]}"\n'
    (tmp_path / "long.toml").write_text(block, encoding="utf-8")
    assert mapping.read(tmp_path / "long.toml").sources == (source,)
    assert source.name == preset


def test_an_unknown_preset_is_refused_naming_those_there_are():
    message = r'^the mapping: the source: preset = "segmnt" is unknown\. There are: amazon_connect, ga4, .*, xes\.$'
    with pytest.raises(MappingError, match=message):
        mapping.read({"preset": "segmnt", "path": str(EXPORTS / "segment.jsonl")})


def test_what_the_mapping_says_overrides_the_preset_setting_by_setting(tmp_path):
    more = '[columns]\nscore = "Q7"\n[constants]\nchannel = "survey"\n[time]\nzone = "America/Denver"\n'
    source = _source(tmp_path, "qualtrics", more)
    assert source.columns["score"] == ("Q7",)
    assert source.columns["event_id"] == ("ResponseId",)
    assert "channel" not in source.columns
    assert source.constants == {"touchpoint": "survey answered", "score_type": "nps", "channel": "survey"}
    assert (source.time_format, source.zone, source.header_rows) == ("iso", "America/Denver", 3)


def test_a_column_takes_the_place_of_a_presets_constant_and_an_empty_list_takes_a_column_away(tmp_path):
    source = _source(tmp_path, "qualtrics", '[columns]\ntouchpoint = "Survey"\nscore = []\n')
    assert source.columns["touchpoint"] == ("Survey",)
    assert source.constants == {"score_type": "nps"}
    assert "score" not in source.columns


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("[columns]\nscor = 'Q1'\n", r'\[columns\] says "scor", which means nothing there\. Did you mean "score"'),
        ("[columns]\nreason = []\n", r"reason = \[\] names no column"),
        ("[columns]\nreason = 5\n", "reason = 5 names no column"),
        ("columns = 5\n", "columns = 5 is not a table"),
        ("[columns]\ncustomer_id = []\n", "customer_id is not mapped"),
        ("[columns]\nreason = 'a'\n[constants]\nreason = 'b'\n", "reason is both a column and a constant"),
    ],
)
def test_mistakes_beside_a_preset_are_told_as_ever(tmp_path, more, message):
    with pytest.raises(MappingError, match=message):
        _source(tmp_path, "qualtrics", more)


def test_a_file_may_lack_the_presets_columns_that_are_not_needed(tmp_path):
    source = _source(tmp_path, "amazon_connect")
    assert source.may_lack == {"ContactId", "DisconnectTimestamp", "Queue.Name", "LastUpdateTimestamp"}
    needed = ["CustomerEndpoint.Address", "InitiationTimestamp", "InitiationMethod", "Channel"]
    assert source.missing(needed) == []
    assert source.missing(needed[1:]) == ["CustomerEndpoint.Address"]


def test_of_several_columns_for_a_needed_one_a_file_must_have_one(tmp_path):
    source = _source(tmp_path, "segment")
    assert source.missing(["anonymousId", "timestamp", "event", "channel"]) == []
    assert source.missing(["timestamp", "event", "channel"]) == ["userId", "anonymousId"]


def test_a_column_that_the_mapping_names_itself_may_not_be_missing(tmp_path):
    source = _source(tmp_path, "qualtrics", '[columns]\ntext = "Q1"\n')
    assert "Q1" in source.missing(["RecordedDate", "ExternalReference", "DistributionChannel"])


def test_segments_events_count_once_each_with_the_device_that_became_a_person(tmp_path):
    counts, events = _load(tmp_path, "segment", '[identity]\nmode = "replay"\n')
    assert counts == (7, 5, 0, 2)
    assert _rows(events, "event_id", "occurred_us", "customer_id", "touchpoint", "channel", "known_by") == [
        ("segment:m1", _us("2026-01-05T09:00:00.123"), "00123", "Home", "analytics.js", "after"),
        ("segment:m2", _us("2026-01-05T09:00:10"), "00123", "identify", "analytics.js", "itself"),
        ("segment:m3", _us("2026-01-05T09:05:00.123456"), "00123", "Order Completed", "analytics.js", "itself"),
        ("segment:m4", _us("2026-01-05T10:00:00"), "123", "Ticket Opened", "server", "itself"),
        ("segment:m5", _us("2026-01-06T00:00:00.000001"), "device:d2", "Start", "analytics-ios", "device"),
    ]
    assert _rows(events.dropna(subset="revenue_minor"), "revenue_minor", "currency") == [(1999, "EUR")]


def test_segments_events_as_csv_name_nested_fields_by_their_path(tmp_path):
    counts, events = _load(tmp_path, "segment", '[columns]\nreason = "context.page.path"\n', file="segment.csv")
    assert counts == (4, 3, 0, 1)
    assert _rows(events, "occurred_us", "customer_id", "channel", "revenue_minor", "reason") == [
        (_us("2026-01-05T09:00:00.123"), "device:d1", "web", None, "/"),
        (_us("2026-01-05T09:05:00.123456"), "00123", "web", 1999, "/cart, paid"),
        (_us("2026-01-05T10:00:00"), "123", "server", None, None),
    ]


def test_a_preset_may_be_all_that_the_mapping_says(tmp_path):
    done = journeylib.load(EXPORTS / "segment.csv", mapping={"preset": "segment"}, store=tmp_path / "store")
    assert (done["records_in"], done["accepted"], done["duplicates"]) == (4, 3, 1)


def test_ga4s_microseconds_are_read_as_text_and_as_numbers_and_exact_copies_count_once(tmp_path):
    counts, events = _load(tmp_path, "ga4", '[identity]\nmode = "live"\n')
    assert counts == (6, 4, 0, 2)
    assert _rows(events, "occurred_us", "customer_id", "touchpoint", "channel", "revenue_minor", "currency") == [
        (_us("2026-01-05T08:00:00.123456"), "device:77.1", "page_view", "WEB", None, "USD"),
        (_us("2026-01-05T08:00:00.123456"), "device:77.2", "page_view", "WEB", None, "USD"),
        (_us("2026-01-05T08:00:01.000001"), "00123", "page_view", "WEB", None, "USD"),
        (_us("2026-01-05T08:01:00"), "00123", "purchase", "WEB", 1999, "USD"),
    ]


def test_of_amazon_connects_records_of_one_contact_the_latest_counts(tmp_path):
    counts, events = _load(tmp_path, "amazon_connect")
    assert counts == (6, 3, 0, 3)
    assert _rows(events, "event_id", "occurred_us", "ended_us", "customer_id", "touchpoint", "channel", "resource") == [
        (
            "amazon_connect:c1", _us("2026-01-05T08:00:00"), _us("2026-01-05T08:07:30"),
            "+4930123456", "INBOUND", "VOICE", "Refunds",
        ),
        (
            "amazon_connect:c3", _us("2026-01-05T08:07:31"), _us("2026-01-05T08:19:00"),
            "+4930123456", "TRANSFER", "VOICE", "Refunds",
        ),
        (
            "amazon_connect:c2", _us("2026-01-05T09:00:00.123456"), _us("2026-01-05T09:15:00"),
            "ann@example.org", "API", "CHAT", None,
        ),
    ]  # fmt: skip
    assert events["updated_us"].tolist()[0] == _us("2026-01-05T08:30:00")


def test_qualtrics_answers_stand_below_three_header_rows_in_their_own_zone(tmp_path):
    more = '[columns]\ntext = "Q2"\n[time]\nzone = "America/Denver"\n'
    counts, events = _load(tmp_path, "qualtrics", more)
    assert counts == (4, 3, 0, 1)
    assert _rows(events, "occurred_us", "customer_id", "channel", "score", "score_type", "text") == [
        (_us("2026-01-05T09:04:06"), "00123", "email", 9.0, "nps", "Fast,\nfriendly"),
        (_us("2026-01-05T10:01:01"), "123", "email", 0.0, "nps", None),
        (_us("2026-07-01T09:01:01"), "123", "anonymous", 8.0, "nps", '"better"'),
    ]
    assert set(events["touchpoint"]) == {"survey answered"}


def test_an_xes_log_gives_its_cases_as_customers(tmp_path):
    counts, events = _load(tmp_path, "xes")
    assert counts == (6, 4, 0, 2)
    assert _rows(events, "event_id", "occurred_us", "customer_id", "touchpoint", "channel", "resource") == [
        ("xes:e1", _us("2026-01-05T10:02:00"), "00123", "register request", "process", "Pete"),
        ("xes:e2", _us("2026-01-05T10:02:00.123456"), "00123", "examine", "process", "Sue"),
        ("xes:e4", _us("2026-01-05T15:00:00.5"), "123", "register request", "process", "Pete"),
        ("xes:e3", _us("2026-01-06T00:00:00"), "00123", "decide", "process", "Sara"),
    ]


def test_a_csv_without_a_column_that_the_preset_needs_is_refused_by_name(tmp_path):
    (tmp_path / "some.csv").write_text("messageId,userId,timestamp,event\nm1,ann,2026-01-05T09:00:00Z,view\n")
    with pytest.raises(SourceError, match=r"some\.csv lacks channel, context\.library\.name; it has messageId"):
        journeylib.load(tmp_path / "some.csv", mapping={"preset": "segment"}, store=tmp_path / "store")
