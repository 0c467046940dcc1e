"""The truth that is written beside the files of a world: each plant's size, place, definition, and realised counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from journeylib.data.worlds.answers import CSAT_MEANS
from journeylib.data.worlds.clock import DAYS, day_of
from journeylib.data.worlds.plants import (
    ANNOUNCED,
    CLUB_SHARE,
    GAP_DAYS,
    HARD,
    LOST_DAY,
    NULLS,
    SHORT_SECONDS,
    SHORT_TEAM,
    SMALL_REGION,
    TEMPLATES,
    Plants,
)
from journeylib.data.worlds.reasons import reasons
from journeylib.data.worlds.touches import HARD_SHARES
from journeylib.data.worlds.traits import CALLED

if TYPE_CHECKING:
    from journeylib.data.worlds.tally import Tally

__all__ = ["truth"]


def truth(plants: Plants, counts: Tally, *, customers: int, seed: int, with_mess: bool) -> dict[str, Any]:
    """Tell a world's true answers: for each plant its size, place and definition, and what was realised."""
    lost = [{"file": "web.parquet", "on": day_of(LOST_DAY)}] if with_mess else []
    told = {
        **reasons(plants, counts),
        "bounce": _bounce(plants, counts),
        "incident": _incident(plants, counts),
        "short_calls": _short_calls(plants, counts),
        "nulls": {"attributes": list(NULLS), "hazard_ratio": 1.0, "nps": 0.0, "ces": 0.0, "difference": 0.0},
        "small_segment": _small_segment(plants, counts),
        "channel": _channel(plants, counts),
        "devices": _devices(counts),
        "follow_up": _follow_up(plants, counts),
        "mix_shift": _mix_shift(plants, counts),
        "announced": _announced(plants),
        "club": _club(plants, counts),
    }
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
        "plants": {name: {"is_planted": name not in plants.without, **said} for name, said in told.items()},
        "mess": dict(sorted(counts.mess.items())),
        "gaps": lost,
        "devices": counts.devices,
    }


def _bounce(plants: Plants, counts: Tally) -> dict[str, Any]:
    return {
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
        "team": SHORT_TEAM,
        "under_seconds": SHORT_SECONDS,
        "share_of_calls": plants.short_share,
        "repeat_within_hours": 1,
        "repeat_share": plants.repeat_share,
        "repeat_times": plants.short_repeats,
        "csat": -1.2 if plants.short_share else 0.0,
        "definition": f"the team's calls that end in under {SHORT_SECONDS} seconds (no other call does); a repeat is "
        "the customer's next call starting within an hour after this one ended; csat: mean of answers in journeys with "
        "such a call less mean of answers in journeys with other calls only",
        "realised": counts.of("short_calls"),
    }


def _small_segment(plants: Plants, counts: Tally) -> dict[str, Any]:
    return {
        "attribute": "region",
        "group": SMALL_REGION if plants.has_small_segment else None,
        "customers": counts.of("small_segment")["customers"],
        "nps": 100.0 if plants.has_small_segment else None,
        "definition": "every nps answer of this region is a 10",
    }


def _channel(plants: Plants, counts: Tally) -> dict[str, Any]:
    return {
        "group": "first channel phone",
        "baseline": "other first channels",
        "confounder": "reason",
        "effect": 0.0,
        "hard": list(HARD),
        "hard_shares": dict(zip(["phone", "others"], HARD_SHARES, strict=True)) if plants.has_hard_phone else None,
        "csat_means": CSAT_MEANS if plants.has_hard_phone else None,
        "definition": "csat answers in journeys with a call: those that begin with one have the harder reasons, and an "
        "answer depends on the reason (and on short_calls, which no reason has more of), not on the first channel; so "
        "share and mean of the answers are equal inside each reason, and worse for the phone in all",
        "realised": counts.of(
            "channel", satisfied_phone=("top_phone", "csat_phone"), satisfied_others=("top_others", "csat_others")
        ),
    }


def _devices(counts: Tally) -> dict[str, Any]:
    return {
        "attribute": "devices",
        "group": "several",
        "baseline": "one",
        "confounder": "journeys",
        "effect": 0.0,
        "definition": "devices written down for a customer: several for all who are seen with a second one, and for "
        "the others the oftener the shorter their pace; so those with several have more journeys, orders and "
        "revenue, while a journey of theirs ends in an order as often, and of customers with equally many journeys "
        "as many order (the incident's days apart)",
        "realised": counts.of("devices"),
    }


def _follow_up(plants: Plants, counts: Tally) -> dict[str, Any]:
    return {
        "attribute": "follow_up",
        "group": "called",
        "baseline": "none",
        "confounder": "first_talk",
        "effect": 0.0,
        "called_shares": dict(zip(["decided", "unsure"], CALLED, strict=True)) if plants.has_follow_up else None,
        "definition": "both are known at sign-up. Who was unsure in the first talk orders in fewer journeys; who was "
        "called was drawn from the first talk alone. So the called order in fewer journeys, and inside each answer of "
        "the first talk calling changes nothing, whatever is measured",
        "realised": counts.of("follow_up"),
    }


def _mix_shift(plants: Plants, counts: Tally) -> dict[str, Any]:
    rate, mix = counts.drift()
    return {
        "group": "template",
        "column": "resource",
        "groups": list(TEMPLATES),
        "monthly_factor": 1 - plants.monthly_fall,
        "source": "email sent",
        "target": "email opened",
        "halves_part_on": day_of(DAYS // 2),
        "rate": rate,
        "mix": mix,
        "definition": "share of 'email sent' that is opened within a day (in the same journey): in each template it "
        "falls by one part in a hundred a month, and more and more emails go out in the template that is opened more, "
        "so that the share of all stays as it is; rate and mix are the Kitagawa parts, over templates, of the second "
        "half of the period less the first, expected at the instants of the emails that were sent",
        "realised": counts.of("mix_shift"),
    }


def _announced(plants: Plants) -> dict[str, Any]:
    return {
        "on": day_of(ANNOUNCED) if plants.has_announced else None,
        "text": "autumn campaign: more visits and orders expected" if plants.has_announced else None,
        "effect": 0.0,
        "definition": "nothing happens on this day, nor after it because of it",
    }


def _club(plants: Plants, counts: Tally) -> dict[str, Any]:
    return {
        "attribute": "club",
        "group": "member",
        "baseline": "none",
        "share_of_customers": CLUB_SHARE,
        "difference": plants.club_points,
        "definition": "share of journeys with an 'order placed', members less others, in expectation over worlds and "
        "the incident's days apart (in them it is smaller); members come oftener to order, but complete a checkout "
        "that they started as often, and have as many journeys",
        "realised": counts.of(
            "club", member_share=("member_orders", "member_journeys"), none_share=("none_orders", "none_journeys")
        ),
    }
