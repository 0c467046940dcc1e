"""What a page shows of churn: hazard ratios as contrasts, and differences in days for several segments.

On a page a ratio is kept as its natural logarithm: then no difference is 0, an interval widens evenly to the
level of a claim, and whatever is made of differences holds. Words and charts write it as a ratio.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd
from scipy.stats import binom

from journeylib import schema
from journeylib.errors import ParameterError
from journeylib.measures import churn
from journeylib.trace import measured

__all__ = ["days", "drawn", "guarded", "leads", "leaving", "ratios", "turning", "worth"]

_ENDS = ["estimate", "low", "high"]
_BY_CHANCE, _SURE = 0.05, 0.01  # of placebos that leave out no difference; the chance of so many
_CHECKS = ["active", "active_low", "active_high", "placebo", "placebo_low", "placebo_high"]
_CONTRAST = ["covariate", "group", "baseline"]


@measured
def ratios(found: pd.DataFrame, *, without: Sequence[str] = ()) -> pd.DataFrame:
    """Make the rows of `churn.model` or `churn.bands` contrasts: a row a level, its ratio as a logarithm.

    `without` names covariates that only hold the others alike, and are told elsewhere.

    A ratio that is 0, or that cannot be told, has no numbers; `note` says why where there is such a row. Bands of
    time stay apart; the last has no `until_day`.

    >>> row = {"covariate": "plan", "level": "annual", "baseline": "monthly", "n": 90, "estimate": 0.5, "low": 0.25}
    >>> ratios(pd.DataFrame([{**row, "high": 1.0, "is_enough": True, "p": 0.05, "left": 40}]))["estimate"].round(3)[0]
    np.float64(-0.693)
    """
    named = found[~found["covariate"].isin(list(without))].rename(columns={"level": "group"})
    bands = [name for name in ("from_day", "until_day") if name in named]
    made = _logged(named, [*_CONTRAST, *bands], ["p", "left", "events", "is_proportional", "note"])
    if "until_day" in made:
        made["until_day"] = made["until_day"].astype("Int64").where(made["until_day"] > 0)
    return _noted(made)


def guarded(found: pd.DataFrame) -> dict[str, int]:
    """Give what the guard of events a parameter needs of a model; nothing where there is no model."""
    return {} if found.empty else {"parameters": int(found["parameters"].max())}


@measured
def leads(found: pd.DataFrame) -> pd.DataFrame:
    """Make the rows of `churn.leading_paths` contrasts of a path with no such path, its ratios as logarithms.

    What is rather a part of leaving than what comes before it (`note`) is no contrast: it is not enough. Nor is
    anything ("others too") where the histories of other customers seem to matter as well, oftener than chance brings.
    """
    named = found.rename(columns={"path": "group"}).assign(baseline="rest")
    made = _logged(named, ["group", "baseline"], ["p", "left", "expected", *_CHECKS, "note"])
    for name in _CHECKS:
        if name in made:
            made[name] = [_log(value) for value in made[name]]
    if _misled(made):
        made["note"] = made["note"].where(made["note"] != "", "others too")
    if "note" in made:
        made["is_enough"] &= made["note"] == ""
    return _noted(made)


def _misled(made: pd.DataFrame) -> bool:
    """Whether more placebos leave out no difference than chance brings (binomial, 1 %): then none is to be believed."""
    if "placebo_low" not in made:
        return False
    known = made[made["placebo_low"].notna() & made["is_enough"]]
    apart = int(((known["placebo_low"] > 0) | (known["placebo_high"] < 0)).sum())
    return bool(binom.sf(apart - 1, len(known), _BY_CHANCE) < _SURE)


@measured
def drawn(found: pd.DataFrame) -> pd.DataFrame:
    """Give ratios or leads as a chart has them: without what only the ledger and the guards need."""
    return found.drop(columns=["p", "events"], errors="ignore")


@measured
def leaving(found: pd.DataFrame, *, band_days: int) -> pd.DataFrame:
    """Keep of `churn.hazard` the shares: of those there when a band of days begins, who leaves within it.

    A last band that was cut short is left out.
    """
    if found.empty:
        return found
    whole = found[found["until_day"] - found["from_day"] == band_days - 1]
    told = {end: whole[name] for end, name in zip(_ENDS, ("share", "share_low", "share_high"), strict=True)}
    gone = ["until_day", "customer_days", "share", "share_low", "share_high"]
    return whole.assign(**told).drop(columns=gone).reset_index(drop=True)


@measured
def turning(bands: pd.DataFrame, found: pd.DataFrame, by: str) -> pd.DataFrame:
    """Keep of ratios by bands of time those of the segment `by`, and of all whose one ratio (`found`) changes."""
    if bands.empty:
        return bands
    changes = [] if found.empty else found.loc[found["is_proportional"].eq(False), "covariate"].tolist()
    kept = bands[bands["covariate"].isin([by, *changes])]
    if kept.empty:
        return schema.not_applicable("no ratio seems to change in the course of time", _CONTRAST)
    return _noted(drawn(kept).drop(columns="is_proportional").reset_index(drop=True))


@measured
def days(
    followed: nw.LazyFrame, names: Sequence[str], *, horizon_days: int, baseline: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Compare by several segments how many of the first `horizon_days` customers stay: `churn.stay` for each.

    `baseline` names that of a segment, where it is not the largest group. A segment with one group has no row. These
    repeat what else is compared, so none has a p.
    """
    frames = []
    for name in names:
        one = churn.stay(followed, [name], horizon_days=horizon_days, baseline=(baseline or {}).get(name))
        if not one.empty:
            frames.append(one.drop(columns=["p"]).assign(covariate=name))
    if not frames:
        return schema.not_applicable("there is nothing to compare", _CONTRAST, ["at_risk", "left"])
    return pd.concat(frames, ignore_index=True)[[*_CONTRAST, *schema.RESULT, "at_risk", "left"]]


@measured
def worth(
    followed: nw.LazyFrame, events: nw.LazyFrame, by: Sequence[str], *, horizon_days: int, currency: str = ""
) -> pd.DataFrame:
    """Measure `churn.worth` in the one currency there is, or the one chosen; `attrs` name it.

    Not applicable where there are several and none is chosen.
    """
    try:
        found = churn.worth(followed, events, by, horizon_days=horizon_days, currency=currency or None)
    except ParameterError as error:
        if currency:  # a mistake, not several
            raise
        found = schema.not_applicable(str(error), by)
    made = found.drop(columns="currency", errors="ignore")
    made.attrs["currency"] = str(found["currency"].iloc[0]) if len(found) else ""
    return made


def _noted(made: pd.DataFrame) -> pd.DataFrame:
    """Without the column of notes where there is none; a row without one has no text."""
    if "note" not in made:
        return made
    told = made["note"].fillna("").ne("")
    return made.assign(note=made["note"].where(told, None)) if told.any() else made.drop(columns="note")


def _logged(found: pd.DataFrame, by: Sequence[str], extra: Sequence[str]) -> pd.DataFrame:
    if found.empty:
        return schema.not_applicable(str(found.attrs.get("not_applicable", "nobody left")), by, extra)
    columns = [name for name in (*by, *schema.RESULT, *extra) if name in found]
    made = found[columns].copy()
    for name in _ENDS:
        made[name] = [_log(value) for value in made[name]]
    return made


def _log(value: Any) -> float:
    return math.log(value) if value is not None and value > 0 and math.isfinite(value) else math.nan
