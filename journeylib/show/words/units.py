"""What the numbers of a record are: shares, counts, days, points; and whether leaving is a silence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["is_lapse", "unit"]

_UNITS = {
    "stay": "days",
    "median_stay": "days",
    "nps": "score",
    "customers": "count",
    "left_customers": "count",
    "coverage": "count",
    "records": "records",
    **dict.fromkeys(("hazards", "leads", "ratios", "bands"), "ratio"),
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
    *("edges", "follows", "best", "incidence", "at_risk", "risk_reasons", "calibration", "hazard"),
    *("anonymous", "anonymous_share", "accepted_share", "ties", "late", "bots", "bot_signs", "known"),
}
# Forms whose estimates are differences between two groups, and the units of these.
_CONTRASTS = {"differs", "forest", "parts", "edges"}
_APART = {"share": "points", "score": "marks"}


def unit(record: Mapping[str, Any], values: Mapping[str, Any] | None = None) -> str:
    """Give what the estimates of a record are: share, count, records, days, hours, score, points or number.

    A count is of customers or of what they did, and shared pages round it; records were read, and are exact.
    Money is named with its currency ("money EUR"); a ratio is kept as its natural logarithm. Between groups, shares
    differ by points and scores by marks.

    The unit of its own that a row of a heat map has (in `values`) decides, then the context's; otherwise the form does.

    >>> unit({"form": "nps", "context": {}}), unit({"form": "shares", "context": {"unit": "days"}})
    ('score', 'days')
    >>> unit({"form": "differs", "context": {"unit": "share"}})
    'points'
    >>> unit({"form": "heat", "context": {"currency": "EUR"}}, {"unit": "money"})
    'money EUR'
    """
    form = record["form"]
    own = (values or {}).get("unit") if form == "heat" else None
    said = own or record["context"].get("unit")
    found = str(said or _UNITS.get(form) or ("share" if form in _SHARES else "number"))
    if found == "money":
        return " ".join(["money", *filter(None, [record["context"].get("currency")])])
    return _APART.get(found, found) if form in _CONTRASTS else found


def is_lapse(record: Mapping[str, Any]) -> bool:
    """Tell whether leaving is a silence here, not the end of a contract."""
    return str(record["context"].get("kind")).endswith("lapse")
