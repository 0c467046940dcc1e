"""The ledger: all that an edition compares, and what it may claim.

One primary p a contrast, raw, from the measure; only here is it adjusted: for the looks of
the series (`looks`), then for what else the edition compares. The expected share of false
claims is held at alpha (Benjamini and Hochberg 1995) in two families of their own: what was
asked beforehand, and what was found by looking. An interval is read at the level that a
claim needs, so that it leaves out no difference exactly where the contrast is claimed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scipy.special import ndtri
from scipy.stats import false_discovery_control, norm

from journeylib.estimates import Z
from journeylib.judge import looks
from journeylib.judge.looks import ONCE, Look

__all__ = ["METHOD", "POWER", "Contrast", "book", "contrasts", "detectable", "null", "settle", "widen"]

METHOD = "Benjamini–Hochberg"
POWER = Z + float(norm.ppf(0.8))  # standard errors that usually show: 80 % power at the 5 % level

_SEARCHES = {"incident"}  # forms whose row is the most striking of all that was searched
_LEAST = 1e-30  # a level below which no interval is drawn


@dataclass(frozen=True)
class Contrast:
    """One comparison: row `row` of the record at `record`, asked beforehand or not, and what became of it.

    `row` is None for a search that found nothing to show. `agreed` is the p of the interval,
    `error` its standard error, `key` what the contrast is called in every edition; `again` names
    the (record, row) that repeat it. `level` is the share of intervals that may be wrong: .05,
    or what a claim needs.
    """

    record: int
    row: int | None
    p: float
    is_asked: bool
    adjusted_p: float = 1.0
    is_claimed: bool = False
    level: float = 0.05
    agreed: float = 0.0
    error: float = math.nan
    key: str = ""
    is_search: bool = False
    again: tuple[tuple[int, int], ...] = ()

    @property
    def tested(self) -> float:
        """The p that is adjusted: the raw one, or the interval's where that says less."""
        return max(self.p, self.agreed)


def contrasts(
    records: Sequence[Mapping[str, Any]],
    asked: Iterable[tuple[int, int]] = (),
    *,
    left_out: Container[tuple[int, int]] = (),
) -> list[Contrast]:
    """List the contrasts of an edition: the rows of findings that carry a p and are enough.

    A search counts whatever it found: one without a row is a contrast with p = 1. Charts and
    tables repeat what findings say, a finding whose context says `rerun_of` does so under
    another definition, and the same contrast recorded twice is one; none of these count (again).
    A row that is not enough, that carries no interval or is `left_out` is not tested. `asked`
    names (record, row) of those that a question asks for.
    """
    beforehand, found, told = set(asked), list[Contrast](), dict[str, int]()
    for at, record in enumerate(records):
        if record["kind"] != "finding" or "p" not in record["columns"] or record["context"].get("rerun_of"):
            continue
        is_search = record["form"] in _SEARCHES or bool(record["context"].get("searched"))
        if is_search and not record["rows"] and record["not_applicable"] is None:
            found.append(Contrast(at, None, 1.0, False, key=_key(record, {}, is_search), is_search=True))
        for number, cells in enumerate(record["rows"]):
            row = dict(zip(record["columns"], cells, strict=True))
            known = json.dumps([record["form"], record["context"], record["columns"], cells], sort_keys=True)
            lacks = row["p"] is None or row["low"] is None or not row["is_enough"]
            if lacks or (at, number) in left_out:
                continue
            if known in told:
                first = found[told[known]]
                found[told[known]] = replace(first, again=(*first.again, (at, number)))
                continue
            told[known] = len(found)
            about = {"agreed": _agreed(row), "error": (row["high"] - row["low"]) / (2 * Z), "is_search": is_search}
            is_asked = (at, number) in beforehand
            found.append(Contrast(at, number, float(row["p"]), is_asked, key=_key(record, row, is_search), **about))
    return found


def settle(found: Sequence[Contrast], alpha: float = 0.05, look: Look = ONCE) -> list[Contrast]:
    """Adjust each family, each at alpha, and claim what stays at or under it.

    In a family of m with R claims an interval is read at level R·alpha/m (false coverage rate,
    Benjamini and Yekutieli 2005), in one without claims at alpha/m, which the first claim would
    have needed, each at what the look allows for that level. A normal interval at that level
    leaves out no difference exactly where the contrast is claimed.

    >>> [one.adjusted_p for one in settle([Contrast(0, 0, 0.01, False), Contrast(0, 1, 0.04, False)])]
    [0.02, 0.04]
    """
    settled: dict[int, Contrast] = {}
    for is_asked in (True, False):
        family = [(at, one) for at, one in enumerate(found) if one.is_asked is is_asked]
        if not family:
            continue
        paths = [_path(look, one) for _, one in family]
        looked = [
            looks.sequential(look, one.tested, path, is_search=one.is_search, most=alpha)
            for (_, one), path in zip(family, paths, strict=True)
        ]
        adjusted = [float(p) for p in false_discovery_control(looked, method="bh")]
        claims = sum(p <= alpha for p in adjusted)
        needed = max(claims, 1) * alpha / len(family)
        for (at, one), p, path in zip(family, adjusted, paths, strict=True):
            is_claimed = p <= alpha
            level = max(_LEAST, looks.allowed(look, needed, path, is_search=one.is_search))
            if is_claimed:
                level = max(level, one.tested * (1 + 1e-9))  # never below it by rounding
            settled[at] = replace(one, adjusted_p=p, is_claimed=is_claimed, level=level)
    return [settled[at] for at in sorted(settled)]


def book(found: Sequence[Contrast], records: Sequence[Mapping[str, Any]], alpha: float, look: Look) -> dict[str, Any]:
    """Give the plain counts that a summary tells of: compared, claimed, by family, by search, too little to test.

    `family_alpha` is what each family was held at, `by_chance` how many raw p under 5 % chance
    alone would bring, `expected_false` the most claims that are expected to be false. `searched`
    counts what the searches looked at, where the measure says (`searched` in the context), else
    one each.
    """
    families = {}
    for name, is_asked in (("asked", True), ("found", False)):
        family = [one for one in found if one.is_asked is is_asked]
        families[name] = {"comparisons": len(family), "claimed": sum(one.is_claimed for one in family)}
    searches = [one for one in found if one.is_search]
    claimed = sum(one.is_claimed for one in found)
    return {
        "comparisons": len(found),
        "claimed": claimed,
        "alpha": alpha,
        "family_alpha": alpha / max(1, sum(bool(one["comparisons"]) for one in families.values())),
        "method": METHOD,
        "families": families,
        "searches": len(searches),
        "searched": sum(int(records[one.record]["context"].get("searched") or 1) for one in searches),
        "too_little": _too_little(records),
        "by_chance": float(f"{0.05 * len(found):.2g}"),
        "expected_false": float(f"{alpha * claimed:.2g}"),
        "look": {
            "number": look.number,
            "planned": look.planned,
            "yearly": look.yearly,
            "accumulates": look.accumulates,
            "way": looks.way(look),
            "is_spent": look.planned is not None and look.number > look.planned,
        },
    }


def null(row: Mapping[str, Any]) -> float:
    """The value of a row that means no difference: 0, or what there was `before`."""
    return float(row.get("before") or 0.0)


def detectable(row: Mapping[str, Any], level: float, one: Contrast) -> float | None:
    """The difference that would usually have shown (80 % power) at the level a claim needs, to two digits.

    Made from the interval that is shown, at its `level`, so it tells no more than that does.
    """
    if row.get("low") is None or row.get("high") is None or "baseline" not in row:
        return None
    error = (row["high"] - row["low"]) / 2 / -float(ndtri(level / 2))
    return float(f"{error * (POWER - Z - float(ndtri(one.level / 2))):.2g}")


def widen(row: Mapping[str, Any], level: float) -> dict[str, Any]:
    """Widen a row's 95 % interval to the level 1 − `level`, each side in proportion.

    >>> wider = widen({"estimate": 10.0, "low": 4.0, "high": 16.0}, 0.01)
    >>> round(wider["low"], 2), round(wider["high"], 2)
    (2.11, 17.89)
    """
    factor = float(-ndtri(level / 2)) / Z
    middle = row["estimate"]
    return {
        **row,
        "low": middle - (middle - row["low"]) * factor,
        "high": middle + (row["high"] - middle) * factor,
    }


def _agreed(row: Mapping[str, Any]) -> float:
    """The least level at which the widened interval leaves out no difference."""
    gap = row["estimate"] - null(row)
    side = row["estimate"] - row["low"] if gap > 0 else row["high"] - row["estimate"]
    if not gap:
        return 1.0
    return 2 * float(norm.sf(abs(gap) / side * Z)) if side > 0 else 0.0


def _path(look: Look, one: Contrast) -> looks.Path:
    if looks.way(look, is_search=one.is_search) not in ("spending", "mixture") or not one.error > 0:
        return ((look.share, 1.0),)
    return looks.path(look, one.key, one.error)


def _key(record: Mapping[str, Any], row: Mapping[str, Any], is_search: bool) -> str:
    """What a contrast is called in every edition: its record and its groups, not what was found."""
    groups = () if is_search else (row[name] for name in ("group", "baseline", "day") if name in row)
    return "/".join(str(part) for part in (record.get("notebook", ""), record["id"], *groups))


def _too_little(records: Sequence[Mapping[str, Any]]) -> int:
    """Count the contrasts that were not tested, for too little was observed."""
    return sum(
        not dict(zip(record["columns"], cells, strict=True))["is_enough"]
        for record in records
        if record["kind"] == "finding" and "p" in record["columns"] and not record["context"].get("rerun_of")
        for cells in record["rows"]
    )
