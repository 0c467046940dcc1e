"""What the findings of the data review say: until when, what was set aside, and what was found odd.

These are counts of what is there, not estimates. A count that disclosure hides is spoken of as
what it is: fewer customers than may be told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from journeylib.show.language import many, say
from journeylib.show.rows import Row, rows
from journeylib.show.words.names import date, during, listed, name
from journeylib.show.words.numbers import count, customers, percent, quantity, rough

__all__ = ["ALWAYS", "PURPOSES", "SENTENCES"]

_MOST = 3  # gaps and sources that a sentence names


def _complete(record: Mapping[str, Any]) -> str:
    told = rows(record)[0].values
    through, silent = told["complete_on"], told["silent_on"]
    reach = say("No day is known that the data reach to")
    if through:
        reach = say("The data are complete through {date}", date=date(through))
    if silent:
        return say(
            "{reach}, but {channel} has been silent, or nearly so, since {date}.",
            reach=reach,
            channel=name(told["channel"]),
            date=date(silent),
        )
    if through and told["last_on"] and told["last_on"] < through:
        reach = say("{reach}, though the last event is of {date}", reach=reach, date=date(told["last_on"]))
    if told["days_missing"]:
        when = date(told["missing_on"]) if told["missing_on"] else quantity(told["days_missing"], "days")
        return say("{reach}, except for {when}, on which a channel was silent or nearly so.", reach=reach, when=when)
    if told["channels_checked"]:
        return say("{reach}, and no channel that has enough customers to tell has a gap.", reach=reach)
    return say("{reach}; no channel has enough customers a day to look for gaps.", reach=reach)


def _records(record: Mapping[str, Any]) -> str:
    told = rows(record)[0].values
    read = told["records_in"]
    if not read:
        return say("Nothing was read.")
    if told["accepted"] == read and told["adds_up"]:
        return say("All {number} records that were read were accepted.", number=count(read))
    parts = {
        "records": count(read),
        "accepted": count(told["accepted"]),
        "aside": count(told["quarantined"]),
        "share": percent(told["quarantined"] / read),
        "duplicates": count(told["duplicates"]),
    }
    if told["adds_up"]:
        return say(
            "Of {records} records read, {accepted} were accepted, {aside} set aside ({share}) and {duplicates} found "
            "to be duplicates; the three add up.",
            **parts,
        )
    return say(
        "Of {records} records read, {accepted} were accepted, {aside} set aside ({share}) and {duplicates} found to "
        "be duplicates; the three do not add up, so this store cannot be trusted.",
        **parts,
    )


def _anonymous(record: Mapping[str, Any]) -> str:
    row = rows(record)[0]
    if row.state == "hidden":
        return say(
            "Fewer than {number} customers stayed anonymous; behind all others a person is known.",
            number=_least(record),
        )
    whole = count(row.n or 0)
    if not row.values["events"]:
        return say("The events are of {number} customers, and behind every one a person is known.", number=whole)
    return say(
        "The events are of {number} customers; {share} of the events stayed anonymous, those of {customers} customers "
        "behind whom no person is known.",
        number=whole,
        share=percent(row.estimate),
        customers=count(row.values["customers"]),
    )


def _gaps(record: Mapping[str, Any]) -> str:
    found = rows(record)
    if not found:
        return say("No gap was found in any channel that has enough customers to tell.")
    said = [_gap(row) for row in found[:_MOST]]
    rest = len(found) - len(said)
    if rest:
        more = many(
            rest,
            "{number} more gap stands in the table.",
            "{number} more gaps stand in the table.",
            number=count(rest),
        )
        said.append(more)
    return " ".join(said)


def _gap(row: Row) -> str:
    told = row.values
    parts = {
        "channel": name(told["channel"]),
        "amount": _amount(row),
        "when": during(told["from_on"], told["until_on"]),
    }
    if told["usual"] is None:
        return say("{channel}: {amount} {when}.", **parts)
    return say(
        "{channel}: {amount} {when}, where about {usual} customers are usual.", usual=count(told["usual"]), **parts
    )


def _amount(row: Row) -> str:
    told, number = row.values, row.n or 0
    if row.state == "hidden":
        return say("hardly any customers")
    if not told["events"]:
        return say("no events")
    if told["from_on"] == told["until_on"]:
        return many(number, "only {number} customer", "only {number} customers", number=count(number))
    return many(number, "at most {number} customer a day", "at most {number} customers a day", number=count(number))


def _ties(record: Mapping[str, Any]) -> str:
    row = rows(record)[0]
    if row.state == "hidden":
        return say("Fewer than {number} customers have several events at one instant.", number=_least(record))
    behind = customers(row.n or 0)
    if not row.values["events"]:
        return say("No customer has two events at one instant ({customers}).", customers=behind)
    return say(
        "{share} of events share customer and microsecond with another ({customers}); which of them came first is not "
        "known, and journeys take them in order of their ids.",
        share=percent(row.estimate),
        customers=behind,
    )


def _late(record: Mapping[str, Any]) -> str:
    found = rows(record)
    late = [row for row in found if row.state == "shown" and row.values["events"]]
    said = [_written_late(row) for row in late[:_MOST]]
    veiled = [_source(row) for row in found if row.state == "hidden"]
    if veiled:
        hidden = say(
            "Of {sources} it is hidden, to protect groups of fewer than {number} customers.",
            sources=listed(veiled),
            number=_least(record),
        )
        said.append(hidden)
    return " ".join(said) or say("No event was written more than a day after it occurred.")


def _written_late(row: Row) -> str:
    return say(
        "{share} of the events of {source} were written more than a day after they occurred ({customers}).",
        share=percent(row.estimate),
        source=_source(row),
        customers=customers(row.n or 0),
    )


def _clocks(record: Mapping[str, Any]) -> str:
    found = [row for row in rows(record) if row.state == "shown"]
    said = [_odd(row) for row in found if row.values["is_odd"]]
    if not said:
        said.append(say("No source has more whole hours or midnights than chance gives."))
    days = [_source(row) for row in found if row.values["kept_to"] == "day"]
    if days:
        kept = many(
            len(days),
            "{sources} keeps days only: the order within a day is lost.",
            "{sources} keep days only: the order within a day is lost.",
            sources=listed(days),
        )
        said.append(kept)
    return " ".join(said)


def _odd(row: Row) -> str:
    hour, midnight = row.values["hour_share"], row.values["midnight_share"]
    if midnight >= hour / 2:
        return say(
            "{share} of the times of {source} stand exactly at midnight (UTC), far more than chance gives: they may "
            "be rounded or filled in.",
            share=percent(midnight),
            source=_source(row),
        )
    return say(
        "{share} of the times of {source} stand exactly on a whole hour, far more than chance gives: they may be "
        "rounded or filled in.",
        share=percent(hour),
        source=_source(row),
    )


def _bots(record: Mapping[str, Any]) -> str:
    row, rule = rows(record)[0], _rule(record["context"])
    if row.state == "hidden":
        return say(
            "Fewer than {number} customers act at a pace that no person keeps: {rule}.",
            number=_least(record),
            rule=rule,
        )
    who, behind = row.values["customers"], customers(row.n or 0)
    if not who:
        return say(
            "No customer acts at a pace that no person keeps: {rule} ({customers}).", rule=rule, customers=behind
        )
    return many(
        who,
        "{number} customer acts at a pace that no person keeps, and {share} of all events are theirs ({customers}). "
        "They are flagged, not removed. Such a pace: {rule}.",
        "{number} customers act at a pace that no person keeps, and {share} of all events are theirs ({customers}). "
        "They are flagged, not removed. Such a pace: {rule}.",
        number=count(who),
        share=percent(row.estimate),
        customers=behind,
        rule=rule,
    )


def _rule(context: Mapping[str, Any]) -> str:
    seconds = context["pause_seconds"]
    return say(
        "{moments} moments or more within 24 hours, or half or more of at least {pauses} pauses shorter than {time}",
        moments=count(context["moments_in_a_day"]),
        pauses=count(context["pauses"]),
        time=many(seconds, "{number} second", "{number} seconds", number=rough(seconds)),
    )


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
    "complete": lambda _: say("until when the data are complete"),
    "records": lambda _: say("what became of the records"),
    "anonymous": lambda _: say("how many events stayed anonymous"),
    "gaps": lambda _: say("whether a channel has gaps"),
    "ties": lambda _: say("how many events share an instant"),
    "late": lambda _: say("how many events were written late"),
    "clocks": lambda _: say("what the clocks of the sources do"),
    "bots": lambda _: say("who acts at a pace that no person keeps"),
}
