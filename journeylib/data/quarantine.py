"""Rejected rows: kept with their own text, line and reason, repaired by a person, taken back in.

Every load writes `quarantine.csv` into its snapshot, a row for each rejected row of a source. A
person corrects the column `original` in a copy and loads it back. What was corrected is
remembered in the snapshot's `repairs.jsonl` by the SHA-256 of the source file and the row, so
that later loads of that file know it too.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine
from journeylib.data import lines, quality
from journeylib.data.opening import Opened
from journeylib.errors import SourceError
from journeylib.schema import QUARANTINE

__all__ = ["COLUMNS", "described", "read_repairs", "recall", "remember", "replaced", "rewritten", "write_csv"]

COLUMNS = ["rule", "hint", "source", "file", "line", "source_row", "file_sha256", "original"]
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")  # what a spreadsheet might take for a formula, and the mark before it

Repairs = dict[str, dict[int, str]]  # SHA-256 of a file → row → corrected text


def described(rejected: pd.DataFrame, opened: Mapping[str, Opened], repairs: Repairs) -> pd.DataFrame:
    """Describe rejected rows (source, source_row, rule) as QUARANTINE does; `opened` has the file of each source."""
    found = []
    for name, rows in rejected.groupby("source", sort=True):
        file = opened[str(name)]
        texts = _originals(file, rows["source_row"].tolist())
        corrected = repairs.get(file.sha256, {})
        for row, rule in zip(rows["source_row"].tolist(), rows["rule"].tolist(), strict=True):
            line, text = texts[row]
            remedy = quality.rule_named(rule).remedy
            text = corrected.get(row, text)
            found.append([name, row, line, file.path.name, file.sha256, rule, remedy, text])
    return pd.DataFrame(found, columns=list(QUARANTINE)).astype({"line": "Int64", "source_row": "Int64"})


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write rejected rows for a person to repair; texts that a spreadsheet could run get an apostrophe before them."""
    with path.open("w", encoding="utf-8-sig", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(COLUMNS)
        for row in table[COLUMNS].astype(object).itertuples(index=False):
            writer.writerow(["" if pd.isna(cell) else _guarded(str(cell)) for cell in row])


def read_repairs(path: Path, known: pd.DataFrame) -> Repairs:
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
        if (digest, int(place) if place.isdecimal() else -1) not in there:
            raise SourceError(
                f"{path}, row {at} is not in the store's quarantine (source_row {place or 'empty'}). "
                "Change nothing but the column original, and load again with the quarantine of the last load."
            )
        text = text.strip("\r\n")
        if not text.strip():
            raise SourceError(f"{path}, row {at}: original is empty. Correct it, or leave the whole row out.")
        repairs.setdefault(digest, {})[int(place)] = text
    return repairs


def recall(folder: Path) -> Repairs:
    """The repairs that a snapshot remembers."""
    repairs: Repairs = {}
    path = folder / "repairs.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        said = json.loads(line)
        repairs.setdefault(said["file_sha256"], {})[said["source_row"]] = said["original"]
    return repairs


def remember(repairs: Repairs, folder: Path) -> None:
    """Write repairs into a snapshot."""
    said = [
        json.dumps({"file_sha256": digest, "source_row": row, "original": text}, ensure_ascii=True)
        for digest, rows in sorted(repairs.items())
        for row, text in sorted(rows.items())
    ]
    (folder / "repairs.jsonl").write_text("".join(f"{line}\n" for line in said), encoding="utf-8")


def rewritten(file: Opened, rows: Mapping[int, str], work: Path) -> Opened:
    """Write the corrected records of one file as a file of its own kind; its n-th row is the n-th of `rows`.

    Raises SourceError where a corrected text is not one record.
    """
    plain = file.plain
    is_csv = plain is not None and not file.is_json
    path = work / ("repaired.csv" if is_csv else "repaired.jsonl")
    texts = list(rows.values())
    for row, text in zip(rows, texts, strict=True):
        if is_csv and plain and len(_records(text, plain)) != 1:
            raise SourceError(
                f"{file.path}, row {row}: its repaired text is not one record. Close its quotes; quote line breaks."
            )
    head = [_header(plain)] if is_csv and plain else []
    path.write_text("\n".join([*head, *texts]) + "\n", encoding="utf-8")
    survey = lines.survey(
        path,
        work / "fit",
        delimiter=plain.delimiter if is_csv and plain else None,
        quote=plain.quote if is_csv and plain else "",
        header_rows=1,
        is_csv=is_csv,
    )
    return Opened(file.path, file.sha256, not is_csv, survey.records, survey, file.has_lines)


def replaced(staged: nw.LazyFrame, repaired: nw.LazyFrame, rows: Iterable[int]) -> nw.LazyFrame:
    """Put repaired rows in the places of those that they repair."""
    named = list(rows)
    places = pd.DataFrame({"source_row": range(1, len(named) + 1), "_place": named})
    placed = repaired.join(engine.from_frame(places), on="source_row", how="inner")
    placed = placed.with_columns(source_row=nw.col("_place")).drop("_place")
    rest = staged.join(placed.select("source_row"), on="source_row", how="anti")
    return nw.concat([rest.select(*placed.collect_schema().names()), placed], how="vertical")


def _originals(file: Opened, rows: list[int]) -> dict[int, tuple[int | None, str]]:
    """The text of rows and the line where each begins."""
    if file.plain is None:
        wanted = engine.from_frame(pd.DataFrame({"_row": [row - 1 for row in rows]}))
        numbered = engine.numbered(file.path, "_row").join(wanted, on="_row", how="semi").sort("_row")
        texts = engine.collect(engine.as_json(numbered.drop("_row"), "original"))["original"].tolist()
        return {row: (None, text) for row, text in zip(sorted(rows), texts, strict=True)}
    found: dict[int, tuple[int | None, str]] = {each.row: (each.line, each.text) for each in file.plain.unfit}
    others = [row for row in rows if row not in found]
    found |= lines.pick(file.plain, others) if others else {}
    return found if file.has_lines else {row: (None, text) for row, (_, text) in found.items()}


def _records(text: str, plain: lines.Plain) -> list[list[str]]:
    quoting = {"quotechar": plain.quote} if plain.quote else {"quoting": csv.QUOTE_NONE}
    return [
        cells
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=plain.delimiter or ",", **quoting)  # type: ignore[arg-type]
        if cells
    ]


def _header(plain: lines.Plain) -> str:
    written = io.StringIO()
    csv.writer(written, delimiter=plain.delimiter or ",", lineterminator="").writerow(plain.names)
    return written.getvalue()


def _guarded(cell: str) -> str:
    return "'" + cell if cell.startswith(_FORMULA) else cell


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell
