"""Labels: headline numbers, verdicts, explained terms and the page's own furniture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from journeylib.show.words.names import name, sentence_case
from journeylib.show.words.numbers import quantity

__all__ = ["CHROME", "TERMS", "VERDICTS", "label", "page_name", "terms", "verdict"]

VERDICTS: Mapping[str, str] = {
    "supported": "Supported",
    "against": "Against",
    "not enough data": "Not enough data",
    "not applicable": "Not applicable",
    "claimed": "Claimed",
}

CHROME: Mapping[str, str] = {
    "skip": "Skip to the answer",
    "contents": "On this page",
    "pages": "Pages of this edition",
    "answer": "The answer",
    "numbers": "In numbers",
    "made": "How this was made",
    "draft": "Draft",
    "draft_note": "Nobody has reviewed this edition yet. Do not decide on it alone.",
    "claims_asked": "Questions asked beforehand",
    "claims_found": "What else this edition claims",
    "claims_none": "This edition claims no difference beyond the questions above.",
    "claims_empty": "No question was asked beforehand, and this edition claims no difference.",
    "asked_on": "Asked on",
    "read_more": "The evidence",
    "in_edition": "In this edition",
    "numbers_behind": "The numbers behind the chart",
    "set_aside": "Rows set aside, by rule",
    "hidden": "hidden",
    "unjudged": "Not yet judged",
    "at_risk": "At risk",
    "gap": "○ not enough data",
    "counted": "counted, not estimated",
    "left_out": "A printed output is left out: a shared page shows only what was judged.",
    "parameters": "Parameters",
    "parameter": "Parameter",
    "value": "Value",
    "data": "Data",
    "versions": "Versions",
    "version": "Version",
    "package": "Package",
    "data_print": "Fingerprint of the data",
    "code_print": "Fingerprint of the code",
    "yes": "yes",
    "no": "no",
    "period": "Period",
    "complete": "Complete through",
    "previous": "Edition before",
    "edition": "Edition",
    "queries": "The queries, as they ran",
    "definitions": "Definitions",
    "catalogue": "Reports",
    "catalogue_lead": "Each report asks one set of questions and is made again as data arrive. Below stands the newest "
    "edition of each, with its answer.",
    "catalogue_empty": "No report has been published yet. Run one: journey run RECIPE",
    "older": "Older editions",
    "state_failed": "Why the last run failed",
    "none": "none",
}

# Explained once on a page, after the block that first uses them.
TERMS: Mapping[str, str] = {
    "interval": "In brackets: the range the data leave plausible (a 95 % interval; wider where a difference is "
    "claimed) and n, the customers behind it.",
    "journey": "A journey is one customer’s run of contacts, up to a long silence.",
    "mature": "Only journeys that have had the full time to get there are counted.",
    "outcome": "Open: a journey that has not had time to end, neither converted nor lost.",
    "nps": "The net promoter score is the share of answers 9–10 less that of answers 0–6, from −100 to 100.",
    "stay": "Stay is the average number of days as a customer within the stated time. A difference between groups is "
    "an association; it does not say why.",
    "lapse": "A customer has lapsed at the start of the first long silence.",
    "at_risk": "At risk: customers still there, and still observed, on that day.",
    "flow": "Drop-off: the journey ended there. Open: it may still go on.",
    "record": "A record is one row of a source. Set aside: kept apart with the rule that it breaks, and in no number "
    "of this edition. A duplicate is in it once.",
    "anonymous": "Anonymous: only a device is known, or nothing.",
    "gap": "A gap: a day without events on a channel that usually has 10 customers or more on that weekday, or with "
    "fewer than a fifth of them where 20 or more are usual. Usual: the median of the 8 nearest days of that weekday on "
    "which the channel was active. A public holiday looks the same as a loss.",
}

_USES: Mapping[str, Sequence[str]] = {
    "converted": ["interval", "journey", "mature"],
    "bounced": ["interval", "journey"],
    "first_channel": ["interval", "journey"],
    "nps": ["nps", "interval"],
    "incident": ["interval"],
    "stay": ["interval", "stay"],
    "left": ["interval"],
    "median_stay": ["interval"],
    "outcomes": ["outcome"],
    "flow": ["flow"],
    "survival": ["at_risk"],
    "records": ["record"],
    "anonymous": ["anonymous"],
    "gaps": ["gap"],
}

_LABELS: Mapping[str, str] = {
    "customers": "Customers",
    "nps": "Net promoter score",
    "left_customers": "Customers who left",
    "records": "Records read",
    "accepted_share": "Accepted, of the records read",
    "anonymous_share": "Events that stayed anonymous",
}

_PAGES: Mapping[str, str] = {"review": "Data review"}


def verdict(value: str) -> str:
    """Give the word of a verdict as it starts a line."""
    return VERDICTS[value]


def label(record: Mapping[str, Any]) -> str:
    """Give the label of a headline number."""
    context = record["context"]
    form = record["form"]
    if form == "converted_share":
        within = context.get("within_days")
        return f"Journeys that reach {name(context.get('goal'))}" + (
            f" within {quantity(within, 'days')}" if within else ""
        )
    if form == "bounced_share":
        return f"Journeys that go {' → '.join(map(name, context.get('chain', ())))}"
    if form == "still_share":
        horizon = context.get("horizon_days")
        return f"Customers still there after {quantity(horizon, 'days')}" if horizon else "Customers still there"
    return _LABELS.get(form) or sentence_case(form)


def terms(record: Mapping[str, Any]) -> list[str]:
    """Give the terms that a record uses, in the order in which a reader needs them explained."""
    if record["kind"] not in ("finding", "chart") or record.get("not_applicable") is not None or not record["rows"]:
        return []
    used = list(_USES.get(record["form"], ()))
    if record["context"].get("kind") == "lapse":
        used.append("lapse")
    return used


def page_name(notebook: str) -> str:
    """Give the short name of a page in the navigation.

    >>> page_name("first_contact"), page_name("review")
    ('First contact', 'Data review')
    """
    return _PAGES.get(notebook) or sentence_case(notebook)
