"""What a finding says: one sentence a form, made from the judged record.

A sentence never says more than its interval. A difference is spoken of as one only where
the edition claims it *and* its interval leaves out zero; where the interval leaves out zero
but the claim does not survive the ledger, the sentence says both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from journeylib.estimates import ENOUGH, Z
from journeylib.show.rows import Row, rows
from journeylib.show.words import trust
from journeylib.show.words.names import during, listed, name, visible
from journeylib.show.words.numbers import between, count, customers, estimate, parts, percent, places, quantity, unit

__all__ = ["SENTENCES", "claim", "claims", "lacking", "sentence", "stance"]

_LASTING = 0.05  # the share that comes back above which a silence is too short
_POWER = 2.8  # standard errors that show in four of five repetitions at the 5 % level
_MOST_GROUPS = 4
_MOST_SENTENCES = 3

_NOT_CLAIMED = "this is not claimed: among all that this edition compares, chance alone can bring one like it"


def sentence(record: Mapping[str, Any]) -> str:
    """Say a finding, judged or not: what was found, what was not, or why it cannot be said.

    >>> record = {"kind": "finding", "form": "converted", "context": {"goal": "purchase", "within_days": 30},
    ...     "columns": ["n", "estimate", "low", "high", "is_enough"],
    ...     "rows": [[4120, 0.381, 0.361, 0.402, True]], "not_applicable": None}
    >>> sentence(record).replace("\\u202f", " ").replace("\\u2068", "").replace("\\u2069", "")
    '38 % of journeys reach “purchase” within 30 days (36–40 %, n = 4,120).'
    """
    form = record["form"]
    if form in trust.ALWAYS and record["not_applicable"] is None:
        return SENTENCES[form](record)
    return lacking(record, _UNSAID[form](record["context"])) or SENTENCES[form](record)


def lacking(record: Mapping[str, Any], purpose: str = "") -> str:
    """Say why a record cannot be said, where none of its rows can be shown; empty where one can.

    `purpose` completes "needed to say …".
    """
    reason = record.get("not_applicable")
    if reason is not None:
        return f"Not applicable: {str(reason).rstrip('.')}."
    to_say = f" to say {purpose}" if purpose else ""
    for guard in record.get("guards") or ():
        if guard["status"] == "refuse":
            have, needed = guard["have"], f"the {count(guard['needed'])} {visible(guard['guard'])} needed"
            if (record.get("min_cell", 10) if have is None else have) >= guard["needed"]:  # rounded up, or hidden
                return f"Not enough data: fewer than {needed}{to_say}."
            there = f"fewer than {_min_cell(record)}" if have is None else count(have)
            return f"Not enough data: {there} of {needed}{to_say}."
    found = rows(record)
    if not found:
        return "" if record["form"] == "incident" else f"Not enough data: nothing was observed{to_say}."
    if all(row.state == "hidden" for row in found):
        return f"Hidden, to protect groups of fewer than {_min_cell(record)} customers."
    if all(row.state != "shown" for row in found):
        most = max(row.n or 0 for row in found)
        lack = f": {count(most)} of the {count(ENOUGH)} customers needed" if most < ENOUGH else ""
        return f"Not enough data{lack}{to_say}."
    return ""


def claim(record: Mapping[str, Any], row: Row) -> str:
    """Tell how the contrast of a row may be spoken of: "claimed", "close" or "none".

    "close": its interval leaves out no difference, but the edition does not claim it.
    """
    null = float(row.values.get("before") or 0.0)
    if math.isnan(row.low) or row.low <= null <= row.high:
        return "none"
    contrasts = record.get("contrasts")
    is_claimed = bool(record.get("claimed"))
    if contrasts is not None:
        is_claimed = any(one["row"] == row.place and one["claimed"] for one in contrasts)
    return "claimed" if is_claimed else "close"


def stance(record: Mapping[str, Any]) -> str | None:
    """Give the verdict as it is spoken: a supported finding that nobody asked about beforehand is "claimed"."""
    verdict: str | None = record.get("verdict")
    contrasts = record.get("contrasts")
    if verdict == "supported" and contrasts and not any(one["asked"] for one in contrasts):
        return "claimed"
    return verdict


def claims(record: Mapping[str, Any]) -> list[Row]:
    """Give the rows of a finding whose contrast may be spoken of as a difference."""
    return [row for row in _shown(record) if claim(record, row) == "claimed"]


def _converted(record: Mapping[str, Any]) -> str:
    value, bracket = _first(record)
    return f"{value} of journeys {_reach(record['context'])} {bracket}."


def _bounced(record: Mapping[str, Any]) -> str:
    value, bracket = _first(record)
    return f"{value} of journeys go {_chain(record['context'])} {bracket}."


def _first_channel(record: Mapping[str, Any]) -> str:
    found = sorted(_shown(record), key=lambda row: -row.estimate)
    value, bracket = parts(found[0].values, "share")
    said = f"{value} of journeys start on {name(found[0].label)} {bracket}"
    return "".join([said, *(f" and {_brief(row)} on {name(row.label)}" for row in found[1:2])]) + "."


def _nps(record: Mapping[str, Any]) -> str:
    return f"The net promoter score is {estimate(_shown(record)[0].values, 'score')}."


def _incident(record: Mapping[str, Any]) -> str:
    on = f"from {name(record['context'].get('source'))} to {name(record['context'].get('target'))}"
    if not record["rows"]:
        return f"No period stands out in the share that goes on {on}."
    return _period(record, _shown(record)[0], on)


def _period(record: Mapping[str, Any], row: Row, on: str) -> str:
    before = float(row.values["before"])
    when = during(row.values["from_on"], row.values["until_on"])
    other = percent(before, places("share", before, row.low, row.high))
    value, bracket = parts(row.values, "share")
    state = claim(record, row)
    if state == "none" or (state == "close" and "claimed" in record):  # judged
        return (
            f"No period stands out in the share that goes on {on}: the most unusual, {when}, has {value} {bracket} "
            f"against {other} at other times, and chance alone can bring one like it."
        )
    only = "only " if row.estimate < before else ""
    said = f"{when[:1].upper()}{when[1:]}, {only}{value} go on {on} {bracket}, against {other} at other times"
    return f"{said}." if state == "claimed" else f"{said}; {_NOT_CLAIMED}."


def _stay(record: Mapping[str, Any]) -> str:
    shown = _shown(record)
    apart = [row for row in shown if claim(record, row) != "none"]
    apart.sort(key=lambda row: (claim(record, row) != "claimed", -abs(row.estimate)))
    alike = [row for row in shown if claim(record, row) == "none"]
    said = [_longer(record, row) for row in apart[:_MOST_SENTENCES]]
    said += [_alike(record, alike)] if alike else []
    few = [name(row.values["group"]) for row in rows(record) if row.state == "few"]
    said += [f"Not enough data where {name(record['context'].get('by'))} is {listed(few, 'or')}."] if few else []
    return " ".join(said)


def _longer(record: Mapping[str, Any], row: Row) -> str:
    by, group, baseline = name(record["context"].get("by")), name(row.values["group"]), name(row.values["baseline"])
    more = row.estimate > 0
    ends = between(row.low, row.high, "days") if more else between(-row.high, -row.low, "days")
    said = (
        f"Customers whose {by} is {group} {_stays(record)} {quantity(abs(row.estimate), 'days')} "
        f"{'longer' if more else 'less'} within {_horizon(record)} than those whose {by} is {baseline} "
        f"({ends}, {customers(row.values['n'])})"
    )
    return f"{said}." if claim(record, row) == "claimed" else f"{said}; {_NOT_CLAIMED}."


def _alike(record: Mapping[str, Any], alike: Sequence[Row]) -> str:
    by, baseline = name(record["context"].get("by")), name(alike[0].values["baseline"])
    groups = [name(row.values["group"]) for row in alike]
    shows = quantity(max(_detectable(record, row) for row in alike), "days")
    said = f"No difference found in how long customers {_stays(record)} within {_horizon(record)}, whether {by} is"
    would = f"one of {shows} or more would usually have shown"
    if len(alike) > 1:
        return f"{said} {baseline}, {listed(groups, 'or')}; {would}."
    row = alike[0]
    ends = f"{groups[0]} less {baseline}: {between(row.low, row.high, 'days')}, {customers(row.values['n'])}"
    return f"{said} {groups[0]} or {baseline} ({ends}); {would}."


def _detectable(record: Mapping[str, Any], row: Row) -> float:
    """Give the difference that this much data would usually have shown, as judged or from the interval."""
    for one in record.get("contrasts") or ():
        if one["row"] == row.place and one.get("detectable") is not None:
            return float(one["detectable"])
    return (row.high - row.low) / (2 * Z) * _POWER


def _stays(record: Mapping[str, Any]) -> str:
    return "stay active" if record["context"].get("kind") == "lapse" else "stay"


def _horizon(record: Mapping[str, Any]) -> str:
    return f"the first {quantity(record['context']['horizon_days'], 'days')}"


def _left(record: Mapping[str, Any]) -> str:
    context = record["context"]
    there = "still active" if context.get("kind") == "lapse" else "still there"
    first, *others = sorted(_shown(record), key=lambda row: -row.estimate)
    value, bracket = parts(first.values, "share")
    whose = f" whose {name(record['columns'][0])} is {name(first.label)}" if first.label else ""
    said = f"After {quantity(context['horizon_days'], 'days')}, {value} of customers{whose} are {there} {bracket}"
    where = [f"{estimate(row.values, 'share')} where it is {name(row.label)}" for row in others[: _MOST_GROUPS - 1]]
    return "; ".join([said, *where]) + "."


def _median_stay(record: Mapping[str, Any]) -> str:
    said = []
    for row in sorted(_shown(record), key=lambda row: math.inf if math.isnan(row.estimate) else row.estimate):
        whose = f" whose {name(record['columns'][0])} is {name(row.label)}" if row.label else ""
        if math.isnan(row.estimate):
            behind = customers(row.values["n"])
            said.append(f"of customers{whose}, fewer than half have left in the time observed ({behind})")
        else:
            said.append(f"half of the customers{whose} have left after {estimate(row.values, 'days')}")
    text = "; ".join(said[:_MOST_GROUPS])
    return text[:1].upper() + text[1:] + "."


def _returned(record: Mapping[str, Any]) -> str:
    value, bracket = _first(record)
    days = quantity(record["context"]["silent_days"], "days")
    said = f"{value} of the customers who fell silent for more than {days} came back later {bracket}"
    if _shown(record)[0].low > _LASTING:
        return f"{said}: such a silence is too short to call it leaving."
    return f"{said}."


SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "converted": _converted,
    "bounced": _bounced,
    "first_channel": _first_channel,
    "nps": _nps,
    "incident": _incident,
    "stay": _stay,
    "left": _left,
    "median_stay": _median_stay,
    "returned": _returned,
    **trust.SENTENCES,
}

_UNSAID: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "converted": lambda context: f"how many journeys {_reach(context)}",
    "bounced": lambda context: f"how many journeys go {_chain(context)}",
    "first_channel": lambda _: "where journeys start",
    "nps": lambda _: "what the net promoter score is",
    "incident": lambda _: "whether a period stands out",
    "stay": lambda context: f"whether {name(context.get('by'))} goes with a longer stay",
    "left": lambda _: "how many customers are still there",
    "median_stay": lambda _: "when half of the customers have left",
    "returned": lambda _: "how many came back after a silence",
    **trust.PURPOSES,
}


def _shown(record: Mapping[str, Any]) -> Sequence[Row]:
    return [row for row in rows(record) if row.state == "shown"]


def _min_cell(record: Mapping[str, Any]) -> str:
    return count(record.get("min_cell", 10))


def _first(record: Mapping[str, Any]) -> tuple[str, str]:
    return parts(_shown(record)[0].values, unit(record))


def _brief(row: Row) -> str:
    return estimate(row.values, "share", n=False)


def _reach(context: Mapping[str, Any]) -> str:
    within = context.get("within_days")
    return f"reach “{name(context.get('goal'))}”" + (f" within {quantity(within, 'days')}" if within else "")


def _chain(context: Mapping[str, Any]) -> str:
    first, *others = map(name, context["chain"])
    return f"from {first} " + " and then ".join(f"to {other}" for other in others)
