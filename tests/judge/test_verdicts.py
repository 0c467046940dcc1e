"""Verdicts: claims, questions asked beforehand, and what each record says of itself."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest

from journeylib.judge.looks import Look
from journeylib.judge.verdicts import judge

QUESTION = {
    "text": "Do annual contracts stay longer?",
    "measure": "churn.survival",
    "by": "plan",
    "expect": "annual > monthly",
    "dated": "2026-06-01",
}


@pytest.fixture
def staying(record):
    """A finding of differences in days."""

    def make(*rows):
        return record("finding", "stay", *rows, measure="churn.survival", by="plan", horizon_days=365, kind="contract")

    return make


def asked(found, **changed):
    return judge([found], questions=[{**QUESTION, **changed}], audience="private")["questions"][0]


def test_the_expected_direction_claimed_is_supported(staying, stay):
    answer = asked(staying(stay("annual", 40, 10)))
    assert (answer["verdict"], answer["record"], answer["dated"]) == ("supported", "churn/stay", "2026-06-01")


def test_the_direction_is_read_whichever_group_is_the_baseline(staying, stay):
    turned = staying(stay("monthly", -40, 10, baseline="annual"))
    assert asked(turned)["verdict"] == "supported"
    assert asked(turned, expect="Monthly > Annual")["verdict"] == "against"
    assert asked(turned, expect="monthly < annual")["verdict"] == "supported"
    assert asked(turned, expect="annual>monthly")["verdict"] == "supported"


def test_the_opposite_claimed_is_against(staying, stay):
    judged = judge([staying(stay("annual", -40, 10))], questions=[QUESTION], audience="private")
    assert judged["questions"][0]["verdict"] == "against"
    assert judged["records"][0]["verdict"] == "against"
    assert judged["records"][0]["claimed"]


def test_no_claim_says_what_would_have_shown(staying, stay):
    answer = asked(staying(stay("annual", 5, 10)))
    assert answer["verdict"] == "not enough data"
    assert (answer["why"], answer["detectable"], answer["unit"]) == ("none_found", 28, "days")


def test_too_few_say_what_is_needed(staying, stay):
    answer = asked(staying(stay("annual", 40, 10, n=20)))
    assert (answer["verdict"], answer["why"]) == ("not enough data", "guard")
    assert (answer["guard"]["guard"], answer["guard"]["needed"]) == ("customers", 30)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"by": "region"}, "unmeasured"),
        ({"measure": "nps"}, "unmeasured"),
        ({"expect": "annual > trial"}, "not_compared"),
        ({"expect": "annual is better"}, "unreadable"),
    ],
)
def test_a_question_nothing_answers_is_not_applicable_and_says_why(staying, stay, changed, why):
    answer = asked(staying(stay("annual", 40, 10)), **changed)
    assert (answer["verdict"], answer["record"], answer["why"]) == ("not applicable", None, why)


def test_a_pair_that_is_not_compared_is_told_with_those_that_are(staying, stay):
    answer = asked(staying(stay("annual", 40, 10)), expect="annual > trial")
    assert answer["compared"] == [["annual", "monthly"]]


def test_a_measure_that_is_not_applicable_hands_on_its_reason(staying):
    nothing = {**staying(), "columns": ["group", "baseline", "n", "p"], "not_applicable": "no customer has an end date"}
    judged = judge([nothing], questions=[QUESTION])
    assert judged["questions"][0]["not_applicable"] == "no customer has an end date"
    assert judged["records"][0]["verdict"] == "not applicable"


def test_a_question_without_expectation_is_supported_by_any_claim(staying, stay):
    assert asked(staying(stay("annual", -40, 10)), expect=None)["verdict"] == "supported"


def test_the_question_is_not_paid_for_by_what_was_found_by_looking(staying, stay):
    others = [stay(f"g{at}", 1, 10) for at in range(20)]
    found = staying(stay("annual", 23, 10), *others)  # p .021 alone, .45 among 21
    without = judge([found], audience="private")
    asked_first = judge([found], questions=[QUESTION], audience="private")
    assert (without["ledger"]["claimed"], asked_first["ledger"]["claimed"]) == (0, 1)
    assert asked_first["ledger"]["comparisons"] == 21
    assert [one["claimed"] for one in asked_first["records"][0]["contrasts"]] == [True] + [False] * 20


def test_beside_a_claim_every_interval_leaves_out_0_only_where_it_is_claimed(staying, stay):
    found = staying(stay("a", 50, 10), stay("b", 21, 10), stay("c", 20, 10), stay("d", 3, 10))
    one = judge([found], audience="private")["records"][0]
    claims = {contrast["row"]: contrast["claimed"] for contrast in one["contrasts"]}
    for at, cells in enumerate(one["rows"]):
        row = dict(zip(one["columns"], cells, strict=True))
        assert (row["low"] > 0) == claims[at]


WINDOW = {"from_on": "2026-03-01", "until_on": "2026-03-20", "n": 400, "estimate": 0.36, "low": 0.32, "high": 0.41}


def test_a_window_is_claimed_by_its_p_at_the_level_of_its_family(record, staying, stay):
    found = record("finding", "incident", {**WINDOW, "is_enough": True, "p": 0.001, "before": 0.86})
    others = staying(*(stay(f"g{at}", 1, 10) for at in range(9)))
    one = judge([found, others], audience="private")["records"][0]
    assert (one["claimed"], one["verdict"]) == (True, "supported")
    assert one["contrasts"][0]["level"] == pytest.approx(0.005)
    row = dict(zip(one["columns"], one["rows"][0], strict=True))
    assert row["low"] < 0.32
    assert 0.41 < row["high"] < 0.86


def test_a_small_p_beside_an_interval_that_holds_no_difference_is_not_claimed(record):
    found = record("finding", "incident", {**WINDOW, "is_enough": True, "p": 0.001, "before": 0.4})
    assert not judge([found], audience="private")["records"][0]["claimed"]


def test_an_interval_beside_nothing_claimed_is_as_wide_as_a_claim_needs_so_that_it_tempts_nobody(staying, stay):
    found = staying(stay("a", 25, 10), *(stay(f"g{at}", 1, 10) for at in range(9)))  # p .012 of ten
    one = judge([found], audience="private")["records"][0]
    assert not one["claimed"]
    assert one["contrasts"][0]["level"] == pytest.approx(0.005)
    for cells in one["rows"]:
        row = dict(zip(one["columns"], cells, strict=True))
        assert row["low"] <= 0 <= row["high"]


def test_a_search_that_found_nothing_is_a_comparison_and_one_without_days_is_not(record):
    nothing = {**record("finding", "incident", source="a", target="b"), "columns": ["from_on", "p"]}
    lacking = {**nothing, "id": "other", "not_applicable": "5 days with entries"}
    book = judge([nothing, lacking])["ledger"]
    assert (book["comparisons"], book["searches"], book["searched"]) == (1, 1, 1)
    wide = {**nothing, "context": {"searched": 412}}
    assert judge([wide])["ledger"]["searched"] == 412


def test_the_ledger_gives_the_counts_that_a_summary_tells(staying, stay):
    found = staying(stay("annual", 40, 10), stay("b", 1, 10), stay("c", 2, 10), stay("d", 2, 10, n=9))
    book = judge([found], questions=[QUESTION], audience="private")["ledger"]
    assert (book["comparisons"], book["claimed"], book["too_little"]) == (3, 1, 1)
    assert book["families"] == {"asked": {"comparisons": 1, "claimed": 1}, "found": {"comparisons": 2, "claimed": 0}}
    assert (book["family_alpha"], book["by_chance"], book["expected_false"]) == (0.025, 0.15, 0.05)


def test_the_same_contrast_in_two_notebooks_is_one_and_both_say_the_same(staying, stay):
    found = staying(stay("annual", 40, 10))
    judged = judge([found, {**found, "notebook": "segments"}], audience="private")
    assert judged["ledger"]["comparisons"] == 1
    assert [one["claimed"] for one in judged["records"]] == [True, True]


def test_a_rerun_under_another_definition_is_no_new_contrast(staying, stay):
    rerun = staying(stay("annual", 38, 10))
    rerun = {**rerun, "id": "again", "context": {**rerun["context"], "rerun_of": "stay"}}
    assert judge([staying(stay("annual", 40, 10)), rerun])["ledger"]["comparisons"] == 1


def test_a_contrast_that_a_guard_refuses_is_not_made_and_the_question_says_why(staying, stay):
    found = staying(stay("annual", 40, 10))
    found = {**found, "context": {**found["context"], "defined_until": "2026-06-30", "follows_from": "2026-01-01"}}
    judged = judge([found], questions=[QUESTION], audience="private")
    assert (judged["ledger"]["comparisons"], judged["records"][0]["claimed"]) == (0, False)
    assert (judged["questions"][0]["verdict"], judged["questions"][0]["guard"]["key"]) == ("not enough data", "future")
    assert "defined_until" not in judged["records"][0]["context"]


PERIOD = {"start": "2026-01-01", "as_of": "2026-06-30"}


def test_a_question_dated_after_the_period_is_marked_late_and_pays_with_what_was_found(staying, stay):
    others = [stay(f"g{at}", 1, 10) for at in range(20)]
    found = staying(stay("annual", 23, 10), *others)
    judged = judge([found], questions=[{**QUESTION, "dated": "2026-07-01"}], audience="private", period=PERIOD)
    [one] = judged["questions"]
    assert (one["marks"][0]["mark"], one["verdict"]) == ("late", "not enough data")
    assert judged["ledger"]["families"]["asked"]["comparisons"] == 0


def test_a_question_changed_since_the_last_edition_is_marked_with_what_it_was_and_stays_so(staying, stay):
    found = staying(stay("annual", -40, 10))
    first = judge([found], questions=[QUESTION], audience="private", period=PERIOD)
    turned = {**QUESTION, "expect": "monthly > annual"}
    second = judge([found], questions=[turned], period={**PERIOD, "as_of": "2026-07-07"}, earlier=first)
    [one] = second["questions"]
    assert (first["questions"][0]["verdict"], one["verdict"]) == ("against", "supported")
    assert one["marks"][0]["was"]["expect"] == "annual > monthly"
    assert second["withdrawn"] == []
    third = judge([found], questions=[turned], period={**PERIOD, "as_of": "2026-07-14"}, earlier=second)
    assert third["questions"][0]["marks"] == one["marks"]
    later = {"start": "2026-07-08", "as_of": "2026-07-14"}
    assert judge([found], questions=[turned], period=later, earlier=second)["questions"][0]["marks"] == []


def test_a_question_added_or_withdrawn_after_a_look_is_told(staying, stay):
    found = staying(stay("annual", -40, 10))
    first = judge([found], questions=[QUESTION], audience="private", period=PERIOD)
    other = {**QUESTION, "measure": "outcomes.converted", "text": "Do they buy more?"}
    second = judge([found], questions=[other], period={**PERIOD, "as_of": "2026-07-07"}, earlier=first)
    assert [mark["mark"] for mark in second["questions"][0]["marks"]] == ["added"]
    assert [(one["text"], one["verdict"]) for one in second["withdrawn"]] == [(QUESTION["text"], "against")]
    third = judge([found], questions=[other], period={**PERIOD, "as_of": "2026-07-14"}, earlier=second)
    assert len(third["withdrawn"]) == 1


def test_a_series_of_parts_divides_its_alpha_by_the_planned_looks(staying, stay):
    found = staying(stay("annual", 25, 10))  # p .012
    assert judge([found], look=Look(1, 4))["ledger"]["claimed"] == 1
    assert judge([found], look=Look(1, 5))["ledger"]["claimed"] == 0


def test_what_a_look_leaves_for_the_next_comes_back_with_the_judgement(staying, stay):
    found = staying(stay("annual", 25, 10))
    first = judge([found], look=Look(1, 4, accumulates=True, share=0.25))
    second = judge([found], look=Look(2, 4, accumulates=True, share=0.5), earlier=json.loads(json.dumps(first)))
    assert second["looks"]["shares"] == [0.25, 0.5]
    assert [len(steps) for steps in second["looks"]["information"].values()] == [2]
    assert (first["ledger"]["claimed"], second["ledger"]["look"]["way"]) == (0, "spending")


def test_what_compares_nothing_has_a_verdict_only_where_data_lack(record):
    share = {"n": 400, "estimate": 0.4, "low": 0.3, "high": 0.5, "is_enough": True}
    records = [
        record("finding", "converted", share),
        record("finding", "bounced", {**share, "n": 12, "is_enough": False}),
        record("finding", "incident"),
        record("chart", "shares", share),
    ]
    assert [one["verdict"] for one in judge(records)["records"]] == [None, "not enough data", None, None]


def test_a_shared_edition_is_hidden_after_it_is_judged(staying, stay):
    found = staying(stay("annual", 41.234567, 10, n=403), stay("trial", 10, 10, n=7), stay("pilot", 10, 10, n=44))
    judged = judge([found], questions=[QUESTION], audience="shared")
    [one] = judged["records"]
    assert judged["questions"][0]["verdict"] == "supported"
    assert 1 in one["hidden"]
    assert one["rows"][1] == ["trial", "monthly", None, None, None, None, False, None]
    assert one["rows"][0][2] == 405
    assert [contrast["row"] for contrast in one["contrasts"]] == [at for at in (0, 2) if at not in one["hidden"]]


def test_a_contrast_that_is_hidden_is_not_made_and_its_question_says_so(staying, stay):
    found = staying({**stay("annual", 40, 10), "at_risk": 6})
    judged = judge([found], questions=[QUESTION], audience="shared")
    assert (judged["ledger"]["comparisons"], judged["looks"]["information"]) == (0, {})
    assert judged["questions"][0]["why"] == "hidden"
    assert judge([found], questions=[QUESTION], audience="private")["ledger"]["claimed"] == 1


@pytest.mark.parametrize("audience", ["shared", "private"])
@pytest.mark.parametrize("unit", ["days", "share"])
def test_what_is_shown_leaves_out_no_difference_exactly_where_it_is_claimed(staying, stay, audience, unit):
    draw = np.random.default_rng(7)
    scale, many = (1 if unit == "days" else 0.01), 0
    for _ in range(60):
        drawn = ((float(draw.normal(draw.choice([0, 9]), 3)), int(draw.integers(40, 900))) for _ in range(6))
        rows = [stay(f"g{at}", gap * scale, 3 * scale, n=n) for at, (gap, n) in enumerate(drawn)]
        found = staying(*rows)
        found = {**found, "context": {**found["context"], "unit": unit}}
        [one] = judge([found], audience=audience)["records"]
        for contrast in one["contrasts"]:
            row = dict(zip(one["columns"], one["rows"][contrast["row"]], strict=True))
            assert (row["low"] > 0 or row["high"] < 0) == contrast["claimed"]
            many += contrast["claimed"]
    assert many > 60


def test_a_question_tells_no_count_of_a_small_group_in_a_shared_edition(staying, stay):
    few = staying({**stay("annual", 40, 10), "is_enough": False, "at_risk": 12, "left": 40})
    few["context"]["horizon_days"] = 365
    [one] = judge([few], questions=[QUESTION], audience="shared")["questions"]
    told = {"guard": "customers at risk at the horizon", "key": "at_risk", "remedy": "shorter_horizon", "needed": 20}
    assert one["guard"] == told


def test_a_stricter_alpha_for_a_series_with_looks_claims_less(staying, stay):
    found = staying(stay("annual", 25, 10))
    assert judge([found])["ledger"]["claimed"] == 1
    assert judge([found], alpha=0.05 / 52)["ledger"]["claimed"] == 0


def test_the_judgement_is_json_is_the_same_again_and_changes_nothing(staying, stay, record):
    records = [staying(stay("annual", 40, 10)), record("data", "data", {"rule": "no time", "rows": 3})]
    before = copy.deepcopy(records)
    once, again = (json.dumps(judge(records, questions=[QUESTION]), sort_keys=True) for _ in range(2))
    assert once == again
    assert records == before


def test_nothing_recorded_is_judged_as_nothing():
    judged = judge([])
    book = judged["ledger"]
    assert (book["comparisons"], book["claimed"], book["searches"], book["too_little"]) == (0, 0, 0, 0)
    assert (judged["audience"], judged["min_cell"], judged["records"]) == ("shared", 10, [])
