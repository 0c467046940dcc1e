from __future__ import annotations

import random
from collections import defaultdict

import pandas as pd
import pytest

from journeylib import engine
from journeylib.data import identity

DAY = 86_400_000_000
MODES = ["none", "live", "replay", "graph"]


@pytest.fixture
def stitch(tmp_path):
    """Stitch rows of (day, person, device) or (day, person, device, alias); the events are e00, e01, …"""

    def stitch(rows, mode, **options):
        events = [
            {
                "event_id": f"e{place:02}",
                "occurred_us": int(day * DAY),
                "person": person,
                "device": device,
                "ids": person or device,
                "alias": alias[0] if alias else None,
            }
            for place, (day, person, device, *alias) in enumerate(rows)
        ]
        return stitch_frame(pd.DataFrame(events), mode, **options)

    def stitch_frame(frame, mode, **options):
        texts = dict.fromkeys(["person", "device", "ids", "alias"], "string")
        stitched = identity.stitch(engine.from_frame(frame.astype(texts)), mode=mode, work=tmp_path, **options)
        return stitched, engine.collect(stitched.events, order_by=["event_id"]).astype(object)

    stitch.frame = stitch_frame
    return stitch


@pytest.fixture
def customers(stitch):
    """The customers of rows, event by event."""
    return lambda rows, mode, **options: stitch(rows, mode, **options)[1]["customer_id"].tolist()


@pytest.fixture
def known_by(stitch):
    """How the customers of rows are known, event by event."""
    return lambda rows, mode, **options: stitch(rows, mode, **options)[1]["known_by"].tolist()


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("none", ["device:d", "ann", "device:d"]),
        ("live", ["device:d", "ann", "ann"]),
        ("replay", ["ann", "ann", "ann"]),
        ("graph", ["ann", "ann", "ann"]),
    ],
)
def test_each_mode_uses_what_it_may_know(customers, mode, expected):
    assert customers([(0, None, "d"), (1, "ann", "d"), (2, None, "d")], mode) == expected


@pytest.mark.parametrize("mode", ["replay", "graph"])
def test_two_log_ins_on_one_device_are_two_people_split_at_the_log_in(customers, known_by, mode):
    rows = [(0, "ann", "d"), (1, None, "d"), (2, "bob", "d"), (3, None, "d")]
    assert customers(rows, mode) == ["ann", "ann", "bob", "bob"]
    assert known_by(rows, mode) == ["itself", "before", "itself", "before"]


def test_a_log_in_later_than_the_look_back_does_not_reach_back(customers):
    rows = [(0, None, "d"), (1, None, "d"), (31, "ann", "d")]
    assert customers(rows, "replay", look_back_days=30) == ["device:d", "ann", "ann"]


def test_a_device_named_like_a_person_is_not_that_person(customers):
    assert customers([(0, None, "7"), (1, "7", None)], "replay") == ["device:7", "7"]


def test_a_person_named_like_a_device_or_an_event_is_neither(customers):
    rows = [(0, None, "d"), (1, "device:d", None), (2, "anonymous:e03", None), (3, None, None), (4, "person:x", None)]
    expected = ["device:d", "person:device:d", "person:anonymous:e03", "anonymous:e03", "person:person:x"]
    assert customers(rows, "replay") == expected


def test_a_device_that_nobody_logs_in_on_stays_anonymous(customers, known_by):
    for mode in MODES:
        assert customers([(0, None, "d")], mode) == ["device:d"]
        assert known_by([(0, None, "d")], mode) == ["device"]


def test_an_event_without_any_id_is_a_customer_of_its_own(customers, known_by):
    for mode in MODES:
        assert customers([(0, None, None), (0, None, None)], mode) == ["anonymous:e00", "anonymous:e01"]
        assert known_by([(0, None, None)], mode) == ["nobody"]


def test_at_one_instant_a_log_in_comes_before_what_is_anonymous(customers, known_by):
    rows = [(1, None, "d"), (1, "ann", "d"), (1, None, "d")]
    assert customers(rows, "live") == ["ann", "ann", "ann"]
    assert known_by(rows, "live") == ["before", "itself", "before"]
    shared = [(1, None, "d"), (1, "ann", "d"), (0, "bob", "d")]
    assert customers(shared, "live") == ["ann", "ann", "bob"]


def test_the_ids_that_an_event_arrived_with_stay_beside_the_customer(stitch):
    _, events = stitch([(0, None, "d"), (1, "b", "d", "a"), (2, "a", "d")], "graph")
    assert events["customer_id"].tolist() == ["a", "a", "a"]
    assert events["person_id"].tolist() == [None, "b", "a"]
    assert events["device_id"].tolist() == ["d", "d", "d"]
    assert events["known_by"].tolist() == ["after", "graph", "itself"]


def test_ids_that_one_row_carries_together_are_one_customer_in_mode_graph_only(customers):
    rows = [(0, "old", None), (1, "new", None, "old"), (2, "new", None), (3, "other", None)]
    assert customers(rows, "graph") == ["new", "new", "new", "other"]
    assert customers(rows, "replay") == ["old", "new", "new", "other"]


def test_a_customer_is_called_by_an_id_that_stands_on_an_event_as_the_most_trusted(customers):
    assert customers([(0, "z", None, "a"), (1, "m", None, "a")], "graph") == ["m", "m"]


def test_mode_graph_looks_ahead_without_limit(customers, known_by):
    rows = [(0, None, "d"), (400, "ann", "d")]
    assert customers(rows, "replay") == ["device:d", "ann"]
    assert customers(rows, "graph") == ["ann", "ann"]
    assert known_by(rows, "graph") == ["after", "itself"]


def test_a_shared_device_merges_nobody(customers):
    rows = [(0, None, "d"), (100, "ann", "d"), (101, None, "d"), (102, "bob", "d"), (103, None, "d"), (104, "ann", "e")]
    assert customers(rows, "graph") == ["ann", "ann", "ann", "bob", "bob", "ann"]


def test_a_device_on_which_one_customer_used_two_ids_is_that_customers(customers):
    rows = [(0, "b", "d"), (1, None, "d"), (2, "a", "d"), (3, None, "d"), (4, "b", None, "a")]
    assert customers(rows, "graph") == ["a", "a", "a", "a", "a"]


def test_too_large_a_component_is_named_and_not_merged(stitch):
    rows = [(0, None, "d"), (40, "a", "d"), (41, "b", None, "a"), (42, "c", None, "b")]
    stitched, events = stitch(rows, "graph", largest=3)
    assert stitched.unmerged == [{"ids": 4, "persons": 3, "devices": 1, "examples": ["a", "b", "c"]}]
    # Each id stays itself, and what is on their devices is as in mode replay, look-back included.
    assert events["customer_id"].tolist() == ["device:d", "a", "b", "c"]
    stitched, events = stitch(rows, "graph", largest=4)
    assert stitched.unmerged == []
    assert events["customer_id"].tolist() == ["a", "a", "a", "a"]


def test_one_id_on_too_many_devices_is_too_large_too(stitch):
    rows = [(0, None, "d1"), *((40 + place, "kiosk", f"d{place}") for place in range(1, 4)), (50, "ann", "d3")]
    stitched, events = stitch(rows, "graph", largest=2)
    assert stitched.unmerged == [{"ids": 3, "persons": 1, "devices": 2, "examples": ["kiosk"]}]  # d3 is shared
    assert events["customer_id"].tolist() == ["device:d1", "kiosk", "kiosk", "kiosk", "ann"]


def test_customers_are_called_as_their_events_are(stitch):
    stitched, _ = stitch([(0, "b", None, "a"), (1, "a", None, "c"), (2, "device:x", None)], "graph")
    given = [
        ("crm", "b", None, "b's"),
        ("crm", "a", None, "a's"),
        ("crm", "a", 5, "a's later"),
        ("shop", "c", None, "c's"),
        ("crm", "device:x", None, "x's"),
        ("crm", "zoe", None, "zoe's"),
    ]
    frame = pd.DataFrame(given, columns=["origin", "ids", "valid_from_us", "note"]).astype({"valid_from_us": "Int64"})
    renamed = engine.collect(identity.rename(engine.from_frame(frame), stitched), order_by=["ids", "note"])
    assert list(renamed) == list(frame)
    assert renamed[["ids", "note"]].to_numpy().tolist() == [
        ["a", "a's"],
        ["a", "a's later"],
        ["a", "c's"],
        ["person:device:x", "x's"],
        ["zoe", "zoe's"],
    ]
    alone, _ = stitch([(0, "device:x", None)], "live")
    assert alone.members is None
    kept = engine.collect(identity.rename(engine.from_frame(frame), alone), order_by=["ids"])["ids"]
    assert kept.tolist() == ["a", "a", "b", "c", "person:device:x", "zoe"]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("mode", MODES)
def test_stitching_agrees_with_walking_through_the_events_one_by_one(stitch, seed, mode):
    events = _random(seed)
    stitched, found = stitch.frame(events.sample(frac=1, random_state=seed), mode, look_back_days=3, largest=4)
    expected = pd.DataFrame(_walked(events, mode, look_back=3, largest=4)).sort_values("event_id", ignore_index=True)
    for name in ["customer_id", "known_by"]:
        assert found[name].tolist() == expected[name].tolist()
    assert stitched.customers_by_mode[mode] == expected["customer_id"].nunique()


def _random(seed: int) -> pd.DataFrame:
    """A few days of events with ties, shared devices, second ids and events of nobody."""
    dice = random.Random(seed)
    rows = []
    for place in range(120):
        person = dice.choice([None, None, *(f"p{dice.randrange(14)}" for _ in range(2))])
        device = dice.choice([None, *(f"d{dice.randrange(25)}" for _ in range(4))])
        alias = f"p{dice.randrange(16)}" if person and dice.random() < 0.15 else None
        rows.append((f"e{place:03}", dice.randrange(40) * DAY // 4, person, device, person or device, alias))
    return pd.DataFrame(rows, columns=["event_id", "occurred_us", "person", "device", "ids", "alias"])


def _walked(events: pd.DataFrame, mode: str, *, look_back: int, largest: int) -> list[dict[str, str]]:
    rows = sorted(
        events.to_dict("records"), key=lambda row: (row["occurred_us"], row["person"] is None, row["event_id"])
    )
    named, loose = _merged(rows, largest) if mode == "graph" else ({}, set())
    on_device = defaultdict(set)
    for row in rows:
        on_device[row["device"]].add(row["person"])
    answer = []
    for place, row in enumerate(rows):
        device, person, by = row["device"], row["person"], "itself"
        if person is None and device is not None and mode != "none":
            here = [other for other in rows[:place] if other["device"] == device and other["person"]]
            person, by = (here[-1]["person"], "before") if here else (None, "")
            ahead = [other for other in rows[place:] if other["device"] == device and other["person"]]
            if person is None and ahead and mode in {"replay", "graph"}:
                is_limited = mode == "replay" or bool(on_device[device] & loose)
                if not is_limited or ahead[0]["occurred_us"] - row["occurred_us"] <= look_back * DAY:
                    person, by = ahead[0]["person"], "after"
        if person is None:
            customer, by = (f"device:{device}", "device") if device else (f"anonymous:{row['event_id']}", "nobody")
        else:
            customer = named.get(person, person)
            by = "graph" if by == "itself" and customer != person else by
        answer.append({"event_id": row["event_id"], "customer_id": customer, "known_by": by})
    return answer


def _merged(rows: list[dict[str, str]], largest: int) -> tuple[dict[str, str], set[str]]:
    """The name of each person's component, and the persons of components that are too large."""
    persons = {row["person"] for row in rows if row["person"]}
    group = {name: {name} for row in rows for name in (row["person"], row["alias"]) if name}
    for row in rows:
        if row["person"] and row["alias"] and group[row["person"]] is not group[row["alias"]]:
            whole = group[row["person"]] | group[row["alias"]]
            group.update(dict.fromkeys(whole, whole))
    seen_on = defaultdict(set)
    for row in rows:
        if row["person"] and row["device"]:
            seen_on[row["device"]].add(row["person"])
    sizes = {name: len(whole) + sum(on <= whole for on in seen_on.values()) for name, whole in group.items()}
    loose = {name for name, size in sizes.items() if size > largest}
    return {name: min(whole & persons) for name, whole in group.items() if name not in loose}, loose
