from __future__ import annotations

import pytest

from journeylib.data import paths


@pytest.fixture
def exports(tmp_path):
    """A folder with one file, beside a file that is nobody's export."""
    (tmp_path / "private.csv").write_text("root:x:0:0\n", encoding="utf-8")
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "may.csv").write_text("id\n1\n", encoding="utf-8")
    return tmp_path / "exports"


def found(pattern, folder):
    mistakes = []
    return [path.name for path in paths.find([pattern], folder, mistakes, said="")], mistakes


@pytest.mark.parametrize("pattern", ["exports", "exports/*.csv", "*/*.csv", "exports/**/*.csv"])
def test_a_link_that_leads_out_of_the_folder_is_refused_by_name(exports, pattern):
    outside = exports.parent.parent / f"{exports.parent.name} private.csv"
    outside.write_text("root:x:0:0\n", encoding="utf-8")
    (exports / "june.csv").symlink_to(outside)
    _, [mistake] = found(pattern, exports.parent)
    assert "june.csv" in mistake
    assert "is a link that leads out of" in mistake


def test_a_file_in_a_linked_folder_that_leads_out_is_refused(exports):
    (exports.parent / "private").mkdir()
    (exports.parent / "private" / "x.csv").write_text("id\n", encoding="utf-8")
    (exports / "june").symlink_to(exports.parent / "private")
    _, [mistake] = found("exports/*/x.csv", exports.parent)
    assert "is a link that leads out of" in mistake


def test_a_link_within_the_folder_is_taken(exports):
    (exports / "june.csv").symlink_to(exports / "may.csv")
    assert found("exports", exports.parent) == (["june.csv", "may.csv"], [])


def test_a_folder_that_is_a_link_itself_is_taken(exports):
    (exports.parent / "latest").symlink_to(exports)
    assert found("latest/*.csv", exports.parent) == (["may.csv"], [])


def test_a_link_that_is_named_outright_is_taken(exports):
    (exports / "june.csv").symlink_to(exports.parent / "private.csv")
    assert found("exports/june.csv", exports.parent) == (["june.csv"], [])
