"""What further files change in a store: which events come, go or have another customer, and whose journeys."""

from __future__ import annotations

from pathlib import Path

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine
from journeylib.data import identity
from journeylib.data.mapping import Mapping
from journeylib.journeys import snapshots
from journeylib.schema import EVENTS

__all__ = ["Change"]

_EARLIEST = -(2**62)  # microseconds, before any event
_WHOSE = ["customer_id", "person_id", "device_id", "known_by"]
# What says who is behind an event and, of an old one, its row and who was.
_SEEN = ["event_id", "occurred_us", "person", "alias", "device", "ids", "row", "was", "was_known"]


class Change:
    """Events that come (`fresh`), go (`gone`), have another customer (`moved`; as they were: `left`), and the others.

    `events` are those of the store, with all columns of their files; `accepted` the new ones; `gone` the rows of
    old ones that no longer count.
    """

    def __init__(
        self, said: Mapping, work: Path, events: nw.LazyFrame, accepted: nw.LazyFrame, gone: pd.DataFrame
    ) -> None:
        self._said, self._work = said, work
        rows = engine.from_frame(gone[["row"]])
        self._gone = self._written(events.join(rows, on="row", how="semi"), "gone")
        self._stays = events.join(rows, on="row", how="anti")
        fresh = self._written(accepted, "fresh")
        self.stitched = self._stitched(fresh)
        known = self._written(self.stitched.events, "known")
        ours = known.filter(nw.col("row").is_null()).select("event_id", *_WHOSE)
        self._fresh = self._written(fresh.join(ours, on="event_id", how="inner"), "called")
        is_other = (nw.col("customer_id") != nw.col("was")) | (nw.col("known_by") != nw.col("was_known"))
        moved = known.filter(~nw.col("row").is_null(), is_other).select("row", *_WHOSE)
        self._moved = self._written(self._stays.drop(*_WHOSE).join(moved, on="row", how="inner"), "moved")
        self._left = self._written(self._stays.join(moved.select("row"), on="row", how="semi"), "left")

    def printed(self) -> engine.Print:
        """The fingerprint of what comes, less that of what goes."""
        parts = (self._fresh, self._moved, self._left, self._gone)
        come, moved, left, gone = (engine.fingerprint(snapshots.content(part)) for part in parts)
        return come + moved - left - gone

    def write(
        self, journeys: nw.LazyFrame, staging: Path, generation: int, before: dict[str, str]
    ) -> tuple[dict[str, list[str]], dict[str, str]]:
        """Write the journeys that change, and which rows are withdrawn, with those `before`; name the files of both.

        `journeys` are those of the store, with all columns of their files.
        """
        whose = self._written(self._from(journeys), "whose")
        later = self._stays.join(whose, on="customer_id", how="inner").filter(
            nw.col("occurred_us") >= nw.col("from_us")
        )
        columns = [*EVENTS, "number", "content", "stretch_us"]
        staying = later.join(self._moved.select("row"), on="row", how="anti")
        again = self._written(staying.select(*columns, "row"), "again")
        coming = [part.join(whose, on="customer_id", how="left") for part in (self._moved, self._fresh)]
        rows = nw.concat([part.select(*columns) for part in (again, *coming)], how="vertical")
        size = int(engine.collect(rows.select(rows=nw.len()))["rows"][0])
        files = snapshots.write_journeys(rows, staging, self._said, rows=size, generation=generation)
        cut_again = journeys.join(whose, on="customer_id", how="inner").filter(
            nw.col("started_us") >= nw.col("from_us")
        )
        withdrawn = {}
        for name, parts in {"events": [again, self._moved, self._gone], "journeys": [cut_again]}.items():
            gone = [part.select("row") for part in parts]
            gone += [engine.scan([staging / before[name]])] if name in before else []
            withdrawn[name] = f"withdrawn-{name}-{generation:03}.parquet"
            engine.write(nw.concat(gone, how="vertical"), staging / withdrawn[name], order_by=["row"])
        return files, withdrawn

    def _stitched(self, fresh: nw.LazyFrame) -> identity.Stitched:
        """Stitch the new events together with all that their devices did before."""
        on = nw.concat([fresh.select("device"), self._gone.select(device="device_id")], how="vertical")
        devices = engine.kept(on.filter(~nw.col("device").is_null()).group_by("device").agg(rows=nw.len()))
        nothing = nw.lit(None, nw.String)
        near = self._stays.join(devices, left_on="device_id", right_on="device", how="semi").with_columns(
            person=nw.col("person_id"), device=nw.col("device_id"), ids=nw.coalesce("person_id", "device_id"),
            alias=nothing, was=nw.col("customer_id"), was_known=nw.col("known_by"),
        )  # fmt: skip
        new = fresh.with_columns(row=nw.lit(None, nw.Int64), was=nothing, was_known=nothing)
        both = nw.concat([part.select(*_SEEN) for part in (near, new)], how="vertical")
        said = self._said
        return identity.stitch(
            self._written(both, "seen"), mode=said.identity_mode, work=self._work, look_back_days=said.look_back_days,
            largest=said.largest,
        )  # fmt: skip

    def _from(self, journeys: nw.LazyFrame) -> nw.LazyFrame:
        """The customers whose journeys change, from when on, and the stretch that goes on then.

        Each is cut again from the last journey on that had begun before the change, or from the beginning.
        """
        parts = [
            part.select("customer_id", "occurred_us") for part in (self._fresh, self._gone, self._moved, self._left)
        ]
        touched = nw.concat(parts, how="vertical").group_by("customer_id").agg(since_us=nw.col("occurred_us").min())
        begun = journeys.join(touched, on="customer_id", how="inner").filter(nw.col("started_us") < nw.col("since_us"))
        last = begun.group_by("customer_id").agg(from_us=nw.col("started_us").max())
        at = begun.join(last, on="customer_id", how="inner").filter(nw.col("started_us") == nw.col("from_us"))
        # A journey that was cut off by its length goes on within the stretch that began before it.
        cut_off = nw.when(nw.col("stretch_us") < nw.col("started_us")).then(nw.col("stretch_us"))
        at = at.select("customer_id", "from_us", stretch_us=cut_off)
        whose = touched.join(at, on="customer_id", how="left")
        return whose.with_columns(nw.col("from_us").fill_null(_EARLIEST))

    def _written(self, table: nw.LazyFrame, name: str) -> nw.LazyFrame:
        path = self._work / f"{name}.parquet"
        engine.write(table, path, order_by=[], is_kept=False)
        return engine.scan([path])
