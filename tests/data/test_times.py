from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import journeylib
from journeylib import engine
from journeylib.data import check

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOON_US = 1767268800000000


def read(*texts, zone=None, form="iso"):
    """Of each text its time in UTC, its fault and its precision."""
    frame = pd.DataFrame({"at": pd.array(texts, "string"), "place": range(len(texts))})
    table = engine.instant(engine.from_frame(frame), "at", "us", form=form, zone=zone)
    found = engine.collect(table.select("place", "us", "us_fault", "us_precision"), order_by=["place"])
    times = [None if pd.isna(us) else str(datetime.fromtimestamp(us / 1e6, UTC))[:16] for us in found["us"]]
    faults = [None if pd.isna(fault) else fault for fault in found["us_fault"]]
    return list(zip(times, faults, found["us_precision"].tolist(), strict=True))


def millionths(*texts):
    frame = pd.DataFrame({"text": pd.array(texts, "string"), "place": range(len(texts))})
    table = engine.decimal(engine.from_frame(frame), "text", "micro").select("place", "micro")
    return [None if pd.isna(one) else int(one) for one in engine.collect(table, order_by=["place"])["micro"]]


ARROW = [
    *(
        (pa.array([NOON], pa.timestamp(unit, zone)), NOON_US)
        for unit in ["s", "ms", "us", "ns"]
        for zone in [None, "UTC", "Asia/Tokyo"]
    ),
    *((pa.array([date(2026, 1, 1)], kind), NOON_US - 43_200_000_000) for kind in [pa.date32(), pa.date64()]),
]


@pytest.mark.parametrize(("times", "micro"), ARROW, ids=lambda each: str(getattr(each, "type", "")))
def test_a_time_of_every_arrow_type_is_loaded_and_its_suggested_mapping_accepts_it(tmp_path, times, micro):
    cells = {"event_id": ["1"], "customer_id": ["ann"], "occurred_at": times, "event": ["view"], "channel": ["web"]}
    pq.write_table(pa.table(cells), tmp_path / "events.parquet")
    answer = check.check(tmp_path / "events.parquet")
    assert (answer["accepted"], answer["would_reject"]) == (1, {})
    columns = {name: name for name in ["event_id", "customer_id", "occurred_at", "channel"]} | {"touchpoint": "event"}
    said = {"columns": columns, "time": {"zone": "UTC"}, "identity": {"mode": "replay"}}
    journeylib.load(tmp_path / "events.parquet", mapping=said, store=tmp_path / "store")
    assert engine.collect(journeylib.open_store(tmp_path / "store").events)["occurred_us"].tolist() == [micro]


def test_times_of_pandas_with_a_zone_are_loaded(tmp_path):
    frame = pd.DataFrame({"customer_id": ["ann"], "event": ["view"], "channel": ["web"]})
    frame["at"] = pd.Series([NOON], dtype="datetime64[ns, Europe/Berlin]")
    columns = {"customer_id": "customer_id", "occurred_at": "at", "touchpoint": "event", "channel": "channel"}
    journeylib.load(frame, mapping={"columns": columns, "identity": {"mode": "replay"}}, store=tmp_path / "store")
    assert engine.collect(journeylib.open_store(tmp_path / "store").events)["occurred_us"].tolist() == [NOON_US]


@pytest.mark.parametrize(
    ("day", "zone", "first"),
    [
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04 03:00"),  # midnight was skipped
        ("2025-11-02", "America/Havana", "2025-11-02 04:00"),  # midnight was shown twice
        ("2025-03-30", "Europe/Berlin", "2025-03-29 23:00"),  # moved later that day
    ],
)
def test_a_date_is_the_first_instant_of_its_day(day, zone, first):
    assert read(day, zone=zone) == [(first, None, "day")]


def test_a_day_that_was_skipped_whole_is_no_time():
    [(_, fault, _)] = read("2011-12-30", zone="Pacific/Apia")
    assert fault == "gap"


@pytest.mark.parametrize(
    ("text", "zone", "second"),
    [
        ("2025-10-26 02:30:00", "Europe/Berlin", "2025-10-26 01:30"),
        ("2025-04-06 01:45:00", "Australia/Lord_Howe", "2025-04-05 15:15"),  # half an hour
        ("2025-10-26 01:30:00", "Antarctica/Troll", "2025-10-26 01:30"),  # two hours
    ],
)
def test_a_time_shown_twice_is_found_however_far_the_clocks_moved(text, zone, second):
    assert read(text, zone=zone) == [(second, None, "ambiguous")]


@pytest.mark.parametrize(
    "text", ["2025-10-26 01:59:59", "2025-10-26 03:00:00", "2025-10-25 02:30:00", "2025-10-27 02:30:00"]
)
def test_a_time_near_a_change_that_was_shown_once_is_exact(text):
    [(_, fault, precision)] = read(text, zone="Europe/Berlin")
    assert (fault, precision) == (None, "exact")


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("2025-03-30 02:30:00", "Europe/Berlin"),
        ("2025-10-05 02:15:00", "Australia/Lord_Howe"),
        ("2018-11-04 00:30:00", "America/Sao_Paulo"),
    ],
)
def test_a_time_of_day_that_was_skipped_is_a_fault(text, zone):
    [(_, fault, _)] = read(text, zone=zone)
    assert fault == "gap"


@pytest.mark.parametrize(
    ("form", "text", "precision"),
    [
        ("%Y-%m-%d %T", "2026-01-01 12:00:00", "exact"),
        ("%Y-%m-%d %X", "2026-01-01 12:00:00", "exact"),
        ("%c", "2026-01-01 12:00:00", "exact"),
        ("%Y-%m-%d %-H:%M", "2026-01-01 12:00", "exact"),
        ("%Y-%m-%d %I %p", "2026-01-01 12 PM", "exact"),
        ("%Y-%m-%d %%H", "2026-01-01 %H", "day"),
        ("%x", "2026-01-01", "day"),
    ],
)
def test_a_format_with_a_time_of_day_is_exact(form, text, precision):
    hour = "12:00" if precision == "exact" else "00:00"
    assert read(text, form=form, zone="UTC") == [(f"2026-01-01 {hour}", None, precision)]


@pytest.mark.parametrize(
    "text", ["2026-01-01 10:00:00 NZ", "2026-01-01 10:00:00NZ", "2026-01-01T10:00:00 America/La_PaZ"]
)
def test_the_name_of_a_zone_that_ends_in_z_is_not_read(text):
    assert read(text, zone="UTC") == [(None, None, "exact")]


def test_a_z_counts_with_and_without_a_blank():
    assert [time for time, _, _ in read("2026-01-01 10:00:00Z", "2026-01-01T10:00 Z", "2026-01-01T10:00:00.5Z")] == [
        "2026-01-01 10:00"
    ] * 3


def test_numbers_are_read_exactly_and_underscores_are_none():
    assert millionths("1000", "1_000", "-0.000001", "9007199254740.99", "1e3") == [
        1_000_000_000, None, -1, 9_007_199_254_740_990_000, 1_000_000_000
    ]  # fmt: skip


@pytest.mark.parametrize(
    "column", ["event_id", "customer_id", "device", "touchpoint", "channel", "stage", "reason", "resource"]
)
@pytest.mark.parametrize(("length", "reasons"), [(1000, {}), (1001, {"long_name": 1})])
def test_no_id_and_no_name_is_longer_than_a_thousand_characters(tmp_path, column, length, reasons):
    names = ["event_id", "customer_id", "device", "at", "touchpoint", "channel", "stage", "reason", "resource"]
    row = {name: name for name in names} | {"at": "2026-01-01T10:00:00Z"}
    rows = [row | {"event_id": "1"}, row | {"event_id": "2"} | {column: "é" * length}]
    pd.DataFrame(rows).to_csv(tmp_path / "events.csv", index=False)
    columns = {name: name for name in names if name not in {"at", "device"}}
    columns |= {"occurred_at": "at", "customer_id": ["customer_id", "device"]}
    said = {"columns": columns, "identity": {"mode": "replay"}, "limits": {"quarantined_share": 0.9}}
    assert journeylib.load(tmp_path / "events.csv", mapping=said, store=tmp_path / "store")["reasons"] == reasons


@pytest.mark.parametrize(
    ("signed", "ended", "reasons"),
    [
        ("1970-01-01", "", {"zero_time": 1}),
        ("", "1970-01-01", {"zero_time": 1}),
        ("2999-01-01", "", {"future_time": 1}),
        ("2025-01-01", "2999-01-01", {}),
        ("1970-01-03", "", {}),
    ],
)
def test_a_sign_up_is_neither_the_zero_of_computers_nor_in_the_future(company, tmp_path, signed, ended, reasons):
    rows = f"id,plan,from,to\n1,annual,{signed},{ended}\n"
    mapping = company("1,1,d,2026-01-01T10:00:00Z,,view,web", customers=rows)
    assert journeylib.load(mapping=mapping, store=tmp_path / "store")["reasons"] == reasons


def test_a_timestamp_at_the_end_of_all_time_is_unreadable_and_stops_nothing():
    times = pa.table({"at": pa.array([2**63 - 2, NOON_US], pa.timestamp("us")), "place": [0, 1]})
    table = engine.instant(engine.from_frame(times.to_pandas()), "at", "us", form="iso", zone="Europe/Berlin")
    found = engine.collect(table.select("place", "us"), order_by=["place"])
    assert [None if pd.isna(us) else int(us) for us in found["us"]] == [None, NOON_US - 3_600_000_000]
