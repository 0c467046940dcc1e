from __future__ import annotations

import gzip
import io
import json
import tracemalloc

import pytest

from journeylib.data import xes
from journeylib.errors import SourceError

LOG = """<?xml version="1.0" encoding="UTF-8"?>
<!-- two <event> in a comment are no <event/> -->
<log xes.version="1849-2016" xmlns="http://www.xes-standard.org/">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <global scope="event"><string key="concept:name" value="__INVALID__"/></global>
  <classifier name="Activity" keys="concept:name"/>
  <string key="concept:name" value="of the log itself"/>
  <trace>
    <string key="concept:name" value="00123"/>
    <int key="amount" value="7"/>
    <event>
      <string key="concept:name" value="open &lt;ticket&gt; &#128222;"/>
      <date key="time:timestamp" value="2026-01-01T10:00:00.123456+02:00"/>
      <float key="cost:total" value="1.50"/>
      <boolean key="is_first" value="true"/>
      <string key="org:resource" value="Ann"><string key="org:role" value="clerk"/></string>
      <list key="items"><values><string key="item" value="x"/></values></list>
    </event>
    <event ><string key="concept:name" value="close&#10;ticket"/></event>
  </trace>
  <trace><event/></trace>
  <event><id key="identity:id" value="alone"/></event>
</log>
"""


def _lines(tmp_path, text, encoding="utf-8"):
    (tmp_path / "log.xes").write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    count = xes.to_json_lines(tmp_path / "log.xes", tmp_path / "lines")
    lines = (tmp_path / "lines").read_text(encoding="utf-8").split("\n")[:-1]
    assert count == len(lines)
    return [json.loads(line) for line in lines]


def _log(inside):
    return f"<log>\n{inside}\n</log>"


def test_each_event_is_a_line_with_its_values_as_written_and_its_traces(tmp_path):
    assert _lines(tmp_path, LOG) == [
        {
            "concept:name": "open <ticket> 📞",
            "time:timestamp": "2026-01-01T10:00:00.123456+02:00",
            "cost:total": "1.50",
            "is_first": "true",
            "org:resource": "Ann",
            "case:concept:name": "00123",
            "case:amount": "7",
        },
        {"concept:name": "close\nticket", "case:concept:name": "00123", "case:amount": "7"},
        {},
        {"identity:id": "alone"},
    ]


def test_events_are_counted_without_the_parser(tmp_path):
    (tmp_path / "log.xes").write_text(LOG, encoding="utf-8")
    assert xes.count_events(tmp_path / "log.xes") == 4


def test_a_case_has_the_last_word_on_whose_event_it_is(tmp_path):
    inside = '<string key="id" value="a"/><event><string key="case:id" value="b"/></event>'
    assert _lines(tmp_path, _log(f"<trace>{inside}</trace>")) == [{"case:id": "a"}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_a_log_is_read_in_the_encoding_that_it_declares(tmp_path, encoding):
    event = '<trace><event><string key="concept:name" value="café"/></event></trace>'
    text = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>{_log(event)}'
    assert _lines(tmp_path, text, encoding) == [{"concept:name": "café"}]
    assert xes.count_events(tmp_path / "log.xes") == 1


def test_an_open_file_is_read_whatever_it_was_packed_in(tmp_path):
    packed = gzip.compress(LOG.encode())
    with gzip.open(io.BytesIO(packed)) as opened:
        assert xes.to_json_lines(tmp_path / "log.xes.gz", tmp_path / "lines", opened=opened) == 4
    with gzip.open(io.BytesIO(packed)) as opened:
        assert xes.count_events(tmp_path / "log.xes.gz", opened=opened) == 4


@pytest.mark.parametrize("size", range(1, 40))
def test_a_tag_that_is_cut_between_two_blocks_counts_once(tmp_path, monkeypatch, size):
    monkeypatch.setattr(xes, "_BLOCK", size)
    text = _log("<trace><event/><!-- <event/> --><event><![CDATA[<event/>]]></event><events/></trace>")
    (tmp_path / "log.xes").write_text(text, encoding="utf-8")
    assert xes.count_events(tmp_path / "log.xes") == 2
    assert xes.to_json_lines(tmp_path / "log.xes", tmp_path / "lines") == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('<!DOCTYPE log [<!ENTITY a "b">]>\n<log/>', "line 1: it declares a document type"),
        ('<!DOCTYPE log SYSTEM "file:///etc/passwd">\n<log/>', "line 1: it declares a document type"),
        (_log("<trace><event></trace>"), r"line 2: it is not well-formed XML \(mismatched tag\)"),
        (_log("<trace><event>&a;</event></trace>"), r"line 2: it is not well-formed XML \(undefined entity\)"),
        ("<log>\n<trace>", r"line 2: it is not well-formed XML \(no element found\)"),
        ("", r"line 1: it is not well-formed XML \(no element found\)"),
        ("a,b\n1,2\n", r"line 1: it is not well-formed XML"),
        ("<html><body/></html>", "line 1: its first element is <html>, so it is no event log"),
        ('<?xml version="1.0" encoding="klingon"?><log/>', "line 1: the encoding that it declares is not known"),
        ('<?xml version="1.0" encoding="shift_jis"?><log/>', "line 1: the encoding that it declares is not known"),
        (
            _log('<trace><event/>\n<string key="concept:name" value="late"/></trace>'),
            "line 3: an attribute of a trace stands after its events",
        ),
        (
            _log('<trace><string key="a" value="b"><event/></string></trace>'),
            "line 2: an <event> stands within <string>",
        ),
        (_log("<trace><event>" + "<list>" * 200), "line 2: its tags are nested deeper than 100"),
        (b"<log>\n<trace><event>\xff</event></trace></log>", "line 2: it is not well-formed XML"),
    ],
)
def test_what_is_no_sound_log_is_refused_with_its_line(tmp_path, text, message):
    with pytest.raises(SourceError, match=rf"log\.xes, {message}.* Nothing of it was loaded; correct that line"):
        _lines(tmp_path, text)


def test_a_tag_without_end_is_refused_before_it_fills_the_memory(tmp_path):
    class Endless(io.RawIOBase):
        blocks = 0

        def read(self, size: int = -1) -> bytes:
            self.blocks += 1
            return b'<log><trace><string key="a" value="' if self.blocks == 1 else b"x" * size

    with pytest.raises(SourceError, match=r"a tag or text is longer than 16,777,216 bytes"):
        xes.to_json_lines(tmp_path / "log.xes", tmp_path / "lines", opened=Endless())


def test_memory_does_not_grow_with_the_log(tmp_path, monkeypatch):
    monkeypatch.setattr(xes, "_BLOCK", 1 << 16)
    event = '<event><string key="concept:name" value="step"/></event>'
    with (tmp_path / "log.xes").open("w", encoding="utf-8") as log:
        log.write("<log><trace>")
        log.writelines(event + "\n" for _ in range(50_000))  # 3 MB in one trace
        log.write("</trace></log>")
    tracemalloc.start()
    try:
        assert xes.to_json_lines(tmp_path / "log.xes", tmp_path / "lines") == 50_000
        assert xes.count_events(tmp_path / "log.xes") == 50_000
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
