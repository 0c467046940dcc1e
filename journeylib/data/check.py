"""Look at a source before loading it: what is in it, a suggested mapping, what would be rejected.

Everything is read as a load would read it, from the whole of a small file and from the
beginning of a large one. Nothing is written but the mapping, where that is asked for; and
no row is shown: only names, counts and what the texts of a column look like.
"""

from __future__ import annotations

import json
import os
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine
from journeylib.data import beginning, draft, duplicates, mapping, oddities, opening, paths, quality, reading, suggest
from journeylib.data import columns as named
from journeylib.data.columns import Column
from journeylib.data.opening import Opened
from journeylib.data.sources import Source
from journeylib.data.suggest import Suggestion
from journeylib.errors import MappingError, SourceError, first_line, shown, together

__all__ = ["check", "told", "write_mapping"]


def check(source: Path | str, *, mapping_path: Path | str | None = None) -> dict[str, Any]:
    """Describe a source: its columns, a suggested mapping, and what a load by it would reject.

    `source` is a file, or a folder or pattern of which the first file is looked at;
    `mapping_path` says where the mapping will stand, at whose folder its path then starts.

    The answer has file, files, rows (looked at), is_sample, rows_about (in the whole file),
    columns (name, type, looks, filled_share, distinct), mapping (TOML text), notes, lacks (what
    could not be suggested); and, where only a channel is lacking, accepted, duplicates,
    would_reject (rule → rows, why, remedy) and warnings. Raises SourceError where a load would refuse the file.
    """
    path, number = _first_file(source)
    with tempfile.TemporaryDirectory(prefix="journey-") as folder:
        work = Path(folder)
        begun = beginning.take(path, work)
        try:
            return _looked_at(source, path, number, begun, work, mapping_path)
        except SourceError as error:
            raise SourceError(str(error).replace(str(begun.path), str(path))) from None
        except engine.EngineError as error:
            raise SourceError(f"{path} cannot be read: {first_line(error)} Export it again.") from None


def write_mapping(path: Path | str, text: str) -> None:
    """Write a suggested mapping to a new file; raises MappingError where there is one already."""
    try:
        with Path(path).open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise MappingError(f"{path} is there already and stays as it is. Name another file, or remove it.") from None
    except OSError as error:
        raise MappingError(f"{path} cannot be written: {error.strerror}. Name a file in a folder of yours.") from None


def told(answer: dict[str, Any]) -> list[str]:
    """Say the answer of `check` in lines for a terminal."""
    rows = f"{answer['rows']:,} rows"
    if answer["is_sample"]:
        rows = f"the first {rows} of about {answer['rows_about']:,}"
    lines = [f"{shown(answer['file'])}: {rows}, {len(answer['columns'])} columns"]
    if answer["files"] > 1:
        lines[0] += f" (the first of {answer['files']:,} files)"
    lines += [
        f"  {shown(each['name'])}  {each['looks']}, {each['filled_share']:.0%} filled, {each['distinct']:,} different"
        for each in answer["columns"]
    ]
    if "accepted" in answer:
        rejected = sum(each["rows"] for each in answer["would_reject"].values())
        lines += ["", f"accepted: {answer['accepted']:,}, duplicates: {answer['duplicates']:,}, rejected: {rejected:,}"]
        lines += [
            f"  {each['rows']:,}: {each['why']} ({rule}) – {each['remedy']}"
            for rule, each in answer["would_reject"].items()
        ]
        lines += [f"  warning: {warning}" for warning in answer["warnings"]]
    else:
        lacks = [name for name in answer["lacks"] if name != "channel"]
        lines += ["", f"what would be rejected can be told once the mapping says: {', '.join(lacks)}"]
    return [*lines, "", "a mapping to begin with:", "", answer["mapping"]]


def _first_file(source: Path | str) -> tuple[Path, int]:
    mistakes: list[str] = []
    files = paths.find([str(source)], Path(), mistakes, said="")
    if mistakes:
        raise SourceError(together(mistakes))
    return files[0], len(files)


def _looked_at(
    source: Path | str, path: Path, number: int, begun: beginning.Beginning, work: Path, mapping_path: Path | str | None
) -> dict[str, Any]:
    said = Source(path.name, "events", path.name, (begun.path,), {}, encoding=begun.encoding)
    found, rows = _columns(said, begun.path, work / "1")
    if not begun.path.name.endswith(".parquet") and named.has_no_header(found):
        said = replace(said, header_rows=0)
        found, rows = _columns(said, begun.path, work / "2")
    name = paths.source_name([str(source)])
    made = suggest.suggest(found, source=name)
    if made.file.get("header_rows", 1) != 1:
        said = replace(said, header_rows=made.file["header_rows"])
        found, rows = _columns(said, begun.path, work / "3")
        made = suggest.suggest(found, source=name)
    _say_file(made, said)
    text = _text(made, source, number, begun, rows, mapping_path)
    answer = {
        "file": path.name,
        "files": number,
        "rows": rows,
        "is_sample": not begun.is_whole,
        "rows_about": rows if begun.is_whole else _rounded(rows / begun.share),
        "columns": [
            {
                "name": each.name, "type": each.type, "looks": each.looks,
                "filled_share": each.filled / max(rows, 1), "distinct": each.distinct,
            }
            for each in found
        ],
        "mapping": text,
        "notes": made.notes,
        "lacks": made.lacks,
        "would_reject": {},
    }  # fmt: skip
    if not set(made.lacks) - {"channel"}:
        answer |= _tried(text, begun.path, work / "4")
    return answer


def _columns(said: Source, path: Path, work: Path) -> tuple[list[Column], int]:
    """Describe the columns of a file as far as its records can be read; also how many records it has."""
    work.mkdir()
    opened = opening.open_file(said, path, work)
    if opened.is_json:
        return named.describe(_json_frame(opened)), opened.records
    table = reading.raw(said, opened)
    kinds = {name: str(kind) for name, kind in table.collect_schema().items()} if opened.plain is None else {}
    frame = engine.collect(table.select(nw.all().cast(nw.String)))
    if opened.plain:
        unfit = [each.row - 1 for each in opened.plain.unfit]
        frame = frame.iloc[said.header_rows :].reset_index(drop=True).drop(index=unfit)
    return named.describe(frame, kinds), opened.records


def _json_frame(opened: Opened) -> pd.DataFrame:
    assert opened.plain is not None
    with opened.plain.path.open(encoding="utf-8", errors="replace") as lines:
        frame = pd.DataFrame(list(_objects(lines)), dtype=object)
    return frame.rename(columns=lambda name: name.encode("utf-8", "replace").decode())  # half a character is none


def _objects(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    decode = json.JSONDecoder(parse_int=str, parse_float=str).decode  # ids that are numbers keep all their digits
    for line in lines:
        try:
            value = decode(line)
            if isinstance(value, dict):
                yield dict(_flat(value, ""))
        except (ValueError, RecursionError):
            continue


def _flat(value: dict[str, Any], before: str) -> Iterator[tuple[str, str]]:
    """The values of an object as texts, each named by its path."""
    for key, each in value.items():
        if isinstance(each, str):
            yield before + key, each
        elif isinstance(each, dict):
            yield from _flat(each, f"{before}{key}.")
        elif each is not None:
            yield before + key, json.dumps(each)


def _say_file(made: Suggestion, said: Source) -> None:
    """Put what was found out about the file itself into the suggestion."""
    if said.header_rows == 0:
        made.file["header_rows"] = 0
        made.notes.append(
            "the first line looks like values, not like names: the columns are named column_1, column_2, …."
        )
    if said.encoding:
        made.file["encoding"] = said.encoding
        made.notes.append(f"the file is not UTF-8; {said.encoding} reads it. See whether names with accents are right.")


def _text(
    made: Suggestion,
    source: Path | str,
    number: int,
    begun: beginning.Beginning,
    rows: int,
    mapping_path: Path | str | None,
) -> str:
    where = str(source)
    if mapping_path is not None:
        where = os.path.relpath(where, os.path.dirname(os.path.abspath(mapping_path)))
    which = "the first file's" if number > 1 else "its"
    looked = f"{which} first {rows:,} rows" if not begun.is_whole else f"{which} {rows:,} rows"
    return draft.written(made, path=where, head=f"Suggested by journey check from {looked}. Read it before you use it.")


def _tried(text: str, path: Path, work: Path) -> dict[str, Any]:
    """Read the rows by the suggested mapping, as a load would, up to what becomes of each."""
    work.mkdir()
    [source] = mapping.read(tomllib.loads(text), [str(path)]).sources
    opened = opening.open_file(source, path, work)
    engine.write(reading.stage(source, opened), work / "staged.parquet", order_by=[])
    staged = reading.staged(source, {work / "staged.parquet": opened})
    warnings = []
    if source.kind == "events":
        odd = oddities.look(oddities.tally(staged), {source.name: opened.records})
        staged, warnings = oddities.hold_anonymous(staged, odd.sentinels), odd.publishable
    judged = duplicates.settle(staged)
    counts = engine.collect(duplicates.settled(staged, judged).group_by("fate").agg(rows=nw.len()), order_by=["fate"])
    fates = dict(zip(counts["fate"].tolist(), counts["rows"].tolist(), strict=True))
    accepted, copies = fates.pop("accepted", 0), fates.pop("duplicate", 0)
    rejected = {
        name: {"rows": rows, "why": quality.rule_named(name).sentence, "remedy": quality.rule_named(name).remedy}
        for name, rows in fates.items()
    }
    return {"accepted": accepted, "duplicates": copies, "would_reject": rejected, "warnings": warnings}


def _rounded(rows: float) -> int:
    """A number of rows that is only known about: to two digits."""
    return int(float(f"{rows:.1e}"))
