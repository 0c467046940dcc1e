from __future__ import annotations

import shutil
import signal
import subprocess
import sys

import pytest

import journeylib
from journeylib import engine
from journeylib.data import store as stores
from journeylib.errors import BusyError, SourceError, StoreError
from journeylib.journeys.forget import forget, read_ids

ROWS = [
    "1,,dev1,2026-01-01T10:00:00Z,,view,web",
    "2,anna,dev1,2026-01-01T10:05:00Z,,signed in,web",
    "3,,dev1,2026-01-02T10:00:00Z,,view,web",
    "4,bert,dev1,2026-01-03T10:00:00Z,,signed in,web",
    "5,,dev1,2026-01-04T10:00:00Z,,view,web",
    "6,anna,,2026-01-05T10:00:00Z,,called,phone",
    "7,anna,dev2,,,called,phone",
    "8,cleo,dev3,2026-01-05T10:00:00Z,,called,phone",
    "8,cleo,dev3,2026-01-05T10:00:00Z,,called,phone",
    "9,,dev4,2026-01-05T10:00:00Z,,called,phone",
]
TEXTS = {"1": "first look", "2": "I am Anna", "4": "I am Bert", "6": "Anna here"}
CUSTOMERS = "id,plan,from,to\nanna,annual,2025-01-01,\nbert,monthly,2025-06-01,2026-02-01\n"

# A driver that ends itself without warning at its n-th change to a file or folder.
KILLED = """
import os, signal, sys
store, at, done = sys.argv[1], int(sys.argv[2]), [0]
def watch(event, said):
    is_written = event == "open" and isinstance(said[1], str) and said[1][0] in "wax"
    if event in ("os.rename", "os.remove", "os.rmdir", "os.mkdir") or is_written:
        done[0] += 1
        if done[0] == at:
            os.kill(os.getpid(), signal.SIGKILL)
from journeylib.journeys.forget import forget
sys.addaudithook(watch)
forget(["anna"], store)
"""


@pytest.fixture
def loaded(company, mapping_text, tmp_path):
    """Load rows, with what was written in TEXTS on them, into the store; the answer is the store."""

    def load(*rows, mode="replay", columns='["person", "device"]', customers=CUSTOMERS, into="store"):
        said = mapping_text.replace('"replay"', f'"{mode}"').replace('["person", "device"]', columns)
        said = said.replace('score = "score"', 'text = "score"').replace('score_type = "score_type"\n', "")
        written = [f"{row},,,{TEXTS.get(row.split(',')[0], '')}," if row.count(",") == 6 else row for row in rows]
        journeylib.load(mapping=company(*written, mapping=said, customers=customers), store=tmp_path / into)
        return tmp_path / into

    return load


def _events(store):
    found = engine.collect(journeylib.open_store(store).events, order_by=["event_id"])
    return dict(zip(found["event_id"].str.removeprefix("events:"), found["customer_id"], strict=True))


def _naming(store, *ids):
    """The files of a store that hold one of these ids; of Parquet files, what their cells say."""
    found = []
    for path in sorted(path for path in store.rglob("*") if path.is_file()):
        said = path.read_bytes()
        if path.suffix == ".parquet":
            said += engine.collect(engine.scan([path])).to_csv().encode()
        found += [path.name for each in ids if each.encode() in said]
    return found


def _content(store):
    """All tables of a store, rows in order, less the line where a row stood."""
    tables = stores.tables(store, stores.manifest(store))
    return {
        name: sorted(engine.collect(table).drop(columns="line", errors="ignore").astype(str).to_numpy().tolist())
        for name, table in tables.items()
    }


def _is_balanced(facts):
    parts = [facts[name] for name in ["accepted", "quarantined", "duplicates"]]
    return facts["records_in"] == sum(parts) and facts["quarantined"] == sum(facts["reasons"].values())


def test_a_forgotten_person_is_in_no_file_of_the_store(loaded):
    loaded(*ROWS[:8])
    store = loaded(*ROWS)
    (store / "views" / "x").mkdir(parents=True)
    (store / "views" / "x" / "events.csv").write_text("anna", encoding="utf-8")
    (store / ".staging-old").mkdir()
    (store / ".staging-old" / "events.csv").write_text("anna", encoding="utf-8")
    assert len(_naming(store, "anna")) > 10
    assert forget(["anna"], store) == {
        "people": 1, "unknown": 0, "events_fallen_back": 3, "events_removed": 1, "customers_removed": 1,
        "quarantined_removed": 1, "snapshots_removed": 2,
    }  # fmt: skip
    assert _naming(store, "anna", "Anna") == []
    assert sorted(path.name for path in store.iterdir()) == [".lock", "manifest.json", "snapshots", "tombstones.txt"]


def test_events_fall_back_to_their_device_and_others_keep_theirs(loaded):
    store = loaded(*ROWS)
    before = _events(store)
    assert [before[each] for each in "12345"] == ["anna", "anna", "anna", "bert", "bert"]
    forget(["anna"], store)
    after = _events(store)
    assert [after[each] for each in "123"] == ["device:dev1"] * 3
    assert after == {**{each: before[each] for each in before if each != "6"}, **dict.fromkeys("123", "device:dev1")}
    events = engine.collect(journeylib.open_store(store).events, order_by=["event_id"])
    fallen = events[events["customer_id"] == "device:dev1"]
    assert fallen["known_by"].tolist() == ["device"] * 3
    assert fallen[["person_id", "text"]].isna().all(axis=None)
    assert events[events["customer_id"] == "bert"]["text"].dropna().tolist() == ["I am Bert"]


def test_journeys_and_steps_are_made_again(loaded):
    store = loaded(*ROWS)
    forget(["anna"], store)
    opened = journeylib.open_store(store)
    journeys = engine.collect(opened.journeys, order_by=["customer_id"])[["customer_id", "steps"]]
    assert journeys.to_numpy().tolist() == [["bert", 2], ["cleo", 1], ["device:dev1", 3], ["device:dev4", 1]]
    assert engine.collect(opened.steps)["customer_id"].value_counts().to_dict() == dict(journeys.to_numpy().tolist())


def test_the_counts_still_add_up_and_the_fingerprint_changes(loaded):
    store = loaded(*ROWS)
    before = journeylib.open_store(store).facts
    forget(["anna"], store)
    facts = journeylib.open_store(store).facts
    assert _is_balanced(before)
    assert _is_balanced(facts)
    assert (facts["accepted"], facts["quarantined"], facts["reasons"]) == (8, 3, {"erased": 3})
    assert (facts["events"], facts["known_by"]) == (7, {"before": 1, "device": 4, "itself": 2})
    assert facts["identity"]["anonymous_events"] == 4
    assert facts["fingerprint"] != before["fingerprint"]
    quarantine = _content(store)["quarantine"]
    assert [row[:2] for row in quarantine] == [["customers", "1"], ["events", "6"], ["events", "7"]]
    assert {tuple(row[-3:]) for row in quarantine} == {("erased", "nothing is to be done; its text is gone", "")}


@pytest.mark.parametrize("mode", ["none", "live", "replay", "graph"])
def test_a_fresh_load_with_the_marks_in_place_says_the_same(loaded, tmp_path, mode):
    store = loaded(*ROWS, mode=mode)
    forget(["anna"], store)
    (tmp_path / "other").mkdir()
    shutil.copy(store / "tombstones.txt", tmp_path / "other")
    shutil.copytree(tmp_path / "store.private", tmp_path / "other.private")
    other = loaded(*ROWS, mode=mode, into="other")
    assert _content(other) == _content(store)
    assert journeylib.open_store(other).facts == journeylib.open_store(store).facts
    assert stores.manifest(other) == stores.manifest(store)


def test_the_same_sources_are_already_loaded_and_further_rows_bring_nobody_back(loaded, tmp_path):
    store = loaded(*ROWS)
    forget(["anna"], store)
    before = _events(store)
    assert journeylib.load(mapping=tmp_path / "mapping.toml", store=store)["status"] == "already loaded"
    loaded(*ROWS, "a,anna,dev1,2026-01-06T10:00:00Z,,signed in,web", "b,,dev1,2026-01-06T10:01:00Z,,view,web")
    assert _events(store) == {**before, "a": "device:dev1", "b": "device:dev1"}
    assert _naming(store, "anna", "Anna") == []
    assert _is_balanced(journeylib.open_store(store).facts)


@pytest.mark.parametrize("mode", ["live", "replay", "graph"])
@pytest.mark.parametrize("become", ["blank", "gone"])
def test_nobody_inherits_once_the_source_has_lost_the_person_too(loaded, mode, become):
    store = loaded(*ROWS, mode=mode)
    theirs = {each for each, who in _events(store).items() if who == "anna"}
    forget(["anna"], store)
    lost = [row.replace("anna", "") for row in ROWS if become == "blank" or "anna" not in row]
    store = loaded(*lost, "a,bert,dev1,2025-12-31T10:00:00Z,,signed in,web", mode=mode)
    events = _events(store)
    assert {events.get(each, "device:dev1") for each in theirs - {"6"}} == {"device:dev1"}
    assert [events[each] for each in "45a"] == ["bert"] * 3
    assert _naming(store, "I am Anna") == []


def test_any_id_of_a_merged_customer_forgets_all_of_them(loaded):
    rows = [
        "1,anna,dev1,2026-01-01T10:00:00Z,,view,web,,,,anna@x",
        "2,,dev2,2026-01-02T10:00:00Z,,view,web,,,,anna@x",
        "3,old-7,dev3,2026-01-03T10:00:00Z,,view,web,,,,anna@x",
        "4,bert,dev1,2026-01-04T10:00:00Z,,view,web,,,,bert@x",
    ]
    said = '["person", "score_type", "device"]'
    store = loaded(*rows, mode="graph", columns=said)
    for asked in ["anna", "anna@x", "old-7"]:
        shutil.copytree(store, store.parent / asked)
        assert forget([asked], store.parent / asked)["people"] == 1
        assert _events(store.parent / asked) == {
            "1": "device:dev1",
            "2": "device:dev2",
            "3": "device:dev3",
            "4": "bert",
        }
        assert _naming(store.parent / asked, "anna", "old-7") == []
    # Each of the ids is marked by itself, so that no other mode brings it back.
    loaded(*rows, mode="replay", columns=said, into="anna")
    assert _naming(store.parent / "anna", "anna", "old-7") == []


def test_a_forgotten_device_takes_its_events_with_it(loaded):
    store = loaded(*ROWS)
    assert forget(["device:dev4"], store)["people"] == 1
    assert forget(["dev1"], store)["events_removed"] == 5  # nobody is called so, so it is the device
    assert _events(store) == {"6": "anna", "8": "cleo"}
    assert _naming(store, "dev4", "dev1") == []
    loaded(*ROWS, "a,dora,dev1,2026-01-06T10:00:00Z,,signed in,web")
    assert _events(store) == {"6": "anna", "8": "cleo"}


def test_a_person_called_like_a_device_leaves_the_device_alone(loaded):
    store = loaded(*ROWS, "a,dev4,dev5,2026-01-06T10:00:00Z,,signed in,web")
    forget(["dev4"], store)
    assert (_events(store)["9"], _events(store)["a"]) == ("device:dev4", "device:dev5")


def test_an_unknown_id_is_marked_for_the_day_it_comes(loaded):
    store = loaded(*ROWS)
    before = journeylib.open_store(store).facts["fingerprint"]
    done = forget(["Anna", "dora"], store)  # Anna is not anna
    assert (done["people"], done["unknown"], done["events_fallen_back"], done["events_removed"]) == (0, 2, 0, 0)
    assert journeylib.open_store(store).facts["fingerprint"] == before
    loaded(*ROWS, "a,dora,dev5,2026-01-06T10:00:00Z,,view,web", "b,,dora,2026-01-06T10:00:00Z,,view,web")
    assert _naming(store, "dora") == []
    assert _events(store)["a"] == "device:dev5"


def test_forgetting_again_changes_nothing(loaded):
    store = loaded(*ROWS)
    forget(["anna"], store)
    before = {path: path.stat().st_mtime_ns for path in store.rglob("*.*") if path.name != ".lock"}
    assert set(forget(["anna"], store).values()) == {0}
    assert {path: path.stat().st_mtime_ns for path in store.rglob("*.*") if path.name != ".lock"} == before


def test_one_after_another_is_the_same_as_both_at_once(loaded):
    one, other = loaded(*ROWS, into="one"), loaded(*ROWS, into="other")
    forget(["anna"], one)
    forget(["cleo"], one)
    forget(["cleo", "anna"], other)
    assert _content(one) == _content(other)
    assert journeylib.open_store(one).facts == journeylib.open_store(other).facts


def test_when_nobody_is_left_there_is_no_store_and_nothing_to_load(loaded, tmp_path):
    rows = ["1,anna,,2026-01-01T10:00:00Z,,view,web"]
    store = loaded(*rows, customers="id,plan,from,to\nanna,annual,2025-01-01,\n")
    done = forget(["anna"], store)
    assert (done["events_removed"], done["customers_removed"], done["snapshots_removed"]) == (1, 1, 1)
    assert _naming(store, "anna") == []
    with pytest.raises(StoreError, match="there is no journey store"):
        journeylib.open_store(store)
    with pytest.raises(SourceError, match="forgotten"):
        journeylib.load(mapping=tmp_path / "mapping.toml", store=store)
    assert forget(["anna"], store)["people"] == 0
    loaded(*rows, ROWS[7])
    assert _events(store) == {"8": "cleo"}


def test_a_repair_that_names_someone_forgotten_goes_with_its_event(loaded, tmp_path):
    store = loaded(*ROWS, "a,cleo,dev3,,,view,web")
    listed = (next((store / "snapshots").iterdir()) / "quarantine.csv").read_text(encoding="utf-8-sig")
    repaired = listed.replace(",,,called", ",2026-01-06T10:00:00Z,,called").replace(
        ",,,view", ",2026-01-07T10:00:00Z,,view"
    )
    (tmp_path / "repaired.csv").write_text(repaired, encoding="utf-8")
    mapping = tmp_path / "mapping.toml"
    journeylib.load(mapping=mapping, store=store, retry=tmp_path / "repaired.csv")
    assert (_events(store)["7"], _events(store)["a"]) == ("anna", "cleo")
    forget(["anna"], store)
    assert _naming(store, "anna") == []
    assert "cleo" in next((store / "snapshots").glob("*/repairs.jsonl")).read_text(encoding="utf-8")
    facts, events = journeylib.open_store(store).facts, _events(store)
    assert (events["a"], "7" in events, _is_balanced(facts)) == ("cleo", False, True)
    journeylib.load(mapping=mapping, store=store)
    assert (_events(store), journeylib.open_store(store).facts) == (events, facts)


def test_warnings_and_components_no_longer_name_who_was_forgotten(loaded):
    many = [f"m{n},p{n},kiosk,2026-01-0{1 + n % 5}T11:00:00Z,,view,web,,,,shared@x" for n in range(60)]
    store = loaded(*ROWS, *many, mode="graph", columns='["person", "score_type", "device"]')
    [unmerged] = journeylib.open_store(store).facts["identity"]["unmerged_components"]
    gone = unmerged["examples"][0]
    forget([gone], store)
    facts = journeylib.open_store(store).facts
    assert facts["identity"]["unmerged_components"] == [{**unmerged, "examples": unmerged["examples"][1:]}]
    assert f'"{gone}"' not in (store / "manifest.json").read_text(encoding="utf-8")
    assert len(facts["identity"]["unmerged_components"][0]["examples"]) == 2


def test_a_store_that_is_being_loaded_is_busy(loaded):
    store = loaded(*ROWS)
    with stores.locked(store), pytest.raises(BusyError):
        forget(["anna"], store)


def test_a_folder_without_a_store_is_refused_and_nothing_is_made(tmp_path):
    with pytest.raises(StoreError, match="there is no journey store"):
        forget(["anna"], tmp_path / "store")
    assert list(tmp_path.iterdir()) == []


def test_one_text_is_not_a_list_of_ids(loaded):
    with pytest.raises(TypeError, match="Give a list of ids"):
        forget("anna", loaded(*ROWS))


def test_a_missing_key_is_refused_before_anything_changes(loaded, tmp_path):
    store = loaded(*ROWS)
    forget(["anna"], store)
    shutil.rmtree(tmp_path / "store.private")
    for call in [lambda: forget(["bert"], store), lambda: loaded(*ROWS)]:
        with pytest.raises(StoreError, match=r"erasure\.key is missing"):
            call()
    assert _events(store)["4"] == "bert"


@pytest.mark.parametrize("at", [7, 11, 19, 21, 22, 26])
def test_killed_at_any_moment_it_can_be_completed_and_nobody_comes_back(loaded, tmp_path, at):
    store = loaded(*ROWS)
    whole = shutil.copytree(store, tmp_path / "whole")
    forget(["anna"], whole)
    done = subprocess.run([sys.executable, "-c", KILLED, str(store), str(at)], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    if (store / "tombstones.txt").exists():
        shutil.copytree(store, tmp_path / "between")
        shutil.copytree(tmp_path / "store.private", tmp_path / "between.private")
        journeylib.load(mapping=tmp_path / "mapping.toml", store=tmp_path / "between")
        assert "anna" not in _events(tmp_path / "between").values()
    forget(["anna"], store)
    assert _naming(store, "anna", "Anna") == []
    assert _content(store) == _content(whole)
    assert journeylib.load(mapping=tmp_path / "mapping.toml", store=store)["status"] == "already loaded"
    assert not list(store.glob(".staging-*"))


@pytest.mark.parametrize(
    ("said", "ids"),
    [
        ("00123\n123\n\n00123\n", ["00123", "123"]),
        ("\ufeffa b\r\n c \r\n", ["a b", " c "]),
        ("auth0|7\ncn=x,ou=y\n", ["auth0|7", "cn=x,ou=y"]),
        ("name,customer_id\nAnna,a1\nBert\n\nCleo,\nDora,dev1\n", ["a1", "dev1"]),
        ('customer_id\n"a,1"\n007\n', ["a,1", "007"]),
        ("since;customer_id\n2026-01-01;a1\n", ["a1"]),
    ],
)
def test_ids_are_read_as_texts_one_a_line_or_from_their_column(tmp_path, said, ids):
    (tmp_path / "ids.txt").write_text(said, encoding="utf-8")
    assert read_ids(tmp_path / "ids.txt") == ids


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"", "holds no ids"),
        (b" \n\n", "holds no ids"),
        (b"customer_id\n", "holds no ids"),
        (b"user,mail\na,b\n", "several cells and none is customer_id"),
        (b"\xff\xfea\x00", "cannot be read.*UTF-8"),
    ],
)
def test_a_file_that_holds_no_ids_is_refused(tmp_path, said, why):
    (tmp_path / "ids.txt").write_bytes(said)
    with pytest.raises(SourceError, match=why):
        read_ids(tmp_path / "ids.txt")
    with pytest.raises(SourceError, match="there is no file"):
        read_ids(tmp_path / "none.txt")
