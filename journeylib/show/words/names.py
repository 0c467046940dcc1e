"""Names and dates as a reader sees them: a name from data is kept apart, cut where long, and hides nothing."""

from __future__ import annotations

import datetime
import functools
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from journeylib.show.language import Phrases, Texts, later, say

__all__ = [
    "apart",
    "date",
    "dates",
    "during",
    "enumerated",
    "listed",
    "month",
    "name",
    "plain",
    "sentence_case",
    "visible",
]

ISOLATE, RELEASE = "\u2068", "\u2069"  # around a name that comes from data

_LONGEST_NAME = 60
_MONTHS = Texts(
    [
        *(later("January"), later("February"), later("March"), later("April"), later("May"), later("June")),
        *(later("July"), later("August"), later("September"), later("October"), later("November"), later("December")),
    ]
)
_SHORT_MONTHS = Texts(
    [
        *(later("Jan"), later("Feb"), later("Mar"), later("Apr"), later("May"), later("Jun")),
        *(later("Jul"), later("Aug"), later("Sep"), later("Oct"), later("Nov"), later("Dec")),
    ]
)
_PLAIN = Phrases({"True": later("yes"), "False": later("no"), "None": later("–")})

# Format characters that a name may hold: joiners and the marks of Hebrew and Arabic, which override nothing.
_HARMLESS = {"\u200c", "\u200d", "\u200e", "\u200f", "\u061c"}


def date(iso: str) -> str:
    """Write an ISO date.

    >>> date("2026-06-30")
    '30 June 2026'
    """
    day = _parsed(iso)
    return str(iso) if day is None else say("{day} {month} {year}", **_told(day))


def dates(first: str, last: str) -> str:
    """Write a span of days without saying anything twice.

    >>> dates("2026-10-03", "2026-10-22"), dates("2026-01-01", "2026-06-30")
    ('3–22 October 2026', '1 January – 30 June 2026')
    """
    start, end = _parsed(first), _parsed(last)
    if start is None or end is None:
        return say("{first} – {last}", first=first, last=last)
    if start == end:
        return date(last)
    if (start.year, start.month) == (end.year, end.month):
        return say("{first_day}–{day} {month} {year}", first_day=start.day, **_told(end))
    if start.year == end.year:
        first_month = _MONTHS[start.month - 1]
        return say(
            "{first_day} {first_month} – {day} {month} {year}",
            first_day=start.day,
            first_month=first_month,
            **_told(end),
        )
    return say("{first} – {last}", first=date(first), last=date(last))


def during(first: str, last: str) -> str:
    """Write a span of days so that a sentence can hold it.

    >>> during("2026-10-03", "2026-10-22"), during("2026-01-26", "2026-02-14")
    ('from 3 to 22 October 2026', 'from 26 January to 14 February 2026')
    """
    start, end = _parsed(first), _parsed(last)
    if str(first)[:10] == str(last)[:10]:
        return say("on {date}", date=date(last))
    if start is None or end is None:
        return say("from {first} to {last}", first=first, last=last)
    if start.year != end.year:
        return say("from {first} to {last}", first=date(first), last=date(last))
    if start.month == end.month:
        return say("from {first_day} to {day} {month} {year}", first_day=start.day, **_told(end))
    first_month = _MONTHS[start.month - 1]
    return say(
        "from {first_day} {first_month} to {day} {month} {year}",
        first_day=start.day,
        first_month=first_month,
        **_told(end),
    )


def month(day: datetime.date) -> str:
    """Write a month in three letters, for the ticks of a time axis.

    >>> month(datetime.date(2026, 10, 3))
    'Oct'
    """
    return _SHORT_MONTHS[day.month - 1]


def name(value: Any, longest: int = _LONGEST_NAME) -> str:
    """Write a name that comes from data, kept apart from the text around it and cut where too long.

    >>> name("web") == ISOLATE + "web" + RELEASE
    True
    """
    text = visible(say("unknown") if value is None or value == "" else value)
    return ISOLATE + (text if len(text) <= longest else text[: longest - 1].rstrip() + "…") + RELEASE


def listed(names: Sequence[str], last: Literal["and", "or"] = "and") -> str:
    """Join names as a sentence does.

    >>> listed(["a", "b", "c"]), listed(["a", "b"], "or"), listed(["a"])
    ('a, b and c', 'a or b', 'a')
    """
    if len(names) < 2:
        return "".join(names)
    first = enumerated(names[:-1])
    if last == "or":
        return say("{first} or {last}", first=first, last=names[-1])
    return say("{first} and {last}", first=first, last=names[-1])


def enumerated(parts: Sequence[str]) -> str:
    """Put parts one after the other.

    >>> enumerated(["a", "b", "c"])
    'a, b, c'
    """
    return functools.reduce(lambda first, next: say("{first}, {next}", first=first, next=next), parts) if parts else ""


def apart(parts: Sequence[str]) -> str:
    """Put parts one after the other that hold commas themselves.

    >>> apart(["a, b", "c"])
    'a, b; c'
    """
    return functools.reduce(lambda first, next: say("{first}; {next}", first=first, next=next), parts) if parts else ""


def visible(value: Any) -> str:
    """Show the characters of a text that would not be seen, or would reorder what is seen.

    Control characters and bidi overrides become their code points; joiners, which Persian
    and emoji need, stay.

    >>> visible("a\\u202eb"), visible("two\\nlines"), visible("\\x00")
    ('a‹U+202E›b', 'two lines', '‹U+0000›')
    """
    text = str(value)
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_seen, text.replace("\r\n", " ").replace("\n", " ").replace("\t", " ")))


def plain(value: Any) -> str:
    """Write a parameter as a reader would type it: lists with commas, pairs with colons.

    >>> plain(["web", "chat"]), plain({"within_days": 30}), plain(True)
    ('web, chat', 'within_days: 30', 'yes')
    """
    if isinstance(value, Mapping):
        return apart([say("{key}: {value}", key=key, value=plain(inner)) for key, inner in value.items()])
    if isinstance(value, list | tuple):
        return enumerated([plain(inner) for inner in value])
    return _PLAIN[str(value)] if value is None or isinstance(value, bool) else str(value)


def sentence_case(text: str) -> str:
    """Write the name of a column, a form or a notebook as words.

    >>> sentence_case("wait_seconds")
    'Wait seconds'
    """
    said = visible(text).replace("_", " ").strip()
    return said[:1].upper() + said[1:]


def _seen(character: str) -> str:
    category = unicodedata.category(character)
    unseen = category in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in _HARMLESS
    return f"‹U+{ord(character):04X}›" if unseen or ord(character) & 0xFFFE == 0xFFFE else character


def _told(day: datetime.date) -> dict[str, object]:
    return {"day": day.day, "month": _MONTHS[day.month - 1], "year": day.year}


def _parsed(iso: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(str(iso)[:10])
    except ValueError:
        return None
