"""What happens to customers before they leave: told as it was known on each day, found where it matters."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from journeylib import engine, trace
from journeylib.measures import churn

DAY = 86_400_000_000
BEGAN = 1_000 * DAY
SAID = {"complaint": ["complaint"], "resolved": ["complaint resolved"]}


class Company:
    """A store of events and steps, all that circumstances need."""

    begins_us = BEGAN - 60 * DAY

    def __init__(self, events):
        frame = pd.DataFrame(events, columns=["customer_id", "day", "touchpoint", "channel", "score"])
        frame["occurred_us"] = BEGAN + (frame.pop("day") - 1) * DAY + DAY // 2
        frame["event_id"] = [f"e{at:06}" for at in range(len(frame))]
        frame["score_type"] = np.where(frame["score"].notna(), "nps", None)
        frame["started_us"] = BEGAN
        self.events = engine.from_frame(frame.drop(columns="started_us"))
        steps = frame[["customer_id", "occurred_us", "event_id", "started_us", "channel"]]
        each = steps.sort_values(["customer_id", "occurred_us", "event_id"]).groupby("customer_id")
        self.steps = engine.from_frame(
            steps.assign(step=each.cumcount() + 1, previous_channel=each["channel"].shift(1))
        )


def customers(rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "entry_day", "day", "has_left"])
    return engine.from_frame(frame.assign(zero_us=BEGAN, has_left=frame["has_left"].astype(bool)))


def world(n=1_500, seed=3):
    """Customers who complain on one day, half of them settled ten days later; open, they leave three times as fast."""
    dice = np.random.default_rng(seed)
    complains, settled = dice.integers(1, 60, n), dice.random(n) < 0.5
    rows, events = [], []
    for at in range(n):
        day, left = 1, False
        while day <= 120 and not left:
            is_open = day > complains[at] and not (settled[at] and day > complains[at] + 10)
            left = bool(dice.random() < 0.004 * (3 if is_open else 1))
            day += not left
        name, last = f"c{at:04}", min(day, 120)
        rows.append((name, 0, last, left))
        told = [(complains[at], "complaint", "web"), (complains[at] + 10, "complaint resolved", "mail")]
        events += [(name, on, what, channel, None) for on, what, channel in told[: 1 + settled[at]] if on < last]
        events += [(name, on, "visit", "web", None) for on in dice.integers(1, 120, 2) if on < last]
    return customers(rows), Company(events)


def row_of(found, covariate):
    [row] = found[found["covariate"] == covariate].to_dict("records")
    return row


def test_an_open_complaint_is_found_with_its_size_and_what_does_not_matter_is_not():
    table, store = world()
    found = churn.circumstances(table, store, contacts=["visit"], **SAID)
    told = row_of(found, "complaint")
    assert (told["level"], told["baseline"]) == ("open", "none open")
    assert told["low"] < 3 < told["high"]
    assert told["p"] < 1e-6


def test_it_is_the_model_of_its_start_stop_rows():
    table, store = world(400)
    found = churn.circumstances(table, store, **SAID)
    state = churn.state(store.events, begins=SAID["complaint"], ends=SAID["resolved"])
    changing = churn.start_stop(table, complaint=state, bounces=churn.bounces(store.steps))
    rows = engine.collect(changing, order_by=["customer_id", "entry_day"])
    rows["complaint"] = np.where(rows["complaint"] == 1, "open", "none open")
    rows["bounces"] = np.where(rows["bounces"] > 0, "1 or more", "none")
    own = churn.model(engine.from_frame(rows), ["complaint", "bounces"], robust=True)
    pd.testing.assert_frame_equal(found, own, check_exact=False, rtol=1e-9)


def test_scores_are_told_in_bands_and_who_has_not_answered_yet_apart():
    rows = [(f"c{at}", 0, 20 + at % 7, at % 3 == 0) for at in range(90)]
    events = [(f"c{at}", 3, "survey answered", "mail", float(at % 11)) for at in range(60)]
    found = churn.circumstances(customers(rows), Company(events))
    found = found[found["covariate"] == "last_score"]
    assert sorted(found["level"]) == ["0 to 6", "7 to 8", "9 to 10"]
    assert set(found["baseline"]) == {"no answer"}


def test_what_names_no_touchpoint_and_is_not_in_the_data_is_left_out():
    rows = [(f"c{at}", 0, 20 + at % 7, at % 3 == 0) for at in range(60)]
    store = Company([(f"c{at}", 3, "visit", "web", None) for at in range(60)])
    assert churn.circumstances(customers(rows), store)["covariate"].tolist() == ["bounces"]


def test_of_silences_nothing_is_said():
    table, store = world(40)
    silent = engine.from_frame(engine.collect(table).assign(has_returned=False))
    assert "a silence begins on a day of activity" in churn.circumstances(silent, store).attrs["not_applicable"]


def test_the_query_of_the_rows_is_told_though_they_are_made_of_what_was_fetched():
    table, store = world(60)
    found = churn.circumstances(table, store, complaint=["complaint"])
    assert len(found.attrs[trace.KEY]) >= 2


def test_shuffled_rows_give_the_same_answer():
    table, store = world(300)
    first = churn.circumstances(table, store, complaint=["complaint"])
    shuffled = engine.from_frame(engine.collect(table).sample(frac=1, random_state=1))
    store.events = engine.from_frame(engine.collect(store.events).sample(frac=1, random_state=2))
    again = churn.circumstances(shuffled, store, complaint=["complaint"])
    pd.testing.assert_frame_equal(first, again)


@pytest.mark.parametrize("covariates", [[], ["plan"]])
def test_further_covariates_stand_beside_what_changes(covariates):
    table, store = world(300)
    people = engine.collect(table, order_by=["customer_id"])
    people["plan"] = np.where(np.arange(len(people)) % 2, "annual", "monthly")
    found = churn.circumstances(engine.from_frame(people), store, covariates, complaint=["complaint"])
    assert found["covariate"].tolist()[: len(covariates)] == covariates
