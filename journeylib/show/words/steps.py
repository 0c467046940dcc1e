"""What the findings about steps and paths say: which steps a group takes more often, and how many follow a path."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from journeylib.show.language import later, many, say
from journeylib.show.rows import Row, rows
from journeylib.show.words.differences import made, sized, speakable, unlike, usual, whose
from journeylib.show.words.measures import segment
from journeylib.show.words.names import name
from journeylib.show.words.numbers import count, estimate, parts, quantity
from journeylib.show.words.patterns import path
from journeylib.show.words.standing import claim, shown

__all__ = ["PURPOSES", "SENTENCES"]


def _edges(record: Mapping[str, Any]) -> str:
    said = unlike(record, _edge, _next_edge, _more_steps)
    alike = [row for row in speakable(record) if claim(record, row) == "none"]
    said += [_steps_alike(record, alike, is_first=not said)] if alike else []
    few = len(rows(record)) - len(speakable(record))
    if few:
        rest = many(few, "{number} more has too little data.", "{number} more have too little data.", number=count(few))
        said.append(rest)
    return " ".join(said)


def _more_steps(state: str, others: Sequence[Row]) -> str:
    """Say how many more steps there are like those that were told."""
    number = len(others)
    if state == "claimed":
        return many(number, "And {number} more step differs.", "And {number} more steps differ.", number=count(number))
    return many(
        number,
        "{number} more step seems to differ, which is not claimed either.",
        "{number} more steps seem to differ, which is not claimed either.",
        number=count(number),
    )


def _edge(record: Mapping[str, Any], row: Row) -> str:
    size, bracket = sized(record, row)
    text = _EDGE_MORE if row.estimate > 0 else _EDGE_LESS
    return say(text, size=size, bracket=bracket, **whose(record, row), **_ends(row))


def _next_edge(record: Mapping[str, Any], row: Row) -> str:
    size, bracket = sized(record, row)
    is_same = len({one.values["group"] for one in rows(record)}) == 1
    text = (_AND_MORE if is_same else _NEXT_MORE) if row.estimate > 0 else (_AND_LESS if is_same else _NEXT_LESS)
    return say(text, size=size, bracket=bracket, **whose(record, row), **_ends(row))


_EDGE_MORE = later(
    "where {by} is “{group}”, {source} is followed by {target} {size} more often than {others} {bracket}, {made}"
)
_EDGE_LESS = later(
    "where {by} is “{group}”, {source} is followed by {target} {size} less often than {others} {bracket}, {made}"
)
_NEXT_MORE = later("where it is “{group}”, {source} by {target} {size} more often {bracket}")
_NEXT_LESS = later("where it is “{group}”, {source} by {target} {size} less often {bracket}")


_AND_MORE = later("{source} by {target} {size} more often {bracket}")
_AND_LESS = later("{source} by {target} {size} less often {bracket}")


def _steps_alike(record: Mapping[str, Any], alike: Sequence[Row], *, is_first: bool) -> str:
    """Say in how many steps no difference was found; between whom, where nothing before has said it."""
    told = {
        "number": count(len(alike)),
        "shows": usual(record, alike),
        "by": segment(record["context"].get("by")),
        "made": made(record),
    }
    if is_first:
        return many(
            len(alike),
            "No difference found in {number} step, whatever {by} is, {made}; one of {shows} or more would usually "
            "have shown.",
            "No difference found in {number} steps, whatever {by} is, {made}; one of {shows} or more would usually "
            "have shown.",
            **told,
        )
    return many(
        len(alike),
        "No difference found in {number} other step; one of {shows} or more would usually have shown.",
        "No difference found in {number} other steps; one of {shows} or more would usually have shown.",
        **told,
    )


def _follows(record: Mapping[str, Any]) -> str:
    context = record["context"]
    told = {"path": path(context.get("pattern"))}
    if within := context.get("within_days"):
        told["path"] = say("{path} within {time}", path=told["path"], time=quantity(within, "days"))
    found = sorted(shown(record), key=lambda row: -row.estimate)
    if len(found) == 1 and not _label(found[0]):
        value, bracket = parts(found[0].values, "share")
        return say("{share} of journeys follow {path} {bracket}.", share=value, bracket=bracket, **told)
    first, last = found[0], found[-1]
    told |= {"by": segment(context.get("by") or record["columns"][0]), "high": estimate(first.values, "share")}
    told |= {"highest": name(_label(first)), "lowest": name(_label(last)), "low": estimate(last.values, "share")}
    if len(found) == 1:
        return say("Journeys follow {path} where {by} is “{highest}”: {high}.", **told)
    if first.low > last.high:
        return say(
            "Journeys follow {path} most often where {by} is “{highest}”, {high}, and least where it is “{lowest}”, "
            "{low}.",
            **told,
        )
    return say(
        "Journeys follow {path} where {by} is “{highest}”, {high}, and where it is “{lowest}”, {low}; the groups "
        "cannot be told apart.",
        **told,
    )


SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {"edges": _edges, "follows": _follows}

PURPOSES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "edges": lambda context: say("whether {by} goes with other steps", by=segment(context.get("by"))),
    "follows": lambda context: say("how many journeys follow {path}", path=path(context.get("pattern"))),
}


def _ends(row: Row) -> dict[str, str]:
    return {end: name(row.values[end]) for end in ("source", "target")}


def _label(row: Row) -> str:
    return row.label or str(row.values.get("group") or "")
