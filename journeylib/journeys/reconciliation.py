"""Account for every record: accepted, quarantined or a duplicate, against what separate code counted."""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine
from journeylib.data import quality
from journeylib.data.mapping import Mapping
from journeylib.errors import QuarantineError, SourceError
from journeylib.journeys.staging import Staged
from journeylib.schema import PLACE

__all__ = ["counts", "reconcile", "rejected"]


def counts(found: Staged) -> pd.DataFrame:
    """Rows by kind of source, source and fate."""
    return pd.concat(
        {kind: _counts(table, found.judged[kind]) for kind, table in found.tables.items()}, names=["kind", None]
    ).reset_index("kind")


def _counts(table: nw.LazyFrame, judged: nw.LazyFrame) -> pd.DataFrame:
    by = ["source", "fate"]
    read = table.with_columns(fate=nw.coalesce("rule", nw.lit("accepted"))).group_by(*by).agg(rows=nw.len())
    others = judged.filter(nw.col("fate") != "accepted").group_by(*by).agg(rows=nw.len())
    moved = engine.collect(others, order_by=by)
    # What was judged otherwise is none of the accepted.
    every = pd.concat([engine.collect(read, order_by=by), moved, moved.assign(fate="accepted", rows=-moved["rows"])])
    whole = every.groupby(by, as_index=False)["rows"].sum()
    there: pd.DataFrame = whole[whole["rows"] > 0]
    return there.reset_index(drop=True)


def rejected(found: Staged) -> pd.DataFrame:
    """The rejected rows: source, source_row and rule."""
    tables = []
    for kind, table in found.tables.items():
        unfit = found.judged[kind].filter(~nw.col("fate").is_in(["accepted", "duplicate"]))
        tables += [
            table.filter(~nw.col("rule").is_null()).select(*PLACE, "rule"),
            unfit.select(*PLACE, rule=nw.col("fate")),
        ]
    every = pd.concat([engine.collect(table) for table in tables], ignore_index=True)
    return every.sort_values(PLACE, ignore_index=True)


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
