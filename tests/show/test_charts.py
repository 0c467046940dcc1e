from __future__ import annotations

import importlib
import itertools
import re
import warnings
from xml.etree import ElementTree

import groups
import leaving
import pandas as pd
import pytest

from journeylib import schema
from journeylib.show import charts, record, words

WIDTHS = ["wide", "narrow"]
CLAIMED = (
    "survival",
    "step_by_week",
    "heat",
    "forest",
    "edges_chart",
    "ratios_chart",
    "leads_chart",
)  # charts of findings that are claimed


@pytest.fixture(scope="session")
def drawn(fakes):
    """Every chart of the made-up edition, judged, by id."""
    judged = fakes.judged()["records"]
    places = {(one["notebook"], one["id"]): one for one in judged}
    charted = [one for one in judged if one["kind"] == "chart"]
    found = {
        one["id"]: {**one, "about": places.get((one["notebook"], one["context"].get("finding")))} for one in charted
    }
    return found | {one["id"]: one for one in [*groups.judged(), *leaving.judged()] if one["kind"] == "chart"}


def texts(made, width="wide"):
    return ["".join(text.itertext()) for text in ElementTree.fromstring(charts.svg(made, width=width)).iter("text")]


def share(rows, **context):
    return record.make("chart", "shares", schema.result(rows, ["channel"]), measure="channel_use", **context)


def row(channel, n=500, estimate=0.4):
    return {
        "channel": channel,
        "n": n,
        "estimate": estimate,
        "low": estimate - 0.05,
        "high": estimate + 0.05,
        "is_enough": n >= 30,
    }


@pytest.mark.parametrize("width", WIDTHS)
def test_every_form_is_drawn_as_one_clean_element(drawn, width):
    assert {made["form"] for made in drawn.values()} == set(charts.DRAWINGS)
    for name, made in drawn.items():
        if made["not_applicable"] is not None:
            assert charts.svg(made, width=width) == ""
            continue
        text = charts.svg(made, width=width)
        root = ElementTree.fromstring(text)
        assert root.tag == "svg"
        assert root.attrib["class"] == f"chart {width}"
        assert root.attrib["role"] == "img"
        assert len(root.attrib["aria-label"]) > 20
        assert "viewBox" in root.attrib
        assert not {"width", "height"} & set(root.attrib)
        assert not re.search(r"http|xmlns|<style|<metadata|<!--|font-family|href|<script", text), name
        assert not re.search(r"(?<!, )#[0-9a-f]{6}\b(?![0-9a-z])", re.sub(r"url\(#\w+\)|id=\"\w+\"", "", text)), name


def test_drawing_twice_gives_the_same_bytes(drawn):
    for made in drawn.values():
        for width in WIDTHS:
            assert charts.svg(made, width=width) == charts.svg(made, width=width)


def test_a_chart_stays_within_fifty_kibibytes(drawn):
    for name, made in drawn.items():
        assert len(charts.svg(made).encode()) <= 50 * 1024, name


def test_ids_differ_between_widths_and_records_and_every_reference_is_there(drawn):
    seen = set()
    for name in ("outcomes", "outcomes_all", "flow"):
        for width in WIDTHS:
            text = charts.svg(drawn[name], width=width)
            ids = set(re.findall(r'id="(\w+)"', text))
            assert ids
            assert set(re.findall(r"url\(#(\w+)\)", text)) <= ids
            assert not ids & seen
            seen |= ids


def test_no_name_is_lost_or_trusted(drawn, fakes):
    for width in WIDTHS:
        shown = texts(drawn["channel_use"], width)
        for name in (
            fakes.HOSTILE,
            fakes.FRACTION,
            fakes.UNDERSCORE,
            fakes.HEBREW,
            fakes.ARABIC,
            fakes.CHINESE,
            "unknown",
        ):
            assert name in shown
        assert "abc‹U+202E›gnp.exe" in shown
        assert any(text.startswith("a very long name") and text.endswith("…") for text in shown)
        assert "<script" not in charts.svg(drawn["channel_use"], width=width)


def test_scripts_that_the_measuring_font_lacks_make_no_noise(drawn):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        charts.svg(drawn["channel_use"])
        charts.png(drawn["channel_use"])


def test_colour_is_for_what_is_claimed(drawn):
    for name, made in drawn.items():
        if made["not_applicable"] is None:
            has_colour = bool(re.search(r"var\(--(accent|g\d)", charts.svg(made)))
            assert has_colour is (name in CLAIMED), name


def test_several_claims_have_a_colour_each_and_the_baseline_none(fakes):
    about = fakes.contrast(30, 20, 40)
    other = fakes.contrast(20, 10, 30, group="weekly")
    finding = {
        **record.make("finding", "stay", pd.concat([about, other]), by="plan", horizon_days=365),
        "claimed": True,
    }
    frame = fakes.curve({"annual": (900, 0.001), "weekly": (900, 0.002), "monthly": (900, 0.003)})
    made = {**record.make("chart", "survival", frame, horizon_days=365), "about": finding}
    text = charts.svg(made)
    assert "var(--g1" in text
    assert "var(--g2" in text
    assert "var(--g3" not in text
    assert "var(--accent" not in text


def test_bars_are_sorted_by_the_answer_and_what_is_missing_says_why():
    made = {
        **share([row("low", estimate=0.1), row("few", n=14), row("high", estimate=0.6), row("veiled", n=4)]),
        "hidden": [3],
    }
    for width in WIDTHS:
        shown = texts(made, width)
        assert [text for text in shown if text in ("low", "few", "high", "veiled")] == ["high", "low", "few", "veiled"]
        assert "not enough data: 14 of 30" in shown
        assert "hidden: protects groups under 10 customers" in shown
        assert "40\u202f%" not in shown


def test_an_n_that_all_share_is_written_once():
    assert sum("n\u202f=" in text for text in texts(share([row("a"), row("b"), row("c")]))) == 1
    assert sum("n\u202f=" in text for text in texts(share([row("a"), row("b", n=600)]))) == 2


def test_more_bars_than_a_reader_can_compare_stay_in_the_table():
    shown = texts(share([row(f"channel {i:02d}", estimate=0.9 - i / 100) for i in range(20)]))
    assert "channel 15" in shown
    assert "channel 16" not in shown
    assert "and 4 more in the table" in shown


def test_only_what_is_open_is_hatched(drawn):
    for name in ("outcomes", "outcomes_all", "flow"):
        assert charts.svg(drawn[name]).count("<pattern") == 1
    for name in ("first_channels", "survival", "step_by_week"):
        assert "<pattern" not in charts.svg(drawn[name])


def test_a_week_without_enough_data_is_a_gap_that_is_named(drawn, fakes):
    whole = record.make("chart", "trend", fakes.weekly(gap=-1), unit="share", measure="step")
    text, without = charts.svg(drawn["step_by_week"]), charts.svg(whole)
    assert "○ not enough data" in texts(drawn["step_by_week"])
    assert "○ not enough data" not in texts(whole)
    band = "fill: var(--ink, #1c1b19); opacity: 0.13"
    assert text.count(band) == 2
    assert without.count(band) == 1


def test_notes_are_written_where_they_happened_and_others_left_out(drawn, fakes):
    assert "payment provider changed" in texts(drawn["step_by_week"])
    made = record.make("chart", "trend", fakes.weekly(), unit="share", notes={"2031-01-01": "later"})
    assert "later" not in texts(made)


def test_counts_over_time_start_at_zero_and_have_no_band():
    rows = [
        {
            "period_on": f"2026-01-0{day}",
            "n": 90,
            "estimate": 100 + day,
            "low": 100 + day,
            "high": 100 + day,
            "is_enough": True,
        }
        for day in range(1, 8)
    ]
    made = record.make("chart", "trend", schema.result(rows, ["period_on"]), unit="count", every_days=1)
    assert "opacity" not in charts.svg(made)
    assert {"0", "107"} <= set(texts(made))


def test_a_curve_ends_where_fewer_than_ten_are_at_risk():
    rows = [
        {
            "plan": "a",
            "day": day,
            "n": 90,
            "estimate": 1 - day / 200,
            "low": 0.4,
            "high": 1.0,
            "is_enough": True,
            "at_risk": 90 - day,
        }
        for day in range(1, 90)
    ]
    made = record.make("chart", "survival", schema.result(rows, ["plan", "day"], ["at_risk"]))
    module = importlib.import_module("journeylib.show.charts.survival")
    assert module._curves(made)["a"][-1].values["day"] == 80
    assert "60\u202f% a" in texts(made)


def test_the_at_risk_table_stands_under_the_ticks(drawn):
    for width in WIDTHS:
        root = ElementTree.fromstring(charts.svg(drawn["survival"], width=width))
        placed = [("".join(text.itertext()), text.attrib) for text in root.iter("text")]
        ticks = {float(at["x"]) for text, at in placed if text in ("0", "180", "365 days")}
        risks = {float(at["x"]) for text, at in placed if text in ("2,203", "1,077", "252")}
        assert len(ticks) == len(risks) == 3
        assert ticks == risks


def test_labels_at_the_ends_of_curves_do_not_touch(fakes):
    frame = fakes.curve({name: (900, 0.0020 + i / 1e5) for i, name in enumerate("abcde")})
    made = record.make("chart", "survival", frame)
    for width, size in [("wide", 10), ("narrow", 11)]:
        root = ElementTree.fromstring(charts.svg(made, width=width))
        ends = [text for text in root.iter("text") if re.fullmatch(r"\d+\u202f% [a-e]", "".join(text.itertext()))]
        heights = sorted(float(text.attrib["y"]) for text in ends)
        assert len(heights) == 5
        assert min(b - a for a, b in itertools.pairwise(heights)) >= size


def test_a_group_without_enough_data_has_no_curve_but_its_reason(drawn):
    shown = texts(drawn["by_region"])
    assert "west" in shown
    assert "not enough data: 20 of 30" in shown
    assert not any(text.endswith("% west") for text in shown)


def test_more_than_five_groups_become_small_panels(drawn):
    shown = texts(drawn["by_many"])
    assert "annual" in shown
    assert any(re.fullmatch(r"\d+ on day 365", text) for text in shown)


def test_the_rarest_names_of_a_column_become_other_and_nothing_is_lost():
    rows = [
        {
            "step": 1,
            "source": f"s{i:02d}",
            "target": "converted",
            "n": 90,
            "estimate": (i + 1) / 100,
            "low": 0,
            "high": 1,
            "is_enough": True,
        }
        for i in range(12)
    ]
    made = record.make("chart", "flow", schema.result(rows, ["step", "source", "target"]))
    module = importlib.import_module("journeylib.show.charts.flow")
    links = module._links(made)
    assert sum(links.values()) == pytest.approx(0.78)
    assert links[1, "other", "converted"] == pytest.approx(0.01 + 0.02 + 0.03 + 0.04)
    assert len(links) == 9
    for width in WIDTHS:
        assert any("other" in text for text in texts(made, width))


def test_what_ends_at_a_step_stands_in_the_column_after_it(drawn):
    module = importlib.import_module("journeylib.show.charts.flow")
    links = module._links(drawn["flow"])
    for step, ended in [
        (1, {"converted": 0.21, "open": 0.05, "drop-off": 0.26}),
        (2, {"converted": 0.20, "open": 0.03}),
    ]:
        column = module._column(links, step + 1)
        for name, share in ended.items():
            assert column[name].share == pytest.approx(share)
    assert {"converted": 0.06, "drop-off": 0.03}.items() <= {
        name: round(node.share, 9) for name, node in module._arrivals(links, 3).items()
    }.items()


def cell(channel, month, count, **more):
    values = {"n": count // 2, "estimate": count, "low": count, "high": count, "is_enough": True}
    on = f"2026-{month:02}-01"
    return {"channel": channel, "period_on": on, **values, "days": 30, "days_missing": 0, **more}


def heat(cells, **context):
    frame = schema.result(cells, ["channel", "period_on"], ["days", "days_missing"])
    return record.make("chart", "coverage", frame, unit="count", period="month", **context)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_heat_map_has_its_number_in_every_cell(width):
    made = heat([cell("web", 1, 41_700), cell("web", 2, 980), cell("fax", 1, 0), cell("fax", 2, 30)])
    shown = texts(made, width)
    assert {"42k", "980", "0", "30", "web", "fax"} <= set(shown)
    assert any(text.startswith("Jan") for text in shown)


def test_a_cell_with_a_gap_is_framed_and_a_hidden_one_has_a_sign_that_is_explained():
    cells = [cell("web", 1, 500, days_missing=1), cell("web", 2, 500)]
    plain, framed = charts.svg(heat([cell("web", 1, 500), cells[1]])), charts.svg(heat(cells))
    assert framed.count("stroke: var(--ink") == plain.count("stroke: var(--ink") + 1
    hidden = {**heat(cells), "hidden": [1], "min_cell": 10}
    assert words.HIDDEN_CELL in texts(hidden)
    assert f"{words.HIDDEN_CELL}: hidden" in words.subtitle(hidden)
    assert words.HIDDEN_CELL not in words.subtitle(heat(cells))


def test_a_channel_is_shaded_against_its_own_busiest_period_by_the_day():
    cells = [cell("web", 1, 900), cell("web", 2, 450, days=15), cell("fax", 1, 90), cell("fax", 2, 10)]
    root = ElementTree.fromstring(charts.svg(heat(cells)))
    shades = [path for path in root.iter("path") if "opacity" in path.attrib.get("style", "")]
    boxes = {re.search(r"opacity: ([\d.]+)", path.attrib["style"])[1]: path.attrib["d"].count("M") for path in shades}
    assert boxes == {"0.05": 1, "0.29": 3}


def test_channels_that_have_no_room_stay_in_the_table():
    made = heat([cell(f"channel {number:02}", month, 100) for number in range(20) for month in range(1, 13)])
    assert "channel 11" in texts(made)
    assert "channel 12" not in texts(made)
    assert "and 8 more in the table" in texts(made)


def test_a_live_drawing_says_that_nothing_is_judged_yet(drawn):
    assert words.CHROME["unjudged"] == "Not yet judged"
    for name in ("survival", "cost"):
        assert charts.png(drawn[name]).startswith(b"\x89PNG")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_flow_is_drawn_where_all_that_leaves_a_place_is_hidden(width):
    links = [
        (1, "web", "app", 0.6),
        (1, "web", "chat", 0.4),
        (2, "app", "drop-off", None),
        (2, "chat", "drop-off", 0.4),
    ]
    rows = [
        {
            "step": step,
            "source": source,
            "target": target,
            "n": 300,
            "estimate": at,
            "low": at,
            "high": at,
            "is_enough": True,
        }
        for step, source, target, at in links
    ]
    made = record.make("chart", "flow", schema.result(rows, ["step", "source", "target"]), of="channel")
    hidden = {**made, "hidden": [2], "audience": "shared", "min_cell": 10}
    assert any("app" in text for text in texts(hidden, width))
