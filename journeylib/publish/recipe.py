"""Read a recipe: which notebooks make a report, about which days, with which goals.

A recipe is a TOML file in `reports/`; its store and its notebooks are found from
the folder above that one. All mistakes of a recipe are reported at once. Its dates
may move ("yesterday", "-90d"): `resolve` makes them days of the calendar, and
`series` names what stays the same while they move.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journeylib.errors import BusyError, RecipeError, together
from journeylib.journeys import definitions
from journeylib.journeys.definitions import Definition
from journeylib.judge.expectation import sides
from journeylib.publish import fields
from journeylib.publish.reserved import COLUMNS

__all__ = ["CADENCE_DAYS", "Period", "Recipe", "canonical", "read", "resolve", "series"]

CADENCE_DAYS: Mapping[str, int] = {"daily": 1, "weekly": 7, "monthly": 31, "quarterly": 92, "yearly": 366}

_LAST_DAYS = re.compile(r"-([1-9][0-9]{0,4})d")
_NAME_RULE = "a name of letters, digits, - and _, at most 60 of them"
_COLUMN_RULE = "a name of small letters, digits and _ that starts with a letter"
_SEGMENT_RULE = 'text such as "customers.plan", or a table of conditions by the name of their group'
_PLAIN_RULE = "text, a number, true or false, a date, or a list of them"


@dataclass(frozen=True)
class Recipe:
    """Everything a recipe says, checked; dates as ISO text, `store` as written."""

    path: Path
    name: str
    title: str
    store: str
    engine: str
    notebooks: tuple[str, ...]
    audience: str
    language: str
    cadence: str | None
    looks: int | None
    require_complete_through: str | None
    time_limit_minutes: float
    as_of: str
    start: str
    goals: dict[str, dict[str, Any]]
    segments: dict[str, Definition]
    questions: tuple[dict[str, str], ...]
    notes: dict[str, str]
    parameters: dict[str, dict[str, Any]]

    @property
    def root(self) -> Path:
        """The folder that holds `reports/`, `notebooks/` and, usually, `stores/`."""
        return self.path.absolute().parent.parent

    @property
    def store_path(self) -> Path:
        """The absolute path of the store."""
        return self.root / self.store

    def notebook_path(self, name: str) -> Path:
        """The path of one of the recipe's notebooks."""
        return self.root / "notebooks" / f"{name}.ipynb"


@dataclass(frozen=True)
class Period:
    """The days that a report is about, both included, as ISO text."""

    start: str
    as_of: str


def read(path: Path | str) -> Recipe:
    """Read and check the recipe at `path`.

    Raises RecipeError with every mistake in the file.
    """
    path = Path(path)
    mistakes: list[str] = []
    top = fields.Table(_toml(path), "", mistakes)
    said: dict[str, Any] = {
        "name": top.take("name", fields.name, f"{_NAME_RULE}, that is safe as a folder"),
        "title": top.take("title", fields.text, "a line of text", default=top.said.get("name")),
        "store": top.take("store", fields.text, 'the folder of a journey store, such as "stores/demo"'),
        "engine": top.take("engine", fields.one_of("duckdb", "spark"), '"duckdb" or "spark"', default="duckdb"),
        "notebooks": top.take("notebooks", _notebooks, 'different names in notebooks/, such as ["overview", "churn"]'),
        "audience": top.take("audience", fields.one_of("shared", "private"), '"shared" or "private"', default="shared"),
        "language": top.take("language", fields.one_of("en"), '"en"; pages speak English only for now', default="en"),
        "cadence": top.take("cadence", fields.one_of(*CADENCE_DAYS), _either(CADENCE_DAYS), default=None),
        "looks": top.take("looks", fields.count, "the whole number of planned editions, 1 or more", default=None),
        "require_complete_through": top.take(
            "require_complete_through", _as_of_or_day, '"as_of" or a date such as 2026-06-30', default=None
        ),
        "time_limit_minutes": top.take(
            "time_limit_minutes", _minutes, "the minutes that one notebook may take, up to 1440", default=30.0
        ),
    }
    period = top.table("period")
    right = '"yesterday", "complete" (the last complete day of the store) or a date such as 2026-06-30'
    said["as_of"] = period.take("as_of", _as_of, right)
    right = '"-90d" (the last 90 days), "begin" (of the data) or a date such as 2026-01-01'
    said["start"] = period.take("start", _start, right)
    period.close()
    said["goals"] = {name: _goal(table) for name, table in top.tables("goals", fields.column, _COLUMN_RULE)}
    segments, notes = top.table("segments"), top.table("notes")
    said["segments"] = segments.entries(fields.column, _COLUMN_RULE, _segment, _SEGMENT_RULE)
    for name in said["segments"]:
        _understood(segments, name, said["segments"][name])
    for name in sorted(said["segments"].keys() & COLUMNS):
        segments.note(f'has the name "{name}", which a column of the data or of the answers has', _other(name))
    said["questions"] = tuple(_question(block, said["segments"]) for block in top.blocks("question"))
    said["notes"] = notes.entries(fields.day, 'a date in quotes, such as "2026-10-03"', fields.text, "a short text")
    said["parameters"] = _parameters(top, said["notebooks"] or ())
    top.close()
    if mistakes:
        raise RecipeError(together([f"{path}: {mistake}" for mistake in mistakes]))
    return Recipe(path=path, **said)


def resolve(recipe: Recipe, facts: Mapping[str, Any], today: datetime.date) -> Period:
    """Make the recipe's dates days of the calendar.

    `facts` gives the store's `begins_on` and `complete_through` as ISO text.
    "-90d" is 90 days with `as_of` as the last, so weekly reports of "-7d" neither
    overlap nor leave a gap; it never reaches back before the data. Raises BusyError
    where the data is not complete as far as the recipe requires.
    """
    begins_on, complete = facts["begins_on"], facts["complete_through"]
    moving = {"yesterday": (today - datetime.timedelta(days=1)).isoformat(), "complete": complete}
    as_of = moving.get(recipe.as_of, recipe.as_of)
    required = as_of if recipe.require_complete_through == "as_of" else recipe.require_complete_through
    if required is not None and complete < required:
        raise BusyError(
            f"{recipe.store} is complete through {complete}, but {recipe.path} requires it through {required}. "
            "Load the missing days, then run it again."
        )
    if as_of < begins_on:
        raise RecipeError(
            f"{recipe.path}: [period] as_of is {as_of}, but the data of {recipe.store} begins on {begins_on}. "
            f"Write a date from {begins_on} to {complete}."
        )
    days = _LAST_DAYS.fullmatch(recipe.start)
    if days:
        back = datetime.timedelta(days=int(days[1]) - 1)
        start = max(begins_on, (datetime.date.fromisoformat(as_of) - back).isoformat())
    else:
        start = begins_on if recipe.start == "begin" else recipe.start
    if start > as_of:
        raise RecipeError(
            f"{recipe.path}: [period] start is {start}, after as_of, {as_of}. Write {as_of} or an earlier date."
        )
    return Period(start=start, as_of=as_of)


def series(recipe: Recipe) -> str:
    """Name the series that a recipe's editions belong to, in 16 hexadecimal digits.

    Everything that shapes a number counts. What moves or only describes does not:
    dates of the period, notes, title, cadence, the time limit; nor does the engine, which computes
    the same numbers; nor do questions, whose changes an edition tells of.
    """
    fixed = {
        "name": recipe.name,
        "store": recipe.store,
        "notebooks": recipe.notebooks,
        "audience": recipe.audience,
        "language": recipe.language,
        "looks": recipe.looks,
        "start": recipe.start if fields.day(recipe.start) is None else "a date",
        "goals": recipe.goals,
        "segments": recipe.segments,
        "parameters": recipe.parameters,
    }
    return hashlib.sha256(canonical(fixed)).hexdigest()[:16]


def canonical(value: Any) -> bytes:
    """Write a JSON value in its one canonical form, so that equal values have equal hashes.

    >>> canonical({"b": 1, "a": [1.5, None]})
    b'{"a":[1.5,null],"b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        others = sorted(other.name for other in path.parent.glob("*.toml"))
        known = f"{path.parent} holds {', '.join(others)}" if others else f"{path.parent} holds no recipe"
        raise RecipeError(f"there is no recipe {path}; {known}. Give the path of a recipe.") from None
    except UnicodeDecodeError:
        raise RecipeError(f"{path} is not UTF-8 text. Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{path} is not TOML: {error}. Mend that line.") from None
    except OSError as error:
        raise RecipeError(f"{path} cannot be read: {error.strerror}. Give the path of a recipe.") from None


def _goal(table: fields.Table) -> dict[str, Any]:
    goal = {
        "touchpoint": table.take("touchpoint", fields.text, 'the touchpoint that reaches it, such as "order placed"'),
        "within_days": table.take("within_days", fields.count, "a whole number of days, 1 or more"),
    }
    table.close()
    return goal


def _other(name: str) -> str:
    return f'Use another, such as "{name}_group" or "customer_{name}".'


def _segment(value: Any) -> Definition | None:
    if not isinstance(value, dict):
        return fields.text(value)
    is_whole = value and all(fields.text(one) for one in [*value, *value.values()])
    return {str(group): str(one) for group, one in value.items()} if is_whole else None


def _understood(table: fields.Table, name: str, definition: Definition | None) -> None:
    """Note what is wrong with the words of a definition; its attributes are checked against the store."""
    for one in () if definition is None else [definition] if isinstance(definition, str) else definition.values():
        try:
            definitions.read(name, one)
        except RecipeError as error:
            wrong, _, right = str(error).partition(". ")
            table.note(wrong, right)


def _question(table: fields.Table, segments: Iterable[str]) -> dict[str, str]:
    question = {
        "text": table.take("text", fields.text, "the question in words"),
        "measure": table.take("measure", _measure, 'a measure such as "churn.survival"'),
        "by": table.take("by", fields.column, 'the segment that it compares, such as "plan"'),
        "expect": table.take("expect", _expectation, 'what was expected, such as "annual > monthly"'),
        "dated": table.take("dated", fields.day, "the day it was asked, such as 2026-11-01"),
    }
    if question["by"] is not None and question["by"] not in segments:
        table.note(f'by is "{question["by"]}", which [segments] does not name', fields.near(question["by"], segments))
    table.close()
    return question


def _parameters(top: fields.Table, notebooks: Iterable[str]) -> dict[str, dict[str, Any]]:
    found = {}
    for notebook, table in top.tables("parameters", fields.name, _NAME_RULE):
        if notebook not in notebooks:
            table.note("is for a notebook that this recipe does not run", fields.near(notebook, notebooks))
        found[notebook] = table.entries(fields.text, "a parameter's name", fields.plain, _PLAIN_RULE)
    return found


def _notebooks(value: Any) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not value or any(fields.name(name) is None for name in value):
        return None
    return tuple(value) if len({name.casefold() for name in value}) == len(value) else None


def _minutes(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 < value <= 1440 else None


def _as_of(value: Any) -> str | None:
    return value if value in ("yesterday", "complete") else fields.day(value)


def _as_of_or_day(value: Any) -> str | None:
    return value if value == "as_of" else fields.day(value)


def _start(value: Any) -> str | None:
    moves = isinstance(value, str) and (value == "begin" or _LAST_DAYS.fullmatch(value))
    return value if moves else fields.day(value)


def _measure(value: Any) -> str | None:
    return value if isinstance(value, str) and re.fullmatch(r"[a-z_]+\.[a-z_]+", value) else None


def _expectation(value: Any) -> str | None:
    return value if isinstance(value, str) and sides(value) else None


def _either(words: Iterable[str]) -> str:
    return " or ".join(f'"{word}"' for word in words)
