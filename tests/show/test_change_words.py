"""What the first page says of a change never says more than its interval."""

from __future__ import annotations

import itertools

import pytest

from journeylib.show.markup.changes import changes as drawn
from journeylib.show.words import changes as words

THIN = "\u202f"


def change(**said):
    about = {"form": "converted_share", "context": {"goal": "purchase", "within_days": 30}, "kind": "number"}
    parts = {"revised": 0.0, "restated": 0.0, "redefined": 0.0, "mix": 0.0, "mix_low": -0.01, "mix_high": 0.01}
    rate = {"period": 0.02, "rate": 0.02, "rate_low": 0.01, "rate_high": 0.03}
    return {**about, "old": 0.38, "new": 0.40, "by": "plan", "why": None, **parts, **rate, **said}


def plain(text):
    return text.replace(THIN, " ").replace("\u2068", "").replace("\u2069", "")


def test_a_rate_beyond_noise_is_said_to_move_and_one_within_it_is_not():
    assert words.state(change()) == "changed"
    assert plain(words.movement(change())) == (
        "Journeys that reach purchase within 30 days: 40 %, before 38 %. "
        "At the same mix of plan it rises by 2.0 points (1.0–3.0 points)."
    )
    down = change(period=-0.02, rate=-0.02, rate_low=-0.03, rate_high=-0.01)
    assert "At the same mix of plan it falls by 2.0 points (1.0–3.0 points)." in plain(words.movement(down))
    noise = change(rate_low=-0.01, rate_high=0.05)
    assert words.state(noise) == "noise"
    assert "No change is shown at the same mix of plan: +2.0 points (−1.0 to 5.0)." in plain(words.movement(noise))


@pytest.mark.parametrize(("low", "high"), list(itertools.combinations([-0.03, -0.01, 0.0, 0.01, 0.03], 2)))
def test_no_sentence_speaks_of_a_rise_or_a_fall_that_the_interval_does_not_have(low, high):
    said = plain(words.movement(change(rate=(low + high) / 2, rate_low=low, rate_high=high)))
    assert ("rises" in said, "falls" in said) == (low > 0, high < 0)
    assert ("No change is shown" in said) == (low <= 0 <= high)
    assert (words.state(change(rate_low=low, rate_high=high)) == "changed") == (low > 0 or high < 0)


def test_restated_data_and_a_changed_definition_are_said_where_they_bring_something():
    said = plain(words.movement(change(restated=0.01, redefined=-0.004, revised=0.006)))
    assert said.endswith(
        "Data that were restated since bring +1.0 points. The changed definition or code brings −0.4 points."
    )


def test_what_cannot_be_told_apart_is_told_together_with_the_reason():
    said = plain(words.movement(change(restated=None, redefined=None, revised=0.01, why="code, not kept")))
    assert said.endswith(
        "Restated data and changed definition or code bring +1.0 points together: "
        "data and code both changed, and the data of then are no longer kept."
    )


def test_a_number_without_parts_says_why():
    bare = {name: change()[name] for name in ("form", "context", "kind", "old", "new")}
    assert plain(words.movement({**bare, "why": "no frames"})).endswith(
        "The change has no parts: the exact numbers of one of the editions are no longer kept."
    )
    assert words.state({**bare, "why": "no frames"}) == "whole"


def test_two_values_that_differ_are_written_so_that_they_look_different():
    said = plain(words.movement(change(old=0.1532, new=0.1518)))
    assert "15.2 %, before 15.3 %" in said


def test_under_a_headline_number_a_change_of_definition_is_not_called_noise():
    assert plain(words.brief(change())) == "+2.0 points since the last edition, more than noise"
    assert plain(words.brief(change(rate_low=-0.1))).endswith("within the noise")
    assert plain(words.brief(change(revised=-0.01, rate_low=-0.1))).endswith("in part by other data or definitions")
    assert words.brief(change(old=0.4)) == "as in the last edition"


def test_a_new_finding_whose_intervals_overlap_is_not_called_a_change():
    one = {"change": "new", "now": "Annual stays longer.", "before": "No difference found.", "is_apart": False}
    assert words.shift(one) == [
        "Annual stays longer. That it changed is not shown: the two intervals overlap.",
        "Before: No difference found.",
    ]
    assert words.shift({**one, "is_apart": True})[0] == "Annual stays longer."
    assert words.shift({**one, "change": "gone", "now": None}) == [
        "It is not in this edition.",
        "Before: No difference found.",
    ]


def test_the_page_says_where_it_rounds_and_what_the_brackets_leave_room_for():
    said = words.behind({"numbers": [change(step=0.005)], "b": {"looks": 52}})
    assert "planned" in said[1]
    assert "52" in said[1]
    assert "to 0.5 points" in said[2]
    assert words.behind({"numbers": [], "b": {}}) == []
    assert not any("rounded" in text for text in words.behind({"numbers": [change(step=0.0)], "b": {}}))


def test_the_section_is_drawn_with_names_escaped_and_every_row_of_equal_width():
    whole = {**change(), "form": "customers", "context": {}, "mix": None, "rate": None, "rate_low": None}
    said = {
        "a": {"as_of": "2026-05-31"},
        "b": {"as_of": "2026-06-30", "looks": None},
        "changed": {"data": True, "code": True, "rules": True},
        "findings": [{"change": "reversed", "now": "\u2068<b>\u2069 leads.", "before": "It lags.", "is_apart": True}],
        "questions": [{"text": "Is <i> it?", "before": None, "now": "supported"}],
        "numbers": [change(by="<plan>"), whole],
    }
    html = drawn(said)
    assert "<bdi>&lt;b&gt;</bdi> leads." in html
    assert "&lt;i&gt;" in html
    assert "<bdi>&lt;plan&gt;</bdi>" in html
    assert "Since then the code and the rules that make journeys changed." in html
    for row in html.split("<tr>")[1:]:
        cells = row.count("</td>") + row.count("</th>")
        assert cells + row.count('colspan="2"') == len(words.COLUMNS)
