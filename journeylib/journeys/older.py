"""Old events that share a number with new ones: find them, and tell what became of them among the new ones."""

from __future__ import annotations

from pathlib import Path

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine
from journeylib.data import places
from journeylib.data.duplicates import SUSPECTS
from journeylib.data.mapping import Mapping
from journeylib.journeys.staging import RebuildError
from journeylib.schema import PLACE

__all__ = ["Older"]

_TEXTS = dict.fromkeys(["source", "event_id", "content_hash"], "string")
_KINDS = {
    **_TEXTS,
    "source_row": "int64",
    "number": "uint32",
    "content": "uint32",
    "updated_us": "Int64",
    "counts_copies": "bool",
}


class Older:
    """The old sound events of a store as `duplicates.settle` takes them, and their fates before and now.

    `events` are those that counted, with all columns of their files; `settled` the files of the others, each of
    one load; `labels` those of all files of all loads, in order.
    """

    def __init__(self, said: Mapping, events: nw.LazyFrame, settled: list[Path], labels: list[str], into: Path) -> None:
        self._copies = {source.name: source.exact_copies == "events" for source in said.sources}
        self._numbers = {label: at for at, label in enumerate(labels)}
        self._events, self._settled, self._into = events, settled, into
        self._met = pd.DataFrame()

    def __call__(self, staged: nw.LazyFrame) -> nw.LazyFrame | None:
        """Those that share a number with sound `staged` events (place, SUSPECTS); None where there are none."""
        numbers = engine.kept(staged.filter(nw.col("rule").is_null()).group_by("number").agg(rows=nw.len()))
        found = [self._accepted(numbers).assign(fate="accepted")]
        found += [engine.collect(engine.scan([path]).join(numbers, on="number", how="semi")) for path in self._settled]
        # A later load may have settled a row again.
        met = pd.concat(found, ignore_index=True).drop_duplicates(PLACE, keep="last")
        if met.empty:
            return None
        place = places.place(met["source"].map(self._numbers), met["source_row"]).astype("int64")
        self._met = met.assign(place=place)
        own = met["event_id"].where(met["content_hash"].isna())
        frame = self._met.assign(event_id=own)[["place", *SUSPECTS]].astype(_KINDS)
        engine.write(engine.from_frame(frame), self._into, order_by=["place"])
        return engine.scan([self._into])

    def gone(self, judged: nw.LazyFrame) -> pd.DataFrame:
        """The old events that no longer count (row, source), where they are `judged` together with the new ones.

        Raises RebuildError where anything else of the old has changed.
        """
        if self._met.empty:
            return pd.DataFrame({"row": pd.Series(dtype="int64"), "source": pd.Series(dtype="string")})
        again = engine.collect(judged.select("place", "fate", "event_id"))
        both = self._met.merge(again, on="place", suffixes=("", "_now"))
        is_out = (both["fate"] == "accepted") & (both["fate_now"] == "duplicate")
        is_same = both["fate"] == both["fate_now"]
        is_called = (both["fate"] != "accepted") | (both["event_id"] == both["event_id_now"])
        if not (is_out | (is_same & is_called)).all():
            raise RebuildError
        return both.loc[is_out, ["row", "source"]].astype({"row": "int64"})

    def _accepted(self, numbers: nw.LazyFrame) -> pd.DataFrame:
        columns = ["row", *PLACE, "number", "content", "event_id", "updated_us"]
        found = engine.collect(self._events.join(numbers, on="number", how="semi").select(*columns))
        # An id that a source gave has a colon; the others are a hash and which of the equal events it is.
        is_given = found["event_id"].str.contains(":", regex=False).astype(bool)
        return found.assign(
            content_hash=found["event_id"].str.slice(0, 32).where(~is_given),
            counts_copies=found["source"].str.split("/").str[0].map(self._copies),
        )
