"""A path pattern in words, for whoever reads no arrows."""

from __future__ import annotations

from typing import Any

from journeylib.errors import ParameterError
from journeylib.journeys import patterns
from journeylib.journeys.patterns import Step
from journeylib.show.language import say
from journeylib.show.words.names import listed, name
from journeylib.show.words.numbers import wait

__all__ = ["path"]

_HOUR_US = 3_600_000_000


def path(pattern: Any) -> str:
    """Say a path pattern; one that cannot be read stays as it is written.

    >>> path("a -> [^b]* -> c within 2 days").replace("\\u2068", "").replace("\\u2069", "")
    '“a → … (no b) → c within 2 days”'
    >>> path("a -> [b|c]").replace("\\u2068", "").replace("\\u2069", "")
    '“a → b or c”'
    """
    try:
        first, *others = patterns.parse(str(pattern))
    except ParameterError:
        return say("“{path}”", path=name(pattern))
    said = _any(first.names)
    for step in others:
        said = _then(said, step)
    return say("“{path}”", path=said)


def _then(said: str, step: Step) -> str:
    told = {"path": said, "step": _any(step.names)}
    if step.within_us is not None:
        told["step"] = say("{step} within {time}", step=told["step"], time=wait(step.within_us / _HOUR_US))
    if step.is_next:
        return say("{path} → {step}", **told)
    if step.without:
        return say("{path} → … (no {others}) → {step}", others=_any(step.without), **told)
    return say("{path} → … → {step}", **told)


def _any(names: tuple[str, ...]) -> str:
    return listed([name(one) for one in names], "or")
