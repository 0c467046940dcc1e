"""How journeys flow from column to column: width is share, and drop-off and open stay in the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from journeylib.show import words
from journeylib.show.rows import Row, rows
from journeylib.show.style import Sheet, fit, measure

__all__ = ["flow"]

_ENDS = {"converted": ("ink", "full"), "open": ("grey", "hatched"), "drop-off": ("grey", "hollow")}
_OTHER = "other"
_MOST = 8  # names a column; the rest is "other"
_BAR = 7.0


@dataclass
class _Node:
    name: str
    share: float
    top: float = 0.0
    out: float = 0.0  # what has left it so far, in points
    into: float = 0.0  # what has reached it so far


def flow(record: Mapping[str, Any], *, narrow: bool) -> Sheet:
    """Draw one column a step; a stream's width is its share of all journeys."""
    size, width, height = (10.5, 302.0, 400.0) if narrow else (10.0, 612.0, 330.0)
    links = _links(record)
    steps = sorted({step for step, _, _ in links})
    columns = [_column(links, step) for step in steps]
    columns.append(_arrivals(links, steps[-1]))
    slot = size * 2 + 5 if narrow else size + 5.5
    most = max(len(column) for column in columns)
    height = max(height, most * slot + 60)
    top, points = 26.0, _points(columns, slot, height)
    for column in columns:
        _stack(column, top, points, slot, height)
    sheet = Sheet(width, top + height + 4, size=size)
    names = [words.end(node.name) + ("" if narrow else "  100 %") for node in columns[-1].values()]
    widest = min(max(measure(name, size) * 1.08 for name in names), 90.0 if narrow else 140.0)
    room = (width - widest - _BAR - 6) / (len(columns) - 1)
    for place in range(len(columns)):
        sheet.text(place * room, 11, words.column(place), colour="soft", small=True)
    _streams(sheet, links, steps, columns, room, points)
    for place, column in enumerate(columns):
        last = place == len(columns) - 1
        beside = (width - place * room if last else room) - _BAR - (2 if last else 10)
        for node in column.values():
            _node(sheet, node, place * room, points, beside, narrow=narrow)
    return sheet


def _links(record: Mapping[str, Any]) -> dict[tuple[int, str, str], float]:
    """Give each link's share, the rarest names of a column folded into "other"."""
    shown: Sequence[Row] = [row for row in rows(record) if row.state == "shown"]
    sizes: dict[int, dict[str, float]] = {}
    for row in shown:
        step = int(row.values["step"])
        for place, name in ((step, str(row.values["source"])), (step + 1, str(row.values["target"]))):
            if name not in _ENDS and name != _OTHER:
                column = sizes.setdefault(place, {})
                column[name] = max(column.get(name, 0.0), 0.0) + row.estimate
    kept = {
        place: set(sorted(column, key=lambda name: (-column[name], name))[:_MOST]) for place, column in sizes.items()
    }
    links: dict[tuple[int, str, str], float] = {}
    for row in shown:
        step = int(row.values["step"])
        ends = [str(row.values["source"]), str(row.values["target"])]
        names = [
            name if name in _ENDS or name in kept.get(place, ()) else _OTHER
            for place, name in zip((step, step + 1), ends, strict=True)
        ]
        key = (step, names[0], names[1])
        links[key] = links.get(key, 0.0) + row.estimate
    return links


def _column(links: Mapping[tuple[int, str, str], float], step: int) -> dict[str, _Node]:
    """Give the nodes where a step begins, with those at which the step before it ended for good.

    A node is as large as what is shown to reach it or to leave it, whichever is more: in a
    shared page either side may be hidden.
    """
    shares: dict[str, list[float]] = {}
    for (at, source, target), share in links.items():
        if at == step:
            shares.setdefault(source, [0.0, 0.0])[1] += share
        elif at == step - 1:
            shares.setdefault(target, [0.0, 0.0])[0] += share
    return _ordered({name: _Node(name, max(both)) for name, both in shares.items()})


def _arrivals(links: Mapping[tuple[int, str, str], float], step: int) -> dict[str, _Node]:
    nodes: dict[str, _Node] = {}
    for (at, _, target), share in links.items():
        if at == step:
            nodes[target] = _Node(target, nodes[target].share + share if target in nodes else share)
    return _ordered(nodes)


def _ordered(nodes: Mapping[str, _Node]) -> dict[str, _Node]:
    """Put the largest first, then "other", then the three ends."""
    ends = list(_ENDS)

    def rank(node: _Node) -> tuple[int, float, str]:
        last = ends.index(node.name) + 2 if node.name in _ENDS else 1 if node.name == _OTHER else 0
        return last, -node.share, node.name

    return {node.name: node for node in sorted(nodes.values(), key=rank)}


def _points(columns: Sequence[Mapping[str, _Node]], slot: float, height: float) -> float:
    """Give the points that a share of 1 takes, so that the fullest column fits, each node with room for its label."""
    points = height
    while points > 1 and any(_needed(column, points, slot) > height for column in columns):
        points *= 0.98
    return points


def _needed(column: Mapping[str, _Node], points: float, slot: float) -> float:
    return sum(max(node.share * points + 5, slot) for node in column.values())


def _stack(column: Mapping[str, _Node], top: float, points: float, slot: float, height: float) -> None:
    spare = (height - _needed(column, points, slot)) / max(len(column) - 1, 1)
    gap = min(spare, 8.0)
    for node in column.values():
        node.top = top
        top += max(node.share * points + 5, slot) + gap


def _streams(
    sheet: Sheet,
    links: Mapping[tuple[int, str, str], float],
    steps: Sequence[int],
    columns: Sequence[Mapping[str, _Node]],
    room: float,
    points: float,
) -> None:
    for place, step in enumerate(steps):
        before, after = columns[place], columns[place + 1]
        rank = {name: i for i, name in enumerate([*before, *after])}
        own = [(source, target) for at, source, target in links if at == step]
        for source, target in sorted(own, key=lambda link: (rank[link[0]], list(after).index(link[1]))):
            thick = links[step, source, target] * points
            start, end = before[source], after[target]
            colour, alpha = ("ink", 0.36) if target == "converted" else ("grey", 0.25)
            sheet.ribbon(
                place * room + _BAR, start.top + start.out, (place + 1) * room, end.top + end.into, thick, colour, alpha
            )
            start.out += thick
            end.into += thick


def _node(sheet: Sheet, node: _Node, left: float, points: float, room: float, *, narrow: bool) -> None:
    colour, look = _ENDS.get(node.name, ("soft", "full"))
    high = max(node.share * points, 0.8)
    sheet.box(left, node.top, _BAR, high, colour, look=look)
    said, share = words.end(node.name), words.percent(node.share)
    x, size, base = left + _BAR + 4, sheet.size, node.top + min(high, sheet.size + 4) / 2 + sheet.size * 0.36
    base = max(base, node.top + sheet.size * 0.8)
    bold = node.name == "converted"
    if narrow:
        sheet.text(x, base, fit(said, size, room), bold=bold, halo=True)
        sheet.text(x, base + size + 1, share, colour="soft", small=True, halo=True)
    else:
        sheet.text(x, base, f"{share} {fit(said, size, room - 36)}", bold=bold, halo=True)
