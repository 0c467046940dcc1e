"""Intake: the store's account of its load, of a full store and of an older one."""

from __future__ import annotations

from journeylib.measures import intake

FACTS = {
    "records_in": 10,
    "accepted": 6,
    "quarantined": 3,
    "duplicates": 1,
    "reasons": {"no_time": 1, "zero_time": 2},
    "sources": [
        {"name": "mail", "records": 3, "accepted": 3, "quarantined": 0, "duplicates": 0,
         "first_on": "2026-01-01", "last_on": "2026-01-05"},
        {"name": "web", "records": 7, "accepted": 3, "quarantined": 3, "duplicates": 1,
         "first_on": "2026-01-01", "last_on": "2026-01-09"},
    ],
    "warnings": ["one id holds half of the rows"],
    "identity": {
        "mode": "graph",
        "customers": {"none": 9, "live": 8, "replay": 7, "graph": 6},
        "unmerged_components": [
            {"ids": 60, "persons": 51, "devices": 9, "examples": ["a"]},
            {"ids": 90, "persons": 80, "devices": 10, "examples": ["b"]},
        ],
    },
}  # fmt: skip


def test_records_say_whether_they_add_up():
    assert intake.records(FACTS).to_dict("records") == [
        {"records_in": 10, "accepted": 6, "quarantined": 3, "duplicates": 1, "adds_up": True}
    ]
    assert not intake.records({**FACTS, "duplicates": 2})["adds_up"][0]
    assert intake.read(FACTS)["estimate"].tolist() == [10]
    assert intake.accepted(FACTS)["estimate"].tolist() == [0.6]


def test_where_nothing_was_read_no_share_was_accepted():
    assert intake.accepted({"records_in": 0, "accepted": 0}).empty


def test_sources_stand_in_order_of_their_records():
    found = intake.sources(FACTS)
    assert found["source"].tolist() == ["web", "mail"]
    assert found.loc[0, ["records", "accepted", "quarantined", "duplicates"]].tolist() == [7, 3, 3, 1]


def test_what_an_older_store_did_not_count_is_empty():
    found = intake.sources({"sources": [{"name": "web", "records": 7}]})
    assert found["records"].tolist() == [7]
    assert found["accepted"].isna().all()
    assert "load it again" in intake.modes({}).attrs["not_applicable"]
    assert intake.unmerged({}).empty
    assert intake.sources({}).empty


def test_reasons_bring_their_sentence_and_remedy():
    found = intake.reasons(FACTS)
    assert found["rule"].tolist() == ["zero_time", "no_time"]
    assert found["rows"].tolist() == [2, 1]
    assert found["sentence"][1] == "the time is empty"
    assert found["remedy"].str.len().min() > 0


def test_a_rule_of_a_newer_version_is_told_by_its_id():
    found = intake.reasons({"reasons": {"of_tomorrow": 4}})
    assert found["rule"].tolist() == ["of_tomorrow"]
    assert found["sentence"].isna().all()


def test_warnings_are_given_as_the_store_keeps_them():
    assert intake.warned(FACTS).to_dict("records") == [{"warning": "one id holds half of the rows"}]
    assert intake.warned({}).empty


def test_the_mode_in_use_is_marked():
    found = intake.modes(FACTS)
    assert found["mode"].tolist() == ["none", "live", "replay", "graph"]
    assert found["customers"].tolist() == [9, 8, 7, 6]
    assert found["is_used"].tolist() == [False, False, False, True]


def test_groups_that_were_not_merged_are_told_by_size_and_never_by_id():
    assert intake.unmerged(FACTS).to_dict("records") == [
        {"customers": 80, "devices": 10},
        {"customers": 51, "devices": 9},
    ]
