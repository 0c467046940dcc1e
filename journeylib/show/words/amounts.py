"""How much a number changed: its two values, the parts of the change and their intervals, as a page writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from journeylib.show.language import say
from journeylib.show.words.digits import MINUS
from journeylib.show.words.numbers import bare, between, count, percent, places, quantity
from journeylib.show.words.units import unit

__all__ = ["amount", "ends", "signed", "spread", "step", "worth"]

Change = Mapping[str, Any]


def worth(change: Change, which: str) -> str:
    """Write one of the two values; where they are not equal, with the digits that tell them apart.

    >>> worth({"form": "nps", "context": {}, "old": 30, "new": None}, "old")
    '30'
    """
    value, kind = change[which], unit(change)
    if value is None or kind != "share":
        return "–" if value is None else quantity(value, kind)
    both = [one for one in (change["old"], change["new"]) if one is not None]
    decimals = max(places(kind, one) for one in both)
    while decimals < 2 and len(set(both)) == 2 and percent(both[0], decimals) == percent(both[1], decimals):
        decimals += 1
    return percent(value, decimals)


def amount(change: Change, value: float) -> str:
    """Write the size of a difference with its unit: shares and scores differ in points.

    >>> amount({"form": "nps", "context": {}}, 4.0), amount({"form": "customers", "context": {}}, 12)
    ('4 points', '12')
    """
    kind, decimals = _kind(change), _places(change)
    if kind != "score":
        return quantity(value, kind, decimals)
    return quantity(value / 100, "points", 0 if decimals is None else decimals)


def signed(change: Change, part: str) -> str:
    """Write a part of a change with its sign; in words where it is nothing.

    >>> signed({"form": "nps", "context": {}, "mix": 4.0}, "mix"), signed({"mix": 0.0}, "mix")
    ('+4 points', 'none')
    """
    value = change[part]
    if not value:
        return say("about 0") if part in change.get("about_none", ()) else say("none")
    return ("+" if value > 0 else MINUS) + amount(change, abs(value))


def ends(change: Change, part: str) -> str:
    """Write the interval of a part without its unit; empty where it has none.

    >>> ends({"form": "nps", "context": {}, "mix_low": -2.0, "mix_high": 10.0}, "mix")
    '−2 to 10'
    """
    low, high = change.get(f"{part}_low"), change.get(f"{part}_high")
    if low is None or high is None:
        return ""
    shown = [bare(end, _kind(change), _places(change)) for end in (low, high)]
    return say("{low} to {high}", low=shown[0], high=shown[1])


def spread(change: Change, low: float, high: float) -> str:
    """Write two ends of a difference with their unit.

    >>> spread({"form": "customers", "context": {}}, 2, 10)
    '2–10'
    """
    return between(low, high, _kind(change), _places(change))


def step(change: Change) -> str:
    """Write what a change is rounded to.

    >>> step({"form": "customers", "context": {}, "step": 5})
    '5'
    """
    return amount(change, change["step"]) if _kind(change) in ("points", "score") else count(change["step"])


def _kind(change: Change) -> str:
    """The unit of a difference: shares differ in points, and so do scores."""
    return {"share": "points"}.get(unit(change), unit(change))


def _places(change: Change) -> int | None:
    """Decimals that the step of a shared page leaves; those of the interval where there is none."""
    if _kind(change) not in ("points", "score"):
        return None
    step = (change.get("step") or 0.0) * (100 if _kind(change) == "points" else 1)
    if step:
        return 0 if step >= 1 else 1
    ends = [change.get(f"rate_{end}") for end in ("low", "high")]
    return None if None in ends else places(_kind(change), change["rate"], *map(float, ends))  # type: ignore[arg-type]
