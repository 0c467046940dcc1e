"""Lettering on charts: names broken into lines, and notes that flow under a drawing."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from journeylib.show.style import Sheet, fit, measure

__all__ = ["flow", "kept_in", "lines_of", "unmarked", "wrapped"]

_GAP = 16.0


def unmarked(text: str) -> str:
    """Take off the invisible marks around names; a drawing sets every name by itself.

    >>> unmarked("\\u2068web\\u2069")
    'web'
    """
    return text.replace("\u2068", "").replace("\u2069", "")


def wrapped(text: str, size: float, room: float, most: int) -> list[str]:
    """Break a text into at most so many lines of a width; what is left over is cut off.

    >>> wrapped("Reach “order placed”", 10, 70, 3)
    ['Reach “order', 'placed”']
    """
    lines, words = [""], [part for word in unmarked(text).split(" ") for part in _broken(word, size, room)]
    while words:
        longer = f"{lines[-1]} {words[0]}".strip()
        if not lines[-1] or measure(longer, size) <= room:
            lines[-1] = longer
            words.pop(0)
        elif len(lines) < most:
            lines.append("")
        else:
            lines[-1] = " ".join([lines[-1], *words])
            break
    return [fit(line, size, room) for line in lines]


def lines_of(notes: Sequence[str], size: float, room: float) -> list[list[tuple[float, str]]]:
    """Lay notes beside each other, as many a line as fit; a longer one is broken. Each has its place."""
    laid: list[list[tuple[float, str]]] = []
    at = room + 1.0
    for note in map(unmarked, notes):
        wide = measure(note, size)
        if at + wide > room:
            broken = wrapped(note, size, room, 3) if wide > room else [note]
            laid += [[(0.0, part)] for part in broken]
            at = measure(broken[-1], size) + _GAP
        else:
            laid[-1].append((at, note))
            at += wide + _GAP
    return laid


def kept_in(sheet: Sheet, x: float, said: str) -> tuple[float, str]:
    """Give where a small label under x stands, and its anchor: centred, or at the edge of the sheet."""
    half = measure(said, sheet.size * 0.88) / 2
    if x - half < 0:
        return 0.0, "left"
    return (sheet.width, "right") if x + half > sheet.width else (x, "center")


def flow(sheet: Sheet, notes: Sequence[str], top: float, *, left: float = 0.0) -> float:
    """Write notes under a drawing, small and soft; gives where they end."""
    size = sheet.size * 0.88
    for line in lines_of(notes, size, sheet.width - left):
        top += size + 4
        for at, note in line:
            sheet.text(left + at, top, note, colour="soft", small=True)
    return top


def _broken(word: str, size: float, room: float) -> list[str]:
    """Break a word where its script may be broken anywhere; any other stays whole."""
    if measure(word, size) <= room or any(unicodedata.east_asian_width(sign) not in "WF" for sign in word):
        return [word]
    each = max(1, int(room // size))
    return [word[at : at + each] for at in range(0, len(word), each)]
