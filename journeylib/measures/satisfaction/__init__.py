"""How satisfied are customers who answered, of what do their answers speak, and who did not answer?

Who answers is not a random choice; a score speaks of those who did. `scores` measures the Net
Promoter Score, the satisfied share and the effort, `places` parts them by week and by what came
before, `response` counts the silent, and `reweighted` says what the score would be with them.
"""

from journeylib.measures.satisfaction.places import by_touchpoint, by_week, speaks_of
from journeylib.measures.satisfaction.response import response, response_units
from journeylib.measures.satisfaction.reweighted import reweighted
from journeylib.measures.satisfaction.scores import (
    CES_FACTOR,
    ces,
    ces_units,
    csat,
    csat_units,
    marked,
    nps,
    nps_units,
)

__all__ = [
    "CES_FACTOR",
    "by_touchpoint",
    "by_week",
    "ces",
    "ces_units",
    "csat",
    "csat_units",
    "marked",
    "nps",
    "nps_units",
    "response",
    "response_units",
    "reweighted",
    "speaks_of",
]
