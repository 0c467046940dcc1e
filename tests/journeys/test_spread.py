"""A load on Spark makes the store that a load on DuckDB makes: the same rows, facts and rejected rows."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import journeylib
from journeylib import engine
from journeylib.data import store as stores
from journeylib.data import worlds
from journeylib.errors import RefusedError, SourceError
from journeylib.journeys.forget import forget
from journeylib.schema import PLACE

ORDERS = {
    "events": ["customer_id", "occurred_us", "event_id"],
    "steps": ["customer_id", "occurred_us", "event_id"],
    "journeys": ["customer_id", "started_us"],
    "customers": ["customer_id", "valid_from_us"],
    "quarantine": PLACE,
}

# A further source: the people 101 to 110 were 141 to 150 before, and from 126 to 135 each was once the next.
MERGED = """
[[source]]
path = "merged.csv"
[source.columns]
event_id = "id"
customer_id = ["person", "before", "device"]
occurred_at = "at"
touchpoint = "what"
[source.constants]
channel = "web"
[source.time]
zone = "Asia/Jerusalem"
"""
PAIRS = [(number, number + 40) for number in range(101, 111)] + [(number, number + 1) for number in range(126, 135)]
ROWS = [f"{one},{one},{other},d{one},2026-05-07 12:00:00,merged" for one, other in PAIRS]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, spark: Any) -> SimpleNamespace:  # noqa: ARG001  # two cores
    """A messy world of CSV and Parquet, ids merged, loaded on either engine: the answers, and where the stores are."""
    root = tmp_path_factory.mktemp("a [small] world")  # a path that Spark could take for a pattern
    mapping = root / "mapping.toml"
    worlds.make(root, customers=80, seed=3)
    text = mapping.read_text(encoding="utf-8")
    assert 'mode = "replay"' in text
    mapping.write_text(text.replace('mode = "replay"', 'mode = "graph"') + MERGED, encoding="utf-8")
    (root / "merged.csv").write_text("\n".join(["id,person,before,device,at,what", *ROWS]), encoding="utf-8")
    made = SimpleNamespace(mapping=mapping, root=root, answers={})
    for name in ["duckdb", "spark"]:
        with engine.on(name):
            made.answers[name] = journeylib.load(mapping=mapping, store=root / name)
    return made


@pytest.mark.parametrize("name", ORDERS)
def test_every_row_of_every_table_is_the_same(loaded: SimpleNamespace, name: str) -> None:
    found = []
    for store in [loaded.root / "duckdb", loaded.root / "spark"]:
        table = stores.tables(store, stores.manifest(store))[name]
        found.append(engine.collect(table, order_by=ORDERS[name]))
    one, other = found
    assert len(one) > 20
    assert list(one.columns) == list(other.columns)
    assert one.equals(other)


def test_what_the_manifest_says_of_the_data_is_the_same(loaded: SimpleNamespace) -> None:
    duckdb, spark = (stores.manifest(loaded.root / name) for name in ["duckdb", "spark"])
    assert duckdb["facts"] == spark["facts"]
    assert spark["facts"]["known_by"]["graph"] > 20
    assert (duckdb["loaded"], duckdb["rules"]) == (spark["loaded"], spark["rules"])
    clocks = {"seconds", "memory_mb", "quarantine"}
    told = [{key: each[key] for key in each if key not in clocks} for each in loaded.answers.values()]
    assert told[0] == told[1]


def test_what_was_rejected_is_written_for_repair_byte_for_byte(loaded: SimpleNamespace) -> None:
    duckdb, spark = (Path(loaded.answers[name]["quarantine"]).read_bytes() for name in ["duckdb", "spark"])
    assert duckdb == spark
    assert duckdb.count(b"\n") > 20


def test_the_same_files_are_already_loaded_whichever_engine_asks(loaded: SimpleNamespace) -> None:
    assert journeylib.load(mapping=loaded.mapping, store=loaded.root / "spark")["status"] == "already loaded"


def test_a_worker_refuses_a_file_in_the_words_that_one_machine_has_for_it(loaded: SimpleNamespace) -> None:
    wrong = loaded.root / "wrong.toml"
    wrong.write_text(loaded.mapping.read_text().replace('"messageId"', '"messageNumber"'), encoding="utf-8")
    said = []
    for name in ["duckdb", "spark"]:
        with engine.on(name), pytest.raises(SourceError, match=r"web\.parquet lacks messageNumber") as refused:
            journeylib.load(mapping=wrong, store=loaded.root / "nothing")
        said.append(str(refused.value))
    assert said[0] == said[1]


def test_a_store_with_forgotten_people_is_not_loaded_on_spark(loaded: SimpleNamespace, tmp_path: Path) -> None:
    shutil.copytree(loaded.root / "spark", tmp_path / "store")
    forget(["117"], tmp_path / "store")
    with engine.on("spark"), pytest.raises(RefusedError, match=r"people were forgotten .* leave --engine out"):
        journeylib.load(mapping=loaded.mapping, store=tmp_path / "store")
    assert journeylib.load(mapping=loaded.mapping, store=tmp_path / "store")["accepted"] > 100
