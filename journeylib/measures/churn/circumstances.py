"""By how much does what happens to customers multiply the chance to leave: contacts, complaints, bounces, scores."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine, schema
from journeylib.journeys.view import Store
from journeylib.measures.churn import pieces
from journeylib.measures.churn.durations import since
from journeylib.measures.churn.model import BY, EXTRA, model
from journeylib.measures.churn.snapshot import score_band, scored
from journeylib.measures.churn.start_stop import Changing, bounces, last, start_stop, state, times
from journeylib.trace import measured, unnoted

__all__ = ["BY_SILENCE", "circumstances"]

BY_SILENCE = "a silence begins on a day of activity, so whatever customers do seems to come before it"
_DAYS = 30  # for which a contact counts, and before which nothing is known of them
_MOST = 500_000  # customers of whom every change is held in memory


@measured
def circumstances(
    followed: nw.LazyFrame,
    store: Store,
    covariates: Sequence[str] = (),
    *,
    contacts: Sequence[str] = (),
    complaint: Sequence[str] = (),
    resolved: Sequence[str] = (),
) -> pd.DataFrame:
    """Measure hazard ratios of what changes while customers are followed, beside `covariates`: rows as `model` has.

    Each is told on every day as it was known when the day began (`start_stop`): `contacts_30_days`, "3 or more"
    events with one of the touchpoints `contacts` in the 30 whole days before; `complaint`, "open" from one until one of
    `resolved`; `bounces`, "1 or more" so far; `last_score`, the last NPS, else CSAT, so far. So far is since the data
    begin, and customers are followed from 30 days after that. What names no touchpoints, or is not in the data, is left
    out. Errors are clustered by customer. It says what goes before leaving, not what causes it. Of more than half a
    million customers a part, chosen by hash, is looked at.

    Not applicable to silences (`lapse`): one begins on a day of activity, so whatever the active do comes before it.
    """
    if "has_returned" in followed.collect_schema().names():
        return schema.not_applicable(BY_SILENCE, BY, EXTRA)
    touchpoint, kind = nw.col("touchpoint"), scored(store)
    changing, told = dict[str, Changing](), dict[str, nw.Expr]()
    if contacts:
        counted = store.events.filter(touchpoint.is_in(list(contacts)))
        changing["contacts_30_days"] = times(counted, within_days=_DAYS)
        told["contacts_30_days"] = _either("contacts_30_days", 3, "3 or more", "under 3")
    if complaint:
        changing["complaint"] = state(store.events, begins=complaint, ends=resolved)
        told["complaint"] = _either("complaint", 1, "open", "none open")
    changing["bounces"] = bounces(store.steps)
    told["bounces"] = _either("bounces", 1, "1 or more", "none")
    if kind:
        changing["last_score"] = last(store.events.filter(nw.col("score_type") == kind))
        told["last_score"] = score_band(nw.col("last_score"), kind)
    known = since(followed, store.begins_us, days=_DAYS)
    [size] = engine.collect(known.select(n=nw.len()))["n"].tolist()
    chosen = pieces.part(known, size, _MOST)
    people = engine.kept(chosen)  # the engine would make the groups of customers again and again
    rows = engine.fetched(start_stop(people, **changing))
    with unnoted():
        return model(rows.with_columns(**told), [*covariates, *changing], robust=True)


def _either(name: str, least: int, is_so: str, otherwise: str) -> nw.Expr:
    return nw.when(nw.col(name) >= least).then(nw.lit(is_so)).otherwise(nw.lit(otherwise))
