from __future__ import annotations

import gzip
import json
import os
import pickle
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import journeylib
from journeylib import engine
from journeylib.errors import JourneyError, MappingError, SourceError

MAPPING = {
    "columns": {"event_id": "id", "customer_id": "who", "occurred_at": "at", "touchpoint": "what"},
    "constants": {"channel": "web"},
}
TEXT = "id,who,at,what\n1,Ann é,2026-01-01T10:00:00Z,view\n2,שרה,2026-01-02T10:00:00Z,order\n"


def _load(path, folder, **settings):
    answer = journeylib.load(path, mapping={**MAPPING, **settings}, store=folder / "store")
    events = engine.collect(journeylib.open_store(folder / "store").events, order_by=["event_id"])
    return answer, events


def _zstd(content: bytes) -> bytes:
    return pa.compress(content, codec="zstd", asbytes=True)


@pytest.mark.parametrize(
    ("name", "content", "settings"),
    [
        ("x.csv", TEXT.encode(), {}),
        ("x.csv", TEXT.encode("utf-8-sig"), {}),
        ("x.csv", TEXT.replace("\n", "\r\n").encode(), {}),
        ("x.csv", TEXT.replace("\n", "\r").encode(), {}),
        ("x.csv", TEXT.replace(",", ";").encode(), {}),
        ("x.tsv", TEXT.replace(",", "\t").encode(), {}),
        ("x.txt", TEXT.replace(",", "|").encode(), {}),
        ("x.csv", TEXT.replace(",", "~").encode(), {"file": {"delimiter": "~"}}),
        ("x.csv", TEXT.encode("utf-16"), {}),
        ("x.csv", TEXT.encode("utf-16-be"), {"file": {"encoding": "utf-16-be"}}),
        ("x.csv.gz", gzip.compress(TEXT.encode(), mtime=0), {}),
        ("x.csv.gz", gzip.compress(TEXT.encode()[:20], mtime=0) + gzip.compress(TEXT.encode()[20:], mtime=0), {}),
        ("x.csv.gz", gzip.compress(TEXT.encode("utf-16"), mtime=0), {}),
        ("x.csv.zst", _zstd(TEXT.encode()), {}),
    ],
)
def test_a_text_file_reads_the_same_in_every_dress(tmp_path, name, content, settings):
    (tmp_path / name).write_bytes(content)
    answer, events = _load(tmp_path / name, tmp_path, **settings)
    assert (answer["records_in"], answer["accepted"]) == (2, 2)
    assert events["customer_id"].tolist() == ["Ann é", "שרה"]
    assert events["occurred_us"].tolist() == [1767261600000000, 1767348000000000]


def test_a_declared_legacy_encoding_is_read_by_it(tmp_path):
    (tmp_path / "x.csv").write_bytes(TEXT.replace("é", "e").encode("windows-1255"))
    _, events = _load(tmp_path / "x.csv", tmp_path, file={"encoding": "windows-1255"})
    assert events["customer_id"].tolist() == ["Ann e", "שרה"]


def test_json_lines_nested_and_flat_read_like_a_table(tmp_path):
    rows = [
        {"id": 1, "who": "00123", "at": "2026-01-01T10:00:00Z", "context": {"page": {"name": "view"}}},
        {"id": "2", "who": 123, "at": "2026-01-02T10:00:00Z", "context.page.name": "order"},
    ]
    (tmp_path / "x.jsonl").write_text(
        "\n\n".join(json.dumps(row) for row in rows) + "\n[1]\n{broken\n", encoding="utf-8"
    )
    settings = {
        "columns": {**MAPPING["columns"], "touchpoint": "context.page.name"},
        "limits": {"quarantined_share": 0.9},
    }
    answer, events = _load(tmp_path / "x.jsonl", tmp_path, **settings)
    assert (answer["records_in"], answer["accepted"], answer["reasons"]) == (4, 2, {"broken_json": 2})
    assert events[["customer_id", "touchpoint"]].to_numpy().tolist() == [["00123", "view"], ["123", "order"]]
    quarantine = engine.collect(engine.scan(list((tmp_path / "store").glob("snapshots/*/quarantine.parquet"))))
    assert quarantine[["line", "original"]].to_numpy().tolist() == [[4, "[1]"], [5, "{broken"]]


def test_a_folder_is_read_whole_and_so_is_a_list(tmp_path):
    (tmp_path / "in").mkdir()
    head, first, second = TEXT.splitlines()
    (tmp_path / "in" / "a.csv").write_text(f"{head}\n{first}\n", encoding="utf-8")
    (tmp_path / "in" / "b.csv.gz").write_bytes(gzip.compress(f"{head}\n{second}\n".encode()))
    (tmp_path / "in" / "README.md").write_text("not data")
    assert _load(tmp_path / "in", tmp_path)[0]["accepted"] == 2
    assert _load([tmp_path / "in" / "a.csv"], tmp_path)[0]["accepted"] == 1


def test_a_table_in_memory_loads_like_a_file(tmp_path):
    import pandas as pd

    columns = {
        "id": ["1", "2"],
        "who": ["007", "7"],
        "at": pd.to_datetime(["2026-01-01", "2026-01-02"]),
        "what": ["a", "b"],
    }
    for place, table in enumerate([pd.DataFrame(columns), pa.table(pd.DataFrame(columns))]):
        said = {**MAPPING, "time": {"format": "timestamp", "zone": "UTC"}}
        answer = journeylib.load(table, mapping=said, store=tmp_path / f"store{place}")
        assert (answer["records_in"], answer["accepted"]) == (2, 2)
        events = engine.collect(journeylib.open_store(tmp_path / f"store{place}").events, order_by=["event_id"])
        assert events["customer_id"].tolist() == ["007", "7"]


def test_a_table_whose_ids_are_decimal_numbers_is_refused(tmp_path):
    import pandas as pd

    table = pd.DataFrame(
        {"id": ["1", "2"], "who": [123.0, None], "at": ["2026-01-01T00:00:00Z"] * 2, "what": ["a", "b"]}
    )
    with pytest.raises(SourceError, match=r"customer_id in who as Float64.*Write it as text"):
        journeylib.load(table, mapping=MAPPING, store=tmp_path / "store")


def test_a_decimal_comma_is_declared_and_a_point_is_then_of_thousands(tmp_path):
    rows = 'id,who,at,what,sum\n1,a,2026-01-01T10:00:00Z,v,"12,5"\n2,a,2026-01-01T10:00:01Z,v,"1.234,56"\n'
    (tmp_path / "x.csv").write_text(rows + "3,a,2026-01-01T10:00:02Z,v,12.5\n", encoding="utf-8")
    settings = {
        "columns": {**MAPPING["columns"], "revenue": "sum"},
        "constants": {"channel": "web", "currency": "EUR"},
        "file": {"decimal": ","},
        "limits": {"quarantined_share": 0.9},
    }
    answer, events = _load(tmp_path / "x.csv", tmp_path, **settings)
    assert events["revenue_minor"].tolist() == [1250, 123456]
    assert answer["reasons"] == {"unreadable_number": 1}


BROKEN_CRC = bytearray(gzip.compress(TEXT.encode() * 50, mtime=0))
BROKEN_CRC[-6] ^= 1
LATE = b"id,who,at,what\n" + b"1,a,2026-01-01T10:00:00Z,view\n" * 500 + b"1,caf\xe9,2026-01-01T10:00:00Z,view\n"


@pytest.mark.parametrize(
    ("name", "content", "settings", "message"),
    [
        (
            "x.csv.gz",
            gzip.compress(TEXT.encode() * 50, mtime=0)[:-20],
            {},
            r"x\.csv\.gz cannot be unpacked \(gzip\).*copy or export",
        ),
        ("x.csv.gz", bytes(BROKEN_CRC), {}, r"x\.csv\.gz cannot be unpacked \(gzip\).*CRC"),
        ("x.csv.zst", _zstd(TEXT.encode() * 50)[:-20], {}, r"x\.csv\.zst cannot be unpacked \(zstd\)"),
        ("x.csv", LATE, {}, r"x\.csv is not UTF-8: byte 15,\d+ \(line 502\) is 0xe9"),
        ("x.csv", TEXT.encode("utf-16-le"), {}, r'looks like UTF-16. Say encoding = "utf-16-le"'),
        ("x.csv", LATE, {"file": {"encoding": "ascii"}}, r"x\.csv is not ascii: byte 15,\d+ \(line 502\) is 0xe9"),
        ("x.csv", pickle.dumps(["a"]), {}, r"x\.csv is a Python pickle, which is never opened"),
        ("x.pickle", pickle.dumps(["a"]), {}, r"x\.pickle has an ending that is not read"),
        ("x.csv", b"PK\x03\x04rest", {}, r"x\.csv is a zip archive or a spreadsheet"),
        ("x.csv", b"PAR1rest", {}, r"x\.csv is Parquet"),
        ("x.parquet", b"PAR1 this is not Parquet", {}, r"x\.parquet is no whole Parquet file"),
        ("x.json", b'[{"id": 1}]', {}, r"x\.json is one JSON list"),
        ("x.csv", b"", {}, r"x\.csv is empty"),
        ("x.csv", TEXT.replace("what", "who").encode(), {}, r"x\.csv, line 1: the header names who more than once"),
        ("x.csv", TEXT.split("\n", 1)[1].encode(), {}, r"header_rows = 0"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused_whole_with_place_and_remedy(
    tmp_path, name, content, settings, message
):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=message):
        _load(tmp_path / name, tmp_path, **settings)
    assert not (tmp_path / "store" / "manifest.json").exists()


def test_a_zip_archive_called_gz_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.csv.gz", "w") as packed:
        packed.writestr("x.csv", TEXT)
    with pytest.raises(SourceError, match="zip archive"):
        _load(tmp_path / "x.csv.gz", tmp_path)


def test_text_that_unpacks_beyond_reason_is_refused_before_it_fills_the_disk(tmp_path):
    line = b"1,a,2026-01-01T10:00:00Z,view\n" * 40_000
    with gzip.open(tmp_path / "x.csv.gz", "wb", compresslevel=9) as packed:
        packed.write(b"id,who,at,what\n")
        for _ in range(350):
            packed.write(b"\n" * len(line))
    with pytest.raises(SourceError, match="unpacks to more than 400 times its size"):
        _load(tmp_path / "x.csv.gz", tmp_path)


def test_a_page_of_parquet_that_is_cut_off_is_refused(tmp_path):
    rows = {
        "id": [str(at) for at in range(5000)],
        "who": ["a"] * 5000,
        "at": ["2026-01-01T10:00:00Z"] * 5000,
        "what": ["v"] * 5000,
    }
    pq.write_table(pa.table(rows), tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    (tmp_path / "x.parquet").write_bytes(whole[:200] + b"\0" * 400 + whole[600:])
    with pytest.raises(JourneyError, match=r"x\.parquet"):
        _load(tmp_path / "x.parquet", tmp_path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "x.csv")
    with pytest.raises(MappingError, match="pipe"):
        _load(tmp_path / "x.csv", tmp_path)
