"""The words for the codes in columns: outcomes, kinds of a difference, weekdays, reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from journeylib.show.language import Phrases, later
from journeylib.show.words.reasons import LEVELS, NOTES, REASONS
from journeylib.show.words.signs import hour

__all__ = ["WAYS", "part_of", "value"]

_WAYS = Phrases(
    {
        "model": later("the forecast"),
        "rule of thumb": later("silent longest first"),
        "average": later("nobody told apart"),
        "model less rule": later("the forecast, less silent longest first"),
    }
)
WAYS = tuple(_WAYS)  # of a forecast and what it is judged beside, in this order

# What the codes in a column are called.
_VALUES: Mapping[str, Phrases] = {
    "kept_to": Phrases({"fraction": later("below a second")}),
    "known_by": Phrases(
        {
            "itself": later("a person on the event"),
            "before": later("the person seen on its device before"),
            "after": later("the person next seen on its device"),
            "graph": later("ids that were merged"),
            "device": later("only a device (anonymous)"),
            "nobody": later("nothing (anonymous)"),
        }
    ),
    "mode": Phrases(
        {
            "none": later("none: the event alone"),
            "live": later("live: and the person before, on its device"),
            "replay": later("replay: and the next one, within the look-back"),
            "graph": later("graph: and ids that occur together"),
        }
    ),
    "outcome": Phrases({"converted": later("converted"), "lost": later("lost"), "open": later("open")}),
    "kind": Phrases(
        {
            "crude": later("as they are"),
            "standardised": later("made alike"),
            "rate": later("they themselves (rate)"),
            "mix": later("who they are (mix)"),
        }
    ),
    "baseline": Phrases({"rest": later("all others")}),
    "note": NOTES,
    "measure": Phrases(
        {
            "concordance": later("who leaves first is ranked higher (Uno’s C)"),
            "brier": later("squared error (Brier score)"),
            "integrated brier": later("squared error over all the time (integrated Brier score)"),
        }
    ),
    "way": _WAYS,
    "unit": Phrases({"events": later("events"), "journeys": later("journeys"), "customers": later("customers")}),
    "label": Phrases(
        {
            "target_events": later("all events of it in the period: what a trend counts"),
            "begun_before": later("in journeys that began before the period"),
            "repeated_in_journey": later("again in the same journey; left are journeys with it"),
            "outside_goal_window": later("later than the goal allows; left are the journeys that reach the goal"),
            "still_open": later("in journeys whose time is not over; left are those of the conversion"),
            "no_source_before": later("with nothing that the path begins with in time before it"),
            "open_on_path": later("on the path, though their time is not over"),
            "late_in_journey": later("on the path, though later than the goal allows; left are journeys on the path"),
            "several_journeys": later("further journeys of the same customer"),
            "later_entry_only": later("customers whose first entry leads nowhere, but a later one does"),
            "across_journeys": later("customers who get there in a later journey"),
            "entered_before": later("customers whose entry is in a journey from before the period; left is the funnel"),
        }
    ),
    "weekday": Phrases(
        {
            "1": later("Monday"),
            "2": later("Tuesday"),
            "3": later("Wednesday"),
            "4": later("Thursday"),
            "5": later("Friday"),
            "6": later("Saturday"),
            "7": later("Sunday"),
        }
    ),
    "reason": REASONS,
    "level": LEVELS,
    "sign": Phrases({"many": later("many moments in 24 hours"), "fast": later("short pauses"), "both": later("both")}),
}

# What a flow calls the places that are none of the data's own.
_ENDS = Phrases(
    {
        "converted": later("converted"),
        "drop-off": later("drop-off"),
        "open": later("open"),
        "other": later("other"),
    }
)


def part_of(record: Mapping[str, Any], code: Any) -> str:
    """Name an hour, a weekday or whatever else is ranked in a table of what is best.

    >>> part_of({"columns": ["group", "weekday"]}, 7), part_of({"columns": ["group", "channel"]}, "web")
    ('Sunday', 'web')
    """
    if "weekday" in record["columns"]:
        return value("weekday", str(code))
    return hour(code) if "hour" in record["columns"] else str(code)


def value(column: str, code: str, form: str = "") -> str:
    """Give the words for a code of a column, where the form has it; a name from data as it is.

    >>> value("sign", "fast"), value("channel", "web"), value("target", "drop-off", "flow")
    ('short pauses', 'web', 'drop-off')
    """
    if column in ("covariate", "reason"):
        return REASONS.get(code) or code.replace("_", " ")
    known = _ENDS if form == "flow" and column in ("source", "target") else _VALUES.get(column)
    return code if known is None else known.get(code, code)
