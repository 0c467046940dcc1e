"""Checks: which guards a record of an edition has, from its rows, its context and its notebook.

What a measure knows beside its rows comes in the record's context or columns, all optional:

    strata          [{stratum, group, baseline, n, estimate, low, high}, …]: the contrast inside segments
    exposure_days   {group: mean days in which the customers of a group could show the outcome}
    defined_until, follows_from     ISO dates: the last that a group's definition used, the first that is measured
    parameters      of a model, beside a column `left` or `events`
    season_days     of a trend with `every_days`
    median, top_share, modes        columns beside a mean: its median, the largest hundredth's share of the sum
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from journeylib.judge import guards
from journeylib.judge.guards import Guard, group_columns, softened

__all__ = ["INPUTS", "across", "check"]

INPUTS = ("strata", "exposure_days", "defined_until", "follows_from")  # of the context; no page shows them

_GUARDED = {"finding", "number", "chart"}
_BETWEEN = {"baseline", "measure"}  # columns of records that set groups beside each other


def check(record: Mapping[str, Any]) -> list[Guard]:
    """List the guards of a record: refused where no group is enough, with caution where some have little.

    Refused: one row, the first guard that the largest group fails. Else one row a guard, with
    the least that any group has, and what the record's context and columns let be checked.
    Tables, data statements, plain counts and what its context calls `counted` have no guards.

    >>> rows = {"columns": ["n", "estimate", "is_enough"], "rows": [[14, 3.0, False]]}
    >>> [guard["have"] for guard in check({"kind": "number", "form": "nps", "context": {}, **rows})]
    [14]
    """
    context = record["context"]
    is_counted = context.get("unit") == "count" or context.get("counted")
    if record["kind"] not in _GUARDED or is_counted or "n" not in record["columns"]:
        return []
    groups = _groups(record)
    if not groups:
        return []
    guarded = [_of_group(rows, record["context"]) for rows in groups]
    enough = [any(row.get("is_enough", True) for row in rows) for rows in groups]
    if not any(enough):
        largest = max(guarded, key=lambda one: one[0]["have"])
        return [one for one in largest if one["status"] == "refuse"][:1]
    if _BETWEEN & set(record["columns"]):  # a group that is too small says so itself, and is compared with nobody
        guarded = [one for one, is_enough in zip(guarded, enough, strict=True) if is_enough]
    found = []
    for each in zip(*guarded, strict=True):
        worst = min(each, key=lambda one: one["have"] - one["needed"])
        many = f"{worst['guard']} in the smallest group" if len(groups) > 1 else worst["guard"]
        remedy = "join_groups" if len(groups) > 1 and worst["remedy"] == "more_data" else worst["remedy"]
        found.append(softened({**worst, "guard": many, "remedy": remedy}))
    return [*found, *_of_record(record, [row for rows in groups for row in rows])]


def across(records: Sequence[Mapping[str, Any]]) -> list[list[Guard]]:
    """List, for each finding, the guards that need another record of its notebook.

    A share that has a window is guarded by the period of the data statement; whatever calls a
    silence leaving, by the share that came back after it.
    """
    periods, silences = dict[str, int](), dict[str, Guard]()
    for record in records:
        context, place = record["context"], str(record.get("notebook", ""))
        if record["kind"] == "data" and context.get("from_on") and context.get("to_on"):
            periods[place] = _days(context["from_on"], context["to_on"])
        if record["form"] == "returned" and record["rows"] and context.get("silent_days"):
            row = dict(zip(record["columns"], record["rows"][0], strict=True))
            if row["is_enough"]:
                others = _returns(records, place)
                silences[place] = guards.silence(context["silent_days"], row["estimate"], others)
    found: list[list[Guard]] = []
    for record in records:
        context, place, own = record["context"], str(record.get("notebook", "")), list[Guard]()
        if record["kind"] == "finding" and record["rows"]:
            if "goal" in context and context.get("within_days") and place in periods:
                own.append(guards.window(periods[place], context["within_days"]))
            if place in silences and (context.get("kind") == "lapse" or record["form"] == "returned"):
                own.append(silences[place])
        found.append(own)
    return found


def _groups(record: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    """The rows of each group; the days of a curve belong to one."""
    columns: Sequence[str] = record["columns"]
    names = [name for name in group_columns(columns) if name != "day"]
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for cells in record["rows"]:
        row = dict(zip(columns, cells, strict=True))
        groups.setdefault(tuple(row[name] for name in names), []).append(row)
    return list(groups.values())


def _of_group(rows: Sequence[Mapping[str, Any]], context: Mapping[str, Any]) -> list[Guard]:
    n = rows[0]["n"] or 0
    made = [guards.customers(n)]
    if "left" in rows[0]:
        made.append(guards.departures(max(row["left"] or 0 for row in rows)))
    if "at_risk" in rows[0] and "horizon_days" in context and len(rows) == 1:
        made.append(guards.at_risk(rows[0]["at_risk"] or 0, n))
    return made


def _of_record(record: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> list[Guard]:
    """The guards of what the context and further columns tell."""
    context, found = record["context"], list[Guard]()
    if {"median", "top_share", "modes"} & set(record["columns"]):
        found.append(guards.distribution(rows))
    if context.get("strata"):
        told = [row for row in rows if "group" in row and row["estimate"] is not None]
        found += [guards.reversal(row, context["strata"]) for row in told]
    if len(context.get("exposure_days") or ()) > 1:
        found.append(guards.exposure(context["exposure_days"]))
    if context.get("defined_until") and context.get("follows_from"):
        found.append(guards.future(context["defined_until"], context["follows_from"]))
    if context.get("parameters"):
        events = min((row.get("events") or row.get("left") or 0 for row in rows), default=0)
        found.append(guards.events_per_parameter(events, context["parameters"]))
    if context.get("season_days") and context.get("every_days"):
        found.append(softened(guards.seasons(len(rows) * context["every_days"], context["season_days"])))
    return found


def _returns(records: Sequence[Mapping[str, Any]], place: str) -> dict[float, float]:
    """The share that came back by silence, as a table of the notebook tells it."""
    found: dict[float, float] = {}
    for record in records:
        is_table = record["form"] == "sensitivity" and str(record.get("notebook", "")) == place
        for cells in record["rows"] if is_table else ():
            row = dict(zip(record["columns"], cells, strict=True))
            if row.get("returned") is not None:
                found[float(row["silent_days"])] = float(row["returned"])
    return found


def _days(first: str, last: str) -> int:
    return (date.fromisoformat(str(last)[:10]) - date.fromisoformat(str(first)[:10])).days + 1
