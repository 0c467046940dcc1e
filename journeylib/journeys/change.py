"""What further files change in a store: which events come, go or have another customer, and whose journeys."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np

from journeylib import engine
from journeylib.data.mapping import Mapping
from journeylib.journeys import snapshots, summary
from journeylib.journeys.stitching import Stitching
from journeylib.schema import EVENTS

__all__ = ["Change"]

_WHOSE = ["customer_id", "person_id", "device_id", "known_by"]


class Change:
    """Events that come (`fresh`), go (`gone`), have another customer (`moved`; as they were: `left`), and the others.

    `journeys` are those of the store, with all columns of their files; `files` those of its events.
    """

    def __init__(self, said: Mapping, work: Path, journeys: nw.LazyFrame, files: list[Path], who: Stitching) -> None:
        self._said, self._work, self._journeys = said, work, journeys
        known = self._written(who.stitched.events, "known")
        ours = known.filter(nw.col("row").is_null()).select("event_id", *_WHOSE)
        self._fresh = self._written(who.fresh.join(ours, on="event_id", how="inner"), "called")
        is_other = (nw.col("customer_id") != nw.col("was")) | (nw.col("known_by") != nw.col("was_known"))
        moves = self._written(known.filter(~nw.col("row").is_null(), is_other), "moves")

        parts = [self._fresh, who.gone, moves, moves.with_columns(customer_id=nw.col("was"))]
        self._whose(nw.concat([part.select("customer_id", "occurred_us") for part in parts], how="vertical"))
        old = engine.picked(files, "row", self._rows(), work / "old.parquet")
        self._gone = self._written(old.join(who.gone, on="row", how="semi"), "gone")
        self._left = self._written(old.join(moves, on="row", how="semi"), "left")
        self._moved = self._written(
            self._left.drop(*_WHOSE).join(moves.select("row", *_WHOSE), on="row", how="inner"), "moved"
        )
        other = nw.concat([part.select("row") for part in (self._gone, self._left)], how="vertical")
        self._again = old.join(other, on="row", how="anti")

    def write(
        self, staging: Path, generation: int, before: dict[str, str]
    ) -> tuple[dict[str, list[str]], dict[str, str]]:
        """Write the journeys that change, and which rows are withdrawn, with those `before`; name the files of both."""
        columns = [*EVENTS, "number", "content", "stretch_us"]
        stretch = self._theirs.group_by("customer_id").agg(nw.col("stretch_us").max())
        parts = [
            part.join(stretch, on="customer_id", how="left").select(*columns)
            for part in (self._again, self._moved, self._fresh)
        ]
        rows = self._written(nw.concat(parts, how="vertical"), "rows")
        size = engine.rows_in(self._work / "rows.parquet")
        self._files = snapshots.write_journeys(rows, staging, self._said, rows=size, generation=generation)
        cut_again, withdrawn = self._theirs.filter(nw.col("is_cut")), {}
        for name, parts in {"events": [self._again, self._left, self._gone], "journeys": [cut_again]}.items():
            gone = [part.select("row") for part in parts]
            gone += [engine.scan([staging / before[name]])] if name in before else []
            withdrawn[name] = f"withdrawn-{name}-{generation:03}.parquet"
            engine.write(nw.concat(gone, how="vertical"), staging / withdrawn[name], order_by=["row"])
        return self._files, withdrawn

    def summary(self, facts: dict[str, Any], staging: Path, events: nw.LazyFrame) -> summary.Summary:
        """Summarise the store's `events`, once this is written, by what the manifest's `facts` said of those before."""
        new = engine.scan([staging / name for name in self._files["journeys"]]).select("customer_id")
        stays = self._theirs.filter(~nw.col("is_cut")).select("customer_id")
        now = nw.concat([stays, new], how="vertical")
        customers = [
            engine.collect(each.group_by("customer_id").agg(rows=nw.len()).select(customers=nw.len()))["customers"][0]
            for each in (now, self._theirs)
        ]
        return summary.carried(
            facts,
            events,
            come=[self._fresh, self._moved],
            gone=[self._left, self._gone],
            customers=int(customers[0]) - int(customers[1]),
            is_fewer=engine.rows_in(self._work / "gone.parquet") > 0,
        )

    def _whose(self, touched: nw.LazyFrame) -> None:
        """Find all journeys of the customers whom events concern (`theirs`), and which of them are cut again.

        Those are the ones from the last that had begun before the customer's first such event, where no silence ends
        it before that, to the next silence after the last one. There, everything goes on as it was.
        """
        occurred, gap = nw.col("occurred_us"), timedelta(days=self._said.gap_days) // timedelta(microseconds=1)
        touched = touched.group_by("customer_id").agg(since_us=occurred.min(), until_us=occurred.max())
        theirs = self._written(self._journeys.join(touched, on="customer_id", how="inner"), "journeys")
        started, stretch, since = nw.col("started_us"), nw.col("stretch_us"), nw.col("since_us")
        begun = theirs.filter(started < since).group_by("customer_id").agg(from_us=started.max())
        at = theirs.join(begun, on="customer_id", how="inner").filter(
            started == nw.col("from_us"), nw.col("ended_us") >= since - gap
        )
        # A journey that was cut off by its length goes on within the stretch that began before it.
        at = at.select("customer_id", "from_us", goes_on_us=nw.when(stretch < started).then(stretch))
        # One that its length cut off from the one before hangs together with that.
        free = theirs.filter(started > nw.col("until_us") + gap, stretch == started)
        free = free.group_by("customer_id").agg(free_us=started.min())
        found = theirs.join(at, on="customer_id", how="left").join(free, on="customer_id", how="left")
        is_cut = (started >= nw.coalesce("from_us", "since_us")) & (
            nw.col("free_us").is_null() | (started < nw.col("free_us"))
        )
        found = found.select("customer_id", "row", "first_row", "steps", is_cut=is_cut, stretch_us=nw.col("goes_on_us"))
        self._theirs = self._written(found, "theirs")

    def _rows(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The numbers of the events of journeys that are cut again, sorted: those of each stand one after the other."""
        cut = engine.collect(self._theirs.filter(nw.col("is_cut")).select("first_row", "steps"), order_by=["first_row"])
        steps, first = cut["steps"].to_numpy(), cut["first_row"].to_numpy()
        before = np.cumsum(steps) - steps
        return np.repeat(first - before, steps) + np.arange(steps.sum())

    def _written(self, table: nw.LazyFrame, name: str) -> nw.LazyFrame:
        return engine.stored(table, self._work / f"{name}.parquet")
