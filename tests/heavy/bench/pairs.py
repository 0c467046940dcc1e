"""Our measures beside SQL for DuckDB that gives the same answer from the same files, timed in turn.

The SQL gives what leaves the engine: sums over customers, from which an interval is worked out by the same formula.
Both are run once and compared in everything that the measure says; only then are they timed, ours first and last in
turn. Ours includes opening the store.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import narwhals.stable.v2 as nw
import pandas as pd

import journeylib
from bench import pairs_sql, worlds
from bench.ours import GOAL
from journeylib import engine
from journeylib.days import DAY_US
from journeylib.estimates import Sums, share
from journeylib.journeys import outcomes, segments
from journeylib.journeys.view import Store
from journeylib.measures import churn, paths, satisfaction, values

__all__ = ["ANSWERS", "PAIRS", "TURNS", "Pair"]

TURNS = 5  # pairs that are timed


class Pair(NamedTuple):
    """A measure, and the SQL for it."""

    ours: Callable[[Store], pd.DataFrame]
    sql: str


def _transitions(store: Store) -> pd.DataFrame:
    return paths.transitions(store.steps)


def _top(store: Store) -> pd.DataFrame:
    return paths.top(store.steps, outcomes.label(store, **GOAL))


def _matrix(store: Store) -> pd.DataFrame:
    return paths.matrix(store.steps, outcomes.label(store, **GOAL))


def _survival(store: Store) -> pd.DataFrame:
    by = ["plan", "entry_day", "day", "has_left"]
    followed = segments.attach(churn.contractual(store), store, {"plan": "customers.plan"}, at="zero_us")
    return engine.collect(followed.group_by(*by).agg(customers=nw.len()), order_by=by)


def _scores(store: Store) -> pd.DataFrame:
    units = satisfaction.csat_units(store.events)
    return values.by_period(units, start_us=store.start_us, ends_us=store.ends_us, every_days=7)


PAIRS = {
    "transitions": Pair(_transitions, pairs_sql.TRANSITIONS),
    "top paths": Pair(_top, pairs_sql.TOP),
    "step matrix": Pair(_matrix, pairs_sql.MATRIX),
    "survival counts": Pair(_survival, pairs_sql.SURVIVAL),
    "scores by week": Pair(_scores, pairs_sql.SCORES),
}


def _beside(name: str) -> Callable[[Path], dict[str, list[float]]]:
    measure, sql = PAIRS[name]

    def answer(world: Path) -> dict[str, list[float]]:
        where, connection = world / "store", duckdb.connect()
        given = _given(where, sql)

        def ours() -> pd.DataFrame:
            return measure(journeylib.open_store(where))

        def theirs() -> pd.DataFrame:
            return connection.execute(sql, given).df()

        compare(ours(), theirs())
        times: tuple[list[float], list[float]] = ([], [])
        for turn in range(TURNS):
            for place in (0, 1) if turn % 2 == 0 else (1, 0):
                began = time.perf_counter()
                (ours, theirs)[place]()
                times[place].append(time.perf_counter() - began)
        return {"ours": times[0], "sql": times[1]}

    return answer


def _given(where: Path, sql: str) -> dict[str, Any]:
    store, files = journeylib.open_store(where), worlds.tables(where)
    known: dict[str, Any] = {name: files[name] for name in ("steps", "journeys", "customers")}
    known |= {"begins": store.begins_us // DAY_US, "ends": store.ends_us // DAY_US}
    known |= {"begins_us": store.begins_us, "ends_us": store.ends_us, "gap_us": store.gap_us}
    return {name: value for name, value in known.items() if f"${name} " in sql or f"${name})" in sql}


def compare(ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    """Raise where a measure and its SQL differ in anything that the measure says."""
    if "estimate" in ours:
        told = []
        for row in theirs.to_dict("records"):
            counts = {"journeys": row["x"], "customers": row["marked"]} if "marked" in row else {"entries": row["m"]}
            own = {name: row[name] for name in ours.columns if name in row and name not in counts}
            told.append(share(Sums.of(row)).row(**{name: int(count or 0) for name, count in counts.items()}, **own))
        theirs = pd.DataFrame(told)
    theirs = theirs[list(ours.columns)]
    if "period_on" in ours:
        ours, theirs = (one.assign(period_on=pd.to_datetime(one["period_on"])) for one in (ours, theirs))
    pd.testing.assert_frame_equal(ours, theirs, check_dtype=False, rtol=1e-12, atol=0)


ANSWERS = {name: _beside(name) for name in PAIRS}
