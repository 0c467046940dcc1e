"""The page of an edition that says of each number which judged record and which queries it came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from journeylib.publish.outline import Outline, Section
from journeylib.show import markup, words
from journeylib.show import record as records_of
from journeylib.show.words.sources import SOURCES

__all__ = ["FILE", "NAME", "outline", "page_name", "queries"]

NAME, FILE = "sources", "sources.html"

_KINDS = ("finding", "number", "chart", "table", "data")  # what shows numbers


def page_name(name: str) -> str:
    """Give the short name of a page in the navigation, this one's too.

    >>> page_name("overview"), page_name("sources")
    ('Overview', 'Sources')
    """
    return SOURCES["name"] if name == NAME else words.page_name(name)


def queries(notebooks: Mapping[str, Any]) -> dict[tuple[str, str], list[str]]:
    """Collect the queries behind each record, by notebook and id; one whose queries were not kept is left out."""
    found = {}
    for name, book in notebooks.items():
        for output in (output for cell in book["cells"] for output in cell.get("outputs", ())):
            said, kept = output.get("data", {}).get(records_of.MIME), records_of.queries(output)
            if said is not None and kept is not None:
                found[name, said["id"]] = kept
    return found


def outline(
    titles: Mapping[str, str],
    records: Sequence[Mapping[str, Any]],
    kept: Mapping[tuple[str, str], Sequence[str]],
    link: Callable[[Mapping[str, Any]], str],
    *,
    engine: str = "duckdb",
) -> Outline:
    """Put every record that shows numbers under its page, as findings.json has them, and each query once at the end.

    `titles` are those of the pages, `link` gives the address of a record's place in the edition. Queries of
    the engine Spark have no text, and the page says so.
    """
    behind: dict[str, list[Mapping[str, Any]]] = {}
    shown = [(at, record) for at, record in enumerate(records) if record["kind"] in _KINDS]
    for name in titles:
        for _, record in shown:
            for text in kept.get((name, record["id"]), ()) if record["notebook"] == name else ():
                behind.setdefault(text, []).append(record)
    numbers = {text: number for number, text in enumerate(behind, 1)}
    page = Outline(NAME, title=SOURCES["title"], lead=f"<p>{markup.escape(SOURCES['lead'])}</p>")
    for name, title in titles.items():
        entries = []
        for at, record in shown:
            if record["notebook"] == name:
                own = kept.get((name, record["id"]))
                told = None if own is None else [numbers[text] for text in own]
                entries.append(markup.entry(record, at, link(record), told, engine))
        page.sections.append(Section(title, markup.anchor("page", name), entries))
    page.sections.append(Section(SOURCES["listing"], "queries", [markup.listings(behind, engine)]))
    return page
