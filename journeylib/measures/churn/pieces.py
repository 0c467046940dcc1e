"""Parts of the customers, chosen by a hash of their id: the same ones each time and on every engine."""

from __future__ import annotations

import narwhals.stable.v2 as nw

from journeylib import engine

__all__ = ["part", "piece"]


def piece(table: nw.LazyFrame, begins: str) -> nw.LazyFrame:
    """Keep the rows of the customers whose md5 begins so, lazily: a sixteenth of them for each digit."""
    hashed = engine.md5(table, "customer_id", "_piece")
    return hashed.filter(nw.col("_piece").str.starts_with(begins)).drop("_piece")


def part(table: nw.LazyFrame, size: int, most: int) -> nw.LazyFrame:
    """Keep all of a table of about `size` rows, or of more than `most` so many customers that about as many stay."""
    digits = 0
    while size > most * 16**digits:
        digits += 1
    return piece(table, "0" * digits) if digits else table
