"""Attach segments: named groups of customers, so far by their attributes.

A segment's definition in a recipe reads `customers.plan`. A customer without that
attribute belongs to the visible group "unknown".
"""

from __future__ import annotations

from collections.abc import Mapping

import narwhals.stable.v2 as nw

from journeylib.errors import RecipeError
from journeylib.journeys.view import Store

__all__ = ["UNKNOWN", "attach", "attribute", "named"]

UNKNOWN = "unknown"


def named(segments: Mapping[str, str], by: str) -> dict[str, str]:
    """Choose one segment by its name; an empty name chooses none.

    >>> named({"plan": "customers.plan", "region": "customers.region"}, "plan")
    {'plan': 'customers.plan'}
    >>> named({"plan": "customers.plan"}, "")
    {}
    """
    return {by: segments[by]} if by else {}


def attribute(name: str, definition: str, attributes: list[str]) -> str:
    """The customer attribute that a segment's definition names.

    Raises RecipeError where it names none that the store has.

    >>> attribute("plan", "customers.plan", ["plan", "region"])
    'plan'
    """
    table, _, column = definition.partition(".")
    if table != "customers" or not column:
        raise RecipeError(f'segment {name} = "{definition}" is not understood. Write "customers." and an attribute.')
    if column not in attributes:
        raise RecipeError(
            f"segment {name}: customers have no attribute {column}; they have {', '.join(attributes) or 'none'}. "
            "Name one of these, or map it under [source.attributes]."
        )
    return column


def attach(table: nw.LazyFrame, store: Store, segments: Mapping[str, str], *, at: str | None = None) -> nw.LazyFrame:
    """Add a text column for each segment to a table with `customer_id`.

    An attribute that changes counts as it stood at the start of the store's period; a
    customer whose first value came later counts by that. With `at`, a column of instants in
    a table of one row a customer, it counts as it stood then, and "unknown" where it was not
    known yet: time that a customer had to survive to join a group must not count for it.
    """
    if not segments:
        return table
    columns = {name: attribute(name, definition, store.attributes) for name, definition in segments.items()}
    valid_from = nw.col("valid_from_us").fill_null(-(2**62))
    known = store.customers.with_columns(valid_from_us=valid_from)
    since = nw.col("valid_from_us")
    if at is None:
        known = known.filter((since <= store.start_us) | (since == since.min().over("customer_id")))
    else:
        instants = table.select("customer_id", at)
        known = known.join(instants, on="customer_id", how="inner").filter(since <= nw.col(at))
    newest = known.filter(nw.col("valid_from_us") == nw.col("valid_from_us").max().over("customer_id"))
    groups = newest.select("customer_id", **{name: nw.col(column) for name, column in columns.items()})
    joined = table.join(groups, on="customer_id", how="left")
    return joined.with_columns(**{name: nw.col(name).fill_null(UNKNOWN) for name in segments})
