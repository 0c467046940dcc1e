"""Is it them or their mix: rate and mix as bars round a zero line, and the whole difference as a mark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from journeylib.show import words
from journeylib.show.charts.lettering import flow, unmarked
from journeylib.show.charts.zero import Zero
from journeylib.show.rows import Row, rows
from journeylib.show.style import Sheet, fit, measure

__all__ = ["parts"]

_MOST = 14
_LOOKS = {"rate": "soft", "mix": "mist"}


def parts(record: Mapping[str, Any], *, narrow: bool) -> Sheet:
    """Draw two bars a group with their whiskers, from more to less; those that differ most."""
    groups: dict[str, dict[str, Row]] = {}
    for row in rows(record):
        groups.setdefault(str(row.values["group"]), {})[str(row.values["kind"])] = row
    wholes = words.wholes(record)
    order = sorted(groups, key=lambda group: (group not in wholes, -abs(wholes.get(group, 0.0))))
    kept = sorted(order[:_MOST], key=lambda group: (group not in wholes, -wholes.get(group, 0.0)))
    kind = words.unit(record)
    size, width = (11.0, 302.0) if narrow else (10.0, 612.0)
    step, head = (50.0, 18.0) if narrow else (34.0, 0.0)
    names = 0.0 if narrow else min(160.0, max(measure(fit(group, size, 160), size) for group in kept) + 14)
    top = 20.0
    bottom = top + step * len(kept)
    sheet = Sheet(width, bottom + 2 * size + (30 if len(order) > _MOST else 14), size=size)
    drawn = [row for group in kept for row in groups[group].values() if row.state == "shown"]
    scale = Zero(_with_wholes(drawn, wholes), kind, names + 8, width - (8 if narrow else 92))
    scale.frame(sheet, top, bottom, ways=words.ways(record["context"].get("measure")))
    _key(sheet)
    for i, group in enumerate(kept):
        y = top + i * step
        middle = y + head + (step - head) / 2
        base = y + 14 if narrow else middle + size * 0.36
        sheet.text(0, base, fit(group, size, width - 80 if narrow else names - 12), halo=narrow)
        if group not in wholes:
            state = next(iter(groups[group].values()))
            said = words.veiled(record) if state.state == "hidden" else words.few(state.n)
            sheet.text(scale.left + 2, middle + size * 0.33, unmarked(said), colour="soft", small=True, halo=True)
            continue
        for place, name in enumerate(("rate", "mix")):
            _bar(sheet, scale, groups[group][name], middle - 6.5 + 13 * place, _LOOKS[name])
        at = scale(wholes[group])
        sheet.line([at, at], [middle - 14, middle + 14], "ink", width=2.2)
        sheet.text(width, base, words.signed_bare(wholes[group], kind), anchor="right", bold=True, halo=narrow)
    if len(order) > _MOST:
        flow(sheet, [words.more_rows(len(order) - _MOST)], bottom + 2 * size + 10)
    return sheet


def _bar(sheet: Sheet, scale: Zero, row: Row, y: float, colour: str) -> None:
    x, thick = scale(row.estimate), 9.0
    sheet.box(min(x, scale.zero), y - thick / 2, abs(x - scale.zero), thick, colour)
    if row.low == row.low and row.high == row.high:
        sheet.line([scale(row.low), scale(row.high)], [y, y], "ink", width=1.0)


def _key(sheet: Sheet) -> None:
    """Say above the rows what the bars and the mark are."""
    at, base, size = 0.0, sheet.size, sheet.size * 0.88
    for colour, said in (("soft", words.part("rate")), ("mist", words.part("mix")), ("ink", words.part("whole"))):
        if colour == "ink":
            sheet.line([at + 3, at + 3], [base - 9, base + 1], "ink", width=2.2)
        else:
            sheet.box(at, base - 8, 9, 8, colour)
        sheet.text(at + 13, base, said, colour="soft", small=True)
        at += measure(said, size) + 28


def _with_wholes(drawn: list[Row], wholes: Mapping[str, float]) -> list[Row]:
    """The rows that the scale must hold: the bars, and where the marks are."""
    return [*drawn, *(Row(group, "shown", {"estimate": whole}) for group, whole in wholes.items())]
