"""The customers with the highest risk, one by one: for those who act on them, never for a page."""

from __future__ import annotations

from dataclasses import replace

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine
from journeylib.errors import RefusedError
from journeylib.journeys.view import Store
from journeylib.measures.churn.foretold import fifths
from journeylib.measures.churn.outlook import Outlook, ranked
from journeylib.measures.churn.snapshot import Terms, snapshot

__all__ = ["became", "listed"]

_NEAR = 1e-9  # of xβ: the engine's may differ in its last digits


def listed(found: Outlook, most: int) -> pd.DataFrame:
    """List the customers there now with the highest risk, at most so many: a row each, ties by customer_id.

    Columns: customer_id, risk, `band` (the fifth of all customers there now by risk, 5 the highest), `reasons` (as
    `ranked`), the covariates. Raises RefusedError where there is no outlook.
    """
    if found.why or found.risk is None:
        raise RefusedError(f"no list can be made: {found.why}. Choose fewer days or covariates, or wait for more data.")
    told = ranked(found)
    told["band"] = fifths(told)
    reached = told["n"].cumsum() >= most
    last = int(reached.argmax()) if reached.any() else len(told) - 1
    least = float(found.risk.lean(told.iloc[[last]])[0])
    # Sums in the engine say who comes into question, so that not everybody is fetched.
    lean = nw.lit(0.0)
    for name, level, slope in found.risk.slopes:
        levels = [own for own, told_as in found.risk.told_as[name].items() if told_as == level]
        lean = lean + nw.when(nw.col(name).is_in(levels)).then(nw.lit(slope)).otherwise(nw.lit(0.0))
    enough = found.now.with_columns(_lean=lean).filter(nw.col("_lean") >= least - _NEAR)
    columns = list(found.terms.columns)
    people = engine.collect(enough.select("customer_id", *columns), order_by=["customer_id"])
    placed = people.merge(told.drop(columns="n"), on=columns, how="left")
    return placed.sort_values("risk", ascending=False, kind="stable", ignore_index=True).head(most)


def became(store: Store, terms: Terms, at_us: int, *, days: int) -> pd.DataFrame:
    """Tell what became within `days` of everybody who was there at an earlier landmark: customer_id and has_left."""
    plain = replace(terms, segments={}, score="")
    found = snapshot(store, plain, at_us, days=days).select("customer_id", "has_left")
    return engine.collect(found, order_by=["customer_id"])
