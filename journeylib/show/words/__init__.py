"""Every sentence, label and number format of the pages, in English: the one place to translate.

Sentences are plain text. A name that comes from data stands between the invisible signs
U+2068 and U+2069, so that Hebrew, Arabic and Latin keep their order wherever the text is
shown; `markup.prose` turns them into `<bdi>`.
"""

from __future__ import annotations

from journeylib.show.words.figures import alt, claimed, ends, see, subtitle, title, window
from journeylib.show.words.findings import claim, lacking, sentence
from journeylib.show.words.labels import CHROME, TERMS, head, heading, label, page_name, terms, verdict
from journeylib.show.words.notes import caution, few, ledger, line, notices, reconciliation, rounded, veiled
from journeylib.show.words.numbers import (
    between,
    count,
    customers,
    date,
    dates,
    estimate,
    month,
    name,
    parts,
    percent,
    places,
    quantity,
    unit,
    visible,
)

__all__ = [
    "CHROME",
    "TERMS",
    "alt",
    "between",
    "caution",
    "claim",
    "claimed",
    "count",
    "customers",
    "date",
    "dates",
    "ends",
    "estimate",
    "few",
    "head",
    "heading",
    "label",
    "lacking",
    "ledger",
    "line",
    "month",
    "name",
    "notices",
    "page_name",
    "parts",
    "percent",
    "places",
    "quantity",
    "reconciliation",
    "rounded",
    "see",
    "sentence",
    "subtitle",
    "terms",
    "title",
    "unit",
    "veiled",
    "verdict",
    "visible",
    "window",
]
