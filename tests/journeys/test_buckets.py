"""A bucket of customers cut by columns has the journeys that `reconstruct` gives."""

from __future__ import annotations

import random
from datetime import timedelta

import pandas as pd
import pyarrow as pa
import pytest

from journeylib import engine
from journeylib.journeys import buckets, reconstruct
from journeylib.schema import JOURNEYS, STEPS

DAY = 86_400_000_000
RULES = {"gap": timedelta(days=2), "longest": timedelta(days=5), "end_touchpoints": ["closed"]}


def events_of(seed, rows=400):
    dice = random.Random(seed)
    return pd.DataFrame(
        {
            "customer_id": f"{dice.choice(['c', 'é', 'Z'])}{dice.randrange(5)}",
            "occurred_us": dice.choice([dice.randrange(0, 60), dice.randrange(0, 3)]) * DAY // 2 - 10 * DAY,
            "event_id": f"{dice.choice(['e', 'ö', 'Q'])}{place}",
            "touchpoint": dice.choice(["v", "w", "closed"]),
            "channel": dice.choice(["web", "app"]),
        }
        for place in range(rows)
    )


def _same(ours, theirs):
    ours, theirs = ours.to_pandas().astype(theirs.dtypes).convert_dtypes(), theirs.convert_dtypes()
    pd.testing.assert_frame_equal(ours, theirs)


def encoded(frame, names):
    table = pa.Table.from_pandas(frame, preserve_index=False)
    for name in names:
        table = table.set_column(table.column_names.index(name), name, table[name].dictionary_encode())
    return table


@pytest.mark.parametrize("names", [[], ["customer_id", "touchpoint", "channel"]], ids=["texts", "dictionaries"])
@pytest.mark.parametrize("seed", range(12))
def test_a_bucket_is_cut_as_reconstruct_cuts_it(seed, names):
    events = events_of(seed)
    sorted_events = buckets.ordered(encoded(events, names))
    steps = buckets.cut(sorted_events, buckets.Rules(**RULES))
    slow = reconstruct.reconstruct(engine.from_frame(events), **RULES)
    order = ["customer_id", "occurred_us", "event_id"]
    oracle = engine.collect(slow.sort(*order))
    _same(steps.select(list(STEPS)), oracle)
    assert oracle["started_us"].nunique() > 10
    journeys = engine.collect(reconstruct.summarise(slow).sort("customer_id", "started_us"))
    assert list(JOURNEYS) == list(journeys.columns)
    _same(buckets.summed(steps).select(list(JOURNEYS)), journeys)


@pytest.mark.parametrize("seed", range(8))
def test_a_customer_whose_beginning_is_not_at_hand_is_cut_on_from_a_journey_s_first_step(seed):
    rules = buckets.Rules(RULES["gap"], RULES["longest"])
    steps = buckets.cut(buckets.ordered(encoded(events_of(seed), [])), rules)
    journeys = buckets.summed(steps).to_pandas()
    later = journeys[journeys["stretch_us"] < journeys["started_us"]].groupby("customer_id").head(1)
    assert len(later)
    start = steps["customer_id"].to_pandas().map(dict(zip(later["customer_id"], later["started_us"], strict=True)))
    stretch = steps["customer_id"].to_pandas().map(dict(zip(later["customer_id"], later["stretch_us"], strict=True)))
    is_later = (steps["occurred_us"].to_pandas() >= start).to_numpy()
    ours = ["started_us", "step", "previous_touchpoint", "previous_channel", "wait_us", "stretch_us"]
    events = steps.drop_columns(ours).append_column("stretch_us", pa.array(stretch.astype("Int64")))
    assert buckets.cut(events.filter(is_later), rules).select(steps.column_names).equals(steps.filter(is_later))


def test_a_bucket_without_events_has_no_journeys():
    empty = buckets.ordered(encoded(events_of(1)[:0].astype({"occurred_us": "int64"}), []))
    steps = buckets.cut(empty, buckets.Rules(**RULES))
    assert (steps.num_rows, buckets.summed(steps).num_rows) == (0, 0)
    assert set(STEPS) <= set(steps.column_names)
