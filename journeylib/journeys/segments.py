"""Attach segments: the group of each customer or journey, as it stood at an instant.

Nobody may be in a group for what came later than the instant from which an outcome counts: a
customer who calls three times had to stay a customer to do so. So a group is always told as of
an instant, and what makes one later does not count yet. What is not known is the visible
group "unknown". How a definition is written is told in `definitions`.
"""

from __future__ import annotations

from collections.abc import Mapping

import narwhals.stable.v2 as nw

from journeylib import engine
from journeylib.days import DAY_US
from journeylib.errors import RecipeError, RefusedError
from journeylib.journeys import conditions
from journeylib.journeys.definitions import Attribute, Bands, Cohort, Definition, First, Where, read
from journeylib.journeys.view import Store
from journeylib.schema import ORDER

__all__ = ["UNKNOWN", "attach", "check", "is_of_journeys", "known", "named", "refuse_later", "understood"]

UNKNOWN = "unknown"
_NOTHING = "none"
_AT = "_at_us"
_SINCE = nw.col("valid_from_us").fill_null(-(2**62))
_Kind = Attribute | Cohort | Bands | First | dict[str, Where]


def named(segments: Mapping[str, Definition], by: str) -> dict[str, Definition]:
    """Choose one segment by its name; an empty name chooses none.

    >>> named({"plan": "customers.plan", "region": "customers.region"}, "plan")
    {'plan': 'customers.plan'}
    >>> named({"plan": "customers.plan"}, "")
    {}
    """
    return {by: segments[by]} if by else {}


def is_of_journeys(definition: Definition) -> bool:
    """Whether a segment groups journeys by what happens in their course, which is not known when they start.

    >>> is_of_journeys("journeys where contacts >= 3"), is_of_journeys("journeys.first_channel")
    (True, False)
    """
    wheres = [read("", one) for one in _conditions("", definition).values()]
    return any(isinstance(one, Where) and one.is_of_journeys for one in wheres)


def refuse_later(segments: Mapping[str, Definition], what: str) -> None:
    """Refuse segments that are known only in the course of a journey, where `what` counts from its start.

    Raises RefusedError.
    """
    for name, definition in segments.items():
        if is_of_journeys(definition):
            raise RefusedError(
                f'segment {name} = "{definition}" is known only in the course of a journey, but {what} counts from its '
                "start: what came later would choose who is compared. Set landmark_days, after which both are judged, "
                'or write it of customers ("customers where …"), for whom it counts before the journey.'
            )


def check(store: Store, segments: Mapping[str, Definition]) -> None:
    """Refuse what cannot be compared: groups that overlap, and bands of a revenue in several currencies.

    Raises RefusedError; RecipeError where a definition is not understood. Two groups overlap where both
    hold of somebody at the end of the data.
    """
    for name, definition in segments.items():
        kind = understood(name, definition, store.attributes)
        if isinstance(kind, Bands):
            money = store.events.filter(~nw.col("revenue_minor").is_null())
            currencies = sorted(
                str(one) for one in engine.collect(money.group_by("currency").agg(n=nw.len()))["currency"]
            )
            if len(currencies) > 1:
                raise RefusedError(
                    f"segment {name}: revenue is in {', '.join(currencies)}, which have no common bands. "
                    "Load one currency, or convert it in the source."
                )
        elif isinstance(kind, dict):
            conditions.refuse_overlap(name, kind, store)


def attach(
    table: nw.LazyFrame, store: Store, segments: Mapping[str, Definition], *, at: str | None = None
) -> nw.LazyFrame:
    """Add a text column for each segment to a table with `customer_id`, and `started_us` for segments of journeys.

    `at` names a column of instants: every group is told as it stood then, an attribute "unknown" where
    it was not known yet. Without it groups are as they stood at the start of the store's period, except
    that an attribute whose first value came later counts by that; segments of journeys need `at`.
    """
    marked = given = table.with_columns(_at_us=nw.lit(store.start_us) if at is None else nw.col(at))
    kinds = {name: understood(name, definition, store.attributes) for name, definition in segments.items()}
    attributes = {name: kind.name for name, kind in kinds.items() if isinstance(kind, Attribute)}
    for name, kind in kinds.items():
        keys = ["customer_id", "started_us"] if _is_of_journeys(kind) else ["customer_id"]
        _has(table, name, segments[name], keys, at)
        if isinstance(kind, Attribute):
            continue
        # Of the table as it was given: what others have been attached to it would be made again for each.
        instants = given.group_by(*keys, _AT).agg(rows=nw.len()).drop("rows")
        if isinstance(kind, Cohort):
            groups = _cohort(instants, store, kind, is_open=at is None)
        elif isinstance(kind, First):
            groups = _first(instants, store, kind)
        elif isinstance(kind, Bands):
            groups = _bands(instants, store, kind)
        else:
            groups = conditions.grouped(instants, store, name, kind)
        marked = marked.join(groups.select(*keys, _AT, **{name: nw.col("_group")}), on=[*keys, _AT], how="left")
    marked = _with_attributes(marked, store, attributes, is_open=at is None) if attributes else marked
    return marked.with_columns(nw.col(*segments).fill_null(UNKNOWN)).drop(_AT) if segments else marked.drop(_AT)


def known(table: nw.LazyFrame, by: str) -> nw.LazyFrame:
    """Keep the rows whose group in the segment `by` is known; all of them where `by` is empty."""
    return table.filter(nw.col(by) != UNKNOWN) if by else table


def _conditions(name: str, definition: Definition) -> dict[str, str]:
    return {name: definition} if isinstance(definition, str) else dict(definition)


def understood(name: str, definition: Definition, attributes: list[str]) -> _Kind:
    """Read a segment over customers with `attributes`; conditions come by the name of their group.

    Raises RecipeError where it is not understood, or names an attribute that customers do not have.

    >>> understood("plan", "customers.plan", ["plan", "region"])
    Attribute(name='plan')
    """
    found = {
        group: read(f"{name}.{group}" if group != name else name, one)
        for group, one in _conditions(name, definition).items()
    }
    wheres = {group: one for group, one in found.items() if isinstance(one, Where)}
    if isinstance(definition, str):
        [kind] = found.values()
        having = ", ".join(attributes) or "none"
        if isinstance(kind, Attribute) and kind.name not in attributes:
            raise RecipeError(
                f"segment {name}: customers have no attribute {kind.name}; they have {having}. "
                "Name one of these, or map it under [source.attributes]."
            )
        return wheres if isinstance(kind, Where) else kind
    if len(wheres) < len(found) or len({one.is_of_journeys for one in wheres.values()}) != 1:
        raise RecipeError(
            f"[segments.{name}] needs a condition for each group, all of customers or all of journeys. "
            'Write them as in loud = "customers where contacts >= 3 within 30 days".'
        )
    return wheres


def _is_of_journeys(kind: _Kind) -> bool:
    if isinstance(kind, dict):
        return next(iter(kind.values())).is_of_journeys
    return isinstance(kind, First) and kind.is_of_journeys


def _has(table: nw.LazyFrame, name: str, definition: Definition, keys: list[str], at: str | None) -> None:
    if any(key not in table.collect_schema().names() for key in keys):
        raise RefusedError(
            f'segment {name} = "{definition}" is of journeys, but what is compared here has no journey. '
            'Write it of customers ("customers where …", "customers.first_channel").'
        )
    if at is None and is_of_journeys(definition):
        refuse_later({name: definition}, "what is counted here")


def _with_attributes(marked: nw.LazyFrame, store: Store, names: Mapping[str, str], *, is_open: bool) -> nw.LazyFrame:
    """Add attributes as they stood: a version holds from its instant to the next one's, none before the first.

    Where `is_open`, the first holds from the beginning of time. So at every instant one row of a customer holds.
    """
    since, until = nw.col("_from_us"), nw.col("_until_us")
    known = store.customers.select("customer_id", **{name: nw.col(of) for name, of in names.items()}, _from_us=_SINCE)
    following = since.shift(-1).over("customer_id", order_by=["_from_us", *names])
    first = since.min().over("customer_id")
    known = known.with_columns(_until_us=following, _first_us=first)
    if is_open:
        known = known.with_columns(_from_us=nw.when(since != nw.col("_first_us")).then(since)).drop("_first_us")
    else:
        nothing = {name: nw.lit(None).cast(kind) for name, kind in known.select(*names).collect_schema().items()}
        before = known.filter(since == nw.col("_first_us")).group_by("customer_id").agg(_until_us=since.min())
        before = before.with_columns(**nothing, _from_us=nw.lit(None).cast(nw.Int64))
        columns = ["customer_id", *names, "_from_us", "_until_us"]
        known = nw.concat([known.select(columns), before.select(columns)])
    joined = marked.join(known, on="customer_id", how="left")
    holds = (since.is_null() | (since <= nw.col(_AT))) & (until.is_null() | (nw.col(_AT) < until))
    return joined.filter(holds).drop("_from_us", "_until_us")


def _cohort(instants: nw.LazyFrame, store: Store, kind: Cohort, *, is_open: bool) -> nw.LazyFrame:
    if kind.column == "first_seen_on":
        seen = store.journeys.group_by("customer_id").agg(_us=nw.col("started_us").min())
        people = engine.dates(seen, _on="_us")
    else:
        people = store.customers.filter(_SINCE == _SINCE.max().over("customer_id")).with_columns(
            _on=nw.col(kind.column)
        )
        people = engine.microseconds(people, _us="_on").filter(~nw.col("_us").is_null())
    on = nw.col("_on").cast(nw.String)  # 2026-03-31
    if kind.period == "quarter":
        month, number = on.str.slice(5, 2), nw.lit("4")
        for last, quarter in (("09", "3"), ("06", "2"), ("03", "1")):
            number = nw.when(month <= last).then(nw.lit(quarter)).otherwise(number)
        label = nw.concat_str([on.str.slice(0, 4), number], separator="-Q")
    else:
        label = on.str.slice(0, 7 if kind.period == "month" else 4)
    labelled = people.select("customer_id", "_us", _group=label)
    joined = instants.join(labelled, on="customer_id", how="inner")
    return joined if is_open else joined.filter(nw.col("_us") <= nw.col(_AT))


def _first(instants: nw.LazyFrame, store: Store, kind: First) -> nw.LazyFrame:
    keys = ["customer_id", "started_us"] if kind.is_of_journeys else ["customer_id"]
    if kind.column == "first_reason":  # which no first step needs to have
        given = store.events.filter(~nw.col("reason").is_null()).select("customer_id", "event_id", "reason")
        told = store.steps.join(given, on=["customer_id", "event_id"], how="inner")
        place = nw.col("event_id").cum_count().over(*keys, order_by=ORDER)
        first = told.with_columns(place=place).filter(nw.col("place") == 1)
        joined = instants.join(
            first.select(*keys, _us=nw.col("occurred_us"), _group=nw.col("reason")), on=keys, how="inner"
        )
        return joined.filter(nw.col("_us") <= nw.col(_AT))
    began = nw.col("started_us")
    journeys = (
        store.journeys if kind.is_of_journeys else store.journeys.filter(began == began.min().over("customer_id"))
    )
    return instants.join(journeys.select(*keys, _group=nw.col(kind.column)), on=keys, how="inner")


def _bands(instants: nw.LazyFrame, store: Store, kind: Bands) -> nw.LazyFrame:
    """What was spent before the instant, not at it; "none" for whoever had bought nothing yet."""
    money = store.events.filter(~nw.col("revenue_minor").is_null())
    money = money.select("customer_id", "revenue_minor", _us=nw.col("occurred_us"))
    spent = instants.join(money, on="customer_id", how="inner").filter(nw.col("_us") < nw.col(_AT))
    if kind.within_days is not None:
        spent = spent.filter(nw.col("_us") >= nw.col(_AT) - int(kind.within_days * DAY_US))
    sums = spent.group_by("customer_id", _AT).agg(_sum=nw.col("revenue_minor").sum())
    label = nw.lit(f"below {kind.edges[0]:g}")
    for edge, nxt in zip(kind.edges, [*kind.edges[1:], None], strict=True):
        text = f"{edge:g} and more" if nxt is None else f"{edge:g} to {nxt:g}"
        label = nw.when(nw.col("_sum") >= round(edge * 100)).then(nw.lit(text)).otherwise(label)
    banded = sums.with_columns(_group=label)
    joined = instants.join(banded, on=["customer_id", _AT], how="left")
    return joined.with_columns(_group=nw.col("_group").fill_null(_NOTHING))
