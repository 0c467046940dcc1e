"""Read a mapping: how a company's own files become events and customers.

A mapping is a TOML file with one `[[source]]` block for each table or set of
files. A file without `[[source]]` describes the one source that it names at its
top. All mistakes of a mapping are reported at once, each with its remedy.
"""

from __future__ import annotations

import difflib
import tomllib
import zoneinfo
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from journeylib.errors import MappingError, together
from journeylib.schema import COUNTS, RESULT, TABLES

__all__ = ["Mapping", "Source", "read"]

_EVENT_COLUMNS = [
    "event_id", "customer_id", "occurred_at", "touchpoint", "channel", "ended_at", "stage", "score", "score_type",
    "revenue", "currency", "cost", "reason", "resource", "text", "updated_at",
]  # fmt: skip
_CUSTOMER_COLUMNS = ["customer_id", "signed_up_on", "ended_on", "end_cause", "valid_from"]
# Names that tables on the way from a source to a result give to columns of their own.
_OURS = {"ids", "signed_up_on_us", "ended_on_us", "valid_from", "content", "content_hash", "fate", *RESULT, *COUNTS}
_OURS |= {column for table in TABLES.values() for column in table}
_NEEDED = {"events": ["customer_id", "occurred_at", "touchpoint", "channel"], "customers": ["customer_id"]}
_SOURCE_KEYS = ["kind", "name", "path", "columns", "constants", "attributes", "time", "file"]
_TOP_KEYS = ["source", "identity", "journeys", "limits"]
_FORMATS = ["iso", "timestamp", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns"]
_MODES = ["none", "live", "replay"]


@dataclass(frozen=True)
class Source:
    """One table or set of files, and which of its columns mean what.

    `columns` gives for each canonical column the source's own columns, in order
    of trust; `constants` gives canonical columns a fixed text; `attributes`
    names customer attributes. `time_format` is iso, timestamp, epoch_s|ms|us|ns
    or a strftime text, and `zone` the time zone of times without an offset.
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
    delimiter: str = ","


@dataclass(frozen=True)
class Mapping:
    """Everything a mapping file says; see `read`.

    `complete_through` is the last day of which every event is there; where the mapping does
    not say it, it is the last day that later events follow.
    """

    sources: tuple[Source, ...]
    identity_mode: str = "none"
    look_back_days: float = 30
    gap_days: float = 7
    longest_days: float = 180
    end_touchpoints: tuple[str, ...] = ()
    quarantined_share: float = 0.05
    complete_through: date | None = None


def read(path: Path | str) -> Mapping:
    """Read and check the mapping at `path`; relative source paths start at its folder.

    Raises MappingError with every mistake in the file.
    """
    path = Path(path)
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MappingError(
            f"there is no mapping file {path}. "
            "Write one (README, 'Your own data') or let `journey check SOURCE` suggest it."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingError(f"{path} is not TOML: {error}. Mend that line.") from None
    blocks = said.pop("source", None)
    if blocks is None:
        blocks = [{key: said.pop(key) for key in _SOURCE_KEYS if key in said}]
    mistakes = _strange(said, _TOP_KEYS, "the top level")
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        mistakes.append("source is not a list of tables. Write [[source]], in two brackets, above each source.")
        blocks = [blocks] if isinstance(blocks, dict) else []
    sources = [_source(block, place, path.parent, mistakes) for place, block in enumerate(blocks, start=1)]
    names = [source.name for source in sources]
    for name in sorted({name for name in names if names.count(name) > 1}):
        mistakes.append(f'two sources are called "{name}". Give each [[source]] its own name = "…".')
    rules = _rules(said, mistakes)
    if mistakes:
        raise MappingError(f"{path}: {together(mistakes)}")
    return Mapping(sources=tuple(sources), **rules)


def _source(block: dict[str, Any], place: int, folder: Path, mistakes: list[str]) -> Source:
    here = f"[[source]] {place}"
    mistakes += _strange(block, _SOURCE_KEYS, here)
    kind = block.get("kind", "events")
    if kind not in list(_NEEDED):
        mistakes.append(f'{here}: kind = "{kind}" is unknown. Use "events" or "customers".')
        kind = "events"
    pattern = str(block.get("path", ""))
    files = _files(folder, pattern) if pattern else ()
    if not pattern:
        mistakes.append(f'{here}: path is missing. Say where the files are: path = "exports/web/*.parquet".')
    elif not files:
        mistakes.append(f'{here}: path = "{pattern}" matches no file under {folder}. Correct the path.')
    known = _EVENT_COLUMNS if kind == "events" else _CUSTOMER_COLUMNS
    said: dict[str, tuple[str, ...]] = {}
    for name, theirs in _part(block, "columns", here, mistakes).items():
        said[name] = (theirs,) if isinstance(theirs, str) else tuple(theirs) if isinstance(theirs, list) else ()
        if not said[name] or not all(isinstance(each, str) for each in said[name]):
            mistakes.append(
                f'{here}: {name} = {theirs!r} names no column. Write {name} = "column" or ["one", "other"].'
            )
    constants = {name: str(value) for name, value in _part(block, "constants", here, mistakes).items()}
    attributes = {name: str(theirs) for name, theirs in _part(block, "attributes", here, mistakes).items()}
    ours = [name for name in attributes if name.lower() in _OURS]
    if ours:
        mistakes.append(f"{here}: this package has columns of its own called {', '.join(ours)}. Rename the attribute.")
    mistakes += _strange(said, known, f"{here} [source.columns]")
    mistakes += _strange(constants, known, f"{here} [source.constants]")
    for name in _NEEDED[kind]:
        if name not in said and name not in constants:
            mistakes.append(f"{here}: {name} is not mapped. Name your own column for it under [source.columns].")
    time, file = _part(block, "time", here, mistakes), _part(block, "file", here, mistakes)
    mistakes += _strange(time, ["format", "zone"], f"{here} [source.time]")
    mistakes += _strange(file, ["delimiter"], f"{here} [source.file]")
    delimiter = str(file.get("delimiter", ","))
    if len(delimiter) != 1:
        mistakes.append(f'{here}: delimiter = "{delimiter}" is not one character. Write one, such as ";".')
    name = str(block.get("name") or _name(pattern))
    if "/" in name:
        mistakes.append(f'{here}: name = "{name}" holds a "/", which stands before a file\'s name. Leave it out.')
    return Source(
        name=name,
        kind=kind,
        path=pattern,
        files=files,
        columns=said,
        constants=constants,
        attributes=attributes,
        time_format=_format(time, here, mistakes),
        zone=_zone(time, here, mistakes),
        delimiter=delimiter,
    )


def _rules(said: dict[str, Any], mistakes: list[str]) -> dict[str, Any]:
    identity, journeys, limits = (
        _part(said, name, "the top level", mistakes) for name in ["identity", "journeys", "limits"]
    )
    mistakes += _strange(identity, ["mode", "look_back_days"], "[identity]")
    mistakes += _strange(journeys, ["gap_days", "longest_days", "end_touchpoints"], "[journeys]")
    mistakes += _strange(limits, ["quarantined_share", "complete_through"], "[limits]")
    mode = identity.get("mode", "none")
    if mode not in _MODES:
        mistakes.append(f'[identity] mode = "{mode}" is not offered. Use one of: {", ".join(_MODES)}.')
    ends = journeys.get("end_touchpoints", [])
    if not isinstance(ends, list) or not all(isinstance(end, str) for end in ends):
        mistakes.append(
            f'end_touchpoints = {ends!r} is not a list of texts. Write end_touchpoints = ["account closed"].'
        )
        ends = []
    rules: dict[str, Any] = {"identity_mode": mode, "end_touchpoints": tuple(ends)}
    complete = rules["complete_through"] = limits.get("complete_through")
    if complete is not None and (not isinstance(complete, date) or isinstance(complete, datetime)):
        mistakes.append(f"complete_through = {complete!r} is not a date. Write the last whole day, such as 2026-06-30.")
    for table, name, default, highest in [
        (identity, "look_back_days", 30, 3650),
        (journeys, "gap_days", 7, 3650),
        (journeys, "longest_days", 180, 36500),
        (limits, "quarantined_share", 0.05, 1),
    ]:
        value = table.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= highest:
            mistakes.append(f"{name} = {value!r} is not a number above 0 and up to {highest}.")
        rules[name] = value
    return rules


def _part(said: dict[str, Any], name: str, here: str, mistakes: list[str]) -> dict[str, Any]:
    part = said.get(name, {})
    if isinstance(part, dict):
        return part
    heading = f"[{name}]" if name in _TOP_KEYS else f"[source.{name}]"
    mistakes.append(f"{here}: {name} = {part!r} is not a table. Write the heading {heading} and its settings below it.")
    return {}


def _files(folder: Path, pattern: str) -> tuple[Path, ...]:
    whole = Path(pattern)
    if whole.is_absolute():
        folder, pattern = Path(whole.anchor), str(whole.relative_to(whole.anchor))
    try:
        return tuple(sorted(found for found in folder.glob(pattern) if found.is_file()))
    except (ValueError, IndexError):  # what pathlib says of a pattern such as "**x" or "/"
        return ()


def _name(pattern: str) -> str:
    stem = Path(pattern).stem
    return Path(pattern).parent.name or "source" if "*" in stem else stem


def _format(time: dict[str, Any], here: str, mistakes: list[str]) -> str:
    said = str(time.get("format", "iso"))
    if said not in _FORMATS and "%" not in said:
        mistakes.append(
            f'{here}: time format "{said}" is unknown. '
            f'Use one of {", ".join(_FORMATS)}, or a strftime text such as "%d/%m/%Y %H:%M".'
        )
    return said


def _zone(time: dict[str, Any], here: str, mistakes: list[str]) -> str | None:
    zone = time.get("zone")
    if zone is not None and str(zone) not in zoneinfo.available_timezones():
        mistakes.append(f'{here}: zone = "{zone}" is not a time zone. Use a name such as "Europe/London" or "UTC".')
    return zone


def _strange(said: Any, known: list[str], here: str) -> list[str]:
    found = []
    for name in sorted(set(said) - set(known)):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f'Did you mean "{near[0]}"?' if near else f"It may hold: {', '.join(known)}."
        found.append(f'{here} says "{name}", which means nothing there. {hint}')
    return found
