"""A recipe is published whole, found again, or refused; what fails or is stopped leaves no edition."""

from __future__ import annotations

import datetime
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from journeylib.errors import BusyError, ParameterError, RecipeError, RunError, StoreError
from journeylib.publish import catalogue
from journeylib.publish.run import run

TODAY = datetime.date(2026, 7, 1)


def journey(project: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "journeylib", *arguments]
    return subprocess.run(command, cwd=project.root, capture_output=True, text=True, timeout=60, check=False)


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


@pytest.fixture(scope="module")
def published(shared_project: Any) -> dict[str, Any]:
    """The answer of a run of the shared project."""
    return run(shared_project.recipe(), today=TODAY)


def test_a_run_publishes_an_edition_beside_its_recipe(shared_project: Any, published: dict[str, Any]) -> None:
    folder = shared_project.folder / published["edition"]
    assert re.fullmatch(r"2026-06-30-[0-9a-f]{8}", published["edition"])
    assert published["status"] == "published"
    assert published["path"] == str(folder / "index.html")
    assert {"index.html", "churn.html", "sources.html", "findings.json", "manifest.json"} == set(files(folder))
    assert set(published["pages"]) == {str(folder / f"{name}.html") for name in ["index", "churn", "sources"]}
    assert os.readlink(shared_project.folder / "latest") == published["edition"]
    assert (shared_project.reports / "index.html").exists()
    [finding] = published["findings"]
    assert finding["text"].replace("\u202f", " ").startswith("38 % of journeys reach “purchase” within 30 days")
    assert (finding["verdict"], finding["notebook"]) == (None, "overview")


def test_nothing_published_knows_the_clock_or_the_machine(shared_project: Any, published: dict[str, Any]) -> None:
    said = b"\n".join(files(shared_project.folder / published["edition"]).values()).decode()
    assert str(shared_project.root) not in said
    assert datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d") not in said
    assert sys.prefix not in said


def test_what_is_exact_is_kept_in_a_private_folder_beside_the_store(
    shared_project: Any, published: dict[str, Any]
) -> None:
    kept = shared_project.private / published["edition"]
    assert set(files(kept)) == {"overview.ipynb", "churn.ipynb", "records.json", "store.json", "log.txt"}
    assert json.loads((kept / "records.json").read_text())[0]["rows"][0][0] == 4120
    for folder in [shared_project.private.parent, shared_project.private]:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_same_inputs_give_the_same_bytes_in_another_folder(
    shared_project: Any, published: dict[str, Any], tmp_path: Path
) -> None:
    again = run(shared_project.recipe(), today=TODAY, reports=tmp_path / "elsewhere")
    assert again["status"] == "published"
    elsewhere = tmp_path / "elsewhere/demo" / again["edition"]
    assert files(elsewhere) == files(shared_project.folder / published["edition"])


def test_what_is_already_published_is_found_at_once_with_nothing_heavy_imported(
    shared_project: Any, published: dict[str, Any]
) -> None:
    before = files(shared_project.reports)
    heavy = "import sys; from journeylib.__main__ import main; code = main(['run', 'reports/demo.toml', '--json']); "
    heavy += "assert not {'pandas', 'nbformat', 'matplotlib', 'duckdb'} & set(sys.modules); sys.exit(code)"
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", heavy], cwd=shared_project.root, capture_output=True, text=True, check=False
    )
    assert time.monotonic() - started < 2
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    assert (said["status"], said["edition"]) == ("already published", published["edition"])
    assert said["findings"] == published["findings"]
    assert files(shared_project.reports) == before


def test_a_later_day_is_the_next_edition_of_the_series(shared_project: Any, published: dict[str, Any]) -> None:
    shared_project.store(complete_through="2026-07-07", fingerprint="4-cafe")
    later = run(shared_project.recipe(), today=datetime.date(2026, 7, 8))
    manifest = json.loads((shared_project.folder / "latest/manifest.json").read_text())
    assert (manifest["as_of"], manifest["look"], manifest["previous"]["as_of"]) == ("2026-07-07", 2, "2026-06-30")
    assert manifest["previous"]["path"] == f"../{published['edition']}/index.html"
    assert os.readlink(shared_project.folder / "latest") == later["edition"]
    [series] = catalogue.series(shared_project.reports, datetime.date(2026, 7, 8))
    assert (series["as_of"], [one["as_of"] for one in series["older"]]) == ("2026-07-07", ["2026-06-30"])


def test_a_failing_cell_is_named_and_publishes_nothing(project: Any) -> None:
    project.notebook("churn", project.code('\n# the plans\nplans = {}\nplans["customer 00123"]'))
    with pytest.raises(RunError) as caught:
        run(project.recipe(), today=TODAY)
    said = str(caught.value)
    assert said.startswith("churn.ipynb failed in cell 3, `# the plans`:\n")
    assert "  KeyError: 'customer 00123'\nNothing was published. Log and notebooks are in " in said
    assert "\x1b" not in said
    assert not list(project.folder.glob("2026-*"))
    assert {"churn.ipynb", "log.txt"} <= set(files(project.private / "failed"))
    assert json.loads((project.folder / "failed.json").read_text()) == {
        "as_of": "2026-06-30",
        "reason": "churn, cell 3: KeyError",
    }
    assert "00123" not in (project.reports / "index.html").read_text()
    [series] = catalogue.series(project.reports, TODAY)
    assert (series["status"], series["failed"]) == ("failed", "churn, cell 3: KeyError (as of 2026-06-30)")


def test_ctrl_c_stops_the_run_with_its_kernels_and_leaves_nothing(project: Any) -> None:
    mark = project.root / "mark"
    source = (
        f"import os, time\nprint(os.getpid(), os.getppid(), file=open({str(mark)!r}, 'w'), flush=True)\ntime.sleep(60)"
    )
    project.notebook("churn", project.code(source))
    command = [sys.executable, "-m", "journeylib", "run", str(project.recipe()), "--json"]
    running = subprocess.Popen(
        command, cwd=project.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    until = time.monotonic() + 40
    while not (mark.exists() and mark.read_text().endswith("\n")) and time.monotonic() < until:
        time.sleep(0.1)
    with pytest.raises(BusyError, match=r"another run of demo is at work\. Run it again"):
        run(project.recipe(), today=TODAY)
    os.killpg(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=20)
    assert (running.returncode, err) == (130, "journey: stopped; nothing is left half done\n")
    assert json.loads(out)["error"] == "Stopped"
    assert project.alive(map(int, mark.read_text().split())) == []
    assert set(files(project.folder)) == {".lock"}
    assert set(files(project.private)) == {".lock"}


@pytest.mark.parametrize(
    ("old", "new", "error", "said"),
    [
        ("", "looks = 0\n", RecipeError, "looks is 0. Write the whole number"),
        ('"churn"]', '"chrun"]', ParameterError, "there is no notebook .*chrun.ipynb; the notebooks there: churn"),
        ("[goals", "[parameters.churn]\nday = 3\n[goals", ParameterError, 'day is not .* Did you mean "days"'),
        ("stores/demo", "stores/dmo", StoreError, "there is no journey store at .*stores/dmo. Make one: journey load"),
        ('"complete"', '"yesterday"', BusyError, "complete through 2026-06-30, but .* requires it through 2026-07-01"),
    ],
)
def test_what_is_refused_leaves_no_trace(project: Any, old: str, new: str, error: type[Exception], said: str) -> None:
    recipe = project.recipe(old, new)
    if error is BusyError:
        recipe.write_text('require_complete_through = "as_of"\n' + recipe.read_text())
    with pytest.raises(error, match=said):
        run(recipe, today=datetime.date(2026, 7, 2))
    assert not project.folder.exists()
    assert not project.private.exists()
