from __future__ import annotations

from datetime import timedelta

import pandas as pd

from journeylib import engine
from journeylib.journeys import outcomes, reconstruct
from journeylib.measures import paths

DAY = 86_400_000_000


def _top(journeys, **options):
    """Journeys are texts such as "view view call", one customer each."""
    rows = [
        {
            "customer_id": f"c{who}",
            "occurred_us": place * 1000,
            "event_id": f"e{place}",
            "touchpoint": what,
            "channel": "web",
        }
        for who, journey in enumerate(journeys)
        for place, what in enumerate(journey.split())
    ]
    steps = reconstruct.reconstruct(engine.from_frame(pd.DataFrame(rows)))
    labelled = outcomes.label_journeys(
        reconstruct.summarise(steps), steps, touchpoint="buy", within=timedelta(days=1), ends_us=9 * DAY, gap_us=DAY
    )
    frame = paths.top(steps, labelled, **options)
    return list(zip(frame["path"], frame["journeys"], frame["estimate"], strict=True))


def test_the_same_touchpoint_again_counts_once():
    assert _top(["view view call", "view call", "call"]) == [("view → call", 2, 2 / 3), ("call", 1, 1 / 3)]


def test_a_path_longer_than_asked_ends_in_an_ellipsis():
    assert _top(["a b c d", "a b c"], length=3) == [("a → b → c", 1, 0.5), ("a → b → c → …", 1, 0.5)]


def test_the_rest_is_other_stands_last_and_the_shares_add_up():
    found = _top(["a", "a", "b", "c", "d"], most=2)
    assert found == [("a", 2, 0.4), ("b", 1, 0.2), ("other", 2, 0.4)]


def test_a_path_that_returns_keeps_each_of_its_turns():
    assert _top(["a b a"]) == [("a → b → a", 1, 1.0)]
