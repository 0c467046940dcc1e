"""A seeded slice of the simulations: right ways keep their word, wrong ways are caught."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def simulate():
    """The simulations, which import each other from their own folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parent))
        yield import_module("simulate")


@pytest.fixture(scope="module")
def part_of(simulate):
    return {part.make.__name__: part for part in simulate.PARTS}


@pytest.fixture(scope="module")
def rows(simulate):
    return import_module(simulate.Row.__module__)


@pytest.mark.parametrize(
    ("part", "times", "settings"),
    [
        ("clustered_share", 2, {"customers": 30, "alike": 0.2}),
        ("clustered_share", 2, {"customers": 100, "alike": 0.5}),
        ("average", 2, {"customers": 30, "alike": 0.2}),
        ("one_answer", 2, {"customers": 30, "promoters": 0.5, "detractors": 0.2}),
        ("several_answers", 2, {"customers": 30, "alike": 0.5}),
        ("frequency", 2, {"customers": 100, "spread": 1.0}),
        ("wait", 1, {"customers": 100, "alike": 0.5, "q": 0.5}),
        ("two_shares", 2, {"customers": 30, "alike": 0.2, "gap": 0.0}),
        ("periods", 4, {"customers": 100, "alike": 0.5, "gap": 0.0}),
        ("periods", 2, {"customers": 30, "alike": 0.5, "gap": 0.1}),
        ("share_ratio", 1, {"customers": 100, "alike": 0.2}),
        ("survival", 1 / 8, {"customers": 100}),
        ("lapsed", 1 / 16, {"customers": 300}),
        ("claims", 1, {"contrasts": 100, "real": 10}),
        ("no_claims", 1, {"asked": 5, "found": 20}),
    ],
)
def test_the_right_way_keeps_its_word_and_the_wrong_way_beside_it_does_not(part_of, rows, part, times, settings):
    made = rows.run(rows.Part(part_of[part].make, settings, times), repeats=200, seed=1)
    said = {(row.what, row.setting): rows.verdict(row) for row in made}
    expected = {(row.what, row.setting): "off, as the wrong way must be" for row in made if row.is_wrong}
    assert said == {(row.what, row.setting): "as it should be" for row in made} | expected


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(part_of, rows):
    part = part_of["clustered_share"]
    first, again, other = (rows.run(part, repeats=40, seed=seed) for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_the_band_holds_exactly_the_counts_that_the_test_accepts(rows):
    for truth, is_most in ((0.95, False), (0.05, False), (0.05, True), (0.035, False)):
        made = [rows.Row("", "", truth, hits, 300, is_most) for hits in range(301)]
        accepted = [row.hits / 300 for row in made if rows.verdict(row) == "as it should be"]
        assert rows.band(made[0]) == (accepted[0], accepted[-1])


def test_a_row_is_off_on_the_safe_side_where_it_covers_more_or_errs_less(rows):
    covers_more, covers_less = (rows.Row("", "", 0.95, hits, 2000) for hits in (1960, 1840))
    errs_less, errs_more = (rows.Row("", "", 0.05, hits, 2000, is_error=True) for hits in (40, 160))
    said = [rows.verdict(row) for row in (covers_more, covers_less, errs_less, errs_more)]
    assert said == ["off, on the safe side", "**off**", "off, on the safe side", "**off**"]


def test_the_page_says_why_a_row_is_off_and_flags_a_wrong_way_that_is_not(rows):
    made = [
        rows.Row("share", "few customers", 0.95, 1840, 2000, why="a reason"),
        rows.Row("naive share", "few customers", 0.95, 1900, 2000, is_wrong=True),
    ]
    text = rows.page(made, repeats=2000, seed=0)
    assert "| share | few customers | 0.95 | 0.920 of 2,000 | 0.937 – 0.962 | **off** |" in text
    assert "**not off, though the wrong way must be**" in text
    assert "- share, few customers: a reason." in text
