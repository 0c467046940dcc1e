"""What each measure is called, wherever groups are compared by it: its topic, a short head, a sentence of it.

A measure that has no phrases here goes by its own name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from journeylib.show.language import Phrases, begun, later, say
from journeylib.show.words.names import name
from journeylib.show.words.numbers import quantity
from journeylib.show.words.patterns import path

__all__ = ["KEYS", "clause", "difference", "direction", "head", "segment", "topic", "ways"]


@dataclass(frozen=True)
class _Phrases:
    """`topic`: a noun; `head`: for a column; `clause`: a sentence around a difference; `kind`: how that is said."""

    topic: str
    head: str
    clause: str
    kind: str = "often"


_KNOWN: Mapping[str, _Phrases] = {
    "outcomes.converted": _Phrases(
        later("how many journeys {reach}"), later("{reach_short}"), later("journeys {reach} {difference}")
    ),
    "channels.bounced": _Phrases(
        later("how many journeys {bounce}"), later("Bounce back"), later("journeys {bounce} {difference}")
    ),
    "channels.switched": _Phrases(
        later("how many journeys switch channel"),
        later("Switch channel"),
        later("journeys switch channel {difference}"),
    ),
    "friction.repeated": _Phrases(
        later("how many journeys repeat a touchpoint"),
        later("Repeat a touchpoint"),
        later("journeys repeat a touchpoint {difference}"),
    ),
    "timing.to_goal": _Phrases(
        later("how long journeys take to {arrive}"),
        later("Days to {end}"),
        later("journeys take {difference} to {reach_short}"),
        "long",
    ),
    "paths.followed": _Phrases(
        later("how many journeys follow {path}"), later("Follow the path"), later("journeys follow {path} {difference}")
    ),
    "satisfaction.nps": _Phrases(
        later("the net promoter score"),
        later("Net promoter score"),
        later("the net promoter score is {difference}"),
        "high",
    ),
    "satisfaction.csat": _Phrases(
        later("how many of those who answer are satisfied"),
        later("Satisfied"),
        later("those who answer are satisfied {difference}"),
    ),
    "satisfaction.ces": _Phrases(
        later("the customer effort score"),
        later("Effort score"),
        later("the customer effort score is {difference}"),
        "high",
    ),
    "satisfaction.response": _Phrases(
        later("how many of those asked answer"), later("Answer when asked"), later("those asked answer {difference}")
    ),
    "value.revenue": _Phrases(
        later("revenue a customer"), later("Revenue a customer"), later("revenue a customer is {difference}"), "high"
    ),
    "value.cost": _Phrases(
        later("the cost to serve a customer"),
        later("Cost a customer"),
        later("the cost to serve a customer is {difference}"),
        "high",
    ),
}
_OTHER = _Phrases(later("{measure}"), later("{measure}"), later("{measure} is {difference}"), "high")

_MORE = Phrases({"often": later("more often"), "long": later("longer"), "high": later("higher")})
_LESS = Phrases({"often": later("less often"), "long": later("less"), "high": later("lower")})
_DIFFERENCES = {
    "often": (later("{size} more often"), later("{size} less often")),
    "long": (later("{size} longer"), later("{size} less")),
    "high": (later("{size} higher"), later("{size} lower")),
}

KEYS = tuple(_KNOWN)


def topic(measure: Any, context: Mapping[str, Any]) -> str:
    """Say what is compared, as a noun; the context has its goal, chain or pattern.

    >>> context = {"goal": "purchase", "within_days": 30}
    >>> topic("outcomes.converted", context).replace("\\u2068", "").replace("\\u2069", "")
    'how many journeys reach “purchase” within 30 days'
    """
    return _say(measure, "topic", context)


def head(measure: Any, context: Mapping[str, Any]) -> str:
    """Say a measure as shortly as the head of a column needs it.

    >>> head("satisfaction.csat", {}), head("outcomes.converted", {})
    ('Satisfied', 'Reach the goal')
    """
    return begun(_say(measure, "head", context))


def clause(measure: Any, context: Mapping[str, Any], difference: str) -> str:
    """Say a sentence of a measure around a difference; what it is compared with follows.

    >>> clause("value.revenue", {}, difference("value.revenue", "€4.20", is_more=True))
    'revenue a customer is €4.20 higher'
    """
    return _say(measure, "clause", context, difference=difference)


def difference(measure: Any, size: str, *, is_more: bool) -> str:
    """Say how much more or less of it there is.

    >>> difference("channels.switched", "4 points", is_more=False)
    '4 points less often'
    """
    more, less = _DIFFERENCES[_KNOWN.get(str(measure), _OTHER).kind]
    return say(more if is_more else less, size=size)


def direction(measure: Any, *, is_more: bool) -> str:
    """Say which way a difference goes, without its size.

    >>> direction("timing.to_goal", is_more=True)
    'longer'
    """
    return (_MORE if is_more else _LESS)[_KNOWN.get(str(measure), _OTHER).kind]


def ways(measure: Any) -> tuple[str, str]:
    """Say what less and what more of a measure are.

    >>> ways("satisfaction.nps")
    ('lower', 'higher')
    """
    return direction(measure, is_more=False), direction(measure, is_more=True)


def segment(by: Any) -> str:
    """Give the name of a segment as words.

    >>> segment("first_channel").replace("\\u2068", "").replace("\\u2069", "")
    'first channel'
    """
    return name(str(by).replace("_", " ")) if by else say("the group")


def _say(measure: Any, which: str, context: Mapping[str, Any], **parts: str) -> str:
    text: str = getattr(_KNOWN.get(str(measure), _OTHER), which)
    told = {"{measure}": _own, "{reach}": _reach, "{reach_short}": _reach_short, "{bounce}": _bounce}
    told |= {"{arrive}": _arrive, "{end}": _end, "{path}": _path}
    known = {mark[1:-1]: make(measure, context) for mark, make in told.items() if mark in text}
    return say(text, **known, **parts)


def _own(measure: Any, _: Mapping[str, Any]) -> str:
    return name(str(measure).replace("_", " ") if measure else say("the measure"))


def _reach(measure: Any, context: Mapping[str, Any]) -> str:
    short, within = _reach_short(measure, context), context.get("within_days")
    return say("{reach} within {time}", reach=short, time=quantity(within, "days")) if within else short


def _reach_short(_: Any, context: Mapping[str, Any]) -> str:
    goal = context.get("goal")
    return say("reach “{goal}”", goal=name(goal)) if goal else say("reach the goal")


def _arrive(measure: Any, context: Mapping[str, Any]) -> str:
    short, within = _reach_short(measure, context), context.get("within_days")
    return say("{reach} ({time} at most)", reach=short, time=quantity(within, "days")) if within else short


def _end(_: Any, context: Mapping[str, Any]) -> str:
    goal = context.get("goal")
    return say("“{goal}”", goal=name(goal)) if goal else say("the goal")


def _bounce(_: Any, context: Mapping[str, Any]) -> str:
    if chain := context.get("chain"):
        return say("go {chain}", chain=" → ".join(map(name, chain)))
    return say("go from one channel to another and back")


def _path(_: Any, context: Mapping[str, Any]) -> str:
    pattern = context.get("pattern")
    within = context.get("pattern_days") or (None if context.get("goal") else context.get("within_days"))
    if not pattern:
        return say("the path")
    return say("{path} within {time}", path=path(pattern), time=quantity(within, "days")) if within else path(pattern)
