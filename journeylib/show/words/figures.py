"""What a chart says: its title, the line under it, the sentence of what to see, the text for who cannot see it.

The title states the finding that the chart illustrates where the edition claims it;
otherwise it states what is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from journeylib.show.rows import rows
from journeylib.show.words.findings import claims, lacking
from journeylib.show.words.marks import HIDDEN_CELL
from journeylib.show.words.names import dates, name
from journeylib.show.words.numbers import count, quantity, unit
from journeylib.show.words.sights import see

__all__ = [
    "TITLES",
    "alt",
    "claimed",
    "subtitle",
    "title",
    "window",
]


def claimed(record: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Give the finding that a chart illustrates, if the edition claims it; `about` holds the judged finding."""
    about = record.get("about")
    return about if about and not lacking(about) and claims(about) else None


def title(record: Mapping[str, Any]) -> str:
    """Say what to see, where it is claimed; else what is shown."""
    about = claimed(record)
    said = _CLAIMS[about["form"]](about) if about and about["form"] in _CLAIMS else ""
    return said or TITLES[record["form"]](record)


def subtitle(record: Mapping[str, Any]) -> str:
    """Say the measure, its unit, who is in it and how an interval is drawn."""
    return _SUBTITLES[record["form"]](record)


def alt(record: Mapping[str, Any]) -> str:
    """Describe the chart for those who do not see it, from its data."""
    return f"{_KINDS[record['form']]}: {title(record)}. {lacking(record) or see(record)}"


def window(record: Mapping[str, Any]) -> tuple[str, str] | None:
    """Give the days that a chart over time shades: the context's `window`, or what its finding claims."""
    said = record["context"].get("window")
    about = record.get("about")
    found = claims(about) if about and about["form"] == "incident" and not lacking(about) else []
    if said or not found:
        return (str(said[0]), str(said[1])) if said else None
    first = found[0].values
    return str(first["from_on"]), str(first["until_on"])


def _by(record: Mapping[str, Any]) -> str:
    first = record["columns"][0]
    grouped = any(row.label for row in rows(record))
    return f", by {name(first)}" if grouped else ""


def _going_on(context: Mapping[str, Any]) -> str:
    return f"from {name(context['source'])} to {name(context['target'])}" if "source" in context else ""


def _shares_title(record: Mapping[str, Any]) -> str:
    context = record["context"]
    measure = context.get("measure")
    if measure == "converted":
        return f"How many journeys reach “{name(context.get('goal'))}”{_by(record)}"
    if measure == "bounced":
        return f"How many journeys go {' → '.join(map(name, context['chain']))}{_by(record)}"
    if measure not in _SHARES:
        return f"Shares{_by(record)}"
    return _SHARES[measure][0] + (_by(record) if measure in _GROUPED else "")


def _shares_subtitle(record: Mapping[str, Any]) -> str:
    context = record["context"]
    measure, within, horizon = (context.get(key) for key in ("measure", "within_days", "horizon_days"))
    said = _SHARES.get(str(measure), ("", f"Share of {name(context.get('of', 'each row'))}"))[1]
    if measure == "converted":
        said = "Share of journeys that get there" + (f" within {quantity(within, 'days')}" if within else "")
    if measure == "left" and horizon:
        said = f"Share of customers still there after {quantity(horizon, 'days')}"
    return f"{said}. Thin lines: 95 % intervals; n: customers"


def _trend_title(record: Mapping[str, Any]) -> str:
    context = record["context"]
    every = {1: "day by day", 7: "week by week"}.get(context.get("every_days", 7), "over time")
    if on := _going_on(context):
        return f"How many go on {on}, {every}"
    return {"count": "How many", "score": "The score"}.get(unit(record), "The share") + f", {every}"


def _trend_subtitle(record: Mapping[str, Any]) -> str:
    context = record["context"]
    kind = unit(record)
    within = context.get("within_days")
    measure = {"share": "Share", "count": "Number", "score": "Score", "days": "Days"}.get(kind, "Estimate")
    if on := _going_on(context):
        measure = f"Share that goes on {on}" + (f" within {quantity(within, 'days')}" if within else "")
    band = "" if kind == "count" else ". Band: 95 % interval"
    field = window(record)
    return f"{measure}{band}" + (f"; shaded: {dates(*field)}" if field and not claimed(record) else "")


def _survival_title(record: Mapping[str, Any]) -> str:
    return f"How long customers stay{' active' if record['context'].get('kind') == 'lapse' else ''}{_by(record)}"


def _survival_subtitle(record: Mapping[str, Any]) -> str:
    there = "still active" if record["context"].get("kind") == "lapse" else "still there"
    said = f"Share of customers {there}, by days since the start. Bands: 95 % intervals; a curve ends below 10 at risk"
    panels = len({row.label for row in rows(record)}) > 5
    return f"{said}. Each panel runs from 0 to 100 %, the other groups in pale" if panels else said


def _flow_title(record: Mapping[str, Any]) -> str:
    of = {"touchpoint": "touchpoint to touchpoint"}.get(str(record["context"].get("of")), "channel to channel")
    return f"How journeys run from {of}"


def _stay_claim(about: Mapping[str, Any]) -> str:
    row = claims(about)[0]
    stay = "stay active" if about["context"].get("kind") == "lapse" else "stay"
    group, by = name(row.values["group"]), name(about["context"].get("by"))
    return f"Customers whose {by} is {group} {stay} {'longer' if row.estimate > 0 else 'less long'}"


def _incident_claim(about: Mapping[str, Any]) -> str:
    row = claims(about)[0]
    fewer = "Fewer" if row.estimate < float(row.values["before"]) else "More"
    when = dates(row.values["from_on"], row.values["until_on"])
    return f"{fewer} went on {_going_on(about['context'])}, {when}"


def _coverage_title(record: Mapping[str, Any]) -> str:
    period = record["context"].get("period", "month")
    return f"Events on each channel, {period} by {period}"


def _coverage_subtitle(record: Mapping[str, Any]) -> str:
    period = record["context"].get("period", "month")
    said = f"Number of events. Stronger shade: nearer to the channel’s busiest {period}, by the day; framed: with a gap"
    veiled = any(row.state == "hidden" for row in rows(record))
    return said + (
        f"; {HIDDEN_CELL}: hidden, as in it are fewer than {count(record.get('min_cell', 10))} customers"
        if veiled
        else ""
    )


_CLAIMS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {"stay": _stay_claim, "incident": _incident_claim}

TITLES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "shares": _shares_title,
    "outcomes": lambda record: f"How journeys end{_by(record)}",
    "flow": _flow_title,
    "trend": _trend_title,
    "survival": _survival_title,
    "coverage": _coverage_title,
}

# Shares by measure: the title, and the measure as the line under it says it.
_SHARES: Mapping[str, tuple[str, str]] = {
    "first_channel": ("Where journeys start", "Share of journeys that start on each channel"),
    "channel_use": ("Which channels customers use", "Share of customers who use each channel at least once"),
    "causes": ("Why contracts ended", "Share of the customers whose contract ended"),
    "bounced": ("", "Share of journeys that do"),
    "left": ("How many customers are still there", "Share of customers"),
    "nps": ("Net promoter score", "From −100 to 100, of the customers who answered"),
}
_GROUPED = {"left", "nps"}

_SUBTITLES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "shares": _shares_subtitle,
    "outcomes": lambda _: "Share of journeys. Hatched: still open. Thin lines: 95 % intervals; n: customers",
    "flow": lambda _: "Width: share of all journeys. Hatched: still open. The intervals stand in the table",
    "trend": _trend_subtitle,
    "survival": _survival_subtitle,
    "coverage": _coverage_subtitle,
}

_KINDS: Mapping[str, str] = {
    "shares": "Bar chart",
    "outcomes": "Bar chart",
    "flow": "Flow chart",
    "trend": "Line chart",
    "survival": "Survival curves",
    "coverage": "Heat map",
}
