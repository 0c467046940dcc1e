"""Take the beginning of a source file, so that a large one can be looked at in seconds.

A file that is small is looked at as it is. Of a larger one the first rows are written to a
small file of the same kind, which everything else reads as it would read the whole.
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journeylib.data.opening import packing, wide_encoding
from journeylib.data.records import LONGEST

__all__ = ["Beginning", "take"]

_BLOCK = 1 << 20
_WIDE = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(frozen=True)
class Beginning:
    """What to look at: the file itself where `is_whole`, else a file with its first rows.

    `share` says how much of the file that is. `encoding` is a guess where text is not UTF-8
    and no byte-order mark says what it is; whether it reads well is for a person to see.
    """

    path: Path
    is_whole: bool = True
    share: float = 1.0
    encoding: str | None = None


def take(path: Path, work: Path, *, rows: int = 200_000, size: int = 32 << 20) -> Beginning:
    """Take the first rows of a file, at most so many and of so many bytes of text; copies go into `work`.

    A file that cannot be read is left to whoever opens it, who can say why. Event logs in
    XML are taken whole.
    """
    name = path.name.lower()
    if name.endswith(".parquet"):
        return _parquet(path, work, rows)
    if name.removesuffix(".gz").removesuffix(".zst").endswith(".xes"):
        return Beginning(path)
    import pyarrow as pa

    try:
        with path.open("rb") as raw:
            data, used, is_whole = _first(raw, rows, size)
    except (OSError, EOFError, zlib.error, pa.ArrowException):
        return Beginning(path)
    encoding = _encoding(data)
    if is_whole:
        return Beginning(path, encoding=encoding)
    wide = _WIDE.get(data[:2]) or (encoding if encoding and encoding.startswith("utf-16") else None)
    cut = data[: _end(data, "\n".encode(wide or "utf-8"))]
    into = work / (path.name[:-4] if name.endswith(".zst") else path.name[:-3] if name.endswith(".gz") else path.name)
    into.write_bytes(cut)
    return Beginning(into, False, used / path.stat().st_size * len(cut) / len(data), encoding)


def _first(raw: Any, rows: int, size: int) -> tuple[bytes, int, bool]:
    """The first bytes of a file, unpacked; how many bytes of the file they are, and whether they are all."""
    import pyarrow as pa

    start = raw.read(4)
    raw.seek(0)
    opened = raw
    if packing(start) == "gzip":
        opened = gzip.GzipFile(fileobj=raw)
    elif packing(start) == "zstd":
        opened = pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd")
    blocks, lines, done, is_whole = [], 0, 0, True
    while block := opened.read(_BLOCK):
        blocks.append(block)
        lines, done = lines + block.count(b"\n"), done + len(block)
        if lines > rows or done > size:
            is_whole = not opened.read(1)
            break
    return b"".join(blocks), raw.tell(), is_whole


def _encoding(data: bytes) -> str | None:
    if data.startswith((codecs.BOM_UTF8, *_WIDE)):
        return None
    if wide := wide_encoding(data):
        return wide
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)  # a character may be cut in two at the end
    except UnicodeDecodeError:
        return "windows-1252" if not set(data) & {0x81, 0x8D, 0x8F, 0x90, 0x9D} else "latin-1"
    return None


def _end(data: bytes, newline: bytes) -> int:
    """Where the last whole record ends: behind a line break that is not within quotes, where there is one."""
    ends: list[int] = []
    end = len(data)
    while len(ends) < 1000 and (end := data.rfind(newline, 0, end)) >= 0:
        if end % len(newline) == 0:
            ends.append(end + len(newline))
    if not ends or len(data) - ends[0] > LONGEST:  # a longer record is left in, so that it is refused
        return len(data)
    quotes = data.count(b'"', 0, ends[0])
    for at, each in enumerate(ends):
        if at:
            quotes -= data.count(b'"', each, ends[at - 1])
        if quotes % 2 == 0:
            return each
    return ends[0]


def _parquet(path: Path, work: Path, rows: int) -> Beginning:
    import pyarrow as pa
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as whole:
            total = whole.metadata.num_rows
            if total <= rows:
                return Beginning(path)
            batches, taken = [], 0
            for batch in whole.iter_batches(batch_size=min(rows, 65_536)):
                batches.append(batch.slice(0, rows - taken))
                taken += len(batches[-1])
                if taken == rows:
                    break
            pyarrow.parquet.write_table(pa.Table.from_batches(batches), work / path.name)
    except (pa.ArrowException, OSError):
        return Beginning(path)
    return Beginning(work / path.name, False, rows / total)
