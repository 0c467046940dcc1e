"""Tell what the texts of a column look like: times, and in which format; numbers, and with which decimal mark.

Whether 05/06 is in May or in June is never guessed: a number above 12 proves it, or both formats are given.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["Numbers", "Times", "looks", "numbers", "times"]

_MOST = 0.9  # of a column's filled texts must be numbers
_HALF = 0.5  # must be times of one format; a load rejects the others
_FIRST = 200  # texts that decide whether it is worth to look at all

_CLOCK = re.compile(
    r"(?P<gap>,? |T)(?P<hour>\d{1,2}):\d\d(?P<seconds>:\d\d)?(?P<fraction>\.\d{1,6})?(?P<noon> ?[AaPp][Mm])?"
    r"(?P<offset> ?(?:Z|[+-]\d\d:?\d\d))?"
)
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?( ?(?:Z|UTC|GMT|[+-]\d\d(?::?\d\d)?))?)?")
_PARTED = re.compile(r"(\d{1,4})([/.-])(\d{1,2})\2(\d{4}|\d{1,2})(?=$|[, T])")
_DAY_WORD = re.compile(r"(?:([A-Za-z]{3,9})(,? ))?(\d{1,2})([ -])([A-Za-z]{3,9})\4(\d{4})(?=$|[, T])")
_WORD_DAY = re.compile(r"([A-Za-z]{3,9}) (\d{1,2})(,? )(\d{4})(?=$|[, T])")
_COMPACT = {8: "%Y%m%d", 14: "%Y%m%d%H%M%S"}
_ZULU = re.compile(r"(?:19|20)\d{6}T\d{6}(Z?)")
_DIGITS = re.compile(r"\d{8,19}(?:\.\d+)?")
# Times since 1970 are taken for such from September 2001 to 2103.
_EPOCHS = {"epoch_s": 1, "epoch_ms": 10**3, "epoch_us": 10**6, "epoch_ns": 10**9}
_EARLIEST, _LATEST = 10**9, 42 * 10**8

_NUMBER = re.compile(r"[+-]?[\d.,]+(?:[eE][+-]?\d+)?")
_WHOLE = re.compile(r"[+-]?\d+")
_POINT = re.compile(r"[+-]?(?:\d+\.\d*|\.\d+|\d{1,3}(?:,\d{3})+\.\d+)(?:[eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?(?:\d+,\d+|\d{1,3}(?:\.\d{3})+,\d+)")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")


@dataclass(frozen=True)
class Times:
    """How a column writes times: one format, or two where nothing tells the day from the month.

    `share` of the filled texts are written so. Of these, some `is_local`: without an offset;
    `is_contradictory` says that some values prove the one order and some the other.
    """

    formats: tuple[str, ...]
    share: float
    is_local: bool
    is_contradictory: bool = False


@dataclass(frozen=True)
class Numbers:
    """How a column writes numbers: `decimal` is "." or ",", or null where nothing tells (1,234).

    `has_thousands` says that some have marks between their thousands.
    """

    decimal: str | None
    is_whole: bool
    has_thousands: bool = False


def times(texts: Iterable[str] | Mapping[str, int]) -> Times | None:
    """Recognise the time format of a column's filled texts, or of texts and their rows; none where they are no times.

    >>> times(["31/01/2026 10:00", "01/02/2026 11:30"])
    Times(formats=('%d/%m/%Y %H:%M',), share=1.0, is_local=True, is_contradictory=False)
    >>> times(["01/02/2026"]).formats
    ('%d/%m/%Y', '%m/%d/%Y')
    >>> times(["1767225600000"]).formats
    ('epoch_ms',)
    """
    counted = Counter(texts)
    first = list(counted)[:_FIRST]
    if not first or sum(_form(text) is not None for text in first) < _HALF * len(first):
        return None
    seen: dict[str, list[tuple[str, int]]] = {}
    for text, rows in counted.items():
        form = _form(text)
        if form is not None:
            seen.setdefault(form[0], []).append((text, rows))
    best = max(seen, key=lambda form: sum(rows for _, rows in seen[form]))
    share = sum(rows for _, rows in seen[best]) / counted.total()
    if share < _HALF:
        return None
    is_local = any((_form(text) or ("", False))[1] for text, _ in seen[best])
    if "{}" not in best:
        return Times((best,), share, is_local)
    return _ordered(best, [text for text, _ in seen[best]], share, is_local=is_local)


def numbers(texts: Iterable[str] | Mapping[str, int]) -> Numbers | None:
    """Recognise how a column's filled texts write numbers, or that they are none.

    >>> numbers(["12,50", "3"])
    Numbers(decimal=',', is_whole=False, has_thousands=False)
    >>> numbers(["1,234"]).decimal is None
    True
    """
    counted = Counter(texts)
    first = list(counted)[:_FIRST]
    if sum(_NUMBER.fullmatch(text) is not None for text in first) < _HALF * len(first):
        return None
    whole = point = comma = either = thousands = 0
    for text, rows in counted.items():
        if _WHOLE.fullmatch(text):
            whole += rows
        elif (
            _THOUSANDS.fullmatch(text)
            and "." not in text
            and not (text.count(",") == 1 and text.lstrip("+-")[0] == "0")
        ):
            either += rows
        elif _POINT.fullmatch(text):
            point, thousands = point + rows, thousands + rows * ("," in text)
        elif _COMMA.fullmatch(text):
            comma, thousands = comma + rows, thousands + rows * ("." in text)
    if not counted or whole + point + comma + either < _MOST * counted.total():
        return None
    if comma > point:
        return Numbers(",", False, thousands > 0)
    if point:
        return Numbers(".", False, thousands + either > 0)
    return Numbers(None, False, True) if either else Numbers(".", True)


def looks(found: Times | None, read: Numbers | None) -> str:
    """Say in a few words what the filled texts of a column look like; never what they say.

    >>> looks(times(["2026-01-01T10:00:00Z"]), None), looks(None, numbers(["12", "7"])), looks(None, None)
    ('times, iso', 'whole numbers', 'texts')
    """
    if found is not None:
        return f"times, {' or '.join(found.formats)}{', without an offset' if found.is_local else ''}"
    if read is None:
        return "texts"
    if read.is_whole:
        return "whole numbers"
    return {".": "numbers", ",": "numbers with a decimal comma", None: "numbers with a comma"}[read.decimal]


def _form(text: str) -> tuple[str, bool] | None:
    """The format of one text and whether it lacks an offset; {} stand for a day and a month in unknown order."""
    if found := _ISO.fullmatch(text):
        return "iso", found[1] is None
    if _DIGITS.fullmatch(text):
        return _digits(text)
    if found := _ZULU.fullmatch(text):
        return "%Y%m%dT%H%M%S" + found[1], True
    if found := _PARTED.match(text):
        one, mark, _, three = found.groups()
        if len(one) == 4 and len(three) <= 2:
            day = f"%Y{mark}%m{mark}%d"
        elif len(one) <= 2 and len(three) in {2, 4}:
            day = f"{{}}{mark}{{}}{mark}{'%Y' if len(three) == 4 else '%y'}"
        else:
            return None
    elif found := _DAY_WORD.match(text):
        weekday, gap, _, mark, month, _ = found.groups()
        day = f"{_weekday(weekday)}{gap or ''}%d{mark}{_month(month)}{mark}%Y"
    elif found := _WORD_DAY.match(text):
        day = f"{_month(found[1])} %d{found[3]}%Y"
    else:
        return None
    rest = text[found.end() :]
    if not rest:
        return day, True
    clock = _CLOCK.fullmatch(rest)
    if clock is None:
        return None
    noon = "" if not clock["noon"] else " %p" if clock["noon"].startswith(" ") else "%p"
    offset = clock["offset"] or ""
    offset = offset if offset.endswith("Z") else offset and " %z" if offset.startswith(" ") else offset and "%z"
    hour = "%I" if noon else "%H"
    seconds, fraction = ":%S" if clock["seconds"] else "", ".%f" if clock["fraction"] else ""
    return f"{day}{clock['gap']}{hour}:%M{seconds}{fraction}{noon}{offset}", "%z" not in offset


def _digits(text: str) -> tuple[str, bool] | None:
    for name, unit in _EPOCHS.items():
        if _EARLIEST * unit <= float(text) < _LATEST * unit:
            return name, False
    whole = _COMPACT.get(len(text))
    if whole and text[:2] in {"19", "20"} and 1 <= int(text[4:6]) <= 12 and 1 <= int(text[6:8]) <= 31:
        return whole, True
    return None


def _weekday(word: str | None) -> str:
    return "" if not word else "%a" if len(word) == 3 else "%A"


def _month(word: str) -> str:
    return "%b" if len(word) == 3 else "%B"


def _ordered(form: str, texts: list[str], share: float, *, is_local: bool) -> Times:
    """Put day and month into a format in the order that a number above 12 proves, or in both."""
    pairs = [(int(found[1]), int(found[2])) for text in texts if (found := re.match(r"(\d+)\D(\d+)", text))]
    valid = [pair for pair in pairs if min(pair) <= 12 and max(pair) <= 31]
    day_first, month_first = any(one > 12 for one, _ in valid), any(two > 12 for _, two in valid)
    is_contradictory = day_first and month_first
    orders = {"%d %m": day_first or not month_first, "%m %d": month_first or not day_first}
    formats = tuple(form.format(*order.split()) for order, is_possible in orders.items() if is_possible)
    return Times(formats, share, is_local, is_contradictory)
