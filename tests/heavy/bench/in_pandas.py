"""The answers in pandas, of which only the columns that are needed are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.questions import DAY_US, FUNNEL, FUNNEL_DAYS, GAP_US, PATHS, STEPS, TURNS

__all__ = ["ANSWERS"]

_ORDER = ["customer_id", "occurred_us", "event_id"]
_JOURNEY = ["customer_id", "started_us"]


def load(world: Path) -> list[Any]:
    """Sort the log, cut its journeys, write the table."""
    into = world / "pandas.parquet"
    rows = pd.read_parquet(world / "log.parquet")
    rows["occurred_us"] = rows.pop("occurred_at").astype("datetime64[us]").astype("int64")
    rows = rows.sort_values(_ORDER, ignore_index=True)
    starts = _starts(rows)
    rows["started_us"] = rows["occurred_us"].where(starts).ffill().astype("int64")
    rows["step"] = _steps(starts)
    rows.to_parquet(into, compression="zstd")
    return [[len(rows), int((rows["step"] == 1).sum())]]


def sessions(world: Path) -> list[Any]:
    """Count where journeys start."""
    rows = _clean(world, "customer_id", "occurred_us")
    journeys = int(_starts(rows).sum())
    return [[journeys, len(rows) / journeys]]


def transitions(world: Path) -> list[Any]:
    """Count the journeys of each pair and take the ⌈N/2⌉-th of its waits."""
    rows = _clean(world, *_JOURNEY, "occurred_us", "touchpoint")
    rows["touchpoint"] = rows["touchpoint"].astype("category")
    rows["source"], rows["wait_us"] = rows["touchpoint"].shift(1), rows["occurred_us"].diff()
    starts = _is_new(rows, _JOURNEY)
    rows["journey"] = starts.cumsum()
    moves = rows.loc[~starts, ["journey", "source", "touchpoint", "wait_us"]]
    pair = ["source", "touchpoint"]
    journeys = moves[["journey", *pair]].drop_duplicates().groupby(pair, observed=True).size()
    waits = moves.sort_values("wait_us").groupby(pair, observed=True)["wait_us"]
    place = waits.cumcount() == (waits.transform("size") + 1) // 2 - 1
    median = moves.loc[place[place].index].set_index(pair)["wait_us"].astype("int64")
    both = pd.DataFrame({"journeys": journeys, "wait_us": median}).reset_index().astype(dict.fromkeys(pair, str))
    return both.sort_values(pair).to_numpy().tolist()


def matrix(world: Path) -> list[Any]:
    """Count journeys by step and touchpoint."""
    rows = _clean(world, *_JOURNEY, "touchpoint")
    rows["step"] = _steps(_is_new(rows, _JOURNEY))
    counts = rows[rows["step"] <= STEPS].groupby(["step", "touchpoint"]).size().reset_index()
    return counts.to_numpy().tolist()


def variants(world: Path) -> list[Any]:
    """Count paths of touchpoints, the same one again taken once."""
    rows = _clean(world, *_JOURNEY, "touchpoint")
    starts = _is_new(rows, _JOURNEY)
    rows["journey"] = starts.cumsum()
    turns = rows[starts | _is_new(rows, ["touchpoint"])]
    turn = turns.groupby("journey").cumcount()
    text = turns["touchpoint"].where(turn < TURNS, "…")[turn <= TURNS]
    paths = text.groupby(turns["journey"]).agg(" → ".join)
    counts = paths.value_counts().rename_axis("path").reset_index(name="journeys")
    return counts.sort_values(["journeys", "path"], ascending=[False, True]).head(PATHS).to_numpy().tolist()


def funnel(world: Path) -> list[Any]:
    """Take each customer's first event of a step behind the one before; rows are numbered in their order."""
    seen = _clean(world, "customer_id", "occurred_us", "touchpoint")
    seen = seen[seen["touchpoint"].isin(FUNNEL)].rename_axis("row").reset_index()
    reached = seen[seen["touchpoint"] == FUNNEL[0]].drop_duplicates("customer_id")
    reached = reached[["customer_id", "row", "occurred_us"]].rename(columns={"row": "at", "occurred_us": "entered_us"})
    counts = [len(reached)]
    for touchpoint in FUNNEL[1:]:
        later = seen[seen["touchpoint"] == touchpoint].merge(reached, on="customer_id")
        later = later[later["row"] > later["at"]].drop_duplicates("customer_id")
        counts.append(int((later["occurred_us"] - later["entered_us"] <= FUNNEL_DAYS * DAY_US).sum()))
        reached = later[["customer_id", "row", "entered_us"]].rename(columns={"row": "at"})
    return [counts]


def _starts(rows: pd.DataFrame) -> pd.Series:
    return _is_new(rows, ["customer_id"]) | (rows["occurred_us"].diff() > GAP_US)


def _is_new(rows: pd.DataFrame, columns: list[str]) -> pd.Series:
    is_new = pd.Series(np.zeros(len(rows), bool), index=rows.index)
    for name in columns:
        is_new |= (rows[name] != rows[name].shift(1)).fillna(True).astype(bool)
    is_new.iloc[:1] = True
    return is_new


def _steps(starts: pd.Series) -> np.ndarray:
    place = np.arange(len(starts))
    first = np.flatnonzero(starts.to_numpy())
    return place - np.repeat(first, np.diff(np.append(first, len(starts)))) + 1


def _clean(world: Path, *columns: str) -> pd.DataFrame:
    return pd.read_parquet(world / "clean.parquet", columns=list(columns))


ANSWERS: dict[str, Callable[[Path], list[Any]]] = {
    "load": load,
    "sessions": sessions,
    "transitions": transitions,
    "matrix": matrix,
    "variants": variants,
    "funnel": funnel,
}
