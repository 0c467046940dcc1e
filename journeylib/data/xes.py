"""Turn an XES event log (XML) into JSON lines, one event a line, in flat memory.

Values stay as they are written. A trace's attributes are named `case:…`; attributes
within attributes, and what the log says of itself, are left out. A log that declares a
document type is refused, since its entities could reach for other files or never end.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO
from xml.parsers import expat

from journeylib.errors import SourceError, shown

__all__ = ["count_events", "to_json_lines"]

_BLOCK = 1 << 20
_LONGEST = 16 << 20  # bytes of one tag, text or comment
_DEEPEST = 100
_SIMPLE = {"string", "date", "int", "float", "boolean", "id"}
_MARK = re.compile(rb"<!--|<!\[CDATA\[|<event(?=[\s/>])")
_CLOSED = {b"<!--": b"-->", b"<![CDATA[": b"]]>"}
_written = json.JSONEncoder(ensure_ascii=False).encode
_TAIL = 16  # bytes that the longest mark, and the byte after it, need


def to_json_lines(path: Path, into: Path, *, opened: BinaryIO | None = None) -> int:
    """Write the events of the log at `path`, or `opened` (its bytes, unpacked), to `into`; the answer is their number.

    Raises SourceError where it is no XML, no event log or declares a document type, naming the line.
    """
    if opened is None:
        with path.open("rb") as own:
            return to_json_lines(path, into, opened=own)
    with into.open("w", encoding="utf-8", newline="\n") as lines:
        log = _Log(path, lines)
        log.read(opened)
    return log.events


def count_events(path: Path, *, opened: BinaryIO | None = None) -> int:
    """Count the events of a log by looking for their start tags, without the parser; comments do not count."""
    if opened is None:
        with path.open("rb") as own:
            return count_events(path, opened=own)
    events, rest, waits_for = 0, b"", b""
    for block in _utf_8(opened):
        text, at = rest + block, 0
        while True:
            if waits_for:
                end = text.find(waits_for, at)
                if end < 0:
                    at = max(at, len(text) - _TAIL)
                    break
                at, waits_for = end + len(waits_for), b""
            mark = _MARK.search(text, at)
            if mark is None:
                at = max(at, len(text) - _TAIL)
                break
            at, waits_for = mark.end(), _CLOSED.get(mark.group(), b"")
            events += not waits_for
        rest = text[at:]
    return events


def _utf_8(opened: BinaryIO) -> Iterator[bytes]:
    """The bytes of a file in blocks; of one in UTF-16, as UTF-8."""
    blocks = iter(lambda: opened.read(_BLOCK), b"")
    first = next(blocks, b"")
    if not first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield first
        yield from blocks
        return
    decoder = codecs.getincrementaldecoder("utf-16")("replace")
    yield decoder.decode(first).encode("utf-8", "replace")
    for block in blocks:
        yield decoder.decode(block).encode("utf-8", "replace")


class _Log:
    """Follow the tags of a log and write each event as it ends."""

    def __init__(self, path: Path, lines: TextIO) -> None:
        self.path, self.lines, self.events = path, lines, 0
        self.within: list[str] = []  # the open tags
        self.case: dict[str, str] = {}
        self.event: dict[str, str] = {}
        self.has_events = False  # in this trace
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.StartDoctypeDeclHandler = self.refuse_doctype

    def read(self, opened: BinaryIO) -> None:
        fed = 0
        try:
            while block := opened.read(_BLOCK):
                self.parser.Parse(block, False)
                fed += len(block)
                if fed - self.parser.CurrentByteIndex > _LONGEST:
                    raise self.refusal(f"a tag or text is longer than {_LONGEST:,} bytes")
            self.parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise self.refusal(f"it is not well-formed XML ({expat.ErrorString(error.code)})") from None
        except (LookupError, ValueError):
            raise self.refusal("the encoding that it declares is not known") from None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if not self.within and name != "log":
            raise self.refusal(f"its first element is <{shown(name)}>, so it is no event log, which starts with <log>")
        if len(self.within) == _DEEPEST:
            raise self.refusal(f"its tags are nested deeper than {_DEEPEST}")
        around = self.within[-1] if self.within else ""
        if name == "trace" and around == "log":
            self.case, self.has_events = {}, False
        elif name == "event" and around in {"trace", "log"}:
            self.event, self.has_events = {}, True
        elif name == "event":
            raise self.refusal(f"an <event> stands within <{shown(around)}>, not within a <trace>")
        elif name in _SIMPLE and around in {"trace", "event"} and "key" in attributes and "value" in attributes:
            if around == "trace" and self.has_events:
                raise self.refusal("an attribute of a trace stands after its events, where XES has it before them")
            into, key = (self.event, "") if around == "event" else (self.case, "case:")
            into[key + attributes["key"]] = attributes["value"]
        self.within.append(name)

    def end(self, name: str) -> None:
        self.within.pop()
        if name == "event":
            self.lines.write(_written({**self.event, **self.case}) + "\n")
            self.events += 1
        elif name == "trace" and self.within == ["log"]:
            self.case = {}

    def refuse_doctype(self, *_: object) -> None:
        raise self.refusal("it declares a document type (<!DOCTYPE …>), which could reach for other files")

    def refusal(self, what: str) -> SourceError:
        return SourceError(
            f"{self.path}, line {self.parser.CurrentLineNumber:,}: {what}. "
            "Nothing of it was loaded; correct that line, or export it again as XES."
        )
