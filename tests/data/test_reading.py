from __future__ import annotations

import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import journeylib
from journeylib import engine
from journeylib.data import reading
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
    journeylib.load(mapping, tmp_path / "store")
    events = engine.collect(journeylib.open_store(tmp_path / "store").events)
    assert events["occurred_us"].tolist() == [1767225600000000]


def test_a_number_as_id_is_the_same_customer_as_its_text(company, mapping_text, tmp_path):
    mapping = company(mapping=_parquet_mapping(mapping_text, "epoch_s"))
    table = _table([1767225600]).set_column(1, "person", pa.array([2**60 + 1], pa.int64()))
    pq.write_table(table, tmp_path / "events.parquet")
    journeylib.load(mapping, tmp_path / "store")
    events = engine.collect(journeylib.open_store(tmp_path / "store").events)
    assert events["customer_id"].tolist() == [str(2**60 + 1)]


def test_a_gzipped_file_reads_like_the_plain_one(company, mapping_text, tmp_path):
    row = "1,00123,,2026-01-01T00:00:00Z,,view,web,,,,\n"
    with gzip.open(tmp_path / "events.csv.gz", "wt", encoding="utf-8") as packed:
        packed.write(HEAD + row)
    mapping = company(mapping=mapping_text.replace("events.csv", "events.csv.gz"))
    assert journeylib.load(mapping, tmp_path / "store")["accepted"] == 3  # one event, two customers


def test_a_gzip_cut_short_is_refused_whole(company, mapping_text, tmp_path):
    whole = gzip.compress((HEAD + "1,00123,,2026-01-01T00:00:00Z,,view,web,,,,\n" * 500).encode())
    (tmp_path / "events.csv.gz").write_bytes(whole[:-30])
    mapping = company(mapping=mapping_text.replace("events.csv", "events.csv.gz"))
    with pytest.raises(SourceError, match=r"events\.csv\.gz cannot be read"):
        journeylib.load(mapping, tmp_path / "store")
    assert not (tmp_path / "store" / "manifest.json").exists()


def test_a_line_with_too_many_cells_is_refused_by_file(company, tmp_path):
    mapping = company("1,00123,,2026-01-01T00:00:00Z,,view,web,,,,,,,,")
    with pytest.raises(SourceError, match=r"events\.csv"):
        journeylib.load(mapping, tmp_path / "store")


def test_bytes_that_are_not_utf_8_are_refused_by_file(company, tmp_path):
    mapping = company()
    (tmp_path / "events.csv").write_bytes(HEAD.encode() + b"1,caf\xe9,,2026-01-01T00:00:00Z,,view,web,,,,\n")
    with pytest.raises(SourceError, match=r"events\.csv"):
        journeylib.load(mapping, tmp_path / "store")


def test_records_are_counted_with_quoted_line_breaks_as_one(tmp_path):
    (tmp_path / "x.csv").write_text('a,b\n1,"two\nlines"\n3,4\n', encoding="utf-8")
    assert reading.count_records(tmp_path / "x.csv") == 2


def test_a_source_of_which_no_event_can_be_accepted_is_refused(company, tmp_path):
    with pytest.raises(SourceError, match="no event can be accepted"):
        journeylib.load(company("1,00123,,yesterday,,view,web"), tmp_path / "store")
