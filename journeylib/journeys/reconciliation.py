"""Account for every record: accepted, quarantined or a duplicate, against what separate code counted."""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine
from journeylib.data import quality
from journeylib.data.mapping import Mapping
from journeylib.errors import QuarantineError, SourceError
from journeylib.schema import PLACE

__all__ = ["counts", "reconcile", "rejected"]


def counts(settled: dict[str, nw.LazyFrame]) -> pd.DataFrame:
    """Rows by kind of source, source and fate."""
    by = ["source", "fate"]
    each = {
        kind: engine.collect(table.group_by(*by).agg(rows=nw.len()), order_by=by) for kind, table in settled.items()
    }
    return pd.concat(each, names=["kind", None]).reset_index("kind")


def rejected(settled: dict[str, nw.LazyFrame]) -> pd.DataFrame:
    """The rejected rows: source, source_row and rule."""
    unfit = ~nw.col("fate").is_in(["accepted", "duplicate"])
    tables = [table.filter(unfit).select(*PLACE, rule=nw.col("fate")) for table in settled.values()]
    return pd.concat([engine.collect(table, order_by=PLACE) for table in tables], ignore_index=True)


def reconcile(records: dict[str, int], counts: pd.DataFrame, said: Mapping) -> None:
    """Raise where rows are missing or too many are unfit; `counts` is what `counts` gives, `records` are by source."""
    total = sum(records.values())
    if not total:
        raise SourceError("the sources hold a header and no rows. Nothing was loaded; export them again.")
    found = counts.groupby(counts["source"].str.partition("/")[0])["rows"].sum()
    for name, rows in records.items():
        if rows != found.get(name, 0):
            raise SourceError(
                f"source {name} holds {rows:,} records and {found.get(name, 0):,} were settled. Nothing was loaded; "
                "please report this with the mapping."
            )
    fates = counts.groupby("fate")["rows"].sum()
    bad = fates.drop(labels=["accepted", "duplicate"], errors="ignore")
    if bad.sum() > said.quarantined_share * total:
        raise QuarantineError(
            f"{bad.sum():,} of {total:,} rows are unfit, {bad.sum() / total:.1%}; the limit is "
            f"{said.quarantined_share:.1%} (quarantined_share under [limits]). The store is unchanged. "
            f"{_why(counts, bad)}"
        )
    if not len(counts[(counts["kind"] == "events") & (counts["fate"] == "accepted")]):
        raise SourceError(f"no event can be accepted. {_why(counts, bad)}")


def _why(counts: pd.DataFrame, bad: pd.Series[Any]) -> str:
    """The three commonest reasons, each with its remedy."""
    unfit = counts[counts["fate"].isin(bad.index)].sort_values("rows", ascending=False)
    return "; ".join(
        f"{row['rows']:,} rows of {row['source']}: {quality.rule_named(row['fate']).sentence} ({row['fate']}) – "
        f"{quality.rule_named(row['fate']).remedy}"
        for row in unfit.head(3).to_dict("records")
    )
