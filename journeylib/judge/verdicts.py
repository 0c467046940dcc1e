"""Verdicts: judge all that the notebooks of an edition recorded, once.

Order: what the audience may see, what the guards refuse, which contrasts are left, which
may be claimed at this look of the series, how wide their intervals are, verdicts. A contrast
that may not be shown is not made. Pure functions over dictionaries: the same records give the
same judgement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from journeylib.judge import checks, ledger, looks, questions
from journeylib.judge.disclosure import Past, chances, disclose, keys
from journeylib.judge.ledger import Contrast
from journeylib.judge.looks import ONCE, Look
from journeylib.judge.questions import AGAINST, NOT_APPLICABLE, SUPPORTED, TOO_LITTLE

__all__ = ["judge"]

Record = Mapping[str, Any]
_Guards = Sequence[Sequence[Mapping[str, Any]]]


def judge(
    records: Sequence[Record],
    *,
    questions: Sequence[Mapping[str, Any]] = (),
    audience: str = "shared",
    min_cell: int = 10,
    alpha: float = 0.05,
    period: Mapping[str, str] | None = None,
    look: Look = ONCE,
    earlier: Mapping[str, Any] | None = None,
    pasts: Mapping[str, Past] | None = None,
) -> dict[str, Any]:
    """Judge the records of an edition: claims, verdicts, guards, and what `audience` may see.

    Every record gains verdict, guards, hidden, kept (rows shown as the edition before showed them, with
    its day: they are not compared anew, and keep its verdict), and of the rows that are not hidden: claimed,
    adjusted_p (the least) and contrasts (row, p, adjusted_p, claimed, asked, `level`, the share
    of intervals like the one shown that may be wrong, and `detectable`: the difference that
    this much data would usually have shown). A finding that compares is *supported* where the
    edition claims one of its contrasts, else *not enough data*; where a question expects a
    direction it can be *against*.

    `period` (start, as_of) and `earlier`, the judgement of the edition before in its series,
    mark questions that came late or were changed; `look` says which of how many looks this is,
    `pasts` (by notebook/id, from `gate.compare`) what the gate must hide. What the next edition
    needs is in the answer: `looks`, `questions` and `period`. Where both families of the ledger
    have contrasts, each has half of alpha, so that an edition of nothing real claims anything
    with a chance of at most alpha.
    """
    if earlier is not None and not look.before:
        look = replace(look, before=earlier.get("looks") or {})
    asked, gone = _asked(questions, records, period, earlier)
    guards = [checks.check(record) for record in records]

    def seen(record: Record) -> dict[str, Any]:
        past = (pasts or {}).get(_name(record))
        return disclose(record, audience=audience, min_cell=min_cell, past=past)

    first = [seen(record) for record in records]
    across = checks.across([{**one, "rows": _anew(one)} for one in first])
    found = ledger.settle(*_contrasts(records, asked, guards, first, alpha), look)
    places = {(at, row): one for one in found for at, row in ((one.record, one.row), *one.again) if row is not None}
    judged = []
    for at, record in enumerate(records):
        own = {row: one for (other, row), one in places.items() if other == at}
        context = {name: value for name, value in record["context"].items() if name not in checks.INPUTS}
        told_of = [*checks.check(_fresh(record, first[at], min_cell)), *across[at]]
        shown = seen({**record, "context": context, "rows": _widened(record, own), "guards": told_of})
        told = [_contrast(shown, row, own[row], is_wide=_is_wide(own)) for row in sorted(own)]
        shown["contrasts"] = [*chances(told, audience=audience), *_again(shown, (pasts or {}).get(_name(record)))]
        shown["claimed"] = any(one["claimed"] for one in shown["contrasts"])
        shown["adjusted_p"] = min((one["adjusted_p"] for one in shown["contrasts"]), default=None)
        shown["verdict"] = _verdict(shown)
        judged.append(shown)
    answered = [_answer(question, place, records, judged, places) for question, place in asked]
    for one in answered:
        if one["verdict"] in (SUPPORTED, AGAINST):
            next(shown for shown in judged if _name(shown) == one["record"])["verdict"] = one["verdict"]
    tested = {one.key: one.error for one in found if not one.is_search and one.error > 0}
    return {
        "audience": audience,
        "min_cell": min_cell,
        "period": dict(period or {}),
        "records": judged,
        "questions": answered,
        "withdrawn": gone,
        "ledger": {**ledger.book(found, records, alpha, look), "kept": _kept(judged)},
        "looks": looks.after(look, tested),
    }


def _name(record: Record) -> str:
    return f"{record['notebook']}/{record['id']}"


def _asked(
    asked: Sequence[Mapping[str, Any]],
    records: Sequence[Record],
    period: Mapping[str, str] | None,
    earlier: Mapping[str, Any] | None,
) -> tuple[list[tuple[dict[str, Any], Any]], list[dict[str, Any]]]:
    """Each question as it stands, with its place; and those that are no longer asked."""
    before = None if earlier is None else earlier.get("questions") or []
    last = ((earlier or {}).get("period") or {}).get("as_of")
    stands = questions.stand(asked, before, period or {}, last)
    gone = [*questions.withdrawn(stands, before), *((earlier or {}).get("withdrawn") or [])]
    return [(one, questions.place(one, records)) for one in stands], gone


def _contrasts(
    records: Sequence[Record],
    asked: Sequence[tuple[Mapping[str, Any], Any]],
    guards: _Guards,
    shown: Sequence[Record],
    alpha: float,
) -> tuple[list[Contrast], float]:
    """The contrasts that may be shown anew and that no guard refuses, and the alpha of each family."""
    left_out: set[tuple[int, int]] = set()
    for at, record in enumerate(records):
        is_refused = any(guard["status"] == "refuse" for guard in guards[at])
        left_out |= {(at, row) for row in (range(len(record["rows"])) if is_refused else _unseen(shown[at]))}
    beforehand = [place for question, place in asked if question["is_beforehand"] and isinstance(place, tuple)]
    found = ledger.contrasts(records, beforehand, left_out=left_out)
    return found, alpha / (len({one.is_asked for one in found}) or 1)


def _answer(
    question: Mapping[str, Any],
    place: Any,
    records: Sequence[Record],
    judged: Sequence[Record],
    places: Mapping[Any, Contrast],
) -> dict[str, Any]:
    if not isinstance(place, tuple):
        return questions.answer(question, place)
    at, row = place
    days = {one["row"]: one["as_of"] for one in judged[at]["kept"]}
    if row in days:
        was = next((one for one in judged[at]["contrasts"] if one["row"] == row), None)
        then = was and Contrast(at, row, was["p"], was["asked"], is_claimed=was["claimed"])
        return {**questions.answer(question, place, judged[at], judged[at], then), "as_of": days[row]}
    alone = checks.check({**records[at], "rows": [records[at]["rows"][row]]})
    return questions.answer(question, place, records[at], judged[at], places.get(place), alone)


def _row(record: Record, at: int) -> dict[str, Any]:
    return dict(zip(record["columns"], record["rows"][at], strict=True))


def _unseen(shown: Record) -> set[int]:
    """The rows that are hidden, or shown as the edition before showed them."""
    return {*shown["hidden"], *(one["row"] for one in shown["kept"])}


def _anew(shown: Record) -> list[Any]:
    """The rows of a record as an audience sees them, without those that are hidden or kept."""
    unseen = _unseen(shown)
    return [cells for at, cells in enumerate(shown["rows"]) if at not in unseen]


def _fresh(record: Record, shown: Record, min_cell: int) -> Record:
    """A record without the rows of which no number of now may be told; that a hidden one is small may be."""
    unseen = _unseen(shown)
    if not unseen:
        return record
    named, n = keys(shown), record["columns"].index("n")
    gone, hidden = {named[at] for at in unseen}, {named[at] for at in shown["hidden"]}
    rows = [
        cells
        for key, cells in zip(keys(record), record["rows"], strict=True)
        if key not in gone or (key in hidden and 0 < (cells[n] or 0) < min_cell)
    ]
    return {**record, "rows": rows}


def _again(shown: Record, past: Past | None) -> list[dict[str, Any]]:
    """The contrasts of rows that are shown as the edition before showed them: they are not made anew."""
    if past is None:
        return []
    named = keys(shown)
    kept = [(one["row"], past.again[named[one["row"]]]) for one in shown["kept"]]
    return [{**again.contrast, "row": row, "as_of": again.as_of} for row, again in kept if again.contrast is not None]


def _kept(judged: Sequence[Record]) -> int:
    """How many contrasts are shown as the edition before made them."""
    findings = [record for record in judged if record["kind"] == "finding"]
    return sum("as_of" in one for record in findings for one in record["contrasts"])


def _verdict(shown: Record) -> str | None:
    if shown["not_applicable"]:
        return NOT_APPLICABLE
    if shown["kind"] not in ("finding", "number") or not shown["rows"]:
        return None
    if shown["claimed"]:
        return SUPPORTED
    is_enough = "is_enough" not in shown["columns"] or any(
        _row(shown, at)["is_enough"] for at in range(len(shown["rows"]))
    )
    compares = shown["kind"] == "finding" and "p" in shown["columns"]
    return TOO_LITTLE if compares or not is_enough else None


def _contrast(shown: Record, row: int, one: Contrast, *, is_wide: bool) -> dict[str, Any]:
    level = float(f"{one.level if is_wide else 0.05:.2g}")
    return {
        "row": row,
        "p": one.p,
        "adjusted_p": one.adjusted_p,
        "claimed": one.is_claimed,
        "asked": one.is_asked,
        "level": level,
        "detectable": ledger.detectable(_row(shown, row), level, one),
    }


def _is_wide(own: Mapping[int, Contrast]) -> bool:
    """Whether intervals are read at the level of claims: where one is claimed, or would seem so at 95 %."""
    return any(one.is_claimed or one.agreed < 0.05 for one in own.values())


def _widened(record: Record, own: Mapping[int, Contrast]) -> list[list[Any]]:
    """Rows of contrasts at the level of their family's claims, all of a record alike.

    So whiskers that stand side by side mean the same, and leave out no difference where, and
    only where, one is claimed.
    """
    rows = [list(cells) for cells in record["rows"]]
    if not _is_wide(own):
        return rows
    for at, one in own.items():
        wider = ledger.widen(_row(record, at), one.level)
        if "before" in wider:  # shares
            wider |= {"low": max(0.0, wider["low"]), "high": min(1.0, wider["high"])}
        rows[at] = list(wider.values())
    return rows
