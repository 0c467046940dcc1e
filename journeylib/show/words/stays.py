"""What the findings about staying and leaving say: who stays longer, who is still there, who came back."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from journeylib.estimates import Z
from journeylib.show.language import begun, later, say
from journeylib.show.rows import Row, rows
from journeylib.show.words.names import apart, listed, name
from journeylib.show.words.numbers import between, count, customers, estimate, parts, quantity
from journeylib.show.words.standing import claim, shown, spoken
from journeylib.show.words.units import is_lapse

__all__ = ["PURPOSES", "SENTENCES"]

_LASTING = 0.05  # the share that comes back above which a silence is too short
_POWER = 2.8  # standard errors that show in four of five repetitions at the 5 % level
_MOST_GROUPS = 4
_MOST_SENTENCES = 3


def _stay(record: Mapping[str, Any]) -> str:
    told = shown(record)
    unlike = [row for row in told if claim(record, row) != "none"]
    unlike.sort(key=lambda row: (claim(record, row) != "claimed", -abs(row.estimate)))
    alike = [row for row in told if claim(record, row) == "none"]
    said = [_longer(record, row) for row in unlike[:_MOST_SENTENCES]]
    said += [_alike(record, alike)] if alike else []
    few = [name(row.values["group"]) for row in rows(record) if row.state == "few"]
    if few:
        by = name(record["context"].get("by"))
        said.append(say("Not enough data where {by} is {groups}.", by=by, groups=listed(few, "or")))
    return " ".join(said)


def _longer(record: Mapping[str, Any], row: Row) -> str:
    more = row.estimate > 0
    told = {
        "by": name(record["context"].get("by")),
        "group": name(row.values["group"]),
        "baseline": name(row.values["baseline"]),
        "time": quantity(abs(row.estimate), "days"),
        "horizon": quantity(record["context"]["horizon_days"], "days"),
        "ends": between(row.low, row.high, "days") if more else between(-row.high, -row.low, "days"),
        "customers": customers(row.values["n"]),
    }
    longer, less = (_LONGER_ACTIVE, _LESS_ACTIVE) if is_lapse(record) else (_LONGER, _LESS)
    return spoken(say(longer if more else less, **told), is_claimed=claim(record, row) == "claimed")


_LONGER = later(
    "Customers whose {by} is {group} stay {time} longer within the first {horizon} than those whose {by} is {baseline} "
    "({ends}, {customers})"
)
_LESS = later(
    "Customers whose {by} is {group} stay {time} less within the first {horizon} than those whose {by} is {baseline} "
    "({ends}, {customers})"
)
_LONGER_ACTIVE = later(
    "Customers whose {by} is {group} stay active {time} longer within the first {horizon} than those whose {by} is "
    "{baseline} ({ends}, {customers})"
)
_LESS_ACTIVE = later(
    "Customers whose {by} is {group} stay active {time} less within the first {horizon} than those whose {by} is "
    "{baseline} ({ends}, {customers})"
)


def _alike(record: Mapping[str, Any], alike: Sequence[Row]) -> str:
    groups, row = [name(row.values["group"]) for row in alike], alike[0]
    told = {
        "by": name(record["context"].get("by")),
        "baseline": name(row.values["baseline"]),
        "horizon": quantity(record["context"]["horizon_days"], "days"),
        "shows": quantity(max(_detectable(record, row) for row in alike), "days"),
    }
    if len(alike) > 1:
        groups_or = listed(groups, "or")
        return say(_ALIKE_ACTIVE if is_lapse(record) else _ALIKE, groups=groups_or, **told)
    told |= {"group": groups[0], "customers": customers(row.values["n"]), "ends": between(row.low, row.high, "days")}
    return say(_ONE_ALIKE_ACTIVE if is_lapse(record) else _ONE_ALIKE, **told)


_ALIKE = later(
    "No difference found in how long customers stay within the first {horizon}, whether {by} is {baseline}, {groups}; "
    "one of {shows} or more would usually have shown."
)
_ALIKE_ACTIVE = later(
    "No difference found in how long customers stay active within the first {horizon}, whether {by} is {baseline}, "
    "{groups}; one of {shows} or more would usually have shown."
)
_ONE_ALIKE = later(
    "No difference found in how long customers stay within the first {horizon}, whether {by} is {group} or {baseline} "
    "({group} less {baseline}: {ends}, {customers}); one of {shows} or more would usually have shown."
)
_ONE_ALIKE_ACTIVE = later(
    "No difference found in how long customers stay active within the first {horizon}, whether {by} is {group} or "
    "{baseline} ({group} less {baseline}: {ends}, {customers}); one of {shows} or more would usually have shown."
)


def _detectable(record: Mapping[str, Any], row: Row) -> float:
    """Give the difference that this much data would usually have shown, as judged or from the interval."""
    for one in record.get("contrasts") or ():
        if one["row"] == row.place and one.get("detectable") is not None:
            return float(one["detectable"])
    return (row.high - row.low) / (2 * Z) * _POWER


def _left(record: Mapping[str, Any]) -> str:
    first, *others = sorted(shown(record), key=lambda row: -row.estimate)
    value, bracket = parts(first.values, "share")
    time = quantity(record["context"]["horizon_days"], "days")
    told = {"time": time, "share": value, "customers": _whose(record, first), "bracket": bracket}
    if is_lapse(record):
        said = say("After {time}, {share} of {customers} are still active {bracket}", **told)
    else:
        said = say("After {time}, {share} of {customers} are still there {bracket}", **told)
    where = [
        say("{share} where it is {group}", share=estimate(row.values, "share"), group=name(row.label))
        for row in others[: _MOST_GROUPS - 1]
    ]
    return say("{finding}.", finding=apart([said, *where]))


def _whose(record: Mapping[str, Any], row: Row) -> str:
    """The customers of a row: all, or those of its group."""
    if not row.label:
        return say("customers")
    return say("customers whose {by} is {group}", by=name(record["columns"][0]), group=name(row.label))


def _median_stay(record: Mapping[str, Any]) -> str:
    """Say when half have left, the soonest first; then of whom fewer than half have."""
    found = shown(record)
    reached = sorted((row for row in found if not math.isnan(row.estimate)), key=lambda row: row.estimate)
    others = [row for row in found if math.isnan(row.estimate)]
    said = []
    for row in reached[:_MOST_GROUPS]:
        told = {"customers": _whose(record, row), "time": estimate(row.values, "days")}
        if is_lapse(record):
            said.append(say("half of the {customers} have fallen silent after {time}", **told))
        else:
            said.append(say("half of the {customers} have left after {time}", **told))
    if others:
        told = {"customers": _of_these(record, others), "behind": customers(min(row.n or 0 for row in others))}
        if len(others) > 1:
            told["behind"] = say("{customers} or more each", customers=told["behind"])
        if is_lapse(record):
            said.append(
                say("of {customers}, fewer than half have fallen silent in the time observed ({behind})", **told)
            )
        else:
            said.append(say("of {customers}, fewer than half have left in the time observed ({behind})", **told))
    return say("{finding}.", finding=begun(apart(said)))


_FEWER_SILENT = later("of {customers}, fewer than half have fallen silent in the time observed ({behind})")


def _of_these(record: Mapping[str, Any], found: Sequence[Row]) -> str:
    """The customers of some rows."""
    if not found[0].label:
        return say("customers")
    most = len(found) if len(found) == _MOST_GROUPS + 1 else _MOST_GROUPS  # a name is no longer than its count
    groups = [name(row.label) for row in found[:most]]
    if len(found) > most:
        groups.append(say("{number} more", number=count(len(found) - most)))
    return say("customers whose {by} is {group}", by=name(record["columns"][0]), group=listed(groups, "or"))


def _returned(record: Mapping[str, Any]) -> str:
    value, bracket = parts(shown(record)[0].values, "share")
    told = {"share": value, "bracket": bracket, "time": quantity(record["context"]["silent_days"], "days")}
    if shown(record)[0].low > _LASTING:
        return say(
            "{share} of the customers who fell silent for more than {time} came back later {bracket}: such a silence "
            "is too short to call it leaving.",
            **told,
        )
    return say("{share} of the customers who fell silent for more than {time} came back later {bracket}.", **told)


SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "stay": _stay,
    "left": _left,
    "median_stay": _median_stay,
    "returned": _returned,
}

PURPOSES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "stay": lambda context: say("whether {by} goes with a longer stay", by=name(context.get("by"))),
    "left": lambda _: say("how many customers are still there"),
    "median_stay": lambda _: say("when half of the customers have left"),
    "returned": lambda _: say("how many came back after a silence"),
}
