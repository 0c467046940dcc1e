"""The language of a page: every text of the pages goes through a catalogue of translations here.

A text is written in English where it is used, with its parts named in braces, and is looked up
when it is said: `say` for a sentence or label, `many` where a number decides between singular
and plural, `Phrases` and `Texts` for labels that are found by a key or stand in a row. Babel
collects them into `catalogues/pages.pot` (`make texts`), from which a translator makes
`catalogues/<language>.po`. What comes from data is a part and never a text.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from gettext import NullTranslations
from typing import overload

__all__ = ["Phrases", "Texts", "begun", "later", "many", "say", "speaking"]

_ENGLISH = NullTranslations()
_spoken: ContextVar[NullTranslations] = ContextVar("spoken", default=_ENGLISH)


def say(text: str, /, **parts: object) -> str:
    """Give a text in the page's language, its parts filled in; braces in the parts stay as they are.

    >>> say("{value} of journeys reach {goal}.", value="38 %", goal="{purchase}")
    '38 % of journeys reach {purchase}.'
    """
    return _spoken.get().gettext(text).format(**parts) if text else ""  # "" is a catalogue's own header


def many(number: float, one: str, several: str, /, **parts: object) -> str:
    """Give the form of a text that a number needs in the page's language, its parts filled in.

    >>> many(1, "{number} row", "{number} rows", number="1")
    '1 row'
    """
    return _spoken.get().ngettext(one, several, int(number) if number == int(number) else 2).format(**parts)


def later(text: str) -> str:
    """Mark a text that is kept first and said later, so that it is collected."""
    return text


def begun(text: str) -> str:
    """Begin a text as a sentence begins, where its first word may be any of its parts.

    >>> begun("from 3 to 9 May, 38 % go on")
    'From 3 to 9 May, 38 % go on'
    """
    return text[:1].upper() + text[1:]


class Phrases(Mapping[str, str]):
    """Texts found by a key, given in the page's language whenever they are looked up.

    >>> Phrases({"yes": later("yes")})["yes"]
    'yes'
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = dict(texts)

    def __getitem__(self, key: str) -> str:
        return say(self._texts[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


class Texts(Sequence[str]):
    """Texts in a row, given in the page's language whenever they are looked up.

    >>> list(Texts([later("Before"), later("Now")]))
    ['Before', 'Now']
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = list(texts)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        return [say(text) for text in self._texts[place]] if isinstance(place, slice) else say(self._texts[place])

    def __len__(self) -> int:
        return len(self._texts)


@contextlib.contextmanager
def speaking(translations: NullTranslations) -> Iterator[None]:
    """Say all texts inside by some translations."""
    token = _spoken.set(translations)
    try:
        yield
    finally:
        _spoken.reset(token)
