"""What a chart says: its title, the line under it, the sentence of what to see, the text for who cannot see it.

The title states the finding that the chart illustrates where the edition claims it;
otherwise it states what is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from journeylib.show.language import Phrases, later, say
from journeylib.show.rows import rows
from journeylib.show.words import comparing, leaving
from journeylib.show.words.labels import chain
from journeylib.show.words.marks import HIDDEN_CELL, period
from journeylib.show.words.names import dates, name
from journeylib.show.words.numbers import count, quantity
from journeylib.show.words.sights import see
from journeylib.show.words.standing import claimed, claims, lacking
from journeylib.show.words.units import unit

__all__ = [
    "TITLES",
    "alt",
    "subtitle",
    "title",
    "window",
]


def title(record: Mapping[str, Any]) -> str:
    """Say what to see, where it is claimed; else what is shown."""
    about = claimed(record)
    if record["form"] in comparing.OWN_TITLES:
        return TITLES[record["form"]](record)
    said = _CLAIMS[about["form"]](about) if about and about["form"] in _CLAIMS else ""
    return said or TITLES[record["form"]](record)


def subtitle(record: Mapping[str, Any]) -> str:
    """Say the measure, its unit, who is in it and how an interval is drawn."""
    return _SUBTITLES[record["form"]](record)


def alt(record: Mapping[str, Any]) -> str:
    """Describe the chart for those who do not see it, from its data."""
    shown = lacking(record) or see(record)
    return say("{kind}: {title}. {shown}", kind=_KINDS[record["form"]], title=title(record), shown=shown)


def window(record: Mapping[str, Any]) -> tuple[str, str] | None:
    """Give the days that a chart over time shades: the context's `window`, or what its finding claims."""
    said = record["context"].get("window")
    about = record.get("about")
    found = claims(about) if about and about["form"] == "incident" and not lacking(about) else []
    if said or not found:
        return (str(said[0]), str(said[1])) if said else None
    first = found[0].values
    return str(first["from_on"]), str(first["until_on"])


def _by(record: Mapping[str, Any], title: str) -> str:
    """Say by which column the rows of a title are grouped, where they are."""
    if not any(row.label for row in rows(record)):
        return title
    return say("{title}, by {column}", title=title, column=name(record["columns"][0]))


def _step(context: Mapping[str, Any]) -> dict[str, str]:
    """The two ends of a step, where the chart is of one."""
    return {end: name(context[end]) for end in ("source", "target")} if "source" in context else {}


def _shares_title(record: Mapping[str, Any]) -> str:
    context = record["context"]
    measure = context.get("measure")
    if measure == "converted":
        return _by(record, say("How many journeys reach “{goal}”", goal=name(context.get("goal"))))
    if measure == "bounced":
        return _by(record, say("How many journeys go {chain}", chain=chain(context)))
    title = _SHARES.get(measure) or say("Shares")
    return title if measure in _SHARES and measure not in _GROUPED else _by(record, title)


def _shares_subtitle(record: Mapping[str, Any]) -> str:
    return say("{measure}. Thin lines: 95 % intervals; n: customers", measure=_share_of(record["context"]))


def _share_of(context: Mapping[str, Any]) -> str:
    measure, within, horizon = (context.get(key) for key in ("measure", "within_days", "horizon_days"))
    if measure == "converted" and within:
        return say("Share of journeys that get there within {time}", time=quantity(within, "days"))
    if measure == "left" and horizon:
        return say("Share of customers still there after {time}", time=quantity(horizon, "days"))
    if measure in _MEASURES:
        return _MEASURES[str(measure)]
    return say("Share of {whole}", whole=name(context.get("of", say("each row"))))


def _trend_title(record: Mapping[str, Any]) -> str:
    step = _step(record["context"])
    every = record["context"].get("every_days", 7)
    what = (
        say("How many go on from {source} to {target}", **step)
        if step
        else _TRENDS.get(unit(record)) or say("The share")
    )
    if every == 1:
        return say("{what}, day by day", what=what)
    return say("{what}, week by week", what=what) if every == 7 else say("{what}, over time", what=what)


def _trend_subtitle(record: Mapping[str, Any]) -> str:
    kind, field = unit(record), window(record)
    said = _trend_measure(record["context"], kind)
    if kind != "count":
        said = say("{measure}. Band: 95 % interval", measure=said)
    return (
        say("{measure}; shaded: {dates}", measure=said, dates=dates(*field)) if field and not claimed(record) else said
    )


def _trend_measure(context: Mapping[str, Any], kind: str) -> str:
    step, within = _step(context), context.get("within_days")
    if step and within:
        time = quantity(within, "days")
        return say("Share that goes on from {source} to {target} within {time}", time=time, **step)
    if step:
        return say("Share that goes on from {source} to {target}", **step)
    return _UNITS.get(kind) or say("Estimate")


def _survival_title(record: Mapping[str, Any]) -> str:
    if record["context"].get("kind") == "lapse":
        return _by(record, say("How long customers stay active"))
    return _by(record, say("How long customers stay"))


def _survival_subtitle(record: Mapping[str, Any]) -> str:
    there = say("Share of customers still there, by days since the start")
    if record["context"].get("kind") == "lapse":
        there = say("Share of customers still active, by days since the start")
    if len({row.label for row in rows(record)}) > 5:
        return say(
            "{measure}. Bands: 95 % intervals; a curve ends below 10 at risk. Each panel runs from 0 to 100 %, the "
            "other groups in pale",
            measure=there,
        )
    return say("{measure}. Bands: 95 % intervals; a curve ends below 10 at risk", measure=there)


def _flow_title(record: Mapping[str, Any]) -> str:
    if record["context"].get("of") == "touchpoint":
        return say("How journeys run from touchpoint to touchpoint")
    return say("How journeys run from channel to channel")


def _stay_claim(about: Mapping[str, Any]) -> str:
    row = claims(about)[0]
    told = {"by": name(about["context"].get("by")), "group": name(row.values["group"])}
    if about["context"].get("kind") == "lapse":
        if row.estimate > 0:
            return say("Customers whose {by} is {group} stay active longer", **told)
        return say("Customers whose {by} is {group} stay active less long", **told)
    if row.estimate > 0:
        return say("Customers whose {by} is {group} stay longer", **told)
    return say("Customers whose {by} is {group} stay less long", **told)


def _incident_claim(about: Mapping[str, Any]) -> str:
    row, context = claims(about)[0], about["context"]
    told = {
        "source": name(context.get("source")),
        "target": name(context.get("target")),
        "when": dates(row.values["from_on"], row.values["until_on"]),
    }
    if row.estimate < float(row.values["before"]):
        return say("Fewer went on from {source} to {target}, {when}", **told)
    return say("More went on from {source} to {target}, {when}", **told)


def _coverage_title(record: Mapping[str, Any]) -> str:
    return say("Events on each channel, {period} by {period}", period=_period(record))


def _coverage_subtitle(record: Mapping[str, Any]) -> str:
    told = {"period": _period(record), "number": count(record.get("min_cell", 10)), "sign": HIDDEN_CELL}
    if any(row.state == "hidden" for row in rows(record)):
        return say(
            "Number of events. Stronger shade: nearer to the channel’s busiest {period}, by the day; framed: with a "
            "gap; {sign}: hidden, as in it are fewer than {number} customers",
            **told,
        )
    return say(
        "Number of events. Stronger shade: nearer to the channel’s busiest {period}, by the day; framed: with a gap",
        **told,
    )


def _period(record: Mapping[str, Any]) -> str:
    return period(record["context"].get("period", "month"))


_CLAIMS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "stay": _stay_claim,
    "incident": _incident_claim,
    **comparing.CLAIMS,
    **leaving.CLAIMS,
}

TITLES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "shares": _shares_title,
    "outcomes": lambda record: _by(record, say("How journeys end")),
    "flow": _flow_title,
    "trend": _trend_title,
    "survival": _survival_title,
    "coverage": _coverage_title,
    **comparing.TITLES,
    **leaving.TITLES,
}

# Shares by measure: the title, and what the line under it says.
_SHARES = Phrases(
    {
        "first_channel": later("Where journeys start"),
        "channel_use": later("Which channels customers use"),
        "causes": later("Why contracts ended"),
        "left": later("How many customers are still there"),
        "nps": later("Net promoter score"),
    }
)
_MEASURES = Phrases(
    {
        "converted": later("Share of journeys that get there"),
        "first_channel": later("Share of journeys that start on each channel"),
        "channel_use": later("Share of customers who use each channel at least once"),
        "causes": later("Share of the customers whose contract ended"),
        "bounced": later("Share of journeys that do"),
        "left": later("Share of customers"),
        "nps": later("From −100 to 100, of the customers who answered"),
    }
)
_GROUPED = {"left", "nps"}

_TRENDS = Phrases({"count": later("How many"), "score": later("The score")})
_UNITS = Phrases({"share": later("Share"), "count": later("Number"), "score": later("Score"), "days": later("Days")})

_SUBTITLES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "shares": _shares_subtitle,
    "outcomes": lambda _: say("Share of journeys. Hatched: still open. Thin lines: 95 % intervals; n: customers"),
    "flow": lambda _: say("Width: share of all journeys. Hatched: still open. The intervals stand in the table"),
    "trend": _trend_subtitle,
    "survival": _survival_subtitle,
    "coverage": _coverage_subtitle,
    **comparing.SUBTITLES,
    **leaving.SUBTITLES,
}

_KINDS = Phrases(
    {
        "shares": later("Bar chart"),
        "outcomes": later("Bar chart"),
        "flow": later("Flow chart"),
        "trend": later("Line chart"),
        "survival": later("Survival curves"),
        "coverage": later("Heat map"),
        "heat": later("Heat map"),
        "forest": later("Dot chart"),
        "parts": later("Bar chart"),
        "panels": later("Line charts"),
        "spread": later("Range chart"),
        "edges": later("Dot chart"),
        "contrasts": later("Dot chart"),
        "incidence": later("Step curves"),
        "hazard": later("Line chart"),
        "calibration": later("Dot chart"),
    }
)
