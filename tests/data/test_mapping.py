from __future__ import annotations

import os
import socket

import pytest

from journeylib.data import mapping
from journeylib.errors import MappingError

WHOLE = """
[[source]]
path = "e.csv"
[source.columns]
customer_id = ["user", "device"]
occurred_at = "at"
touchpoint = "what"
[source.constants]
channel = "web"
"""

COLUMNS = WHOLE[WHOLE.index("[source.columns]") : WHOLE.index("[source.constants]")]
SHORT = WHOLE.replace("[[source]]\n", "").replace("[source.", "[")
NAMELESS = SHORT.replace('path = "e.csv"\n', "")


def _read(tmp_path, text, sources=()):
    (tmp_path / "e.csv").write_text("user,device,at,what\n", encoding="utf-8")
    (tmp_path / "m.toml").write_text(text, encoding="utf-8")
    return mapping.read(tmp_path / "m.toml", sources)


def _touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def _files(tmp_path, path):
    [source] = _read(tmp_path, WHOLE.replace('"e.csv"', f'"{path}"')).sources
    return [found.relative_to(tmp_path).as_posix() for found in source.files]


def test_what_a_mapping_leaves_out_has_a_default(tmp_path):
    said = _read(tmp_path, WHOLE)
    assert (said.identity_mode, said.gap_days, said.longest_days, said.quarantined_share) == ("none", 7, 180, 0.05)
    assert (said.largest, said.retry_seconds) == (50, 0)
    [source] = said.sources
    assert (source.name, source.kind, source.time_format, source.zone) == ("e", "events", "iso", None)
    assert (source.delimiter, source.quote, source.encoding) == (None, '"', None)
    assert (source.decimal, source.header_rows, source.exact_copies) == (".", 1, "events")
    assert source.columns["customer_id"] == ("user", "device")
    assert source.may_lack == frozenset()


def test_the_short_form_describes_the_one_source(tmp_path):
    assert _read(tmp_path, SHORT).sources == _read(tmp_path, WHOLE).sources


def test_a_mapping_may_be_what_its_file_would_say(tmp_path, monkeypatch):
    _touch(tmp_path, "e.csv")
    monkeypatch.chdir(tmp_path)
    columns = {"customer_id": "user", "occurred_at": "at", "touchpoint": "what", "channel": "where"}
    said = {"path": "e.csv", "columns": columns, "identity": {"mode": "graph", "largest": 9}}
    found = mapping.read(said)
    assert (found.identity_mode, found.largest, found.sources[0].name) == ("graph", 9, "e")
    assert said["path"] == "e.csv"  # what was handed in stays whole
    with pytest.raises(
        MappingError, match=r"the mapping: channel is not mapped|the mapping: the source: channel is not"
    ):
        mapping.read({"path": "e.csv", "columns": {name: "x" for name in columns if name != "channel"}})


def test_how_a_file_is_written_is_said_under_file(tmp_path):
    file = 'delimiter = ";"\nquote = ""\nencoding = "Windows-1252"\ndecimal = ","\nheader_rows = 3\n'
    [source] = _read(tmp_path, WHOLE + "[source.file]\n" + file).sources
    assert (source.delimiter, source.quote, source.encoding) == (";", "", "cp1252")
    assert (source.decimal, source.header_rows) == (",", 3)


def test_a_folder_of_files_is_named_after_its_folder(tmp_path):
    _touch(tmp_path, "web/b.csv", "web/a.csv")
    [source] = _read(tmp_path, WHOLE.replace('"e.csv"', '"web/*.csv"')).sources
    assert source.name == "web"
    assert [path.name for path in source.files] == ["a.csv", "b.csv"]


def test_a_folder_stands_for_its_files_that_can_be_read(tmp_path):
    _touch(tmp_path, "web/b.CSV.gz", "web/a.parquet", "web/c.jsonl.zst", "web/d.xes")
    _touch(tmp_path, "web/.e.csv", "web/_SUCCESS", "web/f.pkl", "web/deep/g.csv")
    assert _files(tmp_path, "web") == ["web/a.parquet", "web/b.CSV.gz", "web/c.jsonl.zst", "web/d.xes"]


def test_a_pattern_takes_any_ending_but_no_hidden_file(tmp_path):
    _touch(tmp_path, "web/a.csv", "web/b.pkl", "web/.c.csv", "web/.trash/d.csv", "web/deep/e.csv", "web/.f/g.csv")
    assert _files(tmp_path, "web/*") == ["web/a.csv", "web/b.pkl"]
    assert _files(tmp_path, "web/**/*.csv") == ["web/a.csv", "web/deep/e.csv"]
    assert _files(tmp_path, "web/.f/*.csv") == ["web/.f/g.csv"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path):
    _touch(tmp_path, "a[1].csv", "a1.csv")
    assert _files(tmp_path, "a[1].csv") == ["a[1].csv"]


def test_several_paths_give_each_file_once_in_order(tmp_path):
    _touch(tmp_path, "web/b.csv", "web/a.csv")
    text = WHOLE.replace('"e.csv"', '["web/b.csv", "web", "e.csv"]')
    [source] = _read(tmp_path, text).sources
    assert [path.relative_to(tmp_path).as_posix() for path in source.files] == ["e.csv", "web/a.csv", "web/b.csv"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("web.csv", "web"),
        ("web.csv.gz", "web"),
        ("v1.2.jsonl.zst", "v1.2"),
        ("exports", "exports"),
        ("x/**/*.csv", "x"),
    ],
)
def test_a_source_is_named_after_its_path_packed_or_not(tmp_path, path, name):
    _touch(tmp_path, "web.csv", "web.csv.gz", "v1.2.jsonl.zst", "exports/a.csv", "x/y/z.csv")
    [source] = _read(tmp_path, WHOLE.replace('"e.csv"', f'"{path}"')).sources
    assert source.name == name


@pytest.mark.parametrize("text", [NAMELESS, SHORT, WHOLE])
def test_files_named_in_the_command_stand_in_for_the_one_sources_own(tmp_path, monkeypatch, text):
    _touch(tmp_path, "here/b.csv", "here/a.csv")
    monkeypatch.chdir(tmp_path / "here")
    [source] = _read(tmp_path, text, ["b.csv"]).sources
    assert ([path.name for path in source.files], source.name) == (["b.csv"], "b")
    [source] = _read(tmp_path, text, [tmp_path / "here" / "b.csv", "a.csv"]).sources
    assert ([path.name for path in source.files], source.name) == (["a.csv", "b.csv"], "here")
    [source] = _read(tmp_path, text, ["*.csv"]).sources
    assert ([path.name for path in source.files], source.name) == (["a.csv", "b.csv"], "source")


def test_files_named_in_the_command_do_not_go_with_several_sources(tmp_path):
    with pytest.raises(MappingError, match=r"m\.toml has 2 sources, .* Name none in the command"):
        _read(tmp_path, WHOLE + WHOLE.replace("e.csv", "f.csv"), ["x.csv"])


def test_a_file_named_in_the_command_that_is_not_there_is_told(tmp_path):
    with pytest.raises(MappingError, match=r'the command: "none\.csv" matches no file under the current folder'):
        _read(tmp_path, NAMELESS, ["none.csv"])


def test_without_any_path_both_ways_to_name_one_are_told(tmp_path):
    with pytest.raises(MappingError, match=r'path = "exports.*or name them in the command: journey load FILE'):
        _read(tmp_path, NAMELESS)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "p.csv")
    for path in ["p.csv", "*.csv", "."]:
        with pytest.raises(MappingError, match=r'p\.csv" is a pipe, not a file; write it to a file first'):
            _read(tmp_path, WHOLE.replace('"e.csv"', f'"{path}"'))


def test_a_device_and_a_socket_are_refused(tmp_path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "s"))
        for path in ["/dev/null", "s"]:
            with pytest.raises(MappingError, match="is a device or a socket, not a file"):
                _read(tmp_path, WHOLE.replace('"e.csv"', f'"{path}"'))


def test_a_link_to_nothing_is_told(tmp_path):
    (tmp_path / "l.csv").symlink_to(tmp_path / "gone.csv")
    with pytest.raises(MappingError, match=r'l\.csv" is a link to nothing'):
        _read(tmp_path, WHOLE.replace('"e.csv"', '"*.csv"'))


def _with(table):
    return 'channel = "web"', f'channel = "web"\n{table}'


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"e.csv"', '"f.csv"', r'path = "f\.csv" matches no file under'),
        ('"e.csv"', '["e.csv", "f.csv"]', r'path = "f\.csv" matches no file under'),
        ('"e.csv"', "5", r'path = "5" matches no file under'),
        ('path = "e.csv"', "", "path is missing"),
        ('touchpoint = "what"', "", "touchpoint is not mapped"),
        ("occurred_at", "ocurred_at", 'Did you mean "occurred_at"'),
        ('path = "e.csv"', 'path = "e.csv"\nkind = "orders"', 'kind = "orders" is unknown'),
        (*_with('[source.time]\nzone = "Mars"'), 'zone = "Mars" is not a time zone'),
        (*_with('[source.time]\nformat = "us"'), 'time format "us" is unknown'),
        (*_with('[source.time]\nformat = "%H:%M"'), r"lacks the year \(%Y\) and the month \(%m\) and the day \(%d\)"),
        (*_with('[source.time]\nformat = "%Y-%m %H:%M"'), r'"%Y-%m %H:%M" lacks the day \(%d\)'),
        (*_with('[source.time]\nformat = "%d/%m/%Y %I:%M"'), r"lacks before or after noon \(%p\), which %I needs"),
        (*_with('[source.time]\nformat = "%d/%m/%Y %Q"'), "holds %Q, which means nothing"),
        (*_with('[source.time]\nformat = "%d/%m/%Y %"'), "holds %, which means nothing"),
        (*_with("[journeys]\ngap_days = 0"), "gap_days = 0 is not a number above 0"),
        (*_with("[limits]\nquarantined_share = true"), "quarantined_share = True is not"),
        (*_with("[limits]\nretry_seconds = -1"), "retry_seconds = -1 is not a number from 0 up to 86400"),
        (*_with("[limits]\nretry_seconds = nan"), "retry_seconds = nan is not a number"),
        (*_with("[identity]\nlargest = 1"), "largest = 1 is not a whole number from 2 on"),
        (*_with("[identity]\nlargest = 2.5"), r"largest = 2\.5 is not a whole number"),
        (*_with('[identity]\nmode = "all"'), r'mode = "all" is not offered\. Use one of: none, live, replay, graph'),
        ("[[source]]", "[source]", r"source is not a list of tables\. Write \[\[source\]\]"),
        (COLUMNS, 'columns = "x"\n', r"columns = 'x' is not a table\. Write the heading \[source\.columns\]"),
        ('["user", "device"]', "5", "customer_id = 5 names no column"),
        ('["user", "device"]', '["user", 5]', r"customer_id = \['user', 5\] names no column"),
        ('["user", "device"]', "[]", r"customer_id = \[\] names no column"),
        (*_with('touchpoint = "visit"'), "touchpoint is both a column and a constant"),
        (
            "\n[[source]]",
            'identity = "replay"\n[[source]]',
            r"identity = 'replay' is not a table\. Write .*\[identity\]",
        ),
        (*_with('[journeys]\nend_touchpoints = "closed"'), "end_touchpoints = 'closed' is not"),
        (*_with('[source.time]\nzone = ["UTC"]'), "is not a time zone"),
        ('path = "e.csv"', 'path = "e.csv"\nkind = ["events"]', "is unknown"),
        (*_with('[source.file]\ndelimiter = "||"'), "is not one character"),
        (*_with("[source.file]\ndelimiter = '\"'"), "is not one character that parts cells"),
        (
            *_with('[source.file]\nencoding = "klingon"'),
            r'encoding = "klingon" is unknown\. Use a name such as "utf-8"',
        ),
        (*_with("[source.file]\ndelimiter = 5"), 'delimiter = "5" is not one character'),
        (*_with('[source.file]\ndelimiter = "§"'), 'delimiter = "§" is not one character'),
        (*_with('[source.file]\nquote = "ab"'), r'quote = "ab" is not one character\. Write one, or "" where'),
        (*_with('[source.file]\nquote = ";"\ndelimiter = ";"'), 'delimiter = ";" is not one character that parts'),
        (
            'path = "e.csv"',
            'path = "e.csv"\nexact_copies = "rows"',
            r'exact_copies = "rows" is unknown\. Use "events" or',
        ),
        (*_with('[source.file]\nencoding = "rot13"'), 'encoding = "rot13" is unknown'),
        (*_with('[source.file]\ndecimal = ";"'), r'decimal = ";" is not a decimal mark\. Use "\." or ","'),
        (*_with("[source.file]\nheader_rows = -1"), "header_rows = -1 is not a whole number from 0 to 20"),
        (*_with("[source.file]\nheader_rows = true"), "header_rows = True is not a whole number"),
        ('path = "e.csv"', 'path = "e.csv"\nname = "a/b"', 'holds a "/"'),
        ('path = "e.csv"', 'path = "/dev"', '"/dev" is a folder without a file to read'),
        ('path = "e.csv"', 'path = "**x"', r'path = "\*\*x" matches no file'),
        ('path = "e.csv"', 'path = "a\\u0000b"', "matches no file"),
    ],
)
def test_each_mistake_is_named_with_its_remedy(tmp_path, old, new, message):
    assert old in WHOLE
    with pytest.raises(MappingError, match=message):
        _read(tmp_path, WHOLE.replace(old, new, 1))


def test_all_mistakes_are_told_at_once(tmp_path):
    text = WHOLE.replace('"e.csv"', '"f.csv"').replace("occurred_at", "ocurred_at") + "[limits]\nretry_seconds = -1\n"
    with pytest.raises(MappingError, match=r"(?s)4 mistakes:.*f\.csv.*ocurred_at.*occurred_at is not.*retry_seconds"):
        _read(tmp_path, text)


def test_the_short_forms_mistakes_name_its_own_headings(tmp_path):
    with pytest.raises(MappingError, match=r"the source: touchpoint is not mapped\. .* under \[columns\]\."):
        _read(tmp_path, SHORT.replace('touchpoint = "what"\n', ""))
    with pytest.raises(MappingError, match=r'the top level says "colums", .* Did you mean "columns"'):
        _read(tmp_path, SHORT.replace("[columns]", "[colums]"))


@pytest.mark.parametrize(
    "form", ["%d/%m/%Y %H:%M", "%-d. %B %y", "%Y%j", "%G-W%V-%u", "%c", "%x %H:%M", "%m/%d/%Y %I:%M %p"]
)
def test_a_strftime_text_with_a_whole_date_is_taken(tmp_path, form):
    [source] = _read(tmp_path, WHOLE + f'[source.time]\nformat = "{form}"\n').sources
    assert source.time_format == form


@pytest.mark.parametrize(
    "name", ["source", "fate", "rule", "source_row", "ids", "signed_up_on", "end_cause", "Channel"]
)
def test_an_attribute_may_not_be_called_like_a_column_of_ours(tmp_path, name):
    with pytest.raises(MappingError, match=f"columns of its own called {name}"):
        _read(tmp_path, WHOLE + f'[source.attributes]\n{name} = "user"\n')


def test_a_column_that_the_mapping_names_may_not_be_missing(tmp_path):
    [source] = _read(tmp_path, WHOLE).sources
    assert source.missing(["user", "device", "at", "what", "more"]) == []
    assert source.missing(["user", "at"]) == ["device", "what"]


def test_a_file_that_is_not_toml_is_refused_with_its_line(tmp_path):
    with pytest.raises(MappingError, match=r"is not TOML: .*line 2"):
        _read(tmp_path, "\nchannel = web\n")


def test_a_missing_mapping_says_how_to_make_one(tmp_path):
    with pytest.raises(MappingError, match="journey check"):
        mapping.read(tmp_path / "none.toml")


def test_a_folder_is_no_mapping(tmp_path):
    with pytest.raises(MappingError, match="cannot be read as a mapping: Is a directory"):
        mapping.read(tmp_path)
