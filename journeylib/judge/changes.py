"""Why a number is not what the edition before said: restated data, definition or code, mix, rate.

    new − old = restated + redefined + mix + rate

*Restated*: the old period, measured on the data as they are now less as they were then: events
that arrived late, customers who were merged since. *Redefined*: the same period on the same
data, measured by the definition, the journey rules and the code of now less those of then.
*Mix* and *rate* compare the two periods on the same data by the same definition (Kitagawa
1955): what the other composition of segments brings, and what the other rates within them
bring, each at the average of the other. The four add up; noise is the interval on mix and on
rate, not a fifth part.
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
from journeylib.judge.rounding import BASE, step

__all__ = ["PARTS", "is_beyond_noise", "kitagawa", "parts", "shown", "split"]

PARTS = ["restated", "redefined", "mix", "rate"]
_OTHER = "other"
_FEWEST = 10  # customers of a segment in either period below which it is counted as "other"

Groups = Mapping[Any, tuple[float, float]]


def parts(
    old: float,
    *,
    on_old_data: float | None = None,
    on_new_data: float | None = None,
    before: float,
    new: float,
    mix: float | None = None,
) -> dict[str, float | None]:
    """Part the change from `old` to `new`; the old period was measured again, as `before`, by all that holds now.

    `on_old_data` and `on_new_data` are the old period by the definition of then and the code of
    now, on the data of then and of now. Without them restated and redefined are not told apart;
    without `mix` neither are mix and rate. `revised` is restated + redefined and `period` is
    mix + rate, always.

    >>> parts(0.40, on_old_data=0.40, on_new_data=0.41, before=0.41, new=0.45, mix=0.01)["rate"]
    0.03
    """
    revised, period = before - old, new - before
    restated = None if on_old_data is None or on_new_data is None else on_new_data - on_old_data
    told = {
        "total": new - old,
        "revised": revised,
        "restated": restated,
        "redefined": None if restated is None else revised - restated,
        "period": period,
        "mix": mix,
        "rate": None if mix is None else period - mix,
    }
    return {name: None if value is None else _plain(value) for name, value in told.items()}


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
    return {name: _plain(value) if isinstance(value, float) else value for name, value in answer.items()}


def is_beyond_noise(change: Mapping[str, Any], part: str) -> bool:
    """Whether the interval of a part, mix or rate, leaves out no change."""
    low, high = change.get(f"{part}_low"), change.get(f"{part}_high")
    return low is not None and high is not None and (low > 0 or high < 0)


def shown(change: Mapping[str, Any], *, audience: str, unit: str) -> dict[str, Any]:
    """Give a change as a page may show it: exact in a private edition, else in steps, with `step`.

    A step is what ten units of the smaller period could change, or more (`rounding.step`), so that
    their number cannot be read back; counts are in tens. Interval ends go outward. The total is
    left to the two published numbers. Parts are rounded one by one, so they may miss it by a step;
    `about_none` lists those that are something and round to nothing.

    >>> shown({"mix": 0.0123, "mix_low": 0.0041, "mix_high": 0.02, "units": 4000}, audience="shared", unit="share")
    {'mix': 0.01, 'mix_low': 0.0, 'mix_high': 0.02, 'step': 0.005, 'about_none': []}
    """
    if audience != "shared":
        return {**change, "step": 0.0, "about_none": []}
    least = _step(change.get("units") or 0, unit)
    told: dict[str, Any] = {}
    for name, value in change.items():
        if name in ("units", "groups", "n", "total"):
            continue
        if (
            isinstance(value, float | int)
            and not isinstance(value, bool)
            and name.split("_")[0] in {*PARTS, "revised", "period"}
        ):
            steps = value / least
            near = math.floor(steps + 1e-9) if name.endswith("_low") else math.ceil(steps - 1e-9)
            told[name] = _plain((near if name.endswith(("_low", "_high")) else round(steps)) * least) + 0.0
        else:
            told[name] = value
    about_none = [name for name in [*PARTS, "revised", "period"] if change.get(name) and not told[name]]
    return {**told, "step": least, "about_none": about_none}


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
    joined = each.join(engine.from_frame(influence), on=["period", "group"], how="inner")
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


def _step(units: float, unit: str) -> float:
    if unit not in ("share", "score"):
        return float(2 * BASE)
    return (100 if unit == "score" else 1) * (step(2 * BASE / units) if units else 1.0)


def _plain(value: float) -> float:
    """To 12 significant digits, as records are."""
    return float(f"{value:.12g}")
