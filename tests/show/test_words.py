from __future__ import annotations

import itertools

import pytest

from journeylib import schema
from journeylib.show import charts, record, words
from journeylib.show.forms import FORMS
from journeylib.show.words import figures, findings, trust

GOAL = {"goal": "purchase", "within_days": 30}
STAY = {"by": "plan", "horizon_days": 365, "kind": "contract", "measure": "churn.survival"}
STEP = {"source": "cart", "target": "order", "within_days": 1}


def bare(text):
    return text.replace("\u202f", " ").replace("\u2068", "").replace("\u2069", "")


def finding(form, rows, columns=schema.RESULT, *, claimed=False, context=None, **more):
    made = {"id": form, "kind": "finding", "form": form, "context": context or {}, "not_applicable": None}
    return {**made, "columns": list(columns), "rows": rows, "claimed": claimed, "hidden": [], "guards": [], **more}


def stay(low, high, *, claimed, n=1200, context=STAY):
    columns = ["group", "baseline", *schema.RESULT, "p"]
    row = ["annual", "monthly", n, (low + high) / 2, low, high, n >= 30, 0.01]
    return finding("stay", [row], columns, claimed=claimed, context=context)


def incident(low, high, *, claimed, before=0.85):
    columns = ["from_on", "until_on", *schema.RESULT, "p", "before"]
    row = ["2026-10-03", "2026-10-22", 812, (low + high) / 2, low, high, True, 0.001, before]
    return finding("incident", [row], columns, claimed=claimed, context=STEP)


def said(made):
    return bare(words.sentence(made))


def test_every_form_has_its_words_and_its_drawing():
    assert set(findings.SENTENCES) == set(FORMS["finding"])
    assert set(figures.TITLES) == set(FORMS["chart"]) == set(charts.DRAWINGS)


def test_converted():
    made = finding("converted", [[4120, 0.381, 0.361, 0.402, True]], context=GOAL)
    assert said(made) == "38 % of journeys reach “purchase” within 30 days (36–40 %, n = 4,120)."


def test_bounced():
    made = finding("bounced", [[900, 0.148, 0.12, 0.181, True]], context={"chain": ["web", "chat", "phone"]})
    assert said(made) == "15 % of journeys go from web to chat and then to phone (12–18 %, n = 900)."


def test_first_channel_tells_the_first_two_and_compares_nothing():
    columns = ["channel", *schema.RESULT]
    apart = finding("first_channel", [["app", 90, 0.21, 0.18, 0.24, True], ["web", 90, 0.62, 0.6, 0.64, True]], columns)
    assert said(apart) == ("62 % of journeys start on web (60–64 %, n = 90) and 21 % (18–24 %) on app.")
    close = finding("first_channel", [["web", 90, 0.33, 0.3, 0.36, True], ["app", 90, 0.31, 0.28, 0.34, True]], columns)
    assert said(close).endswith("start on web (30–36 %, n = 90) and 31 % (28–34 %) on app.")
    alone = finding("first_channel", [["web", 90, 1.0, 0.96, 1.0, True]], columns)
    assert said(alone) == "100 % of journeys start on web (96–100 %, n = 90)."


def test_nps_runs_from_minus_to_plus():
    assert said(finding("nps", [[240, -4.0, -9.2, 1.4, True]])) == "The net promoter score is −4 (−9 to 1, n = 240)."


def test_incident():
    assert said(incident(0.31, 0.39, claimed=True)) == (
        "From 3 to 22 October 2026, only 35 % go on from cart to order (31–39 %, n = 812), against 85 % at other times."
    )
    none = finding("incident", [], incident(0, 1, claimed=False)["columns"], context=STEP)
    assert said(none) == "No period stands out in the share that goes on from cart to order."


def test_stay():
    assert said(stay(28.1, 40.3, claimed=True)) == (
        "Customers whose plan is annual stay 34 days longer within the first 365 days than those whose plan is monthly "
        "(28–40 days, n = 1,200)."
    )
    lapse = stay(-20.0, -10.0, claimed=True, context={**STAY, "kind": "lapse"})
    assert "stay active 15 days less within" in said(lapse)
    assert "(10–20 days, n = 1,200)" in said(lapse)


def test_left():
    columns = ["plan", *schema.RESULT]
    rows = [["monthly", 800, 0.44, 0.41, 0.47, True], ["annual", 900, 0.71, 0.68, 0.74, True]]
    assert said(finding("left", rows, columns, context=STAY)) == (
        "After 365 days, 71 % of customers whose plan is annual are still there (68–74 %, n = 900); "
        "44 % (41–47 %, n = 800) where it is monthly."
    )
    whole = finding("left", [[900, 0.71, 0.68, 0.74, True]], context={**STAY, "kind": "lapse"})
    assert said(whole) == "After 365 days, 71 % of customers are still active (68–74 %, n = 900)."


def test_median_stay_may_not_be_reached():
    rows = [["annual", 900, None, None, None, True], ["monthly", 800, 212.0, 190.0, None, True]]
    assert said(finding("median_stay", rows, ["plan", *schema.RESULT], context=STAY)) == (
        "Half of the customers whose plan is monthly have left after 212 days (190 days or more, n = 800); "
        "of customers whose plan is annual, fewer than half have left in the time observed (n = 900)."
    )


@pytest.mark.parametrize(
    ("low", "high", "claimed"), [*itertools.product([-30.0, -3.0, 2.0], [3.0, 40.0, -2.0], [True, False])]
)
def test_no_sentence_says_more_than_its_interval(low, high, claimed):
    if low > high:
        return
    text = said(stay(low, high, claimed=claimed))
    is_apart = low > 0 or high < 0
    assert ("No difference found" in text) is not is_apart
    assert ("days longer" in text) is (low > 0)
    assert ("days less within" in text) is (high < 0)
    assert ("this is not claimed" in text) is (is_apart and not claimed)
    assert ("would usually have shown" in text) is not is_apart


def test_no_difference_tells_which_one_would_have_shown():
    assert said(stay(-8.0, 14.0, claimed=False)).endswith(
        "(annual less monthly: −8 to 14 days, n = 1,200); one of 16 days or more would usually have shown."
    )
    judged = {**stay(-8.0, 14.0, claimed=False), "contrasts": [{"row": 0, "claimed": False, "detectable": 21.0}]}
    assert said(judged).endswith("one of 21 days or more would usually have shown.")


def test_each_contrast_of_a_finding_is_claimed_by_itself():
    columns = ["group", "baseline", *schema.RESULT, "p"]
    rows = [
        ["north", "south", 400, 3.0, -8.0, 14.0, True, 0.6],
        ["east", "south", 400, 20.0, 10.0, 30.0, True, 0.001],
        ["west", "south", 400, 9.0, 1.0, 17.0, True, 0.03],
        ["isles", "south", 12, 9.0, -40.0, 60.0, False, None],
        ["moor", "south", 400, -2.0, -12.0, 8.0, True, 0.7],
    ]
    contrasts = [{"row": i, "claimed": i == 1, "detectable": None} for i in (0, 1, 2, 4)]
    made = finding("stay", rows, columns, claimed=True, context={**STAY, "by": "region"}, contrasts=contrasts)
    text = said(made)
    assert text.startswith("Customers whose region is east stay 20 days longer within the first 365 days than those")
    assert text.count("this is not claimed") == 1
    assert "whether region is south, north or moor; one of 16 days or more" in text
    assert text.endswith("Not enough data where region is isles.")
    assert [row.values["group"] for row in words.claims(made)] == ["east"]


def test_an_unclaimed_incident_is_never_told_as_one():
    assert said(incident(0.31, 0.39, claimed=False)) == (
        "No period stands out in the share that goes on from cart to order: the most unusual, from 3 to 22 October "
        "2026, has 35 % (31–39 %, n = 812) against 85 % at other times, and chance alone can bring one like it."
    )
    assert said(incident(0.80, 0.88, claimed=True)).startswith("No period stands out")
    live = {key: value for key, value in incident(0.31, 0.39, claimed=False).items() if key != "claimed"}
    assert said(live).endswith("chance alone can bring one like it.")
    assert "this is not claimed" in said(live)  # not judged yet


def test_too_little_data_is_an_answer():
    few = finding("converted", [[14, 0.5, 0.2, 0.8, False]], context=GOAL)
    assert (
        said(few)
        == "Not enough data: 14 of the 30 customers needed to say how many journeys reach “purchase” within 30 days."
    )
    guard = {"guard": "departures", "status": "refuse", "have": 8, "needed": 10}
    assert said({**stay(1, 2, claimed=False), "guards": [guard]}) == (
        "Not enough data: 8 of the 10 departures needed to say whether plan goes with a longer stay."
    )
    rounded = {**guard, "have": 10}
    assert said({**stay(1, 2, claimed=False), "guards": [rounded]}).startswith(
        "Not enough data: fewer than the 10 departures needed"
    )
    veiled = {"guard": "customers", "status": "refuse", "have": None, "needed": 30}
    assert "fewer than 10 of the 30 customers" in said({**few, "guards": [veiled]})
    veiled = {**guard, "have": None}
    assert "Not enough data: fewer than the 10 departures needed" in said({**few, "guards": [veiled]})
    many = finding("converted", [[400, None, None, None, False]], context=GOAL)
    assert said(many).startswith("Not enough data to say how many")
    assert said(finding("nps", [])).startswith("Not enough data: nothing was observed")


def test_a_hidden_finding_and_one_that_does_not_apply_say_so():
    hidden = {**finding("nps", [[None, None, None, None, False]]), "hidden": [0], "min_cell": 12}
    assert said(hidden) == "Hidden, to protect groups of fewer than 12 customers."
    missing = {**finding("nps", []), "not_applicable": "no event carries a score"}
    assert said(missing) == "Not applicable: no event carries a score."


def test_every_form_says_why_it_cannot_be_said():
    for form in set(findings.SENTENCES) - trust.ALWAYS:
        context = {**GOAL, **STAY, **STEP, "chain": ["web", "chat"]}
        columns = FORMS["finding"][form]
        made = finding(
            form,
            [[None if c not in ("n", "is_enough") else 4 if c == "n" else False for c in columns]],
            columns,
            context=context,
        )
        assert said(made).startswith("Not enough data: 4 of the 30 customers needed to say ")


def test_an_end_of_an_interval_never_reads_like_the_estimate():
    values = {"n": 4250, "estimate": 0.293, "low": 0.286, "high": 0.301}
    assert bare(words.estimate(values, "share")) == "29.3 % (28.6–30.1 %, n = 4,250)"
    nothing = {"n": 130, "estimate": 0.0, "low": 0.0, "high": 0.04}
    assert bare(words.estimate(nothing, "share")) == "0 % (0–4 %, n = 130)"


@pytest.mark.parametrize(
    ("share", "shown"), [(0, "0 %"), (1, "100 %"), (0.9961, "99.6 %"), (0.00001, "<0.01 %"), (0.999999, ">99.99 %")]
)
def test_nothing_and_everything_are_kept_for_nothing_and_everything(share, shown):
    assert bare(words.percent(share)) == shown


def chart(form, frame, about=None, **context):
    return {
        **record.make("chart", form, frame, **context),
        "about": about,
        "claimed": False,
        "hidden": [],
        "guards": [],
    }


def test_a_title_states_the_finding_only_where_it_is_claimed(fakes):
    curve = fakes.curve({"annual": (2210, 0.001), "monthly": (4120, 0.003)})
    claimed = chart("survival", curve, stay(28, 40, claimed=True), **STAY)
    assert bare(words.title(claimed)) == "Customers whose plan is annual stay longer"
    for about in (stay(28, 40, claimed=False), stay(-3, 40, claimed=True), None):
        assert bare(words.title(chart("survival", curve, about, **STAY))) == "How long customers stay, by plan"
    weekly = chart("trend", fakes.weekly(), incident(0.31, 0.39, claimed=True), unit="share", **STEP)
    assert bare(words.title(weekly)) == "Fewer went on from cart to order, 3–22 October 2026"
    assert words.window(weekly) == ("2026-10-03", "2026-10-22")
    plain = chart("trend", fakes.weekly(), incident(0.31, 0.39, claimed=False), unit="share", **STEP)
    assert bare(words.title(plain)) == "How many go on from cart to order, week by week"


def test_every_chart_says_what_it_shows_and_can_be_heard(fakes):
    for shown in fakes.records().values():
        for made in shown:
            if isinstance(made, dict) and made["kind"] == "chart" and made["not_applicable"] is None:
                assert words.subtitle(made)
                assert words.see(made).endswith(".")
                assert any(character.isdigit() for character in words.alt(made))


def test_what_cannot_be_told_apart_is_not_put_in_order_without_a_word():
    columns = ["channel", *schema.RESULT]
    rows = [["web", 90, 0.33, 0.3, 0.36, True], ["app", 90, 0.31, 0.28, 0.34, True]]
    made = {**finding("shares", rows, columns), "kind": "chart"}
    assert words.see(made).endswith("; the two cannot be told apart.")


def test_the_see_sentence_of_survival_agrees_with_the_horizon(fakes):
    made = chart("survival", fakes.curve({"annual": (2210, 0.001)}), horizon_days=365)
    assert "after 365 days" in words.see(made)


def test_names_are_kept_apart_cut_and_made_visible():
    assert words.name("web") == "\u2068web\u2069"
    assert words.name(None) == "\u2068unknown\u2069"
    assert len(words.name("x" * 300)) == 62
    for hidden in "\u202e\u2066\u2068\u2069\u200b\x00\x1b\ud800\uffff":
        assert hidden not in words.visible(f"a{hidden}b")
    assert words.visible("نمی\u200cخواهم") == "نمی\u200cخواهم"


def test_a_page_says_partial_data_before_anything():
    assert words.notices({"as_of": "2026-06-30", "complete_through": "2026-06-30"}) == []
    assert words.notices({"as_of": "2026-06-30", "complete_through": "2026-06-29"}) == [
        "The data are complete through 29 June 2026 only; the last day is partial."
    ]


def test_the_reconciliation_adds_up_in_words():
    statement = {
        "context": {"records_in": 10, "accepted": 7, "quarantined": 2, "duplicates": 1, "begins_on": "2026-01-01"}
    }
    assert bare(words.reconciliation(statement)) == (
        "Of 10 records read, 7 were accepted, 2 were set aside (20 %) and 1 is a duplicate; "
        "the data begin on 1 January 2026."
    )


def test_the_ledger_tells_how_much_was_compared():
    book = {"comparisons": 3, "claimed": 1, "alpha": 0.05, "method": "Benjamini–Hochberg"}
    assert bare(words.ledger({"ledger": book})) == (
        "Of 3 comparisons made in this edition, 1 is claimed; the expected share of false claims is held at 5 % "
        "(Benjamini–Hochberg)."
    )
    small = {**book, "alpha": 0.05 / 52}
    assert "held at 0.1 %" in bare(words.ledger({"ledger": small}))
    assert words.ledger({"ledger": {**book, "comparisons": 0}}).startswith("This edition compares nothing")


def test_labels_of_headline_numbers():
    labels = {
        "customers": "Customers",
        "converted_share": "Journeys that reach purchase within 30 days",
        "bounced_share": "Journeys that go web → chat",
        "nps": "Net promoter score",
        "still_share": "Customers still there after 365 days",
        "expected": "Expected to leave within 90 days",
        "left_customers": "Customers who left",
        "records": "Records read",
        "accepted_share": "Accepted, of the records read",
        "anonymous_share": "Events that stayed anonymous",
    }
    assert set(labels) == set(FORMS["number"])
    context = {**GOAL, **STAY, "days": 90, "chain": ["web", "chat"]}
    assert {form: bare(words.label({"form": form, "context": context})) for form in labels} == labels


def test_a_silence_from_which_many_return_is_called_too_short():
    many = finding("returned", [[545, 0.9, 0.86, 0.93, True]], context={"silent_days": 42})
    assert said(many) == (
        "90 % of the customers who fell silent for more than 42 days came back later (86–93 %, n = 545): "
        "such a silence is too short to call it leaving."
    )
    few = finding("returned", [[545, 0.04, 0.03, 0.06, True]], context={"silent_days": 120})
    assert "too short" not in said(few)


def test_a_supported_finding_that_nobody_asked_about_is_claimed():
    contrast = {"row": 0, "claimed": True, "asked": False}
    assert words.stance({"verdict": "supported", "contrasts": [contrast]}) == "claimed"
    assert words.stance({"verdict": "supported", "contrasts": [{**contrast, "asked": True}]}) == "supported"
    assert words.stance({"verdict": "against", "contrasts": [contrast]}) == "against"
    assert words.stance({"verdict": None}) is None
