"""Questions: how each stands against the edition before, whatever its answer."""

from __future__ import annotations

from journeylib.judge.questions import stand, withdrawn

PERIOD = {"start": "2026-01-01", "as_of": "2026-06-30"}
NEXT = {"start": "2026-01-01", "as_of": "2026-07-07"}


def question(text="Longer?", expect="annual > monthly", measure="churn.survival", dated="2026-06-01"):
    return {"text": text, "measure": measure, "by": "plan", "expect": expect, "dated": dated}


def stood(*questions, period=PERIOD, earlier=None, last=None):
    return stand(questions, earlier, period, last)


def marks(one):
    return [mark["mark"] for mark in one["marks"]]


def test_a_question_dated_on_the_last_day_is_asked_beforehand_and_a_day_later_is_late():
    assert [one["is_beforehand"] for one in stood(question(dated="2026-06-30"), question(dated="2026-07-01"))] == [
        True,
        False,
    ]


def test_a_late_question_stays_late_when_the_period_has_caught_up_with_its_date():
    first = stood(question(dated="2026-07-03"))
    [one] = stood(question(dated="2026-07-03"), period=NEXT, earlier=first, last="2026-06-30")
    assert (marks(one), one["is_beforehand"]) == (["late"], False)


def test_the_same_question_in_another_place_of_the_recipe_is_not_changed():
    first = stood(question(), question("Happier?", measure="satisfaction.nps"))
    again = stood(question("Happier?", measure="satisfaction.nps"), question(), period=NEXT, earlier=first, last="x")
    assert [one["marks"] for one in again] == [[], []]


def test_a_new_text_or_a_new_expectation_is_a_change_and_keeps_what_it_was():
    for turned in (question("Do they leave later?"), question(expect="monthly > annual")):
        [one] = stood(turned, period=NEXT, earlier=stood(question()), last="2026-06-30")
        assert marks(one) == ["changed"]
        assert (one["marks"][0]["was"]["text"], one["marks"][0]["was"]["expect"]) == ("Longer?", "annual > monthly")
        assert withdrawn([one], stood(question())) == []


def test_a_second_question_of_one_measure_is_added_and_changes_nothing():
    both = stood(question(), question("Shorter?"), period=NEXT, earlier=stood(question()), last="2026-06-30")
    assert [marks(one) for one in both] == [[], ["added"]]


def test_what_was_changed_after_a_look_is_beforehand_for_a_period_that_starts_later():
    changed = stood(question("Other?"), period=NEXT, earlier=stood(question()), last="2026-06-30")
    fresh = {"start": "2026-07-01", "as_of": "2026-07-07"}
    [one] = stood(question("Other?"), period=fresh, earlier=changed, last="2026-06-30")
    assert one["is_beforehand"]


def test_a_change_after_an_edition_of_which_nobody_knows_the_last_day_is_still_told():
    [one] = stood(question("Other?"), period=NEXT, earlier=[question()])
    assert marks(one) == ["changed"]


def test_a_question_that_is_gone_is_told_with_its_last_verdict():
    before = [{**question(), "verdict": "against"}]
    assert [one["verdict"] for one in withdrawn(stood(), before)] == ["against"]
    assert withdrawn(stood(question()), None) == []
