"""What the findings about what is to come say: how many will leave, how good the forecast is, what staying is worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from journeylib.show.language import begun, later, say
from journeylib.show.words.codes import WAYS
from journeylib.show.words.measures import segment
from journeylib.show.words.names import apart, name
from journeylib.show.words.numbers import between, parts, places, quantity
from journeylib.show.words.standing import shown
from journeylib.show.words.units import is_lapse, unit

__all__ = ["PURPOSES", "SENTENCES"]

_MOST = 3


def _expected(record: Mapping[str, Any]) -> str:
    value, bracket = parts(shown(record)[0].values, "share")
    told = {"share": value, "bracket": bracket, "time": quantity(record["context"]["days"], "days")}
    if is_lapse(record):
        return say("{share} of the customers active now are expected to fall silent within {time} {bracket}.", **told)
    return say("{share} of the customers there now are expected to leave within {time} {bracket}.", **told)


def _foretold(record: Mapping[str, Any]) -> str:
    """Say how well the model tells apart who leaves first, beside the rule of thumb."""
    found = {str(row.values["way"]): row for row in shown(record) if row.values["measure"] == "concordance"}
    model, rule, _, gain = (found.get(way) for way in WAYS)
    if model is None:
        return say("Not enough data to judge the forecast on time it has not seen.")
    value, bracket = parts(model.values, "share")
    told = {"share": value, "bracket": bracket}
    if gain is not None and gain.high < 0 and rule is not None:
        decimals = places("points", gain.estimate, gain.low, gain.high)
        ends = between(-gain.high, -gain.low, "points", decimals)
        return say(_WORSE, ends=ends, rule=parts(rule.values, "share")[0], **told)
    if model.low <= 0.5:
        return say(_COIN, **told)
    if rule is None or gain is None:
        return say(_PAIRS, **told)
    told["rule"] = parts(rule.values, "share")[0]
    decimals = places("points", gain.estimate, gain.low, gain.high)
    told["ends"] = between(gain.low, gain.high, "points", decimals)
    if gain.low > 0:
        return say(_BETTER, **told)
    return say(_NO_BETTER, **told)


_COIN = later(
    "On time it had not seen, the forecast is not shown to tell who leaves first better than a coin: of two customers "
    "it ranks the one who leaves first higher in {share} of pairs {bracket}."
)
_PAIRS = later(
    "On time it had not seen, the forecast ranks the one of two customers who leaves first higher in {share} of pairs "
    "{bracket}; a coin would in 50\u202f%."
)
_BETTER = later(
    "On time it had not seen, the forecast ranks the one of two customers who leaves first higher in {share} of pairs "
    "{bracket}: better than a rule of thumb, silent longest first, with {rule} (by {ends}); a coin would in 50\u202f%."
)
_NO_BETTER = later(
    "On time it had not seen, the forecast ranks the one of two customers who leaves first higher in {share} of pairs "
    "{bracket}; that it is better than a rule of thumb, silent longest first, with {rule}, is not shown (by {ends}); a "
    "coin would in 50\u202f%."
)
_WORSE = later(
    "On time it had not seen, the forecast ranks the one of two customers who leaves first higher in {share} of pairs "
    "{bracket}: worse than a rule of thumb, silent longest first, with {rule} (by {ends}); use the rule."
)


_BRINGS = later(
    "Within {time}, a customer is expected to bring {amount} {bracket}, if a day brings as much early as late."
)


def _worth(record: Mapping[str, Any]) -> str:
    kind = unit(record)
    found = sorted(shown(record), key=lambda row: -row.estimate)
    value, bracket = parts(found[0].values, kind)
    told = {"amount": value, "bracket": bracket, "time": quantity(record["context"]["horizon_days"], "days")}
    by = record["context"].get("by")
    if not found[0].label or not by:
        return say(
            "Within {time}, a customer is expected to bring {amount} {bracket}, if a day brings as much early as late.",
            **told,
        )
    first = say(
        "within {time}, a customer whose {by} is {group} is expected to bring {amount} {bracket}",
        by=segment(by),
        group=name(found[0].label),
        **told,
    )
    others = [
        say("where it is {group}, {amount}", group=name(row.label), amount=" ".join(parts(row.values, kind)))
        for row in found[1 : _MOST + 1]
    ]
    return say("{finding}, if a day brings as much early as late.", finding=begun(apart([first, *others])))


SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "expected": _expected,
    "foretold": _foretold,
    "worth": _worth,
}

PURPOSES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "expected": lambda _: say("how many are likely to leave"),
    "foretold": lambda _: say("how good the forecast is"),
    "worth": lambda _: say("what staying is worth"),
}
