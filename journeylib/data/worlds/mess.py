"""The mess of real sources, on top of clean ones.

What is added: exact duplicates, retries with a new id, copies of rows that lost
their time or had it set to zero, calls that end before they start, callers nobody
knows, bots. What is hidden or blurred: the customer before the log-in, which of
two page views came first. One day of web data is lost.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from journeylib.data.worlds.blocks import CHANNELS
from journeylib.data.worlds.clicks import CLICKS, CLOSED
from journeylib.data.worlds.clock import DAY, DAYS, MINUTE, SECOND, START, next_opening, start_times
from journeylib.data.worlds.dice import Dice, Flags, Ints
from journeylib.data.worlds.plants import LOST_DAY
from journeylib.data.worlds.tables import device_names, money, named, ordered
from journeylib.data.worlds.touches import INTENTS, TEAMS

__all__ = ["lose_day", "spoil"]

# Shares of a file's rows.
_DUPLICATES, _RETRIES, _NO_TIME, _ZERO, _BACKWARD = 0.013, 0.005, 0.005, 0.003, 0.002
_TIED = 0.27  # of the page views that could be tied: about 5 % of all rows
_UNKNOWN_CALLS = 0.12  # further calls, of the known ones
_BOTS, _BOT_CLICKS = 0.005, 0.10  # of web visitors, of web clicks
_COPY, _RETRY, _LACKS_TIME, _AT_ZERO, _ENDS_FIRST = range(1, 6)


def lose_day(web: pa.Table) -> pa.Table:
    """Drop the web rows of the one lost day."""
    us = web["_us"].to_numpy()
    begin = START + LOST_DAY * DAY
    return web.filter(pa.array((us < begin) | (us >= begin + DAY)))


def spoil(dice: Dice, made: dict[str, pa.Table], counts: Counter[str]) -> dict[str, pa.Table]:
    """Add the mess to the tables of a batch, order them, and count each kind as it is written."""
    web = _tie(dice, made["web"], counts)
    web = _put(web, "userId", pc.if_else(web["_known"], web["userId"], pa.scalar(None, pa.string())))
    spoilt = {
        **made,
        "web": lose_day(pa.concat_tables([web, _bots(dice, web)])),
        "contact_centre": pa.concat_tables([made["contact_centre"], _unknown_calls(dice, made["contact_centre"])]),
    }
    spoilt = {name: _copied(dice, name, ordered(table), counts) for name, table in spoilt.items()}
    counts["no_customer_id_web"] += spoilt["web"]["userId"].null_count
    counts["no_customer_id_calls"] += spoilt["contact_centre"]["customer"].null_count
    counts["bots"] += int(pc.sum(pc.equal(spoilt["web"]["_customer"], -1)).as_py() or 0)
    return spoilt


def _tie(dice: Dice, web: pa.Table, counts: Counter[str]) -> pa.Table:
    """Give some page views the time of the one before, in the same visit."""
    visit = web["_visit"].to_numpy()
    may = web["_tied"].to_numpy(zero_copy_only=False) & (visit == np.concatenate([[-1], visit[:-1]]))
    tied = may & (dice.random("mess.tied", len(web)) < _TIED)
    counts["equal_timestamps"] += int(tied.sum())
    source = np.maximum.accumulate(np.where(tied, 0, np.arange(len(web))))
    return _put(web, "_us", pa.array(web["_us"].to_numpy()[source]))


def _bots(dice: Dice, web: pa.Table) -> pa.Table:
    """Bots: each one burst of steady clicks on one device, with no id of a customer ever."""
    visitors = len(pc.unique(web["anonymousId"]))
    bots = max(1, round(visitors * _BOTS / (1 - _BOTS)))
    clicks = round(len(web) * _BOT_CLICKS / (1 - _BOT_CLICKS))
    bot = np.sort(dice.roll("bot").integers(0, bots, clicks))
    first = START + (dice.random("bot.start", bots) * (DAYS - 2) * DAY).astype(np.int64)
    position = np.arange(clicks) - np.searchsorted(bot, bot)
    us = first[bot] + position * dice.between("bot.pace", 1, 90, bots)[bot].astype(np.int64) * SECOND
    number = 2**31 + dice.batch * 2**12 + bot
    return _rows(
        web,
        clicks,
        {
            "anonymousId": device_names(number),
            "event": named(CLICKS, (dice.random("bot.view", clicks) < 0.1).astype(np.int64) * 2),
            "channel": named(CHANNELS, np.zeros(clicks, dtype=np.int64)),
            "_us": us + dice.roll("bot.jitter").integers(0, SECOND, clicks),
            "_customer": np.full(clicks, -1),
        },
    )


def _unknown_calls(dice: Dice, contacts: pa.Table) -> pa.Table:
    """Calls from numbers that no customer is known by."""
    calls = round(_UNKNOWN_CALLS * int((contacts["_channel"].to_numpy() == CHANNELS.index("phone")).sum()))
    day = dice.roll("unknown.day").integers(0, DAYS, calls)
    start = start_times(dice, "unknown", day, np.full(calls, CHANNELS.index("phone")))
    start = next_opening(dice, "unknown.opening", start, np.ones(calls, dtype=bool)) // SECOND * SECOND
    start = np.clip(start, START, START + DAYS * DAY - 2 * SECOND)
    seconds = np.clip(np.exp(4.83 + 0.84 * dice.roll("unknown.seconds").standard_normal(calls)), 12, 7_200)
    seconds = seconds.astype(np.int64)
    return _rows(
        contacts,
        calls,
        {
            "event": named(["call"], np.zeros(calls, dtype=np.int64)),
            "channel": named(["phone"], np.zeros(calls, dtype=np.int64)),
            "intent": named(INTENTS, dice.roll("unknown.intent").integers(0, len(INTENTS), calls)),
            "team": named(TEAMS, dice.roll("unknown.team").integers(0, len(TEAMS), calls)),
            "cost": money(250 + seconds * 3),
            "_us": start,
            "_ended_us": start + seconds * SECOND,
            "_customer": np.full(calls, -1),
        },
    )


def _copied(dice: Dice, name: str, table: pa.Table, counts: Counter[str]) -> pa.Table:
    """Put duplicates and damaged copies behind their originals."""
    size = len(table)
    who = table["_customer"].to_numpy() >= 0
    clicks = who & (table["_code"].to_numpy() < CLOSED) if name == "web" else np.zeros(size, dtype=bool)
    calls = who if name == "contact_centre" else np.zeros(size, dtype=bool)
    place, kind = [np.arange(size)], [np.zeros(size, dtype=np.int64)]
    for code, label, share, eligible in [
        (_COPY, "exact_duplicates", _DUPLICATES, who),
        (_RETRY, "retries", _RETRIES, clicks),
        (_LACKS_TIME, "no_timestamp", _NO_TIME, who),
        (_AT_ZERO, "epoch_1970", _ZERO, who),
        (_ENDS_FIRST, "end_before_start", _BACKWARD, calls),
    ]:
        rows = _some(dice, f"mess.{name}.{label}", eligible, share)
        counts[label] += len(rows)
        place.append(rows)
        kind.append(np.full(len(rows), code))
    order = np.argsort(np.concatenate(place), kind="stable")
    source, made = np.concatenate(place)[order], np.concatenate(kind)[order]
    return _damaged(dice, name, table.take(source), made, size)


def _damaged(dice: Dice, name: str, table: pa.Table, kind: Ints, size: int) -> pa.Table:
    """Do to each copy what its kind says; all but exact duplicates get an id of their own."""
    is_new = kind > _COPY
    number = np.where(is_new, size + np.cumsum(is_new) - 1, table["_n"].to_numpy())
    us = table["_us"].to_numpy()
    late = dice.between(f"mess.{name}.late", SECOND, 3 * SECOND, len(kind)).astype(np.int64)
    us = np.where(kind == _RETRY, us + late, np.where(kind == _AT_ZERO, 0, us))
    if "_ended_us" in table.column_names:
        early = dice.between(f"mess.{name}.early", 30 * SECOND, 10 * MINUTE, len(kind)).astype(np.int64)
        ended = np.where(kind == _ENDS_FIRST, us - early, table["_ended_us"].to_numpy())
        table = _put(table, "_ended_us", pa.array(ended))
    table = _put(table, "_n", pa.array(number))
    return _put(table, "_us", pa.array(us, mask=kind == _LACKS_TIME))


def _some(dice: Dice, purpose: str, eligible: Flags, share: float) -> Ints:
    rows = np.flatnonzero(eligible)
    chosen: Ints = dice.roll(purpose).choice(rows, round(share * len(rows)), replace=False)
    return np.sort(chosen)


def _rows(like: pa.Table, size: int, columns: dict[str, object]) -> pa.Table:
    """Make a table with the columns of another; those that are not given are empty, or zero where hidden."""
    made = []
    for field in like.schema:
        if field.name in columns:
            given = columns[field.name]
            made.append(given if isinstance(given, pa.Array) else pa.array(given))
        elif field.name.startswith("_"):
            made.append(pa.array(np.zeros(size, dtype=np.int64)).cast(field.type))
        else:
            made.append(pa.nulls(size, field.type))
    return pa.Table.from_arrays(made, schema=like.schema)


def _put(table: pa.Table, name: str, column: pa.Array | pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, column)
