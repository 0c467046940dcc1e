"""Open the engine: the only folder that names DuckDB or Spark.

Tables are narwhals lazy frames over DuckDB relations, or over Spark frames when
a Spark session is passed. Here live the few native texts that narwhals cannot
say; each takes only names that this package chose, never values from data.
"""

from journeylib.engine.files import (
    ROW_GROUP,
    nested,
    numbered,
    picked,
    read_csv,
    read_json,
    rows_in,
    scan,
    split,
    write,
    writer,
)
from journeylib.engine.hashes import Print, digest, fingerprint, hashed, md5, repeated
from journeylib.engine.listing import listing
from journeylib.engine.native import EngineError, bounded, connection
from journeylib.engine.orders import firsts, listed, nth
from journeylib.engine.session import chosen, lacking, on, session, version
from journeylib.engine.spread import each, sorted_into, stored
from journeylib.engine.tables import as_json, collect, fetched, from_frame, kept, noted, query
from journeylib.engine.values import dates, decimal, instant, longest, microseconds, midnight

__all__ = [
    "ROW_GROUP",
    "EngineError",
    "Print",
    "as_json",
    "bounded",
    "chosen",
    "collect",
    "connection",
    "dates",
    "decimal",
    "digest",
    "each",
    "fetched",
    "fingerprint",
    "firsts",
    "from_frame",
    "hashed",
    "instant",
    "kept",
    "lacking",
    "listed",
    "listing",
    "longest",
    "md5",
    "microseconds",
    "midnight",
    "nested",
    "noted",
    "nth",
    "numbered",
    "on",
    "picked",
    "query",
    "read_csv",
    "read_json",
    "repeated",
    "rows_in",
    "scan",
    "session",
    "sorted_into",
    "split",
    "stored",
    "version",
    "write",
    "writer",
]
