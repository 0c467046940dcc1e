"""Draw the pages of an edition from its executed notebooks and its judged record.

Each page is one HTML file that needs nothing beside itself: no script, no font, no address
outside its edition, and a policy that forbids them. The first page, `index.html`, is the
summary notebook's, else the first notebook's.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from journeylib.errors import RefusedError
from journeylib.publish import sources
from journeylib.publish.outline import Outline, Section, outline, resolve
from journeylib.show import markup, style, words

__all__ = ["POLICY", "catalogue", "pages"]

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_TEMPLATE = Path(__file__).with_name("template")
_SUMMARY = "summary"
_RIGHT_TO_LEFT = ("ar", "fa", "he", "ur", "yi")
_STATES = {"published": "published", "draft": "draft", "reviewed": "reviewed", "failed": "failed"}


def pages(notebooks: Mapping[str, Any], judged: Mapping[str, Any], edition: Mapping[str, Any]) -> dict[str, str]:
    """Draw every page: file name to HTML, the same bytes for the same inputs.

    `edition` says what the pages tell of it: title, language, start, as_of,
    complete_through, status, parameters, engine, versions, previous. The last page, `sources.html`,
    says of each number which record and which queries it came from.
    """
    order = sorted(notebooks, key=lambda name: name != _SUMMARY)
    files = {name: "index.html" if place == 0 else f"{name}.html" for place, name in enumerate(order)}
    if sources.NAME in files:
        raise RefusedError(f"no notebook may be called {sources.NAME}: the page of sources has that name. Rename it.")
    edition = {**edition, "sources": sources.FILE}
    records = resolve(judged, sources.FILE)

    def link(record: Mapping[str, Any]) -> str:
        return f"{files[record['notebook']]}#{markup.anchor(record['kind'], record['id'])}"

    outlines = {name: outline(name, notebooks[name], records, judged, edition, link) for name in order}
    if judged.get("changes"):
        heading = words.changes.CHANGED["heading"]
        said = Section(heading, markup.anchor(heading), [markup.changes(judged["changes"])])
        outlines[order[0]].sections.insert(0, said)
    if len(order) > 1:
        _introduce(outlines, files)
    titles = {name: outlines[name].title for name in order}
    last = sources.outline(
        titles, list(records.values()), sources.queries(notebooks), link, engine=edition.get("engine", "duckdb")
    )
    files[sources.NAME] = sources.FILE
    return {files[page.name]: _draw(_page(page, files, edition)) for page in [*outlines.values(), last]}


def catalogue(series: Sequence[Mapping[str, Any]]) -> str:
    """Draw the list of report series: newest answer, date, state, older editions folded.

    Each series has name, title, answer, as_of, status ("published", "failed", "stale since
    <date>", …), path, older (as_of and path each) and failed (the reason, or None).
    """
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(_TEMPLATE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    said = {
        **_chrome({"language": "en"}),
        "title": words.CHROME["catalogue"],
        "series": [_series(one) for one in series],
    }
    return environment.get_template("catalogue.html.j2").render(page=_safe(said))


def _page(page: Outline, files: Mapping[str, str], edition: Mapping[str, Any]) -> dict[str, Any]:
    """Give the template all that it places, as HTML."""
    statement = page.statement
    terms = [term for record in [*page.findings] for term in words.terms(record)]
    return {
        **_chrome(edition),
        "title": markup.escape(page.title),
        "series": markup.escape(edition.get("title") or edition.get("name", "")),
        "as_of": markup.escape(words.date(str(edition["as_of"]))) if edition.get("as_of") else "",
        "lead": page.lead,
        "line": markup.prose(words.line(edition, statement)),
        "draft": edition.get("status") == "draft",
        "notices": [markup.prose(notice) for notice in words.notices(edition)],
        "answer": [markup.finding(record) for record in page.findings],
        "numbers": markup.numbers(page.numbers),
        "terms": markup.explained(terms),
        "claims": page.claims,
        "opening": page.opening,
        "sections": [
            {"heading": markup.escape(section.heading), "anchor": section.anchor, "blocks": section.blocks}
            for section in page.sections
        ],
        "pages": [
            {"name": markup.escape(sources.page_name(name)), "file": file, "is_here": name == page.name}
            for name, file in files.items()
        ],
        "footer": markup.escape(words.footer(edition)),
    }


def _introduce(outlines: Mapping[str, Outline], files: Mapping[str, str]) -> None:
    """List the other pages on the first one, each with its question and the first sentence of its answer."""
    first, *others = outlines.values()
    items = []
    for page in others:
        said = f"<p>{markup.prose(words.sentence(page.findings[0]))}</p>" if page.findings else ""
        items.append(f'<li><a href="{files[page.name]}">{markup.escape(page.title)}</a>{said}</li>')
    heading = words.CHROME["in_edition"]
    section = Section(heading, markup.anchor(heading), [f'<ul class="index">{"".join(items)}</ul>'])
    made = next(i for i, part in enumerate(first.sections) if any('class="made"' in block for block in part.blocks))
    first.sections.insert(made, section)


def _chrome(edition: Mapping[str, Any]) -> dict[str, Any]:
    language = str(edition.get("language") or "en")
    return {
        "policy": markup.escape(POLICY).replace("&#x27;", "'"),
        "language": markup.escape(language),
        "direction": "rtl" if language.split("-")[0] in _RIGHT_TO_LEFT else "ltr",
        "css": style.css() + (_TEMPLATE / "page.css").read_text(encoding="utf-8"),
        "words": {key: markup.escape(said) for key, said in words.CHROME.items()},
    }


def _series(one: Mapping[str, Any]) -> dict[str, Any]:
    status, _, since = str(one["status"]).partition(" since ")
    return {
        "name": markup.escape(one["name"]),
        "title": markup.escape(one.get("title") or one["name"]),
        "path": markup.escape(one.get("path") or ""),
        "answer": markup.prose(one.get("answer") or ""),
        "as_of": markup.escape(words.date(one["as_of"])) if one.get("as_of") else "",
        "status": markup.escape(status),
        "state": markup.escape(words.state(status, since)),
        "failed": markup.escape(one["failed"]) if one.get("failed") else "",
        "older": [
            {"as_of": markup.escape(words.date(older["as_of"])), "path": markup.escape(older["path"])}
            for older in one.get("older") or ()
        ],
    }


def _safe(value: Any) -> Any:
    """Mark what this package made as HTML, so that the template escapes everything else."""
    from markupsafe import Markup

    if isinstance(value, str):
        return Markup(value)
    if isinstance(value, Mapping):
        return {key: _safe(inner) for key, inner in value.items()}
    return [_safe(inner) for inner in value] if isinstance(value, list) else value


def _draw(page: Mapping[str, Any]) -> str:
    """Fill the template; all that it places is in `page`, so the exporter is given an empty notebook."""
    import nbformat

    html, _ = _exporter().from_notebook_node(nbformat.v4.new_notebook(), resources={"page": _safe(page)})
    return str(html)


@functools.cache
def _exporter() -> Any:
    """Give the exporter with this package's own template; nothing on the machine can add another."""
    from nbconvert.exporters import TemplateExporter

    exporter = TemplateExporter(
        template_file="page.html.j2",
        template_paths=[str(_TEMPLATE)],
        file_extension=".html",
        default_preprocessors=[],
    )
    exporter.environment.autoescape = True
    exporter.environment.trim_blocks = exporter.environment.lstrip_blocks = True
    return exporter
