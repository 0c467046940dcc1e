"""What a page says about its data, its limits and its comparisons."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from journeylib.estimates import ENOUGH
from journeylib.show.language import Phrases, begun, later, many, say
from journeylib.show.words.names import date, dates, listed, visible
from journeylib.show.words.numbers import count, percent

__all__ = [
    "behind_each",
    "cut",
    "edition",
    "few",
    "footer",
    "kept",
    "line",
    "notices",
    "reconciliation",
    "rounded",
    "state",
    "thinned",
    "veil",
    "veiled",
]


def line(edition: Mapping[str, Any], statement: Mapping[str, Any] | None = None) -> str:
    """Say under the title what the page is about: what, whom, from when to when, complete through when.

    >>> line({"start": "2026-01-01", "as_of": "2026-06-30", "complete_through": "2026-06-30"})
    '1 January – 30 June 2026; complete through 30 June 2026.'
    """
    whom, when = "" if statement is None else _whom(statement["context"]), _when(edition)
    about = say("{whom}, {when}", whom=whom, when=when) if whom and when else whom or when
    if edition.get("complete_through"):
        return say("{about}; complete through {date}.", about=about, date=date(edition["complete_through"]))
    return say("{about}.", about=about) if about else ""


def notices(edition: Mapping[str, Any]) -> list[str]:
    """Say what a reader must know before the answer: partial data, and what the edition itself adds.

    >>> notices({"as_of": "2026-06-30", "complete_through": "2026-06-20"})
    ['The data are complete through 20 June 2026 only; the last 10 days are partial.']
    """
    said = [str(notice) for notice in edition.get("notices") or ()]
    through, until = edition.get("complete_through"), edition.get("as_of")
    if through and until and str(through)[:10] < str(until)[:10]:
        days = (datetime.date.fromisoformat(str(until)[:10]) - datetime.date.fromisoformat(str(through)[:10])).days
        partial = many(
            days,
            "The data are complete through {date} only; the last day is partial.",
            "The data are complete through {date} only; the last {days} days are partial.",
            date=date(through),
            days=count(days),
        )
        said.insert(0, partial)
    return said


def reconciliation(statement: Mapping[str, Any]) -> str:
    """Say what became of every row that was read."""
    context = statement["context"]
    read = context.get("records_in")
    if not read:
        return say("Nothing was read.")
    return many(
        context["duplicates"],
        "Of {records} read, {accepted} were accepted, {aside} were set aside ({share}) and {duplicates} is a "
        "duplicate; the data begin on {date}.",
        "Of {records} read, {accepted} were accepted, {aside} were set aside ({share}) and {duplicates} are "
        "duplicates; the data begin on {date}.",
        records=many(read, "{number} record", "{number} records", number=count(read)),
        accepted=count(context["accepted"]),
        aside=count(context["quarantined"]),
        share=percent(context["quarantined"] / read),
        duplicates=count(context["duplicates"]),
        date=date(context["begins_on"]),
    )


def few(n: int | None, needed: int = ENOUGH) -> str:
    """Say in place of a number that there is too little behind it: of customers, or of something else.

    >>> few(14), few(400)
    ('not enough data: 14 of 30', 'not enough data')
    """
    if (n or 0) < needed:
        return say("not enough data: {number} of {needed}", number=count(n or 0), needed=count(needed))
    return say("not enough data")


def edition(about: Mapping[str, Any]) -> str:
    """Say which edition of its series this is.

    >>> edition({"id": "5f1c2ab09944", "look": 4, "looks": 52})
    '5f1c2ab0, number 4 of 52 planned'
    """
    said, look, looks = str(about.get("id", ""))[:8], about.get("look"), about.get("looks")
    if look and looks:
        return say("{edition}, number {look} of {looks} planned", edition=said, look=count(look), looks=count(looks))
    return say("{edition}, number {look}", edition=said, look=count(look)) if look else said


def footer(about: Mapping[str, Any]) -> str:
    """Say at the foot of a page what made it.

    >>> footer({"id": "5f1c2ab09944", "versions": {"journeylib": "0.1.0"}, "as_of": "2026-06-30"})
    'Edition 5f1c2ab0, as of 30 June 2026. Made with journeylib 0.1.0.'
    """
    said = say("Edition {edition}", edition=str(about.get("id", ""))[:8])
    if about.get("as_of"):
        said = say("{edition}, as of {date}", edition=said, date=date(about["as_of"]))
    version = (about.get("versions") or {}).get("journeylib")
    if version:
        return say("{edition}. Made with journeylib {version}.", edition=said, version=version)
    return say("{edition}. Made with journeylib.", edition=said)


def state(status: str, since: str = "") -> str:
    """Say the state of a report series.

    >>> state("stale", "2026-07-08"), state("failed")
    ('Stale since 8 July 2026', 'The last run failed')
    """
    if status == "stale":
        return say("Stale since {date}", date=date(since))
    return _STATES.get(status) or begun(visible(status))


def behind_each(n: int) -> str:
    """Say under a table how many customers stand behind each of its rows.

    >>> behind_each(4335)
    'Behind each row: n = 4,335 customers.'
    """
    return say("Behind each row: n = {customers}.", customers=_customers(n))


def cut(rest: int) -> str:
    """Say that a table shows only its first rows.

    >>> cut(12)
    'And 12 more rows, in findings.json beside this page.'
    """
    return many(
        rest,
        "And {number} more row, in findings.json beside this page.",
        "And {number} more rows, in findings.json beside this page.",
        number=count(rest),
    )


def thinned(whole: int) -> str:
    """Say that a table shows only some of its days.

    >>> thinned(730)
    'Every tenth of the time; all 730 rows are in findings.json beside this page.'
    """
    return say("Every tenth of the time; all {number} rows are in findings.json beside this page.", number=count(whole))


def veil(record: Mapping[str, Any]) -> str:
    """Say under a table why some of its cells are hidden."""
    least = count(record.get("min_cell", 10))
    if record.get("compared"):
        return say(
            "Hidden cells protect groups of fewer than {number} customers, and changes of so few since an earlier "
            "edition.",
            number=least,
        )
    return say("Hidden cells protect groups of fewer than {number} customers.", number=least)


def kept(record: Mapping[str, Any]) -> str:
    """Say of which day a record, or a part of it, is where it is shown as an earlier edition showed it; else nothing.

    >>> kept({"rows": [[40]], "kept": [{"row": 0, "as_of": "2026-06-23"}]})
    'This is as of 23 June 2026; shown anew, it would point at fewer than 10 customers.'
    """
    rows = record.get("kept") or ()
    if not rows:
        return ""
    told = {
        "days": listed([date(day) for day in sorted({one["as_of"] for one in rows})]),
        "number": count(record.get("min_cell", 10)),
    }
    if len(rows) == len(record["rows"]):
        return say("This is as of {days}; shown anew, it would point at fewer than {number} customers.", **told)
    return say("Part of this is as of {days}; shown anew, it would point at fewer than {number} customers.", **told)


def veiled(record: Mapping[str, Any]) -> str:
    """Say in place of a number that disclosure hides it."""
    return say("hidden: protects groups under {number} customers", number=count(record.get("min_cell", 10)))


def rounded(record: Mapping[str, Any]) -> str:
    """Say under a table that counts are rounded; empty where they are exact."""
    return say("Counts are rounded to the nearest 5.") if record.get("audience") == "shared" else ""


_STATES = Phrases(
    {
        "failed": later("The last run failed"),
        "published": later("Published"),
        "draft": later("Draft"),
        "reviewed": later("Reviewed"),
    }
)


def _when(edition: Mapping[str, Any]) -> str:
    return dates(edition["start"], edition["as_of"]) if edition.get("start") and edition.get("as_of") else ""


def _whom(context: Mapping[str, Any]) -> str:
    events, channels = context["events"], context["channels"]
    return say(
        "{events} of {customers} on {channels}",
        events=many(events, "{number} event", "{number} events", number=count(events)),
        customers=_customers(context["customers"]),
        channels=many(channels, "{number} channel", "{number} channels", number=count(channels)),
    )


def _customers(number: float) -> str:
    return many(number, "{number} customer", "{number} customers", number=count(number))
