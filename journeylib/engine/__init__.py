"""Open the engine: the only folder that names DuckDB or Spark.

Tables are narwhals lazy frames over DuckDB relations, or over Spark frames when
a Spark session is passed. Here live the few native texts that narwhals cannot
say; each takes only names that this package chose, never values from data.
"""

from journeylib.engine.cutting import cut
from journeylib.engine.files import nested, numbered, read_csv, read_json, rows_in, scan, write
from journeylib.engine.listing import listing
from journeylib.engine.native import EngineError, bounded, connection
from journeylib.engine.tables import as_json, collect, digest, fingerprint, from_frame, kept, md5, query
from journeylib.engine.values import dates, decimal, instant, microseconds, midnight

__all__ = [
    "EngineError",
    "as_json",
    "bounded",
    "collect",
    "connection",
    "cut",
    "dates",
    "decimal",
    "digest",
    "fingerprint",
    "from_frame",
    "instant",
    "kept",
    "listing",
    "md5",
    "microseconds",
    "midnight",
    "nested",
    "numbered",
    "query",
    "read_csv",
    "read_json",
    "rows_in",
    "scan",
    "write",
]
