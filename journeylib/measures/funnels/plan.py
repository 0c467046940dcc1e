"""What a funnel is: its steps, in which order and time they count, and what is counted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from journeylib.days import DAY_US
from journeylib.errors import ParameterError
from journeylib.schema import RESULT

__all__ = ["EXTRA", "Block", "Plan", "plan"]

# What a funnel's answer holds beside `schema.RESULT`.
EXTRA = ["unit", "customers", "entered", "went_on", "lost", "open", "dropped"]
EXTRA += ["conversion", "conversion_low", "conversion_high", "wait_hours", "wait_low", "wait_high"]

_ORDERS = ("ordered", "any", "strict")
_UNITS = ("customers", "journeys", "entries")


@dataclass(frozen=True)
class Block:
    """One step, or several in any order, that come after what is before them; `first` is the number of the first."""

    first: int
    touchpoints: tuple[str, ...]
    is_strict: bool

    @property
    def numbers(self) -> range:
        """The numbers of its steps, counted from 1."""
        return range(self.first, self.first + len(self.touchpoints))


@dataclass(frozen=True)
class Plan:
    """A funnel that can be followed; made by `plan`."""

    steps: tuple[str, ...]
    blocks: tuple[Block, ...]
    within_us: int
    step_within_us: tuple[int | None, ...]  # of each step, the first apart: since the step before
    reentry: str
    exclude: tuple[str, ...]
    excluded: str
    same: str | None
    unit: str
    by: tuple[str, ...]
    start_us: int | None
    ends_us: int

    @property
    def scope(self) -> list[str]:
        """The columns that name a unit within which a funnel is looked for."""
        return ["customer_id", "started_us"] if self.unit == "journeys" else ["customer_id"]

    @property
    def is_dropping(self) -> bool:
        """Whether an excluded touchpoint on the way leaves the unit out."""
        return bool(self.exclude) and self.excluded == "drop"

    @property
    def is_late(self) -> bool:
        """Whether which entries count is known only when their windows have closed."""
        return self.is_dropping or self.reentry == "furthest"

    @property
    def labels(self) -> list[str]:
        """What each step is called; steps in any order share one name."""
        return [" / ".join(dict.fromkeys(block.touchpoints)) for block in self.blocks for _ in block.numbers]


def plan(
    columns: Sequence[str],
    steps: Sequence[str],
    *,
    within_days: float,
    ends_us: int,
    start_us: int | None = None,
    order: str | Sequence[str] = "ordered",
    step_within_days: float | Sequence[float | None] | None = None,
    reentry: str = "first",
    exclude: Sequence[str] = (),
    excluded: str = "drop",
    same: str | None = None,
    unit: str = "customers",
    by: Sequence[str] = (),
) -> Plan:
    """Check the parameters of a funnel over a table with `columns`; the parameters are those of `funnel`.

    Raises ParameterError where they cannot be followed.

    >>> plan(["customer_id"], ["visit", "cart"], within_days=1, ends_us=0, exclude=["cart"])
    Traceback (most recent call last):
    journeylib.errors.ParameterError: exclude names cart, which is a step too. Leave it out of one of the two.
    """
    names = _texts("steps", steps)
    if len(names) < 2:
        raise ParameterError(f"steps = {names} is no funnel. Name two touchpoints or more, in the order of the funnel.")
    away = _texts("exclude", exclude)
    both = [name for name in away if name in names]
    if both:
        raise ParameterError(f"exclude names {both[0]}, which is a step too. Leave it out of one of the two.")
    for name, given, known in (
        ("reentry", reentry, ("first", "furthest")),
        ("excluded", excluded, ("drop", "until")),
        ("unit", unit, _UNITS),
    ):
        if given not in known:
            raise ParameterError(f'{name} = "{given}" is not understood. Write {_either(known)}.')
    if unit == "entries" and reentry == "furthest":
        raise ParameterError(
            'reentry = "furthest" picks one entry, but unit = "entries" counts every one. '
            'Leave reentry out, or count "customers" or "journeys".'
        )
    groups = _texts("by", by)
    reserved = {"step", "touchpoint", *RESULT, *EXTRA}
    for name in [*groups, *([same] if same is not None else []), *(["started_us"] if unit == "journeys" else [])]:
        if name not in columns:
            remedy = "Pass the steps of journeys (Store.steps)." if name == "started_us" else "Name one of these."
            raise ParameterError(f"the table lacks {name}; it has {', '.join(columns)}. {remedy}")
    for name in groups:
        if name in reserved:
            raise ParameterError(f"by = {name} is a name that the answer needs itself. Give the column another name.")
    return Plan(
        steps=tuple(names),
        blocks=_blocks(names, order),
        within_us=_us("within_days", within_days),
        step_within_us=_step_windows(len(names), step_within_days),
        reentry=reentry,
        exclude=tuple(away),
        excluded=excluded,
        same=same,
        unit=unit,
        by=tuple(groups),
        start_us=start_us,
        ends_us=ends_us,
    )


def _blocks(steps: Sequence[str], order: str | Sequence[str]) -> tuple[Block, ...]:
    orders = ["ordered", *[order] * (len(steps) - 1)] if isinstance(order, str) else list(order)
    if order == "any":
        orders = ["any"] * len(steps)
    unknown = [name for name in orders if name not in _ORDERS]
    if unknown:
        raise ParameterError(f'order = "{unknown[0]}" is not understood. Write {_either(_ORDERS)} for each step.')
    if len(orders) != len(steps):
        raise ParameterError(f"order has {len(orders)} entries for {len(steps)} steps. Give one, or one for each step.")
    if orders[0] == "strict":
        raise ParameterError('order = "strict" on the first step means nothing: no step is before it. Write "ordered".')
    blocks: list[Block] = []
    first = 1
    for kind, members in groupby(enumerate(orders), key=lambda one: one[1] if one[1] == "any" else one):
        places = [at for at, _ in members]
        if kind == "any" and len(places) == 1:
            raise ParameterError(
                f'order = "any" on step {first} alone changes nothing: it has no neighbour to change places with. '
                'Write "any" on two or more steps beside each other.'
            )
        blocks.append(Block(first, tuple(steps[at] for at in places), orders[places[0]] == "strict"))
        first += len(places)
    return tuple(blocks)


def _step_windows(steps: int, given: float | Sequence[float | None] | None) -> tuple[int | None, ...]:
    each = [given] * (steps - 1) if given is None or isinstance(given, int | float) else list(given)
    if len(each) != steps - 1:
        raise ParameterError(
            f"step_within_days has {len(each)} entries for {steps} steps. "
            f"Give one number, or {steps - 1}: one for each step but the first, None where a step has no window."
        )
    return tuple(None if days is None else _us("step_within_days", days) for days in each)


def _us(name: str, days: float) -> int:
    if isinstance(days, bool) or not isinstance(days, int | float) or not 0 < days <= 36_525:  # NaN too
        raise ParameterError(f"{name} = {days} is no window. Give a number of days above 0, up to a hundred years.")
    return max(1, math.floor(days * DAY_US + 0.5))


def _texts(name: str, given: Sequence[str]) -> list[str]:
    if isinstance(given, str) or not all(isinstance(one, str) for one in given):
        raise ParameterError(f"{name} = {given!r} is not a list of names. Write [{'…'!r}], with the names in it.")
    return list(given)


def _either(known: Sequence[str]) -> str:
    *most, last = [f'"{name}"' for name in known]
    return f"{', '.join(most)} or {last}"
