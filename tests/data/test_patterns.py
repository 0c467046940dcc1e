from __future__ import annotations

import pandas as pd
import pytest

from journeylib import engine
from journeylib.data import patterns
from journeylib.data.patterns import Numbers
from journeylib.days import DAY_US

JANUARY_2026 = 1_767_225_600_000_000


@pytest.mark.parametrize(
    ("texts", "form"),
    [
        (["2026-01-05T10:00:00.123Z", "2026-01-05 10:00+0200", "2026-01-05"], "iso"),
        (["2026-01-05 10:00:00 UTC"], "iso"),
        (["1767607200", "1767607201.5"], "epoch_s"),
        (["1767607200000"], "epoch_ms"),
        (["1767607200000000"], "epoch_us"),
        (["1767607200000000000"], "epoch_ns"),
        (["25/1/2026 9:05", "5/2/2026 10:00"], "%d/%m/%Y %H:%M"),
        (["1/25/26"], "%m/%d/%y"),
        (["25.01.2026"], "%d.%m.%Y"),
        (["01-25-2026 09:05:06 PM"], "%m-%d-%Y %I:%M:%S %p"),
        (["1/25/2026, 9:05pm"], "%m/%d/%Y, %I:%M%p"),
        (["25/01/2026 10:00 +02:00"], "%d/%m/%Y %H:%M %z"),
        (["25/01/2026T10:00:00.5"], "%d/%m/%YT%H:%M:%S.%f"),
        (["2026/1/5 10:00"], "%Y/%m/%d %H:%M"),
        (["2026-01-05 9:05 AM"], "%Y-%m-%d %I:%M %p"),
        (["20260105"], "%Y%m%d"),
        (["20260105103000"], "%Y%m%d%H%M%S"),
        (["20260105T103000Z"], "%Y%m%dT%H%M%SZ"),
        (["5 Jan 2026 10:00"], "%d %b %Y %H:%M"),
        (["05-Jan-2026"], "%d-%b-%Y"),
        (["January 5, 2026"], "%B %d, %Y"),
        (["Mon, 05 Jan 2026 10:00:00 +0000"], "%a, %d %b %Y %H:%M:%S %z"),
    ],
)
def test_a_time_format_is_recognised_and_the_engine_reads_it(texts, form):
    found = patterns.times(texts)
    assert found is not None
    assert (found.formats, found.share) == ((form,), 1.0)
    table = engine.from_frame(pd.DataFrame({"text": texts}))
    read = engine.collect(engine.instant(table, "text", "read_us", form=form, zone="UTC"))
    assert all(read["read_us"].between(JANUARY_2026, JANUARY_2026 + 60 * DAY_US))


def test_the_order_of_day_and_month_is_left_open_where_nothing_proves_it():
    found = patterns.times(["05/06/2026", "07/08/2026"])
    assert found is not None
    assert found.formats == ("%d/%m/%Y", "%m/%d/%Y")
    assert not found.is_contradictory


def test_the_order_of_day_and_month_is_left_open_where_values_prove_both():
    found = patterns.times(["25/06/2026", "06/25/2026"])
    assert found is not None
    assert (len(found.formats), found.is_contradictory) == (2, True)


def test_what_is_no_day_proves_no_order():
    found = patterns.times(["05/06/2026", "99/06/2026"])
    assert found is not None
    assert len(found.formats) == 2


def test_times_are_local_where_some_lack_an_offset():
    for texts, is_local in [
        (["2026-01-05T10:00:00Z"], False),
        (["2026-01-05T10:00:00Z", "2026-01-05T10:00:00"], True),
        (["2026-01-05"], True),
        (["1767607200"], False),
    ]:
        found = patterns.times(texts)
        assert found is not None
        assert found.is_local == is_local


@pytest.mark.parametrize("texts", [[], ["web"], ["12"], ["00123"], ["10:30"], ["12345678"], ["0123456789"], ["1.2.3"]])
def test_what_is_no_time_is_not_taken_for_one(texts):
    assert patterns.times(texts) is None


def test_a_few_other_texts_do_not_hide_a_time_format():
    found = patterns.times({"2026-01-05T10:00:00Z": 9, "unknown": 1})
    assert found is not None
    assert (found.formats, found.share) == (("iso",), 0.9)


@pytest.mark.parametrize(
    ("texts", "read"),
    [
        (["12", "-7"], Numbers(".", True)),
        (["12.50", "3"], Numbers(".", False)),
        (["12,50", "3"], Numbers(",", False)),
        (["1.234,50"], Numbers(",", False, True)),
        (["1,234.50"], Numbers(".", False, True)),
        (["1,234"], Numbers(None, False, True)),
        (["0,123"], Numbers(",", False)),
        (["€ 12"], None),
        (["web"], None),
        ([], None),
    ],
)
def test_the_decimal_mark_is_recognised(texts, read):
    assert patterns.numbers(texts) == read
