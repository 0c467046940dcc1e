"""Examine this machine: can it run a report, and is everything as it was locked?"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import journeylib

__all__ = ["examine"]

_OLDEST = (3, 11)
_BROWSERS = ["chromium", "chromium-browser", "google-chrome"]


def examine(folder: Path | str = ".") -> list[dict[str, Any]]:
    """Examine Python, installed versions, kernel, browser, Spark and the folders `journey` writes to under `folder`.

    One answer a line: check, status ("ok", "missing" for what one can do without,
    "wrong") and detail, which says what would put it right.
    """
    home = Path(folder)
    return [
        _python(),
        _installed(home),
        _kernel(),
        _browser(),
        _spark(),
        *(_writable(home / name) for name in ["reports", "stores"]),
    ]


def _python() -> dict[str, Any]:
    found = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info < _OLDEST:
        return _said("Python", "wrong", f"{found} is too old. Install 3.11 or newer.")
    return _said("Python", "ok", found)


def _installed(home: Path) -> dict[str, Any]:
    locks = [home / "requirements.txt", Path(journeylib.__file__).parent.parent / "requirements.txt"]
    lock = next((file for file in locks if file.is_file()), None)
    if lock is None:
        return _said("packages", "missing", "no requirements.txt to compare with. Run it where the project is.")
    pins = _pins(lock.read_text(encoding="utf-8").splitlines())
    differing = []
    for name, version in pins.items():
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found = "missing"
        if found != version:
            differing.append(f"{name} {found} (locked: {version})")
    if differing:
        return _said("packages", "wrong", f"{', '.join(differing)}. Run `make report`, which installs {lock.name}.")
    return _said("packages", "ok", f"all {len(pins)} as locked in {lock.name}")


def _pins(lines: Sequence[str]) -> dict[str, str]:
    """The pinned versions that apply to this machine.

    >>> _pins(['pandas==2.3.3 ; python_version >= "3" \\\\', "    --hash=sha256:00", 'six==1 ; os_name == "x"'])
    {'pandas': '2.3.3'}
    """
    from packaging.requirements import Requirement

    pins = {}
    for line in lines:
        if line[:1].isalnum() and "==" in line:
            pin = Requirement(line.rstrip("\\ "))
            if pin.marker is None or pin.marker.evaluate():
                pins[pin.name] = str(next(iter(pin.specifier)).version)
    return pins


def _kernel() -> dict[str, Any]:
    if importlib.util.find_spec("ipykernel") is None:
        return _said("kernel", "wrong", "ipykernel is not installed. Run `make report`, which installs it.")
    return _said("kernel", "ok", f"ipykernel {importlib.metadata.version('ipykernel')}, in {sys.prefix}")


def _browser() -> dict[str, Any]:
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        return _said("browser", "missing", "no Chromium; only the tests that look at pages need one.")
    return _said("browser", "ok", found)


def _spark() -> dict[str, Any]:
    from journeylib import engine

    if why := engine.lacking():
        return _said("Spark", "missing", f'{why} Only recipes with engine = "spark" need it.')
    return _said("Spark", "ok", f"pyspark {engine.version('spark')['pyspark']}")


def _writable(folder: Path) -> dict[str, Any]:
    there = next(place for place in [folder, *folder.absolute().parents] if place.is_dir())
    if not os.access(there, os.W_OK | os.X_OK):
        return _said(f"{folder.name}/", "wrong", f"{there.absolute()} cannot be written to. Change its owner or mode.")
    return _said(f"{folder.name}/", "ok", f"{folder.absolute()} can be written to")


def _said(check: str, status: str, detail: str) -> dict[str, Any]:
    return {"check": check, "status": status, "detail": detail}
