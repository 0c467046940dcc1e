"""Columns and types of the tables that pass between modules.

Tables are narwhals lazy frames. Result frames are small pandas frames: the
group's columns first, then `n`, `estimate`, `low`, `high`, `is_enough`, and
`p` where a contrast is made; further columns follow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

__all__ = [
    "COUNTS",
    "CUSTOMERS",
    "EVENTS",
    "JOURNEYS",
    "ORDER",
    "PLACE",
    "QUARANTINE",
    "RESULT",
    "STEPS",
    "TABLES",
    "counted",
    "not_applicable",
    "result",
]

ORDER = ["occurred_us", "event_id"]  # total, so equal rows in any order give equal answers

PLACE = ["source", "source_row"]  # names a row of a source

_TEXT, _WHOLE = nw.String, nw.Int64

# One row an event. `person_id` and `device_id` are the ids that the event arrived with, and
# `known_by` how its customer became known: "itself", "before" (the device's last log-in), "after"
# (its next one), "graph" (ids seen together), "device" (never: the device stands for the
# customer) or "nobody" (no usable id: the event stands alone).
EVENTS: Mapping[str, Any] = {
    "event_id": _TEXT,
    "customer_id": _TEXT,
    "occurred_us": _WHOLE,
    "touchpoint": _TEXT,
    "channel": _TEXT,
    "ended_us": _WHOLE,
    "stage": _TEXT,
    "score": nw.Float64,
    "score_type": _TEXT,  # nps | csat | ces
    "revenue_minor": _WHOLE,
    "currency": _TEXT,
    "cost_minor": _WHOLE,
    "reason": _TEXT,
    "resource": _TEXT,
    "text": _TEXT,
    "time_precision": _TEXT,  # "exact", or "day" where the source gave a date only
    "updated_us": _WHOLE,
    "source": _TEXT,
    "source_row": _WHOLE,  # counted from 1, the header apart
    "person_id": _TEXT,
    "device_id": _TEXT,
    "known_by": _TEXT,
}

# One row a step: an event in its journey. Everything looks backward, so a row is final.
STEPS: Mapping[str, Any] = {
    "customer_id": _TEXT,
    "event_id": _TEXT,
    "occurred_us": _WHOLE,
    "started_us": _WHOLE,  # with customer_id, names the journey
    "step": _WHOLE,  # 1, 2, … within the journey
    "touchpoint": _TEXT,
    "channel": _TEXT,
    "previous_touchpoint": _TEXT,  # null on the first step
    "previous_channel": _TEXT,
    "wait_us": _WHOLE,  # since the previous step, null on the first
}

JOURNEYS: Mapping[str, Any] = {
    "customer_id": _TEXT,
    "started_us": _WHOLE,
    "ended_us": _WHOLE,  # its last event so far
    "steps": _WHOLE,
    "channels": _WHOLE,
    "first_touchpoint": _TEXT,
    "first_channel": _TEXT,
    "last_touchpoint": _TEXT,
    "last_channel": _TEXT,
}

# One row a customer, and another from each `valid_from_us` on where attributes changed
# (null: from the beginning). The mapping's attributes follow as text columns.
CUSTOMERS: Mapping[str, Any] = {
    "customer_id": _TEXT,
    "signed_up_on": nw.Date,
    "ended_on": nw.Date,
    "end_cause": _TEXT,
    "valid_from_us": _WHOLE,
}

# One row a rejected source row, as it arrived.
QUARANTINE: Mapping[str, Any] = {
    "source": _TEXT,
    "source_row": _WHOLE,
    "line": _WHOLE,  # where it begins in its file; null where the file has no lines
    "file": _TEXT,
    "file_sha256": _TEXT,
    "rule": _TEXT,
    "hint": _TEXT,
    "original": _TEXT,  # the record's own text; of a Parquet file, the row as JSON
}

TABLES: Mapping[str, Mapping[str, Any]] = {
    "events": EVENTS,
    "steps": STEPS,
    "journeys": JOURNEYS,
    "customers": CUSTOMERS,
    "quarantine": QUARANTINE,
}

RESULT = ["n", "estimate", "low", "high", "is_enough"]

# Columns of result frames that count people or things; shared pages round them.
_PEOPLE = {"n", "customers", "journeys", "steps", "events", "entries", "at_risk", "left", "answers"}
COUNTS = frozenset(_PEOPLE | {"entered", "went_on", "lost", "open", "dropped", "change"})


def result(rows: Sequence[Mapping[str, Any]], by: Sequence[str] = (), extra: Sequence[str] = ()) -> pd.DataFrame:
    """Make a result frame: the columns `by`, then n, estimate, low, high, is_enough, then `extra`.

    >>> result([{"plan": "annual", "n": 40, "estimate": 0.5, "low": 0.3, "high": 0.7, "is_enough": True}], ["plan"])
         plan   n  estimate  low  high  is_enough
    0  annual  40       0.5  0.3   0.7       True
    """
    return pd.DataFrame(list(rows), columns=[*by, *RESULT, *extra])


def counted(n: int, part: int, whole: int, **more: Any) -> dict[str, Any]:
    """Make a row of a result frame for a share that was counted, not estimated: it has no interval.

    >>> counted(40, 1, 4, events=1)
    {'n': 40, 'estimate': 0.25, 'low': None, 'high': None, 'is_enough': True, 'events': 1}
    """
    return {"n": int(n), "estimate": part / whole, "low": None, "high": None, "is_enough": True, **more}


def not_applicable(reason: str, by: Sequence[str] = (), extra: Sequence[str] = ()) -> pd.DataFrame:
    """Make an empty result frame that says why the data cannot answer.

    >>> not_applicable("no event carries a score").attrs["not_applicable"]
    'no event carries a score'
    """
    empty = result([], by, extra)
    empty.attrs["not_applicable"] = reason
    return empty
