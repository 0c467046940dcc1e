from __future__ import annotations

import pytest

import journeylib
from journeylib.errors import StoreError
from journeylib.journeys.explain import explain, words

MAPPING = """
[[source]]
path = "events.csv"
[source.columns]
event_id = "id"
customer_id = ["person", "previous", "device"]
occurred_at = "at"
touchpoint = "what"
[source.constants]
channel = "web"
[source.time]
zone = "UTC"
[identity]
mode = "MODE"
largest = 4
[limits]
quarantined_share = 0.5
"""


@pytest.fixture
def store(tmp_path):
    """Load rows of (person, previous, device), a day apart, in a mode; the answer is the store."""

    def load(*rows, mode="replay"):
        lines = [
            f"{place},{','.join(row)},2026-01-{place:02}T10:00:00,viewed" for place, row in enumerate(rows, start=1)
        ]
        (tmp_path / "events.csv").write_text("\n".join(["id,person,previous,device,at,what", *lines]) + "\n", "utf-8")
        (tmp_path / "mapping.toml").write_text(MAPPING.replace("MODE", mode), "utf-8")
        journeylib.load(mapping=tmp_path / "mapping.toml", store=tmp_path / "store")
        return tmp_path / "store"

    return load


def test_a_customers_ids_come_with_their_events_days_and_reasons(store):
    told = explain(store(("", "", "d"), ("ann", "", "d"), ("", "", "d"), ("ann", "", "")), "ann")
    assert {name: told[name] for name in ["customer_id", "mode", "events", "first_on", "last_on"]} == {
        "customer_id": "ann", "mode": "replay", "events": 4, "first_on": "2026-01-01", "last_on": "2026-01-04",
    }  # fmt: skip
    assert told["known_by"] == {"itself": 2, "before": 1, "after": 1}
    assert told["persons"] == [
        {"id": "ann", "events": 2, "first_on": "2026-01-02", "last_on": "2026-01-04", "known_by": {"itself": 2}}
    ]
    [device] = told["devices"]
    assert (device["id"], device["events"], device["other_customers"]) == ("d", 3, 0)
    assert words(told) == [
        "Customer “ann”: 4 events from 2026-01-01 to 2026-01-04. Identity mode replay.",
        "  2 with the customer's own id",
        "  1 anonymous, after a log-in on the device",
        "  1 anonymous, before a log-in on the device",
        "Person id “ann”: 2 events from 2026-01-02 to 2026-01-04.",
        "  it stands on the events themselves",
        "Device id “d”: 3 events from 2026-01-01 to 2026-01-03.",
        "  1 with the customer's own id",
        "  1 anonymous, after a log-in on the device",
        "  1 anonymous, before a log-in on the device",
    ]


@pytest.mark.parametrize(
    ("mode", "whose"),
    [("none", "stays the device's"), ("live", "the last log-in before it"), ("replay", "before it, else to the next")],
)
def test_a_shared_device_says_with_whom(store, mode, whose):
    rows = [("ann", "", "d"), *((name, "", "d") for name in ("bob", "cat", "dan", "eve"))]
    told = explain(store(*rows, mode=mode), "ann")
    assert (told["devices"][0]["other_customers"], told["devices"][0]["others"]) == (4, ["bob", "cat", "dan"])
    assert "shared with customers “bob”, “cat”, “dan” and 1 more" in words(told)[-1]
    assert words(told)[-1].endswith(whose)


def test_an_id_that_was_merged_says_into_which_customer(store):
    folder = store(("old", "", "d"), ("new", "old", ""), ("old", "", ""), mode="graph")
    told = explain(folder, "old")
    assert (told["customer_id"], told["asked"]) == ("new", "old")
    assert words(told)[0] == "“old” is an id of customer “new”."
    assert "  merged: rows carry it together with another id of this customer" in words(told)
    assert [each["id"] for each in explain(folder, "new")["persons"]] == ["old", "new"]


def test_a_component_that_is_too_large_is_said_to_be(store):
    rows = [(f"p{place}", f"p{place - 1}", "") for place in range(1, 5)]
    told = explain(store(*rows, mode="graph"), "p1")
    assert told["customer_id"] == "p1"
    assert told["too_large"] == {"ids": 5, "persons": 5, "devices": 0, "examples": ["p0", "p1", "p2"]}
    assert "5 ids (5 persons, 0 devices), too many for one customer" in words(told)[2]


def test_a_device_that_nobody_is_known_by_is_a_customer_too(store):
    told = explain(store(("", "", "d"), ("ann", "", "e")), "device:d")
    assert told["persons"] == []
    assert words(told)[-1] == "  no log-in there before, nor in the 30 days after"


def test_many_ids_are_counted_and_the_busiest_named(store):
    told = explain(store(*(("ann", "", f"d{place}") for place in range(1, 29)), ("ann", "", "d28")), "ann")
    assert (told["devices_in_all"], told["devices"][0]["id"]) == (28, "d28")
    assert words(told)[-1] == "… and 8 more device ids with fewer events."


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("d", r"has no customer “d”; it is a device, on which events belong to customer “ann”\. Ask for"),
        (" ANN", r"has no customer “ ANN”\. Ids count letter by letter; there is customer “ann”\."),
        (
            "0ann",
            r"nor a person or device of that id\. Ids count letter by letter, leading zeros too; .* called device:ID",
        ),
        ("' OR 1=1 --", r"has no customer “' OR 1=1 --”, nor"),
        ("x\u202ey\x00", r"has no customer “x\\u202ey\\x00”, nor"),
        ("", r"has no customer “”, nor"),
    ],
)
def test_an_unknown_customer_is_refused_with_where_to_look(store, asked, message):
    folder = store(("ann", "", "d"))
    with pytest.raises(StoreError, match=message):
        explain(folder, asked)


def test_rows_in_quarantine_are_pointed_to(store):
    with pytest.raises(StoreError, match=r"1 row is in quarantine"):
        explain(store(("ann", "", "d"), ("", "", "")), "bob")


def test_strange_letters_of_an_id_are_shown_escaped(store):
    lines = words(explain(store(("a\u202en", "", "d\u200b")), "a\u202en"))
    assert lines[0].startswith("Customer “a\\u202en”: 1 event on 2026-01-01.")
    assert "Device id “d\\u200b”: 1 event on 2026-01-01." in lines


def test_a_store_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(StoreError, match="there is no journey store"):
        explain(tmp_path, "ann")
