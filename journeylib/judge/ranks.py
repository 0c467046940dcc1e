"""Which group is best, and how sure is that: ranks with their chances, and ties."""

from __future__ import annotations

import numpy as np
import pandas as pd

from journeylib.estimates import Estimate, Z, difference

__all__ = ["ranks", "ties"]

_DRAWS = 20_000


def ranks(values: pd.DataFrame, *, top: int = 3, is_most_best: bool = True, seed: int = 0) -> pd.DataFrame:
    """Rank groups, with the chance to be among the `top` ones: 20,000 draws from their estimates.

    Draws are normal and independent, with the standard error of the interval. Columns as in
    `values` (a row a group), best first, ties by name; then rank, top_chance (to three digits) and
    ties, the groups from which it cannot be told. A group that is not enough has no rank.

    >>> frame = pd.DataFrame({"group": ["a", "b"], "n": [90, 90], "estimate": [0.2, 0.5], "low": [0.1, 0.4],
    ...                       "high": [0.3, 0.6], "is_enough": [True, True]})
    >>> ranks(frame, top=1)[["group", "rank", "top_chance"]].to_numpy().tolist()
    [['b', 1, 1.0], ['a', 2, 0.0]]
    """
    is_known = values["is_enough"].astype(bool) & values[["estimate", "low", "high"]].notna().all(axis=1)
    sign = -1 if is_most_best else 1
    worse = sign * values["estimate"].astype(float)
    ordered = values.assign(_worse=worse).sort_values(["_worse", "group"], kind="stable").drop(columns="_worse")
    best = ordered[is_known.reindex(ordered.index)].reset_index(drop=True)
    error = ((best["high"] - best["low"]) / (2 * Z)).to_numpy(float)
    drawn = np.random.default_rng(seed).normal(sign * best["estimate"].to_numpy(float), error, (_DRAWS, len(best)))
    places = drawn.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    chance = (places < top).mean(axis=0).round(3)
    told = best.assign(rank=np.arange(1, len(best) + 1), top_chance=chance, ties=pd.Series(ties(best), dtype=object))
    rest = values[~is_known].sort_values("group", kind="stable")
    return told if rest.empty else pd.concat([told.astype({"rank": "Int64"}), rest], ignore_index=True)


def ties(values: pd.DataFrame) -> list[list[str]]:
    """Give, for each group, those that tie with it: the interval of the difference includes 0 (independent groups)."""
    each: list[tuple[str, Estimate]] = []
    for row in values.to_dict("records"):
        middle, low, high = (float(row[name]) for name in ("estimate", "low", "high"))
        each.append((str(row["group"]), Estimate(int(row["n"]), middle, low, high)))
    told = []
    for name, one in each:
        gaps = [(other, difference(one, its)) for other, its in each if other != name]
        told.append([other for other, gap in gaps if gap.low <= 0 <= gap.high])
    return told
