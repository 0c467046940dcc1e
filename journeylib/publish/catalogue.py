"""List the series of a reports folder and what became of their last runs: `reports/index.html`."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

from journeylib.publish import edition
from journeylib.publish.edition import Edition
from journeylib.publish.recipe import CADENCE_DAYS

__all__ = ["listing", "series", "write"]

_DATA = "review"  # the page about the data, which comes first in an edition


def series(reports: Path | str, today: datetime.date | None = None) -> list[dict[str, Any]]:
    """Describe each series of a reports folder, by name, from what its editions say of themselves.

    `status` is "failed" after a failed run, "damaged" with the editions whose manifest cannot be
    read, "stale since" a day where the promised cadence is not kept as of `today`, else
    "published". Paths start at the folder.
    """
    folders = sorted(folder for folder in Path(reports).glob("*") if folder.is_dir() and not folder.is_symlink())
    today = today or datetime.datetime.now(datetime.UTC).date()
    return [said for folder in folders if (said := _series(folder, today)) is not None]


def listing(reports: Path | str, today: datetime.date | None = None) -> list[dict[str, Any]]:
    """Describe each series as `series` does, its answer in signs that a terminal can show."""
    return [{**one, "answer": one["answer"] and edition.plain(one["answer"])} for one in series(reports, today)]


def write(reports: Path | str, today: datetime.date | None = None) -> Path:
    """Write the catalogue page of a reports folder; a reader sees the old page or the new one."""
    from journeylib.publish.page import catalogue

    home = Path(reports)
    with edition.held(home, wait=True):
        fresh = home / ".index.html.new"
        fresh.write_text(catalogue(series(home, today)), encoding="utf-8")
        fresh.replace(home / "index.html")
    return home / "index.html"


def _series(folder: Path, today: datetime.date) -> dict[str, Any] | None:
    editions, failed = edition.editions(folder), _failed(folder)
    damaged = edition.damaged(folder)
    broken = "failed" if failed else f"damaged: {', '.join(damaged)}" if damaged else ""
    if not editions and not broken:
        return None
    empty: dict[str, Any] = {
        "name": folder.name,
        "title": folder.name,
        "answer": None,
        "as_of": None,
        "path": None,
        "older": [],
    }
    if not editions:
        return {**empty, "status": broken, "failed": failed}
    latest = (folder / "latest").resolve().name
    newest = next((one for one in editions if one.path.name == latest), editions[-1])
    findings = newest.manifest["findings"]
    return {
        "name": folder.name,
        "title": newest.manifest["title"],
        "answer": _answer(findings),
        "as_of": newest.as_of,
        "status": broken or _freshness(newest, today),
        "path": _path(newest),
        "older": [{"as_of": one.as_of, "path": _path(one)} for one in reversed(editions) if one is not newest],
        "failed": failed,
    }


def _answer(findings: list[dict[str, Any]]) -> str | None:
    """The first sentence that speaks of customers: not of the data, unless an edition speaks of nothing else."""
    said = [found for found in findings if found.get("notebook") != _DATA] or findings
    return said[0]["text"] if said else None


def _failed(folder: Path) -> str | None:
    try:
        said = json.loads((folder / "failed.json").read_text(encoding="utf-8"))
        return f"{said['reason']} (as of {said['as_of']})"
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        return "its reason cannot be read: failed.json is damaged"


def _freshness(newest: Edition, today: datetime.date) -> str:
    """An edition as of a day can be there the day after, and the next one its cadence later."""
    days = CADENCE_DAYS.get(newest.manifest.get("cadence") or "")
    if days is None:
        return "published"
    due = datetime.date.fromisoformat(newest.as_of) + datetime.timedelta(days=1 + days)
    return f"stale since {due.isoformat()}" if today > due else "published"


def _path(one: Edition) -> str:
    return f"{one.path.parent.name}/{one.path.name}/index.html"
