"""Run a recipe: execute its notebooks, judge what they recorded, draw the pages, publish.

What was already published for the same inputs is found before anything heavy is
imported. A run that fails publishes nothing: it leaves its log and its executed
notebooks in the private folder beside the store, and its reason for the catalogue.

    <store>.private/<name>/<edition>/    the executed notebooks, records.json, store.json, log.txt
    <store>.private/<name>/failed/       the same of the last run that failed
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import importlib
import json
import shutil
import textwrap
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from journeylib.errors import BusyError, JourneyError, RunError
from journeylib.publish import catalogue, collect, diff, edition, parameters, past
from journeylib.publish import recipe as recipes
from journeylib.publish.edition import Edition, Identity
from journeylib.publish.execute import Failure, execute, jobs
from journeylib.publish.recipe import Period, Recipe

__all__ = ["run"]


def run(
    path: Path | str,
    *,
    reports: Path | str | None = None,
    today: datetime.date | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Publish the edition that the recipe at `path` asks for, or find that it is there.

    Editions go beside the recipe, or into `reports`. `today` is what "yesterday"
    counts from, the day in UTC unless given. The answer has edition, path, status
    ("published" or "already published"), findings and pages.
    """
    recipe = recipes.read(path)
    today = today or datetime.datetime.now(datetime.UTC).date()
    store = _manifest(recipe.store_path)
    period = recipes.resolve(recipe, store["facts"], today)
    settled = parameters.settle(
        path,
        {name: recipe.notebook_path(name) for name in recipe.notebooks},
        recipe.parameters,
        _common(recipe, period),
    )
    resolved = _resolved(recipe, period, settled)
    home = Path(reports) if reports is not None else recipe.path.parent
    folder, private = home / recipe.name, _private(recipe)
    with edition.held(folder), edition.held(private):
        earlier = edition.editions(folder, recipes.series(recipe))
        identity = edition.identify(
            earlier,
            as_of=period.as_of,
            data=edition.data(store),
            code=edition.code(recipe),
            parameters=hashlib.sha256(recipes.canonical(resolved)).hexdigest(),
        )
        there = edition.found(earlier, identity)
        status = "already published"
        if there is None:
            from journeylib import engine  # heavy, and needed only now

            with engine.on(recipe.engine):
                # As the manifest will say it, so that pages drawn from the manifest later are the same.
                made_by = {"engine": recipe.engine, "versions": edition.versions() | engine.version(recipe.engine)}
                said = _about(recipe, resolved, identity, earlier, store["facts"]) | made_by
                about = json.loads(edition.as_json(said))
                there = _publish(recipe, settled, about, past.named(store), folder, private, progress=progress)
            status = "published"
        newest = max(one.as_of for one in [there, *earlier])
        changed = there.as_of == newest and edition.point_latest(folder, there)
        if (folder / "failed.json").exists():
            (folder / "failed.json").unlink()
            changed = True
    if changed or status == "published" or not (home / "index.html").exists():
        catalogue.write(home, today)
    return {
        "edition": there.path.name,
        "path": str(there.path / "index.html"),
        "status": status,
        "findings": [{**found, "text": edition.plain(found["text"])} for found in there.manifest["findings"]],
        "pages": sorted(str(there.path / name) for name in there.manifest["files"] if name.endswith(".html")),
    }


def _manifest(store: Path) -> dict[str, Any]:
    """The store's manifest; read as plain JSON, for its own reader imports the engine."""
    try:
        said: dict[str, Any] = json.loads((store / "manifest.json").read_text(encoding="utf-8"))
        assert {"begins_on", "complete_through", "fingerprint", "attributes"} <= set(said["facts"])
    except (OSError, ValueError, KeyError, TypeError, AssertionError):
        from journeylib.data.store import manifest

        said = manifest(store)
    return said


def _private(recipe: Recipe) -> Path:
    kept = diff.private(recipe)
    for folder in [kept.parent, kept]:
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
    return kept


def _common(recipe: Recipe, period: Period) -> dict[str, Any]:
    return {
        "store": str(recipe.store_path),
        "as_of": period.as_of,
        "start": period.start,
        "goals": recipe.goals,
        "segments": recipe.segments,
        "notes": recipe.notes,
    }


def _resolved(recipe: Recipe, period: Period, settled: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Everything that was asked for, in full, and nothing of where it happened to be."""
    own = {
        name: {key: value for key, value in values.items() if key not in parameters.COMMON}
        for name, values in settled.items()
    }
    return {
        "name": recipe.name,
        "title": recipe.title,
        "notebooks": list(recipe.notebooks),
        "audience": recipe.audience,
        "language": recipe.language,
        "cadence": recipe.cadence,
        "looks": recipe.looks,
        "as_of": period.as_of,
        "start": period.start,
        "goals": recipe.goals,
        "segments": recipe.segments,
        "questions": list(recipe.questions),
        "notes": recipe.notes,
        "parameters": own,
    }


def _about(
    recipe: Recipe, resolved: dict[str, Any], identity: Identity, earlier: list[Edition], facts: Mapping[str, Any]
) -> dict[str, Any]:
    """What pages and manifest say of the edition itself."""
    before = next((one for one in earlier if one.id == identity.previous), None)
    return {
        **resolved,
        "id": identity.id,
        "identity": {
            "data": identity.data,
            "code": identity.code,
            "parameters": identity.parameters,
            "previous": identity.previous,
            "look": identity.look,
        },
        "series": recipes.series(recipe),
        "look": identity.look,
        "accumulates": not recipe.start.startswith("-"),  # each edition has the data of the one before, and more
        "previous": before and {"id": before.id, "as_of": before.as_of, "path": f"../{before.path.name}/index.html"},
        "complete_through": facts["complete_through"],
    }


def _check_segments(recipe: Recipe) -> None:
    """Refuse segments that the store's customers cannot form, before a kernel starts."""
    from journeylib.journeys.segments import understood

    for name, definition in recipe.segments.items():
        understood(name, definition, _manifest(recipe.store_path)["facts"]["attributes"])


def _publish(
    recipe: Recipe,
    settled: Mapping[str, Mapping[str, Any]],
    about: dict[str, Any],
    store: Mapping[str, Any],
    folder: Path,
    private: Path,
    *,
    progress: bool,
) -> Edition:
    """Execute, judge, draw and publish; a failure is kept in the private folder and told to the catalogue."""
    _check_segments(recipe)
    running, kept, reason = private / ".staging-run", private / "failed", "its pages could not be made"
    running.mkdir(mode=0o700)
    threading.Thread(target=_warm_up, daemon=True).start()
    try:
        failure = execute(jobs(recipe, settled), running, limit_minutes=recipe.time_limit_minutes, progress=progress)
        if failure is not None:
            reason = f"{failure.name}, cell {failure.cell}: {failure.kind}"
            raise RunError(_told(failure))
        return _finish(recipe, about, store, folder, private, running)
    except BusyError:
        raise
    except Exception as error:
        with (running / "log.txt").open("a", encoding="utf-8") as log:
            log.write(f"{error}\n" if isinstance(error, JourneyError) else traceback.format_exc())
        shutil.rmtree(kept, ignore_errors=True)
        running.rename(kept)
        edition.write_json(folder / "failed.json", {"as_of": about["as_of"], "reason": reason})
        catalogue.write(folder.parent)
        said = str(error) if isinstance(error, JourneyError) else f"{reason}: {type(error).__name__}: {error}"
        kind = type(error) if isinstance(error, JourneyError) else RunError
        raise kind(f"{said}\nNothing was published. Log and notebooks are in {kept}") from error
    finally:
        shutil.rmtree(running, ignore_errors=True)


def _warm_up() -> None:
    """Import what draws the pages while the kernels start; what is wrong with it shows when it is used."""
    with contextlib.suppress(Exception):
        for name in ["nbformat", "journeylib.judge.verdicts", "journeylib.publish.page", "journeylib.show.words"]:
            importlib.import_module(name)


def _told(failure: Failure) -> str:
    place = f"in cell {failure.cell}, `{failure.line}`" if failure.cell else "before its first cell"
    return f"{failure.name}.ipynb failed {place}:\n" + textwrap.indent(failure.said, "  ")


def _finish(
    recipe: Recipe, about: dict[str, Any], store: Mapping[str, Any], folder: Path, private: Path, running: Path
) -> Edition:
    """Publish what the notebooks in `running` recorded, once judged and drawn, and keep them."""
    done = collect.draw(recipe, about, running, store=store, earlier=edition.editions(folder, about["series"]))
    if edition.data(_manifest(recipe.store_path)) != about["identity"]["data"]:
        raise BusyError(f"the store {recipe.store} changed while its report was made. Run it again.")
    if edition.code(recipe) != about["identity"]["code"]:
        raise BusyError("the notebooks or the package changed while the report was made. Run it again.")
    edition.write_json(running / "records.json", done.exact)
    edition.write_json(running / "store.json", done.store)
    number = 1 + max((one.age[1] for one in edition.editions(folder)), default=0)
    kept = private / edition.folder_name(about)
    with edition.undisturbed():
        # The notebooks move first: killed in between, there is no edition yet and the next run replaces them.
        if is_new := not (folder / kept.name).exists():
            shutil.rmtree(kept, ignore_errors=True)
            running.rename(kept)
        try:
            return edition.publish(folder, {**about, "number": number, "findings": done.findings}, done.files)
        except BaseException:
            if is_new:
                kept.rename(running)
            raise
