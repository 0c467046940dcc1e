"""What changed since the edition before: findings, verdicts, and why headline numbers moved.

A sentence speaks of a change of mix or rate only where its interval leaves out no change. That a
finding is new or gone says what an edition claims; that the difference itself changed is said
only where the two claim intervals lie apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from journeylib.judge.changes import is_beyond_noise
from journeylib.show.language import Phrases, Texts, later, say
from journeylib.show.words.amounts import amount, ends, signed, spread, step, worth
from journeylib.show.words.labels import VERDICTS, label, stood
from journeylib.show.words.names import date, listed, name
from journeylib.show.words.numbers import count
from journeylib.show.words.units import unit

__all__ = ["CHANGED", "COLUMNS", "behind", "brief", "cells", "movement", "opening", "question", "shift", "state"]

CHANGED = Phrases(
    {
        "heading": later("What changed since the last edition"),
        "numbers": later("Why the numbers moved"),
        "parts": later("The parts of each change"),
        "new": later("New"),
        "gone": later("No longer claimed"),
        "stronger": later("Stronger"),
        "weaker": later("Weaker"),
        "reversed": later("Reversed"),
        "asked": later("Other verdict"),
        "changed": later("More than noise"),
        "noise": later("Within the noise"),
        "counted": later("Counted"),
        "whole": later("Not tested"),
    }
)

COLUMNS = Texts(
    [
        *(later("Number"), later("Before"), later("Now"), later("Restated data"), later("Definition or code")),
        *(later("Mix"), later("Rate")),
    ]
)

_UNSPLIT = ("restated", "redefined", "period")

_WHY = Phrases(
    {
        "no frames": later("the exact numbers of one of the editions are no longer kept"),
        "unnamed": later("the edition before does not say which data it was made from"),
        "forgotten": later("people were forgotten since, and the data of then with them"),
        "not kept": later("the data of then are no longer kept"),
        "read otherwise": later("the data and the way they are read both changed"),
        "code, forgotten": later(
            "data and code both changed, and people were forgotten since, the data of then with them"
        ),
        "code, not kept": later("data and code both changed, and the data of then are no longer kept"),
        "silent": later("one of the two editions hides it, or has not enough data for it"),
        "not measured": later("it cannot be measured again from the data alone"),
        "no record": later("the edition before did not measure it"),
    }
)

Change = Mapping[str, Any]


def opening(changes: Change) -> str:
    """Say what is compared, what else changed, and where no finding did.

    >>> same = {"data": True, "code": False, "rules": False}
    >>> opening({"a": {"as_of": "2026-05-31"}, "changed": same, "findings": [], "questions": []})
    'Compared with the edition as of 31 May 2026. No finding is new, gone, stronger, weaker or reversed.'
    """
    said = [say("Compared with the edition as of {date}.", date=date(changes["a"]["as_of"]))]
    changed = changes["changed"]
    if changed.get("code") and changed.get("rules"):
        said.append(say("Since then the code and the rules that make journeys changed."))
    elif changed.get("code"):
        said.append(say("Since then the code changed."))
    elif changed.get("rules"):
        said.append(say("Since then the rules that make journeys changed."))
    if not changed["data"]:
        said.append(say("The store holds the same data for both."))
    if not changes["findings"]:
        said.append(say("No finding is new, gone, stronger, weaker or reversed."))
    return " ".join(said)


def shift(change: Change) -> list[str]:
    """Say what became of a finding, in its own words: now, then before.

    >>> shift({"change": "gone", "is_apart": False, "before": "Annual stays longer.", "now": "No difference found."})
    ['No difference found. That it changed is not shown: the two intervals overlap.', 'Before: Annual stays longer.']
    """
    kind, now, before = change["change"], change["now"], change["before"]
    said = now or say("It is not in this edition.")
    if kind in ("new", "gone") and now is not None and before is not None and not change["is_apart"]:
        said = f"{said} {say('That it changed is not shown: the two intervals overlap.')}"
    return [said, *([say("Before: {finding}", finding=before)] if before else [])]


def question(change: Change) -> str:
    """Say that a question asked beforehand has another verdict.

    >>> question({"text": "Who stays?", "before": "not enough data", "now": "supported"}).replace("\\u2068", "")
    '“Who stays?\u2069” Supported; before: not enough data.'
    """
    return say(
        "“{question}” {verdict}; before: {before}.",
        question=name(change["text"], 200),
        verdict=VERDICTS[change["now"]],
        before=stood(change["before"] or None),
    )


def state(change: Change) -> str:
    """Give the word for a number's change: "changed", "noise", "counted" or, where it has no interval, "whole"."""
    if change.get("period") is None:
        return "whole"
    if change.get("rate") is None or change.get("rate_low") is None:
        return "counted" if unit(change) in ("count", "records") else "whole"
    return "changed" if any(is_beyond_noise(change, part) for part in ("mix", "rate")) else "noise"


def movement(change: Change) -> str:
    """Say how a headline number moved and why.

    >>> about = {"form": "nps", "context": {}, "old": 30, "new": 34, "by": "plan", "why": None}
    >>> data = {"revised": 0.0, "restated": 0.0, "redefined": 0.0}
    >>> period = {"period": 4.0, "mix": 0.0, "rate": 4.0, "rate_low": -2.0, "rate_high": 10.0}
    >>> movement({**about, **data, **period}).replace("\\u2068", "").replace("\\u2069", "")
    'Net promoter score: 34, before 30. No change is shown at the same mix of plan: +4 points (−2 to 10).'
    """
    told = {"number": label(change), "now": worth(change, "new"), "before": worth(change, "old")}
    said = [say("{number}: {now}, before {before}.", **told)]
    why = _WHY.get(change.get("why") or "", "")
    if change.get("period") is None:
        return " ".join([*said, *([say("The change has no parts: {why}.", why=why)] if why else [])])
    if change.get("rate") is not None and change.get("rate_low") is not None:
        said += [_rate(change)] + ([_mix(change)] if is_beyond_noise(change, "mix") else [])
    else:
        if change["period"] and change["revised"]:  # else it is all of the change
            said.append(say("The new period brings {change}.", change=signed(change, "period")))
        if change.get("rate") is not None:
            said.append(say("Too few customers make the difference to tell it from noise."))
    if change["restated"] is None and change["revised"]:
        both = signed(change, "revised")
        said.append(
            say("Restated data and changed definition or code bring {change} together: {why}.", change=both, why=why)
        )
    if change["restated"]:
        said.append(say("Data that were restated since bring {change}.", change=signed(change, "restated")))
    if change["redefined"]:
        said.append(say("The changed definition or code brings {change}.", change=signed(change, "redefined")))
    return " ".join(said)


def brief(change: Change) -> str:
    """Say under a headline number how it moved, in a few words; empty where nothing is known of it.

    >>> said = {"form": "nps", "context": {}, "old": 30, "new": 34, "period": 4.0, "rate": 4.0, "mix": 0.0}
    >>> brief({**said, "rate_low": -2.0, "rate_high": 10.0}), brief({**said, "old": None})
    ('+4 points since the last edition, within the noise', '')
    """
    if change["old"] is None or change["new"] is None:
        return ""
    moved = {**change, "total": change["new"] - change["old"], "about_none": ()}
    if not moved["total"]:
        return say("as in the last edition")
    total = signed(moved, "total")
    if change.get("revised"):
        return say("{change} since the last edition, in part by other data or definitions", change=total)
    if state(change) == "changed":
        return say("{change} since the last edition, more than noise", change=total)
    if state(change) == "noise":
        return say("{change} since the last edition, within the noise", change=total)
    return say("{change} since the last edition", change=total)


def cells(change: Change) -> list[str]:
    """Give the cells of a number's row under `COLUMNS`; where mix and rate are one, the last cell is of both."""
    said = [label(change), worth(change, "old"), worth(change, "new")]
    for part in ("restated", "redefined", "mix", "rate") if change.get("rate") is not None else _UNSPLIT:
        around = ends(change, part)
        if change.get(part) is None:
            said.append("–")
        elif around:
            said.append(say("{change} ({ends})", change=signed(change, part), ends=around))
        else:
            said.append(signed(change, part))
    return said


def behind(changes: Change) -> list[str]:
    """Say what the parts mean, what the brackets leave room for, and where they are rounded."""
    numbers = [one for one in changes["numbers"] if one.get("period") is not None]
    if not numbers:
        return []
    said = [
        say(
            "Restated data: the period of then, measured on the data of now. Definition or code: the same period and "
            "data, measured as it is done now. Mix: what another composition of the segments brings. Rate: what other "
            "rates within them bring. The four add up to the change."
        )
    ]
    if any(one.get("rate_low") is not None for one in numbers):
        looks = changes["b"].get("looks")
        if looks and looks > 1:
            said.append(
                say(
                    "The brackets leave room for all that is compared here and for {number} planned editions.",
                    number=count(looks),
                )
            )
        else:
            said.append(say("The brackets leave room for all that is compared here."))
    if any(one.get("step") for one in numbers):
        steps = sorted({step(one): one["step"] for one in numbers if one.get("step")})
        rounded = listed(steps, "or")
        said.append(
            say("Each part is rounded by itself, to {steps}, so the last digits may not add up.", steps=rounded)
        )
    return said


def _rate(change: Change) -> str:
    if not is_beyond_noise(change, "rate"):
        told = {"change": signed(change, "rate"), "ends": ends(change, "rate")}
        if change.get("by"):
            return say("No change is shown at the same mix of {by}: {change} ({ends}).", by=name(change["by"]), **told)
        return say("No change is shown at the same mix: {change} ({ends}).", **told)
    low, high = sorted(abs(change[f"rate_{end}"]) for end in ("low", "high"))
    told = {
        "amount": amount(change, abs(change["rate"])),
        "ends": spread(change, low, high),
    }
    rises = change["rate_low"] > 0
    if change.get("by"):
        told["by"] = name(change["by"])
        return say(_RISES_BY if rises else _FALLS_BY, **told)
    return say(_RISES if rises else _FALLS, **told)


_RISES_BY = later("At the same mix of {by} it rises by {amount} ({ends}).")
_FALLS_BY = later("At the same mix of {by} it falls by {amount} ({ends}).")
_RISES = later("At the same mix it rises by {amount} ({ends}).")
_FALLS = later("At the same mix it falls by {amount} ({ends}).")


def _mix(change: Change) -> str:
    return say(
        "The mix of {by} brings {change} ({ends}).",
        by=name(change["by"]),
        change=signed(change, "mix"),
        ends=ends(change, "mix"),
    )
