"""What the findings about groups say: which differ, by how much, and which do not as far as the data tell.

What the edition claims comes first, the largest first, three at most with their numbers; then how
many more differ, what is not claimed, what has too little data, and how the groups were compared.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from journeylib.estimates import Z
from journeylib.show.language import begun, many, say
from journeylib.show.rows import Row, rows
from journeylib.show.words import measures
from journeylib.show.words.measures import segment, topic
from journeylib.show.words.names import apart, listed, name
from journeylib.show.words.numbers import between, count, customers, percent, places, quantity
from journeylib.show.words.standing import claim, shown, spoken
from journeylib.show.words.units import unit

__all__ = [
    "PURPOSES",
    "REST",
    "SENTENCES",
    "detectable",
    "inside",
    "made",
    "others",
    "sized",
    "speakable",
    "unlike",
    "usual",
    "whose",
]

REST = "rest"  # the baseline that is all customers who are not in the group

_MOST = 3  # differences told with their numbers, and groups named in a list
_POWER = 2.8  # standard errors that show in four of five repetitions at the 5 % level
_MANY_LEFT_OUT = 0.1  # the share of what is compared from which on it is told that it has no like


def others(baseline: Any) -> str:
    """Say with whom a group is compared, after "than".

    >>> others("rest")
    'for all others'
    """
    return say("for all others") if baseline == REST else say("where it is “{baseline}”", baseline=name(baseline))


def sized(record: Mapping[str, Any], row: Row) -> tuple[str, str]:
    """Give the size of a difference without its sign, and its bracket."""
    kind = unit(record)
    decimals = places(kind, row.estimate, row.low, row.high)
    low, high = (row.low, row.high) if row.estimate > 0 else (-row.high, -row.low)
    told = {"ends": between(low, high, kind, decimals), "customers": customers(row.values["n"] or 0)}
    return quantity(abs(row.estimate), kind, decimals), say("({ends}, {customers})", **told)


def detectable(record: Mapping[str, Any], row: Row) -> float:
    """Give the difference that would usually have shown: as judged, as measured, or from the interval."""
    for one in record.get("contrasts") or ():
        if one["row"] == row.place and one.get("detectable") is not None:
            return float(one["detectable"])
    own = row.values.get("detectable")
    return (row.high - row.low) / (2 * Z) * _POWER if own is None else float(own)


def usual(record: Mapping[str, Any], alike: Sequence[Row]) -> str:
    """Write the difference that would usually have shown in every one of some rows; without a last zero."""
    kind, most = unit(record), max(detectable(record, row) for row in alike)
    scaled = most * 100 if kind == "points" else most
    is_whole = kind in ("points", "marks") and abs(scaled - round(scaled)) < 0.05
    return quantity(most, kind, 0 if is_whole else None)


def unlike(
    record: Mapping[str, Any],
    first: Callable[[Mapping[str, Any], Row], str],
    following: Callable[[Mapping[str, Any], Row], str],
    more: Callable[[str, Sequence[Row]], str],
) -> list[str]:
    """Tell what is claimed, the largest first, and what is not though its interval leaves out no difference.

    Three have their numbers; `more` says of the others of a state ("claimed" or "close") that there are some.
    """
    found = sorted(speakable(record), key=lambda row: -abs(row.estimate))
    said: list[str] = []
    room = _MOST
    for state in ("claimed", "close"):
        own = [row for row in found if claim(record, row) == state]
        named, rest = own[:room], own[room:]
        room -= len(named)
        if named:
            text = apart([first(record, named[0]), *(following(record, row) for row in named[1:])])
            said.append(spoken(begun(text), is_claimed=state == "claimed"))
        if rest:
            said.append(more(state, rest))
    return said


def made(record: Mapping[str, Any]) -> str:
    """Say how the groups are compared."""
    if not record["context"].get("inside"):
        return say("not made alike")
    return say("made alike by {inside}", inside=inside(record))


def inside(record: Mapping[str, Any]) -> str:
    """Name the segments by which groups are made alike."""
    named = record["context"].get("inside")
    return listed([segment(one) for one in (named if isinstance(named, list | tuple) else [named])])


def whose(record: Mapping[str, Any], row: Row) -> dict[str, str]:
    """Give the parts of a sentence that say who is compared with whom, and how."""
    by, group = segment(record["context"].get("by")), name(row.values["group"])
    return {"by": by, "group": group, "others": others(row.values["baseline"]), "made": made(record)}


def speakable(record: Mapping[str, Any]) -> list[Row]:
    """Give the rows that can be spoken of: shown, and with an interval."""
    return [row for row in shown(record) if not math.isnan(row.low) and not math.isnan(row.high)]


def _differs(record: Mapping[str, Any]) -> str:
    said = unlike(record, _group, _next_group, _more_groups)
    alike = [row for row in speakable(record) if claim(record, row) == "none"]
    said += [_alike(record, alike, is_first=not said)] if alike else []
    return " ".join([*said, *_untold(record), *_left_out(record)])


def _more_groups(state: str, others: Sequence[Row]) -> str:
    """Say how many more groups there are like those that were told."""
    number = len(others)
    if state == "claimed":
        return many(
            number, "And {number} more group differs.", "And {number} more groups differ.", number=count(number)
        )
    return many(
        number,
        "{number} more group seems to differ, which is not claimed either.",
        "{number} more groups seem to differ, which is not claimed either.",
        number=count(number),
    )


def _group(record: Mapping[str, Any], row: Row) -> str:
    size, bracket = sized(record, row)
    measure = record["context"].get("measure")
    differs = measures.difference(measure, size, is_more=row.estimate > 0)
    return say(
        "where {by} is “{group}”, {finding} than {others} {bracket}, {made}",
        finding=measures.clause(measure, record["context"], differs),
        bracket=bracket,
        **whose(record, row),
    )


def _next_group(record: Mapping[str, Any], row: Row) -> str:
    size, bracket = sized(record, row)
    differs = measures.difference(record["context"].get("measure"), size, is_more=row.estimate > 0)
    return say(
        "where it is “{group}”, {difference} {bracket}", difference=differs, bracket=bracket, **whose(record, row)
    )


def _alike(record: Mapping[str, Any], alike: Sequence[Row], *, is_first: bool) -> str:
    """Say for whom no difference was found; of what, where nothing before has said it."""
    kind, context = unit(record), record["context"]
    told = {
        "groups": _quoted(alike, "or" if is_first else "and"),
        "shows": usual(record, alike),
        "by": segment(context.get("by")),
        "topic": topic(context.get("measure"), context),
        "others": _against(alike[0].values["baseline"]),
        "made": made(record),
    }
    if not is_first:
        return say("No difference found for {groups}; one of {shows} or more would usually have shown.", **told)
    if len(alike) > 1:
        return say(
            "No difference found in {topic} where {by} is {groups}, compared with {others}, {made}; one of {shows} or "
            "more would usually have shown.",
            **told,
        )
    row = alike[0]
    decimals = places(kind, row.estimate, row.low, row.high)
    return say(
        "No difference found in {topic} where {by} is {groups}, compared with {others} ({ends}, {customers}), {made}; "
        "one of {shows} or more would usually have shown.",
        ends=between(row.low, row.high, kind, decimals),
        customers=customers(row.values["n"] or 0),
        **told,
    )


def _untold(record: Mapping[str, Any]) -> list[str]:
    """Say which groups have too little data, and which are hidden."""
    seen = {row.place for row in speakable(record)}
    few = [row for row in rows(record) if row.place not in seen and row.state != "hidden"]
    hidden = [row for row in rows(record) if row.state == "hidden"]
    said = [say("Not enough data for {groups}.", groups=_quoted(few))] if few else []
    if hidden:
        said.append(say("Hidden: {groups}.", groups=_quoted(hidden)))
    return said


def _left_out(record: Mapping[str, Any]) -> list[str]:
    """Say of whom much is left out, having no like among those it is compared with."""
    lost = [row for row in speakable(record) if (row.values.get("left_out") or 0) >= _MANY_LEFT_OUT]
    if not lost:
        return []
    most = max(float(row.values["left_out"]) for row in lost)
    told = {"groups": _quoted(lost), "share": percent(most, 0)}
    if len(lost) == 1:
        return [say("For {groups}, {share} is left out of the comparison: it has no like on the other side.", **told)]
    return [say("For {groups}, up to {share} is left out of the comparison: it has no like on the other side.", **told)]


SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "differs": _differs,
}


def _why_differs(context: Mapping[str, Any]) -> str:
    told = {"by": segment(context.get("by")), "topic": topic(context.get("measure"), context)}
    return say("whether {by} goes with a difference in {topic}", **told)


PURPOSES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "differs": _why_differs,
}


def _against(baseline: Any) -> str:
    return say("all others") if baseline == REST else say("“{baseline}”", baseline=name(baseline))


def _quoted(found: Sequence[Row], last: Literal["and", "or"] = "and") -> str:
    """Name groups; more than there is room for are counted."""
    named = [say("“{group}”", group=name(row.values["group"])) for row in found[:_MOST]]
    rest = len(found) - len(named)
    if rest == 1:  # a name is no longer than its count
        return listed([*named, say("“{group}”", group=name(found[-1].values["group"]))], last)
    return listed([*named, say("{number} more", number=count(rest))] if rest else named, last)
