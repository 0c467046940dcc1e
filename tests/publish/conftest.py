"""A small project to publish from: a store's manifest, notebooks that record by hand, a recipe."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil
import pytest

from journeylib.publish.page import pages

MIME = "application/vnd.journeylib.record+json"
RECIPE = """
name = "demo"
title = "How customers fare"
store = "stores/demo"
notebooks = ["overview", "churn"]
cadence = "weekly"
[period]
as_of = "complete"
start = "-30d"
[goals.purchase]
touchpoint = "order placed"
within_days = 30
"""
FACTS = {
    "begins_on": "2026-01-01",
    "complete_through": "2026-06-30",
    "fingerprint": "3-f00d",
    "records_in": 10,
    "accepted": 9,
    "quarantined": 1,
    "duplicates": 0,
    "reasons": {"no time": 1},
    "sources": [{"name": "web", "records": 10}],
    "attributes": ["plan", "region"],
}


class Project:
    """The folders of a project; `code` and `text` make cells."""

    def __init__(self, root: Path) -> None:
        self.root, self.reports = root, root / "reports"
        self.private = root / "stores/demo.private/demo"
        self.folder = self.reports / "demo"
        self.store()
        self.recipe()
        self.notebook("overview", self.code(self.record("converted", 4120)))
        self.notebook(
            "churn", self.code("days = 60  # of silence", "parameters"), self.code("print(days)"), parameters=""
        )

    def store(self, **facts: Any) -> None:
        """Write the store's manifest."""
        folder = self.root / "stores/demo"
        folder.mkdir(parents=True, exist_ok=True)
        said = {"version": 2, "snapshot": "s", "rules": {"gap_days": 7}, "tables": {}, "facts": FACTS | facts}
        (folder / "manifest.json").write_text(json.dumps(said))

    def recipe(self, old: str = "", new: str = "") -> Path:
        """Write the recipe, with a change."""
        assert old in RECIPE
        self.reports.mkdir(exist_ok=True)
        path = self.reports / "demo.toml"
        path.write_text(RECIPE.replace(old, new, 1) if old else new + RECIPE)
        return path

    def notebook(self, name: str, *cells: dict[str, Any], parameters: str = 'store = ""\nas_of = None') -> Path:
        """Write a notebook: a title, the cell of parameters, then the cells."""
        first = [self.text(f"# What about {name}?"), *([self.code(parameters, "parameters")] if parameters else [])]
        said = {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"kernelspec": {"name": "of-another-machine", "display_name": "x", "language": "python"}},
            "cells": [{"id": f"c{place}", **cell} for place, cell in enumerate([*first, *cells])],
        }
        path = self.root / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(said))
        return path

    @staticmethod
    def alive(pids: Iterable[int]) -> list[int]:
        """Name the processes that are still at work, given a moment to end."""
        waiting, until = list(pids), time.monotonic() + 5
        while (left := [pid for pid in waiting if _is_at_work(pid)]) and time.monotonic() < until:
            time.sleep(0.05)
        return left

    @staticmethod
    def code(source: str, *tags: str) -> dict[str, Any]:
        """Make a cell of code."""
        kept = {"outputs": [], "execution_count": None, "metadata": {"tags": list(tags)}}
        return {"cell_type": "code", "source": source, **kept}

    @staticmethod
    def text(source: str) -> dict[str, Any]:
        """Make a cell of text."""
        return {"cell_type": "markdown", "source": source, "metadata": {}}

    @staticmethod
    def record(name: str, n: int) -> str:
        """Write code that records a finding by hand."""
        said = {
            "id": name,
            "kind": "finding",
            "form": "converted",
            "context": {"goal": "purchase", "within_days": 30},
            "columns": ["n", "estimate", "low", "high", "is_enough"],
            "rows": [[n, 0.381, 0.361, 0.402, True]],
            "not_applicable": None,
        }
        bundle = {MIME: said, "text/plain": name}
        return f"from IPython.display import display\ndisplay({bundle!r}, raw=True)"


def _is_at_work(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.fixture(scope="module")
def shared(fakes: ModuleType) -> dict[str, str]:
    """The pages of the made-up edition, as everybody may see them."""
    return pages(fakes.notebooks(), fakes.judged(), fakes.EDITION)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project of two notebooks that publishes without a mistake."""
    return Project(tmp_path)


@pytest.fixture(scope="module")
def shared_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same, for several tests of a file to look at."""
    return Project(tmp_path_factory.mktemp("shared"))
