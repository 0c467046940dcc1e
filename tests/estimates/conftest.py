"""Customers written row by row, and customers drawn, as the sums an engine would hand over."""

from __future__ import annotations

import numpy as np
import pytest

from journeylib.estimates import Sums


@pytest.fixture(scope="session")
def sums_of():
    """Sums from each customer's units and how many of them count."""

    def made(m, x):
        m, x = np.asarray(m, float), np.asarray(x, float)
        return Sums(len(m), m.sum(), x.sum(), (m * m).sum(), (x * m).sum(), (x * x).sum())

    return made


@pytest.fixture(scope="session")
def drawn(sums_of):
    """Customers with 1 to about 10 journeys each, and their own chance of success around p."""

    def made(draw, k, p, likeness):
        m = 1 + draw.negative_binomial(2, 2 / (2 + 2.8), k)
        chance = draw.beta(p * (1 / likeness - 1), (1 - p) * (1 / likeness - 1), k)
        return sums_of(m, draw.binomial(m, chance))

    return made
