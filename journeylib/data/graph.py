"""Merge person ids that rows carried together: connected components, with a cap on their size.

A component is a set of person ids that chains of rows with two ids connect, and the
devices that nobody else was ever seen on. One of more than `largest` ids (an id that
half the world types in, a kiosk) says nothing about one customer: it is not merged, but named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from journeylib import engine

__all__ = ["Merged", "components", "merge"]

_NAMED, _EXAMPLES = 200, 3


@dataclass(frozen=True)
class Merged:
    """What became of the components: `members` has id, customer_id and is_seen, a row for each merged person id.

    `unmerged` names the components over the cap, the 200 largest first: ids, persons, devices,
    examples (of person ids); `too_large` counts them all and `loose` has all their person ids.
    """

    members: pd.DataFrame
    unmerged: list[dict[str, Any]]
    too_large: int
    loose: pd.DataFrame


def components(together: pd.DataFrame) -> pd.DataFrame:
    """Find the connected components of pairs of ids (`person`, `alias`); the answer has `id` and `component`.

    A component is named by its least id, so it has the same name whatever the order of the pairs.

    >>> components(pd.DataFrame({"person": ["b", "d", "x"], "alias": ["c", "c", "y"]}))
      id component
    0  b         b
    1  c         b
    2  d         b
    3  x         x
    4  y         x
    """
    if together.empty:
        return pd.DataFrame({"id": [], "component": []}, dtype=object)
    from scipy.sparse import coo_matrix  # slow to import, and few loads have such pairs
    from scipy.sparse.csgraph import connected_components

    ends = pd.concat([together["person"], together["alias"]]).astype(object)
    code, ids = pd.factorize(ends, sort=True)
    one, other = np.split(code, 2)
    size = len(ids)
    joined = coo_matrix((np.ones(len(one), dtype=bool), (one, other)), shape=(size, size))
    _, label = connected_components(joined, directed=False)
    found = pd.DataFrame({"id": np.asarray(ids, dtype=object), "label": label})
    # The ids are sorted, so the first of a component is its least.
    return found.assign(component=found.groupby("label")["id"].transform("first")).drop(columns="label")


def merge(found: pd.DataFrame, persons: nw.LazyFrame, pairs: nw.LazyFrame, *, largest: int) -> Merged:
    """Merge the ids of each component that was `found` (as `components` says it).

    The sizes of components come from the `pairs` of device and person.
    A merged customer is called by the least of its ids that is among the `persons`, those that
    events carried as their most trusted id. A device that persons of several components were
    seen on counts for none.
    """
    members = _named(persons, found)
    large = _too_large(members, pairs, largest)
    is_large = members["customer_id"].isin(large.index)
    examples = members[is_large].groupby("customer_id")["id"].agg(lambda ids: list(ids[:_EXAMPLES])).to_dict()
    unmerged = [
        {"ids": int(sizes["ids"]), "persons": int(sizes["persons"]), "devices": int(sizes["devices"])}
        | {"examples": examples.get(name, [name])}
        for name, sizes in large.head(_NAMED).iterrows()
    ]
    alone = [name for name in large.index if name not in examples]
    loose = pd.DataFrame({"person": [*members["id"][is_large], *alone]}, dtype=object)
    return Merged(members[~is_large].reset_index(drop=True), unmerged, len(large), loose)


def _too_large(members: pd.DataFrame, pairs: nw.LazyFrame, largest: int) -> pd.DataFrame:
    """Sizes of the components over the cap by their names, the largest first."""
    persons = members.groupby("customer_id").agg(persons=("id", "size"))
    # One with fewer devices is not too large, however many ids it has.
    least = largest - int(persons["persons"].max() if len(persons) else 1)
    sizes = _owned(pairs, members, least).set_index("customer_id").join(persons, how="outer")
    sizes = sizes.fillna({"devices": 0, "persons": 1}).astype("int64")
    sizes["ids"] = sizes["persons"] + sizes["devices"]
    return sizes[sizes["ids"] > largest].sort_index().sort_values("ids", ascending=False, kind="stable")


def _named(persons: nw.LazyFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Call each component by its least id that was seen as a person, and say which were."""
    if found.empty:
        return pd.DataFrame({"id": [], "customer_id": [], "is_seen": []}, dtype=object)
    ids = engine.from_frame(found[["id"]].rename(columns={"id": "person"}), beside=persons)
    there = persons.join(ids, on="person", how="semi").group_by("person").agg(rows=nw.len())
    is_seen = found["id"].isin(engine.collect(there)["person"])
    # Sorted by id within the sort by is_seen: the first of a component is its name.
    ranked = found.assign(is_seen=is_seen).sort_values(["is_seen", "id"], ascending=[False, True], kind="stable")
    ranked["customer_id"] = ranked.groupby("component")["id"].transform("first")
    return ranked.sort_values("id", ignore_index=True)[["id", "customer_id", "is_seen"]]


def _owned(pairs: nw.LazyFrame, members: pd.DataFrame, least: int) -> pd.DataFrame:
    """Count the devices on which one customer alone was seen, for customers with more than `least`."""
    owner = nw.col("person")
    if len(members):
        named = engine.from_frame(members[["id", "customer_id"]], beside=pairs)
        pairs = pairs.join(named, left_on="person", right_on="id", how="left")
        owner = nw.coalesce("customer_id", "person")
    owners = pairs.filter(~nw.col("person").is_null()).with_columns(owner=owner)
    by_device = owners.group_by("device").agg(customer_id=nw.col("owner").min(), last=nw.col("owner").max())
    alone = by_device.filter(nw.col("customer_id") == nw.col("last"))
    return engine.collect(alone.group_by("customer_id").agg(devices=nw.len()).filter(nw.col("devices") > least))
