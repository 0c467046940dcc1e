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
        yield {name: import_module(name) for name in ("simulate", "simulate_churn")}


@pytest.fixture(scope="module")
def part_of(simulate):
    return {part.make.__name__: part for one in simulate.values() for part in one.PARTS}


@pytest.fixture(scope="module")
def rows(simulate):
    return import_module(simulate["simulate"].Row.__module__)


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
        ("still_there", 1 / 4, {"customers": 100, "kind": "half enter late"}),
        ("still_there", 1 / 4, {"customers": 100, "kind": "in months"}),
        ("restricted_means", 1 / 4, {"customers": 100, "scale": 250, "kind": "half enter late"}),
        ("logranks", 1 / 4, {"groups": 5, "customers": 100, "kind": "in months"}),
        ("lapsed", 1 / 16, {"customers": 300}),
        ("ratios", 1 / 8, {"customers": 500, "kind": "in tens of days"}),
        ("proportionality", 1 / 8, {"customers": 500, "kind": "some enter late"}),
        ("immortal", 1 / 8, {"customers": 300}),
        ("claims", 1, {"contrasts": 100, "real": 10}),
        ("no_claims", 1, {"asked": 5, "found": 20}),
    ],
)
def test_the_right_way_keeps_its_word_and_the_wrong_way_beside_it_does_not(part_of, rows, part, times, settings):
    made = rows.run(rows.Part(part_of[part].make, settings, times), repeats=200, seed=1)
    said = [(row.what, rows.verdict(row) if isinstance(row, rows.Row) else row.verdict) for row in made]
    right, wrong = "as it should be", "off, as the wrong way must be"
    assert said == [(row.what, wrong if row.is_wrong else right) for row in made]


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


def test_a_mean_is_off_beyond_its_error_or_beyond_what_is_allowed(simulate):
    mean = simulate["simulate_churn"].Mean
    near, far = mean.of("", "", 1.0, [0.9, 1.0, 1.2]), mean.of("", "", 1.5, [0.9, 1.0, 1.2])
    assert (near.repeats, round(near.mean, 4), round(near.error, 4)) == (3, 1.0333, 0.0882)
    assert (near.verdict, far.verdict) == ("as it should be", "**off**")
    assert far._replace(within=0.5).verdict == "as it should be"
    assert far._replace(is_wrong=True).verdict == "off, as the wrong way must be"
    assert near._replace(is_wrong=True).verdict == "**not off, though the wrong way must be**"


def test_the_page_of_churn_tells_what_is_asked_beside_what_is_exact(simulate, rows):
    made = [
        rows.Row("S(180)", "few customers", 0.95, 1840, 2000, why="a reason"),
        rows.Row("log-rank", "two groups", 0.05, 96, 2000, is_error=True),
        rows.Row("S(180), late entry ignored", "few customers", 0.95, 100, 2000, is_wrong=True),
    ]
    text = simulate["simulate_churn"].page(made, repeats=2000, seed=0)
    assert "| S(180) | few customers | 2,000 | 0.95 | 0.920 | < .001 | **off** | 0.925 – 0.975: **no** |" in text
    assert "| log-rank | two groups | 2,000 | 0.05 | 0.048 | 0.720 | as it should be | 0.03 – 0.07: yes |" in text
    assert "Of 2 right ways 1 are as they should be and 1 within what is asked" in text
    assert "- S(180), few customers: a reason." in text
