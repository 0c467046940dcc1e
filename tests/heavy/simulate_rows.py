"""Rows of the simulations: what came out how often, judged by an exact binomial test, and the page they make."""

from __future__ import annotations

import platform
import zlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import binomtest

__all__ = ["Part", "Row", "band", "coverage", "errors", "page", "run", "verdict"]

_SOUND = "as it should be"
_OFF = "**off**"
_SAFE = "off, on the safe side"
_WRONG = "off, as the wrong way must be"
_MISSED = "**not off, though the wrong way must be**"
_UNKNOWN = "no reason is known: look into it"

_PACKAGES = ("journey-analytics-suite", "numpy", "scipy", "pandas", "lifelines", "ruptures", "duckdb", "narwhals")
_HEAD = """# Do intervals cover, and do tests err as seldom as they say?

Made by `make simulate`: `python tests/heavy/simulate.py --repeats {repeats} --seed {seed}`,
with Python {python}, {versions}.

Each row repeats a simulated world whose truth is known: *truth* is how often the thing named should happen (an
interval hold the true value, a test err) where the method keeps its word, and *found* is how often it did happen.
The verdict is an exact binomial test at 1 %, whose band holds the shares that it accepts; fast rows have more
repeats and slow ones fewer, and what the package calls not enough data is not counted, but where the customers'
number says so. Wrong ways are shown beside the right ones and must be off.
"""


class Row(NamedTuple):
    """`hits` of `repeats` came out the way `what` says; `truth` is the chance of it if the method keeps its word.

    `is_most` reads truth as a ceiling; `is_error` says that fewer hits are the safe side. A row
    that `is_wrong` shows a wrong way and must be off. `why` is the known reason to be off.
    """

    what: str
    setting: str
    truth: float
    hits: int
    repeats: int
    is_most: bool = False
    is_wrong: bool = False
    is_error: bool = False
    why: str = _UNKNOWN


class Part(NamedTuple):
    """A simulation, its settings, and how many times the repeats: more where it is fast, fewer where it is slow."""

    make: Callable[..., list[Row]]
    settings: dict[str, Any]
    times: float = 1


def run(part: Part, *, repeats: int, seed: int) -> list[Row]:
    """Make the rows of a part; its numbers depend on its own settings and the seed, not on other parts."""
    about = f"{part.make.__name__} {sorted(part.settings.items())}"
    draw = np.random.default_rng([seed, zlib.crc32(about.encode())])
    return part.make(draw, max(1, round(repeats * part.times)), **part.settings)


def coverage(what: str, setting: str, found: Iterable[Any], truth: float, **more: Any) -> Row:
    """Count the intervals that hold the truth; an end that is not reached holds it."""
    outside = [bool(one.low > truth or one.high < truth) for one in found]
    return Row(what, setting, 0.95, len(outside) - sum(outside), len(outside), **more)


def errors(what: str, setting: str, found: Iterable[Any], level: float = 0.05, **more: Any) -> Row:
    """Count the tests that reject at `level` what is true."""
    rejected = [bool(one.p < level) for one in found]
    return Row(what, setting, level, sum(rejected), len(rejected), is_error=True, **more)


def verdict(row: Row) -> str:
    """Judge a row: off where the exact binomial test rejects its truth at 1 %."""
    is_off = not _is_accepted(row, row.hits)
    if row.is_wrong:
        return _WRONG if is_off else _MISSED
    is_safe = (row.hits / row.repeats < row.truth) == row.is_error
    return (_SAFE if is_safe else _OFF) if is_off else _SOUND


def band(row: Row) -> tuple[float, float]:
    """The least and the largest share that the test accepts."""
    middle = int(row.truth * row.repeats)
    least = bisect_left(range(middle), True, key=lambda hits: _is_accepted(row, hits))
    beyond = bisect_left(range(middle, row.repeats + 1), True, key=lambda hits: not _is_accepted(row, hits))
    return least / row.repeats, (middle + beyond - 1) / row.repeats


def page(rows: Sequence[Row], *, repeats: int, seed: int) -> str:
    """Write the page: how it was made, how to read it, one line a row, and why some are off."""
    judged = [(row, verdict(row)) for row in rows]
    ways = sum(not row.is_wrong for row in rows)
    many = Counter(said for _, said in judged)
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    lines = [_HEAD.format(repeats=repeats, seed=seed, python=platform.python_version(), versions=versions)]
    lines += [
        f"Of {ways} right ways {many[_SOUND]} are as they should be, {many[_SAFE]} off on the safe side, {many[_OFF]} "
        f"off; about {ways / 100:.1f} would be off by chance. Of {len(rows) - ways} wrong ways {many[_WRONG]} are off, "
        "as they must be.",
        "",
        "| what | setting | truth | found | 99 % binomial band | verdict |",
        "|---|---|---|---|---|---|",
    ]
    for row, said in judged:
        least, most = band(row)
        truth = f"{'≤ ' if row.is_most else ''}{row.truth:.4g}"
        digits = 4 if row.truth < 0.01 else 3
        found = f"{row.hits / row.repeats:.{digits}f} of {row.repeats:,}"
        accepted = f"{least:.{digits}f} – {most:.{digits}f}"
        lines.append(f"| {row.what} | {row.setting} | {truth} | {found} | {accepted} | {said} |")
    off = [f"- {row.what}, {row.setting}: {row.why}." for row, said in judged if said in (_OFF, _SAFE, _MISSED)]
    return "\n".join([*lines, "", "## What is off, and why", "", *(off or ["Nothing."]), ""])


def _is_accepted(row: Row, hits: int) -> bool:
    side = "greater" if row.is_most else "two-sided"
    return bool(binomtest(hits, row.repeats, row.truth, alternative=side).pvalue >= 0.01)
