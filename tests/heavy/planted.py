"""Make worlds whose differences are known, load and compare them, and count what is recovered and what is claimed.

    python tests/heavy/planted.py [--worlds 200] [--customers 2000] [--first 1]

writes docs/planted.md. Each world is a company of its own, loaded through the whole line. A
difference that was planted must lie in its interval; where nothing differs, or only who is
compared does, no more than one comparison in twenty may be claimed, once like is compared with like. What leads to
leaving is measured in `planted_leaving`.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import planted_leaving
from scipy.stats import binomtest
from tqdm import tqdm

import journeylib
from journeylib import engine
from journeylib.data import worlds
from journeylib.days import DAY_US, midnight
from journeylib.journeys import outcomes
from journeylib.journeys.view import Store
from journeylib.judge import compare
from journeylib.measures import channels, churn, contrasts, trends

__all__ = ["EFFECTS", "POOLS", "Seen", "measured", "page", "pooled", "run", "verdict"]

# Left out, for they disturb what others are exactly: contacts and orders of twenty days, and twelve customers.
_WITHOUT = ("incident", "small_segment")
_STEP = ("checkout started", "order placed")
_NEAR = 28  # days before and after an announced day; whole weeks
_MOST = 9  # journeys of a customer beyond which they count together
_KEY = ["customer_id", "started_us"]
_RESULT = ("estimate", "low", "high", "p", "is_enough")

# By effect: how it is counted (covered | nothing | alike | crude), what is compared, and its true value.
EFFECTS: Mapping[str, tuple[str, str, str]] = {
    "club": ("covered", "converted journeys, members less others", "+5 points"),
    "ces": ("covered", "effort after web, chat, phone in a row, less after other journeys", "+0.6"),
    "nps": ("covered", "NPS after web, chat, phone in a row, less after other journeys", "−8"),
    "stay": ("covered", "days of 365 that annual contracts stay longer", "as told, 39 days"),
    "drift, rate": ("covered", "opened emails, second half less first: rate inside templates", "as told, −4.8 points"),
    "drift, mix": ("covered", "opened emails, second half less first: mix of templates", "as told, +4.8 points"),
    "leaving, annual": ("covered", "hazard of leaving, annual contracts to monthly ones", "× 0.5"),
    "leaving, complaint": ("covered", "hazard of leaving with an unresolved complaint", "× 1.6"),
    "leaving, contacts": ("covered", "hazard of leaving with at least 3 contacts in 30 days", "× 1.35"),
    "leaving, activated": ("covered", "hazard of leaving, activated within 7 days", "× 0.7"),
    "leaving, cut off": ("covered", "hazard of leaving after a call of under 10 seconds", "× 1.5"),
    "leaving, campaign, early": ("covered", "hazard of leaving to day 90, who came by a campaign", "× 2"),
    "leaving, campaign, later": ("covered", "hazard of leaving after day 90, who came by a campaign", "× 1"),
    "null, converted": ("nothing", "converted journeys by ten attributes that mean nothing", "0"),
    "null, NPS": ("nothing", "NPS by ten attributes that mean nothing", "0"),
    "null, leaving": ("nothing", "hazard of leaving by ten attributes that mean nothing", "× 1"),
    "drift, crude": ("nothing", "opened emails, second half less first, all templates", "0"),
    "devices, rate": ("nothing", "journeys with an order, of all journeys, several devices less one", "0"),
    "channel": ("alike", "satisfied after journeys that begin on the phone, inside reasons", "0"),
    "follow-up": ("alike", "converted journeys of the called, inside the first talk", "0"),
    "devices": ("alike", "customers with an order, several devices less one, inside numbers of journeys", "0"),
    "devices, weighted": ("alike", "the same by overlap weights for the number of journeys", "0"),
    "channel, crude": ("crude", "satisfied after journeys that begin on the phone, as they are", "0"),
    "follow-up, crude": ("crude", "converted journeys of the called, as they are", "0"),
    "devices, crude": ("crude", "customers with an order, several devices less one, as they are", "0"),
    "announced, converted": ("nothing", "converted journeys, 28 days from the announced day less 28 before", "0"),
    "announced, orders": ("nothing", "orders a customer and day, 28 days from the announced day less 28 before", "0"),
    "announced, window": ("nothing", "a window in the step to the order that touches these 28 days", "none"),
}
# By pool: its name, the effects, and whether they must be claimed no oftener than in one of twenty.
POOLS: Mapping[str, tuple[str, ...]] = {
    "planted differences": ("club", "ces", "nps", "stay", "drift, rate", "drift, mix"),
    "planted hazard ratios": tuple(planted_leaving.RATIOS),
    "attributes that mean nothing": ("null, converted", "null, NPS", "null, leaving"),
    "confounded, like with like": ("channel", "follow-up", "devices"),
    "announced, not there": ("announced, converted", "announced, orders", "announced, window"),
}


class Seen(NamedTuple):
    """One comparison of one world: its true value, what was measured, and whether that is enough."""

    effect: str
    truth: float
    estimate: float
    low: float
    high: float
    p: float
    is_enough: bool

    @property
    def is_covered(self) -> bool:
        """Whether the interval holds the true value."""
        return self.low <= self.truth <= self.high

    @property
    def is_claimed(self) -> bool:
        """Whether the comparison by itself says that there is a difference; a ratio always has a p."""
        return self.p < 0.05 if self.p == self.p else not self.low <= 0 <= self.high


def run(numbers: Iterable[int], *, customers: int) -> list[Seen]:
    """Make, load and measure the worlds of these seeds."""
    found: list[Seen] = []
    for seed in tqdm(list(numbers), desc="planted", unit="world", disable=None):  # None: only on a terminal
        with tempfile.TemporaryDirectory() as beside:
            folder = Path(beside)
            told = worlds.make(folder, customers=customers, seed=seed, without=_WITHOUT, mess=False)["plants"]
            journeylib.load(mapping=folder / "mapping.toml", store=folder / "store")
            found += measured(journeylib.open_store(folder / "store"), told)
    return found


def measured(store: Store, told: Mapping[str, Any]) -> list[Seen]:
    """Measure every effect of a world; `told` is what its truth says of the plants."""
    people = engine.collect(store.customers)
    labelled = outcomes.label(store, touchpoint="order placed", within_days=30)
    journeys = engine.collect(labelled.select(*_KEY, "first_channel", "is_mature", "outcome"), order_by=_KEY)
    journeys = journeys.assign(x=(journeys["outcome"] == "converted").astype(int), m=1)
    journeys = journeys.merge(people, on="customer_id")
    return [
        *_journeys(journeys[journeys["is_mature"]], told),
        *_customers(journeys, people),
        *_answers(store, journeys, told),
        *_emails(store, told["mix_shift"]),
        *_stay(store, people, told["churn"]),
        *_leaving(store, told),
        *_announced(store, journeys, people, told["announced"]["on"]),
    ]


def _journeys(mature: pd.DataFrame, told: Mapping[str, Any]) -> Iterator[Seen]:
    yield _seen("club", _differ(mature, "club", baseline="none"), truth=told["club"]["difference"])
    called = _differ(mature, "follow_up", ["first_talk"], baseline="none")
    yield _seen("follow-up", called, kind="standardised")
    yield _seen("follow-up, crude", called)
    for name in told["nulls"]["attributes"]:
        yield _seen("null, converted", _differ(mature, name))


def _customers(journeys: pd.DataFrame, people: pd.DataFrame) -> Iterator[Seen]:
    """Who ordered at all: those with more devices come oftener, and are alike where they come as often."""
    own = journeys.groupby("customer_id").agg(journeys=("m", "size"), orders=("x", "sum")).reset_index()
    own = own.merge(people[["customer_id", "devices"]], on="customer_id").assign(m=1, x=(own["orders"] > 0).astype(int))
    own["band"] = own["journeys"].clip(upper=_MOST).astype(str)
    found = _differ(own, "devices", ["band"], baseline="one")
    yield _seen("devices", found, kind="standardised")
    yield _seen("devices, crude", found)
    rows = contrasts.rows(engine.from_frame(own), ["journeys"], group="devices")
    yield _seen("devices, weighted", compare.balanced(rows, ["journeys"], baseline="one"), kind="standardised")
    yield _seen("devices, rate", _differ(own.assign(m=own["journeys"], x=own["orders"]), "devices", baseline="one"))


def _answers(store: Store, journeys: pd.DataFrame, told: Mapping[str, Any]) -> Iterator[Seen]:
    """Answers to surveys, each with the journey it was given in."""
    given = store.events.filter(~nw.col("score").is_null()).select("event_id", "score", "score_type")
    placed = given.join(store.steps.select("event_id", *_KEY), on="event_id", how="inner")
    passed = channels.passed(store.steps, told["bounce"]["chain"])
    answers = engine.collect(placed.join(passed, on=_KEY, how="left"), order_by=["event_id"])
    answers = answers.merge(journeys.drop(columns=["m", "x"]), on=_KEY).assign(m=1)
    answers["chain"] = np.where(answers["is_passed"] == 1, "passed", "not")
    answers["is_phone"] = np.where(answers["first_channel"] == "phone", "phone", "others")
    csat, nps, ces = (answers[answers["score_type"] == kind] for kind in ("csat", "nps", "ces"))
    nps = nps.assign(x=100 * ((nps["score"] >= 9).astype(int) - (nps["score"] <= 6).astype(int)))
    ces = ces.assign(x=ces["score"].astype(int))

    yield _seen("nps", _differ(nps, "chain", baseline="not", of="mean"), truth=told["bounce"]["nps"])
    yield _seen("ces", _differ(ces, "chain", baseline="not", of="mean"), truth=told["bounce"]["ces"])
    for name in told["nulls"]["attributes"]:
        yield _seen("null, NPS", _differ(nps, name, of="mean"))
    named = store.events.filter(~nw.col("reason").is_null()).select("event_id", "reason")
    reasons = named.join(store.steps.select("event_id", *_KEY), on="event_id", how="inner")
    reason = engine.collect(reasons.group_by(*_KEY).agg(reason=nw.col("reason").min()))
    csat = csat.merge(reason, on=_KEY).assign(x=lambda rows: (rows["score"] >= 4).astype(int))
    found = _differ(csat, "is_phone", ["reason"], baseline="others")
    yield _seen("channel", found, kind="standardised")
    yield _seen("channel, crude", found)


def _emails(store: Store, told: Mapping[str, Any]) -> Iterator[Seen]:
    """Emails that were sent, in two halves of the period, and whether their journey opens them."""
    templates = store.events.filter(nw.col("touchpoint") == told["source"]).select("event_id", "resource")
    sent = templates.join(store.steps.select("event_id", "occurred_us", *_KEY), on="event_id", how="inner")
    opens = store.steps.filter(nw.col("touchpoint") == told["target"]).group_by(*_KEY).agg(opens=nw.len())
    rows = engine.collect(sent.join(opens, on=_KEY, how="left"), order_by=["event_id"])
    later = rows["occurred_us"] >= midnight(told["halves_part_on"])
    rows = rows.assign(half=np.where(later, "second", "first"), m=1, x=rows["opens"].notna().astype(int))
    found = _differ(rows, "half", ["resource"], baseline="first")
    yield _seen("drift, rate", found, kind="rate", truth=told["rate"])
    yield _seen("drift, mix", found, kind="mix", truth=told["mix"])
    yield _seen("drift, crude", found)


def _stay(store: Store, people: pd.DataFrame, told: Mapping[str, Any]) -> Iterator[Seen]:
    """How much longer annual contracts stay."""
    followed = churn.contractual(store)
    plans = engine.from_frame(people[["customer_id", "plan"]])
    [row] = churn.stay(
        followed.join(plans, on="customer_id", how="left"), ["plan"], horizon_days=365, baseline="monthly"
    ).to_dict("records")
    yield Seen("stay", told["stays_longer_days"], *(row[name] for name in _RESULT))


def _leaving(store: Store, told: Mapping[str, Any]) -> Iterator[Seen]:
    for effect, truth, row in planted_leaving.measured(store, told):
        yield Seen(effect, truth, *(row[name] for name in _RESULT))


def _announced(store: Store, journeys: pd.DataFrame, people: pd.DataFrame, on: str) -> Iterator[Seen]:
    """What is said to have begun on a day, where nothing did."""
    day = midnight(on)
    first, last = day - _NEAR * DAY_US, day + _NEAR * DAY_US
    near = journeys[journeys["started_us"].between(first, last, "left")]
    near = near.assign(side=np.where(near["started_us"] >= day, "after", "before"))
    yield _seen("announced, converted", _differ(near, "side", baseline="before"))

    orders = engine.collect(
        store.events.filter(nw.col("touchpoint") == "order placed").select("customer_id", "occurred_us")
    )
    begun, over = (pd.to_datetime(people[name]) for name in ("signed_up_on", "ended_on"))
    sides = []
    for side, since in [("before", first), ("after", day)]:
        begin = pd.Timestamp(since, unit="us")
        end = begin + pd.Timedelta(days=_NEAR)
        there = (over.fillna(end).clip(upper=end) - begun.clip(lower=begin)).dt.days.clip(lower=0)
        own = orders[orders["occurred_us"].between(since, since + _NEAR * DAY_US, "left")]["customer_id"].value_counts()
        x = people["customer_id"].map(own).fillna(0).astype(int)
        sides.append(pd.DataFrame({"customer_id": people["customer_id"], "side": side, "m": there, "x": x}))
    both = pd.concat(sides)
    yield _seen("announced, orders", _differ(both[both["m"] > 0], "side", baseline="before", of="rate"))

    found = trends.incident(store.events, *_STEP, within_days=1, start_us=store.start_us, ends_us=store.ends_us)
    until = (date.fromisoformat(on) + timedelta(days=_NEAR - 1)).isoformat()
    touching = found[(found["from_on"] <= until) & (found["until_on"] >= on)]
    p = float(touching["p"].iloc[0]) if len(touching) else 1.0
    yield Seen("announced, window", np.nan, np.nan, np.nan, np.nan, p, True)


def _differ(
    rows: pd.DataFrame, group: str, strata: Iterable[str] = (), *, baseline: str | None = None, of: str = "share"
) -> pd.DataFrame:
    columns = ["customer_id", group, *strata, "m", "x"]
    table = engine.from_frame(rows[columns].reset_index(drop=True))
    return compare.differences(contrasts.cells(table, list(strata), group=group), baseline=baseline, of=of)


def _seen(effect: str, found: pd.DataFrame, *, kind: str = "crude", truth: float = 0.0) -> Seen:
    """The first group's contrast of a kind. A crude one beside strata has no p: its interval stands for it."""
    row = found[found["kind"] == kind].iloc[0]
    return Seen(effect, truth, *(row[name] for name in _RESULT))


def pooled(seen: Iterable[Seen], effects: Iterable[str]) -> tuple[int, int, float, float]:
    """Count comparisons that are enough: those that came out as counted, all, the p of the test, the share claimed.

    Planted ones count as covered, against 95 in 100 (two-sided); all others as claimed, against 5 in
    100 (more often than that; a crude one must be).
    """
    names = set(effects)
    own = [one for one in seen if one.effect in names and one.is_enough]
    if not own:
        return 0, 0, 1.0, np.nan
    claimed = sum(one.is_claimed for one in own)
    if EFFECTS[own[0].effect][0] == "covered":
        hits = sum(one.is_covered for one in own)
        return hits, len(own), float(binomtest(hits, len(own), 0.95).pvalue), claimed / len(own)
    return claimed, len(own), float(binomtest(claimed, len(own), 0.05, "greater").pvalue), claimed / len(own)


def verdict(counted: str, hits: int, many: int, p: float) -> str:
    """Judge a line at 1 %.

    >>> verdict("covered", 94, 100, 0.6), verdict("alike", 20, 100, 1e-7), verdict("crude", 90, 100, 0.0)
    ('recovered', '**claimed too often**', 'claimed, though nothing is there: confounded')
    """
    if counted == "crude":
        return "claimed, though nothing is there: confounded" if p < 0.01 else "**not confounded**"
    if p >= 0.01:
        return "recovered" if counted == "covered" else "not claimed"
    if counted == "covered":
        return "**missed**" if hits < 0.95 * many else "covered too often: intervals are wide"
    return "**claimed too often**"


def page(seen: list[Seen], *, count: int, customers: int, first: int) -> str:
    """Write the page: the pools, then each effect."""
    lines = [_HEAD.format(count=count, customers=customers, first=first), _TABLE]
    for pool, effects in POOLS.items():
        counted = EFFECTS[effects[0]][0]
        lines.append(_line(f"**{pool}**, pooled", "", counted, seen, effects))
    for effect, (counted, what, truth) in EFFECTS.items():
        lines.append(_line(what, truth, counted, seen, [effect]))
    return "\n".join([*lines, "", _FOOT])


def _line(what: str, truth: str, counted: str, seen: list[Seen], effects: Iterable[str]) -> str:
    hits, many, p, claimed = pooled(seen, effects)
    said = {"covered": f"{hits / max(many, 1):.3f}"}.get(counted, "")
    told = f"{p:.3f}" if p >= 0.001 else "< 0.001"
    return f"| {what} | {truth} | {many:,} | {said} | {claimed:.3f} | {told} | {verdict(counted, hits, many, p)} |"


_TABLE = """| compared | true value | effect-seeds | in the interval | claimed | binomial p | verdict |
|---|---|---|---|---|---|---|"""
_HEAD = """# Are planted differences found, and is what only seems to differ left alone?

Made by `make simulate`: `python tests/heavy/planted.py --worlds {count} --customers {customers} --first {first}`.
Each of {count} worlds is a company of {customers:,} customers, made by `journeylib.data.worlds` (clean sources,
without the incident and the small segment), loaded, and compared by `contrasts.cells` and `compare.differences`. What
is planted is told in `truth.json`, with its definition. *In the interval* counts how often the 95 % interval holds the
true value, *claimed* how often the comparison alone, before any ledger, says that there is a difference (p < .05; the
interval leaves out 0). The test is exact and binomial, at 1 %: against 95 in 100 that must be covered, and against 5 in
100 that may be claimed where the true value is 0. Comparisons that the package calls not enough data are not counted.
"""
_FOOT = """*Confounded*: journeys that begin on the phone have the harder reasons, those who are called were unsure
before, and those with several devices come oftener. Their true effect is 0; the crude difference, which is claimed, is
that of who is compared. *Opened emails*: in each of two templates one part in a hundred less is opened every month,
while more go out in the better one, so that all in all nothing seems to change. *Announced*: `truth.json` names a day
on which something was said to begin, and nothing did. *Hazard of leaving*: what a customer does comes before leaving
and raises or lowers its chance from the next day on; `churn.start_stop` cuts each customer's time where one of these
changes, and one Cox model has them all, with annual contracts and the ten attributes, and a baseline for each way of
having come. That one is not proportional, so it has a model before and one after day 90 (`churn.bands`).
"""


def main() -> None:
    """Measure all worlds and write the page."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--worlds", type=int, default=200)
    options.add_argument("--customers", type=int, default=2_000)
    options.add_argument("--first", type=int, default=1)
    options.add_argument("--to", type=Path, default=Path("docs/planted.md"))
    given = options.parse_args()
    seen = run(range(given.first, given.first + given.worlds), customers=given.customers)
    text = page(seen, count=given.worlds, customers=given.customers, first=given.first)
    given.to.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
