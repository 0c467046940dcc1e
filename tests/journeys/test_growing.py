"""A store that grows by further files; `tests/heavy/histories.py` holds many against loads of all files at once."""

from __future__ import annotations

import os
import shutil
from datetime import date, timedelta

import pytest

import journeylib
from journeylib import engine
from journeylib.data import store as stores
from journeylib.journeys.forget import forget

COLUMNS = {
    "event_id": "id",
    "customer_id": ["user", "device"],
    "occurred_at": "at",
    "touchpoint": "what",
    "updated_at": "changed",
}
MAPPING = {
    "columns": COLUMNS,
    "constants": {"channel": "web"},
    "identity": {"mode": "replay"},
    "time": {"zone": "UTC"},
    "limits": {"quarantined_share": 0.9},
}
FIRST = ["1,ann,,2026-01-01,view", "2,ann,,2026-01-05,view", "3,bob,,2026-01-02,view", "4,,d1,2026-01-03,view"]


@pytest.fixture
def grown(tmp_path):
    """Load files of lines (id, user, device, day, what, changed) one after the other; the answer of each load."""
    (tmp_path / "web").mkdir()

    def load(*files):
        answers = []
        for lines in files:
            at = len(list((tmp_path / "web").iterdir()))
            rows = "\n".join(
                ["id,user,device,at,what,changed", *(line + "," * (5 - line.count(",")) for line in lines)]
            )
            (tmp_path / "web" / f"{at}.csv").write_text(rows + "\n", encoding="utf-8")
            answers.append(journeylib.load(tmp_path / "web", mapping=MAPPING, store=tmp_path / "store"))
        return answers

    return load


def _steps(store):
    table = stores.tables(store, stores.manifest(store))["steps"]
    order = ["customer_id", "occurred_us", "event_id"]
    frame = engine.collect(table.select("customer_id", "event_id", "occurred_us", "step"), order_by=order)
    return [(who, event.split(":")[1], step) for who, event, _, step in frame.itertuples(index=False)]


def _generation(store):
    return stores.manifest(store)["memory"]["generation"]


def test_a_late_event_is_put_in_its_place_and_only_its_customer_is_written_again(grown, tmp_path):
    grown(FIRST, ["5,ann,,2026-01-03,view"])
    store = tmp_path / "store"
    assert _steps(store) == [("ann", "1", 1), ("ann", "5", 2), ("ann", "2", 3), ("bob", "3", 1), ("device:d1", "4", 1)]
    said = stores.manifest(store)
    again = engine.scan([store / "snapshots" / said["snapshot"] / said["tables"]["events"][-1]])
    assert set(engine.collect(again.select("customer_id"))["customer_id"]) == {"ann"}
    assert _generation(store) == 1


def test_only_the_journey_that_a_late_event_falls_into_is_written_again(grown, tmp_path):
    days = ["2026-01-01", "2026-02-01", "2026-02-02", "2026-03-01"]  # with a gap of 7 days, three journeys
    grown([f"{at},ann,,{day},view" for at, day in enumerate(days)], ["9,ann,,2026-02-03,view"])
    said = stores.manifest(tmp_path / "store")
    home = tmp_path / "store" / "snapshots" / said["snapshot"]
    assert engine.rows_in(home / said["withdrawn"]["events"]) == 2  # those of February
    assert engine.rows_in(home / said["withdrawn"]["journeys"]) == 1
    assert engine.rows_in(home / said["tables"]["events"][-1]) == 3
    steps = [(event, step) for _, event, step in _steps(tmp_path / "store")]
    assert steps == [("0", 1), ("1", 1), ("2", 2), ("9", 3), ("3", 1)]


def test_a_late_event_that_joins_two_journeys_has_both_written_again(grown, tmp_path):
    days = ["2026-01-01", "2026-02-01", "2026-02-13", "2026-03-10"]
    grown([f"{at},ann,,{day},view" for at, day in enumerate(days)], ["9,ann,,2026-02-07,view"])
    said = stores.manifest(tmp_path / "store")
    home = tmp_path / "store" / "snapshots" / said["snapshot"]
    assert engine.rows_in(home / said["withdrawn"]["journeys"]) == 2  # 1 and 13 February; six days to either side
    steps = [(event, step) for _, event, step in _steps(tmp_path / "store")]
    assert steps == [("0", 1), ("1", 1), ("9", 2), ("2", 3), ("3", 1)]


def test_what_is_counted_of_a_device_follows_when_its_first_log_in_goes(grown, tmp_path):
    first = ["1,ann,d1,2026-01-02,view,2026-01-01", "2,,d1,2026-01-03,view,2026-01-01"]
    # The log-in was bob's, and on another device: d1 has nobody then.
    grown(first, ["1,bob,d2,2026-01-02,view,2026-01-04"])
    said = stores.manifest(tmp_path / "store")
    assert said["memory"]["generation"] == 1
    assert [who for who, _, _ in _steps(tmp_path / "store")] == ["bob", "device:d1"]
    counts = said["facts"]["identity"]["customers"]
    assert counts == {"none": 2, "live": 2, "replay": 2, "graph": 2}
    assert said["facts"]["customers"] == 2


def test_a_file_is_known_again_by_its_size_and_time_and_read_where_they_are_others(grown, tmp_path):
    grown(FIRST)
    path, then = tmp_path / "web" / "0.csv", 1_700_000_000

    def changed(old, new, *, at):
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
        os.utime(path, (at, at))
        return journeylib.load(tmp_path / "web", mapping=MAPPING, store=tmp_path / "store")["status"]

    assert stores.manifest(tmp_path / "store")["stamps"] == {}  # it had changed just before
    assert changed("ann", "eve", at=then) == "loaded"
    [[_, size, changed_ns, _]] = stores.manifest(tmp_path / "store")["stamps"].values()
    assert (size, changed_ns) == (path.stat().st_size, then * 10**9)
    assert changed("eve", "anna", at=then) == "loaded"  # of another size
    assert changed("anna", "beth", at=then + 1) == "loaded"  # of another time
    assert changed("beth", "cleo", at=then + 1) == "already loaded"  # what is promised no more


def test_a_log_in_that_comes_later_gives_its_owner_what_the_device_did_before(grown, tmp_path):
    grown(FIRST, ["5,cy,d1,2026-01-04,signed in"])
    assert ("cy", "4", 1) in _steps(tmp_path / "store")
    assert ("cy", "5", 2) in _steps(tmp_path / "store")
    journeys = stores.tables(tmp_path / "store", stores.manifest(tmp_path / "store"))["journeys"]
    assert sorted(engine.collect(journeys)["customer_id"]) == ["ann", "bob", "cy"]
    assert stores.manifest(tmp_path / "store")["facts"]["known_by"] == {"after": 1, "itself": 4}


def test_a_newer_version_of_a_row_takes_the_place_of_the_old_one_which_is_a_duplicate_then(grown, tmp_path):
    *_, answer = grown(FIRST, ["2,ann,,2026-01-09,bought,2026-02-01"])
    assert (answer["accepted"], answer["duplicates"], _generation(tmp_path / "store")) == (4, 1, 1)
    frame = engine.collect(stores.tables(tmp_path / "store", stores.manifest(tmp_path / "store"))["events"])
    assert frame.set_index("event_id")["touchpoint"]["web:2"] == "bought"


def test_a_row_that_casts_doubt_on_an_old_one_has_all_files_loaded_anew(grown, tmp_path):
    *_, answer = grown(FIRST, ["2,ann,,2026-01-09,bought"])
    assert (answer["reasons"], _generation(tmp_path / "store")) == ({"conflict": 2}, 0)


def test_the_same_row_again_is_a_duplicate_and_the_same_files_again_are_nothing(grown, tmp_path):
    *_, answer = grown(FIRST, [FIRST[0], "5,bob,,2026-01-04,view"])
    assert (answer["accepted"], answer["duplicates"]) == (5, 1)
    again = journeylib.load(tmp_path / "web", mapping=MAPPING, store=tmp_path / "store")
    assert again["status"] == "already loaded"


def test_rejected_rows_of_all_loads_stand_in_one_file_for_repair(grown, tmp_path):
    *_, answer = grown([*FIRST, "8,ann,,never,view"], ["9,bob,,never,view"])
    snapshot = tmp_path / "store" / "snapshots" / stores.manifest(tmp_path / "store")["snapshot"]
    text = (snapshot / "quarantine.csv").read_text(encoding="utf-8-sig")
    assert (text.count("never"), answer["quarantined"]) == (2, 2)


def test_a_stretch_that_its_length_cuts_goes_on_being_cut_where_it_was(grown, tmp_path):
    # No silence is longer than the gap. The third stretch of 180 days begins at 361; one counted from 182 would not.
    days = [*range(0, 400, 7), 361]
    grown([f"{day},ann,,{date(2025, 1, 1) + timedelta(days=day)},view" for day in days], ["late,ann,,2025-12-01,view"])
    store = tmp_path / "store"
    steps = {event: step for _, event, step in _steps(store)}
    assert (steps["182"], steps["361"], steps["364"], _generation(store)) == (1, 1, 2, 1)
    shutil.rmtree(store)
    grown([])
    assert {event: step for _, event, step in _steps(store)} == steps


def test_equal_events_without_an_id_are_so_many_whichever_file_they_come_with(grown, tmp_path):
    grown([*FIRST, ",ann,,2026-01-04,view"], [",ann,,2026-01-04,view"])
    frame = engine.collect(stores.tables(tmp_path / "store", stores.manifest(tmp_path / "store"))["events"])
    made = sorted(each for each in frame["event_id"] if ":" not in each)
    assert [each[-2:] for each in made] == ["-1", "-2"]
    assert made[0][:32] == made[1][:32]
    assert _generation(tmp_path / "store") == 1


def test_customers_that_come_again_are_told_anew_and_keep_apart_from_devices(tmp_path):
    (tmp_path / "web").mkdir()
    events = {"kind": "events", "name": "web", "path": str(tmp_path / "web"), "columns": COLUMNS}
    people = {
        "kind": "customers", "name": "people", "path": str(tmp_path / "*.csv"), "columns": {"customer_id": "who"},
        "attributes": {"plan": "plan"},
    }  # fmt: skip
    mapping = {key: value for key, value in MAPPING.items() if key not in ("columns", "constants", "time")}
    mapping["source"] = [{**events, "constants": MAPPING["constants"], "time": MAPPING["time"]}, people]
    for at, (line, plan) in enumerate(
        [("1,device:7,,2026-01-01,view", "free"), ("2,device:7,,2026-01-02,view", "paid")]
    ):
        (tmp_path / "web" / f"{at}.csv").write_text(f"id,user,device,at,what,changed\n{line},\n", encoding="utf-8")
        (tmp_path / f"{at}.csv").write_text(f"who,plan\n{'device:7' if at else 'bob'},{plan}\n", encoding="utf-8")
        before = {path: path.read_bytes() for path in (tmp_path / "store").glob("snapshots/*/*")}
        journeylib.load(mapping=mapping, store=tmp_path / "store")
        assert all(path.read_bytes() == was for path, was in before.items())
    tables = stores.tables(tmp_path / "store", stores.manifest(tmp_path / "store"))
    told = engine.collect(tables["customers"], order_by=["customer_id"])
    assert list(zip(told["customer_id"], told["plan"], strict=True)) == [("bob", "free"), ("person:device:7", "paid")]
    assert set(engine.collect(tables["events"])["customer_id"]) == {"person:device:7"}
    assert _generation(tmp_path / "store") == 1


def test_who_is_forgotten_leaves_no_trace_in_the_files_of_a_store_that_grew(grown, tmp_path):
    grown(FIRST, ["5,ann,,2026-01-03,view"])
    store = tmp_path / "store"
    forget(["ann"], store)
    for path in store.rglob("*.parquet"):
        frame = engine.collect(engine.scan([path]))
        assert not frame.astype("string").eq("ann").any(axis=None), path
    assert [who for who, _, _ in _steps(store)] == ["bob", "device:d1"]
    assert "memory" not in stores.manifest(store)
