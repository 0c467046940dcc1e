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


@pytest.mark.parametrize("looks", [None, 50])
def test_an_edition_is_judged_as_the_look_of_its_series_that_it_is(
    project: Any, monkeypatch: pytest.MonkeyPatch, looks: int | None
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
    about = {
        "start": "2026-01-01",
        "as_of": "2026-06-30",
        "look": 1,
        "accumulates": True,
        "identity": {"previous": None},
    }
    drawn = collect.draw(recipe, about, project.root, store={"snapshot": "abc"})
    assert (given["alpha"], given["audience"], given["pasts"]) == (0.05, "shared", {})
    assert given["period"] == {"start": "2026-01-01", "as_of": "2026-06-30"}
    assert (given["look"].number, given["look"].planned, given["look"].accumulates) == (1, looks, True)
    assert (set(drawn.files), drawn.findings) == ({"index.html", "findings.json"}, [])
    assert drawn.store == {"snapshot": "abc", "compared": None}
