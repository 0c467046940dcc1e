"""Write a suggested mapping down in TOML, with a comment wherever a person has to look or decide."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from journeylib.data import presets
from journeylib.data.suggest import Suggestion
from journeylib.errors import INVISIBLE

__all__ = ["written"]

_CAN_BE_NAMED = {"customer_id", "occurred_at", "touchpoint"}
_SCORES = "nps is 0 to 10, csat 1 to 5, ces 1 to 7: say which"


def written(made: Suggestion, *, path: str, head: str) -> str:
    """The mapping as TOML text; `path` is where it finds the source, `head` a comment above it.

    >>> print(written(Suggestion(preset="segment"), path="may.csv", head="From may.csv."), end="")
    # From may.csv.
    [[source]]
    preset = "segment"
    path = "may.csv"
    """
    lines = [f"# {head}", *(f"# {note}" for note in made.notes), "[[source]]"]
    lines.append(f"preset = {_text(made.preset)}" if made.preset else f"kind = {_text(made.kind)}")
    lines.append(f"path = {_text(path)}")
    if made.columns or made.lacks or not made.preset:
        lines += _columns(made)
    if not made.preset:
        lines += _constants(made)
        if made.attributes:
            lines.append("[source.attributes]   # take those that segments need")
            lines += [f"# {_key(name)} = {_text(name)}" for name in made.attributes]
    lines += _time(made)
    if said := _said(made):
        lines += ["[source.file]", *(f"{name} = {_value(value)}" for name, value in said.items())]
    ids = made.columns.get("customer_id", ())
    if len(ids) > 1:
        lines += [
            "[identity]",
            'mode = "none"   # "replay" gives what a device did earlier to the person who logs in there',
        ]
    return "\n".join(lines) + "\n"


def _columns(made: Suggestion) -> list[str]:
    lines = ["[source.columns]"]
    for name, theirs in made.columns.items():
        several = f"[{', '.join(map(_text, theirs))}]   # in order of trust" if len(theirs) > 1 else _text(theirs[0])
        lines.append(f"{name} = {several}")
    lines += [f'# {name} = "…"   # not recognised: name your column' for name in made.lacks if name in _CAN_BE_NAMED]
    return lines


def _constants(made: Suggestion) -> list[str]:
    lines = [f"{name} = {_text(value)}" for name, value in made.constants.items() if name != "channel"]
    if "channel" in made.constants:
        lines.append(
            f"channel = {_text(made.constants['channel'])}   # no column says it: which channel are these events?"
        )
    if "score" in made.columns and "score_type" not in {*made.columns, *made.constants}:
        lines.append(f'# score_type = "nps"   # {_SCORES}')
    if {"revenue", "cost"} & set(made.columns) and "currency" not in made.columns:
        lines.append('# currency = "EUR"   # no column says it: which currency are the amounts in?')
    return ["[source.constants]", *lines] if lines else []


def _time(made: Suggestion) -> list[str]:
    if not made.formats and not made.needs_zone:
        return []
    lines = ["[source.time]"]
    if len(made.formats) == 1:
        lines.append(f"format = {_text(made.formats[0])}")
    else:
        for form in made.formats:
            first = "day" if form.index("%d") < form.index("%m") else "month"
            lines.append(f"# format = {_text(form)}   # {first} first: keep the right one of the two")
    if made.needs_zone:
        is_zulu = bool(made.formats) and all(form.endswith("Z") for form in made.formats)
        why = (
            "the Z of these times" if is_zulu else 'some times have no offset: say their zone, such as "Europe/London"'
        )
        lines.append(f'zone = "UTC"   # {why}')
    return lines


def _said(made: Suggestion) -> Mapping[str, Any]:
    """The settings of the file, less those that the preset says."""
    theirs = presets.read(made.preset).get("file", {}) if made.preset else {}
    return {name: value for name, value in made.file.items() if theirs.get(name) != value}


def _value(value: Any) -> str:
    return str(value) if isinstance(value, int) else _text(str(value))


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("-", "_").isidentifier() else _text(name)


def _text(text: str | None) -> str:
    """A TOML string in which nothing is invisible."""
    shown = []
    for each in text or "":
        if each in '"\\':
            shown.append("\\" + each)
        elif unicodedata.category(each) in INVISIBLE:
            shown.append(f"\\U{ord(each):08X}")
        else:
            shown.append(each)
    return f'"{"".join(shown)}"'
