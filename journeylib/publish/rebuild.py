"""Make an edition again from the very data it was made from, and compare every byte.

An edition can be made again while its store keeps the snapshot that it was made from, nobody
was forgotten since, and package and notebooks are those that made it. Nothing published is
touched, whatever comes out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from journeylib import engine
from journeylib.errors import RefusedError, RunError, StoreError
from journeylib.publish import collect, diff, edition, parameters, past
from journeylib.publish.diff import edition_at, recipe_of
from journeylib.publish.edition import Edition
from journeylib.publish.execute import execute, jobs
from journeylib.publish.recipe import Recipe

__all__ = ["lines", "rebuild"]

_MADE = ["files", "findings", "number"]  # what publishing adds to what was known before


def rebuild(path: Path | str, *, recipe: Path | str | None = None, progress: bool = False) -> dict[str, Any]:
    """Make the edition in a folder again; the answer says whether its bytes are equal.

    The recipe is looked for beside the editions' folder; what it says by now does not count, the
    edition's manifest does. The answer has edition, snapshot, is_equal, equal and different (names
    of files). Raises RefusedError where the edition cannot be made again, and says why.
    """
    one = edition_at(path)
    said = _as_it_was(recipe_of(one, recipe), one.manifest)
    mine = _possible(one, said, diff.read(one, diff.private(said)).store)
    with tempfile.TemporaryDirectory(prefix="journey-rebuild-") as scratch:
        running = Path(scratch)
        with engine.on(said.engine), past.as_of_snapshot(said.store_path, mine["snapshot"]) as store:
            wanted = jobs(said, _settled(said, one.manifest, store))
            failure = execute(wanted, running, limit_minutes=said.time_limit_minutes, progress=progress)
            if failure is not None:
                raise RunError(f"{failure.name}.ipynb failed in cell {failure.cell}, `{failure.line}`: {failure.said}")
            about = {name: value for name, value in one.manifest.items() if name not in _MADE}
            there_before = [
                other
                for other in edition.editions(one.path.parent, about["series"])
                if other.manifest["number"] < one.manifest["number"]
            ]
            done = collect.draw(said, about, running, store=mine, earlier=there_before)
    made = edition.manifest({**about, "number": one.manifest["number"], "findings": done.findings}, done.files)
    files = {
        **{name: text.encode() for name, text in done.files.items()},
        "manifest.json": edition.as_json(made).encode(),
    }
    there = {file.name: file.read_bytes() for file in one.path.iterdir() if file.is_file()}
    different = sorted(name for name in {*files, *there} if files.get(name) != there.get(name))
    return {
        "edition": one.path.name,
        "snapshot": mine["snapshot"],
        "is_equal": not different,
        "equal": sorted(set(files) - set(different)),
        "different": different,
    }


def lines(answer: Mapping[str, Any]) -> list[str]:
    """Say what `rebuild` found.

    >>> lines({"edition": "2026-06-30-5f1c2ab0", "is_equal": True, "equal": ["index.html"], "different": []})
    ['2026-06-30-5f1c2ab0: made again, all 1 files equal byte for byte']
    """
    if answer["is_equal"]:
        return [f"{answer['edition']}: made again, all {len(answer['equal'])} files equal byte for byte"]
    return [
        f"{answer['edition']}: made again, {len(answer['different'])} files differ",
        *(f"  {name}" for name in answer["different"]),
    ]


def _possible(one: Edition, said: Recipe, mine: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """What is kept of the edition's store, once nothing stands against making the edition again."""
    run = f"Publish a new edition of the data as they are: journey run {said.path}"
    if mine is None:
        raise StoreError(f"it is no longer kept which snapshot of {said.store} {one.path.name} was made from. {run}")
    for snapshot in [mine["snapshot"], *([mine["compared"]] if mine.get("compared") else [])]:
        match past.gone(said.store_path, {**mine, "snapshot": snapshot}):
            case "forgotten":
                raise StoreError(
                    f"{one.path.name} cannot be made again: people were forgotten from {said.store} since, and the "
                    f"snapshots that held them are deleted. {run}"
                )
            case "not kept":
                raise StoreError(
                    f"{one.path.name} cannot be made again: {said.store} keeps its last few snapshots, and {snapshot} "
                    f"is no longer among them. {run}"
                )
    if edition.code(said) != one.manifest["identity"]["code"]:
        made_by = (one.manifest.get("versions") or {}).get("journeylib", "another version")
        raise RefusedError(
            f"{one.path.name} was made by other code (journeylib {made_by}), and this would make another edition. "
            "Go back to the package, the notebooks and the locked requirements of then, or compare: journey diff."
        )
    return mine


def _as_it_was(said: Recipe, manifest: Mapping[str, Any]) -> Recipe:
    """The recipe as the edition was made by it; what only a run needs, as it is now."""
    names = [
        "name",
        "title",
        "audience",
        "language",
        "cadence",
        "looks",
        "as_of",
        "start",
        "goals",
        "segments",
        "notes",
    ]
    kept = {name: manifest[name] for name in [*names, "parameters"]}
    kept["engine"] = manifest.get("engine", "duckdb")  # the only one that older manifests know
    return replace(said, **kept, notebooks=tuple(manifest["notebooks"]), questions=tuple(manifest["questions"]))


def _settled(said: Recipe, manifest: Mapping[str, Any], store: Path) -> dict[str, dict[str, Any]]:
    books = {name: said.notebook_path(name) for name in said.notebooks}
    common = {name: manifest[name] for name in ("as_of", "start", "goals", "segments", "notes")}
    return parameters.settle(said.path, books, said.parameters, {**common, "store": str(store)})
