"""Remember who was forgotten without keeping who it was: keyed marks in place of ids.

    <store>/tombstones.txt             HMAC-SHA256 marks, a line each, in order
    <store>.private/erasure.key        their key, never inside the store

Without the key a mark tells nothing, not even to someone who tries every id there is.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from journeylib.errors import StoreError

__all__ = ["Tombstones", "bury", "key_path", "read"]

_LENGTH = 32
_MARK = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Tombstones:
    """The marks of a store, and their key; false where nobody was ever forgotten.

    What is marked has a kind: a "person" id; a "device" on which something was forgotten, the
    "whole" device, and a "moment" on it; the customer_id of an "event" of nobody.
    """

    key: bytes = b""
    marks: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.marks)

    @property
    def digest(self) -> str:
        """What the marks are, as one text; empty where there are none."""
        return hashlib.sha256("\n".join(sorted(self.marks)).encode()).hexdigest() if self.marks else ""

    def holds(self, ids: Iterable[str], kind: str = "person") -> set[str]:
        """Those of `ids` that are marked."""
        return {each for each in ids if _mark(self.key, kind, each) in self.marks} if self.marks else set()

    def named(self, snapshot: str) -> str:
        """Name a snapshot after what went into it and who was taken out again."""
        return hashlib.sha256(f"{snapshot} {self.digest}".encode()).hexdigest()[:12] if self.marks else snapshot


def key_path(store: Path | str) -> Path:
    """Where the key of a store's marks stands: beside the store's own folder."""
    home = Path(store).resolve()
    return home.with_name(home.name + ".private") / "erasure.key"


def read(store: Path | str) -> Tombstones:
    """Read the marks of a store.

    Raises StoreError where they are damaged, or their key is missing or another one.
    """
    path, there = Path(store) / "tombstones.txt", key_path(store)
    try:
        marks = frozenset(path.read_text(encoding="ascii").splitlines())
    except FileNotFoundError:
        return Tombstones()
    except ValueError:
        marks = frozenset()
    if not marks or not all(_MARK.fullmatch(mark) for mark in marks):
        raise StoreError(f"{path} is damaged: not every line of it is a mark. Bring it back from a backup.")
    key = there.read_bytes() if there.exists() else b""
    if _mark(key, "key", "") not in marks:
        what = "is not the key of" if key else "is missing, the key of"
        raise StoreError(
            f"{there} {what} the marks in {path}. Without it nobody can tell who was forgotten, and a load would bring "
            f"them back. Bring the key back from a backup. Where it is lost, delete {path}, load again, and at once "
            "forget all of them again."
        )
    return Tombstones(key, marks)


def bury(store: Path, found: Mapping[str, Iterable[str]]) -> Tombstones:
    """Mark what was found (kind → texts) beside what is marked already; whoever calls this holds the store."""
    there = read(store)
    key = there.key or _key(key_path(store))
    fresh = {_mark(key, kind, text) for kind, texts in found.items() for text in texts}
    marks = there.marks | fresh | {_mark(key, "key", "")}  # its own mark tells the key from any other
    if marks != there.marks:
        _write(store / "tombstones.txt", "".join(f"{mark}\n" for mark in sorted(marks)).encode(), 0o666)
    return Tombstones(key, marks)


def _mark(key: bytes, kind: str, text: str) -> str:
    return hmac.digest(key, f"{kind}\0{text}".encode("utf-8", "surrogatepass"), "sha256").hex()


def _key(path: Path) -> bytes:
    """The key at `path`, made where there is none."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.parent.chmod(0o700)
    if not path.exists():
        _write(path, secrets.token_bytes(_LENGTH), 0o600)
    key = path.read_bytes()
    if len(key) != _LENGTH:
        raise StoreError(f"{path} is no key: it has {len(key)} bytes, not {_LENGTH}. Delete it; nothing uses it yet.")
    return key


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a file whole or not at all, and onto the disk."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    new.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
