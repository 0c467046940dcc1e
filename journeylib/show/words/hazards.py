"""What the findings about leaving say: by how much segments and what happened multiply the chance to leave.

A ratio is kept as its logarithm and told as so many times as likely. It is of customers still there
on a day, not of shares or times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from journeylib.show.language import later, many, say
from journeylib.show.rows import Row, rows
from journeylib.show.words import reasons
from journeylib.show.words.differences import detectable, speakable, unlike
from journeylib.show.words.names import listed, name
from journeylib.show.words.numbers import bare, between, count, customers, places, quantity
from journeylib.show.words.reasons import NOTES, is_own, reason
from journeylib.show.words.standing import claim, shown
from journeylib.show.words.units import is_lapse, unit

__all__ = ["PURPOSES", "SENTENCES", "has_notes", "level", "path", "ratio"]

_MOST = 3


def ratio(record: Mapping[str, Any], row: Row) -> tuple[str, str]:
    """Give a ratio and its bracket.

    >>> record = {"form": "hazards", "context": {}, "columns": [], "rows": []}
    >>> size, bracket = ratio(record, Row("", "shown", {"n": 900, "estimate": -0.69, "low": -0.8, "high": -0.6}))
    >>> size, bracket.replace("\\u202f", " ")
    ('0.50', '(0.45–0.55, n = 900)')
    """
    kind = unit(record)
    decimals = places(kind, row.estimate, row.low, row.high)
    told = {"ends": between(row.low, row.high, kind, decimals), "customers": customers(row.n or 0)}
    return bare(row.estimate, kind, decimals), say("({ends}, {customers})", **told)


def level(row: Row) -> str:
    """Name a level of a segment, with the segment.

    >>> level(Row("", "shown", {"covariate": "plan", "group": "annual"})).replace("\\u2068", "").replace("\\u2069", "")
    'plan: annual'
    """
    return reasons.level(row.values["covariate"], row.values["group"])


def path(row: Row) -> str:
    """Name a touchpoint or a path of two.

    >>> path(Row("", "shown", {"group": "call"})).replace("\\u2068", "").replace("\\u2069", "")
    '“call”'
    """
    return say("“{group}”", group=name(row.values["group"]))


_NO_RATIO = later("No difference found for {groups}; a ratio of {shows}, or its inverse, would usually have shown.")
_NO_RATIO_AFTER = later(
    "No difference found after {groups}; a ratio of {shows}, or its inverse, would usually have shown."
)

# By how much segments multiply the chance to leave -----------------------------------------------------------------


def has_notes(record: Mapping[str, Any]) -> bool:
    """Tell whether it is said of some row why it has no ratio, though no other can be shown."""
    if record["form"] not in SENTENCES or record["not_applicable"] is not None:
        return False
    return any(row.state != "hidden" and row.values.get("note") for row in rows(record))


def _hazards(record: Mapping[str, Any]) -> str:
    said = unlike(record, _more_likely, _next_level, _more(level))
    alike = [row for row in speakable(record) if claim(record, row) == "none"]
    if alike:
        shows = quantity(max(detectable(record, row) for row in alike), unit(record))
        said.append(say(_NO_RATIO, groups=_alike(record, alike), shows=shows))
    return " ".join([*said, *_untold(record, level), *_turning(record)])


def _untold(record: Mapping[str, Any], named: Callable[[Row], str]) -> list[str]:
    """Say of which rows no ratio can be told, and why."""
    seen = {row.place for row in speakable(record)}
    rest = [row for row in rows(record) if row.place not in seen and row.state != "hidden"]
    why: dict[str, list[str]] = {}
    for row in rest:
        why.setdefault(str(row.values.get("note") or ""), []).append(named(row))
    said = [
        say("No ratio for {groups} ({why}).", groups=_counted(own, "and"), why=NOTES[note])
        for note, own in why.items()
        if note in NOTES
    ]
    return [*said, say("Not enough data for {groups}.", groups=_counted(why[""]))] if "" in why else said


def _turning(record: Mapping[str, Any]) -> list[str]:
    """Say for which segments one ratio is an average over time."""
    doubted = dict.fromkeys(str(row.values["covariate"]) for row in shown(record) if not _holds(row))
    if not doubted:
        return []
    told = {"segments": listed([reason(one) for one in doubted])}
    return [
        many(
            len(doubted),
            "For {segments} the ratio seems to change in the course of time: one number is an average.",
            "For {segments} the ratios seem to change in the course of time: one number each is an average.",
            **told,
        )
    ]


def _alike(record: Mapping[str, Any], alike: Sequence[Row]) -> str:
    """Name levels without a difference; a segment by itself where all its levels are."""
    places = {row.place for row in alike}
    every: dict[str, list[Row]] = {}
    for row in speakable(record):
        every.setdefault(str(row.values["covariate"]), []).append(row)
    named = []
    for covariate, own in every.items():
        if all(row.place in places for row in own):
            named.append(reason(covariate))
        else:
            named += [level(row) for row in own if row.place in places]
    return _counted(named)


def _holds(row: Row) -> bool:
    return row.values.get("is_proportional") is not False


def _more_likely(record: Mapping[str, Any], row: Row) -> str:
    said = _likely(record, row)
    return said if _holds(row) else say("on average over the time observed, {finding}", finding=said)


def _likely(record: Mapping[str, Any], row: Row) -> str:
    if is_own(row.values["covariate"]):
        return say(
            "all else alike, a customer still there with “{level}” is {ratio} times as likely to leave on a day as one "
            "with “{base}” {bracket}",
            **_told(record, row),
        )
    if is_lapse(record):
        return say(
            "all else alike, a customer still active whose {by} is {group} is {ratio} times as likely to fall silent "
            "on a day as one whose {by} is {baseline} {bracket}",
            **_told(record, row),
        )
    return say(
        "all else alike, a customer still there whose {by} is {group} is {ratio} times as likely to leave on a day as "
        "one whose {by} is {baseline} {bracket}",
        **_told(record, row),
    )


def _next_level(record: Mapping[str, Any], row: Row) -> str:
    if is_own(row.values["covariate"]):
        said = say("with “{level}”, {ratio} times as likely as with “{base}” {bracket}", **_told(record, row))
        return said if _holds(row) else say("on average, {finding}", finding=said)
    said = say(
        "where {by} is {group}, {ratio} times as likely as where it is {baseline} {bracket}", **_told(record, row)
    )
    return said if _holds(row) else say("on average, {finding}", finding=said)


def _told(record: Mapping[str, Any], row: Row) -> dict[str, str]:
    size, bracket = ratio(record, row)
    covariate = row.values["covariate"]
    ends = {"level": level(row), "base": reasons.level(covariate, row.values["baseline"])}
    named = {end: name(row.values[end]) for end in ("group", "baseline")}
    return {"by": reason(covariate), "ratio": size, "bracket": bracket, **ends, **named}


# What comes before leaving -----------------------------------------------------------------------------------------


def _leads(record: Mapping[str, Any]) -> str:
    said = unlike(record, _before, _next_before, _more(path))
    alike = [row for row in speakable(record) if claim(record, row) == "none"]
    if alike:
        shows = quantity(max(detectable(record, row) for row in alike), unit(record))
        said.append(say(_NO_RATIO_AFTER, groups=_counted([path(row) for row in alike]), shows=shows))
    return " ".join([*said, *_untold(record, path), *_placebo(record)])


def _before(record: Mapping[str, Any], row: Row) -> str:
    size, bracket = ratio(record, row)
    told = {"path": path(row), "ratio": size, "bracket": bracket, **_observed(record, row)}
    said = say(
        "in the {time} after {path}, customers are {ratio} times as likely to leave on a day as others who have been "
        "there as long {bracket}: {left} did, where {expected} would be expected",
        **told,
    )
    return _among(row, said)


def _next_before(record: Mapping[str, Any], row: Row) -> str:
    size, bracket = ratio(record, row)
    told = {"path": path(row), "ratio": size, "bracket": bracket, **_observed(record, row)}
    said = say("after {path}, {ratio} times {bracket}: {left}, where {expected} would be expected", **told)
    return _among(row, said)


def _among(row: Row, said: str) -> str:
    """Add that it may be whatever customers do, where against others who did something no difference is shown."""
    low, high = row.values.get("active_low"), row.values.get("active_high")
    if low is None or high is None or low > 0 or high < 0:
        return said
    return say("{finding} (against others who did something in these days, no difference is shown)", finding=said)


def _observed(record: Mapping[str, Any], row: Row) -> dict[str, str]:
    return {
        "time": quantity(record["context"]["within_days"], "days"),
        "left": count(row.values["left"] or 0),
        "expected": count(row.values["expected"] or 0),
    }


def _placebo(record: Mapping[str, Any]) -> list[str]:
    """Say how many would seem to differ with the histories of other customers."""
    ends = [
        (row.values.get("placebo_low"), row.values.get("placebo_high")) for row in rows(record) if row.state != "hidden"
    ]
    known = [(low, high) for low, high in ends if low is not None and high is not None]
    if not known:
        return []
    apart_from = sum(low > 0 or high < 0 for low, high in known)
    told = {"number": count(apart_from), "all": count(len(known))}
    return [
        say(
            "As a check, with the histories of other customers in place of their own, {number} of {all} intervals "
            "leave out no difference; chance alone brings about one in twenty.",
            **told,
        )
    ]


def _more(named: Callable[[Row], str]) -> Callable[[str, Sequence[Row]], str]:
    """Name those that are claimed, or not, beside what was told with its numbers."""

    def said(state: str, others: Sequence[Row]) -> str:
        groups = listed([named(row) for row in others])
        if state == "claimed":
            return say("Also claimed: {groups}.", groups=groups)
        return say("Not claimed either: {groups}.", groups=groups)

    return said


def _counted(named: Sequence[str], last: Literal["and", "or"] = "or") -> str:
    """Name the first of some; the others are counted."""
    rest = len(named) - _MOST
    if rest <= 1:
        return listed(list(named), last)
    return listed([*named[:_MOST], say("{number} more", number=count(rest))], last)


SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "hazards": _hazards,
    "leads": _leads,
}


def _why_hazards(context: Mapping[str, Any]) -> str:
    if context.get("measure") == "states":
        return say("what goes before leaving, all else alike")
    return say("for whom the chance to leave is different, all else alike")


PURPOSES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "hazards": _why_hazards,
    "leads": lambda _: say("what comes before leaving"),
}
