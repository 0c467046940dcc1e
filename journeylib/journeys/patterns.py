"""Find the journeys that follow a path pattern, such as `cart -> [^call]* -> order placed`.

Steps that are named follow each other directly. Between two of them may stand `*`, anything or
nothing, or `[^call|chat]*`, anything but these. `[call|chat]` is a step that is one of several.
A name that holds one of `->[]|*"` is written in quotes. A step may say how soon it comes after
the named one before: `cart -> * -> order placed within 2 days`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

import narwhals.stable.v2 as nw

from journeylib.errors import ParameterError

__all__ = ["Step", "followed", "parse"]

_JOURNEY = ["customer_id", "started_us"]
_US = timedelta(microseconds=1)
_WITHIN = re.compile(r"\s+within\s+(\d+(?:\.\d+)?)\s+(minute|hour|day)s?$")
_SHAPE = "Write names with -> between, as in `cart -> [^call]* -> order placed`."


@dataclass(frozen=True)
class Step:
    """One named step: `names` any of which it is, and what may lie between it and the step before.

    `is_next`: nothing may; else anything may but `without`. `within_us`: how soon after that step; None: whenever.
    """

    names: tuple[str, ...]
    is_next: bool = True
    without: tuple[str, ...] = ()
    within_us: int | None = None


def parse(pattern: str) -> list[Step]:
    """Read a pattern into its named steps.

    Raises ParameterError where it is not understood.

    >>> [step.names for step in parse("web visit -> [^call]* -> [chat|email] -> order placed")]
    [('web visit',), ('chat', 'email'), ('order placed',)]
    >>> parse("a -> [^b]* -> c within 2 days")[1].without
    ('b',)
    """
    steps: list[Step] = []
    gap: tuple[str, ...] | None = None
    for item in _items(pattern):
        names, kind, within_us = item
        if kind == "gap":
            if gap is not None or not steps:
                raise ParameterError(f"the pattern {pattern} has a gap that is not between two steps. {_SHAPE}")
            gap = names
        else:
            steps.append(Step(names, gap is None, gap or (), within_us))
            gap = None
    if gap is not None or not steps:
        raise ParameterError(f"the pattern {pattern or '(empty)'} does not end with a step. {_SHAPE}")
    if steps[0].within_us is not None:
        raise ParameterError(
            f"the pattern {pattern} says how soon its first step comes, but no step is before it. "
            "Say it of a later step."
        )
    return steps


def followed(
    steps: nw.LazyFrame, pattern: str, *, within_days: float | None = None, of: str = "touchpoint"
) -> nw.LazyFrame:
    """Keep the journeys that follow `pattern`: customer_id, started_us, and `followed_us`, when it was first complete.

    `of` is what the names are: "touchpoint" or "channel". Steps are taken in their order (occurred_us,
    event_id). Within `within_days` from its first named step to its last, exactly so long included.
    What has no touchpoint or channel is no name, and lies in any gap.
    """
    if of not in ("touchpoint", "channel"):
        raise ParameterError(f'of = "{of}" is not understood. Write "touchpoint" or "channel".')
    name, at = nw.col(of), nw.col("step")
    table = steps.select(*_JOURNEY, "step", "occurred_us", of)
    for number, step in enumerate(parse(pattern)):
        here = name.is_in(list(step.names)).fill_null(False)
        if number:
            # The latest match of the steps before is the best one: it lies nearest, and it began last.
            table = _carried(table, {"before": "at", "was_us": "end_us", "from_us": "from_us"})
            here &= ~nw.col("before").is_null()
            if step.is_next:
                here &= nw.col("before") == at - 1
            if step.without:
                barred = name.is_in(list(step.without)).fill_null(False)
                table = _carried(table.with_columns(barred=nw.when(barred).then(at)), {"barred": "barred"})
                here &= nw.col("barred").is_null() | (nw.col("barred") <= nw.col("before"))
            if step.within_us is not None:
                here &= nw.col("occurred_us") - nw.col("was_us") <= step.within_us
        since = nw.col("from_us") if number else nw.col("occurred_us")
        here = here.fill_null(False)
        matched = {"at": at, "end_us": nw.col("occurred_us"), "from_us": since}
        table = table.with_columns(**{column: nw.when(here).then(value) for column, value in matched.items()})
    found = table.filter(~nw.col("at").is_null())
    if within_days is not None:
        found = found.filter(nw.col("end_us") - nw.col("from_us") <= timedelta(days=within_days) // _US)
    return found.group_by(*_JOURNEY).agg(followed_us=nw.col("end_us").min())


def _carried(table: nw.LazyFrame, columns: dict[str, str]) -> nw.LazyFrame:
    """Carry each column's last value to the steps after it, under its new name."""
    kept = {
        into: nw.col(name).fill_null(strategy="forward").over(*_JOURNEY, order_by="step")
        for into, name in columns.items()
    }
    table = table.with_columns(**kept)
    return table.with_columns(**{into: nw.col(into).shift(1).over(*_JOURNEY, order_by="step") for into in columns})


def _items(pattern: str) -> list[tuple[tuple[str, ...], str, int | None]]:
    """The parts between arrows: names, "step" or "gap", and how soon."""
    found: list[tuple[tuple[str, ...], str, int | None]] = []
    for part in re.split(r'->(?=(?:[^"]*"[^"]*")*[^"]*$)', pattern):
        text, within_us, kind = part.strip(), None, "step"
        names: tuple[str, ...] = ()
        if said := _WITHIN.search(" " + text):
            unit = timedelta(**{f"{said[2]}s": float(said[1])})
            text, within_us = (" " + text)[: said.start()].strip(), unit // _US
        if text == "*":
            kind = "gap"
        elif text.startswith("[^") and text.endswith("]*"):
            names, kind = _names(pattern, text[2:-2]), "gap"
        elif text.startswith("[") and text.endswith("]"):
            names = _names(pattern, text[1:-1])
        else:
            names = _names(pattern, text)
            if len(names) > 1:
                raise ParameterError(f"the pattern {pattern}: write [{text}] for a step that is one of several.")
        if kind == "gap" and within_us is not None:
            raise ParameterError(f"the pattern {pattern}: a gap has no time of its own. Write it behind the next step.")
        found.append((names, kind, within_us))
    return found


def _names(pattern: str, text: str) -> tuple[str, ...]:
    names = []
    for one in re.split(r'\|(?=(?:[^"]*"[^"]*")*[^"]*$)', text):
        name = one.strip()
        is_quoted = len(name) > 2 and name[0] == name[-1] == '"'
        if not name or (not is_quoted and re.search(r'[\[\]*"]', name)):
            raise ParameterError(f"the pattern {pattern} is not understood at {name or 'an empty name'}. {_SHAPE}")
        names.append(name[1:-1] if is_quoted else name)
    return tuple(names)
