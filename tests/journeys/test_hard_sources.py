"""What a load must not do with sources that overlap, repeat, disagree or change."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import journeylib
from journeylib import engine
from journeylib.errors import MappingError, SourceError

HEAD = "id,who,at,what"
SHORT = {
    "columns": {"event_id": "id", "customer_id": "who", "occurred_at": "at", "touchpoint": "what"},
    "constants": {"channel": "web"},
    "limits": {"quarantined_share": 1},
}


def _written(path, *rows, head=HEAD):
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def _events(folder):
    return engine.collect(journeylib.open_store(folder / "store").events, order_by=["event_id"])


def _load(source, folder, **settings):
    return journeylib.load(source, mapping={**SHORT, **settings}, store=folder / "store")


def test_the_same_content_twice_in_one_source_is_refused(tmp_path):
    (tmp_path / "in").mkdir()
    for name in ["a.csv", "a copy.csv"]:
        _written(tmp_path / "in" / name, "1,a,2026-01-01T00:00:00Z,view")
    with pytest.raises(SourceError, match=r"a copy\.csv and .*a\.csv of source in are the same file"):
        _load(tmp_path / "in", tmp_path)


def test_many_files_of_one_source_are_read_as_one_table(tmp_path):
    (tmp_path / "in").mkdir()
    for place in range(60):
        rows = [f"{place}-{row},c{row},2026-01-01T00:00:{place:02}Z,view" for row in range(3)]
        _written(tmp_path / "in" / f"{place:03}.csv", *rows, *(["ragged"] if place % 7 == 0 else []))
    answer = _load(tmp_path / "in", tmp_path)
    assert (answer["records_in"], answer["accepted"], answer["reasons"]) == (189, 180, {"ragged": 9})
    found = _events(tmp_path)
    assert sorted(found["source_row"].unique()) == [1, 2, 3]
    assert found["source"].nunique() == 60


def test_anonymous_events_are_nobody_s_retries(tmp_path):
    rows = [f"{place},unknown,2026-01-01T00:00:{place:02}Z,view" for place in range(50)]
    rows += [f"x{place},c{place},2026-01-01T00:00:00Z,view" for place in range(200)]
    limits = {"retry_seconds": 5, "quarantined_share": 1}
    answer = _load(_written(tmp_path / "x.csv", *rows), tmp_path, limits=limits)
    assert (answer["accepted"], answer["duplicates"]) == (250, 0)


def test_an_event_is_no_retry_of_one_that_was_rejected(tmp_path):
    rows = ["1,a,2026-01-01T00:00:00Z,view", "1,a,2026-01-01T00:00:00Z,order", "2,a,2026-01-01T00:00:01Z,view"]
    limits = {"retry_seconds": 5, "quarantined_share": 1}
    answer = _load(_written(tmp_path / "x.csv", *rows), tmp_path, limits=limits)
    assert (answer["accepted"], answer["reasons"]) == (1, {"conflict": 2})


def test_a_retry_within_seconds_is_a_duplicate_of_the_one_before(tmp_path):
    rows = [f"{second},a,2026-01-01T00:00:{second:02}Z,view" for second in (0, 2, 9)]
    limits = {"retry_seconds": 3, "quarantined_share": 1}
    answer = _load(_written(tmp_path / "x.csv", *rows), tmp_path, limits=limits)
    assert (answer["accepted"], answer["duplicates"]) == (2, 1)


def test_equal_rows_of_two_sources_are_two_events_and_no_cell_runs_into_the_next(tmp_path):
    _written(
        tmp_path / "a.csv",
        "a,2026-01-01T00:00:00Z,x\x1fy,z",
        "a,2026-01-01T00:00:00Z,x,y\x1fz",
        head="who,at,what,text",
    )
    _written(tmp_path / "b.csv", "a,2026-01-01T00:00:00Z,x\x1fy,z", head="who,at,what,text")
    columns = {"customer_id": "who", "occurred_at": "at", "touchpoint": "what", "text": "text"}
    blocks = [
        {"path": str(tmp_path / name), "columns": columns, "constants": {"channel": name}, "exact_copies": "duplicates"}
        for name in ["a.csv", "b.csv"]
    ]
    answer = journeylib.load(mapping={"source": blocks}, store=tmp_path / "store")
    assert (answer["accepted"], answer["duplicates"]) == (3, 0)


def test_the_same_event_with_another_unread_column_is_a_duplicate(tmp_path):
    (tmp_path / "in").mkdir()
    _written(tmp_path / "in" / "a.csv", "1,a,2026-01-01T00:00:00Z,view")
    _written(tmp_path / "in" / "b.csv", "1,a,2026-01-01T00:00:00Z,view,new", head=HEAD + ",more")
    assert _load(tmp_path / "in", tmp_path)["duplicates"] == 1


def test_a_decimal_comma_is_of_texts_only(tmp_path):
    table = pd.DataFrame({"id": ["1"], "who": ["a"], "at": ["2026-01-01T00:00:00Z"], "what": ["v"], "sum": [12.345]})
    _load(
        table, tmp_path, columns={**SHORT["columns"], "revenue": "sum"}, file={"decimal": ","},
        constants={"channel": "web", "currency": "KWD"},
    )  # fmt: skip
    assert _events(tmp_path)["revenue_minor"].tolist() == [12345]


def test_a_field_of_a_struct_in_parquet_is_named_by_its_path(tmp_path):
    rows = [{"id": "1", "who": "a", "at": "2026-01-01T00:00:00Z", "page": {"is": {"name": "home"}}}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "x.parquet")
    _load(tmp_path / "x.parquet", tmp_path, columns={**SHORT["columns"], "touchpoint": "page.is.name"})
    assert _events(tmp_path)["touchpoint"].tolist() == ["home"]


def test_what_customer_sources_say_counts_in_the_order_of_the_mapping(tmp_path):
    _written(tmp_path / "x.csv", "1,a,2026-01-01T00:00:00Z,view")
    _written(tmp_path / "crm.csv", "a,zeta,", head="who,plan,region")
    _written(tmp_path / "billing.csv", "a,alpha,north", head="who,plan,region")
    people = [
        {"kind": "customers", "path": str(tmp_path / name), "columns": {"customer_id": "who"},
         "attributes": {"plan": "plan", "region": "region"}}
        for name in ["crm.csv", "billing.csv"]
    ]  # fmt: skip
    events = {"path": str(tmp_path / "x.csv"), "columns": SHORT["columns"], "constants": SHORT["constants"]}
    journeylib.load(mapping={"source": [events, *people]}, store=tmp_path / "store")
    found = engine.collect(journeylib.open_store(tmp_path / "store").customers)
    assert found[["customer_id", "plan", "region"]].to_numpy().tolist() == [["a", "zeta", "north"]]


def test_a_header_without_rows_is_refused_and_an_empty_frame_too(tmp_path):
    with pytest.raises(SourceError, match="hold a header and no rows"):
        _load(_written(tmp_path / "x.csv"), tmp_path)
    empty = pd.DataFrame({name: [] for name in HEAD.split(",")})
    with pytest.raises(SourceError, match="hold a header and no rows"):
        _load(empty, tmp_path)


def test_columns_that_differ_by_case_are_told_apart_where_one_is_mapped(tmp_path):
    _written(tmp_path / "x.csv", "1,2,a,2026-01-01T00:00:00Z,view", head="id,ID,who,at,what")
    _load(tmp_path / "x.csv", tmp_path)
    assert _events(tmp_path)["event_id"].tolist() == ["x:1"]
    both = {**SHORT["columns"], "reason": "ID"}
    with pytest.raises(SourceError, match="differ only by case"):
        _load(tmp_path / "x.csv", tmp_path, columns=both)


def test_an_attribute_cannot_be_called_like_a_column_on_the_way(tmp_path):
    _written(tmp_path / "c.csv", "a,x", head="who,o")
    block = {"kind": "customers", "path": str(tmp_path / "c.csv"), "columns": {"customer_id": "who"}}
    for name in ["origin", "unfit"]:
        with pytest.raises(MappingError, match="columns of its own called"):
            journeylib.load(mapping={"source": [{**block, "attributes": {name: "o"}}]}, store=tmp_path / "store")


def test_a_snapshot_that_was_deleted_is_made_again(tmp_path):
    import shutil

    _written(tmp_path / "x.csv", "1,a,2026-01-01T00:00:00Z,view")
    _load(tmp_path / "x.csv", tmp_path)
    shutil.rmtree(tmp_path / "store" / "snapshots")
    assert _load(tmp_path / "x.csv", tmp_path)["status"] == "loaded"
    assert len(_events(tmp_path)) == 1


def test_a_load_that_is_stopped_leaves_nothing_behind_and_says_so(tmp_path):
    rows = [f"{at},c{at % 997},2026-01-01T00:00:{at % 60:02}Z,view" for at in range(400_000)]
    _written(tmp_path / "x.csv", *rows)
    (tmp_path / "m.toml").write_text(
        '[columns]\nevent_id = "id"\ncustomer_id = "who"\noccurred_at = "at"\ntouchpoint = "what"\n'
        '[constants]\nchannel = "web"\n'
    )
    command = [
        sys.executable,
        "-m",
        "journeylib",
        "load",
        str(tmp_path / "x.csv"),
        "--mapping",
        str(tmp_path / "m.toml"),
    ]
    for number, wait, code in [(signal.SIGTERM, 2.0, 143), (signal.SIGINT, 2.6, 130)]:
        running = subprocess.Popen([*command, "--store", str(tmp_path / "store")], stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 60
        while not list((tmp_path / "store").glob(".staging-*/work/0/staged.parquet")) and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(wait - 2.0)
        os.kill(running.pid, number)
        _, said = running.communicate(timeout=60)
        if running.returncode == 0:
            continue  # it was done before the signal came
        assert (running.returncode, said.strip()) == (code, "journey: stopped; nothing is left half done")
        assert not list((tmp_path / "store").glob(".staging-*"))


def test_a_time_that_was_in_the_future_is_looked_at_again_beside_the_snapshot_that_is_there(tmp_path):
    _written(tmp_path / "x.csv", "1,a,2026-01-01T00:00:00Z,view", "2,a,2999-01-01T00:00:00Z,view")
    names = []
    for _ in range(3):
        answer = _load(tmp_path / "x.csv", tmp_path)
        assert (answer["status"], answer["reasons"]) == ("loaded", {"future_time": 1})
        names.append(json.loads((tmp_path / "store" / "manifest.json").read_text())["snapshot"])
        assert len(_events(tmp_path)) == 1
    assert names[0] != names[1]
    assert names[1] != names[2]
