"""Collect what executed notebooks recorded, judge it once, and draw the pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journeylib.errors import RunError
from journeylib.publish import edition
from journeylib.publish.recipe import Recipe

__all__ = ["Drawn", "draw", "records"]

_ALPHA = 0.05


@dataclass(frozen=True)
class Drawn:
    """What an edition shows: its files, the sentences of its findings; `exact` is for the private folder only."""

    files: dict[str, str]
    findings: list[dict[str, Any]]
    exact: list[dict[str, Any]]


def draw(recipe: Recipe, about: Mapping[str, Any], folder: Path) -> Drawn:
    """Judge what the executed notebooks in `folder` recorded and draw the pages of the edition `about` tells of.

    Every edition of a series compares anew, so its planned looks share one alpha.
    """
    import nbformat

    from journeylib.judge.verdicts import judge
    from journeylib.publish.page import pages

    books = {name: nbformat.read(folder / f"{name}.ipynb", as_version=4) for name in recipe.notebooks}
    exact = records(books)
    alpha = _ALPHA / (recipe.looks or 1)
    judged = judge(exact, questions=recipe.questions, audience=recipe.audience, alpha=alpha)
    drawn = pages({name: _as_written(book) for name, book in books.items()}, judged, about)
    return Drawn({**drawn, "findings.json": edition.as_json(judged)}, _findings(judged), exact)


def records(books: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Collect what executed notebooks recorded, in reading order, each with the name of its notebook.

    Raises RunError where a notebook uses an id twice.
    """
    from journeylib.show.record import MIME

    found, places = [], dict[tuple[str, str], int]()
    for name, book in books.items():
        for cell in book["cells"]:
            for output in cell.get("outputs", []):
                said = output.get("data", {}).get(MIME)
                if said is None:
                    continue
                place, number = (name, said["id"]), cell["metadata"].get("number", 0)
                if place in places:
                    raise RunError(
                        f'{name}.ipynb records "{said["id"]}" in cell {places[place]} and again in cell {number}. '
                        'Give one of them another name: id="…".'
                    )
                places[place] = number
                found.append({**said, "notebook": name})
    return found


def _as_written(book: Any) -> Any:
    """An executed notebook without what depends on clock and machine: times, injected parameters, random ids."""
    book.cells = [cell for cell in book.cells if "injected-parameters" not in cell.metadata.get("tags", [])]
    for place, cell in enumerate(book.cells, start=1):
        cell.id = f"cell-{place}"
        for key in ["papermill", "execution"]:
            cell.metadata.pop(key, None)
    book.metadata.pop("papermill", None)
    return book


def _findings(judged: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The sentences of an edition, as its pages say them, with verdict and, where one number stands behind, n."""
    from journeylib.show import words

    found = []
    for record in judged["records"]:
        if record["kind"] == "finding":
            rows = [dict(zip(record["columns"], row, strict=True)) for row in record["rows"]]
            n = rows[0].get("n") if len(rows) == 1 else None
            said = {"text": words.sentence(record), "verdict": words.stance(record), "n": n}
            found.append({"notebook": record["notebook"], "id": record["id"], **said})
    return found
