"""Which steps one group takes more often than another: a dot a step with its whiskers round zero."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from journeylib.show import words
from journeylib.show.charts.lettering import flow
from journeylib.show.charts.zero import Zero, is_claimed, judged, whisker
from journeylib.show.rows import Row
from journeylib.show.style import Sheet, fit, measure

__all__ = ["edges"]

_MOST = 12


def edges(record: Mapping[str, Any], *, narrow: bool) -> Sheet:
    """Draw at most twelve steps, those that are claimed and the largest, from more to less."""
    every = judged(record)
    shown = [row for row in every if row.state == "shown"]
    marked = {row.place for row in shown if is_claimed(record, row)}
    chosen = sorted(shown, key=lambda row: (row.place not in marked, -abs(row.estimate)))[:_MOST]
    kept = sorted(chosen, key=lambda row: -row.estimate)
    several = len({str(row.values["group"]) for row in every}) > 1
    kind = words.unit(record)
    size, width = (11.0, 302.0) if narrow else (10.0, 612.0)
    step = 38.0 if narrow else 23.0
    said = {row.place: _said(row, with_group=several) for row in kept}
    names = 0.0 if narrow else min(230.0, max(measure(text, size) for text in said.values()) + 14)
    bottom = 4.0 + step * len(kept)
    rest = len(every) - len(kept)
    sheet = Sheet(width, bottom + 2 * size + (30 if rest else 14), size=size)
    scale = Zero(kept, kind, names + 8, width - (12 if narrow else 134))
    scale.frame(sheet, 4, bottom, ways=words.ways("paths.followed"))
    for i, row in enumerate(kept):
        colour = "accent" if row.place in marked else "grey"
        middle = 4 + i * step + (28 if narrow else step / 2)
        base = 4 + i * step + 14 if narrow else middle + size * 0.36
        room, is_bold = width - 112 if narrow else names - 12, row.place in marked
        text = fit(said[row.place], size, room)
        sheet.text(0, base, text, colour="accent" if is_bold else "ink", bold=is_bold, halo=narrow)
        whisker(sheet, scale, row, middle, colour)
        value = words.signed_bare(row.estimate, kind, words.places(kind, row.estimate, row.low, row.high))
        behind = words.customers(row.n or 0)
        at = width - measure(behind, size * 0.88) - 8 if narrow else width - 66
        sheet.text(at, base, value, anchor="right", bold=True, halo=narrow)
        if i == 0 or row.n != kept[0].n:  # an n that all share is written once
            sheet.text(width, base, behind, colour="soft", anchor="right", small=True, halo=narrow)
    if rest:
        flow(sheet, [words.more_rows(rest)], bottom + 2 * size + 10)
    return sheet


def _said(row: Row, *, with_group: bool) -> str:
    step = f"{row.values['source']} → {row.values['target']}"
    return f"{step} · {row.values['group']}" if with_group else step
