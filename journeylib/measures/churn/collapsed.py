"""Followed customers as counts: one pass over the customers, however many curves and tests follow.

Every measure that needs only counts by day asks the engine for them, one query each. Of a hundred million
customers that is a second each time; of their counts, nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine
from journeylib.errors import ParameterError
from journeylib.measures.churn.counts import MANY, Counts, cause_of, counted, in_order, names_of, paired

__all__ = ["collapsed"]

_OWN = ("customer_id", "entry_day", "day", "has_left", "zero_us", MANY)


def collapsed(followed: nw.LazyFrame, by: Sequence[str] = ()) -> nw.LazyFrame:
    """Count followed customers now, by the columns `by`, day and cause, and give a table of the counts.

    A row has entry_day, day, has_left, the cause where there is one, the columns `by`, and `customers`: how many it
    stands for. It has no customer_id, as it is nobody. `curve`, `median`, `left`, `rmst`, `stay`,
    `cumulative_hazard`, `hazard`, `incidence`, `incidence_at`, `logrank` and `compare` give of it exactly what they
    give of the customers, by or within any of `by`. A table lives in memory, on DuckDB, wherever the customers are.

    Who had which pair of entry and exit is not kept, which nothing here depends on: the earliest entries stand beside
    the earliest exits. Customers with several rows are refused: counts do not say which rows are the same
    customer's, so intervals could not allow for it. Raises ParameterError.

    >>> from journeylib.measures.churn import curve, from_frame
    >>> frame = pd.DataFrame({"day": [2, 4, 4, 4, 9], "left": [1, 1, 1, 0, 0], "plan": ["a", "a", "a", "b", "b"]})
    >>> counts = collapsed(from_frame(frame, duration="day", event="left", by="plan"), "plan")
    >>> engine.collect(counts, order_by=["plan", "day"])
      plan  entry_day  day  has_left  customers
    0    a          0    2      True          1
    1    a          0    4      True          2
    2    b          0    4     False          1
    3    b          0    9     False          1
    """
    schema, names = followed.collect_schema(), names_of(by)
    if "is_first" in schema.names():
        raise ParameterError(
            "some customers have several rows, and counts do not say which are the same customer's, so that no "
            "interval could allow for it. Measure the followed table itself, which does."
        )
    if taken := [name for name in names if name in _OWN]:
        raise ParameterError(f"by = {', '.join(taken)} is what is counted. Name columns that make groups.")
    cause = cause_of(schema.names())
    found = counted(followed, names, by_cause=True)
    parts = [_rows(one, names, cause) for one in found] if not isinstance(found, str) else []
    told = [cause] if cause is not None and cause not in names else []
    columns = [*names, "entry_day", "day", "has_left", *told, MANY]
    made = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    texts = [name for name in columns if schema.get(name) == nw.String]
    kinds = {"entry_day": "int64", "day": "int64", "has_left": "bool", MANY: "int64"}
    return engine.from_frame(made[columns].astype(kinds | dict.fromkeys(texts, "string")))


def _rows(one: Counts, names: Sequence[str], cause: str | None) -> pd.DataFrame:
    """One group's counts as rows."""
    staying = one.exits.sub(one.left, fill_value=0).astype(int)
    ends = [(day, (False, ""), n) for day, n in in_order(staying) if n]
    ends += [(day, (True, why), n) for why, left in one.left_by.items() for day, n in in_order(left)]
    rows = paired(one.entries, sorted(ends))
    rows["has_left"] = [has_left for has_left, _ in rows["what"]]
    if cause is not None:
        rows[cause] = [why if has_left else None for has_left, why in rows["what"]]
    return rows.assign(**dict(zip(names, one.group, strict=True)))
