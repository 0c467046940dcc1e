"""Say how journeys ended for a goal: converted, lost, or still open.

A journey that has not had time to end is *open*, a third outcome; it is never
counted as lost. Goals live in the recipe, so outcomes are derived when read.
"""

from __future__ import annotations

from datetime import timedelta

import narwhals.stable.v2 as nw

from journeylib.journeys.view import Store, in_period

__all__ = ["OUTCOMES", "label", "label_journeys"]

OUTCOMES = ["converted", "lost", "open"]
_MICROSECOND = timedelta(microseconds=1)


def label(store: Store, *, touchpoint: str, within_days: float) -> nw.LazyFrame:
    """Label the period's journeys with their outcome for the goal `touchpoint` within `within_days` of their start."""
    labelled = label_journeys(
        store.journeys,
        store.steps,
        touchpoint=touchpoint,
        within=timedelta(days=within_days),
        ends_us=store.ends_us,
        gap_us=store.gap_us,
        end_touchpoints=store.end_touchpoints,
    )
    return in_period(labelled, store)


def label_journeys(
    journeys: nw.LazyFrame,
    steps: nw.LazyFrame,
    *,
    touchpoint: str,
    within: timedelta,
    ends_us: int,
    gap_us: int,
    end_touchpoints: tuple[str, ...] = (),
) -> nw.LazyFrame:
    """Add `goal_us`, `outcome` and `is_mature` to journeys.

    *Converted*: the goal's touchpoint occurred in the journey, at most `within` after its
    start (exactly `within` counts). *Lost*: it did not, and no longer can: the window has
    closed, the customer began another journey, fell silent for longer than the gap, or met
    an end touchpoint. *Open*: it still can. A journey is mature when its whole window lies
    before `ends_us`, whatever became of it; only mature journeys make a fair share.
    """
    window = within // _MICROSECOND
    in_time = (nw.col("touchpoint") == touchpoint) & (nw.col("occurred_us") - nw.col("started_us") <= window)
    reached = steps.filter(in_time).group_by("customer_id", "started_us").agg(goal_us=nw.col("occurred_us").min())
    joined = journeys.join(reached, on=["customer_id", "started_us"], how="left")
    is_closed = nw.lit(False)
    if end_touchpoints:
        ends = steps.filter(nw.col("touchpoint").is_in(list(end_touchpoints)))
        closing = ends.group_by("customer_id", "started_us").agg(closed_us=nw.col("occurred_us").max())
        joined = joined.join(closing, on=["customer_id", "started_us"], how="left")
        is_closed = (nw.col("closed_us") == nw.col("ended_us")).fill_null(False)

    is_mature = nw.col("started_us") + window < ends_us
    went_on = nw.col("started_us") < nw.col("started_us").max().over("customer_id")
    silent = nw.col("ended_us") + gap_us < ends_us
    is_over = is_mature | went_on | silent | is_closed
    unconverted = nw.when(is_over).then(nw.lit("lost")).otherwise(nw.lit("open"))
    outcome = nw.when(~nw.col("goal_us").is_null()).then(nw.lit("converted")).otherwise(unconverted)
    labelled = joined.with_columns(outcome=outcome, is_mature=is_mature)
    return labelled.drop("closed_us") if end_touchpoints else labelled
