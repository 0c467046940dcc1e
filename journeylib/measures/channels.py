"""Which channels do customers use, where do journeys start, where do they change channel, and where do they bounce?

An event without a channel counts under "unknown"; only for switches it is passed over, for
it does not say that the channel changed. Shares of journeys are clustered by customer; a
share of customers has one value a customer.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine, schema
from journeylib.errors import ParameterError
from journeylib.estimates import Sums, category_sums, cluster_sums, share
from journeylib.trace import measured

__all__ = ["bounced_units", "bounces", "first", "passed", "switched", "switched_units", "switches", "use"]

_UNKNOWN = "unknown"
_OTHER = "other"
_JOURNEY = ["customer_id", "started_us"]


@measured
def first(journeys: nw.LazyFrame) -> pd.DataFrame:
    """Measure the share of journeys that start in each channel: one row a channel, largest first, adding up to 1.

    `n` is all customers with a journey, `journeys` the journeys that start there and
    `customers` those who started one there.
    """
    starts = journeys.with_columns(channel=nw.col("first_channel").fill_null(_UNKNOWN))
    return _by_channel(starts, journeys, ["journeys", "customers"])


@measured
def use(steps: nw.LazyFrame) -> pd.DataFrame:
    """Measure the share of customers who use each channel at least once: one row a channel, largest first.

    A customer may use several, so the shares add up to more than 1. `n` is all customers
    with a step, `customers` those who use the channel.
    """
    named = steps.with_columns(channel=nw.col("channel").fill_null(_UNKNOWN))
    used = named.group_by("customer_id", "channel").agg(steps=nw.len())
    return _by_channel(used, steps.group_by("customer_id").agg(steps=nw.len()), ["customers"])


@measured
def bounces(steps: nw.LazyFrame, chain: Sequence[str] = ("web", "chat", "phone")) -> pd.DataFrame:
    """Measure the share of journeys that pass through `chain`, channel by channel, with no other between.

    Steps in one channel that follow each other count as one stay, however many they are;
    the chain may begin and end anywhere in the journey. A journey that passes twice
    counts once. `journeys` counts all journeys; `customers` those who bounced.
    """
    [row] = engine.collect(cluster_sums(passed(steps, chain), x=nw.col("is_passed"))).to_dict("records")
    if not row["customers"]:
        return schema.not_applicable("no journey started in the period", extra=["journeys"])
    return schema.result([share(Sums.of(row)).row(journeys=int(row["m"]))], extra=["journeys"])


def bounced_units(
    steps: nw.LazyFrame, chain: Sequence[str] = ("web", "chat", "phone"), *, by: Sequence[str] = ()
) -> nw.LazyFrame:
    """Make the units of `bounces`, lazily: a row a journey, `zero_us` its start, `m` = 1, `x` = 1 if it bounces."""
    return _units(steps, _passing(steps, chain), by)


@measured
def switched(steps: nw.LazyFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Measure the share of journeys in which the channel changes at least once: one row a group.

    A step without a channel is passed over: web, none, phone is a switch, and web, none, web
    is not. A group is what `by` says at the journey's first step; missing is "unknown". `n`
    is the group's customers, `journeys` its journeys.
    """
    groups = engine.collect(cluster_sums(switched_units(steps, by), by, x=nw.col("x")), order_by=by)
    if not groups["customers"].sum():
        return schema.not_applicable("no journey started in the period", by, ["journeys"])
    rows = [
        share(Sums.of(group)).row(**{name: group[name] for name in by}, journeys=int(group["m"]))
        for group in groups.to_dict("records")
    ]
    return schema.result(rows, by, ["journeys"])


def switched_units(steps: nw.LazyFrame, by: Sequence[str] = ()) -> nw.LazyFrame:
    """Make the units of `switched`, lazily: a row a journey, `zero_us` its start, `m` = 1, `x` = 1 if it switches."""
    is_first = nw.col("step") == 1
    groups = {name: nw.when(is_first).then(nw.col(name).cast(nw.String)) for name in by}
    ends = {"_least": nw.col("channel"), "_greatest": nw.col("channel"), "_begins": is_first.cast(nw.Int64)}
    placed = steps.select(*_JOURNEY, **groups, **ends)
    # The channel has changed if not all that are known of the journey are one.
    journeys = placed.group_by(*_JOURNEY).agg(nw.col("_least").min(), nw.col("_greatest", "_begins", *by).max())
    is_switched = (nw.col("_least") != nw.col("_greatest")).fill_null(False)
    return journeys.filter(nw.col("_begins") == 1).select(
        *_JOURNEY,
        zero_us=nw.col("started_us"),
        **{name: nw.col(name).fill_null(_UNKNOWN) for name in by},
        m=nw.lit(1).cast(nw.Int64),
        x=is_switched.cast(nw.Int64),
    )


@measured
def switches(
    steps: nw.LazyFrame, events: nw.LazyFrame | None = None, *, most: int = 12, intents: int = 6
) -> pd.DataFrame:
    """Measure between which channels journeys switch: one row a `source` and `target`, largest share first.

    Switches are those of `switched`; only the `most` frequent are told, ties by name. `estimate` is
    the share of all journeys that make the switch at least once, `n` all customers, `journeys`
    and `customers` those who make it.

    With `events`, one row also for each `intent`: the first `reason` that an event of the
    journey gives, in their order, and "unknown" where none does. The share is then of the
    intent's journeys, and `n` its customers; a switch that none of them makes has the share 0. Only
    the `intents` most frequent keep their names, the rest is "other".
    """
    extra = ["journeys", "customers"]
    moves = _moves(steps).group_by(*_JOURNEY, "source", "target").agg(times=nw.len())
    sizes = moves.group_by("source", "target").agg(size=nw.len()).with_columns(smaller=-nw.col("size"), one=nw.lit(1))
    place = nw.col("source").cum_count().over("one", order_by=["smaller", "source", "target"])
    pairs = sizes.with_columns(place=place).filter(nw.col("place") <= most).select("source", "target")

    by = ["intent"] if events is not None else []
    units = steps.filter(nw.col("step") == 1).select(*_JOURNEY)
    if events is not None:
        units = _with_intent(units, steps, events, intents)
    grid = units.join(pairs, how="cross").join(moves, on=[*_JOURNEY, "source", "target"], how="left")
    made = (~nw.col("times").is_null()).cast(nw.Int64)
    where = [*by, "source", "target"]
    each = grid.with_columns(x=made).group_by(*where, "customer_id").agg(x=nw.col("x").sum(), m=nw.len())
    marked = (nw.col("x") > 0).cast(nw.Int64).sum()
    products = {name: (nw.col(name[0]) * nw.col(name[1])).sum() for name in ("mm", "xm", "xx")}
    sums = {"customers": nw.len(), "m": nw.col("m").sum(), "x": nw.col("x").sum(), "marked": marked}
    found = engine.collect(each.group_by(*where).agg(**sums, **products))
    if found.empty:
        return schema.not_applicable("no journey has two known channels", where, extra)
    found = found.sort_values([*by, "x", "source", "target"], ascending=[*(True for _ in by), False, True, True])
    rows = [
        share(Sums.of(row)).row(
            **{name: row[name] for name in where}, journeys=int(row["x"]), customers=int(row["marked"])
        )
        for row in found.to_dict("records")
    ]
    return schema.result(rows, where, extra)


def passed(steps: nw.LazyFrame, chain: Sequence[str]) -> nw.LazyFrame:
    """Mark the journeys that pass through `chain`, lazily: customer_id, started_us and `is_passed`, 0 or 1."""
    return _units(steps, _passing(steps, chain), ()).select(*_JOURNEY, is_passed=nw.col("x"))


def _passing(steps: nw.LazyFrame, chain: Sequence[str]) -> nw.LazyFrame:
    """The journeys that pass through `chain`, a row each."""
    if not chain or any(one == two for one, two in pairwise(chain)):
        raise ParameterError(
            f"chain = {list(chain)} can never be passed: stays in one channel count as one. "
            'Name at least one channel, and none twice in a row, as in ["web", "chat", "phone"].'
        )
    channel, previous = (nw.col(name).fill_null(_UNKNOWN) for name in ("channel", "previous_channel"))
    stays = steps.select(*_JOURNEY, "step", channel=channel, previous=previous)
    stays = stays.filter((nw.col("step") == 1) | (nw.col("channel") != nw.col("previous")))
    is_passed = nw.col("channel") == chain[-1]
    if len(chain) > 1:
        is_passed &= (nw.col("previous") == chain[-2]) & (nw.col("step") > 1)
    if len(chain) > 2:  # stays further back; only journeys that end the chain at all are looked through
        ending = stays.filter(is_passed).group_by(*_JOURNEY).agg(times=nw.len())
        stays = stays.join(ending, on=_JOURNEY, how="semi")
        earlier = {
            f"back_{lag}": nw.col("channel").shift(lag).over(*_JOURNEY, order_by="step") for lag in range(2, len(chain))
        }
        stays = stays.with_columns(**earlier)
        matches = [(nw.col(name) == named).fill_null(False) for name, named in zip(earlier, chain[-3::-1], strict=True)]
        is_passed = reduce(lambda one, two: one & two, matches, is_passed)
    return stays.filter(is_passed).group_by(*_JOURNEY).agg(times=nw.len())


def _moves(steps: nw.LazyFrame) -> nw.LazyFrame:
    """Every change of channel: source and target. Steps without a channel are passed over."""
    known = steps.filter(~nw.col("channel").is_null()).select(*_JOURNEY, "step", target=nw.col("channel"))
    source = nw.col("target").shift(1).over(*_JOURNEY, order_by="step")
    return known.with_columns(source=source).filter((nw.col("source") != nw.col("target")).fill_null(False))


def _with_intent(units: nw.LazyFrame, steps: nw.LazyFrame, events: nw.LazyFrame, intents: int) -> nw.LazyFrame:
    """Add `intent` to journeys: the first reason their events give."""
    given = events.filter(~nw.col("reason").is_null()).select("customer_id", "event_id", "reason")
    reasons = steps.select(*_JOURNEY, *schema.ORDER).join(given, on=["customer_id", "event_id"], how="inner")
    place = nw.col("event_id").cum_count().over(*_JOURNEY, order_by=schema.ORDER)
    first = reasons.with_columns(place=place).filter(nw.col("place") == 1).select(*_JOURNEY, intent=nw.col("reason"))
    named = units.join(first, on=_JOURNEY, how="left").with_columns(nw.col("intent").fill_null(_UNKNOWN))
    sizes = named.filter(nw.col("intent") != _UNKNOWN).group_by("intent").agg(size=nw.len())
    sizes = sizes.with_columns(smaller=-nw.col("size"), one=nw.lit(1))
    place = nw.col("intent").cum_count().over("one", order_by=["smaller", "intent"])
    kept = sizes.with_columns(place=place).filter(nw.col("place") <= intents).select("intent", "place")
    is_rest = nw.col("place").is_null() & (nw.col("intent") != _UNKNOWN)
    return named.join(kept, on="intent", how="left").select(
        *_JOURNEY, intent=nw.when(is_rest).then(nw.lit(_OTHER)).otherwise(nw.col("intent"))
    )


def _units(steps: nw.LazyFrame, those: nw.LazyFrame, by: Sequence[str]) -> nw.LazyFrame:
    """A row a journey, with x = 1 where it is one of `those` (with `times`); groups are those of its first step."""
    groups = {name: nw.col(name).cast(nw.String).fill_null(_UNKNOWN) for name in by}
    journeys = steps.filter(nw.col("step") == 1).select(*_JOURNEY, zero_us=nw.col("started_us"), **groups)
    joined = journeys.join(those, on=_JOURNEY, how="left")
    return joined.with_columns(m=nw.lit(1).cast(nw.Int64), x=(~nw.col("times").is_null()).cast(nw.Int64)).drop("times")


def _by_channel(marks: nw.LazyFrame, units: nw.LazyFrame, extra: Sequence[str]) -> pd.DataFrame:
    found = engine.collect(category_sums(marks, units, ["channel"]))
    found = found.sort_values(["x", "channel"], ascending=[False, True])
    if found.empty:
        return schema.not_applicable("no journey started in the period", ["channel"], extra)
    rows = []
    for row in found.to_dict("records"):
        counted = {"journeys": int(row["x"]), "customers": int(row["marked"])}
        rows.append(share(Sums.of(row)).row(channel=row["channel"], **counted))
    return schema.result(rows, ["channel"], extra)
