"""Cut a text file into records with numpy, some at a time, and find those whose quotes or characters are wrong.

A quote is right where it opens or closes a cell, or is doubled within one. At the first that
is not, the records before it stand; the one that holds it is its first line only, and
cutting begins anew on the next. So one stray quote never takes more than a line away.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from journeylib.errors import SourceError

__all__ = ["LONGEST", "Batch", "batches", "is_one"]

LONGEST = 1_000_000  # bytes of a record; the engine's own limit is four times that
_BLOCK = 1 << 20  # what a processor keeps at hand; larger blocks are slower
_NEWLINE, _RETURN = 10, 13

Positions = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Batch:
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


def batches(path: Path, name: Path, delimiter: str | None, quote: str) -> Iterator[Batch]:
    """Cut a file into records, some at a time."""
    with path.open("rb") as opened:
        offset = len(codecs.BOM_UTF8) if opened.read(3) == codecs.BOM_UTF8 else 0
        opened.seek(offset)
        yield from _cut_all(opened, offset, name, delimiter, quote)


def _cut_all(opened: BinaryIO, offset: int, name: Path, delimiter: str | None, quote: str) -> Iterator[Batch]:
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
        reach = _BLOCK


def is_one(text: str, name: Path, delimiter: str | None, quote: str) -> tuple[bool, bool]:
    """Whether a text is one record, and whether its quotes are sound."""
    if "\n" not in text and (not quote or quote not in text):
        return True, True
    batch, _, _ = _cut(text.encode("utf-8", "surrogatepass"), 0, 1, delimiter, quote, is_last=True, name=name)
    return len(batch.starts) == 1, "stray_quote" not in batch.broken.values()


def _cut(
    window: bytes, offset: int, line: int, delimiter: str | None, quote: str, *, is_last: bool, name: Path
) -> tuple[Batch, int, int]:
    """Cut whole records off a window that starts with one; beside them stand the bytes used and the lines passed."""
    block = np.frombuffer(window, dtype=np.uint8)
    newlines = np.flatnonzero(block == _NEWLINE)
    if is_last and window[-1] != _NEWLINE:
        newlines = np.append(newlines, len(window))
    quotes = np.flatnonzero(block == ord(quote)) if quote and quote.encode() in window else newlines[:0]
    ways = _Ways(block, newlines, quotes, ord(delimiter or ","), ord(quote or '"'))
    starts, ends, stray = _bounds(ways, is_last=is_last, name=name, line=line)
    used = min(int(ends[-1]) + 1, len(window)) if len(ends) else 0
    broken = dict.fromkeys(stray, "stray_quote")
    broken |= dict.fromkeys(_controls(block, window, quotes, starts, ends, used), "control_character")
    cells = np.ones(len(starts), dtype=np.int64)
    if delimiter and len(starts):
        delimiters = np.flatnonzero(block == ord(delimiter))
        way, begun = np.searchsorted(quotes, delimiters) % 2, np.searchsorted(quotes, starts) % 2
        for each in sorted(set(begun.tolist())):
            outside, among = delimiters[way == each], begun == each
            cells[among] += np.searchsorted(outside, ends[among]) - np.searchsorted(outside, starts[among])
    filled = ends - starts > np.where(block[np.minimum(starts, len(block) - 1)] == _RETURN, 1, 0)
    kept = np.flatnonzero(filled)
    renumbered = {int(np.searchsorted(kept, at)): rule for at, rule in broken.items() if filled[at]}
    lines = line + np.searchsorted(newlines, starts)
    batch = Batch(window[:used], offset, starts[kept], ends[kept], lines[kept], cells[kept], renumbered)
    return batch, used, int(np.searchsorted(newlines, used))


class _Ways:
    """The two ways to read the quotes of a block: its first opens a cell, or its first closes one.

    After a stray quote the other way may be right; each is worked out once for the whole block.
    """

    def __init__(self, block: Positions, newlines: Positions, quotes: Positions, delimiter: int, quote: int) -> None:
        self.size, self.newlines, self.quotes = len(block), newlines, quotes
        self._known: dict[int, tuple[Positions, Positions]] = {}
        if len(quotes):
            before = np.where(quotes > 0, block[quotes - 1], _NEWLINE)
            after = np.where(quotes + 1 < len(block), block[np.minimum(quotes + 1, len(block) - 1)], _NEWLINE)
            self._opens = np.isin(before, [delimiter, _NEWLINE, quote])
            self._closes = np.isin(after, [delimiter, _NEWLINE, _RETURN, quote])
            self._passed = np.searchsorted(quotes, newlines) % 2

    def at(self, place: int) -> tuple[Positions, Positions]:
        """Where records end, and the quotes that neither open nor close a cell nor are doubled, read from a place."""
        if not len(self.quotes):
            return self.newlines, self.quotes
        way = int(np.searchsorted(self.quotes, place)) % 2
        if way not in self._known:
            is_right = np.where(np.arange(len(self.quotes)) % 2 == way, self._opens, self._closes)
            self._known[way] = self.newlines[self._passed == way], self.quotes[~is_right]
        return self._known[way]


def _bounds(ways: _Ways, *, is_last: bool, name: Path, line: int) -> tuple[Positions, Positions, list[int]]:
    """Where whole records start and end, and which of them hold a stray quote."""
    newlines, size = ways.newlines, ways.size
    found: list[Positions] = [newlines[:0]]
    broken: list[int] = []
    here = done = 0
    while here < size:
        ends, wrong = ways.at(here)
        first = int(np.searchsorted(wrong, here))
        stray = int(wrong[first]) if first < len(wrong) else None
        whole = ends[np.searchsorted(ends, here) : len(ends) if stray is None else np.searchsorted(ends, stray)]
        if len(whole) and (long := np.flatnonzero(np.diff(whole, prepend=here - 1) > LONGEST + 1)).size:
            whole, stray = whole[: long[0]], here
        begins = int(whole[-1]) + 1 if len(whole) else here
        found.append(whole)
        done += len(whole)
        if stray is None and (begins >= size or not (is_last or size - begins > LONGEST)):
            break
        # A stray quote, one that nothing closes, or a record that is too long.
        after = int(np.searchsorted(newlines, begins))
        if after == len(newlines) and not is_last and size - begins <= LONGEST:
            break  # its line does not end in this window
        end = int(newlines[after]) if after < len(newlines) else size
        if end - begins > LONGEST:
            raise SourceError(
                f"{name}, line {line + after} is longer than {LONGEST:,} bytes. "
                "Look for missing line breaks, or export it again."
            )
        found.append(np.array([end]))
        broken.append(done)
        here, done = end + 1, done + 1
    ends = np.concatenate(found).astype(np.int64)
    return np.concatenate([[0], ends[:-1] + 1]).astype(np.int64) if len(ends) else ends, ends, broken


def _controls(
    block: Positions, window: bytes, quotes: Positions, starts: Positions, ends: Positions, used: int
) -> set[int]:
    """The records that hold a NUL or 0x01, or outside quotes a carriage return that ends no line."""
    found = np.flatnonzero(block[:used] <= 1) if b"\0" in window or b"\1" in window else ends[:0]
    if b"\r" in window and window.count(b"\r") != window.count(b"\r\n"):
        returns = np.flatnonzero(block[:used] == _RETURN)
        follows = np.where(returns + 1 < len(block), block[np.minimum(returns + 1, len(block) - 1)], 0)
        lone = returns[follows != _NEWLINE]
        begun = starts[np.searchsorted(ends, lone)]
        lone = lone[(np.searchsorted(quotes, lone) - np.searchsorted(quotes, begun)) % 2 == 0]
        found = np.concatenate([found, lone])
    return {int(at) for at in np.searchsorted(ends, found)}
