"""What stands over and in the columns of a table: heads and captions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from journeylib.show.language import Phrases, later, many, say
from journeylib.show.words.measures import topic
from journeylib.show.words.names import sentence_case
from journeylib.show.words.numbers import count
from journeylib.show.words.units import unit

__all__ = ["NOTHING", "head", "heading"]

_HEADS = Phrases(
    {
        "n": later("Customers (n)"),
        "interval": later("95 % interval"),
        "wait_interval": later("95 % interval"),
        "at_risk": later("At risk"),
        "period_on": later("From"),
        "from_on": later("From"),
        "until_on": later("Until"),
        "step": later("Step"),
        "source": later("From"),
        "target": later("To"),
        "wait_hours": later("Median wait"),
        "day": later("Day"),
        "rows": later("Rows"),
        "returned": later("Came back later"),
        "left": later("Have left"),
        "silent_days": later("Silence, in days"),
        "within_days": later("Days allowed"),
        "rule": later("Rule"),
        "records": later("Records"),
        "before": later("At other times"),
        "baseline": later("Compared with"),
        "group": later("Group"),
        "quarantined": later("Set aside"),
        "first_on": later("First day"),
        "last_on": later("Last day"),
        "sentence": later("What is wrong"),
        "remedy": later("What to do"),
        "usual": later("Customers usual"),
        "usual_day": later("Usual day"),
        "days_checked": later("Days checked"),
        "days_missing": later("Days with a gap"),
        "kept_to": later("Finest unit"),
        "hour_share": later("Whole hour"),
        "midnight_share": later("Midnight"),
        "day_only": later("Day only"),
        "ambiguous": later("Doubled hour"),
        "middle_of_day": later("Middle of its day"),
        "known_by": later("Known by"),
        "mode": later("Mode of identity"),
        "is_used": later("Used here"),
        "sign": later("Sign"),
        "channel": later("Channel"),
        "touchpoint": later("Touchpoint"),
        "outcome": later("Outcome"),
        "path": later("Path"),
        "cause": later("Cause"),
        "customers": later("Customers"),
        "journeys": later("Journeys"),
        "events": later("Events"),
        "steps": later("Steps"),
        "entries": later("Entries"),
        "answers": later("Answers"),
        "devices": later("Devices"),
        "days": later("Days"),
        "accepted": later("Accepted"),
        "duplicates": later("Duplicates"),
        "warning": later("Warning"),
        "measure": later("Measure"),
        "kind": later("Which"),
        "detectable": later("Would have shown"),
        "left_out": later("Left out"),
        "q10": later("10\u202f% have less"),
        "q25": later("25\u202f% have less"),
        "q75": later("75\u202f% have less"),
        "q90": later("90\u202f% have less"),
        "rank": later("Rank"),
        "ties": later("Ties"),
        "hour": later("Hour"),
        "weekday": later("Weekday"),
        "label": later("Because of"),
        "unit": later("Counted in"),
        "change": later("Change"),
        "covariate": later("Segment"),
        "from_day": later("From day"),
        "until_day": later("Until day"),
        "expected": later("Expected to leave"),
        "predicted": later("Expected"),
        "way": later("Way"),
        "band": later("Fifth, the least at risk first"),
        "reason": later("Reason"),
        "level": later("What it is"),
        "active": later("Against others who did something"),
        "placebo": later("With histories of others"),
        "is_proportional": later("One ratio is enough"),
        "per_day": later("A day"),
        "stay_days": later("Days they stay"),
        "note": later("Why there is no ratio"),
    }
)

# The heads that a form has of its own.
_OWN_HEADS: Mapping[str, Phrases] = {
    "sources": Phrases({"source": later("Source")}),
    "clocks": Phrases({"source": later("Source")}),
    "gaps": Phrases({"n": later("Customers at most")}),
    "known": Phrases({"estimate": later("Share of events")}),
    "bot_signs": Phrases({"estimate": later("Share of events")}),
    "spread": Phrases({"estimate": later("Median")}),
    "heat": Phrases({"estimate": later("Value")}),
    "reconciliation": Phrases({"left": later("Left")}),
    "at_risk": Phrases({"estimate": later("Expected to leave"), "left": later("Left, of those learnt from")}),
    "worth": Phrases({"customers": later("Who paid")}),
    "foretold": Phrases({"left": later("Left in that time")}),
    "risk_reasons": Phrases({"estimate": later("Share of those most at risk")}),
    "stakes": Phrases({"estimate": later("At stake")}),
}

_ESTIMATES = Phrases(
    {
        "share": later("Share"),
        "points": later("Difference"),
        "marks": later("Difference"),
        "money": later("Amount"),
        "days": later("Days"),
        "hours": later("Hours"),
        "score": later("Score"),
        "count": later("Count"),
        "records": later("Records"),
        "number": later("Estimate"),
        "ratio": later("Ratio"),
    }
)

_CAPTIONS = Phrases(
    {
        "transitions": later("The most frequent steps, and the wait before each"),
        "quarantine": later("Rows set aside, by rule"),
        "first_channel": later("Where journeys start"),
        "outcomes": later("How journeys end"),
        "stay": later("Differences in how long customers stay"),
        "left": later("Customers still there"),
        "incident": later("Periods that stand out"),
        "sensitivity": later("The same with other lengths of silence"),
        "converted_by": later("Journeys that reach the goal, group by group"),
        "windows": later("The same with half and with twice the time"),
        "paths": later("The most frequent paths"),
        "sources": later("What was read from each source"),
        "channels": later("Each channel, its customers on a usual day, and the days that could show a gap"),
        "gaps": later("Gaps"),
        "clocks": later("How exactly each source keeps time (hours in UTC)"),
        "known": later("How events became known"),
        "identity_modes": later("How many customers each mode of identity would give"),
        "unmerged": later("Groups of ids that were too large to merge"),
        "bot_signs": later("Customers at a pace that no person keeps"),
        "warnings": later("What the load warned of"),
        "reasons": later("Records set aside, by rule"),
        "shares": later("Shares"),
        "survival": later("Survival"),
        "flow": later("Flow"),
        "trend": later("Trend"),
        "coverage": later("Coverage"),
        "heat": later("Every measure of every group"),
        "forest": later("Differences between the groups"),
        "parts": later("The two parts of each difference"),
        "panels": later("Each group over time"),
        "spread": later("How the values spread"),
        "edges": later("Steps that one group takes more often than another"),
        "best_channel": later("Which first channel serves each group best"),
        "best_hour": later("Which hour serves each group best"),
        "best_weekday": later("Which weekday serves each group best"),
        "contrasts": later("Differences, segment by segment"),
        "incidence": later("Left for each cause"),
        "hazard": later("Who leaves, by days since the start"),
        "calibration": later("Expected and come true"),
        "at_risk": later("How many are expected to leave"),
        "risk_reasons": later("What those most at risk have in common"),
        "foretold": later("How good the forecast was on time it had not seen"),
        "worth": later("What a customer is expected to bring"),
        "reconciliation": later("Why funnel, path and trend count differently"),
    }
)

# What stands in place of a table without rows, where that is an answer; empty where a finding says it.
NOTHING = Phrases(
    {
        "gaps": "",
        "stakes": later("No group has fewer than it would have if it were like the others."),
        "reasons": later("No record was set aside."),
        "warnings": later("The load warned of nothing."),
        "unmerged": later("No group of ids was too large to merge."),
    }
)


def head(column: str, record: Mapping[str, Any]) -> str:
    """Give the head of a column.

    >>> head("estimate", {"form": "transitions", "context": {}}), head("wait_seconds", {"form": "", "context": {}})
    ('Share of journeys', 'Wait seconds')
    """
    own = _OWN_HEADS.get(record["form"])
    if own is not None and column in own:
        return own[column]
    if column == "estimate":
        if record["form"] in ("transitions", "flow", "outcomes"):
            return say("Share of journeys")
        if record["form"] == "coverage":
            return say("Events")
        if record["form"] in ("survival", "left"):
            return say("Still there")
        is_apart = unit(record) != "ratio" and (record["form"] == "stay" or "baseline" in record.get("columns", ()))
        return say("Difference") if is_apart else _ESTIMATES[unit(record).partition(" ")[0]]
    if column == "top_chance":
        top = int(record["context"].get("top") or 1)
        return many(top, "Chance to be the best", "Chance to be among the best {number}", number=count(top))
    return _HEADS.get(column) or sentence_case(column)


def heading(record: Mapping[str, Any]) -> str:
    """Give the caption of a table."""
    if record["form"] == "ranks":
        context = record["context"]
        return say("Ranking: {topic}", topic=topic(context.get("measure"), context))
    if record["form"] == "stakes":
        context = record["context"]
        about = topic(context.get("measure"), context)
        return say("At stake, if each group were like the others: {topic}", topic=about)
    if record["form"] == "best":
        kind = next((name for name in ("hour", "weekday") if name in record["columns"]), "channel")
        return _CAPTIONS[f"best_{kind}"]
    return _CAPTIONS.get(record["form"]) or sentence_case(record["form"])
