"""The data, rules and code on which the numbers of two editions can be measured again.

then       the older period on the data of now, by the journey rules of now
by_rules   the same by the journey rules of then
earlier    the same by the rules of then on the data of then, where the code changed
now        the newer period
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journeylib.journeys.definitions import Definition
from journeylib.journeys.segments import is_of_journeys
from journeylib.journeys.view import Store
from journeylib.judge import changes
from journeylib.measures import mix
from journeylib.publish import past
from journeylib.publish.remeasure import number, opened, units

if TYPE_CHECKING:
    from journeylib.publish.diff import Side

__all__ = ["Ground"]

Said = Mapping[str, Any]


@dataclass(frozen=True)
class Ground:
    """Where an older edition's numbers are measured again; `basis` gives a record's number on the data of then.

    It gives None where restated data and changed code cannot be told apart; `why` says the reason.
    """

    then: Store
    by_rules: Store
    now: Store
    basis: Callable[[Said], float | None]
    why: str
    past_snapshot: str | None
    about: Said

    @classmethod
    def of(cls, first: Side, second: Side, here: Path, store: Path, stack: contextlib.ExitStack) -> Ground:
        """Find the ground for two editions, the second made from the store at `here`."""
        a, b, old, new = first.about, second.about, first.store, second.store
        assert new is not None
        period = {"as_of": a["as_of"], "start": a["start"]}
        then = opened(here, **period, rules=new["rules"])
        by_rules = opened(here, **period, rules=(old or new)["rules"])
        why, snapshot = "", None
        basis: Callable[[Said], float | None] = _unknown
        if old is None and a["identity"]["data"] != b["identity"]["data"]:
            why = "unnamed"
        elif old and old["reading"] == new["reading"] and a["identity"]["code"] == b["identity"]["code"]:
            basis = _estimate
        elif old is None or _is_same(old, new):
            basis = partial(number, view=by_rules)
        elif old["reading"] != new["reading"]:
            why = "read otherwise"
        elif past.is_kept(store, old["snapshot"]):
            snapshot = old["snapshot"]
            there = stack.enter_context(past.as_of_snapshot(store, snapshot))
            basis = partial(number, view=opened(there, **period, rules=old["rules"]))
        else:
            why = f"code, {past.gone(store, old)}"
        return cls(
            then,
            by_rules,
            opened(here, as_of=b["as_of"], start=b["start"], rules=new["rules"]),
            basis,
            why,
            snapshot,
            b,
        )

    def part(self, was: Said, record: Said, *, level: float) -> dict[str, Any]:
        """Part the change from the exact record `was` to the exact `record` of the same number.

        The answer has old, new, by (the segment of mix and rate), why (a word for what hinders), the
        parts, their intervals and what `changes.split` counts.
        """
        old, new = _estimate(was), _estimate(record)
        assert old is not None
        assert new is not None
        said: dict[str, Any] = {
            "old": old,
            "new": new,
            "by": None,
            "why": None,
            "units": min(map(_units, (was, record))),
        }
        before, again = number(record, self.then), number(record, self.now)
        if before is None or again is None or not math.isclose(again, new, rel_tol=1e-9, abs_tol=1e-9):
            return {**said, "total": new - old, "why": "not measured"}
        on_old, on_new = self.basis(was), number(was, self.by_rules)
        segment = self._segment(str(record["notebook"]))
        rows = [units(record, view, segment) for view in (self.then, self.now)]
        split: dict[str, Any] = {}
        if rows[0] is not None and rows[1] is not None:
            split = mix.split(rows[0], rows[1], level=level)
            said["by"] = next(iter(segment))
        told = changes.parts(old, on_old_data=on_old, on_new_data=on_new, before=before, new=new, mix=split.get("mix"))
        kept = {name: split[name] for name in split if name not in ("before", "now", "mix", "rate")}
        if told["rate"] is not None and abs(told["rate"] - split["rate"]) > 1e-9:
            raise AssertionError(f"{record['id']}: its segments do not add up to it")
        return {**said, **told, **kept, "why": self.why if told["restated"] is None else None}

    def _segment(self, notebook: str) -> dict[str, Definition]:
        """The segment of a number's page, the recipe's first where it has none; not one known only in time."""
        segments: Mapping[str, Definition] = self.about.get("segments") or {}
        by = (self.about.get("parameters") or {}).get(notebook, {}).get("by") or next(iter(segments), "")
        return {by: segments[by]} if by in segments and not is_of_journeys(segments[by]) else {}


def _is_same(old: Said, new: Said) -> bool:
    """Whether the rows of a store are the same, or were read from the same files in another way."""
    return bool(
        old["content"] == new["content"] or (old["inputs"] == new["inputs"] and old["reading"] != new["reading"])
    )


def _units(record: Said) -> int:
    """What a record counts its ratio in; its customers where it says no more."""
    row = dict(zip(record["columns"], record["rows"][0], strict=True))
    return int(next((row[name] for name in ("journeys", "answers", "n") if row.get(name)), 0))


def _unknown(_: Said) -> None:
    return None


def _estimate(record: Said) -> float | None:
    value = dict(zip(record["columns"], record["rows"][0], strict=True)).get("estimate") if record["rows"] else None
    return None if value is None else float(value)
