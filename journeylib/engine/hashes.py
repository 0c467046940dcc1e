"""What tells rows apart: hashes of cells, and the fingerprint of a whole table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import narwhals.stable.v2 as nw

from journeylib.engine.native import added, quoted

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Print", "digest", "fingerprint", "hashed", "md5", "repeated"]

_SORTED_AT_ONCE = 50_000_000  # numbers


def md5(table: nw.LazyFrame, column: str, into: str) -> nw.LazyFrame:
    """Add `into`: the md5 of a text column as 32 hexadecimal digits, the same on every engine."""
    return added(table, {into: f"md5({quoted(column)})"}, spark={into: f"md5(`{column}`)"})


def digest(table: nw.LazyFrame, columns: Sequence[str], into: str, *, known: str | None = None) -> nw.LazyFrame:
    """Add `into`: the md5 of the cells in `columns`, equal for rows with equal cells; null where `known` is filled."""
    # Escaped, so that no cell can end another or pass for an empty one.
    texts = (f"CAST({quoted(name)} AS VARCHAR)" for name in columns)
    escaped = (f"replace(replace({text}, chr(27), chr(27) || '0'), chr(31), chr(27) || '1')" for text in texts)
    made = f"md5(concat_ws(chr(31), {', '.join(f'coalesce({cell}, chr(27))' for cell in escaped)}))"
    if known:
        made = f"CASE WHEN {quoted(known)} IS NULL THEN {made} END"
    return added(table, {into: made})


def hashed(table: nw.LazyFrame, columns: Sequence[str], into: str) -> nw.LazyFrame:
    """Add `into`: a number of 32 bits, equal for rows with equal cells in `columns` and seldom for others."""
    return added(table, {into: f"CAST(hash({', '.join(map(quoted, columns))}) >> 32 AS UINTEGER)"})


def repeated(table: nw.LazyFrame, column: str) -> pd.DataFrame:
    """Find the numbers (from `hashed`) that several rows of a table carry, each once.

    So many at a time are sorted that memory stays flat.
    """
    import numpy as np
    import pandas as pd

    numbers, found = table.to_native().select(quoted(column)), []
    [(rows,)] = numbers.aggregate("count(*)").fetchall()
    parts = max(1, -(-rows // _SORTED_AT_ONCE))
    for part in range(parts):
        some = numbers.filter(f"{quoted(column)} % {parts} = {part}") if parts > 1 else numbers
        each = some.fetchnumpy()[column]
        each.sort()
        found.append(np.unique(each[1:][each[1:] == each[:-1]]))
    return pd.DataFrame({column: np.concatenate(found)})


@dataclass(frozen=True)
class Print:
    """What tells the rows of a table, whatever their order: their number, and sums of two hashes of each.

    Prints of tables with the same columns can be added, and taken away where the rows go.
    """

    rows: int
    once: int
    again: int
    columns: str

    def __str__(self) -> str:
        return f"{self.rows}-{self.once:016x}{self.again:016x}-{self.columns}"

    def __add__(self, other: Print) -> Print:
        return self._with(other, 1)

    def __sub__(self, other: Print) -> Print:
        return self._with(other, -1)

    def _with(self, other: Print, sign: int) -> Print:
        assert self.columns == other.columns
        sums = (self.once + sign * other.once) % 2**64, (self.again + sign * other.again) % 2**64
        return Print(self.rows + sign * other.rows, *sums, self.columns)

    @classmethod
    def read(cls, text: str) -> Print:
        """Read what `str` made of one.

        >>> str(Print.read("2-00000000000000010000000000000003-ab"))
        '2-00000000000000010000000000000003-ab'
        """
        rows, sums, columns = text.split("-")
        return cls(int(rows), int(sums[:16], 16), int(sums[16:], 16), columns)


def fingerprint(table: nw.LazyFrame) -> Print:
    """Fingerprint the rows of a table, whatever their order."""
    columns = sorted(table.collect_schema().names())
    cells = ", ".join(quoted(name) for name in columns)
    total = f"count(*), coalesce(sum(hash({cells})), 0), coalesce(sum(hash('again', {cells})), 0)"
    [(rows, once, again)] = table.to_native().aggregate(total).fetchall()
    return Print(int(rows), int(once % 2**64), int(again % 2**64), _short(columns))


def _short(names: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(list(names)).encode()).hexdigest()[:8]
