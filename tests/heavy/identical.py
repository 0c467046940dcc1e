"""Publish the same data ten times over, each time got there in another way; all editions must be equal, byte for byte.

The ways: rows shuffled, sources listed in another order, loaded in two steps, one thread instead
of all, another folder, text hashed otherwise, another time zone and locale of the machine.
`make torture` writes docs/identical.md with it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq
from tqdm import tqdm

from journeylib.data import worlds

__all__ = ["WAYS", "Way", "page", "published", "shuffle"]

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^(?=\[\[source\]\])", re.MULTILINE)


class Way(NamedTuple):
    """One way to the same data: a seed to shuffle by, the order of sources, how many steps and threads."""

    said: str
    shuffled: int | None = None
    is_turned: bool = False
    in_steps: bool = False
    grows: bool = False
    threads: int = 2
    environment: Mapping[str, str] = {}


WAYS = [
    Way("as it is"),
    Way("again, in another folder"),
    Way("one thread", threads=1),
    Way("rows shuffled", shuffled=1),
    Way("rows shuffled otherwise, seven threads", shuffled=2, threads=7),
    Way("sources in another order", is_turned=True),
    Way("loaded in two steps", in_steps=True),
    Way("loaded in two steps, rows shuffled, sources in another order", 3, is_turned=True, in_steps=True),
    Way("grown by a further file", grows=True),
    Way("text hashed otherwise", environment={"PYTHONHASHSEED": "7"}),
    Way("another time zone and locale", environment={"TZ": "Asia/Tokyo", "LC_ALL": "C"}),
]


def shuffle(sources: Path, seed: int) -> None:
    """Put the rows of every file of a folder into another order."""
    for path in sorted(sources.glob("*.parquet")):
        table = pq.read_table(path)
        pq.write_table(table.take(np.random.default_rng(seed).permutation(len(table))), path)
    for path in sorted(sources.glob("*.csv")):
        head, *lines = path.read_text(encoding="utf-8").splitlines()
        random.Random(seed).shuffle(lines)
        path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")


def split(sources: Path) -> Path:
    """Make two files of the shops' one, and leave the second beside the folder that the mapping then names."""
    head, *lines = (sources / "stores.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (sources / "stores").mkdir()
    for path, some in [(sources / "stores" / "1.csv", lines[::2]), (sources / "2.csv", lines[1::2])]:
        path.write_text("".join([head, *some]), encoding="utf-8")
    (sources / "stores.csv").unlink()
    said = (sources / "mapping.toml").read_text(encoding="utf-8")
    (sources / "mapping.toml").write_text(said.replace('"stores.csv"', '"stores/*.csv"'), encoding="utf-8")
    return sources / "2.csv"


def published(way: Way, folder: Path, *, customers: int = 600) -> dict[str, str]:
    """Publish the demo's report of a small world in one way; give the hash of each file, and the edition's name."""
    sources = folder / "sources"
    worlds.make(sources, customers=customers, seed=11)
    if way.shuffled is not None:
        shuffle(sources, way.shuffled)
    head, *blocks = _BLOCK.split((sources / "mapping.toml").read_text(encoding="utf-8"))
    rest = blocks[-1][blocks[-1].index("[identity]") :] if "[identity]" in blocks[-1] else ""
    blocks[-1] = blocks[-1].removesuffix(rest)
    mapping = "".join([head, *(reversed(blocks) if way.is_turned else blocks), rest])
    (sources / "mapping.toml").write_text(mapping, encoding="utf-8")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=shutil.ignore_patterns(".*"))
    (folder / "reports").mkdir()
    shutil.copy(ROOT / "reports" / "demo.toml", folder / "reports")
    if way.in_steps:
        (sources / "first.toml").write_text("".join([head, blocks[0], rest]), encoding="utf-8")
        _journey(way, folder, "load", "--mapping", "sources/first.toml", "--store", "stores/demo")
    if way.grows:
        later = split(sources)
        _journey(way, folder, "load", "--mapping", "sources/mapping.toml", "--store", "stores/demo")
        later.rename(sources / "stores" / later.name)
    _journey(way, folder, "load", "--mapping", "sources/mapping.toml", "--store", "stores/demo")
    if way.grows:
        assert json.loads((folder / "stores/demo/manifest.json").read_text())["memory"]["generation"] == 1
    _journey(way, folder, "run", "reports/demo.toml")
    latest = (folder / "reports/demo/latest").resolve()
    hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(latest.iterdir())}
    return {**hashes, "(the edition's name)": latest.name}


def _journey(way: Way, folder: Path, *command: str) -> None:
    threads = {"SLURM_CPUS_ON_NODE": str(way.threads)}  # what the engine takes for the number of processors
    done = subprocess.run(
        [sys.executable, "-m", "journeylib", *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **threads, **way.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def page(ways: list[Way], found: list[dict[str, str]]) -> str:
    """Write docs/identical.md."""
    lines = []
    for way, one in zip(ways, found, strict=True):
        other = sorted(name for name in {*one, *found[0]} if one.get(name) != found[0].get(name))
        lines.append(f"| {way.said} | {'equal' if not other else 'other: ' + ', '.join(other)} |")
    equal = sum(one == found[0] for one in found)
    files = len(found[0]) - 1
    return _PAGE.format(lines="\n".join(lines), equal=equal, ways=len(ways), files=files)


_PAGE = """# Do the same data give the same pages?

Made by `make torture`: `python tests/heavy/identical.py`.

The demo's report over a world of 600 customers, published {ways} times. All {files} files of an edition and its name
are compared with those of the first, byte for byte: **{equal} of {ways} equal**.

| the data | all files |
|---|---|
{lines}
"""


def main() -> None:
    """Publish the same data in ten ways; write docs/identical.md."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "identical.md")
    said = parser.parse_args()
    found = []
    for way in tqdm(WAYS, file=sys.stderr):
        with tempfile.TemporaryDirectory() as folder:
            found.append(published(way, Path(folder)))
    said.to.write_text(page(WAYS, found), encoding="utf-8")
    print(said.to.read_text(encoding="utf-8"))
    sys.exit(0 if all(one == found[0] for one in found) else 1)


if __name__ == "__main__":
    main()
