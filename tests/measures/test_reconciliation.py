"""Why totals differ: each reason on journeys written by hand, and every total against the measure of its name."""

from __future__ import annotations

from datetime import timedelta

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest

from journeylib import engine
from journeylib.errors import ParameterError
from journeylib.journeys import patterns
from journeylib.journeys.outcomes import label_journeys
from journeylib.journeys.reconstruct import reconstruct, summarise
from journeylib.measures import outcomes, reconciliation, trends
from journeylib.measures.funnels import funnel

DAY = 86_400_000_000
START, ENDS = 100 * DAY, 130 * DAY
GAP, WITHIN = timedelta(days=2), timedelta(days=3)
ASKED = {"source": "cart", "target": "order", "within_days": 3, "start_us": START, "ends_us": ENDS}


def pieces(rows, *, within=WITHIN, spark=None):
    """All events and steps, and the period's journeys, of rows (customer, day, touchpoint); ids in their order."""
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "touchpoint"])
    frame["occurred_us"] = (frame["day"] * DAY).round().astype("int64")
    frame["event_id"] = [f"e{at:04}" for at in range(len(frame))]
    events = engine.from_frame(frame.drop(columns="day").assign(channel="web"), spark=spark)
    steps = reconstruct(events, gap=GAP)
    times = {"ends_us": ENDS, "gap_us": GAP // timedelta(microseconds=1)}
    labelled = label_journeys(summarise(steps), steps, touchpoint="order", within=within, **times)
    return events, steps, labelled.filter(nw.col("started_us") >= START)


def told(found):
    return {row["label"]: (row["n"], row["change"], row["left"]) for row in found.to_dict("records")}


BY_HAND = [
    *[("ann", 101, "cart"), ("ann", 102, "order")],  # the same everywhere
    *[("bea", 99, "visit"), ("bea", 101, "order")],  # her journey began before the period
    *[("cem", 101, "cart"), ("cem", 102, "order"), ("cem", 103, "order")],  # ordered again
    *[("dan", 101, "visit"), ("dan", 102.5, "visit"), ("dan", 104.5, "order")],  # after three days and a half
    *[("eve", 127, "cart"), ("eve", 128, "order")],  # her window closes on day 130, which is not in
    *[("fay", 101, "order"), ("fay", 102, "cart")],  # the other way round
    *[("gus", 101, "visit"), ("gus", 103, "cart"), ("gus", 105, "order")],  # late from the visit, soon from the cart
    *[("hal", 101, "cart"), ("hal", 102, "order"), ("hal", 110, "cart"), ("hal", 111, "order")],  # twice
    *[("ida", 101, "cart"), ("ida", 110, "cart"), ("ida", 111, "order")],  # only the second time
    *[("jon", 101, "cart"), ("jon", 103.5, "order")],  # silent for more than two days between: two journeys
    *[("kim", 99, "visit"), ("kim", 100.5, "cart"), ("kim", 101.5, "order")],  # began before, entered since
    *[("lou", 101, "cart"), ("lou", 103, "visit"), ("lou", 104, "order")],  # exactly three days
    *[("ned", 101, "order"), ("ned", 101, "cart")],  # at one instant the lesser id is first
    *[("olga", 101, "cart"), ("olga", 101, "order")],
    *[("pia", 101, "visit"), ("pia", 102, None), ("pia", 103, "cart")],  # never ordered
]


def test_every_reason_takes_or_adds_what_it_names():
    found = reconciliation.totals(*pieces(BY_HAND), **ASKED)
    assert told(found) == {
        "target_events": (14, 16, 16),
        "begun_before": (2, -2, 14),  # bea, kim
        "repeated_in_journey": (1, -1, 13),  # cem
        "outside_goal_window": (2, -2, 11),  # dan, gus
        "still_open": (1, -1, 10),  # eve
        "no_source_before": (3, -3, 7),  # fay, jon, ned
        "open_on_path": (1, 1, 8),  # eve
        "late_in_journey": (1, 1, 9),  # gus
        "several_journeys": (1, -1, 8),  # hal
        "later_entry_only": (1, -1, 7),  # ida
        "across_journeys": (1, 1, 8),  # jon
        "entered_before": (1, 1, 9),  # kim
    }
    assert found["label"].tolist() == list(reconciliation.LABELS)
    assert found["unit"].tolist() == list(reconciliation.LABELS.values())
    assert (found["estimate"] == found["left"]).all()
    assert found["change"].cumsum().tolist() == found["left"].tolist()


def measured(events, steps, labelled):
    """Each total as the measure of its name tells it, of the period's events and journeys."""
    events, steps = events.filter(nw.col("occurred_us") >= START), steps.filter(nw.col("started_us") >= START)
    orders = events.filter(nw.col("touchpoint") == "order").with_columns(started_us=nw.col("occurred_us"))
    counts = outcomes.counts(labelled).set_index("outcome")["journeys"]
    mature = outcomes.converted(labelled).iloc[0]
    path = engine.collect(patterns.followed(steps, "cart -> * -> order", within_days=3))
    times = {"within_days": 3, "start_us": START, "ends_us": ENDS}
    through = funnel(events, ["cart", "order"], **times)
    journeys = funnel(steps, ["cart", "order"], unit="journeys", reentry="furthest", **times)
    assert journeys["entered"].iloc[-1] == len(path)  # a funnel of journeys is the path
    return {
        "trend": trends.started(orders, start_us=START, ends_us=ENDS, every_days=1)["journeys"].sum(),
        "journeys_with_target": len(engine.collect(patterns.followed(steps, "order"))),
        "outcomes": counts["converted"],
        "mature_outcomes": round(mature["estimate"] * mature["journeys"]),
        "path": len(path),
        "path_customers": path["customer_id"].nunique(),
        "funnel": through["entered"].iloc[-1],
    }


def drawn(seed):
    """Customers whose journeys repeat, begin before the period, share instants, and are cut or open at its ends."""
    draw = np.random.default_rng(seed)
    rows = []
    for customer in range(80):
        days = draw.integers(95, 125) + draw.choice(np.arange(0, 14, 0.5), int(draw.integers(1, 14)))
        for day in days[days < 130]:
            name = draw.choice(["cart", "order", "visit", None], p=[0.25, 0.15, 0.5, 0.1])
            rows.append((f"c{customer}", float(day), name))
    return [rows[at] for at in draw.permutation(len(rows))]


@pytest.mark.parametrize("seed", range(12))
def test_every_total_is_the_one_that_its_measure_tells(seed):
    tables = pieces(drawn(seed))
    found = reconciliation.totals(*tables, **ASKED).set_index("label")
    assert {name: found["left"][label] for name, label in reconciliation.TOTALS.items()} == measured(*tables)


def test_the_drawn_journeys_have_every_reason():
    changes = sum(
        reconciliation.totals(*pieces(drawn(seed)), **ASKED)["change"].ne(0).astype(int) for seed in range(12)
    )
    assert changes.min() >= 4


def test_a_target_that_is_its_own_source_must_come_twice():
    rows = [("ann", 101, "order"), ("ann", 102, "order"), ("bob", 101, "order")]
    found = told(reconciliation.totals(*pieces(rows), **{**ASKED, "source": "order"}))
    assert found["repeated_in_journey"] == (1, -1, 2)
    assert found["no_source_before"] == (1, -1, 1)
    assert found["entered_before"] == (0, 0, 1)


def test_without_a_target_it_is_not_applicable():
    found = reconciliation.totals(*pieces([("ann", 101, "cart")]), **ASKED)
    assert found.attrs["not_applicable"] == 'no "order" occurred in the period'
    assert found.columns.tolist() == ["label", "unit", "n", "estimate", "low", "high", "is_enough", "change", "left"]


@pytest.mark.parametrize("wrong", ["events", "steps", "labelled", "window"])
def test_tables_that_do_not_belong_together_are_refused(wrong):
    events, steps, labelled = pieces(BY_HAND, within=timedelta(days=9) if wrong == "window" else WITHIN)
    without = {"events": events, "steps": steps, "labelled": labelled}
    if wrong in without:
        without[wrong] = without[wrong].filter(nw.col("customer_id") != "cem")
    with pytest.raises(ParameterError, match=r'do not belong together.*labelled for "order" within 3 days\.$'):
        reconciliation.totals(*without.values(), **ASKED)
