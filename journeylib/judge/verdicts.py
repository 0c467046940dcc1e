"""Verdicts: judge all that the notebooks of an edition recorded, once.

Order: which contrasts are there, which may be claimed, how wide the intervals of claims
are, guards, verdicts, and last what the audience may see. Pure functions over
dictionaries: the same records give the same judgement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from journeylib.estimates import Z
from journeylib.judge import guards, ledger
from journeylib.judge.disclosure import disclose
from journeylib.judge.expectation import sides

__all__ = ["judge"]

_SUPPORTED, _AGAINST, _TOO_LITTLE, _NOT_APPLICABLE = "supported", "against", "not enough data", "not applicable"

Record = Mapping[str, Any]


def judge(
    records: Sequence[Record],
    *,
    questions: Sequence[Mapping[str, Any]] = (),
    audience: str = "shared",
    min_cell: int = 10,
    alpha: float = 0.05,
) -> dict[str, Any]:
    """Judge the records of an edition: claims, verdicts, guards, and what `audience` may see.

    Every record gains verdict, guards, hidden, and of the rows that are not hidden: claimed,
    adjusted_p (the least) and contrasts (row, p, adjusted_p, claimed, asked, and `detectable`:
    the difference that this much data would usually have shown). A finding that compares is *supported*
    where the edition claims one of its contrasts, else *not enough data*; where a question
    expects a direction it can be *against*. Repeated editions share one alpha among their
    planned looks: pass the share.
    """
    asked = [_asked(question, records) for question in questions]
    found = ledger.settle(ledger.contrasts(records, [place for place in asked if isinstance(place, tuple)]), alpha)
    by_record: dict[int, list[ledger.Contrast]] = {}
    for one in found:
        by_record.setdefault(one.record, []).append(one)

    answered = [_answer(question, place, records, by_record) for question, place in zip(questions, asked, strict=True)]
    against = {one["record"]: one["verdict"] for one in answered if one["verdict"] in (_SUPPORTED, _AGAINST)}
    judged = []
    for at, record in enumerate(records):
        own = by_record.get(at, [])
        verdict = against.get(_name(record)) or _verdict(record, own)
        about = {"verdict": verdict, "guards": guards.check(record)}
        seen = disclose({**record, "rows": _widened(record, own), **about}, audience=audience, min_cell=min_cell)
        visible = [one for one in own if one.row not in seen["hidden"]]
        seen["claimed"] = any(one.is_claimed for one in visible)
        seen["adjusted_p"] = min((one.adjusted_p for one in visible), default=None)
        seen["contrasts"] = [_contrast(record, one) for one in visible]
        judged.append(seen)
    claims = sum(one.is_claimed for one in found)
    book = {"comparisons": len(found), "claimed": claims, "alpha": alpha, "method": ledger.METHOD}
    return {"audience": audience, "min_cell": min_cell, "records": judged, "questions": answered, "ledger": book}


def _name(record: Record) -> str:
    return f"{record['notebook']}/{record['id']}"


def _row(record: Record, at: int) -> dict[str, Any]:
    return dict(zip(record["columns"], record["rows"][at], strict=True))


def _asked(question: Mapping[str, Any], records: Sequence[Record]) -> tuple[int, int] | str:
    """The (record, row) that a question asks for, or why there is none."""
    wanted = sides(question.get("expect"))
    if question.get("expect") and wanted is None:
        return f'its expectation "{question["expect"]}" cannot be read; write "annual > monthly"'
    reason = "no finding of this edition measures it"
    for at, record in enumerate(records):
        context = record["context"]
        if record["kind"] != "finding" or "p" not in record["columns"] or context.get("measure") != question["measure"]:
            continue
        if question.get("by") != context.get("by"):
            continue
        if record["not_applicable"]:
            reason = str(record["not_applicable"])
            continue
        for number in range(len(record["rows"])):
            row = _row(record, number)
            pair = (_plain(row.get("group")), _plain(row.get("baseline")))
            if wanted is None or pair in (wanted[:2], wanted[1::-1]):
                return at, number
        compared = "; ".join(
            f"{_row(record, n)['group']} with {_row(record, n)['baseline']}" for n in range(len(record["rows"]))
        )
        reason = f"the edition compares {compared or 'nothing'}, not these two"
    return reason


def _answer(
    question: Mapping[str, Any],
    place: tuple[int, int] | str,
    records: Sequence[Record],
    by_record: Mapping[int, Sequence[ledger.Contrast]],
) -> dict[str, Any]:
    said = {name: question.get(name) for name in ("text", "measure", "by", "expect", "dated")}
    said = {name: None if value is None else str(value) for name, value in said.items()}
    if isinstance(place, str):
        return {**said, "verdict": _NOT_APPLICABLE, "record": None, "reason": place, "detectable": None}
    at, number = place
    record, row = records[at], _row(records[at], number)
    said["record"] = _name(record)
    contrast = next((one for one in by_record.get(at, []) if one.row == number), None)
    if contrast is None:
        alone = {**record, "rows": [record["rows"][number]]}
        lacks = [guard for guard in guards.check(alone) if guard["status"] != "ok"]
        reason = f"it needs {lacks[0]['needed']} {lacks[0]['guard']}" if lacks else "too little was observed to compare"
        return {**said, "verdict": _TOO_LITTLE, "reason": reason, "detectable": None}
    detectable = _detectable(row)
    if not contrast.is_claimed:
        shows = _amount(detectable, record)
        reason = (
            f"no difference found; one of {shows} or more would usually have shown" if shows else "no difference found"
        )
        return {**said, "verdict": _TOO_LITTLE, "reason": reason, "detectable": detectable}
    wanted = sides(question.get("expect"))
    is_expected = True
    if wanted:
        is_first = _plain(row["group"]) == wanted[0]
        is_more = (row["estimate"] > 0) == is_first
        is_expected = is_more == (wanted[2] == ">")
    reason = (
        "a difference was found"
        if wanted is None
        else "as expected"
        if is_expected
        else "the opposite of what was expected"
    )
    return {**said, "verdict": _SUPPORTED if is_expected else _AGAINST, "reason": reason, "detectable": detectable}


def _verdict(record: Record, own: Sequence[ledger.Contrast]) -> str | None:
    if record["not_applicable"]:
        return _NOT_APPLICABLE
    if record["kind"] not in ("finding", "number") or not record["rows"]:
        return None
    if any(one.is_claimed for one in own):
        return _SUPPORTED
    is_enough = "is_enough" not in record["columns"] or any(
        _row(record, at)["is_enough"] for at in range(len(record["rows"]))
    )
    compares = record["kind"] == "finding" and "p" in record["columns"]
    return _TOO_LITTLE if compares or not is_enough else None


def _contrast(record: Record, one: ledger.Contrast) -> dict[str, Any]:
    return {
        "row": one.row,
        "p": one.p,
        "adjusted_p": one.adjusted_p,
        "claimed": one.is_claimed,
        "asked": one.is_asked,
        "detectable": _detectable(_row(record, one.row)),
    }


def _widened(record: Record, own: Sequence[ledger.Contrast]) -> list[list[Any]]:
    """Rows of differences at the level of their family's claims, all of a record alike.

    So whiskers that stand side by side mean the same, and leave out 0 where it is claimed.
    """
    rows = [list(cells) for cells in record["rows"]]
    if "baseline" in record["columns"] and any(one.is_claimed for one in own):
        for one in own:
            rows[one.row] = list(ledger.widen(_row(record, one.row), one.level).values())
    return rows


def _detectable(row: Mapping[str, Any]) -> float | None:
    """The difference that would usually have shown: 2.8 standard errors, to two digits."""
    if row.get("low") is None or row.get("high") is None or "baseline" not in row:
        return None
    return float(f"{(row['high'] - row['low']) / (2 * Z) * ledger.POWER:.2g}")


def _amount(value: float | None, record: Record) -> str:
    if value is None:
        return ""
    unit = record["context"].get("unit") or ("days" if record["form"] == "stay" else "share")
    return f"{100 * value:.2g} points" if unit == "share" else f"{value:g} {unit}"


def _plain(group: Any) -> str:
    return str(group).strip().casefold()
