"""Say a sentence about data twice: for whoever loads it, and for whoever may read what is published.

In public a count is said to the nearest five, and no text from the data is told that may be someone's id.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from journeylib.errors import shown

__all__ = ["Voice", "Voices"]


@dataclass(frozen=True)
class Voice:
    """How numbers and texts from the data are said, and what was said; `publishable` are the texts told in public.

    >>> public = Voice(is_public=True, publishable={"unknown"})
    >>> public.share(33, 990), public.named("unknown"), public.named("7777")
    ('about 35 of about 990 rows (4%)', '“unknown”', 'a number like a placeholder')
    """

    is_public: bool
    publishable: Collection[str] = ()
    said: list[str] = field(default_factory=list)

    def say(self, sentence: str) -> None:
        """Keep a sentence that was put in this voice."""
        self.said.append(sentence)

    def count(self, number: int) -> str:
        """A number of rows or ids."""
        if not self.is_public:
            return f"{number:,}"
        return "fewer than 5" if number < 5 else f"about {_to_five(number):,}"

    def of(self, number: int, total: int) -> str:
        """So many of so many."""
        return f"{self.count(number)} of {self.count(total)}"

    def share(self, rows: int, total: int) -> str:
        """So many of so many rows, with the percentage where it tells no more than they do."""
        if not self.is_public:
            return f"{self.of(rows, total)} rows ({rows / total:.1%})"
        percent = f" ({_to_five(rows) / _to_five(total):.0%})" if rows >= 5 else ""
        return f"{self.of(rows, total)} rows{percent}"

    def example(self, text: str) -> str:
        """A part of the sentence that quotes the data."""
        return "" if self.is_public else text

    def named(self, word: str) -> str:
        """A text that stands in place of an id."""
        is_told = not self.is_public or word in self.publishable
        return f"“{shown(word)}”" if is_told else "a number like a placeholder"


class Voices:
    """The two voices, to be gone through for each sentence."""

    def __init__(self, publishable: Collection[str]) -> None:
        """Tell no text in public but these."""
        self.private, self.public = Voice(is_public=False), Voice(is_public=True, publishable=publishable)

    def __iter__(self) -> Iterator[Voice]:
        """First for whoever loads."""
        return iter((self.private, self.public))


def _to_five(number: int) -> int:
    return (number + 2) // 5 * 5
