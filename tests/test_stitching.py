"""How well each mode of identity finds the true customers of a world, through the whole door.

A pair of events is right where one customer of the store holds both and one true customer was
behind both. Precision is the share of right pairs among those that the store puts together, recall
among those that truly belong together. `pytest -s` prints the table.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import journeylib
from journeylib import engine
from journeylib.data import identity, worlds

MODES = ["none", "live", "replay", "graph"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("known")
    worlds.make(folder, customers=1_000, seed=3, identities=True)
    return folder


@pytest.fixture(scope="module")
def found(world: Path) -> dict[str, pd.DataFrame]:
    """The events of the world as each mode stitches them, with the true customer of each."""
    truth = pd.read_parquet(world / "identities.parquet")
    truth["event_id"] = truth["source"] + ":" + truth["event_id"]
    said = (world / "mapping.toml").read_text(encoding="utf-8")
    each = {}
    for mode in MODES:
        (world / f"{mode}.toml").write_text(said.replace('mode = "replay"', f'mode = "{mode}"'), encoding="utf-8")
        journeylib.load(mapping=world / f"{mode}.toml", store=world / mode)
        store = journeylib.open_store(world / mode)
        events = engine.collect(
            store.events.select("event_id", "occurred_us", "customer_id", "person_id", "device_id", "known_by")
        )
        each[mode] = events.merge(truth[["event_id", "customer"]], on="event_id", validate="one_to_one")
        assert len(each[mode]) == len(events)
        assert events["customer_id"].nunique() == store.facts["identity"]["customers"][mode]
    return each


@pytest.fixture(scope="module")
def scores(found: dict[str, pd.DataFrame]) -> pd.DataFrame:
    rows = {mode: _scored(events) for mode, events in found.items()}
    table = pd.DataFrame.from_dict(rows, orient="index")
    print("\n" + table.to_string(float_format="{:.4f}".format))
    return table


def _scored(events: pd.DataFrame) -> dict[str, float]:
    known = events.dropna(subset="customer")  # bots and strangers have no true customer
    users = known.groupby("device_id")["customer"].nunique()
    shared = known[known["device_id"].isin(users.index[users > 1])]
    persons = known.groupby("customer")["person_id"].nunique()
    doubled = known[known["customer"].isin(persons.index[persons > 1])]
    precision, recall = _pairs(known)
    return {
        "events": len(events),
        "customers": events["customer_id"].nunique(),
        "anonymous": events["known_by"].isin(["device", "nobody"]).mean(),
        "precision": precision,
        "recall": recall,
        "precision_shared": _pairs(shared)[0],
        "recall_two_ids": _pairs(doubled)[1],
    }


def _pairs(known: pd.DataFrame) -> tuple[float, float]:
    """Precision and recall over all pairs of events."""
    right, together, truly = (
        float((sizes * (sizes - 1) / 2).sum())
        for sizes in (known.groupby(by).size() for by in (["customer_id", "customer"], "customer_id", "customer"))
    )
    return right / together, right / truly


def test_pairs_are_counted_right_on_rows_worked_by_hand():
    rows = pd.DataFrame({"customer_id": list("aaabbc"), "customer": list("xxyyyy")})
    assert _pairs(rows) == (2 / 4, 2 / 7)


def test_without_stitching_few_events_are_put_together_and_those_are_right(scores: pd.DataFrame) -> None:
    assert scores.loc["none", "precision"] > 0.9999
    assert 0.6 < scores.loc["none", "recall"] < 0.8


def test_each_mode_finds_more_of_what_belongs_together_than_the_one_before(scores: pd.DataFrame) -> None:
    assert scores["recall"].is_monotonic_increasing
    assert scores.loc["live", "recall"] > 0.93
    assert scores.loc["replay", "recall"] > 0.98
    assert scores.loc["graph", "recall"] > 0.999
    assert scores["customers"].is_monotonic_decreasing
    assert scores.loc["graph", "anonymous"] < scores.loc["replay", "anonymous"] < scores.loc["live", "anonymous"]


def test_no_mode_mixes_people_who_share_a_device_but_for_a_click_before_a_log_in(scores: pd.DataFrame) -> None:
    assert (scores["precision"] > 0.999).all()
    assert (scores["precision_shared"] > 0.95).all()


def test_only_mode_graph_sees_that_two_ids_are_one_customer(scores: pd.DataFrame) -> None:
    assert (scores.loc[["none", "live", "replay"], "recall_two_ids"] < 0.75).all()
    assert scores.loc["graph", "recall_two_ids"] > 0.95


def test_where_a_fifth_of_all_devices_is_shared_a_log_in_still_tells_people_apart(
    found: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    events = found["none"].dropna(subset="customer").rename(columns={"person_id": "person", "customer_id": "_old"})
    names = sorted(events["device_id"].dropna().unique())
    fifth = names[: len(names) // 5]
    shared = dict(zip(fifth[1::2], fifth[::2], strict=False))
    events["device"] = events["device_id"].replace(shared)
    events["ids"] = events["person"].fillna(events["device"])
    kept = events[["event_id", "occurred_us", "person", "device", "ids"]]
    rows = {}
    for mode in MODES:
        stitched = identity.stitch(engine.from_frame(kept), mode=mode, work=tmp_path)
        answer = engine.collect(stitched.events.select("event_id", "customer_id", "person_id", "device_id", "known_by"))
        assert answer["customer_id"].nunique() == stitched.customers_by_mode[mode]
        rows[mode] = _scored(answer.merge(events[["event_id", "customer"]], on="event_id"))
    table = pd.DataFrame.from_dict(rows, orient="index").drop(columns="recall_two_ids")
    print("\na fifth of the devices shared\n" + table.to_string(float_format="{:.4f}".format))
    assert (table["precision"] > 0.97).all()
    assert table.loc["graph", "recall"] > table.loc["replay", "recall"] > 0.95
    assert table.loc["replay", "precision_shared"] > 0.8
