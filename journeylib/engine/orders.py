"""Order statistics of groups, and the first values of each: what a window over all rows would sort far more for."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals.stable.v2 as nw

from journeylib.engine.native import added, lazy, quoted, sql

__all__ = ["firsts", "listed", "nth"]


def listed(table: nw.LazyFrame, by: Sequence[str], column: str, into: str) -> nw.LazyFrame:
    """Gather each group's values of `column`, ascending, as a list `into`; missing ones are left out."""
    known = table.filter(~nw.col(column).is_null()).select(*by, column)
    return _grouped(
        known, by, {into: f"list_sort(list({quoted(column)}))"}, {into: f"sort_array(collect_list(`{column}`))"}
    )


def nth(table: nw.LazyFrame, lists: str, **places: str) -> nw.LazyFrame:
    """Add the values at places of lists: each new column's is the whole number, from 1, in the column it names.

    Missing where the list has no such place.
    """
    return added(
        table,
        {into: f"{quoted(lists)}[CAST({quoted(place)} AS BIGINT)]" for into, place in places.items()},
        spark={into: f"get(`{lists}`, CAST(`{place}` AS INT) - 1)" for into, place in places.items()},
    )


def firsts(table: nw.LazyFrame, by: Sequence[str], column: str, into: Sequence[str], *, order_by: str) -> nw.LazyFrame:
    """Keep each group's first values of `column` by `order_by`, a number that no two rows of a group share.

    The first goes to the first column of `into`, the second to the second; missing where the group has fewer.
    Rows without a value are passed over.
    """
    first = f"arg_min({quoted(column)}, {quoted(order_by)}, {len(into)})"
    on_spark = f"slice(sort_array(collect_list(struct(`{order_by}`, `{column}`))), 1, {len(into)})"
    known = table.filter(~nw.col(column).is_null())
    placed = added(
        _grouped(known, by, {"_first": first}, {"_first": on_spark}),
        {name: f"_first[{place}]" for place, name in enumerate(into, start=1)},
        spark={name: f"get(_first, {place}).`{column}`" for place, name in enumerate(into)},
    )
    return placed.drop("_first")


def _grouped(table: nw.LazyFrame, by: Sequence[str], texts: dict[str, str], spark: dict[str, str]) -> nw.LazyFrame:
    """A row a group, with native texts of aggregates by their names; Spark has texts of its own."""
    native = table.to_native()
    if table.implementation.is_duckdb():
        keys = ", ".join(map(quoted, by))
        made = [sql(f"{text} AS {quoted(name)}") for name, text in texts.items()]
        return lazy(native.aggregate([*(sql(quoted(name)) for name in by), *made], keys))
    from pyspark.sql import functions

    return lazy(native.groupBy(*by).agg(*(functions.expr(text).alias(name) for name, text in spark.items())))
