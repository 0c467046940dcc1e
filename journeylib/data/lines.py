"""Cut a text file into its records, by other code than the engine's reader, and set unfit ones aside.

A record is a line, or several where a quoted cell holds line breaks; empty lines are none.
An unfit record (ragged, a stray or unclosed quote, a control character) takes only itself
away: reading goes on at the next line after the one where it began. In the copy that the
engine then reads, an empty record stands in its place, so that all rows keep their numbers.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import pandas as pd

from journeylib.data.records import LONGEST, Batch, Positions, batches
from journeylib.errors import SourceError, shown

__all__ = ["Broken", "Plain", "Unfit", "names_in", "pick", "survey"]

_NEWLINE, _RETURN = 10, 13


class Broken(NamedTuple):
    """A record that cannot be read: its row (from 1, the header apart), its line, the rule it breaks."""

    row: int
    line: int
    rule: str


class Unfit:
    """The records that cannot be read, by row. Their texts stay in the file, see `pick`."""

    def __init__(
        self, rows: Sequence[int] | Positions, lines: Sequence[int] | Positions, rules: Sequence[str] | Positions
    ) -> None:
        self.rows, self.lines = np.asarray(rows, dtype=np.int64), np.asarray(lines, dtype=np.int64)
        self.rules = np.asarray(rules, dtype=object)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Broken]:
        return map(Broken, map(int, self.rows), map(int, self.lines), self.rules)


_NONE = Unfit([], [], [])


@dataclass(frozen=True)
class Plain:
    """A text file as the engine can read it: in UTF-8, every record with as many cells as there are `names`.

    `records` counts data rows, unfit ones included. A file of JSON lines has no `delimiter`.
    `original` is the text that was surveyed, `path` that or the copy made of it.
    """

    path: Path
    names: tuple[str, ...]
    delimiter: str | None
    quote: str
    header_rows: int
    records: int
    original: Path
    unfit: Unfit = _NONE


def names_in(first: bytes, *, delimiter: str | None, quote: str, header_rows: int) -> tuple[list[str], str]:
    """The column names in the beginning of a CSV file, and its delimiter: given, or the one most often in the header.

    Without a header the names are column_1, column_2, ….

    >>> names_in(b"id;when;what\\n1;2;3\\n", delimiter=None, quote='"', header_rows=1)
    (['id', 'when', 'what'], ';')
    """
    text = first.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace").lstrip("\r\n")
    if delimiter is None:
        line = re.sub(r'"[^"]*"', "", text.split("\n", 1)[0])
        delimiter = max([",", ";", "\t", "|"], key=line.count)
    csv.field_size_limit(2**31 - 1)
    quoting: dict[str, Any] = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
    cells = next(csv.reader(text.splitlines(keepends=True), delimiter=delimiter, **quoting), [])
    named = [cell.strip() for cell in cells] if header_rows else [f"column_{at + 1}" for at in range(len(cells))]
    return [name or f"column_{at + 1}" for at, name in enumerate(named)], delimiter


def survey(
    path: Path,
    copy: Path,
    *,
    name: Path | None = None,
    delimiter: str | None = None,
    quote: str = '"',
    header_rows: int = 1,
    is_csv: bool = True,
) -> Plain:
    """Count the records of a UTF-8 file and find the unfit ones; refusals call the file `name`.

    Where the engine could not read the file as it is, `copy` is written for it; else it reads
    `path` itself. Raises SourceError where bytes are not UTF-8, a line is longer than a
    million bytes, or the header is missing, unfit or names a column twice.
    """
    name = name or path
    with path.open("rb") as opened:
        first = opened.read(LONGEST)
    if is_csv:
        names, delimiter = names_in(first, delimiter=delimiter, quote=quote, header_rows=header_rows)
        _check_names(names, name)
    else:
        names, delimiter, quote, header_rows = ["line"], None, "", 0
    empty = (delimiter or "").join([""] * len(names)) or ('""' if is_csv else "{}")
    rows, at_lines, rules = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0, object)]
    row = 1 - header_rows
    with _Copy(path, copy, empty.encode(), delimiter, quote) as writer:
        for batch in batches(path, name, delimiter, quote):
            _check_encoding(batch, name)
            rule = np.full(len(batch.starts), "", dtype=object)
            if is_csv:
                rule[batch.cells != len(names)] = "ragged"
            rule[list(batch.broken)] = list(batch.broken.values())
            broken = np.flatnonzero(rule != "")
            _check_header(batch, rule, row, header_rows, name)
            data = broken[broken + row >= 1]
            rows.append(data + row)
            at_lines.append(batch.lines[data])
            rules.append(rule[data])
            writer.take(batch, broken.tolist())
            row += len(batch.starts)
    if row < 1 and header_rows:
        raise SourceError(f"{name} is empty: it has no header. Export it again.")
    unfit = Unfit(*(np.concatenate(parts) for parts in (rows, at_lines, rules)))
    return Plain(writer.used, tuple(names), delimiter, quote, header_rows, row - 1, path, unfit)


def pick(plain: Plain, rows: Iterable[int]) -> pd.DataFrame:
    """Fetch records, sound or not, by their rows: the line where each begins, and its text, in the order of rows."""
    wanted = np.array(sorted(set(rows)), dtype=np.int64)
    lines, texts, row = [np.zeros(0, np.int64)], list[str](), 1 - plain.header_rows
    for batch in batches(plain.original, plain.original, plain.delimiter, plain.quote):
        after = row + len(batch.starts)
        here = wanted[np.searchsorted(wanted, row) : np.searchsorted(wanted, after)] - row
        lines.append(batch.lines[here])
        texts += [batch.text(at) for at in here.tolist()]
        row = after
    found = wanted[(wanted > -plain.header_rows) & (wanted < row)]
    return pd.DataFrame({"line": np.concatenate(lines), "original": texts}, index=pd.Index(found, name="source_row"))


class _Copy:
    """Write, once it is needed, a copy in which an empty record stands for each unfit one.

    It is also needed where some lines end with a carriage return and others do not; those
    within a quoted cell stay as they are.
    """

    def __init__(self, path: Path, copy: Path, empty: bytes, delimiter: str | None, quote: str) -> None:
        self.path, self.copy, self.empty, self.delimiter, self.quote = path, copy, empty, delimiter, quote
        self.opened: BinaryIO | None = None
        self.has_returns: bool | None = None

    def __enter__(self) -> _Copy:
        return self

    def __exit__(self, *_: object) -> None:
        if self.opened:
            self.opened.close()

    @property
    def used(self) -> Path:
        return self.copy if self.opened else self.path

    def take(self, batch: Batch, broken: list[int]) -> None:
        if self.opened is None and (broken or self._is_mixed(batch.block)):
            self.opened = self.copy.open("wb")
            for earlier in batches(self.path, self.path, self.delimiter, self.quote):
                if earlier.offset >= batch.offset:
                    break
                self._write(earlier, [])
        if self.opened is not None:
            self._write(batch, broken)

    def _write(self, batch: Batch, broken: list[int]) -> None:
        assert self.opened is not None
        block = np.frombuffer(batch.block, dtype=np.uint8)
        returns = np.flatnonzero((block[:-1] == _RETURN) & (block[1:] == _NEWLINE))
        # Those that end a record, or stand between two; the others are within a quoted cell.
        at = np.minimum(np.searchsorted(batch.ends, returns), max(0, len(batch.ends) - 1))
        within = (batch.starts[at] <= returns) & (returns + 1 < batch.ends[at]) if len(batch.ends) else returns < 0
        is_kept = np.ones(len(block), dtype=bool)
        is_kept[returns[~within]] = False
        pieces, done = [], 0
        for each in broken:
            start, end = int(batch.starts[each]), int(batch.ends[each]) + 1
            lines = max(1, batch.block.count(b"\n", start, end))  # so that later lines keep their numbers
            pieces += [block[done:start][is_kept[done:start]].tobytes(), self.empty + b"\n" * lines]
            done = end
        pieces.append(block[done:][is_kept[done:]].tobytes())
        self.opened.write(b"".join(pieces))

    def _is_mixed(self, block: bytes) -> bool:
        returns = block.count(b"\r\n") if b"\r" in block else 0
        earlier, self.has_returns = self.has_returns, returns > 0
        return earlier not in {None, self.has_returns} or (returns > 0 and returns != block.count(b"\n"))


def _check_header(batch: Batch, rule: Any, row: int, header_rows: int, name: Path) -> None:
    if header_rows and row == 1 - header_rows and len(rule) and rule[0]:
        raise SourceError(
            f"{name}, line {batch.lines[0]}: the header cannot be read ({rule[0]}). "
            "Correct its quotes, or name its delimiter under [source.file]."
        )


def _check_encoding(batch: Batch, name: Path) -> None:
    try:
        batch.block.decode("utf-8")
    except UnicodeDecodeError as error:
        at = max(0, int(np.searchsorted(batch.starts, error.start, side="right")) - 1)
        first = int(batch.lines[at]) if len(batch.lines) else 1
        line = first + batch.block.count(b"\n", int(batch.starts[at]) if len(batch.starts) else 0, error.start)
        raise SourceError(
            f"{name} is not UTF-8: byte {batch.offset + error.start + 1:,} (line {line:,}) is "
            f"0x{batch.block[error.start]:02x}. Nothing of it was loaded. Say its encoding under [source.file], "
            'such as encoding = "windows-1252", or export it again as UTF-8.'
        ) from None


def _check_names(names: list[str], name: Path) -> None:
    twice = sorted(shown(each) for each in {each for each in names if names.count(each) > 1})
    if twice:
        raise SourceError(
            f"{name}, line 1: the header names {', '.join(twice)} more than once. Rename the column at the source."
        )
