"""The answers in SQL for DuckDB, written by hand; and the floor: a scan of the columns that a question needs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from bench.questions import DAY_US, FUNNEL, FUNNEL_DAYS, GAP_US, PATHS, STEPS, TURNS

__all__ = ["ANSWERS"]

_LOAD = f"""
COPY (
    WITH seen AS (
        SELECT event_id, customer_id, epoch_us(occurred_at) AS occurred_us, touchpoint, channel,
            lag(occurred_us) OVER (PARTITION BY customer_id ORDER BY occurred_us, event_id) AS before_us
        FROM '{{log}}'
    ), begun AS (
        SELECT * EXCLUDE before_us, max(CASE WHEN before_us IS NULL OR occurred_us - before_us > {GAP_US}
            THEN occurred_us END) OVER (PARTITION BY customer_id ORDER BY occurred_us, event_id) AS started_us
        FROM seen
    )
    SELECT *, row_number() OVER (PARTITION BY customer_id, started_us ORDER BY occurred_us, event_id) AS step
    FROM begun ORDER BY customer_id, occurred_us, event_id
) TO '{{into}}' (COMPRESSION zstd)
"""
# The file is in order, so windows without a partition run over it as it comes.
_SESSIONS = f"""
SELECT count(*) FILTER (customer_id IS DISTINCT FROM before_customer OR occurred_us - before_us > {GAP_US}) AS journeys,
    count(*) / journeys AS steps
FROM (
    SELECT customer_id, occurred_us, lag(customer_id) OVER () AS before_customer, lag(occurred_us) OVER () AS before_us
    FROM '{{clean}}'
)
"""
_TRANSITIONS = """
WITH moves AS (
    SELECT customer_id, started_us, touchpoint AS target, occurred_us,
        lag(touchpoint) OVER () AS source, lag(occurred_us) OVER () AS before_us,
        lag(customer_id) OVER () = customer_id AND lag(started_us) OVER () = started_us AS is_same
    FROM '{clean}'
), made AS (
    SELECT source, target, customer_id, started_us, occurred_us - before_us AS wait_us FROM moves WHERE is_same
), waits AS (
    SELECT source, target, quantile_disc(wait_us, 0.5) AS wait_us FROM made GROUP BY ALL
), pairs AS (
    SELECT DISTINCT source, target, customer_id, started_us FROM made
), counts AS (
    SELECT source, target, count(*) AS journeys FROM pairs GROUP BY ALL
)
SELECT source, target, journeys, wait_us FROM counts JOIN waits USING (source, target) ORDER BY source, target
"""
_MATRIX = f"""
WITH placed AS (
    SELECT touchpoint, row_number() OVER () AS place,
        (customer_id, started_us) IS DISTINCT FROM (lag(customer_id) OVER (), lag(started_us) OVER ()) AS starts
    FROM '{{clean}}'
), numbered AS (
    SELECT touchpoint, place + 1 - max(CASE WHEN starts THEN place END)
        OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS step
    FROM placed
)
SELECT step, touchpoint, count(*) AS journeys FROM numbered WHERE step <= {STEPS} GROUP BY ALL ORDER BY ALL
"""
_PLACES = [f"max(touchpoint) FILTER (turn = {place})" for place in range(1, TURNS + 1)]
_VARIANTS = f"""
WITH seen AS (
    SELECT customer_id, started_us, touchpoint, lag(touchpoint) OVER () AS before,
        (customer_id, started_us) IS DISTINCT FROM (lag(customer_id) OVER (), lag(started_us) OVER ()) AS starts
    FROM '{{clean}}'
), turns AS (
    SELECT customer_id, started_us, touchpoint, starts, row_number() OVER () AS place FROM seen
    WHERE starts OR touchpoint <> before
), numbered AS (
    SELECT customer_id, started_us, touchpoint, place + 1 - max(CASE WHEN starts THEN place END)
        OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS turn
    FROM turns
), paths AS (
    SELECT concat_ws(' → ', {", ".join(_PLACES)}, CASE WHEN max(turn) > {TURNS} THEN '…' END) AS path
    FROM numbered WHERE turn <= {TURNS + 1} GROUP BY customer_id, started_us
)
SELECT path, count(*) AS journeys FROM paths GROUP BY ALL ORDER BY journeys DESC, path LIMIT {PATHS}
"""
_FUNNEL = f"""
WITH seen AS (
    SELECT customer_id, touchpoint, occurred_us, event_id FROM '{{clean}}' WHERE touchpoint IN {FUNNEL}
), first AS (
    SELECT customer_id, min((occurred_us, event_id)) AS one FROM seen WHERE touchpoint = '{FUNNEL[0]}' GROUP BY ALL
), second AS (
    SELECT customer_id, one, min((occurred_us, event_id)) AS two FROM seen JOIN first USING (customer_id)
    WHERE touchpoint = '{FUNNEL[1]}' AND (occurred_us, event_id) > one GROUP BY ALL
), third AS (
    SELECT customer_id, one, two, min((occurred_us, event_id)) AS three FROM seen JOIN second USING (customer_id)
    WHERE touchpoint = '{FUNNEL[2]}' AND (occurred_us, event_id) > two GROUP BY ALL
)
SELECT (SELECT count(*) FROM first) AS a,
    (SELECT count(*) FROM second WHERE two[1] - one[1] <= {FUNNEL_DAYS * DAY_US}) AS b,
    (SELECT count(*) FROM third WHERE three[1] - one[1] <= {FUNNEL_DAYS * DAY_US}) AS c
"""
_FLOOR = {
    "load": ("log", "min(event_id), max(customer_id), min(occurred_at), max(touchpoint), min(channel)"),
    "sessions": ("clean", "max(customer_id), sum(occurred_us)"),
    "transitions": ("clean", "max(customer_id), sum(started_us), sum(occurred_us), max(touchpoint)"),
    "matrix": ("clean", "max(customer_id), sum(started_us), max(touchpoint)"),
    "variants": ("clean", "max(customer_id), sum(started_us), max(touchpoint)"),
    "funnel": ("clean", "max(customer_id), sum(occurred_us), max(touchpoint)"),
}


def _asked(sql: str) -> Callable[[Path], list[Any]]:
    def answer(world: Path) -> list[Any]:
        rows = duckdb.connect().execute(sql.format(clean=world / "clean.parquet")).fetchall()
        return [list(row) for row in rows]

    return answer


def _load(world: Path) -> list[Any]:
    into = world / "by_hand.parquet"
    connection = duckdb.connect()
    connection.execute(_LOAD.format(log=world / "log.parquet", into=into))
    counts = f"SELECT count(*), count(*) FILTER (step = 1) FROM '{into}'"
    return [list(row) for row in connection.execute(counts).fetchall()]


def _floor(name: str) -> Callable[[Path], list[Any]]:
    table, columns = _FLOOR[name]

    def answer(world: Path) -> list[Any]:
        duckdb.connect().execute(f"SELECT {columns} FROM '{world / table}.parquet'").fetchall()
        return []

    return answer


ANSWERS: dict[str, Callable[[Path], list[Any]]] = {
    "load": _load,
    "sessions": _asked(_SESSIONS),
    "transitions": _asked(_TRANSITIONS),
    "matrix": _asked(_MATRIX),
    "variants": _asked(_VARIANTS),
    "funnel": _asked(_FUNNEL),
    "funnel without a window": _asked(re.sub(r"\s+WHERE \w+\[1\] - one\[1\] <= \d+", "", _FUNNEL)),
    **{f"floor of {name}": _floor(name) for name in _FLOOR},
}
