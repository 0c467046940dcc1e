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

__all__ = ["LONGEST", "Batch", "batches"]

LONGEST = 1_000_000  # bytes of a record; the engine's own limit is four times that
_BLOCK = 1 << 20  # what a processor keeps at hand; larger blocks are slower
_SMALL = 64 << 10  # after a stray quote, so that many of them do not mean many passes over a whole block
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
        reach = _SMALL if "stray_quote" in batch.broken.values() else min(2 * reach, _BLOCK)


def _cut(
    window: bytes, offset: int, line: int, delimiter: str | None, quote: str, *, is_last: bool, name: Path
) -> tuple[Batch, int, int]:
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
    long = np.flatnonzero(ends - starts > LONGEST)
    if len(long):
        stray = min(stray if stray is not None else len(window), int(starts[long[0]]))
    tail = int(ends[-1]) + 1 if len(ends) else 0
    if stray is None and tail < len(window) and (is_last or len(window) - tail > LONGEST):
        stray = tail  # a quote that nothing closes
    broken = {}
    if stray is not None:
        whole = int(np.searchsorted(ends, stray))
        begins = int(ends[whole - 1]) + 1 if whole else 0
        after = int(np.searchsorted(newlines, begins))
        if after == len(newlines) and not is_last and len(window) - begins <= LONGEST:
            ends, starts, stray = ends[:whole], starts[:whole], None  # its line does not end in this window
        else:
            end = int(newlines[after]) if after < len(newlines) else len(window)
            if end - begins > LONGEST:
                raise SourceError(
                    f"{name}, line {line + int(np.searchsorted(newlines, begins))} is longer than {LONGEST:,} bytes. "
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
    batch = Batch(window[:used], offset, starts[kept], ends[kept], lines[kept], cells[kept], renumbered)
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
