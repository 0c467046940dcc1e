"""How long do customers stay, who leaves, and when?

`durations` says for every customer from which day to which day it was followed and
whether it left; every other function measures such a table.
"""

from journeylib.measures.churn.durations import causes, contractual, departures, durations, lapse, returned
from journeylib.measures.churn.survival import curve, left, median, sensitivity, stay, stay_inside

__all__ = [
    "causes",
    "contractual",
    "curve",
    "departures",
    "durations",
    "lapse",
    "left",
    "median",
    "returned",
    "sensitivity",
    "stay",
    "stay_inside",
]
