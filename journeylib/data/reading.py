"""Read source files: their rows under canonical names, every row with its rule or none.

`stage` keeps each row of a file exactly once and changes no value that it cannot
read: such a row carries the id of the rule it breaks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine
from journeylib.data import places, quality
from journeylib.data.opening import Opened
from journeylib.data.sources import Source
from journeylib.errors import SourceError, shown
from journeylib.schema import EVENTS

__all__ = ["raw", "stage", "staged"]

# Currencies whose minor unit is not a hundredth (ISO 4217); the rest have two decimals.
_DECIMALS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "BHD": 3, "JOD": 3, "KWD": 3, "OMR": 3, "TND": 3}
Kinds = dict[str, nw.dtypes.DType]
_THEIRS = "their "  # stands before a file's own column names, so that none of them is taken for one of ours
_TIMES = {"occurred_at", "ended_at", "updated_at", "signed_up_on", "ended_on", "valid_from"}
_LINE = "\x01"  # the whole line of a file of JSON lines; no file can name a column so
# A character that shows something: no blank of any script, nor one of these that show nothing.
_VISIBLE = r"[^\s\p{Z}\p{C}\x{034F}\x{115F}\x{1160}\x{2800}\x{3164}\x{FFA0}\x{FE00}-\x{FE0F}]"
_TEXTS = [
    "event_id", "occurred_at", "touchpoint", "channel", "ended_at", "stage", "score", "score_type", "revenue",
    "currency", "cost", "reason", "resource", "text", "updated_at",
]  # fmt: skip


def raw(source: Source, opened: Opened) -> nw.LazyFrame:
    """Open a file lazily under its own names, the header still a row; of JSON lines, the mapped values and `line`."""
    if opened.plain is None:
        return engine.nested(engine.scan([opened.path]), _mapped(source))
    if opened.is_json:
        return engine.read_json(opened.plain.path, _mapped(source), line=_LINE)
    plain = opened.plain
    names = _apart(plain.names, set(_mapped(source)), opened.path)
    return engine.read_csv(plain.path, names, delimiter=plain.delimiter or ",", quote=plain.quote)


def stage(source: Source, opened: Opened, number: int = 0) -> nw.LazyFrame:
    """Read one file of a source, the `number`-th of all, under canonical names, in its own order; see `staged`."""
    there = raw(source, opened)
    kinds = dict(there.collect_schema())
    _check_columns(source, opened, kinds)
    rows = there.rename({name: _THEIRS + name for name in kinds})
    rows = rows.with_columns(
        source=nw.lit(places.label(source, opened.path)), origin=nw.lit(source.name), file_number=nw.lit(number)
    )
    made = _events(source, rows, kinds) if source.kind == "events" else _customers(source, rows, kinds)
    if opened.is_json:
        broken = nw.col(_THEIRS + _LINE).is_null()
        made = made.with_columns(rule=nw.when(broken).then(nw.lit("broken_json")).otherwise(nw.col("rule")))
    return made.drop(_THEIRS + _LINE, strict=False)


def staged(source: Source, files: Mapping[Path, Opened]) -> nw.LazyFrame:
    """Read the rows that `stage` made of files of one source, which were written to these paths, with `source_row`.

    `place` names a row among those of all files, in the order of PLACE. `rule` is null for a sound row;
    `content` is equal for rows that say the same, and `content_hash` names what an event without an id of its
    own says; `number` stands for the one or the other. `ids` is the row's most trusted id, `person` that id
    where it came from any id column but the last (or from the only one), `alias` a second one of those,
    `device` the last of several id columns'.
    """
    [header_rows] = {file.plain.header_rows if file.plain else 0 for file in files.values()}
    rows = engine.numbered(list(files), "source_row").with_columns(source_row=nw.col("source_row") + 1 - header_rows)
    rows = rows.filter(nw.col("source_row") >= 1) if header_rows else rows
    rows = rows.with_columns(place=places.place(nw.col("file_number"), nw.col("source_row")))
    if source.kind == "events":
        rows = rows.with_columns(ids=nw.coalesce("person", "device"))
    unfit = [
        pd.DataFrame(
            {"source": places.label(source, file.path), "source_row": faults.rows, "unfit": faults.rules},
        )
        for file in files.values()
        if file.plain and len(faults := file.plain.unfit)
    ]
    if not unfit:
        return rows
    ruled = rows.join(engine.from_frame(pd.concat(unfit)), on=["source", "source_row"], how="left")
    return ruled.with_columns(rule=nw.coalesce("unfit", "rule")).drop("unfit")


def _mapped(source: Source) -> list[str]:
    """The source's own columns that the mapping names, each once."""
    named = [name for theirs in source.columns.values() for name in theirs] + list(source.attributes.values())
    return list(dict.fromkeys(named))


def _apart(names: Sequence[str], mapped: set[str], path: Path) -> list[str]:
    """Names that differ not only by case, which the engine cannot tell; those in `mapped` stay as they are."""
    taken = {name.lower() for name in names if name in mapped}
    if len(taken) < len(mapped.intersection(names)):
        raise SourceError(f"{path}: two columns that the mapping names differ only by case. Rename one at the source.")
    made = []
    for place, name in enumerate(names, start=1):
        is_free = name in mapped or name.lower() not in taken
        made.append(name if is_free else f"{name} (column {place})")
        taken.add(made[-1].lower())
    return made


def _check_columns(source: Source, opened: Opened, kinds: Kinds) -> None:
    missing = [] if opened.is_json else source.missing(kinds)
    if missing:
        if set(_mapped(source)) & set(kinds):
            there = f"it has {', '.join(shown(name) for name in kinds)}"
        else:  # then its first line is perhaps no header, and nothing to show
            there = (
                f"none of its {len(kinds)} columns is in the mapping. Where its first line is no header, say "
                "header_rows = 0 under [source.file] and call the columns column_1, column_2, …; where it is split "
                "wrongly, say delimiter = there"
            )
        raise SourceError(
            f"{opened.path} lacks {', '.join(missing)}; {there}. "
            f'Name its own columns under [source.columns] of source "{source.name}" in the mapping.'
        )
    for name in ["customer_id", *(["event_id"] if source.kind == "events" else [])]:
        wrong = [theirs for theirs in _there(source, name, kinds) if not _is_id(kinds[theirs])]
        if wrong and opened.records:
            raise SourceError(
                f"{opened.path} holds {name} in {', '.join(wrong)} as {kinds[wrong[0]]}, where an id is a text or a "
                "whole number; as decimal numbers 00123, 123 and 123.0 are one. Write it as text."
            )


def _is_id(kind: nw.dtypes.DType) -> bool:
    whole = kind.is_integer() or (kind == nw.Decimal and str(kind).endswith("scale=0)"))
    return whole or isinstance(kind, nw.String | nw.Categorical | nw.Enum) or str(kind) in {"Unknown"}


def _there(source: Source, name: str, kinds: Kinds) -> list[str]:
    """The source's columns for a canonical one that its file has."""
    return [theirs for theirs in source.columns.get(name, ()) if theirs in kinds]


def _filled(theirs: str) -> nw.Expr:
    """A column as text, blanks as null."""
    text = nw.col(_THEIRS + theirs).cast(nw.String)
    # What begins with a visible character of ASCII is filled; of the rest a pattern tells.
    return nw.when(((text >= "!") & (text < "\x7f")) | text.str.contains(_VISIBLE)).then(text)


def _is_text(source: Source, name: str, kinds: Kinds) -> bool:
    """Whether a number comes as text of the source's own way of writing; JSON writes numbers with a point."""
    return _LINE not in kinds and all(kinds[theirs] == nw.String for theirs in _there(source, name, kinds))


def _first(cells: Sequence[nw.Expr]) -> nw.Expr:
    return nw.coalesce(*cells) if len(cells) > 1 else cells[0]


def _text(source: Source, name: str, kinds: Kinds) -> nw.Expr:
    """A canonical column as text; a time that is none in its file is "", which only says that there is one."""
    cells = [
        nw.when(~nw.col(_THEIRS + theirs).is_null()).then(nw.lit(""))
        if name in _TIMES and kinds[theirs] != nw.String
        else _filled(theirs)
        for theirs in _there(source, name, kinds)
    ]
    return _first(cells) if cells else nw.lit(source.constants.get(name), nw.String)


def _timed(source: Source, rows: nw.LazyFrame, name: str, kinds: Kinds) -> tuple[nw.LazyFrame, str]:
    """The one column that a time is read from: the first filled of several, which must be of one type."""
    theirs = _there(source, name, kinds)
    if len(theirs) == 1:
        return rows, _THEIRS + theirs[0]
    if len({str(kinds[each]) for each in theirs}) > 1:
        raise SourceError(
            f"source {source.name}: {name} comes from {', '.join(theirs)}, which are of different types. Name one."
        )
    into = f"{_THEIRS}{name} of several"
    return rows.with_columns(nw.coalesce(*(nw.col(_THEIRS + each) for each in theirs)).alias(into)), into


def _ids(source: Source, kinds: Kinds) -> dict[str, nw.Expr]:
    """Whose row it is: `ids`, `person`, `alias` and `device`; see `staged`."""
    theirs, nothing = source.columns.get("customer_id", ()), nw.lit(None, nw.String)
    cells = [_filled(name) if name in kinds else nothing for name in theirs]
    cells = cells or [nw.lit(source.constants.get("customer_id"), nw.String)]
    people = cells[:-1] or cells
    person, alias = _first(people), nothing
    for each in people[1:]:
        # The first filled id that is another one than the person's.
        alias = nw.coalesce(alias, nw.when(each != person).then(each))
    return {"ids": _first(cells), "person": person, "alias": alias, "device": cells[-1] if len(cells) > 1 else nothing}


def _events(source: Source, rows: nw.LazyFrame, kinds: Kinds) -> nw.LazyFrame:
    for name, into in [("occurred_at", "occurred_us"), ("ended_at", "ended_us"), ("updated_at", "updated_us")]:
        if _there(source, name, kinds):
            rows, column = _timed(source, rows, name, kinds)
            rows = engine.instant(rows, column, into, form=source.time_format, zone=source.zone)
        else:
            nothing = [nw.lit(None, nw.String).alias(into + beside) for beside in ("_fault", "_precision")]
            rows = rows.with_columns(nw.lit(None, nw.Int64).alias(into), *nothing)
    named = {name: _text(source, name, kinds) for name in _TEXTS}
    known = rows.with_columns(_own_id=named["event_id"])
    rows = engine.digest(known, _whole(kinds), "content_hash", known="_own_id")
    rows = engine.hashed(rows, ["content_hash", *_used(source, kinds)], "content")
    named["score_type"] = named["score_type"].str.strip_chars().str.to_lowercase()
    named["currency"] = named["currency"].str.strip_chars().str.to_uppercase()
    kept = rows.select(
        "source", "file_number", "occurred_us", "ended_us", "updated_us", "occurred_us_fault", "ended_us_fault",
        "updated_us_fault", "content_hash", "content",
        *([_THEIRS + _LINE] if _LINE in kinds else []),
        time_precision=nw.col("occurred_us_precision"),
        counts_copies=nw.lit(source.exact_copies == "events"),
        **_ids(source, kinds),
        **named,
    )  # fmt: skip
    for name in ["score", "revenue", "cost"]:
        kept = engine.decimal(
            kept, name, f"{name}_micro", comma=source.decimal == "," and _is_text(source, name, kinds)
        )
    ruled = engine.longest(kept, quality.NAMES, "longest").with_columns(rule=quality.broken_rule("events"))
    micro, scale = nw.col("score_micro"), _minor_scale()
    made = ruled.with_columns(
        score=micro.cast(nw.Float64) / 1_000_000,
        revenue_minor=_minor("revenue_micro", scale),
        cost_minor=_minor("cost_micro", scale),
        event_id=nw.when(~nw.col("event_id").is_null()).then(
            nw.concat_str([nw.lit(source.name), nw.col("event_id")], separator=":")
        ),
    )
    keyed = engine.hashed(made.with_columns(key=nw.coalesce("event_id", "content_hash")), ["key"], "number")
    ours = {"person", "alias", "device", "rule", "content_hash", "content", "number", "counts_copies", "file_number"}
    used = {*ours, _THEIRS + _LINE, *EVENTS}
    return keyed.select(*(name for name in keyed.collect_schema().names() if name in used))


def _minor_scale() -> nw.Expr:
    """How many millionths make one minor unit of the row's currency."""
    scale: nw.Expr = nw.lit(10_000)
    for currency, decimals in _DECIMALS.items():
        scale = nw.when(nw.col("currency") == currency).then(nw.lit(10 ** (6 - decimals))).otherwise(scale)
    return scale


def _minor(micro: str, scale: nw.Expr) -> nw.Expr:
    return (nw.col(micro) / scale).round(0).cast(nw.Int64)


def _whole(kinds: Kinds) -> list[str]:
    """The columns that tell whether a row without an id is an exact copy of another of its source."""
    return ["origin", *(_THEIRS + name for name in ([_LINE] if _LINE in kinds else kinds))]


def _used(source: Source, kinds: Kinds) -> list[str]:
    """The columns that tell whether two rows of one id say the same: those that are read."""
    return [_THEIRS + name for name in _mapped(source) if name in kinds]


def _customers(source: Source, rows: nw.LazyFrame, kinds: Kinds) -> nw.LazyFrame:
    """Read customers: signed_up_on and ended_on are calendar dates, valid_from is an instant like an event's."""
    dated, form, zone = rows.with_columns(valid_from_us_fault=nw.lit(None, nw.String)), source.time_format, source.zone
    for name in ["signed_up_on", "ended_on", "valid_from"]:
        if not _there(source, name, kinds):
            dated = dated.with_columns(nw.lit(None, nw.Int64).alias(f"{name}_us"))
            continue
        dated, column = _timed(source, dated, name, kinds)
        if name == "valid_from":
            dated = engine.instant(dated.drop("valid_from_us_fault"), column, "valid_from_us", form=form, zone=zone)
        else:
            dated = engine.midnight(dated, column, f"{name}_us", form=form, zone=zone or "UTC")
    attributes = {
        name: _filled(theirs) if theirs in kinds else nw.lit(None, nw.String)
        for name, theirs in source.attributes.items()
    }
    kept = engine.hashed(dated, _used(source, kinds), "content").select(
        "source", "origin", "file_number", "signed_up_on_us", "ended_on_us", "valid_from_us", "valid_from_us_fault",
        "content",
        *([_THEIRS + _LINE] if _LINE in kinds else []),
        ids=_ids(source, kinds)["ids"],
        signed_up_on=_text(source, "signed_up_on", kinds),
        ended_on=_text(source, "ended_on", kinds),
        valid_from=_text(source, "valid_from", kinds),
        end_cause=_text(source, "end_cause", kinds),
        **attributes,
    )  # fmt: skip
    return kept.with_columns(rule=quality.broken_rule("customers")).drop("valid_from_us_fault")


assert set(_TEXTS) - {*_TIMES, "revenue", "cost"} <= set(EVENTS)
