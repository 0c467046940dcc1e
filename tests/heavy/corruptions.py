"""Damage one CSV file in hundreds of ways and load it: every row accounted for, or the file refused by name.

    python tests/heavy/corruptions.py --times 300 --to docs/corruptions.md

A row of the page is a way of damaging. Bad is a load whose records are not accepted,
quarantined and duplicates together, an exception that the package does not name, or a
refusal that does not name the file.
"""

from __future__ import annotations

import argparse
import collections
import os
import random
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tqdm import tqdm

import journeylib
from journeylib.errors import JourneyError

ROOT = Path(__file__).parent.parent.parent
HEAD = "id,who,at,what,said"
ROWS = 10_000
MAPPING = {
    "columns": {"event_id": "id", "customer_id": "who", "occurred_at": "at", "touchpoint": "what", "text": "said"},
    "constants": {"channel": "web"},
    "limits": {"quarantined_share": 0.9},
}
WAYS = [
    "bytes flipped",
    "a piece cut out",
    "quotes opened",
    "columns moved",
    "encodings mixed",
    "line ends mixed",
    "rows shuffled",
]


def main(arguments: list[str] | None = None) -> int:
    """Do it so many times, write the page, and return 1 where anything was bad."""
    parser = argparse.ArgumentParser(description="Damage a CSV file and load it; write what became of it.")
    parser.add_argument("--times", type=int, default=300, help="(%(default)s)")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "corruptions.md", help="the page (%(default)s)")
    asked = parser.parse_args(arguments)
    began = time.monotonic()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = list(tqdm(pool.map(damaged, range(asked.times)), total=asked.times, desc="damage", disable=None))
    page = _page(found, time.monotonic() - began)
    asked.to.write_text(page, encoding="utf-8")
    print(page)
    return int(any(bad for _, _, bad in found))


def damaged(seed: int) -> tuple[str, str, str]:
    """Load a file damaged by this seed: the way it was damaged, what became of it, and what was bad, if anything."""
    dice = random.Random(seed)
    said = ["", '"a, b"', '"two\nlines"', "שלום", '"""x"""']
    rows = [f"{at},c{at % 97},2026-01-{1 + at % 28:02}T10:{at % 60:02}:00Z,view,{said[at % 5]}" for at in range(ROWS)]
    way = WAYS[seed % len(WAYS)]
    content = _damage(way, ("\n".join([HEAD, *rows]) + "\n").encode(), dice)
    with tempfile.TemporaryDirectory(prefix="damage-") as folder:
        path = Path(folder) / "x.csv"
        path.write_bytes(content)
        try:
            done = journeylib.load(path, mapping=MAPPING, store=Path(folder) / "store")
        except JourneyError as refused:
            return (
                way,
                f"refused ({type(refused).__name__})",
                "" if "x.csv" in str(refused) else f"seed {seed}: {refused}",
            )
        except Exception as error:
            return way, "an exception without a name", f"seed {seed}: {type(error).__name__}: {error}"
    parts = done["accepted"] + done["quarantined"] + done["duplicates"]
    is_whole = done["records_in"] == parts and sum(done["reasons"].values()) == done["quarantined"]
    return way, "loaded", "" if is_whole else f"seed {seed}: {done}"


def _damage(way: str, content: bytes, dice: random.Random) -> bytes:
    rows = content.splitlines(keepends=True)
    at = dice.randrange(1, len(rows))
    if way == "bytes flipped":
        changed = bytearray(content)
        for _ in range(dice.randrange(1, 20)):
            changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
        return bytes(changed)
    if way == "a piece cut out":
        place = dice.randrange(len(content))
        return content[:place] + content[place + dice.randrange(1, 5000) :]
    if way == "quotes opened":
        for _ in range(dice.randrange(1, 9)):
            line = dice.randrange(1, len(rows))
            spot = dice.randrange(len(rows[line]))
            rows[line] = rows[line][:spot] + b'"' + rows[line][spot:]
    if way == "columns moved":
        for line in range(at, min(at + dice.randrange(1, 200), len(rows))):
            cells = rows[line].rstrip(b"\n").split(b",")
            dice.shuffle(cells)
            rows[line] = b",".join(cells[: dice.randrange(1, len(cells) + 1)]) + b"\n"
    if way == "encodings mixed":
        encoding = dice.choice(["utf-8", "windows-1255", "utf-16-le", "latin-1"])
        rows[at] = rows[at].decode().replace("view", dice.choice(["é", "ש", "中"])).encode(encoding, "replace")
    if way == "line ends mixed":
        rows = [row.replace(b"\n", dice.choice([b"\r\n", b"\n", b"\n\n", b"\r"])) for row in rows]
    if way == "rows shuffled":
        rows = [rows[0], *dice.sample(rows[1:], len(rows) - 1)]
    return b"".join(rows)


def _page(found: list[tuple[str, str, str]], seconds: float) -> str:
    bad = [said for _, _, said in found if said]
    lines = [
        "# Damaged files",
        "",
        "Written by `make torture`:",
        "",
        f"    python tests/heavy/corruptions.py --times {len(found)}",
        "",
        f"A CSV file of {ROWS:,} rows with quoted line breaks and three scripts, damaged and loaded: "
        f"{len(found)} times in {seconds / 60:.0f} minutes, {len(bad)} bad.",
        "",
        "| Damage | Times | What became of the file | Bad |",
        "|---|--:|---|--:|",
    ]
    for way in WAYS:
        here = [one for one in found if one[0] == way]
        ends = collections.Counter(end for _, end, _ in here)
        told = ", ".join(f"{times} {end}" for end, times in sorted(ends.items()))
        lines.append(f"| {way} | {len(here)} | {told} | {sum(1 for one in here if one[2])} |")
    lines += [
        "",
        "Loaded means that records in = accepted + quarantined + duplicates. Refused means the whole file, by name.",
    ]
    return "\n".join([*lines, *(f"\n    {each}" for each in bad)]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
