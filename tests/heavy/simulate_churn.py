"""Simulate churn with a known truth: do its intervals cover, do its tests err as seldom as they say?

`make simulate` writes docs/churn.md. Shares are judged by an exact binomial test at 1 %, and beside it by
the bands asked of them: intervals hold the truth in 92.5 to 97.5 of 100, tests err in 3 to 7.
"""

from __future__ import annotations

import argparse
import platform
import textwrap
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

from scipy.stats import binomtest
from simulate_cox import KINDS as COX_KINDS
from simulate_cox import immortal, proportionality, ratios
from simulate_means import Mean, table
from simulate_rows import Part, Row, run, verdict
from simulate_survival import KINDS, LONGER, SCALE, lapsed, logranks, restricted_means, still_there
from tqdm import tqdm

__all__ = ["PARTS", "page"]

_ASKED = {0.95: (0.925, 0.975), 0.05: (0.03, 0.07), 1.0: (1.0, 1.0)}
_PACKAGES = ("journey-analytics-suite", "numpy", "scipy", "pandas", "lifelines", "duckdb", "narwhals")
_SIZES = (100, 500)
_EACH = [{"customers": n, "kind": kind} for n in _SIZES for kind in KINDS]
_COX = [{"customers": n, "kind": kind} for n in _SIZES for kind in COX_KINDS]

PARTS = [
    Part(lapsed, {"customers": 300}),
    *(Part(still_there, at) for at in _EACH),
    *(Part(restricted_means, {**at, "scale": scale}, 1 / 2) for scale in (SCALE, LONGER) for at in _EACH),
    *(Part(logranks, {**at, "groups": groups}, 1 / 2) for groups in (2, 5) for at in _EACH),
    *(Part(ratios, at, 1 / 2) for at in _COX),
    *(Part(proportionality, at) for at in _COX if at["customers"] == 500),
    Part(immortal, {"customers": 400}, 1 / 4),
]


def main() -> None:
    """Run every part and write the page."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--repeats", type=int, default=2000)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--to", type=Path, default=Path("docs/churn.md"))
    given = options.parse_args()
    one = partial(run, repeats=given.repeats, seed=given.seed)
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        made = tqdm(pool.map(one, PARTS), total=len(PARTS), desc="simulate churn", disable=None)  # only on a terminal
        found: list[Row | Mean] = [row for rows in made for row in rows]
    given.to.write_text(page(found, repeats=given.repeats, seed=given.seed), encoding="utf-8")
    print(f"{len(found)} rows in {given.to}")


def page(found: Sequence[Row | Mean], *, repeats: int, seed: int) -> str:
    """Write the page: how it was made and is read, the shares, the means, and why some are off."""
    shares = [one for one in found if isinstance(one, Row)]
    means = [one for one in found if isinstance(one, Mean)]
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    right = [one for one in shares if not one.is_wrong]
    sound = sum("off" not in verdict(one) for one in right)
    asked = sum(_is_inside(one) for one in right)
    said = [
        "# Churn: do intervals cover, and do tests err as seldom as they say?",
        f"Made by `make simulate`: `python tests/heavy/simulate_churn.py --repeats {repeats} --seed {seed}`, with "
        f"Python {platform.python_version()}, {versions}.",
        "Customers are simulated whose truth is known. *Truth* is how often the thing named should happen (a 95 % "
        "interval hold the true value, a test at .05 err) and *found* how often it did; *p* is that of the exact "
        "binomial test, which calls a row off below .01. *Asked* is the band that it should be in all the same, .925 "
        "to .975 or .03 to .07. What the package calls not enough data is not counted. Wrong ways are shown beside the "
        "right ones and must be off. In months, a followed table counts months of 30 days; in tens of days, these.",
        f"Of {len(right)} right ways {sound} are as they should be and {asked} within what is asked; "
        f"about {len(right) / 100:.1f} would be off by chance.",
    ]
    heads = ["| what | setting | repeats | truth | found | p | verdict | asked |", "|---|---|--:|--:|--:|--:|---|---|"]
    off = [f"- {one.what}, {one.setting}: {one.why}." for one in right if "off" in verdict(one)]
    about = (
        "The mean of an estimate over all repeats, with its own standard error: it may be off by what that allows "
        "at 1 %, or by .02 where that is asked. A lapse begins at the last touch before a silence, so before somebody "
        "leaves, and now and then at a silence of somebody who stays: that shift is known, and part of its truth."
    )
    lines = [*(f"{textwrap.fill(one, 115)}\n" for one in said), *heads, *map(_line, shares), ""]
    lines += ["## On average\n", f"{textwrap.fill(about, 115)}\n", *table(means), ""]
    return "\n".join([*lines, "## What is off, and why\n", *(off or ["Nothing."]), ""])


def _line(row: Row) -> str:
    p = binomtest(row.hits, row.repeats, row.truth).pvalue
    share = f"{row.hits / row.repeats:.3f}"
    low, high = _ASKED[row.truth]
    band = f"{low:g}" if low == high else f"{low:g} – {high:g}"
    asked = "" if row.is_wrong else f"{band}: {'yes' if _is_inside(row) else '**no**'}"
    cells = [row.what, row.setting, f"{row.repeats:,}", f"{row.truth:g}", share, _p(p), verdict(row), asked]
    return "| " + " | ".join(cells) + " |"


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else "< .001"


def _is_inside(row: Row) -> bool:
    low, high = _ASKED[row.truth]
    return low <= row.hits / row.repeats <= high


if __name__ == "__main__":
    main()
