"""The forms that a finding, number or chart may have: which sentence or drawing, and the columns that it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from journeylib.schema import RESULT

__all__ = ["FORMS"]

_CONTRAST = ["group", "baseline", *RESULT, "p"]

# The forms a finding, number or chart may have, and the columns each needs. Tables are free.
FORMS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "finding": {
        "converted": RESULT,
        "bounced": RESULT,
        "first_channel": RESULT,
        "nps": RESULT,
        "incident": ["from_on", "until_on", "before", *RESULT, "p"],
        "stay": _CONTRAST,
        "differs": _CONTRAST,
        "edges": ["source", "target", *_CONTRAST],
        "follows": [*RESULT, "journeys"],
        "left": RESULT,
        "median_stay": RESULT,
        "returned": RESULT,
        "hazards": ["covariate", *_CONTRAST],
        "leads": [*_CONTRAST, "left", "expected"],
        "expected": RESULT,
        "foretold": ["way", "measure", *RESULT],
        "worth": RESULT,
        "complete": [
            "complete_on",
            "last_on",
            "channels_checked",
            "days_missing",
            "missing_on",
            "silent_on",
            "channel",
        ],
        "records": ["records_in", "accepted", "quarantined", "duplicates", "adds_up"],
        "anonymous": [*RESULT, "customers", "events"],
        "gaps": ["channel", "from_on", "until_on", "n", "usual", "events"],
        "ties": [*RESULT, "customers", "events"],
        "late": ["source", *RESULT, "customers", "events"],
        "clocks": ["source", "n", "kept_to", "hour_share", "midnight_share", "is_odd"],
        "bots": [*RESULT, "customers", "events"],
    },
    "number": {
        "records": ["estimate"],
        "accepted_share": ["estimate"],
        "anonymous_share": RESULT,
        "customers": RESULT,
        "converted_share": RESULT,
        "bounced_share": RESULT,
        "nps": RESULT,
        "still_share": RESULT,
        "left_customers": RESULT,
        "expected": RESULT,
    },
    "chart": {
        "shares": RESULT,
        "outcomes": ["outcome", *RESULT],
        "flow": ["step", "source", "target", *RESULT],
        "trend": ["period_on", *RESULT],
        "survival": ["day", *RESULT, "at_risk"],
        "coverage": ["channel", "period_on", *RESULT, "days", "days_missing"],
        "heat": ["measure", "group", *RESULT, "unit"],
        "forest": ["group", "baseline", "kind", *RESULT],
        "parts": ["group", "baseline", "kind", *RESULT],
        "panels": ["group", "period_on", *RESULT],
        "spread": ["group", *RESULT, "q10", "q25", "q75", "q90"],
        "edges": ["source", "target", "group", "baseline", *RESULT],
        "contrasts": ["group", "baseline", *RESULT],
        "incidence": ["cause", "day", *RESULT, "at_risk"],
        "hazard": ["from_day", *RESULT],
        "calibration": ["band", "predicted", *RESULT],
    },
}
