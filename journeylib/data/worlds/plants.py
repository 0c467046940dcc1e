"""What is planted in a world: the names of the plants and the sizes in force. What is told of them is in `told.py`."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from journeylib.data.worlds.clock import DAY, START

__all__ = [
    "ACTIVATED_DAYS",
    "ANNOUNCED",
    "CAMPAIGN_SHARE",
    "CLUB_SHARE",
    "CONTACTS",
    "CONTACT_DAYS",
    "FADING_DAY",
    "GAP_DAYS",
    "HARD",
    "LOST_DAY",
    "NULLS",
    "PLANTS",
    "SHORT_SECONDS",
    "SHORT_TEAM",
    "SMALL_REGION",
    "SMALL_SIZE",
    "STORE_SHARE",
    "TEMPLATES",
    "Plants",
]

PLANTS = (
    "churn", "bounce", "incident", "short_calls", "small_segment",
    "channel", "devices", "follow_up", "mix_shift", "announced", "club",
    "complaint", "contacts", "activated", "fading", "cut_off",
)  # fmt: skip

GAP_DAYS = 7  # silence that ends a journey, as in mapping.toml
LOST_DAY = 259  # 2025-09-17: the web file has no row of this day where the mess is on
SHORT_TEAM, SHORT_SECONDS = "east", 10  # in under so many seconds
SMALL_REGION, SMALL_SIZE = "Gibraltar", 12
STORE_SHARE = 0.6  # of the visits to a store end in an order
HARD = ("cancel", "technical", "payment")  # the intents after which answers are worse
ANNOUNCED = 313  # 2025-11-10, a Monday: announced, and nothing happens
CLUB_SHARE = 0.5  # of customers are members
TEMPLATES = ("plain", "pictures")
CONTACTS, CONTACT_DAYS = 3, 30  # so many contacts in so many days are often
ACTIVATED_DAYS = 7  # of the sign-up
CAMPAIGN_SHARE, FADING_DAY = 0.4, 90  # of customers come by a campaign; up to and with this day it matters

# Attributes that mean nothing: their values and how common they are.
NULLS: Mapping[str, tuple[tuple[str, ...], tuple[float, ...]]] = {
    "newsletter": (("no", "yes"), (1, 1)),
    "favourite_colour": (("green", "blue", "red", "none of them"), (1, 1, 1, 1)),
    "device_type": (("mobile", "desktop", "tablet"), (55, 35, 10)),
    "billing_day": (("1st", "15th"), (1, 1)),
    "birth_season": (("spring", "summer", "autumn", "winter"), (1, 1, 1, 1)),
    "hot_drink": (("coffee", "tea"), (6, 4)),
    "invoice": (("by email", "on paper"), (8, 2)),
    "pet": (("cat", "dog", "none"), (3, 3, 4)),
    "seat": (("aisle", "window"), (1, 1)),
    "writes_with": (("left hand", "right hand"), (1, 9)),
}


class Plants:
    """The sizes in force: each plant's own, or the value that means no effect where it was left out.

    >>> Plants(["churn"]).hazard_ratio, Plants([]).hazard_ratio
    (1.0, 0.5)
    """

    def __init__(self, without: Collection[str]) -> None:
        self.without = [name for name in PLANTS if name in without]
        here = {name: name not in without for name in PLANTS}
        self.hazard_ratio = 0.5 if here["churn"] else 1.0
        self.complaint_ratio = 1.6 if here["complaint"] else 1.0
        self.contacts_ratio = 1.35 if here["contacts"] else 1.0
        self.activated_ratio = 0.7 if here["activated"] else 1.0
        self.campaign_ratio = 2.0 if here["fading"] else 1.0
        self.cut_off_ratio = 1.5 if here["cut_off"] else 1.0
        self.bounce_share = 0.15 if here["bounce"] else 0.0
        self.incident_first, self.incident_days = 474, 20  # 2026-04-20 to 2026-05-09
        self.step_share = 0.85
        self.incident_step_share = 0.35 if here["incident"] else self.step_share
        self.incident_contacts = 3.5 if here["incident"] else 1.0
        self.short_share = 0.20 if here["short_calls"] else 0.0
        self.repeat_share = 0.05
        self.short_repeats = 5.0 if here["short_calls"] else 1.0
        self.has_small_segment = here["small_segment"]
        self.has_hard_phone = here["channel"]
        self.has_many_devices = here["devices"]
        self.has_follow_up = here["follow_up"]
        self.monthly_fall = 0.01 if here["mix_shift"] else 0.0
        self.has_announced = here["announced"]
        self.club_points = 0.05 if here["club"] else 0.0

    @property
    def incident_us(self) -> tuple[int, int]:
        """When the incident begins and when it is over."""
        first = START + self.incident_first * DAY
        return first, first + self.incident_days * DAY
