"""What every contestant is asked, in the same words; nothing here needs more than Python.

`clean.parquet` has customer_id, event_id, occurred_us, touchpoint, channel and started_us, in the order of customer,
time and id. An answer is a list that can be compared with any other's, but for what a contestant cannot say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["DAY_US", "FUNNEL", "FUNNEL_DAYS", "GAP_US", "PATHS", "QUESTIONS", "STEPS", "TURNS", "differences"]

DAY_US = 86_400_000_000
GAP_US = 7 * DAY_US  # a silence that is longer ends a journey
STEPS = 10  # columns of the step matrix
PATHS, TURNS = 20, 5  # how many of the most frequent paths, and how many touchpoints of each
FUNNEL, FUNNEL_DAYS = ("product viewed", "checkout started", "order placed"), 30

QUESTIONS: Mapping[str, str] = {
    "load": "Load a log: a table on disk in order of customer and time, each event in its journey",
    "sessions": "Cut journeys at a silence of 7 days: how many, and how many steps each on average",
    "transitions": "From touchpoint to touchpoint: journeys that go so, and the exact median wait",
    "matrix": "Touchpoint by step 1 to 10: journeys",
    "variants": "The 20 most frequent paths: the first 5 touchpoints, repeats taken once",
    "funnel": "Three touchpoints one after the other within 30 days of the first: customers at each",
}


def differences(answers: Mapping[str, Any]) -> list[str]:
    """Say where contestants differ from the first of them.

    Where an answer holds nothing (null), the contestant cannot say it; so much is not compared.

    >>> differences({"ours": [["a", 1, 2.5]], "theirs": [["a", 1, None]], "others": [["a", 2, 2.5]]})
    ["others: ['a', 2, 2.5] in place of ['a', 1, 2.5]"]
    """
    (_, true), *others = answers.items()
    found = []
    for name, said in others:
        if len(said) != len(true):
            found.append(f"{name}: {len(said)} rows in place of {len(true)}")
        pairs = zip(true, said, strict=False)
        found += [f"{name}: {row} in place of {ours}" for ours, row in pairs if not _is_same(ours, row)][:3]
    return found


def _is_same(ours: list[Any], row: list[Any]) -> bool:
    return len(ours) == len(row) and all(
        cell is None or (math.isclose(one, cell, rel_tol=1e-12) if isinstance(one, float) else one == cell)
        for one, cell in zip(ours, row, strict=False)
    )
