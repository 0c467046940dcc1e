"""One source of a mapping: which files, and which of their columns mean what.

A block may name a preset, which is a block that this package brings along for a kind of
export that many have; what the block says itself overrides it, setting by setting.
"""

from __future__ import annotations

import codecs
import difflib
import re
import zoneinfo
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from journeylib.data import paths, presets
from journeylib.schema import COUNTS, RESULT, TABLES

__all__ = ["KEYS", "NEEDED", "Source", "part", "read", "strange"]

KEYS = ["kind", "name", "path", "preset", "exact_copies", "columns", "constants", "attributes", "time", "file"]
_EVENT_COLUMNS = [
    "event_id", "customer_id", "occurred_at", "touchpoint", "channel", "ended_at", "stage", "score", "score_type",
    "revenue", "currency", "cost", "reason", "resource", "text", "updated_at",
]  # fmt: skip
_CUSTOMER_COLUMNS = ["customer_id", "signed_up_on", "ended_on", "end_cause", "valid_from"]
NEEDED = {"events": ["customer_id", "occurred_at", "touchpoint", "channel"], "customers": ["customer_id"]}
# Names that tables on the way from a source to a result give to columns of their own.
_OURS = {
    "origin",
    "unfit",
    "ids",
    "signed_up_on_us",
    "ended_on_us",
    "valid_from",
    "content",
    "content_hash",
    "fate",
    *RESULT,
    *COUNTS,
}
_OURS |= {column for table in TABLES.values() for column in table}
_NO_ZONES = {"localtime", "posixrules", "Factory"}  # listed by some computers, no places
_FORMATS = ["iso", "timestamp", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns"]
_DIRECTIVE = re.compile(r"%(-?.?)", re.DOTALL)
_DIRECTIVES = {*"aAbBcdfgGHIjmMnpSTuUVwWxXyYzZ%", "-d", "-H", "-I", "-j", "-m", "-M", "-S", "-y"}


@dataclass(frozen=True)
class Source:
    """One table or set of files, and which of its columns mean what.

    `columns` gives for each canonical column the source's own columns, in order
    of trust; `constants` gives canonical columns a fixed text; `attributes`
    names customer attributes. `time_format` is iso, timestamp, epoch_s|ms|us|ns
    or a strftime text, and `zone` the time zone of times without an offset.

    Exact copies of a row without an event id are so many events, or duplicates: `exact_copies`.
    Of a CSV file, `delimiter` None is found in its header and `quote` "" means none; `encoding`
    is the codec's name as Python writes it, None for what a byte-order mark says, else UTF-8; of
    `header_rows` the first holds the names, and with 0 the columns are column_1, column_2, ….
    The columns in `may_lack` come from a preset: where a file lacks one, it reads as empty.
    """

    name: str
    kind: str
    path: str
    files: tuple[Path, ...]
    columns: dict[str, tuple[str, ...]]
    constants: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    time_format: str = "iso"
    zone: str | None = None
    exact_copies: str = "events"
    delimiter: str | None = None
    quote: str = '"'
    encoding: str | None = None
    decimal: str = "."
    header_rows: int = 1
    may_lack: frozenset[str] = frozenset()

    def missing(self, there: Iterable[str]) -> list[str]:
        """The columns that a file with the columns `there` lacks and this source cannot do without.

        Of the columns for a needed canonical one that may be lacking, one at least must be there.
        """
        present = set(there)
        wanted = [name for theirs in self.columns.values() for name in theirs] + list(self.attributes.values())
        lacking = [name for name in wanted if name not in present and name not in self.may_lack]
        for name in NEEDED[self.kind]:
            theirs = self.columns.get(name, ())
            if not present.intersection(theirs):
                lacking += theirs
        return list(dict.fromkeys(lacking))


def read(block: dict[str, Any], here: str, folder: Path, mistakes: list[str], given: Sequence[str] = ()) -> Source:
    """Read and check one block; its path starts at `folder`, and files `given` in the command stand in for it."""
    mistakes += strange(block, KEYS, here)
    preset, may_lack = block.get("preset"), frozenset[str]()
    if preset in presets.names():
        block, may_lack = presets.fill(block, needed=NEEDED["events"])
    elif preset is not None:
        mistakes.append(f'{here}: preset = "{preset}" is unknown. There are: {", ".join(presets.names())}.')
    kind = block.get("kind", "events")
    if kind not in list(NEEDED):
        mistakes.append(f'{here}: kind = "{kind}" is unknown. Use "events" or "customers".')
        kind = "events"
    copies = block.get("exact_copies", "events")
    if copies not in ["events", "duplicates"]:
        mistakes.append(f'{here}: exact_copies = "{copies}" is unknown. Use "events" or "duplicates".')
    patterns, found = _paths(block, here, folder, mistakes, given)
    columns = _columns(block, here, mistakes)
    constants = {name: str(value) for name, value in part(block, "constants", here, mistakes).items()}
    attributes = {name: str(theirs) for name, theirs in part(block, "attributes", here, mistakes).items()}
    needed = NEEDED[kind] if preset in [None, *presets.names()] else []
    _check_names(kind, needed, columns, constants, attributes, here, mistakes)
    time = part(block, "time", here, mistakes)
    mistakes += strange(time, ["format", "zone"], f"{here} [source.time]")
    name = str(block.get("name") or paths.source_name(patterns))
    if "/" in name or ":" in name:
        mistakes.append(
            f'{here}: name = "{name}" holds a "/" or ":", which end a source\'s name. Give another name = "…".'
        )
    return Source(
        name=name,
        kind=kind,
        path=", ".join(patterns),
        files=found,
        columns=columns,
        constants=constants,
        attributes=attributes,
        time_format=_format(time, here, mistakes),
        zone=_zone(time, here, mistakes),
        exact_copies=str(copies),
        may_lack=may_lack,
        **_file(part(block, "file", here, mistakes), here, mistakes),
    )


def part(said: dict[str, Any], name: str, here: str, mistakes: list[str]) -> dict[str, Any]:
    """One table of a block, or an empty one and a mistake where it is none."""
    found = said.get(name, {})
    if isinstance(found, dict):
        return found
    heading = f"[source.{name}]" if name in KEYS else f"[{name}]"
    mistakes.append(
        f"{here}: {name} = {found!r} is not a table. Write the heading {heading} and its settings below it."
    )
    return {}


def strange(said: Iterable[str], known: list[str], here: str) -> list[str]:
    """A mistake for each name that is not known there, with the nearest that is."""
    found = []
    for name in sorted(set(said) - set(known)):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f'Did you mean "{near[0]}"?' if near else f"It may hold: {', '.join(known)}."
        found.append(f'{here} says "{name}", which means nothing there. {hint}')
    return found


def _paths(
    block: dict[str, Any], here: str, folder: Path, mistakes: list[str], given: Sequence[str]
) -> tuple[list[str], tuple[Path, ...]]:
    if given:
        return list(given), paths.find(given, Path(), mistakes, said="the command: ")
    said = block.get("path", "")
    patterns = [said] if isinstance(said, str) else said if isinstance(said, list) else [str(said)]
    patterns = [str(pattern) for pattern in patterns if pattern]
    if not patterns:
        mistakes.append(
            f"{here}: path is missing. Say where the files are: "
            'path = "exports/web/*.parquet"; or name them in the command: journey load FILE --mapping …'
        )
    return patterns, paths.find(patterns, folder, mistakes, said=f"{here}: path = ")


def _columns(block: dict[str, Any], here: str, mistakes: list[str]) -> dict[str, tuple[str, ...]]:
    said: dict[str, tuple[str, ...]] = {}
    for name, theirs in part(block, "columns", here, mistakes).items():
        said[name] = (theirs,) if isinstance(theirs, str) else tuple(theirs) if isinstance(theirs, list) else ()
        if not said[name] or not all(isinstance(each, str) for each in said[name]):
            mistakes.append(
                f'{here}: {name} = {theirs!r} names no column. Write {name} = "column" or ["one", "other"].'
            )
    return said


def _check_names(
    kind: str,
    needed: list[str],
    columns: dict[str, tuple[str, ...]],
    constants: dict[str, str],
    attributes: dict[str, str],
    here: str,
    mistakes: list[str],
) -> None:
    known = _EVENT_COLUMNS if kind == "events" else _CUSTOMER_COLUMNS
    ours = [name for name in attributes if name.lower() in _OURS]
    if ours:
        mistakes.append(f"{here}: this package has columns of its own called {', '.join(ours)}. Rename the attribute.")
    mistakes += strange(columns, known, f"{here} [source.columns]")
    mistakes += strange(constants, known, f"{here} [source.constants]")
    mistakes += [
        f"{here}: {name} is both a column and a constant. Keep one of the two." for name in columns if name in constants
    ]
    mistakes += [
        f"{here}: {name} is not mapped. Name your own column for it under [source.columns]."
        for name in needed
        if name not in columns and name not in constants
    ]


def _file(said: dict[str, Any], here: str, mistakes: list[str]) -> dict[str, Any]:
    mistakes += strange(said, ["delimiter", "quote", "encoding", "decimal", "header_rows"], f"{here} [source.file]")
    delimiter, quote = said.get("delimiter"), said.get("quote", '"')
    decimal, rows = said.get("decimal", "."), said.get("header_rows", 1)
    if delimiter is not None and (not _is_mark(delimiter) or delimiter == quote):
        mistakes.append(
            f'{here}: delimiter = "{delimiter}" is not one character that parts cells. Write one, such as ";".'
        )
    if quote != "" and not _is_mark(quote):
        mistakes.append(f'{here}: quote = "{quote}" is not one character. Write one, or "" where cells are not quoted.')
    if decimal not in [".", ","]:
        mistakes.append(f'{here}: decimal = "{decimal}" is not a decimal mark. Use "." or ",".')
    if isinstance(rows, bool) or not isinstance(rows, int) or not 0 <= rows <= 20:
        mistakes.append(
            f"{here}: header_rows = {rows!r} is not a whole number from 0 to 20. Say how many rows precede the data."
        )
    encoding = _encoding(said.get("encoding"), here, mistakes)
    return {"delimiter": delimiter, "quote": quote, "encoding": encoding, "decimal": decimal, "header_rows": rows}


def _is_mark(said: Any) -> bool:
    return isinstance(said, str) and len(said) == 1 and (said == "\t" or " " <= said <= "~")


def _encoding(said: Any, here: str, mistakes: list[str]) -> str | None:
    if said is None:
        return None
    try:
        "a".encode(str(said))  # refuses codecs that are not for text, such as rot13
        return codecs.lookup(str(said)).name
    except (LookupError, ValueError):
        mistakes.append(
            f'{here}: encoding = "{said}" is unknown. Use a name such as "utf-8", "utf-16" or "windows-1252".'
        )
        return None


def _format(time: dict[str, Any], here: str, mistakes: list[str]) -> str:
    said = str(time.get("format", "iso"))
    if said in _FORMATS:
        return said
    used = _DIRECTIVE.findall(said)
    if not used:
        mistakes.append(
            f'{here}: time format "{said}" is unknown. '
            f'Use one of {", ".join(_FORMATS)}, or a strftime text such as "%d/%m/%Y %H:%M".'
        )
        return said
    unknown = [f"%{each}" for each in used if each not in _DIRECTIVES]
    plain = {each.removeprefix("-") for each in used}
    parts = {"the year (%Y)": "yYG", "the month (%m)": "mbBjV", "the day (%d)": "djuw"}
    lacks = [] if plain & {"c", "x"} else [name for name, any_of in parts.items() if not plain.intersection(any_of)]
    if "I" in plain and "p" not in plain:
        lacks.append("before or after noon (%p), which %I needs")
    if unknown:
        mistakes.append(
            f'{here}: time format "{said}" holds {", ".join(unknown)}, which means nothing. '
            'Write one such as "%d/%m/%Y %H:%M".'
        )
    elif lacks:
        mistakes.append(
            f'{here}: time format "{said}" lacks {" and ".join(lacks)}. Write one such as "%d/%m/%Y %H:%M".'
        )
    return said


def _zone(time: dict[str, Any], here: str, mistakes: list[str]) -> str | None:
    zone = time.get("zone")
    if zone is not None and str(zone) not in zoneinfo.available_timezones() - _NO_ZONES:
        mistakes.append(f'{here}: zone = "{zone}" is not a time zone. Use a name such as "Europe/London" or "UTC".')
    return zone
