from __future__ import annotations

import narwhals.stable.v2 as nw
import pandas as pd
import pytest

from journeylib import engine
from journeylib.data import oddities

IDS = ["ids", "person", "alias", "device"]
TEXTS = ["source", "rule", *IDS, "touchpoint", "channel", "time_precision", "score_type"]
SEVERAL = "written in several ways that differ only by case, outer blanks or Unicode form"


def staged(*rows):
    """Staged events from what matters of them; the rest is a sound event of one shop."""
    usual = {"source": "shop", "touchpoint": "view", "channel": "web", "time_precision": "exact"}
    frame = pd.DataFrame([{**dict.fromkeys(TEXTS), **usual, **row} for row in rows], columns=[*TEXTS, "score"])
    frame["score"] = frame["score"].astype("Float64")
    frame["source_row"] = range(1, len(frame) + 1)
    return engine.from_frame(frame).with_columns(nw.col(*TEXTS).cast(nw.String))


def tallied(*rows):
    return oddities.tally(staged(*rows))


def customers(number, rows, column="person"):
    """So many customers with so many events each."""
    return [{column: f"c-{place}"} for place in range(number) for _ in range(rows)]


def events(person, rows):
    return [{"person": person}] * rows


def look(*rows):
    return oddities.look(tallied(*rows), {})


def test_sound_events_give_no_warning():
    assert oddities.look(tallied(*customers(30, 3)), {"shop": 90}) == oddities.Oddities([], {}, [])


def test_no_events_give_no_warning():
    assert look().warnings == []


@pytest.mark.parametrize(
    ("one", "other", "examples"),
    [
        ("ann", "Ann", "“Ann” and “ann”"),
        ("ann", "ann ", "“ann” and “ann ”"),
        ("ann", "\tann", r"“\tann” and “ann”"),
        ("ann", "ann\u00a0", r"“ann” and “ann\xa0”"),
        ("Zo\u00eb", "Zoe\u0308", r"“Zoë” and “Zo\xeb”".replace("ë", "e\u0308")),
        ("ann", "\uff21nn", "“ann” and “Ａnn”"),
        ("АННА", "анна", "“АННА” and “анна”"),
        ("a\u202eb", "A\u202eb", r"“A\u202eb” and “a\u202eb”"),
    ],
)
def test_ids_that_differ_only_by_case_blanks_or_unicode_form_are_kept_apart_and_warned_of(one, other, examples):
    found = look({"person": one}, {"person": other}, {"person": "bob"})
    assert found.warnings == [
        f"1 customer id is {SEVERAL}, for example {examples}: each way is kept as a customer of its own. "
        "Write it in one way."
    ]
    assert found.sentinels == {}


def test_what_may_be_published_shows_no_id():
    rows = [{"person": name} for name in ["ann", "Ann", "bob", "Bob", "BOB"]]
    assert look(*rows).publishable == [
        f"fewer than 5 customer ids are {SEVERAL}: each way is kept as a customer of its own. Write it in one way."
    ]


def test_devices_touchpoints_and_channels_are_compared_too():
    rows = [{"device": "D1", "touchpoint": "View", "channel": "web "}, {"device": "d1"}]
    assert [warning.split(" is ")[0] for warning in look(*rows).warnings] == [
        "1 device id", "1 touchpoint", "1 channel"
    ]  # fmt: skip


def test_a_customer_and_a_device_of_nearly_the_same_name_are_no_oddity():
    assert look({"person": "ann", "device": "Ann"}).warnings == []


def test_rows_that_break_a_rule_are_left_out():
    assert look({"person": "ann"}, {"person": "Ann", "rule": "no_time"}).warnings == []


@pytest.mark.parametrize(
    "word",
    ["0", "00000000-0000-0000-0000-000000000000", "-1", "unknown", "null", "none", "n/a", "na", "nan", "undefined",
     "anonymous", "guest", "test", "-", "?", "0000", "9999"],
)  # fmt: skip
def test_a_placeholder_with_an_implausible_share_is_held_as_anonymous(word):
    found = look(*customers(30, 3), *events(word.title(), 15), *events(f" {word}", 15))
    assert found.sentinels == {"person": sorted([word.title(), f" {word}"])}
    assert found.warnings == [
        f"“{word}” stands in place of a customer id on 30 of 120 rows (25.0%) and is held as anonymous. "
        "If it is a customer, give it another id at the source."
    ]


def test_a_real_customer_called_0_is_kept():
    assert look(*customers(50, 1), *events("0", 12)) == oddities.Oddities([], {}, [])


def test_a_customer_called_1111_who_is_busier_than_others_is_kept():
    assert look(*customers(50, 3), *customers(1, 15), *events("1111", 30)).sentinels == {}


def test_a_word_with_a_plausible_share_is_kept_and_named():
    found = look(*customers(30, 3), *events("Test", 2))
    assert found.sentinels == {}
    assert found.warnings == [
        "“test” is kept as a customer id: 2 of 92 rows. If it stands for no one, leave the id empty at the source."
    ]


def test_a_placeholder_in_every_row_is_held_as_anonymous():
    assert look(*[{"person": "unknown", "device": f"d{place}"} for place in range(40)]).sentinels == {
        "person": ["unknown"]
    }


def test_a_placeholder_among_devices_leaves_a_customer_of_that_name_alone():
    rows = [*customers(30, 3, "device"), *({"device": "0"} for _ in range(60)), {"person": "0"}]
    found = look(*rows)
    assert found.sentinels == {"device": ["0"]}
    held = engine.collect(oddities.hold_anonymous(staged(*rows), found.sentinels), order_by=["source_row"])
    assert (held["person"].tolist()[-1], held["device"].notna().sum()) == ("0", 90)


def test_an_id_that_holds_a_twentieth_of_the_rows_is_warned_of_and_kept():
    found = look(*customers(250, 2), *events("robot-7", 50))
    assert found.sentinels == {}
    assert found.warnings == [
        "one customer id, “robot-7”, holds 50 of 550 rows (9.1%). It is kept; if it stands for no one, "
        "leave the id empty at the source."
    ]
    assert "robot" not in found.publishable[0]


def test_among_few_customers_a_large_one_is_no_oddity():
    assert look(*customers(20, 2), *events("robot-7", 50)).warnings == []


def test_an_id_held_as_anonymous_falls_to_the_next_on_the_row():
    table = staged(
        {"ids": "Unknown ", "person": "Unknown ", "alias": "ann", "device": "d1"},
        {"ids": "unknown", "person": "unknown", "device": "d1"},
        {"ids": "unknown", "person": "unknown"},
        {"ids": "ann", "person": "ann", "alias": "unknown", "device": "unknown"},
        {"ids": "bob", "person": "bob", "alias": "ann", "device": "d2"},
    )
    held = oddities.hold_anonymous(table, {"person": ["unknown", "Unknown "]}).select("source_row", *IDS)
    frame = engine.collect(held, order_by=["source_row"]).drop(columns="source_row")
    assert frame.astype(object).where(frame.notna(), None).to_numpy().tolist() == [
        ["ann", "ann", None, "d1"],
        ["d1", None, None, "d1"],
        [None, None, None, None],
        ["ann", "ann", None, "unknown"],
        ["bob", "bob", "ann", "d2"],
    ]


def test_a_source_without_rows_is_named():
    found = oddities.look(tallied({"person": "ann"}), {"shop": 1, "calls": 0})
    assert found.warnings == ["calls has a header and no rows. If rows are missing, export it again."]


def test_days_among_exact_times_are_counted_by_source():
    day = {"time_precision": "day"}
    files = [{"person": "ann", "source": "shop/may"}, {"person": "ann", "source": "shop/june", **day}]
    found = look(*files, {"person": "ann", "source": "calls", **day})
    assert found.warnings == [
        "1 of 2 times of shop are a day without a time, read as its first instant: their order within the day is not "
        "known. Export all with the time of day."
    ]


def test_times_that_the_clocks_showed_twice_are_counted():
    [warning] = look({"person": "ann", "time_precision": "ambiguous"}).warnings
    assert warning.startswith("1 of 1 times of shop were shown twice by the clocks and are read as the second")


def test_a_busy_customer_called_7777_stays_a_customer_and_is_named_to_the_loader_only():
    found = look(*customers(300, 3), *events("7777", 90))
    assert found.sentinels == {}
    assert found.warnings == [
        "“7777” is kept as a customer id: 90 of 990 rows. If it stands for no one, leave the id empty at the source."
    ]
    assert found.publishable == [
        "a number like a placeholder is kept as a customer id: about 90 of about 990 rows. If it stands for no one, "
        "leave the id empty at the source."
    ]


@pytest.mark.parametrize(("rows", "held"), [(90, {}), (300, {"person": ["9999"]})])
def test_nines_are_held_as_anonymous_only_above_a_fifth_of_the_rows(rows, held):
    assert look(*customers(300, 3), *events("9999", rows)).sentinels == held


def test_what_may_be_published_tells_a_held_word_of_the_list_and_counts_to_the_next_five():
    assert look(*customers(301, 3), *events("unknown", 93)).publishable == [
        "“unknown” stands in place of a customer id on about 95 of about 995 rows (10%) and is held as anonymous. "
        "If it is a customer, give it another id at the source."
    ]
    assert "9999" not in str(look(*customers(300, 3), *events("9999", 300)).publishable)


@pytest.mark.parametrize("text", ["\u00a0", "\u3000\u3000", "\u200b", " \ufeff", "\u2800"])
def test_an_id_that_shows_nothing_is_held_as_anonymous_whatever_its_share(text):
    found = look(*customers(30, 3), {"person": text})
    assert found.sentinels == {"person": [text]}
    assert found.warnings[0].startswith("the customer id shows nothing (such as “")
    assert found.publishable == [
        "the customer id shows nothing on fewer than 5 of about 90 rows: these are held as anonymous. "
        "Leave the id empty at the source."
    ]


def test_scores_without_a_type_are_counted():
    typed = {"person": "ann", "score": 9, "score_type": "nps"}
    found = look(typed, {"person": "ann", "score": 99999}, {"person": "ann"})
    assert found.warnings == [
        "scores of shop have no score_type on 1 rows, so their scale is not checked. "
        "Map score_type to nps, csat or ces."
    ]


def test_files_without_rows_are_named_each_in_its_source():
    records = {"shop/may": 1, "shop/june": 0, "shop/july": 0}
    found = oddities.look(tallied({"person": "ann"}), records)
    assert found.warnings == ["shop/july, shop/june have a header and no rows. If rows are missing, export again."]
    assert found.publishable == [
        "fewer than 5 files of shop have a header and no rows. If rows are missing, export again."
    ]
