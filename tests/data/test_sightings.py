"""Sightings: of parts they add up to those of the whole, and counts of rows can be taken away."""

from __future__ import annotations

import pandas as pd

from journeylib import engine
from journeylib.data import sightings

COLUMNS = ["device", "person", "first_us", "rows"]


def _sights(*rows):
    frame = pd.DataFrame(rows, columns=COLUMNS).astype({"device": "string", "person": "string"})
    return engine.from_frame(frame)


def _rows(table):
    frame = engine.collect(table, order_by=table.collect_schema().names()[:2])
    return [tuple(None if pd.isna(cell) else cell for cell in row) for row in frame.itertuples(index=False)]


def test_a_sighting_is_a_device_and_a_person_with_the_first_instant_and_the_rows():
    frame = pd.DataFrame({"occurred_us": [7, 3, 5], "device": ["d", "d", "d"], "person": ["ann", "ann", None]})
    found = sightings.sighted(engine.from_frame(frame)).select(*COLUMNS)
    assert _rows(found) == [("d", "ann", 3, 2), ("d", None, 5, 1)]


def test_sightings_of_parts_are_added_and_one_of_which_no_row_is_left_goes():
    parts = [_sights(("d", "ann", 3, 2), (None, "bob", 4, 1)), _sights(("d", "ann", 1, 1), (None, "bob", 4, -1))]
    assert _rows(sightings.together(parts).select(*COLUMNS)) == [("d", "ann", 1, 3)]


def test_a_device_has_its_first_log_in_its_first_anonymous_event_and_the_ends_of_its_persons():
    found = sightings.devices(_sights(("d", "bob", 9, 1), ("d", "ann", 6, 1), ("d", None, 2, 5), (None, "eve", 1, 1)))
    assert _rows(found.select("device", "person", "last_person", "login_us", "anonymous_us")) == [
        ("d", "ann", "bob", 6, 2)
    ]
