"""A recipe is read whole or refused with all its mistakes, and its dates become days."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from journeylib import schema
from journeylib.errors import BusyError, RecipeError
from journeylib.publish import recipe as recipes
from journeylib.publish.recipe import Period, Recipe
from journeylib.show import rows
from journeylib.show.forms import FORMS

TODAY = datetime.date(2026, 7, 1)
FACTS = {"begins_on": "2026-01-01", "complete_through": "2026-06-30"}

WHOLE = """
name = "demo"
title = "How customers fare"
store = "stores/demo"
notebooks = ["overview", "churn"]
audience = "shared"
language = "en"
cadence = "weekly"
looks = 52
require_complete_through = "as_of"
[period]
as_of = "yesterday"
start = "-90d"
[goals.purchase]
touchpoint = "order placed"
within_days = 30
[segments]
plan = "customers.plan"
[[question]]
text = "Do yearly contracts leave later?"
measure = "churn.survival"
by = "plan"
expect = "annual > monthly"
dated = 2026-01-11
[notes]
"2026-03-03" = "new checkout"
[parameters.churn]
silent_days = 60
dates = [2026-01-01, "x"]
"""


def write(folder: Path, text: str = WHOLE) -> Path:
    path = folder / "reports" / "demo.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, *changes: tuple[str, str]) -> Recipe:
    text = WHOLE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return recipes.read(write(folder, text))


def refused(folder: Path, *changes: tuple[str, str]) -> str:
    with pytest.raises(RecipeError) as caught:
        read(folder, *changes)
    return str(caught.value).replace(str(folder / "reports"), "reports")


def test_a_whole_recipe_is_read_with_dates_as_text(tmp_path: Path) -> None:
    recipe = read(tmp_path)
    assert (recipe.name, recipe.title, recipe.looks, recipe.time_limit_minutes) == (
        "demo",
        "How customers fare",
        52,
        30,
    )
    assert recipe.notebooks == ("overview", "churn")
    assert recipe.goals == {"purchase": {"touchpoint": "order placed", "within_days": 30}}
    assert recipe.questions[0]["dated"] == "2026-01-11"
    assert recipe.notes == {"2026-03-03": "new checkout"}
    assert recipe.parameters == {"churn": {"silent_days": 60, "dates": ["2026-01-01", "x"]}}


def test_store_and_notebooks_are_found_from_the_folder_above_reports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = read(tmp_path)
    assert recipe.store_path == tmp_path / "stores/demo"
    assert recipe.notebook_path("churn") == tmp_path / "notebooks/churn.ipynb"
    monkeypatch.chdir(tmp_path / "reports")
    assert recipes.read("demo.toml").store_path == tmp_path / "stores/demo"


def test_what_may_be_left_out_has_a_default(tmp_path: Path) -> None:
    short = 'name="demo"\nstore="s"\nnotebooks=["a"]\n[period]\nas_of = 2026-06-30\nstart = "begin"\n'
    recipe = recipes.read(write(tmp_path, short))
    assert (recipe.title, recipe.audience, recipe.language, recipe.cadence) == ("demo", "shared", "en", None)
    assert recipe.engine == "duckdb"
    assert (recipe.as_of, recipe.start, recipe.goals, recipe.require_complete_through) == (
        "2026-06-30",
        "begin",
        {},
        None,
    )


def test_all_mistakes_come_at_once_each_with_file_place_value_and_remedy(tmp_path: Path) -> None:
    said = refused(
        tmp_path,
        ("looks = 52", "looks = true\ncadance = 1"),
        ('as_of = "yesterday"', 'as_of = "yesteday"'),
        ("within_days = 30", ""),
        ('expect = "annual > monthly"', 'expect = "annual"'),
    )
    assert said == (
        "5 mistakes:\n"
        "  reports/demo.toml: looks is true. Write the whole number of planned editions, 1 or more.\n"
        '  reports/demo.toml: [period] as_of is "yesteday". Write "yesterday", "complete" (the last complete day '
        "of the store) or a date such as 2026-06-30.\n"
        "  reports/demo.toml: [goals.purchase] within_days is missing. Write a whole number of days, 1 or more.\n"
        '  reports/demo.toml: [[question]] 1 expect is "annual". Write what was expected, such as "annual > monthly".\n'
        '  reports/demo.toml: cadance is not known here. Did you mean "cadence"?'
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "demo"', 'name = "../demo"', 'name is "../demo". Write a name of letters, digits, - and _'),
        ('name = "demo"', 'name = "latest"', 'name is "latest". Write a name'),
        ('name = "demo"', f'name = "{"x" * 61}"', "Write a name"),
        ('language = "en"', 'language = "he"', 'language is "he". Write "en"; pages speak English only for now.'),
        ("looks = 52", 'engine = "sprak"', 'engine is "sprak". Write "duckdb" or "spark".'),
        ('["overview", "churn"]', '["churn", "Churn"]', 'notebooks is ["churn", "Churn"]. Write different names'),
        ('["overview", "churn"]', '["../churn"]', "Write different names in notebooks/"),
        ('start = "-90d"', 'start = "-0d"', 'start is "-0d". Write "-90d" (the last 90 days), "begin"'),
        ('start = "-90d"', "start = 2026-01-01T00:00:00", "start is 2026-01-01T00:00:00. Write"),
        (
            'plan = "customers.plan"',
            '"Plan x" = "customers.plan"',
            '[segments] has the name "Plan x". Use a name of small',
        ),
        ('plan = "customers.plan"', "plan = 3", '[segments] plan is 3. Write text such as "customers.plan", or'),
        ('"2026-03-03"', '"3 March"', '[notes] has the name "3 March". Use a date in quotes'),
        ("[goals.purchase]", "[goals.Purchase]", '[goals] has the name "Purchase". Use a name of small letters'),
        ("[parameters.churn]", "[parameters.chrun]", "is for a notebook that this recipe does not run. Did you mean"),
        ("silent_days = 60", "silent_days = nan", "[parameters.churn] silent_days is NaN. Write text, a number"),
        ("silent_days = 60", "silent_days = 12:30:00", "silent_days is 12:30:00. Write text"),
        ("[[question]]", "[question]", "question is {"),
        ('by = "plan"', 'by = "plann"', '1 by is "plann", which [segments] does not name. Did you mean "plan"?'),
        ('[segments]\nplan = "customers.plan"', "", "does not name. There is none to choose from."),
        ("annual > monthly", "annual > monthly > x", 'expect is "annual > monthly > x". Write what was expected'),
        ("annual > monthly", "annual>monthly", ""),
        (
            'touchpoint = "order placed"',
            'touchpoint = "  "',
            '[goals.purchase] touchpoint is "  ". Write the touchpoint',
        ),
        ("looks = 52", "time_limit_minutes = 0", "time_limit_minutes is 0. Write the minutes"),
    ],
)
def test_each_mistake_is_told_in_its_own_words(tmp_path: Path, old: str, new: str, said: str) -> None:
    if said:
        assert said in refused(tmp_path, (old, new))
    else:
        read(tmp_path, (old, new))


def test_a_segment_may_not_be_called_like_a_column(tmp_path: Path) -> None:
    said = refused(tmp_path, ('plan = "customers.plan"', 'plan = "customers.plan"\nsteps = "customers.flat"'))
    assert said == (
        'reports/demo.toml: [segments] has the name "steps", which a column of the data or of the answers has. '
        'Use another, such as "steps_group" or "customer_steps".'
    )
    forms = {column for kind in FORMS.values() for columns in kind.values() for column in columns}
    tables = {column for table in schema.TABLES.values() for column in table}
    for name in sorted({*schema.COUNTS, *schema.RESULT, *tables, *forms, *rows._ANSWERS, "before", "outcome"}):
        assert f'has the name "{name}"' in refused(tmp_path, ("[segments]", f'[segments]\n{name} = "customers.flat"'))


def test_a_segment_may_be_conditions_with_a_name_for_each_group(tmp_path: Path) -> None:
    loud = 'loud = "customers where contacts >= 3 within 30 days"'
    recipe = read(tmp_path, ("[segments]", f"[segments.mood]\n{loud}\n[segments]"))
    assert recipe.segments["mood"] == {"loud": "customers where contacts >= 3 within 30 days"}
    assert refused(tmp_path, ("[segments]", f"[segments.mood]\n{loud.replace('>=', '>')}\n[segments]")).startswith(
        'reports/demo.toml: [segments] segment mood = "contacts > 3 within 30 days" is not understood. A condition is'
    )


def test_a_file_that_is_no_recipe_is_named(tmp_path: Path) -> None:
    path = write(tmp_path)
    with pytest.raises(RecipeError, match=r"no recipe .*dmo\.toml; .*reports holds demo\.toml"):
        recipes.read(path.with_name("dmo.toml"))
    path.write_bytes(b"name = \xff")
    with pytest.raises(RecipeError, match=r"demo\.toml is not UTF-8 text"):
        recipes.read(path)
    path.write_text("name = ")
    with pytest.raises(RecipeError, match=r"is not TOML: Invalid value \(at end of document\)\. Mend that line"):
        recipes.read(path)
    with pytest.raises(RecipeError, match="cannot be read: Is a directory"):
        recipes.read(path.parent)
    path.write_bytes(b"\xef\xbb\xbf" + WHOLE.encode())
    assert recipes.read(path).name == "demo"


def test_moving_dates_become_days_and_minus_90d_is_90_days_with_as_of(tmp_path: Path) -> None:
    assert recipes.resolve(read(tmp_path), FACTS, TODAY) == Period(start="2026-04-02", as_of="2026-06-30")
    week = read(tmp_path, ("-90d", "-7d"), ('"yesterday"', '"complete"'))
    assert recipes.resolve(week, FACTS, TODAY) == Period(start="2026-06-24", as_of="2026-06-30")
    whole = read(tmp_path, ("-90d", "begin"), ('"yesterday"', "2026-05-31"))
    assert recipes.resolve(whole, FACTS, TODAY) == Period(start="2026-01-01", as_of="2026-05-31")


def test_a_period_never_reaches_back_before_the_data(tmp_path: Path) -> None:
    assert recipes.resolve(read(tmp_path, ("-90d", "-9000d")), FACTS, TODAY).start == "2026-01-01"


def test_data_that_is_not_complete_yet_is_a_reason_to_try_again(tmp_path: Path) -> None:
    tomorrow = TODAY + datetime.timedelta(days=1)
    with pytest.raises(BusyError, match=r"complete through 2026-06-30, but .*requires it through 2026-07-01"):
        recipes.resolve(read(tmp_path), FACTS, tomorrow)
    free = read(tmp_path, ('require_complete_through = "as_of"', ""))
    assert recipes.resolve(free, FACTS, tomorrow).as_of == "2026-07-01"


def test_a_period_outside_the_data_is_refused(tmp_path: Path) -> None:
    early = read(tmp_path, ('"yesterday"', "2025-12-31"))
    with pytest.raises(RecipeError, match="as_of is 2025-12-31, but the data of stores/demo begins on 2026-01-01"):
        recipes.resolve(early, FACTS, TODAY)
    turned = read(tmp_path, ('"-90d"', "2026-07-01"))
    with pytest.raises(RecipeError, match=r"start is 2026-07-01, after as_of, 2026-06-30\. Write 2026-06-30"):
        recipes.resolve(turned, FACTS, TODAY)


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ('"yesterday"', "2026-06-30", True),
        ('"2026-03-03" = "new checkout"', '"2026-03-04" = "x"', True),
        ('"weekly"', '"daily"', True),
        ('title = "How customers fare"', "", True),
        ("looks = 52", 'looks = 52\nengine = "spark"', True),
        ('"-90d"', '"-30d"', False),
        ("within_days = 30", "within_days = 31", False),
        ("silent_days = 60", "silent_days = 61", False),
        ('audience = "shared"', 'audience = "private"', False),
        ('["overview", "churn"]', '["churn"]', False),
    ],
)
def test_a_series_survives_moving_dates_and_nothing_else(tmp_path: Path, old: str, new: str, same: bool) -> None:
    assert (recipes.series(read(tmp_path)) == recipes.series(read(tmp_path, (old, new)))) is same


def test_two_start_dates_are_one_series(tmp_path: Path) -> None:
    january, may = (read(tmp_path, ('"-90d"', day)) for day in ["2026-01-01", "2026-05-01"])
    assert recipes.series(january) == recipes.series(may)
