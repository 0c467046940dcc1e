"""What a chart says: its title, the line under it, the sentence of what to see, the text for who cannot see it.

The title states the finding that the chart illustrates where the edition claims it;
otherwise it states what is shown.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from journeylib.show.record import Row, rows
from journeylib.show.words.findings import claims, lacking
from journeylib.show.words.numbers import count, customers, date, dates, estimate, month, name, quantity, unit, visible

__all__ = [
    "TITLES",
    "alt",
    "at_risk",
    "claimed",
    "column",
    "end",
    "ends",
    "month_tick",
    "more_rows",
    "outcome",
    "see",
    "subtitle",
    "tick",
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


def see(record: Mapping[str, Any]) -> str:
    """Say in one sentence what the chart shows, with its numbers; empty where it shows nothing."""
    return "" if lacking(record) else _SEE[record["form"]](record)


def alt(record: Mapping[str, Any]) -> str:
    """Describe the chart for those who do not see it, from its data."""
    return f"{_KINDS[record['form']]}: {title(record)}. {lacking(record) or see(record)}"


def ends(record: Mapping[str, Any]) -> list[Row]:
    """Give each group's row of a survival chart at the horizon, or at its last day where it ends before that.

    A curve holds its value from one row's day to the next.
    """
    horizon = record["context"].get("horizon_days") or math.inf
    last: dict[str, Row] = {}
    for row in rows(record):
        if row.state != "shown" or (row.values["at_risk"] or 0) < 10:
            continue
        if row.values["day"] <= horizon:
            last[row.label] = row
        elif row.label in last and last[row.label].values["day"] < horizon:
            before = last[row.label]
            last[row.label] = replace(before, values={**before.values, "day": horizon})
    return sorted(last.values(), key=lambda row: -row.estimate)


def outcome(value: str) -> str:
    """Give the name of an outcome.

    >>> outcome("open")
    'Still open'
    """
    return {"converted": "Converted", "lost": "Lost", "open": "Still open"}.get(value, visible(value))


def end(node: str) -> str:
    """Give the name of a node of a flow: of where it ended, or as the data have it."""
    return {"open": "still open"}.get(node, node)


def column(place: int) -> str:
    """Give the head of a column of a flow, counted from 0.

    >>> column(0), column(2)
    ('start', 'then')
    """
    return "start" if place == 0 else "then"


def tick(value: float, unit: str) -> str:
    """Write a tick of an axis as short as it can be.

    >>> tick(0.2, "share").replace("\u202f", " "), tick(12000, "count")
    ('20 %', '12,000')
    """
    scaled = value * 100 if unit in ("share", "points") else value
    decimals = next(i for i in range(4) if i == 3 or abs(scaled - round(scaled, i)) < 1e-9)
    return quantity(value, unit if unit == "share" else "number", decimals)


def month_tick(day: datetime.date, first: datetime.date) -> str:
    """Write a month under a time axis, with the year where it begins or the axis does.

    >>> first = datetime.date(2025, 11, 3)
    >>> month_tick(datetime.date(2026, 1, 1), first), month_tick(datetime.date(2026, 2, 1), first)
    ('Jan 2026', 'Feb')
    """
    opening = day.month == 1 or (day - first).days < 31
    return f"{month(day)} {day.year}" if opening else month(day)


def at_risk(number: float | None, day: float | None = None) -> str:
    """Write under a small panel how many are at risk, on which day.

    >>> at_risk(412, 360)
    '412 on day 360'
    """
    said = "–" if number is None else count(number)
    return f"{said} at risk" if day is None else f"{said} on day {count(day)}"


def more_rows(rest: int) -> str:
    """Say how many rows a chart leaves to its table.

    >>> more_rows(3)
    'and 3 more in the table'
    """
    return f"and {count(rest)} more in the table"


def window(record: Mapping[str, Any]) -> tuple[str, str] | None:
    """Give the days that a chart over time shades: the context's `window`, or those of the finding it illustrates."""
    said = record["context"].get("window")
    about = record.get("about")
    if said or not about or about["form"] != "incident" or lacking(about) or not about["rows"]:
        return (str(said[0]), str(said[1])) if said else None
    first = rows(about)[0].values
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


_CLAIMS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {"stay": _stay_claim, "incident": _incident_claim}

TITLES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "shares": _shares_title,
    "outcomes": lambda record: f"How journeys end{_by(record)}",
    "flow": _flow_title,
    "trend": _trend_title,
    "survival": _survival_title,
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
}

_KINDS: Mapping[str, str] = {
    "shares": "Bar chart",
    "outcomes": "Bar chart",
    "flow": "Flow chart",
    "trend": "Line chart",
    "survival": "Survival curves",
}


def _see_shares(record: Mapping[str, Any]) -> str:
    found = sorted((row for row in rows(record) if row.state == "shown"), key=lambda row: -row.estimate)
    kind, first, last = unit(record), found[0], found[-1]
    said = f"Highest: {name(first.label)}, {estimate(first.values, kind)}"
    if len(found) == 1:
        return f"{said}."
    apart = "" if first.low > last.high else "; the two cannot be told apart"
    return f"{said}; lowest: {name(last.label)}, {estimate(last.values, kind)}{apart}."


def _see_outcomes(record: Mapping[str, Any]) -> str:
    found = [row for row in rows(record) if row.state == "shown"]
    if not any(row.label for row in found):
        said = ", ".join(
            f"{estimate(row.values, 'share', n=False)} {outcome(row.values['outcome']).lower()}" for row in found
        )
        return f"Of all journeys: {said} ({customers(found[0].values['n'])})."
    converted = sorted((row for row in found if row.values["outcome"] == "converted"), key=lambda row: -row.estimate)
    if not converted:
        return ""
    by, first, last = name(record["columns"][0]), converted[0], converted[-1]
    said = f"Most convert where {by} is {name(first.label)}, {estimate(first.values, 'share')}"
    if len(converted) == 1:
        return f"{said}."
    apart = "" if first.low > last.high else "; the two cannot be told apart"
    return f"{said}; fewest where it is {name(last.label)}, {estimate(last.values, 'share')}{apart}."


def _see_flow(record: Mapping[str, Any]) -> str:
    row = max((row for row in rows(record) if row.state == "shown"), key=lambda row: row.estimate)
    source, target = name(row.values["source"]), name(row.values["target"])
    return f"The widest stream, from {source} to {target}, is {estimate(row.values, 'share')} of all journeys."


def _see_trend(record: Mapping[str, Any]) -> str:
    found = [row for row in rows(record) if row.state == "shown"]
    kind = unit(record)
    last = found[-1]
    low, high = (pick(found, key=lambda row: row.estimate) for pick in (min, max))
    return (
        f"Last, from {date(last.values['period_on'])}: {estimate(last.values, kind)}; "
        f"lowest {quantity(low.estimate, kind)} from {date(low.values['period_on'])}, "
        f"highest {quantity(high.estimate, kind)} from {date(high.values['period_on'])}."
    )


def _see_survival(record: Mapping[str, Any]) -> str:
    said = []
    for row in ends(record)[:5]:
        of = f" of {name(row.label)}" if row.label else " of customers"
        said.append(f"{estimate(row.values, 'share', n=False)}{of} after {quantity(row.values['day'], 'days')}")
    return "Still there: " + "; ".join(said) + "." if said else ""


_SEE: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "shares": _see_shares,
    "outcomes": _see_outcomes,
    "flow": _see_flow,
    "trend": _see_trend,
    "survival": _see_survival,
}
