"""Five words for what became of a finding, and none where the intervals do not allow it."""

from __future__ import annotations

import pytest

from journeylib.judge.shifts import questions, shifts
from journeylib.judge.verdicts import judge


def edition(record, *rows, form="stay", questions=()):
    return judge([record("finding", form, *rows, by="plan", horizon_days=365)], questions=questions, audience="private")


def words(before, now):
    return [(one["change"], one["group"].get("group"), one["is_apart"]) for one in shifts(before, now)]


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ((40, 5), (41, 5), []),  # claimed twice, alike
        ((40, 5), (55, 5), []),  # farther, but the intervals 30–50 and 45–65 share days
        ((40, 5), (80, 5), [("stronger", "annual", True)]),
        ((80, 5), (40, 5), [("weaker", "annual", True)]),
        ((-40, 5), (-80, 5), [("stronger", "annual", True)]),
        ((40, 5), (-40, 5), [("reversed", "annual", True)]),
        ((2, 5), (40, 5), [("new", "annual", True)]),
        ((9, 5), (12, 5), [("new", "annual", False)]),
        ((12, 5), (9, 5), [("gone", "annual", False)]),
        ((2, 5), (-2, 5), []),  # neither is claimed, whatever the signs
        ((60, 25), (70, 5), []),  # one interval lies within the other
    ],
)
def test_a_word_is_said_only_where_the_intervals_allow_it(record, stay, was, now, told):
    assert words(edition(record, stay("annual", *was)), edition(record, stay("annual", *now))) == told


def test_a_finding_that_is_not_there_any_more_is_gone_and_names_its_place(record, stay):
    first = edition(record, stay("annual", 40, 5), stay("weekly", 30, 4))
    [one] = shifts(first, edition(record, stay("annual", 40, 5)))
    assert (one["change"], one["group"], one["now"]) == ("gone", {"group": "weekly", "baseline": "monthly"}, None)
    assert (one["notebook"], one["id"]) == ("churn", "stay")


def test_a_finding_without_enough_data_now_is_gone_and_one_hidden_before_is_new(record, stay):
    big, small = edition(record, stay("annual", 40, 5)), edition(record, {**stay("annual", 40, 5, n=12), "p": None})
    assert [one[0] for one in words(big, small)] == ["gone"]
    assert [one[0] for one in words(small, big)] == ["new"]


def test_an_incident_is_the_same_while_its_days_overlap(record):
    def incident(first, last, share):
        return edition(
            record,
            {"from_on": first, "until_on": last, "before": 0.5, "n": 400, "estimate": share, "low": share - 0.04,
             "high": share + 0.04, "is_enough": True, "p": 1e-9},
            form="incident",
        )  # fmt: skip

    old = incident("2026-05-04", "2026-05-10", 0.3)
    assert words(old, incident("2026-05-05", "2026-05-11", 0.31)) == []
    assert words(old, incident("2026-05-05", "2026-05-11", 0.15)) == [("stronger", None, True)]
    moved = [one["change"] for one in shifts(old, incident("2026-06-01", "2026-06-07", 0.3))]
    assert moved == ["new", "gone"]


def test_another_verdict_of_a_question_is_told_and_a_new_question_too():
    before = {"questions": [{"text": "a", "verdict": "supported"}, {"text": "b", "verdict": "not enough data"}]}
    now = {"questions": [{"text": "a", "verdict": "supported"}, {"text": "b", "verdict": "against"},
                         {"text": "c", "verdict": "supported"}]}  # fmt: skip
    assert questions(before, now) == [
        {"text": "b", "before": "not enough data", "now": "against"},
        {"text": "c", "before": None, "now": "supported"},
    ]
