"""What do groups have to be compared by: sums of customers in each group and stratum, and between them.

A table has `customer_id`, `m` and `x`, whole numbers (a row is m units that sum to x: journeys
that converted, answers and their scores, days and their contacts), and columns that name its
group and its strata. Missing values are the visible group "unknown". What the sums say is told in
`judge.compare`; nothing of a single customer leaves the engine for it, except to weigh by
confounders that are numbers (`rows`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from journeylib import engine, trace
from journeylib.errors import ParameterError
from journeylib.estimates import Sums
from journeylib.estimates.weighted import Bools, Cells, Places

__all__ = ["MOST_ROWS", "Groups", "cells", "gathered", "rows", "summed"]

MOST_ROWS = 200_000
_UNKNOWN = "unknown"
_Keys = tuple[str, ...]


@dataclass(frozen=True)
class Groups:
    """The cells of a table: of each its group and stratum, and of each group its customers.

    `alone` are the customers of one group who are in no other, `everyone` the customers of all.
    """

    group: tuple[str, ...]
    stratum: tuple[str, ...]
    cells: Cells
    customers: Mapping[str, int]
    alone: Mapping[str, int]
    everyone: int
    has_strata: bool

    @property
    def names(self) -> list[str]:
        """The groups, in the order of their names."""
        return sorted(self.customers)

    @property
    def strata(self) -> list[str]:
        """The strata, in the order of their names."""
        return sorted(set(self.stratum))

    @property
    def places(self) -> Places:
        """Of each cell, which of the strata it is in."""
        at = {name: place for place, name in enumerate(self.strata)}
        return np.array([at[name] for name in self.stratum], dtype=np.int64)

    def side(self, group: str | None, *, rest_of: str = "") -> Bools:
        """Which cells are a group's; without a group, those of the rest of another."""
        if group is None:
            return np.array([name != rest_of for name in self.group], dtype=bool)
        return np.array([name == group for name in self.group], dtype=bool)

    def count(self, group: str | None, *, rest_of: str = "") -> int:
        """How many customers are on a side."""
        return self.everyone - self.alone[rest_of] if group is None else self.customers[group]

    def sums(self, group: str | None, *, rest_of: str = "") -> Sums:
        """The sums of a side."""
        return self.cells.sums(self.side(group, rest_of=rest_of), self.count(group, rest_of=rest_of))


def cells(table: nw.LazyFrame, strata: Sequence[str] = (), *, group: str = "group") -> Groups:
    """Measure the sums of every group in every stratum, and between each two for the customers of both.

    A stratum is a combination of values in the columns `strata`, all of them text, numbers or
    bands that are few; without any there is one. Products are added as floating numbers, exact up
    to 2⁵³.

    >>> table = engine.from_frame(pd.DataFrame({"customer_id": ["a", "a", "b"], "group": ["x", "y", "y"],
    ...                                         "m": [1, 2, 3], "x": [1, 0, 2]}))
    >>> found = cells(table)
    >>> found.names, found.everyone, found.sums("y").m, found.cells.xm.tolist()
    (['x', 'y'], 2, 5.0, [[1.0, 2.0], [0.0, 6.0]])
    """
    return summed(gathered(table, strata, group=group))


def gathered(
    table: nw.LazyFrame, strata: Sequence[str] = (), *, group: str = "group", of: Sequence[str] = ("x",)
) -> nw.LazyFrame:
    """Make what `cells` adds up, and keep it: a row for each customer, `group` and `stratum_0`, …, with m and x.

    A table may have several columns that are summed, named by `of`; each may be made x then.
    """
    texts = {"group": group, **{f"stratum_{at}": name for at, name in enumerate(strata)}}
    return engine.noted(engine.kept(_each(table, texts, {}, of)))


def summed(each: nw.LazyFrame) -> Groups:
    """Add up what was `gathered`, or some rows of it."""
    strata = [name for name in each.collect_schema().names() if name.startswith("stratum_")]
    keys = ["group", *strata]
    m, x = (nw.col(name).cast(nw.Float64) for name in ("m", "x"))
    m_2, x_2 = (nw.col(name).cast(nw.Float64) for name in ("m_2", "x_2"))
    products = {"mm": (m * m_2).sum(), "xm": (x * m_2).sum(), "xx": (x * x_2).sum()}
    both = [*keys, *(f"{name}_2" for name in keys)]
    plain = {"customers": nw.len(), "m": nw.col("m").sum(), "x": nw.col("x").sum()}
    with trace.unnoted():
        other = each.select("customer_id", **{f"{name}_2": nw.col(name) for name in [*keys, "m", "x"]})
        pairs = each.join(other, on="customer_id", how="inner")
        found = engine.collect(pairs.group_by(*both).agg(**plain, **products), order_by=both)
        people = engine.collect(_people(each), order_by=["group"])

    firsts = [tuple(row) for row in found[both[: len(keys)]].to_numpy()]
    seconds = [tuple(row) for row in found[both[len(keys) :]].to_numpy()]
    at: dict[_Keys, int] = {key: place for place, key in enumerate(sorted(set(firsts)))}
    places = np.array([at[key] for key in firsts], int), np.array([at[key] for key in seconds], int)
    is_own = places[0] == places[1]
    sums = {name: np.zeros(len(at)) for name in plain}
    for name, values in sums.items():
        values[places[0][is_own]] = found[name].to_numpy(float)[is_own]
    matrices = {name: np.zeros((len(at), len(at))) for name in products}
    for name, matrix in matrices.items():
        matrix[places] = found[name].to_numpy(float)
    told = people.set_index("group")
    return Groups(
        group=tuple(key[0] for key in at),
        stratum=tuple(" · ".join(key[1:]) for key in at),
        cells=Cells(**sums, **matrices),
        customers={str(name): int(many) for name, many in told["customers"].items()},
        alone={str(name): int(many) for name, many in told["alone"].items()},
        everyone=int(told["last"].sum()),
        has_strata=bool(strata),
    )


def rows(
    table: nw.LazyFrame, confounders: Sequence[str], strata: Sequence[str] = (), *, group: str = "group"
) -> pd.DataFrame:
    """Fetch what overlap weights need: a row for each customer's group and confounders, with m and x.

    Columns: customer_id, group, stratum columns (text), confounder columns (numbers, NaN where missing), m, x. For
    private memory only, never for a page. More than 200,000 rows are refused.
    """
    texts = {"group": group, **{name: name for name in strata}}
    each = _each(table, texts, {name: name for name in confounders})
    found = engine.collect(each.head(MOST_ROWS + 1))
    if len(found) > MOST_ROWS:
        raise ParameterError(
            f"{', '.join(confounders)}: overlap weights take at most {MOST_ROWS:,} rows of customers, and there are "
            "more. Put the confounder into bands (a column of few values) and name it among the strata."
        )
    return found.sort_values(["customer_id", *texts, *confounders], kind="stable", ignore_index=True)


def _people(each: nw.LazyFrame) -> nw.LazyFrame:
    """How many customers each group has: in all, in no other group, and with no later group in order."""
    seen = each.group_by("customer_id", "group").agg(rows=nw.len())
    many = seen.group_by("customer_id").agg(groups=nw.len(), last=nw.col("group").max())
    return (
        seen.join(many, on="customer_id", how="inner")
        .group_by("group")
        .agg(
            customers=nw.len(),
            alone=(nw.col("groups") == 1).cast(nw.Int64).sum(),
            last=(nw.col("group") == nw.col("last")).cast(nw.Int64).sum(),
        )
    )


def _each(
    table: nw.LazyFrame, texts: Mapping[str, str], numbers: Mapping[str, str], of: Sequence[str] = ("x",)
) -> nw.LazyFrame:
    """A row for each customer and combination of values, with its m and x."""
    named = {into: nw.col(name).cast(nw.String).fill_null(_UNKNOWN) for into, name in texts.items()}
    plain = {into: nw.col(name).cast(nw.Float64) for into, name in numbers.items()}
    chosen = table.select("customer_id", "m", *of, **named, **plain)
    return chosen.group_by("customer_id", *texts, *numbers).agg(nw.col("m", *of).sum())
