"""View a store as it stood at the end of a day.

Reports, notebooks and widgets see a store through here only, so none of them
knows more than was known on the day that it speaks of.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw

from journeylib import engine
from journeylib.data import store
from journeylib.days import DAY_US, day_of, midnight
from journeylib.errors import StoreError
from journeylib.journeys.reconstruct import summarise
from journeylib.schema import CUSTOMERS

__all__ = ["Store", "in_period", "open_store"]


@dataclass(frozen=True)
class Store:
    """A store as it stood at the end of a day: lazy tables, and what is known about them.

    Nothing after `ends_us` is in the tables. `start_us` is where the period that a
    report speaks of begins; the tables reach back to `begins_us`. All instants are
    int64 microseconds UTC, ends exclusive.
    """

    events: nw.LazyFrame
    steps: nw.LazyFrame
    journeys: nw.LazyFrame
    customers: nw.LazyFrame
    begins_us: int
    ends_us: int
    start_us: int
    gap_us: int
    longest_us: int
    end_touchpoints: tuple[str, ...]
    attributes: list[str]
    facts: dict[str, Any]

    @property
    def events_in_period(self) -> nw.LazyFrame:
        """The events that occurred in the period."""
        return self.events.filter(nw.col("occurred_us") >= self.start_us)


def open_store(path: Path | str, *, through: str | None = None, start: str | None = None, spark: Any = None) -> Store:
    """Open a store as it stood at the end of the day `through`, for a period from `start` on.

    Both are ISO dates, included, in UTC; without them the store speaks of all it has.
    Journeys and customers are cut at `through` too: what came later is not known yet.
    """
    said = store.manifest(path)
    facts, rules = said["facts"], said["rules"]
    ends = min(facts["ends_us"], midnight(through) + DAY_US) if through else facts["ends_us"]
    begins = facts["begins_us"]
    if ends <= begins:
        raise StoreError(
            f"{path} holds nothing up to {through}; its events run from {facts['begins_on']} "
            f"to {facts['last_on']}. Choose a later day."
        )
    tables = store.tables(path, said, spark=spark or engine.chosen())
    events, steps, journeys = (tables[name] for name in ["events", "steps", "journeys"])
    if ends <= facts["last_us"]:
        events, steps = (table.filter(nw.col("occurred_us") < ends) for table in (events, steps))
        journeys = _journeys_before(ends, journeys, steps)
    last_day = day_of(ends - 1)
    customers = tables["customers"].filter(~(nw.col("signed_up_on") > last_day).fill_null(False))
    gone = nw.col("ended_on") <= last_day
    customers = customers.with_columns(
        ended_on=nw.when(gone).then(nw.col("ended_on")), end_cause=nw.when(gone).then(nw.col("end_cause"))
    )
    return Store(
        events=events,
        steps=steps,
        journeys=journeys,
        customers=customers,
        begins_us=begins,
        ends_us=ends,
        start_us=max(begins, midnight(start)) if start else begins,
        gap_us=int(rules["gap_days"] * DAY_US),
        longest_us=int(rules["longest_days"] * DAY_US),
        end_touchpoints=tuple(rules["end_touchpoints"]),
        attributes=[name for name in tables["customers"].collect_schema().names() if name not in CUSTOMERS],
        facts=facts,
    )


def _journeys_before(ends_us: int, journeys: nw.LazyFrame, steps: nw.LazyFrame) -> nw.LazyFrame:
    """The journeys of these steps: as they are, but for those that went on later."""
    whole = journeys.filter(nw.col("ended_us") < ends_us)
    cut = journeys.filter(nw.col("started_us") < ends_us, nw.col("ended_us") >= ends_us)
    keys = ["customer_id", "started_us"]
    again = summarise(steps.join(cut.select(*keys), on=keys, how="semi"))
    return nw.concat([whole, again.select(whole.collect_schema().names())])


def in_period(table: nw.LazyFrame, store: Store) -> nw.LazyFrame:
    """Keep the journeys (or steps) of journeys that started in the store's period."""
    return table.filter(nw.col("started_us") >= store.start_us)
