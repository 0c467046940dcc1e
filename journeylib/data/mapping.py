"""Read a mapping: how a company's own files become events and customers.

A mapping is a TOML file with one `[[source]]` block for each table or set of
files. A file without `[[source]]` describes one source, which its top or the command
names. All mistakes of a mapping are reported at once, each with its remedy.
"""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from journeylib.data import sources as blocks
from journeylib.data.sources import Source, part, strange
from journeylib.errors import MappingError, together

__all__ = ["Mapping", "Source", "read"]

_TOP_KEYS = ["source", "identity", "journeys", "limits"]
_MODES = ["none", "live", "replay", "graph"]


@dataclass(frozen=True)
class Mapping:
    """Everything a mapping file says; see `read`.

    `complete_through` is the last day of which every event is there; where the mapping does
    not say it, it is the last day that later events follow. Ids seen together are not merged
    where more than `largest` of them hang together. Within `retry_seconds` (0: never) the
    same customer, touchpoint and channel again is a duplicate, whatever its id.
    """

    sources: tuple[Source, ...]
    identity_mode: str = "none"
    look_back_days: float = 30
    largest: int = 50
    gap_days: float = 7
    longest_days: float = 180
    end_touchpoints: tuple[str, ...] = ()
    quarantined_share: float = 0.05
    retry_seconds: float = 0
    complete_through: date | None = None


def read(path: Path | str | dict[str, Any], sources: Sequence[Path | str] = ()) -> Mapping:
    """Read and check the mapping at `path`; relative source paths start at its folder.

    A dict is taken for what the TOML file would say; its paths start at the current folder,
    as `sources` do: files, folders or patterns that take the place of the one source's own
    path. Raises MappingError with every mistake.
    """
    said, here, folder = _parsed(path)
    found = said.pop("source", None)
    is_short = found is None
    if is_short:
        found = [{key: said.pop(key) for key in blocks.KEYS if key in said}]
    mistakes = strange(said, [*_TOP_KEYS, *(blocks.KEYS if is_short else [])], "the top level")
    if not isinstance(found, list) or not all(isinstance(block, dict) for block in found):
        mistakes.append("source is not a list of tables. Write [[source]], in two brackets, above each source.")
        found = [found] if isinstance(found, dict) else []
    if sources and len(found) != 1:
        raise MappingError(
            f"{here} has {len(found)} sources, so it cannot be told whose files the command names. "
            "Name none in the command, or a mapping of that one source."
        )
    given = [str(each) for each in sources]
    read_in = [
        blocks.read(block, "the source" if is_short else f"[[source]] {place}", folder, mistakes, given)
        for place, block in enumerate(found, start=1)
    ]
    names = [source.name for source in read_in]
    for name in sorted({name for name in names if names.count(name) > 1}):
        mistakes.append(f'two sources are called "{name}". Give each [[source]] its own name = "…".')
    rules = _rules(said, mistakes)
    if mistakes:
        if is_short:  # its headings stand at the top
            mistakes = [mistake.replace("[source.", "[") for mistake in mistakes]
        raise MappingError(f"{here}: {together(mistakes)}")
    return Mapping(sources=tuple(read_in), **rules)


def _parsed(path: Path | str | dict[str, Any]) -> tuple[dict[str, Any], str, Path]:
    """What the mapping says, what to call it in a message, and the folder where its paths start."""
    if isinstance(path, dict):
        return copy.deepcopy(path), "the mapping", Path()
    path = Path(path)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig")), str(path), path.parent
    except FileNotFoundError:
        raise MappingError(
            f"there is no mapping file {path}. "
            "Write one (README, 'Your own data') or let `journey check SOURCE` suggest it."
        ) from None
    except OSError as error:
        raise MappingError(f"{path} cannot be read as a mapping: {error.strerror}. Name a TOML file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingError(f"{path} is not TOML: {error}. Mend that line.") from None


def _rules(said: dict[str, Any], mistakes: list[str]) -> dict[str, Any]:
    identity, journeys, limits = (
        part(said, name, "the top level", mistakes) for name in ["identity", "journeys", "limits"]
    )
    mistakes += strange(identity, ["mode", "look_back_days", "largest"], "[identity]")
    mistakes += strange(journeys, ["gap_days", "longest_days", "end_touchpoints"], "[journeys]")
    mistakes += strange(limits, ["quarantined_share", "retry_seconds", "complete_through"], "[limits]")
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
    largest = rules["largest"] = identity.get("largest", 50)
    if isinstance(largest, bool) or not isinstance(largest, int) or largest < 2:
        mistakes.append(
            f"largest = {largest!r} is not a whole number from 2 on. Say how many ids one customer may have."
        )
    for table, name, default, highest in [
        (identity, "look_back_days", 30, 3650),
        (journeys, "gap_days", 7, 3650),
        (journeys, "longest_days", 180, 36500),
        (limits, "quarantined_share", 0.05, 1),
        (limits, "retry_seconds", 0, 86_400),
    ]:
        value = table.get(name, default)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not 0 <= value <= highest or (value == 0 and name != "retry_seconds"):
            above = "from 0" if name == "retry_seconds" else "above 0 and"
            mistakes.append(f"{name} = {value!r} is not a number {above} up to {highest}.")
        rules[name] = value
    return rules
