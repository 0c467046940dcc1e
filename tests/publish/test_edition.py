"""An edition is named by what it was made of, is published whole or not at all, and is never overwritten."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from journeylib.errors import BusyError, RunError
from journeylib.publish import edition
from journeylib.publish import recipe as recipes
from journeylib.publish.edition import Edition, Identity

MADE_OF = {"data": "d", "code": "c", "parameters": "p"}


def manifest(id: str, as_of: str, *, number: int = 1, **more: Any) -> dict[str, Any]:
    made_of = {**MADE_OF, "previous": None, "look": 1}
    said = {"id": id * 64, "as_of": as_of, "number": number, "series": "s", "title": "S", "findings": []}
    return {**said, "identity": made_of, **more}


def publish(folder: Path, id: str, as_of: str, **more: Any) -> Edition:
    folder.mkdir(exist_ok=True)
    return edition.publish(folder, manifest(id, as_of, **more), {"index.html": f"<p>{id}"})


def test_the_identity_changes_with_every_part_and_with_nothing_else() -> None:
    base = Identity("d", "c", "p", None, 1)
    others = [Identity("D", "c", "p", None, 1), Identity("d", "C", "p", None, 1), Identity("d", "c", "P", None, 1)]
    others += [Identity("d", "c", "p", "before", 1), Identity("d", "c", "p", None, 2)]
    assert len({base.id, *(one.id for one in others)}) == 6
    assert Identity("d", "c", "p", None, 1).id == base.id


def test_data_is_the_same_however_it_was_loaded_and_another_when_a_fact_or_a_rule_changes() -> None:
    facts = {"fingerprint": "f", "accepted": 9, "reasons": {"no time": 1}, "sources": [{"name": "a"}]}
    said = {"facts": facts, "rules": {"gap_days": 7}, "snapshot": "x", "inputs": ["one.csv"]}
    assert edition.data(said) == edition.data({**said, "snapshot": "y", "inputs": ["two.csv"]})
    assert edition.data(said) != edition.data({**said, "rules": {"gap_days": 8}})
    for changed in [{"reasons": {"no time": 2}}, {"sources": [{"name": "b"}]}, {"warnings": ["odd"]}]:
        assert edition.data(said) != edition.data({**said, "facts": {**facts, **changed}})


def test_code_counts_a_notebook_s_cells_and_tags_but_not_its_outputs(project: Any) -> None:
    recipe = recipes.read(project.recipe())
    before = edition.code(recipe)
    path = recipe.notebook_path("churn")
    said = json.loads(path.read_text())
    said["cells"][2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "60"}]
    said["cells"][2]["source"] = ["print(", "days)"]  # the same text, saved by lines
    path.write_text(json.dumps(said, indent=3))
    assert edition.code(recipe) == before
    said["cells"][2]["metadata"]["tags"] = ["interactive"]
    path.write_text(json.dumps(said))
    assert edition.code(recipe) != before


def test_code_counts_the_locked_versions_of_the_project(project: Any) -> None:
    recipe = recipes.read(project.recipe())
    before = edition.code(recipe)
    (project.root / "requirements.txt").write_text("pandas==2.3.3\n")
    assert edition.code(recipe) != before


def test_the_previous_edition_is_the_newest_of_an_earlier_day_and_a_correction_is_no_further_look(
    tmp_path: Path,
) -> None:
    for number, (id, as_of) in enumerate([("a", "2026-06-28"), ("b", "2026-06-29"), ("c", "2026-06-28")], start=1):
        publish(tmp_path, id, as_of, number=number)
    earlier = edition.editions(tmp_path)
    assert [one.id[0] for one in earlier] == ["a", "c", "b"]
    for as_of, previous, look in [("2026-06-28", None, 1), ("2026-06-29", "c", 2), ("2026-06-30", "b", 3)]:
        identity = edition.identify(earlier, as_of=as_of, **MADE_OF)
        assert (identity.previous and identity.previous[0], identity.look) == (previous, look)


def test_an_edition_of_the_same_inputs_is_found_again(tmp_path: Path) -> None:
    there = publish(tmp_path, "a", "2026-06-30")
    found = edition.found([there], Identity("d", "c", "p", "other", 7))
    assert found is there
    assert edition.found([there], Identity("d", "c2", "p", None, 1)) is None


def test_editions_of_another_series_are_left_out(tmp_path: Path) -> None:
    publish(tmp_path, "a", "2026-06-30")
    assert edition.editions(tmp_path, "another") == []
    assert len(edition.editions(tmp_path, "s")) == 1


@pytest.mark.parametrize("said", ["{", "{}", "[]", "", '"x"', "\x00", '{"id": "a"}'])
def test_a_damaged_manifest_is_named_and_stops_no_other(tmp_path: Path, said: str) -> None:
    there, other = publish(tmp_path, "a", "2026-06-30"), publish(tmp_path, "b", "2026-06-29")
    (there.path / "manifest.json").write_text(said)
    assert [one.path for one in edition.editions(tmp_path, "s")] == [other.path]
    assert edition.damaged(tmp_path) == ["2026-06-30-aaaaaaaa"]


@pytest.mark.parametrize("key", ["id", "as_of", "number", "series", "title", "identity", "findings", "files"])
def test_a_manifest_that_lacks_what_others_read_is_damaged(tmp_path: Path, key: str) -> None:
    there = publish(tmp_path, "a", "2026-06-30")
    for said in [{**there.manifest, key: None}, {one: it for one, it in there.manifest.items() if one != key}]:
        edition.write_json(there.path / "manifest.json", said)
        assert edition.damaged(tmp_path) == ["2026-06-30-aaaaaaaa"]


def test_a_published_edition_has_its_files_with_their_hashes(tmp_path: Path) -> None:
    there = publish(tmp_path, "a", "2026-06-30")
    assert there.path == tmp_path / "2026-06-30-aaaaaaaa"
    assert sorted(file.name for file in there.path.iterdir()) == ["index.html", "manifest.json"]
    assert edition.editions(tmp_path)[0].manifest == there.manifest
    assert there.manifest["files"] == {"index.html": hashlib.sha256(b"<p>a").hexdigest()}


def test_an_edition_is_never_overwritten(tmp_path: Path) -> None:
    there = publish(tmp_path, "a", "2026-06-30")
    with pytest.raises(RunError, match=r"2026-06-30-aaaaaaaa exists and is another edition\. Move it away"):
        edition.publish(tmp_path, manifest("a", "2026-06-30"), {"index.html": "else"})
    assert (there.path / "index.html").read_text() == "<p>a"


def test_an_edition_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        edition.publish(tmp_path, manifest("a", "2026-06-30"), {"index.html": "x", "no/such.html": "y"})
    assert list(tmp_path.iterdir()) == []


def test_a_held_folder_is_busy_and_what_a_killed_run_left_is_cleared(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    (folder / ".staging-dead").mkdir(parents=True)
    (folder / ".staging-dead/index.html").write_text("half")
    with edition.held(folder):
        assert [file.name for file in folder.iterdir()] == [".lock"]
        with pytest.raises(BusyError, match="another run of demo is at work"), edition.held(folder):
            pass
    with edition.held(folder):
        pass


def test_latest_is_a_relative_link_that_is_replaced(tmp_path: Path) -> None:
    first, second = publish(tmp_path, "a", "2026-06-29"), publish(tmp_path, "b", "2026-06-30")
    assert edition.point_latest(tmp_path, first)
    assert edition.point_latest(tmp_path, second)
    assert not edition.point_latest(tmp_path, second)
    assert os.readlink(tmp_path / "latest") == "2026-06-30-bbbbbbbb"
    assert len(edition.editions(tmp_path)) == 2


def test_a_signal_waits_until_the_undisturbed_steps_are_done() -> None:
    done = []

    def steps() -> None:
        with edition.undisturbed():
            signal.raise_signal(signal.SIGINT)
            done.append("all")

    with pytest.raises(KeyboardInterrupt):
        steps()
    assert done == ["all"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_json_has_one_form(tmp_path: Path) -> None:
    edition.write_json(tmp_path / "a.json", {"b": "é", "a": [1]})
    assert (tmp_path / "a.json").read_bytes() == '{\n "a": [\n  1\n ],\n "b": "é"\n}\n'.encode()
