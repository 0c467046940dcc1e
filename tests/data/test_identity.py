from __future__ import annotations

import pandas as pd
import pytest

from journeylib import engine
from journeylib.data import identity

DAY = 86_400_000_000


def _stitched(rows, mode, look_back_days=30):
    """Rows are (day, person, device)."""
    frame = pd.DataFrame(
        [
            {
                "event_id": f"e{place:02}",
                "occurred_us": int(day * DAY),
                "person": person,
                "device": device,
                "ids": person or device,
            }
            for place, (day, person, device) in enumerate(rows)
        ]
    ).astype({"person": "string", "device": "string", "ids": "string"})
    table = identity.stitch(engine.from_frame(frame), mode=mode, look_back_days=look_back_days)
    frame = engine.collect(table, order_by=["event_id"])
    return frame["customer_id"].tolist(), frame["known_by"].tolist()


@pytest.mark.parametrize(
    ("mode", "customers"),
    [
        ("none", ["device:d", "ann", "device:d"]),
        ("live", ["device:d", "ann", "ann"]),
        ("replay", ["ann", "ann", "ann"]),
    ],
)
def test_each_mode_uses_what_it_may_know(mode, customers):
    assert _stitched([(0, None, "d"), (1, "ann", "d"), (2, None, "d")], mode)[0] == customers


def test_two_log_ins_on_one_device_are_two_people_split_at_the_log_in():
    customers, known_by = _stitched([(0, "ann", "d"), (1, None, "d"), (2, "bob", "d"), (3, None, "d")], "replay")
    assert customers == ["ann", "ann", "bob", "bob"]
    assert known_by == ["itself", "before", "itself", "before"]


def test_a_log_in_later_than_the_look_back_does_not_reach_back():
    rows = [(0, None, "d"), (1, None, "d"), (31, "ann", "d")]
    assert _stitched(rows, "replay", look_back_days=30)[0] == ["device:d", "ann", "ann"]


def test_a_device_named_like_a_person_is_not_that_person():
    assert _stitched([(0, None, "7"), (1, "7", None)], "replay")[0] == ["device:7", "7"]


def test_a_device_that_nobody_logs_in_on_stays_anonymous():
    assert _stitched([(0, None, "d")], "replay") == (["device:d"], ["device"])
