"""How groups are drawn: what is claimed in colour, the rest in grey, and every number with its interval."""

from __future__ import annotations

import importlib
import re
from xml.etree import ElementTree

import groups
import pytest

from journeylib.show import charts, record, words
from journeylib.show.charts import lettering

WIDTHS = ["wide", "narrow"]
SIZES = {"wide": 612, "narrow": 302}
FORMS = ["heat", "forest", "parts", "panels", "spread", "edges_chart"]
MANY = {f"group {at:02}": (900 - 10 * at, 0.3, 0.002 * at - 0.04, 0.002 * at - 0.04) for at in range(40)}


@pytest.fixture(scope="module")
def drawn():
    return {one["id"]: one for one in groups.judged()}


def chart(form, frame, **context):
    return {**record.make("chart", form, frame, **{**groups.CONVERTED, **context}), "hidden": [], "min_cell": 10}


def tree(made, width="wide"):
    return ElementTree.fromstring(charts.svg(made, width=width))


def placed(made, width="wide"):
    return [("".join(text.itertext()), text.attrib) for text in tree(made, width).iter("text")]


def texts(made, width="wide"):
    return [text.replace("\u202f", " ") for text, _ in placed(made, width)]


def colours(made, width="wide"):
    return set(re.findall(r"var\(--(\w+)", charts.svg(made, width=width)))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", FORMS)
def test_nothing_is_written_outside_its_sheet(drawn, name, width):
    height = float(tree(drawn[name], width).attrib["viewBox"].split()[3])
    size = {"wide": 10, "narrow": 11}[width]
    from journeylib.show.style import measure

    for text, at in placed(drawn[name], width):
        if not at.get("x"):
            continue
        anchor = re.search(r"text-anchor: (\w+)", at["style"])
        wide, x = measure(text, size * 0.88), float(at["x"])
        left = x - wide if anchor and anchor[1] == "end" else x - wide / 2 if anchor and anchor[1] == "middle" else x
        assert -2 <= left
        assert left + wide <= SIZES[width] + 4, text
        assert 0 <= float(at["y"]) <= height + 1, text


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("form", ["heat", "forest", "parts", "panels", "spread", "edges"])
def test_forty_groups_stay_within_the_room_of_a_page(form, width):
    frames = {
        "heat": lambda: groups.heat(list(MANY)),
        "forest": lambda: groups.kinds(MANY),
        "parts": lambda: groups.kinds(MANY, parts=True),
        "panels": lambda: groups.panels(list(MANY), weeks=52),
        "spread": lambda: groups.spread(),
        "edges": lambda: groups.edges(p=False, more=40),
    }
    made = chart(form, frames[form]())
    svg = charts.svg(made, width=width)
    assert len(svg.encode()) <= 50 * 1024
    rest = {"heat": "and 20 more groups in the table", "forest": "and 20 more in the table"}
    rest |= {
        "parts": "and 26 more in the table",
        "panels": "and 31 more in the table",
        "edges": "and 37 more in the table",
    }
    if form in rest:
        assert rest[form] in texts(made, width)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", FORMS)
def test_names_in_any_script_and_of_any_length_are_drawn(drawn, name, width):
    shown = " ".join(texts(drawn[name], width))
    assert groups.CHINESE[:3] in shown
    assert groups.HEBREW.split()[0] in shown
    assert any(part in shown for part in ("customers who", "customers wh"))


# Heat map -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", WIDTHS)
def test_a_heat_map_has_a_number_in_every_cell_and_arrows_where_a_difference_is_claimed(drawn, width):
    shown = texts(drawn["heat"], width)
    assert "▲ 43 %" in shown
    assert "▼ 32 %" in shown
    assert sum(text[0] in "▲▼" for text in shown) == 4 + 1  # two groups, two measures, and the key
    assert shown.count(words.FEW_CELL) == len(groups.MEASURES)
    assert shown.count(words.HIDDEN_CELL) == len(groups.MEASURES)
    assert "▲ ▼: claimed to be higher or lower than all others" in " ".join(shown)
    for sign in (
        "–: not enough data",
        "··: hidden, to protect groups under 10 customers",
        "grey: no difference is claimed",
    ):
        assert sign in " ".join(shown)


def test_a_heat_map_explains_only_the_signs_that_it_has():
    made = chart("heat", groups.heat(["annual", "trial"]), currency="EUR")
    shown = " ".join(texts(made))
    assert "grey: no difference is claimed" in shown
    for sign in ("▲", "not enough data", "hidden"):
        assert sign not in shown
    assert "accent" not in colours(made)


@pytest.mark.parametrize(("number", "is_down"), [(4, True), (9, False)])
def test_a_heat_map_has_measures_down_where_groups_fit_side_by_side(number, is_down):
    made = chart("heat", groups.heat(list(MANY)[:number]), currency="EUR")
    at = {text: float(where["x"] or 0) for text, where in placed(made)}
    assert (at.get("Effort score", 99.0) == 0.0) is is_down
    assert (at["group 01"] == 0.0) is not is_down


def test_the_baseline_comes_first_then_the_groups_with_most_claims():
    made = chart("heat", groups.heat(["a", "annual", "trial", "weekly"]), baseline="weekly", currency="EUR")
    heat = importlib.import_module("journeylib.show.charts.heat")
    every = heat.rows(made)
    assert heat._order(made, every, list(groups.MEASURES))[0] == "weekly"


def test_the_numbers_of_a_measure_have_the_same_decimals():
    rows = groups.heat(["a", "b"], ["value.revenue"])
    rows["estimate"] = [1240.0, 45_120.0]
    assert {"€12", "€451"} <= set(texts(chart("heat", rows, currency="EUR")))
    rows["estimate"] = [1240.0, 5120.0]
    assert {"€12.40", "€51.20"} <= set(texts(chart("heat", rows, currency="EUR")))


def test_a_measure_in_days_that_does_not_say_so_has_its_unit_in_its_head():
    frame = groups.heat(["a", "b"], ["own.wait"])
    frame["unit"], frame["estimate"] = "days", 4.2
    assert "own.wait, days" in texts(chart("heat", frame))


# Forest ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", WIDTHS)
def test_a_forest_is_sorted_by_its_answer_and_says_what_it_cannot_show(drawn, width):
    shown = texts(drawn["forest"], width)
    order = [text for text in shown if text in ("annual", "weekly", "trial", "corporate", "board")]
    assert order == ["annual", "weekly", "trial", "corporate", "board"]
    assert "not enough data: 14 of 30" in shown
    assert "hidden: protects groups under 10 customers" in shown
    assert {"+4.2", "−0.3", "−4.4", "n = 2,310"} <= set(shown)
    assert {"made alike by region", "as they are", "← less often", "more often →"} <= set(shown)
    assert "+13.0" not in shown


def test_only_what_is_claimed_is_in_colour(drawn):
    svg = charts.svg(drawn["forest"])
    assert svg.count("var(--accent") == 2 * 4  # of two groups: name, whisker, and a dot's fill and edge
    assert "accent" not in colours({**drawn["forest"], "about": None})
    assert "accent" not in colours(drawn["parts"])


def test_the_whiskers_are_those_that_the_finding_is_judged_by(drawn):
    zero = importlib.import_module("journeylib.show.charts.zero")
    about = drawn["differs"]
    wider = [[*row[:4], row[4] - 0.01, row[5] + 0.01, *row[6:]] for row in about["rows"][:6]]
    made = {**drawn["forest"], "about": {**about, "rows": [*wider, *about["rows"][6:]]}}
    answers = {row.values["group"]: row for row in zero.judged(made) if row.values["kind"] == "standardised"}
    crude = {row.values["group"]: row for row in zero.judged(made) if row.values["kind"] == "crude"}
    before = {row.values["group"]: row for row in zero.judged({**made, "about": None}) if row.values["kind"] == "crude"}
    assert answers["annual"].low == pytest.approx(wider[0][4])
    assert crude["annual"].low == before["annual"].low


def test_of_many_groups_those_that_are_claimed_or_differ_most_are_drawn(drawn):
    frame = groups.kinds(MANY)
    about = {
        **drawn["differs"],
        "contrasts": [{"row": 0, "claimed": True}],
        "rows": [list(drawn["differs"]["rows"][0])],
    }
    about["rows"][0][:2] = ["group 20", "rest"]  # which differs by nothing in the chart
    shown = texts({**chart("forest", frame), "about": about})
    assert {"group 00", "group 01", "group 38", "group 39", "group 20"} <= set(shown)
    assert "group 19" not in shown
    assert shown.index("group 39") < shown.index("group 00")


def test_a_crude_forest_has_one_filled_dot_a_group_and_no_key():
    frame = groups.kinds()
    made = chart("forest", frame[frame["kind"] == "crude"].reset_index(drop=True), inside="")
    assert "as they are" not in texts(made)
    assert "as they are" in words.subtitle(made)
    assert "Filled" not in words.subtitle(made)


def test_what_cannot_be_made_alike_says_so_beside_its_crude_difference():
    frame = groups.kinds({"a": (900, 0.4, 0.05, 0.04), "b": (900, 0.4, -0.05, -0.04)})
    lost = (frame["group"] == "a") & (frame["kind"] == "standardised")
    frame.loc[lost, "is_enough"] = False
    made = chart("forest", frame)
    assert "not enough data" in texts(made)
    assert "+4.0" not in texts(made)


def test_a_difference_of_money_has_its_currency():
    frame = groups.kinds({"a": (900, 0.4, 1240.0, 900.0), "b": (900, 0.4, -640.0, -300.0)})
    made = chart("forest", frame, measure="value.revenue", unit="money", currency="EUR")
    shown = texts(made)
    assert {"+€9.00", "−€3.00", "lower", "higher"} <= {text.strip("← →") for text in shown}


def test_zero_is_on_the_axis_whichever_way_all_groups_differ():
    for sign in (1, -1):
        frame = groups.kinds({"a": (9000, 0.4, sign * 0.05, sign * 0.05), "b": (9000, 0.4, sign * 0.08, sign * 0.08)})
        assert any(text in ("0", "0 points") for text in texts(chart("forest", frame)))


# Parts, panels, spread, edges -----------------------------------------------------------------------------------------


def test_rate_and_mix_are_bars_from_zero_and_their_sum_is_marked(drawn):
    shown = texts(drawn["parts"])
    assert {"they themselves", "who they are", "as it is", "+6.1", "−4.8"} <= set(shown)
    order = [text for text in shown if text in ("annual", "weekly", "trial", "corporate", "board")]
    assert order == ["annual", "weekly", "trial", "corporate", "board"]


def test_panels_share_their_axes_and_leave_out_what_is_never_shown(drawn):
    shown = texts(drawn["panels"])
    assert shown.count("60 %") == 2  # once a line of panels
    assert "Not enough data to show: board" in shown
    assert "1: new checkout, 3 December 2025" in shown
    bands = charts.svg(drawn["panels"]).count("opacity: 0.13")
    assert bands == 6 + 1  # one each, two where a week has too little data


def test_the_line_of_all_groups_does_not_jump_where_one_is_missing():
    panels = importlib.import_module("journeylib.show.charts.panels")
    made = chart("panels", groups.panels(["a", "b", "c"], weeks=20))
    seen = {}
    for row in panels.rows(made):
        if row.state == "shown":
            seen.setdefault(row.values["group"], {})[panels._on(row)] = row
    days = sorted(seen["a"])
    common = panels._common(seen, days)
    a, b = seen["a"][days[12]], seen["b"][days[12]]
    assert days[12] not in seen["c"]
    assert common[days[12]] == pytest.approx((a.n * a.estimate + b.n * b.estimate) / (a.n + b.n))
    assert len(common) == 20


@pytest.mark.parametrize(("is_wide", "is_log"), [(True, True), (False, False)])
def test_a_spread_by_far_is_on_a_logarithmic_scale_that_says_so(is_wide, is_log):
    made = chart("spread", groups.spread(is_wide=is_wide), measure="value.revenue", unit="money", currency="EUR")
    shown = texts(made)
    assert ("Logarithmic scale: every step is a multiple of the last" in shown) is is_log
    assert ("0" in shown) is not is_log
    assert "€1,000" in shown or not is_log


def test_a_spread_with_nothing_spent_stays_on_a_plain_scale():
    frame = groups.spread()
    frame["q10"] = 0.0
    made = chart("spread", frame, measure="value.revenue", unit="money", currency="EUR")
    assert not any("Logarithmic" in text for text in texts(made))


def test_at_most_twelve_steps_are_drawn_the_claimed_ones_always(drawn):
    frame = groups.edges(p=False, more=40)
    made = {**drawn["edges_chart"], "rows": record.make("chart", "edges", frame)["rows"]}
    arrows = [text for text in texts(made) if " → " in text]
    assert len(arrows) == 12
    assert arrows[0] == "web → chat"
    assert arrows[-1] == "chat → phone"
    assert "accent" in colours(made)
    assert texts(made).count("n = 2,310") == 1


def test_steps_of_several_groups_say_whose_they_are():
    frame = groups.edges(p=False)
    frame.loc[0, "group"] = "trial"
    assert "web → chat · trial" in texts(chart("edges", frame, by="plan"))


# Lettering ------------------------------------------------------------------------------------------------------------


def test_a_note_that_is_wider_than_the_page_is_broken():
    laid = lettering.lines_of(["short", "a note that is far too long for so narrow a page as this one here"], 10, 120)
    assert [len(line) for line in laid] == [1] * 4
    assert laid[0][0] == (0.0, "short")


def test_a_script_without_spaces_is_broken_anywhere():
    assert lettering.wrapped(groups.CHINESE, 10, 45, 3) == ["微信小程", "序用户"]


def test_a_name_without_a_place_to_break_is_cut():
    assert lettering.wrapped("x" * 60, 10, 80, 3)[0].endswith("…")
    assert len(lettering.wrapped("a b c d e f g h " * 9, 10, 40, 2)) == 2
