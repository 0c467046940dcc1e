"""What a page says about its data, its limits and its comparisons."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from journeylib.estimates import ENOUGH
from journeylib.show.words.names import date, dates, visible
from journeylib.show.words.numbers import count, percent

__all__ = [
    "behind_each",
    "caution",
    "cut",
    "edition",
    "few",
    "footer",
    "ledger",
    "line",
    "notices",
    "reconciliation",
    "rounded",
    "state",
    "thinned",
    "unanswered",
    "veil",
    "veiled",
]


def line(edition: Mapping[str, Any], statement: Mapping[str, Any] | None = None) -> str:
    """Say under the title what the page is about: what, whom, from when to when, complete through when.

    >>> line({"start": "2026-01-01", "as_of": "2026-06-30", "complete_through": "2026-06-30"})
    '1 January – 30 June 2026; complete through 30 June 2026.'
    """
    said = []
    if statement is not None:
        context = statement["context"]
        said.append(
            f"{_many(context['events'], 'event')} of {_many(context['customers'], 'customer')} "
            f"on {_many(context['channels'], 'channel')}"
        )
    if edition.get("start") and edition.get("as_of"):
        said.append(dates(edition["start"], edition["as_of"]))
    text = ", ".join(said)
    if edition.get("complete_through"):
        text += f"; complete through {date(edition['complete_through'])}"
    return f"{text}." if text else ""


def notices(edition: Mapping[str, Any]) -> list[str]:
    """Say what a reader must know before the answer: partial data, and what the edition itself adds.

    >>> notices({"as_of": "2026-06-30", "complete_through": "2026-06-20"})
    ['The data are complete through 20 June 2026 only; the last 10 days are partial.']
    """
    said = [str(notice) for notice in edition.get("notices") or ()]
    through, until = edition.get("complete_through"), edition.get("as_of")
    if through and until and str(through)[:10] < str(until)[:10]:
        days = (datetime.date.fromisoformat(str(until)[:10]) - datetime.date.fromisoformat(str(through)[:10])).days
        last = "the last day is" if days == 1 else f"the last {count(days)} days are"
        said.insert(0, f"The data are complete through {date(through)} only; {last} partial.")
    return said


def reconciliation(statement: Mapping[str, Any]) -> str:
    """Say what became of every row that was read."""
    context = statement["context"]
    read = context.get("records_in")
    if not read:
        return "Nothing was read."
    aside = f"{count(context['quarantined'])} were set aside ({percent(context['quarantined'] / read)})"
    double = context["duplicates"]
    return (
        f"Of {_many(read, 'record')} read, {count(context['accepted'])} were accepted, {aside} and {count(double)} "
        f"{'is a duplicate' if double == 1 else 'are duplicates'}; the data begin on {date(context['begins_on'])}."
    )


def caution(guard: Mapping[str, Any], min_cell: int = 10) -> str:
    """Say a guard that is not met.

    >>> caution({"guard": "departures", "status": "caution", "have": 14, "needed": 20})
    'Read with caution: 14 departures, 20 would be enough.'
    """
    have = f"fewer than {count(min_cell)}" if guard["have"] is None else _plain(guard["have"])
    return f"Read with caution: {have} {visible(guard['guard'])}, {_plain(guard['needed'])} would be enough."


def ledger(judged: Mapping[str, Any]) -> str:
    """Say how many comparisons the edition makes, how many it claims and what that is worth."""
    book = judged["ledger"]
    made, claimed = book["comparisons"], book["claimed"]
    if not made:
        return "This edition compares nothing, so it claims no difference."
    said = f"Of {_many(made, 'comparison')} made in this edition, {count(claimed)} {'is' if claimed == 1 else 'are'} "
    worth = f"the expected share of false claims is held at {percent(book['alpha'], 0)} ({visible(book['method'])})"
    return f"{said}claimed; {worth}."


def few(n: int | None, needed: int = ENOUGH) -> str:
    """Say in place of a number that there is too little behind it: of customers, or of something else.

    >>> few(14), few(400)
    ('not enough data: 14 of 30', 'not enough data')
    """
    return f"not enough data: {count(n or 0)} of {count(needed)}" if (n or 0) < needed else "not enough data"


def edition(about: Mapping[str, Any]) -> str:
    """Say which edition of its series this is.

    >>> edition({"id": "5f1c2ab09944", "look": 4, "looks": 52})
    '5f1c2ab0, number 4 of 52 planned'
    """
    said = str(about.get("id", ""))[:8]
    if about.get("look"):
        said += f", number {count(about['look'])}" + (
            f" of {count(about['looks'])} planned" if about.get("looks") else ""
        )
    return said


def footer(about: Mapping[str, Any]) -> str:
    """Say at the foot of a page what made it.

    >>> footer({"id": "5f1c2ab09944", "versions": {"journeylib": "0.1.0"}, "as_of": "2026-06-30"})
    'Edition 5f1c2ab0, as of 30 June 2026. Made with journeylib 0.1.0.'
    """
    said = f"Edition {str(about.get('id', ''))[:8]}" + (f", as of {date(about['as_of'])}" if about.get("as_of") else "")
    version = (about.get("versions") or {}).get("journeylib")
    return f"{said}. Made with journeylib{' ' + version if version else ''}."


def state(status: str, since: str = "") -> str:
    """Say the state of a report series.

    >>> state("stale", "2026-07-08"), state("failed")
    ('Stale since 8 July 2026', 'The last run failed')
    """
    said = {"failed": "The last run failed", "stale": f"Stale since {date(since)}"}.get(status, visible(status))
    return said[:1].upper() + said[1:]


def unanswered(question: Mapping[str, Any]) -> str:
    """Say why a question has no finding that answers it."""
    reason = visible(question.get("reason") or "no finding of this edition answers it").rstrip(".")
    return f"{reason[:1].upper()}{reason[1:]}."


def behind_each(n: int) -> str:
    """Say under a table how many customers stand behind each of its rows.

    >>> behind_each(4335)
    'Behind each row: n = 4,335 customers.'
    """
    return f"Behind each row: n = {_many(n, 'customer')}."


def cut(rest: int) -> str:
    """Say that a table shows only its first rows.

    >>> cut(12)
    'And 12 more rows, in findings.json beside this page.'
    """
    return f"And {_many(rest, 'more row')}, in findings.json beside this page."


def thinned(whole: int) -> str:
    """Say that a table shows only some of its days.

    >>> thinned(730)
    'Every tenth of the time; all 730 rows are in findings.json beside this page.'
    """
    return f"Every tenth of the time; all {count(whole)} rows are in findings.json beside this page."


def veil(record: Mapping[str, Any]) -> str:
    """Say under a table why some of its cells are hidden."""
    return f"Hidden cells protect groups of fewer than {count(record.get('min_cell', 10))} customers."


def veiled(record: Mapping[str, Any]) -> str:
    """Say in place of a number that disclosure hides it."""
    return f"hidden: protects groups under {count(record.get('min_cell', 10))} customers"


def rounded(record: Mapping[str, Any]) -> str:
    """Say under a table that counts are rounded; empty where they are exact."""
    return "Counts are rounded to the nearest 5." if record.get("audience") == "shared" else ""


def _many(number: float, noun: str) -> str:
    return f"{count(number)} {noun}" + ("" if number == 1 else "s")


def _plain(value: Any) -> str:
    return count(value) if isinstance(value, int) else f"{value:.2g}" if isinstance(value, float) else visible(value)
