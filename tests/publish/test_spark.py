"""A recipe on Spark gives the edition that it gives on DuckDB: the same judged record, cell by cell."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from spark_equal import cells, differing, on_engine

import journeylib
from journeylib.data import worlds
from journeylib.errors import RefusedError
from journeylib.publish.diff import diff
from journeylib.publish.rebuild import rebuild
from journeylib.publish.run import run

ROOT = Path(__file__).parent.parent.parent


# Spark takes a second for a question of any size, so fewer measures are compared between groups than in the demo.
FEWER = {
    'also = ["club", "region", "loud"]': 'also = ["loud"]\nmeasures = ["value.revenue", "outcomes.converted"]',
    'alike = ["region", "club", "came_by"]': 'alike = ["came_by"]',
}

SERIES = """
name = "series"
store = "stores/demo"
notebooks = ["overview"]
[period]
as_of = {as_of}
start = "begin"
[goals.purchase]
touchpoint = "order placed"
within_days = 30
[segments]
region = "customers.region"
[parameters.overview]
goal = "purchase"
by = "region"
chain = ["web", "chat", "phone"]
step_from = "checkout started"
step_to = "order placed"
step_within_days = 1
"""


@pytest.fixture(scope="module")
def editions(tmp_path_factory: pytest.TempPathFactory, spark: Any) -> SimpleNamespace:  # noqa: ARG001  # two cores
    """The demo's recipe over a small world, run on either engine: the answers, and the recipe on Spark."""
    root = tmp_path_factory.mktemp("a [small] world")  # a path that Spark could take for a pattern
    worlds.make(root / "sources", customers=400, seed=11)
    journeylib.load(mapping=root / "sources" / "mapping.toml", store=root / "stores" / "demo")
    for name in ["notebooks", "reports"]:
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("demo", "grocery"))
    recipe = root / "reports" / "demo.toml"
    said = recipe.read_text(encoding="utf-8")
    for old, new in FEWER.items():
        assert old in said
        said = said.replace(old, new)
    recipe.write_text(said, encoding="utf-8")
    recipes = {name: on_engine(recipe, name, root / name) for name in ["duckdb", "spark"]}
    return SimpleNamespace(**{name: run(recipe) for name, recipe in recipes.items()}, recipes=recipes)


def folder(answer: dict[str, Any]) -> Path:
    return Path(answer["path"]).parent


def read(answer: dict[str, Any], name: str = "findings.json") -> Any:
    return json.loads((folder(answer) / name).read_text(encoding="utf-8"))


def test_every_cell_of_the_judged_record_is_the_same_on_both_engines(editions: SimpleNamespace) -> None:
    duckdb, spark = read(editions.duckdb), read(editions.spark)
    assert {one["notebook"] for one in duckdb["records"]} == {"summary", "review", "overview", "segments", "churn"}
    assert sum(1 for _ in cells(duckdb)) > 5_000
    assert differing(duckdb, spark) == []


def test_the_engine_is_no_part_of_what_an_edition_is(editions: SimpleNamespace) -> None:
    assert editions.spark["edition"] == editions.duckdb["edition"]
    again = run(editions.recipes["duckdb"], reports=editions.recipes["spark"].parent)
    assert (again["status"], again["path"]) == ("already published", editions.spark["path"])
    duckdb, spark = (read(one, "manifest.json") for one in (editions.duckdb, editions.spark))
    assert (duckdb["engine"], spark["engine"]) == ("duckdb", "spark")
    assert set(spark["versions"]) - set(duckdb["versions"]) == {"pyspark"}


def test_two_editions_on_spark_tell_what_changed_and_are_made_again_byte_for_byte(editions: SimpleNamespace) -> None:
    said = {}
    for name, recipe in editions.recipes.items():
        series, made = recipe.with_name("series.toml"), []
        for as_of in ["2026-05-31", "2026-06-30"]:
            series.write_text(f'engine = "{name}"\n{SERIES.format(as_of=as_of)}', encoding="utf-8")
            made.append(Path(run(series)["path"]).parent)
        pages = [(folder / "findings.json").read_text(encoding="utf-8") for folder in made]
        said[name] = {"pages": list(map(json.loads, pages)), "changes": diff(*made)}
    assert said["spark"]["changes"]["numbers"]
    assert differing(said["duckdb"], said["spark"]) == []
    assert rebuild(made[1])["is_equal"]  # the second on Spark


def test_the_page_of_sources_says_that_spark_has_no_text_to_show(editions: SimpleNamespace) -> None:
    duckdb, spark = ((folder(one) / "sources.html").read_text() for one in (editions.duckdb, editions.spark))
    assert "not shown: they ran on Spark" in spark
    assert "This edition was computed on Spark" in spark
    assert "SELECT" not in spark
    assert "Spark" not in duckdb
    assert "SELECT" in duckdb


def test_nothing_that_spark_says_is_on_a_page(editions: SimpleNamespace) -> None:
    for page in editions.spark["pages"]:
        there = (folder(editions.duckdb) / Path(page).name).read_text()
        assert Path(page).read_text().count("<pre") <= there.count("<pre")


def test_spark_without_java_is_refused_with_the_remedy(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(project.root / "nowhere"))
    recipe = project.recipe("", 'engine = "spark"\n')
    with pytest.raises(RefusedError, match=r"JAVA_HOME is .*nowhere, which has no bin/java\. Set it .* DuckDB gives"):
        run(recipe)
    assert not list(project.folder.glob("2*"))


def test_java_that_cannot_run_spark_ends_the_run_with_what_it_said(project: Any) -> None:
    java = project.root / "java" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text('#!/bin/sh\necho "java.lang.UnsupportedClassVersionError: class file version 61.0" >&2\nexit 1\n')
    java.chmod(0o755)
    code = 'from journeylib import engine\nwith engine.on("spark"):\n    engine.chosen()'
    env = {"JAVA_HOME": str(java.parent.parent), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False, env=env
    )
    last = done.stderr.splitlines()[-1]
    assert "Spark did not start: java.lang.UnsupportedClassVersionError: class file version 61.0. It needs Java" in last
