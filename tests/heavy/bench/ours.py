"""The answers of journeylib: the store that a load has made, asked through the measures that notebooks use."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet

import journeylib
from bench.questions import FUNNEL, FUNNEL_DAYS, PATHS, STEPS, TURNS
from journeylib import engine
from journeylib.journeys import buckets, outcomes
from journeylib.journeys.view import Store
from journeylib.measures import funnels, paths

__all__ = ["ANSWERS", "GOAL"]

GOAL = {"touchpoint": "order placed", "within_days": 30}
_ALL = 10_000  # more touchpoints, or pairs of them, than there are
_HOUR_US = 3_600_000_000
_LONGEST_DAYS = 3650  # so that silence alone ends a journey
_MAPPING = {
    "columns": {name: name for name in ("event_id", "customer_id", "occurred_at", "touchpoint", "channel")},
    "time": {"format": "timestamp", "zone": "UTC"},
    "journeys": {"longest_days": _LONGEST_DAYS},
}


def load(world: Path) -> list[Any]:
    """Load the log into a store."""
    into = world / "loaded"
    shutil.rmtree(into, ignore_errors=True)
    done = journeylib.load(world / "log.parquet", mapping=_MAPPING, store=into)
    journeys = engine.collect(journeylib.open_store(into).journeys.select("started_us"))
    return [[done["accepted"], len(journeys)]]


def sessions(world: Path) -> list[Any]:
    """Cut journeys by the function by which a load cuts them."""
    columns = ["customer_id", "occurred_us", "touchpoint", "channel"]
    texts = ["customer_id", "touchpoint", "channel"]
    table = pyarrow.parquet.read_table(world / "clean.parquet", columns=columns, read_dictionary=texts)
    rules = buckets.Rules(timedelta(days=7), timedelta(days=_LONGEST_DAYS))
    steps = buckets.cut(table.combine_chunks().unify_dictionaries(), rules)["step"].to_numpy()
    journeys = int((steps == 1).sum())
    return [[journeys, len(steps) / journeys]]


def transitions(world: Path) -> list[Any]:
    """The transitions of all pairs of touchpoints."""
    found = paths.transitions(_store(world).steps, most=_ALL).sort_values(["source", "target"])
    found["wait_us"] = (found["wait_hours"] * _HOUR_US).round().astype("int64")
    return found[["source", "target", "journeys", "wait_us"]].to_numpy().tolist()


def matrix(world: Path) -> list[Any]:
    """The places of the step matrix but those of journeys that have ended."""
    store = _store(world)
    found = paths.matrix(store.steps, outcomes.label(store, **GOAL), columns=STEPS, most=_ALL)
    found = found[~found["is_end"].astype(bool)].sort_values(["step", "touchpoint"])
    return found[["step", "touchpoint", "journeys"]].to_numpy().tolist()


def variants(world: Path) -> list[Any]:
    """The most frequent paths but the row of all the rest."""
    store = _store(world)
    found = paths.top(store.steps, outcomes.label(store, **GOAL), most=PATHS, length=TURNS)
    return found[found["path"] != paths.OTHER][["path", "journeys"]].to_numpy().tolist()


def funnel(world: Path) -> list[Any]:
    """Customers at each step of the funnel, as seen so far."""
    store = _store(world)
    found = funnels.funnel(store.events, FUNNEL, within_days=FUNNEL_DAYS, ends_us=store.ends_us)
    return [[int(count) for count in found["customers"]]]


def _store(world: Path) -> Store:
    return journeylib.open_store(world / "store")


ANSWERS: dict[str, Callable[[Path], list[Any]]] = {
    "load": load,
    "sessions": sessions,
    "transitions": transitions,
    "matrix": matrix,
    "variants": variants,
    "funnel": funnel,
}
