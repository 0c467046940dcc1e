"""What stands over the charts of groups: titles from what is claimed, and the line under them.

Groups are compared with a baseline or with all others; claims come from the findings that a
chart illustrates: `about` is one of them, `abouts` (measure to finding) are those of a heat map.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from journeylib.show.language import Phrases, begun, later, many, say
from journeylib.show.rows import rows
from journeylib.show.words import measures
from journeylib.show.words.differences import REST, inside
from journeylib.show.words.digits import MINUS
from journeylib.show.words.measures import segment, topic
from journeylib.show.words.money import is_money
from journeylib.show.words.names import name
from journeylib.show.words.numbers import bare, count, quantity
from journeylib.show.words.standing import claims, lacking
from journeylib.show.words.units import unit

__all__ = [
    "CLAIMS",
    "OWN_TITLES",
    "SUBTITLES",
    "TITLES",
    "against",
    "arrows",
    "claimed_cells",
    "group",
    "lines",
    "named_measures",
    "part",
    "signed",
    "signed_bare",
]

OWN_TITLES = {"heat", "parts"}  # charts whose title is not the claim of their one finding


def group(value: Any) -> str:
    """Give the name of a group or a baseline.

    >>> group("rest")
    'all others'
    """
    return say("all others") if value == REST else name(value)


def arrows(record: Mapping[str, Any]) -> str:
    """Say what the arrows of a heat map mean."""
    baseline = record["context"].get("baseline") or REST
    return say("▲ ▼: claimed to be higher or lower than {others}", others=group(baseline))


def part(kind: str) -> str:
    """Name a part of a difference, or the whole.

    >>> part("rate"), part("mix")
    ('they themselves', 'who they are')
    """
    return _PARTS[kind]


_PARTS = Phrases(
    {
        "rate": later("they themselves"),
        "mix": later("who they are"),
        "whole": later("as it is"),
        "crude": later("as they are"),
    }
)


def signed(value: float, kind: str, decimals: int | None = None) -> str:
    """Write a difference with its sign and unit.

    >>> signed(0.042, "points"), signed(-120, "money EUR")
    ('+4.2 points', '−€1.20')
    """
    return _with_sign(value, quantity(abs(value), kind, decimals))


def signed_bare(value: float, kind: str, decimals: int | None = None) -> str:
    """Write a difference with its sign where the axis has its unit; money keeps its currency.

    >>> signed_bare(0.042, "points"), signed_bare(-120, "money EUR")
    ('+4.2', '−€1.20')
    """
    if kind == "ratio":
        return bare(value, kind, decimals)
    write = quantity if is_money(kind) else bare
    return _with_sign(value, write(abs(value), kind, decimals))


def _with_sign(value: float, shown: str) -> str:
    return ("+" if value > 0 else MINUS) + shown if value else shown


def claimed_cells(record: Mapping[str, Any]) -> dict[str, dict[str, bool]]:
    """Give the claims of a heat map: measure to group to whether it is higher."""
    found = {}
    for measure, about in (record.get("abouts") or {}).items():
        own = [] if lacking(about) else claims(about)
        found[str(measure)] = {str(row.values["group"]): row.estimate > 0 for row in own}
    return found


def named_measures(record: Mapping[str, Any]) -> dict[str, str]:
    """Give the measures of a heat map in their order, each with its short name and, where that lacks it, its unit."""
    found, every = dict[str, str](), rows(record)
    for measure in dict.fromkeys(str(row.values["measure"]) for row in every):
        about = (record.get("abouts") or {}).get(measure) or {}
        said = measures.head(measure, {**record["context"], **(about.get("context") or {})})
        own = [row.values for row in every if row.values["measure"] == measure and row.values["unit"]]
        kind = unit(record, own[0]) if own else ""
        if kind in ("days", "hours") and measure != "timing.to_goal":
            said = say("{measure}, days", measure=said) if kind == "days" else say("{measure}, hours", measure=said)
        found[measure] = said
    return found


def _topic(record: Mapping[str, Any]) -> str:
    return topic(record["context"].get("measure"), record["context"])


def _by(record: Mapping[str, Any]) -> dict[str, str]:
    return {"topic": begun(_topic(record)), "by": segment(record["context"].get("by"))}


def against(record: Mapping[str, Any]) -> str:
    """Name whom the groups of a chart are compared with."""
    found = {str(row.values.get("baseline")) for row in rows(record)}
    return group(found.pop()) if len(found) == 1 else say("their baselines")


def _units(record: Mapping[str, Any]) -> str:
    kind = unit(record)
    if kind in ("points", "marks"):
        return say("in points")
    if kind in ("days", "hours"):
        return say("in days") if kind == "days" else say("in hours")
    currency = record["context"].get("currency")
    return say("in {currency}", currency=currency) if kind.startswith("money") and currency else say("in its own unit")


def lines(record: Mapping[str, Any]) -> str:
    """Say what the whiskers are: wider where claims are read from them."""
    about = record.get("about") or {}
    if any(one.get("level", 0.05) < 0.05 for one in about.get("contrasts") or ()):
        return say("lines: intervals as wide as a claim needs")
    return say("lines: 95 % intervals")


# Titles ---------------------------------------------------------------------------------------------------------------


def _heat_title(record: Mapping[str, Any]) -> str:
    every, by = named_measures(record), segment(record["context"].get("by"))
    differ = sum(bool(own) for own in claimed_cells(record).values())
    told = {"measures": count(len(every)), "number": count(differ), "by": by}
    if differ:
        return many(
            differ,
            "Of {measures} measures, {number} differs with {by}",
            "Of {measures} measures, {number} differ with {by}",
            **told,
        )
    return many(len(every), "{measures} measure, by {by}", "{measures} measures, by {by}", **told)


def _period_title(record: Mapping[str, Any]) -> str:
    every, told = record["context"].get("every_days", 7), _by(record)
    if every == 1:
        return say("{topic}, day by day, by {by}", **told)
    return say("{topic}, week by week, by {by}", **told) if every == 7 else say("{topic}, over time, by {by}", **told)


TITLES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "heat": _heat_title,
    "forest": lambda record: say("{topic}, by {by}", **_by(record)),
    "parts": lambda record: say("Them or their mix: {topic}, by {by}", **{**_by(record), "topic": _topic(record)}),
    "panels": _period_title,
    "spread": lambda record: say("{topic}, by {by}", **_by(record)),
    "edges": lambda record: say("What follows what, by {by}", by=segment(record["context"].get("by"))),
}


def _differs_claim(about: Mapping[str, Any]) -> str:
    row, context = max(claims(about), key=lambda row: abs(row.estimate)), about["context"]
    way = measures.direction(context.get("measure"), is_more=row.estimate > 0)
    told = {"by": segment(context.get("by")), "group": name(row.values["group"])}
    return say(
        "Where {by} is “{group}”, {finding}", finding=measures.clause(context.get("measure"), context, way), **told
    )


def _edges_claim(about: Mapping[str, Any]) -> str:
    row, context = max(claims(about), key=lambda row: abs(row.estimate)), about["context"]
    told = {"by": segment(context.get("by")), **{end: name(row.values[end]) for end in ("group", "source", "target")}}
    if row.estimate > 0:
        return say("Where {by} is “{group}”, {source} is followed by {target} more often", **told)
    return say("Where {by} is “{group}”, {source} is followed by {target} less often", **told)


CLAIMS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {"differs": _differs_claim, "edges": _edges_claim}

# Lines under the titles -----------------------------------------------------------------------------------------------


def _forest_subtitle(record: Mapping[str, Any]) -> str:
    told = {"others": against(record), "unit": _units(record), "lines": lines(record)}
    kinds = {row.values.get("kind") for row in rows(record)}
    if "standardised" in kinds:
        return say(
            "Difference from {others}, {unit}. Filled: made alike by {inside}; hollow: as they are; {lines}; n: "
            "customers of the smaller side",
            inside=inside(record),
            **told,
        )
    return say("Difference from {others}, {unit}, as they are; {lines}; n: customers of the smaller side", **told)


def _parts_subtitle(record: Mapping[str, Any]) -> str:
    return say(
        "Difference from {others}, {unit}, as it is, and the two parts that add up to it: they themselves, in the same "
        "{inside}, and who they are, by {inside}. Thin lines: 95 % intervals",
        others=against(record),
        unit=_units(record),
        inside=inside(record),
    )


def _panels_subtitle(_: Mapping[str, Any]) -> str:
    return say("One panel a group, all on the same axes; grey line: the average of the groups. Bands: 95 % intervals")


def _spread_subtitle(_: Mapping[str, Any]) -> str:
    return say(
        "Dot: the median, with its 95 % interval; thick: the middle half of customers; thin: all but the lowest and "
        "the highest tenth"
    )


def _edges_subtitle(record: Mapping[str, Any]) -> str:
    told = {"others": against(record), "unit": _units(record), "lines": lines(record)}
    return say(
        "Share that takes the step: difference from {others}, {unit}; grey: not claimed; {lines}; n: customers of "
        "the smaller side",
        **told,
    )


SUBTITLES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "heat": lambda _: say("Each measure in its own unit, each group as it is; intervals and n stand in the table"),
    "forest": _forest_subtitle,
    "parts": _parts_subtitle,
    "panels": _panels_subtitle,
    "spread": _spread_subtitle,
    "edges": _edges_subtitle,
}
