"""An edition is made again with the same bytes while its data are there; else it is refused, with the reason."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import journeylib
from journeylib.errors import RefusedError, StoreError
from journeylib.publish.rebuild import lines, rebuild
from journeylib.publish.run import run

ROOT = Path(__file__).parents[2]
RECIPE = """
name = "demo"
store = "stores/demo"
notebooks = ["overview"]
audience = "private"
[period]
as_of = "complete"
start = "-20d"
[goals.purchase]
touchpoint = "order"
within_days = 3
[segments]
plan = "customers.plan"
[parameters.overview]
goal = "purchase"
by = "plan"
chain = ["web", "phone"]
step_from = "view"
step_to = "order"
step_within_days = 1
"""


MAPPING = """
[[source]]
path = "events.csv"
[source.columns]
event_id = "id"
customer_id = ["person", "device"]
occurred_at = "at"
touchpoint = "what"
channel = "where"
[[source]]
kind = "customers"
path = "customers.csv"
[source.columns]
customer_id = "id"
[source.attributes]
plan = "plan"
[journeys]
gap_days = 2
"""


def rows(days: int) -> list[str]:
    """Forty people who look every third day, and order after every second look; a third of them on a phone."""
    found = []
    for day in range(days):
        for who in range(40):
            if (day + who) % 3 == 0:
                at = f"2026-01-{day + 1:02d}T1{who % 10}:00:{who:02d}Z"
                what = "order" if (day // 3 + who) % 2 else "view"
                found.append(f"{day}-{who},p{who},,{at},,{what},web")
    return found


@pytest.fixture(scope="module")
def editions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Two editions of a small project, a load between them."""
    root = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "notebooks", root / "notebooks", ignore=shutil.ignore_patterns(".*", "explore"))
    (root / "reports").mkdir()
    (root / "reports/demo.toml").write_text(RECIPE)
    found = []
    for days in (24, 28):
        write(root, rows(days))
        journeylib.load(mapping=root / "mapping.toml", store=root / "stores/demo")
        found.append(Path(run(root / "reports/demo.toml")["path"]).parent)
    return {"root": root, "first": found[0], "second": found[1]}


def write(root: Path, said: list[str]) -> None:
    (root / "events.csv").write_text("\n".join(["id,person,device,at,until,what,where", *said]) + "\n")
    (root / "customers.csv").write_text(
        "id,plan\n" + "".join(f"p{who},{'annual' if who % 2 else 'monthly'}\n" for who in range(40))
    )
    (root / "mapping.toml").write_text(MAPPING)


def test_an_older_edition_is_made_again_byte_for_byte_though_its_store_moved_on(editions: dict[str, Any]) -> None:
    answer = rebuild(editions["first"])
    assert (answer["different"], answer["is_equal"]) == ([], True)
    assert answer["equal"] == ["findings.json", "index.html", "manifest.json", "sources.html"]


def test_of_an_edition_that_was_changed_the_file_is_named(editions: dict[str, Any], tmp_path: Path) -> None:
    root = shutil.copytree(editions["root"], tmp_path / "copy", symlinks=True)
    page = root / "reports/demo" / editions["second"].name / "index.html"
    page.write_text(page.read_text() + "<!-- x -->")
    answer = rebuild(page.parent)
    assert (answer["different"], answer["equal"]) == (
        ["index.html"],
        ["findings.json", "manifest.json", "sources.html"],
    )
    assert lines(answer)[1:] == ["  index.html"]


def test_the_second_edition_says_what_changed_and_its_parts_add_up(editions: dict[str, Any]) -> None:
    from journeylib.publish.diff import diff

    found = {one["form"]: one for one in diff(editions["first"], editions["second"])["numbers"]}
    share = found["converted_share"]
    assert share["restated"] + share["redefined"] + share["mix"] + share["rate"] == pytest.approx(
        share["new"] - share["old"], abs=1e-9
    )
    assert "What changed since the last edition" in (editions["second"] / "index.html").read_text()
    assert "What changed since the last edition" not in (editions["first"] / "index.html").read_text()


def test_without_its_snapshot_an_edition_is_refused(editions: dict[str, Any], tmp_path: Path) -> None:
    root = shutil.copytree(editions["root"], tmp_path / "copy", symlinks=True)
    first = root / "reports/demo" / editions["first"].name
    shutil.rmtree(root / "stores/demo/snapshots" / json.loads(kept(root, first.name).read_text())["snapshot"])
    with pytest.raises(StoreError, match="keeps its last few snapshots"):
        rebuild(first)


def test_after_people_were_forgotten_an_edition_is_refused(editions: dict[str, Any], tmp_path: Path) -> None:
    from journeylib.journeys.forget import forget

    root = shutil.copytree(editions["root"], tmp_path / "copy", symlinks=True)
    forget(["p7"], root / "stores/demo")
    with pytest.raises(StoreError, match=r"people were forgotten from stores/demo since.*journey run"):
        rebuild(root / "reports/demo" / editions["second"].name)


def test_with_other_notebooks_an_edition_is_refused(editions: dict[str, Any], tmp_path: Path) -> None:
    root = shutil.copytree(editions["root"], tmp_path / "copy", symlinks=True)
    book = root / "notebooks/overview.ipynb"
    book.write_text(book.read_text().replace("How do customers move", "How did customers move"))
    with pytest.raises(RefusedError, match="made by other code"):
        rebuild(root / "reports/demo" / editions["second"].name)


def test_an_edition_whose_private_folder_is_gone_is_refused(editions: dict[str, Any], tmp_path: Path) -> None:
    root = shutil.copytree(editions["root"], tmp_path / "copy", symlinks=True)
    kept(root, editions["first"].name).unlink()
    with pytest.raises(StoreError, match="no longer kept which snapshot"):
        rebuild(root / "reports/demo" / editions["first"].name)


def kept(root: Path, name: str) -> Path:
    """What is kept of the store that an edition was made from."""
    return root / "stores/demo.private/demo" / name / "store.json"
