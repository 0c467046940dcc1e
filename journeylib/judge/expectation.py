"""Expectations: which of two groups a question expects to have more; recipe and judge both read it here."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["sides"]


def sides(expected: Any) -> tuple[str, str, str] | None:
    """Read the two groups, in small letters, and the sign between them; None where that cannot be done.

    Blanks around the sign are free, but tell it from a sign within a group's name.

    >>> sides("Annual>monthly"), sides("<30 days > 30 days")
    (('annual', 'monthly', '>'), ('<30 days', '30 days', '>'))
    >>> sides("annual is better"), sides("a > b > c"), sides("annual >")
    (None, None, None)
    """
    for blanks in (r"\s+", r"\s*"):
        parts = re.split(rf"{blanks}([<>]){blanks}", str(expected or "").strip().casefold())
        if len(parts) == 3 and parts[0] and parts[2]:
            return parts[0], parts[2], parts[1]
    return None
