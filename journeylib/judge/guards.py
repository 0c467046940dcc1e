"""Guards: what must hold before a number is believed.

A guard is a row with its name, a status (ok · caution · refuse), what there is and what is
needed, the key of its sentence and the key of its remedy; `figures` are what else the
sentence tells, to two digits. A refused contrast is not made. Sizes are those of METHODS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from journeylib.estimates import ENOUGH
from journeylib.schema import COUNTS, RESULT

__all__ = [
    "Guard",
    "at_risk",
    "customers",
    "departures",
    "distribution",
    "events_per_parameter",
    "exposure",
    "future",
    "group_columns",
    "reversal",
    "seasons",
    "silence",
    "softened",
    "window",
]

_DEPARTURES = 10
_APART = 1.5  # times that a mean may be above or below its median
_TOP_SHARE = 0.2  # of the sum, with one customer in a hundred
_UNEQUAL, _UNFAIR = 1.1, 1.5  # times that one group may be exposed longer than another
_RETURNED = 0.05  # share that comes back, above which a silence is too short

Guard = dict[str, Any]


def customers(have: int) -> Guard:
    """Guard a group: 30 customers or more.

    >>> customers(14)["status"], customers(14)["needed"], customers(14)["remedy"]
    ('refuse', 30, 'more_data')
    """
    return _guard("customers", have, ENOUGH, "customers", "more_data")


def departures(have: int) -> Guard:
    """Guard a group that is tested: 10 events or more."""
    return _guard("departures", have, _DEPARTURES, "departures", "more_data")


def at_risk(have: int, group: int) -> Guard:
    """Guard a horizon: ten customers, and one in twenty of the group, still at risk there.

    >>> at_risk(12, 300)["needed"]
    15
    """
    return _guard("customers at risk at the horizon", have, max(10, -(-group // 20)), "at_risk", "shorter_horizon")


def events_per_parameter(events: int, parameters: int) -> Guard:
    """Guard a Cox model: 20 events for each parameter; between 10 and 20 with caution.

    >>> events_per_parameter(150, 10)["status"]
    'caution'
    """
    have = events / parameters
    made = _guard("events per parameter", have, 20, "events_per_parameter", "fewer_parameters")
    return {**made, "status": "caution"} if 10 <= have < 20 else made


def seasons(days: int, season_days: int) -> Guard:
    """Guard a trend: two full seasons of data."""
    return _guard("days of data for two full seasons", days, 2 * season_days, "seasons", "longer_period")


def window(days: int, within_days: float) -> Guard:
    """Guard a share that has `within_days` to happen: a period of at least twice that, else few journeys are mature.

    >>> window(40, 30)["status"], window(60, 30)["status"]
    ('caution', 'ok')
    """
    made = _guard("days in the period", days, round(2 * within_days), "window", "longer_period")
    return softened({**made, "figures": {"within_days": within_days}})


def silence(silent_days: float, returned: float, others: Mapping[float, float]) -> Guard:
    """Guard a silence that is called leaving: at most one in twenty come back after it.

    `others` gives the share that came back after other silences; the shortest that is long
    enough is needed, or, where none is, twice the longest.

    >>> silence(60, 0.12, {30: 0.3, 120: 0.04})["needed"]
    120
    """
    is_ok = returned <= _RETURNED
    enough = [days for days, share in others.items() if share <= _RETURNED and days > silent_days]
    needed = silent_days if is_ok else min(enough, default=2 * max([silent_days, *others]))
    made = _guard("days of silence", _whole(silent_days), _whole(needed), "silence", "longer_silence")
    return softened({**made, "figures": {"returned": float(f"{returned:.1g}"), "is_known": is_ok or bool(enough)}})


def distribution(rows: Sequence[Mapping[str, Any]]) -> Guard:
    """Guard means: near their median, no hundredth of the customers with a fifth of the sum, one mode.

    `have` is how many of the groups have a mean that misleads.

    >>> distribution([{"estimate": 90.0, "median": 12.0}])["status"]
    'caution'
    """
    misled = [row for row in rows if _misleads(row)]
    made = _count("groups whose mean misleads", len(misled), "distribution", "show_distribution")
    if not misled:
        return made
    worst = max(misled, key=lambda row: abs((row.get("estimate") or 0) - (row.get("median") or 0)))
    figures = {name: _short(worst.get(name)) for name in ("estimate", "median", "top_share", "modes")}
    return {**made, "figures": {name: value for name, value in figures.items() if value is not None}}


def reversal(row: Mapping[str, Any], strata: Sequence[Mapping[str, Any]]) -> Guard:
    """Guard a contrast against mixing (Simpson): it must point the same way inside the segments.

    Strata of fewer than 30 customers say nothing. `have` is how many strata leave out no
    difference on the other side; `figures` hold the contrast as it is and as it would be with
    the strata weighted by their customers. A caution where any stratum turns round, or where these
    two have opposite signs and the contrast's interval (`low`, `high`, where given) leaves out no difference.

    >>> inside = {"group": "annual", "baseline": "monthly", "n": 300, "estimate": -5.0, "low": -8.0, "high": -2.0}
    >>> crude = {"group": "annual", "baseline": "monthly", "estimate": 4.0}
    >>> reversal(crude, [{**inside, "stratum": "north"}, {**inside, "stratum": "south"}])["have"]
    2
    """
    pair = (row["group"], row.get("baseline"))
    inside = [
        one
        for one in strata
        if (one["group"], one.get("baseline")) == pair and (one["n"] or 0) >= ENOUGH and one["estimate"] is not None
    ]
    sign = 1 if row["estimate"] > 0 else -1
    turned = [one for one in inside if (one["high"] < 0 if sign > 0 else one["low"] > 0)]
    made = _count("segments in which the difference turns round", len(turned), "reversal", "standardise")
    if not inside:
        return made
    weights = sum(one["n"] for one in inside)
    standard = sum(one["n"] * one["estimate"] for one in inside) / weights
    is_seen = (row.get("low") or sign) * (row.get("high") or sign) > 0
    is_turned = bool(turned) or (standard * sign < 0 and is_seen)
    figures = {"group": row["group"], "baseline": row.get("baseline"), "strata": len(inside)}
    figures |= {"crude": _short(row["estimate"]), "standardised": _short(standard)}
    figures["turned"] = [str(one["stratum"]) for one in turned]
    return {**made, "status": "caution" if is_turned else "ok", "figures": figures}


def exposure(days: Mapping[str, float]) -> Guard:
    """Guard a comparison: every group could show the outcome for about as long.

    `have` is how many per cent longer the longest could than the shortest; up to 10 is fair,
    above 50 the comparison is refused.

    >>> exposure({"annual": 300.0, "monthly": 100.0})["status"]
    'refuse'
    """
    least, most = min(days.values()), max(days.values())
    ratio = most / least if least > 0 else 100.0
    status = "ok" if ratio <= _UNEQUAL else "caution" if ratio <= _UNFAIR else "refuse"
    have = round(100 * (ratio - 1))
    made = _guard("per cent that one group is observed longer", have, 10, "exposure", "equal_exposure")
    longest, shortest = (pick(days, key=lambda one: days[one]) for pick in (max, min))
    figures = {"longest": longest, "shortest": shortest, "days": [_short(most), _short(least)]}
    return {**made, "status": status, "figures": figures}


def future(defined_until: str, follows_from: str) -> Guard:
    """Guard groups: what defines them was known when following began. Later knowledge is refused.

    >>> future("2026-06-30", "2026-01-01")["status"], future("2026-01-01", "2026-01-01")["status"]
    ('refuse', 'ok')
    """
    is_late = str(defined_until)[:10] > str(follows_from)[:10]
    made = _count("definition from the future", int(is_late), "future", "landmark")
    figures = {"defined_until": str(defined_until)[:10], "follows_from": str(follows_from)[:10]}
    return {**made, "status": "refuse" if is_late else "ok", "figures": figures}


def group_columns(columns: Sequence[str]) -> list[str]:
    """Give the columns that name a row's group: those before the first answer or count; what there was `before` is one.

    >>> group_columns(["plan", "outcome", "journeys", "n", "estimate"])
    ['plan', 'outcome']
    >>> group_columns(["from_on", "until_on", "before", "n", "estimate"])
    ['from_on', 'until_on']
    """
    return list(takewhile(lambda name: name not in COUNTS and name not in RESULT and name != "before", columns))


def _guard(name: str, have: float, needed: float, key: str, remedy: str) -> Guard:
    status = "ok" if have >= needed else "refuse"
    return {"guard": name, "status": status, "have": have, "needed": needed, "key": key, "remedy": remedy}


def _count(name: str, have: int, key: str, remedy: str) -> Guard:
    """A guard of what should not be there at all."""
    return {**_guard(name, have, 0, key, remedy), "status": "caution" if have else "ok"}


def softened(guard: Guard) -> Guard:
    """Make a refusal a caution."""
    return {**guard, "status": "caution"} if guard["status"] == "refuse" else guard


def _misleads(row: Mapping[str, Any]) -> bool:
    mean, median = row.get("estimate"), row.get("median")
    is_apart = bool(mean) and bool(median) and not 1 / _APART <= float(mean or 0) / float(median or 1) <= _APART
    return is_apart or (row.get("top_share") or 0) > _TOP_SHARE or (row.get("modes") or 1) > 1


def _whole(days: float) -> float:
    return int(days) if float(days).is_integer() else days


def _short(value: Any) -> Any:
    return float(f"{value:.2g}") if isinstance(value, int | float) and not isinstance(value, bool) else None
