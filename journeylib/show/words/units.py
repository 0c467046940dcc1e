"""What the numbers of a record are: shares, counts, days, points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["unit"]

_UNITS = {
    "stay": "days",
    "median_stay": "days",
    "nps": "score",
    "customers": "count",
    "left_customers": "count",
    "coverage": "count",
    "records": "records",
}
_SHARES = {
    *(
        "converted",
        "bounced",
        "first_channel",
        "incident",
        "left",
        "returned",
        "shares",
        "outcomes",
        "flow",
        "survival",
    ),
    *(
        "converted_share",
        "bounced_share",
        "still_share",
        "transitions",
        "converted_by",
        "windows",
        "sensitivity",
        "paths",
    ),
    *("anonymous", "anonymous_share", "accepted_share", "ties", "late", "bots", "bot_signs", "known"),
}


def unit(record: Mapping[str, Any]) -> str:
    """Give what the estimates of a record are: share, count, records, days, hours, score, points or number.

    A count is of customers or of what they did, and shared pages round it; records were read, and are exact.

    The context's `unit` decides; otherwise the form does.

    >>> unit({"form": "nps", "context": {}}), unit({"form": "shares", "context": {"unit": "days"}})
    ('score', 'days')
    """
    said = record["context"].get("unit")
    form = record["form"]
    return str(said or _UNITS.get(form) or ("share" if form in _SHARES else "number"))
