"""Guards: how much data a number needs before it is believed.

A guard is a row with its name, a status (ok · caution · refuse), what there is and
what is needed. Sizes are those of METHODS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from journeylib.estimates import ENOUGH
from journeylib.schema import COUNTS, RESULT

__all__ = ["at_risk", "check", "customers", "departures", "events_per_parameter", "group_columns", "seasons"]

_DEPARTURES = 10
_GUARDED = {"finding", "number", "chart"}

Guard = dict[str, Any]


def customers(have: int) -> Guard:
    """Guard a group: 30 customers or more.

    >>> customers(14)
    {'guard': 'customers', 'status': 'refuse', 'have': 14, 'needed': 30}
    """
    return _guard("customers", have, ENOUGH)


def departures(have: int) -> Guard:
    """Guard a group that is tested: 10 events or more."""
    return _guard("departures", have, _DEPARTURES)


def at_risk(have: int, group: int) -> Guard:
    """Guard a horizon: ten customers, and one in twenty of the group, still at risk there.

    >>> at_risk(12, 300)["needed"]
    15
    """
    return _guard("customers at risk at the horizon", have, max(10, -(-group // 20)))


def events_per_parameter(events: int, parameters: int) -> Guard:
    """Guard a Cox model: 20 events for each parameter; between 10 and 20 with caution.

    >>> events_per_parameter(150, 10)["status"]
    'caution'
    """
    have = events / parameters
    status = "ok" if have >= 20 else "caution" if have >= 10 else "refuse"
    return {"guard": "events per parameter", "status": status, "have": have, "needed": 20}


def seasons(days: int, season_days: int) -> Guard:
    """Guard a trend: two full seasons of data."""
    return _guard("days of data for two full seasons", days, 2 * season_days)


def check(record: Mapping[str, Any]) -> list[Guard]:
    """List the guards of a record: refused where no group is enough, with caution where some have little.

    Refused: one row, the first guard that the largest group fails. Else one row a guard, with
    the least that any group has. Tables, data statements, plain counts and what its context calls
    `counted` have no guards.

    >>> rows = {"columns": ["n", "estimate", "is_enough"], "rows": [[14, 3.0, False]]}
    >>> check({"kind": "number", "form": "nps", "context": {}, **rows})
    [{'guard': 'customers', 'status': 'refuse', 'have': 14, 'needed': 30}]
    """
    context = record["context"]
    is_counted = context.get("unit") == "count" or context.get("counted")
    if record["kind"] not in _GUARDED or is_counted or "n" not in record["columns"]:
        return []
    groups = _groups(record)
    if not groups:
        return []
    guarded = [_of_group(rows, record["context"]) for rows in groups]
    if not any(any(row.get("is_enough", True) for row in rows) for rows in groups):
        largest = max(guarded, key=lambda guards: guards[0]["have"])
        return [one for one in largest if one["status"] == "refuse"][:1]
    found = []
    for guards in zip(*guarded, strict=True):
        worst = min(guards, key=lambda one: one["have"] - one["needed"])
        many = f"{worst['guard']} in the smallest group" if len(groups) > 1 else worst["guard"]
        status = "ok" if worst["status"] == "ok" else "caution"
        found.append({**worst, "guard": many, "status": status})
    return found


def group_columns(columns: Sequence[str]) -> list[str]:
    """Give the columns that name a row's group: those before the first answer or count.

    >>> group_columns(["plan", "outcome", "journeys", "n", "estimate"])
    ['plan', 'outcome']
    """
    return list(takewhile(lambda name: name not in COUNTS and name not in RESULT, columns))


def _guard(name: str, have: int, needed: int) -> Guard:
    return {"guard": name, "status": "ok" if have >= needed else "refuse", "have": have, "needed": needed}


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
    guards = [customers(n)]
    if "left" in rows[0]:
        guards.append(departures(max(row["left"] or 0 for row in rows)))
    if "at_risk" in rows[0] and "horizon_days" in context and len(rows) == 1:
        guards.append(at_risk(rows[0]["at_risk"] or 0, n))
    return guards
