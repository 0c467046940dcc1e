"""Past snapshots of a journey store: which are kept, and the store as it was then."""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from journeylib.errors import StoreError
from journeylib.publish.recipe import canonical

__all__ = ["as_of_snapshot", "gone", "is_kept", "named"]

_IDENTITY = ["identity_mode", "look_back_days", "largest"]


def named(said: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of an edition's store, given the store's own manifest: enough to find it, or miss it.

    `reading` names how rows were read and customers told apart, `inputs` the files;
    `forgotten` is the mark of who was forgotten before.
    """
    rules = dict(said.get("rules") or {})
    how = said.get("reading") or {name: rules.get(name) for name in _IDENTITY}
    return {
        "snapshot": said["snapshot"],
        "content": said["facts"]["fingerprint"],
        "inputs": _digest([said.get("inputs"), said.get("tombstones")]),
        "reading": _digest(how),
        "rules": rules,
        "forgotten": said.get("tombstones"),
    }


def is_kept(store: Path, snapshot: str) -> bool:
    """Whether the store still has a snapshot."""
    return (store / "snapshots" / snapshot / "manifest.json").is_file()


def gone(store: Path, mine: Mapping[str, Any]) -> str | None:
    """Say in a word why a store no longer has the snapshot that an edition names (`named`); None where it has.

    "forgotten": people were forgotten since, and the older snapshots with them; "not kept": newer
    ones took its place. Raises StoreError where there is no store.
    """
    if is_kept(store, mine["snapshot"]):
        return None
    try:
        said = json.loads((store / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise StoreError(f"there is no journey store at {store}. Load it again: journey load") from None
    return "forgotten" if said.get("tombstones") != mine.get("forgotten") else "not kept"


@contextlib.contextmanager
def as_of_snapshot(store: Path, snapshot: str) -> Iterator[Path]:
    """Give a folder that reads as the store did when `snapshot` was its newest; it is gone afterwards.

    Nothing is copied but the manifest. Raises StoreError where the snapshot is not kept.
    """
    if not is_kept(store, snapshot):
        raise StoreError(f"{store} has no snapshot {snapshot}. It keeps its last few only; load the data again.")
    with tempfile.TemporaryDirectory(prefix="journey-store-") as beside:
        folder = Path(beside) / store.name
        folder.mkdir()
        text = (store / "snapshots" / snapshot / "manifest.json").read_text(encoding="utf-8")
        (folder / "manifest.json").write_text(text, encoding="utf-8")
        (folder / "snapshots").symlink_to((store / "snapshots").resolve(), target_is_directory=True)
        yield folder


def _digest(value: Any) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()[:16]
