"""The blocks of a page: a finding's sentence, headline numbers, a figure, the data statement."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from journeylib.show import charts, words
from journeylib.show.markup.sources import source
from journeylib.show.markup.tables import table
from journeylib.show.markup.text import anchor, escape, prose
from journeylib.show.rows import rows

__all__ = ["explained", "figure", "finding", "number", "numbers", "statement"]

_SMALL_TABLE = 8  # rows, up to which paper shows the table that a screen folds


def finding(record: Mapping[str, Any]) -> str:
    """Draw a finding: the word of its verdict, its sentence, what to be careful about."""
    said = prose(words.sentence({**record, "kept": ()}))
    inside = f"{_verdict(record)}<p>{said}{source(record)}</p>{_kept(record)}{_cautions(record)}"
    return f'<div class="finding" id="{anchor("finding", record["id"])}">{inside}</div>'


def number(record: Mapping[str, Any]) -> str:
    """Draw a headline number: its label, the value large, interval and n small under it."""
    kind = words.unit(record)
    is_counted = kind in ("count", "records") or bool(record["context"].get("counted"))
    missing = words.lacking(record)
    value, interval, behind = "–", missing, ""
    if not missing:
        row = rows(record)[0]
        decimals = words.places(kind, row.estimate, row.low, row.high)
        value = words.quantity(row.estimate, kind, decimals)
        interval = words.CHROME["counted"] if is_counted else words.between(row.low, row.high, kind, decimals)
        behind = "" if kind == "count" or row.n is None else words.customers(row.n)
    return (
        f'<div class="number" id="{anchor("number", record["id"])}"><dt>{prose(words.label(record))}</dt>'
        f'<dd class="value">{escape(value)}</dd><dd class="interval">{prose(interval)}</dd>'
        f'<dd class="behind">{escape(behind)}{source(record)}</dd>{_moved(record)}</div>'
    )


def _moved(record: Mapping[str, Any]) -> str:
    """Draw how a number moved since the last edition, in colour where that is more than noise, or that it is kept."""
    if kept := words.kept(record):
        return f'<dd class="change">{prose(kept)}</dd>'
    change = record.get("change")
    said = words.changes.brief(change) if change else ""
    return f'<dd class="change change-{words.changes.state(change)}">{prose(said)}</dd>' if change and said else ""


def _kept(record: Mapping[str, Any]) -> str:
    said = words.kept(record)
    return f'<p class="note">{prose(said)}</p>' if said else ""


def numbers(records: Sequence[Mapping[str, Any]]) -> str:
    """Draw headline numbers in a row."""
    return f'<dl class="numbers">{"".join(map(number, records))}</dl>' if records else ""


def figure(record: Mapping[str, Any], *, is_said: bool = False) -> str:
    """Draw a chart with its title, what it shows in a sentence, and its numbers folded under it.

    The sentence is left out where the title is already the finding, or `is_said` beside the chart,
    unless the chart shows more than that.
    """
    place = anchor("chart", record["id"])
    title = prose(words.title(record))
    missing = words.lacking(record)
    if missing:
        said = f'<p class="lacking">{prose(missing)}{source(record)}</p>'
        return f'<figure id="{place}"><figcaption><h3>{title}</h3></figcaption>{said}</figure>'
    is_said = is_said or (record["form"] == "contrasts" and record.get("about") is not None)  # its finding has it
    is_told = is_said or (words.claimed(record) is not None and not words.adds(record))
    see = "" if is_told else f'<p class="see">{prose(words.see(record))}</p>'
    small = " small" if len(record["rows"]) <= _SMALL_TABLE else ""
    return (
        f'<figure id="{place}"><figcaption><h3>{title}</h3>'
        f'<p class="sub">{prose(words.subtitle(record))}{source(record)}</p></figcaption>'
        f"{charts.svg(record, width='wide')}{charts.svg(record, width='narrow')}"
        f"{see}{_kept(record)}{_cautions(record)}"
        f'<details class="fold{small}"><summary>{escape(words.CHROME["numbers_behind"])}</summary>'
        f"{table(record, caption=False)}</details></figure>"
    )


def statement(record: Mapping[str, Any]) -> str:
    """Draw the data statement: what became of every row that was read, the reasons folded."""
    said = f"<p>{prose(words.reconciliation(record))}{source(record)}</p>"
    reasons = table({**record, "form": "quarantine", "source": None}, caption=False)
    folded = f'<details class="fold"><summary>{escape(words.CHROME["set_aside"])}</summary>{reasons}</details>'
    return f'<div class="data">{said}{folded if record["rows"] else ""}</div>'


def explained(used: Collection[str]) -> str:
    """Draw the explanation of terms; nothing where there are none."""
    said = " ".join(prose(words.TERMS[term]) for term in words.TERMS if term in used)
    return f'<p class="terms">{said}</p>' if said else ""


def _verdict(record: Mapping[str, Any]) -> str:
    verdict = words.stance(record)
    if verdict is None or words.lacking(record):
        return ""  # a sentence that says so itself needs no word before it
    kind = verdict.replace(" ", "-")
    return f'<p class="verdict {escape(kind)}">{escape(words.verdict(verdict))}</p>'


def _cautions(record: Mapping[str, Any]) -> str:
    unmet = [guard for guard in record.get("guards") or () if guard["status"] == "caution"]
    said = [words.caution(guard, record.get("min_cell", 10)) for guard in unmet]
    return "".join(f'<p class="note">{prose(text)}</p>' for text in said)
