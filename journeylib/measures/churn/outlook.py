"""Who is likely to leave in the next N days: a model of what became of the customers of earlier days.

Landmarks lie N days apart, back from the end of the data. A Cox model is learnt from those whose N days are over,
then tells of the customers there now the share that leaves within N days: 1 − exp(−H0(N)·exp(xβ)), with Efron's
baseline. How well it foretells is seen on the last landmark whose N days are over, by a model learnt before
that one began (`churn.foretold`, `churn.calibration`). A risk says who is like those that left. It says neither what
made them leave, nor that a call would keep them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from journeylib import engine, schema, trace
from journeylib.days import DAY_US, day_of
from journeylib.errors import ParameterError
from journeylib.estimates import ENOUGH, plain_sums, share
from journeylib.journeys.definitions import Definition
from journeylib.journeys.view import Store
from journeylib.measures.churn import pieces
from journeylib.measures.churn.counts import FEWEST_LEFT, names_of
from journeylib.measures.churn.durations import NOBODY_ENDED
from journeylib.measures.churn.regression import steady
from journeylib.measures.churn.risk import Risk, learnt
from journeylib.measures.churn.snapshot import LOOK_BACK_DAYS, Terms, scored, snapshot
from journeylib.trace import measured

__all__ = ["Outlook", "at_risk", "note", "outlook", "ranked", "reasons"]

_LANDMARKS = 6
_MOST_ROWS = 1_000_000
_LISTED = 0.1
_NOTHING_STANDS_OUT = "nothing stands out"


@dataclass(frozen=True)
class Outlook:
    """Who leaves within `days`: the `risk`, and `earlier`, which was learnt before the landmark that it is judged on.

    `seen` counts the customers (`n`) of each landmark (`zero_us`) by covariates, day and has_left. `why` says why there
    is no outlook; then there is nothing else.
    """

    store: Store
    terms: Terms
    days: int
    why: str = ""
    risk: Risk | None = None
    earlier: Risk | None = None
    seen: pd.DataFrame = field(default_factory=pd.DataFrame)
    queries: tuple[str, ...] = ()

    @property
    def now_us(self) -> int:
        """The midnight after the last day of the data: who left on that day is not there any more."""
        return -(-self.store.ends_us // DAY_US) * DAY_US

    @property
    def now(self) -> nw.LazyFrame:
        """A row for each customer there at the end of the data, with its covariates as text."""
        return snapshot(self.store, self.terms, self.now_us, days=self.days).drop("day", "has_left")

    @cached_property
    def there(self) -> pd.DataFrame:
        """The customers there now: how many (`n`) by covariates, and their `risk`; the highest first."""
        assert self.risk is not None
        columns = list(self.terms.columns)
        found = engine.collect(self.now.group_by(*columns).agg(n=nw.len()), order_by=columns)
        found = found.assign(risk=self.risk.of(found))
        return found.sort_values("risk", ascending=False, kind="stable", ignore_index=True)


def outlook(
    store: Store,
    *,
    days: int = 90,
    definition: str = "contract",
    silent_days: float = 60,
    touchpoints: Sequence[str] = (),
    covariates: Sequence[str] | Mapping[str, Definition] = (),
    contacts: Sequence[str] = (),
    complaint: Sequence[str] = (),
    resolved: Sequence[str] = (),
) -> Outlook:
    """Learn who leaves within `days`, from customers as they stood at earlier landmarks.

    `definition` is "contract" or "lapse" (the first silence over `silent_days`; `snapshot` says how). `covariates` are
    attributes of customers, or segments by name. Beside them stand, each in bands and as known before the landmark: the
    tenure, the days since the last activity (an event with one of `touchpoints`; any where none is named), `contacts`
    in 30 days, channel bounces and the last score (NPS, else CSAT) in 90 days, and whether a `complaint` is open
    that is not `resolved`. A level from which fewer than ten left is told as the commonest.

    Learnt from at most six landmarks, `days` apart, of which it was known before the last one began what became of
    their customers; judged on that one;
    and learnt again with it. Of more than a million rows a part of the customers is learnt from. There is no
    outlook without two landmarks in the period that have 90 days of data before them, or with fewer than
    ten departures a parameter.
    """
    if days < 1:
        raise ParameterError(f"days = {days} looks at nothing ahead. Give 1 or more, such as 90.")
    if definition == "own lapse":
        return Outlook(store, Terms("lapse"), days, "a silence by each customer's own pace has no outlook")
    segments = covariates if isinstance(covariates, Mapping) else {name: f"customers.{name}" for name in covariates}
    terms = Terms(
        definition,
        silent_days,
        tuple(touchpoints),
        dict(segments),
        tuple(contacts),
        tuple(complaint),
        tuple(resolved),
        scored(store),
    )

    end = terms.told_us(store)
    first = max(store.start_us, store.begins_us + LOOK_BACK_DAYS * DAY_US)
    landmarks = [end - back * days * DAY_US for back in range(1, _LANDMARKS + 2)]
    landmarks = [at for at in landmarks if at >= first]
    if not any(terms.told_before(at, days, landmarks[0]) for at in landmarks):
        between = f"between {day_of(first).isoformat()} and {day_of(end - 1).isoformat()}"
        why = f"the data do not hold two stretches of {days} days {between}, one to learn from and one to judge by"
        return Outlook(store, terms, days, why)
    rows = _followed(store, terms, days, landmarks)
    is_before = rows["zero_us"].map(lambda at: terms.told_before(int(at), days, landmarks[0]))
    if not rows["has_left"].any():
        return Outlook(store, terms, days, NOBODY_ENDED if definition == "contract" else "nobody left in the time seen")
    earlier = learnt(rows[is_before], terms.columns, days)
    risk = learnt(rows, terms.columns, days)
    for made in (earlier, risk):
        if isinstance(made, str):
            return Outlook(store, terms, days, made)
    assert isinstance(earlier, Risk)
    assert isinstance(risk, Risk)
    keys = ["zero_us", *terms.columns, "day", "has_left"]
    seen = rows.groupby(keys, sort=True, as_index=False).agg(n=("customer_id", "size"))
    told = Outlook(store, terms, days, "", risk, earlier, seen, tuple(rows.attrs.get(trace.KEY, ())))
    return Outlook(store, terms, days, "no customer is there at the end of the data") if told.there.empty else told


@measured
def at_risk(found: Outlook, by: Sequence[str] = ()) -> pd.DataFrame:
    """Measure the share expected to leave within the days: the mean risk of the customers there now, a row a group.

    `by` names covariates of the outlook. The interval is the model's (delta method: coefficients, clustered by
    customer, and baseline), the customers taken as they are; the share that does leave differs from it by chance, and
    by whatever will be otherwise than it was. `left` is the departures of the group that were learnt from; not enough
    under 30 customers there now or ten such departures.
    """
    names = names_of(by)
    if unknown := [name for name in names if name not in found.terms.columns]:
        raise ParameterError(
            f"by = {', '.join(unknown)} is no covariate of the outlook. It has {', '.join(found.terms.columns)}."
        )
    if found.why or found.risk is None:
        return schema.not_applicable(found.why, names, ["left"])
    note(found)
    there, gone = found.there, found.seen[found.seen["has_left"]]
    rows = []
    for group, part in there.groupby(names) if names else [((), there)]:
        own = gone
        for name, level in zip(names, group, strict=True):
            own = own[own[name] == level]
        n, left = int(part["n"].sum()), int(own["n"].sum())
        estimate, low, high = found.risk.mean(part)
        is_enough = n >= ENOUGH and left >= FEWEST_LEFT
        rows.append([*group, n, estimate, low, high, is_enough, left])
    return pd.DataFrame(rows, columns=[*names, *schema.RESULT, "left"])


@measured
def reasons(found: Outlook) -> pd.DataFrame:
    """Tell what sets those with the highest risk apart: the tenth of the customers there now, and all who tie with it.

    A row for each `reason` (a covariate) and `level`: of the listed, those in whom this covariate adds most to the log
    hazard above what it adds to the average customer; "nothing stands out" where none adds. It is what the model goes
    by, which need not be what makes them leave. `n` is these customers, `estimate` their share of the listed with
    Wilson's interval, and `predicted` the share of them expected to leave.
    """
    by, extra = ["reason", "level"], ["predicted"]
    if found.why or found.risk is None:
        return schema.not_applicable(found.why, by, extra)
    note(found)
    there = found.there
    last = int(np.searchsorted(there["n"].cumsum(), np.ceil(_LISTED * there["n"].sum())))
    told = ranked(found)
    told = told[told["risk"] >= there["risk"].iloc[last]]
    told = told.assign(weighed=told["risk"] * told["n"])
    listed = int(told["n"].sum())
    rows = []
    for (reason, level), part in told.groupby(by):
        n = int(part["n"].sum())
        made = share(plain_sums(n, listed))
        rows.append(made.row(reason=reason, level=level, n=n, predicted=steady(float(part["weighed"].sum() / n))))
    return schema.result(sorted(rows, key=lambda row: (-row["n"], row["reason"], row["level"])), by, extra)


def ranked(found: Outlook) -> pd.DataFrame:
    """Make `there` with the `reasons` of each, (covariate, level), largest first; the first is `reason` and `level`."""
    assert found.risk is not None
    there = found.there
    leanings = found.risk.leanings(there)
    each = []
    for place, own in zip(there.index, leanings.to_numpy(), strict=True):
        order = [leanings.columns[at] for at in np.argsort(-own, kind="stable") if own[at] > 0]
        each.append([(name, str(there.at[place, name])) for name in order])
    first = [own[0] if own else (_NOTHING_STANDS_OUT, "") for own in each]
    told = there.assign(reason=[one for one, _ in first], level=[one for _, one in first])
    told["reasons"] = pd.Series(each, index=there.index, dtype=object)
    return told


def note(found: Outlook) -> None:
    """Name the queries that the outlook was learnt by among those of the measure at work."""
    for text in found.queries:
        trace.note(partial(str, text))


@measured
def _followed(store: Store, terms: Terms, days: int, landmarks: Sequence[int]) -> pd.DataFrame:
    """The customers of all landmarks, each row followed for the days; of very many a part of the customers."""
    people = store.customers if terms.definition == "contract" else store.events
    ids = people.group_by("customer_id").agg(rows=nw.len()).drop("rows")
    [size] = engine.collect(ids.select(n=nw.len()))["n"].tolist()
    chosen = pieces.part(ids, size * len(landmarks), _MOST_ROWS)
    if chosen is not ids:  # a part
        only = engine.kept(chosen)
        tables = {name: getattr(store, name) for name in ("events", "steps", "journeys", "customers")}
        parts = {name: table.join(only, on="customer_id", how="semi") for name, table in tables.items()}
        store = replace(store, **parts)
    table = nw.concat([snapshot(store, terms, at, days=days) for at in landmarks])
    return engine.collect(table, order_by=["customer_id", "zero_us"])
