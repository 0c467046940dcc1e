"""Every sentence, label and number format of the pages, in English, each looked up in the page's language.

Sentences are plain text. A name that comes from data stands between the invisible signs
U+2068 and U+2069, so that Hebrew, Arabic and Latin keep their order wherever the text is
shown; `markup.prose` turns them into `<bdi>`.
"""

from __future__ import annotations

from journeylib.show.words import changes
from journeylib.show.words.asking import asked, mark, unanswered, withdrawn
from journeylib.show.words.figures import alt, claimed, subtitle, title, window
from journeylib.show.words.findings import sentence
from journeylib.show.words.heads import NOTHING, head, heading, value
from journeylib.show.words.judging import caution, ledger
from journeylib.show.words.labels import CHROME, TERMS, label, page_name, terms, verdict
from journeylib.show.words.marks import (
    HIDDEN_CELL,
    at_risk,
    brief,
    column,
    end,
    month_tick,
    more_rows,
    outcome,
    period_head,
    tick,
)
from journeylib.show.words.names import date, dates, during, listed, month, name, plain, visible
from journeylib.show.words.notes import (
    behind_each,
    cut,
    edition,
    few,
    footer,
    kept,
    line,
    notices,
    reconciliation,
    rounded,
    state,
    thinned,
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
    wait,
    waits,
)
from journeylib.show.words.sights import ends, see
from journeylib.show.words.standing import claim, claims, lacking, stance
from journeylib.show.words.units import unit

__all__ = [
    "CHROME",
    "HIDDEN_CELL",
    "NOTHING",
    "TERMS",
    "alt",
    "asked",
    "at_risk",
    "behind_each",
    "between",
    "brief",
    "caution",
    "changes",
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
    "kept",
    "label",
    "lacking",
    "ledger",
    "line",
    "listed",
    "mark",
    "month",
    "month_tick",
    "more_rows",
    "name",
    "notices",
    "outcome",
    "page_name",
    "parts",
    "percent",
    "period_head",
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
    "value",
    "veil",
    "veiled",
    "verdict",
    "visible",
    "wait",
    "waits",
    "window",
    "withdrawn",
]
