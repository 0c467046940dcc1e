"""A value with its n and its interval, in one place: share, mean, rate, NPS, quantile; difference, change, ratio.

The unit is the customer. Journeys, contacts and scores of one customer are not
independent, so below customer level every interval is clustered by customer. Six sums
an engine can make are enough for that: the customers, and over customers with m units
of which x count, Σm, Σx, Σm², Σxm and Σx² (`sums`). One value and its interval is made
in `single`, two of them are compared in `compare`.
"""

from __future__ import annotations

from journeylib.estimates.compare import change, difference, ratio
from journeylib.estimates.single import ENOUGH, Estimate, Z, mean, nps, quantile, rate, share, value_at
from journeylib.estimates.sums import Periods, Sums, category_sums, cluster_sums, period_sums, plain_sums

__all__ = [
    "ENOUGH",
    "Estimate",
    "Periods",
    "Sums",
    "Z",
    "category_sums",
    "change",
    "cluster_sums",
    "difference",
    "mean",
    "nps",
    "period_sums",
    "plain_sums",
    "quantile",
    "rate",
    "ratio",
    "share",
    "value_at",
]
