"""Open source files: refuse what holds no table, unpack and decode, count records apart from the engine.

What can be read as it is, is read as it is; compressed, re-encoded or damaged text is
brought to plain UTF-8 in a working folder first. A file whose compression or encoding is
broken is refused whole, for nobody can say which of its rows are right.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import itertools
import shutil
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journeylib.data import lines, xes
from journeylib.data.lines import Plain
from journeylib.data.sources import Source
from journeylib.errors import SourceError, first_line

__all__ = ["Opened", "open_file", "packing", "sha256", "wide_encoding"]

_BLOCK = 1 << 20
_BOMB = 400  # text that packs better than this is no log of events
_BOMB_FROM = 256 << 20  # bytes; smaller files do no harm
_KINDS = {
    "csv": "csv", "tsv": "csv", "txt": "csv", "jsonl": "lines", "ndjson": "lines", "json": "lines",
    "parquet": "parquet", "xes": "xes",
}  # fmt: skip
_PICKLE = "is a Python pickle, which is never opened. Write it as Parquet."
_NOT_TEXT = {
    b"PAR1": "is Parquet. Name it with the ending .parquet.",
    b"PK\x03\x04": "is a zip archive or a spreadsheet. Unpack it, or save the sheet as CSV.",
    b"\xd0\xcf\x11\xe0": "is an old spreadsheet. Save the sheet as CSV.",
    b"SQLite": "is a database. Export its table as CSV or Parquet.",
    b"%PDF": "is a PDF. Export the table as CSV.",
    **{bytes([0x80, protocol]): _PICKLE for protocol in (2, 3, 4, 5)},
}
_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass(frozen=True)
class Opened:
    """A source file that the engine can read: `plain` for text, else `path` itself, which is Parquet.

    `records` was counted without the engine. `has_lines` says whether the lines of `plain` are those of the file.
    """

    path: Path
    sha256: str
    is_json: bool
    records: int
    plain: Plain | None = None
    has_lines: bool = True


def open_file(source: Source, path: Path, work: Path, *, digest: str = "") -> Opened:
    """Open one file of a source, known by its SHA-256; copies, where they are needed, go into the folder `work`.

    Raises SourceError, naming file, place and remedy, where it cannot be read to its end.
    """
    kind = _KINDS.get(_unpacked(path).rsplit(".", 1)[-1])
    if kind is None:
        readable = ", ".join(f".{ending}" for ending in _KINDS)
        raise SourceError(
            f"{path} has an ending that is not read. Bring it as one of {readable}; text also as .gz or .zst."
        )
    try:
        if kind == "parquet":
            return Opened(path, digest, False, _parquet_rows(path))
        text = _xes(path, work) if kind == "xes" else _plain(path, source.encoding, work)
        if kind == "lines":
            _refuse_list(text, path)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}. Look at its rights.") from None
    plain = lines.survey(
        text,
        work / "fit",
        name=path,
        delimiter=source.delimiter or ("\t" if _unpacked(path).endswith(".tsv") else None),
        quote=source.quote,
        header_rows=source.header_rows,
        is_csv=kind == "csv",
    )
    if kind == "xes" and plain.records != _xes_events(path, work):
        raise SourceError(f"{path}: not every <event> of it stands in a trace. Export it again.")
    return Opened(path, digest, kind != "csv", plain.records, plain, kind != "xes")


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _unpacked(path: Path) -> str:
    return path.name.lower().removesuffix(".gz").removesuffix(".zst")


def _parquet_rows(path: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet

    try:
        return int(pyarrow.parquet.read_metadata(path).num_rows)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{path} is no whole Parquet file: {first_line(error)} Export it again.") from None


def _xes(path: Path, work: Path) -> Path:
    """Write the events of an XES log as JSON lines."""
    if packed := _compression(path):
        _write(_blocks(path, packed), work / "log.xes")
    with (work / "log.xes" if packed else path).open("rb") as opened:
        xes.to_json_lines(path, work / "events.jsonl", opened=opened)
    return work / "events.jsonl"


def _xes_events(path: Path, work: Path) -> int:
    with (work / "log.xes" if _compression(path) else path).open("rb") as opened:
        return xes.count_events(path, opened=opened)


def _plain(path: Path, encoding: str | None, work: Path) -> Path:
    """The file as plain UTF-8 text: itself where it is that already."""
    packed = _compression(path)
    blocks = _blocks(path, packed)
    first = next(blocks, b"")
    for magic, what in _NOT_TEXT.items():
        if first.startswith(magic):
            raise SourceError(f"{path} {what}")
    bom = next((mark for mark in _BOMS if first.startswith(mark)), None)
    codec = codecs.lookup(encoding or _BOMS.get(bom or b"", "utf-8")).name
    if codec == "utf-8" and (wide := wide_encoding(first)):
        raise SourceError(f'{path} looks like UTF-16. Say encoding = "{wide}" under [source.file].')
    has_only_returns = codec == "utf-8" and b"\r" in first and b"\n" not in first
    if not packed and codec == "utf-8" and not has_only_returns:
        return path
    whole: Iterator[bytes] = itertools.chain([first], blocks)
    if codec != "utf-8":
        whole = _decoded(path, whole, codec)
    if has_only_returns:
        whole = (block.replace(b"\r", b"\n") for block in whole)
    _write(whole, work / "plain")
    return work / "plain"


def packing(first: bytes) -> str | None:
    """How a file that begins so is packed: gzip, zstd or not."""
    return "gzip" if first[:2] == b"\x1f\x8b" else "zstd" if first[:4] == b"\x28\xb5\x2f\xfd" else None


def wide_encoding(first: bytes) -> str | None:
    """The encoding of text that looks like UTF-16 without saying so: every other byte of its Latin letters is zero."""
    for name, zeros in [("utf-16-le", first[1:2000:2]), ("utf-16-be", first[0:2000:2])]:
        if len(zeros) > 4 and zeros.count(0) > 0.4 * len(zeros):
            return name
    return None


def _compression(path: Path) -> str | None:
    with path.open("rb") as opened:
        return packing(opened.read(4))


def _blocks(path: Path, packed: str | None) -> Iterator[bytes]:
    """The bytes of a file, unpacked; refused where they end early, fail their check, or swell beyond reason."""
    if packed is None:
        with path.open("rb") as plain:
            while block := plain.read(_BLOCK):
                yield block
        return
    import pyarrow as pa

    size, done, room = path.stat().st_size, 0, shutil.disk_usage(path.parent).free
    try:
        unpacked: Any = gzip.GzipFile if packed == "gzip" else lambda each: pa.CompressedInputStream(str(each), "zstd")
        with unpacked(path) as opened:
            while block := opened.read(_BLOCK):
                done += len(block)
                if done > _BOMB_FROM and done > _BOMB * size:
                    raise SourceError(
                        f"{path} unpacks to more than {_BOMB} times its size, which no log of events does. "
                        "Unpack it yourself if you trust it."
                    )
                if done > room:
                    raise SourceError(f"{path} unpacks to more than the {room:,} bytes that are free. Make room.")
                yield block
    except (OSError, EOFError, zlib.error, pa.ArrowException) as error:
        raise SourceError(
            f"{path} cannot be unpacked ({packed}) beyond byte {done:,} of its content: {first_line(error)} "
            "Nothing of it was loaded; copy or export it again."
        ) from None


def _decoded(path: Path, blocks: Iterator[bytes], codec: str) -> Iterator[bytes]:
    """Text of another encoding as UTF-8; refused where it is not of that encoding."""
    decoder, done, line = codecs.getincrementaldecoder(codec)("strict"), 0, 1
    for block in itertools.chain(blocks, [b""]):
        held = len(decoder.getstate()[0])
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            line += error.object[: error.start].decode(codec, "replace").count("\n")
            raise SourceError(
                f"{path} is not {codec}: byte {done - held + error.start + 1:,} (line {line:,}) is "
                f"0x{error.object[error.start]:02x}. Nothing of it was loaded. "
                "Correct encoding under [source.file], or export it again as UTF-8."
            ) from None
        done += len(block)
        line += text.count("\n")
        yield text.encode("utf-8", "surrogatepass")


def _write(blocks: Iterator[bytes], into: Path) -> None:
    with into.open("wb") as opened:
        for block in blocks:
            opened.write(block)


def _refuse_list(text: Path, path: Path) -> None:
    with text.open("rb") as opened:
        if opened.read(1000).removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"[":
            raise SourceError(f"{path} is one JSON list. Write it as JSON lines, one object a line.")
