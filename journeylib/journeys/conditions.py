"""Tell for whom conditions hold, and from when: touched, contacts, paths.

Each condition has, for a customer or a journey, the first instant at which it holds; at an
instant before that it does not yet.
"""

from __future__ import annotations

from collections.abc import Mapping

import narwhals.stable.v2 as nw

from journeylib import engine
from journeylib.days import DAY_US
from journeylib.errors import RefusedError
from journeylib.journeys import patterns
from journeylib.journeys.definitions import Clause, Where
from journeylib.journeys.view import Store
from journeylib.schema import ORDER

__all__ = ["grouped", "refuse_overlap"]

_OTHER = "other"
_AT = "_at_us"


def grouped(instants: nw.LazyFrame, store: Store, name: str, groups: Mapping[str, Where]) -> nw.LazyFrame:
    """Name the group of each instant of a customer (or journey) in `_group`: the first condition that holds then."""
    held = _held(instants, store, groups)
    label = nw.lit(f"not {name}" if list(groups) == [name] else _OTHER)
    for place, group in reversed(list(enumerate(groups))):
        label = nw.when(nw.col(f"_holds_{place}")).then(nw.lit(group)).otherwise(label)
    return held.with_columns(_group=label)


def refuse_overlap(name: str, groups: Mapping[str, Where], store: Store) -> None:
    """Refuse groups of which two hold of somebody at the end of the data.

    Raises RefusedError, with how many.
    """
    if len(groups) < 2:
        return
    keys = ["customer_id", "started_us"] if next(iter(groups.values())).is_of_journeys else ["customer_id"]
    everyone = store.journeys.group_by(*keys).agg(_rows=nw.len()).with_columns(_at_us=nw.lit(store.ends_us))
    held = _held(everyone, store, groups)
    marks = [f"_holds_{place}" for place in range(len(groups))]
    counted = engine.collect(held.group_by(*marks).agg(n=nw.len()))
    both: dict[tuple[str, str], int] = {}
    for row in counted.to_dict("records"):
        here = [group for mark, group in zip(marks, groups, strict=True) if row[mark]]
        if len(here) > 1:
            both[here[0], here[1]] = both.get((here[0], here[1]), 0) + int(row["n"])
    if both:
        (one, two), many = max(both.items(), key=lambda item: item[1])
        whose = "journeys" if "started_us" in keys else "customers"
        raise RefusedError(
            f'[segments.{name}]: {many:,} {whose} are in "{one}" and in "{two}": totals would count them twice. '
            f'Write "and not" what makes "{one}" into "{two}", or two segments.'
        )


def _held(instants: nw.LazyFrame, store: Store, groups: Mapping[str, Where]) -> nw.LazyFrame:
    """Mark for each instant which conditions hold then."""
    for place, where in enumerate(groups.values()):
        keys = ["customer_id", "started_us"] if where.is_of_journeys else ["customer_id"]
        holds = nw.lit(True)
        for clause in where.clauses:
            since = _since(store, clause, keys).select(*keys, _since_us=nw.col("_us"))
            instants = instants.join(since, on=keys, how="left")
            is_so = (nw.col("_since_us") <= nw.col(_AT)).fill_null(False)
            instants = instants.with_columns(_is_so=~is_so if clause.is_not else is_so).drop("_since_us")
            instants = instants.with_columns(**{f"_holds_{place}": holds & nw.col("_is_so")}).drop("_is_so")
            holds = nw.col(f"_holds_{place}")
    return instants


def _since(store: Store, clause: Clause, keys: list[str]) -> nw.LazyFrame:
    """The instant from which a clause holds, where it ever does, of each customer or journey."""
    if clause.kind == "path":
        found = patterns.followed(store.steps, clause.pattern, within_days=clause.within_days, of=clause.of)
        return found.group_by(*keys).agg(_us=nw.col("followed_us").min())
    touched = store.steps
    if clause.names:
        touched = touched.filter(nw.col(clause.of).is_in(list(clause.names)))
    occurred = nw.col("occurred_us")
    if clause.least > 1:
        earlier = occurred.shift(clause.least - 1).over(*keys, order_by=ORDER)
        touched = touched.with_columns(_earlier=earlier).filter(~nw.col("_earlier").is_null())
        if clause.within_days is not None:
            touched = touched.filter(occurred - nw.col("_earlier") <= int(clause.within_days * DAY_US))
    return touched.group_by(*keys).agg(_us=occurred.min())
