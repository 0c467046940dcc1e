"""What notebooks recorded is collected in reading order, every id once."""

from __future__ import annotations

from typing import Any

import nbformat
import pytest

from journeylib.errors import RunError
from journeylib.publish import collect
from journeylib.publish import recipe as recipes


def test_an_id_that_a_notebook_uses_twice_is_refused() -> None:
    def cell(number: int, id: str) -> dict[str, Any]:
        record = {"application/vnd.journeylib.record+json": {"id": id, "kind": "table"}}
        return {"metadata": {"number": number}, "outputs": [{"data": {"text/plain": "x"}}, {"data": record}]}

    whole = {"cells": [{"metadata": {}}, cell(2, "shares"), cell(4, "left")]}
    assert [(one["notebook"], one["id"]) for one in collect.records({"a": whole, "b": whole})] == [
        ("a", "shares"),
        ("a", "left"),
        ("b", "shares"),
        ("b", "left"),
    ]
    with pytest.raises(RunError, match=r'a\.ipynb records "shares" in cell 2 and again in cell 7\. Give one of them'):
        collect.records({"a": {"cells": [cell(2, "shares"), cell(7, "shares")]}})


@pytest.mark.parametrize(("looks", "alpha"), [(None, 0.05), (50, 0.001)])
def test_the_planned_looks_of_a_series_share_one_alpha(
    project: Any, monkeypatch: pytest.MonkeyPatch, looks: int | None, alpha: float
) -> None:
    given: dict[str, Any] = {}

    def judge(_: Any, **options: Any) -> dict[str, Any]:
        given.update(options)
        return {"records": []}

    monkeypatch.setattr("journeylib.judge.verdicts.judge", judge)
    monkeypatch.setattr("journeylib.publish.page.pages", lambda *_: {"index.html": "x"})
    for name in ["overview", "churn"]:
        nbformat.write(nbformat.v4.new_notebook(), project.root / f"{name}.ipynb")
    recipe = recipes.read(project.recipe("", f"looks = {looks}\n" if looks else ""))
    drawn = collect.draw(recipe, {}, project.root)
    assert (given["alpha"], given["audience"]) == (alpha, "shared")
    assert (set(drawn.files), drawn.findings) == ({"index.html", "findings.json"}, [])
