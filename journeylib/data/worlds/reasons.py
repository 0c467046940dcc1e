"""The truth of what leads to leaving: each ratio with its definition, and the customer-days and leavers it was so for.

All hold at once: a customer's hazard is the baseline's, times each ratio whose thing was so when the
day began. A model that has all of them finds them as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from journeylib.data.worlds.leaving import BASELINE_SHARE, HORIZON, SHAPE
from journeylib.data.worlds.letters import ACTIVATED, COMPLAINT, LETTERS, RESOLVED
from journeylib.data.worlds.plants import (
    ACTIVATED_DAYS,
    CONTACT_DAYS,
    CONTACTS,
    FADING_DAY,
    SHORT_SECONDS,
    SHORT_TEAM,
    Plants,
)

if TYPE_CHECKING:
    from journeylib.data.worlds.tally import Tally

__all__ = ["reasons"]

_COUNTED = (
    "; realised: customers of whom it was ever so, their days on which it was so when the day began (from sign-up or "
    "begins_on to leaving or last_on, both included), and those who left on such a day"
)


def reasons(plants: Plants, counts: Tally) -> dict[str, dict[str, Any]]:
    """Tell by what leaving is multiplied, by plant."""
    return {
        "churn": _churn(plants, counts),
        "complaint": {
            "begins": LETTERS[COMPLAINT],
            "ends": LETTERS[RESOLVED],
            "hazard_ratio": plants.complaint_ratio,
            "definition": "on days after that of a complaint, up to and with the day of the customer's next "
            "'complaint resolved', which settles all before it; half are resolved in 3 to 6 days, others when the "
            f"customer comes next within 40 days, the rest never{_COUNTED}",
            "realised": counts.of("complaint"),
        },
        "contacts": {
            "touchpoints": ["call", "chat"],
            "at_least": CONTACTS,
            "within_days": CONTACT_DAYS,
            "hazard_ratio": plants.contacts_ratio,
            "definition": f"on days with at least {CONTACTS} calls and chats in the {CONTACT_DAYS} whole UTC days "
            f"before; none are known from before begins_on{_COUNTED}",
            "realised": counts.of("contacts"),
        },
        "activated": {
            "touchpoint": LETTERS[ACTIVATED],
            "within_days": ACTIVATED_DAYS,
            "hazard_ratio": plants.activated_ratio,
            "definition": f"on days after that of 'activated', which comes within {ACTIVATED_DAYS} days of the sign-up "
            f"or never; nobody who signed up before begins_on could activate{_COUNTED}",
            "realised": counts.of("activated"),
        },
        "fading": {
            "attribute": "came_by",
            "group": "campaign",
            "baseline": "itself",
            "until_day": FADING_DAY,
            "hazard_ratio": plants.campaign_ratio,
            "hazard_ratio_after": 1.0,
            "definition": f"up to and with day {FADING_DAY}, that of the sign-up being day 1; afterwards it means "
            f"nothing{_COUNTED}",
            "realised": counts.of("fading"),
        },
        "cut_off": {
            "touchpoint": "call",
            "team": SHORT_TEAM,
            "under_seconds": SHORT_SECONDS,
            "hazard_ratio": plants.cut_off_ratio,
            "definition": f"on days after that of a customer's first call of under {SHORT_SECONDS} seconds, for good"
            f"{_COUNTED}",
            "realised": counts.of("cut_off"),
        },
    }


def _churn(plants: Plants, counts: Tally) -> dict[str, Any]:
    share, longer = counts.stay()
    return {
        "attribute": "plan",
        "group": "annual",
        "baseline": "monthly",
        "hazard_ratio": plants.hazard_ratio,
        "horizon_days": HORIZON,
        "stays_longer_days": longer,
        "monthly_left_in_365_days": share,
        "baseline_left_in_365_days": BASELINE_SHARE,
        "definition": "time from signed_up_on to ended_on in whole days, entering late at begins_on, every cause; "
        f"Weibull with shape {SHAPE}; the baseline's share in {HORIZON} days is of monthly customers of whom nothing "
        "else here is so. Monthly customers as they are leave as told, and annual ones stay longer by the area "
        f"between the curves up to day {HORIZON}: both with the chances to leave of those at risk on each day in "
        "place of those who left. Causes do not depend on plan",
        "realised": counts.of("churn"),
    }
