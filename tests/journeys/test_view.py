from __future__ import annotations

import pandas as pd
import pytest

import journeylib
from journeylib import engine
from journeylib.errors import RecipeError, StoreError
from journeylib.journeys import segments

ROWS = [
    "1,00123,d1,2026-01-01T10:00:00Z,,view,web",
    "2,00123,d1,2026-01-03T10:00:00Z,,order placed,web",
    "3,123,d2,2026-01-03T23:59:59Z,,view,app",
    "4,999,d3,2026-03-03T00:00:00Z,,view,app",
]


@pytest.fixture
def store_path(company, tmp_path):
    journeylib.load(mapping=company(*ROWS), store=tmp_path / "store")
    return tmp_path / "store"


def test_a_view_knows_nothing_after_its_day(store_path):
    store = journeylib.open_store(store_path, through="2026-01-02")
    journeys = engine.collect(store.journeys)
    assert journeys[["customer_id", "steps", "last_touchpoint"]].to_numpy().tolist() == [["00123", 1, "view"]]
    assert len(engine.collect(store.events)) == 1


def test_the_last_microsecond_of_the_day_is_in_it(store_path):
    assert len(engine.collect(journeylib.open_store(store_path, through="2026-01-03").events)) == 3


def test_an_end_that_lies_after_the_day_is_not_known_yet(store_path):
    early = engine.collect(journeylib.open_store(store_path, through="2026-01-31").customers, order_by=["customer_id"])
    late = engine.collect(journeylib.open_store(store_path, through="2026-02-01").customers, order_by=["customer_id"])
    assert early["ended_on"].isna().all()
    assert late["ended_on"].astype(str).tolist()[1].startswith("2026-02-01")


def test_a_day_before_the_data_is_refused_with_the_days_there_are(store_path):
    with pytest.raises(
        StoreError, match="holds nothing up to 2025-12-31; its events run from 2026-01-01 to 2026-03-03"
    ):
        journeylib.open_store(store_path, through="2025-12-31")


def test_a_folder_without_a_store_says_how_to_make_one(tmp_path):
    with pytest.raises(StoreError, match="journey load --mapping"):
        journeylib.open_store(tmp_path)


def test_customers_without_the_attribute_are_a_visible_group(store_path):
    store = journeylib.open_store(store_path)
    frame = engine.collect(segments.attach(store.journeys, store, {"contract": "customers.plan"}))
    assert dict(zip(frame["customer_id"], frame["contract"], strict=True)) == {
        "00123": "annual",
        "123": "monthly",
        "999": "unknown",
    }


def test_an_attribute_counts_as_it_stood_when_the_period_began(store_path):
    store = journeylib.open_store(store_path, start="2026-01-02")
    day = 86_400_000_000
    changed = pd.DataFrame(
        {
            "customer_id": ["00123"] * 3,
            "valid_from_us": pd.array([None, store.start_us - day, store.start_us + day], dtype="Int64"),
            "plan": ["trial", "monthly", "annual"],
        }
    )
    from dataclasses import replace

    moved = replace(store, customers=engine.from_frame(changed))
    frame = engine.collect(segments.attach(store.journeys, moved, {"contract": "customers.plan"}))
    assert set(frame[frame["customer_id"] == "00123"]["contract"]) == {"monthly"}


def test_an_unknown_attribute_is_refused_with_those_there_are(store_path):
    store = journeylib.open_store(store_path)
    with pytest.raises(RecipeError, match="no attribute plam; they have plan"):
        segments.attach(store.journeys, store, {"contract": "customers.plam"})


def test_a_group_that_is_joined_later_does_not_count_from_the_start(store_path):
    store = journeylib.open_store(store_path)
    day = 86_400_000_000
    changed = pd.DataFrame(
        {
            "customer_id": ["00123", "00123", "123", "999"],
            "valid_from_us": pd.array([None, 50 * day, None, 50 * day], dtype="Int64"),
            "plan": ["monthly", "annual", "monthly", "annual"],
        }
    )
    from dataclasses import replace

    moved = replace(store, customers=engine.from_frame(changed))
    followed = pd.DataFrame({"customer_id": ["00123", "123", "999"], "zero_us": [20 * day, 60 * day, 20 * day]})
    plan = {"plan": "customers.plan"}
    frame = engine.collect(segments.attach(engine.from_frame(followed), moved, plan, at="zero_us"))
    assert dict(zip(frame["customer_id"], frame["plan"], strict=True)) == {
        "00123": "monthly",  # annual only later: the time until then must not count for it
        "123": "monthly",
        "999": "unknown",
    }


def test_a_day_is_complete_only_where_later_events_follow_it_or_the_mapping_says_so(company, tmp_path, mapping_text):
    rows = ["1,00123,,2026-01-01T10:00:00Z,,view,web", "2,00123,,2026-01-05T00:05:00Z,,view,web"]
    journeylib.load(mapping=company(*rows), store=tmp_path / "store")
    assert journeylib.open_store(tmp_path / "store").facts["complete_through"] == "2026-01-04"
    said = mapping_text.replace("[limits]", "[limits]\ncomplete_through = 2026-01-05")
    journeylib.load(mapping=company(*rows, mapping=said), store=tmp_path / "store")
    store = journeylib.open_store(tmp_path / "store")
    assert store.facts["complete_through"] == "2026-01-05"
    assert store.ends_us == 1_767_657_600_000_000  # the midnight after it
