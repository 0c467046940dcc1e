"""Compare the groups of a segment in a measure: their values, their differences, and what is behind these.

`compared` measures once and gives one long frame; the other functions are the views of it that a
page shows. The primary contrast, and only it, carries a p for the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine, schema
from journeylib.days import DAY_US
from journeylib.errors import JourneyError, ParameterError
from journeylib.journeys import amounts, segments
from journeylib.journeys.definitions import Definition
from journeylib.journeys.view import Store, in_period
from journeylib.judge import compare, ranks
from journeylib.measures import contrasts, registry
from journeylib.measures import edges as transitions
from journeylib.trace import measured

__all__ = [
    "about",
    "best",
    "compared",
    "edges",
    "forest",
    "guarded",
    "heat",
    "inside",
    "parts",
    "primary",
    "ranked",
    "stakes",
]

_BY = ["group", "baseline", "kind", "stratum"]
_EXTRA = ["p", "detectable", "left_out", "units"]
_VALUES = ["estimate", "low", "high", "detectable"]
_VIEW = ["group", "baseline", "kind", *schema.RESULT]


@measured
def compared(
    view: Store,
    key: str,
    definitions: Mapping[str, Definition],
    by: str,
    *,
    alike: str = "",
    baseline: str = "",
    **asked: Any,
) -> pd.DataFrame:
    """Compare the groups of the segment `by` in the measure `key` (`registry.MEASURES`), over the store's period.

    Rows by `kind`: level and alike (a group's own value, and standardised by the segment `alike`), crude,
    standardised, rate and mix (the contrasts of `compare.differences`, with `baseline` or the rest), and inside
    (the contrast within each stratum of `alike`), in the unit of the measure. Groups are told as they
    stood when a unit's outcome began to count; "unknown" has its value, but is no group to compare, nor among
    the rest. A measure that the data cannot give, or for which a group would be formed by what came later, is
    not applicable, with the reason. Further settings: `registry.units`.

    A level says of how many `units` it is. `attrs` hold the measure, and of what adds up over time
    `exposure_days`, how long each group was there.
    """
    for name in [by, *([alike] if alike else [])]:
        if name not in definitions:
            raise ParameterError(
                f'there is no segment "{name}"; there are {", ".join(definitions)}. Name one of these.'
            )
    chosen = segments.named(definitions, by) | segments.named(definitions, alike)
    measure = registry.MEASURES.get(key)
    try:
        in_journeys = any(map(segments.is_of_journeys, chosen.values()))
        table = registry.units(key, view, in_journeys=in_journeys, **asked)
        is_landed = measure is not None and measure.has_landmark and asked.get("landmark_days")
        if measure is not None and measure.is_at_start and not is_landed:
            segments.refuse_later(chosen, key)
        marked = segments.attach(table, view, chosen, at="zero_us")
        marked = engine.kept(marked) if measure is not None and measure.is_over_time else marked  # it is asked twice
    except JourneyError as error:
        if measure is None:
            raise
        return _tagged(schema.not_applicable(str(error), _BY, _EXTRA), key)
    assert measure is not None
    strata = [alike] if alike else []
    each = contrasts.gathered(marked, strata, group=by)
    everyone = groups = contrasts.summed(each)
    if segments.UNKNOWN in everyone.names:
        groups = contrasts.summed(segments.known(each, "group"))
    gaps = compare.differences(groups, baseline=baseline or None, of=measure.of)
    if gaps.empty:
        return _tagged(schema.not_applicable(str(gaps.attrs["not_applicable"]), _BY, _EXTRA), key)
    own = compare.levels(everyone, of=measure.of).assign(kind="level")
    own["units"] = [everyone.sums(name).m for name in own["group"]]
    values = [own, gaps]
    if alike:
        values.append(compare.levels(groups, of=measure.of, is_standardised=True).assign(kind="alike"))
        within = compare.inside(groups, baseline=baseline or None, of=measure.of)
        values.append(pd.DataFrame(within).assign(kind="inside", is_enough=True))
    rows = [row for one in values for row in one.to_dict("records")]
    for row in rows:
        row |= {name: row[name] / measure.scale for name in _VALUES if name in row}
    made = _tagged(schema.result([{str(name): cell for name, cell in row.items()} for row in rows], _BY, _EXTRA), key)
    if measure.unit == "money":
        of = key.removeprefix("value.")
        made.attrs["currency"] = amounts.the_currency(view.events_in_period, of, asked.get("currency") or None)
    if measure.is_over_time:
        made.attrs["exposure_days"] = _exposure(marked, view, by)
    return made


def primary(found: pd.DataFrame) -> pd.DataFrame:
    """Keep the one contrast of each group that is claimed or not: standardised where that was asked, else crude."""
    kept = compare.primary(found[found["kind"].isin(["crude", "standardised"])])
    return kept[["group", "baseline", *schema.RESULT, "p", "left_out"]]


def forest(found: pd.DataFrame) -> pd.DataFrame:
    """Keep the contrasts as they are and made alike."""
    return found[found["kind"].isin(["crude", "standardised"])][_VIEW].reset_index(drop=True)


def about(found: pd.DataFrame) -> dict[str, Any]:
    """Give what every record of this comparison says beside its rows: the measure and its unit, with its currency."""
    key = str(found.attrs["measure"])
    told = {"measure": key, "unit": registry.MEASURES[key].unit}
    return told | {name: found.attrs[name] for name in ["currency"] if name in found.attrs}


def guarded(found: pd.DataFrame) -> dict[str, Any]:
    """Give what the finding says beside its rows: `about`, and what its guards read (`judge.checks`)."""
    told = about(found)
    if strata := inside(found):
        told["strata"] = strata
    if "exposure_days" in found.attrs:
        told["exposure_days"] = found.attrs["exposure_days"]
    return told


def parts(found: pd.DataFrame) -> pd.DataFrame:
    """Keep the crude contrasts and their parts: rate and mix."""
    return found[found["kind"].isin(["crude", "rate", "mix"])][_VIEW].reset_index(drop=True)


def inside(found: pd.DataFrame) -> list[dict[str, Any]]:
    """List the contrasts within strata, for the guard against a reversal."""
    columns = ["stratum", "group", "baseline", "n", "estimate", "low", "high"]
    rows = found[found["kind"] == "inside"][columns].astype(object)
    told = rows.where(rows.notna(), None).to_dict("records")
    return [{str(name): cell for name, cell in row.items()} for row in told]


@measured
def edges(
    view: Store,
    definitions: Mapping[str, Definition],
    by: str,
    *,
    alike: str = "",
    baseline: str = "",
    most: int = 6,
) -> pd.DataFrame:
    """Compare the groups of the segment `by` in the `most` frequent transitions: a row a transition and group.

    Groups are those of when a journey began. `estimate` is the share of the group's journeys that make the
    transition less that of `baseline`, or of the rest: made alike by the segment `alike`, else as it is. One contrast
    each, with its p. "unknown" is no group to compare.
    """
    columns, rows, strata = ["source", "target", "group", "baseline"], [], [alike] if alike else []
    chosen = segments.named(definitions, by) | segments.named(definitions, alike)
    journeys = in_period(view.journeys, view).select("customer_id", "started_us")
    placed = segments.known(segments.attach(journeys, view, chosen, at="started_us"), by)
    steps = view.steps.join(placed, on=["customer_id", "started_us"], how="inner")
    pairs = transitions.frequent(steps, most=most)
    if not pairs:
        return schema.not_applicable("no journey has two steps", columns, ["p"])
    marks = [f"x_{at}" for at in range(len(pairs))]
    each = contrasts.gathered(transitions.units(steps, pairs, [by, *strata]), strata, group=by, of=marks)
    for mark, (source, target) in zip(marks, pairs, strict=True):
        made = each.with_columns(x=nw.col(mark)).drop(marks)
        found = compare.differences(contrasts.summed(made), baseline=baseline or None)
        if found.empty:
            return schema.not_applicable(str(found.attrs["not_applicable"]), columns, ["p"])
        rows += [{"source": source, "target": target, **row} for row in compare.primary(found).to_dict("records")]
    return pd.DataFrame(rows)[[*columns, *schema.RESULT, "p"]]


@measured
def heat(*frames: pd.DataFrame) -> pd.DataFrame:
    """Put the groups' own values in several measures below each other: measure, group, the answer, unit."""
    told = []
    for one in frames:
        key = str(one.attrs["measure"])
        own = one[one["kind"] == "level"]
        told.append(
            own.assign(measure=key, unit=registry.MEASURES[key].unit)[["measure", "group", *schema.RESULT, "unit"]]
        )
    if not sum(map(len, told)):
        return schema.not_applicable("no measure can be compared", ["measure", "group"], ["unit"])
    made = pd.concat([one for one in told if len(one)], ignore_index=True)
    made.attrs["currency"] = next((one.attrs["currency"] for one in frames if "currency" in one.attrs), "")
    return made


@measured
def ranked(found: pd.DataFrame, *, top: int = 3) -> pd.DataFrame:
    """Rank the groups by their value, made alike where that was asked, with chances and ties (`ranks.ranks`).

    Of fewer than six groups the chance is that of the first place; `attrs["top"]` says of how many it is.
    """
    kind = "alike" if (found["kind"] == "alike").any() else "level"
    is_known = found["group"] != segments.UNKNOWN
    own = found[(found["kind"] == kind) & is_known][["group", *schema.RESULT]].reset_index(drop=True)
    if own.empty:
        return schema.not_applicable("no groups can be ranked", ["group"], ["rank", "top_chance", "ties"])
    is_most_best = registry.MEASURES[str(found.attrs["measure"])].is_more_better is not False
    top = top if len(own) > 5 else 1
    made = ranks.ranks(own, top=top, is_most_best=is_most_best)
    made.attrs["top"] = top
    return made


@measured
def best(values: pd.DataFrame, of: str, *, is_most_best: bool = True) -> pd.DataFrame:
    """Find the channel, hour or weekday, in the column `of`, that is best for each group: one row a group.

    `values` has the group's column first, then `of` and the answer. Adds top_chance (that it is the best)
    and ties, those from which it cannot be told. A group without one that is enough, and
    "unknown", have no row.
    """
    columns = ["group", of, *schema.RESULT, "top_chance", "ties"]
    if values.empty:
        return schema.not_applicable(str(values.attrs.get("not_applicable", "nothing was counted")), ["group", of])
    told = []
    for group, own in values.groupby(str(values.columns[0]), sort=True):
        placed = own.rename(columns={of: "group"})[["group", *schema.RESULT]].reset_index(drop=True)
        if group != segments.UNKNOWN and placed["is_enough"].any():
            first = ranks.ranks(placed, top=1, is_most_best=is_most_best).head(1)
            told.append(first.rename(columns={"group": of}).assign(group=group)[columns])
    if not told:
        return schema.not_applicable("no group has enough customers", ["group", of])
    return pd.concat(told, ignore_index=True)


@measured
def stakes(found: pd.DataFrame) -> pd.DataFrame:
    """Tell what is at stake where a group is worse: how many units more there would be if it were as the others.

    Of a share of which more, or fewer, is better: the group's units times the part of the difference that is
    not its mix (rate), else the whole difference. A count that is associated with the group, not a promise:
    what makes the difference is not known. Worst first.
    """
    measure = registry.MEASURES[str(found.attrs["measure"])]
    if measure.of != "share" or measure.is_more_better is None or "units" not in found.columns:
        return schema.not_applicable(
            "at stake are units of a share that can be better or worse", ["group"], ["baseline"]
        )
    kind = "rate" if (found["kind"] == "rate").any() else "crude"
    units = found[found["kind"] == "level"].set_index("group")["units"]
    sign = -1 if measure.is_more_better else 1
    rows = []
    for row in found[found["kind"] == kind].to_dict("records"):
        many = float(units[row["group"]]) * sign
        ends = sorted([row["low"] * many, row["high"] * many])
        if row["estimate"] * many > 0:
            told = {"estimate": row["estimate"] * many, "low": ends[0], "high": ends[1]}
            rows.append({name: row[name] for name in ("group", "n", "is_enough", "baseline")} | told)
    rows.sort(key=lambda row: (-row["estimate"], row["group"]))
    return schema.result(rows, ["group"], ["baseline"])


def _exposure(marked: nw.LazyFrame, view: Store, by: str) -> dict[str, float]:
    """The mean days from a group's zero to the end of the data, or to when a customer left."""
    once = view.customers.group_by("customer_id").agg(ended_on=nw.col("ended_on").max())
    known = engine.microseconds(once, ended_us="ended_on")
    joined = marked.select("customer_id", "zero_us", by).join(known, on="customer_id", how="left")
    left = nw.when(nw.col("ended_us") < view.ends_us).then(nw.col("ended_us")).otherwise(nw.lit(view.ends_us))
    there = joined.with_columns(there=left - nw.col("zero_us"))
    there = there.filter(nw.col(by) != segments.UNKNOWN).with_columns(
        there=nw.when(nw.col("there") > 0).then(nw.col("there")).otherwise(nw.lit(0))
    )
    found = engine.collect(there.group_by(by).agg(days=nw.col("there").sum(), n=nw.len()), order_by=[by])
    return {str(row[by]): float(row["days"]) / DAY_US / int(row["n"]) for row in found.to_dict("records")}


def _tagged(frame: pd.DataFrame, key: str) -> pd.DataFrame:
    frame.attrs["measure"] = key
    return frame
