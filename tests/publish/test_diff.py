"""Two editions are compared by what they published; what cannot be told apart says why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from journeylib.errors import RefusedError
from journeylib.judge.verdicts import judge
from journeylib.publish import edition
from journeylib.publish.diff import Side, compare, diff, edition_at, lines, read, recipe_of, shown


def number(value: float, n: int = 400, form: str = "nps", notebook: str = "overview") -> dict[str, Any]:
    row = {"n": n, "estimate": value, "low": value - 9, "high": value + 9, "is_enough": n >= 30}
    return {
        "id": form, "kind": "number", "form": form, "notebook": notebook, "context": {}, "not_applicable": None,
        "columns": list(row), "rows": [list(row.values())],
    }  # fmt: skip


def side(*records: dict[str, Any], as_of: str = "2026-06-30", **about: Any) -> Side:
    identity = {"data": "d", "code": "c", "parameters": "p", "previous": None, "look": 1}
    said = {"id": as_of, "as_of": as_of, "start": "2026-01-01", "looks": None, "identity": identity, **about}
    return Side(said, judge(list(records), audience="private"), list(records), None)


def test_numbers_whose_store_is_not_named_are_told_as_a_whole(tmp_path: Path) -> None:
    found = compare(side(number(30), as_of="2026-05-31"), side(number(34)), store=tmp_path)
    [one] = found["numbers"]
    assert (one["old"], one["new"], one["total"], one["why"]) == (30, 34, 4, "unnamed")
    assert "restated" not in one
    assert any("does not say which data" in line for line in lines(found))


def test_without_the_exact_frames_only_what_was_published_is_compared(tmp_path: Path) -> None:
    old = side(number(30), as_of="2026-05-31")
    [one] = compare(Side(old.about, old.judged, None, None), side(number(34)), store=tmp_path)["numbers"]
    assert (one["total"], one["why"]) == (4, "no frames")


def test_a_number_that_either_edition_has_too_little_for_has_no_change(tmp_path: Path) -> None:
    found = compare(side(number(30, n=12), as_of="2026-05-31"), side(number(34)), store=tmp_path)
    assert [(one["why"], one.get("total")) for one in found["numbers"]] == [("silent", None)]
    assert lines(found) == [
        "Compared with the edition as of 31 May 2026. The store holds the same data for both. "
        "No finding is new, gone, stronger, weaker or reversed."
    ]


def test_a_page_leaves_out_the_counts_of_the_data_and_exact_totals(tmp_path: Path) -> None:
    records = number(100, form="records", notebook="review"), number(30)
    found = compare(side(*records, as_of="2026-05-31"), side(*records), store=tmp_path)
    told = shown(found, "shared")
    assert [one["form"] for one in told["numbers"]] == ["nps"]
    assert "total" not in told["numbers"][0]
    assert "past_snapshot" not in told


def test_an_edition_is_read_with_what_is_kept_of_it_and_one_that_cannot_be_read_stops_whoever_compares(
    tmp_path: Path,
) -> None:
    there, kept = publish(tmp_path / "demo", "a", "s"), tmp_path / "private"
    with pytest.raises(RefusedError, match="cannot be read, so what readers of that edition know is not known"):
        read(there, kept)
    judged = {"records": [{"id": "nps"}]}
    (there.path / "findings.json").write_text(json.dumps(judged))
    assert (read(there, kept).judged, read(there, kept).exact) == (judged, None)
    (kept / there.path.name).mkdir(parents=True)
    (kept / there.path.name / "records.json").write_text("[]")
    assert read(there, kept).exact == []


def publish(folder: Path, id: str, series: str) -> edition.Edition:
    folder.mkdir(parents=True, exist_ok=True)
    about = {"id": id * 16, "as_of": "2026-06-30", "series": series, "number": 1, "title": "t", "findings": []}
    return edition.publish(folder, {**about, "identity": {}}, {"index.html": "<p>"})


def test_a_page_and_latest_name_the_edition_that_they_belong_to(tmp_path: Path) -> None:
    there = publish(tmp_path / "demo", "a", "s")
    edition.point_latest(tmp_path / "demo", there)
    for path in (there.path, there.path / "index.html", tmp_path / "demo/latest"):
        assert edition_at(path).path == there.path
    with pytest.raises(RefusedError, match="is no edition"):
        edition_at(tmp_path)


def test_editions_of_two_series_are_not_compared(tmp_path: Path) -> None:
    one, other = (publish(tmp_path / "demo", id, id) for id in "ab")
    with pytest.raises(RefusedError, match="editions of two series"):
        diff(one.path, other.path)


def test_the_recipe_is_found_by_its_name_beside_the_editions(project: Any) -> None:
    there = publish(project.folder, "a", "s")
    with pytest.raises(RefusedError, match="there is no recipe for other"):
        recipe_of(publish(project.reports / "other", "a", "s"))
    assert recipe_of(there).path == project.reports / "demo.toml"
    assert recipe_of(there, project.recipe()).name == "demo"
