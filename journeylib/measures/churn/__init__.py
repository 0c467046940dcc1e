"""How long do customers stay, who leaves, and when?

`durations` says for every customer from which day to which day it was followed and
whether it left; every other function measures such a table.
"""

from journeylib.measures.churn.circumstances import circumstances
from journeylib.measures.churn.collapsed import collapsed
from journeylib.measures.churn.covariates import at_zero
from journeylib.measures.churn.durations import causes, contractual, departures, durations, lapse, returned, since
from journeylib.measures.churn.episodes import lapses, returns
from journeylib.measures.churn.foretold import calibration, foretold
from journeylib.measures.churn.hazard import cumulative_hazard, hazard
from journeylib.measures.churn.incidence import incidence, incidence_at
from journeylib.measures.churn.leading import leading_paths
from journeylib.measures.churn.listed import listed
from journeylib.measures.churn.logrank import compare, logrank
from journeylib.measures.churn.model import bands, model
from journeylib.measures.churn.outlook import Outlook, at_risk, outlook, reasons
from journeylib.measures.churn.plain import from_frame
from journeylib.measures.churn.predicted import predicted
from journeylib.measures.churn.proportional import proportional
from journeylib.measures.churn.recurrent import mean_count
from journeylib.measures.churn.start_stop import bounces, last, start_stop, state, times
from journeylib.measures.churn.survival import curve, left, median, rmst, sensitivity, stay, stay_inside
from journeylib.measures.churn.windows import false_lapses, own_lapse, proposed_window
from journeylib.measures.churn.worth import worth

__all__ = [
    "Outlook",
    "at_risk",
    "at_zero",
    "bands",
    "bounces",
    "calibration",
    "causes",
    "circumstances",
    "collapsed",
    "compare",
    "contractual",
    "cumulative_hazard",
    "curve",
    "departures",
    "durations",
    "false_lapses",
    "foretold",
    "from_frame",
    "hazard",
    "incidence",
    "incidence_at",
    "lapse",
    "lapses",
    "last",
    "leading_paths",
    "left",
    "listed",
    "logrank",
    "mean_count",
    "median",
    "model",
    "outlook",
    "own_lapse",
    "predicted",
    "proportional",
    "proposed_window",
    "reasons",
    "returned",
    "returns",
    "rmst",
    "sensitivity",
    "since",
    "start_stop",
    "state",
    "stay",
    "stay_inside",
    "times",
    "worth",
]
