"""What is known of customers beside their segments, in words: what happened to them, its levels, why a ratio lacks."""

from __future__ import annotations

from typing import Any

from journeylib.show.language import Phrases, later, say
from journeylib.show.words.measures import segment
from journeylib.show.words.names import name

__all__ = ["LEVELS", "NOTES", "REASONS", "is_own", "level", "reason"]

# Why a level has no ratio.
NOTES = Phrases(
    {
        "constant": later("all are alike"),
        "collinear": later("told by the rows above"),
        "infinite": later("tells apart perfectly who leaves first"),
        "nought": later("tells apart perfectly who leaves last"),
        "nobody left": later("nobody left"),
        "unit": later("beyond numbers"),
        "others too": later("with the histories of other customers it seems so too"),
        "part of leaving": later("rather how customers leave than what comes before it"),
    }
)


# What the package itself asks of customers; any other covariate is a segment of the recipe.
REASONS = Phrases(
    {
        "tenure": later("time as a customer"),
        "last_active": later("last active"),
        "contacts_30_days": later("contacts in the last 30 days"),
        "bounces_90_days": later("back and forth between channels in the last 90 days"),
        "last_score": later("last score"),
        "bounces": later("back and forth between channels"),
        "complaint": later("complaint"),
        "nothing stands out": later("nothing stands out"),
    }
)

LEVELS = Phrases(
    {
        "under 90 days": later("under 90 days"),
        "90 to 365 days": later("90 to 365 days"),
        "over 365 days": later("over 365 days"),
        "up to 7 days": later("up to 7 days"),
        "8 to 30 days": later("8 to 30 days"),
        "31 to 60 days": later("31 to 60 days"),
        "over 60 days": later("over 60 days"),
        "none": later("none"),
        "under 3": later("under 3"),
        "3 or more": later("3 or more"),
        "1 or more": later("1 or more"),
        "no answer": later("no answer"),
        "0 to 6": later("0 to 6"),
        "7 to 8": later("7 to 8"),
        "9 to 10": later("9 to 10"),
        "1 to 3": later("1 to 3"),
        "4 to 5": later("4 to 5"),
        "open": later("open"),
        "none open": later("none open"),
    }
)


def is_own(covariate: Any) -> bool:
    """Tell whether a covariate is what the package itself asks, not a segment."""
    return str(covariate) in REASONS


def reason(covariate: Any) -> str:
    """Name a covariate.

    >>> reason("contacts_30_days"), reason("first_talk").replace("\\u2068", "").replace("\\u2069", "")
    ('contacts in the last 30 days', 'first talk')
    """
    return REASONS.get(str(covariate)) or segment(covariate)


def level(covariate: Any, value: Any) -> str:
    """Name a level with its covariate.

    >>> level("complaint", "open")
    'complaint: open'
    """
    told = LEVELS.get(str(value)) if is_own(covariate) else None
    return say("{by}: {group}", by=reason(covariate), group=told or name(value))
