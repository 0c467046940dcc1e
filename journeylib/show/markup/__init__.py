"""HTML of judged records: plain functions that return strings, all text through one escaping function."""

from __future__ import annotations

from journeylib.show.markup.blocks import explained, figure, finding, number, numbers, statement
from journeylib.show.markup.changes import changes
from journeylib.show.markup.closing import claimed_terms, claims, made
from journeylib.show.markup.sources import entry, listings, origin, source
from journeylib.show.markup.tables import table
from journeylib.show.markup.text import anchor, attribute, escape, lines, prose

__all__ = [
    "anchor",
    "attribute",
    "changes",
    "claimed_terms",
    "claims",
    "entry",
    "escape",
    "explained",
    "figure",
    "finding",
    "lines",
    "listings",
    "made",
    "number",
    "numbers",
    "origin",
    "prose",
    "source",
    "statement",
    "table",
]
