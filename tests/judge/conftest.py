"""Records as notebooks make them, from rows written in a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture(scope="session")
def record() -> Callable[..., dict[str, Any]]:
    """Make a record of rows given as dictionaries with the same keys."""

    def make(kind: str, form: str, /, *rows: dict[str, Any], **context: Any) -> dict[str, Any]:
        columns = list(rows[0]) if rows else []
        return {
            "id": form,
            "kind": kind,
            "form": form,
            "notebook": "churn",
            "context": context,
            "columns": columns,
            "rows": [list(row.values()) for row in rows],
            "not_applicable": None,
        }

    return make


@pytest.fixture(scope="session")
def stay() -> Callable[..., dict[str, Any]]:
    """Make a row of a difference in days, from its estimate and standard error."""
    from scipy.stats import norm

    def make(group: str, days: float, error: float, *, baseline: str = "monthly", n: int = 400) -> dict[str, Any]:
        half = float(norm.ppf(0.975)) * error
        row = {"group": group, "baseline": baseline, "n": n, "estimate": days, "low": days - half, "high": days + half}
        return {**row, "is_enough": n >= 30, "p": 2 * float(norm.sf(abs(days) / error))}

    return make
