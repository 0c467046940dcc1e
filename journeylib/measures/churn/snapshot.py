"""The customers still there on a day (a landmark), as they stood when it began, and what became of them.

Everything is made of what was known before the landmark: events before it, attributes valid before it. So a
list made today and a list made of the past are made alike, and the past can tell how well the list foretells.
Numbers are told in bands, so that each can be said in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import narwhals.stable.v2 as nw

from journeylib import engine
from journeylib.days import DAY_US, day_of
from journeylib.errors import ParameterError
from journeylib.journeys import segments
from journeylib.journeys.definitions import Definition
from journeylib.journeys.view import Store
from journeylib.measures.churn.durations import silences
from journeylib.measures.churn.start_stop import bounces
from journeylib.schema import ORDER

__all__ = ["LADDERS", "LOOK_BACK_DAYS", "OWN", "SINCE", "Terms", "score_band", "scored", "snapshot"]

LOOK_BACK_DAYS = 90  # no band but that of the tenure needs to know more of the past
SINCE = "last_active"
OWN = ("tenure", SINCE, "contacts_30_days", "bounces_90_days", "last_score", "complaint")
LADDERS: Mapping[str, tuple[str, ...]] = {  # covariates whose levels are steps
    SINCE: ("up to 7 days", "8 to 30 days", "31 to 60 days", "over 60 days"),
    "contacts_30_days": ("none", "1", "2", "3 or more"),
}

_UNKNOWN = "unknown"
_CONTACT_DAYS = 30
_SCORES: Mapping[str, tuple[tuple[float, str], ...]] = {
    "nps": ((6, "0 to 6"), (8, "7 to 8"), (10, "9 to 10")),
    "csat": ((3, "1 to 3"), (5, "4 to 5")),
}


@dataclass(frozen=True)
class Terms:
    """What leaving means, and what is asked of the customers.

    `segments` are definitions by name; `touchpoints` are activity (any event where none is named), `contacts` what
    counts as a contact; `complaint` begins a complaint and `resolved` ends it; `score` is a score_type.
    """

    definition: str = "contract"
    silent_days: float = 60
    touchpoints: tuple[str, ...] = ()
    segments: Mapping[str, Definition] = field(default_factory=dict)
    contacts: tuple[str, ...] = ()
    complaint: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()
    score: str = ""

    def __post_init__(self) -> None:
        if self.definition not in ("contract", "lapse"):
            raise ParameterError(f'definition = "{self.definition}" is not understood. Write "contract" or "lapse".')
        if taken := sorted(set(self.segments) & {*OWN, "customer_id", "zero_us", "entry_day", "day", "has_left"}):
            raise ParameterError(f"{', '.join(taken)} is a name of the outlook's own. Give that segment another.")

    @property
    def columns(self) -> tuple[str, ...]:
        """The covariates: the segments, then what was asked of the events."""
        asked = {"contacts_30_days": self.contacts, "last_score": self.score, "complaint": self.complaint}
        return (*self.segments, *(name for name in OWN if asked.get(name, True)))

    def told_us(self, store: Store) -> int:
        """Up to when departures are known: the last midnight of the data, less the silence that tells a lapse."""
        return (store.ends_us - self.silence_us) // DAY_US * DAY_US

    @property
    def silence_us(self) -> int:
        """How long after a departure it can be told."""
        return round(self.silent_days * DAY_US) if self.definition == "lapse" else 0

    def told_before(self, at_us: int, days: int, later_us: int) -> bool:
        """Whether what became within the days of those there at a landmark was known when a later one began."""
        return at_us + days * DAY_US + self.silence_us <= later_us


def snapshot(store: Store, terms: Terms, at_us: int, *, days: int) -> nw.LazyFrame:
    """Make a row for each customer still there when the day at `at_us` begins, followed for `days`, lazily.

    Columns: customer_id, zero_us, entry_day (0), day (from 1), has_left, and `terms.columns` as text. What became of
    them holds only where `at_us` and the days lie before `terms.told_us`.

    Still there on a contract: signed up before and not ended before. Without one: active in the `silent_days`
    before; who fell silent for good in those days, which nobody could know yet, leaves on day 1. That is why this
    is not `churn.lapse`, which leaves out who turned out to have gone.
    """
    people = _people(store)
    if terms.definition == "contract":
        found = _contracts(people, at_us, days)
    else:
        found = _lapses(store, terms, at_us, days).join(people, on="customer_id", how="left")
    placed = found.select(
        "customer_id",
        "signed_up_us",
        "day",
        has_left=nw.col("left_day") <= days,
        zero_us=nw.lit(at_us),
        entry_day=nw.lit(0).cast(nw.Int64),
        # An instant earlier than the landmark, for what was learnt on it was not known before.
        _before_us=nw.lit(at_us - 1),
    )
    grouped = segments.attach(placed, store, terms.segments, at="_before_us")
    for part in (_events(store, terms, at_us), _bounces(store, at_us), _score(store, terms, at_us)):
        if part is not None:
            grouped = grouped.join(part, on="customer_id", how="left")
    told = _bands(terms, at_us)
    return grouped.select(
        *("customer_id", "zero_us", "entry_day", "day", "has_left", *terms.segments),
        **{name: told[name] for name in terms.columns if name in told},
    )


def scored(store: Store) -> str:
    """Tell the kind of score that a last score is told by: "nps", else "csat", else none."""
    types = engine.collect(store.events.group_by("score_type").agg(n=nw.len()))["score_type"].tolist()
    return next((name for name in _SCORES if name in types), "")


def score_band(score: nw.Expr, kind: str) -> nw.Expr:
    """Tell a score of a kind ("nps" or "csat") in bands as text, where there is none as "no answer"."""
    *edges, (_, most) = _SCORES[kind]
    band = _cut(score, tuple((edge + 0.5, said) for edge, said in edges), most)
    return nw.when(score.is_null()).then(nw.lit("no answer")).otherwise(band)


def _people(store: Store) -> nw.LazyFrame:
    once = store.customers.group_by("customer_id").agg(nw.col("signed_up_on").max(), nw.col("ended_on").max())
    return engine.microseconds(once, signed_up_us="signed_up_on", ended_us="ended_on")


def _contracts(people: nw.LazyFrame, at_us: int, days: int) -> nw.LazyFrame:
    signed_up, ended = nw.col("signed_up_us"), nw.col("ended_us")
    there = (signed_up < at_us).fill_null(False) & (ended >= at_us).fill_null(True)
    return _counted(people.filter(there), ended, at_us, days)


def _lapses(store: Store, terms: Terms, at_us: int, days: int) -> nw.LazyFrame:
    marked, _ = silences(store, silent_days=terms.silent_days, landmark=day_of(at_us), touchpoints=terms.touchpoints)
    each = marked.group_by("customer_id").agg(
        nw.col("is_active").max(), nw.col("is_gone").max(), nw.col("lapsed_us").min()
    )
    lapsed = nw.when(nw.col("is_gone") == 1).then(nw.lit(at_us)).otherwise(nw.col("lapsed_us"))
    return _counted(each.filter(nw.col("is_active") == 1), lapsed, at_us, days).select("customer_id", "left_day", "day")


def _counted(there: nw.LazyFrame, ended: nw.Expr, at_us: int, days: int) -> nw.LazyFrame:
    """Add the day on which they left, far off where they did not, and the last day on which they were followed."""
    left_day = ((ended - at_us) / DAY_US).floor().cast(nw.Int64) + 1
    placed = there.with_columns(left_day=left_day.fill_null(days + 1))
    last = nw.when(nw.col("left_day") <= days).then(nw.col("left_day")).otherwise(nw.lit(days))
    return placed.with_columns(day=last.cast(nw.Int64))


def _events(store: Store, terms: Terms, at_us: int) -> nw.LazyFrame:
    """When each customer was last active, its contacts, whether a complaint is open: of events before the landmark."""
    occurred, touchpoint = nw.col("occurred_us"), nw.col("touchpoint")
    before = store.events.filter(occurred < at_us)
    is_activity = touchpoint.is_in(list(terms.touchpoints)) if terms.touchpoints else ~touchpoint.is_null()
    is_recent = occurred >= at_us - _CONTACT_DAYS * DAY_US
    marked = before.with_columns(
        _active_us=nw.when(is_activity).then(occurred),
        _contact=(touchpoint.is_in(list(terms.contacts)) & is_recent).cast(nw.Int64),
        _begun_us=nw.when(touchpoint.is_in(list(terms.complaint))).then(occurred),
        _solved_us=nw.when(touchpoint.is_in(list(terms.resolved))).then(occurred),
    )
    return marked.group_by("customer_id").agg(
        nw.col("_active_us").max(), nw.col("_contact").sum(), nw.col("_begun_us").max(), nw.col("_solved_us").max()
    )


def _bounces(store: Store, at_us: int) -> nw.LazyFrame:
    """The bounces of the last 90 days, in journeys that reach into them."""
    reaching = store.steps.filter(_inside(at_us)).select("customer_id", "started_us")
    steps = store.steps.filter(nw.col("occurred_us") < at_us)
    steps = steps.join(reaching, on=["customer_id", "started_us"], how="semi")
    return bounces(steps).changes.filter(_inside(at_us)).group_by("customer_id").agg(_bounces=nw.len())


def _score(store: Store, terms: Terms, at_us: int) -> nw.LazyFrame | None:
    """The last score of the chosen type in the last 90 days."""
    if not terms.score:
        return None
    score = nw.col("score")
    answers = store.events.filter(_inside(at_us) & (nw.col("score_type") == terms.score) & ~score.is_null())
    later = nw.col("occurred_us").shift(-1).over("customer_id", order_by=ORDER)
    return answers.with_columns(_later=later).filter(nw.col("_later").is_null()).select("customer_id", _score=score)


def _inside(at_us: int) -> nw.Expr:
    occurred = nw.col("occurred_us")
    return (occurred < at_us) & (occurred >= at_us - LOOK_BACK_DAYS * DAY_US)


def _bands(terms: Terms, at_us: int) -> dict[str, nw.Expr]:
    """Each covariate of the outlook's own as text."""
    tenure, silent = (at_us - nw.col(name) for name in ("signed_up_us", "_active_us"))
    contacts, bounced = nw.col("_contact").fill_null(0), nw.col("_bounces").fill_null(0)
    is_open = (nw.col("_begun_us") > nw.col("_solved_us")).fill_null(True) & ~nw.col("_begun_us").is_null()
    told = {
        "tenure": _cut(tenure, ((90 * DAY_US, "under 90 days"), (366 * DAY_US, "90 to 365 days")), "over 365 days"),
        SINCE: _stepped(SINCE, silent, [days * DAY_US + 1 for days in (7, 30, 60)]),
        "contacts_30_days": _stepped("contacts_30_days", contacts, [1, 2, 3]),
        "bounces_90_days": _cut(bounced, ((1, "none"),), "1 or more"),
        "complaint": nw.when(is_open).then(nw.lit("open")).otherwise(nw.lit("none open")),
    }
    told["tenure"] = nw.when(nw.col("signed_up_us").is_null()).then(nw.lit(_UNKNOWN)).otherwise(told["tenure"])
    if terms.score:
        told["last_score"] = score_band(nw.col("_score"), terms.score)
    return told


def _stepped(name: str, value: nw.Expr, edges: Sequence[float]) -> nw.Expr:
    *levels, most = LADDERS[name]
    return _cut(value, tuple(zip(edges, levels, strict=True)), most)


def _cut(value: nw.Expr, edges: tuple[tuple[float, str], ...], beyond: str) -> nw.Expr:
    """The first band whose edge lies above the value; `beyond` where none does, or there is none."""
    found = nw.lit(beyond)
    for edge, said in reversed(edges):
        found = nw.when((value < edge).fill_null(False)).then(nw.lit(said)).otherwise(found)
    return found
