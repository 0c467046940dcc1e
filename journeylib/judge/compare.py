"""Who differs, by how much, and is it them or their mix: groups against a baseline, or against the rest.

Every contrast is told four ways. *crude*: the difference as it is. *standardised*: the difference
if both groups were composed alike (direct, over strata; or by overlap weights). *rate* and
*mix* (Kitagawa 1955): what differing within strata brings, and what their other composition
brings; the two add up to the crude difference. The primary one, which alone carries a p,
is the standardised one where confounders are given, else the crude; the p is raw, for only the
ledger adjusts. Groups may be periods, and customers may be in several.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from journeylib import schema
from journeylib.errors import ParameterError
from journeylib.estimates import ENOUGH, Estimate, Z, difference, mean, rate, share
from journeylib.estimates.weighted import FEWEST, Balanced, Bools, Cells, Floats, Places, overlap, standardised
from journeylib.judge.ledger import POWER
from journeylib.measures.contrasts import Groups
from journeylib.measures.mix import kitagawa

__all__ = ["REST", "balanced", "differences", "inside", "levels", "parts", "primary"]

REST = "rest"
_OF = {"share": share, "mean": mean, "rate": rate}
_BY, _EXTRA = ["group", "baseline", "kind"], ["p", "detectable", "left_out"]
_MOST_LEFT_OUT = 0.5
_ALONE = "fewer than two groups have customers"


def differences(groups: Groups, *, baseline: str | None = None, of: str = "share") -> pd.DataFrame:
    """Compare every group with `baseline`, or without one with the rest: a row for each kind.

    Columns: group, baseline, kind (crude | standardised | rate | mix), n (customers of the smaller
    side), estimate (group less baseline, in the unit of x/m), low, high, is_enough, p (raw; of the
    primary contrast only), detectable (the difference that usually shows: 80 % power at the 5 %
    level) and left_out (of a standardised row: the share of units in strata that one side lacks).
    `of` says what x/m is: share (0 or 1 a unit), mean, or rate (x times in m). Of two groups, the
    larger is the baseline.

    Standardised to the composition of all groups of the table. A standardised row is not enough
    where more than half the units are left out, or a side has the weight of fewer than 15 equal
    customers.
    """
    rows = []
    for name, other in _pairs(groups.customers, baseline):
        sides = _sides(groups, name, other)
        sums = [groups.sums(name), groups.sums(other, rest_of=name)]
        crude = difference(*map(_OF[of], sums), correlation=groups.cells.correlation(sides))
        where = {"group": name, "baseline": other or REST}
        rows.append(_row({**where, "kind": "crude"}, crude, crude.n, p=math.nan if groups.has_strata else crude.p))
        if groups.has_strata:
            alike = standardised(groups.cells, sides, groups.places, of=of)
            rows.append(_adjusted(where, alike, crude.n, of))
            for kind, part in zip(("rate", "mix"), parts(groups.cells, sides, groups.places), strict=True):
                rows.append(_row({**where, "kind": kind}, part, crude.n))
    return schema.result(rows, _BY, _EXTRA) if rows else schema.not_applicable(_ALONE, _BY, _EXTRA)


def balanced(
    rows: pd.DataFrame,
    confounders: Sequence[str],
    strata: Sequence[str] = (),
    *,
    baseline: str | None = None,
    of: str = "share",
) -> pd.DataFrame:
    """Compare as `differences` does, by overlap weights: for confounders that are numbers (rows: `contrasts.rows`).

    Kinds crude and standardised. The propensity has every number's level and square, a mark
    where it is missing, and every stratum. Not enough where it cannot be fitted. `left_out` is
    the share of units that unequal weights cost.
    """
    found = []
    customers = {str(name): int(own["customer_id"].nunique()) for name, own in rows.groupby("group")}
    for name, other in _pairs(customers, baseline):
        kept = rows if other is None else rows[rows["group"].isin([name, other])]
        is_first = (kept["group"] == name).to_numpy(bool)
        m, x = (kept[column].to_numpy(float) for column in ("m", "x"))
        customer = pd.factorize(kept["customer_id"])[0].astype(np.int64)
        cells = Cells.of(customer, (~is_first).astype(np.int64), m, x)
        sides = [np.array([True, False]), np.array([False, True])]
        sums = [_OF[of](cells.sums(side)) for side in sides]
        crude = difference(*sums, correlation=cells.correlation(sides))
        where = {"group": name, "baseline": other or REST}
        found.append(_row({**where, "kind": "crude"}, crude, crude.n))
        alike = overlap(is_first, _design(kept, confounders, strata), m, x, customer, of=of)
        found.append(_adjusted(where, alike, crude.n, of))
    return schema.result(found, _BY, _EXTRA) if found else schema.not_applicable(_ALONE, _BY, _EXTRA)


def primary(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep the primary contrast of each group: the standardised where there is one, else the crude.

    >>> frame = pd.DataFrame({"group": ["a", "a"], "kind": ["crude", "standardised"], "estimate": [0.2, 0.1]})
    >>> primary(frame)["estimate"].tolist()
    [0.1]
    """
    kind = "standardised" if (frame["kind"] == "standardised").any() else "crude"
    kept = frame[frame["kind"] == kind].reset_index(drop=True)
    kept.attrs |= frame.attrs
    return kept


def inside(groups: Groups, *, baseline: str | None = None, of: str = "share") -> list[dict[str, Any]]:
    """List the contrasts inside each stratum that both sides have: what the guard against a reversal reads.

    Each has stratum, group, baseline, n, estimate, low and high (`guards.reversal`).
    """
    found: list[dict[str, Any]] = []
    for name, other in _pairs(groups.customers, baseline):
        for at, stratum in enumerate(groups.strata):
            sides = [side & (groups.places == at) for side in _sides(groups, name, other)]
            sums = [groups.cells.sums(side) for side in sides]
            if not all(one.m for one in sums):
                continue
            gap = difference(*map(_OF[of], sums), correlation=groups.cells.correlation(sides))
            where = {"stratum": stratum, "group": name, "baseline": other or REST}
            found.append({**where, "n": gap.n, "estimate": gap.estimate, "low": gap.low, "high": gap.high})
    return found


def levels(groups: Groups, *, of: str = "share", is_standardised: bool = False) -> pd.DataFrame:
    """Give the value of each group, as it is or standardised over the strata that every group has: a row a group.

    Columns: group, n, estimate, low, high, is_enough, left_out. Standardised, groups of too few customers are left out.
    """
    names, left_out = groups.names, 0.0
    if is_standardised:
        names = [name for name in names if groups.customers[name] >= ENOUGH]
    sums = [groups.sums(name) for name in names]
    if is_standardised:
        sides = [groups.side(name) for name in names]
        alike = standardised(groups.cells, sides, groups.places, of=of) if sides else None
        if alike is None:
            return schema.not_applicable("no stratum has customers of every group", ["group"], ["left_out"])
        sums, left_out = list(alike.sums), alike.left_out
    rows = []
    for name, one in zip(names, sums, strict=True):
        if one.m:
            n = min(one.customers, groups.customers[name])
            rows.append(_OF[of](one).row(group=name, n=n, is_enough=n >= ENOUGH, left_out=left_out))
    return schema.result(rows, ["group"], ["left_out"])


def parts(cells: Cells, sides: Sequence[Bools], stratum: Places) -> tuple[Estimate, Estimate]:
    """Part the difference of two ratios into rate and mix, each with its interval, clustered by customer.

    Strata in which a side has fewer customers than 5 of equal weight count together, as "other"; what
    one brings that a side lacks wholly is mix. The two add up to the crude difference. An interval
    is Student's t with the customers of equal weight in the smaller side, less one; none below 30.
    """
    homes = _homes(cells, sides, stratum)
    whole = [cells.sums(side) for side in sides]
    made = {k: [cells.sums(side & home) for side in sides] for k, home in homes.items()}
    own = [{k: (both[at].m, both[at].x) for k, both in made.items() if both[at].m} for at in (0, 1)]
    mix, within = kitagawa(own[1], own[0])
    gaps = {k: one.ratio - other.ratio if one.m and other.m else 0.0 for k, (one, other) in made.items()}
    # What a unit (m) and a count (x) of each cell add to the rate, and to the crude difference, to first order.
    on_m, on_x = np.zeros((2, len(stratum))), np.zeros((2, len(stratum)))
    for at, sign in enumerate((1, -1)):
        total = whole[at].m
        gap = sum(gaps[k] * both[at].m for k, both in made.items()) / total
        for k, both in made.items():
            mine = sides[at] & homes[k]
            on_m[0, mine] += (gaps[k] - gap) / (2 * total)
            if both[0].m and both[1].m:
                weight = sum(one.m / all_.m for one, all_ in zip(both, whole, strict=True)) / 2
                on_x[0, mine] += sign * weight / both[at].m
                on_m[0, mine] -= sign * weight / both[at].m * both[at].ratio
        on_x[1, sides[at]] = sign / total
        on_m[1, sides[at]] = -sign * whole[at].ratio / total
    on_m[1], on_x[1] = on_m[1] - on_m[0], on_x[1] - on_x[0]  # mix is the crude difference less the rate
    for k, both in made.items():  # few customers' spread within a stratum is seen too small
        for side, one in zip(sides, both, strict=True):
            mine, factor = side & homes[k], math.sqrt(one.alike / (one.alike - 1)) if one.alike > 1.5 else 1.0
            on_m[:, mine] -= (factor - 1) * (one.ratio if one.m else 0.0) * on_x[:, mine]
            on_x[:, mine] *= factor
    variance = np.diag(cells.covariance(on_m, on_x))
    n, alike = min(one.customers for one in whole), min(one.alike for one in whole)
    return _t(n, within, float(variance[0]), alike), _t(n, mix, float(variance[1]), alike)


def _pairs(customers: Mapping[str, int], baseline: str | None) -> list[tuple[str, str | None]]:
    """Who is compared with whom; None is the rest."""
    if baseline is not None and customers and baseline not in customers:
        raise ParameterError(
            f'baseline = "{baseline}" is no group; the groups are {", ".join(sorted(customers))}. Name one of these.'
        )
    names = sorted(customers)
    if len(names) == 2 and baseline is None:
        baseline = max(names, key=lambda name: (customers[name], name))
    return [(name, baseline) for name in names if name != baseline] if len(names) > 1 else []


def _sides(groups: Groups, name: str, other: str | None) -> list[Bools]:
    return [groups.side(name), groups.side(other, rest_of=name)]


def _homes(cells: Cells, sides: Sequence[Bools], stratum: Places) -> dict[int, Bools]:
    """Which cells count together: those of a stratum, and those of all strata of which a side has some, but few."""
    homes: dict[int, Bools] = {}
    for k in range(int(stratum.max()) + 1):
        here = stratum == k
        is_few = any(0 < cells.sums(side & here).alike < FEWEST for side in sides)
        homes[-1 if is_few else k] = homes[-1] | here if is_few and -1 in homes else here
    return homes


def _adjusted(where: Mapping[str, str], alike: Balanced | None, n: int, of: str) -> dict[str, Any]:
    """The standardised row: without p and interval where the groups cannot be made alike."""
    place = {**where, "kind": "standardised"}
    if alike is None:
        return {**_row(place, Estimate(n, math.nan, math.nan, math.nan), n, left_out=1.0), "is_enough": False}
    gap = difference(*map(_OF[of], alike.sums), correlation=float(alike.correlation[0, 1]))
    is_carried = min(one.alike for one in alike.sums) >= ENOUGH / 2 and alike.left_out <= _MOST_LEFT_OUT
    row = _row(place, gap, min(gap.n, n), p=gap.p, left_out=alike.left_out)
    return {**row, "is_enough": bool(row["is_enough"] and is_carried)}


def _row(
    where: Mapping[str, str], found: Estimate, n: int, *, p: float = math.nan, left_out: float = math.nan
) -> dict[str, Any]:
    shows = POWER * (found.high - found.low) / (2 * Z)
    detectable = float(f"{shows:.2g}") if math.isfinite(shows) else math.nan
    return found.row(**where, n=n, is_enough=n >= ENOUGH, p=p, detectable=detectable, left_out=left_out)


def _t(n: int, value: float, variance: float, alike: float) -> Estimate:
    if alike < ENOUGH:
        return Estimate(n, value, math.nan, math.nan)
    half = float(stdtrit(alike - 1, 0.975)) * math.sqrt(max(0.0, variance) * alike / (alike - 1))
    return Estimate(n, value, value - half, value + half)


def _design(rows: pd.DataFrame, confounders: Sequence[str], strata: Sequence[str]) -> Floats:
    """Columns of the propensity: levels and squares of numbers, marks of missing ones, strata."""
    columns = [np.zeros((len(rows), 0))]
    for name in confounders:
        values = rows[name].to_numpy(float)
        is_known = ~np.isnan(values)
        known = values[is_known]
        level = np.where(is_known, (values - known.mean()) / (known.std() or 1.0), 0.0)
        columns += [level[:, None]] if len(set(known.tolist())) > 1 else []
        columns += [level[:, None] ** 2] if len(set(known.tolist())) > 2 else []
        columns += [] if is_known.all() else [~is_known[:, None]]
    for name in strata:
        columns += [(rows[[name]] == value).to_numpy(float) for value in sorted(set(rows[name]))[1:]]
    return np.column_stack(columns).astype(float)
