from __future__ import annotations

import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from journeylib.data import beginning

ROWS = "".join(f"{place},web\n" for place in range(100))


def _packed(path, data):
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(data))
    elif path.suffix == ".zst":
        with pa.CompressedOutputStream(str(path), "zstd") as opened:
            opened.write(data)
    else:
        path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.csv.zst"])
def test_a_small_file_is_looked_at_as_it_is(tmp_path, name):
    path = _packed(tmp_path / name, ROWS.encode())
    assert beginning.take(path, tmp_path) == beginning.Beginning(path)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.csv.zst"])
def test_of_a_large_file_whole_rows_are_taken_unpacked(tmp_path, name):
    data = ("id,channel\n" + ROWS * 4000).encode()
    path = _packed(tmp_path / name, data)
    work = tmp_path / "work"
    work.mkdir()
    begun = beginning.take(path, work, rows=1000)
    assert (begun.path, begun.is_whole) == (work / "a.csv", False)
    taken = begun.path.read_bytes()
    assert data.startswith(taken)
    assert taken.endswith(b"\n")
    assert 1000 < taken.count(b"\n") < 300_000
    if name == "a.csv":
        assert begun.share == pytest.approx(len(taken) / len(data))


def test_a_large_file_is_not_cut_within_quotes(tmp_path):
    row = b'1,"two\nlines"\n'
    path = _packed(tmp_path / "a.csv", b"id,text\n" + row * 200_000)
    (tmp_path / "work").mkdir()
    taken = beginning.take(path, tmp_path / "work", rows=1000).path.read_bytes()
    assert (len(taken) - len(b"id,text\n")) % len(row) == 0


def test_a_large_file_in_utf_16_is_cut_between_characters(tmp_path):
    path = _packed(tmp_path / "a.csv", ("id,channel\n" + ROWS * 2000).encode("utf-16"))
    (tmp_path / "work").mkdir()
    begun = beginning.take(path, tmp_path / "work", rows=1000)
    text = begun.path.read_bytes().decode("utf-16")
    assert (text[:3], text[-5:], begun.encoding) == ("id,", ",web\n", None)


def test_a_line_without_an_end_is_left_in_so_that_it_is_refused(tmp_path):
    path = _packed(tmp_path / "a.csv", b"id\n" + b"x" * 5_000_000)
    (tmp_path / "work").mkdir()
    begun = beginning.take(path, tmp_path / "work", size=2_000_000)
    assert begun.path.stat().st_size > 1_000_000


@pytest.mark.parametrize(
    ("encoding", "guess"), [("utf-8", None), ("utf-16", None), ("utf-16-le", "utf-16-le"), ("cp1252", "windows-1252")]
)
def test_the_encoding_of_text_is_guessed_where_nothing_says_it(tmp_path, encoding, guess):
    path = _packed(tmp_path / "a.csv", ("id,name\n" + "1,Jürgen Groß\n" * 20).encode(encoding))
    assert beginning.take(path, tmp_path).encoding == guess


def test_of_large_parquet_the_first_rows_are_taken(tmp_path):
    pq.write_table(pa.table({"id": range(1000)}), tmp_path / "a.parquet", row_group_size=100)
    (tmp_path / "work").mkdir()
    begun = beginning.take(tmp_path / "a.parquet", tmp_path / "work", rows=250)
    assert pq.read_table(begun.path)["id"].to_pylist() == list(range(250))
    assert (begun.is_whole, begun.share) == (False, 0.25)


def test_what_cannot_be_read_is_left_to_whoever_opens_it(tmp_path):
    path = _packed(tmp_path / "a.csv.gz", b"")
    path.write_bytes(gzip.compress(ROWS.encode() * 100)[:-20])
    assert beginning.take(path, tmp_path) == beginning.Beginning(path)
    (tmp_path / "b.parquet").write_bytes(b"PAR1")
    assert beginning.take(tmp_path / "b.parquet", tmp_path) == beginning.Beginning(tmp_path / "b.parquet")
