"""Compare two editions of a series: what became of its findings, and why its headline numbers moved.

Findings are compared as judged (`findings.json`), numbers by the exact frames of the private
folder. A number is measured again for the older edition's period on the newer one's data, and
where the code changed, on the older one's, while its store keeps that snapshot. What cannot be
told apart is told together, with the reason.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journeylib.errors import RecipeError, RefusedError
from journeylib.publish import edition, past
from journeylib.publish import recipe as recipes
from journeylib.publish.edition import Edition
from journeylib.publish.recipe import Recipe

if TYPE_CHECKING:
    from journeylib.publish.ground import Ground

__all__ = ["Side", "compare", "diff", "edition_at", "lines", "private", "read", "recipe_of", "shown"]

_ALPHA = 0.05
_DATA = "review"  # the page about the data, whose counts are news of the data themselves


@dataclass(frozen=True)
class Side:
    """One edition of a comparison: its manifest and judged records; where kept, the exact ones and its store's name.

    `store` is as `past.named` gives it: it stays out of the manifest, for the same data loaded in another
    way give the same edition.
    """

    about: Mapping[str, Any]
    judged: Mapping[str, Any]
    exact: list[dict[str, Any]] | None
    store: Mapping[str, Any] | None


def diff(a: Path | str, b: Path | str, *, recipe: Path | str | None = None) -> dict[str, Any]:
    """Compare edition `b` with the edition `a` before it; both are folders of one series.

    The recipe, which names the store, is looked for beside the editions' folder. The answer has a,
    b, changed (data, code, rules: whether each did), findings, questions and numbers (`compare`).
    Raises RefusedError where a folder is no edition, or they are of two series.
    """
    first, second = edition_at(a), edition_at(b)
    if first.manifest["series"] != second.manifest["series"]:
        raise RefusedError(
            f"{first.path.name} and {second.path.name} are editions of two series, so they do not measure the same. "
            "Compare editions of one recipe that was not changed between them."
        )
    said = recipe_of(second, recipe)
    kept = private(said)
    sides = [read(one, kept) for one in (first, second)]

    from journeylib import engine

    with engine.on(said.engine):
        return compare(*sides, store=said.store_path)


def edition_at(path: Path | str) -> Edition:
    """Read the edition in a folder; a page of it, or `latest`, will do.

    Raises RefusedError where there is none.
    """
    folder = Path(path).resolve()
    folder = folder.parent if folder.suffix == ".html" else folder
    there = [one for one in edition.editions(folder.parent) if one.path.name == folder.name]
    if not there:
        raise RefusedError(f"{path} is no edition. Name the folder of one, such as reports/demo/2026-06-30-5f1c2ab0.")
    return there[0]


def recipe_of(one: Edition, given: Path | str | None = None) -> Recipe:
    """Read the recipe that an edition was made by: `given`, or the one of its name beside its folder."""
    if given is not None:
        return recipes.read(given)
    name, home = one.path.parent.name, one.path.parent.parent
    for file in sorted(home.glob("*.toml")):
        with contextlib.suppress(RecipeError):
            if (found := recipes.read(file)).name == name:
                return found
    raise RefusedError(f"there is no recipe for {name} in {home}. Name it with --recipe.")


def read(one: Edition, kept: Path) -> Side:
    """Read what is kept of an edition; `kept` is the `private` folder of its recipe.

    Raises RefusedError where what the edition showed cannot be read: its readers may still have it.
    """
    judged = _kept(one.path / "findings.json")
    if not isinstance(judged, dict) or not isinstance(judged.get("records"), list):
        raise RefusedError(
            f"{one.path / 'findings.json'} cannot be read, so what readers of that edition know is not known. "
            "Bring it back from a copy; or, if nobody has seen that edition, move its folder away."
        )
    exact, store = (_kept(kept / one.path.name / name) for name in ("records.json", "store.json"))
    return Side(one.manifest, judged, exact if isinstance(exact, list) else None, store)


def _kept(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def private(recipe: Recipe) -> Path:
    """The folder beside the store that keeps the exact frames and executed notebooks of a recipe's editions."""
    return recipe.store_path.with_name(recipe.store_path.name + ".private") / recipe.name


def compare(a: Side, b: Side, *, store: Path, alpha: float | None = None) -> dict[str, Any]:
    """Compare two editions, `b` the newer; `store` is the store of both.

    All intervals of mix and rate of an edition share what this look of the series may claim
    (`looks`: each comparison with the edition before is a new hypothesis), .05 over all editions.
    """
    from journeylib.judge import shifts

    was, now = a.about, b.about
    with contextlib.ExitStack() as stack:
        ground, why = _ground(a, b, store, stack)
        numbers = _numbers(a, b, ground, why, _level(now) if alpha is None else alpha)
    return {
        **{
            name: {key: side.get(key) for key in ("id", "as_of", "start", "looks")}
            for name, side in [("a", was), ("b", now)]
        },
        "changed": {
            "data": was["identity"]["data"] != now["identity"]["data"],
            "code": was["identity"]["code"] != now["identity"]["code"],
            "rules": (a.store or {}).get("rules") != (b.store or {}).get("rules"),
        },
        "findings": [_told(one, b.judged) for one in shifts.shifts(a.judged, b.judged)],
        "questions": shifts.questions(a.judged, b.judged),
        "numbers": numbers,
        "past_snapshot": ground and ground.past_snapshot,
    }


def lines(answer: Mapping[str, Any]) -> list[str]:
    """Say what `diff` found, in signs that a terminal can show; numbers are exact."""
    from journeylib.show.words import changes

    said = [changes.opening(answer)]
    for one in answer["findings"]:
        first, *more = changes.shift(one)
        said += [f"{changes.CHANGED[one['change']]}: {first}", *(f"  {text}" for text in more)]
    said += [f"{changes.CHANGED['asked']}: {changes.question(one)}" for one in answer["questions"]]
    for one in answer["numbers"]:
        if one["old"] is not None and one["new"] is not None:
            said.append(f"{changes.CHANGED[changes.state(one)]}: {changes.movement(one)}")
    return [edition.plain(text) for text in said]


def shown(answer: Mapping[str, Any], audience: str) -> dict[str, Any]:
    """Give a comparison as a page may show it: numbers as published, their parts exact in a private edition only.

    Left out: numbers of the page about the data, and what no reader needs.
    """
    from journeylib.judge import changes
    from journeylib.show import words

    numbers = []
    for one in answer["numbers"]:
        if one["notebook"] != _DATA:
            told = changes.shown(one, audience=audience, unit=words.unit(one))
            numbers.append({**{name: it for name, it in told.items() if name != "published"}, **one["published"]})
    return {**{name: answer[name] for name in ("a", "b", "changed", "findings", "questions")}, "numbers": numbers}


def _told(one: Mapping[str, Any], judged: Mapping[str, Any]) -> dict[str, Any]:
    """A finding's change with what each edition says of it; `now` may be why nothing is said any more."""
    from journeylib.show import words

    said = {name: None if one[name] is None else words.sentence(_alone(**one[name])) for name in ("before", "now")}
    if one["now"] is None:
        place = {name: one[name] for name in ("notebook", "id")}
        there = [record for record in judged["records"] if place.items() <= record.items()]
        said["now"] = next((words.lacking(record) or None for record in there), None)
    return {name: one[name] for name in ("change", "notebook", "id", "group", "is_apart")} | said


def _alone(record: Mapping[str, Any], row: int, **_: Any) -> dict[str, Any]:
    """A record of one row of a judged record."""
    contrasts, kept = (
        [{**one, "row": 0} for one in record.get(name) or () if one["row"] == row] for name in ("contrasts", "kept")
    )
    return {**record, "rows": [record["rows"][row]], "hidden": [], "kept": kept, "contrasts": contrasts}


def _level(about: Mapping[str, Any]) -> float:
    """What may be wrong in one edition of a series that compares each with the one before."""
    from journeylib.judge.looks import Look, allowed

    return allowed(Look(about.get("look") or 1, about.get("looks")), _ALPHA, is_search=True)


def _numbers(a: Side, b: Side, ground: Ground | None, why: str, alpha: float) -> list[dict[str, Any]]:
    """Each headline number of the newer edition: what it was, what it is, and why."""
    seen, published = (
        {(one["notebook"], one["id"]): one for one in side.judged["records"] if one["kind"] == "number"}
        for side in (b, a)
    )
    exact = [{(one["notebook"], one["id"]): one for one in side.exact or ()} for side in (a, b)]
    tested = 2 * len([place for place in seen if place in exact[0] and place in exact[1]])
    found = []
    for place, record in seen.items():
        old, new = _value(published.get(place)), _value(record)
        about = {name: record[name] for name in ("notebook", "id", "kind", "form", "context")}
        one = {**about, "old": old, "new": new, "published": {"old": old, "new": new}, "why": None}
        if old is None or new is None:
            one["why"] = "silent" if place in published else "no record"
        elif ground is None or any(place not in side for side in exact):
            one |= {"total": new - old, "why": why or "no frames"}
        else:
            one |= ground.part(exact[0][place], exact[1][place], level=alpha / tested)
        found.append(one)
    return found


def _value(record: Mapping[str, Any] | None) -> float | None:
    """The value of a judged number; None where it is hidden, not enough, or still that of an edition before."""
    if record is None or len(record["rows"]) != 1 or record.get("verdict") == "not enough data":
        return None
    if record.get("hidden") or record.get("kept"):
        return None
    value = dict(zip(record["columns"], record["rows"][0], strict=True)).get("estimate")
    return None if value is None else float(value)


def _ground(a: Side, b: Side, store: Path, stack: contextlib.ExitStack) -> tuple[Ground | None, str]:
    """What numbers can be measured on again, or why they cannot."""
    from journeylib.publish.ground import Ground

    if a.exact is None or b.exact is None:
        return None, "no frames"
    if b.store is None:
        return None, "unnamed"
    if reason := past.gone(store, b.store):
        return None, reason
    here = stack.enter_context(past.as_of_snapshot(store, b.store["snapshot"]))
    return Ground.of(a, b, here, store, stack), ""
