"""The answers of retentioneering, by its own tools, as far as they give them.

Its median waits are in whole seconds and lie between the two middle ones of an even number, so that only the counts
of transitions are compared. Its step matrix is in shares, which are multiplied by the journeys. Its funnel knows no
window: what it counts is compared with the same funnel without one. It has no tool for the most frequent paths.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["RETENTIONEERING_NO_TRACK"] = "1"  # it would report its use over the network

import pandas as pd
from retentioneering import Eventstream

from bench.questions import FUNNEL, STEPS

__all__ = ["ANSWERS"]

_ENDS = ["path_start", "path_end"]


def load(world: Path) -> list[Any]:
    """Make a stream of the log, split it into sessions, write its table."""
    log = pd.read_parquet(world / "log.parquet").sort_values("event_id")  # equal times stay in the order of ids
    stream = _stream(log.rename(columns={"occurred_at": "timestamp"})).split_sessions(timeout="7d")
    rows = stream.to_dataframe()
    rows.to_parquet(world / "retentioneering.parquet", compression="zstd")
    return [[len(rows), int(rows["session_id"].nunique())]]


def sessions(world: Path) -> list[Any]:
    """Split a stream into sessions."""
    rows = _stream(_clean(world, "customer_id", "touchpoint", "occurred_us")).split_sessions(timeout="7d").df
    journeys = int(rows["session_id"].nunique())
    return [[journeys, len(rows) / journeys]]


def transitions(world: Path) -> list[Any]:
    """The matrix of unique paths, and that of median times, which is made as well but not compared."""
    stream = _journeys(world)
    counts = stream.transition_graph_data(edge_weight="unique_paths")
    stream.transition_graph_data(edge_weight="time_median")
    counts = counts.drop(index=_ENDS, columns=_ENDS, errors="ignore")
    long = counts.rename_axis(index="source", columns="target").stack()
    rows = [[source, target, int(journeys), None] for (source, target), journeys in long.items() if journeys]
    return sorted(rows, key=lambda row: row[:2])


def matrix(world: Path) -> list[Any]:
    """The step matrix, its shares multiplied by the number of journeys."""
    stream = _journeys(world)
    shares = stream.step_matrix_data(max_steps=STEPS)
    counts = shares.drop(index=_ENDS).drop(columns=0) * stream.df["journey"].nunique()
    rows = [[int(step), name, round(float(counts.loc[name, step]))] for step in counts for name in counts.index]
    return sorted(row for row in rows if row[2])


def funnel(world: Path) -> list[Any]:
    """Customers who reach each step of the funnel at whatever time."""
    found = _stream(_clean(world, "customer_id", "touchpoint", "occurred_us")).funnel_data(steps=list(FUNNEL))
    return [[int(step["unique_paths"]) for step in found["steps"]]]


def _clean(world: Path, *columns: str) -> pd.DataFrame:
    rows = pd.read_parquet(world / "clean.parquet", columns=list(columns))
    rows["timestamp"] = pd.to_datetime(rows.pop("occurred_us"), unit="us")
    return rows


def _journeys(world: Path) -> Eventstream:
    rows = _clean(world, "customer_id", "started_us", "touchpoint", "occurred_us")
    rows["journey"] = rows.pop("customer_id") + " " + rows.pop("started_us").astype(str)
    return _stream(rows, path="journey")


def _stream(rows: pd.DataFrame, path: str = "customer_id") -> Eventstream:
    said = {"path_cols": [path], "event_col": "touchpoint", "timestamp_col": "timestamp"}
    return Eventstream(rows, schema=said)


ANSWERS: dict[str, Callable[[Path], list[Any]]] = {
    "load": load,
    "sessions": sessions,
    "transitions": transitions,
    "matrix": matrix,
    "funnel": funnel,
}
