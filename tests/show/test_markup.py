from __future__ import annotations

import pandas as pd
import pytest

from journeylib import schema
from journeylib.show import markup, record, words

BAD = '<img src=x onerror="alert(1)">\u202e'


def judged(kind, form, frame, *, hidden=(), verdict=None, **context):
    made = record.make(kind, form, frame, **context)
    return {
        **made,
        "notebook": "a",
        "verdict": verdict,
        "claimed": False,
        "guards": [],
        "hidden": list(hidden),
        "min_cell": 10,
        "audience": "shared",
    }


def frame(*rows):
    return schema.result(
        [
            {**dict(zip(["plan", "n", "estimate", "low", "high"], row, strict=True)), "is_enough": row[1] >= 30}
            for row in rows
        ],
        ["plan"],
    )


def test_the_one_escaping_function_leaves_nothing_to_the_browser():
    assert markup.escape(BAD) == "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;‹U+202E›"
    assert markup.escape(None) == "None"


def test_names_in_a_sentence_are_isolated_and_escaped():
    assert markup.prose(f"on \u2068{BAD}\u2069!") == f"on <bdi>{markup.escape(BAD)}</bdi>!"


def test_a_stray_isolate_is_shown_instead_of_believed():
    assert markup.prose("a \u2069 b \u2068 c") == "a ‹U+2069› b ‹U+2068› c"


def test_a_bracket_inside_a_name_does_not_break_the_markup():
    text = markup.prose("on \u2068x (y\u2069 (36–40, n\u202f=\u202f12).")
    assert text == 'on <bdi>x (y</bdi> <span class="bracket whole">(36–40, n\u202f=\u202f12).</span>'


@pytest.mark.parametrize("names", [("finding", "a b"), ("finding", 'x"><script>'), ("chart", "שלום"), ("", "")])
def test_an_anchor_is_safe_in_an_attribute_and_a_link(names):
    made = markup.anchor(*names)
    assert made
    assert made.replace("-", "").isalnum()
    assert made.isascii()


def test_two_names_that_slug_alike_have_two_anchors():
    assert markup.anchor("chart", "שלום") != markup.anchor("chart", "عمان")


def test_a_table_shows_estimate_and_interval_and_hides_what_is_small():
    made = judged(
        "table",
        "left",
        frame(("annual", 900, 0.711, 0.68, 0.74), ("few", 14, 0.5, 0.2, 0.8), (BAD, 4, None, None, None)),
        hidden=[2],
    )
    html = markup.table(made)
    assert "<h3>Customers still there</h3>" in html
    assert '<th scope="col" class="num">95 % interval</th>' in html
    assert '<tr><th scope="row"><bdi>annual</bdi></th><td class="num">900</td><td class="num">71\u202f%</td>' in html
    assert '<td class="num">68–74\u202f%</td>' in html
    assert "<i>not enough data: 14 of 30</i>" in html
    assert html.count("<i>hidden</i>") == 3
    assert "Hidden cells protect groups of fewer than 10 customers." in html
    assert "Counts are rounded to the nearest 5." in html
    assert "<img" not in html
    assert "0.5" not in html


def test_a_table_says_its_common_n_once():
    made = judged("table", "left", frame(*((name, 90, 0.5, 0.4, 0.6) for name in "abc")))
    html = markup.table(made)
    assert "Customers (n)" not in html
    assert "Behind each row: n = 90 customers." in html


def test_cells_are_written_by_name_and_type():
    columns = ["reason", "paid_share", "wait_hours", "wait_low", "wait_high", "from_on", "is_new", "steps", "rate"]
    made = judged(
        "table",
        "any",
        pd.DataFrame([["late", 0.25, 0.2, 0.1, 0.3, "2026-06-30", True, 1200, 0.12345]], columns=columns),
    )
    html = markup.table(made)
    for said in ("25\u202f%", "12 minutes", "6–18 minutes", "30 June 2026", ">yes<", "1,200", "0.123"):
        assert said in html


def test_a_long_table_is_cut_and_says_so():
    html = markup.table(judged("table", "any", pd.DataFrame({"x": range(55)})))
    assert html.count("<tr>") == 41
    assert "And 15 more rows, in findings.json beside this page." in html


def test_a_survival_table_keeps_ten_days_a_group(fakes):
    made = judged("chart", "survival", fakes.curve({"annual": (900, 0.001), "monthly": (900, 0.003)}))
    assert markup.table(made, caption=False).count("<tr>") == 21


def test_a_table_that_does_not_apply_says_why():
    html = markup.table(judged("table", "transitions", schema.not_applicable("no journey has a second step")))
    assert (
        html == '<p class="lacking"><b>The most frequent steps, and the wait before each.</b> '
        "Not applicable: no journey has a second step.</p>"
    )


def test_a_finding_carries_the_word_of_its_verdict(fakes):
    made = judged("finding", "stay", fakes.contrast(34, 28, 40), verdict="supported", by="plan", horizon_days=365)
    made["claimed"] = True
    assert '<p class="verdict supported">Supported</p>' in markup.finding(made)
    unasked = {**made, "contrasts": [{"row": 0, "claimed": True, "asked": False}]}
    assert '<p class="verdict claimed">Claimed</p>' in markup.finding(unasked)


def test_a_sentence_that_says_not_enough_data_needs_no_word_before_it():
    made = judged("finding", "nps", frame(("a", 4, 0.0, 0.0, 0.0)).drop(columns="plan"), verdict="not enough data")
    assert "verdict" not in markup.finding(made)


def test_a_guard_that_is_not_met_is_told_under_the_finding(fakes):
    made = judged("finding", "stay", fakes.contrast(34, 28, 40), by="plan", horizon_days=365)
    made["guards"] = [
        {"guard": "departures in the smallest group", "status": "caution", "have": 8, "needed": 10},
        {"guard": "customers", "status": "ok", "have": 90, "needed": 30},
    ]
    html = markup.finding(made)
    assert "Read with caution: 8 departures in the smallest group, 10 would be enough." in html
    assert "90 customers" not in html


def test_a_number_has_its_interval_or_says_that_it_was_counted(fakes):
    share = markup.number(judged("number", "still_share", fakes.one(900, 0.4, 0.3, 0.5), unit="share", horizon_days=90))
    assert (
        '<dd class="value">40\u202f%</dd><dd class="interval">30–50\u202f%</dd>'
        '<dd class="behind">n\u202f=\u202f900</dd>' in share
    )
    counted = markup.number(judged("number", "customers", fakes.one(900, 900, 900, 900), unit="count"))
    assert (
        '<dd class="value">900</dd><dd class="interval">counted, not estimated</dd><dd class="behind"></dd>' in counted
    )
    few = markup.number(judged("number", "nps", fakes.one(14, 3, 1, 5), unit="score"))
    assert '<dd class="value">–</dd><dd class="interval">Not enough data: 14 of the 30 customers needed.</dd>' in few


def test_a_figure_has_both_widths_its_title_and_its_numbers_folded():
    made = judged("chart", "shares", frame(("a", 90, 0.5, 0.4, 0.6)), measure="channel_use")
    html = markup.figure(made)
    assert html.count("<svg") == html.count('role="img"') == html.count('aria-label="Bar chart') == 2
    assert "<h3>Which channels customers use</h3>" in html
    assert '<p class="see">Highest: <bdi>a</bdi>, 50\u202f%' in html
    assert "<details" in html
    assert '<p class="see">' not in markup.figure(made, is_said=True)


def test_a_figure_that_cannot_be_drawn_gives_its_reason():
    html = markup.figure(judged("chart", "trend", schema.not_applicable("no event carries a cost", ["period_on"])))
    assert "Not applicable: no event carries a cost." in html
    assert "<svg" not in html


def test_claims_answer_the_questions_first_and_link_to_the_evidence(fakes):
    html = markup.claims(fakes.judged(), lambda one: f"{one['notebook']}.html#x")
    assert html.index("Do customers on annual contracts stay longer?") < html.index("What else this edition claims")
    assert html.count('<p class="verdict claimed">Claimed</p>') == 1
    assert '<a href="churn.html#x">The evidence</a>' in html
    assert "No finding of this edition measures it." in html
    assert "&lt;script&gt;" in html
    assert "Of 5 comparisons made in this edition, 2 are claimed" in html


def test_an_edition_without_claims_says_so():
    empty = {"records": [], "questions": [], "ledger": {"comparisons": 0, "claimed": 0, "alpha": 0.05, "method": "x"}}
    html = markup.claims(empty, lambda _: "")
    assert "No question was asked beforehand, and this edition claims no difference." in html


def test_how_it_was_made_shows_parameters_and_versions_and_leads_to_the_sources(fakes):
    html = markup.made({**fakes.EDITION, "sources": "sources.html"}, "overview")
    assert '<th scope="row"><code>chain</code></th><td><bdi>web, chat, phone</bdi></td>' in html
    assert "purchase: touchpoint: order placed; within_days: 30" in html
    assert '<a href="sources.html#page-overview">Where each number of this page comes from</a>' in html
    assert "sources.html" not in markup.made(fakes.EDITION, "overview")
    assert '<a href="../2026-06-23-4e0b9a11/index.html">23 June 2026</a>' in html
    assert "<details" in html


def test_what_is_kept_of_an_earlier_edition_says_of_which_day_it_is():
    frame = schema.result([{"n": 40, "estimate": 27.0, "low": 20.0, "high": 34.0, "is_enough": True}])
    kept = [{"row": 0, "as_of": "2026-06-23"}]
    finding, number, table = (
        {**judged(kind, "nps", frame), "kept": kept, "change": {"old": 1, "new": 2}}
        for kind in ("finding", "number", "table")
    )
    said = "This is as of 23 June 2026; shown anew, it would point at fewer than 10 customers."
    assert f'<p class="note">{said}</p>' in markup.finding(finding)
    assert words.sentence(finding).endswith(said)
    assert f'<dd class="change">{said}</dd>' in markup.number(number)
    assert said in markup.table(table)
