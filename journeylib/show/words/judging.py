"""What a page says of its own judging: guards with their remedies, and the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from journeylib.show.language import Phrases, later, many, say
from journeylib.show.words.names import listed, name, visible
from journeylib.show.words.numbers import count, percent, quantity, rough

__all__ = ["GUARDS", "REMEDIES", "caution", "guarded", "ledger"]

# The names of guards, which are nouns: so many of them there are, so many are needed.
GUARDS = Phrases(
    {
        "customers": later("customers"),
        "customers in the smallest group": later("customers in the smallest group"),
        "departures": later("departures"),
        "departures in the smallest group": later("departures in the smallest group"),
        "customers at risk at the horizon": later("customers at risk at the horizon"),
        "customers at risk at the horizon in the smallest group": later(
            "customers at risk at the horizon in the smallest group"
        ),
        "events per parameter": later("events per parameter"),
        "days of data for two full seasons": later("days of data for two full seasons"),
        "days in the period": later("days in the period"),
        "days of silence": later("days of silence"),
        "groups whose mean misleads": later("groups whose mean misleads"),
        "segments in which the difference turns round": later("segments in which the difference turns round"),
        "per cent that one group is observed longer": later("per cent that one group is observed longer"),
        "definition from the future": later("definition from the future"),
    }
)

REMEDIES = Phrases(
    {
        "more_data": later("Wait for more data, or take a longer period."),
        "join_groups": later("Join small groups, or take a longer period."),
        "shorter_horizon": later("Look less far ahead."),
        "fewer_parameters": later("Use fewer explanations."),
        "longer_period": later("Take a longer period."),
        "longer_silence": later("Call only a longer silence leaving."),
        "show_distribution": later("Read the median and the spread instead of the mean."),
        "standardise": later("Compare inside the segments."),
        "equal_exposure": later("Compare equal times only."),
        "landmark": later("Define the groups by what was known when following began."),
    }
)


def caution(guard: Mapping[str, Any], min_cell: int = 10) -> str:
    """Say a guard that is not met, and what would help.

    >>> guard = {"guard": "departures", "key": "departures", "status": "caution", "have": 14, "needed": 20}
    >>> caution({**guard, "remedy": "more_data"})
    'Read with caution: 14 departures, 20 would be enough. Wait for more data, or take a longer period.'
    """
    said = _SAID.get(guard.get("key", ""), _short)(guard, min_cell)
    remedy = REMEDIES.get(guard.get("remedy", ""), "")
    if remedy:
        return say("Read with caution: {guard}. {remedy}", guard=said, remedy=remedy)
    return say("Read with caution: {guard}.", guard=said)


def guarded(guard: Mapping[str, Any]) -> str:
    """Give the name of a guard; one that this package does not know is shown as it was made.

    >>> guarded({"guard": "departures"})
    'departures'
    """
    return GUARDS.get(guard["guard"]) or visible(guard["guard"])


def ledger(judged: Mapping[str, Any]) -> str:
    """Say how many comparisons the edition makes, how many it claims and what that is worth.

    >>> book = {"comparisons": 214, "claimed": 9, "alpha": 0.05, "method": "BH", "by_chance": 11.0}
    >>> ledger({"ledger": book}).replace("\\u202f", " ")  # doctest: +NORMALIZE_WHITESPACE
    'Of 214 comparisons made in this edition, 9 are claimed; the expected share of false claims is held at 5 % (BH).
    By raw chances, about 11 would seem to differ where nothing does.'
    """
    book = judged["ledger"]
    said = [_compared(book)]
    if book["comparisons"] and book.get("by_chance", 0) >= 1:
        chance = count(round(book["by_chance"]))
        said.append(say("By raw chances, about {number} would seem to differ where nothing does.", number=chance))
    if before := book.get("kept"):
        said.append(
            many(
                before,
                "{number} more was compared in an earlier edition and is shown as it was there.",
                "{number} more were compared in an earlier edition and are shown as they were there.",
                number=count(before),
            )
        )
    if few := book.get("too_little"):
        said.append(say("{number} more had too little data to test.", number=count(few)))
    if book["comparisons"]:
        said.append(_look(book.get("look") or {}, book["alpha"]))
    return " ".join(text for text in said if text)


def _compared(book: Mapping[str, Any]) -> str:
    made, searches = book["comparisons"], book.get("searches")
    if not made:
        return say("This edition compares nothing, so it claims no difference.")
    whole = many(made, "{number} comparison made", "{number} comparisons made", number=count(made))
    part = many(searches or 0, "{number} search", "{number} searches", number=count(searches or 0))
    told = {
        "comparisons": say("{comparisons} in this edition", comparisons=whole),
        "claimed": count(book["claimed"]),
        "share": percent(book["alpha"], 0),
        "method": visible(book["method"]),
    }
    if searches:
        told["comparisons"] = say(
            "{comparisons} in this edition, {searches} among them", comparisons=whole, searches=part
        )
    return many(
        book["claimed"],
        "Of {comparisons}, {claimed} is claimed; the expected share of false claims is held at {share} ({method}).",
        "Of {comparisons}, {claimed} are claimed; the expected share of false claims is held at {share} ({method}).",
        **told,
    )


def _look(look: Mapping[str, Any], alpha: float) -> str:
    if look.get("is_spent"):
        return say(
            "All {planned} planned editions are made; nothing is claimed until there is a new plan.",
            planned=count(look["planned"]),
        )
    if look.get("way") in (None, "once"):
        return ""
    told = {"look": count(look["number"]), "share": percent(alpha, 0)}
    if look.get("planned"):
        return say(
            "This is look {look} of {planned} planned: a series that looks at nothing ever claims anything in at most "
            "{share} of cases.",
            planned=count(look["planned"]),
            **told,
        )
    if look.get("yearly"):
        return say(
            "This is look {look}: a series that looks at nothing ever claims anything in at most {share} of cases a "
            "year.",
            **told,
        )
    return say(
        "This is look {look}: a series that looks at nothing ever claims anything in at most {share} of cases.", **told
    )


def _short(guard: Mapping[str, Any], min_cell: int) -> str:
    told = {"guard": guarded(guard), "needed": _plain(guard["needed"])}
    if guard["have"] is None:
        return say("fewer than {have} {guard}, {needed} would be enough", have=count(min_cell), **told)
    return say("{have} {guard}, {needed} would be enough", have=_plain(guard["have"]), **told)


def _reversal(guard: Mapping[str, Any], _: int) -> str:
    about = guard["figures"]
    told = {"group": name(about["group"]), "baseline": name(about["baseline"])}
    if not about["turned"]:
        return say("the difference of {group} and {baseline} turns round inside segments", **told)
    turned = listed([name(one) for one in about["turned"]])
    return say(
        "the difference of {group} and {baseline} turns round inside segments (in {turned})", turned=turned, **told
    )


def _silence(guard: Mapping[str, Any], _: int) -> str:
    share = percent(guard["figures"]["returned"], 0)
    if not guard["figures"]["is_known"]:
        return say("about {share} come back after so short a silence; try a longer one", share=share)
    return say(
        "about {share} come back after so short a silence; {days} days of silence would be enough",
        share=share,
        days=_plain(guard["needed"]),
    )


def _window(guard: Mapping[str, Any], _: int) -> str:
    within = quantity(guard["figures"]["within_days"], "days")
    return say(
        "the period is short beside the {time} that a journey has, so only its first journeys count", time=within
    )


def _exposure(guard: Mapping[str, Any], _: int) -> str:
    about = guard["figures"]
    long, short = (quantity(days, "days") for days in about["days"])
    return say(
        "{longest} was observed for {long}, {shortest} for {short}",
        longest=name(about["longest"]),
        shortest=name(about["shortest"]),
        long=long,
        short=short,
    )


def _distribution(guard: Mapping[str, Any], _: int) -> str:
    have = guard["have"]
    groups = many(have, "{number} group", "{number} groups", number=count(have))
    return say("a mean misleads in {groups}", groups=groups)


def _future(*_: Any) -> str:
    return say("the groups are defined by what was known only later")


_SAID: Mapping[str, Callable[[Mapping[str, Any], int], str]] = {
    "reversal": _reversal,
    "silence": _silence,
    "window": _window,
    "exposure": _exposure,
    "distribution": _distribution,
    "future": _future,
}


def _plain(value: Any) -> str:
    return count(value) if isinstance(value, int) else rough(value) if isinstance(value, float) else visible(value)
