"""Attack published editions: a solver that is given all they show tries to pin what they hide.

A world is a company's customers by region and outcome, random and small. Two editions of it are
published, the second some customers later, and disclosed as any edition is. The attacker has
every number of both: counts, which he knows to be rounded to 5; shares and intervals, of which
he computes which counts would have been rounded to just these; totals of rows, of columns and
of all. He knows the rules too: that who is hidden, is somebody; that customers only come; that
what two editions show has not changed by 1 to 9. Integer programming then finds the least and
the most that every hidden count can be. He wins where these are fewer than ten apart.

The other attack is on a person: of all scores that would have given the published Net Promoter
Score, of one edition or of two, does every one say the same of somebody?

`make torture` writes docs/privacy.md with it.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from tqdm import tqdm

from journeylib import estimates
from journeylib.judge import gate
from journeylib.judge.disclosure import disclose, keys
from journeylib.judge.rounding import coarse, step, unit_of

__all__ = ["KINDS", "Pinned", "naive", "page", "persons", "pinned", "published", "worlds"]

KINDS = ["parts", "journeys", "flow"]
WIDTH = 10
_MANY = 1e5  # more customers than any of these companies has
_REGIONS, _OUTCOMES, _CHANNELS = 6, 4, ["web", "chat", "phone", "mail"]
_ENDS = ["converted", "drop-off", "open"]

Record = dict[str, Any]
Cell = tuple[Any, ...]


class Pinned(NamedTuple):
    """A hidden count that the attacker has bound: where, what it is, and the range that is left."""

    edition: int
    what: Cell
    truth: int
    low: float
    high: float


# --- the worlds


def worlds(kind: str, seed: int) -> list[list[Record]]:
    """Make two editions of a random company, as its notebooks would record them."""
    draw = np.random.default_rng([seed, KINDS.index(kind)])
    if kind == "flow":
        paths = _paths(draw, int(draw.integers(300, 2000)))
        more = _paths(draw, int(draw.choice([0, 4, 15, 60, 400])))
        return [_flow(paths), _flow(paths + more)]
    people = _people(draw, kind, draw.gamma(0.5, 45, (_REGIONS, _OUTCOMES)))
    later = _people(draw, kind, draw.gamma(0.4, float(draw.choice([1, 4, 12])), (_REGIONS, _OUTCOMES)))
    return [_tables(people, kind), _tables(people + later, kind)]


def _people(draw: np.random.Generator, kind: str, sizes: Any) -> list[tuple[int, list[int]]]:
    """Customers: a region, and the outcome of each of their journeys."""
    found = []
    for region, outcome in itertools.product(range(_REGIONS), range(_OUTCOMES)):
        for _ in range(int(draw.poisson(sizes[region, outcome]))):
            more = draw.integers(0, _OUTCOMES, int(draw.poisson(1.2))) if kind == "journeys" else []
            found.append((region, [outcome, *map(int, more)]))
    return found


def _tables(people: Sequence[tuple[int, list[int]]], kind: str) -> list[Record]:
    whole = range(_REGIONS)
    by_both = [row for region in whole for row in _parts(people, [region], kind, {"region": f"r{region}"})]
    regions = []
    for region in whole:
        n = sum(one == region for one, _ in people)
        regions.append({"region": f"r{region}", **_share(n // 3, n)})  # of something else
    everybody = len(people)
    count = {**dict.fromkeys(["n", "estimate", "low", "high"], everybody), "is_enough": True}
    return [
        _record("chart", "outcomes", by_both),
        _record("chart", "shares", regions, unit="share"),
        _record("table", "outcomes_of_all", _parts(people, whole, kind, {}), unit="share"),
        _record("number", "customers", [count], unit="count"),
    ]


def _parts(
    people: Sequence[tuple[int, list[int]]], regions: Iterable[int], kind: str, names: Record
) -> list[dict[str, Any]]:
    own = [outcomes for region, outcomes in people if region in set(regions)]
    units = sum(map(len, own))
    rows = []
    for outcome in range(_OUTCOMES):
        part, marked = sum(one.count(outcome) for one in own), sum(outcome in one for one in own)
        sums = estimates.plain_sums(part, units)
        found = estimates.share(sums)
        row = {**names, "outcome": f"o{outcome}", "n": len(own), "estimate": part / units if units else None}
        row |= {"low": _or_none(found.low), "high": _or_none(found.high), "is_enough": len(own) >= 30}
        rows.append({**row, **({"journeys": part} if kind == "journeys" else {}), "customers": marked})
    return rows


def _paths(draw: np.random.Generator, customers: int) -> list[tuple[list[str], str]]:
    found = []
    for _ in range(customers):
        steps = [str(draw.choice(_CHANNELS, p=[0.6, 0.25, 0.1, 0.05])) for _ in range(int(draw.integers(1, 5)))]
        found.append(
            (
                steps[:1] + [b for a, b in itertools.pairwise(steps) if a != b],
                str(draw.choice(_ENDS, p=[0.55, 0.4, 0.05])),
            )
        )
    return found


def _flow(paths: Sequence[tuple[list[str], str]]) -> list[Record]:
    links: dict[Cell, int] = {}
    for steps, end in paths:
        stays = [*steps, end]
        for at, (source, target) in enumerate(itertools.pairwise(stays), start=1):
            if at <= 3:
                links[at, source, target] = links.get((at, source, target), 0) + 1
    n = len(paths)
    rows = [
        {"step": at, "source": source, "target": target, **_share(size, n), "journeys": size, "customers": size}
        for (at, source, target), size in sorted(links.items())
    ]
    count = {**dict.fromkeys(["n", "estimate", "low", "high"], n), "is_enough": True}
    return [_record("chart", "flow", rows), _record("number", "customers", [count], unit="count")]


def _share(part: int, n: int) -> dict[str, Any]:
    found = estimates.share(estimates.plain_sums(part, n))
    ends = {"low": _or_none(found.low), "high": _or_none(found.high)}
    return {"n": n, "estimate": part / n if n else None, **ends, "is_enough": n >= 30}


def _record(kind: str, form: str, rows: Sequence[Mapping[str, Any]], **context: Any) -> Record:
    names = list(rows[0])
    cells = [[row[name] for name in names] for row in rows]
    return {
        "notebook": "n",
        "id": form,
        "kind": kind,
        "form": form,
        "context": context,
        "columns": names,
        "rows": cells,
    }


def _or_none(value: float) -> float | None:
    return None if value != value else value


# --- what is published


def published(editions: Sequence[Sequence[Record]]) -> list[list[Record]]:
    """Disclose editions of 1 January 2026 and the days after, each behind the gate of those before."""
    shown: list[list[Record]] = []
    for at, records in enumerate(editions):
        before = [
            (editions[past], {"records": shown[past], "period": {"as_of": f"2026-01-{past + 1:02d}"}})
            for past in reversed(range(at))
        ]
        past = gate.compare(records, before)
        shown.append([disclose(one, past=past[f"n/{one['id']}"]) for one in records])
    return shown


def naive(editions: Sequence[Sequence[Record]]) -> list[list[Record]]:
    """Hide what is small and nothing else, round as always: the wrong way, which the attacker must beat."""
    return [[_small_hidden(record) for record in records] for records in editions]


def _small_hidden(record: Record) -> Record:
    found = _rows(record)
    unit = unit_of(record, [row for _, row, _ in found])
    cells, hidden = [], []
    for at, (key, row, _) in enumerate(found):
        names = record["columns"][: len(key)]
        parts = [row["n"], *([row["customers"], row["n"] - row["customers"]] if "customers" in row else [])]
        if is_small := any(0 < part < WIDTH for part in parts):
            hidden.append(at)
        shown = {name: row[name] if name in names else None for name in row} if is_small else coarse(row, names, unit)
        cells.append(list(shown.values()))
    return {**record, "rows": cells, "hidden": hidden}


# --- the attack on counts


@dataclass
class Knowledge:
    """What the attacker knows: a range for each unknown, and sums of unknowns with a range of theirs."""

    ranges: dict[Cell, tuple[float, float]] = field(default_factory=dict)
    sums: list[tuple[dict[Cell, float], float, float]] = field(default_factory=list)

    def know(self, what: Cell, low: float, high: float) -> None:
        """Learn that a count lies between two numbers, beside what was known."""
        least, most = self.ranges.get(what, (0.0, np.inf))
        self.ranges[what] = (max(least, low), min(most, high))

    def add(self, parts: Iterable[Cell], whole: Iterable[Cell], low: float = 0, high: float = 0) -> None:
        """Learn how much larger some counts are together than others."""
        signs: dict[Cell, float] = {}
        for what, sign in [*((part, 1.0) for part in parts), *((part, -1.0) for part in whole)]:
            signs[what] = signs.get(what, 0.0) + sign
            self.know(what, 0, np.inf)
        self.sums.append((signs, low, high))

    def widths(self, wanted: Sequence[Cell], width: int = WIDTH) -> dict[Cell, tuple[float, float]]:
        """Find the least and the most that each wanted count can be; a range of `width` is not followed further."""
        at = {what: place for place, what in enumerate(self.ranges)}
        bounds = Bounds(*np.clip(np.array([self.ranges[what] for what in at]).T, 0, _MANY))
        matrix = np.zeros((len(self.sums), len(at)))
        for row, (signs, _, _) in enumerate(self.sums):
            for what, sign in signs.items():
                matrix[row, at[what]] = sign
        low, high = (np.array([one[side] for one in self.sums]) for side in (1, 2))
        limits = [LinearConstraint(matrix, low, high)] if self.sums else []
        seen: list[Any] = []
        found = {}
        for what in wanted:
            ends = [float("nan"), float("nan")]
            for side, sign in ((1, -1.0), (0, 1.0)):
                values = [one[at[what]] for one in seen]
                if values and max(values) - min(values) >= width:
                    ends = [min(values), max(values)]
                    break
                cost = np.zeros(len(at))
                cost[at[what]] = sign
                answer = _solved(cost, bounds, limits)
                if answer.status == 3:  # without bound
                    ends[side] = np.inf
                    continue
                assert answer.x is not None, f"the published numbers contradict each other: {answer.message}"
                seen.append(np.round(answer.x))
                ends[side] = float(np.round(answer.x[at[what]]))
            found[what] = (ends[0], ends[1])
        return found


def _solved(cost: Any, bounds: Bounds, limits: Sequence[LinearConstraint]) -> Any:
    """Solve for whole numbers; mostly they come of themselves, and the far slower search for them is not needed."""
    answer = milp(cost, bounds=bounds, constraints=limits)
    if answer.status == 3 or (answer.x is not None and np.abs(answer.x - np.round(answer.x)).max() < 1e-6):
        return answer
    # Out of time, the best that was found counts: the range is then at least so wide.
    return milp(cost, integrality=np.ones(len(cost)), bounds=bounds, constraints=limits, options={"time_limit": 60})


def pinned(
    editions: Sequence[Sequence[Record]], exact: Sequence[Sequence[Record]], kind: str
) -> tuple[list[Pinned], int]:
    """Attack published editions; give the hidden counts that are pinned, and how many were hidden in all.

    `exact` is not given to the solver: it only says what the truth was. Two kinds of count are
    hidden for the sake of others and are no secret: a row of nobody, and a count that is as the
    edition before showed it.
    """
    known = Knowledge()
    truth: dict[Cell, int] = {}
    for edition, records in enumerate(editions):
        (_learn_flow if kind == "flow" else _learn_tables)(known, edition, records)
        for record in exact[edition]:
            for what, count in _counts(edition, record):
                truth[what] = count
    if len(editions) > 1:
        _learn_both(known, editions)
    hidden = [what for edition, records in enumerate(editions) for what in _hidden(edition, records)]
    hidden = [what for what in hidden if truth[what] and not _is_old(what, truth, hidden)]
    found = known.widths(hidden)
    lost = [
        Pinned(what[0], what[1:], truth[what], low, high) for what, (low, high) in found.items() if high - low < WIDTH
    ]
    wrong = [one for one in lost if not one.low <= one.truth <= one.high]
    assert not wrong, f"the attacker reasons wrongly about {wrong}"
    return lost, len(hidden)


def _is_old(what: Cell, truth: Mapping[Cell, int], hidden: Sequence[Cell]) -> bool:
    """Whether the edition before showed just this count: it is published, and hidden again for others' sake."""
    before = (0, *what[1:])
    return what[0] == 1 and before not in hidden and truth.get(before) == truth[what]


def _rows(record: Record) -> list[tuple[Cell, dict[str, Any], bool]]:
    """The rows of a record with their key, and whether it says nothing of now: a row that is kept repeats what was."""
    hidden = {*(record.get("hidden") or ()), *(one["row"] for one in record.get("kept") or ())}
    return [
        (key, dict(zip(record["columns"], cells, strict=True)), at in hidden)
        for at, (key, cells) in enumerate(zip(keys(record), record["rows"], strict=True))
    ]


def _counts(edition: int, record: Record) -> list[tuple[Cell, int]]:
    """Every count of a record under the name the attacker has for it; a region's n is one count wherever it stands."""
    found = []
    for key, row, _ in _rows(record):
        for name in ("n", "customers", "journeys"):
            if name in row:
                found.append((_name(edition, record, key, name), row[name]))
    return found


def _name(edition: int, record: Record, key: Cell, name: str) -> Cell:
    if name == "n":
        key = key[:1] if record["form"] in ("outcomes", "shares") else ()
    return (edition, name, *key)


def _hidden(edition: int, records: Sequence[Record]) -> list[Cell]:
    """The counts that no record of the edition shows."""
    shown, veiled = set(), {}
    for record in records:
        for key, row, is_hidden in _rows(record):
            for name in ("n", "customers", "journeys"):
                if name in row:
                    what = _name(edition, record, key, name)
                    (veiled.setdefault(what, 0) if is_hidden else shown.add(what))
    return [what for what in veiled if what not in shown]


def _learn_tables(known: Knowledge, edition: int, records: Sequence[Record]) -> None:
    regions, outcomes = [f"r{at}" for at in range(_REGIONS)], [f"o{at}" for at in range(_OUTCOMES)]
    unit = "journeys" if "journeys" in records[0]["columns"] else "customers"
    for record in records:
        _learn_rounding(known, edition, record, unit)
    for name in {unit, "customers"}:
        for region in regions:
            cells = [(edition, name, region, outcome) for outcome in outcomes]
            if unit == "customers":
                known.add(cells, [(edition, "n", region)])
            elif name == "customers":  # somebody has one outcome or more, each at most once
                known.add(cells, [(edition, "n", region)], 0, np.inf)
                for cell in cells:
                    known.add([cell], [(edition, "n", region)], -np.inf, 0)
        for outcome in outcomes:
            known.add([(edition, name, region, outcome) for region in regions], [(edition, name, outcome)])
    if unit == "journeys":
        for region, outcome in itertools.product([*regions, None], outcomes):
            key = (outcome,) if region is None else (region, outcome)
            known.add([(edition, "journeys", *key)], [(edition, "customers", *key)], 0, np.inf)
    known.add([(edition, "n", region) for region in regions], [(edition, "n")])


def _learn_flow(known: Knowledge, edition: int, records: Sequence[Record]) -> None:
    links = [key for key, _, _ in _rows(records[0])]
    for record in records:
        _learn_rounding(known, edition, record, "journeys")
    for link in links:
        known.add([(edition, "journeys", *link)], [(edition, "customers", *link)])
    known.add([(edition, "journeys", *link) for link in links if link[0] == 1], [(edition, "n")])
    for at, value in sorted({link[:2] for link in links if link[0] > 1}):
        into = [(edition, "journeys", *link) for link in links if link[0] == at - 1 and link[2] == value]
        known.add(into, [(edition, "journeys", *link) for link in links if link[:2] == (at, value)])


def _learn_rounding(known: Knowledge, edition: int, record: Record, unit: str) -> None:
    """What each row says of the counts behind it: rounded counts, and of what counts its share could have come."""
    lines = _lines(record)
    for key, row, is_hidden in _rows(record):
        names = {name: _name(edition, record, key, name) for name in ("n", "customers", "journeys") if name in row}
        if is_hidden:
            for name, what in names.items():
                known.know(what, 0 if name == "n" or any(key in line for line in lines) else 1, np.inf)
            continue
        for name, what in names.items():
            known.know(what, *_behind(row[name]))
        part = names.get("customers")
        if part and row["estimate"] is not None and unit == "customers":
            _learn_share(known, record, key, row, part, names["n"])
        if record["form"] == "outcomes" and row.get("journeys"):
            _learn_ratio(known, edition, key, row)
        if row.get("customers") and row["n"] - row["customers"] > 5:
            known.add([names["n"]], [part], WIDTH, np.inf)


def _learn_share(known: Knowledge, record: Record, key: Cell, row: Mapping[str, Any], part: Cell, base: Cell) -> None:
    """Of which whole numbers would the share and its interval have been rounded to just this?"""
    possible = []
    ranges = [_behind(row["n"]), _behind(row["customers"])]
    for n, count in itertools.product(*(range(int(low), int(high) + 1) for low, high in ranges)):
        if count > n:
            continue
        seen = {**row, **_share(count, n), "customers": count}
        if coarse(seen, record["columns"][: len(key)], "share") == row:
            possible.append((n, count))
    assert possible, f"no counts give {row}"
    for what, values in zip((base, part), zip(*possible, strict=True), strict=True):
        known.know(what, min(values), max(values))


def _learn_ratio(known: Knowledge, edition: int, key: Cell, row: Mapping[str, Any]) -> None:
    """A share of journeys lies within half a step of that of the journeys themselves, in all those of its region."""
    half = max(step(5 / (row["n"] - 2)), step(5 * row["estimate"] / (row["customers"] - 2))) / 2
    region = [(edition, "journeys", key[0], f"o{outcome}") for outcome in range(_OUTCOMES)]
    for sign in (-1, 1):
        line = dict.fromkeys(region, sign * -(row["estimate"] + sign * half))
        line[edition, "journeys", *key] += sign
        known.sums.append((line, -np.inf, 1e-6))


def _behind(shown: int) -> tuple[int, int]:
    """The whole numbers that a shown count may have been: nobody, or ten and more."""
    return (0, 0) if shown == 0 else (max(WIDTH, shown - 2), shown + 2)


def _lines(record: Record) -> list[set[Cell]]:
    """The lines of a table of which nothing is shown: there, and only there, a hidden row may be nobody's."""
    rows = _rows(record)
    every: dict[Any, set[Cell]] = {}
    for key, _, _ in rows:
        for at in range(len(key)):
            every.setdefault((at, key[:at] + key[at + 1 :]), set()).add(key)
    veiled = {key for key, _, is_hidden in rows if is_hidden}
    return [line for line in every.values() if line <= veiled]


def _learn_both(known: Knowledge, editions: Sequence[Sequence[Record]]) -> None:
    """Customers only come; and what both editions show is as it was, or has changed by ten or more."""
    for what in [one for one in known.ranges if one[0] == 0]:
        later = (1, *what[1:])
        if later in known.ranges:
            known.add([later], [what], 0, np.inf)
    for before, after in zip(*editions, strict=True):
        shown = {key: row for key, row, is_hidden in _rows(before) if not is_hidden}
        for key, row, is_hidden in _rows(after):
            if is_hidden or key not in shown:
                continue
            for name in ("n", "customers"):
                if name in row:
                    change = row[name] - shown[key][name]
                    what = [_name(edition, after, key, name) for edition in (1, 0)]
                    known.add(what[:1], what[1:], *((0, 0) if change <= 5 else (WIDTH, np.inf)))


# --- the attack on a person


def persons(seed: int) -> tuple[list[str], int]:
    """Attack the scores of a company's regions, in two editions; say of whom something is known, of how many tried.

    In a region everybody's score may be known, where all have the same. And the attacker knows of
    one person who came between the editions, or answered anew, that nobody else of the region
    did: what score would lead from what the first edition shows to what the second does?
    """
    draw = np.random.default_rng([seed, 99])
    groups, later, events = {}, {}, {}
    for name in [f"r{region}" for region in range(_REGIONS)]:
        mood = draw.dirichlet([0.7, 0.4, 0.5])
        scores = [int(one) for one in draw.choice(3, int(draw.integers(5, 60)), p=mood)]
        events[name] = ["answered anew", "came", "a dozen came"][int(draw.integers(0, 3))]
        groups[name], later[name] = scores, list(scores)
        if events[name] == "answered anew":
            later[name][0] = (scores[0] + int(draw.integers(1, 3))) % 3
        else:
            later[name] += [int(one) for one in draw.integers(0, 3, 1 if events[name] == "came" else 12)]
    return _recovered(published([[_scores(groups)], [_scores(later)]]), events)


def _recovered(editions: Sequence[Sequence[Record]], events: Mapping[str, str]) -> tuple[list[str], int]:
    first, second = ({key[0]: row for key, row, gone in _rows(one[0]) if not gone} for one in editions)
    lost, tried = [], 0
    for name, event in events.items():
        options = [_possible(one[name]) if name in one else None for one in (first, second)]
        for edition, found in enumerate(options, start=1):
            tried += 1
            if found is not None and any(all(counts[of] == sum(counts) for counts in found) for of in range(3)):
                lost.append(f"{name}: everybody's score in edition {edition}")
        if event != "a dozen came":
            tried += 1
            before, after = options
            if before is not None and after is not None and len(_one_person(before, after, event)) == 1:
                lost.append(f"{name}: the score of the one who {event}")
    return lost, tried


def _scores(groups: Mapping[str, Sequence[int]]) -> Record:
    rows = []
    for name, scores in groups.items():
        found = estimates.nps(*(scores.count(of) for of in range(3)))
        rows.append({"region": name, **found.row(answers=len(scores))})
    return _record("chart", "shares", rows, unit="score")


def _possible(row: Mapping[str, Any]) -> set[tuple[int, int, int]]:
    """Every number of promoters, passives and detractors that would have been published as this row."""
    low, high = _behind(row["n"])
    found = set()
    for n in range(low, high + 1):
        for promoters in range(n + 1):
            for detractors in range(n + 1 - promoters):
                about = 100 * (promoters - detractors) / n
                if not row["low"] - 1 <= about <= row["high"] + 1:
                    continue
                made = estimates.nps(promoters, n - promoters - detractors, detractors)
                if coarse({"region": row["region"], **made.row(answers=n)}, ["region"], "score") == row:
                    found.add((promoters, n - promoters - detractors, detractors))
    assert found, f"no scores give {row}"
    return found


def _one_person(before: set[tuple[int, ...]], after: set[tuple[int, ...]], event: str) -> set[int]:
    """The scores that one person can have who came, or answered anew."""
    found = set()
    for counts, new, old in itertools.product(before, range(3), range(3) if event == "answered anew" else [None]):
        made = list(counts)
        made[new] += 1
        if old is not None:
            made[old] -= 1
        if old != new and min(made) >= 0 and tuple(made) in after:
            found.add(new)
    return found


# --- what came of it


def main() -> None:
    """Attack 200 random tables and as many companies' scores; write docs/privacy.md."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--tables", type=int, default=200, help="random tables, two editions each")
    parser.add_argument("--to", type=Path, default=Path(__file__).parents[2] / "docs" / "privacy.md")
    said = parser.parse_args()
    rows = [
        _tally(kind, range(at, said.tables, len(KINDS)), wrong)
        for wrong in (False, True)
        for at, kind in enumerate(KINDS)
    ]
    scores = [persons(seed) for seed in tqdm(range(said.tables), desc="scores", file=sys.stderr)]
    said.to.write_text(page(rows, scores), encoding="utf-8")
    print(said.to.read_text(encoding="utf-8"))


class Tally(NamedTuple):
    """What came of attacks on tables of one kind: how many tables, counts, hidden ones, pinned ones, tables lost."""

    kind: str
    is_wrong: bool
    tables: int
    counts: int
    small: int
    hidden: int
    pinned: int
    lost: int


def _tally(kind: str, seeds: Iterable[int], is_wrong: bool) -> Tally:
    tables = counts = small = hidden = won = lost = 0
    for seed in tqdm(list(seeds), desc=f"{kind}{', the wrong way' if is_wrong else ''}", file=sys.stderr):
        exact = worlds(kind, seed)
        if is_wrong:
            exact = exact[:1]  # one edition is enough
        shown = (naive if is_wrong else published)(exact)
        found, tried = pinned(shown, exact, kind)
        every = {
            what: count
            for edition, records in enumerate(exact)
            for one in records
            for what, count in _counts(edition, one)
        }
        tables, counts, hidden = tables + 1, counts + len(every), hidden + tried
        small += sum(0 < count < WIDTH for count in every.values())
        won, lost = won + len(found), lost + bool(found)
    return Tally(kind, is_wrong, tables, counts, small, hidden, won, lost)


_WHAT = {
    "parts": "regions by outcomes, each customer in one",
    "journeys": "regions by outcomes, several journeys a customer",
    "flow": "links of a flow",
}


def page(rows: Sequence[Tally], scores: Sequence[tuple[list[str], int]]) -> str:
    """Write docs/privacy.md."""
    lines = []
    for one in rows:
        way = "one edition, small cells hidden and nothing else" if one.is_wrong else "two editions, as published"
        lines.append(
            f"| {_WHAT[one.kind]} | {way} | {one.tables} | {one.small:,} of {one.counts:,} | {one.hidden:,} "
            f"| {one.pinned:,} | {one.lost} |"
        )
    right = [one for one in rows if not one.is_wrong]
    tables, won = sum(one.tables for one in right), sum(one.pinned for one in right)
    lost, tried = sum(len(found) for found, _ in scores), sum(count for _, count in scores)
    return _PAGE.format(table="\n".join(lines), tables=tables, won=won, lost=lost, tried=tried, companies=len(scores))


_PAGE = """# What can be worked out from a published edition?

Made by `make torture`: `python tests/heavy/attack.py`.

A random company is published twice, the second time some customers later, and a solver is given all that the two
editions show: rounded counts, totals of rows, columns and all, shares and intervals (with the counts that would have
been rounded to just these), and the rules by which rows are hidden. It also knows that customers only come. Integer
programming finds the least and the most that each hidden count can be. A count is *pinned* where these are fewer than
ten apart. (A row of nobody, and a count that is as the edition before showed it, are hidden for the sake of others and
are no secret; they are not counted.) Beside it the wrong way: small cells hidden, and nothing else. Where all totals
are shown the solver beats it in every table; elsewhere rounding alone mostly keeps it off.

Of {tables} tables as published, **{won} hidden counts were pinned**.

| table | way | tables | small counts | hidden counts | pinned | tables with a pinned count |
|---|---|---|---|---|---|---|
{table}

A person's score: in {companies} companies of six regions, each with its Net Promoter Score in two editions, every
number of promoters, passives and detractors was tried that would have been published just so. Of {tried} attempts, on
everybody of a region (do all have the same score?) and on one who came or answered anew between the editions,
**{lost} succeeded**.

## What the solver is not given

- What somebody knows beside the pages: whoever knows the scores of all but one can work out the last one's from any
  exact enough mean. Rounding makes that harder and does not prevent it.
- Two numbers under different names that are nearly the same, such as the journeys that converted and, of those that had
  their whole window, the converted. Rows of one record are protected from each other, from its totals and from its
  earlier editions; the steps in which estimates move are what protects one record from another.
- A row that the gate hides is shown as the edition before showed it. It says nothing that is not in that edition, so
  the solver takes it for hidden.
- Editions before the newest that showed a row: where customers leave as well as come, an older one may by chance have
  nearly the same base.
- Who came and who left: between two editions the gate compares sizes. Five who came and five who left are no change.
- Other series: reports of the same store by another recipe are not compared.
"""


if __name__ == "__main__":
    main()
