"""Differences of several segments, or of several paths, round one line: a row each, with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from journeylib.show import words
from journeylib.show.charts.lettering import flow, unmarked
from journeylib.show.charts.zero import Zero, is_claimed, judged, whisker
from journeylib.show.rows import Row
from journeylib.show.style import Sheet, fit, measure

__all__ = ["contrasts"]

_MOST = 20
_WIDEST = 250


def contrasts(record: Mapping[str, Any], *, narrow: bool) -> Sheet:
    """Draw the rows from less to more inside each segment; of many, what is claimed and what differs most."""
    kept, rest = _chosen(record)
    kind = words.unit(record)
    size, width = (11.0, 302.0) if narrow else (10.0, 612.0)
    step = 46.0 if narrow else 31.0
    labels = {row.place: words.contrasted(row) for row in kept}
    names = 0.0
    if not narrow:
        texts = [(head, size) for head, _ in labels.values()] + [(under, size * 0.9) for _, under in labels.values()]
        names = min(_WIDEST, max(measure(text, high) for text, high in texts) + 14)
    top, bottom = 4.0, 4.0 + step * len(kept)
    sheet = Sheet(width, bottom + 2 * size + (30 if rest else 14), size=size)
    scale = Zero([row for row in kept if row.state == "shown"], kind, names + 8, width - (12 if narrow else 144))
    scale.frame(sheet, top, bottom, ways=words.sides(record))
    for i, row in enumerate(kept):
        _line(sheet, record, scale, row, labels[row.place], top + i * step, step, names, narrow=narrow)
    if rest:
        flow(sheet, [words.more_rows(rest)], bottom + 2 * size + 10)
    return sheet


def _line(
    sheet: Sheet,
    record: Mapping[str, Any],
    scale: Zero,
    row: Row,
    label: tuple[str, str],
    top: float,
    step: float,
    names: float,
    *,
    narrow: bool,
) -> None:
    """Draw one row: its name and whom it is compared with, the dot, and at the side its value with n."""
    is_marked, size = is_claimed(record, row), sheet.size
    middle = top + (36 if narrow else step / 2)
    room = sheet.width - 116 if narrow else names - 10
    first, second = (top + 12, top + 25) if narrow else (middle - 2, middle + size)
    head, under = map(unmarked, label)
    sheet.text(0, first, fit(head, size, room), colour="accent" if is_marked else "ink", bold=is_marked, halo=narrow)
    sheet.text(0, second, fit(under, size * 0.9, room), colour="soft", small=True, halo=narrow)
    if row.state != "shown" or row.estimate != row.estimate:
        said = words.veiled(record) if row.state == "hidden" else words.unsaid(row)
        sheet.text(scale.left + 2, middle + size * 0.33, unmarked(said), colour="soft", small=True, halo=True)
        return
    whisker(sheet, scale, row, middle, "accent" if is_marked else "soft")
    value = words.signed_bare(row.estimate, scale.kind, words.places(scale.kind, row.estimate, row.low, row.high))
    behind = words.customers(row.n or 0)
    at, side = (first, sheet.width - measure(behind, size * 0.88) - 8) if narrow else (middle + size * 0.36, 0.0)
    sheet.text(side or sheet.width - 66, at, value, anchor="right", bold=True, halo=narrow)
    sheet.text(sheet.width, at, behind, colour="soft", anchor="right", small=True, halo=narrow)


def _chosen(record: Mapping[str, Any]) -> tuple[Sequence[Row], int]:
    """The rows that are drawn, in order, and how many are left to the table."""
    every = judged(record)
    weighed = sorted(every, key=lambda row: (not is_claimed(record, row), row.state != "shown", -_size(row)))
    kept = weighed[:_MOST]
    segments = list(dict.fromkeys(row.values.get("covariate") for row in every))
    places = {row.place: segments.index(row.values.get("covariate")) for row in every}
    kept.sort(key=lambda row: (places[row.place], row.values.get("from_day") or 0, row.state != "shown", -_value(row)))
    return kept, len(every) - len(kept)


def _value(row: Row) -> float:
    return row.estimate if row.estimate == row.estimate else float("-inf")


def _size(row: Row) -> float:
    return abs(row.estimate) if row.estimate == row.estimate else -1.0
