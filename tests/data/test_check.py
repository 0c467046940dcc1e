from __future__ import annotations

import pytest

import journeylib
from journeylib.data.check import check
from journeylib.errors import SourceError

SEGMENT = """messageId,userId,anonymousId,timestamp,event,channel
m1,u1,a1,2026-01-01T10:00:00Z,view,web
m2,,a1,2026-01-01T10:00:05Z,view,web
m3,u1,a1,,view,web
"""


def test_a_known_export_gets_a_mapping_and_what_it_would_reject(tmp_path):
    (tmp_path / "may.csv").write_text(SEGMENT, encoding="utf-8")
    answer = check(tmp_path / "may.csv")
    assert (answer["rows"], answer["lacks"]) == (3, [])
    assert answer["would_reject"] == {"no_time": {"rows": 1, "why": "the time is empty"}}


def test_the_suggested_mapping_loads(tmp_path):
    (tmp_path / "may.csv").write_text(SEGMENT.replace(",,view", ",2026-01-02T00:00:00Z,view"), encoding="utf-8")
    (tmp_path / "mapping.toml").write_text(check(tmp_path / "may.csv")["mapping"], encoding="utf-8")
    assert journeylib.load(tmp_path / "mapping.toml", tmp_path / "store")["accepted"] == 3


def test_what_cannot_be_guessed_is_said(tmp_path):
    (tmp_path / "odd.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    answer = check(tmp_path / "odd.csv")
    assert answer["lacks"] == ["customer_id", "occurred_at", "touchpoint", "channel"]
    assert "not recognised" in answer["mapping"]
    assert answer["would_reject"] == {}


def test_checking_shows_no_row_of_the_file(tmp_path):
    (tmp_path / "may.csv").write_text(SEGMENT, encoding="utf-8")
    assert "u1" not in str(check(tmp_path / "may.csv"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.parquet", b"PAR1 this is not parquet", r"x\.parquet cannot be read"),
        ("x.pickle", b"\x80\x04", r"ends in \.pickle, which is not read"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=message):
        check(tmp_path / name)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SourceError, match=r"there is no file .*none\.csv"):
        check(tmp_path / "none.csv")
