"""What there is to see in a chart: one sentence with its numbers, which orders nothing it cannot tell apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from journeylib.show.language import many, say
from journeylib.show.rows import Row, rows
from journeylib.show.words import grouped, leaving
from journeylib.show.words.codes import value
from journeylib.show.words.marks import outcome, period
from journeylib.show.words.names import apart, date, enumerated, listed, name
from journeylib.show.words.numbers import count, customers, estimate, quantity
from journeylib.show.words.standing import lacking
from journeylib.show.words.units import unit

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
    told = {
        "highest": name(first.label),
        "high": estimate(first.values, kind),
        "lowest": name(last.label),
        "low": estimate(last.values, kind),
    }
    if len(found) == 1:
        return say("Highest: {highest}, {high}.", **told)
    if first.low > last.high:
        return say("Highest: {highest}, {high}; lowest: {lowest}, {low}.", **told)
    return say("Highest: {highest}, {high}; lowest: {lowest}, {low}; the two cannot be told apart.", **told)


def _see_outcomes(record: Mapping[str, Any]) -> str:
    found = [row for row in rows(record) if row.state == "shown"]
    if not any(row.label for row in found):
        said = enumerated([_ended(row) for row in found])
        return say("Of all journeys: {shares} ({customers}).", shares=said, customers=customers(found[0].values["n"]))
    converted = sorted((row for row in found if row.values["outcome"] == "converted"), key=lambda row: -row.estimate)
    if not converted:
        return ""
    first, last = converted[0], converted[-1]
    told = {
        "by": name(record["columns"][0]),
        "highest": name(first.label),
        "high": estimate(first.values, "share"),
        "lowest": name(last.label),
        "low": estimate(last.values, "share"),
    }
    if len(converted) == 1:
        return say("Most convert where {by} is {highest}, {high}.", **told)
    if first.low > last.high:
        return say("Most convert where {by} is {highest}, {high}; fewest where it is {lowest}, {low}.", **told)
    return say(
        "Most convert where {by} is {highest}, {high}; fewest where it is {lowest}, {low}; the two cannot be told "
        "apart.",
        **told,
    )


def _see_flow(record: Mapping[str, Any]) -> str:
    row = max((row for row in rows(record) if row.state == "shown"), key=lambda row: row.estimate)
    source, target = (value("target", str(row.values[place]), "flow") for place in ("source", "target"))
    return say(
        "The widest stream, from {source} to {target}, is {share} of all journeys.",
        source=name(source),
        target=name(target),
        share=estimate(row.values, "share"),
    )


def _see_trend(record: Mapping[str, Any]) -> str:
    found = [row for row in rows(record) if row.state == "shown"]
    kind = unit(record)
    last = found[-1]
    low, high = (pick(found, key=lambda row: row.estimate) for pick in (min, max))
    return say(
        "Last, from {last_date}: {last}; lowest {low} from {low_date}, highest {high} from {high_date}.",
        last=estimate(last.values, kind),
        low=quantity(low.estimate, kind),
        high=quantity(high.estimate, kind),
        last_date=date(last.values["period_on"]),
        low_date=date(low.values["period_on"]),
        high_date=date(high.values["period_on"]),
    )


def _see_survival(record: Mapping[str, Any]) -> str:
    said = []
    for row in ends(record)[:5]:
        told = {"share": estimate(row.values, "share", n=False), "time": quantity(row.values["day"], "days")}
        if row.label:
            said.append(say("{share} of {group} after {time}", group=name(row.label), **told))
        else:
            said.append(say("{share} of customers after {time}", **told))
    return say("Still there: {shares}.", shares=apart(said)) if said else ""


def _see_coverage(record: Mapping[str, Any]) -> str:
    found = rows(record)
    channels = len({row.label for row in found})
    broken = sorted({row.label for row in found if row.values["days_missing"]})
    told = {
        "channels": many(channels, "{number} channel", "{number} channels", number=count(channels)),
        "period": period(record["context"].get("period", "month")),
        "broken": listed([name(channel) for channel in broken[:5]]),
    }
    if not broken:
        return say("Of {channels}, none has a {period} with a gap.", **told)
    return many(
        len(broken),
        "Of {channels}, {broken} has a {period} with a gap.",
        "Of {channels}, {broken} have a {period} with a gap.",
        **told,
    )


def _ended(row: Row) -> str:
    share, how = estimate(row.values, "share", n=False), str(row.values["outcome"])
    if how == "converted":
        return say("{share} converted", share=share)
    if how == "lost":
        return say("{share} lost", share=share)
    if how == "open":
        return say("{share} still open", share=share)
    return say("{share} {outcome}", share=share, outcome=outcome(how).lower())


_SEE: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "shares": _see_shares,
    "outcomes": _see_outcomes,
    "flow": _see_flow,
    "trend": _see_trend,
    "survival": _see_survival,
    "coverage": _see_coverage,
    **grouped.SEE,
    **leaving.SEE,
}
