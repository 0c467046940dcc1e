from __future__ import annotations

import gzip
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import journeylib
from journeylib.data import check
from journeylib.errors import MappingError, RefusedError, SourceError

SEGMENT = """messageId,userId,anonymousId,timestamp,event,channel
m1,u1,a1,2026-01-01T10:00:00Z,view,web
m2,,a1,2026-01-01T10:00:05Z,view,web
m3,u1,a1,,view,web
"""
HEAD = "id,customer,at,event,channel\n"


def written(folder, text, name="may.csv", encoding="utf-8"):
    (folder / name).write_bytes(text.encode(encoding))
    return folder / name


def rows(number, *, customer="c{}", at="2026-01-05T10:00:00Z"):
    return "".join(f"{place},{customer.format(place % 40)},{at},view,web\n" for place in range(number))


def loaded(folder, answer):
    """What a load by the suggested mapping answers."""
    (folder / "mapping.toml").write_text(answer["mapping"], encoding="utf-8")
    return journeylib.load(mapping=folder / "mapping.toml", store=folder / "store")


def test_a_file_is_described_by_names_counts_and_looks(tmp_path):
    answer = check.check(written(tmp_path, SEGMENT))
    assert (answer["file"], answer["rows"], answer["is_sample"], answer["lacks"]) == ("may.csv", 3, False, [])
    assert answer["columns"][1] == {
        "name": "userId", "type": "text", "looks": "texts", "filled_share": 2 / 3, "distinct": 1
    }  # fmt: skip
    assert answer["columns"][3]["looks"] == "times, iso"


def test_what_a_load_would_make_of_the_rows_is_told(tmp_path):
    conflict = "m1,u2,a1,2026-01-01T10:00:00Z,view,web\n"
    copy = "m2,,a1,2026-01-01T10:00:05Z,view,web\n"
    answer = check.check(written(tmp_path, SEGMENT + conflict + copy + "m5,short\n"))
    assert (answer["rows"], answer["accepted"], answer["duplicates"]) == (6, 1, 1)
    assert {rule: each["rows"] for rule, each in answer["would_reject"].items()} == {
        "conflict": 2, "no_time": 1, "ragged": 1
    }  # fmt: skip
    assert answer["would_reject"]["no_time"] == {
        "rows": 1, "why": "the time is empty", "remedy": "fill in the time at the source"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "encoding"),
    [
        ("a.csv", SEGMENT.replace("u1,a1,,", "u1,a1,2026-01-02T00:00:00Z,"), "utf-8"),
        ("a.csv", HEAD + rows(3, at="25/12/2025 10:00"), "utf-8"),
        ("a.csv", HEAD + rows(3, at="1767607200000"), "utf-8-sig"),
        ("a.csv", HEAD + rows(3, customer="Jürgen"), "windows-1252"),
        ("a.csv", HEAD + rows(3), "utf-16"),
        ("a.csv", HEAD + rows(3), "utf-16-le"),
        ("a.csv", (HEAD + rows(3)).replace(",", ";"), "utf-8"),
        ("a.tsv", (HEAD + rows(3)).replace(",", "\t"), "utf-8"),
        ("a.csv", "id,customer,at,event\n" + rows(3).replace(",web", ""), "utf-8"),
        ("a.jsonl", '{"user":{"id":"7"},"at":"2026-01-05T00:00:00Z","event":"v","channel":"w"}\n' * 3, "utf-8"),
    ],
)
def test_the_suggested_mapping_loads(tmp_path, name, text, encoding):
    answer = check.check(written(tmp_path, text, name, encoding))
    done = loaded(tmp_path, answer)
    assert (done["accepted"] + done["duplicates"], done["quarantined"]) == (3, 0)
    assert (answer["accepted"], answer["duplicates"]) == (done["accepted"], done["duplicates"])


def test_a_decimal_comma_is_read_as_suggested(tmp_path):
    text = "id;customer;at;event;channel;revenue\n1;c;2026-01-05;buy;web;12,50\n"
    answer = check.check(written(tmp_path, text))
    assert 'decimal = ","' in answer["mapping"]
    assert answer["would_reject"] == {}


def test_what_cannot_be_guessed_is_said(tmp_path):
    answer = check.check(written(tmp_path, "a,b\n1,2\n"))
    assert answer["lacks"] == ["customer_id", "occurred_at", "touchpoint", "channel"]
    assert '# touchpoint = "…"   # not recognised: name your column' in answer["mapping"]
    assert (answer["would_reject"], "accepted" in answer) == ({}, False)


def test_the_order_of_day_and_month_must_be_declared_before_rows_can_be_judged(tmp_path):
    answer = check.check(written(tmp_path, HEAD + rows(3, at="05/06/2026")))
    assert (answer["lacks"], "accepted" in answer) == (["format"], False)
    declared = answer["mapping"].replace('# format = "%d/%m/%Y"', 'format = "%d/%m/%Y"')
    assert loaded(tmp_path, {"mapping": declared})["accepted"] == 3


def test_a_file_without_a_header_is_said_to_have_none(tmp_path):
    answer = check.check(written(tmp_path, rows(30)))
    assert (answer["rows"], answer["columns"][0]["name"]) == (30, "column_1")
    assert "header_rows = 0" in answer["mapping"]
    assert (
        "the first line looks like values, not like names: the columns are named column_1, column_2, …."
        in (answer["notes"])
    )


def test_of_a_large_file_the_first_rows_are_looked_at_and_the_answer_says_so(tmp_path):
    answer = check.check(written(tmp_path, HEAD + rows(300_000)))
    assert answer["is_sample"]
    assert 200_000 <= answer["rows"] < 300_000
    assert answer["rows_about"] == 300_000
    assert check.told(answer)[0].startswith(f"may.csv: the first {answer['rows']:,} rows of about ")
    assert f"from its first {answer['rows']:,} rows." in answer["mapping"]


def test_checking_shows_no_row_of_the_file(tmp_path):
    secrets = HEAD + "1,Ann Secret,2026-01-05,Salary,web\n2,ann secret,2026-01-05,salary,web\n"
    answer = check.check(written(tmp_path, secrets))
    assert len(answer["warnings"]) == 2
    assert "secret" not in str(answer).lower()
    assert "salary" not in str(answer).lower()


def test_oddities_are_told(tmp_path):
    placeholders = "".join(f"x{place},unknown,2026-01-05T10:00:00Z,view,web\n" for place in range(200))
    answer = check.check(written(tmp_path, HEAD + rows(400) + placeholders))
    assert any("“unknown” stands in place of a customer id" in warning for warning in answer["warnings"])


def test_a_header_without_rows_is_told(tmp_path):
    answer = check.check(written(tmp_path, HEAD))
    assert answer["warnings"] == ["may has a header and no rows. If rows are missing, export it again."]


def test_a_source_of_customers_is_recognised(tmp_path):
    answer = check.check(written(tmp_path, "id,plan,signed_up_on\n1,annual,2025-01-01\n2,monthly,2025-02-31\n"))
    assert 'kind = "customers"' in answer["mapping"]
    assert list(answer["would_reject"]) == ["unreadable_date"]


def test_parquet_is_described_by_its_own_types(tmp_path):
    table = {
        "id": ["1"],
        "customer": [7],
        "at": pa.array([0], pa.timestamp("us", "UTC")),
        "event": ["v"],
        "channel": ["w"],
    }
    pq.write_table(pa.table(table), tmp_path / "may.parquet")
    answer = check.check(tmp_path / "may.parquet")
    assert [each["looks"] for each in answer["columns"]][:3] == ["whole numbers", "whole numbers", "times, timestamp"]
    assert answer["would_reject"]["zero_time"]["rows"] == 1


@pytest.mark.parametrize("pattern", ["", "*.csv"])
def test_of_several_files_the_first_is_looked_at(tmp_path, pattern):
    for name in ["b.csv", "a.csv"]:
        written(tmp_path, HEAD + rows(3), name)
    answer = check.check(tmp_path / pattern)
    assert (answer["file"], answer["files"]) == ("a.csv", 2)
    assert check.told(answer)[0] == "a.csv: 3 rows, 5 columns (the first of 2 files)"


def test_the_path_in_the_mapping_starts_at_the_mapping(tmp_path):
    (tmp_path / "exports").mkdir()
    (tmp_path / "mappings").mkdir()
    path = written(tmp_path / "exports", HEAD + rows(3))
    answer = check.check(path, mapping_path=tmp_path / "mappings" / "m.toml")
    assert 'path = "../exports/may.csv"' in answer["mapping"]


def test_a_mapping_is_written_once_and_never_over_another(tmp_path):
    check.write_mapping(tmp_path / "m.toml", "first")
    with pytest.raises(MappingError, match=r"m\.toml is there already and stays as it is\. Name another file"):
        check.write_mapping(tmp_path / "m.toml", "second")
    assert (tmp_path / "m.toml").read_text() == "first"
    with pytest.raises(RefusedError, match="cannot be written: No such file or directory"):
        check.write_mapping(tmp_path / "none" / "m.toml", "text")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.parquet", b"PAR1 this is not parquet", r"x\.parquet is no whole Parquet file"),
        ("x.pickle", b"\x80\x04", r"x\.pickle has an ending that is not read"),
        ("x.csv", b"\x80\x04", r"x\.csv is a Python pickle"),
        ("x.csv", b"", r"x\.csv is empty: it has no header"),
        ("x.csv", b"id,id\n1,2\n", r"x\.csv, line 1: the header names id more than once"),
        ("x.json", b'[{"a": 1}]', r"x\.json is one JSON list"),
        ("x.csv.gz", gzip.compress(b"a,b\n" * 1000, mtime=0)[:-5], r"x\.csv\.gz cannot be unpacked"),
        ("x.csv", b"a,b\n" + b"x" * 2_000_000, r"x\.csv, line 2 is longer than 1,000,000 bytes"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=message):
        check.check(tmp_path / name)


def test_a_damaged_page_of_parquet_is_refused_by_the_name_of_the_file(tmp_path):
    pq.write_table(pa.table({"id": ["a" * 1000] * 10}), tmp_path / "x.parquet", use_dictionary=False)
    data = bytearray((tmp_path / "x.parquet").read_bytes())
    data[10:30] = bytes(20)
    (tmp_path / "x.parquet").write_bytes(data)
    with pytest.raises(SourceError, match=r"x\.parquet cannot be read: "):
        check.check(tmp_path / "x.parquet")


def test_a_missing_file_and_a_pipe_are_named(tmp_path):
    with pytest.raises(SourceError, match=r"none\.csv\" matches no file"):
        check.check(tmp_path / "none.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(SourceError, match=r"pipe\.csv\" is a pipe, not a file"):
        check.check(tmp_path / "pipe.csv")


def test_hostile_names_are_escaped_where_they_are_told(tmp_path):
    text = HEAD.replace("channel", "channel,\u202eevil,=1+1") + rows(2).replace("web", "web,a,b")
    lines = check.told(check.check(written(tmp_path, text)))
    assert any(line.startswith(r"  \u202eevil  texts") for line in lines)
    assert "\u202e" not in "\n".join(lines)
