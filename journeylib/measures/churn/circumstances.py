"""By how much does what happens to customers multiply the chance to leave: contacts, complaints, bounces, scores."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine, schema
from journeylib.journeys.view import Store
from journeylib.measures.churn.durations import since
from journeylib.measures.churn.model import BY, EXTRA, model
from journeylib.measures.churn.snapshot import SCORES, scored
from journeylib.measures.churn.start_stop import Changing, bounces, last, start_stop, state, times
from journeylib.trace import measured, note, unnoted

__all__ = ["BY_SILENCE", "circumstances"]

BY_SILENCE = "a silence begins on a day of activity, so whatever customers do seems to come before it"
_CONTACT_DAYS, _MANY = 30, 3
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
    has_bounces: bool = True,
) -> pd.DataFrame:
    """Measure hazard ratios of what changes while customers are followed, beside `covariates`: rows as `model` has.

    Each is told on every day as it was known when the day began (`start_stop`): `contacts_30_days`, "3 or more"
    events with one of the touchpoints `contacts` in the 30 whole days before; `complaint`, "open" from one until one of
    `resolved`; `bounces`, "1 or more" so far; `last_score`, the last NPS, else CSAT, so far: since the data begin, and
    customers are followed from 30 days after that. What names no
    touchpoints, or is not in the data, is left out. Errors are clustered by customer. It says what goes before
    leaving, not what causes it. Of more than half a million customers a part, chosen by hash, is looked at.

    Not applicable to silences (`lapse`): one begins on a day of activity, so whatever the active do comes before it.
    """
    if "has_returned" in followed.collect_schema().names():
        return schema.not_applicable(BY_SILENCE, BY, EXTRA)
    changing = dict[str, Changing]()
    touchpoint = nw.col("touchpoint")
    if contacts:
        changing["contacts_30_days"] = times(
            store.events.filter(touchpoint.is_in(list(contacts))), within_days=_CONTACT_DAYS
        )
    if complaint:
        changing["complaint"] = state(store.events, begins=complaint, ends=resolved)
    if has_bounces:
        changing["bounces"] = bounces(store.steps)
    kind = scored(store)
    if kind:
        changing["last_score"] = last(store.events.filter(nw.col("score_type") == kind))
    if not changing:
        return schema.not_applicable("the data name no contact, complaint, bounce or score", BY, EXTRA)
    followed = since(followed, store.begins_us, days=_CONTACT_DAYS)
    people = engine.kept(_part(followed))
    note(lambda: engine.query(start_stop(followed, **changing)))
    with unnoted():  # the same from what was fetched: the engine would make the groups of customers again and again
        rows = engine.kept(start_stop(people, **changing))
        told = rows.with_columns(**{name: _told(name, kind) for name in changing})
        return model(told, [*covariates, *changing], robust=True)


def _part(followed: nw.LazyFrame) -> nw.LazyFrame:
    """The customers; of very many those whose hash begins with noughts."""
    [size] = engine.collect(followed.select(n=nw.len()))["n"].tolist()
    digits = 0
    while size > _MOST * 16**digits:
        digits += 1
    if not digits:
        return followed
    hashed = engine.md5(followed, "customer_id", "_piece")
    return hashed.filter(nw.col("_piece").str.starts_with("0" * digits)).drop("_piece")


def _told(name: str, kind: str) -> nw.Expr:
    """A value as text."""
    value = nw.col(name)
    if name == "contacts_30_days":
        return nw.when(value >= _MANY).then(nw.lit("3 or more")).otherwise(nw.lit("under 3"))
    if name == "complaint":
        return nw.when(value == 1).then(nw.lit("open")).otherwise(nw.lit("none open"))
    if name == "bounces":
        return nw.when(value >= 1).then(nw.lit("1 or more")).otherwise(nw.lit("none"))
    found = nw.lit(SCORES[kind][-1][1])
    for edge, said in reversed(SCORES[kind][:-1]):
        found = nw.when(value <= edge).then(nw.lit(said)).otherwise(found)
    return nw.when(value.is_null()).then(nw.lit("no answer")).otherwise(found)
