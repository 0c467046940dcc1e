"""Verdicts: claims, questions asked beforehand, and what each record says of itself."""

from __future__ import annotations

import copy
import json

import pytest

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
    assert answer["reason"] == "no difference found; one of 28 days or more would usually have shown"
    assert answer["detectable"] == 28


def test_too_few_say_what_is_needed(staying, stay):
    answer = asked(staying(stay("annual", 40, 10, n=20)))
    assert (answer["verdict"], answer["reason"]) == ("not enough data", "it needs 30 customers")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"by": "region"}, "no finding of this edition measures it"),
        ({"measure": "nps"}, "no finding of this edition measures it"),
        ({"expect": "annual > trial"}, "the edition compares annual with monthly, not these two"),
        ({"expect": "annual is better"}, 'its expectation "annual is better" cannot be read; write "annual > monthly"'),
    ],
)
def test_a_question_nothing_answers_is_not_applicable_and_says_why(staying, stay, changed, reason):
    answer = asked(staying(stay("annual", 40, 10)), **changed)
    assert (answer["verdict"], answer["record"], answer["reason"]) == ("not applicable", None, reason)


def test_a_measure_that_is_not_applicable_hands_on_its_reason(staying):
    nothing = {**staying(), "columns": ["group", "baseline", "n", "p"], "not_applicable": "no customer has an end date"}
    judged = judge([nothing], questions=[QUESTION])
    assert judged["questions"][0]["reason"] == "no customer has an end date"
    assert judged["records"][0]["verdict"] == "not applicable"


def test_a_question_without_expectation_is_supported_by_any_claim(staying, stay):
    assert asked(staying(stay("annual", -40, 10)), expect=None)["verdict"] == "supported"


def test_the_question_is_not_paid_for_by_what_was_found_by_looking(staying, stay):
    others = [stay(f"g{at}", 1, 10) for at in range(20)]
    found = staying(stay("annual", 21, 10), *others)  # p .036 alone, .75 among 21
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


def test_a_window_is_claimed_by_its_p_and_keeps_its_interval(record):
    row = {"from_on": "2026-03-01", "until_on": "2026-03-20", "n": 400, "estimate": 0.36, "low": 0.32, "high": 0.41}
    found = record("finding", "incident", {**row, "is_enough": True, "p": 0.001, "before": 0.86})
    one = judge([found], audience="private")["records"][0]
    assert (one["claimed"], one["verdict"]) == (True, "supported")
    assert one["rows"] == found["rows"]


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
    assert one["hidden"] == [1, 2]
    assert one["rows"][1] == ["trial", "monthly", None, None, None, None, False, None]
    assert one["rows"][0][2:4] == [405, 41.2]
    assert [contrast["row"] for contrast in one["contrasts"]] == [0]


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
    assert judged["ledger"] == {"comparisons": 0, "claimed": 0, "alpha": 0.05, "method": "Benjamini–Hochberg"}
    assert (judged["audience"], judged["min_cell"], judged["records"]) == ("shared", 10, [])
