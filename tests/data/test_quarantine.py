from __future__ import annotations

import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import journeylib
from journeylib import engine
from journeylib.errors import SourceError

MAPPING = {
    "columns": {"event_id": "id", "customer_id": "who", "occurred_at": "at", "touchpoint": "what", "text": "said"},
    "constants": {"channel": "web"},
    "limits": {"quarantined_share": 0.9},
}
HEAD = "id,who,at,what,said"
CLEAN = [f"{at},c{at % 7},2026-01-0{1 + at % 9}T10:00:00Z,view,=1+1" for at in range(20)]


def _load(folder, rows, store, retry=None):
    (folder / "x.csv").write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")
    return journeylib.load(folder / "x.csv", mapping=MAPPING, store=folder / store, retry=retry)


def _fingerprint(folder, store):
    return journeylib.open_store(folder / store).facts["fingerprint"]


def _repaired(quarantine, folder, repairs):
    """Write a repaired copy of a quarantine, the way a spreadsheet would: cells in, cells out."""
    with open(quarantine, encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    for row in rows:
        row["original"] = repairs(row)
    with (folder / "repaired.csv").open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, list(rows[0]))
        writer.writeheader()
        writer.writerows(row for row in rows if row["original"] is not None)
    return folder / "repaired.csv"


def test_a_repaired_quarantine_gives_the_table_of_the_clean_file(tmp_path):
    damaged = list(CLEAN)
    damaged[2] = "2,c2,yesterday,view,=1+1"
    damaged[5] = "5,c5,2026-01-06T10:00:00Z,view,=1+1,one too many"
    damaged[7] = '7,"c0,2026-01-08T10:00:00Z,view,=1+1'
    damaged[9] = "=9,,,,"
    answer = _load(tmp_path, damaged, "store")
    assert answer["reasons"] == {"no_customer": 1, "ragged": 1, "stray_quote": 1, "unreadable_time": 1}
    retry = _repaired(answer["quarantine"], tmp_path, lambda row: CLEAN[int(row["source_row"]) - 1])
    answer = _load(tmp_path, damaged, "store", retry)
    assert (answer["records_in"], answer["accepted"], answer["reasons"], answer["quarantine"]) == (20, 20, {}, None)
    _load(tmp_path, CLEAN, "clean")
    assert _fingerprint(tmp_path, "store") == _fingerprint(tmp_path, "clean")


def test_the_quarantine_shows_file_line_rule_remedy_and_text_and_runs_no_formula(tmp_path):
    answer = _load(tmp_path, ["=cmd(),,,,", *CLEAN[1:]], "store")
    with open(answer["quarantine"], encoding="utf-8-sig", newline="") as opened:
        [row] = csv.DictReader(opened)
    assert (row["rule"], row["file"], row["line"], row["original"]) == ("no_customer", "x.csv", "2", "'=cmd(),,,,")
    assert row["hint"] == "map a further id column"
    assert len(row["file_sha256"]) == 64


def test_a_repair_is_remembered_when_the_same_file_is_loaded_again(tmp_path):
    damaged = ["0,,2026-01-01T10:00:00Z,view,", *CLEAN[1:]]
    retry = _repaired(_load(tmp_path, damaged, "store")["quarantine"], tmp_path, lambda _: CLEAN[0])
    _load(tmp_path, damaged, "store", retry)
    assert _load(tmp_path, damaged, "store")["status"] == "already loaded"
    retry.unlink()
    more = {**MAPPING, "journeys": {"gap_days": 3}}
    assert journeylib.load(tmp_path / "x.csv", mapping=more, store=tmp_path / "store")["quarantined"] == 0


def test_a_repair_that_is_still_unfit_stays_in_quarantine_with_its_new_text(tmp_path):
    damaged = ["0,,2026-01-01T10:00:00Z,view,", *CLEAN[1:]]
    retry = _repaired(_load(tmp_path, damaged, "store")["quarantine"], tmp_path, lambda _: "0,c0,soon,view,")
    answer = _load(tmp_path, damaged, "store", retry)
    assert answer["reasons"] == {"unreadable_time": 1}
    with open(answer["quarantine"], encoding="utf-8-sig", newline="") as opened:
        assert [row["original"] for row in csv.DictReader(opened)] == ["0,c0,soon,view,"]


@pytest.mark.parametrize(
    ("repair", "message"),
    [
        (
            "1,a,2026-01-01T10:00:00Z,view,\n2,b,2026-01-01T10:00:00Z,view,",
            r"x\.csv, row 1: its repaired text is not one",
        ),
        ("  ", r"row 2: original is empty"),
    ],
)
def test_a_repair_that_is_no_record_is_refused_and_the_store_stays(tmp_path, repair, message):
    damaged = ["0,,2026-01-01T10:00:00Z,view,", *CLEAN[1:]]
    retry = _repaired(_load(tmp_path, damaged, "store")["quarantine"], tmp_path, lambda _: repair)
    before = (tmp_path / "store" / "manifest.json").read_bytes()
    with pytest.raises(SourceError, match=message):
        _load(tmp_path, damaged, "store", retry)
    assert (tmp_path / "store" / "manifest.json").read_bytes() == before


def test_rows_that_are_not_in_quarantine_cannot_be_changed(tmp_path):
    damaged = ["0,,2026-01-01T10:00:00Z,view,", *CLEAN[1:]]
    retry = _repaired(_load(tmp_path, damaged, "store")["quarantine"], tmp_path, lambda _: CLEAN[0])
    retry.write_text(retry.read_text().replace("x.csv,2,1,", "x.csv,2,3,"))
    with pytest.raises(SourceError, match="row 2 is not in the store's quarantine"):
        _load(tmp_path, damaged, "store", retry)


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "\x00\x01"])
def test_a_file_that_is_no_quarantine_is_refused(tmp_path, content):
    _load(tmp_path, CLEAN, "store")
    (tmp_path / "wrong.csv").write_text(content)
    with pytest.raises(SourceError, match=r"wrong\.csv has no rows with the columns"):
        _load(tmp_path, CLEAN, "store", tmp_path / "wrong.csv")


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_rows_of_json_lines_and_parquet_are_repaired_as_json(tmp_path, kind):
    rows = [dict(zip(HEAD.split(","), row.split(","), strict=True)) for row in CLEAN]
    rows[3]["at"] = "soon"
    path = tmp_path / f"x.{kind}"
    if kind == "jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)
    answer = journeylib.load(path, mapping=MAPPING, store=tmp_path / "store")
    assert answer["reasons"] == {"unreadable_time": 1}
    mend = lambda row: json.dumps({**json.loads(row["original"]), "at": "2026-01-04T10:00:00Z"})  # noqa: E731
    retry = _repaired(answer["quarantine"], tmp_path, mend)
    answer = journeylib.load(path, mapping=MAPPING, store=tmp_path / "store", retry=retry)
    assert (answer["accepted"], answer["quarantined"]) == (20, 0)
    _load(tmp_path, CLEAN, "clean")
    assert _fingerprint(tmp_path, "store") == _fingerprint(tmp_path, "clean")


def _texts(folder, store):
    events = engine.collect(journeylib.open_store(folder / store).events)
    return dict(zip(events["event_id"].str.rpartition(":")[2], events["text"], strict=True))


def test_a_repair_with_an_open_quote_stays_unfit_and_takes_no_other_repair_with_it(tmp_path):
    damaged = ["0,,,,a", "1,,,,b", "2,,,,c", "3,,,,d", *CLEAN[4:]]
    mends = ['0,"c0,2026-01-01T10:00:00Z,view,a', '"1",c1,2026-01-01T10:00:00Z,view,"b"', '"",2"', *CLEAN[3:4]]
    retry = _repaired(
        _load(tmp_path, damaged, "store")["quarantine"], tmp_path, lambda row: mends[int(row["line"]) - 2]
    )
    answer = _load(tmp_path, damaged, "store", retry)
    assert answer["reasons"] == {"stray_quote": 2}
    with open(answer["quarantine"], encoding="utf-8-sig", newline="") as opened:
        assert [row["original"] for row in csv.DictReader(opened)] == [mends[0], mends[2]]
    texts = _texts(tmp_path, "store")
    assert (texts["1"], texts["3"]) == ("b", "=1+1")


@pytest.mark.parametrize("quote", ["'", ""])
def test_rows_of_a_file_with_another_quote_or_none_are_repaired(tmp_path, quote):
    mapping = {**MAPPING, "file": {"quote": quote}}
    head = f'id,who,at,what,said,{quote}a{quote and ","}b"{quote}'
    path = tmp_path / "x.csv"
    path.write_text("\n".join([head, "0,,2026-01-01T10:00:00Z,view,x,y", *(f"{row},y" for row in CLEAN[1:])]) + "\n")
    answer = journeylib.load(path, mapping=mapping, store=tmp_path / "store")
    retry = _repaired(answer["quarantine"], tmp_path, lambda _: "0,c0,2026-01-01T10:00:00Z,view,x,y")
    answer = journeylib.load(path, mapping=mapping, store=tmp_path / "store", retry=retry)
    assert (answer["accepted"], answer["quarantined"]) == (20, 0)


def test_a_pretty_printed_repair_is_one_record_and_two_objects_are_refused(tmp_path):
    rows = [dict(zip(HEAD.split(","), row.split(","), strict=True)) for row in CLEAN]
    mended, rows[3] = rows[3], {**rows[3], "at": "soon"}
    (tmp_path / "x.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    load = lambda retry=None: journeylib.load(  # noqa: E731
        tmp_path / "x.jsonl", mapping=MAPPING, store=tmp_path / "store", retry=retry
    )
    listed = load()["quarantine"]
    two = json.dumps(mended) + "\n" + json.dumps(mended)
    with pytest.raises(
        SourceError, match=r"x\.jsonl, row 4: its repaired text is not one record\. Write one JSON object"
    ):
        load(_repaired(listed, tmp_path, lambda _: two))
    answer = load(_repaired(listed, tmp_path, lambda _: json.dumps(mended, indent=2)))
    assert (answer["accepted"], answer["quarantined"]) == (20, 0)


@pytest.mark.parametrize("name", ["_row", "row", "file_row_number", "File_Row_Number"])
def test_a_parquet_file_may_have_columns_called_as_rows_are_counted(tmp_path, name):
    rows = [dict(zip(HEAD.split(","), row.split(","), strict=True)) | {name: "x"} for row in CLEAN]
    rows[3]["at"] = "soon"
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "x.parquet")
    answer = journeylib.load(tmp_path / "x.parquet", mapping=MAPPING, store=tmp_path / "store")
    with open(answer["quarantine"], encoding="utf-8-sig", newline="") as opened:
        [row] = csv.DictReader(opened)
    assert (row["source_row"], json.loads(row["original"])) == ("4", rows[3])


def test_line_breaks_within_cells_survive_a_repair(tmp_path):
    clean = [f'{at},c{at % 7},2026-01-0{1 + at % 9}T10:00:00Z,view,"two\r\nlines"' for at in range(20)]
    for store, rows in [("clean", clean), ("store", [*clean[:5], clean[5].replace("c5", ""), "6,c6", *clean[7:]])]:
        (tmp_path / "x.csv").write_bytes("\r\n".join([HEAD, *rows, ""]).encode())
        answer = journeylib.load(tmp_path / "x.csv", mapping=MAPPING, store=tmp_path / store)
    assert answer["reasons"] == {"no_customer": 1, "ragged": 1}
    retry = _repaired(answer["quarantine"], tmp_path, lambda row: clean[int(row["source_row"]) - 1])
    journeylib.load(tmp_path / "x.csv", mapping=MAPPING, store=tmp_path / "store", retry=retry)
    assert _fingerprint(tmp_path, "store") == _fingerprint(tmp_path, "clean")


def test_the_same_repaired_file_twice_changes_nothing_and_two_texts_for_one_row_are_refused(tmp_path):
    damaged = ["0,,2026-01-01T10:00:00Z,view,", *CLEAN[1:]]
    retry = _repaired(_load(tmp_path, damaged, "store")["quarantine"], tmp_path, lambda _: CLEAN[0])
    twice = retry.read_text() + retry.read_text().splitlines()[1].replace("0,c0", "0,c9") + "\n"
    (tmp_path / "twice.csv").write_text(twice)
    with pytest.raises(SourceError, match="row 3 repairs a row that another one repairs otherwise"):
        _load(tmp_path, damaged, "store", tmp_path / "twice.csv")
    _load(tmp_path, damaged, "store", retry)
    assert _load(tmp_path, damaged, "store", retry)["status"] == "already loaded"


def test_repairs_of_a_file_that_has_changed_wait_and_are_warned_of(tmp_path):
    damaged = ["0,,2026-01-01T10:00:00Z,view,", *CLEAN[1:]]
    retry = _repaired(_load(tmp_path, damaged, "store")["quarantine"], tmp_path, lambda _: CLEAN[0])
    with pytest.raises(SourceError, match="a file that has changed since"):
        _load(tmp_path, [*damaged, "20,c1,2026-01-01T10:00:00Z,view,"], "store", retry)
    _load(tmp_path, damaged, "store", retry)
    answer = _load(tmp_path, [*damaged, "20,c1,2026-01-01T10:00:00Z,view,"], "store")
    assert answer["reasons"] == {"no_customer": 1}
    assert answer["warnings"] == ["1 repairs are of files that changed or are not loaded now; they wait"]
    assert _load(tmp_path, damaged, "store")["quarantined"] == 0


def test_under_another_header_a_repair_takes_no_other_row_s_place(tmp_path):
    damaged = ["0,,2026-01-01T10:00:00Z,view,", *CLEAN[1:]]
    retry = _repaired(_load(tmp_path, damaged, "store")["quarantine"], tmp_path, lambda _: CLEAN[0])
    _load(tmp_path, damaged, "store", retry)
    columns = {name: f"column_{HEAD.split(',').index(theirs) + 1}" for name, theirs in MAPPING["columns"].items()}
    said = {**MAPPING, "columns": columns, "file": {"header_rows": 0}}
    answer = journeylib.load(tmp_path / "x.csv", mapping=said, store=tmp_path / "store")
    assert (answer["accepted"], answer["quarantined"]) == (19, 2)
