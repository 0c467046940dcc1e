"""Source tables of a batch, before any mess.

Each holds the columns of its file and, under names that begin with an underscore,
what only the generator knows: `_us` and `_customer`, the `_channel` as a code,
and what the mess and the tally need besides. `_us` becomes the file's time column.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from journeylib.data.worlds.answers import SCORES, Answers
from journeylib.data.worlds.blocks import CALL, CHANNELS, CHAT, MAIL, STORE, Blocks
from journeylib.data.worlds.clicks import CLICKS, CLOSED, ORDER, Clicks
from journeylib.data.worlds.clock import DAY, DAYS, END, HOUR, MINUTE, SECOND, START
from journeylib.data.worlds.dice import Dice, Flags, Ints
from journeylib.data.worlds.drift import templates
from journeylib.data.worlds.letters import LETTERS, Letters
from journeylib.data.worlds.names import names
from journeylib.data.worlds.people import CAUSES, REGIONS, Crowd
from journeylib.data.worlds.plants import HARD, NULLS, STORE_SHARE, TEMPLATES, Plants
from journeylib.data.worlds.touches import INTENTS, TEAMS, Walk
from journeylib.data.worlds.traits import Traits

__all__ = ["build", "customers", "device_names", "money", "named", "ordered"]

_CURRENCIES = ["GBP", "GBP", "ILS", "USD", "USD", "EUR", "GBP"]  # by region
_HURRY = 10  # how much sooner a confirmation is read on the day of leaving
_OPENS, _READS = 0.4, 0.5  # chances to open a campaign that leads to no visit, and a confirmation
_CAMPAIGNS = (5 + 7 * _OPENS) / 12  # to open any campaign: by the kinds of blocks, 5 in 12 lead to a visit


def build(
    dice: Dice,
    crowd: Crowd,
    plan: Blocks,
    walked: Walk,
    clicks: Clicks,
    letters: Letters,
    answers: Answers,
    plants: Plants,
) -> dict[str, pa.Table]:
    """Make the tables of the five event sources; nothing in them is later than the customer's leaving."""
    made = {
        "web": _web(dice, crowd, plan, clicks),
        "contact_centre": _contacts(crowd, plan, walked),
        "stores": _stores(dice, crowd, plan, walked),
        "email": pa.concat_tables([_emails(dice, crowd, plan, walked, clicks, plants), _letters(crowd, letters)]),
        "surveys": _surveys(crowd, plan, walked, answers),
    }
    return {name: _seen(table, crowd) for name, table in made.items()}


def customers(dice: Dice, crowd: Crowd, traits: Traits, mess: Counter[str] | None) -> pa.Table:
    """Make the table of customers; their names are written in variant spellings where there is a `mess` to count."""
    written, is_variant = names(dice, crowd.region, with_variants=mess is not None)
    if mess is not None:
        mess["spelling_variants"] += int(is_variant.sum())
    has_left = crowd.ended_day < DAYS
    first = START // DAY
    return pa.table(
        {
            "customer_id": pa.array(crowd.ids, pa.string()),
            "name": pa.array(written, pa.string()),
            "plan": named(["monthly", "annual"], crowd.is_annual.astype(np.int64)),
            "region": named(REGIONS, crowd.region),
            "came_by": named(["itself", "campaign"], crowd.by_campaign.astype(np.int64)),
            "club": named(["none", "member"], traits.is_member.astype(np.int64)),
            "devices": named(["one", "several"], traits.has_several.astype(np.int64)),
            "first_talk": named(["decided", "unsure"], traits.is_unsure.astype(np.int64)),
            "follow_up": named(["none", "called"], traits.is_called.astype(np.int64)),
            **{name: named(list(values), traits.nulls[name]) for name, (values, _) in NULLS.items()},
            "signed_up_on": pa.array((first + crowd.signed_day).astype(np.int32)).cast(pa.date32()),
            "ended_on": pa.array((first + crowd.ended_day).astype(np.int32), mask=~has_left).cast(pa.date32()),
            "end_cause": named(CAUSES, np.where(has_left, crowd.cause, -1)),
        }
    )


def ordered(table: pa.Table) -> pa.Table:
    """Sort a table by time and number its rows in `_n`, from which the ids of its events are made."""
    table = table.take(np.argsort(table["_us"].to_numpy(), kind="stable"))
    return table.append_column("_n", pa.array(np.arange(len(table))))


def named(pool: list[str], code: Ints) -> pa.Array:
    """Put names for codes; -1 has none."""
    return pa.array(pool, pa.string()).take(pa.array(code, mask=code < 0))


def device_names(number: Ints) -> pa.Array:
    """Write device numbers as browsers' anonymous ids, which say nothing."""
    return _joined("anon-", pa.array(number * 2_654_435_761 % 2**32))


def money(cents: Ints, missing: Flags | None = None) -> pa.Array:
    """Write cents as decimal text.

    >>> money(np.array([105, 99999])).to_pylist()
    ['1.05', '999.99']
    """
    whole = pc.cast(pa.array(cents // 100, mask=missing), pa.string())
    rest = pc.utf8_lpad(pc.cast(pa.array(cents % 100), pa.string()), 2, "0")
    return pc.binary_join_element_wise(whole, rest, ".")


def _web(dice: Dice, crowd: Crowd, plan: Blocks, clicks: Clicks) -> pa.Table:
    leaver = np.flatnonzero(crowd.ended_day < DAYS)
    more, none = len(leaver), np.full(len(leaver), -1)
    code = np.concatenate([clicks.code, np.full(more, CLOSED)])
    person = np.concatenate([plan.customer[clicks.journey], leaver])
    channel = np.concatenate([clicks.channel, np.zeros(more, dtype=np.int64)])
    device = np.concatenate([clicks.device, crowd.devices[leaver, 0]])
    is_order = code == ORDER
    return pa.table(
        {
            "userId": _ids(crowd, person),
            "anonymousId": device_names(device),
            "event": named(CLICKS, code),
            "channel": named(CHANNELS, channel),
            "reason": named(INTENTS, np.concatenate([clicks.intent, none])),
            "value": money(_prices(dice, "web.value", len(code)), ~is_order),
            "currency": named(_CURRENCIES, np.where(is_order, crowd.region[person], -1)),
            "_us": np.concatenate([clicks.us, crowd.close_us[leaver]]),
            "_customer": person,
            "_channel": channel,
            "_code": code,
            "_visit": np.concatenate([clicks.visit, none]),
            "_known": np.concatenate([clicks.is_known, np.ones(more, dtype=bool)]),
            "_tied": np.concatenate([clicks.is_tied, np.zeros(more, dtype=bool)]),
        }
    )


def _contacts(crowd: Crowd, plan: Blocks, walked: Walk) -> pa.Table:
    calls, times = np.nonzero(walked.has_call)
    chats, place = np.nonzero(walked.kind == CHAT)
    journey = np.concatenate([calls, chats])
    is_call = np.arange(len(journey)) < len(calls)
    start = np.concatenate([walked.call_start[calls, times], walked.start[chats, place] // SECOND * SECOND])
    seconds = np.concatenate([walked.call_seconds[calls, times], walked.length[chats, place] // SECOND])
    team = np.concatenate([walked.team[calls, times], np.full(len(chats), len(TEAMS))])
    person = plan.customer[journey]
    return pa.table(
        {
            "customer": _ids(crowd, person),
            "event": named(["chat", "call"], is_call.astype(np.int64)),
            "channel": named(["chat", "phone"], is_call.astype(np.int64)),
            "intent": named(INTENTS, walked.intent[journey]),
            "team": named([*TEAMS, "chat desk"], team),
            "cost": money(np.where(is_call, 250 + seconds * 3, 90 + seconds)),
            "_us": start,
            "_ended_us": start + seconds * SECOND,
            "_customer": person,
            "_channel": np.where(is_call, CHANNELS.index("phone"), CHANNELS.index("chat")),
        }
    )


def _stores(dice: Dice, crowd: Crowd, plan: Blocks, walked: Walk) -> pa.Table:
    journey, place = np.nonzero(walked.kind == STORE)
    start, length = walked.start[journey, place], walked.length[journey, place]
    buys = np.flatnonzero(dice.random("store.buys", len(journey)) < STORE_SHARE)
    bought = start + (length * dice.between("store.till", 0.3, 0.9, len(journey))).astype(np.int64)
    visit = np.concatenate([np.arange(len(journey)), buys])
    is_order = np.arange(len(visit)) >= len(journey)
    person = plan.customer[journey[visit]]
    return pa.table(
        {
            "customer": _ids(crowd, person),
            "event": named(["store visit", "order placed"], is_order.astype(np.int64)),
            "channel": named(["store"], np.zeros(len(visit), dtype=np.int64)),
            "total": money(_prices(dice, "store.total", len(visit)), ~is_order),
            "currency": named(["GBP"], np.where(is_order, 0, -1)),
            "_us": np.where(is_order, bought[visit], start[visit]) // SECOND * SECOND,
            "_customer": person,
            "_channel": np.full(len(visit), CHANNELS.index("store")),
        }
    )


def _emails(dice: Dice, crowd: Crowd, plan: Blocks, walked: Walk, clicks: Clicks, plants: Plants) -> pa.Table:
    """Campaigns, which are opened where a visit follows, and confirmations of orders."""
    journey, place = np.nonzero(walked.kind == MAIL)
    sent = walked.start[journey, place]
    leads_on = walked.kind[journey, np.minimum(place + 1, 3)] > 0
    opens = leads_on | (dice.random("email.opens", len(journey)) < _OPENS)

    order = np.flatnonzero(clicks.code == ORDER)
    confirmed = clicks.us[order] + dice.between("email.confirm", 20 * SECOND, 120 * SECOND, len(order)).astype(np.int64)
    reads = dice.random("email.reads", len(order)) < _READS
    after = dice.between("email.read", 5 * MINUTE, 10 * HOUR, len(order)).astype(np.int64)
    read = confirmed + after // np.where(plan.is_closing[clicks.journey[order]], _HURRY, 1)

    ours = np.concatenate([journey, journey[opens], clicks.journey[order], clicks.journey[order][reads]])
    us = np.concatenate([sent, (sent + walked.length[journey, place])[opens], confirmed, read[reads]])
    many = [len(journey), int(opens.sum()), len(order), int(reads.sum())]
    usual = np.repeat([_CAMPAIGNS, _CAMPAIGNS, _READS, _READS], many)
    first, second = (
        templates(dice, f"email.template.{name}", at, opened, np.full(len(at), chance), plants)
        for name, at, opened, chance in [("campaign", sent, opens, _CAMPAIGNS), ("order", confirmed, reads, _READS)]
    )
    person = plan.customer[ours]
    return pa.table(
        {
            "customer": _ids(crowd, person),
            "event": named(["email sent", "email opened"], np.repeat([0, 1, 0, 1], many)),
            "channel": named(["email"], np.zeros(len(ours), dtype=np.int64)),
            "template": named(list(TEMPLATES), np.concatenate([first, first[opens], second, second[reads]])),
            "_us": us // 1_000 * 1_000,
            "_customer": person,
            "_channel": np.full(len(ours), CHANNELS.index("email")),
            "_usual": usual,
            "_opens": np.concatenate([opens, np.ones(many[1], dtype=bool), reads, np.ones(many[3], dtype=bool)]),
        }
    )


def _letters(crowd: Crowd, letters: Letters) -> pa.Table:
    """Complaints, their answers and activations, in the columns of the emails; no template, and nothing to open."""
    size = len(letters.us)
    return pa.table(
        {
            "customer": _ids(crowd, letters.customer),
            "event": named(LETTERS, letters.kind),
            "channel": named(["email"], np.zeros(size, dtype=np.int64)),
            "template": pa.nulls(size, pa.string()),
            "_us": letters.us // 1_000 * 1_000,
            "_customer": letters.customer,
            "_channel": np.full(size, CHANNELS.index("email")),
            "_usual": np.zeros(size),
            "_opens": np.zeros(size, dtype=bool),
        }
    )


def _surveys(crowd: Crowd, plan: Blocks, walked: Walk, answers: Answers) -> pa.Table:
    person = plan.customer[answers.journey]
    here = np.zeros(len(person), dtype=np.int64)
    return pa.table(
        {
            "customer": _ids(crowd, person),
            "event": named(["survey answered"], here),
            "channel": named(["email"], here),
            "score": answers.score,
            "score_type": named(SCORES, answers.question),
            "comment": pa.array(answers.comment, pa.string()),
            "_us": answers.us,
            "_by_phone": walked.kind[answers.journey, 0] == CALL,
            "_is_hard": np.isin(INTENTS, HARD)[walked.intent[answers.journey]],
            "_customer": person,
            "_channel": here + CHANNELS.index("email"),
        }
    )


def _seen(table: pa.Table, crowd: Crowd) -> pa.Table:
    us, close = table["_us"].to_numpy(), crowd.close_us[table["_customer"].to_numpy()]
    return table.filter(pa.array((us >= START) & (us <= close) & (us < END)))


def _ids(crowd: Crowd, person: Ints) -> pa.Array:
    return pa.array(crowd.ids, pa.string()).take(pa.array(person))


def _prices(dice: Dice, purpose: str, size: int) -> Ints:
    cents: Ints = (np.exp(dice.roll(purpose).normal(8.4, 0.6, size))).astype(np.int64)
    return np.maximum(cents, 199)


def _joined(prefix: str, number: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pc.cast(number, pa.string()), "")
