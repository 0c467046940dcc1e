"""What became of the findings of the edition before: new, gone, stronger, weaker, reversed.

Five words for differences that an edition claims, each from two judged records:

- *new*: claimed now, and not before; *gone*: claimed before, and not now.
- *reversed*: claimed in both, in opposite directions.
- *stronger*, *weaker*: claimed in both in one direction, and the claim interval lies wholly
  farther from no difference than it did, or wholly nearer; where the two intervals share as
  much as a point, nothing is said. Claim intervals leave room for all that an edition compares
  and for its planned repetitions, and so do these words.

*New* and *gone* tell what an edition claims; that a difference itself changed is told only
where the two intervals lie apart (`is_apart`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from journeylib.judge.guards import group_columns

__all__ = ["questions", "shifts", "word"]

Judged = Mapping[str, Any]
Side = dict[str, Any]


def shifts(before: Judged, now: Judged) -> list[dict[str, Any]]:
    """List what became of each claimed difference, in the order of the pages; what stayed alike is left out.

    Each has `change` (the word), notebook, id, group, `is_apart`, and for the two editions
    `before` and `now`: {record, row, is_claimed} or None where there is no such row.
    """
    old, new = _rows(before["records"]), _rows(now["records"])
    pairs: list[tuple[Side | None, Side | None]] = []
    left = list(old)
    for one in new:
        other = next((it for it in left if _is_same(it, one)), None)
        if other is not None:
            left.remove(other)
        pairs.append((other, one))
    pairs += [(other, None) for other in left]
    found = []
    for was, is_now in pairs:
        change, there = word(was, is_now), is_now or was
        if change is not None and there is not None:
            place = {name: there["record"][name] for name in ("notebook", "id")}
            apart = was is not None and is_now is not None and _apart(was["interval"], is_now["interval"])
            found.append(
                {"change": change, **place, "group": there["group"], "is_apart": apart, "before": was, "now": is_now}
            )
    return found


def word(before: Side | None, now: Side | None) -> str | None:
    """Give the word for what became of one difference; None where nothing can be said.

    >>> was, one = ({"is_claimed": True, "interval": ends} for ends in [(10.0, 30.0), (31.0, 50.0)])
    >>> word(was, one), word(one, was), word(was, {**one, "interval": (29.0, 50.0)}), word(None, one)
    ('stronger', 'weaker', None, 'new')
    """
    was, is_now = (side is not None and side["is_claimed"] for side in (before, now))
    if was != is_now:
        return "new" if is_now else "gone"
    if before is None or now is None or not was:
        return None
    old, new = before["interval"], now["interval"]
    if (old[0] > 0) != (new[0] > 0):
        return "reversed"
    if not _apart(old, new):
        return None
    return "stronger" if min(map(abs, new)) > max(map(abs, old)) else "weaker"


def questions(before: Judged, now: Judged) -> list[dict[str, Any]]:
    """List the questions whose verdict is another than before; `before` is None for one that is asked newly."""
    was = {question["text"]: question["verdict"] for question in before["questions"]}
    return [
        {"text": question["text"], "before": was.get(question["text"]), "now": question["verdict"]}
        for question in now["questions"]
        if was.get(question["text"]) != question["verdict"]
    ]


def _rows(records: Sequence[Mapping[str, Any]]) -> list[Side]:
    """The rows of all findings that compare, whether claimed or not."""
    found = []
    for record in records:
        if record["kind"] != "finding" or "p" not in record["columns"]:
            continue
        names = group_columns(record["columns"])
        claimed = {one["row"] for one in record.get("contrasts") or () if one["claimed"]}
        for at, cells in enumerate(record["rows"]):
            row = dict(zip(record["columns"], cells, strict=True))
            if row.get("low") is None or row.get("high") is None:
                continue  # hidden, or not enough data
            null = row.get("before") or 0.0
            group = {name: row[name] for name in names if name != "before"}
            interval = (row["low"] - null, row["high"] - null)
            is_claimed = at in claimed and (interval[0] > 0 or interval[1] < 0)
            found.append({"record": record, "row": at, "group": group, "interval": interval, "is_claimed": is_claimed})
    return found


def _is_same(one: Side, other: Side) -> bool:
    """Whether two rows speak of one thing: groups of the same names, and days that overlap."""
    if any(one["record"][name] != other["record"][name] for name in ("notebook", "id", "form")):
        return False
    mine, theirs = one["group"], other["group"]
    if set(mine) != set(theirs):
        return False
    if {"from_on", "until_on"} <= set(mine):
        if mine["from_on"] > theirs["until_on"] or theirs["from_on"] > mine["until_on"]:
            return False
        return all(mine[name] == theirs[name] for name in mine if not name.endswith("_on"))
    return bool(mine == theirs)


def _apart(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[1] < other[0] or other[1] < one[0]
