"""Put what an executed notebook shows into the order of a page: answer, numbers, evidence, how it was made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from journeylib.errors import RunError
from journeylib.publish import markdown
from journeylib.show import markup, words
from journeylib.show.record import MIME, Record

__all__ = ["Outline", "Section", "outline", "resolve"]

_MOST_NUMBERS = 4
_NO_TEXT = ("image/", "application/vnd.jupyter.widget", "application/javascript")


@dataclass
class Section:
    """A heading and the HTML under it; without a heading, what comes before the first one."""

    heading: str = ""
    anchor: str = ""
    blocks: list[str] = field(default_factory=list)


@dataclass
class Outline:
    """A page in its order; `answer` and `opening` are HTML, `findings` and `numbers` judged records."""

    name: str
    title: str = ""
    lead: str = ""
    statement: Record | None = None
    findings: list[Record] = field(default_factory=list)
    numbers: list[Record] = field(default_factory=list)
    claims: list[str] = field(default_factory=list)
    opening: list[str] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    explained: set[str] = field(default_factory=set)
    said: list[Record] = field(default_factory=list)


def resolve(judged: Mapping[str, Any], sources: str = "") -> dict[tuple[str, str], Record]:
    """Give each judged record by notebook and id, with the edition's rules, its change, what it illustrates.

    A chart has the finding that it illustrates as `about`, those of a heat map as `abouts`, by measure.
    `sources` is the address of the page of sources, where each record has its place.
    """
    common = {"min_cell": judged["min_cell"], "audience": judged["audience"]}
    found = {(record["notebook"], record["id"]): {**record, **common} for record in judged["records"]}
    for change in (judged.get("changes") or {}).get("numbers", ()):
        found[change["notebook"], change["id"]]["change"] = change
    for (notebook, _), record in found.items():
        about = found.get((notebook, str(record["context"].get("finding"))))
        if record["kind"] == "chart" and about is not None:
            record["about"] = about
        named = {key: (notebook, str(id)) for key, id in (record["context"].get("findings") or {}).items()}
        if record["kind"] == "chart" and named:
            record["abouts"] = {key: found[place] for key, place in named.items() if place in found}
        if sources:
            record["source"] = f"{sources}#{markup.origin(record)}"
    return found


def outline(
    name: str,
    notebook: Mapping[str, Any],
    records: Mapping[tuple[str, str], Record],
    judged: Mapping[str, Any],
    edition: Mapping[str, Any],
    link: Callable[[Mapping[str, Any]], str],
) -> Outline:
    """Read an executed notebook; raises RunError where it shows a record that was not judged."""
    page = Outline(name)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            _read(page, cell["source"])
        for output in cell.get("outputs", ()):
            said = output.get("data", {}).get(MIME)
            if said is None:
                _put(page, _printed(output, judged["audience"]))
                continue
            record = records.get((name, said["id"]))
            if record is None:
                raise RunError(f'{name}.ipynb shows "{said["id"]}", but no record of that id was judged.')
            _show(page, record, records, judged, edition, link)
    if not any('<div class="made">' in block for section in page.sections for block in section.blocks):
        made = words.CHROME["made"]
        section = Section(made, markup.anchor(made), [markup.made(edition, name, page.statement)])
        page.sections.append(section)
    page.title = page.title or words.page_name(name)
    return page


def _read(page: Outline, text: str) -> None:
    """Take the first `#` as the title and what follows it as the lead; every other heading opens a section."""
    for part in markdown.parts(text):
        if part.level == 1 and not page.title:
            page.title, page.lead = part.heading, part.html
        elif part.level:
            taken = {section.anchor for section in page.sections}
            anchor = markup.anchor(part.heading)
            while anchor in taken:
                anchor += "-again"
            page.sections.append(Section(part.heading, anchor, [part.html]))
        else:
            _put(page, part.html)


def _show(
    page: Outline,
    record: Record,
    records: Mapping[tuple[str, str], Record],
    judged: Mapping[str, Any],
    edition: Mapping[str, Any],
    link: Callable[[Mapping[str, Any]], str],
) -> None:
    """Draw a record where it belongs: findings and numbers before the first `##` are the answer."""
    kind, opening = record["kind"], not page.sections
    if kind == "data":
        page.statement = page.statement or record
        if not opening:
            _put(page, markup.statement(record))
    elif kind == "finding" and opening:
        page.findings.append(record)
        page.said.append(record)
    elif kind == "number" and opening and len(page.numbers) < _MOST_NUMBERS:
        page.numbers.append(record)
    elif kind == "claims":
        told = {**judged, "records": list(records.values())}
        said = markup.claims(told, link) + markup.explained(_new(page, markup.claimed_terms(told)))
        page.claims.append(said) if opening else _put(page, said)
    elif kind == "made":
        _put(page, markup.made(edition, page.name, page.statement))
    else:
        _put(page, _block(page, record))
        _put(page, markup.explained(_new(page, words.terms(record))))


def _block(page: Outline, record: Record) -> str:
    if record["not_applicable"] is not None:  # why is said once a section
        why = markup.prose(words.lacking(record))
        if any(why in block for block in _blocks(page)):
            return f'<span id="{markup.anchor(record["kind"], record["id"])}"></span>'
    if record["kind"] == "finding":
        page.said.append(record)
        return markup.finding(record)
    if record["kind"] == "chart":  # a finding of the same rows has said what there is to see
        return markup.figure(record, is_said=any(one["rows"] == record["rows"] for one in page.said))
    return markup.numbers([record]) if record["kind"] == "number" else markup.table(record)


def _put(page: Outline, html: str) -> None:
    blocks = _blocks(page)
    if html and html not in blocks:
        blocks.append(html)


def _blocks(page: Outline) -> list[str]:
    """What stands where the page is being written: in its last section, or before the first."""
    return page.sections[-1].blocks if page.sections else page.opening


def _new(page: Outline, terms: Sequence[str]) -> list[str]:
    """Give the terms that the page has not explained yet; the answer's own are explained under it."""
    answer = {term for record in page.findings for term in words.terms(record)}
    new = [term for term in terms if term not in page.explained | answer]
    page.explained.update(new)
    return new


def _printed(output: Mapping[str, Any], audience: str) -> str:
    """Give what a cell printed, escaped; a shared page says that it is left out, for it was not judged."""
    data = output.get("data", {})
    if output["output_type"] == "stream":
        text = output["text"] if output.get("name") == "stdout" else ""
    else:
        text = "" if any(kind.startswith(_NO_TEXT) for kind in data) else data.get("text/plain", "")
    if not text.strip():
        return ""
    if audience == "shared":
        return f'<p class="note">{markup.escape(words.CHROME["left_out"])}</p>'
    return f'<pre class="printed">{markup.lines(text)}</pre>'
