"""What narwhals code must not say, because engines answer it differently or not at all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "journeylib"

BANNED = {
    r"\.cum_(max|min|sum)\(": "keeps nulls null: fill_null(strategy='forward').over(…)",
    r"\.dt\.": "differs by engine: times are int64",
    r"\.unique\(": "is a window: group_by(keys).agg()",
    r"\.join_asof\(|\.unpivot\(": "fails",
    r"\bimport pickle\b|yaml\.load\(": "is unsafe",
}


@pytest.mark.parametrize("floor", ["data", "journeys", "measures"])
def test_analysis_code_keeps_off_what_engines_disagree_on(floor):
    found = []
    for path in sorted((ROOT / floor).rglob("*.py")):
        if "worlds" in path.parts or path.name == "grocery.py":
            continue  # these make files with numpy and pandas, no engine
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            found += [f"{path.name}:{number} {why}" for banned, why in BANNED.items() if re.search(banned, line)]
    assert found == []
