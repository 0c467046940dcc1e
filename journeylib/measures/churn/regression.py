"""Fit a Cox model to followed customers: in memory up to 200,000 rows, above in the engine, alike to 1e-8.

Up to 200,000 rows, or 5,000 where customers enter late (its time then grows with the square of the rows),
lifelines finds the coefficients; Newton's last step, the errors and whatever follows from the model are made
from day sums (`estimates.cox`). Above, no row leaves the engine: it counts those that are alike in all columns, or,
where few are, makes the day sums.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylib import engine
from journeylib.estimates import cox, day_sums, fitted
from journeylib.measures.churn import pieces
from journeylib.measures.churn.covariates import Column, Design
from journeylib.trace import unnoted

__all__ = ["IN_MEMORY", "Regression", "at_hand", "cells", "regressed", "steady"]

IN_MEMORY = 200_000
_LATE = 5_000
_SAMPLED, _MANY = 50_000, 3_000_000  # rows from which on a sixteenth is asked first, or a 256th
_PER_COLUMN = 50  # departures a column that it needs
_ORDER = ["customer_id", "entry_day", "day"]
_MOST_ALIKE = 10_000  # combinations of levels, above which rows are rarely alike
_PIECES = "0123456789abcdef"  # of customers, for robust errors of more rows than are held in memory

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Regression:
    """A fitted model: `columns` with a coefficient each, `said` why one has none ("" where it has).

    `levels` are the strata's, in the order of the fit's numbers; `covariance` is the robust one
    where `is_robust`.
    """

    design: Design
    columns: tuple[Column, ...]
    said: tuple[tuple[Column, str], ...]
    fit: cox.Fit
    covariance: Floats
    is_robust: bool
    levels: tuple[tuple[str, ...], ...]

    @property
    def terms(self) -> dict[str, list[int]]:
        """The places of each covariate's columns."""
        found: dict[str, list[int]] = {}
        for place, column in enumerate(self.columns):
            found.setdefault(column.covariate, []).append(place)
        return found


def regressed(design: Design, *, robust: bool | None = None, in_memory: int = IN_MEMORY) -> Regression | str:
    """Fit the model, or say why it cannot be. Errors are clustered by customer where one has several rows."""
    if not design.rows:
        return "no customer could be followed"
    if not design.left:
        return "nobody left in the time observed"
    names = [column.name for column in design.columns]
    frame = engine.collect(design.table, order_by=_ORDER) if design.rows <= in_memory else None
    levels = _levels(_strata(design) if frame is None else frame, design.strata)

    # Of many rows a part of the customers says where to begin, which saves half the passes over all.
    first = np.zeros(len(names))
    if frame is None and design.rows > _SAMPLED:
        sample = _piece(design, "0" if design.rows < _MANY else "00")
        if sample["has_left"].sum() > _PER_COLUMN * len(names):
            first = _started(_rows(sample, names, design.strata, levels), len(names))
    counted = _alike(design) if frame is None else frame
    sums = _sums(design, names, levels, counted, first)
    said = cox.usable(sums)
    kept = [place for place, why in enumerate(said) if not why]
    used = [names[place] for place in kept]
    start: day_sums.DaySums | None = None if len(kept) < len(names) and first.any() else _only(sums, kept)
    begun = first[kept]
    by_lifelines = _by_lifelines(design, frame, used, levels) if frame is not None else None
    if by_lifelines is not None:
        start, begun = None, by_lifelines
    made = cox.fit(lambda beta: _sums(design, used, levels, counted, beta), begun, start=start)

    is_robust = (design.rows > design.customers if robust is None else robust) and bool(used)
    covariance = _clustered(design, used, levels, frame, made) if is_robust else made.covariance
    columns = tuple(design.columns[place] for place in kept)
    reasons = [(design.columns[place], why) for place, why in enumerate(said) if why]
    endless = [(column, "infinite") for column, grows in zip(columns, made.is_infinite, strict=True) if grows]
    return Regression(design, columns, (*reasons, *design.without, *endless), made, covariance, is_robust, levels)


@contextmanager
def at_hand(followed: nw.LazyFrame, in_memory: int = IN_MEMORY) -> Iterator[nw.LazyFrame]:
    """Fetch a table of few rows once, for a model asks many things of it; one of more rows is given as it is.

    The query that fetched it is noted, and none that runs on what was fetched.
    """
    [rows] = engine.collect(followed.select(rows=nw.len()))["rows"].tolist()
    if rows > in_memory:
        yield followed
        return
    fetched = engine.fetched(followed)
    with unnoted():
        yield fetched


def steady(value: float, digits: int = 10) -> float:
    """Give a number to ten digits: an engine adds fractions in no fixed order, and the last digits show it."""
    return float(f"{value:.{digits}g}")


def cells(design: Design, names: Sequence[str], beta: Floats) -> nw.LazyFrame:
    """The sums by stratum and day, in one query: of who left or stayed to a day, and of who entered after it."""
    predictor = nw.lit(0.0)
    for name, slope in zip(names, beta.tolist(), strict=True):
        predictor = predictor + nw.col(name) * slope
    rows = design.table.with_columns(_e=predictor.exp())
    rows = rows.with_columns(**{f"_e{at}": nw.col("_e") * nw.col(name) for at, name in enumerate(names)})
    sums = {"n": nw.len(), "e": nw.col("_e").sum()}
    sums |= {f"x_{at}": nw.col(name).sum() for at, name in enumerate(names)}
    sums |= {f"e_{at}": nw.col(f"_e{at}").sum() for at in range(len(names))}
    for at in range(len(names)):
        sums |= {f"e_{at}_{to}": (nw.col(f"_e{at}") * nw.col(names[to])).sum() for to in range(at, len(names))}
    picked = [*design.strata, "on_day", "kind", *sums]
    exits = rows.with_columns(on_day=nw.col("day"), kind=nw.col("has_left"))
    parts = [exits.group_by(*design.strata, "on_day", "kind").agg(**sums).select(picked)]
    if design.has_late:
        entered = rows.filter(nw.col("entry_day") > 0).with_columns(
            on_day=nw.col("entry_day"), kind=nw.lit(day_sums.ENTERED).cast(nw.Int64)
        )
        parts.append(entered.group_by(*design.strata, "on_day", "kind").agg(**sums).select(picked))
    return nw.concat(parts) if len(parts) > 1 else parts[0]


def _started(rows: day_sums.Rows, size: int) -> Floats:
    """The coefficients of some of the rows; noughts where they cannot all be told from them."""
    zero = day_sums.gathered(day_sums.cells_of(rows, np.zeros(size)))
    if any(cox.usable(zero)):
        return np.zeros(size)
    found = cox.fit(lambda beta: day_sums.gathered(day_sums.cells_of(rows, beta)), np.zeros(size), start=zero)
    return np.zeros(size) if found.is_infinite.any() else found.beta


def _alike(design: Design) -> pd.DataFrame | None:
    """How many rows are alike in all columns, by the day on which they end and how, and by that after which they begin.

    None where a covariate is a number, or levels combine in so many ways that few are.
    """
    levels: dict[str, int] = {}
    for column in design.columns:
        levels[column.covariate] = levels.get(column.covariate, 1) + (1 if column.baseline else _MOST_ALIKE)
    if math.prod(levels.values()) > _MOST_ALIKE:
        return None
    keys = [*design.strata, *(column.name for column in design.columns), "day", "has_left"]
    parts = [design.table.group_by(*keys).agg(n=nw.len()).select(*keys, "n")]
    if design.has_late:
        late = design.table.filter(nw.col("entry_day") > 0).with_columns(
            day=nw.col("entry_day"), has_left=nw.lit(day_sums.ENTERED).cast(nw.Int64)
        )
        parts.append(late.group_by(*keys).agg(n=nw.len()).select(*keys, "n"))
    found = engine.collect(nw.concat(parts) if len(parts) > 1 else parts[0], order_by=keys)
    return found.assign(entry_day=0)


def _sums(
    design: Design, names: Sequence[str], levels: tuple[tuple[str, ...], ...], frame: pd.DataFrame | None, beta: Floats
) -> day_sums.DaySums:
    if frame is not None:
        return day_sums.gathered(day_sums.cells_of(_rows(frame, names, design.strata, levels), beta))
    found = engine.collect(cells(design, names, beta))
    keys = [*design.strata, "on_day", "kind"]
    return day_sums.gathered(_read(found.sort_values(keys, ignore_index=True), names, design.strata, levels))


def _read(
    found: pd.DataFrame, names: Sequence[str], strata: Sequence[str], levels: tuple[tuple[str, ...], ...]
) -> day_sums.Cells:
    p, size = len(names), len(found)
    exx = np.empty((size, p, p))
    for at in range(p):
        for to in range(at, p):
            exx[:, at, to] = exx[:, to, at] = found[f"e_{at}_{to}"].to_numpy(dtype=float)

    def wide(of: str) -> Floats:
        return found[[f"{of}_{at}" for at in range(p)]].to_numpy(dtype=float).reshape(size, p)

    n, e = (found[name].to_numpy(dtype=float) for name in ("n", "e"))
    day, kind = (found[name].to_numpy(dtype=np.int64) for name in ("on_day", "kind"))
    return day_sums.Cells(_codes(found, strata, levels), day, kind, n, e, wide("x"), wide("e"), exx)


def _rows(
    frame: pd.DataFrame, names: Sequence[str], strata: Sequence[str], levels: tuple[tuple[str, ...], ...]
) -> day_sums.Rows:
    entry, day, left = (frame[name].to_numpy(dtype=np.int64) for name in ("entry_day", "day", "has_left"))
    x = frame[list(names)].to_numpy(dtype=float).reshape(len(frame), len(names))
    weight = frame["n"].to_numpy(dtype=float) if "n" in frame else np.ones(len(frame))
    return day_sums.Rows(entry, day, left, x, _codes(frame, strata, levels), weight)


def _clustered(
    design: Design, names: Sequence[str], levels: tuple[tuple[str, ...], ...], frame: pd.DataFrame | None, fit: cox.Fit
) -> Floats:
    """The robust covariance; of many rows piece by piece, all rows of a customer in one."""
    frames = (_piece(design, digit) for digit in _PIECES) if frame is None else [frame]
    total = np.zeros_like(fit.covariance)
    for piece in frames:
        if piece.empty:
            continue
        rows = _rows(piece, names, design.strata, levels)
        total += fitted.clustered(fit, fitted.influences(rows, fit), pd.factorize(piece["customer_id"])[0])
    return total


def _piece(design: Design, begins: str) -> pd.DataFrame:
    """The rows of the customers whose hash begins so, the same ones each time."""
    return engine.collect(pieces.piece(design.table, begins), order_by=_ORDER)


def _by_lifelines(
    design: Design, frame: pd.DataFrame, names: Sequence[str], levels: tuple[tuple[str, ...], ...]
) -> Floats | None:
    """The coefficients by lifelines; None where it would take long or does not arrive."""
    if not names or len(frame) > (_LATE if design.has_late else IN_MEMORY):
        return None
    from lifelines import CoxPHFitter

    told = frame[[*names, "day", "has_left"]].assign(stratum=_codes(frame, design.strata, levels))
    entry = {"entry_col": "entry_day"} if design.has_late else {}
    told = told.assign(entry_day=frame["entry_day"]) if design.has_late else told
    strata = {"strata": ["stratum"]} if design.strata else {}
    told = told if design.strata else told.drop(columns="stratum")
    # Its own precision, of the gain in likelihood, leaves coefficients 1e-7 off.
    options = {"precision": 1e-18, "r_precision": 1e-16, "max_steps": 50}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            fit = CoxPHFitter().fit(told, "day", "has_left", **entry, **strata, fit_options=options)
        except Exception:  # it raises several kinds where a coefficient has no end; day sums say which
            return None
    found = fit.params_.reindex(names).to_numpy(dtype=float)
    return found if np.isfinite(found).all() and np.abs(found).max() < 10 else None


def _only(sums: day_sums.DaySums, kept: Sequence[int]) -> day_sums.DaySums:
    """The same sums of some columns."""
    at = list(kept)
    wide = {name: getattr(sums, name)[:, at] for name in ("x", "s1", "d1")}
    square = {name: getattr(sums, name)[:, at][:, :, at] for name in ("s2", "d2")}
    return replace(sums, **wide, **square)


def _strata(design: Design) -> pd.DataFrame:
    if not design.strata:
        return pd.DataFrame()
    return engine.collect(design.table.group_by(*design.strata).agg(n=nw.len()))


def _levels(frame: pd.DataFrame, strata: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    if not strata:
        return ((),)
    return tuple(sorted(set(frame[list(strata)].itertuples(index=False, name=None))))


def _codes(frame: pd.DataFrame, strata: Sequence[str], levels: tuple[tuple[str, ...], ...]) -> NDArray[np.int64]:
    if not strata:
        return np.zeros(len(frame), dtype=np.int64)
    places = {level: at for at, level in enumerate(levels)}
    told = frame[list(strata)].itertuples(index=False, name=None)
    return np.fromiter((places[one] for one in told), dtype=np.int64, count=len(frame))
