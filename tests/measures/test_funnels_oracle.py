"""The funnel against one that walks through every customer's events in plain Python, over random small worlds."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from itertools import product

import numpy as np
import pandas as pd
import pytest

from journeylib.estimates import Sums, share
from journeylib.measures.funnels import funnel

MINUTE = 60_000_000
DAY = 1440  # minutes
NAMES = ["a", "b", "c", "d", "x", None]
STEPS = [["a", "b"], ["a", "b", "c"], ["a", "b", "a"], ["a", "a", "b"], ["a", "b", "c", "d"], ["a", "b", "b", "c", "d"]]
ORDERS = {
    2: ["ordered", "any", "strict"],
    3: [
        "ordered",
        "any",
        "strict",
        ["ordered", "any", "any"],
        ["any", "any", "strict"],
        ["ordered", "strict", "ordered"],
    ],
    4: ["ordered", "any", "strict", ["ordered", "any", "any", "ordered"], ["any", "any", "strict", "ordered"]],
    5: [
        "ordered",
        "any",
        "strict",
        ["ordered", "any", "any", "any", "strict"],
        ["any", "any", "any", "any", "ordered"],
    ],
}
MODES = list(
    product(["customers", "journeys", "entries"], ["first", "furthest"], [None, "drop", "until"], [None, "of"])
)
MODES = [mode for mode in MODES if mode[:2] != ("entries", "furthest")]


def made(draw, worlds=6):
    """Worlds of up to eight customers with events at few instants, so that many are at one; ids in no order of time."""
    rows = []
    for world, customer in product(range(worlds), range(8)):
        journey = 0
        for at in np.sort(draw.integers(0, 40, int(draw.integers(0, 30)))):
            journey = int(at) if draw.random() < 0.2 else journey
            name = NAMES[int(draw.choice(6, p=[0.3, 0.25, 0.18, 0.1, 0.07, 0.1]))]
            rows.append((world, f"{world}-{customer}", journey * 100, int(at) * 100, name))
    frame = pd.DataFrame(rows, columns=["world", "customer_id", "started_us", "occurred_us", "touchpoint"])
    frame["event_id"] = [f"e{one:04}" for one in draw.permutation(len(rows))]
    frame["of"] = draw.choice(["u", "v", None], len(rows), p=[0.5, 0.4, 0.1])
    frame["place"] = draw.choice(["north", "south", None], len(rows))
    return frame


def asked(draw, number):
    unit, reentry, excluded, same = MODES[number % len(MODES)]
    steps = STEPS[int(draw.integers(len(STEPS)))]
    orders = ORDERS[len(steps)]
    window = int(draw.choice([500, 1000, 2000]))
    each = [None, 500 / DAY, [None if draw.random() < 0.5 else int(draw.choice([300, 700])) / DAY for _ in steps[1:]]]
    said = {"steps": steps, "order": orders[int(draw.integers(len(orders)))], "within_days": window / DAY, "unit": unit}
    said |= {"reentry": reentry, "same": same, "exclude": ["x"] if excluded else [], "excluded": excluded or "drop"}
    said |= {
        "step_within_days": each[int(draw.integers(3))],
        "by": ["world", "place"] if draw.random() < 0.3 else ["world"],
    }
    said |= {"start_us": int(draw.choice([0, 700])) * MINUTE, "ends_us": int(draw.choice([2600, 3300, 9000])) * MINUTE}
    return said


def walked(
    frame, steps, order, within_days, unit, reentry, same, exclude, excluded, step_within_days, by, start_us, ends_us
):
    """Walk through every unit's events: the chosen entries as dictionaries."""
    start, ends, window, k = start_us // MINUTE, ends_us // MINUTE, round(within_days * DAY), len(steps)
    orders = [order] * k if isinstance(order, str) else order
    waits = step_within_days if isinstance(step_within_days, list) else [step_within_days] * (k - 1)
    waits = [math.inf if one is None else round(one * DAY) for one in waits]
    journeys, units = defaultdict(set), defaultdict(list)
    for row in frame.to_dict("records"):
        row["at"] = row["occurred_us"]
        if row["at"] < ends:
            journeys[row["customer_id"]].add(row["started_us"])
            if row["at"] >= start:
                units[row["customer_id"], row["started_us"] if unit == "journeys" else 0].append(row)
    chosen = []
    for (customer, started), rows in units.items():
        rows.sort(key=lambda row: (row["at"], row["event_id"]))
        entries = []
        for number, entry in enumerate(rows):
            value = entry["of"]
            firsts = [steps[0]]
            if orders[0] == "any":
                firsts = [name for at, name in enumerate(steps) if all(one == "any" for one in orders[: at + 1])]
            if entry["touchpoint"] not in firsts or (same and value is None):
                continue
            times, is_broken, is_stopped, met = [entry["at"]], False, False, []
            pool = Counter(firsts) - Counter([entry["touchpoint"]]) if orders[0] == "any" else Counter()
            for row in rows[number + 1 :]:
                is_seen = not same or row["of"] == value
                if row["touchpoint"] in exclude and (is_seen or row["of"] is None):
                    is_stopped |= excluded == "until"
                    if (
                        len(times) < k
                        or times[-1] - times[0] > window
                        or any(two - one > wait for one, two, wait in zip(times, times[1:], waits, strict=False))
                    ):
                        met.append(row["at"] - entry["at"] <= window)
                if not is_seen or is_stopped or is_broken or len(times) == k:
                    continue
                if not pool and orders[len(times)] == "any":  # a new block begins
                    rest = [*orders[len(times) :], "end"]
                    size = next(at for at, one in enumerate(rest) if one != "any")
                    pool = Counter(steps[len(times) : len(times) + size])
                if pool:
                    if pool[row["touchpoint"]]:
                        pool -= Counter([row["touchpoint"]])
                        times.append(row["at"])
                elif row["touchpoint"] == steps[len(times)]:
                    times.append(row["at"])
                elif orders[len(times)] == "strict":
                    is_broken = True
            depth = 1
            while (
                depth < len(times)
                and times[depth] - times[0] <= window
                and times[depth] - times[depth - 1] <= waits[depth - 1]
            ):
                depth += 1
            is_over = unit == "journeys" and started < max(journeys[customer])
            closes = min(entry["at"] + window, times[depth - 1] + waits[depth - 1]) if depth < k else 0
            is_final = is_over or is_stopped or (is_broken and depth == len(times))
            entries.append(
                {
                    "customer": customer,
                    "by": tuple(entry[name] or (0 if name == "world" else "unknown") for name in by),
                    "times": times,
                    "depth": depth,
                    "is_open": depth < k and not is_final and closes >= ends,
                    "is_dropped": excluded == "drop" and any(met),
                    "is_mature": entry["at"] + window < ends,
                    "follow": min(window, ends - 1 - entry["at"]),
                }
            )
        if not entries:
            continue
        if unit == "entries":
            chosen += [
                {**one, "is_counted": True, "is_measured": one["is_mature"] or not exclude or excluded == "until"}
                for one in entries
            ]
            continue
        deepest = (lambda one: (one["is_dropped"], -one["depth"])) if reentry == "furthest" else (lambda _: 0)
        best = min(entries, key=deepest)
        late = reentry == "furthest" or (excluded == "drop" and bool(exclude))
        mature = [one for one in entries if one["is_mature"]]
        pick = (min(mature, key=deepest) if mature else None) if reentry == "furthest" else best
        if pick is best:
            chosen.append({**best, "is_counted": True, "is_measured": best["is_mature"] or not late})
        else:
            chosen.append({**best, "is_counted": True, "is_measured": False})
            if pick is not None:
                chosen.append({**pick, "is_counted": False, "is_measured": True})
    return chosen


def kaplan_meier(taken):
    """S at the end from (minutes, whether it happened), step by step."""
    stay = 1.0
    for at in sorted({when for when, happened in taken if happened}):
        at_risk = sum(when >= at for when, _ in taken)
        stay *= 1 - sum(when == at and happened for when, happened in taken) / at_risk
    return stay


def answered(chosen, steps):
    """What the funnel must say, one dictionary a step."""
    rows, k = [], len(steps)
    counted = [one for one in chosen if one["is_counted"] and not one["is_dropped"]]
    measured = [one for one in chosen if one["is_measured"] and not one["is_dropped"]]
    is_known = any(one["is_mature"] for one in measured)
    for step in range(1, k + 1):
        here = [one for one in counted if one["depth"] >= step]
        stay = [one for one in here if one["depth"] == step < k]
        row = {"step": step, "n": len({one["customer"] for one in counted}), "entered": len(here)}
        row |= {"went_on": len(here) - len(stay), "open": sum(one["is_open"] for one in stay)}
        row |= {"lost": sum(not one["is_open"] for one in stay), "customers": len({one["customer"] for one in here})}
        row["dropped"] = sum(one["is_counted"] and one["is_dropped"] for one in chosen) if step == 1 else 0
        taken = []
        for one in measured:
            took = one["times"][step - 1] - one["times"][0] if one["depth"] >= step else math.inf
            taken.append((took, True) if took <= one["follow"] else (one["follow"], False))
        reach = 1 - kaplan_meier(taken) if is_known else math.nan
        row["estimate"] = min(reach, rows[-1]["estimate"]) if rows else 1.0 if is_known else math.nan
        before = rows[-1]["estimate"] if rows else 0
        row["conversion"] = row["estimate"] / before if before else math.nan
        waits = sorted(
            one["times"][step - 1] - one["times"][step - 2]
            for one in measured
            if one["is_mature"] and one["depth"] >= step > 1
        )
        row["wait_hours"] = waits[-(-len(waits) // 2) - 1] / 60 if waits else math.nan
        own = defaultdict(lambda: [0, 0, 0])
        for one in measured:
            for at, is_in in enumerate([True, one["depth"] >= step - 1, one["depth"] >= step]):
                own[one["customer"]][at] += is_in
        row["low"], row["conversion_low"] = math.nan, math.nan
        if step > 1 and measured and all(one["is_mature"] for one in measured):
            row["low"] = lower([(m, x) for m, _, x in own.values()])
            row["conversion_low"] = lower([(m, x) for _, m, x in own.values()])
        rows.append(row)
    return rows


def lower(pairs):
    """The lower end of the share of units, of customers with (units, of which count)."""
    units, count = np.array(pairs, float).T
    sums = [units, count, units * units, count * units, count * count]
    return share(Sums(len(pairs), *(float(one.sum()) for one in sums))).low


@pytest.mark.parametrize("number", range(45))  # every combination of modes, in six worlds at a time
def test_the_funnel_is_what_walking_through_the_events_gives(number, table):
    draw = np.random.default_rng(number)
    frame, said = made(draw), asked(draw, number)
    options = {name: value for name, value in said.items() if name != "steps"}
    whole = frame.assign(**{name: frame[name] * MINUTE for name in ("occurred_us", "started_us")})
    found = funnel(table(whole), said["steps"], **options)

    chosen, truth = walked(frame, **said), []
    for group in sorted({one["by"] for one in chosen}):
        own = [one for one in chosen if one["by"] == group]
        truth += [{**dict(zip(said["by"], group, strict=True)), **row} for row in answered(own, said["steps"])]
    truth = pd.DataFrame(truth)
    exact = [*said["by"], "step", "n", "customers", "entered", "went_on", "lost", "open", "dropped"]
    assert found[exact].values.tolist() == truth[exact].values.tolist()
    assert (found["entered"] == found["went_on"] + found["lost"] + found["open"]).all()
    for name in ["estimate", "conversion", "wait_hours", "low", "conversion_low"]:
        known = ~truth[name].isna() if "low" in name else slice(None)
        one, other = (side[name][known].astype(float) for side in (found, truth))
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12, err_msg=name)
