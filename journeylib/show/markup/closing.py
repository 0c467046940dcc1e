"""What closes a page: the list of claims, and how the page was made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from journeylib.show import words
from journeylib.show.markup.blocks import statement
from journeylib.show.markup.sources import source
from journeylib.show.markup.text import anchor, escape, prose
from journeylib.show.words.sources import SOURCES

__all__ = ["claimed_terms", "claims", "made"]


def claims(judged: Mapping[str, Any], link: Callable[[Mapping[str, Any]], str]) -> str:
    """Draw the questions asked beforehand with their verdicts, then what else the edition claims.

    `link` gives the address of a record's place in the edition.
    """
    findings = {f"{record['notebook']}/{record['id']}": record for record in judged["records"]}
    asked = {question["record"] for question in judged["questions"]}
    found = [
        record
        for place, record in findings.items()
        if record["kind"] == "finding" and record["claimed"] and place not in asked
    ]
    parts = []
    if judged["questions"]:
        items = "".join(_question(question, findings, link) for question in judged["questions"])
        parts.append(f'<h3>{escape(words.CHROME["claims_asked"])}</h3><ol class="claims">{items}</ol>')
    gone = [f'<p class="note">{prose(words.withdrawn(question))}</p>' for question in judged.get("withdrawn") or ()]
    parts += gone
    if found:
        items = "".join(_claim(words.sentence(record), "", _more(record, link), "claimed") for record in found)
        parts.append(f'<h3>{escape(words.CHROME["claims_found"])}</h3><ol class="claims">{items}</ol>')
    else:
        none = words.CHROME["claims_none" if judged["questions"] else "claims_empty"]
        parts.append(f"<p>{escape(none)}</p>")
    parts.append(f'<p class="note">{prose(words.ledger(judged))}</p>')
    return f'<div class="ledger">{"".join(parts)}</div>'


def claimed_terms(judged: Mapping[str, Any]) -> list[str]:
    """Give the terms that the list of claims uses."""
    asked = {question["record"] for question in judged["questions"]}
    told = [
        record
        for record in judged["records"]
        if record["kind"] == "finding" and (record["claimed"] or f"{record['notebook']}/{record['id']}" in asked)
    ]
    return [term for record in told for term in words.terms(record)]


def made(edition: Mapping[str, Any], notebook: str, data: Mapping[str, Any] | None = None) -> str:
    """Draw how a page was made: its data, parameters and versions, the last two folded, and where its numbers are from.

    `sources` in the edition is the address of the page of sources, where there is one.
    """
    parameters = (edition.get("parameters") or {}).get(notebook) or {}
    address = edition.get("sources")
    place = f"{address}#{anchor('page', notebook)}"
    sources = f"<p>{_link(place, SOURCES['made'])}</p>" if address else ""
    return "".join(
        [
            '<div class="made">',
            f'<div id="{anchor("data", data["id"])}">{statement(data)}</div>' if data is not None else "",
            _facts(edition),
            _pairs("parameters", ("parameter", "value"), {**_goals(edition, parameters), **parameters}),
            _pairs("versions", ("package", "version"), edition.get("versions") or {}),
            sources,
            "</div>",
        ]
    )


def _goals(edition: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Give the goals and segments of the recipe, which every notebook shares."""
    shared = {key: edition.get(key) for key in ("goals", "segments")}
    return {key: value for key, value in shared.items() if value and key not in parameters}


def _question(
    question: Mapping[str, Any], findings: Mapping[str, Mapping[str, Any]], link: Callable[[Mapping[str, Any]], str]
) -> str:
    record = findings.get(question["record"] or "")
    verdict = question["verdict"]
    said = words.sentence(record) if record is not None else words.unanswered(question)
    dated = f"{words.asked(str(question['dated']))} " if question.get("dated") else ""
    marks = " ".join(words.mark(one) for one in question.get("marks") or ())
    more = f'<p class="more">{escape(dated)}{"" if record is None else _more(record, link)}</p>'
    return _claim(said, question["text"], (f'<p class="more">{prose(marks)}</p>' if marks else "") + more, verdict)


def _claim(said: str, question: str, more: str, verdict: str) -> str:
    kind, word = escape(verdict.replace(" ", "-")), escape(words.verdict(verdict))
    asked = f'<p class="asked">{escape(question)}</p>' if question else ""
    return f'<li><p class="verdict {kind}">{word}</p><div>{asked}<p>{prose(said)}</p>{more}</div></li>'


def _more(record: Mapping[str, Any], link: Callable[[Mapping[str, Any]], str]) -> str:
    return _link(link(record), words.CHROME["read_more"]) + source(record)


def _link(address: str, said: str) -> str:
    return f'<a href="{escape(address)}">{escape(said)}</a>'


def _facts(edition: Mapping[str, Any]) -> str:
    identity = edition.get("identity") or {}
    previous = edition.get("previous")
    facts = {
        "edition": escape(words.edition(edition)),
        "period": escape(words.dates(edition["start"], edition["as_of"])) if edition.get("start") else "",
        "complete": escape(words.date(str(edition["complete_through"]))) if edition.get("complete_through") else "",
        "previous": f'<a href="{escape(previous["path"])}">{escape(words.date(previous["as_of"]))}</a>'
        if previous
        else "",
        "data_print": f"<code>{escape(identity['data'][:16])}</code>" if identity.get("data") else "",
        "code_print": f"<code>{escape(identity['code'][:16])}</code>" if identity.get("code") else "",
    }
    listed = "".join(f"<dt>{escape(words.CHROME[key])}</dt><dd>{said}</dd>" for key, said in facts.items() if said)
    return f'<dl class="facts">{listed}</dl>' if listed else ""


def _pairs(title: str, heads: tuple[str, str], pairs: Mapping[str, Any]) -> str:
    listed = "".join(
        f'<tr><th scope="row"><code>{escape(key)}</code></th><td><bdi>{escape(words.plain(value))}</bdi></td></tr>'
        for key, value in pairs.items()
    )
    head = "".join(f'<th scope="col">{escape(words.CHROME[name])}</th>' for name in heads)
    caption = f'<caption class="sr">{escape(words.CHROME[title])}</caption>'
    whole = f'<div class="scroll"><table>{caption}<thead><tr>{head}</tr></thead><tbody>{listed}</tbody></table></div>'
    return _folded(title, whole if listed else "")


def _folded(title: str, inside: str) -> str:
    if not inside:
        return ""
    return f'<details class="fold"><summary>{escape(words.CHROME[title])}</summary>{inside}</details>'
