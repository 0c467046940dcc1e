"""Seeded chance: one stream of numbers for each batch and purpose.

A purpose that is removed, with a plant for instance, takes its own stream along
and leaves the numbers of all others as they were.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Dice", "Flags", "Floats", "Ints", "Texts"]

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Texts: TypeAlias = npt.NDArray[np.object_]


class Dice:
    """The streams of one batch of one world.

    >>> Dice(1, 0).roll("names").random() == Dice(1, 0).roll("names").random()
    True
    >>> Dice(1, 0).roll("names").random() == Dice(1, 0).roll("plans").random()
    False
    """

    def __init__(self, seed: int, batch: int) -> None:
        self.seed = seed
        self.batch = batch

    def roll(self, purpose: str) -> np.random.Generator:
        """Open the stream of a purpose, from its beginning."""
        return np.random.default_rng([self.seed, self.batch, zlib.crc32(purpose.encode())])

    def random(self, purpose: str, *shape: int) -> Floats:
        """Draw numbers from 0 up to 1."""
        return self.roll(purpose).random(shape)

    def between(self, purpose: str, low: float, high: float, *shape: int) -> Floats:
        """Draw numbers from `low` up to `high`."""
        return self.roll(purpose).uniform(low, high, shape)

    def choose(self, purpose: str, weights: Sequence[float] | Floats, *shape: int) -> Ints:
        """Draw positions 0, 1, … with chances in proportion to `weights`."""
        steps = np.cumsum(np.asarray(weights, dtype=float))
        found = np.searchsorted(steps / steps[-1], self.random(purpose, *shape), side="right")
        return np.minimum(found, len(steps) - 1).astype(np.int64)
