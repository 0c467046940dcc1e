"""The calendar of the worlds: their period, local clocks and the hours that people keep.

Instants are int64 microseconds UTC; days are counted from the first day of the period.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from journeylib.data.worlds.dice import Dice, Flags, Ints

__all__ = [
    "CENTRE",
    "DAY",
    "DAYS",
    "END",
    "HOUR",
    "MINUTE",
    "SECOND",
    "SHOPS",
    "START",
    "day_of",
    "iso_local",
    "next_opening",
    "offset",
    "plain_local",
    "start_times",
]

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_FIRST = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = 546  # 2025-01-01 to 2026-06-30
START = int(_FIRST.timestamp()) * SECOND
END = START + DAYS * DAY

CENTRE = "Asia/Jerusalem"
SHOPS = "Europe/London"

# Share of first touches by local hour. Calls peak at 10 with 9 % and rest at night; the web peaks again at 20.
_CALLS = [0.2, 0.1, 0.1, 0.1, 0.1, 0.3, 0.8, 3, 6.5, 8.5, 9, 8.7, 8, 7.5, 7.2, 7, 6.8, 6.3, 5.5, 4.8, 4, 3, 1.8, 0.7]
_CLICKS = [1.5, 0.8, 0.5, 0.4, 0.4, 0.6, 1.4, 2.8, 4.2, 5.3, 6, 6, 5.8, 5.4, 5.2, 5.2, 5.4, 5.7, 6, 6.7, 7.5, 7, 5, 3]
_SHOPS = [0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 9, 12, 13, 12, 10, 10, 10, 10, 8, 0, 0, 0, 0, 0]
_MAILS = [0, 0, 0, 0, 0, 0, 2, 6, 14, 18, 14, 10, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0, 0]

# By channel: web, app, chat, phone, store, email.
_HOURS: list[Sequence[float]] = [_CLICKS, _CLICKS, _CALLS, _CALLS, _SHOPS, _MAILS]
_ZONES = [CENTRE, CENTRE, CENTRE, CENTRE, SHOPS, SHOPS]


def day_of(day: int) -> str:
    """Write a day of the period as ISO text.

    >>> day_of(0), day_of(DAYS - 1)
    ('2025-01-01', '2026-06-30')
    """
    return (_FIRST + timedelta(days=day)).date().isoformat()


def offset(us: Ints, zone: str) -> Ints:
    """How far the clock of `zone` is ahead of UTC at each instant of the period, or at the zero of computers."""
    table, first = _offsets(zone)
    place = np.clip((us - first) // HOUR, 0, len(table) - 1)
    zero = _ahead(datetime(1970, 1, 1, tzinfo=UTC), zone)
    ahead: Ints = np.where(us == 0, zero, table[place])
    return ahead


def iso_local(us: pa.Array, zone: str) -> pa.Array:
    """Write instants as ISO text in local time with the offset.

    >>> iso_local(pa.array([START, None]), "Asia/Jerusalem").to_pylist()
    ['2025-01-01T02:00:00+02:00', None]
    """
    ahead = offset(_filled(us), zone)
    hours = pc.utf8_lpad(pc.cast(pa.array(ahead // HOUR), pa.string()), 2, "0")  # both zones keep whole hours
    return pc.binary_join_element_wise(_local(us, ahead, "%Y-%m-%dT%H:%M:%S"), "+", hours, ":00", "")


def plain_local(us: pa.Array, zone: str, form: str) -> pa.Array:
    """Write instants as local time in a strftime `form`, without an offset.

    >>> plain_local(pa.array([START + 181 * DAY]), "Europe/London", "%d/%m/%Y %H:%M:%S").to_pylist()
    ['01/07/2025 01:00:00']
    """
    return _local(us, offset(_filled(us), zone), form)


def start_times(dice: Dice, purpose: str, day: Ints, channel: Ints) -> Ints:
    """Draw when on its day each first touch happens, by the hours that its channel keeps."""
    local = np.zeros(len(day), dtype=np.int64)
    zone_ahead = np.zeros(len(day), dtype=np.int64)
    for code, hours in enumerate(_HOURS):
        ours = channel == code
        hour = dice.choose(f"{purpose}.hour.{code}", hours, len(day))
        local[ours] = (START + day * DAY + hour * HOUR)[ours]
        zone_ahead[ours] = offset(local, _ZONES[code])[ours]
    within = dice.random(f"{purpose}.minute", len(day)) * HOUR
    return local - zone_ahead + within.astype(np.int64)


def next_opening(dice: Dice, purpose: str, us: Ints, applies: Flags) -> Ints:
    """Move contacts that fall between 21 and 7 o'clock in the contact centre to the following morning."""
    local = us + offset(us, CENTRE)
    hour = (local % DAY) // HOUR
    closed = applies & ((hour < 7) | (hour >= 21))
    morning = local - local % DAY + 7 * HOUR + np.where(hour >= 21, DAY, 0)
    spread = (dice.roll(purpose).beta(2.5, 2.0, len(us)) * 5 * HOUR).astype(np.int64)
    moved: Ints = np.where(closed, morning + spread - (local - us), us)
    return moved


@functools.cache
def _offsets(zone: str) -> tuple[Ints, int]:
    first = _FIRST - timedelta(days=3)
    hours = range((DAYS + 6) * 24)
    return np.array([_ahead(first + timedelta(hours=hour), zone) for hour in hours]), START - 3 * DAY


def _ahead(moment: datetime, zone: str) -> int:
    ahead = moment.astimezone(ZoneInfo(zone)).utcoffset()
    return int(ahead.total_seconds()) * SECOND if ahead else 0


def _filled(us: pa.Array) -> Ints:
    filled: Ints = pc.fill_null(us, START).to_numpy()
    return filled


def _local(us: pa.Array, ahead: Ints, form: str) -> pa.Array:
    seconds = pa.array((_filled(us) + ahead) // SECOND).cast(pa.timestamp("s"))
    return pc.if_else(pc.is_valid(us), pc.strftime(seconds, form), pa.scalar(None, pa.string()))
