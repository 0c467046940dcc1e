"""Amounts of money on events, each with its currency; currencies are never added up.

Amounts are whole minor units (cents). One without a currency is in the only one that the events name; where
they name none or several, its currency is the visible "unknown".
"""

from __future__ import annotations

import narwhals.stable.v2 as nw

from journeylib import engine
from journeylib.errors import ParameterError

__all__ = ["COLUMNS", "UNKNOWN", "amounts", "currencies", "the_currency"]

UNKNOWN = "unknown"
COLUMNS = {"revenue": "revenue_minor", "cost": "cost_minor"}


def amounts(events: nw.LazyFrame) -> nw.LazyFrame:
    """Keep the events with an amount, lazily, each with its `currency`."""
    some = events.filter(~nw.col("revenue_minor").is_null() | ~nw.col("cost_minor").is_null())
    named = some.select(_least=nw.col("currency").min(), _most=nw.col("currency").max())
    is_only = (nw.col("_least") == nw.col("_most")).fill_null(False)
    otherwise = nw.when(is_only).then(nw.col("_least")).otherwise(nw.lit(UNKNOWN))
    own = nw.when(nw.col("currency").is_null()).then(otherwise).otherwise(nw.col("currency"))
    return some.join(named, how="cross").with_columns(currency=own)


def currencies(events: nw.LazyFrame, of: str) -> list[str]:
    """Name the currencies in which there is `of` ("revenue" or "cost"), in order."""
    money = amounts(events).filter(~nw.col(COLUMNS[of]).is_null())
    found = engine.collect(money.group_by("currency").agg(rows=nw.len()), order_by=["currency"])
    return [str(name) for name in found["currency"]]


def the_currency(events: nw.LazyFrame, of: str, currency: str | None = None) -> str:
    """Tell the currency in which `of` ("revenue" or "cost") can be added up: the one chosen, or the only one there is.

    Raises ParameterError where there is none, or several and none of them is chosen.
    """
    names = currencies(events, of)
    if not names:
        raise ParameterError(f"no event carries {of}. Map {COLUMNS[of]}, or leave this measure out.")
    if currency is None and len(names) > 1:
        raise ParameterError(
            f"{of} is in {', '.join(names)}; amounts of several currencies make no sum. "
            f'Choose one, as in currency = "{names[0]}".'
        )
    if currency is not None and currency not in names:
        raise ParameterError(f'no {of} is in currency = "{currency}"; there is {", ".join(names)}. Name one of these.')
    return currency or names[0]
