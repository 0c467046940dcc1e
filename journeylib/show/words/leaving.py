"""What stands over and on the charts about leaving: titles, lines under them, what to see, the names of rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from journeylib.show.language import say
from journeylib.show.rows import Row
from journeylib.show.words.comparing import lines
from journeylib.show.words.hazards import level, path, ratio
from journeylib.show.words.names import apart, name
from journeylib.show.words.numbers import count, customers, estimate, parts, percent, quantity
from journeylib.show.words.reasons import LEVELS, NOTES, is_own, reason
from journeylib.show.words.standing import claims, shown
from journeylib.show.words.units import is_lapse, unit

__all__ = ["CLAIMS", "SEE", "SUBTITLES", "TITLES", "contrasted", "expected_axes", "sides", "unsaid"]

_MOST = 3


def contrasted(row: Row) -> tuple[str, str]:
    """Give the name of a row of contrasts, and whom it is compared with.

    >>> values = {"covariate": "plan", "group": "annual", "baseline": "monthly"}
    >>> [one.replace("\\u2068", "").replace("\\u2069", "") for one in contrasted(Row("", "shown", values))]
    ['plan: annual', 'against monthly']
    """
    if "covariate" in row.values:
        base = LEVELS.get(str(row.values["baseline"])) if is_own(row.values["covariate"]) else None
        told = {"baseline": base or name(row.values["baseline"]), "first": count(row.values.get("from_day") or 0)}
        if row.values.get("until_day"):
            last = count(row.values["until_day"])
            return level(row), say("days {first}–{last}, against {baseline}", last=last, **told)
        if row.values.get("from_day"):
            return level(row), say("from day {first}, against {baseline}", **told)
        return level(row), say("against {baseline}", **told)
    if row.values.get("left") is None or row.values.get("expected") is None:
        return name(row.values["group"]), ""
    told = {"left": count(row.values["left"]), "expected": count(row.values["expected"])}
    return name(row.values["group"]), say("{left} left, {expected} expected", **told)


def sides(record: Mapping[str, Any]) -> tuple[str, str]:
    """Say what lies on either side of no difference."""
    silent = is_lapse(record)
    if unit(record) == "days":
        return (say("active less"), say("active longer")) if silent else (say("stay less"), say("stay longer"))
    if silent:
        return say("fall silent later"), say("fall silent sooner")
    return say("leave later"), say("leave sooner")


def unsaid(row: Row) -> str:
    """Say in place of a dot why there is none."""
    if row.values.get("note") in NOTES:
        return NOTES[row.values["note"]]
    return say("not enough data ({customers})", customers=customers(row.n or 0))


def expected_axes() -> tuple[str, str]:
    """Name the axes of a calibration: up, then across."""
    return say("Share that left"), say("Share that was expected to")


# Titles --------------------------------------------------------------------------------------------------------------


def _contrasts_title(record: Mapping[str, Any]) -> str:
    measure = record["context"].get("measure")
    if measure == "leads":
        if record["context"].get("of") == "path":
            return say("Which two steps in a row come before leaving")
        return say("What comes before leaving")
    if measure == "bands":
        return say("Does it change in the course of time?")
    if measure == "states":
        return say("What goes before leaving, all else alike")
    if measure == "stay":
        return say("How much longer customers stay, segment by segment")
    if is_lapse(record):
        return say("Who falls silent sooner, all else alike")
    return say("Who leaves sooner, all else alike")


def _hazard_title(record: Mapping[str, Any]) -> str:
    return say("When those still active fall silent") if is_lapse(record) else say("When those still there leave")


def _hazards_claim(about: Mapping[str, Any]) -> str:
    steady = [row for row in claims(about) if row.values.get("is_proportional") is not False]
    if not steady:  # one ratio is an average, and may hide that they cross
        return ""
    row = max(steady, key=lambda row: abs(row.estimate))
    told = {"by": reason(row.values["covariate"]), "group": name(row.values["group"]), "level": level(row)}
    if is_own(row.values["covariate"]):
        if row.estimate > 0:
            return say("All else alike, customers with “{level}” leave sooner", **told)
        return say("All else alike, customers with “{level}” leave later", **told)
    if is_lapse(about):
        if row.estimate > 0:
            return say("All else alike, customers whose {by} is {group} fall silent sooner", **told)
        return say("All else alike, customers whose {by} is {group} fall silent later", **told)
    if row.estimate > 0:
        return say("All else alike, customers whose {by} is {group} leave sooner", **told)
    return say("All else alike, customers whose {by} is {group} leave later", **told)


def _leads_claim(about: Mapping[str, Any]) -> str:
    row = max(claims(about), key=lambda row: abs(row.estimate))
    if row.estimate > 0:
        return say("After {path}, customers leave sooner", path=path(row))
    return say("After {path}, customers leave later", path=path(row))


TITLES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "contrasts": _contrasts_title,
    "incidence": lambda _: say("Why customers leave, and when"),
    "hazard": _hazard_title,
    "calibration": lambda _: say("What was expected, and what came"),
}

CLAIMS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {"hazards": _hazards_claim, "leads": _leads_claim}


# Lines under the titles ----------------------------------------------------------------------------------------------


def _contrasts_subtitle(record: Mapping[str, Any]) -> str:
    context = record["context"]
    told = {"lines": lines(record)}
    if context.get("measure") == "leads":
        return say(
            "How many times as likely to leave on a day in the {time} after it, against others who have been there as "
            "long; {lines}; n: customers who had it",
            time=quantity(context["within_days"], "days"),
            **told,
        )
    if context.get("measure") == "stay":
        return say(
            "Days of the first {horizon} that customers stay, less those of the baseline, as they are; {lines}; n: "
            "customers of the smaller side",
            horizon=quantity(context["horizon_days"], "days"),
            **told,
        )
    return say(
        "How many times as likely to leave on a day as the baseline, with the other segments shown alike; {lines}; n: "
        "customers of the smaller side",
        **told,
    )


def _hazard_subtitle(record: Mapping[str, Any]) -> str:
    band = quantity(record["context"]["band_days"], "days")
    if is_lapse(record):
        return say(
            "Of those still active, the share that falls silent within {band}, by days since the start. Lines: 95 % "
            "intervals",
            band=band,
        )
    return say(
        "Of those still there, the share that leaves within {band}, by days since the start. Lines: 95 % intervals",
        band=band,
    )


def _calibration_subtitle(record: Mapping[str, Any]) -> str:
    return say(
        "A dot: a fifth of the customers, by the share of them that was expected to leave within {time}, on time that "
        "the forecast had not seen. Dashed: as expected; lines: 95 % intervals",
        time=quantity(record["context"]["days"], "days"),
    )


SUBTITLES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "contrasts": _contrasts_subtitle,
    "incidence": lambda _: say(
        "Share of customers who have left for each cause, by days since the start; who left for one cannot leave for "
        "another. Bands: 95 % intervals"
    ),
    "hazard": _hazard_subtitle,
    "calibration": _calibration_subtitle,
}


# What to see ---------------------------------------------------------------------------------------------------------


def _see_contrasts(record: Mapping[str, Any]) -> str:
    found = [row for row in shown(record) if row.estimate == row.estimate]
    if not found:
        return ""
    kind = unit(record)
    ordered = sorted(found, key=lambda row: -row.estimate)
    ends = [ordered[0], *([ordered[-1]] if len(ordered) > 1 else [])]
    said = []
    for row in ends:
        head, when = contrasted(row)
        if row.values.get("from_day"):
            head = say("{row}, {when},", row=head, when=when)
        if kind == "ratio":
            size, bracket = ratio(record, row)
            said.append(say("{row} {ratio} times {bracket}", row=head, ratio=size, bracket=bracket))
        else:
            said.append(say("{row} {value}", row=head, value=estimate(row.values, kind)))
    if len(said) == 1:
        return say("{row}.", row=said[0])
    return say("Highest: {first}; lowest: {last}.", first=said[0], last=said[1])


def _see_incidence(record: Mapping[str, Any]) -> str:
    horizon = record["context"].get("horizon_days") or math.inf
    last: dict[str, Row] = {}
    for row in shown(record):
        if row.values["day"] <= horizon:
            last[str(row.values["cause"])] = row
    found = sorted(last.values(), key=lambda row: -row.estimate)
    said = [
        say("{cause} {share}", cause=name(row.values["cause"]), share=estimate(row.values, "share", n=False))
        for row in found[:_MOST]
    ]
    if not said:
        return ""
    told = {"shares": apart(said), "customers": customers(found[0].n or 0)}
    day = min(horizon, max(float(row.values["day"]) for row in found))
    return say("Have left after {time}: {shares} ({customers}).", time=quantity(day, "days"), **told)


def _see_hazard(record: Mapping[str, Any]) -> str:
    found = sorted(shown(record), key=lambda row: -row.estimate)
    if not found:
        return ""
    band = int(record["context"]["band_days"])

    def told(row: Row) -> dict[str, str]:
        first = int(row.values["from_day"])
        days = say("{first}–{last}", first=count(first), last=count(first + band - 1))
        return {"share": estimate(row.values, "share", n=False), "days": days}

    most = told(found[0])
    lower = [row for row in found if row.high < found[0].low]
    if lower:
        least = told(lower[-1])
        most |= {"least_days": least["days"], "least": least["share"]}
        if is_lapse(record):
            return say(
                "Most fall silent on days {days}, {share}; fewer on days {least_days}, {least}.",
                **most,
            )
        return say("Most leave on days {days}, {share}; fewer on days {least_days}, {least}.", **most)
    if is_lapse(record):
        return say(
            "Most fall silent on days {days}, {share}; no other band can be told apart from it for sure.", **most
        )
    return say("Most leave on days {days}, {share}; no other band can be told apart from it for sure.", **most)


def _see_calibration(record: Mapping[str, Any]) -> str:
    found = [row for row in shown(record) if row.values.get("predicted") is not None]
    if not found:
        return ""
    row = max(found, key=lambda row: float(row.values["predicted"]))
    inside = sum(one.low <= float(one.values["predicted"]) <= one.high for one in found)
    value, bracket = parts(row.values, "share")
    return say(
        "In {inside} of {all} bands the expected share lies in the interval; of the highest band shown {expected} were "
        "expected to leave and {share} did {bracket}.",
        inside=count(inside),
        all=count(len(found)),
        expected=percent(float(row.values["predicted"])),
        share=value,
        bracket=bracket,
    )


SEE: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "contrasts": _see_contrasts,
    "incidence": _see_incidence,
    "hazard": _see_hazard,
    "calibration": _see_calibration,
}
