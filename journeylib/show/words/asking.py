"""What a page says of the questions asked beforehand: how each stands, and why none of its findings answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from journeylib.show.language import begun, say
from journeylib.show.words.judging import guarded
from journeylib.show.words.labels import stood
from journeylib.show.words.names import apart, date, visible
from journeylib.show.words.numbers import count, quantity

__all__ = ["asked", "mark", "unanswered", "withdrawn"]


def unanswered(question: Mapping[str, Any]) -> str:
    """Say why a question has the answer it has: from its key `why`, and the figures beside it.

    >>> unanswered({"why": "none_found", "detectable": 28.0, "unit": "days"})
    'No difference found; one of 28 days or more would usually have shown.'
    >>> unanswered({"why": "not_compared", "compared": [["annual", "monthly"]]})
    'The edition compares annual with monthly, not these two.'
    """
    return begun(_WHY.get(question.get("why") or "", _nothing)(question))


def asked(day: str) -> str:
    """Say when a question was asked.

    >>> asked("2026-06-01")
    'Asked on 1 June 2026.'
    """
    return say("Asked on {date}.", date=date(day))


def mark(one: Mapping[str, Any]) -> str:
    """Say why a question does not count as asked beforehand.

    >>> mark({"mark": "late", "seen_until": "2026-06-30"})
    'Asked late: the period had ended on 30 June 2026. It is judged like what was found by looking.'
    """
    seen = date(one["seen_until"]) if one.get("seen_until") else say("an earlier day")
    if one["mark"] == "late":
        said = say("Asked late: the period had ended on {day}.", day=seen)
    elif one["mark"] == "added":
        said = say("Added after data up to {day} had been looked at.", day=seen)
    else:
        said = say("Changed after data up to {day} had been looked at.", day=seen)
    was = one.get("was")
    if was:
        expected = visible(was["expect"]) if was.get("expect") else say("no expectation")
        before = say("It was: “{question}” ({expectation}).", question=visible(was["text"]), expectation=expected)
        said = f"{said} {before}"
    return f"{said} {say('It is judged like what was found by looking.')}"


def withdrawn(question: Mapping[str, Any]) -> str:
    """Say that a question is no longer asked, and how it stood.

    >>> withdrawn({"text": "Longer?", "verdict": "against"})
    'No longer asked: “Longer?” (against in the edition before).'
    """
    asked, verdict = visible(question["text"]), stood(question["verdict"])
    return say("No longer asked: “{question}” ({verdict} in the edition before).", question=asked, verdict=verdict)


def _nothing(_: Mapping[str, Any]) -> str:
    return say("no finding of this edition answers it.")


def _unreadable(question: Mapping[str, Any]) -> str:
    expect = visible(question["expect"])
    return say('its expectation "{expectation}" cannot be read; write "annual > monthly".', expectation=expect)


def _unmeasured(_: Mapping[str, Any]) -> str:
    return say("no finding of this edition measures it.")


def _not_applicable(question: Mapping[str, Any]) -> str:
    return say("{reason}.", reason=visible(question["not_applicable"]).rstrip("."))


def _not_compared(question: Mapping[str, Any]) -> str:
    pairs = [
        say("{group} with {baseline}", group=visible(one), baseline=visible(two)) for one, two in question["compared"]
    ]
    if not pairs:
        return say("the edition compares nothing, not these two.")
    return say("the edition compares {pairs}, not these two.", pairs=apart(pairs))


def _none_found(question: Mapping[str, Any]) -> str:
    value, unit = question["detectable"], question["unit"]
    if value is None:
        return say("no difference found.")
    shows = quantity(value, {"share": "points", "score": "marks"}.get(unit, unit))
    return say("no difference found; one of {difference} or more would usually have shown.", difference=shows)


def _found(_: Mapping[str, Any]) -> str:
    return say("a difference was found.")


def _as_expected(_: Mapping[str, Any]) -> str:
    return say("as expected.")


def _opposite(_: Mapping[str, Any]) -> str:
    return say("the opposite of what was expected.")


def _hidden(_: Mapping[str, Any]) -> str:
    return say("too few customers stand behind a part of it to show it.")


def _too_little(_: Mapping[str, Any]) -> str:
    return say("too little was observed to compare.")


def _refused(question: Mapping[str, Any]) -> str:
    guard = question["guard"]
    if guard["key"] == "future":
        return say("its groups are defined by what was known only later.")
    if guard["key"] == "exposure":
        return say("its groups were observed for unequal times.")
    return say("it needs {needed} {guard}.", needed=count(guard["needed"]), guard=guarded(guard))


_WHY: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "unreadable": _unreadable,
    "unmeasured": _unmeasured,
    "not_applicable": _not_applicable,
    "not_compared": _not_compared,
    "none_found": _none_found,
    "found": _found,
    "as_expected": _as_expected,
    "opposite": _opposite,
    "hidden": _hidden,
    "too_little": _too_little,
    "guard": _refused,
}
