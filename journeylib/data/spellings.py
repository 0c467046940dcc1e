"""Find texts that differ only by case, outer blanks or Unicode form: perhaps one thing, written in several ways."""

from __future__ import annotations

import unicodedata

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine
from journeylib.data.voices import Voices
from journeylib.errors import shown

__all__ = ["COMPARED", "plain", "say"]

COMPARED = 200_000  # at most so many texts of other scripts are compared by their Unicode form


def plain(column: str) -> nw.Expr:
    """A text without case and outer blanks."""
    return nw.col(column).str.strip_chars().str.to_lowercase()


def say(texts: nw.LazyFrame, special: pd.DataFrame, what: str, kept: str, found: Voices) -> None:
    """Warn of texts that are written in several ways; `special` are the candidates, by `plain`, with `low` and `high`.

    `what` they are and as what each way is `kept` is put into the sentence.
    """
    groups = _unicode_groups(texts, special[special["foreign"]])
    grouped = {text for group in groups for text in group}
    alone = special[special["varied"] & ~special["plain"].isin(grouped)]
    pairs = [*zip(alone["low"].tolist(), alone["high"].tolist(), strict=True), *(_ends(group) for group in groups)]
    if not pairs:
        return
    (one, other), number = _apart(*pairs[0]), len(pairs)
    at_least = "at least " if len(special) >= COMPARED else ""
    are = "s are" if number > 1 else " is"
    ways = "written in several ways that differ only by case, outer blanks or Unicode form"
    for voice in found:
        voice.say(
            f"{at_least}{voice.count(number)} {what}{'s are' if voice.is_public else are} {ways}"
            f"{voice.example(f', for example “{one}” and “{other}”')}: each way is kept as {kept}. Write it in one way."
        )


def _unicode_groups(texts: nw.LazyFrame, foreign: pd.DataFrame) -> list[dict[str, str]]:
    """Texts of other scripts that are one under Unicode's compatibility form (NFKC), with ASCII texts they equal.

    Each group gives for a text without case and outer blanks one form in which it is written.
    """
    groups: dict[str, dict[str, str]] = {}
    for text, low in zip(foreign["plain"].tolist(), foreign["low"].tolist(), strict=True):
        groups.setdefault(unicodedata.normalize("NFKC", text).lower().strip(), {})[text] = low
    ascii_only = [form for form in groups if form.isascii()]
    if ascii_only:
        there = texts.with_columns(plain=plain("text")).filter(nw.col("plain").is_in(ascii_only))
        for text, low in engine.collect(there, order_by=["text"])[["plain", "text"]].itertuples(index=False):
            groups[text].setdefault(text, low)
    return [groups[form] for form in sorted(groups) if len(groups[form]) > 1]


def _ends(group: dict[str, str]) -> tuple[str, str]:
    forms = sorted(group.values())
    return forms[0], forms[-1]


def _apart(one: str, other: str) -> tuple[str, str]:
    """Show two forms so that a reader sees the difference: the second by its code points where they look alike."""
    first, second = shown(one), shown(other)
    if unicodedata.normalize("NFKC", first).strip() == unicodedata.normalize("NFKC", second).strip():
        return first, second.encode("ascii", "backslashreplace").decode()
    return first, second
