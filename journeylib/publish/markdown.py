"""Markdown of a notebook, cut at its headings, as HTML that nobody can hide anything in.

Raw HTML stays text. A link leads to another page of the edition or to a place on this
one; an address elsewhere is written out instead of linked, images are their descriptions.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import mistune

from journeylib.show import markup

__all__ = ["Part", "parts"]

_INSIDE = re.compile(r"(?:[A-Za-z0-9_-]+\.html)?(?:#[A-Za-z0-9_-]*)?")
_SCHEME = re.compile(r"^https?://", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """A heading (level 0 and empty before the first one) with the HTML of what follows it."""

    level: int
    heading: str
    html: str


def parts(text: str) -> list[Part]:
    """Cut a text at its first and second level headings.

    >>> parts("# Why?\\n\\nBecause <b>it</b> is.")
    [Part(level=1, heading='Why?', html='<p>Because &lt;b&gt;it&lt;/b&gt; is.</p>\\n')]
    """
    reader, writer = _machines()
    tokens, state = reader.parse(text)
    cut: list[tuple[int, str, list[Any]]] = [(0, "", [])]
    for token in cast(list[dict[str, Any]], tokens):
        level = token["attrs"]["level"] if token["type"] == "heading" else 9
        if level <= 2:
            cut.append((level, "".join(_words(token["children"])), []))
        else:
            cut[-1][2].append(token)
    made = [Part(level, heading, str(writer.render_tokens(inside, state))) for level, heading, inside in cut]
    return [part for part in made if part.heading or part.html.strip()]


def _words(tokens: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for token in tokens:
        yield token.get("raw") or "".join(_words(token.get("children", ()))) or " "


class _Writer(mistune.HTMLRenderer):
    """Write HTML in which every text has passed the one escaping function."""

    def text(self, text: str) -> str:
        return markup.escape(text)

    def codespan(self, text: str) -> str:
        return f"<code>{markup.escape(text)}</code>"

    def block_code(self, code: str, *_: Any, **__: Any) -> str:
        return f"<pre><code>{markup.lines(code)}</code></pre>\n"

    def inline_html(self, html: str) -> str:
        return markup.escape(html)

    def block_html(self, html: str) -> str:
        return f"<p>{markup.escape(html.strip())}</p>\n"

    def block_error(self, text: str) -> str:
        return f"<p>{markup.escape(text)}</p>\n"

    def heading(self, text: str, level: int, **_: Any) -> str:
        return f"<h3>{text}</h3>\n" if level == 3 else f"<h4>{text}</h4>\n"

    def image(self, text: str, *_: Any, **__: Any) -> str:
        return f"<i>{text}</i>"

    def link(self, text: str, url: str, *_: Any, **__: Any) -> str:
        if _INSIDE.fullmatch(url) and url:
            return f'<a href="{markup.escape(url)}">{text}</a>'
        return f"{text} ({markup.escape(_SCHEME.sub('', url))})" if _SCHEME.match(url) else text


@functools.cache
def _machines() -> tuple[mistune.Markdown, mistune.HTMLRenderer]:
    """Give what reads markdown into tokens and what writes them; both know tables."""
    writer = _Writer(escape=True)
    mistune.create_markdown(renderer=writer, plugins=["table"])
    return mistune.create_markdown(renderer=None, plugins=["table"]), writer
