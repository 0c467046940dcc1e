"""Read what a segment is: the words of a recipe that say who belongs to which group.

    customers.plan                                   an attribute, as it stood then
    customers.signed_up_on by quarter                cohorts; customers.first_seen_on too; by month or year
    customers.revenue in 0, 50, 200                  bands of what was spent until then (within 90 days)
    customers.first_channel                          where it began; journeys.first_touchpoint
    journeys.first_reason                            the first reason that a journey's events give
    customers where touched "call" and not touched channel "store"
    journeys where contacts of "call", "chat" >= 3 within 30 days
    journeys where path "cart -> [^call]* -> order placed" within 7 days

A condition makes two groups, the segment's name and "not" it. Several, each with a name, are
groups of one segment that must not overlap: `[segments.mood]` with a line for each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from journeylib.errors import JourneyError, RecipeError
from journeylib.journeys import patterns

__all__ = ["PERIODS", "Attribute", "Bands", "Clause", "Cohort", "Definition", "First", "Where", "read"]

Definition = str | Mapping[str, str]

PERIODS = ("month", "quarter", "year")
_FIRST = ("first_channel", "first_touchpoint", "first_reason")
_COHORTS = ("signed_up_on", "first_seen_on")
_WITHIN = r"(?: within (?P<days>\d+(?:\.\d+)?) days?)?"
_NAME = r'(?:"[^"]+"|[^",\s]+)'
_NAMES = rf"(?P<names>{_NAME}(?:\s*,\s*{_NAME})*)"
_OF = r"(?P<of>channel |touchpoint )?"
_CLAUSES = {
    "touched": re.compile(rf"touched {_OF}{_NAMES}"),
    "contacts": re.compile(rf"contacts(?: of {_OF}{_NAMES})? >= (?P<least>[1-9]\d*){_WITHIN}"),
    "path": re.compile(rf'path (?:of (?P<of>channel|touchpoint)s )?"(?P<pattern>.+)"{_WITHIN}'),
}
_EXAMPLES = 'Write "customers.plan", "journeys.first_channel" or "customers where contacts >= 3 within 30 days".'


@dataclass(frozen=True)
class Attribute:
    """A group for each value of a customer's attribute."""

    name: str


@dataclass(frozen=True)
class Cohort:
    """A group for each month, quarter or year of a customer's `column`: signed_up_on or first_seen_on."""

    column: str
    period: str


@dataclass(frozen=True)
class Bands:
    """A group for each band of what a customer had spent, from its edge up to the next; in the currency's unit."""

    edges: tuple[float, ...]
    within_days: float | None


@dataclass(frozen=True)
class First:
    """A group for each channel, touchpoint or reason that came first, for a customer or in a journey."""

    is_of_journeys: bool
    column: str


@dataclass(frozen=True)
class Clause:
    """One condition: touched any of `names`, `least` contacts with them, or a path; `of` is what the names are."""

    kind: str
    is_not: bool = False
    of: str = "touchpoint"
    names: tuple[str, ...] = ()
    least: int = 1
    pattern: str = ""
    within_days: float | None = None


@dataclass(frozen=True)
class Where:
    """The customers, or the journeys, for whom all clauses hold."""

    is_of_journeys: bool
    clauses: tuple[Clause, ...]


def read(name: str, definition: str) -> Attribute | Cohort | Bands | First | Where:
    """Read the definition of the segment `name`.

    Raises RecipeError where it is not understood.

    >>> read("plan", "customers.plan")
    Attribute(name='plan')
    >>> read("loud", "journeys where contacts >= 3 within 30 days").clauses[0].least
    3
    """
    said = " ".join(definition.split()) if '"' not in definition else definition.strip()
    if where := re.fullmatch(r"(customers|journeys) where (.+)", said):
        return Where(where[1] == "journeys", tuple(_clause(name, one) for one in _split(where[2])))
    if cohort := re.fullmatch(r"customers\.(\w+) by (\w+)", said):
        if cohort[1] in _COHORTS and cohort[2] in PERIODS:
            return Cohort(cohort[1], cohort[2])
        raise _wrong(name, said, f"A cohort is customers.{_COHORTS[0]} or .{_COHORTS[1]}, by {', '.join(PERIODS)}.")
    if bands := re.fullmatch(rf"customers\.revenue in ([-\d., ]+?){_WITHIN}", said):
        return Bands(_edges(name, said, bands[1]), float(bands["days"]) if bands["days"] else None)
    if first := re.fullmatch(rf"(customers|journeys)\.({'|'.join(_FIRST)})", said):
        return First(first[1] == "journeys", first[2])
    if attribute := re.fullmatch(r"customers\.(\S+)", said):
        return Attribute(attribute[1])
    raise _wrong(name, said, _EXAMPLES)


def _clause(name: str, text: str) -> Clause:
    said = text.strip()
    is_not = said.startswith("not ")
    said = said.removeprefix("not ").strip()
    for kind, shape in _CLAUSES.items():
        found = shape.fullmatch(said)
        if found is None:
            continue
        told = found.groupdict()
        if told.get("pattern"):
            _understood(name, told["pattern"])
        return Clause(
            kind=kind,
            is_not=is_not,
            of=(told["of"] or "touchpoint").strip(),
            names=tuple(one.strip('"') for one in re.findall(_NAME, told.get("names") or "")),
            least=int(told.get("least") or 1),
            pattern=told.get("pattern") or "",
            within_days=float(told["days"]) if told.get("days") else None,
        )
    raise _wrong(
        name,
        said,
        'A condition is touched "call", contacts >= 3 within 30 days, or path "cart -> * -> order placed" within '
        '7 days; join several with "and", and turn one round with "not".',
    )


def _understood(name: str, pattern: str) -> None:
    try:
        patterns.parse(pattern)
    except JourneyError as error:
        raise RecipeError(f"segment {name}: {error}") from None


def _split(text: str) -> list[str]:
    """The conditions between "and"; not inside quotes."""
    return re.split(r' and (?=(?:[^"]*"[^"]*")*[^"]*$)', text)


def _edges(name: str, said: str, text: str) -> tuple[float, ...]:
    try:
        edges = tuple(float(one) for one in text.split(","))
    except ValueError:
        edges = ()
    if not edges or list(edges) != sorted(set(edges)):
        raise _wrong(name, said, "Write the edges of the bands in their order: customers.revenue in 0, 50, 200.")
    return edges


def _wrong(name: str, said: str, right: str) -> RecipeError:
    return RecipeError(f'segment {name} = "{said}" is not understood. {right}')
