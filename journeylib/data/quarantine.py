"""Rejected rows: kept with their own text, line and reason, repaired by a person, taken back in.

Every load writes `quarantine.csv` into its snapshot, a row for each rejected row of a source. A
person corrects the column `original` in a copy and loads it back. What was corrected is
remembered in the snapshot's `repairs.jsonl` by the SHA-256 of the source file and the row, so
that later loads of that file know it too.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine
from journeylib.data import lines, quality, records
from journeylib.data.opening import Opened
from journeylib.errors import SourceError
from journeylib.schema import PLACE, QUARANTINE

__all__ = ["described", "keep", "read_repairs", "recall", "replaced", "rewritten"]

_COLUMNS = ["rule", "hint", "source", "file", "line", "source_row", "file_sha256", "original"]
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")  # what a spreadsheet might take for a formula, and the mark before it

Repairs = dict[str, dict[int, str]]  # SHA-256 of a file → row → corrected text


def described(rejected: pd.DataFrame, opened: Mapping[str, Opened], repairs: Repairs) -> pd.DataFrame:
    """Describe rejected rows (source, source_row, rule) as QUARANTINE does; `opened` has the file of each source."""
    found = []
    for name, rows in rejected.groupby("source", sort=True):
        file = opened[str(name)]
        texts = rows.join(_originals(file, rows["source_row"].tolist()), on="source_row")
        for row, text in repairs.get(file.sha256, {}).items():
            texts.loc[texts["source_row"] == row, "original"] = text
        remedy = texts["rule"].map({rule: quality.rule_named(rule).remedy for rule in set(texts["rule"])})
        found.append(texts.assign(file=file.path.name, file_sha256=file.sha256, hint=remedy)[list(QUARANTINE)])
    described = pd.concat(found) if found else pd.DataFrame(columns=list(QUARANTINE))
    return described.reset_index(drop=True).astype({"line": "Int64", "source_row": "Int64"})


def keep(rejected: pd.DataFrame, repairs: Repairs, folder: Path, *, name: str = "quarantine.parquet") -> None:
    """Write rejected rows (as QUARANTINE) and repairs into a snapshot; for repair, those of which something is left.

    They follow those in a quarantine.csv that is there already.
    """
    table = engine.from_frame(rejected).select(*(nw.col(name).cast(kind) for name, kind in QUARANTINE.items()))
    engine.write(table, folder / name, order_by=PLACE)
    repairable = rejected[rejected["rule"] != quality.ERASED.name]
    if len(repairable):
        _write_csv(repairable, folder / "quarantine.csv")
    _remember(repairs, folder)


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write rejected rows for a person to repair; texts that a spreadsheet could run get an apostrophe before them."""
    is_new = not path.exists()
    with path.open("a", encoding="utf-8-sig" if is_new else "utf-8", newline="") as opened:
        writer = csv.writer(opened)
        if is_new:
            writer.writerow(_COLUMNS)
        writer.writerows(zip(*(_cells(table[name]) for name in _COLUMNS), strict=True))


def read_repairs(path: Path, known: pd.DataFrame, remembered: Repairs) -> Repairs:
    """Read a repaired copy of `quarantine.csv`; rows may be left out, the others are those in `known`.

    Raises SourceError, naming file and row, where a row is none of those or its text no single record.
    """
    csv.field_size_limit(2**31 - 1)
    try:
        with path.open(encoding="utf-8-sig", newline="") as opened:
            rows = list(csv.DictReader(opened))
    except FileNotFoundError:
        raise SourceError(f"there is no file {path}. Name your repaired copy of quarantine.csv.") from None
    except (OSError, ValueError, csv.Error) as error:
        raise SourceError(
            f"{path} cannot be read: {error}. Save it as CSV in UTF-8, with the columns it had."
        ) from None
    wanted = ["file_sha256", "source_row", "original"]
    if not rows or set(wanted) - set(rows[0]):
        raise SourceError(f"{path} has no rows with the columns {', '.join(wanted)}. Repair a copy of quarantine.csv.")
    there = set(zip(known["file_sha256"].tolist(), known["source_row"].tolist(), strict=True))
    repairs: Repairs = {}
    for at, row in enumerate(rows, start=2):
        digest, place, text = (_plain(row[name] or "") for name in wanted)
        number, text = int(place) if place.isdecimal() else -1, text.strip("\r\n")
        if remembered.get(digest, {}).get(number) == text:
            continue  # it was taken back in before
        if (digest, number) not in there:
            raise SourceError(
                f"{path}, row {at} is not in the store's quarantine (source_row {place or 'empty'}). "
                "Change nothing but the column original, and load again with the quarantine of the last load."
            )
        if not text.strip():
            raise SourceError(f"{path}, row {at}: original is empty. Correct it, or leave the whole row out.")
        if repairs.setdefault(digest, {}).setdefault(number, text) != text:
            raise SourceError(
                f"{path}, row {at} repairs a row that another one repairs otherwise. Leave one of them out."
            )
    return repairs


def recall(folder: Path) -> Repairs:
    """The repairs that a snapshot remembers."""
    repairs: Repairs = {}
    path = folder / "repairs.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        said = json.loads(line)
        repairs.setdefault(said["file_sha256"], {})[said["source_row"]] = said["original"]
    return repairs


def _remember(repairs: Repairs, folder: Path) -> None:
    """Write repairs into a snapshot."""
    said = [
        json.dumps({"file_sha256": digest, "source_row": row, "original": text}, ensure_ascii=True)
        for digest, rows in sorted(repairs.items())
        for row, text in sorted(rows.items())
    ]
    (folder / "repairs.jsonl").write_text("".join(f"{line}\n" for line in said), encoding="utf-8")


def rewritten(file: Opened, rows: Mapping[int, str], work: Path) -> Opened:
    """Write the corrected records of one file as a file of its own kind; its n-th row is the n-th of `rows`.

    A text with a stray quote is still unfit, and takes no other with it. Raises SourceError
    where a text is not one record.
    """
    plain = file.plain
    if plain is None or file.is_json:
        texts = [_one_line(file, row, text) for row, text in rows.items()]
        survey = _surveyed(work / "repaired.jsonl", texts, work, is_csv=False)
        return Opened(file.path, file.sha256, True, survey.records, survey, file.has_lines)
    delimiter = plain.delimiter or ","
    texts, stray = [delimiter.join(str(at) for at, _ in enumerate(plain.names))], []  # a header that needs no quotes
    empty = delimiter.join([""] * len(plain.names)) or '""'
    for place, (row, text) in enumerate(rows.items(), start=1):
        is_one, is_sound = records.is_one(text, file.path, delimiter, plain.quote)
        if not is_one:
            raise SourceError(
                f"{file.path}, row {row}: its repaired text is not one record. Close its quotes; quote line breaks."
            )
        stray += [] if is_sound else [place]
        texts.append(text if is_sound else empty)
    survey = _surveyed(work / "repaired.csv", texts, work, is_csv=True, delimiter=delimiter, quote=plain.quote)
    faults = {each.row: each.rule for each in survey.unfit} | dict.fromkeys(stray, "stray_quote")
    unfit = lines.Unfit(sorted(faults), sorted(faults), [faults[place] for place in sorted(faults)])
    survey = replace(survey, names=plain.names, unfit=unfit)
    return Opened(file.path, file.sha256, False, survey.records, survey, file.has_lines)


def _surveyed(path: Path, texts: list[str], work: Path, **settings: Any) -> lines.Plain:
    path.write_bytes("".join(f"{text}\n" for text in texts).encode())
    return lines.survey(path, work / "fit", **settings)


def _one_line(file: Opened, row: int, text: str) -> str:
    """A JSON text on one line. Within its strings no line can break, so a break becomes a blank."""
    if "\n" not in text:
        return text
    try:
        json.loads(text)
    except ValueError:
        raise SourceError(
            f"{file.path}, row {row}: its repaired text is not one record. Write one JSON object, on one line."
        ) from None
    return text.replace("\r\n", " ").replace("\n", " ")


def replaced(staged: nw.LazyFrame, repaired: nw.LazyFrame, rows: Iterable[int]) -> nw.LazyFrame:
    """Put repaired rows in the places of those that they repair."""
    named = list(rows)
    places = pd.DataFrame({"source_row": range(1, len(named) + 1), "_place": named})
    placed = repaired.join(engine.from_frame(places), on="source_row", how="inner")
    placed = placed.with_columns(source_row=nw.col("_place")).drop("_place")
    rest = staged.join(placed.select("source_row"), on="source_row", how="anti")
    return nw.concat([rest.select(*placed.collect_schema().names()), placed], how="vertical")


def _originals(file: Opened, rows: list[int]) -> pd.DataFrame:
    """The line where each of these rows begins and its text, by row."""
    if file.plain is not None:
        found = lines.pick(file.plain, rows).astype({"line": "Int64"})
        return found if file.has_lines else found.assign(line=pd.Series(pd.NA, index=found.index, dtype="Int64"))
    number = _beside("row", engine.scan([file.path]).collect_schema().names())
    wanted = engine.from_frame(pd.DataFrame({number: [row - 1 for row in rows]}))
    numbered = engine.numbered(file.path, number).join(wanted, on=number, how="semi").sort(number)
    texts = engine.collect(engine.as_json(numbered.drop(number), "original"))["original"].tolist()
    index = pd.Index(sorted(rows), name="source_row")
    return pd.DataFrame({"line": pd.Series(pd.NA, index=index, dtype="Int64"), "original": texts}, index=index)


def _beside(name: str, names: Iterable[str]) -> str:
    """A name that no column has, whatever its case."""
    taken = {each.lower() for each in names}
    while name in taken:
        name = f"_{name}"
    return name


def _cells(column: pd.Series[Any]) -> list[str]:
    texts = column.astype("string").fillna("")
    return texts.mask(texts.str.startswith(_FORMULA), "'" + texts).tolist()


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell
