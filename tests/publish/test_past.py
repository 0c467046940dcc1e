"""An edition names its snapshot, and finds the store as it was, or says why it is gone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import journeylib
from journeylib.data import store as stores
from journeylib.errors import StoreError
from journeylib.publish import past


def snapshot(store: Path, name: str, **said: Any) -> dict[str, Any]:
    """A store whose newest snapshot has a name."""
    facts = {"fingerprint": f"content of {name}"}
    manifest = {"version": stores.VERSION, "snapshot": name, "rules": {"gap_days": 7}, "facts": facts, **said}
    (store / "snapshots" / name).mkdir(parents=True)
    for folder in (store, store / "snapshots" / name):
        (folder / "manifest.json").write_text(json.dumps(manifest))
    return manifest


def test_the_store_reads_as_it_did_when_the_snapshot_was_its_newest(company: Any, tmp_path: Path) -> None:
    store, loads = tmp_path / "stores" / "demo", []
    for rows in (["1,a,,2026-01-01T10:00:00Z,,view,web"], ["2,b,,2026-01-02T10:00:00Z,,view,web"]):
        journeylib.load(mapping=company(*rows), store=store)
        loads.append(stores.manifest(store)["snapshot"])
    with past.as_of_snapshot(store, loads[0]) as there:
        view = journeylib.open_store(there)
        assert stores.manifest(there)["snapshot"] == loads[0]
        assert view.events.select("customer_id").collect("pandas").to_native()["customer_id"].tolist() == ["a"]
    assert not there.exists()
    assert stores.manifest(store)["snapshot"] == loads[1]


def test_a_snapshot_that_is_kept_is_not_gone(tmp_path: Path) -> None:
    mine = past.named(snapshot(tmp_path, "one"))
    snapshot(tmp_path, "two")
    assert past.gone(tmp_path, mine) is None


def test_a_snapshot_that_is_gone_is_told_apart_from_one_with_forgotten_people(tmp_path: Path) -> None:
    mine = past.named(snapshot(tmp_path / "a", "one"))
    snapshot(tmp_path / "b", "two")
    assert past.gone(tmp_path / "b", mine) == "not kept"
    snapshot(tmp_path / "c", "two", tombstones="d1gest")
    assert past.gone(tmp_path / "c", mine) == "forgotten"


def test_a_store_or_a_snapshot_that_is_not_there_is_refused(tmp_path: Path) -> None:
    mine = past.named(snapshot(tmp_path / "a", "one"))
    with pytest.raises(StoreError, match="there is no journey store"):
        past.gone(tmp_path / "nowhere", mine)
    with pytest.raises(StoreError, match="has no snapshot two"), past.as_of_snapshot(tmp_path / "a", "two"):
        pass


def test_what_is_named_changes_with_content_rules_files_and_how_they_were_read(tmp_path: Path) -> None:
    first = past.named(snapshot(tmp_path / "a", "one", inputs=[{"sha256": "1"}], reading="x"))
    other = past.named(snapshot(tmp_path / "b", "two", inputs=[{"sha256": "2"}], reading="y", rules={"gap_days": 5}))
    assert set(first) == {"snapshot", "content", "inputs", "reading", "rules", "forgotten"}
    assert [name for name in first if first[name] == other[name]] == ["forgotten"]
