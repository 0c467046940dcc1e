"""What a page says of groups: who differs, by how much, and is it them or their mix."""

from __future__ import annotations

import itertools
import re

import groups
import pandas as pd
import pytest

from journeylib import schema
from journeylib.show import record, words
from journeylib.show.markup import figure, table
from journeylib.show.words import grouped, measures, money, standing
from journeylib.show.words.differences import detectable

GOAL = {"goal": "purchase", "within_days": 30}
CONVERTED = {"measure": "outcomes.converted", "by": "plan", "unit": "share", "inside": "region", **GOAL}
COLUMNS = ["group", "baseline", *schema.RESULT, "p", "detectable", "left_out"]


def bare(text):
    return text.replace("\u202f", " ").replace("\u2068", "").replace("\u2069", "")


def row(group, estimate, half, n=2310, *, baseline="rest", p=0.001, shows=0.03, left_out=0.0):
    return [group, baseline, n, estimate, estimate - half, estimate + half, n >= 30, p, shows, left_out]


def differs(*rows, claimed=(), hidden=(), columns=COLUMNS, form="differs", **context):
    """A judged finding; `claimed` names the groups that the edition claims to differ."""
    contrasts = [{"row": at, "claimed": one[columns.index("group")] in claimed} for at, one in enumerate(rows)]
    made = {"id": form, "kind": "finding", "form": form, "context": {**CONVERTED, **context}, "not_applicable": None}
    judged = {"claimed": bool(claimed), "contrasts": contrasts, "hidden": list(hidden), "guards": []}
    return {**made, "columns": list(columns), "rows": [list(one) for one in rows], **judged}


def said(made):
    return bare(words.sentence(made))


def test_a_claimed_difference_is_said_with_its_number_interval_and_n():
    made = differs(row("annual", 0.042, 0.012, baseline="monthly"), claimed=["annual"])
    assert said(made) == (
        "Where plan is “annual”, journeys reach “purchase” within 30 days 4.2 points more often than where it is "
        "“monthly” (3.0–5.4 points, n = 2,310), made alike by region."
    )


def test_the_ends_of_a_difference_downward_are_turned_round():
    made = differs(row("trial", -0.044, 0.017, n=1190), claimed=["trial"], inside="")
    assert said(made) == (
        "Where plan is “trial”, journeys reach “purchase” within 30 days 4.4 points less often than for all others "
        "(2.7–6.1 points, n = 1,190), not made alike."
    )


def test_three_differences_are_named_the_largest_first_and_the_rest_counted():
    rows = [
        row(name, size, 0.01) for name, size in zip("abcdefg", [0.02, -0.07, 0.03, 0.05, 0.02, 0.02, 0.03], strict=True)
    ]
    text = said(differs(*rows, claimed="abcdefg"))
    assert text.startswith("Where plan is “b”, journeys reach")
    assert text.index("“b”") < text.index("“d”") < text.index("“c”")
    assert "where it is “d”, 5.0 points more often (4.0–6.0 points, n = 2,310)" in text
    assert text.endswith("And 4 more groups differ.")
    assert "“a”" not in text
    assert said(differs(*rows[:4], claimed="abcd")).endswith("And 1 more group differs.")


def test_what_is_not_claimed_says_what_would_have_shown():
    made = differs(row("annual", 0.05, 0.01), row("north", 0.002, 0.02, shows=0.03), claimed=["annual"])
    assert said(made).endswith("No difference found for “north”; one of 3 points or more would usually have shown.")
    rows = [row(name, 0.001, 0.02, shows=shows) for name, shows in [("a", 0.02), ("b", 0.041), ("c", 0.03)]]
    assert said(differs(*rows, by="region", inside="plan")) == (
        "No difference found in how many journeys reach “purchase” within 30 days where region is “a”, “b” or “c”, "
        "compared with all others, made alike by plan; one of 4.1 points or more would usually have shown."
    )


def test_a_single_group_without_a_difference_is_said_with_its_interval():
    made = differs(row("annual", 0.009, 0.021, baseline="monthly", shows=0.03), inside="")
    assert said(made) == (
        "No difference found in how many journeys reach “purchase” within 30 days where plan is “annual”, compared "
        "with “monthly” (−1.2 to 3.0 points, n = 2,310), not made alike; one of 3 points or more would usually "
        "have shown."
    )


def test_what_would_have_shown_is_as_judged_then_as_measured_then_from_the_interval():
    made = differs(row("a", 0.0, 0.0196, shows=0.05))
    first = standing.shown(made)[0]
    assert detectable(made, first) == 0.05
    assert detectable({**made, "contrasts": [{"row": 0, "claimed": False, "detectable": 0.07}]}, first) == 0.07
    bare_columns = COLUMNS[:-2]
    unmeasured = differs(row("a", 0.0, 0.0196)[:-2], columns=bare_columns)
    assert detectable(unmeasured, standing.shown(unmeasured)[0]) == pytest.approx(0.028, rel=1e-3)


def test_forty_groups_are_counted_and_not_listed():
    rows = [row(f"g{at:02}", 0.001, 0.02) for at in range(40)]
    text = said(differs(*rows))
    assert "“g00”, “g01”, “g02” or 37 more" in text
    assert len(text) < 300


def test_too_little_data_and_hidden_rows_are_said_and_nothing_of_them_is():
    rows = [row("annual", 0.05, 0.01), row("few", 0.31, 0.3, n=14), row("veiled", 0.27, 0.1, n=40)]
    text = said(differs(*rows, claimed=["annual"], hidden=[2]))
    assert text.endswith("Not enough data for “few”. Hidden: “veiled”.")
    assert "31.0" not in text
    assert "27.0" not in text
    alone = differs(rows[1])
    assert said(alone) == (
        "Not enough data: 14 of the 30 customers needed to say whether plan goes with a difference in how many "
        "journeys reach “purchase” within 30 days."
    )


def test_a_group_that_cannot_be_made_alike_has_too_little_data():
    lacking = row("x", 0.05, 0.01)
    lacking[4] = lacking[5] = None
    assert said(differs(row("a", 0.05, 0.01), lacking, claimed=["a"])).endswith("Not enough data for “x”.")


def test_what_has_no_like_on_the_other_side_is_said():
    text = said(differs(row("a", 0.05, 0.01, left_out=0.23), claimed=["a"]))
    assert text.endswith("For “a”, 23 % is left out of the comparison: it has no like on the other side.")
    assert "left out" not in said(differs(row("a", 0.05, 0.01, left_out=0.05), claimed=["a"]))


@pytest.mark.parametrize(
    ("estimate", "half", "claimed"), [*itertools.product([-0.05, 0.001, 0.06], [0.02, 0.07], [True, False])]
)
def test_no_difference_is_said_that_is_not_claimed_or_holds_zero(estimate, half, claimed):
    text = said(differs(row("a", estimate, half), claimed=["a"] if claimed else []))
    is_apart = abs(estimate) > half
    assert ("more often" in text) is (is_apart and estimate > 0)
    assert ("less often" in text) is (is_apart and estimate < 0)
    assert ("this is not claimed" in text) is (is_apart and not claimed)
    assert ("No difference found" in text) is not is_apart


CLAUSES = {
    "outcomes.converted": ("share", 0.042, "journeys reach “purchase” within 30 days 4.2 points more often"),
    "channels.bounced": ("share", 0.042, "journeys go web → chat → web 4.2 points more often"),
    "channels.switched": ("share", -0.042, "journeys switch channel 4.2 points less often"),
    "friction.repeated": ("share", 0.042, "journeys repeat a touchpoint 4.2 points more often"),
    "timing.to_goal": ("days", -2.1, "journeys take 2.1 days less to reach “purchase”"),
    "paths.followed": (
        "share",
        0.04,
        "journeys follow “web → … (no call) → order” within 7 days 4.0 points more often",
    ),
    "satisfaction.nps": ("score", 8.2, "the net promoter score is 8.2 points higher"),
    "satisfaction.csat": ("share", 0.042, "those who answer are satisfied 4.2 points more often"),
    "satisfaction.ces": ("number", -0.42, "the customer effort score is 0.42 lower"),
    "satisfaction.response": ("share", 0.03, "those asked answer 3.0 points more often"),
    "value.revenue": ("money", 1240.0, "revenue a customer is €12.40 higher"),
    "value.cost": ("money", -64.0, "the cost to serve a customer is €0.64 lower"),
    "own.measure_of_ours": ("number", 3.2, "own.measure of ours is 3.2 higher"),
}


@pytest.mark.parametrize("measure", CLAUSES)
def test_every_measure_has_its_words(measure):
    unit, size, clause = CLAUSES[measure]
    told = {
        "chain": ["web", "chat", "web"],
        "pattern": "web -> [^call]* -> order",
        "pattern_days": 7,
        "currency": "EUR",
    }
    made = differs(row("a", size, abs(size) / 3), claimed=["a"], measure=measure, unit=unit, **told)
    assert said(made).startswith("Where plan is “a”, ")
    assert f"{clause} than for all others (" in said(made)
    assert set(measures.KEYS) == set(CLAUSES) - {"own.measure_of_ours"}


@pytest.mark.parametrize("measure", CLAUSES)
def test_no_measure_is_said_to_cause_anything(measure):
    unit, size, _ = CLAUSES[measure]
    text = said(differs(row("a", size, abs(size) / 3), claimed=["a"], measure=measure, unit=unit))
    assert not {"because", "causes", "caused", "due", "effect", "leads"} & set(text.lower().replace(",", "").split())


def test_steps_that_one_group_takes_more_often_are_said():
    columns = ["source", "target", "group", "baseline", *schema.RESULT, "p"]
    rows = [
        ["web", "chat", "annual", "rest", 2310, 0.051, 0.033, 0.069, True, 0.001],
        ["chat", "phone", "annual", "rest", 2310, -0.034, -0.048, -0.02, True, 0.001],
        ["web", "app", "annual", "rest", 2310, 0.002, -0.018, 0.022, True, 0.5],
        ["fax", "app", "annual", "rest", 12, 0.2, 0.0, 0.4, False, 0.5],
    ]
    made = differs(*rows[:2], columns=columns, form="edges", claimed=["annual"], by="plan", unit="share")
    assert said(made) == (
        "Where plan is “annual”, web is followed by chat 5.1 points more often than for all others (3.3–6.9 points, "
        "n = 2,310), made alike by region; chat by phone 3.4 points less often (2.0–4.8 points, n = 2,310)."
    )
    made = differs(*rows, columns=columns, form="edges", claimed=["annual"], by="plan", unit="share")
    assert said(made).endswith(
        "No difference found in 1 other step; one of 2.9 points or more would usually have shown. 1 more has too "
        "little data."
    )
    other = [["app", "web", "trial", *rows[0][3:]], rows[0]]
    made = differs(*other, columns=columns, form="edges", claimed=["annual", "trial"], by="plan", unit="share")
    assert "; where it is “annual”, web by chat 5.1 points more often" in said(made)


def test_the_share_that_follows_a_path_is_said_whole_and_by_group():
    path = {"pattern": "web -> [^phone]* -> order placed", "within_days": 7}
    whole = record.make("finding", "follows", groups.follows(None), **path)
    assert said(whole) == (
        "12 % of journeys follow “web → … (no phone) → order placed” within 7 days (10–14 %, n = 6,300)."
    )
    apart = record.make("finding", "follows", groups.follows(), by="plan", **path)
    assert said(apart) == (
        "Journeys follow “web → … (no phone) → order placed” within 7 days most often where plan is “annual”, 14 % "
        "(12–16 %, n = 2,310), and least where it is “trial”, 9.4 % (7.4–11.4 %, n = 1,190)."
    )
    close = groups.follows()
    close["low"] -= 0.03
    assert said(record.make("finding", "follows", close, by="plan", **path)).endswith(
        "the groups cannot be told apart."
    )


def test_a_pattern_that_cannot_be_read_stays_as_it_is_written():
    made = record.make("finding", "follows", groups.follows(None), pattern="a ->")
    assert "follow “a ->” (" in said(made)


# Charts ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn():
    return {one["id"]: one for one in groups.judged()}


def test_a_chart_is_titled_by_the_largest_claim_of_its_finding(drawn):
    title = bare(words.title(drawn["forest"]))
    assert title == "Where plan is “trial”, journeys reach “purchase” within 30 days less often"
    assert bare(words.title({**drawn["forest"], "about": None})) == (
        "How many journeys reach “purchase” within 30 days, by plan"
    )
    assert bare(words.title(drawn["edges_chart"])) == "Where plan is “annual”, web is followed by chat more often"


def test_a_heat_map_says_how_many_measures_differ_and_which_cells_are_claimed(drawn):
    made = drawn["heat"]
    assert bare(words.title(made)) == "Of 7 measures, 2 differ with plan"
    assert bare(words.see(made)) == (
        "Claimed: Reach “purchase” (“annual” higher, “trial” lower); Net promoter score (“annual” higher, “trial” "
        "lower)."
    )
    quiet = {**made, "abouts": {}}
    assert bare(words.title(quiet)) == "7 measures, by plan"
    assert words.see(quiet) == "No difference is claimed."


def test_a_finding_that_lacks_data_claims_no_cell(drawn):
    about = drawn["differs"]
    refused = {**about, "guards": [{"guard": "customers", "status": "refuse", "have": 3, "needed": 30}]}
    assert words.claimed_cells({**drawn["heat"], "abouts": {"outcomes.converted": refused}}) == {
        "outcomes.converted": {}
    }


def test_the_page_says_why_a_crude_difference_is_gone(drawn):
    assert bare(words.see(drawn["forest"])) == (
        "As it is, “weekly” differs by −4.0 points (−5.9 to −2.1 points, n = 640); made alike by region, by −0.3 "
        "points (−2.6 to 2.0 points, n = 640): most of it is who is in it."
    )
    assert grouped.adds(drawn["forest"])
    html = figure(drawn["forest"])
    assert 'class="see"' in html
    assert html.count("made alike by region") >= 1


def test_a_forest_whose_differences_stay_leaves_the_sentence_to_its_finding(drawn):
    made = {**drawn["forest"], "rows": drawn["forest"]["rows"][:4]}
    assert not grouped.adds(made)
    assert 'class="see"' not in figure(made)
    assert bare(words.see(made)).startswith("Against all others: “annual” +4.2 points (")


def test_the_parts_of_the_largest_difference_are_said_and_add_up(drawn):
    assert bare(words.see(drawn["parts"])) == (
        "As it is, “annual” differs by +6.1 points: +4.2 points (3.0–5.4 points, n = 2,310) they themselves, +1.9 "
        "points (1.3–2.5 points, n = 2,310) who they are."
    )


def test_whiskers_that_a_claim_widens_are_called_so(drawn):
    wide = {**drawn["differs"], "contrasts": [{**one, "level": 0.01} for one in drawn["differs"]["contrasts"]]}
    assert "95 % intervals" in words.subtitle(drawn["forest"])
    assert "as wide as a claim needs" in words.subtitle({**drawn["forest"], "about": wide})


def test_medians_are_ordered_only_where_they_can_be_told_apart(drawn):
    assert bare(words.see(drawn["spread"])).startswith("Median: highest “annual”, €86.20 (€80.82–91.58, n = 2,310)")
    frame = groups.spread()
    frame["low"], frame["high"] = frame["estimate"] * 0.5, frame["estimate"] * 2
    close = record.make("chart", "spread", frame, measure="value.revenue", by="plan", unit="money", currency="EUR")
    assert words.see(close).endswith("the two cannot be told apart.")


def test_terms_are_explained_where_they_are_used(drawn):
    assert {"alike", "points", "rest", "association"} <= set(words.terms(drawn["differs"]))
    assert "nps" in words.terms(drawn["nps_differs"])
    assert "parts" in words.terms(drawn["parts"])
    assert words.terms(drawn["ranks"]) == ["ranks"]
    for one in drawn.values():
        assert set(words.terms(one)) <= set(words.TERMS)


def test_promoters_are_explained():
    columns = ["source", "target", "group", "baseline", *schema.RESULT, "p"]
    moved = ["web", "chat", "promoters", "detractors", 900, 0.05, 0.03, 0.07, True, 0.001]
    assert "promoters" in words.terms(differs(moved, columns=columns, form="edges", by="satisfaction", unit="share"))


# Tables ---------------------------------------------------------------------------------------------------------------


def cells(html):
    body = html.partition("<tbody>")[2].partition("</tbody>")[0]
    return [
        [bare(re.sub("<[^>]*>", "", cell)) for cell in re.findall(r"<t[hd].*?</t[hd]>", line)]
        for line in body.split("</tr>")
    ]


def heads(html):
    return [bare(head) for head in re.findall(r'<th scope="col"[^>]*>(.*?)</th>', html)]


def test_ranks_have_their_chance_and_ties_are_said(drawn):
    html = table(drawn["ranks"])
    assert heads(html)[:3] == ["Group", "Rank", "Customers (n)"]
    assert heads(html)[-2:] == ["Chance to be among the best 3", "Ties"]
    assert cells(html)[0] == ["annual", "1", "2,310", "43 %", "42–44 %", "99.9 %", "–"]
    assert cells(html)[1][-1].startswith("ties with weekly, customers who came by a…")
    assert cells(html)[3][:4] == ["corporate", "–", "14", "not enough data: 14 of 30"]


def test_many_ties_are_counted():
    assert bare(words.tied([f"g{at}" for at in range(9)])) == "ties with g0, g1, g2, g3 and 5 more"
    assert bare(words.tied([f"g{at}" for at in range(5)])) == "ties with g0, g1, g2, g3, g4"


def test_the_best_hour_and_weekday_are_written_as_people_say_them(drawn):
    assert cells(table(drawn["best_hour"]))[0][:3] == ["annual", "9:00–10:00", "1"]
    assert cells(table(drawn["best_weekday"]))[1][:3] == ["annual", "Sunday", "2"]
    assert heads(table(drawn["best_channel"]))[-1] == "Chance to be the best"
    assert cells(table(drawn["best_channel"]))[1][-1] == "3 %"


def test_a_reconciliation_says_its_reasons_and_its_signed_changes():
    rows = [
        ["target_events", "events", 900, 4120, 4120],
        ["still_open", "journeys", 40, -310, 3810],
        ["x", "y", 9, 12, 3822],
    ]
    frame = pd.DataFrame(rows, columns=["label", "unit", "n", "change", "left"])
    made = record.make("table", "reconciliation", frame.assign(estimate=1, low=1, high=1, is_enough=True))
    told = table({**made, "hidden": []})
    assert heads(told) == ["Because of", "Counted in", "Change", "Left"]
    assert cells(told)[1] == [
        "in journeys whose time is not over; left are those of the conversion",
        "journeys",
        "−310",
        "3,810",
    ]
    assert cells(told)[2] == ["x", "y", "+12", "3,822"]


def test_the_table_of_a_heat_map_has_each_measure_in_its_own_unit(drawn):
    told = {tuple(line[:2]): line for line in cells(table(drawn["heat"], caption=False)) if line}
    assert told["Reach “purchase”", "annual"][3] == "43 %"
    assert told["Revenue a customer", "annual"][3].startswith("€")
    assert heads(table(drawn["heat"])) == ["Measure", "Group", "Customers (n)", "Value", "95 % interval"]


def test_a_table_of_differences_has_points_and_its_codes_in_words(drawn):
    html = table(drawn["parts"], caption=False)
    assert heads(html) == ["Group", "Compared with", "Which", "Customers (n)", "Difference", "95 % interval"]
    assert cells(html)[0] == ["annual", "all others", "they themselves (rate)", "2,310", "4.2 points", "3.0–5.4 points"]


# Money ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1240, "money EUR", "€12.40"),
        (-64, "money GBP", "−£0.64"),
        (123_456, "money USD", "$1,235"),
        (0, "money EUR", "€0.00"),
        (1240, "money CHF", "CHF\u00a012.40"),
        (1240, "money JPY", "JPY\u00a01,240"),
        (12_400, "money KWD", "KWD\u00a012.400"),
        (1240, "money", "12.40"),
        (-0.2, "money EUR", "€0.00"),
    ],
)
def test_money_is_written_with_its_currency(value, unit, text):
    assert words.quantity(value, unit) == text


def test_an_interval_of_money_has_its_currency_once_unless_it_holds_zero():
    assert words.between(1180, 1300, "money EUR") == "€11.80–13.00"
    assert words.between(-420, 130, "money EUR") == "−€4.20 to €1.30"
    assert words.estimate({"n": 90, "estimate": 1240, "low": 1180, "high": 1300}, "money EUR") == (
        "€12.40 (€11.80–13.00, n\u202f=\u202f90)"
    )
    assert money.sign("money EUR") == "€"
