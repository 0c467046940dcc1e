"""A list of customers as a file: by pseudonym, for its owner only; and what became of those on an earlier one.

    FOLDER/at-risk-2026-06-30.csv      one row a customer, the highest risk first; mode 0600
    <store>.private/export.key         the key of the pseudonyms, made at the first export; mode 0600

A pseudonym is a keyed hash of the customer's id. Whoever has the store and the key can tell who it is, and nobody
else; without the key nobody can, not even by trying every id. It stays the same from list to list.
"""

from __future__ import annotations

import contextlib
import csv
import hmac
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journeylib.errors import SourceError, StoreError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["earlier", "key_of", "outcome", "pseudonym", "write"]

_NAME = re.compile(r"at-risk-(\d{4}-\d{2}-\d{2})\.csv")
_KEY_BYTES, _DIGITS = 32, 32
_REASONS = 3  # told of each customer
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet might take for a formula
_WORDS: Mapping[str, str] = {
    "tenure": "customer for {}",
    "last_active": "last active {} ago",
    "contacts_30_days": "contacts in the last 30 days: {}",
    "bounces_90_days": "back and forth between channels in the last 90 days: {}",
    "last_score": "last score: {}",
    "complaint": "complaint: {}",
}


def pseudonym(key: bytes, customer: str) -> str:
    """Name a customer by 32 hexadecimal digits of a keyed hash (HMAC-SHA256) of its id.

    >>> pseudonym(b"k" * 32, "00123") == pseudonym(b"k" * 32, "123")
    False
    """
    return hmac.digest(key, customer.encode("utf-8", "surrogatepass"), "sha256").hex()[:_DIGITS]


def key_of(path: Path) -> bytes:
    """Give the key at `path`, made where there is none; of two that are made at once the first is used by both."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.parent.chmod(0o700)
    if not path.exists():
        with _beside(path) as made:
            made.write_bytes(secrets.token_bytes(_KEY_BYTES))
            with contextlib.suppress(FileExistsError):
                os.link(made, path)
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise StoreError(
            f"{path} is no key: it has {len(key)} bytes, not {_KEY_BYTES}. Bring it back from a backup; where it is "
            "lost, delete it, and customers get other pseudonyms than on earlier lists."
        )
    return key


def write(path: Path, people: pd.DataFrame, segments: Sequence[str], key: bytes, days: int, *, ids: bool) -> None:
    """Write a list of customers (`churn.listed`) to a file, whole or not at all, for its owner only."""
    rows = [["pseudonym", *(["customer_id"] if ids else []), "risk", "band", "within_days", "reasons", *segments]]
    for row in people.to_dict("records"):
        why = "; ".join(_said(*reason) for reason in row["reasons"][:_REASONS]) or "nothing stands out"
        own = [row["customer_id"]] if ids else []
        cells = [f"{row['risk']:.2f}", str(row["band"]), str(days), why, *(str(row[name]) for name in segments)]
        rows.append([pseudonym(key, row["customer_id"]), *(_guarded(cell) for cell in (*own, *cells))])
    with _beside(path) as new:
        with new.open("w", encoding="utf-8", newline="") as opened:
            csv.writer(opened, lineterminator="\n").writerows(rows)
        new.replace(path)


def earlier(folder: Path, as_of: str) -> str | None:
    """The day of the newest list in a folder that is older than `as_of`; None where there is none."""
    names = [_NAME.fullmatch(file.name) for file in folder.iterdir()] if folder.is_dir() else []
    return max((name[1] for name in names if name and name[1] < as_of), default=None)


def outcome(file: Path, key: bytes, became: Callable[[int], tuple[int, pd.DataFrame]]) -> dict[str, Any]:
    """Tell what became of those on an earlier list, and of the others who were there then.

    `became` says of a number of days ahead how many of them are over, and of everybody there then whether it `has_left`
    by that. `matched` counts the listed who are found again: none where the list has another key, or store. Raises
    SourceError where the file is no such list.
    """
    from journeylib.estimates import plain_sums, share

    try:
        with file.open(encoding="utf-8", newline="") as opened:
            risks = {row["pseudonym"]: (float(row["risk"]), int(row["within_days"])) for row in csv.DictReader(opened)}
    except (KeyError, TypeError, ValueError):
        raise SourceError(
            f"{file} has the name of a list of customers, but not its columns (pseudonym, risk, within_days). Bring it "
            "back as it was written, or move it out of the folder."
        ) from None
    days = max((ahead for _, ahead in risks.values()), default=0)
    passed, there = became(days)
    names = [pseudonym(key, customer) for customer in there["customer_id"]]
    found = [risks[name][0] for name in names if name in risks]
    told: dict[str, Any] = {"days": days, "passed_days": passed, "on_list": len(risks), "matched": len(found)}
    if not found or not passed:
        return told
    for what, is_listed in (("listed", True), ("others", False)):
        gone = [left for left, name in zip(there["has_left"], names, strict=True) if (name in risks) == is_listed]
        one = share(plain_sums(int(sum(gone)), len(gone)))
        nothing = one.n == 0
        ends = {name: None if nothing else getattr(one, name) for name in ("estimate", "low", "high")}
        told[what] = {"n": len(gone), "left": int(sum(gone)), **ends}
    return {**told, "expected": sum(found) / len(found)}


def _said(covariate: str, level: str) -> str:
    return _WORDS[covariate].format(level) if covariate in _WORDS else f"{covariate}: {level}"


def _guarded(cell: str) -> str:
    return "'" + cell if cell.startswith(_FORMULA) else cell


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A new file beside the path, of mode 0600, that is gone afterwards whatever happens."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
