"""Which queries stand behind a frame: those of the call that made it, whatever it was made in."""

from __future__ import annotations

import narwhals.stable.v2 as nw
import pandas as pd
import pytest

from journeylib import engine, schema, trace
from journeylib.days import DAY_US
from journeylib.measures import outcomes, trends

START = 20454 * DAY_US  # 2026-01-01
TIMES = {"within_days": 2, "start_us": START, "ends_us": START + 40 * DAY_US}


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    """Carts and orders over forty days, in a file as a store has it."""
    rows = [
        {"customer_id": f"c{day}-{n}", "occurred_us": START + day * DAY_US + n, "touchpoint": touchpoint}
        for day in range(40)
        for n in range(30)
        for touchpoint in (["cart", "order"] if n % 2 or day < 20 else ["cart"])
    ]
    made = pd.DataFrame(rows).assign(event_id=[f"e{at:05}" for at in range(len(rows))])
    path = tmp_path_factory.mktemp("store") / "events-all.parquet"
    engine.write(engine.from_frame(made), path, order_by=["event_id"])
    return engine.scan([path])


@pytest.fixture(scope="module")
def labelled(events):
    is_whole = nw.col("occurred_us") > 0
    return events.select("customer_id", started_us="occurred_us", outcome="touchpoint", is_mature=is_whole)


def queries(frame):
    return frame.attrs.get(trace.KEY)


def test_a_measure_keeps_the_query_that_it_ran(labelled):
    assert ['count() AS "customers"' in text for text in queries(outcomes.converted(labelled))] == [True]


def test_the_next_measure_starts_anew(labelled):
    first, again, other = outcomes.converted(labelled), outcomes.converted(labelled), outcomes.customers(labelled)
    assert len(queries(first)) == len(queries(again)) == len(queries(other)) == 1


def test_a_frame_made_in_several_steps_keeps_all_of_them(events):
    found = trends.incident(events, "cart", "order", **TIMES)
    assert len(found) == 1
    assert len(queries(found)) == 2  # the days, then the sides of the window


def test_a_measure_of_a_frame_keeps_what_stands_behind_that_frame(events):
    daily = trends.conversion(events, "cart", "order", every_days=1, **TIMES)
    assert queries(trends.windows(daily)) == queries(daily) != []


def test_a_frame_that_was_worked_on_keeps_its_queries(labelled):
    found = outcomes.converted(labelled, ["outcome"])
    worked = found.assign(more=1).sort_values("n")[["outcome", "n"]].copy()
    assert queries(worked) == queries(found)


def test_nothing_is_said_where_a_frame_has_lost_its_queries(events):
    daily = trends.conversion(events, "cart", "order", every_days=1, **TIMES)
    lost = pd.DataFrame(daily.to_dict("list"))
    assert queries(trends.windows(lost)) is None


def test_what_does_not_apply_keeps_the_query_that_showed_it(labelled):
    found = outcomes.converted(labelled.filter(nw.col("outcome") == "nothing"))
    assert found.attrs["not_applicable"]
    assert len(queries(found)) == 1


def test_someones_own_measure_keeps_the_queries_that_it_runs(labelled):
    @trace.measured
    def mine(table):
        [row] = engine.collect(table.select(n=nw.len())).to_dict("records")
        return schema.result([{**row, "estimate": 1.0, "low": 1.0, "high": 1.0, "is_enough": True}])

    assert len(queries(mine(labelled))) == 1


def test_what_runs_outside_of_measures_is_not_noted(labelled):
    """It may name customers, and nobody would show it."""
    assert queries(engine.collect(labelled.head(1))) is None
    assert queries(schema.result([])) is None


def test_after_a_measure_that_failed_the_next_one_starts_anew(labelled):
    with pytest.raises(Exception, match="nothing"):
        outcomes.converted(labelled, ["nothing"])
    assert len(queries(outcomes.converted(labelled))) == 1
