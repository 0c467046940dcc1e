"""Take those who were forgotten out of what is kept as text: rejected rows, repairs, warnings, counts.

Marks are compared with whole cells of a record, never with parts of one, so a name within
a sentence that someone wrote is not found.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from journeylib.data import quality
from journeylib.data.quarantine import Repairs
from journeylib.data.tombstones import Tombstones
from journeylib.errors import shown

__all__ = ["hidden", "kept", "recounted", "unnamed"]

_DELIMITERS = [",", ";", "\t", "|"]
_QUOTED = re.compile(r"“(.*?)”", re.DOTALL)
_JSON_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')


def hidden(rejected: pd.DataFrame, tombs: Tombstones, delimiters: Iterable[str] = ()) -> pd.DataFrame:
    """Empty the text of rejected rows (as QUARANTINE) that name someone forgotten; their rule is then "erased".

    Cells are parted by comma, semicolon, tab or |, by further `delimiters`, or they are values of JSON.
    """
    if not tombs or not len(rejected):
        return rejected
    named = [_names(text, tombs, delimiters) for text in rejected["original"].fillna("").tolist()]
    is_erased = (rejected["rule"] == quality.ERASED.name) | pd.Series(named, index=rejected.index, dtype=bool)
    told = {"rule": quality.ERASED.name, "hint": quality.ERASED.remedy, "original": ""}
    return rejected.assign(**{name: rejected[name].mask(is_erased, text) for name, text in told.items()})


def kept(repairs: Repairs, tombs: Tombstones, delimiters: Iterable[str] = ()) -> Repairs:
    """The repairs of rejected rows that name nobody forgotten."""
    if not tombs:
        return repairs
    each = {
        digest: {row: text for row, text in rows.items() if not _names(text, tombs, delimiters)}
        for digest, rows in repairs.items()
    }
    return {digest: rows for digest, rows in each.items() if rows}


def recounted(counts: pd.DataFrame, rejected: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Count rows by source and fate again: the `places` were accepted before, `rejected` is all that is unfit now.

    A source is one of the mapping, whichever of its files a row came from.
    """
    by = ["source", "fate"]
    sound = counts[counts["fate"].isin(["accepted", "duplicate"])]
    unfit = rejected[["source", "rule"]].rename(columns={"rule": "fate"}).assign(rows=1)
    taken = places[["source"]].assign(fate="accepted", rows=-1)
    every = pd.concat([sound[[*by, "rows"]], unfit, taken])
    every["source"] = every["source"].str.partition("/")[0]
    found = every.groupby(by).agg(rows=("rows", "sum")).reset_index()
    return found[found["rows"] > 0].reset_index(drop=True)


def unnamed(said: Any, tombs: Tombstones, ids: Iterable[str]) -> Any:
    """Leave out of lists within `said` the texts that are, or quote, an id of someone forgotten.

    The `ids` known are found cut short and escaped too, as messages show them.
    """
    as_shown = {shown(each) for each in ids}
    as_shown |= {each.encode("ascii", "backslashreplace").decode() for each in as_shown}

    def is_named(text: str) -> bool:
        quoted = {text, *_QUOTED.findall(text)}
        return bool(quoted & as_shown or tombs.holds(quoted) or tombs.holds(quoted, "whole"))

    if isinstance(said, dict):
        return {name: unnamed(value, tombs, ids) for name, value in said.items()}
    if isinstance(said, list):
        return [unnamed(each, tombs, ids) for each in said if not (isinstance(each, str) and is_named(each))]
    return said


def _names(text: str, tombs: Tombstones, delimiters: Iterable[str]) -> bool:
    """Whether a record's text names someone forgotten in one of its cells."""
    cells = _cells(text, delimiters)
    return bool(tombs.holds(cells) or tombs.holds(cells, "whole"))


def _cells(text: str, delimiters: Iterable[str]) -> set[str]:
    """What may be a cell of a record, whatever its quotes."""
    cells = {text}
    for delimiter in dict.fromkeys([*_DELIMITERS, *delimiters]):
        cells.update(text.split(delimiter))
        try:
            cells.update(cell for row in csv.reader(text.splitlines(True), delimiter=delimiter) for cell in row)
        except csv.Error:
            continue  # it holds what no cell can; the plain cut above stands
    cells |= {cell.strip() for cell in cells} | {cell.strip(" \t\r\n\"'") for cell in cells}
    if text.lstrip().startswith("{"):
        try:
            cells.update(_values(json.loads(text, parse_int=str, parse_float=str)))
        except ValueError:
            cells.update(_JSON_TEXT.findall(text))
    return cells


def _values(said: Any) -> Iterator[str]:
    if isinstance(said, dict | list):
        for each in said.values() if isinstance(said, dict) else said:
            yield from _values(each)
    elif isinstance(said, str):
        yield said
