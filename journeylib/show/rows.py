"""Read a record back: its rows, the label of each, and whether it may be shown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from journeylib.schema import COUNTS, RESULT
from journeylib.show.language import say

__all__ = ["Row", "rows"]

# Columns that hold an answer; the columns before the first of them name the group.
_NAMED = {"day", "period_on", "step", "source", "target", "outcome", "measure", "group", "baseline"}
_ANSWERS = {*RESULT, *COUNTS, *_NAMED, "p"}


@dataclass(frozen=True)
class Row:
    """One row of a record; `state` is "shown", "few" (not enough data) or "hidden" (by disclosure)."""

    label: str
    state: str
    values: Mapping[str, Any]
    place: int = 0

    @property
    def estimate(self) -> float:
        """Give the estimate of a shown row; not a number where there is none."""
        return _float(self.values.get("estimate"))

    @property
    def low(self) -> float:
        """Give the lower end of the interval."""
        return _float(self.values.get("low"))

    @property
    def high(self) -> float:
        """Give the upper end of the interval."""
        return _float(self.values.get("high"))

    @property
    def n(self) -> int | None:
        """Give the customers behind the row; None where hidden."""
        return self.values.get("n")


def rows(record: Mapping[str, Any]) -> list[Row]:
    """Give the rows of a record with the label of their group and their state.

    A row is "hidden" where disclosure says so, "few" where `is_enough` is false.

    >>> record = {"columns": ["plan", "n", "is_enough"], "rows": [["annual", 12, False]], "hidden": []}
    >>> rows(record)[0].label, rows(record)[0].state
    ('annual', 'few')
    """
    columns = record["columns"]
    groups = [column for i, column in enumerate(columns) if not _ANSWERS & set(columns[: i + 1])]
    hidden = set(record.get("hidden") or ())
    made = []
    for i, cells in enumerate(record["rows"]):
        values = dict(zip(columns, cells, strict=True))
        state = "hidden" if i in hidden else "few" if values.get("is_enough") is False else "shown"
        label = " · ".join(say("unknown") if values[group] in (None, "") else str(values[group]) for group in groups)
        made.append(Row(label, state, values, i))
    return made


def _float(value: Any) -> float:
    return math.nan if value is None else float(value)
