"""Text into HTML: the one escaping function, and what stands on it."""

from __future__ import annotations

import hashlib
import html
import re
from typing import Any

from journeylib.show.words import visible

__all__ = ["anchor", "attribute", "escape", "lines", "prose"]

_NAME = re.compile("\u2068([^\u2068\u2069]*)\u2069")
# A bracket that ends in a number or its unit; with what follows it, so that no stop stands alone.
_BRACKET = re.compile(
    "(?<= )\\((?:[^()<>]|<bdi>[^()<>]*</bdi>)*(?:\\d|\u202f%|\\d (?:days|hours|points|or more))\\)[.,;]?"
)
_LONG_BRACKET = 34


def escape(text: Any) -> str:
    """Make any text safe inside HTML, in an element or a quoted attribute.

    Control characters and bidi overrides are shown as their code points.

    >>> escape('<b>"x"\\u202e')
    '&lt;b&gt;&quot;x&quot;‹U+202E›'
    """
    return html.escape(visible(text), quote=True)


def prose(sentence: str) -> str:
    """Make a sentence of `words` HTML: names from data in `<bdi>`, the bracket of interval and n set apart.

    >>> prose("on \\u2068<web>\\u2069 (36–40, n\\u202f=\\u202f12).").replace("\\u202f", " ")
    'on <bdi>&lt;web&gt;</bdi> <span class="bracket whole">(36–40, n = 12).</span>'
    """
    parts = []
    for i, part in enumerate(_NAME.split(sentence)):
        parts.append(f"<bdi>{escape(part)}</bdi>" if i % 2 else escape(part))
    return _BRACKET.sub(_set_apart, "".join(parts))


def attribute(sentence: str) -> str:
    """Make a sentence of `words` fit for a quoted attribute, without the marks around its names."""
    return escape(sentence.replace("\u2068", "").replace("\u2069", ""))


def lines(text: str) -> str:
    """Escape a text that keeps its lines, such as a query or what a cell printed."""
    return "\n".join(map(escape, text.splitlines()))


def anchor(*names: str) -> str:
    """Make an id that is unique for these names and safe in HTML and in a link.

    >>> anchor("finding", "stay"), anchor("What ends journeys?")
    ('finding-stay', 'what-ends-journeys')
    """
    whole = "-".join(names)
    slug = re.sub("[^a-z0-9]+", "-", whole.lower()).strip("-")
    plain = re.fullmatch(r"[A-Za-z0-9 _?!.,:;'’–-]+", whole)
    if plain and slug:
        return slug[:60].rstrip("-")
    return f"{slug[:40]}-{hashlib.sha256(whole.encode('utf-8', 'replace')).hexdigest()[:6]}".lstrip("-")


def _set_apart(bracket: re.Match[str]) -> str:
    whole = " whole" if len(bracket[0]) <= _LONG_BRACKET else ""
    return f'<span class="bracket{whole}">{bracket[0]}</span>'
