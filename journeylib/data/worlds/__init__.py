"""Synthetic worlds: the source files of a company whose true answers are known.

`make` writes six files as a company would have them, the mapping that reads
them, and `truth.json`, which names every planted effect with its size, its place
and how it is defined. Customers are made in batches, so memory stays flat at any
size. The mess only ever adds rows, hides an id before a log-in or loses the one
day of web data that the truth names; it never damages a planted definition.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from tqdm import tqdm

from journeylib.data.worlds import answers, blocks, clicks, leaving, letters, people, tables, touches, traits
from journeylib.data.worlds.dice import Dice
from journeylib.data.worlds.files import Files
from journeylib.data.worlds.identities import behind, second_accounts
from journeylib.data.worlds.mess import lose_day, spoil
from journeylib.data.worlds.plants import PLANTS, Plants
from journeylib.data.worlds.tally import Tally
from journeylib.data.worlds.told import truth
from journeylib.errors import RefusedError

__all__ = ["PLANTS", "make"]

_BATCH = 5_000  # customers; part of what a seed means, so changing it changes every world


def make(
    to: Path | str,
    *,
    customers: int = 5_000,
    seed: int = 1,
    without: Collection[str] = (),
    mess: bool = True,
    identities: bool = False,
) -> dict[str, Any]:
    """Write a world's files into the folder `to` and return its truth.

    The same arguments give the same bytes. `without` removes plants by name (see
    `PLANTS`); `mess=False` gives clean sources, whose rows are exactly those that a
    loader should accept from the messy ones, but for retries, bots and the lost day.
    With `identities`, one customer in a hundred has two ids, one from some day on, and
    `identities.parquet` says who is really behind each event.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     make(folder, customers=20, mess=False)["plants"]["churn"]["hazard_ratio"]
    0.5
    """
    unknown = sorted(set(without) - set(PLANTS))
    if unknown:
        raise RefusedError(f"no plant is called {', '.join(unknown)}. Leave out any of: {', '.join(PLANTS)}.")
    if customers < 1 or seed < 0:
        raise RefusedError(
            f"customers = {customers}, seed = {seed}: at least 1 customer and a seed of 0 or more are needed."
        )
    folder = Path(to)
    folder.mkdir(parents=True, exist_ok=True)
    plants = Plants(without)
    counts = Tally()
    batches = range(0, customers, _BATCH)
    with Files(folder) as files:
        for place, first in enumerate(tqdm(batches, desc="worlds", unit="batch", disable=None)):
            size = min(_BATCH, customers - first)
            dice = Dice(seed, place)
            _batch(files, counts, dice, first, size, customers, plants, with_mess=mess, with_identities=identities)
    mapping = Path(__file__).with_name("mapping.toml").read_text(encoding="utf-8")
    if identities:
        mapping = mapping.replace('["userId", "anonymousId"]', '["userId", "previousId", "anonymousId"]')
    (folder / "mapping.toml").write_text(mapping, encoding="utf-8")
    told = truth(plants, counts, customers=customers, seed=seed, with_mess=mess)
    (folder / "truth.json").write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return told


def _batch(
    files: Files,
    counts: Tally,
    dice: Dice,
    first: int,
    size: int,
    customers: int,
    plants: Plants,
    *,
    with_mess: bool,
    with_identities: bool,
) -> None:
    staying = people.settle(dice, first, size, customers, plants)
    plan = blocks.plan(dice, staying, plants)
    walked = touches.walk(dice, plan, plants)
    written = letters.write(dice, staying, plan, walked)
    left = leaving.decide(dice, staying, plan, walked, written, plants)
    crowd, walked = left.crowd, left.walked
    web = clicks.expand(dice, crowd, plan, walked, plants)
    score = answers.collect(dice, crowd, plan, walked, plants)
    noted = traits.note(dice, crowd, plan, walked, plants)
    made = tables.build(dice, crowd, plan, walked, web, written, score, plants)
    if with_mess:
        made["web"] = lose_day(made["web"])
    counts.count(made, left, noted, plants)
    spoilt = spoil(dice, made, counts.mess) if with_mess else {name: tables.ordered(made[name]) for name in made}
    if with_identities:
        spoilt = second_accounts(dice, crowd, first, spoilt)
        files.append("identities.parquet", behind(dice.batch, crowd, spoilt))
    files.write(dice.batch, spoilt, tables.customers(dice, crowd, noted, counts.mess if with_mess else None))
    counts.written(spoilt, crowd)
