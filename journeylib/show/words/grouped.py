"""What there is to see in the charts of groups: one sentence each, with its numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from journeylib.show.language import say
from journeylib.show.rows import Row
from journeylib.show.words.comparing import OWN_TITLES, against, claimed_cells, named_measures, signed
from journeylib.show.words.differences import inside
from journeylib.show.words.names import apart, date, enumerated, name
from journeylib.show.words.numbers import between, count, customers, estimate, places
from journeylib.show.words.standing import claimed, shown
from journeylib.show.words.steps import SENTENCES
from journeylib.show.words.units import unit

__all__ = ["SEE", "adds", "both"]

_MOST = 3


def adds(record: Mapping[str, Any]) -> bool:
    """Tell whether a chart shows more than the finding that its title says."""
    return record["form"] in OWN_TITLES or (record["form"] == "forest" and _vanished(record) is not None)


def both(record: Mapping[str, Any]) -> dict[str, tuple[Row, Row]]:
    """Give each group's rate and mix, where both may be shown."""
    found: dict[str, dict[str, Row]] = {}
    for row in shown(record):
        found.setdefault(str(row.values["group"]), {})[str(row.values["kind"])] = row
    return {key: (own["rate"], own["mix"]) for key, own in found.items() if {"rate", "mix"} <= set(own)}


def _see_heat(record: Mapping[str, Any]) -> str:
    names, said = named_measures(record), []
    for measure, own in claimed_cells(record).items():
        groups = [
            say("“{group}” higher", group=name(key)) if is_higher else say("“{group}” lower", group=name(key))
            for key, is_higher in own.items()
        ]
        if groups:
            rest = len(groups) - _MOST
            told = enumerated([*groups[:_MOST], say("{number} more", number=count(rest))] if rest > 0 else groups)
            said.append(say("{measure} ({groups})", measure=names.get(measure, name(measure)), groups=told))
    return say("Claimed: {claims}.", claims=apart(said)) if said else say("No difference is claimed.")


def _see_forest(record: Mapping[str, Any]) -> str:
    kind, gone = unit(record), _vanished(record)
    if gone is not None:
        crude, alike = gone
        return say(
            "As it is, “{group}” differs by {crude}; made alike by {inside}, by {alike}: most of it is who is in it.",
            group=name(crude.values["group"]),
            crude=_differing(crude, kind),
            alike=_differing(alike, kind),
            inside=inside(record),
        )
    found = sorted(_answers(record), key=lambda row: -row.estimate)
    told = [say("“{group}” {value}", group=name(row.values["group"]), value=_differing(row, kind)) for row in found]
    if len(told) < 3:
        return say("Against {others}: {differences}.", others=against(record), differences=apart(told))
    return say(
        "Highest, against {others}: {first}; lowest: {last}.", others=against(record), first=told[0], last=told[-1]
    )


def _see_parts(record: Mapping[str, Any]) -> str:
    kind, parts = unit(record), both(record)
    if not parts:
        return ""
    whole = wholes(record)
    key = max(parts, key=lambda group: (abs(whole[group]), group))
    rate, mix = parts[key]
    return say(
        "As it is, “{group}” differs by {crude}: {rate} they themselves, {mix} who they are.",
        group=name(key),
        crude=signed(whole[key], kind),
        rate=_differing(rate, kind),
        mix=_differing(mix, kind),
    )


def wholes(record: Mapping[str, Any]) -> dict[str, float]:
    """Give the whole difference of each group that has both parts: as the record tells it, else their sum.

    On shared pages each is rounded by itself.
    """
    told = {str(row.values["group"]): row.estimate for row in shown(record) if row.values.get("kind") == "crude"}
    return {group: told.get(group, rate.estimate + mix.estimate) for group, (rate, mix) in both(record).items()}


def _see_panels(record: Mapping[str, Any]) -> str:
    last: dict[str, Row] = {}
    for row in sorted(shown(record), key=lambda row: str(row.values["period_on"])):
        last[str(row.values["group"])] = row
    found = sorted(last.values(), key=lambda row: -row.estimate)
    on = max(str(row.values["period_on"]) for row in found)
    return _extremes(
        record, [row for row in found if str(row.values["period_on"]) == on], say("Last, from {date}", date=date(on))
    )


def _see_spread(record: Mapping[str, Any]) -> str:
    return _extremes(record, sorted(shown(record), key=lambda row: -row.estimate), say("Median"))


def _extremes(record: Mapping[str, Any], found: Sequence[Row], what: str) -> str:
    """Tell the highest and the lowest; whether they can be told apart."""
    kind, first, last = unit(record), found[0], found[-1]
    told = {
        "what": what,
        "highest": name(first.values["group"]),
        "high": estimate(first.values, kind),
        "lowest": name(last.values["group"]),
        "low": estimate(last.values, kind),
    }
    if len(found) == 1:
        return say("{what}: “{highest}” {high}.", **told)
    if first.low > last.high:
        return say("{what}: highest “{highest}”, {high}; lowest “{lowest}”, {low}.", **told)
    return say("{what}: highest “{highest}”, {high}; lowest “{lowest}”, {low}; the two cannot be told apart.", **told)


def _see_edges(record: Mapping[str, Any]) -> str:
    about = claimed(record)
    return SENTENCES["edges"](about) if about else say("No difference between steps is claimed.")


SEE: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "heat": _see_heat,
    "forest": _see_forest,
    "parts": _see_parts,
    "panels": _see_panels,
    "spread": _see_spread,
    "edges": _see_edges,
}


def _differing(row: Row, kind: str) -> str:
    """Write a difference with its interval and customers."""
    decimals = places(kind, row.estimate, row.low, row.high)
    known = [between(row.low, row.high, kind, decimals)] if row.low == row.low else []
    known += [customers(row.n)] if row.n is not None else []
    return say("{value} ({inside})", value=signed(row.estimate, kind, decimals), inside=enumerated(known))


def _answers(record: Mapping[str, Any]) -> list[Row]:
    """The rows that answer: standardised where there are such, else crude."""
    found = shown(record)
    alike = [row for row in found if row.values.get("kind") == "standardised"]
    return alike or found


def _vanished(record: Mapping[str, Any]) -> tuple[Row, Row] | None:
    """The group whose crude difference is the largest that no longer shows once the groups are made alike."""
    pairs: dict[str, dict[str, Row]] = {}
    for row in shown(record):
        pairs.setdefault(str(row.values["group"]), {})[str(row.values["kind"])] = row
    found = [
        (own["crude"], own["standardised"])
        for own in pairs.values()
        if {"crude", "standardised"} <= set(own)
        and (own["crude"].low > 0 or own["crude"].high < 0)
        and own["standardised"].low <= 0 <= own["standardised"].high
        and abs(own["standardised"].estimate) < abs(own["crude"].estimate) / 2
    ]
    return max(found, key=lambda pair: abs(pair[0].estimate)) if found else None
