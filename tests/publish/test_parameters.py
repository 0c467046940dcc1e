"""Parameters are checked before a kernel starts, all mistakes of all notebooks at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from journeylib.errors import ParameterError
from journeylib.publish import parameters
from journeylib.publish.parameters import Parameter


def write(folder: Path, source: str, name: str = "churn", tags: tuple[str, ...] = ("parameters",)) -> Path:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Who leaves?"]},
        {
            "cell_type": "code",
            "metadata": {"tags": list(tags)},
            "source": source,
            "outputs": [],
            "execution_count": None,
        },
    ]
    path = folder / f"{name}.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))
    return path


def settle(path: Path, given: dict[str, Any], **common: Any) -> dict[str, Any]:
    return parameters.settle("reports/demo.toml", {"churn": path}, {"churn": given}, common)["churn"]


def mistake(path: Path, given: dict[str, Any], **common: Any) -> str:
    with pytest.raises(ParameterError) as caught:
        settle(path, given, **common)
    return str(caught.value)


def test_literals_annotations_and_help_are_read(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        'store = "stores/demo"  # help: the journey store\nsilent_days: int = 60  # days # that count as silent\n\n'
        'goals = {\n    "purchase": {"within_days": 30},\n}  # by name\nlowest = -1.5\n',
    )
    assert parameters.declared(path) == {
        "store": Parameter("store", "stores/demo", "the journey store"),
        "silent_days": Parameter("silent_days", 60, "days # that count as silent"),
        "goals": Parameter("goals", {"purchase": {"within_days": 30}}, "by name"),
        "lowest": Parameter("lowest", -1.5, ""),
    }


def test_a_line_that_is_no_plain_literal_is_named_with_its_place(tmp_path: Path) -> None:
    path = write(tmp_path, 'days = 60\nstore = open("x")\nimport os\na, b = 1, 2\nrate = float("nan")\npair = (1, 2)\n')
    with pytest.raises(ParameterError) as caught:
        parameters.declared(path)
    said = str(caught.value)
    assert said.startswith("5 mistakes:")
    assert f'{path}, cell 2, line 2: `store = open("x")` is not a plain literal. Write name = value' in said
    assert "line 6: `pair = (1, 2)`" in said


def test_a_notebook_without_the_tag_or_with_two_is_refused(tmp_path: Path) -> None:
    assert "has no cell tagged parameters. Tag exactly one code cell." in mistake(write(tmp_path, "a = 1", tags=()), {})


def test_a_missing_notebook_is_named_beside_those_that_are_there(tmp_path: Path) -> None:
    write(tmp_path, "a = 1", name="overview")
    assert mistake(tmp_path / "churn.ipynb", {}).endswith("churn.ipynb; the notebooks there: overview.")


def test_a_file_that_is_no_notebook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "churn.ipynb"
    for said in ["{", "[]", '{"nbformat": 4}', '{"nbformat": 4, "cells": [1]}']:
        path.write_text(said)
        assert mistake(path, {}) == f"{path} is not a notebook. Save it again with JupyterLab."
    path.write_text('{"nbformat": 3, "worksheets": []}')
    assert "a notebook of format 3" in mistake(path, {})


def test_a_syntax_error_and_a_double_name_are_told_apart(tmp_path: Path) -> None:
    assert "cell 2, line 2: " in mistake(write(tmp_path, "a = 1\n%matplotlib inline"), {})
    assert "line 2: a is declared twice. Keep one of them." in mistake(write(tmp_path, "a = 1\na = 2"), {})


def test_a_misspelt_parameter_is_refused_with_the_name_that_was_meant(tmp_path: Path) -> None:
    path = write(tmp_path, "silent_days = 60  # days without any event")
    assert mistake(path, {"silent_day": 30}) == (
        "reports/demo.toml: [parameters.churn] silent_day is not a parameter of churn.ipynb. "
        'Did you mean "silent_days"?'
    )


@pytest.mark.parametrize(
    ("default", "given", "right"),
    [
        ("60", "60", "a whole number"),
        ("60", 60.0, "a whole number"),
        ("60", True, "a whole number"),
        ("0.5", True, "a number"),
        ("True", 1, "true or false"),
        ("'a'", 1, "text"),
        ("['a']", "a", "a list"),
        ("['a']", [1], "a list, each of it text"),
        ("{}", [], "a table"),
    ],
)
def test_a_value_of_another_type_is_refused(tmp_path: Path, default: str, given: Any, right: str) -> None:
    said = mistake(write(tmp_path, f"silent_days = {default}  # days without any event"), {"silent_days": given})
    assert said == (
        f"reports/demo.toml: [parameters.churn] silent_days is {json.dumps(given)} (days without any event). "
        f"Write {right}, as {default} is."
    )


@pytest.mark.parametrize(
    ("line", "given", "remedy"),
    [
        (
            'x = "contract"  # one of "contract" (the end date), "lapse" (a silence)',
            "contrct",
            'Did you mean "contract"?',
        ),
        ('x = "contract"  # one of "contract", "lapse"', "", "It may be: contract, lapse."),
        ('x = "2025-04-01"  # the first day, ISO date', "2025-13-01", 'Write a date such as "2026-06-30".'),
        ('x = "2025-04-01"  # the first day, ISO date', "", 'Write a date such as "2026-06-30".'),
        ('x = ""  # the first day, ISO date', "May", 'Write a date such as "2026-06-30", or leave it empty.'),
        ("x = None  # the first day, ISO date", 3, 'Write a date such as "2026-06-30".'),
        ('x = "contract"  # one of "contract" (the end date), "lapse" (a silence)', "lapse", ""),
        ('x = ""  # the first day, ISO date', "", ""),
        ('x = "2025-04-01"  # the first day, ISO date', "2025-02-28", ""),
        ("days = {}  # what happened on which day, ISO date to text", {"May": "x"}, ""),
        ('x = "a"  # any one of the plans', "b", ""),
    ],
)
def test_a_help_that_names_the_right_values_allows_no_other(tmp_path: Path, line: str, given: Any, remedy: str) -> None:
    path, name = write(tmp_path, line), line.split(" ")[0]
    if remedy:
        said = mistake(path, {name: given})
        assert said.startswith(f"reports/demo.toml: [parameters.churn] {name} is {json.dumps(given)} (")
        assert said.endswith(remedy)
    else:
        assert settle(path, {name: given}) == {name: given}


def test_a_whole_number_fits_a_number_and_becomes_one(tmp_path: Path) -> None:
    assert repr(settle(write(tmp_path, "share = 0.5"), {"share": 1})) == "{'share': 1.0}"


def test_the_runner_gives_common_parameters_only_where_they_are_declared(tmp_path: Path) -> None:
    path = write(tmp_path, 'as_of = None\nstore = "stores/demo"\nsilent_days = 60')
    settled = settle(path, {}, as_of="2026-06-30", store="/data/demo", goals={"purchase": {}})
    assert settled == {"as_of": "2026-06-30", "store": "/data/demo", "silent_days": 60}


def test_a_recipe_cannot_set_what_the_runner_sets(tmp_path: Path) -> None:
    said = mistake(write(tmp_path, 'as_of = ""'), {"as_of": "2026-01-01"}, as_of="2026-06-30")
    assert said == "reports/demo.toml: [parameters.churn] as_of is set by [period] as_of. Remove it here."


def test_a_default_of_none_must_be_given(tmp_path: Path) -> None:
    path = write(tmp_path, "horizon_days = None  # how far the curve goes")
    assert mistake(path, {}) == (
        "reports/demo.toml: [parameters.churn] horizon_days is missing (how far the curve goes). "
        "The notebook has no default; write one there."
    )
    assert settle(path, {"horizon_days": 180}) == {"horizon_days": 180}


def test_the_mistakes_of_all_notebooks_come_at_once(tmp_path: Path) -> None:
    paths = {"churn": write(tmp_path, "a = 1"), "overview": write(tmp_path, "b = c", name="overview")}
    with pytest.raises(ParameterError) as caught:
        parameters.settle("reports/demo.toml", paths, {"churn": {"a": "x", "z": 1}}, {})
    assert str(caught.value).startswith("3 mistakes:\n")


def test_a_goal_or_a_segment_that_the_recipe_does_not_name_is_refused(project: Any) -> None:
    path = project.notebook("a", project.code("1"), parameters='goal = "x"\nby = "plan"\ngoals = {}\nsegments = {}')
    common = {"goals": {"purchase": {}}, "segments": {}}
    with pytest.raises(ParameterError) as raised:
        parameters.settle("r.toml", {"a": path}, {}, common)
    assert 'goal = "x" is not among [goals] of the recipe. It names purchase.' in str(raised.value)
    assert 'by = "plan" is not among [segments] of the recipe. It names none.' in str(raised.value)
    chosen = parameters.settle("r.toml", {"a": path}, {"a": {"goal": "purchase", "by": ""}}, common)
    assert chosen["a"]["by"] == ""
