"""Tables of customers for the benchmarks of churn, and the same numbers from counts and from rows.

Tables are made in DuckDB of hashes, so they are the same each time. What is worked out on rows is worked out in
another way: by lifelines, or day by day as the formula stands in a book.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from journeylib import engine
from journeylib.measures import churn

__all__ = ["COVARIATES", "compared", "made"]

COVARIATES = [f"v{at}" for at in range(20)]
_HORIZON = 365
# Five plans, a constant hazard each; one customer in five enters late; who leaves has one of three causes.
_FOLLOWED = """
COPY (
    SELECT 'c' || i AS customer_id, 'plan ' || plan AS plan, entry_day, least(leaves, stops) AS day,
        leaves <= stops AS has_left, 0::BIGINT AS zero_us,
        CASE WHEN leaves <= stops THEN ['price', 'moved', 'service'][1 + (hash(i * 100 + 6) % 3)::INT] END AS cause
    FROM (
        SELECT *, entry_day + 1 + (hash(i * 100 + 3) % 730)::BIGINT AS stops,
            entry_day + ceil(-ln({uniform}) * 300 * (1 + plan / 4))::BIGINT AS leaves
        FROM (
            SELECT i, (hash(i * 100 + 4) % 5)::INT AS plan,
                CASE WHEN hash(i * 100 + 5) % 5 = 0 THEN 1 + (hash(i * 100 + 7) % 1000)::BIGINT ELSE 0 END AS entry_day
            FROM range({rows}) AS numbers(i)
        )
    )
) TO '{path}'
"""
# Ten normal numbers, four texts, six of 0 and 1; hazard ratios from 0.6 to 1.65.
_EXPLAINED = """
COPY (
    SELECT 'c' || i AS customer_id, 0::BIGINT AS entry_day, least(leaves, stops) AS day, leaves <= stops AS has_left,
        0::BIGINT AS zero_us, {columns}
    FROM (
        SELECT *, 30 + (hash(i * 100 + 92) % 690)::BIGINT AS stops,
            ceil(-ln({uniform}) * 500 * exp(-({predictor})))::BIGINT AS leaves
        FROM (SELECT i, {draws} FROM range({rows}) AS numbers(i))
    )
) TO '{path}'
"""


def made(path: Path, rows: int) -> None:
    """Make a table; numbers come from hashes, so it is the same each time."""

    def uniform(seed: int) -> str:
        return f"((hash(i * 100 + {seed}) % 1000000007 + 1) / 1000000008)"

    connection, said = duckdb.connect(), {"rows": rows, "path": path}
    connection.execute("SET enable_progress_bar = false")
    if path.name.startswith("followed"):
        connection.execute(_FOLLOWED.format(uniform=uniform(1), **said))
        return
    draws = [f"sqrt(-2 * ln({uniform(at)})) * cos(2 * pi() * {uniform(50 + at)}) AS v{at}" for at in range(10)]
    draws += [f"(hash(i * 100 + {at}) % 2)::INT AS v{at}" for at in range(10, 20)]
    slopes = [*np.linspace(-0.4, 0.4, 10), *np.linspace(0.5, -0.5, 10)]
    predictor = " + ".join(f"{slope:.4f} * v{at}" for at, slope in enumerate(slopes))
    texts = [f"CASE WHEN v{at} = 1 THEN 'yes' ELSE 'no' END AS v{at}" for at in range(10, 14)]
    columns = [*COVARIATES[:10], *texts, *COVARIATES[14:]]
    said |= {"draws": ", ".join(draws), "predictor": predictor, "columns": ", ".join(columns)}
    connection.execute(_EXPLAINED.format(uniform=uniform(91), **said))


def compared(folder: Path) -> list[tuple[str, float, float]]:
    """What was compared, the largest difference, and the largest that may be."""
    path = folder / "followed-1000000.parquet"
    made(path, 1_000_000)
    followed = engine.scan([path])
    counts, rows = churn.collapsed(followed, ["plan"]), engine.collect(followed)
    groups = dict(list(rows.groupby("plan")))
    curve = churn.curve(counts, ["plan"])
    told = churn.rmst(counts, ["plan"], horizon_days=_HORIZON).set_index("plan")
    gaps: dict[str, list[float]] = {"lifelines": [], "rows": [], "area": []}
    for name, one in groups.items():
        mine = curve[(curve["plan"] == name) & (curve["day"] > 0)]
        survival, low, high = _by_lifelines(one, mine["day"].to_numpy())
        numbers = mine[["estimate", "low", "high"]].to_numpy(dtype=float)
        gaps["lifelines"].append(np.abs(numbers - np.column_stack([survival, low, high])).max())
        days, shares = _by_rows(one)
        at = np.searchsorted(days, mine["day"].to_numpy(), side="right") - 1
        gaps["rows"].append(np.abs(numbers[:, 0] - np.where(at < 0, 1.0, shares[at])).max())
        inside = days <= _HORIZON
        area = np.r_[1.0, shares[inside]] @ np.diff(np.r_[0.0, days[inside], _HORIZON])
        gaps["area"].append(abs(told["estimate"][name] - area) / area)
    chi2 = _tested_by_rows(list(groups.values()))
    [test] = churn.logrank(counts, ["plan"])["estimate"]
    differing = churn.curve(followed, ["plan"]).compare(curve)
    return [
        ("curves and intervals, from counts and by lifelines on 1,000,000 rows", max(gaps["lifelines"]), 1e-9),
        ("curves, from counts and on the rows", max(gaps["rows"]), 1e-9),
        (f"restricted mean of {_HORIZON} days, from counts and on the rows (relative)", max(gaps["area"]), 1e-9),
        ("log-rank χ² of five plans, from counts and on the rows (relative)", abs(test / chi2 - 1), 1e-9),
        ("curves of the counts and of the customers: rows that differ", float(len(differing)), 0.0),
        ("Cox coefficients, by day sums in the engine and by lifelines on 100,000 rows", _cox_gap(folder), 1e-8),
    ]


def _by_lifelines(rows: pd.DataFrame, days: np.ndarray) -> tuple[np.ndarray, ...]:
    from lifelines import KaplanMeierFitter

    # Its risk sets hold who enters on a day already; half a day later they are ours.
    fit = KaplanMeierFitter().fit(rows["day"], rows["has_left"], entry=rows["entry_day"] + 0.5)
    told = fit.survival_function_.join(fit.confidence_interval_)
    at = told.index.searchsorted(days, side="right") - 1
    return tuple(told.to_numpy(dtype=float)[at].T)


def _at_risk(rows: pd.DataFrame, days: np.ndarray) -> np.ndarray:
    """How many rows are at risk on each day: entered before it, and not gone before it."""
    entry, day = (np.sort(rows[name].to_numpy()) for name in ("entry_day", "day"))
    return np.searchsorted(entry, days, side="left") - np.searchsorted(day, days, side="left")


def _left(rows: pd.DataFrame, days: np.ndarray) -> np.ndarray:
    gone = np.sort(rows.loc[rows["has_left"], "day"].to_numpy())
    return np.searchsorted(gone, days, side="right") - np.searchsorted(gone, days, side="left")


def _by_rows(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    days = np.unique(rows.loc[rows["has_left"], "day"].to_numpy())
    return days, np.cumprod(1 - _left(rows, days) / _at_risk(rows, days))


def _tested_by_rows(groups: Sequence[pd.DataFrame]) -> float:
    """The log-rank χ², day by day as Mantel wrote it."""
    days = np.unique(np.concatenate([one.loc[one["has_left"], "day"].to_numpy() for one in groups]))
    risks, gone = (np.array([of(one, days) for one in groups], dtype=float) for of in (_at_risk, _left))
    many = len(groups)
    gap, spread = np.zeros(many), np.zeros((many, many))
    for at in range(len(days)):
        y, d = risks[:, at].sum(), gone[:, at].sum()
        share = risks[:, at] / y
        gap += gone[:, at] - d * share
        if y > 1:
            spread += d * (y - d) / (y - 1) * (np.diag(share) - np.outer(share, share))
    return float(gap[1:] @ np.linalg.solve(spread[1:, 1:], gap[1:]))


def _cox_gap(folder: Path) -> float:
    """The largest difference of coefficients between day sums in the engine and Efron's likelihood on rows."""
    from lifelines import CoxPHFitter

    path = folder / "explained-100000.parquet"
    made(path, 100_000)
    names = ["v0", "v3", "v9", "v15", "v19"]
    found = churn.model(engine.scan([path]), names, in_memory=0)
    rows = engine.collect(engine.scan([path]).select(*names, "day", "has_left"))
    options = {"precision": 1e-18, "r_precision": 1e-16, "max_steps": 50}
    fit = CoxPHFitter().fit(rows, "day", "has_left", fit_options=options)
    return float(np.abs(np.log(found["estimate"].to_numpy()) - fit.params_[found["covariate"]].to_numpy()).max())
