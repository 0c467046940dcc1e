"""What a page says of leaving: for whom it is sooner, what comes before, who is next; and what it does not say."""

from __future__ import annotations

import math

import leaving
import pytest

from journeylib.show import words
from journeylib.show.markup import table
from journeylib.show.words import reasons

RATIO = ["covariate", "group", "baseline", "n", "estimate", "low", "high", "is_enough", "p", "is_proportional", "note"]
LEAD = ["group", "baseline", "n", "estimate", "low", "high", "is_enough", "p", "left", "expected"]


def bare(text):
    return text.replace("\u202f", " ").replace("\u2068", "").replace("\u2069", "")


def row(group, ratio, half=0.1, *, n=1945, covariate="plan", baseline="monthly", holds=True, note=""):
    value = math.log(ratio) if ratio else None
    ends = [None, None] if value is None else [value - half, value + half]
    return [covariate, group, baseline, n, value, *ends, n >= 30 and not note, 0.2, holds, note]


def finding(*rows, claimed=(), columns=RATIO, form="hazards", hidden=(), **context):
    """A judged finding; `claimed` names the rows that the edition claims."""
    contrasts = [{"row": at, "claimed": at in claimed} for at in range(len(rows))]
    about = {"kind": "contract", "horizon_days": 365, "within_days": 30, **context}
    made = {"id": form, "kind": "finding", "form": form, "context": about, "not_applicable": None}
    judged = {"claimed": bool(claimed), "contrasts": contrasts, "hidden": list(hidden), "guards": []}
    return {**made, "columns": list(columns), "rows": [list(one) for one in rows], **judged}


def said(made):
    return bare(words.sentence(made))


def test_a_claimed_ratio_is_said_as_so_many_times_as_likely_with_its_interval_and_n():
    assert said(finding(row("annual", 0.49, 0.12), claimed=[0])) == (
        "All else alike, a customer still there whose plan is annual is 0.49 times as likely to leave on a day as one "
        "whose plan is monthly (0.43–0.55, n = 1,945)."
    )


def test_where_leaving_is_a_silence_nobody_is_said_to_leave():
    made = finding(row("annual", 1.6), claimed=[0], kind="lapse")
    assert "still active whose plan is annual is 1.6 times as likely to fall silent on a day" in said(made)


def test_a_ratio_whose_interval_holds_1_is_no_difference_and_what_would_have_shown_is_told():
    assert said(finding(row("annual", 0.95))) == (
        "No difference found for plan; a ratio of 1.2, or its inverse, would usually have shown."
    )


def test_a_ratio_that_the_ledger_does_not_claim_is_said_with_a_warning():
    assert said(finding(row("annual", 0.7))).endswith(
        "this is not claimed: among all that this edition compares, chance alone can bring one like it."
    )


def test_a_segment_of_which_no_level_differs_is_named_once_and_a_single_level_by_itself():
    rows = [
        row("Leeds", 1.02, covariate="region", baseline="London"),
        row("Ely", 0.99, covariate="region", baseline="London"),
        row("annual", 0.5),
        row("weekly", 1.01),
    ]
    assert "No difference found for region or plan: weekly;" in said(finding(*rows, claimed=[2]))


def test_a_ratio_that_changes_in_the_course_of_time_is_called_an_average():
    made = finding(row("annual", 0.49, holds=False), claimed=[0])
    assert said(made).endswith("For plan the ratio seems to change in the course of time: one number is an average.")


def test_a_level_that_nobody_left_has_no_ratio_and_one_with_few_has_not_enough_data():
    rows = [row("gold", 0, n=60, note="nobody left"), row("tin", 1.4, n=14), row("annual", 1.0)]
    text = said(finding(*rows))
    assert "No ratio for plan: gold (nobody left)." in text
    assert "Not enough data for plan: tin." in text


def test_where_every_group_is_too_small_the_finding_says_only_that():
    assert said(finding(row("tin", 1.4, n=14))).startswith("Not enough data: 14 of the 30 customers needed")


def test_where_nobody_left_the_reason_of_the_measure_is_given():
    made = {**finding(), "not_applicable": "no customer has an end date in the data"}
    assert said(made) == "Not applicable: no customer has an end date in the data."


def lead(path, ratio, half=0.2, *, left=118, expected=71.4, n=610):
    value = math.log(ratio)
    return [path, "rest", n, value, value - half, value + half, n >= 30, 0.2, left, expected]


def test_what_comes_before_leaving_is_said_with_those_who_left_and_those_expected():
    made = finding(lead("complaint", 1.72), claimed=[0], columns=LEAD, form="leads")
    assert said(made) == (
        "In the 30 days after “complaint”, customers are 1.7 times as likely to leave on a day as others who have "
        "been there as long (1.4–2.1, n = 610): 118 did, where 71 would be expected."
    )


def test_a_path_without_a_difference_is_named_and_others_are_counted():
    rows = [lead(path, 1.02) for path in ("call", "chat", "order", "visit", "survey")]
    text = said(finding(*rows, columns=LEAD, form="leads"))
    assert text.startswith("No difference found after “call”, “chat”, “order” or 2 more; a ratio of 1.3,")


def test_the_check_with_the_histories_of_others_is_told():
    columns = [*LEAD, "placebo", "placebo_low", "placebo_high"]
    rows = [[*lead("call", 1.02), 0.0, -0.1, 0.1], [*lead("chat", 1.02), 0.3, 0.1, 0.5]]
    text = said(finding(*rows, columns=columns, form="leads"))
    assert "in place of their own, 1 of 2 intervals leave out no difference" in text


def forecast(model, rule, low):
    made = next(one for one in leaving.judged() if one["id"] == "foretold")
    cells = [dict(zip(made["columns"], one, strict=True)) for one in made["rows"]]
    for one in cells:
        if one["measure"] == "concordance":
            gain = {"estimate": model - rule, "low": model - rule - 0.04, "high": model - rule + 0.04}
            ways = {"model": {"estimate": model, "low": low}, "rule of thumb": {"estimate": rule, "low": rule - 0.04}}
            one |= ways.get(one["way"], gain)
    return {**made, "rows": [list(one.values()) for one in cells]}


def test_a_forecast_is_set_beside_the_rule_of_thumb_and_a_coin():
    assert said(forecast(0.68, 0.57, 0.62)).endswith(
        "higher in 68 % of pairs (62–72 %, n = 3,200): better than a rule of thumb, silent longest first, with 57 % "
        "(by 7–15 points); a coin would in 50 %."
    )


def test_a_forecast_that_is_not_shown_to_be_better_than_the_rule_says_so():
    assert "is not shown (by −1.0 to 7.0 points)" in said(forecast(0.6, 0.57, 0.55))


def test_a_forecast_that_tells_nobody_apart_says_so():
    assert "is not shown to tell who leaves first better than a coin" in said(forecast(0.52, 0.5, 0.47))


def test_what_a_customer_brings_is_said_by_group_the_most_first():
    made = next(one for one in leaving.judged() if one["id"] == "worth")
    assert said(made) == (
        "Within 365 days, a customer whose plan is annual is expected to bring €412 (€371–454, n = 1,945); "
        "where it is monthly, €301 (€271–331, n = 3,055), if a day brings as much "
        "early as late."
    )


@pytest.mark.parametrize(
    ("place", "title"),
    [
        ("ratios_chart", "Who leaves sooner, all else alike"),  # for the ratio of the plan seems to change
        ("leads_chart", "After “complaint”, customers leave sooner"),
        ("days_chart", "How much longer customers stay, segment by segment"),
        ("hazard", "When those still there leave"),
    ],
)
def test_a_chart_is_titled_by_its_claim_or_by_what_it_shows(place, title):
    made = next(one for one in leaving.judged() if one["id"] == place)
    assert bare(words.title(made)) == title


def test_bands_are_ordered_only_where_they_can_be_told_apart():
    made = next(one for one in leaving.judged() if one["id"] == "hazard")
    assert bare(words.see(made)).startswith("Most leave on days 1–30, 6.5 %")
    assert "fewer on days 151–180" in bare(words.see(made))
    alike = {**made, "rows": made["rows"][1:3]}
    assert "no other band can be told apart" in bare(words.see(alike))


def test_a_table_of_ratios_shows_ratios_and_no_logarithms():
    made = next(one for one in leaving.judged() if one["id"] == "ratios_chart")
    text = bare(table(made))
    assert ">Ratio<" in text
    assert ">0.49<" in text
    assert "-0.7" not in text.replace("−", "-")


def test_every_note_of_a_model_has_words():
    assert set(reasons.NOTES) == {
        "constant",
        "collinear",
        "infinite",
        "nought",
        "nobody left",
        "unit",
        "others too",
        "part of leaving",
    }


def test_where_the_check_fails_that_is_said_and_not_that_there_is_too_little():
    columns = [*LEAD, "placebo", "placebo_low", "placebo_high", "note"]
    cells = [[*lead(path, 1.9), 0.3, 0.1, 0.5, "others too"] for path in ("call", "chat")]
    for one in cells:
        one[LEAD.index("is_enough")] = False
    text = said(finding(*cells, columns=columns, form="leads"))
    assert "No ratio for “call” and “chat” (with the histories of other customers it seems so too)." in text
    assert "2 of 2 intervals leave out no difference" in text
    assert "Not enough data" not in text


def test_it_is_told_where_leaving_may_follow_whatever_customers_do():
    columns = [*LEAD, "active_low", "active_high"]
    made = finding([*lead("call", 1.7), -0.1, 0.2], claimed=[0], columns=columns, form="leads")
    assert "against others who did something in these days, no difference is shown" in said(made)
