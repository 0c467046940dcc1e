"""What leads to leaving in a planted world, measured by Cox regression: each planted hazard ratio, and ten that are 1.

One model has all that is proportional, with a baseline for each way of having come, as a campaign matters in
the first days only; that has a model before and one after the day. The ten attributes that
mean nothing are in the first alone: before that day too few leave for so many columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import narwhals.stable.v2 as nw

from journeylib import engine
from journeylib.journeys.view import Store
from journeylib.measures import churn

__all__ = ["RATIOS", "histories", "measured"]

# By effect: the plant, and which of its ratios it is.
RATIOS = {
    "leaving, annual": ("churn", "hazard_ratio"),
    "leaving, complaint": ("complaint", "hazard_ratio"),
    "leaving, contacts": ("contacts", "hazard_ratio"),
    "leaving, activated": ("activated", "hazard_ratio"),
    "leaving, cut off": ("cut_off", "hazard_ratio"),
    "leaving, campaign, early": ("fading", "hazard_ratio"),
    "leaving, campaign, later": ("fading", "hazard_ratio_after"),
}
_CHANGING = ["complaint", "contacts", "activated", "cut_off"]


def measured(store: Store, told: Mapping[str, Any]) -> Iterator[tuple[str, float, dict[str, Any]]]:
    """Measure all ratios: the effect, its true value, and the row of the model."""
    rows = histories(store, told)
    plan, came_by = told["churn"]["attribute"], told["fading"]["attribute"]
    base = {told[plant]["attribute"]: told[plant]["baseline"] for plant in ("churn", "fading")}
    changing = {**dict.fromkeys(_CHANGING, "no"), plan: base[plan]}
    nulls = list(told["nulls"]["attributes"])

    whole = churn.model(rows, [*changing, *nulls], strata=[came_by], baseline=changing)
    bands = churn.bands(
        rows, [came_by, *changing], at_days=[told["fading"]["until_day"]], baseline={came_by: base[came_by]}
    )
    found = {row["covariate"]: row for row in whole.to_dict("records")[::-1]}  # the first level of each
    campaign = [row for row in bands.to_dict("records") if row["covariate"] == came_by]
    each = [found[plan], *(found[name] for name in _CHANGING), *campaign]
    for (effect, (plant, ratio)), row in zip(RATIOS.items(), each, strict=True):
        yield effect, told[plant][ratio], row
    for name in nulls:
        yield "null, leaving", told["nulls"]["hazard_ratio"], found[name]


def histories(store: Store, told: Mapping[str, Any]) -> nw.LazyFrame:
    """Make the customers' days, cut where something changes; what changes is told as "yes" or "no"."""
    events, touchpoint = store.events, nw.col("touchpoint")
    complaint, contacts, cut_off = (told[plant] for plant in ("complaint", "contacts", "cut_off"))
    attributes = ["plan", "came_by", *told["nulls"]["attributes"]]
    followed = churn.at_zero(churn.contractual(store), store.customers, attributes)
    seconds = (nw.col("ended_us") - nw.col("occurred_us")) / 1_000_000
    rows = churn.start_stop(
        followed,
        complaint=churn.state(events, begins=[complaint["begins"]], ends=[complaint["ends"]]),
        contacts=churn.times(
            events.filter(touchpoint.is_in(contacts["touchpoints"])), within_days=contacts["within_days"]
        ),
        activated=churn.times(events.filter(touchpoint == told["activated"]["touchpoint"])),
        cut_off=churn.times(
            events.filter((touchpoint == cut_off["touchpoint"]) & (seconds < cut_off["under_seconds"]))
        ),
    )
    least = {**dict.fromkeys(_CHANGING, 1), "contacts": contacts["at_least"]}
    said = {
        name: nw.when(nw.col(name) >= many).then(nw.lit("yes")).otherwise(nw.lit("no")) for name, many in least.items()
    }
    return engine.from_frame(engine.collect(rows.with_columns(**said), order_by=["customer_id", "day"]))
