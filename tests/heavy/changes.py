"""The four parts of a change add up, and each is what an independent count of the same rows gives.

A pair is one small store, loaded twice: as its events were known on one day, and as they were
known three weeks later, when late ones had arrived and log-ins had merged devices with people.
Between the two the rules may have changed as well. The oracle reads the stores' events and
counts journeys in plain Python. Then worlds in which nothing changes: how often does an interval
of mix or rate leave out no change?
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from scipy.stats import binomtest
from tqdm import tqdm

import journeylib
from journeylib import engine
from journeylib.data import store as stores
from journeylib.judge import changes
from journeylib.judge.verdicts import judge
from journeylib.measures import mix, outcomes
from journeylib.publish import edition, past
from journeylib.publish.diff import Side, compare
from journeylib.publish.remeasure import number, opened
from journeylib.show.record import make

DAY = 86_400_000_000
FIRST = pd.Timestamp("2026-01-01").value // 1000
CASES = [
    "late events",
    "other gap",
    "other ends",
    "other goal",
    "older code",
    "older code, snapshot gone",
    "other identity",
]
PARTS = changes.PARTS


@dataclass(frozen=True)
class Pair:
    """What was found of one pair: the parts, those of the oracle, and what was missed."""

    seed: int
    case: str
    told: dict[str, Any]
    expected: dict[str, float]

    @property
    def gap(self) -> float:
        """How far the parts are from the whole change."""
        known = [self.told[name] for name in PARTS] if self.told["restated"] is not None else None
        parts = known or [self.told["revised"], self.told["mix"], self.told["rate"]]
        return abs(sum(parts) - (self.told["new"] - self.told["old"]))

    @property
    def off(self) -> float:
        """How far the worst part is from the oracle's."""
        return max(abs(self.told[name] - value) for name, value in self.expected.items())


def pair(seed: int, case: str, folder: Path) -> Pair:
    """Load a pair of stores, part the change of the converted share, and part it by hand.

    `folder` keeps what was loaded, for other cases of the same seed.
    """
    rows, days = list(_events(random.Random(seed))), [(20, 79), (40, 99)]
    is_read_again = case == "other identity"  # of the same rows, by another rule
    gap, ends, mode = 4 if case == "other gap" else 7, ["call"] if case == "other ends" else [], "replay"
    rules = [{"gap_days": 7, "ends": []}, {"gap_days": gap, "ends": ends}]
    goals = [{"touchpoint": "order", "within_days": days} for days in (10, 5 if case == "other goal" else 10)]
    then, now = folder / "then", folder / f"now {gap} {ends} {is_read_again}"
    if not then.exists():
        _load(_known(rows, days[0][1]), folder, then, rules[0], mode)
    if not now.exists():
        shutil.copytree(then, now)
        until = days[0 if is_read_again else 1][1]
        _load(_known(rows, until), folder, now, rules[1], "live" if is_read_again else mode)
    loads = [stores.manifest(store) for store in (then, now)]
    goal_of = zip((then, now), loads, days, goals, strict=True)
    sides = [_side(*one, is_old=at == 0 and case.startswith("older code")) for at, one in enumerate(goal_of)]
    if case.endswith("gone"):
        shutil.copytree(now, gone := folder / "gone")
        shutil.rmtree(gone / "snapshots" / loads[0]["snapshot"])
        now, loads[0] = gone, loads[1]
    [told] = compare(*sides, store=now)["numbers"]
    return Pair(seed, case, told, _by_hand([_rows(now, said) for said in loads], rules, goals, days, case))


def _known(rows: list[dict[str, Any]], day: int) -> list[dict[str, Any]]:
    return [row for row in rows if row["known"] <= day and row["at"] < day + 1]


def _events(rng: random.Random) -> Iterable[dict[str, Any]]:
    """Events of 120 people, half of them with a device of their own that is not always logged in."""
    for who in range(120):
        eager = rng.random()
        at = rng.uniform(0, 12)
        while at < 100:
            late = rng.choice([0, 0, 0, 0, 0, 0, 0, 3, 12, 25])
            is_known = who % 2 == 0 or rng.random() < 0.6
            what = rng.choices(["view", "order", "call"], [3, 1 + eager, 0.5 + (at > 60)])[0]
            yield {"person": f"p{who}" if is_known else "", "device": f"d{who}" if who % 2 else "", "at": at,
                   "what": what, "known": at + late, "plan": "annual" if who % 3 else "monthly"}  # fmt: skip
            at += rng.choice([0.1, 0.6, 2, 5, 6, 9, 14]) * rng.uniform(0.5, 1.5) * (1.5 if who % 3 else 1)


def _load(rows: list[dict[str, Any]], folder: Path, store: Path, rules: dict[str, Any], mode: str) -> None:
    (folder / "sources").mkdir(exist_ok=True, parents=True)
    frame = pd.DataFrame(rows)
    frame["at"] = pd.to_datetime(frame["at"] * DAY + FIRST, unit="us").dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    frame["where"] = "web"
    frame.insert(0, "id", frame["at"] + frame["person"] + frame["device"])
    frame.drop(columns=["known", "plan"]).to_csv(folder / "sources" / "events.csv", index=False)
    people = [{"who": f"p{who}", "plan": "annual" if who % 3 else "monthly"} for who in range(120)]
    pd.DataFrame(people).to_csv(folder / "sources" / "people.csv", index=False)
    events = {"event_id": "id", "customer_id": ["person", "device"], "occurred_at": "at", "touchpoint": "what",
              "channel": "where"}  # fmt: skip
    said = {
        "source": [
            {"kind": "events", "path": str(folder / "sources" / "events.csv"), "columns": events},
            {"kind": "customers", "path": str(folder / "sources" / "people.csv"), "columns": {"customer_id": "who"},
             "attributes": {"plan": "plan"}},
        ],
        "identity": {"mode": mode},
        "journeys": {"gap_days": rules["gap_days"], "end_touchpoints": rules["ends"]},
        "limits": {"quarantined_share": 0.9},
    }  # fmt: skip
    journeylib.load(mapping=said, store=store)


def _side(store: Path, said: dict[str, Any], days: tuple[int, int], goal: dict[str, Any], *, is_old: bool) -> Side:
    """An edition of one number; an old one counted journeys that were not mature as well."""
    period = {"start": _day(days[0]), "as_of": _day(days[1])}
    view = opened(store, **period, rules=said["rules"])
    labelled = outcomes.label(view, **goal)
    frame = outcomes.converted(labelled)
    if is_old:
        frame = outcomes.counts(labelled).query("outcome == 'converted'").drop(columns="outcome")
    record = {**make("number", "converted_share", frame, unit="share", **goal), "notebook": "overview"}
    about = {
        **period, "id": "", "looks": None, "segments": {"plan": "customers.plan"}, "parameters": {},
        "identity": {"data": edition.data(said), "code": "old" if is_old else "new"},
    }  # fmt: skip
    assert number(record, view) == _value(record) or is_old
    return Side(about, judge([record], audience="private"), [record], past.named(said))


def _day(at: int) -> str:
    return (pd.Timestamp("2026-01-01") + pd.Timedelta(days=at)).date().isoformat()


def _value(record: dict[str, Any]) -> float:
    return float(record["rows"][0][record["columns"].index("estimate")])


def _rows(store: Path, said: dict[str, Any]) -> list[tuple[str, int, str, str]]:
    folder = store / "snapshots" / said["snapshot"]
    plans = {row["customer_id"]: row["plan"] for row in pq.read_table(folder / "customers.parquet").to_pylist()}
    found = [row for name in said["tables"]["events"] for row in pq.read_table(folder / name).to_pylist()]
    found.sort(key=lambda row: (row["customer_id"], row["occurred_us"], row["event_id"]))
    return [
        (row["customer_id"], row["occurred_us"], row["touchpoint"], plans.get(row["customer_id"], "unknown"))
        for row in found
    ]


def _count(
    rows: Any, rules: dict[str, Any], goal: dict[str, Any], start: int, as_of: int, *, all_journeys: bool = False
) -> Any:
    """Count mature journeys and those that converted, by plan, in plain Python."""
    begin, end, within = (FIRST + at * DAY for at in (start, as_of + 1, goal["within_days"]))
    within -= FIRST
    end = min(end, 1 + max(at for _, at, _, _ in rows))  # nothing is known after the last event
    journeys: list[list[Any]] = []
    last: tuple[str, int] | None = None
    ended: int | None = None
    for who, at, what, plan in rows:
        if at >= end:
            continue
        is_new = last is None or last[0] != who or at - last[1] > rules["gap_days"] * DAY
        if is_new or (ended is not None and at > ended):
            journeys.append([plan, at, False])
            ended = None
        if what == goal["touchpoint"] and at - journeys[-1][1] <= within:
            journeys[-1][2] = True
        if what in rules["ends"]:
            ended = at
        last = (who, at)
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for plan, at, converted in journeys:
        if at >= begin and (at + within < end or all_journeys):
            counts[plan][0] += 1
            counts[plan][1] += converted
    return counts


def _share(counts: Any) -> Fraction:
    return Fraction(sum(x for _, x in counts.values()), sum(m for m, _ in counts.values()))


def _by_hand(data: Any, rules: Any, goals: Any, days: Any, case: str) -> dict[str, float]:
    """The parts in fractions, from the oracle's counts."""
    old_code = case.startswith("older code")
    old = _share(_count(data[0], rules[0], goals[0], *days[0], all_journeys=old_code))
    on_old, on_new = (_share(_count(rows, rules[0], goals[0], *days[0])) for rows in data)
    before, now = (_count(data[1], rules[1], goals[1], *period) for period in days)
    mix = rate = Fraction(0)
    wholes = [sum(m for m, _ in counts.values()) for counts in (before, now)]
    for plan in [
        plan for plan in {*before, *now} if before[plan][0] or now[plan][0]
    ]:  # at most one plan, unknown, is small: what it is called does not matter
        (m0, x0), (m1, x1) = before[plan], now[plan]
        w0, w1 = Fraction(m0, wholes[0]), Fraction(m1, wholes[1])
        r0 = Fraction(x0, m0) if m0 else Fraction(x1, m1)
        r1 = Fraction(x1, m1) if m1 else r0
        mix += (w1 - w0) * (r0 + r1) / 2
        rate += (r1 - r0) * (w0 + w1) / 2
    known = {"mix": float(mix), "rate": float(rate), "new": float(_share(now))}
    if case.endswith("gone"):
        return known
    if case == "other identity":
        return {**known, "restated": 0.0, "redefined": float(_share(before) - old), "old": float(old)}
    revised = {"restated": float(on_new - on_old), "redefined": float((on_old - old) + (_share(before) - on_new))}
    return {**known, **revised, "old": float(old)}


def null(seed: int, customers: int = 150, looks: int = 1) -> list[bool]:
    """Whether the intervals of mix and of rate leave out no change between two like periods that share customers."""
    rng = np.random.default_rng(seed)
    tendency = rng.beta(2, 3, customers)
    group = rng.choice(["a", "b", "c"], customers, p=[0.5, 0.3, 0.2])
    tables = []
    shared = rng.random(customers) < 0.7
    for period in (0, 1):
        journeys = rng.poisson(2.5, customers)
        x = rng.binomial(journeys, tendency)
        names = np.where(shared, np.arange(customers), np.arange(customers) + customers * (period + 1)).astype(str)
        if period:
            fresh = rng.beta(2, 3, customers)
            x = np.where(shared, x, rng.binomial(journeys, fresh))
        frame = pd.DataFrame({"customer_id": names, "group": group, "m": journeys, "x": x})
        if period:
            frame["group"] = np.where(shared, group, rng.choice(["a", "b", "c"], customers, p=[0.5, 0.3, 0.2]))
        tables.append(engine.from_frame(frame[frame["m"] > 0].reset_index(drop=True)))
    found = mix.split(*tables, level=0.05 / looks)
    return [changes.is_beyond_noise(found, part) for part in ("mix", "rate")]


def page(found: list[Pair], worlds: int) -> tuple[str, list[Any]]:
    """Write docs/changes.md; also give what is off."""
    parts, bad = [], [one.seed for one in found if one.gap > 1e-9 or one.off > 1e-9]
    for case in CASES:
        own = [one for one in found if one.case == case]
        if own:
            gap, off = (max(getattr(one, name) for one in own) for name in ("gap", "off"))
            parts.append(f"| {case} | {len(own)} | {gap:.1e} | {off:.1e} |")
    noise = []
    for customers in (60, 150, 600):
        hits = np.sum([null(seed, customers) for seed in range(worlds)], axis=0)
        for part, count in zip(("mix", "rate"), hits, strict=True):
            p = binomtest(int(count), worlds, 0.05, alternative="greater").pvalue
            noise.append(f"| {customers} | {part} | {count} of {worlds} | {p:.3f} |")
            bad += [f"{part} of {customers}"] if p < 0.01 else []
    return _PAGE.format(parts="\n".join(parts), noise="\n".join(noise), pairs=len(found)), bad


_PAGE = """# Do the parts of a change add up?

Made by `make simulate`: `python tests/heavy/changes.py`.

{pairs} pairs of small stores: the second load has events that came late and devices that were merged with people; in
some the rules, the goal or the code changed as well. Each change of the converted share is parted into restated data,
definition or code, mix and rate, and each part is counted again by hand from the stores' rows (in fractions). Target:
nothing off by more than 1e-9. Where the snapshot of then is gone, restated data and code are told together.

| what changed | pairs | the parts miss the whole by | the worst part misses the count by hand by |
|---|---|---|---|
{parts}

Worlds in which nothing changes between two periods that share most customers: how often does the interval of mix or of
rate (95 %) leave out no change? An exact test asks whether that is above 5 %.

| customers | part | beyond noise | p |
|---|---|---|---|
{noise}
"""


def main() -> None:
    """Part the changes of 100 pairs of stores, and look for changes where there are none; write docs/changes.md."""
    said = argparse.ArgumentParser(description=main.__doc__)
    said.add_argument("--pairs", type=int, default=100)
    said.add_argument("--worlds", type=int, default=400)
    said.add_argument("--to", type=Path, default=Path(__file__).parents[2] / "docs" / "changes.md")
    wanted = said.parse_args()
    found = []
    for seed in tqdm(range(wanted.pairs), desc="pairs", file=sys.stderr):
        with tempfile.TemporaryDirectory() as folder:
            found.append(pair(seed, CASES[seed % len(CASES)], Path(folder)))
    text, bad = page(found, wanted.worlds)
    wanted.to.write_text(text, encoding="utf-8")
    print(text)
    sys.exit(f"off: {bad}" if bad else 0)


if __name__ == "__main__":
    main()
