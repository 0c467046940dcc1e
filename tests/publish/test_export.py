"""A list of customers for those who act on them: by pseudonym, in a safe place, with what became of the last one."""

from __future__ import annotations

import csv
import datetime
import json
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import journeylib
from journeylib.errors import RecipeError, RefusedError, SourceError, StoreError
from journeylib.journeys.forget import forget
from journeylib.publish import lists
from journeylib.publish.export import at_risk, lines

ROOT = Path(__file__).parent.parent.parent
MAPPING = """
[[source]]
path = "events.csv"
[source.columns]
customer_id = "person"
occurred_at = "at"
touchpoint = "what"
channel = "where"
[[source]]
kind = "customers"
path = "customers.csv"
[source.columns]
customer_id = "person"
signed_up_on = "from"
ended_on = "to"
[source.attributes]
plan = "plan"
[identity]
mode = "none"
[journeys]
end_touchpoints = ["closed"]
"""
RECIPE = """
name = "demo"
store = "stores/demo"
notebooks = ["churn"]
audience = "shared"
[period]
as_of = 2025-12-31
start = "begin"
[segments]
plan = "customers.plan"
[parameters.churn]
by = "plan"
definition = "contract"
"""
FIRST, SECOND = "2025-10-02", "2025-12-31"


def made(root: Path) -> pd.DataFrame:
    """Load a store of 500 customers, of whom those on monthly plans leave sooner; the answer is the customers."""
    rng = np.random.default_rng(1)
    day = np.datetime64("2025-01-01")
    plan = rng.choice(["annual", "=monthly"], 500)
    signed_up = day + rng.integers(-300, 200, 500)
    stays = np.floor(rng.exponential(np.where(plan == "annual", 900, 300))).astype(int)
    people = pd.DataFrame({"person": [f"{at:05d}" for at in range(500)], "plan": plan, "from": signed_up})
    people["to"] = pd.Series(signed_up + stays).where(signed_up + stays <= np.datetime64(SECOND))
    people = people[(people["to"] >= day) | people["to"].isna()].reset_index(drop=True)
    events = []
    for one in people.to_dict("records"):
        last = one["to"] if not pd.isna(one["to"]) else pd.Timestamp(SECOND)
        first = max(one["from"], pd.Timestamp("2025-01-01"))
        on = pd.date_range(first, last, freq=f"{rng.integers(5, 40)}D")
        events += [(one["person"], f"{at:%Y-%m-%d}T10:00:00Z", "visit", "web") for at in on]
    events += [("00000", "2025-01-01T00:00:00Z", "visit", "web"), ("00000", "2025-12-31T23:59:59Z", "visit", "web")]
    root.mkdir()
    pd.DataFrame(events, columns=["person", "at", "what", "where"]).to_csv(root / "events.csv", index=False)
    people.to_csv(root / "customers.csv", index=False)
    (root / "mapping.toml").write_text(MAPPING)
    journeylib.load(mapping=root / "mapping.toml", store=root / "stores/demo")
    (root / "notebooks").mkdir()
    shutil.copy(ROOT / "notebooks/churn.ipynb", root / "notebooks")
    (root / "reports").mkdir()
    (root / "reports/demo.toml").write_text(RECIPE)
    return people


@pytest.fixture(scope="module")
def project(tmp_path_factory: Any) -> SimpleNamespace:
    """A project with two lists, of which the second tells what became of the first."""
    root = tmp_path_factory.mktemp("export") / "project"
    people, to = made(root), root.parent / "retention"
    (root / "reports/earlier.toml").write_text(RECIPE.replace(SECOND, FIRST))
    first = at_risk(root / "reports/earlier.toml", to, days=60, most=40)
    second = at_risk(root / "reports/demo.toml", to, days=60, most=50)
    return SimpleNamespace(
        root=root, to=to, people=people, first=first, second=second, recipe=root / "reports/demo.toml"
    )


def rows(answer: dict[str, Any]) -> list[dict[str, str]]:
    with Path(answer["path"]).open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def mode(path: Path | str) -> int:
    return stat.S_IMODE(Path(path).stat().st_mode)


def test_a_list_names_customers_by_pseudonym_with_risk_and_reasons(project: Any) -> None:
    found = rows(project.second)
    assert list(found[0]) == ["pseudonym", "risk", "band", "within_days", "reasons", "plan"]
    key = (project.root / "stores/demo.private/export.key").read_bytes()
    names = {lists.pseudonym(key, person): person for person in project.people["person"]}
    gone = set(project.people.loc[~project.people["to"].isna(), "person"])
    assert len({row["pseudonym"] for row in found}) == len(found) == 50 == project.second["listed"]
    assert {names[row["pseudonym"]] for row in found} & gone == set()
    assert [float(row["risk"]) for row in found] == sorted((float(row["risk"]) for row in found), reverse=True)
    assert all(row["plan"] == "'=monthly" for row in found)  # what a spreadsheet would take for a formula is marked
    assert all("plan: =monthly" in row["reasons"] for row in found)
    assert not {cell for row in found for cell in row.values()} & set(project.people["person"])


def test_files_and_folders_are_their_owner_s_only(project: Any) -> None:
    assert sorted(path.name for path in project.to.iterdir()) == [f"at-risk-{FIRST}.csv", f"at-risk-{SECOND}.csv"]
    assert [mode(path) for path in (project.to, *sorted(project.to.iterdir()))] == [0o700, 0o600, 0o600]
    private = project.root / "stores/demo.private"
    assert (mode(private), mode(private / "export.key")) == (0o700, 0o600)
    assert [path.name for path in private.iterdir()] == ["export.key"]


def test_what_became_of_the_last_list_is_told_beside_those_not_on_it(project: Any) -> None:
    key = (project.root / "stores/demo.private/export.key").read_bytes()
    listed = {row["pseudonym"] for row in rows(project.first)}
    people = project.people
    there = people[(people["from"] <= FIRST) & ((people["to"] > FIRST) | people["to"].isna())]
    left = there["to"] <= "2025-12-01"  # 60 days from 2025-10-03 on
    on_list = there["person"].map(lambda person: lists.pseudonym(key, person) in listed)
    last = project.second["last"]
    assert (last["as_of"], last["days"], last["passed_days"], last["matched"]) == (FIRST, 60, 60, 40)
    for name, part in (("listed", left[on_list]), ("others", left[~on_list])):
        assert (last[name]["n"], last[name]["left"]) == (len(part), part.sum())
        assert last[name]["low"] < part.mean() < last[name]["high"]
    assert last["expected"] == pytest.approx(np.mean([float(row["risk"]) for row in rows(project.first)]))
    assert project.first["last"] is None
    said = "\n".join(lines(project.second))
    assert f"of the last list, {FIRST}, {left[on_list].sum()} of 40" in said
    assert "expected within 60; of the others" in said
    assert "customers are named by pseudonym" in said


def test_the_same_request_gives_the_same_bytes(project: Any) -> None:
    before = Path(project.second["path"]).read_bytes()
    assert at_risk(project.recipe, project.to, days=60, most=50)["last"] == project.second["last"]
    assert Path(project.second["path"]).read_bytes() == before


@pytest.mark.parametrize("place", ["reports", "reports/deep/er", "stores/demo", "elsewhere/reports", "link"])
def test_a_folder_that_others_read_is_refused(project: Any, place: str) -> None:
    (project.root / "elsewhere/.git").mkdir(parents=True, exist_ok=True)
    if place == "link" and not (project.root / "link").exists():
        (project.root / "link").symlink_to(project.root / "reports")
    with pytest.raises(RefusedError, match=r"which others read\. .* give --to a folder"):
        at_risk(project.recipe, project.root / place, days=60)
    assert not list((project.root / "reports").rglob("*.csv"))


def test_ids_stand_in_a_list_only_where_the_recipe_is_private(project: Any, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match='audience = "shared"'):
        at_risk(project.recipe, tmp_path / "to", days=60, ids=True)
    private = project.root / "reports/private.toml"
    private.write_text(RECIPE.replace("shared", "private"))
    found = rows(at_risk(private, tmp_path / "to", days=60, most=5, ids=True))
    key = (project.root / "stores/demo.private/export.key").read_bytes()
    assert [row["pseudonym"] for row in found] == [lists.pseudonym(key, row["customer_id"]) for row in found]


def test_what_no_list_can_be_made_of_is_refused_and_leaves_nothing(project: Any, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="no list can be made: the data do not hold two stretches of 300 days"):
        at_risk(project.recipe, tmp_path / "to", days=300)
    with pytest.raises(RefusedError, match="--most 0 lists nobody"):
        at_risk(project.recipe, tmp_path / "to", most=0)
    other = project.root / "reports/other.toml"
    other.write_text(RECIPE.replace('["churn"]', '["overview"]').split("[parameters")[0])
    with pytest.raises(RecipeError, match="has no page on churn"):
        at_risk(other, tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_a_list_of_another_key_or_another_kind_is_told_as_such(project: Any, tmp_path: Path) -> None:
    strange = tmp_path / f"at-risk-{FIRST}.csv"
    strange.write_text(f"pseudonym,risk,within_days\n{'0' * 32},0.50,60\n")
    answer = at_risk(project.recipe, tmp_path, days=60, most=5)
    assert answer["last"]["matched"] == 0
    assert "nobody is found: it was made with another key or store" in "\n".join(lines(answer))
    strange.write_text("name\nann\n")
    with pytest.raises(SourceError, match="but not its columns"):
        at_risk(project.recipe, tmp_path, days=60, most=5)


def test_of_a_list_just_made_nothing_is_known_yet_and_soon_after_a_part(project: Any, tmp_path: Path) -> None:
    (tmp_path / "at-risk-2025-12-30.csv").write_text((project.to / f"at-risk-{FIRST}.csv").read_text())
    answer = at_risk(project.recipe, tmp_path, days=60, most=5)
    assert answer["last"]["passed_days"] == 0
    assert "of the last list, 2025-12-30, it cannot be told yet who has left since" in "\n".join(lines(answer))
    (tmp_path / "at-risk-2025-12-30.csv").rename(tmp_path / "at-risk-2025-12-20.csv")
    assert "left in the first 10 of 60 days" in "\n".join(lines(at_risk(project.recipe, tmp_path, days=60, most=5)))


def test_a_damaged_key_is_not_replaced(tmp_path: Path) -> None:
    there = tmp_path / "demo.private/export.key"
    first = lists.key_of(there)
    assert lists.key_of(there) == first
    there.write_bytes(b"short")
    with pytest.raises(StoreError, match=r"is no key: it has 5 bytes, not 32\. Bring it back"):
        lists.key_of(there)


def test_a_write_that_is_stopped_leaves_the_old_list_and_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "at-risk-2025-12-31.csv"
    people = pd.DataFrame({"customer_id": ["a"], "risk": [0.5], "band": [5], "reasons": [[]]})
    lists.write(file, people, [], b"k" * 32, 60, ids=False)
    before = file.read_text()
    assert before.splitlines()[1].endswith(",0.50,5,60,nothing stands out")

    class Stopping(list[str]):
        def __iter__(self) -> Any:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lists.write(file, people.assign(plan="x"), Stopping(["plan"]), b"k" * 32, 60, ids=False)
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    assert file.read_text() == before


def test_the_command_answers_in_json_and_a_forgotten_customer_is_on_no_list(project: Any, tmp_path: Path) -> None:
    root = tmp_path / "again"
    shutil.copytree(project.root, root, symlinks=True)
    key = (root / "stores/demo.private/export.key").read_bytes()
    names = {lists.pseudonym(key, person): person for person in project.people["person"]}
    someone = rows(project.second)[0]["pseudonym"]
    forget([names[someone]], root / "stores/demo")
    command = [
        sys.executable,
        "-m",
        "journeylib",
        "export",
        "at-risk",
        "reports/demo.toml",
        "--to",
        str(tmp_path / "to"),
    ]
    run = {"cwd": root, "capture_output": True, "text": True, "check": False}
    done = subprocess.run([*command, "--days", "60", "--most", "400", "--json"], **run)
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert answer["listed"] == answer["there"] == project.second["there"] - 1
    assert someone not in {row["pseudonym"] for row in rows(answer)}
    refused = subprocess.run([*command[:-1], "reports"], **run)
    assert refused.returncode == 2
    assert refused.stderr.startswith("journey: ")


def test_help_has_an_example() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "journeylib", "export", "--help"], capture_output=True, text=True, check=True
    )
    assert "Example: journey export at-risk reports/demo.toml --to /srv/retention" in " ".join(done.stdout.split())


def test_the_recipe_s_moving_day_counts_from_today(project: Any, tmp_path: Path) -> None:
    moving = project.root / "reports/moving.toml"
    moving.write_text(RECIPE.replace(f"as_of = {SECOND}", 'as_of = "yesterday"'))
    answer = at_risk(moving, tmp_path / "to", days=60, most=5, today=datetime.date(2025, 12, 31))
    assert Path(answer["path"]).name == "at-risk-2025-12-30.csv"


def test_a_folder_under_version_control_is_refused_wherever_it_lies(project, tmp_path):
    (tmp_path / "work" / ".git").mkdir(parents=True)
    with pytest.raises(RefusedError, match="under version control"):
        at_risk(project.root / "reports/demo.toml", tmp_path / "work" / "lists")
    assert not (tmp_path / "work" / "lists").exists()
