from __future__ import annotations

import itertools
import random

import pandas as pd
import pytest

from journeylib import engine
from journeylib.data import graph


def _pairs(*pairs):
    return pd.DataFrame(list(pairs), columns=["person", "alias"], dtype=object)


def _merged(together, seen, on_devices=(), largest=50):
    """Merge pairs of ids; `seen` are persons of events, `on_devices` pairs of device and person."""
    persons = engine.from_frame(pd.DataFrame({"person": list(seen)}, dtype="string"))
    devices = pd.DataFrame(list(on_devices), columns=["device", "person"]).astype("string")
    return graph.merge(graph.components(_pairs(*together)), persons, engine.from_frame(devices), largest=largest)


def _names(merged):
    return dict(zip(merged.members["id"], merged.members["customer_id"], strict=True))


def test_a_chain_of_pairs_is_one_component_named_by_its_least_id():
    found = graph.components(_pairs(("c", "d"), ("b", "c"), ("d", "a"), ("y", "x")))
    assert dict(zip(found["id"], found["component"], strict=True)) == dict.fromkeys("abcd", "a") | {"x": "x", "y": "x"}


def test_no_pairs_are_no_components():
    assert graph.components(_pairs()).empty
    assert _merged([], ["a", "b"]).members.empty


@pytest.mark.parametrize("seed", range(5))
def test_components_are_the_same_in_any_order_and_what_joining_sets_one_by_one_gives(seed):
    dice = random.Random(seed)
    pairs = [(f"p{dice.randrange(60)}", f"p{dice.randrange(60)}") for _ in range(40)]
    whole = {name: {name} for pair in pairs for name in pair}
    for one, other in pairs:
        together = whole[one] | whole[other]
        whole.update(dict.fromkeys(together, together))
    expected = {name: min(group) for name, group in whole.items()}
    for _ in range(3):
        dice.shuffle(pairs)
        found = graph.components(_pairs(*pairs))
        assert dict(zip(found["id"], found["component"], strict=True)) == expected


def test_a_chain_of_ten_thousand_ids_is_one_component():
    names = [f"{place:05}" for place in range(10_000)]
    assert set(graph.components(_pairs(*itertools.pairwise(names)))["component"]) == {"00000"}


def test_the_name_is_the_least_id_that_an_event_carried_as_its_most_trusted():
    assert _names(_merged([("m", "a"), ("z", "a")], ["m", "z"])) == {"a": "m", "m": "m", "z": "m"}
    assert _names(_merged([("m", "a"), ("z", "a")], [])) == {"a": "a", "m": "a", "z": "a"}


def test_the_size_of_a_component_counts_its_persons_and_the_devices_that_nobody_else_used():
    together, on_devices = [("a", "b")], [("d1", "a"), ("d1", "b"), ("d2", "b"), ("shared", "a"), ("shared", "x")]
    assert _names(_merged(together, "abx", on_devices, largest=4)) == {"a": "a", "b": "a"}
    merged = _merged(together, "abx", on_devices, largest=3)
    assert merged.members.empty
    assert merged.unmerged == [{"ids": 4, "persons": 2, "devices": 2, "examples": ["a", "b"]}]
    assert merged.loose["person"].tolist() == ["a", "b"]


def test_the_largest_components_are_named_first_with_three_ids_each():
    together = [("b", "a"), ("c", "a"), ("d", "a"), ("y", "x"), ("z", "y")]
    merged = _merged(together, "abcdxyz", [("d1", "kiosk"), ("d2", "kiosk")], largest=2)
    assert [each["examples"] for each in merged.unmerged] == [["a", "b", "c"], ["kiosk"], ["x", "y", "z"]]
    assert [each["ids"] for each in merged.unmerged] == [4, 3, 3]
    assert sorted(merged.loose["person"]) == ["a", "b", "c", "d", "kiosk", "x", "y", "z"]


def test_of_very_many_that_are_too_large_the_largest_are_named_and_all_are_counted():
    together = [(f"a{place}", f"b{place}") for place in range(300)] + [("a7", "c")]
    merged = _merged(together, [], largest=1)
    assert (merged.too_large, len(merged.unmerged), merged.unmerged[0]["examples"]) == (300, 200, ["a7", "b7", "c"])
    assert len(merged.loose) == 601


def test_ids_that_look_like_numbers_or_have_strange_letters_stay_as_they_are():
    together = [("00123", "123"), ("=1+1", "é"), ("e\u0301", "\u202ex")]
    assert _names(_merged(together, ["123", "é", "e\u0301"])) == {
        "00123": "123", "123": "123", "=1+1": "é", "é": "é", "e\u0301": "e\u0301", "\u202ex": "e\u0301",
    }  # fmt: skip
