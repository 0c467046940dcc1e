"""Take known keys out of a TOML file, noting every mistake on the way.

A reader makes a checked value of a given one, or None where it cannot; `Table.take`
then notes what was given and what would be right.
"""

from __future__ import annotations

import datetime
import difflib
import json
import math
import re
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["Table", "column", "count", "day", "name", "near", "one_of", "plain", "shown", "text"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
_COLUMN = re.compile(r"[a-z][a-z0-9_]{0,59}")
_TAKEN = {"index", "latest"}  # a file and a link that every series has

Reader = Callable[[Any], Any]


class Table:
    """One table of a file; `place` is how a mistake names it, empty for the top level."""

    def __init__(self, said: Any, place: str, mistakes: list[str]) -> None:
        self.place, self.mistakes, self.known = place, mistakes, list[str]()
        if not isinstance(said, dict):
            self.note(f"is {shown(said)}, not a table", "Write its keys below it, one a line.")
            said = {}
        self.said: dict[str, Any] = said

    def note(self, wrong: str, right: str) -> None:
        """Note a mistake in this table."""
        self.mistakes.append(f"{self.place} {wrong}. {right}".strip())

    def take(self, key: str, read: Reader, right: str, *, default: Any = ...) -> Any:
        """Make a value of `key` by `read`; without a default the key must be there."""
        self.known.append(key)
        if key not in self.said:
            if default is ...:
                self.note(f"{key} is missing", f"Write {right}.")
                return None
            return default
        value = read(self.said[key])
        if value is None:
            self.note(f"{key} is {shown(self.said[key])}", f"Write {right}.")
        return value

    def table(self, key: str) -> Table:
        """The table under `key`, empty where there is none."""
        self.known.append(key)
        return Table(self.said.get(key, {}), f"[{key}]", self.mistakes)

    def tables(self, key: str, read_name: Reader, rule: str) -> list[tuple[str, Table]]:
        """The tables `[key.…]`, whose names the author chose by the rule."""
        outer, found = self.table(key), []
        for chosen, said in outer.said.items():
            if read_name(chosen) is None:
                outer.note(f"has the name {shown(chosen)}", f"Use {rule}.")
            found.append((chosen, Table(said, f"[{key}.{chosen}]", self.mistakes)))
        return found

    def blocks(self, key: str) -> list[Table]:
        """The blocks `[[key]]`."""
        self.known.append(key)
        said = self.said.get(key, [])
        if not isinstance(said, list):
            self.note(f"{key} is {shown(said)}", f"Write [[{key}]] above each {key}.")
            return []
        return [Table(block, f"[[{key}]] {place}", self.mistakes) for place, block in enumerate(said, start=1)]

    def entries(self, read_name: Reader, rule: str, read: Reader, right: str) -> dict[str, Any]:
        """All keys of this table, where the author chose them by the rule."""
        found = {}
        for chosen in self.said:
            if read_name(chosen) is None:
                self.note(f"has the name {shown(chosen)}", f"Use {rule}.")
            found[chosen] = self.take(chosen, read, right)
        return found

    def close(self) -> None:
        """Note the keys that nobody took."""
        for key in self.said:
            if key not in self.known:
                self.note(f"{key} is not known here", near(key, self.known))


def near(given: str, known: Iterable[str]) -> str:
    """Say which known name was probably meant, or which there are.

    >>> near("nots", ["name", "notes"])
    'Did you mean "notes"?'
    >>> near("colour", ["name", "notes"])
    'It may be: name, notes.'
    """
    known = sorted(known)
    close = difflib.get_close_matches(given, known, n=1)
    if close:
        return f'Did you mean "{close[0]}"?'
    return f"It may be: {', '.join(known)}." if known else "There is none to choose from."


def shown(value: Any) -> str:
    """Show a given value in a message, at most 80 characters of it.

    >>> shown("yesteday")
    '"yesteday"'
    """
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    said = json.dumps(value, ensure_ascii=False, default=str)
    return said if len(said) <= 80 else said[:79] + "…"


def text(value: Any) -> str | None:
    """Read text that is not blank."""
    return value.strip() if isinstance(value, str) and value.strip() else None


def name(value: Any) -> str | None:
    """Read a name that is safe as a folder's or a file's.

    >>> name("weekly-2"), name("../demo"), name("latest")
    ('weekly-2', None, None)
    """
    safe = isinstance(value, str) and _NAME.fullmatch(value) and value.casefold() not in _TAKEN
    return value if safe else None


def column(value: Any) -> str | None:
    """Read a name that is safe as a column's: small letters, digits and _."""
    return value if isinstance(value, str) and _COLUMN.fullmatch(value) else None


def one_of(*known: str) -> Reader:
    """Make a reader of one of a few words."""
    return lambda value: value if value in known else None


def count(value: Any) -> int | None:
    """Read a whole number, 1 or more; true is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 1 else None


def day(value: Any) -> str | None:
    """Read a date, of TOML or as ISO text, as ISO text.

    >>> day(datetime.date(2026, 6, 30)), day("2026-06-31")
    ('2026-06-30', None)
    """
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value.isoformat()
    try:
        return value if isinstance(value, str) and datetime.date.fromisoformat(value).isoformat() == value else None
    except ValueError:
        return None


def plain(value: Any) -> Any:
    """Read a value that JSON can say, dates as ISO text; no nan, no infinity, no time of day."""
    if isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, list):
        inner = [plain(one) for one in value]
        return None if None in inner else inner
    if isinstance(value, dict):
        within = {key: plain(one) for key, one in value.items()}
        return None if None in within.values() else within
    return day(value)
