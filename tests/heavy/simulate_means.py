"""Means of the simulations: whether what is estimated is, on average, what is true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

__all__ = ["Mean", "table"]

_SURE = 2.576  # standard errors of a mean over repeats: one in a hundred lies beyond by chance


class Mean(NamedTuple):
    """The mean of an estimate over `repeats`, `error` its standard error, and the truth.

    It should lie `within` of the truth; where none is given, as near as its error lets it at 1 %. One that `is_wrong`
    shows a wrong way and must lie further off.
    """

    what: str
    setting: str
    truth: float
    mean: float
    error: float
    repeats: int
    within: float | None = None
    is_wrong: bool = False

    @classmethod
    def of(
        cls,
        what: str,
        setting: str,
        truth: float,
        found: Sequence[float],
        *,
        within: float | None = None,
        is_wrong: bool = False,
    ) -> Mean:
        """The mean of what was found."""
        error = float(np.std(found, ddof=1)) / len(found) ** 0.5
        return cls(what, setting, truth, float(np.mean(found)), error, len(found), within, is_wrong)

    @property
    def allowed(self) -> float:
        return _SURE * self.error if self.within is None else self.within

    @property
    def verdict(self) -> str:
        is_off = abs(self.mean - self.truth) > self.allowed
        if self.is_wrong:
            return "off, as the wrong way must be" if is_off else "**not off, though the wrong way must be**"
        return "**off**" if is_off else "as it should be"


def table(means: Sequence[Mean]) -> list[str]:
    """Write the lines of a table of means."""
    lines = ["| what | setting | repeats | truth | mean | may be off by | verdict |", "|---|---|--:|--:|--:|--:|---|"]
    for one in means:
        cells = [f"{one.truth:.3f}", f"{one.mean:.3f} ± {one.error:.3f}", f"{one.allowed:.3f}", one.verdict]
        lines.append(f"| {one.what} | {one.setting} | {one.repeats:,} | " + " | ".join(cells) + " |")
    return lines
