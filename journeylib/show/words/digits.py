"""Digits as a page's language writes them: the signs for thousands and decimals, and a real minus."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

from journeylib.show.language import later, say

__all__ = ["MINUS", "fixed", "rounded", "signs"]

MINUS = "\u2212"

# Translators: write this number with your signs for thousands and decimals.
_SAMPLE = later("1,234.5")


def fixed(value: float, decimals: int) -> str:
    """Write a number with so many decimals.

    >>> fixed(1234.5, 0), fixed(-0.25, 1)
    ('1,235', '−0.3')
    """
    near = rounded(value, decimals)
    thousands, point = signs()
    whole, _, fraction = f"{abs(near):,}".partition(".")
    shown = whole.replace(",", thousands) + (point + fraction if fraction else "")
    return MINUS + shown if near < 0 else shown


def rounded(value: float, decimals: int) -> Decimal:
    """Round as people do, a half up.

    >>> rounded(2.5, 0)
    Decimal('3')
    """
    return Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def signs() -> tuple[str, str]:
    """Give the signs for thousands and decimals; the English ones where the sample was lost in translation."""
    found = re.fullmatch("1(.*)234(.+)5", say(_SAMPLE))
    return (found[1], found[2]) if found else (",", ".")
