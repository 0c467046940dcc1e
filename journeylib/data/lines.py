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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from journeylib.errors import SourceError

__all__ = ["Plain", "Unfit", "names_in", "pick", "survey"]

_BLOCK = 1 << 20  # what a processor keeps at hand; larger blocks are slower
_SMALL = 64 << 10  # after a stray quote, so that many of them do not mean many passes over a whole block
_LONGEST = 1_000_000  # bytes of a record; the engine's own limit is twice that
_NEWLINE, _RETURN, _QUOTE = 10, 13, 34

Positions = np.ndarray[Any, Any]


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


@dataclass(frozen=True)
class _Batch:
    """Some whole records: where each starts and ends in `block`, its line, its number of cells, the rules broken."""

    block: bytes
    offset: int
    starts: Positions
    ends: Positions
    lines: Positions
    cells: Positions
    broken: dict[int, str]

    def text(self, at: int) -> str:
        return self.block[self.starts[at] : self.ends[at]].decode("utf-8", "replace").removesuffix("\r")


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
        first = opened.read(_LONGEST)
    if is_csv:
        names, delimiter = names_in(first, delimiter=delimiter, quote=quote, header_rows=header_rows)
        _check_names(names, name)
    else:
        names, delimiter, quote, header_rows = ["line"], None, "", 0
    empty = (delimiter or "").join([""] * len(names)) or ('""' if is_csv else "{}")
    unfit: list[Unfit] = []
    row = 1 - header_rows
    with _Copy(path, copy, empty.encode()) as writer:
        for batch in _batches(path, name, delimiter, quote):
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
    for batch in _batches(plain.path, plain.path, plain.delimiter, plain.quote):
        after = row + len(batch.starts)
        for each in wanted[(wanted >= row) & (wanted < after)]:
            found[int(each)] = (int(batch.lines[each - row]), batch.text(int(each - row)))
        row = after
    return found


def _batches(path: Path, name: Path, delimiter: str | None, quote: str) -> Iterator[_Batch]:
    """Cut a file into records, some at a time."""
    with path.open("rb") as opened:
        offset = len(codecs.BOM_UTF8) if opened.read(3) == codecs.BOM_UTF8 else 0
        opened.seek(offset)
        yield from _cut_all(opened, offset, name, delimiter, quote)


def _cut_all(opened: BinaryIO, offset: int, name: Path, delimiter: str | None, quote: str) -> Iterator[_Batch]:
    buffer, here, line, reach, is_over = b"", 0, 1, _BLOCK, False
    while True:
        if not is_over and len(buffer) - here < reach:
            more = opened.read(_BLOCK)
            is_over = len(more) < _BLOCK
            buffer, here = buffer[here:] + more, 0
        window = buffer[here : here + reach]
        is_last = is_over and here + len(window) == len(buffer)
        if not window:
            return
        batch, used, passed = _cut(window, offset, line, delimiter, quote, is_last=is_last, name=name)
        if not used:
            reach *= 2
            continue
        yield batch
        here, offset, line = here + used, offset + used, line + passed
        reach = _SMALL if "stray_quote" in batch.broken.values() else min(2 * reach, _BLOCK)


def _cut(
    window: bytes, offset: int, line: int, delimiter: str | None, quote: str, *, is_last: bool, name: Path
) -> tuple[_Batch, int, int]:
    """Cut whole records off a window that starts with one, up to the first stray quote and its line.

    Beside them stand the bytes used and the line breaks passed.
    """
    block = np.frombuffer(window, dtype=np.uint8)
    newlines = np.flatnonzero(block == _NEWLINE)
    if is_last and window[-1] != _NEWLINE:
        newlines = np.append(newlines, len(window))
    delimiters = np.flatnonzero(block == ord(delimiter)) if delimiter else newlines[:0]
    ends, stray = newlines, None
    if quote and quote.encode() in window:
        quotes = np.flatnonzero(block == ord(quote))
        ends = newlines[np.searchsorted(quotes, newlines) % 2 == 0]
        delimiters = delimiters[np.searchsorted(quotes, delimiters) % 2 == 0]
        stray = _stray(block, quotes, ord(delimiter or ","), ord(quote))
    starts = np.concatenate([[0], ends[:-1] + 1]).astype(np.int64) if len(ends) else ends
    long = np.flatnonzero(ends - starts > _LONGEST)
    if len(long):
        stray = min(stray if stray is not None else len(window), int(starts[long[0]]))
    tail = int(ends[-1]) + 1 if len(ends) else 0
    if stray is None and tail < len(window) and (is_last or len(window) - tail > _LONGEST):
        stray = tail  # a quote that nothing closes
    broken = {}
    if stray is not None:
        whole = int(np.searchsorted(ends, stray))
        begins = int(ends[whole - 1]) + 1 if whole else 0
        after = int(np.searchsorted(newlines, begins))
        if after == len(newlines) and not is_last and len(window) - begins <= _LONGEST:
            ends, starts, stray = ends[:whole], starts[:whole], None  # its line does not end in this window
        else:
            end = int(newlines[after]) if after < len(newlines) else len(window)
            if end - begins > _LONGEST:
                raise SourceError(
                    f"{name}, line {line + int(np.searchsorted(newlines, begins))} is longer than {_LONGEST:,} bytes. "
                    "Look for missing line breaks, or export it again."
                )
            ends, starts = np.append(ends[:whole], end), np.append(starts[:whole], begins)
            broken[whole] = "stray_quote"
    used = min(int(ends[-1]) + 1, len(window)) if len(ends) else 0
    broken |= dict.fromkeys(_controls(block, window, quote, ends, used), "control_character")
    cells = 1 + np.searchsorted(delimiters, ends) - np.searchsorted(delimiters, starts)
    filled = ends - starts > np.where(block[np.minimum(starts, len(block) - 1)] == _RETURN, 1, 0)
    kept = np.flatnonzero(filled)
    renumbered = {int(np.searchsorted(kept, at)): rule for at, rule in broken.items() if filled[at]}
    lines = line + np.searchsorted(newlines, starts)
    batch = _Batch(window[:used], offset, starts[kept], ends[kept], lines[kept], cells[kept], renumbered)
    return batch, used, int(np.searchsorted(newlines, used))


def _stray(block: Positions, quotes: Positions, delimiter: int, quote: int) -> int | None:
    """Where the first quote stands that neither opens nor closes a cell, nor is doubled within one."""
    opening, closing = quotes[0::2], quotes[1::2]
    before = np.where(opening > 0, block[opening - 1], _NEWLINE)
    after = np.where(closing + 1 < len(block), block[np.minimum(closing + 1, len(block) - 1)], _NEWLINE)
    wrong = np.concatenate(
        [
            opening[~np.isin(before, [delimiter, _NEWLINE, quote])],
            closing[~np.isin(after, [delimiter, _NEWLINE, _RETURN, quote])],
        ]
    )
    return int(wrong.min()) if len(wrong) else None


def _controls(block: Positions, window: bytes, quote: str, ends: Positions, used: int) -> set[int]:
    """The records that hold a NUL or 0x01, or outside quotes a carriage return that ends no line."""
    found = np.flatnonzero(block[:used] <= 1) if b"\0" in window or b"\1" in window else ends[:0]
    if b"\r" in window and window.count(b"\r") != window.count(b"\r\n"):
        returns = np.flatnonzero(block[:used] == _RETURN)
        follows = np.where(returns + 1 < len(block), block[np.minimum(returns + 1, len(block) - 1)], 0)
        lone = returns[follows != _NEWLINE]
        if quote:
            quotes = np.flatnonzero(block == ord(quote))
            lone = lone[np.searchsorted(quotes, lone) % 2 == 0]
        found = np.concatenate([found, lone])
    return {int(at) for at in np.searchsorted(ends, found)}


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

    def take(self, batch: _Batch, broken: list[int]) -> None:
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


def _check_encoding(batch: _Batch, name: Path) -> None:
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
