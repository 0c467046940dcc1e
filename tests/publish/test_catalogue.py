"""The catalogue says of every series what is newest, what is stale and what failed."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from journeylib.publish import catalogue, edition

TODAY = datetime.date(2026, 7, 1)


def publish(reports: Path, name: str, id: str, as_of: str, *, number: int = 1, **more: Any) -> None:
    (reports / name).mkdir(parents=True, exist_ok=True)
    manifest = {"id": id * 64, "as_of": as_of, "number": number, "series": "s", "title": name.title(), "cadence": None}
    manifest |= {"identity": {}}
    finding = {"text": f"{id} says so.", "verdict": None, "n": 40}
    made = edition.publish(reports / name, {**manifest, "findings": [finding], **more}, {"index.html": id})
    edition.point_latest(reports / name, made)


def test_the_answer_of_a_series_speaks_of_customers_before_it_speaks_of_the_data(tmp_path: Path) -> None:
    data = {"text": "The data are complete.", "verdict": None, "n": None, "notebook": "review"}
    answer = {"text": "Most come back.", "verdict": None, "n": 40, "notebook": "overview"}
    publish(tmp_path, "alone", "a", "2026-06-30", findings=[data])
    publish(tmp_path, "both", "b", "2026-06-30", findings=[data, answer])
    assert [one["answer"] for one in catalogue.series(tmp_path, TODAY)] == ["The data are complete.", "Most come back."]


def test_a_series_shows_its_newest_edition_and_folds_the_older_ones(tmp_path: Path) -> None:
    publish(tmp_path, "demo", "a", "2026-06-16")
    publish(tmp_path, "demo", "b", "2026-06-23", number=2)
    publish(tmp_path, "demo", "c", "2026-06-30", number=3)
    assert catalogue.series(tmp_path, TODAY) == [
        {
            "name": "demo",
            "title": "Demo",
            "answer": "c says so.",
            "as_of": "2026-06-30",
            "status": "published",
            "path": "demo/2026-06-30-cccccccc/index.html",
            "older": [
                {"as_of": "2026-06-23", "path": "demo/2026-06-23-bbbbbbbb/index.html"},
                {"as_of": "2026-06-16", "path": "demo/2026-06-16-aaaaaaaa/index.html"},
            ],
            "failed": None,
        }
    ]


def test_the_newest_is_what_latest_points_to(tmp_path: Path) -> None:
    publish(tmp_path, "demo", "a", "2026-06-30")
    publish(tmp_path, "demo", "b", "2026-06-16", number=2, series="another")
    assert catalogue.series(tmp_path, TODAY)[0]["path"] == "demo/2026-06-16-bbbbbbbb/index.html"
    (tmp_path / "demo/latest").unlink()
    assert catalogue.series(tmp_path, TODAY)[0]["path"] == "demo/2026-06-30-aaaaaaaa/index.html"


def test_a_failed_run_says_so_beside_the_last_good_edition_or_alone(tmp_path: Path) -> None:
    publish(tmp_path, "demo", "a", "2026-06-23")
    for name in ["demo", "first"]:
        (tmp_path / name).mkdir(exist_ok=True)
        edition.write_json(
            tmp_path / name / "failed.json", {"as_of": "2026-06-30", "reason": "churn, cell 3: KeyError"}
        )
    demo, first = catalogue.series(tmp_path, TODAY)
    assert (demo["status"], demo["as_of"], demo["answer"]) == ("failed", "2026-06-23", "a says so.")
    assert demo["failed"] == first["failed"] == "churn, cell 3: KeyError (as of 2026-06-30)"
    assert (first["status"], first["path"], first["answer"], first["older"]) == ("failed", None, None, [])


@pytest.mark.parametrize(
    ("cadence", "today", "status"),
    [
        (None, "2030-01-01", "published"),
        ("weekly", "2026-07-08", "published"),
        ("weekly", "2026-07-09", "stale since 2026-07-08"),
        ("daily", "2026-07-03", "stale since 2026-07-02"),
    ],
)
def test_a_series_is_stale_once_its_next_edition_is_overdue(
    tmp_path: Path, cadence: str | None, today: str, status: str
) -> None:
    publish(tmp_path, "demo", "a", "2026-06-30", cadence=cadence)
    assert catalogue.series(tmp_path, datetime.date.fromisoformat(today))[0]["status"] == status


def test_an_edition_without_findings_has_no_answer(tmp_path: Path) -> None:
    publish(tmp_path, "demo", "a", "2026-06-30", findings=[])
    assert catalogue.series(tmp_path, TODAY)[0]["answer"] is None


@pytest.mark.parametrize("said", ["{", "{}"])
def test_a_damaged_edition_is_named_beside_the_sound_ones_or_alone(tmp_path: Path, said: str) -> None:
    publish(tmp_path, "demo", "a", "2026-06-23")
    for name in ["demo", "first"]:
        publish(tmp_path, name, "b", "2026-06-30", number=2)
        (tmp_path / name / "2026-06-30-bbbbbbbb/manifest.json").write_text(said)
    demo, first = catalogue.listing(tmp_path, TODAY)
    assert demo["status"] == first["status"] == "damaged: 2026-06-30-bbbbbbbb"
    assert (demo["as_of"], demo["answer"], demo["older"]) == ("2026-06-23", "a says so.", [])
    assert (first["as_of"], first["path"], first["failed"]) == (None, None, None)
    page = catalogue.write(tmp_path, TODAY).read_text(encoding="utf-8")
    assert page.count("Damaged: 2026-06-30-bbbbbbbb") == 2


@pytest.mark.parametrize("said", ["{", "{}", "[]"])
def test_a_damaged_reason_of_a_failure_is_told_as_one(tmp_path: Path, said: str) -> None:
    publish(tmp_path, "demo", "a", "2026-06-23")
    (tmp_path / "demo/failed.json").write_text(said)
    [demo] = catalogue.series(tmp_path, TODAY)
    assert (demo["status"], demo["failed"]) == ("failed", "its reason cannot be read: failed.json is damaged")


def test_folders_that_hold_no_edition_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "empty/.staging-1").mkdir(parents=True)
    (tmp_path / "empty/.staging-1/manifest.json").write_text(json.dumps({}))
    (tmp_path / "demo.toml").write_text("")
    assert catalogue.series(tmp_path, TODAY) == []
    assert catalogue.series(tmp_path / "none", TODAY) == []


def test_the_page_is_replaced_whole(tmp_path: Path) -> None:
    publish(tmp_path, "demo", "a", "2026-06-30")
    (tmp_path / "index.html").write_text("old")
    assert catalogue.write(tmp_path, TODAY) == tmp_path / "index.html"
    assert "demo/2026-06-30-aaaaaaaa/index.html" in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert sorted(file.name for file in tmp_path.iterdir()) == [".lock", "demo", "index.html"]
