"""Questions: what was asked beforehand is answered by name, also where the answer is unwelcome.

A question counts as asked beforehand as long as nobody can have seen the answer: it is dated
within the period at the latest, and it stands as it stood before the data were first looked
at. One that came late, was changed or was added later is answered all the same and marked,
but its contrast belongs to what was found by looking. A question that is taken out of the
recipe is still told of. Why an answer is what it is stands here as a key with its figures; `show.words`
makes the sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from journeylib.judge import ledger
from journeylib.judge.expectation import sides

__all__ = [
    "AGAINST",
    "NOT_APPLICABLE",
    "SUPPORTED",
    "TOO_LITTLE",
    "answer",
    "place",
    "stand",
    "withdrawn",
]

SUPPORTED, AGAINST, TOO_LITTLE, NOT_APPLICABLE = "supported", "against", "not enough data", "not applicable"

_SAID = ("text", "measure", "by", "expect", "dated")

Record = Mapping[str, Any]
Question = Mapping[str, Any]


def stand(
    questions: Sequence[Question], earlier: Sequence[Question] | None, period: Mapping[str, str], last: str | None
) -> list[dict[str, Any]]:
    """Say how each question stands: its words, marks, and whether it `is_beforehand`.

    `earlier` are the questions as the edition before judged them (None: there is none), `last`
    the day up to which that edition looked; `period` has start and as_of, or nothing, and
    then no question is late. A mark is late, changed (with what it `was`) or added. Whoever
    changed a question had seen the data up to `last`: it counts as asked beforehand again in a
    period that starts later.

    >>> asked = {"text": "Longer?", "measure": "churn.survival", "by": "plan", "dated": "2026-07-02"}
    >>> [one] = stand([asked], None, {"start": "2026-01-01", "as_of": "2026-06-30"}, None)
    >>> one["marks"], one["is_beforehand"]
    ([{'mark': 'late', 'seen_until': '2026-06-30'}], False)
    """
    before = [dict(one) for one in earlier or ()]
    found: list[dict[str, Any]] = [
        {name: None if one.get(name) is None else str(one[name]) for name in _SAID} for one in questions
    ]
    same = [next((old for old in before if _words(old) == _words(one)), None) for one in found]
    left = [old for old in before if not any(old is one for one in same)]
    for one, old in zip(found, same, strict=True):
        marks: list[dict[str, Any]] = list(old.get("marks") or []) if old is not None else []
        if old is None and earlier is not None:
            was = next(
                (other for other in left if (other["measure"], other["by"]) == (one["measure"], one["by"])), None
            )
            marks.append({"mark": "added", "seen_until": last})
            if was is not None:
                left.remove(was)
                told = {name: was.get(name) for name in ("text", "expect", "dated")}
                marks = [{"mark": "changed", "seen_until": last, "was": told}]
        if period and (one["dated"] or "") > period["as_of"] and not any(mark["mark"] == "late" for mark in marks):
            marks.append({"mark": "late", "seen_until": period["as_of"]})
        if period:  # what is new since then was seen by nobody
            marks = [mark for mark in marks if mark["seen_until"] is None or mark["seen_until"] >= period["start"]]
        one["marks"] = marks
        one["is_beforehand"] = not marks
    return found


def withdrawn(found: Sequence[Question], earlier: Sequence[Question] | None) -> list[dict[str, Any]]:
    """The questions of the edition before that are no longer asked, and were not changed into others."""
    kept = {_words(one) for one in found}
    kept |= {_words({**one, **mark["was"]}) for one in found for mark in one["marks"] if mark["mark"] == "changed"}
    told = (*_SAID, "verdict")
    return [{name: one.get(name) for name in told} for one in earlier or () if _words(one) not in kept]


def place(question: Question, records: Sequence[Record]) -> tuple[int, int] | dict[str, Any]:
    """The (record, row) that a question asks for, or why there is none."""
    wanted = sides(question.get("expect"))
    if question.get("expect") and wanted is None:
        return {"why": "unreadable"}
    lacks: dict[str, Any] = {"why": "unmeasured"}
    for at, record in enumerate(records):
        context = record["context"]
        if record["kind"] != "finding" or "p" not in record["columns"] or context.get("measure") != question["measure"]:
            continue
        if question.get("by") != context.get("by"):
            continue
        if record["not_applicable"]:
            lacks = {"why": "not_applicable", "not_applicable": str(record["not_applicable"])}
            continue
        rows = [_row(record, number) for number in range(len(record["rows"]))]
        for number, row in enumerate(rows):
            pair = (_plain(row.get("group")), _plain(row.get("baseline")))
            if wanted is None or pair in (wanted[:2], wanted[1::-1]):
                return at, number
        compared = [[str(row["group"]), str(row["baseline"])] for row in rows if "group" in row]
        lacks = {"why": "not_compared", "compared": compared}
    return lacks


def answer(
    question: Question,
    where: Any,
    record: Record | None = None,
    shown: Record | None = None,
    contrast: ledger.Contrast | None = None,
    alone: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Answer a question: verdict, the record that says more, and why: the key of a sentence, and its figures.

    `where` is its place, or why there is none; `record` what was recorded there, `shown` the same
    as judged, `alone` the guards of its row only.
    """
    said = {**question, "record": None, "detectable": None, "unit": None}
    if record is None or shown is None:
        return {**said, **where, "verdict": NOT_APPLICABLE}
    row = _row(record, where[1])
    said["record"] = f"{record['notebook']}/{record['id']}"
    if contrast is None:
        return {**said, "verdict": TOO_LITTLE, **_lack(row, [*shown["guards"], *alone], alone)}
    about = next(one for one in shown["contrasts"] if one["row"] == where[1])
    said["detectable"] = about["detectable"]
    unit = record["context"].get("unit") or ("days" if record["form"] == "stay" else "share")
    said["unit"] = " ".join([unit, *filter(None, [record["context"].get("currency") if unit == "money" else None])])
    if not contrast.is_claimed:
        return {**said, "verdict": TOO_LITTLE, "why": "none_found"}
    wanted = sides(question.get("expect"))
    if wanted is None:
        return {**said, "verdict": SUPPORTED, "why": "found"}
    is_more = (row["estimate"] > ledger.null(row)) == (_plain(row["group"]) == wanted[0])
    if is_more == (wanted[2] == ">"):
        return {**said, "verdict": SUPPORTED, "why": "as_expected"}
    return {**said, "verdict": AGAINST, "why": "opposite"}


def _lack(
    row: Mapping[str, Any], guards: Sequence[Mapping[str, Any]], alone: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Why a contrast was not made: a guard refuses it, its row is hidden, or too little was observed."""
    unmet = [guard for guard in guards if guard["status"] == "refuse"]
    if not unmet and row["is_enough"] and row["low"] is not None:
        return {"why": "hidden"}
    unmet = unmet or [guard for guard in alone if guard["status"] != "ok"]
    if not unmet:
        return {"why": "too_little"}
    guard, needed = unmet[0], -(-unmet[0]["needed"] // 5) * 5  # exact, one in twenty would tell the size of a group
    told = {"guard": guard["guard"], "key": guard["key"], "remedy": guard["remedy"], "needed": needed}
    return {"why": "guard", "guard": told}


def _words(question: Question) -> tuple[Any, ...]:
    return tuple(question.get(name) for name in ("text", "measure", "by", "expect"))


def _row(record: Record, at: int) -> dict[str, Any]:
    return dict(zip(record["columns"], record["rows"][at], strict=True))


def _plain(group: Any) -> str:
    return str(group).strip().casefold()
