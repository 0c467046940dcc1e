"""What is planted in a world: the sizes, the places, and the truth that is written beside the files."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from journeylib.data.worlds.clock import DAY, DAYS, START, day_of

if TYPE_CHECKING:
    from journeylib.data.worlds.tally import Tally

__all__ = ["GAP_DAYS", "LOST_DAY", "NULLS", "PLANTS", "SHORT_TEAM", "SMALL_REGION", "SMALL_SIZE", "Plants", "truth"]

PLANTS = ("churn", "bounce", "incident", "short_calls", "small_segment")

GAP_DAYS = 7  # silence that ends a journey, as in mapping.toml
LOST_DAY = 259  # 2025-09-17: the web file has no row of this day where the mess is on
SHORT_TEAM = "east"
SMALL_REGION, SMALL_SIZE = "Gibraltar", 12
NULLS = ("newsletter", "favourite_colour", "device_type")


class Plants:
    """The sizes in force: each plant's own, or the value that means no effect where it was left out.

    >>> Plants(["churn"]).hazard_ratio, Plants([]).hazard_ratio
    (1.0, 0.5)
    """

    def __init__(self, without: Collection[str]) -> None:
        self.without = [name for name in PLANTS if name in without]
        here = {name: name not in without for name in PLANTS}
        self.hazard_ratio = 0.5 if here["churn"] else 1.0
        self.bounce_share = 0.15 if here["bounce"] else 0.0
        self.incident_first, self.incident_days = 474, 20  # 2026-04-20 to 2026-05-09
        self.step_share = 0.85
        self.incident_step_share = 0.35 if here["incident"] else self.step_share
        self.incident_contacts = 3.5 if here["incident"] else 1.0
        self.short_share = 0.20 if here["short_calls"] else 0.0
        self.repeat_share = 0.05
        self.short_repeats = 5.0 if here["short_calls"] else 1.0
        self.has_small_segment = here["small_segment"]

    @property
    def incident_us(self) -> tuple[int, int]:
        """When the incident begins and when it is over."""
        first = START + self.incident_first * DAY
        return first, first + self.incident_days * DAY


def truth(plants: Plants, counts: Tally, *, customers: int, seed: int, with_mess: bool) -> dict[str, Any]:
    """Tell a world's true answers: for each plant its size, place and definition, and what was realised."""
    lost = [{"file": "web.parquet", "on": day_of(LOST_DAY)}] if with_mess else []
    return {
        "customers": customers,
        "seed": seed,
        "without": plants.without,
        "is_messy": with_mess,
        "begins_on": day_of(0),
        "last_on": day_of(DAYS - 1),
        "complete_through": f"{day_of(DAYS)}T00:00:00Z",
        "rows": counts.rows,
        "events": sum(rows for file, rows in counts.rows.items() if file != "customers.parquet"),
        "plants": {
            "churn": _churn(plants, counts),
            "bounce": _bounce(plants, counts),
            "incident": _incident(plants, counts),
            "short_calls": _short_calls(plants, counts),
            "nulls": {"is_planted": True, "attributes": list(NULLS), "hazard_ratio": 1.0, "nps": 0.0, "ces": 0.0},
            "small_segment": _small_segment(plants, counts),
        },
        "mess": dict(sorted(counts.mess.items())),
        "gaps": lost,
        "devices": counts.devices,
    }


def _churn(plants: Plants, counts: Tally) -> dict[str, Any]:
    return {
        "is_planted": "churn" not in plants.without,
        "attribute": "plan",
        "group": "annual",
        "baseline": "monthly",
        "hazard_ratio": plants.hazard_ratio,
        "definition": "time from signed_up_on to ended_on in whole days, entering late at begins_on, every cause; "
        "Weibull with shape 0.9, and 40 % of monthly customers leave within 365 days; causes do not depend on plan",
        "monthly_left_in_365_days": 0.4,
        "realised": counts.of("churn"),
    }


def _bounce(plants: Plants, counts: Tally) -> dict[str, Any]:
    return {
        "is_planted": "bounce" not in plants.without,
        "chain": ["web", "chat", "phone"],
        "share": plants.bounce_share,
        "nps": -8.0 if plants.bounce_share else 0.0,
        "ces": 0.6 if plants.bounce_share else 0.0,
        "gap_days": GAP_DAYS,
        "definition": f"share of journeys (cut by a silence of more than {GAP_DAYS} days and after 'account closed') "
        "whose channels, equal neighbours taken together, hold web, chat, phone in a row; nps in points and ces on "
        "1 to 7 (more is more effort): answers in these journeys less answers in the others, "
        "the small segment apart",
        "realised": counts.of("bounce", share=("with_chain", "journeys")),
    }


def _incident(plants: Plants, counts: Tally) -> dict[str, Any]:
    return {
        "is_planted": "incident" not in plants.without,
        "from_on": day_of(plants.incident_first),
        "until_on": day_of(plants.incident_first + plants.incident_days - 1),
        "source": "checkout started",
        "target": "order placed",
        "within_days": 1,
        "share_before": plants.step_share,
        "share_inside": plants.incident_step_share,
        "contacts_times": plants.incident_contacts,
        "definition": "share of 'checkout started' followed by the customer's 'order placed' within one day, by the "
        "UTC day of the checkout, both days of the window included; contacts are phone and chat contacts per "
        "customer-day, inside the window against all other days",
        "realised": counts.of("incident", share_inside=("orders_inside", "checkouts_inside")),
    }


def _short_calls(plants: Plants, counts: Tally) -> dict[str, Any]:
    return {
        "is_planted": "short_calls" not in plants.without,
        "team": SHORT_TEAM,
        "under_seconds": 10,
        "share_of_calls": plants.short_share,
        "repeat_within_hours": 1,
        "repeat_share": plants.repeat_share,
        "repeat_times": plants.short_repeats,
        "csat": -1.2 if plants.short_share else 0.0,
        "definition": "the team's calls that end in under 10 seconds (no other call does); a repeat is the customer's "
        "next call starting within an hour after this one ended; csat: mean of answers in journeys with such a call "
        "less mean of answers in journeys with other calls only",
        "realised": counts.of("short_calls"),
    }


def _small_segment(plants: Plants, counts: Tally) -> dict[str, Any]:
    return {
        "is_planted": plants.has_small_segment,
        "attribute": "region",
        "group": SMALL_REGION if plants.has_small_segment else None,
        "customers": counts.of("small_segment")["customers"],
        "nps": 100.0 if plants.has_small_segment else None,
        "definition": "every nps answer of this region is a 10",
    }
