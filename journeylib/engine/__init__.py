"""Open the engine: the only folder that names DuckDB or Spark.

Tables are narwhals lazy frames over DuckDB relations, or over Spark frames when
a Spark session is passed. Here live the few native texts that narwhals cannot
say; each takes only names that this package chose, never values from data.
"""

from journeylib.engine.files import (
    ROW_GROUP,
    nested,
    numbered,
    read_csv,
    read_json,
    rows_in,
    scan,
    split,
    write,
    writer,
)
from journeylib.engine.listing import listing
from journeylib.engine.native import EngineError, bounded, connection
from journeylib.engine.tables import (
    Print,
    as_json,
    collect,
    digest,
    fingerprint,
    from_frame,
    hashed,
    kept,
    longest,
    md5,
    query,
    repeated,
)
from journeylib.engine.values import dates, decimal, instant, microseconds, midnight

__all__ = [
    "ROW_GROUP",
    "EngineError",
    "Print",
    "as_json",
    "bounded",
    "collect",
    "connection",
    "dates",
    "decimal",
    "digest",
    "fingerprint",
    "from_frame",
    "hashed",
    "instant",
    "kept",
    "listing",
    "longest",
    "md5",
    "microseconds",
    "midnight",
    "nested",
    "numbered",
    "query",
    "read_csv",
    "read_json",
    "repeated",
    "rows_in",
    "scan",
    "split",
    "write",
    "writer",
]
