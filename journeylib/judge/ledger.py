"""The ledger: all that an edition compares, and what it may claim.

One primary p a contrast, raw, from the measure; only here is it adjusted. The expected
share of false claims is held at alpha (Benjamini and Hochberg 1995) in two families of
their own: what was asked beforehand, and what was found by looking.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scipy.stats import false_discovery_control, norm

from journeylib.estimates import Z

__all__ = ["METHOD", "POWER", "Contrast", "contrasts", "settle", "widen"]

METHOD = "Benjamini–Hochberg"
POWER = Z + float(norm.ppf(0.8))  # standard errors that usually show: 80 % power at the 5 % level


@dataclass(frozen=True)
class Contrast:
    """One comparison: row `row` of the record at `record`, asked beforehand or not, and what became of it.

    `level` is the share of intervals that may be wrong: .05, or less after a claim.
    """

    record: int
    row: int
    p: float
    is_asked: bool
    adjusted_p: float = 1.0
    is_claimed: bool = False
    level: float = 0.05


def contrasts(records: Sequence[Mapping[str, Any]], asked: Iterable[tuple[int, int]] = ()) -> list[Contrast]:
    """List the contrasts of an edition: the rows of findings that carry a p and are enough.

    Charts and tables repeat what findings say and are not counted again; a row that is not
    enough is not tested. `asked` names (record, row) of those that a question asks for.
    """
    beforehand, found = set(asked), []
    for at, record in enumerate(records):
        if record["kind"] != "finding" or "p" not in record["columns"]:
            continue
        for number, cells in enumerate(record["rows"]):
            row = dict(zip(record["columns"], cells, strict=True))
            if row["p"] is not None and row["is_enough"]:
                found.append(Contrast(at, number, float(row["p"]), (at, number) in beforehand))
    return found


def settle(found: Sequence[Contrast], alpha: float = 0.05) -> list[Contrast]:
    """Adjust each family and claim what stays at or under alpha.

    The intervals of a family of m with R claims are then to be read at level R·alpha/m
    (false coverage rate, Benjamini and Yekutieli 2005): a normal interval at that level
    leaves out no difference exactly where the contrast is claimed.

    >>> [one.adjusted_p for one in settle([Contrast(0, 0, 0.01, False), Contrast(0, 1, 0.04, False)])]
    [0.02, 0.04]
    """
    settled: dict[int, Contrast] = {}
    for is_asked in (True, False):
        family = [(at, one) for at, one in enumerate(found) if one.is_asked is is_asked]
        if not family:
            continue
        adjusted = false_discovery_control([one.p for _, one in family], method="bh")
        claims = sum(bool(p <= alpha) for p in adjusted)
        for (at, one), p in zip(family, adjusted, strict=True):
            is_claimed = bool(p <= alpha)
            level = claims * alpha / len(family) if claims else 0.05
            settled[at] = replace(one, adjusted_p=float(p), is_claimed=is_claimed, level=level)
    return [settled[at] for at in sorted(settled)]


def widen(row: Mapping[str, Any], level: float) -> dict[str, Any]:
    """Widen a row's 95 % interval to the level 1 − `level`, each side in proportion.

    >>> wider = widen({"estimate": 10.0, "low": 4.0, "high": 16.0}, 0.01)
    >>> round(wider["low"], 2), round(wider["high"], 2)
    (2.11, 17.89)
    """
    factor = float(norm.isf(level / 2)) / Z
    middle = row["estimate"]
    return {
        **row,
        "low": middle - (middle - row["low"]) * factor,
        "high": middle + (row["high"] - middle) * factor,
    }
