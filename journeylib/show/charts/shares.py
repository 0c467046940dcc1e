"""Shares and scores side by side: bars from zero (dots for scores), sorted, each with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from journeylib.show import words
from journeylib.show.rows import Row, rows
from journeylib.show.style import Sheet, fit, measure

__all__ = ["shares"]

_MOST = 16


def shares(record: Mapping[str, Any], *, narrow: bool) -> Sheet:
    """Draw one bar a row, largest first, an n that all share once; what cannot be shown says why, at the end."""
    kind = words.unit(record)
    every = sorted(rows(record), key=lambda row: (row.state != "shown", -row.estimate if row.state == "shown" else 0))
    kept, rest = every[:_MOST], len(every) - _MOST
    size = 11.0 if narrow else 10.0
    step, width = (36.0, 302.0) if narrow else (24.0, 612.0)
    sheet = Sheet(width, step * len(kept) + (20 if rest > 0 else 4), size=size)
    names = 0.0 if narrow else min(190.0, max(measure(fit(row.label, size, 190), size) for row in kept) + 14)
    scale = _Scale(kept, kind, left=names, right=width - (64 if narrow else 150))
    marked = accents(record)
    for i, row in enumerate(kept):
        middle = i * step + (25 if narrow else step / 2)
        base = i * step + 12 if narrow else middle + size * 0.36
        colour = marked.get(row.label)
        room = width - 84 if narrow else names - 14
        sheet.text(0, base, fit(row.label, size, room), colour=colour or "ink", bold=colour is not None)
        if row.state == "shown" and (i == 0 or row.n != kept[0].n):
            sheet.text(width, base, words.customers(row.n or 0), colour="soft", anchor="right", small=True)
        _mark(sheet, record, row, middle, scale, colour or "grey")
        reach = 9.0 if narrow else step / 2
        sheet.line([scale.zero, scale.zero], [middle - reach, middle + reach], "ink", width=0.8)
    if rest > 0:
        sheet.text(names, step * len(kept) + 14, words.more_rows(rest), colour="soft", small=True)
    return sheet


def accents(record: Mapping[str, Any]) -> Mapping[str, str]:
    """Give the groups that the edition claims to differ, with their colours: one accent, or a colour each."""
    about = words.claimed(record)
    if about is None or about["form"] != "stay":
        return {}
    apart = [str(row.values["group"]) for row in words.claims(about)]
    return {group: "accent" if len(apart) == 1 else f"g{i}" for i, group in enumerate(apart[:5], start=1)}


class _Scale:
    """A linear scale from zero to the largest value shown, or around zero where there are negative ones."""

    def __init__(self, shown: Sequence[Row], kind: str, *, left: float, right: float) -> None:
        ends = [end for row in shown if row.state == "shown" for end in (row.low, row.high, row.estimate) if end == end]
        self.least, self.most = min([0.0, *ends]), max([0.0, *ends]) or 1.0
        self.left = left + (measure(words.quantity(self.least, kind), 11) if self.least < 0 else 0)
        self.right = right
        self.zero = self(0.0)

    def __call__(self, value: float) -> float:
        return self.left + (value - self.least) / (self.most - self.least) * (self.right - self.left)


def _mark(sheet: Sheet, record: Mapping[str, Any], row: Row, y: float, scale: _Scale, colour: str) -> None:
    if row.state != "shown":
        said = words.veiled(record) if row.state == "hidden" else words.few(row.n)
        sheet.text(scale.zero + 6, y + sheet.size * 0.33, said, colour="soft", small=True)
        return
    kind = words.unit(record)
    x, thick = scale(row.estimate), 10.0
    if kind == "score":
        sheet.dot(x, y, colour, radius=3.6)
    else:
        sheet.box(scale.zero, y - thick / 2, x - scale.zero, thick, colour)
    end = x
    if row.low == row.low and row.high == row.high:
        end = max(x, scale(row.high))
        sheet.line([scale(row.low), scale(row.high)], [y, y], "ink", width=1.1)
    sheet.text(end + 6, y + sheet.size * 0.36, words.quantity(row.estimate, kind), bold=True)
