from __future__ import annotations

import csv
import io
import random
import time

import pytest

from journeylib.data import lines, records
from journeylib.errors import SourceError


def _surveyed(folder, content, **settings):
    (folder / "x.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    return lines.survey(folder / "x.csv", folder / "copy.csv", **settings)


def _unfit(plain):
    return [(each.row, each.line, each.rule) for each in plain.unfit]


def _picked(plain, rows):
    return {row: (line, text) for row, line, text in lines.pick(plain, rows).itertuples()}


@pytest.mark.parametrize(
    ("content", "count", "unfit"),
    [
        ("a,b\n1,2\n3,4\n", 2, []),
        ("a,b\n1,2\n3,4", 2, []),
        ("\n\na,b\n\n1,2\n\n\n3,4\n\n", 2, []),
        ("a,b\r\n1,2\r\n\r\n3,4\r\n", 2, []),
        ('a,b\n"x, ""y""","two\nlines"\n,""\n', 2, []),
        ("a,b\n", 0, []),
        ("a,b\n1\n1,2,3\n   \n3,4\n", 4, [(1, 2, "ragged"), (2, 3, "ragged"), (3, 4, "ragged")]),
        ('a,b\n"1\n\n2",3,4\n5,6\n', 2, [(1, 2, "ragged")]),
        ('a,b\n1,"2\n3,4\n5,6\n', 3, [(1, 2, "stray_quote")]),
        ('a,b\n1,"2\n3,"4"\n5,6\n', 3, [(1, 2, "stray_quote")]),
        ('a,b\n1,5 "inch" pipe\n3,4\n', 2, [(1, 2, "stray_quote")]),
        ('a,b\n1,"2"x\n3,"4\n', 2, [(1, 2, "stray_quote"), (2, 3, "stray_quote")]),
        ("a,b\n1,x\0y\n2,x\ry\n3,4\n", 3, [(1, 2, "control_character"), (2, 3, "control_character")]),
        ('a,b\n1,"x\ry"\n', 1, []),
        ("\ufeffa,b\n1,2\n3\n", 2, [(2, 3, "ragged")]),
    ],
)
def test_records_are_counted_and_the_unfit_named_by_row_line_and_rule(tmp_path, content, count, unfit):
    plain = _surveyed(tmp_path, content)
    assert (plain.records, _unfit(plain)) == (count, unfit)


def test_what_the_engine_reads_has_an_empty_record_in_the_place_of_an_unfit_one_and_keeps_its_lines(tmp_path):
    plain = _surveyed(tmp_path, 'a,b\n1,2\n"3\n",4,5\n6,7\n')
    assert plain.path.read_text() == "a,b\n1,2\n,\n\n6,7\n"
    assert _picked(plain, [3, 2, 1]) == {1: (2, "1,2"), 2: (3, '"3\n",4,5'), 3: (5, "6,7")}


def test_a_sound_file_is_read_as_it_is_and_mixed_line_ends_are_made_one(tmp_path):
    assert _surveyed(tmp_path, "a,b\n1,2\n").path == tmp_path / "x.csv"
    mixed = _surveyed(tmp_path, "a,b\r\n1,2\n3,4\r\n")
    assert mixed.path.read_bytes() == b"a,b\n1,2\n3,4\n"


def test_a_copy_changes_line_ends_outside_quotes_only(tmp_path):
    content = 'a,b\r\n"x\r\ny",1\r\n\r\n1,2,3\r\n"p\r\nq","\r\n"\r\n'
    plain = _surveyed(tmp_path, content)
    assert plain.path.read_bytes() == b'a,b\n"x\r\ny",1\n\n,\n"p\r\nq","\r\n"\n'
    assert _picked(plain, [1, 2, 3]) == {1: (2, '"x\r\ny",1'), 2: (5, "1,2,3"), 3: (6, '"p\r\nq","\r\n"')}


@pytest.mark.parametrize("block", [16, 40, 1 << 20])
def test_line_ends_before_the_first_unfit_record_are_changed_outside_quotes_too(tmp_path, monkeypatch, block):
    monkeypatch.setattr(records, "_BLOCK", block)
    plain = _surveyed(tmp_path, "a,b\r\n" + '"x\r\ny",1\r\n' * 9 + "1,2,3\r\n")
    assert plain.path.read_bytes() == b"a,b\n" + b'"x\r\ny",1\n' * 9 + b",\n"


def _sound(dice):
    """A sound CSV text, and how many records the standard library finds in it."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\n")
    letters = ["a", "é", "ש", " ", ",", '"', "\n", "7", ""]
    writer.writerow(["a", "b", "c"])
    for _ in range(dice.randrange(1, 40)):
        writer.writerow(["x" + "".join(dice.choices(letters, k=dice.randrange(0, 9))) for _ in range(3)])
        if dice.random() < 0.2:
            written.write("\n")
    return written.getvalue()


@pytest.mark.parametrize("seed", range(60))
def test_a_sound_file_gives_the_records_that_the_standard_library_finds(tmp_path, monkeypatch, seed):
    dice = random.Random(seed)
    content = _sound(dice)
    expected = [row for row in csv.reader(io.StringIO(content, newline="")) if row][1:]
    monkeypatch.setattr(records, "_BLOCK", dice.choice([16, 64, 300, 1 << 20]))
    plain = _surveyed(tmp_path, content)
    assert (plain.records, _unfit(plain)) == (len(expected), [])
    picked = _picked(plain, range(1, plain.records + 1))
    found = [next(csv.reader(io.StringIO(text, newline=""))) for _, text in picked.values()]
    assert found == expected


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_file_loses_no_line_whatever_the_size_of_blocks(tmp_path, monkeypatch, seed):
    dice = random.Random(seed)
    damaged = list(_sound(dice))
    for _ in range(dice.randrange(1, 6)):
        damaged.insert(dice.randrange(len(damaged)), dice.choice(['"', "\0", "\r", "\n", ",", '",', ',"']))
    content = "a,b,c\n" + "".join(damaged)
    answers = []
    for block in [16, 100, 1 << 20]:
        monkeypatch.setattr(records, "_BLOCK", block)
        answers.append(_surveyed(tmp_path, content))
    assert len({(each.records, *_unfit(each)) for each in answers}) == 1
    plain = answers[0]
    texts = [text for _, text in _picked(plain, range(1, plain.records + 1)).values()]
    # Every character but line ends is in one record, and in one only.
    counted = "".join(texts).replace("\n", "").replace("\r", "")
    assert sorted(counted) == sorted(content.split("\n", 1)[1].replace("\n", "").replace("\r", ""))


def test_many_stray_quotes_are_each_named(tmp_path):
    rows = "".join(f'{at},5 "inch"\n{at},fine\n' for at in range(20_000))
    plain = _surveyed(tmp_path, "a,b\n" + rows)
    assert plain.records == 40_000
    assert _unfit(plain) == [(2 * at + 1, 2 * at + 2, "stray_quote") for at in range(20_000)]


def test_stray_quotes_in_every_row_cost_little_time_and_no_text_is_kept(tmp_path):
    began = time.process_time()
    plain = _surveyed(tmp_path, "a,b\n" + "".join(f'{at},5 "inch" {"x" * 30}\n' for at in range(30_000)))
    assert len(plain.unfit) == 30_000
    assert time.process_time() - began < 2
    assert {len(vars(plain.unfit)[name]) for name in ["rows", "lines", "rules"]} == {30_000}


def test_an_unclosed_quote_before_a_long_rest_takes_only_its_line(tmp_path):
    rest = "".join(f"{at},{'x' * 100}\n" for at in range(30_000))
    plain = _surveyed(tmp_path, 'a,b\n1,2\n3,"4\n' + rest)
    assert (plain.records, _unfit(plain)) == (30_002, [(2, 3, "stray_quote")])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"x\.csv is empty: it has no header"),
        (b"a,b,a\n1,2,3\n", r"x\.csv, line 1: the header names a more than once"),
        ("a\u202eb,a\u202eb\n1,2\n".encode(), r"the header names a\\u202eb more than once"),
        (b'a,"b\n1,2\n', r"x\.csv, line 1: the header cannot be read \(stray_quote\)"),
        (b"a,b\n1,2\n3,caf\xe9\n", r"x\.csv is not UTF-8: byte 14 \(line 3\) is 0xe9.*encoding = "),
        (b"a,b\n1,2\n3," + b"x" * 3_000_000 + b"\n", r"x\.csv, line 3 is longer than 1,000,000 bytes"),
    ],
)
def test_a_file_that_no_row_of_can_be_trusted_is_refused_with_its_place(tmp_path, content, message):
    with pytest.raises(SourceError, match=message):
        _surveyed(tmp_path, content)


def test_without_quotes_a_quote_is_a_letter(tmp_path):
    plain = _surveyed(tmp_path, 'a\tb\n1\t5" pipe\n', delimiter="\t", quote="")
    assert (plain.records, _unfit(plain)) == (1, [])


def test_without_a_header_columns_are_numbered_and_every_line_is_a_row(tmp_path):
    plain = _surveyed(tmp_path, "1;2\n3;4\n", header_rows=0)
    assert (plain.names, plain.records, plain.delimiter) == (("column_1", "column_2"), 2, ";")


def test_json_lines_have_no_cells_and_empty_lines_are_none(tmp_path):
    plain = _surveyed(tmp_path, '{"a": "1,2"}\n\n{"b": "\\""}\n{"c":\0}\n', is_csv=False)
    assert (plain.records, _unfit(plain)) == (3, [(3, 4, "control_character")])
