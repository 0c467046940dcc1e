"""Who is really behind each event, and customers whose two accounts were merged.

Written only where a world is asked for with its identities: the demo has neither.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from journeylib.data.worlds.clock import DAY, DAYS, START
from journeylib.data.worlds.dice import Dice
from journeylib.data.worlds.files import FILES, event_ids
from journeylib.data.worlds.people import Crowd

__all__ = ["behind", "second_accounts"]

_STEP, _FIRST = 100, 30  # one customer in a hundred, none of those who share a device


def second_accounts(dice: Dice, crowd: Crowd, first: int, spoilt: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """Give one customer in a hundred another id from some day on.

    The first click after it on which the customer is known carries both, the old one as
    `previousId`. A customer who never signs in again leaves no trace of being the same.
    """
    numbers = np.arange(first, first + len(crowd))
    change = START + (dice.random("account.change", len(crowd)) * DAYS).astype(np.int64) * DAY
    has_second = numbers % _STEP == _FIRST
    second = np.array([f"m-{each}" for each in crowd.ids], dtype=object)
    changed = {}
    for source, table in spoilt.items():
        who = table["_customer"].to_numpy()
        us = table["_us"].fill_null(0).to_numpy()
        is_after = (who >= 0) & has_second[who] & (us >= change[who])
        column = "userId" if source == "web" else "customer"
        ids = np.array(table[column].to_pylist(), dtype=object)
        is_after &= ids != None  # noqa: E711 - element by element
        ids[is_after] = second[who[is_after]]
        changed[source] = table.set_column(table.column_names.index(column), column, pa.array(ids, pa.string()))
        if source == "web":
            places = np.flatnonzero(is_after)
            places = places[np.argsort(us[places], kind="stable")]
            _, earliest = np.unique(who[places], return_index=True)
            number = table["_n"].to_numpy()
            carries = is_after & np.isin(number, number[places[earliest]])  # an exact copy carries both too
            previous = np.where(carries, crowd.ids[who], None)
            changed[source] = changed[source].append_column("previousId", pa.array(previous, pa.string()))
    return changed


def behind(batch: int, crowd: Crowd, spoilt: dict[str, pa.Table]) -> pa.Table:
    """One row an event: its `source`, its `event_id` there, and the `customer`; null for bots and strangers."""
    each = []
    for source, table in spoilt.items():
        number, first = np.unique(table["_n"].to_numpy(), return_index=True)
        who = table["_customer"].to_numpy()[first]
        customer = pa.array(np.where(who >= 0, crowd.ids[who], None), pa.string())
        name = pa.array([FILES[source][0].partition(".")[0]] * len(number), pa.string())
        ids = event_ids(source, batch, pa.chunked_array([number])).combine_chunks()
        each.append(pa.table({"source": name, "event_id": ids, "customer": customer}))
    return pa.concat_tables(each)
