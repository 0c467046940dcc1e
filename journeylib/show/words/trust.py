"""What the findings of the data review say: until when, what was set aside, and what was found odd.

These are counts of what is there, not estimates. A count that disclosure hides is spoken of as
what it is: fewer customers than may be told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from journeylib.show.rows import Row, rows
from journeylib.show.words.names import date, during, listed, name
from journeylib.show.words.numbers import count, customers, percent, quantity

__all__ = ["ALWAYS", "PURPOSES", "SENTENCES"]

_MOST = 3  # gaps and sources that a sentence names


def _complete(record: Mapping[str, Any]) -> str:
    told = rows(record)[0].values
    through = told["complete_on"]
    said = f"The data are complete through {date(through)}" if through else "No day is known that the data reach to"
    if told["silent_on"]:
        return f"{said}, but {name(told['channel'])} has been silent, or nearly so, since {date(told['silent_on'])}."
    if through and told["last_on"] and told["last_on"] < through:
        said += f", though the last event is of {date(told['last_on'])}"
    if told["days_missing"]:
        when = date(told["missing_on"]) if told["missing_on"] else quantity(told["days_missing"], "days")
        return f"{said}, except for {when}, on which a channel was silent or nearly so."
    if told["channels_checked"]:
        return f"{said}, and no channel that has enough customers to tell has a gap."
    return f"{said}; no channel has enough customers a day to look for gaps."


def _records(record: Mapping[str, Any]) -> str:
    told = rows(record)[0].values
    read = told["records_in"]
    if not read:
        return "Nothing was read."
    if told["accepted"] == read and told["adds_up"]:
        return f"All {count(read)} records that were read were accepted."
    aside = f"{count(told['quarantined'])} set aside ({percent(told['quarantined'] / read)})"
    end = "the three add up" if told["adds_up"] else "the three do not add up, so this store cannot be trusted"
    return (
        f"Of {count(read)} records read, {count(told['accepted'])} were accepted, {aside} and "
        f"{count(told['duplicates'])} found to be duplicates; {end}."
    )


def _anonymous(record: Mapping[str, Any]) -> str:
    row = rows(record)[0]
    if row.state == "hidden":
        return f"Fewer than {_least(record)} customers stayed anonymous; behind all others a person is known."
    whole = f"The events are of {count(row.n or 0)} customers"
    if not row.values["events"]:
        return f"{whole}, and behind every one a person is known."
    behind = f"those of {count(row.values['customers'])} customers behind whom no person is known"
    return f"{whole}; {percent(row.estimate)} of the events stayed anonymous, {behind}."


def _gaps(record: Mapping[str, Any]) -> str:
    found = rows(record)
    if not found:
        return "No gap was found in any channel that has enough customers to tell."
    said = [_gap(row) for row in found[:_MOST]]
    rest = len(found) - len(said)
    said += [f"{count(rest)} more {'gap stands' if rest == 1 else 'gaps stand'} in the table."] if rest else []
    return " ".join(said)


def _gap(row: Row) -> str:
    told, at_most = row.values, "" if row.values["from_on"] == row.values["until_on"] else "at most "
    amount = f"{at_most or 'only '}{count(row.n or 0)} customer{'' if row.n == 1 else 's'}{' a day' if at_most else ''}"
    if row.state == "hidden":
        amount = "hardly any customers"
    elif not told["events"]:
        amount = "no events"
    usual = "" if told["usual"] is None else f", where about {count(told['usual'])} customers are usual"
    return f"{name(told['channel'])}: {amount} {during(told['from_on'], told['until_on'])}{usual}."


def _ties(record: Mapping[str, Any]) -> str:
    row = rows(record)[0]
    if row.state == "hidden":
        return f"Fewer than {_least(record)} customers have several events at one instant."
    if not row.values["events"]:
        return f"No customer has two events at one instant ({customers(row.n or 0)})."
    return (
        f"{percent(row.estimate)} of events share customer and microsecond with another ({customers(row.n or 0)}); "
        "which of them came first is not known, and journeys take them in order of their ids."
    )


def _late(record: Mapping[str, Any]) -> str:
    found = rows(record)
    late = [row for row in found if row.state == "shown" and row.values["events"]]
    said = [
        f"{percent(row.estimate)} of the events of {_source(row)} were written more than a day after they occurred "
        f"({customers(row.n or 0)})."
        for row in late[:_MOST]
    ]
    veiled = [_source(row) for row in found if row.state == "hidden"]
    if veiled:
        said.append(f"Of {listed(veiled)} it is hidden, to protect groups of fewer than {_least(record)} customers.")
    return " ".join(said or ["No event was written more than a day after it occurred."])


def _clocks(record: Mapping[str, Any]) -> str:
    found = [row for row in rows(record) if row.state == "shown"]
    said = [_odd(row) for row in found if row.values["is_odd"]]
    if not said:
        said.append("No source has more whole hours or midnights than chance gives.")
    days = [_source(row) for row in found if row.values["kept_to"] == "day"]
    if days:
        said.append(
            f"{listed(days)} {'keeps' if len(days) == 1 else 'keep'} days only: the order within a day is lost."
        )
    return " ".join(said)


def _odd(row: Row) -> str:
    hour, midnight = row.values["hour_share"], row.values["midnight_share"]
    where = "at midnight (UTC)" if midnight >= hour / 2 else "on a whole hour"
    share = percent(midnight if midnight >= hour / 2 else hour)
    return (
        f"{share} of the times of {_source(row)} stand exactly {where}, far more than chance gives: "
        "they may be rounded or filled in."
    )


def _bots(record: Mapping[str, Any]) -> str:
    row, context = rows(record)[0], record["context"]
    rule = (
        f"{count(context['moments_in_a_day'])} moments or more within 24 hours, or half or more of at least "
        f"{count(context['pauses'])} pauses shorter than {_seconds(context['pause_seconds'])}"
    )
    if row.state == "hidden":
        return f"Fewer than {_least(record)} customers act at a pace that no person keeps: {rule}."
    who = row.values["customers"]
    if not who:
        return f"No customer acts at a pace that no person keeps: {rule} ({customers(row.n or 0)})."
    acts = "customer acts" if who == 1 else "customers act"
    return (
        f"{count(who)} {acts} at a pace that no person keeps, and {percent(row.estimate)} of all events are theirs "
        f"({customers(row.n or 0)}). They are flagged, not removed. Such a pace: {rule}."
    )


def _seconds(seconds: float) -> str:
    return f"{seconds:g} second" + ("" if seconds == 1 else "s")


def _source(row: Row) -> str:
    return name(row.values["source"])


def _least(record: Mapping[str, Any]) -> str:
    return count(record.get("min_cell", 10))


SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "complete": _complete,
    "records": _records,
    "anonymous": _anonymous,
    "gaps": _gaps,
    "ties": _ties,
    "late": _late,
    "clocks": _clocks,
    "bots": _bots,
}

# Said whatever is hidden, or where nothing was found: that is their answer.
ALWAYS = frozenset(SENTENCES)

PURPOSES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "complete": lambda _: "until when the data are complete",
    "records": lambda _: "what became of the records",
    "anonymous": lambda _: "how many events stayed anonymous",
    "gaps": lambda _: "whether a channel has gaps",
    "ties": lambda _: "how many events share an instant",
    "late": lambda _: "how many events were written late",
    "clocks": lambda _: "what the clocks of the sources do",
    "bots": lambda _: "who acts at a pace that no person keeps",
}
