"""What a finding says: one sentence a form, made from the judged record.

A sentence never says more than its interval. A difference is spoken of as one only where
the edition claims it *and* its interval leaves out zero; where the interval leaves out zero
but the claim does not survive the ledger, the sentence says both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from journeylib.show.language import begun, say
from journeylib.show.rows import Row
from journeylib.show.words import differences, hazards, prospects, stays, steps, trust
from journeylib.show.words.names import during, name
from journeylib.show.words.notes import kept
from journeylib.show.words.numbers import estimate, parts, percent, places, quantity
from journeylib.show.words.standing import claim, lacking, shown, spoken
from journeylib.show.words.units import unit

__all__ = ["SENTENCES", "sentence"]


def sentence(record: Mapping[str, Any]) -> str:
    """Say a finding, judged or not: what was found, what was not, or why it cannot be said.

    >>> record = {"kind": "finding", "form": "converted", "context": {"goal": "purchase", "within_days": 30},
    ...     "columns": ["n", "estimate", "low", "high", "is_enough"],
    ...     "rows": [[4120, 0.381, 0.361, 0.402, True]], "not_applicable": None}
    >>> sentence(record).replace("\\u202f", " ").replace("\\u2068", "").replace("\\u2069", "")
    '38 % of journeys reach “purchase” within 30 days (36–40 %, n = 4,120).'
    """
    said = _said(record)
    return f"{said} {kept(record)}" if record.get("kept") else said


def _said(record: Mapping[str, Any]) -> str:
    form = record["form"]
    if (form in trust.ALWAYS or hazards.has_notes(record)) and record["not_applicable"] is None:
        return SENTENCES[form](record)
    return lacking(record, _UNSAID[form](record["context"])) or SENTENCES[form](record)


def _converted(record: Mapping[str, Any]) -> str:
    value, bracket = _first(record)
    told = {"share": value, "bracket": bracket, "goal": name(record["context"].get("goal"))}
    if within := record["context"].get("within_days"):
        return say("{share} of journeys reach “{goal}” within {time} {bracket}.", time=quantity(within, "days"), **told)
    return say("{share} of journeys reach “{goal}” {bracket}.", **told)


def _bounced(record: Mapping[str, Any]) -> str:
    value, bracket = _first(record)
    chain = _chain(record["context"])
    return say("{share} of journeys go {chain} {bracket}.", share=value, chain=chain, bracket=bracket)


def _first_channel(record: Mapping[str, Any]) -> str:
    found = sorted(shown(record), key=lambda row: -row.estimate)
    value, bracket = parts(found[0].values, "share")
    told = {"share": value, "channel": name(found[0].label), "bracket": bracket}
    if len(found) == 1:
        return say("{share} of journeys start on {channel} {bracket}.", **told)
    return say(
        "{share} of journeys start on {channel} {bracket} and {next_share} on {next_channel}.",
        next_share=estimate(found[1].values, "share", n=False),
        next_channel=name(found[1].label),
        **told,
    )


def _nps(record: Mapping[str, Any]) -> str:
    return say("The net promoter score is {score}.", score=estimate(shown(record)[0].values, "score"))


def _incident(record: Mapping[str, Any]) -> str:
    context = record["context"]
    step = {"source": name(context.get("source")), "target": name(context.get("target"))}
    if not record["rows"]:
        return say("No period stands out in the share that goes on from {source} to {target}.", **step)
    return _period(record, shown(record)[0], step)


def _period(record: Mapping[str, Any], row: Row, step: Mapping[str, str]) -> str:
    before = float(row.values["before"])
    value, bracket = parts(row.values, "share")
    state = claim(record, row)
    told = {
        "when": during(row.values["from_on"], row.values["until_on"]),
        "share": value,
        "bracket": bracket,
        "other": percent(before, places("share", before, row.low, row.high)),
        **step,
    }
    if state == "none" or (state == "close" and "claimed" in record):  # judged
        return say(
            "No period stands out in the share that goes on from {source} to {target}: the most unusual, {when}, has "
            "{share} {bracket} against {other} at other times, and chance alone can bring one like it.",
            **told,
        )
    if row.estimate < before:
        said = say(
            "{when}, only {share} go on from {source} to {target} {bracket}, against {other} at other times", **told
        )
    else:
        said = say("{when}, {share} go on from {source} to {target} {bracket}, against {other} at other times", **told)
    return spoken(begun(said), is_claimed=state == "claimed")


SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "converted": _converted,
    "bounced": _bounced,
    "first_channel": _first_channel,
    "nps": _nps,
    "incident": _incident,
    **differences.SENTENCES,
    **hazards.SENTENCES,
    **prospects.SENTENCES,
    **steps.SENTENCES,
    **stays.SENTENCES,
    **trust.SENTENCES,
}


def _purpose_converted(context: Mapping[str, Any]) -> str:
    goal, within = name(context.get("goal")), context.get("within_days")
    if within:
        return say("how many journeys reach “{goal}” within {time}", goal=goal, time=quantity(within, "days"))
    return say("how many journeys reach “{goal}”", goal=goal)


_UNSAID: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "converted": _purpose_converted,
    "bounced": lambda context: say("how many journeys go {chain}", chain=_chain(context)),
    "first_channel": lambda _: say("where journeys start"),
    "nps": lambda _: say("what the net promoter score is"),
    "incident": lambda _: say("whether a period stands out"),
    **differences.PURPOSES,
    **hazards.PURPOSES,
    **prospects.PURPOSES,
    **steps.PURPOSES,
    **stays.PURPOSES,
    **trust.PURPOSES,
}


def _first(record: Mapping[str, Any]) -> tuple[str, str]:
    return parts(shown(record)[0].values, unit(record))


def _chain(context: Mapping[str, Any]) -> str:
    first, *others = map(name, context["chain"])
    if not others:
        return say("from {first}", first=first)
    said = say("from {first} to {next}", first=first, next=others[0])
    for one in others[1:]:
        said = say("{chain} and then to {next}", chain=said, next=one)
    return said
