"""Let stores grow by random histories of loads and hold each against a store of the same files loaded anew.

    python tests/heavy/histories.py --times 100 --to docs/histories.md

A history is a few people on a few devices whose events arrive in files: late ones, ones that are logged in only
afterwards, the same row again, another version of a row, rows that are unfit, customers who change. After each
load every table must have the same rows, and the manifest say the same, as after a load of all files at once.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

import journeylib
from journeylib import engine
from journeylib.data import store as stores
from journeylib.schema import TABLES

ROOT = Path(__file__).parent.parent.parent
HOUR = 3_600_000_000
HEADER = "id,user,device,at,what,channel,value,currency,changed"


def main(arguments: list[str] | None = None) -> int:
    """Try histories and write the page."""
    parser = argparse.ArgumentParser(description="Hold stores that grew against stores that were loaded anew.")
    parser.add_argument("--times", type=int, default=100, help="so many histories (%(default)s)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (%(default)s)")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "histories.md", help="the page (%(default)s)")
    asked = parser.parse_args(arguments)
    seen: Counter[str] = Counter()
    for seed in tqdm(range(asked.first, asked.first + asked.times), desc="histories", disable=None):
        with tempfile.TemporaryDirectory(prefix="history-") as folder:
            seen += history(Path(folder), seed)
    page = _page(asked.times, asked.first, seen)
    asked.to.write_text(page, encoding="utf-8")
    print(page)
    return 1 if any(number for name, number in seen.items() if name.startswith("differing")) else 0


def history(folder: Path, seed: int) -> Counter[str]:
    """Run one history; how many loads grew or began anew, and what differed."""
    dice = random.Random(seed)
    mapping = _mapping(folder, dice)
    world, seen = _World(dice), Counter[str]()
    (folder / "web").mkdir(parents=True)
    for day in range(dice.randrange(3, 7)):
        for part in range(2 if day == 0 else dice.choice([1, 1, 1, 2])):
            world.write(folder / "web" / f"{dice.choice('abc')}-{day}-{part}.csv")
        if day == 0 or dice.random() < 0.3:
            world.people(folder / "people.csv", day)
        before = _contents(folder / "grown")
        journeylib.load(mapping=mapping, store=folder / "grown")
        changed = [path for path, was in before.items() if path.exists() and _hash(path) != was]
        seen["differing files of older snapshots"] += len(changed)
        shutil.rmtree(folder / "anew", ignore_errors=True)
        journeylib.load(mapping=mapping, store=folder / "anew")
        said = stores.manifest(folder / "grown")
        how = "first" if not before else "grew" if said["memory"]["generation"] else "began anew"
        seen[f"loads that {how}" if how != "first" else "first loads"] += 1
        differing = differences(folder / "grown", folder / "anew")
        if any(differing.values()):
            tqdm.write(f"seed {seed}, load {day}: {differing}", file=sys.stderr)
        seen["rows compared"] += int(said["facts"]["events"])
        for name, number in differing.items():
            seen["differing facts" if name == "facts" else "differing rows"] += number
    return seen


def differences(one: Path, other: Path) -> dict[str, int]:
    """Rows of each table that one store has and the other has not, and facts of their manifests that differ."""
    sides = [(path, stores.manifest(path)) for path in (one, other)]
    opened = [stores.tables(path, said) for path, said in sides]
    found = {name: _differing(*(each[name] for each in opened)) for name in TABLES}
    facts = [said["facts"] for _, said in sides]
    found["facts"] = sum(facts[0][name] != facts[1][name] for name in facts[0] | facts[1])
    return found


def _differing(one: Any, other: Any) -> int:
    columns = sorted(one.collect_schema().names())
    sides = [engine.collect(each.select(*columns)) for each in (one, other)]
    texts = [
        Counter(frame.astype("string").fillna("").agg("\x1f".join, axis=1)) if len(frame) else Counter()
        for frame in sides
    ]
    return (texts[0] - texts[1]).total() + (texts[1] - texts[0]).total()


def _contents(store: Path) -> dict[Path, str]:
    return {path: _hash(path) for path in store.glob("snapshots/*/*")}


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class _World:
    """A few people, devices and ids, and the rows that were sent so far."""

    def __init__(self, dice: random.Random) -> None:
        self.dice, self.now, self.sent, self.ids = dice, 0, list[list[str]](), 0
        self.users = [f"u{at}" for at in range(dice.randrange(3, 9))]
        self.devices = [f"d{at}" for at in range(dice.randrange(2, 8))]
        self.rows = dice.choice([5, 40, 120])
        self.has_ids, self.has_versions = dice.random() < 0.8, dice.random() < 0.5

    def write(self, path: Path) -> None:
        """Write a file of the next two days, with late rows, and old ones again."""
        dice, rows = self.dice, list[list[str]]()
        for _ in range(dice.randrange(1, self.rows + 1)):
            at = self.now + dice.randrange(48)
            if dice.random() < 0.15:
                at -= dice.choice([24, 24 * 6, 24 * 40, 24 * 400])
            rows.append(self._row(at))
        for old in dice.sample(self.sent, min(len(self.sent), dice.randrange(4))):
            again = list(old)
            if self.has_versions and dice.random() < 0.6:
                again[4], again[8] = dice.choice(["viewed", "bought"]), _time(self.now + dice.randrange(96))
            rows.append(again)
        dice.shuffle(rows)
        self.sent += rows
        self.now += dice.choice([24, 48, 24 * 20])
        path.write_text("\n".join([HEADER, *map(",".join, rows)]) + "\n", encoding="utf-8")

    def people(self, path: Path, day: int) -> None:
        """Write the customers as they are told on a day."""
        rows = [
            f"{user},2024-01-0{1 + at % 9},{'annual' if (at + day) % 3 else ''}" for at, user in enumerate(self.users)
        ]
        path.write_text("\n".join(["who,since,plan", *rows]) + "\n", encoding="utf-8")

    def _row(self, at: int) -> list[str]:
        dice = self.dice
        self.ids += 1
        name = f"e{self.ids}" if self.has_ids and dice.random() < 0.95 else ""
        user = dice.choice(self.users) if dice.random() < 0.4 else ""
        device = dice.choice(self.devices) if dice.random() < 0.85 else ""
        when = "never" if dice.random() < 0.01 else _time(at)
        what = dice.choice(["viewed", "viewed", "bought", "closed"])
        value = dice.choice(["", "", "9.50", "12"])
        return [name, user, device, when, what, dice.choice(["web", "app"]), value, "EUR" if value else "", ""]


def _time(hours: int) -> str:
    return pd.Timestamp((20_000 * 24 + hours) * HOUR // 1000 * 1_000_000).strftime("%Y-%m-%dT%H:%M:%SZ")


def _mapping(folder: Path, dice: random.Random) -> dict[str, Any]:
    columns = {
        "event_id": "id", "customer_id": ["user", "device"], "occurred_at": "at", "touchpoint": "what",
        "channel": "channel", "revenue": "value", "currency": "currency", "updated_at": "changed",
    }  # fmt: skip
    return {
        "source": [
            {"kind": "events", "name": "web", "path": str(folder / "web" / "*.csv"), "columns": columns,
             "exact_copies": dice.choice(["events", "duplicates"])},
            {"kind": "customers", "path": str(folder / "people.csv"),
             "columns": {"customer_id": "who", "signed_up_on": "since"}, "attributes": {"plan": "plan"}},
        ],
        "identity": {"mode": dice.choice(["replay", "replay", "live", "none"]), "look_back_days": dice.choice([1, 30])},
        "journeys": {
            "gap_days": dice.choice([2, 7]),
            "longest_days": dice.choice([5, 180]),
            "end_touchpoints": ["closed"],
        },
        "limits": {"quarantined_share": 0.9},
    }  # fmt: skip


def _page(times: int, first: int, seen: Counter[str]) -> str:
    none = {f"differing {what}": 0 for what in ("rows", "facts", "files of older snapshots")}
    lines = [
        "# Stores that grew, beside stores that were loaded anew",
        "",
        "Written by `make torture`:",
        "",
        f"    python tests/heavy/histories.py --times {times} --first {first}",
        "",
        f"{times} random histories of loads: late events, log-ins that come afterwards, the same row again, other",
        "versions of a row, unfit rows, customers who change. After each load every table and every fact was",
        "compared with those of a store that was loaded from all files at once.",
        "",
        "| | |",
        "|---|--:|",
        *(f"| {name} | {number:,} |" for name, number in sorted({**none, **seen}.items())),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
