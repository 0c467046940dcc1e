"""The customers of a world: who they are, when they came, and their devices. Who leaves is drawn in `leaving`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from journeylib.data.worlds.clock import DAYS, END
from journeylib.data.worlds.dice import Dice, Flags, Floats, Ints, Texts
from journeylib.data.worlds.plants import CAMPAIGN_SHARE, SMALL_REGION, SMALL_SIZE, Plants

__all__ = ["CAUSES", "REGIONS", "Crowd", "numbered", "settle"]

REGIONS = ["London", "Leeds", "חיפה", "عمّان", "台北", "Zürich", SMALL_REGION]
CAUSES = ["voluntary", "involuntary", "upgraded", "completed"]
_UNITED_KINGDOM = [0, 1, 6]

_NEVER = 10**6  # a day that does not come


@dataclass(frozen=True)
class Crowd:
    """One batch of customers, an entry each; days are counted from the first day of the period."""

    ids: Texts
    region: Ints
    is_annual: Flags
    by_campaign: Flags  # came by a campaign, not by themselves
    starts_soon: Flags  # signed up in the period, and the first journey comes within days
    signed_day: Ints  # negative before the period
    entry_day: Ints  # the first day on which the customer can be seen
    ended_day: Ints  # beyond the period where the customer stays
    cause: Ints
    close_us: Ints  # nothing happens later; the end of the period where the customer stays
    pace: Floats  # mean days between journeys, their own length apart
    devices: Ints  # a row a customer: the first and the second device
    has_second: Flags
    is_shared: Flags  # the first device is another customer's too
    shops: Flags  # lives where the stores are

    def __len__(self) -> int:
        """How many customers there are."""
        return len(self.ids)


def settle(dice: Dice, first: int, size: int, customers: int, plants: Plants) -> Crowd:
    """Make the customers `first`, `first` + 1, … of a world of `customers`, none of whom has left yet.

    Those who signed up before the period are still customers on its first day, so counting them
    needs delayed entry.
    """
    number = np.arange(first, first + size)
    is_small = _small(number, customers)  # eager customers in every world, with a region of their own where planted
    small_region = REGIONS.index(SMALL_REGION if plants.has_small_segment else REGIONS[0])
    region = np.where(is_small, small_region, dice.choose("region", [30, 17, 20, 13, 12, 8], size))
    is_old = (dice.random("signed.old", size) < 0.64) | is_small
    age = 1 + (1_094 * dice.random("signed.age", size) ** 1.5).astype(np.int64)
    joined = (dice.random("signed.day", size) * (DAYS - 5)).astype(np.int64)
    signed = np.where(is_old, -age, joined)
    entry = np.maximum(signed, 0)
    pace = 57 * np.exp(0.75 * dice.roll("pace").standard_normal(size))
    is_shared, owner = _sharing(number, customers)
    return Crowd(
        ids=numbered(number),
        region=region,
        is_annual=dice.random("plan", size) < 0.4,
        by_campaign=dice.random("came_by", size) < CAMPAIGN_SHARE,
        starts_soon=~is_old & (dice.random("signed.soon", size) < 0.5),
        signed_day=signed,
        entry_day=entry,
        ended_day=np.full(size, _NEVER),
        cause=dice.choose("cause", [70, 15, 8, 7], size),
        close_us=np.full(size, END),
        pace=np.where(is_small, 12.0, np.clip(pace, 4, 600)),
        devices=np.stack([2 * owner, 2 * number + 1], axis=1),
        has_second=dice.random("devices", size) < 0.2,
        is_shared=is_shared,
        shops=np.isin(region, _UNITED_KINGDOM),
    )


def numbered(number: Ints) -> Texts:
    """Write customers' ids: now and then one differs from another by leading zeros, or by a decimal, only.

    >>> numbered(np.array([22, 23, 24, 25])).tolist()
    ['122', '123', '00123', '123.0']
    """
    zeros, decimal = number % 100 == 24, number % 1_000 == 25
    plain = 100 + number - np.where(zeros, 1, 0) - np.where(decimal, 2, 0)
    return np.array(
        [
            f"00{base}" if zero else f"{base}.0" if point else str(base)
            for base, zero, point in zip(plain.tolist(), zeros.tolist(), decimal.tolist(), strict=True)
        ],
        dtype=object,
    )


def _small(number: Ints, customers: int) -> Flags:
    """The customers of the small region, twelve in a world of any size above that, spread evenly."""
    step = max(customers // SMALL_SIZE, 1)
    chosen: Flags = (number % step == 5 % step) & (number // step < SMALL_SIZE)
    return chosen


def _sharing(number: Ints, customers: int) -> tuple[Flags, Ints]:
    """Who shares a first device, two in a hundred, and whose device it is."""
    is_first = (number % 100 == 60) & (number + 1 < customers)
    is_second = number % 100 == 61
    return is_first | is_second, np.where(is_second, number - 1, number)
