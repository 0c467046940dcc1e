"""Simulate worlds whose truth is known; count how often intervals hold it and how often tests err.

`make simulate` writes docs/statistics.md. A row counts repeats that came out one way and
judges the count by an exact binomial test at 1 %. Estimates are made by the package's own
functions, from sums and counts as an engine would hand them over. Survival has a page of its own (simulate_churn).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from simulate_claims import claims, no_claims, no_claims_of_shares
from simulate_contrasts import periods, share_ratio, two_shares
from simulate_rows import Part, Row, page, run
from simulate_time import false_windows
from simulate_values import average, clustered_share, frequency, one_answer, several_answers, wait
from tqdm import tqdm

__all__ = ["PARTS"]

_GAP = 0.1
_SIZES, _LIKE = (30, 100, 300, 1000), (0.0, 0.2, 0.5)
_GRID = [{"customers": n, "alike": alike} for n in _SIZES for alike in _LIKE]

PARTS = [
    *(Part(clustered_share, at, 5) for at in _GRID),
    *(Part(clustered_share, {"customers": n, "alike": 0.2, "chance": 0.05}, 5) for n in _SIZES),
    *(Part(average, at, 5) for at in _GRID),
    *(Part(average, {"customers": n, "alike": 0.2, "is_skewed": True}, 5) for n in _SIZES),
    *(
        Part(one_answer, {"customers": n, "promoters": up, "detractors": down}, 5)
        for up, down in ((0.5, 0.2), (0.75, 0.05))
        for n in (15, *_SIZES)
    ),
    *(Part(several_answers, at, 5) for at in _GRID),
    *(Part(frequency, {"customers": n, "spread": spread}, 5) for n in _SIZES for spread in (0.0, 1.0)),
    *(Part(wait, {"customers": n, "alike": alike, "q": 0.5}) for n in _SIZES for alike in (0.0, 0.5)),
    *(Part(wait, {"customers": n, "alike": 0.5, "q": 0.9}) for n in _SIZES),
    *(
        Part(two_shares, {"customers": n, "alike": alike, "gap": gap}, 5)
        for gap in (0.0, _GAP)
        for n in _SIZES
        for alike in (None, 0.2, 0.5)
    ),
    *(Part(periods, {**at, "gap": gap}, 5 if at["customers"] < 300 else 1) for gap in (0.0, _GAP) for at in _GRID),
    *(Part(share_ratio, {"customers": n, "alike": 0.2}) for n in _SIZES),
    *(Part(false_windows, {"days": 120, "alike": alike}, 1 / 4) for alike in (0.0, 0.3, 0.6)),
    Part(claims, {"contrasts": 20, "real": 6}),
    Part(claims, {"contrasts": 100, "real": 10}),
    Part(no_claims, {"asked": 5, "found": 20}),
    Part(no_claims, {"asked": 0, "found": 20, "is_shared": True}),
    Part(no_claims_of_shares, {"contrasts": 10, "customers": 100}),
]


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


if __name__ == "__main__":
    main()
