from __future__ import annotations

import pandas as pd
import pytest

from journeylib import engine
from journeylib.data import erasure, tombstones

COLUMNS = ["event_id", "customer_id", "person_id", "device_id", "known_by", "text"]
NOBODY = pd.DataFrame({"id": [], "customer_id": [], "source": []}, dtype="string").assign(
    source_row=pd.Series(dtype="int64")
)


@pytest.fixture
def erase(tmp_path):
    """Erase what is marked (kind → texts) from events, rows of COLUMNS; row 1 happened at 1 µs, row 2 at 2 µs, …."""

    def run(events, marks, origins=NOBODY, **others):
        path, work = tmp_path / "events.parquet", tmp_path / "work"
        work.mkdir()
        frame = pd.DataFrame(events, columns=COLUMNS).astype("string")
        frame["source"], frame["source_row"] = "web", range(1, len(frame) + 1)
        frame["occurred_us"] = frame["source_row"]
        engine.write(engine.from_frame(frame), path, order_by=["source_row"])
        tombs = tombstones.bury(tmp_path, marks)
        return erasure.erase(engine.scan([path]), engine.from_frame(origins), tombs, work, **others)

    return run


def _left(erased):
    found = engine.collect(erased.events, order_by=["event_id"])[COLUMNS]
    return found.astype(object).where(found.notna(), None).to_numpy().tolist()


def test_events_fall_back_to_their_device_without_person_and_text(erase):
    erased = erase(
        [["1", "ann", "ann", "d1", "itself", "I am Ann"], ["2", "ann", None, "d1", "before", "x"],
         ["3", "bob", "bob", "d1", "itself", "I am Bob"], ["4", "device:d2", None, "d2", "device", "hello"]],
        {"person": {"ann"}},
    )  # fmt: skip
    assert _left(erased) == [
        ["1", "device:d1", None, "d1", "device", None],
        ["2", "device:d1", None, "d1", "device", None],
        ["3", "bob", "bob", "d1", "itself", "I am Bob"],
        ["4", "device:d2", None, "d2", "device", "hello"],
    ]
    assert (erased.customers, erased.ids, erased.fallen, len(erased.places)) == (["ann"], {"ann"}, 2, 0)


def test_events_without_a_device_go_and_say_where_they_stood(erase):
    erased = erase(
        [["1", "ann", "ann", None, "itself", None], ["2", "bob", "bob", None, "itself", None]], {"person": {"ann"}}
    )
    assert [row[0] for row in _left(erased)] == ["2"]
    assert erased.places.to_numpy().tolist() == [["events", "web", 1]]


def test_an_event_whose_device_is_called_like_its_person_goes(erase):
    rows = [["1", "ann", "ann", "ann", "itself", None], ["2", "bob", "bob", "ann", "itself", None]]
    assert [row[0] for row in _left(erase(rows, {"person": {"ann"}}))] == ["2"]


def test_any_id_of_a_merged_customer_stands_for_all(erase):
    rows = [["1", "ann", "ann", "d1", "itself", None], ["2", "ann", "ann2", "d2", "graph", None]]
    merged = pd.DataFrame(
        [["ann", "ann", None, None], ["ann2", "ann", None, None], ["ann@x", "ann", None, None]],
        columns=["id", "customer_id", *NOBODY.columns[2:]],
    ).astype({"source": "string", "source_row": "Int64"})
    erased = erase(rows, {"person": {"ann@x"}}, merged)
    assert {row[1] for row in _left(erased)} == {"device:d1", "device:d2"}
    assert erased.ids == {"ann", "ann2", "ann@x"}
    assert len(engine.collect(erased.origins)) == 0


def test_a_forgotten_devices_events_go_whoevers_they_are(erase):
    rows = [["1", "ann", "ann", "d1", "itself", None], ["2", "device:d1", None, "d1", "device", None],
            ["3", "ann", "ann", "d2", "itself", None]]  # fmt: skip
    erased = erase(rows, {"device": {"d1"}, "whole": {"d1"}})
    assert ([row[0] for row in _left(erased)], erased.devices, erased.customers) == (["3"], ["d1"], [])


def test_a_forgotten_persons_moments_are_given_to_the_device_once_nothing_names_the_person(erase):
    rows = [["1", "bob", None, "d1", "after", "left over"], ["2", "device:d1", None, "d1", "device", "left over"],
            ["3", "bob", "bob", "d1", "itself", "mine"], ["4", "bob", None, "d1", "before", "mine"]]  # fmt: skip
    marks = {"person": {"ann"}, "device": {"d1"}, "moment": {"1 d1", "2 d1", "3 d1"}}
    assert _left(erase(rows, marks)) == [
        ["1", "device:d1", None, "d1", "device", None],
        ["2", "device:d1", None, "d1", "device", None],
        ["3", "bob", "bob", "d1", "itself", "mine"],  # it carries a person of its own
        ["4", "bob", None, "d1", "before", "mine"],
    ]


def test_what_is_to_be_marked_of_a_customer_is_its_devices_and_moments():
    rows = pd.DataFrame(
        {"customer_id": ["ann", "ann", "ann", "bob"], "device_id": ["d1", "d1", None, "d2"],
         "occurred_us": [10, 20, 30, 40]}
    )  # fmt: skip
    assert erasure.moments(engine.from_frame(rows), {"ann"}) == {"device": {"d1"}, "moment": {"10 d1", "20 d1"}}
    assert erasure.moments(engine.from_frame(rows), set()) == {"device": set(), "moment": set()}


def test_rows_of_customers_go_and_say_where_they_stood(erase):
    known = pd.DataFrame([["ann", "ann", "crm", 7], ["bob", "bob", "crm", 8]], columns=list(NOBODY.columns))
    erased = erase([["1", "bob", "bob", "d", "itself", None]], {"person": {"ann"}}, known)
    assert erased.places.to_numpy().tolist() == [["customers", "crm", 7]]
    table = engine.from_frame(pd.DataFrame({"customer_id": ["ann", "bob"], "plan": ["x", "y"]}))
    assert engine.collect(erased.without(table))["customer_id"].tolist() == ["bob"]
    assert engine.collect(erased.origins)["id"].tolist() == ["bob"]


def test_an_event_of_nobody_is_forgotten_by_its_customer_id(erase):
    rows = [["1", "anonymous:1", None, None, "nobody", "x"], ["2", "anonymous:2", None, None, "nobody", "x"]]
    assert [row[0] for row in _left(erase(rows, {"event": {"anonymous:1"}}))] == ["2"]


def test_a_person_called_like_a_device_is_a_person(erase):
    rows = [["1", "person:device:7", "device:7", "d1", "itself", None], ["2", "device:7", None, "7", "device", "x"]]
    assert _left(erase(rows, {"person": {"device:7"}})) == [
        ["1", "device:d1", None, "d1", "device", None],
        ["2", "device:7", None, "7", "device", "x"],
    ]


def test_chosen_rows_go_whoevers_they_are(erase):
    rows = [["1", "bob", "bob", "d1", "itself", None], ["2", "bob", "bob", "d1", "itself", None]]
    chosen = pd.DataFrame({"source": ["web", "other"], "source_row": [2, 1]})
    erased = erase(rows, {"person": {"ann"}}, rows=chosen)
    assert ([row[0] for row in _left(erased)], erased.places.to_numpy().tolist()) == (["1"], [["events", "web", 2]])
