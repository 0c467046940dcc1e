"""Collect what executed notebooks recorded, judge it once, and draw the pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journeylib.errors import RunError
from journeylib.publish import diff, edition
from journeylib.publish.diff import Side
from journeylib.publish.edition import Edition
from journeylib.publish.recipe import CADENCE_DAYS, Recipe

__all__ = ["Drawn", "draw", "records"]

_ALPHA = 0.05


@dataclass(frozen=True)
class Drawn:
    """What an edition shows: its files, the sentences of its findings; `exact` is for the private folder only.

    So is `store`: which data they were made from, and compared with.
    """

    files: dict[str, str]
    findings: list[dict[str, Any]]
    exact: list[dict[str, Any]]
    store: dict[str, Any]


def draw(
    recipe: Recipe, about: Mapping[str, Any], folder: Path, *, store: Mapping[str, Any], earlier: Sequence[Edition] = ()
) -> Drawn:
    """Judge what the executed notebooks in `folder` recorded and draw the pages of the edition `about` tells of.

    `store` names the data it was made from (`past.named`). `earlier` are the editions of its series
    that were published before, oldest first: those that speak of earlier days are looks too, the last
    of these is what it is compared with, and what they all show, together with it, must not tell of
    single customers.
    """
    import nbformat

    from journeylib.judge import gate
    from journeylib.judge.verdicts import judge
    from journeylib.publish.page import pages

    books = {name: nbformat.read(folder / f"{name}.ipynb", as_version=4) for name in recipe.notebooks}
    exact = records(books)
    private = diff.private(recipe)
    before = next((one for one in earlier if one.id == about["identity"]["previous"]), None)
    side = None if before is None else diff.read(before, private)
    newest_first = sorted(earlier, key=lambda one: -one.age[1])
    shown = ((one.exact, one.judged) for one in (diff.read(one, private) for one in newest_first))
    judged = judge(
        exact,
        questions=recipe.questions,
        audience=recipe.audience,
        alpha=_ALPHA,
        period={"start": about["start"], "as_of": about["as_of"]},
        look=_look(recipe, about, earlier),
        earlier=None if side is None else side.judged,
        pasts=gate.compare(exact, shown, as_of=about["as_of"]) if recipe.audience == "shared" else None,
    )
    compared = None
    if side is not None:
        found = diff.compare(side, Side(about, judged, exact, store), store=recipe.store_path)
        judged["changes"], compared = diff.shown(found, recipe.audience), found["past_snapshot"]
    drawn = pages({name: _as_written(book) for name, book in books.items()}, judged, about)
    return Drawn(
        {**drawn, "findings.json": edition.as_json(judged)}, _findings(judged), exact, {**store, "compared": compared}
    )


def _look(recipe: Recipe, about: Mapping[str, Any], earlier: Sequence[Edition]) -> Any:
    """Which look of its series this edition is."""
    from journeylib.judge.looks import Look, seen

    number, cadence = about["look"], CADENCE_DAYS.get(recipe.cadence or "")
    share = seen(
        about["start"],
        about["as_of"],
        number=number,
        planned=recipe.looks,
        cadence_days=cadence,
        first=earlier[0].as_of if number > 1 else "",
    )
    yearly = max(1, round(365 / cadence)) if cadence else None
    return Look(number, recipe.looks, accumulates=about["accumulates"], share=share, yearly=yearly)


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
