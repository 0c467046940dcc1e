"""What there is to see in a chart: one sentence with its numbers, which orders nothing it cannot tell apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from journeylib.show.rows import Row, rows
from journeylib.show.words.findings import lacking
from journeylib.show.words.marks import outcome
from journeylib.show.words.names import date, listed, name
from journeylib.show.words.numbers import count, customers, estimate, quantity, unit

__all__ = ["ends", "see"]


def see(record: Mapping[str, Any]) -> str:
    """Say in one sentence what the chart shows, with its numbers; empty where it shows nothing."""
    return "" if lacking(record) else _SEE[record["form"]](record)


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


def _see_coverage(record: Mapping[str, Any]) -> str:
    found = rows(record)
    period = record["context"].get("period", "month")
    channels = {row.label for row in found}
    cells = [row for row in found if row.values["days_missing"]]
    broken = sorted({row.label for row in cells})
    of = f"Of {count(len(channels))} {'channel' if len(channels) == 1 else 'channels'}"
    if not cells:
        return f"{of}, none has a {period} with a gap."
    have = "has" if len(broken) == 1 else "have"
    return f"{of}, {listed([name(channel) for channel in broken[:5]])} {have} a {period} with a gap."


_SEE: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "shares": _see_shares,
    "outcomes": _see_outcomes,
    "flow": _see_flow,
    "trend": _see_trend,
    "survival": _see_survival,
    "coverage": _see_coverage,
}
