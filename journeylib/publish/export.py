"""Export who is likely to leave, for the people who act on it: a list of customers, and never on a page.

A recipe and its page on churn say what leaving is and what customers are compared by; `lists` says how the file
is made and kept.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journeylib.days import DAY_US, day_of, midnight
from journeylib.errors import RecipeError, RefusedError
from journeylib.publish import diff, lists, parameters
from journeylib.publish import recipe as recipes
from journeylib.publish.recipe import Period, Recipe

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["at_risk", "lines"]

_ASKED: Mapping[str, str] = {  # of `churn.outlook`, and the page's parameter that says it
    "definition": "definition",
    "silent_days": "silent_days",
    "touchpoints": "active_touchpoints",
    "contacts": "contacts",
    "complaint": "complaint",
    "resolved": "resolved",
}


def at_risk(
    path: Path | str,
    folder: Path | str,
    *,
    days: int | None = None,
    most: int = 200,
    ids: bool = False,
    today: datetime.date | None = None,
) -> dict[str, Any]:
    """Write the customers most likely to leave within `days` to a CSV file in `folder`, at most so many.

    The days are the `ahead_days` of the page on churn where none are given.

    Store, day, segments and the definition of leaving are those of the recipe at `path` and its page on churn: what
    that page is compared by stands in the model and in the list. `ids` adds the customers' own ids, which only a
    recipe with audience = "private" allows. The answer has path, as_of, days, listed, there, expected, foretold,
    and `last`: what became of those on the last list in the folder (None where there is none).

    Raises RefusedError where the folder is one that others read, or no list can be made.
    """
    recipe, folder = recipes.read(path), Path(folder)
    if most < 1:
        raise RefusedError(f"--most {most} lists nobody. Give 1 or more, such as 200.")
    if ids and recipe.audience != "private":
        raise RefusedError(
            f'--ids names customers by their own ids, but {path} has audience = "{recipe.audience}". Leave --ids out, '
            'or use a recipe with audience = "private".'
        )
    _refuse(folder.resolve(), recipe)

    import journeylib
    from journeylib import engine
    from journeylib.data.store import manifest
    from journeylib.measures import churn
    from journeylib.measures.churn.listed import became

    today = today or datetime.datetime.now(datetime.UTC).date()
    period = recipes.resolve(recipe, manifest(recipe.store_path)["facts"], today)
    said = _settled(recipe, period)
    with engine.on(recipe.engine):
        store = journeylib.open_store(recipe.store_path, through=period.as_of, start=period.start)
    chosen = [name for name in dict.fromkeys((said.get("by"), said.get("inside"), *said.get("alike", ()))) if name]
    days = said.get("ahead_days", 90) if days is None else days
    found = churn.outlook(
        store,
        days=days,
        covariates={name: recipe.segments[name] for name in chosen},
        **{name: said[own] for name, own in _ASKED.items() if own in said},
    )
    people = churn.listed(found, most)
    [every] = churn.at_risk(found).to_dict("records")
    key_path = diff.private(recipe).with_name("export.key")
    key = lists.key_of(key_path)

    def since(day: str, ahead: int) -> tuple[int, pd.DataFrame]:
        at_us = midnight(day) + DAY_US
        passed = max(0, min(ahead, (found.terms.told_us(store) - at_us) // DAY_US))
        return passed, became(store, found.terms, at_us, days=max(1, passed))

    as_of = day_of(found.now_us - DAY_US).isoformat()  # where the data end before the recipe's day, their last
    before, last = lists.earlier(folder, as_of), None
    if before is not None:
        told = lists.outcome(folder / f"at-risk-{before}.csv", key, lambda ahead: since(before, ahead))
        last = {"as_of": before, **told}
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"at-risk-{as_of}.csv"
    lists.write(file, people, chosen, key, days, ids=ids)
    return {
        "path": str(file),
        "as_of": as_of,
        "days": days,
        "listed": len(people),
        "there": int(every["n"]),
        "expected": {"listed": float(people["risk"].mean()), "everybody": every["estimate"]},
        "foretold": [_plain(row) for row in churn.foretold(found).to_dict("records")],
        "last": last,
        "key": str(key_path),
        "ids": ids,
    }


def lines(done: Mapping[str, Any]) -> list[str]:
    """Say in words what `at_risk` answered."""
    listed, everybody = (f"{done['expected'][whom]:.0%}" for whom in ("listed", "everybody"))
    said = [
        f"{done['path']}: {done['listed']:,} of {done['there']:,} customers there at the end of {done['as_of']}",
        f"  {listed} of the listed are expected to leave within {done['days']} days, {everybody} of all",
    ]
    told = {(row["way"], row["measure"]): row for row in done["foretold"]}
    if ("model", "concordance") in told:
        pairs, gain = told["model", "concordance"]["estimate"], told["model less rule", "concordance"]
        is_better, is_worse = (gain["low"] or 0) > 0, (gain["high"] or 0) < 0
        than = "better than" if is_better else "worse than" if is_worse else "not shown to be better than"
        said.append(
            f"  in the last {done['days']} days seen, who left first had the higher risk in {pairs:.0%} of pairs: "
            f"{than} going by who was longest inactive"
        )
    said += _last_words(done["last"]) if done["last"] else []
    who = "their own ids stand beside them" if done["ids"] else f"the store and {done['key']} together tell who is who"
    said.append(f"  customers are named by pseudonym, {who}; keep the file as safe as the customers' data")
    return said


def _last_words(last: Mapping[str, Any]) -> list[str]:
    begun, ahead, passed = f"  of the last list, {last['as_of']}", last["days"], last["passed_days"]
    if not last["matched"]:
        return [f"{begun}, nobody is found: it was made with another key or store"]
    if not passed:
        return [f"{begun}, it cannot be told yet who has left since"]
    listed, others = (_counted(last[whom]) for whom in ("listed", "others"))
    when = f"within the {ahead} days" if passed == ahead else f"in the first {passed} of {ahead} days"
    return [
        f"{begun}, {listed} left {when}; {last['expected']:.0%} were expected within {ahead}; of the others {others}",
        "  what was done for those listed is in these numbers, so they judge neither the list nor what was done",
    ]


def _counted(one: Mapping[str, Any]) -> str:
    count = f"{one['left']:,} of {one['n']:,}"
    return f"{count} ({one['estimate']:.0%}, {one['low']:.0%} to {one['high']:.0%})" if one["n"] else count


def _refuse(folder: Path, recipe: Recipe) -> None:
    """Refuse a folder that others read: reports, where editions are published or committed, and the store."""
    homes = {recipe.path.resolve().parent: "the reports of the recipe", recipe.store_path.resolve(): "the store"}
    homes |= {one: "a folder under version control" for one in (folder, *folder.parents) if (one / ".git").exists()}
    homes |= {one: "an edition" for one in (folder, *folder.parents) if (one / "findings.json").exists()}
    for home, what in homes.items():
        if folder.is_relative_to(home):
            raise RefusedError(
                f"{folder} lies in {home}, {what}, which others read. A list of customers does not belong there: "
                "give --to a folder that only those have who act on it."
            )


def _settled(recipe: Recipe, period: Period) -> dict[str, Any]:
    """The parameters of the recipe's page on churn."""
    if "churn" not in recipe.notebooks:
        raise RecipeError(
            f"{recipe.path} has no page on churn, and so does not say what leaving is. "
            'Add "churn" to notebooks, and [parameters.churn].'
        )
    common = {"store": str(recipe.store_path), "as_of": period.as_of, "start": period.start, "goals": recipe.goals}
    common |= {"segments": recipe.segments, "notes": recipe.notes}
    pages = {"churn": recipe.notebook_path("churn")}
    return parameters.settle(recipe.path, pages, recipe.parameters, common)["churn"]


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row as JSON can say it."""
    plain = {str(name): one.item() if hasattr(one, "item") else one for name, one in row.items()}
    return {name: None if isinstance(one, float) and math.isnan(one) else one for name, one in plain.items()}
