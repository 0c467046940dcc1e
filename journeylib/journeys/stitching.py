"""Say whose the events of further files are, and who is now behind old ones on their devices."""

from __future__ import annotations

from pathlib import Path

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine
from journeylib.data import identity, sightings
from journeylib.data.mapping import Mapping

__all__ = ["Stitching"]

# What says who is behind an event and, of an old one, its row and who was.
_SEEN = ["event_id", "occurred_us", "person", "alias", "device", "ids", "row", "was", "was_known"]
_OLD = ["row", "event_id", "occurred_us", "customer_id", "person_id", "device_id", "known_by"]


class Stitching:
    """New events (`fresh`) stitched with those old ones whose customer depends on them; old ones that go (`gone`).

    `events` are those of the store, with all columns of their files; `accepted` the new ones; `gone` the rows of
    old ones that no longer count; `sights` the sightings of `events`.
    """

    def __init__(
        self,
        said: Mapping,
        work: Path,
        events: nw.LazyFrame,
        accepted: nw.LazyFrame,
        gone: pd.DataFrame,
        sights: nw.LazyFrame,
    ) -> None:
        self._said, self._work, self._sights = said, work, sights
        self.fresh = self._written(accepted, "fresh")
        rows = engine.from_frame(gone[["row"]])
        old = events.select(*_OLD)
        going = old.join(rows, on="row", how="semi") if len(gone) else old.head(0)
        self.gone = self._written(going, "going")
        self._stays = old.join(rows, on="row", how="anti") if len(gone) else old
        self.stitched = self._stitched()

    def sights(self) -> nw.LazyFrame:
        """The sightings of all events, the new ones too."""
        device = nw.col("device")
        apart = self._sights.filter(~device.is_null()).join(self._devices, on="device", how="anti")
        gone = self._as_new(self.gone).filter(device.is_null()).with_columns(rows=nw.lit(-1).cast(nw.Int64))
        gone = gone.select("device", "person", first_us=nw.col("occurred_us"), rows=nw.col("rows"))
        parts = [self._sights.filter(device.is_null()), self._new.filter(device.is_null()), gone]
        columns = ["device", "person", "first_us", "rows"]
        whole = [apart, self._now, sightings.together(parts)]
        return nw.concat([part.select(*columns) for part in whole], how="vertical")

    def _stitched(self) -> identity.Stitched:
        """Stitch the new events together with what their devices did before, where that may change or is asked for."""
        device = nw.col("device")
        self._new = self._written(sightings.sighted(identity.narrowed(self.fresh)), "new")
        lost = self.gone.filter(~nw.col("device_id").is_null()).group_by("device_id").agg(rows=nw.len())
        lost = self._written(lost.select(device="device_id"), "lost")
        on = nw.concat([self._new.select("device"), lost.select("device")], how="vertical").filter(~device.is_null())
        self._devices = self._written(on.group_by("device").agg(rows=nw.len()).select("device"), "on")
        before = self._written(self._sights.join(self._devices, on="device", how="semi"), "before")
        now = self._written(sightings.together([before, self._new.filter(~device.is_null())]), "sights")
        near = self._near(self._concerned(before, now, lost))
        new = self.fresh.with_columns(
            row=nw.lit(None, nw.Int64), was=nw.lit(None, nw.String), was_known=nw.lit(None, nw.String)
        )
        both = self._written(nw.concat([part.select(*_SEEN) for part in (near, new)], how="vertical"), "both")
        # First instants cannot be taken away: where events go, the device is looked at again.
        again = sightings.sighted(identity.narrowed(both.join(lost, on="device", how="semi")))
        columns = ["device", "person", "first_us", "rows"]
        parts = [now.join(lost, on="device", how="anti"), again]
        self._now = self._written(nw.concat([part.select(*columns) for part in parts], how="vertical"), "now")
        said = self._said
        return identity.stitch(
            both, sights=self._now, mode=said.identity_mode, work=self._work, look_back_days=said.look_back_days,
            largest=said.largest,
        )  # fmt: skip

    def _concerned(self, before: nw.LazyFrame, now: nw.LazyFrame, lost: nw.LazyFrame) -> nw.LazyFrame:
        """Of devices with events before, those of several persons, those with an earlier log-in, and the `lost` ones.

        On the others every old event is whose it was: a device's one person and the first log-in decide.
        """
        was = sightings.devices(before).select("device", was_us="login_us")
        both = sightings.devices(now).join(was, on="device", how="inner")
        login, was_us = nw.col("login_us"), nw.col("was_us")
        is_earlier = ~login.is_null() & (was_us.is_null() | (login < was_us))
        found = both.filter((nw.col("person") != nw.col("last_person")) | is_earlier).select("device")
        whole = nw.concat([found, lost.select("device")], how="vertical").group_by("device").agg(rows=nw.len())
        return self._written(whole.select("device"), "concerned")

    def _near(self, devices: nw.LazyFrame) -> nw.LazyFrame:
        """The old events of these devices that stay."""
        there = self._stays.join(devices, left_on="device_id", right_on="device", how="semi")
        return self._as_new(self._written(there, "near"))

    @staticmethod
    def _as_new(events: nw.LazyFrame) -> nw.LazyFrame:
        """Old events as they would come."""
        return events.select(
            "event_id", "occurred_us", "row", person=nw.col("person_id"), alias=nw.lit(None, nw.String),
            device=nw.col("device_id"), ids=nw.coalesce("person_id", "device_id"), was=nw.col("customer_id"),
            was_known=nw.col("known_by"),
        )  # fmt: skip

    def _written(self, table: nw.LazyFrame, name: str) -> nw.LazyFrame:
        return engine.stored(table, self._work / f"{name}.parquet")
