from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import journeylib
from journeylib import engine
from journeylib.errors import SourceError

HEAD = "id,person,device,at,until,what,where,amount,currency,score,score_type\n"


def _parquet_mapping(mapping_text, form):
    customers = '[[source]]\nkind = "customers"'
    timed = f'[source.time]\nformat = "{form}"\nzone = "UTC"\n{customers}'
    return mapping_text.replace("events.csv", "events.parquet").replace(customers, timed, 1)


def _table(times):
    count = len(times)
    texts = {name: [None] * count for name in ["device", "until", "amount", "currency", "score", "score_type"]}
    return pa.table(
        {
            "id": [str(place) for place in range(count)],
            "person": ["00123"] * count,
            "at": times,
            "what": ["view"] * count,
            "where": ["web"] * count,
            **{name: pa.array(cells, pa.string()) for name, cells in texts.items()},
        }
    )


@pytest.mark.parametrize(
    ("form", "times"),
    [
        ("epoch_s", [1767225600]),
        ("epoch_ms", [1767225600000]),
        ("epoch_us", [1767225600000000]),
        ("epoch_ns", [1767225600000000000]),
        ("timestamp", pa.array([1767225600000000], pa.timestamp("us"))),
        ("timestamp", pa.array([1767225600000], pa.timestamp("ms", tz="Asia/Jerusalem"))),
        ("iso", pa.array([1767225600000000], pa.timestamp("us"))),
        ("%d/%m/%Y %H:%M", pa.array([1767225600000000000], pa.timestamp("ns"))),
        ("timestamp", ["2026-01-01T02:00:00+02:00"]),
        ("iso", ["2026-01-01T02:00:00+02:00"]),
        ("%d/%m/%Y %H:%M", ["01/01/2026 00:00"]),
    ],
)
def test_every_time_format_gives_the_same_instant(company, mapping_text, tmp_path, form, times):
    mapping = company(mapping=_parquet_mapping(mapping_text, form))
    pq.write_table(_table(times), tmp_path / "events.parquet")
    journeylib.load(mapping=mapping, store=tmp_path / "store")
    events = engine.collect(journeylib.open_store(tmp_path / "store").events)
    assert events["occurred_us"].tolist() == [1767225600000000]


def test_a_number_as_id_is_the_same_customer_as_its_text(company, mapping_text, tmp_path):
    mapping = company(mapping=_parquet_mapping(mapping_text, "epoch_s"))
    table = _table([1767225600]).set_column(1, "person", pa.array([2**60 + 1], pa.int64()))
    pq.write_table(table, tmp_path / "events.parquet")
    journeylib.load(mapping=mapping, store=tmp_path / "store")
    events = engine.collect(journeylib.open_store(tmp_path / "store").events)
    assert events["customer_id"].tolist() == [str(2**60 + 1)]


def test_a_source_of_which_no_event_can_be_accepted_is_refused(company, tmp_path):
    with pytest.raises(SourceError, match="no event can be accepted"):
        journeylib.load(mapping=company("1,00123,,yesterday,,view,web"), store=tmp_path / "store")


def _accepted(mapping, tmp_path, *columns):
    journeylib.load(mapping=mapping, store=tmp_path / "store")
    return engine.collect(journeylib.open_store(tmp_path / "store").events, order_by=["event_id"])[[*columns]]


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T10:00:00Z ",
        " 2026-01-01 10:00:00 UTC",
        "2026-01-01T10:00:00.000GMT",
        "2026-01-01T12:00:00+0200",
        "2026-01-01 12:00 +02:00",
        "2026-01-01T10:00:00.123456789-00",
    ],
)
def test_an_offset_counts_however_it_is_written(company, tmp_path, mapping_text, text):
    mapping = company(f"1,a,d,{text},,view,web", mapping=_zoned(mapping_text, "Asia/Jerusalem"))
    [[occurred]] = _accepted(mapping, tmp_path, "occurred_us").to_numpy().tolist()
    assert occurred // 1_000_000 == 1767261600


@pytest.mark.parametrize(
    "text", ["2026-01-01 10:00:00 Europe/London", "2026-01-01T10:00:00 EST", "2026-01-01+02:00", "2026-1-1", "infinity"]
)
def test_a_text_that_is_no_plain_time_is_not_read_as_a_local_one(company, tmp_path, mapping_text, text):
    mapping = company(
        "1,a,d,2026-01-01,,view,web", f"2,a,d,{text},,view,web", mapping=_zoned(mapping_text, "Europe/London")
    )
    assert journeylib.load(mapping=mapping, store=tmp_path / "store")["reasons"] == {"unreadable_time": 1}


def _zoned(mapping_text, zone):
    head, *blocks = mapping_text.split("[source.columns]")
    return f'[source.time]\nzone = "{zone}"\n[source.columns]'.join([head, *blocks])


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("2026-01-01", "2026-01-01"),
        ("2026-01-01 00:30:00", "2026-01-01"),
        ("2026-01-01T00:30:00+02:00", "2026-01-01"),
        ("2025-12-31T22:30:00Z", "2026-01-01"),
    ],
)
def test_a_customers_date_is_the_calendar_date_in_its_zone(company, tmp_path, mapping_text, written, date):
    customers = f"id,plan,from,to\n1,annual,{written},{written}\n"
    journeylib.load(
        mapping=company(
            "1,1,d,2026-01-01T10:00:00Z,,view,web",
            mapping=_zoned(mapping_text, "Asia/Jerusalem"),
            customers=customers,
        ),
        store=tmp_path / "store",
    )
    table = engine.collect(engine.scan(list((tmp_path / "store").glob("snapshots/*/customers.parquet"))))
    assert table[["signed_up_on", "ended_on"]].astype(str).to_numpy().tolist() == [[date, date]]


def test_a_files_own_columns_may_be_called_like_ours(company, tmp_path, mapping_text):
    text = mapping_text.replace('channel = "where"', 'channel = "source"').replace('"until"', '"original"')
    mapping = company(mapping=text)
    head = "id,person,device,at,original,what,source,amount,currency,score,score_type,row,ids,occurred_us\n"
    rows = "1,ann,d,2026-01-01T10:00:00Z,,view,shop,,,,,x,y,7\n2,ann,d,,,view,shop,,,,,x,y,7\n"
    (tmp_path / "events.csv").write_text(head + rows, encoding="utf-8")
    found = _accepted(mapping, tmp_path, "channel", "source", "customer_id", "occurred_us")
    assert found.to_numpy().tolist() == [["shop", "events", "ann", 1767261600000000]]
    quarantine = engine.collect(engine.scan(list((tmp_path / "store").glob("snapshots/*/quarantine.parquet"))))
    assert quarantine[["line", "original"]].to_numpy().tolist() == [[3, "2,ann,d,,,view,shop,,,,,x,y,7"]]


def test_files_of_one_name_in_two_folders_are_kept_apart(company, tmp_path, mapping_text):
    mapping = company("1,ann,d,2026-01-01T10:00:00Z,,view,web", mapping=mapping_text.replace("events.csv", "*/e.csv"))
    for place, folder in enumerate(["a", "b"]):
        (tmp_path / folder).mkdir()
        row = f"{place},ann,d,2026-01-01T10:00:00Z,,view,web,,,,\n"
        (tmp_path / folder / "e.csv").write_text(HEAD + row, encoding="utf-8")
    assert _accepted(mapping, tmp_path, "event_id", "source").to_numpy().tolist() == [
        ["e:0", "e/a/e.csv"],
        ["e:1", "e/b/e.csv"],
    ]


def test_a_person_is_the_first_filled_of_all_id_columns_but_the_last(company, tmp_path, mapping_text):
    mapping = company(
        "1,,d,2026-01-01T10:00:00Z,,view,web,,,,ann@example.org",
        "2,,d,2026-01-01T10:00:01Z,,view,web",
        mapping=mapping_text.replace('["person", "device"]', '["person", "score_type", "device"]').replace(
            'score_type = "score_type"\n', ""
        ),
    )
    found = _accepted(mapping, tmp_path, "customer_id", "known_by")
    assert found.to_numpy().tolist() == [["ann@example.org", "itself"], ["ann@example.org", "before"]]


def test_score_type_and_currency_count_in_any_case(company, tmp_path):
    mapping = company("1,ann,d,2026-01-01T10:00:00Z,,view,web,1200,jpy,9, NPS")
    found = _accepted(mapping, tmp_path, "score_type", "currency", "revenue_minor")
    assert found.to_numpy().tolist() == [["nps", "JPY", 1200]]


@pytest.mark.parametrize(("form", "number"), [("epoch_us", 2**63 - 1), ("epoch_ms", 2**63 - 1), ("epoch_s", 10**17)])
def test_a_number_beyond_all_time_is_a_row_of_quarantine(company, tmp_path, mapping_text, form, number):
    mapping = company(mapping=_parquet_mapping(mapping_text, form))
    small = {"epoch_us": 1767261600000000, "epoch_ms": 1767261600000, "epoch_s": 1767261600}[form]
    pq.write_table(_table([small, number]), tmp_path / "events.parquet")
    assert journeylib.load(mapping=mapping, store=tmp_path / "store")["reasons"] == {"unreadable_time": 1}


def test_a_time_of_the_year_minus_1199_is_implausible(company, tmp_path, mapping_text):
    mapping = company(mapping=_parquet_mapping(mapping_text, "epoch_us"))
    pq.write_table(_table([1767261600000000, -(10**17)]), tmp_path / "events.parquet")
    assert journeylib.load(mapping=mapping, store=tmp_path / "store")["reasons"] == {"implausible_time": 1}
