"""What changed since the edition before, as the first page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from journeylib.show.markup.text import escape, prose
from journeylib.show.words import changes as words

__all__ = ["changes"]

_NUMBER = ' class="num"'
_CLASSES = {"new": "claimed", "stronger": "claimed", "weaker": "claimed", "reversed": "against", "changed": "claimed"}


def changes(said: Mapping[str, Any]) -> str:
    """Draw what became of findings, of verdicts and of headline numbers; the parts in full are folded."""
    items = [_item(one["change"], words.shift(one)) for one in said["findings"]]
    items += [_item("asked", [words.question(one)]) for one in said["questions"]]
    parts = [f"<p>{prose(words.opening(said))}</p>", _list(items)]
    moved = [one for one in said["numbers"] if one["old"] is not None and one["new"] is not None]
    if moved:
        parts.append(f"<h3>{escape(words.CHANGED['numbers'])}</h3>")
        parts.append(_list([_item(words.state(one), [words.movement(one)]) for one in moved]))
        parts.append(_table(moved))
        parts.append(f'<p class="note">{prose(" ".join(words.behind(said)))}</p>')
    return f'<div class="ledger changes">{"".join(parts)}</div>'


def _item(kind: str, said: list[str]) -> str:
    first, *more = said
    rest = "".join(f'<p class="more">{prose(text)}</p>' for text in more)
    word = f'<p class="verdict {_CLASSES.get(kind, "open")}">{escape(words.CHANGED[kind])}</p>'
    return f"<li>{word}<div><p>{prose(first)}</p>{rest}</div></li>"


def _list(items: list[str]) -> str:
    return f'<ol class="claims">{"".join(items)}</ol>' if items else ""


def _table(moved: list[Mapping[str, Any]]) -> str:
    rows = [one for one in moved if one.get("period") is not None]
    if not rows:
        return ""
    heads = "".join(
        f'<th scope="col"{_NUMBER if at else ""}>{escape(head)}</th>' for at, head in enumerate(words.COLUMNS)
    )
    body = "".join(_row(*words.cells(one)) for one in rows)
    title = escape(words.CHANGED["parts"])
    whole = f'<caption class="sr">{title}</caption><thead><tr>{heads}</tr></thead><tbody>{body}</tbody>'
    region = f'<div class="scroll" tabindex="0" role="region" aria-label="{title}"><table>{whole}</table></div>'
    return f'<details class="fold"><summary>{title}</summary>{region}</details>'


def _row(label: str, *cells: str) -> str:
    """A number's row; its last cell spans what the row does not part."""
    wide = len(words.COLUMNS) - len(cells)
    spans = [*([""] * (len(cells) - 1)), f' colspan="{wide}"' if wide > 1 else ""]
    said = "".join(f"<td{_NUMBER}{span}>{escape(cell)}</td>" for cell, span in zip(cells, spans, strict=True))
    return f'<tr><th scope="row">{prose(label)}</th>{said}</tr>'
