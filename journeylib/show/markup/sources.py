"""Where the numbers come from: each judged record with its rows as they are, how it was judged, its queries."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from journeylib.schema import COUNTS, RESULT
from journeylib.show import words
from journeylib.show.markup.text import anchor, attribute, escape, lines, prose
from journeylib.show.words import sources as said

__all__ = ["entry", "listings", "origin", "source"]

_MOST_ROWS = 30
_VEILED = COUNTS | set(RESULT) - {"is_enough"}
# What is shown of a guard and of a contrast; in words, the pages say more.
_GUARD = ("guard", "status", "have", "needed")
_CONTRAST = ("row", "p", "adjusted_p", "claimed", "asked", "level", "detectable")


def origin(record: Mapping[str, Any]) -> str:
    """Give the id of a record's place on the page of sources.

    >>> origin({"notebook": "overview", "kind": "number", "id": "customers"})
    'number-overview-customers'
    """
    return anchor(record["kind"], record["notebook"], record["id"])


def source(record: Mapping[str, Any]) -> str:
    """Draw the quiet link from a number to its source; nothing where the record knows no address of it."""
    address = record.get("source")
    if not address:
        return ""
    name = attribute(said.link(record))
    return f' <a class="source" href="{escape(address)}" aria-label="{name}">{escape(said.SOURCES["link"])}</a>'


def entry(record: Mapping[str, Any], at: int, address: str, queries: Sequence[int] | None, engine: str) -> str:
    """Draw a record: what it says, where it stands in findings.json and on its page, rows, judging, queries.

    `at` is its place among the records, `address` its place in the edition, `queries` the
    numbers of its queries, or None where they were not kept; on which `engine` they ran.
    """
    facts = {
        "form": f"<code>{escape(record['form'])}</code> ({escape(said.SOURCES[record['kind']])})",
        "record": prose(said.place(record, at)),
        "on_page": f'<a href="{escape(address)}">{escape(words.page_name(record["notebook"]))}</a>',
        "context": _context(record["context"]),
        "rows": "" if record["rows"] else escape(said.told(record)),
        "queries": _numbers(queries, engine),
    }
    guards = [{**guard, "status": said.SOURCES[guard["status"]]} for guard in record.get("guards") or ()]
    listed = "".join(f"<dt>{escape(said.SOURCES[key])}</dt><dd>{text}</dd>" for key, text in facts.items() if text)
    parts = [
        f'<h3 id="{origin(record)}">{prose(said.about(record))}</h3>',
        f'<dl class="facts">{listed}</dl>',
        _rows(record),
        _pairs("guards", _GUARD, guards),
        _pairs("contrasts", _CONTRAST, record.get("contrasts") or ()),
    ]
    return f'<article class="origin">{"".join(parts)}</article>'


def listings(texts: Mapping[str, Sequence[Mapping[str, Any]]], engine: str) -> str:
    """Draw the queries, numbered and folded, each with links to the records that it stands behind."""
    if not texts:
        return f"<p>{escape(said.SOURCES['no_texts' if engine == 'spark' else 'no_queries'])}</p>"
    parts = [f"<p>{escape(said.SOURCES['listing_lead'])}</p>"]
    for number, (text, records) in enumerate(texts.items(), 1):
        links = ", ".join(map(_named, records))
        parts.append(
            f'<details class="fold"><summary>{escape(said.behind(number, len(records)))}</summary>'
            f'<p class="note" id="query-{number}">{links}</p><pre><code>{lines(text)}</code></pre></details>'
        )
    return "".join(parts)


def _named(record: Mapping[str, Any]) -> str:
    name = escape(f"{record['notebook']}/{record['id']}")
    return f'<a href="#{origin(record)}"><bdi>{name}</bdi></a>'


def _context(context: Mapping[str, Any]) -> str:
    """The context as judged, on one line as long as it fits."""
    pairs = context.items()
    return " ".join(
        f"<span><code>{escape(key)}</code>: <bdi>{escape(words.plain(value))}</bdi></span>" for key, value in pairs
    )


def _numbers(queries: Sequence[int] | None, engine: str) -> str:
    if not queries:
        return escape(said.withheld(queries, engine))
    return ", ".join(f'<a href="#query-{number}">{number}</a>' for number in queries)


def _rows(record: Mapping[str, Any]) -> str:
    if not record["rows"]:
        return ""
    hidden = set(record.get("hidden") or ())
    shown = record["rows"][:_MOST_ROWS]
    names = zip(record["columns"], zip(*shown, strict=True), strict=True)
    heads = [
        _head(escape(said.SOURCES["row"]), [0]),
        *(_head(f"<code>{escape(name)}</code>", own) for name, own in names),
    ]
    body = []
    for number, row in enumerate(shown):
        veiled = [number in hidden and column in _VEILED for column in record["columns"]]
        cells = [_cell(value, is_veiled=veil) for value, veil in zip(row, veiled, strict=True)]
        kind = ' class="hidden"' if number in hidden else ""
        body.append(f'<tr{kind}><th scope="row" class="num">{number}</th>{"".join(cells)}</tr>')
    notes = [said.rest(len(record["rows"]) - len(shown))] if len(record["rows"]) > len(shown) else []
    notes += [said.SOURCES["all_hidden"]] if hidden & set(range(len(shown))) else []
    below = "".join(f'<p class="note">{escape(note)}</p>' for note in notes)
    return _table("rows", heads, body, record) + below


def _pairs(title: str, keys: Sequence[str], told: Sequence[Mapping[str, Any]]) -> str:
    """Draw some keys of objects as a table under a small heading."""
    if not told:
        return ""
    heads = [_head(escape(said.SOURCES[key]), [one.get(key) for one in told]) for key in keys]
    body = [f"<tr>{''.join(_cell(one.get(key)) for key in keys)}</tr>" for one in told]
    return f"<h4>{escape(said.SOURCES[title])}</h4>{_table(title, heads, body, {})}"


def _table(title: str, heads: Sequence[str], body: Sequence[str], record: Mapping[str, Any]) -> str:
    name = attribute(f"{said.SOURCES[title]}: {said.about(record)}" if record else said.SOURCES[title])
    whole = (
        f'<caption class="sr">{name}</caption><thead><tr>{"".join(heads)}</tr></thead><tbody>{"".join(body)}</tbody>'
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{name}"><table class="raw">{whole}</table></div>'
    )


def _head(name: str, values: Sequence[Any]) -> str:
    """The head of a column: over figures it stands to the right, as they do."""
    known = [value for value in values if value is not None]
    is_figures = bool(known) and not any(isinstance(value, str | bool) for value in known)
    return f'<th scope="col" class="num">{name}</th>' if is_figures else f'<th scope="col">{name}</th>'


def _cell(value: Any, *, is_veiled: bool = False) -> str:
    """A cell as findings.json has it; nothing there is a dash, or is said to be hidden."""
    if value is None:
        return f"<td><i>{escape(said.SOURCES['hidden'])}</i></td>" if is_veiled else "<td>–</td>"
    if isinstance(value, str | bool):
        return f"<td><bdi>{escape(value if isinstance(value, str) else json.dumps(value))}</bdi></td>"
    return f'<td class="num">{escape(json.dumps(value, ensure_ascii=False))}</td>'
