"""What comes before leaving: touchpoints and short paths after which customers leave more than their exposure explains.

Exposure changes from day to day: of all still there on a day, those with the touchpoint in the days just behind them
are compared with those without (Mantel and Byar 1974; Cox's model with that one covariate). The days before leaving
are never compared with other windows, nor those who "ever had it" with the rest, who had less time to
have it (immortal time: it makes what does nothing look as if it kept customers).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from journeylib import engine, schema
from journeylib.errors import ParameterError
from journeylib.estimates import ENOUGH, Z, cox, day_sums, fitted
from journeylib.measures.churn import exposure
from journeylib.measures.churn.circumstances import BY_SILENCE
from journeylib.measures.churn.counts import FEWEST_LEFT, Counts, Floats, counted, names_of
from journeylib.measures.churn.durations import NOBODY_ENDED
from journeylib.measures.churn.regression import steady
from journeylib.trace import measured

__all__ = ["leading_paths"]

_BY = ["path"]
_ACTIVE, _PLACEBO = (["active", "active_low", "active_high"], ["placebo", "placebo_low", "placebo_high"])
_EXTRA = ["p", "adjusted_p", "left", "expected", "customer_days", *_ACTIVE, *_PLACEBO, "note"]
_KEY = ["stratum", "day", "kind"]
_ANY = "any"
_PART = 0.5  # of the exposed who left meanwhile, from which on a touchpoint is a part of leaving


@measured
def leading_paths(
    followed: nw.LazyFrame,
    steps: nw.LazyFrame,
    *,
    within_days: int = 30,
    of: str = "touchpoint",
    leave_out: Sequence[str] = (),
    strata: Sequence[str] = (),
    fewest: int = 30,
    most: int = 40,
) -> pd.DataFrame:
    """Measure after which touchpoints, or paths of two steps, customers leave more or less: one row each, by p.

    `estimate` is the hazard ratio: how many times as likely to leave on a day a customer is who had the touchpoint on
    one of the `within_days` whole days before it, against one who had not, both still there on that day and alike
    in the columns `strata`. Cox's model, Efron's ties, interval and p Wald's: the row that `model` gives of
    `start_stop` without robust errors, which one departure a customer does not need; and p < .05 exactly where
    the interval leaves out 1. It says what comes before, not what causes.

    Two more ratios, with intervals, say what else may stand behind it. `active` compares only with those who had
    another touchpoint in those days: where it is near 1, leaving follows whatever customers do, not this. `placebo`
    gives each customer another's history (`exposure.swapped`), which cannot matter: its interval holds 1 nineteen
    times in twenty, unless leaving and the touchpoint both come and go with the calendar, which customers who
    entered late share. Where many placebos are not 1, neither are the estimates to be believed.

    Candidates are the `most` touchpoints (`of="path"`: two steps in a row of a journey) that most customers were
    exposed to while followed, `fewest` at least; leaving plays no part in the choice. `leave_out` names touchpoints
    that are leaving itself, such as "account closed": neither they nor paths with them are candidates.

    `n` is the customers ever exposed, `customer_days` the days for which they were, `left` those who left
    on one of these; `expected` would have if exposure made no difference (Mantel and Byar). Not enough under 30
    customers, or 10 departures exposed or not. p is raw, corrected where an edition is judged; `adjusted_p` is
    Holm's over these rows. `note` is "part of leaving" where at least half of those exposed left meanwhile: rather how
    customers leave than what comes before it, to be named in `leave_out`. Without an interval are "nobody left"
    while exposed (the ratio is 0), "infinite" (nobody else left) and "constant" (all who could leave were exposed,
    or none).

    Not applicable to silences (`lapse`): one begins on a day of activity, so whatever the active do comes before it.
    """
    strata, leave_out = names_of(strata), names_of(leave_out)
    _checked(followed, within_days)
    if "has_returned" in followed.collect_schema().names():
        return schema.not_applicable(BY_SILENCE, _BY, _EXTRA)
    events = exposure.candidates(steps, of, leave_out)
    people, group = exposure.compared(followed, strata)
    whole = counted(people, group)
    if isinstance(whole, str):
        return schema.not_applicable(whole, _BY, _EXTRA)
    if not any(one.left.sum() for one in whole):
        is_contract = "end_cause" in followed.collect_schema().names()
        why = NOBODY_ENDED if is_contract else "nobody left in the time observed"
        return schema.not_applicable(why, _BY, _EXTRA)
    met = exposure.exposed(people, events, within_days).group_by("path").agg(n=nw.col("customer_id").n_unique())
    sizes = engine.collect(met.filter(nw.col("n") >= fewest))
    sizes = sizes.sort_values(["n", "path"], ascending=[False, True]).head(most)
    if sizes.empty:
        return schema.not_applicable(f"no {of} was met by {fewest} customers or more while followed", _BY, _EXTRA)

    chosen = events.filter(nw.col("path").is_in(sizes["path"].tolist()))
    codes = _codes(whole, len(group) - 1)
    real = _by_day(people, chosen, group, within_days, codes)
    told = _compared(_everybody(whole, codes), real)
    anything = exposure.candidates(steps, "touchpoint", leave_out).with_columns(path=nw.lit(_ANY))
    active = _by_day(people, anything, group, within_days, codes)[_ANY].rename(columns={"exposed": "n"})
    among = _compared(active, real)
    others = exposure.swapped(people, group)
    paired = counted(others, group)
    placebo: dict[str, _Compared] = {}
    if not isinstance(paired, str):
        codes = _codes(paired, len(group))
        placebo = _compared(_everybody(paired, codes), _by_day(others, chosen, group, within_days, codes))
    rows = [
        _row(path, int(n), told[path], among[path], placebo.get(path))
        for path, n in zip(sizes["path"], sizes["n"], strict=True)
    ]
    table = schema.result(rows, _BY, _EXTRA).sort_values(["p", *_BY], ignore_index=True)
    return table.assign(adjusted_p=_holm(table["p"].to_numpy(float)))


@dataclass(frozen=True)
class _Compared:
    """The exposed against the others: the ratio, its interval and p; who left of both; the expected; days exposed."""

    ratio: float
    low: float
    high: float
    p: float
    left: int
    others_left: int
    expected: float
    days: int
    note: str


def _codes(whole: Sequence[Counts], depth: int) -> dict[tuple[Any, ...], int]:
    """Number the groups; those alike in the first `depth` columns have the same number, and are compared."""
    levels: dict[tuple[Any, ...], int] = {}
    return {one.group: levels.setdefault(one.group[:depth], len(levels)) for one in whole}


def _everybody(whole: Sequence[Counts], codes: Mapping[tuple[Any, ...], int]) -> pd.DataFrame:
    """All who entered, stayed to a day or left on it (`kind`), by day."""
    parts = []
    for one in whole:
        stayed = one.exits.sub(one.left, fill_value=0)
        kinds = {day_sums.ENTERED: one.entries, day_sums.STAYED: stayed, day_sums.LEFT: one.left}
        for kind, many in kinds.items():
            parts.append(pd.DataFrame({"stratum": codes[one.group], "day": many.index, "kind": kind, "n": many}))
    return pd.concat(parts, ignore_index=True)


def _by_day(
    people: nw.LazyFrame,
    events: nw.LazyFrame,
    group: Sequence[str],
    within_days: int,
    codes: Mapping[tuple[Any, ...], int],
) -> dict[str, pd.DataFrame]:
    """Of each path, whose exposure began, ended or ended with leaving (`kind`), by day."""
    met = exposure.exposed(people, events, within_days)
    order = ["path", *group, "start", "until", "left"]
    cells = engine.collect(exposure.intervals(met, group, within_days), order_by=order)
    cells["stratum"] = [codes[one] for one in cells[list(group)].itertuples(index=False, name=None)]
    opened = cells.assign(day=cells["start"], kind=day_sums.ENTERED)
    closed = cells.assign(day=cells["until"], kind=cells["left"])
    days = pd.concat([opened, closed]).groupby(["path", *_KEY], as_index=False).agg(exposed=("rows", "sum"))
    return {str(path): part.drop(columns="path") for path, part in days.groupby("path")}


def _compared(everybody: pd.DataFrame, by_path: Mapping[str, pd.DataFrame]) -> dict[str, _Compared]:
    """Compare those exposed to each path with the rest of everybody."""
    found = {}
    for path, part in by_path.items():
        days = pd.concat([everybody, part]).groupby(_KEY, as_index=False)[["n", "exposed"]].sum()
        found[path] = _judged(days)
    return found


def _judged(days: pd.DataFrame) -> _Compared:
    """Judge one path from the counts by day of everybody (`n`) and of the `exposed` among them."""
    stratum, day, kind = (days[name].to_numpy(np.int64) for name in _KEY)
    n, exposed = (days[name].to_numpy(float) for name in ("n", "exposed"))

    def sums(beta: Floats) -> day_sums.DaySums:
        times = math.exp(beta[0])
        x, ex = exposed[:, None], (exposed * times)[:, None]
        return day_sums.gathered(day_sums.Cells(stratum, day, kind, n, n + exposed * (times - 1), x, ex, ex[..., None]))

    alike = sums(np.zeros(1))
    left, all_left = round(float(alike.x.sum())), round(float(alike.left.sum()))
    ratio = low = high = p = math.nan
    if cox.usable(alike) != [""]:
        note = "constant"
    elif not left:
        ratio, note = 0.0, "nobody left"
    else:
        fit = cox.fit(sums, np.zeros(1), start=alike)
        note = "infinite" if fit.is_infinite[0] else ""
        if not note:
            errors, tested = fitted.judged(fit.beta, fit.covariance)
            ratio, low, high = (math.exp(fit.beta[0] + z * errors[0]) for z in (0.0, -Z, Z))
            p = float(tested[0])
    return _Compared(
        *(ratio, low, high, p, left, all_left - left),
        expected=float((alike.left * alike.s1[:, 0] / alike.s0).sum()),
        days=int((exposed * day * np.where(kind == day_sums.ENTERED, -1, 1)).sum()),
        note=note,
    )


def _row(path: str, n: int, told: _Compared, among: _Compared, placebo: _Compared | None) -> dict[str, Any]:
    enough = n >= ENOUGH and min(told.left, told.others_left) >= FEWEST_LEFT
    cells = {"path": path, "n": n, **_interval(["estimate", "low", "high"], told)}
    cells |= _interval(_ACTIVE, among) | _interval(_PLACEBO, placebo)
    return {
        **cells,
        "is_enough": enough and not math.isnan(told.p),
        "p": steady(told.p, 7),
        "left": told.left,
        "expected": steady(told.expected),
        "customer_days": told.days,
        "note": told.note or ("part of leaving" if told.left >= _PART * n else ""),
    }


def _interval(names: Sequence[str], one: _Compared | None) -> dict[str, float]:
    values = (math.nan,) * 3 if one is None else (one.ratio, one.low, one.high)
    return {name: steady(value) for name, value in zip(names, values, strict=True)}


def _holm(p: Floats) -> Floats:
    """Holm's (1979) p of those tested, which come first and ascend: each times how many are left to test."""
    many = int((~np.isnan(p)).sum())
    found = p.copy()
    found[:many] = np.minimum(np.maximum.accumulate(p[:many] * np.arange(many, 0, -1)), 1.0)
    return found


def _checked(followed: nw.LazyFrame, within_days: int) -> None:
    if within_days < 1:
        raise ParameterError(f"within_days = {within_days} holds no day. Give 1 or more.")
    if "is_first" in followed.collect_schema().names():
        raise ParameterError("customers have several rows here (is_first). Give one for each: from when until when.")
