from __future__ import annotations

import os
import subprocess

import pytest

import journeylib
from journeylib import engine
from journeylib.data import quality
from journeylib.errors import BusyError, MappingError, QuarantineError, RefusedError, SourceError

SOUND = [
    "1,,d1,2026-01-01T10:00:00Z,,view,web",
    "2,00123,d1,2026-01-01T10:05:00Z,,signed in,web",
    "3,00123,d1,2026-01-02T10:05:00Z,,order placed,web,12.50,EUR",
    "4,123,d2,2026-01-03T12:00:00Z,,view,app,1200,JPY",
]


def _quarantined(folder):
    return engine.collect(engine.scan(list((folder / "store").glob("snapshots/*/quarantine.parquet"))))


def test_rows_are_accepted_quarantined_or_duplicates_and_add_up(company, tmp_path):
    mapping = company(
        *SOUND,
        SOUND[1],
        "5,123,d2,,,view,app",
        "6,123,d2,1970-01-01T00:00:00Z,,view,app",
        "7,,d3,2026-01-03T12:00:00Z,,view,app,x,EUR",
        "8,123,d2,2026-02-03T12:00:00Z,,view,app",
        "8,123,d2,2026-02-03T12:00:01Z,,view,app",
    )
    answer = journeylib.load(mapping=mapping, store=tmp_path / "store")
    assert (answer["records_in"], answer["accepted"], answer["quarantined"], answer["duplicates"]) == (12, 6, 5, 1)
    assert answer["reasons"] == {"conflict": 2, "no_time": 1, "unreadable_number": 1, "zero_time": 1}


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("1,,,2026-01-01T10:00:00Z,,view,web", "no_customer"),
        ("1,a,d,,,view,web", "no_time"),
        ("1,a,d,2026-01-01T10:00:00,,view,web", "no_zone"),
        ("1,a,d,yesterday,,view,web", "unreadable_time"),
        ("1,a,d,2026-01-01T10:00:00Z,garbage,view,web", "unreadable_time"),
        ("1,a,d,2026-01-01T10:00:00Z,2026-01-01T11:00:00,view,web", "no_zone"),
        ("1,a,d,1970-01-01T05:00:00Z,,view,web", "zero_time"),
        ("1,a,d,0001-01-01T00:00:00Z,,view,web", "implausible_time"),
        ("1,a,d,1899-12-31T23:59:59Z,,view,web", "implausible_time"),
        ("1,a,d,2999-01-01T05:00:00Z,,view,web", "future_time"),
        ("1,a,d,2026-01-01T10:00:00Z,2026-01-01T09:59:59Z,view,web", "ends_before_start"),
        ("1,a,d,2026-01-01T10:00:00Z,, ,web", "no_touchpoint"),
        ("1,a,d,2026-01-01T10:00:00Z,,view,", "no_channel"),
        (f"1,a,d,2026-01-01T10:00:00Z,,{'v' * 1001},web", "long_name"),
        ("1,a,d,2026-01-01T10:00:00Z,,view,web,12 euro,EUR", "unreadable_number"),
        ("1,a,d,2026-01-01T10:00:00Z,,view,web,90071992547409.93,EUR", "large_number"),
        ("1,a,d,2026-01-01T10:00:00Z,,view,web,,,5,stars", "unknown_score_type"),
        ("1,a,d,2026-01-01T10:00:00Z,,view,web,,,11,nps", "off_scale"),
        ("1,a,d,2026-01-01T10:00:00Z,,view,web,,,11,NPS", "off_scale"),
        ("1,a,d,2026-01-01T10:00:00Z,,view,web,,,0,csat", "off_scale"),
        ("1,a,d,2026-01-01T10:00:00Z,,view,web,,,,,,,too many", "ragged"),
        ('1,a,d,2026-01-01T10:00:00Z,,5 "inch" pipe,web,,,,', "stray_quote"),
        ("1,a,d,2026-01-01T10:00:00Z,,vi\0ew,web", "control_character"),
    ],
)
def test_each_rule_rejects_its_row_and_says_how_to_mend_it(company, tmp_path, row, rule):
    answer = journeylib.load(mapping=company("9" + SOUND[0], row), store=tmp_path / "store")
    assert answer["reasons"] == {rule: 1}
    store = journeylib.open_store(tmp_path / "store")
    quarantine = _quarantined(tmp_path)
    assert quarantine[["source", "source_row", "rule"]].to_numpy().tolist() == [["events", 2, rule]]
    assert quarantine["hint"].notna().all()
    assert quarantine["original"][0].startswith(row)
    assert len(engine.collect(store.events)) == 1


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (",annual,2025-01-01,,", "no_customer"),
        ("1,annual,garbage,,", "unreadable_date"),
        ("1,annual,2025-01-01,garbage,", "unreadable_date"),
        ("1,annual,2025-01-01,,garbage", "unreadable_date"),
        ("1,annual,0001-01-01,,", "implausible_time"),
        ("1,annual,2025-01-01,,2025-06-01 10:00:00", "no_zone"),
        ("1,annual,1970-01-01,,", "zero_time"),
        ("1,annual,2999-01-01,,", "future_time"),
        ("1,annual,2025-01-02,2025-01-01,", "ends_before_sign_up"),
    ],
)
def test_each_rule_for_customers_rejects_its_row(company, tmp_path, mapping_text, row, rule):
    mapping = mapping_text.replace('ended_on = "to"', 'ended_on = "to"\nvalid_from = "since"')
    company(*SOUND, mapping=mapping, customers=f"id,plan,from,to,since\n{row}\n")
    assert journeylib.load(mapping=tmp_path / "mapping.toml", store=tmp_path / "store")["reasons"] == {rule: 1}


def test_a_latest_version_that_cannot_be_told_is_rejected(company, tmp_path, mapping_text):
    mapping = company(
        "1,a,d,2026-01-01T10:00:00Z,,view,web,,,,garbage",
        "2,a,d,2026-01-01T10:00:00Z,,view,web,,,,2026-01-01T10:00:00Z",
        mapping=mapping_text.replace('score_type = "score_type"', 'updated_at = "score_type"'),
    )
    assert journeylib.load(mapping=mapping, store=tmp_path / "store")["reasons"] == {"unreadable_time": 1}


def test_every_rule_has_its_row_in_these_tests():
    named = {
        rule
        for test in [
            test_each_rule_rejects_its_row_and_says_how_to_mend_it,
            test_each_rule_for_customers_rejects_its_row,
        ]
        for mark in test.pytestmark
        for _, rule in mark.args[1]
    }
    elsewhere = {"skipped_time", "conflict", "erased", "broken_json"}
    assert {rule.name for rule in quality.ALL} == named | elsewhere


def test_a_local_time_that_the_clocks_skipped_is_rejected_and_one_shown_twice_is_marked(
    company, tmp_path, mapping_text
):
    zoned = '[source.time]\nzone = "Europe/London"\n[[source]]\nkind = "customers"'
    mapping = company(
        "1,a,d,2026-03-29 01:30:00,,view,web",
        "2,a,d,2025-10-26 01:30:00,,view,web",
        "3,a,d,2026-06-01 12:00:00,,view,web",
        mapping=mapping_text.replace('[[source]]\nkind = "customers"', zoned, 1),
    )
    answer = journeylib.load(mapping=mapping, store=tmp_path / "store")
    assert answer["reasons"] == {"skipped_time": 1}
    events = engine.collect(journeylib.open_store(tmp_path / "store").events, order_by=["event_id"])
    assert events["time_precision"].tolist() == ["ambiguous", "exact"]
    assert events["occurred_us"].iloc[1] == 1780311600000000  # 11:00 UTC: London is an hour ahead in June


def test_ids_stay_text_so_leading_zeros_make_another_customer(company, tmp_path):
    journeylib.load(mapping=company(*SOUND), store=tmp_path / "store")
    events = engine.collect(journeylib.open_store(tmp_path / "store").events, order_by=["event_id"])
    assert events["customer_id"].tolist() == ["00123", "00123", "00123", "123"]
    assert events["known_by"].tolist() == ["after", "itself", "itself", "itself"]


def test_revenue_is_kept_in_minor_units_of_its_currency(company, tmp_path):
    journeylib.load(mapping=company(*SOUND), store=tmp_path / "store")
    events = engine.collect(journeylib.open_store(tmp_path / "store").events, order_by=["event_id"])
    assert events["revenue_minor"].tolist()[2:] == [1250, 1200]  # 12.50 euros in cents, 1,200 yen in yen


def test_loading_the_same_again_changes_nothing_and_says_so(company, tmp_path):
    mapping = company(*SOUND)
    journeylib.load(mapping=mapping, store=tmp_path / "store")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "store").rglob("*.parquet")}
    assert journeylib.load(mapping=mapping, store=tmp_path / "store")["status"] == "already loaded"
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "store").rglob("*.parquet")} == before


def test_the_fingerprint_does_not_depend_on_the_order_of_rows(company, tmp_path):
    fingerprints = set()
    for place, rows in enumerate([SOUND, SOUND[::-1]]):
        journeylib.load(mapping=company(*rows), store=tmp_path / f"store{place}")
        fingerprints.add(journeylib.open_store(tmp_path / f"store{place}").facts["fingerprint"])
    assert len(fingerprints) == 1
    journeylib.load(mapping=company(*SOUND[:3]), store=tmp_path / "store2")
    assert journeylib.open_store(tmp_path / "store2").facts["fingerprint"] not in fingerprints


def test_too_many_unfit_rows_leave_the_store_as_it_was(company, tmp_path, mapping_text):
    strict = mapping_text.replace("0.9", "0.05")
    journeylib.load(mapping=company(*SOUND, mapping=strict), store=tmp_path / "store")
    before = (tmp_path / "store" / "manifest.json").read_bytes()
    said = r"2 of 8 rows are unfit, 25.0%; the limit is 5.0%.*2 rows of events: .*no_time"
    with pytest.raises(QuarantineError, match=said) as raised:
        journeylib.load(mapping=company(*SOUND, "5,a,d,,,v,w", "6,a,d,,,v,w", mapping=strict), store=tmp_path / "store")
    assert raised.value.exit_code == 3
    assert (tmp_path / "store" / "manifest.json").read_bytes() == before
    assert not list((tmp_path / "store").glob(".staging-*"))


def test_an_unclosed_quote_loses_no_row_in_silence(company, tmp_path):
    broken = '3,"00123,d1,2026-01-02T10:05:00Z,,order,web,,,,'
    answer = journeylib.load(mapping=company(*SOUND[:2], broken, *SOUND[3:]), store=tmp_path / "store")
    assert (answer["records_in"], answer["accepted"], answer["reasons"]) == (6, 5, {"stray_quote": 1})
    assert _quarantined(tmp_path)[["line", "original"]].to_numpy().tolist() == [[4, broken]]


def test_a_store_that_is_being_loaded_is_busy(company, tmp_path):
    from journeylib.data import store

    mapping = company(*SOUND)
    with store.locked(tmp_path / "store"), pytest.raises(BusyError, match="another load holds"):
        journeylib.load(mapping=mapping, store=tmp_path / "store")


def test_every_mistake_of_a_mapping_is_named_at_once(company, tmp_path, mapping_text):
    broken = (
        mapping_text.replace('touchpoint = "what"', 'tuchpoint = "what"')
        .replace("replay", "guess")
        .replace("events.csv", "x.csv")
    )
    with pytest.raises(MappingError) as raised:
        journeylib.load(mapping=company(*SOUND, mapping=broken), store=tmp_path / "store")
    message = str(raised.value)
    assert '"tuchpoint"' in message
    assert 'Did you mean "touchpoint"?' in message
    assert "touchpoint is not mapped" in message
    assert 'mode = "guess" is not offered' in message
    assert '"x.csv" matches no file' in message


def test_a_column_that_the_file_lacks_is_named_with_those_it_has(company, tmp_path, mapping_text):
    with pytest.raises(SourceError, match=r"events\.csv lacks wat; it has id, person, device"):
        journeylib.load(
            mapping=company(*SOUND, mapping=mapping_text.replace('"what"', '"wat"')), store=tmp_path / "store"
        )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a disk")
def test_a_load_says_how_much_room_it_needs_before_it_writes(company, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mapping = company(*SOUND, *(f"{at},a,d,2026-01-01T10:00:00Z,,view,web" for at in range(9, 2000)))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(disk)], check=True)
    try:
        with pytest.raises(RefusedError, match=r"MB are free\. Nothing was written\. Make room"):
            journeylib.load(mapping=mapping, store=disk / "store")
        assert [path.name for path in (disk / "store").rglob("*") if path.is_file()] == [".lock"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)
