"""Check the parameters of all notebooks before any kernel starts.

A notebook declares its parameters in the one cell tagged `parameters`: plain
literals, `name = value  # help`. A default of None must be given by the recipe. A help
that says `one of "a", "b"` allows only the words in quotes; one that ends with
`ISO date`, only a day of the calendar, or an empty text where that is the default.
Without these checks a misspelt name is ignored and a notebook without the tag
overwrites what it is given.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journeylib.errors import ParameterError, RecipeError, together
from journeylib.publish import fields, notebook

__all__ = ["COMMON", "Parameter", "declared", "settle"]

# What the runner gives to every notebook that declares it, and where it comes from.
COMMON: Mapping[str, str] = {
    "store": "store",
    "as_of": "[period] as_of",
    "start": "[period] start",
    "goals": "[goals]",
    "segments": "[segments]",
    "notes": "[notes]",
}

# Parameters that choose of what the recipe names, one or a list; an empty text chooses none.
_CHOICES: Mapping[str, str] = {"goal": "goals", **dict.fromkeys(("by", "alike", "inside", "also"), "segments")}

_KINDS: Mapping[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a table",
}


@dataclass(frozen=True)
class Parameter:
    """A parameter as its notebook declares it; `default` None means that it must be given."""

    name: str
    default: Any
    help: str


def declared(path: Path) -> dict[str, Parameter]:
    """Read the parameters that the notebook at `path` declares.

    Raises ParameterError with every line that is not a plain literal, and where the
    notebook has no cell tagged `parameters`, or several.
    """
    found, mistakes = _declared(path)
    if mistakes:
        raise ParameterError(together(mistakes))
    return found


def settle(
    recipe: Path | str,
    notebooks: Mapping[str, Path],
    given: Mapping[str, Mapping[str, Any]],
    common: Mapping[str, Any],
) -> dict[str, dict[str, Any]]:
    """Settle every parameter of every notebook: as the recipe or the runner gives it, else its default.

    `given` is what the file `recipe` says for each notebook; `common` reaches a notebook
    only where it declares the name. Raises ParameterError with all mistakes of all
    notebooks: unknown names, wrong types, missing values.
    """
    settled, mistakes = {}, list[str]()
    for name, path in notebooks.items():
        known, wrong = _declared(path)
        mistakes += wrong
        if wrong:
            continue
        here, wanted = f"{recipe}: [parameters.{name}]", dict(given.get(name, {}))
        offered = [key for key in known if key not in COMMON]
        for key in sorted(set(wanted) - set(offered)):
            if key in COMMON:
                mistakes.append(f"{here} {key} is set by {COMMON[key]}. Remove it here.")
            else:
                mistakes.append(f"{here} {key} is not a parameter of {path.name}. {fields.near(key, offered)}")
        wanted |= {key: value for key, value in common.items() if key in known}
        settled[name] = {key: _value(f"{here} {key}", parameter, wanted, mistakes) for key, parameter in known.items()}
        mistakes += _unnamed(here, settled[name], common)
    if mistakes:
        raise ParameterError(together(mistakes))
    return settled


def _unnamed(here: str, settled: Mapping[str, Any], common: Mapping[str, Any]) -> list[str]:
    """Choices of a goal or a segment that the recipe does not name."""
    mistakes = []
    for key, table in _CHOICES.items():
        chosen, names = settled.get(key), common.get(table)
        for value in chosen if isinstance(chosen, list) else [chosen]:
            if isinstance(value, str) and names is not None and value not in names and (value or key == "goal"):
                there = f"It names {', '.join(names)}." if names else "It names none."
                mistakes.append(f'{here} {key} = "{value}" is not among {COMMON[table]} of the recipe. {there}')
    return mistakes


def _declared(path: Path) -> tuple[dict[str, Parameter], list[str]]:
    """The declared parameters, and the mistakes of the declaration."""
    try:
        cells = [cell for cell in notebook.read(path) if cell.kind == "code" and "parameters" in cell.tags]
    except RecipeError as error:
        return {}, [str(error)]
    if len(cells) != 1:
        found = f"cells {', '.join(str(cell.number) for cell in cells)}" if cells else "no cell"
        return {}, [f"{path} has {found} tagged parameters. Tag exactly one code cell."]
    here, source = f"{path}, cell {cells[0].number}", cells[0].source
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        return {}, [f"{here}, line {error.lineno}: {error.msg}. Mend that line; it may hold plain literals only."]
    helps, known, mistakes = _comments(source), dict[str, Parameter](), list[str]()
    for statement in statements:
        name, default = _literal(statement)
        if name is None:
            line = source.splitlines()[statement.lineno - 1].strip()
            mistakes.append(
                f"{here}, line {statement.lineno}: `{line}` is not a plain literal. Write name = value, "
                "the value being text, a number, True, False, None, a list or a dict."
            )
        elif name in known:
            mistakes.append(f"{here}, line {statement.lineno}: {name} is declared twice. Keep one of them.")
        else:
            known[name] = Parameter(name, default, helps.get(statement.end_lineno or statement.lineno, ""))
    return known, mistakes


def _value(place: str, parameter: Parameter, wanted: dict[str, Any], mistakes: list[str]) -> Any:
    about = f" ({parameter.help})" if parameter.help else ""
    if parameter.name not in wanted:
        if parameter.default is None:
            mistakes.append(f"{place} is missing{about}. The notebook has no default; write one there.")
        return parameter.default
    value = wanted[parameter.name]
    right = _right_kind(value, parameter.default)
    if right is not None:
        mistakes.append(f"{place} is {fields.shown(value)}{about}. Write {right}, as {parameter.default!r} is.")
    elif remedy := _remedy(value, parameter):
        mistakes.append(f"{place} is {fields.shown(value)}{about}. {remedy}")
    is_whole_for_float = isinstance(parameter.default, float) and isinstance(value, int)
    return float(value) if right is None and is_whole_for_float else value


def _remedy(value: Any, parameter: Parameter) -> str:
    """What to write in place of a value that the parameter's help rules out; empty where it does not."""
    allowed = re.search(r'\bone of (".*)', parameter.help)
    if allowed and value not in (words := re.findall(r'"([^"]*)"', allowed[1])):
        return fields.near(str(value), words)
    is_day = fields.day(value) is not None or (value == "" and parameter.default == "")
    if parameter.help.endswith("ISO date") and not is_day:
        return 'Write a date such as "2026-06-30"' + (", or leave it empty." if parameter.default == "" else ".")
    return ""


def _right_kind(value: Any, default: Any) -> str | None:
    """What the value should be, where it is something else than the default is; None where it fits.

    A whole number fits a number; true and false are no numbers; a list's items are like its first default.
    """
    if default is None or type(value) is type(default) or (type(value), type(default)) == (int, float):
        items = value if isinstance(value, list) and default else []
        wrong = [right for item in items if (right := _right_kind(item, default[0]))]
        return f"a list, each of it {wrong[0]}" if wrong else None
    return _KINDS[type(default)]


def _literal(statement: ast.stmt) -> tuple[str | None, Any]:
    """Name and value of `name = literal`, with or without an annotation; no name where it is none."""
    match statement:
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value)
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
        ):
            try:
                default = ast.literal_eval(value)
            except ValueError:
                return None, None
            return (name, default) if default is None or fields.plain(default) is not None else (None, None)
    return None, None


def _comments(source: str) -> dict[int, str]:
    """The comment at the end of each line, without a leading "help", by line number."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: re.sub(r"^#+\s*(help\b:?\s*)?", "", token.string)
        for token in tokens
        if token.type == tokenize.COMMENT
    }
