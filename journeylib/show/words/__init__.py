"""Every sentence, label and number format of the pages, in English: the one place to translate.

Sentences are plain text. A name that comes from data stands between the invisible signs
U+2068 and U+2069, so that Hebrew, Arabic and Latin keep their order wherever the text is
shown; `markup.prose` turns them into `<bdi>`.
"""

from __future__ import annotations

from journeylib.show.words.figures import alt, see, subtitle, title
from journeylib.show.words.findings import sentence
from journeylib.show.words.labels import CHROME, TERMS, head, heading, label, page_name, terms, verdict
from journeylib.show.words.notes import caution, ledger, line, notices, reconciliation, unavailable
from journeylib.show.words.numbers import (
    between,
    count,
    date,
    dates,
    estimate,
    month,
    name,
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
    "count",
    "date",
    "dates",
    "estimate",
    "head",
    "heading",
    "label",
    "ledger",
    "line",
    "month",
    "name",
    "notices",
    "page_name",
    "percent",
    "places",
    "quantity",
    "reconciliation",
    "see",
    "sentence",
    "subtitle",
    "terms",
    "title",
    "unavailable",
    "unit",
    "verdict",
    "visible",
]
