from __future__ import annotations

import itertools
import random

import pandas as pd
import pytest

from journeylib import engine
from journeylib.data import graph, labels


def found(pairs, tmp_path, **where):
    table = engine.from_frame(pd.DataFrame(pairs, columns=["person", "alias"], dtype="string"), **where)
    return labels.handed_on(table, tmp_path)


def test_a_chain_of_pairs_is_labelled_by_its_least_id(tmp_path):
    told = found([("c", "d"), ("b", "c"), ("d", "a"), ("y", "x")], tmp_path)
    assert told.values.tolist() == [["a", "a"], ["b", "a"], ["c", "a"], ["d", "a"], ["x", "x"], ["y", "x"]]


def test_a_long_chain_takes_few_rounds(tmp_path):
    names = [f"{number:04}" for number in range(1_000)]
    assert set(found(list(itertools.pairwise(names)), tmp_path)["component"]) == {"0000"}
    assert len(list(tmp_path.glob("labels-*"))) < 12


@pytest.mark.parametrize("seed", range(5))
def test_labels_handed_on_find_the_components_that_one_machine_finds(tmp_path, seed):
    dice = random.Random(seed)
    pairs = sorted({(f"p{dice.randrange(60)}", f"p{dice.randrange(60)}") for _ in range(40)})
    expected = graph.components(pd.DataFrame(pairs, columns=["person", "alias"]))
    pd.testing.assert_frame_equal(found(pairs, tmp_path), expected)


def test_no_pairs_have_no_labels(tmp_path):
    assert found([], tmp_path).empty
