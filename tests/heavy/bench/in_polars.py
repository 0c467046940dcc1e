"""The answers in polars, lazily and on its streaming engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from bench.questions import DAY_US, FUNNEL, FUNNEL_DAYS, GAP_US, PATHS, STEPS, TURNS

__all__ = ["ANSWERS"]

_ORDER = ["customer_id", "occurred_us", "event_id"]
_JOURNEY = ["customer_id", "started_us"]


def load(world: Path) -> list[Any]:
    """Sort the log, cut its journeys, write the table."""
    into = world / "polars.parquet"
    occurred = pl.col("occurred_us")
    rows = pl.scan_parquet(world / "log.parquet").with_columns(occurred_us=pl.col("occurred_at").dt.epoch("us"))
    rows = rows.drop("occurred_at").sort(_ORDER).with_columns(starts=_starts())
    rows = rows.with_columns(
        started_us=pl.when("starts").then(occurred).forward_fill(), journey=pl.col("starts").cum_sum()
    )
    rows = rows.with_columns(step=pl.int_range(1, pl.len() + 1).over("journey"))
    rows.drop("starts", "journey").sink_parquet(into, compression="zstd")
    counts = pl.scan_parquet(into).select(events=pl.len(), journeys=(pl.col("step") == 1).sum())
    return [list(row) for row in counts.collect(engine="streaming").rows()]


def sessions(world: Path) -> list[Any]:
    """Count where journeys start."""
    counts = _clean(world).select(journeys=_starts().sum(), events=pl.len()).collect(engine="streaming")
    journeys, events = counts.row(0)
    return [[journeys, events / journeys]]


def transitions(world: Path) -> list[Any]:
    """Count the journeys of each pair and take the ⌈N/2⌉-th of its waits."""
    is_same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in _JOURNEY)
    moves = (
        _clean(world)
        .with_columns(
            is_same=is_same,
            source=pl.col("touchpoint").shift(1),
            wait_us=pl.col("occurred_us") - pl.col("occurred_us").shift(1),
        )
        .filter("is_same")
        .select(*_JOURNEY, "source", "wait_us", target="touchpoint")
    )
    journeys = moves.unique([*_JOURNEY, "source", "target"]).group_by("source", "target").agg(journeys=pl.len())
    wait = pl.col("wait_us").sort().get((pl.len() + 1) // 2 - 1)
    waits = moves.group_by("source", "target").agg(wait_us=wait)
    both = journeys.join(waits, on=["source", "target"]).sort("source", "target")
    return [list(row) for row in both.collect(engine="streaming").rows()]


def matrix(world: Path) -> list[Any]:
    """Count journeys by step and touchpoint."""
    starts = pl.any_horizontal(pl.col(name) != pl.col(name).shift(1) for name in _JOURNEY).fill_null(True)
    place = pl.int_range(pl.len())
    rows = _clean(world).select("touchpoint", row=place, first=pl.when(starts).then(place).forward_fill())
    counts = (
        rows.select("touchpoint", step=pl.col("row") - pl.col("first") + 1)
        .filter(pl.col("step") <= STEPS)
        .group_by("step", "touchpoint")
        .agg(journeys=pl.len())
    )
    return [list(row) for row in counts.sort("step", "touchpoint").collect(engine="streaming").rows()]


def variants(world: Path) -> list[Any]:
    """Count paths of touchpoints, the same one again taken once."""
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in [*_JOURNEY, "touchpoint"])
    turns = _clean(world).filter(~same.fill_null(False)).group_by(_JOURNEY, maintain_order=True)
    made = turns.agg(turns=pl.col("touchpoint").head(TURNS), many=pl.len())
    goes_on = pl.when(pl.col("many") > TURNS).then(pl.lit(" → …")).otherwise(pl.lit(""))
    counts = made.group_by(path=pl.col("turns").list.join(" → ") + goes_on).agg(journeys=pl.len())
    top = counts.sort(["journeys", "path"], descending=[True, False]).head(PATHS)
    return [list(row) for row in top.collect(engine="streaming").rows()]


def funnel(world: Path) -> list[Any]:
    """Take each customer's first event of a step behind the one before; rows are numbered in their order."""
    seen = _clean(world).select("customer_id", "touchpoint", "occurred_us", row=pl.int_range(pl.len()))
    seen = seen.filter(pl.col("touchpoint").is_in(FUNNEL)).collect(engine="streaming").lazy()
    reached = seen.filter(pl.col("touchpoint") == FUNNEL[0]).group_by("customer_id")
    reached = reached.agg(entered_us=pl.col("occurred_us").min(), at=pl.col("row").min())
    in_time = pl.col("reached_us") - pl.col("entered_us") <= FUNNEL_DAYS * DAY_US
    counts = [reached.select(pl.len()).collect().item()]
    for touchpoint in FUNNEL[1:]:
        later = seen.filter(pl.col("touchpoint") == touchpoint).join(reached, on="customer_id")
        later = later.filter(pl.col("row") > pl.col("at")).group_by("customer_id")
        each = later.agg(pl.col("entered_us", "occurred_us", "row").min())
        reached = each.rename({"row": "at", "occurred_us": "reached_us"}).collect(engine="streaming").lazy()
        counts.append(reached.filter(in_time).select(pl.len()).collect().item())
    return [counts]


def _starts() -> pl.Expr:
    is_other = pl.col("customer_id") != pl.col("customer_id").shift(1)
    is_silent = pl.col("occurred_us") - pl.col("occurred_us").shift(1) > GAP_US
    return (is_other | is_silent).fill_null(True)


def _clean(world: Path) -> pl.LazyFrame:
    return pl.scan_parquet(world / "clean.parquet")


ANSWERS: dict[str, Callable[[Path], list[Any]]] = {
    "load": load,
    "sessions": sessions,
    "transitions": transitions,
    "matrix": matrix,
    "variants": variants,
    "funnel": funnel,
}
