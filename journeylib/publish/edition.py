"""Name, find and publish editions: one run of a recipe, never changed afterwards.

    reports/<name>/<as_of>-<8 digits>/    index.html, a page a notebook, findings.json, manifest.json
    reports/<name>/latest                 a link to the newest edition of the newest series
    reports/<name>/failed.json            why the last run failed, until one succeeds

An edition is named by what it was made of: data, code, parameters, the edition before
it and how many looks the series has had. Nothing in its folder knows the clock, or
where on which machine it was made.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import journeylib
from journeylib.errors import BusyError, RunError
from journeylib.publish import notebook
from journeylib.publish.recipe import Recipe, canonical

__all__ = [
    "Edition",
    "Identity",
    "as_json",
    "code",
    "damaged",
    "data",
    "editions",
    "folder_name",
    "found",
    "held",
    "identify",
    "manifest",
    "plain",
    "point_latest",
    "publish",
    "undisturbed",
    "versions",
    "write_json",
]

_PACKAGES = ["duckdb", "lifelines", "matplotlib", "narwhals", "nbconvert", "numpy", "pandas", "papermill", "pyarrow"]
_PACKAGES += ["ruptures", "scipy", "seaborn"]

# What a page shows of the data beside its rows; a change of any of them is another edition.
_FACTS = ["fingerprint", "complete_through", "records_in", "accepted", "quarantined", "duplicates", "reasons"]
_FACTS += ["sources", "warnings", "identity"]


# What others read of a manifest; one without is damaged.
_TEXTS, _OTHERS = ["id", "as_of", "series", "title"], {"number": int, "identity": dict, "findings": list, "files": dict}


@dataclass(frozen=True)
class Identity:
    """What an edition was made of, each as a hash; `look` counts the days the series has spoken of, this one too."""

    data: str
    code: str
    parameters: str
    previous: str | None
    look: int

    @property
    def id(self) -> str:
        """The hash of it all."""
        return hashlib.sha256(canonical(asdict(self))).hexdigest()


@dataclass(frozen=True)
class Edition:
    """A published edition: its folder and its manifest."""

    path: Path
    manifest: dict[str, Any]

    @property
    def id(self) -> str:
        """The whole hash that its folder's name begins."""
        return str(self.manifest["id"])

    @property
    def as_of(self) -> str:
        """The last day it speaks of, as ISO text."""
        return str(self.manifest["as_of"])

    @property
    def age(self) -> tuple[str, int]:
        """What editions of a series are ordered by: the day, then the order of publishing."""
        return self.as_of, int(self.manifest["number"])


def editions(folder: Path, series: str | None = None) -> list[Edition]:
    """Read the editions in `reports/<name>/`, oldest first; of one series where it is named.

    An edition whose manifest is `damaged` is left out, so that it stops no other.
    """
    read = [Edition(there, said) for there in _folders(folder) if (said := _read(there)) is not None]
    return sorted((one for one in read if series in (None, one.manifest["series"])), key=lambda one: one.age)


def damaged(folder: Path) -> list[str]:
    """Name the editions in `reports/<name>/` whose manifest cannot be read."""
    return [there.name for there in _folders(folder) if _read(there) is None]


def data(manifest: Mapping[str, Any]) -> str:
    """Fingerprint what a store's manifest says of its content and its journey rules.

    The order of rows, and the files they came in, do not count; the sources they came from do.
    """
    facts = manifest["facts"]
    said = {key: facts.get(key) for key in _FACTS}
    return hashlib.sha256(canonical({"facts": said, "rules": manifest.get("rules")})).hexdigest()


def code(recipe: Recipe) -> str:
    """Fingerprint the code: package and template, the notebooks' cells and tags, locked and installed versions."""
    package = Path(journeylib.__file__).parent
    whole: list[Any] = [versions()]
    for file in sorted(package.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            whole.append([file.relative_to(package).as_posix(), hashlib.sha256(file.read_bytes()).hexdigest()])
    for name in recipe.notebooks:
        cells = notebook.read(recipe.notebook_path(name))
        whole.append([name, [[cell.kind, cell.source, cell.tags] for cell in cells]])
    for lock in [recipe.root / "requirements.txt", package.parent / "requirements.txt"]:
        if lock.is_file():
            whole.append(["requirements.txt", hashlib.sha256(lock.read_bytes()).hexdigest()])
            break
    return hashlib.sha256(canonical(whole)).hexdigest()


def versions() -> dict[str, str]:
    """The versions of Python, this package and those that shape a number or a page."""
    known = {"python": platform.python_version(), "journeylib": journeylib.__version__}
    return known | {name: importlib.metadata.version(name) for name in _PACKAGES}


def identify(earlier: Sequence[Edition], *, as_of: str, data: str, code: str, parameters: str) -> Identity:
    """Identify the edition to be made, given the editions of its series.

    The previous edition is the newest that speaks of an earlier day; a correction
    of the same day has the same one and is no further look.
    """
    before = [one for one in earlier if one.as_of < as_of]
    look = 1 + len({one.as_of for one in before})
    return Identity(data, code, parameters, before[-1].id if before else None, look)


def found(earlier: Sequence[Edition], identity: Identity) -> Edition | None:
    """The edition that was already made of the same data, code and parameters."""
    made_of = {"data": identity.data, "code": identity.code, "parameters": identity.parameters}
    for one in earlier:
        if made_of.items() <= one.manifest["identity"].items():
            return one
    return None


@contextlib.contextmanager
def held(folder: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold a folder for one run, and clear away what a killed run left in it.

    Raises BusyError at once where another run holds it, unless told to wait.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(f"another run of {folder.name} is at work. Run it again when that has ended.") from None
        for stale in folder.glob(".staging-*"):
            shutil.rmtree(stale)
        yield


def folder_name(manifest: Mapping[str, Any]) -> str:
    """Name an edition's folder: its day and the beginning of its identity."""
    return f"{manifest['as_of']}-{manifest['id'][:8]}"


def manifest(about: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    """Make the manifest of an edition: what is known about it, and the hash of each file."""
    return {**about, "files": {name: hashlib.sha256(files[name].encode()).hexdigest() for name in sorted(files)}}


def publish(folder: Path, about: Mapping[str, Any], files: Mapping[str, str]) -> Edition:
    """Publish an edition's files and its `manifest` under `folder`: staged, then renamed, never overwriting.

    Raises RunError where another edition has the folder's name.
    """
    target, said = folder / folder_name(about), manifest(about, files)
    if target.exists():
        raise RunError(f"{target} exists and is another edition. Move it away, then run again.")
    staging = folder / f".staging-{said['id'][:8]}"
    staging.mkdir()
    try:
        for name, text in sorted(files.items()):
            _write(staging / name, text.encode())
        edition = Edition(target, said)
        write_json(staging / "manifest.json", edition.manifest)
        staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return edition


def point_latest(folder: Path, edition: Edition) -> bool:
    """Point `latest` at an edition; the answer is whether it pointed elsewhere before."""
    link, fresh = folder / "latest", folder / ".latest.new"
    if link.is_symlink() and os.readlink(link) == edition.path.name:
        return False
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(edition.path.name)
    fresh.replace(link)
    return True


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Let the signals that stop a run wait until the few steps inside are done."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's matter
        return
    waiting: list[int] = []
    handlers = {
        number: signal.signal(number, lambda number, _frame: waiting.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler or signal.SIG_DFL)
        if waiting:
            signal.raise_signal(waiting[0])


def plain(text: str) -> str:
    """A sentence without the invisible signs that keep names in their own direction on a page.

    >>> plain("\u2068web\u2069 leads")
    'web leads'
    """
    return text.translate(dict.fromkeys([0x2068, 0x2069]))


def as_json(value: Any) -> str:
    """Write a value as JSON whose bytes depend on nothing else."""
    return json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file, on the disk when this returns."""
    _write(path, as_json(value).encode())


def _folders(folder: Path) -> list[Path]:
    there = sorted(file.parent for file in folder.glob("*-*/manifest.json"))
    return [one for one in there if not one.name.startswith(".")]


def _read(there: Path) -> dict[str, Any] | None:
    """The manifest of an edition's folder, or None where it is damaged."""
    try:
        said: dict[str, Any] = json.loads((there / "manifest.json").read_text(encoding="utf-8"))
        assert all(isinstance(said[key], kind) for key, kind in {**dict.fromkeys(_TEXTS, str), **_OTHERS}.items())
        assert all(isinstance(found["text"], str) for found in said["findings"])
        datetime.date.fromisoformat(said["as_of"])
    except (ValueError, KeyError, TypeError, AssertionError):
        return None
    return said


def _write(path: Path, said: bytes) -> None:
    with path.open("wb") as handle:
        handle.write(said)
        handle.flush()
        os.fsync(handle.fileno())
