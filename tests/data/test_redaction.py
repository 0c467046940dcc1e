from __future__ import annotations

import pandas as pd
import pytest

from journeylib.data import redaction, tombstones


@pytest.fixture
def tombs(tmp_path):
    """A store's marks of the person 00123, of the person "a,b" and of the whole device d9."""
    return tombstones.bury(tmp_path, {"person": {"00123", "a,b"}, "whole": {"d9"}})


def _rejected(*texts):
    rows = [["events", place, "no_time", "fill it in", text] for place, text in enumerate(texts, start=1)]
    return pd.DataFrame(rows, columns=["source", "source_row", "rule", "hint", "original"])


@pytest.mark.parametrize(
    "text",
    [
        "7,00123,d1,,view", "00123;7", "7\t00123", "7|00123|x", "7, 00123 ,d1", '7,"00123",d1', '7,"00123,d1', "00123",
        '7,"a,b",d1', "7,x,d9", '{"id": "7", "who": {"ids": ["00123"]}}', '{"id": "7", "who": "00123"',
    ],
)  # fmt: skip
def test_a_rejected_row_that_names_someone_forgotten_loses_its_text(tombs, text):
    [row] = redaction.hidden(_rejected(text), tombs).to_dict("records")
    assert (row["rule"], row["original"], row["source_row"]) == ("erased", "", 1)
    assert "00123" not in row["hint"]


@pytest.mark.parametrize(
    "text", ["7,123,d1", "7,00123x,d1", "7,about 00123,d1", "a,b,c", '{"id": 123}', '{"00123": "7"}', "7^00123^d1", ""]
)
def test_a_rejected_row_of_others_keeps_its_text(tombs, text):
    [row] = redaction.hidden(_rejected(text), tombs).to_dict("records")
    assert (row["rule"], row["hint"], row["original"]) == ("no_time", "fill it in", text)


def test_a_delimiter_of_the_mapping_parts_cells_too(tombs):
    assert redaction.hidden(_rejected("7^00123^d1"), tombs, ["^"])["rule"].tolist() == ["erased"]


def test_a_number_in_json_is_an_id_as_it_is_written(tmp_path):
    tombs = tombstones.bury(tmp_path, {"person": {"12345678901234567890", "1.50"}})
    texts = ['{"who": 12345678901234567890}', '{"who": 1.50}', '{"who": 1.5}']
    assert redaction.hidden(_rejected(*texts), tombs)["rule"].tolist() == ["erased", "erased", "no_time"]


def test_repairs_that_name_someone_forgotten_are_dropped(tombs):
    repairs = {"f1": {3: "7,00123,d1", 4: "8,124,d1"}, "f2": {1: "00123"}}
    assert redaction.kept(repairs, tombs) == {"f1": {4: "8,124,d1"}}


def test_what_went_is_counted_as_rejected_whichever_file_it_came_from():
    counts = pd.DataFrame(
        [["web/a.csv", "accepted", 5], ["web/b.csv", "accepted", 1], ["web/a.csv", "duplicate", 2],
         ["web/a.csv", "no_time", 1], ["crm", "accepted", 3]],
        columns=["source", "fate", "rows"],
    )  # fmt: skip
    rejected = pd.DataFrame(
        [["web/a.csv", "erased"], ["web/b.csv", "erased"], ["crm", "erased"]], columns=["source", "rule"]
    )
    places = pd.DataFrame([["events", "web/b.csv", 1], ["customers", "crm", 2]], columns=["kind", "source", "row"])
    found = redaction.recounted(counts, rejected, places)
    assert found.to_numpy().tolist() == [
        ["crm", "accepted", 2], ["crm", "erased", 1],
        ["web", "accepted", 5], ["web", "duplicate", 2], ["web", "erased", 2],
    ]  # fmt: skip
    assert found["rows"].sum() == counts["rows"].sum()


def test_warnings_that_quote_someone_forgotten_are_left_out(tombs):
    warnings = ["one id, “00123”, holds 9 rows", "“123” is kept", "for example “a” and “a,b”"]
    assert redaction.unnamed({"warnings": warnings, "n": 1}, tombs, []) == {"warnings": ["“123” is kept"], "n": 1}


def test_an_id_is_found_as_messages_show_it(tombs):
    long, odd = "x" * 80, "a\u202eb"
    warnings = [f"one id, “{'x' * 59}…”", "one id, “a\\u202eb”", "one id, “y”"]
    assert redaction.unnamed(warnings, tombs, [long, odd]) == ["one id, “y”"]


def test_examples_of_ids_that_hang_together_lose_those_forgotten(tombs):
    said = {"unmerged_components": [{"ids": 60, "examples": ["00123", "00124"]}]}
    assert redaction.unnamed(said, tombs, []) == {"unmerged_components": [{"ids": 60, "examples": ["00124"]}]}
