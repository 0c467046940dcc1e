"""What stands over and in the columns of a table: heads, captions, and the words for codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from journeylib.show.words.names import sentence_case
from journeylib.show.words.numbers import unit

__all__ = ["NOTHING", "head", "heading", "value"]

_HEADS: Mapping[str, str] = {
    "n": "Customers (n)",
    "interval": "95 % interval",
    "wait_interval": "95 % interval",
    "at_risk": "At risk",
    "period_on": "From",
    "from_on": "From",
    "until_on": "Until",
    "step": "Step",
    "source": "From",
    "target": "To",
    "wait_hours": "Median wait",
    "day": "Day",
    "rows": "Rows",
    "returned": "Came back later",
    "left": "Have left",
    "silent_days": "Silence, in days",
    "within_days": "Days allowed",
    "rule": "Rule",
    "records": "Records",
    "before": "At other times",
    "baseline": "Compared with",
    "group": "Group",
    "quarantined": "Set aside",
    "first_on": "First day",
    "last_on": "Last day",
    "sentence": "What is wrong",
    "remedy": "What to do",
    "usual": "Customers usual",
    "usual_day": "Usual day",
    "days_checked": "Days checked",
    "days_missing": "Days with a gap",
    "kept_to": "Finest unit",
    "hour_share": "Whole hour",
    "midnight_share": "Midnight",
    "day_only": "Day only",
    "ambiguous": "Doubled hour",
    "middle_of_day": "Middle of its day",
    "known_by": "Known by",
    "mode": "Mode of identity",
    "is_used": "Used here",
    "sign": "Sign",
}

# The heads that a form has of its own.
_OWN_HEADS: Mapping[str, Mapping[str, str]] = {
    "sources": {"source": "Source"},
    "clocks": {"source": "Source"},
    "gaps": {"n": "Customers at most"},
    "known": {"estimate": "Share of events"},
    "bot_signs": {"estimate": "Share of events"},
}

# What the codes in a column are called.
_VALUES: Mapping[str, Mapping[str, str]] = {
    "kept_to": {"fraction": "below a second"},
    "known_by": {
        "itself": "a person on the event",
        "before": "the person seen on its device before",
        "after": "the person next seen on its device",
        "graph": "ids that were merged",
        "device": "only a device (anonymous)",
        "nobody": "nothing (anonymous)",
    },
    "mode": {
        "none": "none: the event alone",
        "live": "live: and the person before, on its device",
        "replay": "replay: and the next one, within the look-back",
        "graph": "graph: and ids that occur together",
    },
    "sign": {"many": "many moments in 24 hours", "fast": "short pauses", "both": "both"},
}

_ESTIMATES: Mapping[str, str] = {
    "share": "Share",
    "points": "Difference",
    "days": "Days",
    "hours": "Hours",
    "score": "Score",
    "count": "Count",
    "records": "Records",
    "number": "Estimate",
}

_CAPTIONS: Mapping[str, str] = {
    "transitions": "The most frequent steps, and the wait before each",
    "quarantine": "Rows set aside, by rule",
    "first_channel": "Where journeys start",
    "outcomes": "How journeys end",
    "stay": "Differences in how long customers stay",
    "left": "Customers still there",
    "incident": "Periods that stand out",
    "sensitivity": "The same with other lengths of silence",
    "converted_by": "Journeys that reach the goal, group by group",
    "windows": "The same with half and with twice the time",
    "paths": "The most frequent paths",
    "sources": "What was read from each source",
    "channels": "Each channel, its customers on a usual day, and the days that could show a gap",
    "gaps": "Gaps",
    "clocks": "How exactly each source keeps time (hours in UTC)",
    "known": "How events became known",
    "identity_modes": "How many customers each mode of identity would give",
    "unmerged": "Groups of ids that were too large to merge",
    "bot_signs": "Customers at a pace that no person keeps",
    "warnings": "What the load warned of",
    "reasons": "Records set aside, by rule",
}

# What stands in place of a table without rows, where that is an answer; empty where a finding says it.
NOTHING: Mapping[str, str] = {
    "gaps": "",
    "reasons": "No record was set aside.",
    "warnings": "The load warned of nothing.",
    "unmerged": "No group of ids was too large to merge.",
}


def head(column: str, record: Mapping[str, Any]) -> str:
    """Give the head of a column.

    >>> head("estimate", {"form": "transitions", "context": {}}), head("wait_seconds", {"form": "", "context": {}})
    ('Share of journeys', 'Wait seconds')
    """
    own = _OWN_HEADS.get(record["form"], {})
    if column in own:
        return own[column]
    if column == "estimate":
        if record["form"] in ("transitions", "flow", "outcomes"):
            return "Share of journeys"
        if record["form"] == "coverage":
            return "Events"
        if record["form"] in ("survival", "left"):
            return "Still there"
        return "Difference" if record["form"] == "stay" else _ESTIMATES[unit(record)]
    return _HEADS.get(column) or sentence_case(column)


def heading(record: Mapping[str, Any]) -> str:
    """Give the caption of a table."""
    return _CAPTIONS.get(record["form"]) or sentence_case(record["form"])


def value(column: str, code: str) -> str:
    """Give the words for a code of a column; a name from data as it is.

    >>> value("sign", "fast"), value("channel", "web")
    ('short pauses', 'web')
    """
    return _VALUES.get(column, {}).get(code, code)
