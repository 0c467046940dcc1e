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
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from journeylib.data.records import LONGEST, Batch, batches
from journeylib.errors import SourceError

__all__ = ["Plain", "Unfit", "names_in", "pick", "survey"]

_BLOCK = 1 << 20  # bytes copied at a time


@dataclass(frozen=True)
class Unfit:
    """A record that cannot be read: its row (from 1, the header apart), its line, the rule it breaks, its text."""

    row: int
    line: int
    rule: str
    text: str


@dataclass(frozen=True)
class Plain:
    """A text file as the engine can read it: in UTF-8, every record with as many cells as there are `names`.

    `records` counts data rows, unfit ones included. A file of JSON lines has no `delimiter`.
    """

    path: Path
    names: tuple[str, ...]
    delimiter: str | None
    quote: str
    header_rows: int
    records: int
    unfit: tuple[Unfit, ...] = ()


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
    unfit: list[Unfit] = []
    row = 1 - header_rows
    with _Copy(path, copy, empty.encode()) as writer:
        for batch in batches(path, name, delimiter, quote):
            _check_encoding(batch, name)
            broken = dict(batch.broken)
            if is_csv:
                ragged = np.flatnonzero(batch.cells != len(names))
                broken = {**{int(at): "ragged" for at in ragged}, **broken}
            for at in sorted(broken):
                if row + at >= 1:
                    unfit.append(Unfit(row + at, int(batch.lines[at]), broken[at], batch.text(at)))
                elif row + at == 1 - header_rows:
                    raise SourceError(
                        f"{name}, line {batch.lines[at]}: the header cannot be read ({broken[at]}). "
                        "Correct its quotes, or name its delimiter under [source.file]."
                    )
            writer.take(batch, sorted(broken))
            row += len(batch.starts)
    if row < 1 and header_rows:
        raise SourceError(f"{name} is empty: it has no header. Export it again.")
    return Plain(writer.used, tuple(names), delimiter, quote, header_rows, row - 1, tuple(unfit))


def pick(plain: Plain, rows: Iterable[int]) -> dict[int, tuple[int, str]]:
    """Fetch records by their rows: the line where each begins, and its text."""
    wanted = np.array(sorted(set(rows)), dtype=np.int64)
    found: dict[int, tuple[int, str]] = {}
    row = 1 - plain.header_rows
    for batch in batches(plain.path, plain.path, plain.delimiter, plain.quote):
        after = row + len(batch.starts)
        for each in wanted[(wanted >= row) & (wanted < after)]:
            found[int(each)] = (int(batch.lines[each - row]), batch.text(int(each - row)))
        row = after
    return found


class _Copy:
    """Write, once it is needed, a copy in which an empty record stands for each unfit one.

    It is also needed where some lines end with a carriage return and others do not.
    """

    def __init__(self, path: Path, copy: Path, empty: bytes) -> None:
        self.path, self.copy, self.empty = path, copy, empty
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
            with self.path.open("rb") as original:
                _copy_up_to(original, self.opened, batch.offset)
        if self.opened is None:
            return
        pieces, done = [], 0
        for at in broken:
            start, end = int(batch.starts[at]), int(batch.ends[at]) + 1
            lines = max(1, batch.block.count(b"\n", start, end))  # so that later lines keep their numbers
            pieces += [batch.block[done:start], self.empty + b"\n" * lines]
            done = end
        pieces.append(batch.block[done:])
        self.opened.write(b"".join(pieces).replace(b"\r\n", b"\n"))

    def _is_mixed(self, block: bytes) -> bool:
        returns = block.count(b"\r\n") if b"\r" in block else 0
        earlier, self.has_returns = self.has_returns, returns > 0
        return earlier not in {None, self.has_returns} or (returns > 0 and returns != block.count(b"\n"))


def _copy_up_to(original: BinaryIO, copy: BinaryIO, offset: int) -> None:
    while offset > 0:
        piece = original.read(min(offset, _BLOCK))
        if piece.endswith(b"\r"):
            piece += original.read(1)
        copy.write(piece.replace(b"\r\n", b"\n"))
        offset -= len(piece)


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
    twice = sorted({each for each in names if names.count(each) > 1})
    if twice:
        raise SourceError(
            f"{name}, line 1: the header names {', '.join(twice)} more than once. Rename the column at the source."
        )
