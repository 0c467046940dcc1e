"""Every sentence, label and number format of the pages, in English: the one place to translate.

Sentences are plain text. A name that comes from data stands between the invisible signs
U+2068 and U+2069, so that Hebrew, Arabic and Latin keep their order wherever the text is
shown; `markup.prose` turns them into `<bdi>`.
"""

from __future__ import annotations

from journeylib.show.words.figures import alt, claimed, subtitle, title, window
from journeylib.show.words.findings import claim, claims, lacking, sentence, stance
from journeylib.show.words.labels import CHROME, TERMS, head, heading, label, page_name, terms, verdict
from journeylib.show.words.marks import at_risk, column, end, month_tick, more_rows, outcome, tick
from journeylib.show.words.names import date, dates, during, listed, month, name, plain, visible
from journeylib.show.words.notes import (
    behind_each,
    caution,
    cut,
    edition,
    few,
    footer,
    ledger,
    line,
    notices,
    reconciliation,
    rounded,
    state,
    thinned,
    unanswered,
    veil,
    veiled,
)
from journeylib.show.words.numbers import (
    between,
    count,
    customers,
    estimate,
    parts,
    percent,
    places,
    quantity,
    significant,
    unit,
    wait,
    waits,
)
from journeylib.show.words.sights import ends, see

__all__ = [
    "CHROME",
    "TERMS",
    "alt",
    "at_risk",
    "behind_each",
    "between",
    "caution",
    "claim",
    "claimed",
    "claims",
    "column",
    "count",
    "customers",
    "cut",
    "date",
    "dates",
    "during",
    "edition",
    "end",
    "ends",
    "estimate",
    "few",
    "footer",
    "head",
    "heading",
    "label",
    "lacking",
    "ledger",
    "line",
    "listed",
    "month",
    "month_tick",
    "more_rows",
    "name",
    "notices",
    "outcome",
    "page_name",
    "parts",
    "percent",
    "places",
    "plain",
    "quantity",
    "reconciliation",
    "rounded",
    "see",
    "sentence",
    "significant",
    "stance",
    "state",
    "subtitle",
    "terms",
    "thinned",
    "tick",
    "title",
    "unanswered",
    "unit",
    "veil",
    "veiled",
    "verdict",
    "visible",
    "wait",
    "waits",
    "window",
]
