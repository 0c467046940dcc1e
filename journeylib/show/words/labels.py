"""Labels: headline numbers, verdicts, explained terms and the page's own furniture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from journeylib.show.language import Phrases, later, say
from journeylib.show.rows import rows
from journeylib.show.words.names import name, sentence_case
from journeylib.show.words.numbers import quantity
from journeylib.show.words.units import is_lapse, unit

__all__ = ["CHROME", "TERMS", "VERDICTS", "chain", "label", "page_name", "stood", "terms", "verdict"]

VERDICTS = Phrases(
    {
        "supported": later("Supported"),
        "against": later("Against"),
        "not enough data": later("Not enough data"),
        "not applicable": later("Not applicable"),
        "claimed": later("Claimed"),
    }
)

_STOOD = Phrases(
    {
        "supported": later("supported"),
        "against": later("against"),
        "not enough data": later("not enough data"),
        "not applicable": later("not applicable"),
        "claimed": later("claimed"),
    }
)

CHROME = Phrases(
    {
        "skip": later("Skip to the answer"),
        "contents": later("On this page"),
        "pages": later("Pages of this edition"),
        "answer": later("The answer"),
        "numbers": later("In numbers"),
        "made": later("How this was made"),
        "draft": later("Draft"),
        "draft_note": later("Nobody has reviewed this edition yet. Do not decide on it alone."),
        "claims_asked": later("Questions asked beforehand"),
        "claims_found": later("What else this edition claims"),
        "claims_none": later("This edition claims no difference beyond the questions above."),
        "claims_empty": later("No question was asked beforehand, and this edition claims no difference."),
        "read_more": later("The evidence"),
        "in_edition": later("In this edition"),
        "numbers_behind": later("The numbers behind the chart"),
        "set_aside": later("Rows set aside, by rule"),
        "hidden": later("hidden"),
        "unjudged": later("Not yet judged"),
        "at_risk": later("At risk"),
        "gap": later("○ not enough data"),
        "counted": later("counted, not estimated"),
        "left_out": later("A printed output is left out: a shared page shows only what was judged."),
        "parameters": later("Parameters"),
        "parameter": later("Parameter"),
        "value": later("Value"),
        "data": later("Data"),
        "versions": later("Versions"),
        "version": later("Version"),
        "package": later("Package"),
        "data_print": later("Fingerprint of the data"),
        "code_print": later("Fingerprint of the code"),
        "yes": later("yes"),
        "no": later("no"),
        "period": later("Period"),
        "complete": later("Complete through"),
        "previous": later("Edition before"),
        "edition": later("Edition"),
        "definitions": later("Definitions"),
        "catalogue": later("Reports"),
        "catalogue_lead": later(
            "Each report asks one set of questions and is made again as data arrive. Below stands the newest "
            "edition of each, with its answer."
        ),
        "catalogue_empty": later("No report has been published yet. Run one: journey run RECIPE"),
        "older": later("Older editions"),
        "state_failed": later("Why the last run failed"),
        "none": later("none"),
        "unclaimed": later("grey: no difference is claimed"),
    }
)

# Explained once on a page, after the block that first uses them.
TERMS = Phrases(
    {
        "interval": later(
            "In brackets: the range the data leave plausible (a 95 % interval; wider where a difference is "
            "claimed) and n, the customers behind it."
        ),
        "journey": later("A journey is one customer’s run of contacts, up to a long silence."),
        "mature": later("Only journeys that have had the full time to get there are counted."),
        "outcome": later("Open: a journey that has not had time to end, neither converted nor lost."),
        "nps": later("The net promoter score is the share of answers 9–10 less that of answers 0–6, from −100 to 100."),
        "stay": later(
            "Stay is the average number of days as a customer within the stated time. A difference between groups is "
            "an association; it does not say why."
        ),
        "lapse": later("A customer has lapsed at the start of the first long silence."),
        "ratio": later(
            "A ratio of 2: of two customers still there, otherwise alike, one is twice as likely to leave on the next "
            "day. It is an association; it does not say why."
        ),
        "forecast": later(
            "Expected: by a model of those who were there before, made of what was known of each then, and judged on "
            "time it had not seen."
        ),
        "worth": later(
            "What a customer is expected to bring: the days that customers stay within the stated time, times what one "
            "brings a day while there."
        ),
        "points": later("Points are between shares and scores: 30\u202f% and 34\u202f% differ by 4 points."),
        "rest": later("All others: everybody who is not in the group."),
        "alike": later(
            "Made alike: every group is counted as if it were composed like all of them together, so that what still "
            "differs is not who is in it."
        ),
        "association": later("A difference between groups is an association; it does not say why."),
        "parts": later(
            "They themselves (rate): what differs between customers of the same kind. Who they are (mix): what comes "
            "of there being more of one kind in a group and fewer of another."
        ),
        "to_goal": later("A journey that does not get there counts with the whole time allowed."),
        "promoters": later("Promoters answer 9 or 10, detractors 0 to 6."),
        "csat": later("Satisfied: one of the two best answers of five."),
        "ces": later("The customer effort score runs from 1 to 7; more is more effort."),
        "path": later("In a path, “→” is the next step; “…” is anything, or nothing, between two steps."),
        "median": later("The median: half have less, half have more."),
        "ranks": later(
            "The chance to be among the best allows for the uncertainty of every value. Groups tie where the data "
            "cannot tell which is better."
        ),
        "stakes": later(
            "At stake: how many more there would be if the group differed in nothing but its mix. A count that goes "
            "with the group, not a promise: what makes the difference is not known."
        ),
        "at_risk": later("At risk: customers still there, and still observed, on that day."),
        "flow": later("Drop-off: the journey ended there. Open: it may still go on."),
        "record": later(
            "A record is one row of a source. Set aside: kept apart with the rule that it breaks, and in no number "
            "of this edition. A duplicate is in it once."
        ),
        "anonymous": later("Anonymous: only a device is known, or nothing."),
        "gap": later(
            "A gap: a day without events on a channel that usually has 10 customers or more on that weekday, or with "
            "fewer than a fifth of them where 20 or more are usual. Usual: the median of the 8 nearest days of that "
            "weekday on which the channel was active. A public holiday looks the same as a loss."
        ),
    }
)

_USES: Mapping[str, Sequence[str]] = {
    "converted": ["interval", "journey", "mature"],
    "bounced": ["interval", "journey"],
    "first_channel": ["interval", "journey"],
    "nps": ["nps", "interval"],
    "incident": ["interval"],
    "stay": ["interval", "stay"],
    "left": ["interval"],
    "hazards": ["interval", "ratio"],
    "leads": ["interval", "ratio"],
    "expected": ["interval", "forecast"],
    "foretold": ["interval", "forecast"],
    "worth": ["interval", "worth"],
    "median_stay": ["interval"],
    "outcomes": ["outcome"],
    "flow": ["flow"],
    "survival": ["at_risk"],
    "differs": ["interval", "association"],
    "edges": ["interval", "association"],
    "follows": ["interval", "journey", "path"],
    "parts": ["parts"],
    "spread": ["median"],
    "ranks": ["ranks"],
    "best": ["ranks"],
    "stakes": ["stakes"],
    "records": ["record"],
    "anonymous": ["anonymous"],
    "gaps": ["gap"],
}

_OF_MEASURES: Mapping[str, Sequence[str]] = {
    "outcomes.converted": ["journey", "mature"],
    "channels.bounced": ["journey"],
    "channels.switched": ["journey"],
    "friction.repeated": ["journey"],
    "timing.to_goal": ["journey", "mature", "to_goal"],
    "paths.followed": ["journey", "path"],
    "satisfaction.nps": ["nps"],
    "satisfaction.csat": ["csat"],
    "satisfaction.ces": ["ces"],
}
_EXPLAINED = ("finding", "chart")  # kinds of records whose terms are explained; of tables, only these
_TABLES = ("ranks", "best", "stakes")
_COMPARING = ("differs", "edges", "forest", "parts", "panels", "spread")

_LABELS = Phrases(
    {
        "customers": later("Customers"),
        "nps": later("Net promoter score"),
        "left_customers": later("Customers who left"),
        "records": later("Records read"),
        "accepted_share": later("Accepted, of the records read"),
        "anonymous_share": later("Events that stayed anonymous"),
    }
)

# The names of this package's own notebooks; any other is called by its file.
_PAGES = Phrases(
    {
        "summary": later("Summary"),
        "overview": later("Overview"),
        "churn": later("Churn"),
        "review": later("Data review"),
        "segments": later("Segments"),
    }
)


def verdict(value: str) -> str:
    """Give the word of a verdict as it starts a line."""
    return VERDICTS[value]


def stood(value: str | None) -> str:
    """Give the word of a verdict inside a sentence.

    >>> stood("supported"), stood(None)
    ('supported', 'not asked')
    """
    return say("not asked") if value is None else _STOOD[value]


def chain(context: Mapping[str, Any]) -> str:
    """Give the places of a chain in their order.

    >>> chain({"chain": ["web", "chat"]}) == name("web") + " → " + name("chat")
    True
    """
    return " → ".join(map(name, context.get("chain", ())))


def label(record: Mapping[str, Any]) -> str:
    """Give the label of a headline number."""
    context = record["context"]
    form = record["form"]
    if form == "converted_share":
        goal, within = name(context.get("goal")), context.get("within_days")
        if within:
            return say("Journeys that reach {goal} within {time}", goal=goal, time=quantity(within, "days"))
        return say("Journeys that reach {goal}", goal=goal)
    if form == "bounced_share":
        return say("Journeys that go {chain}", chain=chain(context))
    if form == "still_share":
        horizon = context.get("horizon_days")
        if horizon:
            return say("Customers still there after {time}", time=quantity(horizon, "days"))
        return say("Customers still there")
    if form == "expected":
        time = quantity(context["days"], "days")
        if is_lapse(record):
            return say("Expected to fall silent within {time}", time=time)
        return say("Expected to leave within {time}", time=time)
    return _LABELS.get(form) or sentence_case(form)


def terms(record: Mapping[str, Any]) -> list[str]:
    """Give the terms that a record uses, in the order in which a reader needs them explained."""
    is_table = record["kind"] == "table" and record["form"] in _TABLES
    if record.get("not_applicable") is not None or not record["rows"] or not (record["kind"] in _EXPLAINED or is_table):
        return []
    used = list(_USES.get(record["form"], ()))
    if is_lapse(record):
        used.append("lapse")
    if record["form"] in _COMPARING:
        used += _OF_MEASURES.get(str(record["context"].get("measure")), ())
        used += ["points"] if unit(record) in ("points", "marks") else []
        used += ["alike"] if record["kind"] == "finding" or record["context"].get("inside") else []
        named = {row.values.get(side) for row in rows(record) for side in ("group", "baseline")}
        used += [term for term in ("rest", "promoters") if term in named]
    return used


def page_name(notebook: str) -> str:
    """Give the short name of a page in the navigation.

    >>> page_name("first_contact"), page_name("review")
    ('First contact', 'Data review')
    """
    return _PAGES.get(notebook) or sentence_case(notebook)
