"""Read source files: their rows under canonical names, every row with its rule or none.

`stage` keeps each row of a file exactly once and changes no value that it cannot
read: such a row carries the id of the rule it breaks and its original text.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import os
from pathlib import Path

import narwhals.stable.v2 as nw

from journeylib import engine
from journeylib.data import quality
from journeylib.data.mapping import Source
from journeylib.errors import SourceError
from journeylib.schema import EVENTS

__all__ = ["columns", "count_records", "open_file", "sha256", "stage"]

# Currencies whose minor unit is not a hundredth (ISO 4217); the rest have two decimals.
_DECIMALS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "BHD": 3, "JOD": 3, "KWD": 3, "OMR": 3, "TND": 3}
_THEIRS = "their "  # stands before a file's own column names, so that none of them is taken for one of ours
_TEXTS = [
    "event_id", "occurred_at", "touchpoint", "channel", "ended_at", "stage", "score", "score_type", "revenue",
    "currency", "cost", "reason", "resource", "text", "updated_at",
]  # fmt: skip


def open_file(path: Path, *, delimiter: str = ",") -> nw.LazyFrame:
    """Open one source file lazily by its ending: .parquet, .csv, .tsv or .txt, the last three also gzipped."""
    kind = path.name.lower().removesuffix(".gz").rsplit(".", 1)[-1]
    if kind == "parquet":
        return engine.scan([path])
    if kind in {"csv", "tsv", "txt"}:
        return engine.read_csv(path, delimiter="\t" if kind == "tsv" else delimiter)
    raise SourceError(f"{path} ends in .{kind}, which is not read. Bring it as .parquet or .csv.")


def columns(path: Path, *, delimiter: str = ",") -> dict[str, nw.dtypes.DType]:
    """The columns of a source file with their types.

    Raises SourceError where the file cannot be opened, naming it and what is wrong.
    """
    try:
        return dict(open_file(path, delimiter=delimiter).collect_schema())
    except (engine.EngineError, OSError) as error:
        raise SourceError(f"{path} cannot be read: {_first_line(error)} Export it again.") from None


def count_records(path: Path, *, delimiter: str = ",") -> int:
    """Count the data rows of a source file by other code than the engine's reader."""
    if path.suffix.lower() == ".parquet":
        import pyarrow.parquet

        return int(pyarrow.parquet.read_metadata(path).num_rows)
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    csv.field_size_limit(2**31 - 1)
    with opened(path, "rt", encoding="utf-8-sig", newline="") as lines:
        reader = csv.reader(lines, delimiter="\t" if ".tsv" in path.name.lower() else delimiter)
        next(reader, None)
        return sum(1 for record in reader if record)


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def stage(source: Source, path: Path) -> nw.LazyFrame:
    """Read one file of a source: canonical columns, `source`, `source_row`, `rule`, `hint` and `original`.

    `rule` is null for a sound row; `content_hash` is equal for exact copies only. `ids` is
    the row's most trusted id, `person` that id where it came from any id column but the last
    (or from the only one), `device` the last of several id columns'.
    """
    there = columns(path, delimiter=source.delimiter)
    _check_columns(source, path, list(there))
    raw = engine.originals(open_file(path, delimiter=source.delimiter), _THEIRS)
    raw = raw.with_columns(source=nw.lit(_label(source, path)))
    rows = _events(source, raw, list(there)) if source.kind == "events" else _customers(source, raw, list(there))
    return engine.md5(rows, "content", "content_hash").drop("content")


def _label(source: Source, path: Path) -> str:
    """Name a file within its source: by its path below the folder that all files of the source share."""
    if len(source.files) == 1:
        return source.name
    return f"{source.name}/{path.relative_to(os.path.commonpath([file.parent for file in source.files])).as_posix()}"


def _check_columns(source: Source, path: Path, there: list[str]) -> None:
    wanted = [name for theirs in source.columns.values() for name in theirs] + list(source.attributes.values())
    missing = sorted(set(wanted) - set(there))
    if missing:
        raise SourceError(
            f"{path} lacks {', '.join(missing)}; it has {', '.join(there)}. "
            f'Name its own columns under [source.columns] of source "{source.name}" in the mapping.'
        )


def _cells(source: Source, name: str) -> list[nw.Expr]:
    """The source's columns for a canonical one, in order of trust, as texts with blanks as null."""
    return [_filled(theirs) for theirs in source.columns.get(name, ())]


def _filled(theirs: str) -> nw.Expr:
    text = nw.col(_THEIRS + theirs).cast(nw.String)
    return nw.when(text.str.strip_chars() != "").then(text)


def _first(cells: list[nw.Expr]) -> nw.Expr:
    return nw.coalesce(*cells) if len(cells) > 1 else cells[0]


def _text(source: Source, name: str) -> nw.Expr:
    cells = _cells(source, name)
    if not cells:
        return nw.lit(source.constants.get(name), nw.String)
    return _first(cells)


def _events(source: Source, raw: nw.LazyFrame, there: list[str]) -> nw.LazyFrame:
    for name, into in [("occurred_at", "occurred_us"), ("ended_at", "ended_us"), ("updated_at", "updated_us")]:
        theirs = source.columns.get(name)
        if theirs:
            raw = engine.instant(raw, _THEIRS + theirs[0], into, form=source.time_format, zone=source.zone)
        else:
            nothing = [nw.lit(None, nw.String).alias(into + beside) for beside in ("_fault", "_precision")]
            raw = raw.with_columns(nw.lit(None, nw.Int64).alias(into), *nothing)
    ids = _cells(source, "customer_id") or [nw.lit(source.constants.get("customer_id"), nw.String)]
    named = {name: _text(source, name) for name in _TEXTS}
    named["score_type"] = named["score_type"].str.strip_chars().str.to_lowercase()
    named["currency"] = named["currency"].str.strip_chars().str.to_uppercase()
    kept = raw.select(
        "source", "source_row", "original", "occurred_us", "ended_us", "updated_us",
        "occurred_us_fault", "ended_us_fault", "updated_us_fault",
        time_precision=nw.col("occurred_us_precision"),
        ids=_first(ids),
        person=_first(ids[:-1] or ids),
        device=ids[-1] if len(ids) > 1 else nw.lit(None, nw.String),
        content=_content(there),
        **named,
    )  # fmt: skip
    for name in ["score", "revenue", "cost"]:
        kept = engine.decimal(kept, name, f"{name}_micro")
    ruled = kept.with_columns(rule=quality.broken_rule("events"))
    micro, scale = nw.col("score_micro"), _minor_scale()
    return ruled.with_columns(
        score=micro.cast(nw.Float64) / 1_000_000,
        revenue_minor=_minor("revenue_micro", scale),
        cost_minor=_minor("cost_micro", scale),
        event_id=nw.when(~nw.col("event_id").is_null()).then(
            nw.concat_str([nw.lit(source.name), nw.col("event_id")], separator=":")
        ),
    )


def _minor_scale() -> nw.Expr:
    """How many millionths make one minor unit of the row's currency."""
    scale: nw.Expr = nw.lit(10_000)
    for currency, decimals in _DECIMALS.items():
        scale = nw.when(nw.col("currency") == currency).then(nw.lit(10 ** (6 - decimals))).otherwise(scale)
    return scale


def _minor(micro: str, scale: nw.Expr) -> nw.Expr:
    return (nw.col(micro) / scale).round(0).cast(nw.Int64)


def _content(there: list[str]) -> nw.Expr:
    """The whole row as one text: equal for exact copies only."""
    return nw.concat_str([nw.col(_THEIRS + name).cast(nw.String).fill_null("\x1e") for name in there], separator="\x1f")


def _customers(source: Source, raw: nw.LazyFrame, there: list[str]) -> nw.LazyFrame:
    """Read customers: signed_up_on and ended_on are calendar dates, valid_from is an instant like an event's."""
    dated, form, zone = raw, source.time_format, source.zone or "UTC"
    for name, read in [
        ("signed_up_on", engine.midnight), ("ended_on", engine.midnight), ("valid_from", engine.instant)
    ]:  # fmt: skip
        theirs = source.columns.get(name)
        if theirs:
            dated = read(dated, _THEIRS + theirs[0], f"{name}_us", form=form, zone=zone)
        else:
            dated = dated.with_columns(nw.lit(None, nw.Int64).alias(f"{name}_us"))
    ids = _cells(source, "customer_id") or [nw.lit(None, nw.String)]
    attributes = {name: _filled(theirs) for name, theirs in source.attributes.items()}
    kept = dated.select(
        "source", "source_row", "original", "signed_up_on_us", "ended_on_us", "valid_from_us",
        ids=_first(ids),
        signed_up_on=_text(source, "signed_up_on"),
        ended_on=_text(source, "ended_on"),
        valid_from=_text(source, "valid_from"),
        end_cause=_text(source, "end_cause"),
        content=_content(there),
        **attributes,
    )  # fmt: skip
    return kept.with_columns(rule=quality.broken_rule("customers"))


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]


assert set(_TEXTS) - {"occurred_at", "ended_at", "updated_at", "revenue", "cost"} <= set(EVENTS)
