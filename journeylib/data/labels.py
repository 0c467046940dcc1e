"""Find connected components of ids: on one machine at once, on Spark by labels handed on until nothing changes."""

from __future__ import annotations

import itertools
from pathlib import Path

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine
from journeylib.data import graph

__all__ = ["components", "handed_on"]


def components(pairs: nw.LazyFrame, work: Path) -> pd.DataFrame:
    """Find the components of pairs of ids (`person`, `alias`), each pair once, as `graph.components` says them."""
    if pairs.implementation.is_duckdb():
        return graph.components(engine.collect(pairs))
    return handed_on(pairs, work)


def handed_on(pairs: nw.LazyFrame, work: Path) -> pd.DataFrame:
    """Find what `graph.components` finds, by joins and least labels alone.

    An id is labelled by the least of itself and its neighbours; then by the label of its label, so that long
    chains take few rounds. Each round is written in the folder `work`.
    """
    one, other = nw.col("person"), nw.col("alias")
    ways = [pairs.select(id=one, beside=other), pairs.select(id=other, beside=one)]
    edges = nw.concat(ways, how="vertical").group_by("id", "beside").agg(rows=nw.len())
    edges = engine.stored(edges, work / "edges.parquet")
    least = edges.group_by("id").agg(beside=nw.col("beside").min())
    labelled = engine.stored(least.select("id", label=_less("id", "beside")), work / "labels-0.parquet")
    for again in itertools.count(1):
        near = edges.join(labelled.rename({"id": "beside", "label": "near"}), on="beside", how="inner")
        near = near.group_by("id").agg(near=nw.col("near").min())
        lower = labelled.join(near, on="id", how="inner").with_columns(lower=_less("label", "near"))
        beyond = labelled.select(lower="id", beyond="label")
        moved = lower.join(beyond, on="lower", how="inner")
        moved = moved.select("id", was="label", label=_less("lower", "beyond"))
        moved = engine.stored(moved, work / f"labels-{again}.parquet")
        changed = engine.collect(moved.filter(nw.col("was") != nw.col("label")).select(ids=nw.len()))
        labelled = moved.select("id", "label")
        if not changed["ids"][0]:
            break
    return engine.collect(labelled.rename({"label": "component"}), order_by=["id"]).astype(object)


def _less(one: str, other: str) -> nw.Expr:
    return nw.when(nw.col(one) <= nw.col(other)).then(nw.col(one)).otherwise(nw.col(other))
