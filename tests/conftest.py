"""What several tests share: a small company's files, editions run for the tests, a real browser."""

from __future__ import annotations

import fcntl
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from journeylib import engine

ROOT = Path(__file__).parent.parent
# What they import lies in another environment (`make rivals`).
collect_ignore = [f"heavy/bench/in_{rival}.py" for rival in ("pandas", "polars", "retentioneering")]

MAPPING = """
[[source]]
path = "events.csv"
[source.columns]
event_id = "id"
customer_id = ["person", "device"]
occurred_at = "at"
ended_at = "until"
touchpoint = "what"
channel = "where"
revenue = "amount"
currency = "currency"
score = "score"
score_type = "score_type"
[[source]]
kind = "customers"
path = "customers.csv"
[source.columns]
customer_id = "id"
signed_up_on = "from"
ended_on = "to"
[source.attributes]
plan = "plan"
[identity]
mode = "replay"
[journeys]
end_touchpoints = ["account closed"]
[limits]
quarantined_share = 0.9
"""

CUSTOMERS = """id,plan,from,to
00123,annual,2025-01-01,
123,monthly,2025-06-01,2026-02-01
"""


@pytest.fixture
def mapping_text() -> str:
    """The mapping of the company's files."""
    return MAPPING


@pytest.fixture
def company(tmp_path: Path) -> Callable[..., Path]:
    """Write a company's files from a few event rows; the answer is the mapping's path."""

    def write(*rows: str, mapping: str = MAPPING, customers: str = CUSTOMERS) -> Path:
        head = "id,person,device,at,until,what,where,amount,currency,score,score_type"
        width = head.count(",")
        padded = [row + "," * (width - row.count(",")) if '"' not in row else row for row in rows]
        (tmp_path / "events.csv").write_text("\n".join([head, *padded]) + "\n", encoding="utf-8")
        (tmp_path / "customers.csv").write_text(customers, encoding="utf-8")
        (tmp_path / "mapping.toml").write_text(mapping, encoding="utf-8")
        return tmp_path / "mapping.toml"

    return write


@pytest.fixture(scope="session")
def fakes() -> ModuleType:
    """The module of a made-up edition, tests/show/fakes.py."""
    return importlib.import_module("fakes")


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """Start Spark on two cores."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MASTER", "local[2]")
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        made = engine.session()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
        )
        yield running
        running.close()


def _published(recipe: str, made: pytest.TempPathFactory) -> Path:
    """Publish a recipe's edition; one after the other where tests run side by side, the second finds the first's."""
    shared = made.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else made.getbasetemp()
    folder = shared / "editions"
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "journeylib", "run", f"reports/{recipe}.toml", "--reports", str(folder), "--json"]
    with (shared / "editions.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return (ROOT / answer["path"]).resolve().parent


@pytest.fixture(scope="session")
def demo_edition(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a demo edition, run for the tests."""
    return _published("demo", tmp_path_factory)


@pytest.fixture(scope="session")
def grocery_edition(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a grocery edition, run for the tests."""
    return _published("grocery", tmp_path_factory)
