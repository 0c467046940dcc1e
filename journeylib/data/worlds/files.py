"""Write the source files, batch by batch, each in the shape its system exports."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from journeylib.data.worlds.clock import CENTRE, SHOPS, iso_local, plain_local

__all__ = ["FILES", "Files", "event_ids"]

# By source: the file, the name of its id column, and its columns in order.
FILES: Mapping[str, tuple[str, str, list[str]]] = {
    "web": (
        "web.parquet",
        "messageId",
        ["messageId", "userId", "anonymousId", "timestamp", "event", "channel", "reason", "value", "currency"],
    ),
    "contact_centre": (
        "contact_centre.csv",
        "contact_id",
        ["contact_id", "customer", "started", "ended", "event", "channel", "intent", "team", "cost"],
    ),
    "stores": ("stores.csv", "receipt", ["receipt", "customer", "at", "event", "channel", "total", "currency"]),
    "email": ("email.parquet", "message", ["message", "customer", "at", "event", "channel", "template"]),
    "surveys": (
        "surveys.parquet",
        "response_id",
        ["response_id", "customer", "answered_at", "event", "channel", "score", "score_type", "comment"],
    ),
}

_RARE = ["previousId"]  # columns that only some worlds have


class Files:
    """The files of a world, open while it is made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, Any] = {}

    def __enter__(self) -> Files:
        """Open nothing yet; a file is opened with its first rows."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close every file."""
        for writer in self._open.values():
            writer.close()

    def write(self, batch: int, made: dict[str, pa.Table], customers: pa.Table) -> None:
        """Append one batch to all files."""
        self.append("customers.parquet", customers)
        for source, table in made.items():
            file, id_column, columns = FILES[source]
            ready = _timed(source, table).append_column(id_column, event_ids(source, batch, table["_n"]))
            self.append(file, ready.select([*columns, *(name for name in _RARE if name in ready.column_names)]))

    def append(self, file: str, table: pa.Table) -> None:
        """Append rows to one file."""
        if file not in self._open:
            path = self._folder / file
            if path.suffix == ".csv":
                self._open[file] = pyarrow.csv.CSVWriter(path, table.schema)
            else:
                self._open[file] = pyarrow.parquet.ParquetWriter(path, table.schema, compression="zstd")
        self._open[file].write_table(table)


def event_ids(source: str, batch: int, number: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write the numbers of a batch's events as the ids that its file has."""
    text = pa.compute.utf8_lpad(number.cast(pa.string()), 7, "0")
    return pa.compute.binary_join_element_wise(f"{source[:3]}{batch}", text, "-")


def _timed(source: str, table: pa.Table) -> pa.Table:
    us = table["_us"].combine_chunks()
    if source == "contact_centre":
        ended = table["_ended_us"].combine_chunks()
        return table.append_column("started", iso_local(us, CENTRE)).append_column("ended", iso_local(ended, CENTRE))
    if source == "stores":
        return table.append_column("at", plain_local(us, SHOPS, "%d/%m/%Y %H:%M:%S"))
    if source == "email":
        return table.append_column("at", pa.compute.divide(us, 1_000))
    return table.append_column("timestamp" if source == "web" else "answered_at", us.cast(pa.timestamp("us")))
