"""Simulate worlds whose truth is known; count how often intervals hold it and how often tests err.

`make simulate` writes docs/statistics.md. A row counts repeats that came out one way and
judges the count by an exact binomial test at 1 %. Estimates are made by the package's own
functions, from sums and counts as an engine would hand them over; numbers that the
package would call not enough data are not counted.
"""

from __future__ import annotations

import argparse
import math
import platform
import zlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest, norm
from tqdm import tqdm

from journeylib import engine
from journeylib.estimates import Sums, Z, difference, nps, plain_sums, share
from journeylib.judge import ledger
from journeylib.measures import churn, trends

__all__ = ["PARTS", "Part", "Row", "band", "page", "run", "verdict"]

_SHARE, _GAP = 0.3, 0.1
_HORIZON, _SHAPE, _SCALE, _LONGER = 180, 0.8, 250, 330
_SILENT, _RATE, _LEAVING = 60, 1 / 10, 1 / 250  # days of silence; touches and departures a day
_FEW_CUSTOMERS = "how alike a customer's journeys are is estimated from few customers"
_DAY_US = 86_400_000_000
_SOUND = "as it should be"
_OFF = "**off**"
_SAFE = "off, on the safe side"
_WRONG = "off, as the wrong way must be"
_MISSED = "**not off, though the wrong way must be**"
_UNKNOWN = "no reason is known: look into it"

_Draw = np.random.Generator
_Array = NDArray[Any]


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


def clustered_share(draw: _Draw, repeats: int, *, customers: int, alike: float) -> list[Row]:
    """Cover a share of journeys by the clustered interval, and by Wilson's over journeys as if independent."""
    drawn = _customers(draw, repeats, customers, alike)
    setting = f"{customers} customers, correlation {alike:g}"
    plain = [share(plain_sums(int(one.x), int(one.m))) for one in drawn]
    why = _FEW_CUSTOMERS if alike else "a design effect below 1 counts as 1, one above 1 by chance widens the interval"
    return [
        _coverage("share of journeys, clustered", setting, map(share, drawn), _SHARE, why=why),
        _coverage("the same, naive Wilson over journeys", setting, plain, _SHARE, is_wrong=alike > 0),
    ]


def two_shares(draw: _Draw, repeats: int, *, customers: int, alike: float | None, gap: float) -> list[Row]:
    """Cover the difference of two shares, or count the errors of its test where there is none."""
    one, other = (_customers(draw, repeats, customers, alike, at) for at in (_SHARE + gap, _SHARE))
    units = "one journey each" if alike is None else f"correlation {alike:g}"
    setting = f"2 × {customers} customers, {units}"
    found = [difference(share(first), share(second)) for first, second in zip(one, other, strict=True)]
    why = _FEW_CUSTOMERS if alike else "with one journey each a small group's share takes few values"
    if gap:
        return [_coverage("difference of two shares, interval", f"{setting}, true value {gap:g}", found, gap, why=why)]
    rows = [_errors("difference of two shares, test at null", setting, found, why=why)]
    if alike:
        pairs = zip(one, other, strict=True)
        plain = [difference(*(share(plain_sums(int(side.x), int(side.m))) for side in pair)) for pair in pairs]
        rows.append(_errors("the same, naive over journeys", setting, plain, is_wrong=True))
    return rows


def score(draw: _Draw, repeats: int, *, customers: int, promoters: float, detractors: float) -> list[Row]:
    """Cover a Net Promoter Score by the adjusted Wald interval."""
    counts = draw.multinomial(customers, [promoters, 1 - promoters - detractors, detractors], repeats)
    truth = 100 * (promoters - detractors)
    found = [nps(*map(int, one)) for one in counts]
    why = "the score of few answers takes few values, and coverage swings around 95 % with them"
    return [_coverage("NPS, adjusted Wald", f"{customers} answers, true value {truth:g}", found, truth, why=why)]


def survival(draw: _Draw, repeats: int, *, customers: int) -> list[Row]:
    """Cover S(180) with delayed entry and censoring, and as if everybody had been followed from sign-up on."""
    followed = _followed(draw, repeats, customers, _SCALE)
    truth = math.exp(-((_HORIZON / _SCALE) ** _SHAPE))
    setting = f"{customers} customers, half enter late, true value {truth:.3f}"
    return [
        _still_there(f"S({_HORIZON}), delayed entry", setting, followed, truth),
        _still_there("the same, delayed entry ignored", setting, followed.assign(entry_day=0), truth, is_wrong=True),
    ]


def restricted_means(draw: _Draw, repeats: int, *, customers: int, scale: float) -> list[Row]:
    """Cover the difference of restricted mean stays, or count the errors of its test where there is none."""
    sides = [_followed(draw, repeats, customers, one).assign(plan=name) for name, one in (("a", scale), ("b", _SCALE))]
    found = []
    for _, both in pd.concat(sides).groupby("repeat"):
        compared = churn.stay(engine.from_frame(both), ["plan"], horizon_days=_HORIZON, baseline="b")
        found += _published(compared)
    days = np.arange(_HORIZON)
    truth = float((np.exp(-((days / scale) ** _SHAPE)) - np.exp(-((days / _SCALE) ** _SHAPE))).sum())
    setting = f"2 × {customers} customers, half enter late"
    why = "Greenwood's variance is a little too small in small groups"
    if not truth:
        return [_errors("RMST difference, test at null", setting, found, why=why)]
    return [_coverage("RMST difference, interval", f"{setting}, true value {truth:.1f} days", found, truth, why=why)]


def lapsed(draw: _Draw, repeats: int, *, customers: int) -> list[Row]:
    """Cover S(180) of a lapse, censored at the end of the data less the silence, and at the end itself.

    Six groups of customers, followed for ever longer, so that censoring is spread over time.
    """
    parts = []
    for first in range(0, repeats, 100):  # in pieces, to keep memory flat
        for days in (60, 100, 140, 180, 220, 260):
            frame = _touched(draw, min(100, repeats - first), customers // 6, days + _SILENT)
            ends_us = (days + _SILENT) * _DAY_US
            store = SimpleNamespace(events=engine.from_frame(frame), begins_us=-_DAY_US, ends_us=ends_us)
            part = engine.collect(churn.lapse(store, silent_days=_SILENT, landmark="1970-01-01"))
            parts.append(part.assign(repeat=part["customer_id"].astype(int) // (customers // 6) + first))
    right = pd.concat(parts, ignore_index=True)
    wrong = right.assign(day=right["day"] + np.where(right["has_left"], 0, _SILENT))
    truth = _still_active(_HORIZON)
    setting = f"{customers} customers, silence of {_SILENT} days, true value {truth:.3f}"
    return [
        _still_there(f"lapse S({_HORIZON}), censored at T_end − W", setting, right, truth),
        _still_there("the same, censored at T_end", setting, wrong, truth, is_wrong=True),
    ]


def false_windows(draw: _Draw, repeats: int, *, days: int, alike: float) -> list[Row]:
    """Count the daily series without an incident in which a window is found all the same."""
    on = [date(2026, 1, 1) + timedelta(days=day) for day in range(days)]
    is_weekend = np.array([day.weekday() >= 5 for day in on])
    drift = draw.normal(0, 0.35, (repeats, days)) * (alike > 0)
    for day in range(1, days):
        drift[:, day] += alike * drift[:, day - 1]
    entries = (draw.integers(20, 61, (repeats, days)) * np.where(is_weekend, 0.6, 1)).astype(int)
    converted = draw.binomial(entries, 1 / (1 + np.exp(-1.2 + 0.6 * is_weekend - drift)))
    hits = 0
    for many, count in zip(entries, converted, strict=True):
        daily = pd.DataFrame({"period_on": [day.isoformat() for day in on], "n": many, "entries": many})
        hits += len(trends.windows(daily.assign(estimate=count / many))) > 0
    setting = f"{days} days, correlation of neighbouring days {alike:g}"
    why = "a drift of days that are so alike looks like an incident"
    return [Row("incident window in a null series", setting, 0.05, hits, repeats, is_most=True, is_error=True, why=why)]


def claims(draw: _Draw, repeats: int, *, contrasts: int, real: int, size: float = 3) -> list[Row]:
    """Draw one claim of each edition: how often is it false, and how often does its interval miss the truth?

    The chance that the claim drawn is false is the false discovery rate, and for independent
    contrasts with m₀ of m null it is exactly 5 % · m₀/m. An edition without claims counts as right.
    """
    truth = np.where(np.arange(contrasts) < real, size, 0.0)
    false, raw, missed, bare = 0, 0, 0, 0
    for z in draw.normal(truth, 1, (repeats, contrasts)):
        settled = _settled(z)
        claimed = [at for at, one in enumerate(settled) if one.is_claimed]
        tempting = np.flatnonzero(np.abs(z) > Z)
        if len(tempting):
            raw += int(truth[draw.choice(tempting)] == 0)
        if not claimed:
            continue
        at = int(draw.choice(claimed))
        row = {"estimate": z[at], "low": z[at] - Z, "high": z[at] + Z}
        wider = ledger.widen(row, settled[at].level)
        false += int(truth[at] == 0)
        missed += not wider["low"] <= truth[at] <= wider["high"]
        bare += not row["low"] <= truth[at] <= row["high"]
    setting = f"{contrasts} contrasts, {real} real ({size:g} standard errors)"
    expected = 0.05 * (contrasts - real) / contrasts
    return [
        Row("false among the ledger's claims", setting, expected, false, repeats, is_error=True),
        Row("the same, raw p", setting, expected, raw, repeats, is_wrong=True, is_error=True),
        Row("widened interval of a claim misses", setting, 0.05, missed, repeats, is_most=True, is_error=True),
        Row(
            "the same, 95 % interval as it was",
            setting,
            0.05,
            bare,
            repeats,
            is_most=True,
            is_wrong=True,
            is_error=True,
        ),
    ]


def no_claims(draw: _Draw, repeats: int, *, asked: int, found: int, is_shared: bool = False) -> list[Row]:
    """Count the editions that claim anything where nothing is real; contrasts may share a baseline."""
    z = draw.normal(0, 1, (repeats, asked + found))
    if is_shared:
        z = (z + draw.normal(0, 1, (repeats, 1))) / math.sqrt(2)
    settled = [_settled(one, asked) for one in z]
    after = " against one baseline" if is_shared else ""
    rows = []
    for is_asked, many, about in ((True, asked, "asked beforehand"), (False, found, "found by looking")):
        hits = sum(any(one.is_claimed for one in each if one.is_asked is is_asked) for each in settled)
        setting = f"{many} contrasts {about}{after}, none real"
        rows += [Row("edition with a false claim", setting, 0.05, hits, repeats, is_shared, is_error=True)] * (many > 0)
    raw = int((np.abs(z) > Z).any(axis=1).sum())
    setting = f"{asked + found} contrasts{after}, none real"
    return [*rows, Row("the same, raw p", setting, 0.05, raw, repeats, is_wrong=True, is_error=True)]


def no_claims_of_shares(draw: _Draw, repeats: int, *, contrasts: int, customers: int) -> list[Row]:
    """Count the editions that claim anything of shares which do not differ, with the p of the measure."""
    groups = _customers(draw, repeats * contrasts * 2, customers, 0.2)
    tested = [difference(share(one), share(other)).p for one, other in zip(groups[::2], groups[1::2], strict=True)]
    hits = 0
    for first in range(0, len(tested), contrasts):
        family = [ledger.Contrast(0, at, p, False) for at, p in enumerate(tested[first : first + contrasts])]
        hits += any(one.is_claimed for one in ledger.settle(family))
    setting = f"{contrasts} differences of shares, 2 × {customers} customers, correlation 0.2"
    return [Row("edition with a false claim", setting, 0.05, hits, repeats, is_most=True, is_error=True)]


PARTS = [
    *(Part(clustered_share, {"customers": n, "alike": alike}, 5) for n in (30, 100, 600) for alike in (0.0, 0.2, 0.5)),
    *(
        Part(two_shares, {"customers": n, "alike": alike, "gap": gap}, 5 if n == 30 else 1)
        for gap in (0.0, _GAP)
        for n in (30, 100, 600)
        for alike in (None, 0.2)
    ),
    *(
        Part(score, {"customers": n, "promoters": up, "detractors": down}, 5)
        for up, down in ((0.5, 0.2), (0.75, 0.05))
        for n in (15, 30, 300)
    ),
    *(Part(survival, {"customers": n}, 1 / 4) for n in (100, 500)),
    *(Part(restricted_means, {"customers": n, "scale": one}, 1 / 4) for one in (_SCALE, _LONGER) for n in (80, 300)),
    Part(lapsed, {"customers": 300}, 1 / 4),
    *(Part(false_windows, {"days": 120, "alike": alike}, 1 / 4) for alike in (0.0, 0.3, 0.6)),
    Part(claims, {"contrasts": 20, "real": 6}),
    Part(claims, {"contrasts": 100, "real": 10}),
    Part(no_claims, {"asked": 5, "found": 20}),
    Part(no_claims, {"asked": 0, "found": 20, "is_shared": True}),
    Part(no_claims_of_shares, {"contrasts": 10, "customers": 100}),
]

_PACKAGES = ("journey-analytics-suite", "numpy", "scipy", "pandas", "lifelines", "ruptures", "duckdb", "narwhals")
_HEAD = """# Do intervals cover, and do tests err as seldom as they say?

Made by `make simulate`: `python tests/heavy/simulate.py --repeats {repeats} --seed {seed}`,
with Python {python}, {versions}.

Each row repeats a simulated world whose truth is known: *truth* is how often the thing named should happen (an
interval hold the true value, a test err) where the method keeps its word, and *found* is how often it did happen.
The verdict is an exact binomial test at 1 %, whose band holds the shares that it accepts; fast rows have more
repeats and slow ones fewer, and what the package calls not enough data is not counted.
"""


def run(part: Part, *, repeats: int, seed: int) -> list[Row]:
    """Make the rows of a part; its numbers depend on its own settings and the seed, not on other parts."""
    about = f"{part.make.__name__} {sorted(part.settings.items())}"
    draw = np.random.default_rng([seed, zlib.crc32(about.encode())])
    return part.make(draw, max(1, round(repeats * part.times)), **part.settings)


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
        f"off; about {ways / 100:.1f} would be off by chance. Of {len(rows) - ways} wrong ways, shown beside them, "
        f"{many[_WRONG]} are off, as they must be.",
        "",
        "| what | setting | truth | found | 99 % binomial band | verdict |",
        "|---|---|---|---|---|---|",
    ]
    for row, said in judged:
        least, most = band(row)
        truth = f"{'≤ ' if row.is_most else ''}{row.truth:.4g}"
        found = f"{row.hits / row.repeats:.3f} of {row.repeats:,}"
        lines.append(f"| {row.what} | {row.setting} | {truth} | {found} | {least:.3f} – {most:.3f} | {said} |")
    off = [f"- {row.what}, {row.setting}: {row.why}." for row, said in judged if said in (_OFF, _SAFE)]
    return "\n".join([*lines, "", "## What is off, and why", "", *(off or ["Nothing."]), ""])


def main() -> None:
    """Run every part and write the page."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--repeats", type=int, default=2000)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--to", type=Path, default=Path("docs/statistics.md"))
    given = options.parse_args()
    rows: list[Row] = []
    for part in tqdm(PARTS, desc="simulate", disable=None):  # None: only on a terminal
        rows += run(part, repeats=given.repeats, seed=given.seed)
    given.to.parent.mkdir(parents=True, exist_ok=True)
    given.to.write_text(page(rows, repeats=given.repeats, seed=given.seed), encoding="utf-8")
    print(f"{len(rows)} rows in {given.to}")


def _customers(draw: _Draw, repeats: int, customers: int, alike: float | None, chance: float = _SHARE) -> list[Sums]:
    """The sums of customers with 3.8 journeys each on average (one where `alike` is None), alike within a customer."""
    shape = (repeats, customers)
    m = np.ones(shape, int) if alike is None else 1 + draw.negative_binomial(2, 2 / 4.8, shape)
    own = draw.beta(chance * (1 / alike - 1), (1 - chance) * (1 / alike - 1), shape) if alike else chance
    x = draw.binomial(m, own)
    sums = [part.sum(axis=1).astype(float) for part in (m, x, m * m, x * m, x * x)]
    return [Sums(customers, *one) for one in zip(*sums, strict=True)]


def _followed(draw: _Draw, repeats: int, customers: int, scale: float) -> pd.DataFrame:
    """Durations in 400 days of data: half signed up in them, half up to 300 days before and were still there."""
    size = repeats * customers
    is_late = draw.random(size) < 0.5
    entry = np.where(is_late, draw.integers(1, 301, size), 0)
    stops = np.where(is_late, entry + 400, draw.integers(1, 401, size))
    leaves = scale * ((entry / scale) ** _SHAPE + draw.exponential(1, size)) ** (1 / _SHAPE)  # given still there
    leaves = np.maximum(np.ceil(leaves).astype(int), entry + 1)
    columns = {"customer_id": np.arange(size), "repeat": np.arange(size) // customers, "entry_day": entry}
    return pd.DataFrame({**columns, "day": np.minimum(leaves, stops), "has_left": leaves <= stops})


def _touched(draw: _Draw, repeats: int, customers: int, days: int) -> pd.DataFrame:
    """Touches in `days` of customers who touch at random until they leave for good, all active at the landmark."""
    size = repeats * customers
    there = np.minimum(draw.exponential(1 / _LEAVING, size), days)
    who = np.repeat(np.arange(size), draw.poisson(_RATE * there))
    when = (draw.random(len(who)) * there[who] * _DAY_US).astype(int)
    everybody = np.arange(size)
    customer = np.concatenate([everybody, everybody, who])
    occurred = np.concatenate([np.full(size, -1), np.zeros(size, int), when])
    return pd.DataFrame({"customer_id": customer, "event_id": np.arange(len(customer)), "occurred_us": occurred})


def _still_active(days: int, step: float = 0.1) -> float:
    """The share not lapsed by `days`, from the renewal equation of touches no further apart than the silence.

    Lapsed by t = q + ∫ λ exp(−(λ + μ)g) · lapsed by (t − g) dg over gaps g up to the silence,
    with q the chance that the next gap is longer.
    """
    both, width = _RATE + _LEAVING, round(_SILENT / step)
    long = 1 - _RATE / both * (1 - math.exp(-both * _SILENT))
    gap = step * _RATE * np.exp(-both * step * np.arange(width + 1))
    gap[[0, -1]] /= 2  # trapezoids
    lapsed_by = np.full(round(days / step) + 1, long)
    for at in range(1, len(lapsed_by)):
        reach = min(at, width)
        before = float(gap[1 : reach + 1] @ lapsed_by[at - reach : at][::-1])
        end = gap[at] * long / 2 if at < width else 0
        lapsed_by[at] = (long + before - end) / (1 - gap[0])
    return float(1 - lapsed_by[-1])


def _still_there(what: str, setting: str, followed: pd.DataFrame, truth: float, *, is_wrong: bool = False) -> Row:
    found = churn.left(engine.from_frame(followed), ["repeat"], horizon_days=_HORIZON)
    kept = _published(found)
    mean = np.mean([one.estimate for one in kept])
    return _coverage(what, f"{setting}, mean estimate {mean:.3f}", kept, truth, is_wrong=is_wrong)


def _published(found: pd.DataFrame) -> list[Any]:
    return list(found[found["is_enough"].astype(bool)].itertuples())


def _settled(z: _Array, asked: int = 0) -> list[ledger.Contrast]:
    p = 2 * norm.sf(np.abs(z))
    return ledger.settle([ledger.Contrast(0, at, float(one), at < asked) for at, one in enumerate(p)])


def _coverage(what: str, setting: str, found: Iterable[Any], truth: float, **more: Any) -> Row:
    inside = [bool(one.low <= truth <= one.high) for one in found]
    return Row(what, setting, 0.95, sum(inside), len(inside), **more)


def _errors(what: str, setting: str, found: Iterable[Any], **more: Any) -> Row:
    errors = [bool(one.p < 0.05) for one in found]
    return Row(what, setting, 0.05, sum(errors), len(errors), is_error=True, **more)


def _is_accepted(row: Row, hits: int) -> bool:
    side = "greater" if row.is_most else "two-sided"
    return bool(binomtest(hits, row.repeats, row.truth, alternative=side).pvalue >= 0.01)


if __name__ == "__main__":
    main()
