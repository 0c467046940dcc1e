"""Judge worlds in which nothing differs, once and fifty-two times; count those that ever claim a difference.

This writes docs/null-worlds.md. Every edition goes through the package's measures,
its records and its judging, without pages: how long customers stay by plan (asked beforehand),
by region, and which share of visits converts, by region, since last week, and whether any span
of days stands out. Then the same with a planted difference: how often, and when, is it found?
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from scipy.stats import binomtest
from tqdm import tqdm

from journeylib import engine, schema
from journeylib.days import day_of
from journeylib.estimates import Periods, Sums, change, cluster_sums, difference, period_sums, share
from journeylib.judge.looks import Look, seen
from journeylib.judge.verdicts import judge
from journeylib.measures import churn, trends
from journeylib.show import record

__all__ = ["PLANTS", "WAYS", "Told", "World", "above", "editions", "page", "run", "told", "world"]

# How the editions of a series follow each other, and the plans under which each is judged.
WAYS = {"single": ("",), "accumulating": ("", ", without a plan"), "week on week": ("",)}
PLANTS = {"single": ("stay", "share", "window"), "accumulating": ("stay", "share"), "week on week": ("change",)}

_LOOKS, _WEEK, _HISTORY, _HORIZON, _CUSTOMERS = 52, 7, 180, 60, 240
_BEGIN_US = 1_767_225_600_000_000  # 1 January 2026
_DAY_US = 86_400_000_000
_CONTRAST = ["group", "baseline"]
_REGIONS = ["east", "north", "south"]
_QUESTION = {"text": "Do annual contracts stay longer?", "measure": "stay", "by": "plan", "expect": "annual > monthly"}


class World(NamedTuple):
    """Customers with a plan, a region, a sign-up and a stay in days; their visits, and which converted."""

    customers: pd.DataFrame
    visits: pd.DataFrame


class Told(NamedTuple):
    """What one series told: the looks (from 1) that claimed, by contrast; whether any raw p was under 5 %."""

    claims: dict[str, list[int]]
    is_raw: bool


def world(draw: np.random.Generator, customers: int, days: int, plant: str = "") -> World:
    """Draw a world of `days` in which nothing differs but what is planted.

    A customer visits every ten days and converts in three of five visits, visits of one customer
    being alike (correlation .2). Planted: annual contracts last twice as long (stay), the
    north converts .45 (share), a fortnight (window) or all weeks from the middle one on (change) .4.
    """
    who = np.arange(customers)
    plan, region = draw.choice(["annual", "monthly"], customers), draw.choice(_REGIONS, customers)
    signed = draw.integers(0, days - 30, customers)
    stays = draw.exponential(np.where((plan == "annual") & (plant == "stay"), 240, 120))
    people = pd.DataFrame({"customer_id": who, "plan": plan, "region": region, "signed": signed, "stays": stays})

    visitor = np.repeat(who, draw.poisson(days / 10, customers))
    on = draw.integers(0, days, len(visitor))
    chance = draw.beta(0.6 * 4, 0.4 * 4, customers)[visitor]
    middle = _HISTORY + (days - _HISTORY) // (2 * _WEEK) * _WEEK
    is_low = {
        "share": (region == "north")[visitor],
        "window": (on >= days // 2) & (on < days // 2 + 14),
        "change": on >= middle,
    }.get(plant, np.zeros(len(visitor), bool))
    chance = np.where(is_low, chance * (0.75 if plant == "share" else 2 / 3), chance)
    hit = (draw.random(len(visitor)) < chance).astype(int)
    columns = {"customer_id": visitor, "region": region[visitor], "day": on, "is_converted": hit}
    return World(people, pd.DataFrame(columns))


def editions(
    seed: int, way: str, *, looks: int = _LOOKS, customers: int = _CUSTOMERS, plant: str = ""
) -> Iterator[list[Mapping[str, Any]]]:
    """Judge the editions of a series one after the other, each with what the one before left; once for each plan."""
    draw = np.random.default_rng([seed, list(WAYS).index(way)])
    looks = 1 if way == "single" else looks
    made = world(draw, customers, _HISTORY + _WEEK * looks, plant)
    first = _on(0)
    earlier: list[Any] = [None] * len(WAYS[way])
    for number in range(1, looks + 1):
        until = _HISTORY + _WEEK * number
        period = {"start": _on(until - _WEEK) if way == "week on week" else first, "as_of": _on(until - 1)}
        records = list(_records(made, until, way))
        for at, plan in enumerate(WAYS[way]):
            planned = None if plan else looks
            part = seen(first, period["as_of"], number=number, planned=planned, cadence_days=_WEEK)
            earlier[at] = judge(
                records,
                questions=[{**_QUESTION, "dated": first}],
                audience="private",
                period=period,
                look=Look(number, planned, accumulates=way == "accumulating", share=part),
                earlier=earlier[at],
            )
        yield list(earlier)


def told(seed: int, way: str, **settings: Any) -> list[Told]:
    """Judge a series and gather what it ever claimed, under each plan."""
    claims: list[dict[str, list[int]]] = [{} for _ in WAYS[way]]
    is_raw = False
    for number, each in enumerate(editions(seed, way, **settings), start=1):
        for judged, ever in zip(each, claims, strict=True):
            for one in judged["records"]:
                is_raw |= any(contrast["p"] < 0.05 for contrast in one["contrasts"])
                if one["claimed"]:
                    ever.setdefault(one["id"], []).append(number)
    return [Told(ever, is_raw) for ever in claims]


def run(way: str, *, seeds: int, first: int = 0, processes: int = 1, **settings: Any) -> dict[str, list[Told]]:
    """Judge `seeds` series of a way, numbered from `first`; by way and plan."""
    make = partial(told, way=way, **settings)
    every = range(first, first + seeds)
    if processes == 1:
        found = [make(seed) for seed in every]
    else:
        with get_context("spawn").Pool(processes) as pool:
            about = f"{way} {settings.get('plant', '')}"
            found = list(tqdm(pool.imap(make, every), total=seeds, desc=about, disable=None))
    return {f"{way}{plan}": [each[at] for each in found] for at, plan in enumerate(WAYS[way])}


def above(hits: int, many: int, most: float = 0.05) -> bool:
    """Whether so many false claims are more than `most` by an exact binomial test at 1 %."""
    return bool(binomtest(hits, many, most, alternative="greater").pvalue < 0.01)


def page(nulls: Mapping[str, list[Told]], plants: Mapping[tuple[str, str], list[Told]], *, seeds: str = "") -> str:
    """Write the page: what null worlds claimed, and when planted differences were found."""
    lines = [
        _HEAD.format(customers=_CUSTOMERS, seeds=seeds),
        "| series | looks | ever claimed | verdict | any raw p < .05 |",
    ]
    lines += ["|---|---|---|---|---|"]
    for way, found in nulls.items():
        hits, many = sum(bool(one.claims) for one in found), len(found)
        verdict = "**above 5 %**" if above(hits, many) else "not above 5 %"
        raw = sum(one.is_raw for one in found)
        looks = 1 if way == "single" else _LOOKS
        lines.append(f"| {way} | {looks} | {hits} of {many} ({hits / many:.1%}) | {verdict} | {raw / many:.0%} |")
    lines += ["", "## Planted differences: power", "", "| series | planted | found | by a quarter | half | the end |"]
    lines += ["|---|---|---|---|---|---|"]
    for (way, plant), found in plants.items():
        firsts = [min(one.claims[plant], default=0) if plant in one.claims else 0 for one in found]
        looks = 1 if way == "single" else _LOOKS
        shares = [np.mean([0 < at <= looks * part for at in firsts]) for part in (1 / 4, 1 / 2, 1)]
        by = ["–", "–", f"{shares[2]:.0%}"] if looks == 1 else [f"{part:.0%}" for part in shares]
        lines.append(f"| {way} | {_PLANTED[plant]} | {shares[2]:.0%} of {len(found)} | {' | '.join(by)} |")
    return "\n".join([*lines, "", _FOOT])


def _records(made: World, until: int, way: str) -> Iterator[dict[str, Any]]:
    """What the notebooks of an edition record, of the data before day `until`."""
    visits = made.visits[made.visits["day"] < until]
    if way != "week on week":
        yield _finding("stay", _stay(made, until, "plan"), measure="stay", by="plan", horizon_days=_HORIZON)
        yield _finding("share", _differences(visits), by="region", unit="share")
    if way != "accumulating":
        yield _finding("change", _changes(visits, until), by="region", unit="share")
    if way == "single":
        yield _finding("stay_by_region", _stay(made, until, "region"), by="region", horizon_days=_HORIZON)
    recent = visits if way == "single" else visits[visits["day"] >= until - 8 * _WEEK]
    yield {**record.make("finding", "incident", _window(recent), id="window"), "notebook": "null"}


def _finding(name: str, frame: pd.DataFrame, **context: Any) -> dict[str, Any]:
    return {**record.make("finding", "stay", frame, id=name, **context), "notebook": "null"}


def _stay(made: World, until: int, by: str) -> pd.DataFrame:
    people = made.customers[made.customers["signed"] < until - 1]
    there = np.maximum(np.ceil(people["stays"]), 1).astype(int)
    most = until - people["signed"]
    columns = {"entry_day": 0, "day": np.minimum(there, most), "has_left": there <= most}
    followed = people[["customer_id", by]].assign(**columns)
    baseline = "monthly" if by == "plan" else "east"
    return churn.stay(engine.from_frame(followed), [by], horizon_days=_HORIZON, baseline=baseline)


def _differences(visits: pd.DataFrame) -> pd.DataFrame:
    sums = cluster_sums(engine.from_frame(visits), ["region"], x=nw.col("is_converted"))
    found = {row["region"]: share(Sums.of(row)) for row in engine.collect(sums, order_by=["region"]).to_dict("records")}
    rows = []
    for region in _REGIONS[1:]:
        one = difference(found[region], found["east"])
        rows.append(one.row(group=region, baseline="east", p=one.p))
    return schema.result(rows, _CONTRAST, ["p"])


def _changes(visits: pd.DataFrame, until: int) -> pd.DataFrame:
    """This week less the last, by region and in all."""
    weeks = visits[visits["day"] >= until - 2 * _WEEK]
    every = pd.concat([weeks, weeks.assign(region="all")])
    later = nw.col("day") >= until - _WEEK
    sums = period_sums(engine.from_frame(every), ["region"], is_later=later, x=nw.col("is_converted"))
    rows = []
    for row in engine.collect(sums, order_by=["region"]).to_dict("records"):
        one = change(Periods.of(row))
        rows.append(one.row(group=row["region"], baseline="the week before", p=one.p))
    return schema.result(rows, _CONTRAST, ["p"])


def _window(visits: pd.DataFrame) -> pd.DataFrame:
    daily = visits.groupby("day").agg(
        n=("customer_id", "nunique"), entries=("is_converted", "size"), hits=("is_converted", "sum")
    )
    on = [_on(int(day)) for day in daily.index]
    return trends.windows(daily.assign(period_on=on, estimate=daily["hits"] / daily["entries"]).reset_index(drop=True))


def _on(day: int) -> str:
    return day_of(_BEGIN_US + day * _DAY_US).isoformat()


_PLANTED = {
    "stay": "annual contracts last twice as long",
    "share": "the north converts .45 instead of .6",
    "window": "a fortnight converts .4 instead of .6",
    "change": "all converts .4 instead of .6 from the middle on, one week's change",
}
_HEAD = """# What do reports claim where nothing differs?

Made by `make simulate`: `python tests/heavy/null_worlds.py{seeds}`. Worlds of {customers} customers in which plan
and region mean nothing and nothing changes, through measures, judging and the ledger, without pages. A single edition
asks one question beforehand and looks at eight contrasts and a search more. A series is published 52 times, week by
week: with data that accumulate (one question, two contrasts and a search, judged with 52 planned looks and without a
plan), or comparing each week with the last (four contrasts and a search). *Ever claimed* counts the series in which any
edition claims anything; the verdict is an exact binomial test at 1 % against 5 %. Beside it, how many would have
pointed at something by a raw p.
"""
_FOOT = """*Found* counts the series in which an edition claims the planted contrast, by a quarter, by half and by
all of its looks. The p of a search is a share of random draws and has a least value; where .05 / 52 is less than that,
no search of a series of 52 looks is ever claimed.
"""


def main() -> None:
    """Judge all worlds and write the page."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seeds", type=int, default=200)
    options.add_argument("--planted", type=int, default=25)
    options.add_argument("--processes", type=int, default=2)
    options.add_argument("--to", type=Path, default=Path("docs/null-worlds.md"))
    given = options.parse_args()
    nulls: dict[str, list[Told]] = {}
    plants: dict[tuple[str, str], list[Told]] = {}
    for way in WAYS:
        nulls |= run(way, seeds=given.seeds, processes=given.processes)
        for plant in PLANTS[way]:
            found = run(way, seeds=given.planted, first=10_000, processes=given.processes, plant=plant)
            plants |= {(name, plant): each for name, each in found.items()}
    seeds = f" --seeds {given.seeds} --planted {given.planted}"
    given.to.write_text(page(nulls, plants, seeds=seeds), encoding="utf-8")
    print(given.to.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
