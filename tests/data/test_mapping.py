from __future__ import annotations

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


def _read(tmp_path, text):
    (tmp_path / "e.csv").write_text("user,device,at,what\n", encoding="utf-8")
    (tmp_path / "m.toml").write_text(text, encoding="utf-8")
    return mapping.read(tmp_path / "m.toml")


def test_what_a_mapping_leaves_out_has_a_default(tmp_path):
    said = _read(tmp_path, WHOLE)
    assert (said.identity_mode, said.gap_days, said.longest_days, said.quarantined_share) == ("none", 7, 180, 0.05)
    [source] = said.sources
    assert (source.name, source.kind, source.time_format, source.zone) == ("e", "events", "iso", None)
    assert source.columns["customer_id"] == ("user", "device")


def test_the_short_form_describes_the_one_source(tmp_path):
    short = WHOLE.replace("[[source]]\n", "").replace("[source.", "[")
    assert _read(tmp_path, short).sources == _read(tmp_path, WHOLE).sources


def test_a_folder_of_files_is_named_after_its_folder(tmp_path):
    (tmp_path / "web").mkdir()
    for name in ["b.csv", "a.csv"]:
        (tmp_path / "web" / name).touch()
    [source] = _read(tmp_path, WHOLE.replace('"e.csv"', '"web/*.csv"')).sources
    assert source.name == "web"
    assert [path.name for path in source.files] == ["a.csv", "b.csv"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"e.csv"', '"f.csv"', r'path = "f\.csv" matches no file under'),
        ('touchpoint = "what"', "", "touchpoint is not mapped"),
        ("occurred_at", "ocurred_at", 'Did you mean "occurred_at"'),
        ('path = "e.csv"', 'path = "e.csv"\nkind = "orders"', 'kind = "orders" is unknown'),
        ('channel = "web"', 'channel = "web"\n[source.time]\nzone = "Mars"', 'zone = "Mars" is not a time zone'),
        ('channel = "web"', 'channel = "web"\n[source.time]\nformat = "us"', 'time format "us" is unknown'),
        ('channel = "web"', 'channel = "web"\n[journeys]\ngap_days = 0', "gap_days = 0 is not a number above 0"),
        ('channel = "web"', 'channel = "web"\n[limits]\nquarantined_share = true', "quarantined_share = True is not"),
        ("[[source]]", "[source]", r"source is not a list of tables\. Write \[\[source\]\]"),
        (COLUMNS, 'columns = "x"\n', "columns = 'x' is not a table"),
        ('["user", "device"]', "5", "customer_id = 5 names no column"),
        ('["user", "device"]', '["user", 5]', r"customer_id = \['user', 5\] names no column"),
        ('["user", "device"]', "[]", r"customer_id = \[\] names no column"),
        (
            "\n[[source]]",
            'identity = "replay"\n[[source]]',
            r"identity = 'replay' is not a table\. Write .*\[identity\]",
        ),
        (
            'channel = "web"',
            'channel = "web"\n[journeys]\nend_touchpoints = "closed"',
            "end_touchpoints = 'closed' is not",
        ),
        ('channel = "web"', 'channel = "web"\n[source.time]\nzone = ["UTC"]', "is not a time zone"),
        ('path = "e.csv"', 'path = "e.csv"\nkind = ["events"]', "is unknown"),
        ('channel = "web"', 'channel = "web"\n[source.file]\ndelimiter = "||"', "is not one character"),
        ('path = "e.csv"', 'path = "e.csv"\nname = "a/b"', 'holds a "/"'),
        ('path = "e.csv"', 'path = "/"', 'path = "/" matches no file'),
        ('path = "e.csv"', 'path = "**x"', r'path = "\*\*x" matches no file'),
    ],
)
def test_each_mistake_is_named_with_its_remedy(tmp_path, old, new, message):
    with pytest.raises(MappingError, match=message):
        _read(tmp_path, WHOLE.replace(old, new, 1))


@pytest.mark.parametrize(
    "name", ["source", "fate", "rule", "source_row", "ids", "signed_up_on", "end_cause", "Channel"]
)
def test_an_attribute_may_not_be_called_like_a_column_of_ours(tmp_path, name):
    with pytest.raises(MappingError, match=f"columns of its own called {name}"):
        _read(tmp_path, WHOLE + f'[source.attributes]\n{name} = "user"\n')


def test_a_file_that_is_not_toml_is_refused_with_its_line(tmp_path):
    with pytest.raises(MappingError, match=r"is not TOML: .*line 2"):
        _read(tmp_path, "\nchannel = web\n")


def test_a_missing_mapping_says_how_to_make_one(tmp_path):
    with pytest.raises(MappingError, match="journey check"):
        mapping.read(tmp_path / "none.toml")
