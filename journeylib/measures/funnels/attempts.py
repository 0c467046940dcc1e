"""Follow every entry of a funnel through its steps, lazily.

Whatever comes after an event is told to it in one pass from the back: first what the last
step is, then the step before with what follows that, and so on. So each entry learns the
instants of all its steps from windows over one order, and nothing is joined.
"""

from __future__ import annotations

from collections import Counter
from functools import reduce
from itertools import product
from operator import mul

import narwhals.stable.v2 as nw

from journeylib import schema
from journeylib.measures.funnels.plan import Block, Plan

__all__ = ["NEVER", "attempts", "parts", "width_us"]

NEVER = 2**62  # the instant of a step that has not come
_BROKEN = NEVER + 1  # of a strict step before which something else came: it never will
_PARTS = 1000  # of the window, in which follow-up is counted


def attempts(events: nw.LazyFrame, plan: Plan) -> nw.LazyFrame:
    """Make one row a unit that entered (with `plan.unit` "entries", one an entry), lazily.

    `t_1`, `t_2`, … are the instants of the steps as first seen after each other, `depth` the
    steps reached in time, `is_open` whether the next may still come. Flags, 0 or 1:
    `is_counted`, `is_dropped` (met an excluded touchpoint), `is_mature` (the whole window lies
    before the data end), `is_measured` (counts for shares). `follow` is how long the entry was followed,
    in whole parts (`width_us`) of the window. Groups are `by_0`, `by_1`, …: the entry's own.

    "furthest" takes a unit's deepest entry, the earliest of several, for the counts of all
    its entries and for shares of its mature ones: two rows where these differ.
    """
    rows, within = _seen(events, plan)
    entered = _followed(rows, plan, within).filter(nw.col("touchpoint").is_in(list(plan.blocks[0].touchpoints)))
    return _chosen(_reached(entered, plan), plan)


def width_us(plan: Plan) -> int:
    """The length of a part of the window: a thousandth, rounded up to a whole microsecond."""
    return -(-plan.within_us // _PARTS)


def parts(plan: Plan) -> int:
    """How many parts the window has."""
    return -(-plan.within_us // width_us(plan))


def _seen(events: nw.LazyFrame, plan: Plan) -> tuple[nw.LazyFrame, list[str]]:
    """The events that matter, each with its place in the unit, and the columns within which a funnel runs."""
    occurred, scope = nw.col("occurred_us"), plan.scope
    known = events.filter(occurred < plan.ends_us)
    is_over = nw.lit(False)
    if plan.unit == "journeys":  # the customer has begun another
        is_over = nw.col("started_us") < nw.col("started_us").max().over("customer_id")
    kinds = events.collect_schema()
    named = {f"by_{at}": nw.col(name) for at, name in enumerate(plan.by)}
    texts = [at for at, name in enumerate(plan.by) if kinds[name] == nw.String]
    named |= {f"by_{at}": nw.col(plan.by[at]).fill_null("unknown") for at in texts}
    if plan.same is not None:
        named["same"] = nw.col(plan.same)
    kept = known.select(*scope, *schema.ORDER, "touchpoint", is_over=is_over, **named)
    if plan.start_us is not None:
        kept = kept.filter(occurred >= plan.start_us)
    touchpoint = nw.col("touchpoint")
    if not any(block.is_strict for block in plan.blocks):
        kept = kept.filter(touchpoint.is_in([*plan.steps, *plan.exclude]))
    rows = kept.with_columns(place=nw.col("event_id").cum_count().over(*scope, order_by=schema.ORDER))

    within = [*scope, *(["same"] if plan.same is not None else [])]
    if not plan.exclude:
        rows = rows.with_columns(passed=nw.lit(0).cast(nw.Int64), stop_us=nw.lit(NEVER))
        return rows.filter(~nw.col("same").is_null()) if plan.same is not None else rows, within

    # An excluded touchpoint that lacks the constant value counts whatever the entry's value is.
    is_excluded = touchpoint.is_in(list(plan.exclude)).fill_null(False)
    if plan.same is None:
        rows = _counted(rows, is_excluded, scope, "")
        return rows, [*within, "passed"] if plan.excluded == "until" else within
    rows = _counted(rows, is_excluded & nw.col("same").is_null(), scope, "_any")
    rows = _counted(rows.filter(~nw.col("same").is_null()), is_excluded, within, "_own")
    rows = rows.with_columns(
        passed=nw.col("passed_any") + nw.col("passed_own"), stop_us=nw.min_horizontal("stop_us_any", "stop_us_own")
    )
    return rows, [*within, "passed"] if plan.excluded == "until" else within


def _counted(rows: nw.LazyFrame, is_excluded: nw.Expr, scope: list[str], name: str) -> nw.LazyFrame:
    """Add how many excluded touchpoints came up to each row, and when the next comes."""
    marked = rows.with_columns(
        **{
            f"passed{name}": nw.when(is_excluded).then("event_id"),
            f"stop_us{name}": nw.when(is_excluded).then("occurred_us"),
        }
    )
    stop = nw.col(f"stop_us{name}").fill_null(strategy="backward").over(*scope, order_by="place")
    passed = nw.col(f"passed{name}").cum_count().over(*scope, order_by="place")
    marked = marked.with_columns(**{f"passed{name}": passed.cast(nw.Int64), f"stop_us{name}": stop})
    return marked.with_columns(nw.col(f"stop_us{name}").fill_null(NEVER))


def _followed(rows: nw.LazyFrame, plan: Plan, within: list[str]) -> nw.LazyFrame:
    """Add the instants `t_1`, … of the steps, and `end_passed`, what was passed at the last."""
    rows, tail = (rows.with_columns(end_passed=nw.col("passed")), ["end_passed"]) if plan.is_dropping else (rows, [])
    for before, block in reversed(list(zip([None, *plan.blocks], plan.blocks, strict=False))):
        if before is None and len(block.touchpoints) == 1:
            rows = rows.with_columns(t_1=nw.col("occurred_us"))
        elif block.is_strict:
            rows = _strict(rows, block, tail, within)
        else:
            # Asked are only rows of the block before: where none is a step of this one, none need look past itself.
            is_alone = len(block.touchpoints) == 1 and block.touchpoints[0] not in (before or block).touchpoints
            rows = _in_any_order(rows, block, tail, within, later=before is not None and not is_alone)
        tail = [*(f"t_{number}" for number in block.numbers), *tail]
    return rows


def _strict(rows: nw.LazyFrame, block: Block, tail: list[str], within: list[str]) -> nw.LazyFrame:
    taken = ["place", "touchpoint", "occurred_us", *tail]
    ahead = rows.with_columns(
        **{f"next_{name}": nw.col(name).shift(-1).over(*within, order_by="place") for name in taken}
    )
    is_it = (nw.col("next_touchpoint") == block.touchpoints[0]).fill_null(False)
    otherwise = nw.when(nw.col("next_place").is_null()).then(nw.lit(NEVER)).otherwise(nw.lit(_BROKEN))
    after = {name: nw.when(is_it).then(nw.col(f"next_{name}")).otherwise(nw.lit(NEVER)) for name in tail}
    instant = nw.when(is_it).then(nw.col("next_occurred_us")).otherwise(otherwise)
    return ahead.with_columns(**{f"t_{block.first}": instant}, **after)


def _in_any_order(rows: nw.LazyFrame, block: Block, tail: list[str], within: list[str], *, later: bool) -> nw.LazyFrame:
    """Find the steps of a block behind each row (or, unless `later`, from the row itself on)."""
    slots: list[str] = []
    for touchpoint, times in Counter(block.touchpoints).items():
        carried = tail if len(block.touchpoints) == 1 else ["place", *tail]  # the place tells which slot is the last
        payload = {"us": nw.col("occurred_us"), **{name: nw.col(name) for name in carried}}
        for _ in range(times):  # the first such event, then the one after it, …
            slot = f"slot_{len(slots)}_"
            rows = _nearest(rows, slot, touchpoint, payload, within, later=later)
            if not later and times > 1:  # what the one behind it is, whoever asks
                rows = _nearest(rows, f"behind_{slot}", touchpoint, payload, within, later=True)
            ahead = slot if later else f"behind_{slot}"
            payload = {name: nw.col(f"{ahead}{name}") for name in payload}
            slots.append(slot)
    found = {name: nw.col(f"{slots[0]}{name}") for name in tail}
    if len(slots) > 1:
        last = nw.max_horizontal(*(f"{slot}place" for slot in slots))
        for slot, name in product(slots[1:], tail):
            found[name] = nw.when(nw.col(f"{slot}place") == last).then(nw.col(f"{slot}{name}")).otherwise(found[name])
    # The earliest first: neighbours change places until none is out of order.
    times_us = [f"{slot}us" for slot in slots]
    for end in range(len(slots) - 1, 0, -1):
        for at in range(end):
            pair = times_us[at : at + 2]
            earlier, second = nw.min_horizontal(*pair), nw.max_horizontal(*pair)
            rows = rows.with_columns(**{pair[0]: earlier, pair[1]: second})
    found |= {f"t_{number}": nw.col(name) for number, name in zip(block.numbers, times_us, strict=True)}
    return rows.with_columns(**found)


def _nearest(
    rows: nw.LazyFrame, into: str, touchpoint: str, payload: dict[str, nw.Expr], within: list[str], *, later: bool
) -> nw.LazyFrame:
    """Add what the nearest event with this touchpoint carries: one behind the row, or else not before it."""
    is_it = nw.col("touchpoint") == touchpoint
    names = [f"{into}{name}" for name in payload]
    marked = {f"{into}{name}": nw.when(is_it).then(value) for name, value in payload.items()}
    rows = rows.with_columns(**marked)
    if later:
        rows = rows.with_columns(**{name: nw.col(name).shift(-1).over(*within, order_by="place") for name in names})
    filled = {name: nw.col(name).fill_null(strategy="backward").over(*within, order_by="place") for name in names}
    return rows.with_columns(**filled).with_columns(nw.col(*names).fill_null(NEVER))


def _reached(entered: nw.LazyFrame, plan: Plan) -> nw.LazyFrame:
    """Add how deep each entry got in time, whether it is open, dropped, mature, and how long it was followed."""
    instants = [nw.col(f"t_{number}") for number in range(1, len(plan.steps) + 1)]
    in_time, is_reached = [], []
    closed_us = []  # when the window for the step after each has closed
    for number, window in enumerate(plan.step_within_us, start=1):
        is_in_time = instants[number] - instants[0] <= plan.within_us
        end_us = instants[0] + plan.within_us
        if window is not None:
            is_in_time &= instants[number] - instants[number - 1] <= window
            end_us = nw.min_horizontal(end_us, instants[number - 1] + window)
        in_time.append(is_in_time.cast(nw.Int64))
        is_reached.append(reduce(mul, in_time))
        closed_us.append(end_us)
    depth = reduce(lambda one, two: one + two, is_reached, nw.lit(1))
    is_mature = instants[0] + plan.within_us < plan.ends_us
    deep = entered.with_columns(depth=depth.cast(nw.Int64), is_mature=is_mature.cast(nw.Int64))

    is_open = nw.lit(False)
    for number, end_us in enumerate(closed_us, start=1):
        may_come = (end_us >= plan.ends_us) & (instants[number] != _BROKEN)
        is_open = nw.when(nw.col("depth") == number).then(may_come).otherwise(is_open)
    is_open &= ~nw.col("is_over")
    is_dropped = nw.lit(False)
    if plan.is_dropping:
        is_done = (nw.col("depth") == len(plan.steps)) & (nw.col("end_passed") == nw.col("passed"))
        is_dropped = (nw.col("stop_us") - instants[0] <= plan.within_us) & ~is_done
    elif plan.exclude:
        is_open &= nw.col("stop_us") == NEVER
    observed = ((nw.lit(plan.ends_us - 1) - instants[0]) / width_us(plan)).floor().cast(nw.Int64)
    follow = nw.when(is_mature).then(nw.lit(parts(plan))).otherwise(observed)
    return deep.with_columns(
        is_open=is_open.cast(nw.Int64), is_dropped=is_dropped.cast(nw.Int64), follow=follow.cast(nw.Int64)
    )


def _chosen(entries: nw.LazyFrame, plan: Plan) -> nw.LazyFrame:
    """Keep the entries that count, and say for what."""
    chosen, measured = nw.lit(1), nw.col("is_mature") if plan.is_late else nw.lit(1)
    if plan.unit != "entries":
        keys = entries.with_columns(shallow=-nw.col("depth"), is_young=1 - nw.col("is_mature"))
        deepest = ["is_dropped", "shallow"] if plan.reentry == "furthest" else []
        number = nw.col("event_id").cum_count()
        entries = keys.with_columns(
            rank=number.over(*plan.scope, order_by=[*deepest, "place"]),
            mature_rank=number.over(*plan.scope, order_by=["is_young", *deepest, "place"]),
        )
        chosen = (nw.col("rank") == 1).cast(nw.Int64)
        place = "mature_rank" if plan.reentry == "furthest" else "rank"
        measured = measured * (nw.col(place) == 1).cast(nw.Int64)
    stays = 1 - nw.col("is_dropped")
    flagged = entries.with_columns(
        is_counted=chosen * stays, is_measured=measured * stays, is_dropped=chosen * nw.col("is_dropped")
    )
    kept = flagged.filter((nw.col("is_counted") == 1) | (nw.col("is_measured") == 1) | (nw.col("is_dropped") == 1))
    flags = ["is_open", "is_counted", "is_dropped", "is_mature", "is_measured"]
    instants = [f"t_{number}" for number in range(1, len(plan.steps) + 1)]
    groups = [f"by_{at}" for at in range(len(plan.by))]
    return kept.select("customer_id", "event_id", *groups, *instants, "depth", *flags, "follow")
