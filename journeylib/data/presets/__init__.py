"""Mappings for exports that many companies have: data, one TOML file each, used by `preset = "…"`.

A preset holds what one [[source]] block holds, without a path. Its head says what the export
is and what to change; a new one needs its file here, a fixture and a test.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

__all__ = ["fill", "names", "read"]

_FOLDER = Path(__file__).parent


def names() -> list[str]:
    """The presets that there are.

    >>> names()
    ['amazon_connect', 'ga4', 'qualtrics', 'segment', 'xes']
    """
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def read(name: str) -> dict[str, Any]:
    """Read the preset called `name`, one of `names()`, as a [[source]] block."""
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def fill(block: dict[str, Any], *, needed: Collection[str]) -> tuple[dict[str, Any], frozenset[str]]:
    """Fill a block from the preset that it names; also the preset's columns that a file may lack.

    The block overrides the preset setting by setting, a column also a constant of that name
    and the other way round; `score = []` takes a column of the preset away. A file may lack what
    is not `needed`, and of several columns for one that is, some.
    """
    preset = read(block["preset"])
    own = {key: block[key] if isinstance(block.get(key), dict) else {} for key in ["columns", "constants"]}
    said = {*own["columns"], *own["constants"]}
    emptied = [name for name, theirs in own["columns"].items() if theirs == [] and name in preset["columns"]]
    for key in own:
        preset[key] = {name: value for name, value in preset.get(key, {}).items() if name not in said}
    filled = {**preset, **block}
    for key, table in preset.items():
        if isinstance(table, dict) and isinstance(block.get(key, {}), dict):
            filled[key] = {
                name: value for name, value in {**table, **block.get(key, {})}.items() if name not in emptied
            }

    spare = {
        each
        for name, theirs in preset["columns"].items()
        for each in _several(theirs)
        if name not in needed or len(_several(theirs)) > 1
    }
    return filled, frozenset(spare - {each for theirs in own["columns"].values() for each in _several(theirs)})


def _several(theirs: Any) -> list[str]:
    if isinstance(theirs, str):
        return [theirs]
    return [each for each in theirs if isinstance(each, str)] if isinstance(theirs, list) else []
