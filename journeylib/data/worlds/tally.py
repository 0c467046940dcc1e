"""Count what a world really holds, on its sound rows and by each plant's own definition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from journeylib.data.worlds.blocks import CHANNELS
from journeylib.data.worlds.clicks import CHECKOUT, CLICKS, CLOSED, ORDER
from journeylib.data.worlds.clock import DAY, DAYS, HOUR, SECOND, START
from journeylib.data.worlds.dice import Flags, Ints
from journeylib.data.worlds.drift import HALF, expected
from journeylib.data.worlds.files import FILES
from journeylib.data.worlds.leaving import HORIZON, Leaving
from journeylib.data.worlds.letters import ACTIVATED, COMPLAINT, LETTERS, RESOLVED
from journeylib.data.worlds.people import REGIONS, Crowd
from journeylib.data.worlds.plants import GAP_DAYS, SHORT_SECONDS, SHORT_TEAM, SMALL_REGION, TEMPLATES, Plants
from journeylib.data.worlds.traits import Traits

__all__ = ["Tally"]

_CHAIN = [CHANNELS.index(name) for name in ("web", "chat", "phone")]


class Tally:
    """Counts that grow batch by batch: what was realised, the mess, the rows of each file, the devices."""

    def __init__(self) -> None:
        self.realised: Counter[str] = Counter()
        self.mess: Counter[str] = Counter()
        self.rows: Counter[str] = Counter()
        self.devices: Counter[str] = Counter()
        self.expected: dict[str, float] = {}
        self.at_risk, self.leavers = np.zeros((2, HORIZON)), np.zeros((2, HORIZON))

    def count(self, made: dict[str, pa.Table], left: Leaving, traits: Traits, plants: Plants) -> None:
        """Count a batch before its mess: each plant, and who has which devices."""
        crowd = left.crowd
        owner, has_order, has_chain = _journeys(made)
        journeys = np.bincount(owner, minlength=len(crowd))
        orders = np.bincount(owner[has_order], minlength=len(crowd))
        sent = made["email"].filter(pa.compute.equal(made["email"]["event"], "email sent"))
        for name, number in {
            **_people(crowd),
            **left.counts,
            **_letters(made["email"]),
            "bounce.journeys": len(owner),
            "bounce.with_chain": has_chain.sum(),
            **_incident(made, crowd, plants),
            **_calls(made["contact_centre"]),
            **_answers(made["surveys"]),
            **_groups(traits, journeys, orders),
            **_emails(sent),
        }.items():
            self.realised[name] += int(number)
        for name, value in expected(sent["_us"].to_numpy(), sent["_usual"].to_numpy(), plants).items():
            self.expected[name] = self.expected.get(name, 0.0) + value
        self.at_risk, self.leavers = self.at_risk + left.at_risk, self.leavers + left.expected
        self.devices["customers_with_second"] += int(crowd.has_second.sum())
        self.devices["customers_who_share"] += int(crowd.is_shared.sum())

    def written(self, made: dict[str, pa.Table], crowd: Crowd) -> None:
        """Count the rows that a batch adds to each file."""
        self.rows["customers.parquet"] += len(crowd)
        for source, table in made.items():
            self.rows[FILES[source][0]] += len(table)

    def of(self, plant: str, **shares: tuple[str, str]) -> dict[str, Any]:
        """Tell the counts of one plant, and `shares` of them: name = (counted, of)."""
        start = f"{plant}."
        counts: dict[str, Any] = {
            name.removeprefix(start): number for name, number in self.realised.items() if name.startswith(start)
        }
        for name, (part, whole) in shares.items():
            counts[name] = round(counts[part] / counts[whole], 6) if counts[whole] else None
        return counts

    def stay(self) -> tuple[float, float]:
        """The share of monthly customers expected to leave within the horizon, and the days annual ones stay longer.

        On each day since the sign-up the leavers to expect, of the customers who are at risk, stand for those who
        left; so an estimate differs from this by the chance of leaving alone.
        """
        share = np.divide(self.leavers, self.at_risk, out=np.zeros_like(self.leavers), where=self.at_risk > 0)
        there = np.cumprod(1 - share, axis=1)
        monthly, annual = there[:, :-1].sum(axis=1)  # nobody leaves on the first day, nor counts after the last
        return round(1 - float(there[0, -1]), 6), round(float(annual - monthly), 6)

    def drift(self) -> tuple[float | None, float | None]:
        """Part the expected change of the opened share, between the halves of the period, into rate and mix."""
        sent, opened = (
            np.array([[self.expected[f"{name}.{half}.{place}"] for place in (0, 1)] for half in (0, 1)])
            for name in ("sent", "opened")
        )
        if not sent.all():
            return None, None
        weights, shares = sent / sent.sum(axis=1, keepdims=True), opened / sent
        rate = float((np.diff(shares, axis=0) * weights.mean(axis=0)).sum())
        mix = float((np.diff(weights, axis=0) * shares.mean(axis=0)).sum())
        return round(rate, 6), round(mix, 6)


def _people(crowd: Crowd) -> dict[str, int]:
    has_left = crowd.ended_day < DAYS
    return {
        "churn.annual": crowd.is_annual.sum(),
        "churn.annual_left": (crowd.is_annual & has_left).sum(),
        "churn.monthly": (~crowd.is_annual).sum(),
        "churn.monthly_left": (~crowd.is_annual & has_left).sum(),
        "fading.campaign": crowd.by_campaign.sum(),
        "churn.signed_up_before": (crowd.signed_day < 0).sum(),
        "small_segment.customers": (crowd.region == REGIONS.index(SMALL_REGION)).sum(),
    }


def _letters(email: pa.Table) -> dict[str, int]:
    return {
        f"{plant}.{name}": pa.compute.sum(pa.compute.equal(email["event"], event)).as_py() or 0
        for plant, name, event in [
            ("complaint", "complaints", LETTERS[COMPLAINT]),
            ("complaint", "resolved", LETTERS[RESOLVED]),
            ("activated", "activated", LETTERS[ACTIVATED]),
        ]
    }


def _journeys(made: dict[str, pa.Table]) -> tuple[Ints, Flags, Flags]:
    """Cut journeys: whose each is, whether it holds an order, and the chain (equal neighbours as one)."""
    customer = _column(made.values(), "_customer")
    us = _column(made.values(), "_us")
    channel = _column(made.values(), "_channel")
    closed, bought = (_named(made, CLICKS[code]) for code in (CLOSED, ORDER))
    order = np.lexsort([us, customer])
    customer, us, channel, closed, bought = customer[order], us[order], channel[order], closed[order], bought[order]
    opens = _first(customer)
    opens[1:] |= (np.diff(us) > GAP_DAYS * DAY) | closed[:-1]
    journey = np.cumsum(opens) - 1
    turns = opens.copy()
    turns[1:] |= channel[1:] != channel[:-1]
    run, run_journey = channel[turns], journey[turns]
    here = np.ones(max(len(run) - 2, 0), dtype=bool)
    for place, wanted in enumerate(_CHAIN):
        here &= run[place : place + len(here)] == wanted
    here &= run_journey[: len(here)] == run_journey[2:]
    has_order, has_chain = (np.zeros(int(opens.sum()), dtype=bool) for _ in range(2))
    has_order[journey[bought]] = True
    has_chain[run_journey[: len(here)][here]] = True
    return customer[opens], has_order, has_chain


def _incident(made: dict[str, pa.Table], crowd: Crowd, plants: Plants) -> dict[str, int]:
    web = made["web"]
    steps = np.isin(web["_code"].to_numpy(), [CHECKOUT, ORDER])
    customer, us, code = (web[name].to_numpy()[steps] for name in ("_customer", "_us", "_code"))
    order = np.lexsort([us, customer])
    customer, us, is_order = customer[order], us[order], code[order] == ORDER
    goes_on = np.zeros(len(us), dtype=bool)
    goes_on[:-1] = (customer[1:] == customer[:-1]) & is_order[1:] & (np.diff(us) <= DAY)
    contacts = made["contact_centre"]["_us"].to_numpy()
    begin, end = plants.incident_us
    counts = {}
    for label, first, last in [("inside", begin, end), ("in_all", START, START + DAYS * DAY)]:
        checkouts = ~is_order & (us >= first) & (us < last)
        days = np.minimum(crowd.ended_day, (last - START) // DAY) - np.maximum(crowd.entry_day, (first - START) // DAY)
        counts[f"incident.checkouts_{label}"] = int(checkouts.sum())
        counts[f"incident.orders_{label}"] = int((checkouts & goes_on).sum())
        counts[f"incident.contacts_{label}"] = int(((contacts >= first) & (contacts < last)).sum())
        counts[f"incident.customer_days_{label}"] = int(np.maximum(days, 0).sum())
    return counts


def _calls(contacts: pa.Table) -> dict[str, int]:
    calls = contacts.filter(pa.array(contacts["_channel"].to_numpy() == CHANNELS.index("phone")))
    customer, us, ended = (calls[name].to_numpy() for name in ("_customer", "_us", "_ended_us"))
    order = np.lexsort([us, customer])
    customer, us, ended = customer[order], us[order], ended[order]
    repeated = np.zeros(len(us), dtype=bool)
    repeated[:-1] = (customer[1:] == customer[:-1]) & (us[1:] - ended[:-1] <= HOUR)
    is_short = ended - us < SHORT_SECONDS * SECOND
    of_team = (calls["team"].to_numpy(zero_copy_only=False) == SHORT_TEAM)[order]
    return {
        "short_calls.calls": len(us),
        "short_calls.team_calls": of_team.sum(),
        "short_calls.short": is_short.sum(),
        "short_calls.short_repeated": (is_short & repeated).sum(),
        "short_calls.others_repeated": (~is_short & repeated).sum(),
    }


def _answers(surveys: pa.Table) -> dict[str, int]:
    """Answers about satisfaction by first channel: all, those after hard intents, the top two boxes."""
    stars = surveys["score"].to_numpy()
    is_csat = pa.compute.equal(surveys["score_type"], "csat").to_numpy()
    is_hard, by_phone = (surveys[name].to_numpy() for name in ("_is_hard", "_by_phone"))
    counts = {}
    for label, side in [("phone", by_phone), ("others", ~by_phone)]:
        here = is_csat & side
        counts[f"channel.csat_{label}"] = here.sum()
        counts[f"channel.hard_{label}"] = (here & is_hard).sum()
        counts[f"channel.top_{label}"] = (here & (stars >= 4)).sum()
    return counts


def _groups(traits: Traits, journeys: Ints, orders: Ints) -> dict[str, int]:
    """Customers, their journeys and those with an order, by what is written down of them."""
    unsure, called = traits.is_unsure, traits.is_called
    counts: dict[str, int] = {}
    for name, who in {
        "club.member": traits.is_member,
        "club.none": ~traits.is_member,
        "devices.several": traits.has_several,
        "devices.one": ~traits.has_several,
        "follow_up.called_unsure": called & unsure,
        "follow_up.called_decided": called & ~unsure,
        "follow_up.none_unsure": ~called & unsure,
        "follow_up.none_decided": ~called & ~unsure,
    }.items():
        counts |= {f"{name}_customers": who.sum(), f"{name}_journeys": journeys[who].sum()}
        counts |= {f"{name}_orders": orders[who].sum()}
    return counts


def _emails(sent: pa.Table) -> dict[str, int]:
    """Emails, and the opened ones, by template and half of the period."""
    later, opened = sent["_us"].to_numpy() >= HALF, sent["_opens"].to_numpy()
    counts: dict[str, int] = {}
    for template in TEMPLATES:
        ours = pa.compute.equal(sent["template"], template).to_numpy()
        for label, half in [("first", ~later), ("second", later)]:
            counts[f"mix_shift.{template}_sent_{label}"] = (ours & half).sum()
            counts[f"mix_shift.{template}_opened_{label}"] = (ours & half & opened).sum()
    return counts


def _column(tables: Sequence[pa.Table] | Any, name: str) -> Ints:
    column: Ints = np.concatenate([table[name].to_numpy() for table in tables])
    return column


def _named(made: dict[str, pa.Table], event: str) -> Flags:
    called: Flags = np.concatenate([pa.compute.equal(table["event"], event).to_numpy() for table in made.values()])
    return called


def _first(customer: Ints) -> Flags:
    changes: Flags = np.ones(len(customer), dtype=bool)
    changes[1:] = customer[1:] != customer[:-1]
    return changes
