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
    journeylib.load(company(*ROWS), tmp_path / "store")
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
