"""How much groups differ: a row a group, as it is (hollow) and made alike (filled), round a zero line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from journeylib.show import words
from journeylib.show.charts.lettering import flow, unmarked
from journeylib.show.charts.zero import Zero, is_claimed, judged, whisker
from journeylib.show.rows import Row
from journeylib.show.style import Sheet, fit, measure

__all__ = ["forest"]

_MOST = 20
_Pair = Mapping[str, Row]


def forest(record: Mapping[str, Any], *, narrow: bool) -> Sheet:
    """Draw a row a group, from more to less, what is claimed in colour; what cannot be shown last."""
    pairs: dict[str, dict[str, Row]] = {}
    for row in judged(record):
        pairs.setdefault(str(row.values["group"]), {})[str(row.values["kind"])] = row
    main = "standardised" if any("standardised" in pair for pair in pairs.values()) else "crude"
    order = sorted(pairs, key=lambda group: _weight(record, pairs[group].get(main)))
    kept = sorted(order[:_MOST], key=lambda group: _rank(pairs[group].get(main)))
    kind = words.unit(record)
    size, width = (11.0, 302.0) if narrow else (10.0, 612.0)
    step = 42.0 if narrow else 26.0 if main == "standardised" else 22.0
    names = 0.0 if narrow else min(170.0, max(measure(fit(group, size, 170), size) for group in kept) + 14)
    side = 0.0 if narrow else 132.0
    top = 20.0 if main == "standardised" else 4.0
    bottom = top + step * len(kept)
    sheet = Sheet(width, bottom + 2 * size + (30 if len(order) > _MOST else 14), size=size)
    drawn = [row for group in kept for row in pairs[group].values() if row.state == "shown"]
    scale = Zero(drawn, kind, names + 8, width - side - 12)
    scale.frame(sheet, top, bottom, ways=words.ways(record["context"].get("measure")))
    if main == "standardised":
        _key(sheet, record)
    for i, group in enumerate(kept):
        y = top + i * step
        _line(sheet, record, scale, group, pairs[group], main, y, step, names, narrow=narrow)
    if len(order) > _MOST:
        flow(sheet, [words.more_rows(len(order) - _MOST)], bottom + 2 * size + 10)
    return sheet


def _line(
    sheet: Sheet,
    record: Mapping[str, Any],
    scale: Zero,
    group: str,
    pair: _Pair,
    main: str,
    top: float,
    step: float,
    names: float,
    *,
    narrow: bool,
) -> None:
    """Draw one group: its name, both dots, and at the side the difference that counts, with its n."""
    answer, size = pair.get(main), sheet.size
    is_marked = answer is not None and is_claimed(record, answer)
    middle = top + (30 if narrow else step / 2)
    base = top + 14 if narrow else middle + size * 0.36
    room = sheet.width - 110 if narrow else names - 12
    sheet.text(0, base, fit(group, size, room), colour="accent" if is_marked else "ink", bold=is_marked, halo=narrow)
    crude = pair.get("crude") if main == "standardised" else None
    apart = 4.5 if crude is not None else 0.0
    if crude is not None and crude.state == "shown":
        whisker(sheet, scale, crude, middle - apart, "grey", hollow=True)
    if answer is None or answer.state != "shown":
        state = answer or crude
        said = words.veiled(record) if state is None or state.state == "hidden" else words.few(state.n)
        sheet.text(scale.left + 2, middle + apart + size * 0.33, unmarked(said), colour="soft", small=True, halo=True)
        return
    whisker(sheet, scale, answer, middle + apart, "accent" if is_marked else "soft")
    value = words.signed_bare(
        answer.estimate, scale.kind, words.places(scale.kind, answer.estimate, answer.low, answer.high)
    )
    behind = words.customers(answer.n or 0)
    if narrow:
        wide = measure(behind, size * 0.88)
        sheet.text(sheet.width, base, behind, colour="soft", anchor="right", small=True, halo=True)
        sheet.text(sheet.width - wide - 8, base, value, anchor="right", bold=True, halo=True)
    else:
        sheet.text(sheet.width - 66, base, value, anchor="right", bold=True)
        sheet.text(sheet.width, base, behind, colour="soft", anchor="right", small=True)


def _key(sheet: Sheet, record: Mapping[str, Any]) -> None:
    """Say above the rows what the two dots are."""
    at, base, size = 4.0, sheet.size, sheet.size * 0.88
    for hollow, colour, said in (
        (False, "soft", words.made(record)),
        (True, "grey", words.part("crude")),
    ):
        sheet.dot(at, base - size * 0.34, colour, radius=2.8 if hollow else 3.6, hollow=hollow)
        text = fit(unmarked(said), size, sheet.width - at - 90)
        sheet.text(at + 8, base, text, colour="soft", small=True)
        at += measure(text, size) + 26


def _weight(record: Mapping[str, Any], row: Row | None) -> tuple[int, float]:
    """What is claimed has its place first, then what differs most."""
    if row is None or row.state != "shown":
        return 2, 0.0
    return 0 if is_claimed(record, row) else 1, -abs(row.estimate)


def _rank(row: Row | None) -> tuple[int, float]:
    return (0, -row.estimate) if row is not None and row.state == "shown" else (1, 0.0)
