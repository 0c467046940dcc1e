"""What moved a ratio between two periods: another mix of segments, or other rates within them.

Kitagawa (1955): what the other composition of segments brings, and what the other rates within
them bring, each at the average of the other. The two add up to the change.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd
from scipy.stats import t

from journeylib import engine
from journeylib.estimates import ENOUGH

__all__ = ["kitagawa", "split"]

_OTHER = "other"
_FEWEST = 10  # customers of a segment in either period below which it is counted as "other"

Groups = Mapping[Any, tuple[float, float]]


def kitagawa(before: Groups, now: Groups) -> tuple[float, float]:
    """Part the change of a ratio between two periods into mix and rate, from each group's (units, sum).

    A group that one period lacks has the same rate in both: whatever it brings is mix.

    >>> mix, rate = kitagawa({"a": (50, 10), "b": (50, 30)}, {"a": (80, 16), "b": (20, 14)})
    >>> round(mix, 3), round(rate, 3)
    (-0.135, 0.035)
    """
    mix = rate = 0.0
    for one in _terms(before, now).values():
        mix += (one["w1"] - one["w0"]) * (one["r1"] + one["r0"]) / 2
        rate += (one["r1"] - one["r0"]) * (one["w1"] + one["w0"]) / 2
    return mix, rate


def split(before: nw.LazyFrame, now: nw.LazyFrame, *, level: float = 0.05) -> dict[str, Any]:
    """Measure mix and rate between two periods of one store, with intervals that are wrong in a share `level`.

    Both tables have `customer_id`, `group`, and `m` and `x`, whole numbers: a row is m units that
    sum to x. The customers of both periods are the same people, and periods may overlap, so the
    variance is that of each customer's whole influence on the difference (linearised; Student's t).
    Segments of fewer than 10 customers in either period count as "other". No interval where fewer
    than 30 customers carry the difference: (Σz²)²/Σz⁴ of their influences z.

    The answer has before, now (the ratios), mix, rate, each with _low and _high, `n` (customers of
    the smaller period), `units` (of the smaller period) and `groups`.
    """
    marked = [
        one.select("customer_id", "group", "m", "x").with_columns(period=nw.lit(at))
        for at, one in enumerate((before, now))
    ]
    each = nw.concat(marked).group_by("customer_id", "period", "group").agg(m=nw.col("m").sum(), x=nw.col("x").sum())
    sums = each.group_by("period", "group").agg(customers=nw.len(), m=nw.col("m").sum(), x=nw.col("x").sum())
    found = engine.collect(sums, order_by=["period", "group"])
    customers = engine.collect(each.group_by("period").agg(n=nw.col("customer_id").n_unique()), order_by=["period"])
    if list(customers["period"]) != [0, 1]:
        return {"before": None, "now": None}
    home = _homes(found)
    found["home"] = [home[group] for group in found["group"]]
    periods = [
        {
            str(key): (float(rows["m"].sum()), float(rows["x"].sum()))
            for key, rows in found[found["period"] == at].groupby("home")
        }
        for at in (0, 1)
    ]
    mix, rate = kitagawa(*periods)
    totals = [(sum(m for m, _ in one.values()), sum(x for _, x in one.values())) for one in periods]
    ratios = [x / m for m, x in totals]
    answer: dict[str, Any] = {"before": ratios[0], "now": ratios[1], "mix": mix, "rate": rate}
    answer |= {
        "n": int(customers["n"].min()),
        "units": int(min(m for m, _ in totals)),
        "groups": len(set(home.values())),
    }
    spread = _spread(each, _influence(periods, home))
    for name in ("mix", "rate"):
        half = _half(spread["k"], spread[f"{name}_2"], spread[f"{name}_4"], level)
        answer[f"{name}_low"] = None if half is None else answer[name] - half
        answer[f"{name}_high"] = None if half is None else answer[name] + half
    return {name: float(f"{value:.12g}") if isinstance(value, float) else value for name, value in answer.items()}


def _terms(before: Groups, now: Groups) -> dict[Any, dict[str, float]]:
    """Each group's share of units and its rate, in both periods."""
    whole = [sum(m for m, _ in one.values()) for one in (before, now)]
    found = {}
    for group in dict.fromkeys([*before, *now]):
        (m0, x0), (m1, x1) = before.get(group, (0.0, 0.0)), now.get(group, (0.0, 0.0))
        r0 = x0 / m0 if m0 else x1 / m1 if m1 else 0.0
        r1 = x1 / m1 if m1 else r0
        found[group] = {"m0": m0, "m1": m1, "w0": m0 / whole[0], "w1": m1 / whole[1], "r0": r0, "r1": r1}
    return found


def _homes(found: pd.DataFrame) -> dict[Any, str]:
    """Where each group counts: by itself, or among the other ones."""
    fewest = {group: rows["customers"].min() if len(rows) == 2 else 0 for group, rows in found.groupby("group")}
    return {group: str(group) if many >= _FEWEST else _OTHER for group, many in fewest.items()}


def _influence(periods: Sequence[Groups], home: Mapping[Any, str]) -> pd.DataFrame:
    """What one unit (m) and one of its sum (x) add to mix and to rate, to first order, by period and group."""
    terms = _terms(*periods)
    gaps = {group: one["r1"] - one["r0"] for group, one in terms.items()}
    levels = {group: (one["r1"] + one["r0"]) / 2 for group, one in terms.items()}
    rows = []
    for at, (sign, mine) in enumerate([(-1, "0"), (1, "1")]):
        whole = sum(m for m, _ in periods[at].values())
        gap = sum(gaps[group] * one[f"w{mine}"] for group, one in terms.items())
        level = sum(levels[group] * one[f"w{mine}"] for group, one in terms.items())
        for group, where in home.items():
            one = terms[where]
            if not one[f"m{mine}"]:
                continue
            is_alone = not one["m0"] or not one["m1"]  # its rate stands for both periods: all of it is mix
            within = 0.0 if is_alone else sign * (one["w1"] + one["w0"]) / 2 / one[f"m{mine}"]
            across = (one["w1"] - one["w0"]) * (1.0 if is_alone else 0.5) / one[f"m{mine}"]
            mixed = sign * (levels[where] - level) / whole
            rated = (gaps[where] - gap) / (2 * whole)
            r = one[f"r{mine}"]
            rows.append([at, group, across, mixed - across * r, within, rated - within * r])
    return pd.DataFrame(rows, columns=["period", "group", "mix_x", "mix_m", "rate_x", "rate_m"])


def _spread(each: nw.LazyFrame, influence: pd.DataFrame) -> dict[str, float]:
    """The customers of both periods, and the sums of squares and fourth powers of their influences."""
    joined = each.join(engine.from_frame(influence, beside=each), on=["period", "group"], how="inner")
    names = ["mix", "rate"]
    own = joined.with_columns(
        **{name: nw.col(f"{name}_x") * nw.col("x") + nw.col(f"{name}_m") * nw.col("m") for name in names}
    )
    people = own.group_by("customer_id").agg(**{name: nw.col(name).sum() for name in names})
    squares = {f"{name}_2": (nw.col(name) * nw.col(name)).sum() for name in names}
    fourths = {f"{name}_4": (nw.col(name) * nw.col(name) * nw.col(name) * nw.col(name)).sum() for name in names}
    [row] = engine.collect(people.select(k=nw.len(), **squares, **fourths)).to_dict("records")
    return {str(name): float(value) for name, value in row.items()}


def _half(k: float, squares: float, fourths: float, level: float) -> float | None:
    """Half an interval; None where too few customers carry the difference."""
    carrying = squares**2 / fourths if fourths > 0 else 0.0
    if k < ENOUGH or carrying < ENOUGH:
        return None
    return float(t.isf(level / 2, carrying - 1)) * math.sqrt(k / (k - 1) * squares)
