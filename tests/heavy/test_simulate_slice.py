"""A seeded slice of the simulations: right ways keep their word, wrong ways are caught."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def simulate():
    spec = importlib.util.spec_from_file_location("simulate", Path(__file__).with_name("simulate.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("part", "times", "settings"),
    [
        ("clustered_share", 1, {"customers": 100, "alike": 0.2}),
        ("two_shares", 1, {"customers": 100, "alike": 0.2, "gap": 0.0}),
        ("score", 1, {"customers": 30, "promoters": 0.5, "detractors": 0.2}),
        ("survival", 1 / 8, {"customers": 100}),
        ("lapsed", 1 / 8, {"customers": 300}),
        ("claims", 1, {"contrasts": 100, "real": 10}),
        ("no_claims", 1, {"asked": 5, "found": 20}),
    ],
)
def test_the_right_way_keeps_its_word_and_the_wrong_way_beside_it_does_not(simulate, part, times, settings):
    rows = simulate.run(simulate.Part(getattr(simulate, part), settings, times), repeats=200, seed=1)
    said = {(row.what, row.setting): simulate.verdict(row) for row in rows}
    expected = {(row.what, row.setting): "off, as the wrong way must be" for row in rows if row.is_wrong}
    assert said == {(row.what, row.setting): "as it should be" for row in rows} | expected


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(simulate):
    part = simulate.PARTS[0]
    first, again, other = (simulate.run(part, repeats=200, seed=seed) for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_the_band_holds_exactly_the_counts_that_the_test_accepts(simulate):
    for truth, is_most in ((0.95, False), (0.05, False), (0.05, True), (0.035, False)):
        rows = [simulate.Row("", "", truth, hits, 300, is_most) for hits in range(301)]
        accepted = [row.hits / 300 for row in rows if simulate.verdict(row) == "as it should be"]
        assert simulate.band(rows[0]) == (accepted[0], accepted[-1])


def test_a_row_is_off_on_the_safe_side_where_it_covers_more_or_errs_less(simulate):
    covers_more, covers_less = (simulate.Row("", "", 0.95, hits, 2000) for hits in (1960, 1840))
    errs_less, errs_more = (simulate.Row("", "", 0.05, hits, 2000, is_error=True) for hits in (40, 160))
    said = [simulate.verdict(row) for row in (covers_more, covers_less, errs_less, errs_more)]
    assert said == ["off, on the safe side", "**off**", "off, on the safe side", "**off**"]


def test_the_page_says_why_a_row_is_off_and_flags_a_wrong_way_that_is_not(simulate):
    rows = [
        simulate.Row("share", "few customers", 0.95, 1840, 2000, why="a reason"),
        simulate.Row("naive share", "few customers", 0.95, 1900, 2000, is_wrong=True),
    ]
    text = simulate.page(rows, repeats=2000, seed=0)
    assert "| share | few customers | 0.95 | 0.920 of 2,000 | 0.937 – 0.962 | **off** |" in text
    assert "**not off, though the wrong way must be**" in text
    assert "- share, few customers: a reason." in text
