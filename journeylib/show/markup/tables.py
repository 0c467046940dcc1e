"""Records as tables: names to the left, figures to the right, the interval in one column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from journeylib.schema import COUNTS
from journeylib.show import words
from journeylib.show.markup.sources import source
from journeylib.show.markup.text import anchor, attribute, escape, prose
from journeylib.show.rows import Row, rows

__all__ = ["table"]

_MOST_ROWS = 40
_FOLDED, _MOST_FOLDED = {"heat", "forest", "parts", "edges"}, 240  # charts that leave rows to their tables
_LONGEST_NAME = 90
_LONGEST_SENTENCE = 500
_UNSEEN = {
    "low",
    "high",
    "is_enough",
    "is_odd",
    "p",
    "wait_low",
    "wait_high",
    "placebo_low",
    "placebo_high",
    "active_low",
    "active_high",
}
_UNSEEN |= {"placebo_low", "placebo_high", "active_low", "active_high"}
_UNSEEN_IN = {"stakes": {"baseline"}, "heat": {"unit"}, "reconciliation": {"n", "estimate", "low", "high"}}
_IN_UNITS = {"q10", "q25", "q75", "q90", "detectable", "per_day", "active", "placebo", "predicted"}
_VEILED = {"n", "estimate", "interval"} | COUNTS


def table(record: Mapping[str, Any], *, caption: bool = True) -> str:
    """Draw a record as a table; `caption=False` leaves its title to what stands around it.

    A hidden cell says so and the note under the table gives the rule; a row without enough
    data says how many there are. Long tables are cut, survival curves are thinned to round days.
    """
    missing = words.lacking(record) if record.get("not_applicable") is not None or not record["rows"] else ""
    said, origin = words.heading(record), source(record)
    place = f' id="{anchor("table", record["id"])}"' if caption and origin else ""
    if record.get("not_applicable") is None and not record["rows"] and record["form"] in words.NOTHING:
        return f"<p{place}>{prose(nothing)}{origin}</p>" if (nothing := words.NOTHING[record["form"]]) else ""
    if record["form"] == "warnings" and not missing:
        return _warnings(record, said, place)
    if missing:
        return f'<p class="lacking"{place}><b>{prose(said)}.</b> {prose(missing)}{origin}</p>'
    shown, left_out = _chosen(record)
    common = _common(shown)
    columns = [column for column in _columns(record) if column != "n" or common is None]
    numeric = {column for column in columns if _is_numeric(column, shown)}
    heads = "".join(
        f'<th scope="col"{_class(column in numeric)}>{prose(words.head(column, record))}</th>' for column in columns
    )
    body = "".join(_line(record, row, columns, numeric) for row in shown)
    title = f"<h3{place}>{prose(said)}</h3>" if caption else ""
    notes = _below([prose(note) for note in _notes(record, shown, left_out, common)], origin)
    whole = f'<caption class="sr">{prose(said)}</caption><thead><tr>{heads}</tr></thead><tbody>{body}</tbody>'
    region = f'<div class="scroll" tabindex="0" role="region" aria-label="{attribute(said)}">'
    return f"{title}{region}<table>{whole}</table></div>{notes}"


def _chosen(record: Mapping[str, Any]) -> tuple[Sequence[Row], str]:
    """Give the rows that a page shows, and what it says of the others."""
    every = rows(record)
    if record["form"] == "survival":
        return _round_days(every), words.thinned(len(every))
    most = _MOST_FOLDED if record["form"] in _FOLDED else _MOST_ROWS
    if len(every) > most:
        return every[:most], words.cut(len(every) - most)
    return every, ""


def _round_days(every: Sequence[Row]) -> list[Row]:
    """Give, for each group, the last row up to each of about ten evenly spread days."""
    last = max(float(row.values["day"]) for row in every)
    days = [last * part / 10 for part in range(1, 11)]
    kept = []
    for group in dict.fromkeys(row.label for row in every):
        own = [row for row in every if row.label == group]
        found = [max((row for row in own if row.values["day"] <= day), key=_day, default=None) for day in days]
        kept += list({id(row): row for row in found if row is not None}.values())
    return kept


def _day(row: Row) -> float:
    return float(row.values["day"])


def _columns(record: Mapping[str, Any]) -> list[str]:
    """Give the columns that are shown: `low` and `high` become the interval, beside the estimate."""
    columns, unseen = [], _UNSEEN | _UNSEEN_IN.get(record["form"], set())
    for column in record["columns"]:
        if column not in unseen:
            columns.append(column)
        is_counted = words.unit(record) == "count" or record["context"].get("counted") or "estimate" in unseen
        if column == "estimate" and "low" in record["columns"] and not is_counted:
            columns.append("interval")
        if column == "wait_hours" and "wait_low" in record["columns"]:
            columns.append("wait_interval")
    if "rank" in columns:  # beside the group that it is of
        columns.remove("rank")
        columns.insert(columns.index("n"), "rank")
    return columns


def _line(record: Mapping[str, Any], row: Row, columns: Sequence[str], numeric: set[str]) -> str:
    cells = []
    for place, column in enumerate(columns):
        said = _cell(record, row, column)
        if place == 0 and column not in numeric:
            cells.append(f'<th scope="row">{said}</th>')
        else:
            cells.append(f"<td{_class(column in numeric)}>{said}</td>")
    return f'<tr class="{row.state}">{"".join(cells)}</tr>' if row.state != "shown" else f"<tr>{''.join(cells)}</tr>"


def _cell(record: Mapping[str, Any], row: Row, column: str) -> str:
    if row.state == "hidden" and column in _VEILED:
        return f"<i>{escape(words.CHROME['hidden'])}</i>"
    if row.state == "few" and column == "estimate":
        return f"<i>{escape(words.few(row.n))}</i>"
    if row.state == "few" and column == "interval":
        return ""
    kind = words.unit(record, row.values)
    if column == "measure" and record["form"] == "heat":
        return prose(words.named_measures(record).get(row.values[column], row.values[column]))
    if column in _IN_UNITS and isinstance(row.values[column], int | float):
        return escape(words.quantity(row.values[column], kind))
    if column == "estimate":
        return escape(words.quantity(row.estimate, kind, words.places(kind, row.estimate, row.low, row.high)))
    if column == "interval":
        return escape(words.between(row.low, row.high, kind, words.places(kind, row.estimate, row.low, row.high)))
    if column == "ties" and record["form"] == "best":
        return prose(words.tied([words.part_of(record, one) for one in row.values[column] or ()]))
    if column == "wait_interval":
        return escape(words.waits(row.values.get("wait_low"), row.values.get("wait_high")))
    return _plain(column, row.values[column], record["form"])


def _plain(column: str, value: Any, form: str) -> str:
    """Write a cell of any other column, by its name and its type."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return escape(words.CHROME["yes" if value else "no"])
    if isinstance(value, list):
        return prose(words.tied(value))
    if column == "hour":
        return escape(words.hour(value))
    if column == "weekday":
        return escape(words.value(column, str(value)))
    if column == "change":
        return escape(words.signed(value, "number", 0))
    if isinstance(value, int | float):
        if column == "wait_hours":
            return escape(words.wait(value))
        if column in ("top_chance", "left_out"):
            return escape(words.percent(value, 0))
        if column.endswith("_share") or column in ("before", "returned"):
            return escape(words.percent(value))
        return escape(words.count(value) if isinstance(value, int) else words.significant(value))
    if column.endswith("_on"):
        return escape(words.date(str(value)))
    if words.value(column, value, form) != value:
        return escape(words.value(column, value, form))
    return prose(words.name(value, _LONGEST_SENTENCE if column in ("sentence", "remedy") else _LONGEST_NAME))


def _warnings(record: Mapping[str, Any], said: str, place: str) -> str:
    """Draw warnings as a list, for they are sentences."""
    told = [str(row.values["warning"]) for row in rows(record)]
    items = "".join(f"<li>{prose(words.name(text, _LONGEST_SENTENCE))}</li>" for text in told)
    return f"<h3{place}>{prose(said)}</h3><ul>{items}</ul>{_below([], source(record))}"


def _common(shown: Sequence[Row]) -> int | None:
    """Give the customers behind every row that is not hidden, where they are the same in three rows or more."""
    numbers = [row.n for row in shown if row.state != "hidden"]
    return numbers[0] if len(numbers) >= 3 and len(set(numbers)) == 1 else None


def _notes(record: Mapping[str, Any], shown: Sequence[Row], left_out: str, common: int | None) -> list[str]:
    notes = [left_out] if left_out else []
    if common is not None:
        notes.append(words.behind_each(common))
    if any(row.state == "hidden" for row in shown):
        notes.append(words.veil(record))
    if said := words.kept(record):
        notes.append(said)
    if COUNTS & set(record["columns"]) and words.rounded(record):
        notes.append(words.rounded(record))
    return notes


def _below(notes: Sequence[str], origin: str) -> str:
    """The notes under a table; the link to its source ends the last of them."""
    said = [*notes[:-1], f"{notes[-1]}{origin}"] if notes else [origin.strip()]
    return "".join(f'<p class="note">{note}</p>' for note in said if note)


def _is_numeric(column: str, shown: Sequence[Row]) -> bool:
    if column in ("interval", "wait_interval", "estimate"):
        return True
    values = [row.values.get(column) for row in shown]
    known = [value for value in values if value is not None]
    return bool(known) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known)


def _class(numeric: bool) -> str:
    return ' class="num"' if numeric else ""
