"""Find what is suspicious in staged events though no row is wrong by itself, and say it.

Ids that differ only by case, outer blanks or Unicode form stay apart: which of them are
one person is not ours to say. A placeholder such as "0" or "unknown" in place of an id is
held as anonymous where it holds an implausible share: at least 20 rows and one in a
thousand, and either more than twice the rows of the largest other id (of 10 or more), or
more than one in a hundred and 20 times the rows of the median id. Day and month order is never guessed.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine
from journeylib.errors import shown

__all__ = ["Oddities", "hold_anonymous", "look"]

# What systems write where they know nobody; compared without case and outer blanks.
_WORDS = [
    "unknown", "null", "none", "nil", "n/a", "#n/a", "na", "nan", "undefined", "missing", "anonymous", "anon", "guest",
    "test", "(not set)", "(none)", "-", "--", "?", "00000000-0000-0000-0000-000000000000",
]  # fmt: skip
_NUMBERS = ["-1", "0+", "0+[.]0+", *(f"{digit}{{4,}}" for digit in range(1, 10))]  # 0, 0000, 9999 …
_MARKS = {
    "word": r"(?i)^\s*(" + "|".join(map(re.escape, _WORDS)) + r")\s*$",
    "number": r"^\s*(" + "|".join(_NUMBERS) + r")\s*$",
    # Texts can be forms of one only where some have capitals and some small letters, or with a blank or beyond ASCII.
    "capital": r"[A-Z]",
    "small": r"[a-z]",
    "odd": r"[^!-~]",
}
_LEAST_ROWS, _LEAST_SHARE = 20, 0.001
_ENOUGH_IDS, _TIMES_LARGEST = 10, 2
_SHARE, _TIMES_MEDIAN = 0.01, 20
_LARGE_SHARE, _MANY_IDS = 0.05, 200  # an id above this share among so many is warned of, whatever it says
_COMPARED = 200_000  # at most so many texts of other scripts are compared by their Unicode form
_IDS = {"person": (["person", "alias"], "customer"), "device": (["device"], "device")}


@dataclass(frozen=True)
class Oddities:
    """What `look` finds: sentences to show, and the placeholders that stand for no one.

    `sentinels` has the keys "person" and "device" where such a column holds placeholders, each
    as it is written there; `hold_anonymous` takes it as it is. `warnings` give examples
    from the data, for whoever loads; `publishable` are the same sentences without.
    """

    warnings: list[str]
    sentinels: dict[str, list[str]]
    publishable: list[str]


@dataclass
class _Found:
    warnings: list[str] = field(default_factory=list)
    publishable: list[str] = field(default_factory=list)

    def add(self, sentence: str, *, example: str = "", rest: str = "") -> None:
        """Take a sentence; an example from the data is left out of what may be published."""
        self.warnings.append(sentence + example + rest)
        self.publishable.append(sentence + rest)


def look(staged: nw.LazyFrame, records: dict[str, int]) -> Oddities:
    """Look at staged events as a whole; `records` are the records of each source, counted by separate code.

    Rows that break a rule are left out. Each column is read once, and once more where
    there is something to name.
    """
    found, sentinels = _Found(), dict[str, list[str]]()
    for name in sorted(name for name, rows in records.items() if not rows):
        found.add(f"{shown(name)} has a header and no rows. If rows are missing, export it again.")
    sound = staged.filter(nw.col("rule").is_null())
    for side, (columns, whose) in _IDS.items():
        texts = _texts(sound, columns)
        sizes = _sizes(texts)
        special = _special(texts, sizes)
        held = _hold(special, sizes, whose, found)
        if held:
            forms = texts.filter(_plain("text").is_in(held)).select("text")
            sentinels[side] = engine.collect(forms, order_by=["text"])["text"].tolist()
        kept = special[~special["plain"].isin(held)]
        _say_large(kept, sizes, whose, found)
        _say_forms(texts, kept, f"{whose} id", f"a {whose} of its own", found)
    for name in ["touchpoint", "channel"]:
        texts = _texts(sound, [name])
        _say_forms(texts, _special(texts, _sizes(texts)), name, f"a {name} of its own", found)
    _say_times(sound, found)
    return Oddities(warnings=found.warnings, sentinels=sentinels, publishable=found.publishable)


def hold_anonymous(staged: nw.LazyFrame, sentinels: dict[str, list[str]]) -> nw.LazyFrame:
    """Take the placeholders out of a staged table's ids; `ids` falls to the next id on the row, or to null.

    Where the person is a placeholder and the row has an `alias`, the alias is the person.
    """
    if not sentinels:
        return staged
    person, alias, device = (
        _without(name, sentinels.get(side, []))
        for name, side in [("person",) * 2, ("alias", "person"), ("device",) * 2]
    )
    cleaned = staged.with_columns(person=person, alias=alias, device=device)
    moved = cleaned.with_columns(
        person=nw.coalesce("person", "alias"), alias=nw.when(~nw.col("person").is_null()).then(nw.col("alias"))
    )
    return moved.with_columns(ids=nw.coalesce("person", "device"))


def _without(column: str, words: list[str]) -> nw.Expr:
    return nw.when(~nw.col(column).is_in(words)).then(nw.col(column)) if words else nw.col(column)


def _plain(column: str) -> nw.Expr:
    return nw.col(column).str.strip_chars().str.to_lowercase()


def _texts(sound: nw.LazyFrame, columns: list[str]) -> nw.LazyFrame:
    """One row a text of these columns, with its rows."""
    parts = [sound.filter(~nw.col(name).is_null()).select(text=nw.col(name)) for name in columns]
    return nw.concat(parts, how="vertical").group_by("text").agg(rows=nw.len())


def _sizes(texts: nw.LazyFrame) -> pd.DataFrame:
    """How many texts have how many rows, by what they look like; small whatever the table."""
    marked = texts.with_columns(**{mark: nw.col("text").str.contains(pattern) for mark, pattern in _MARKS.items()})
    by = [*_MARKS, "rows"]
    return engine.collect(marked.group_by(*by).agg(texts=nw.len()), order_by=by)


def _special(texts: nw.LazyFrame, sizes: pd.DataFrame) -> pd.DataFrame:
    """The texts to name or to compare, without case and outer blanks: placeholders and the largest come first."""
    total = _total(sizes)
    large, least = _LARGE_SHARE * total, max(_LEAST_ROWS, _LEAST_SHARE * total)
    is_needed = sizes["word"] | sizes["odd"] | (sizes["number"] & (sizes["rows"] >= least)) | (sizes["rows"] > large)
    has_case = sizes["capital"].any() and sizes["small"].any()
    folded = (
        texts.with_columns(plain=_plain("text"))
        .group_by("plain")
        .agg(rows=nw.col("rows").sum(), low=nw.col("text").min(), high=nw.col("text").max())
        .with_columns(
            word=nw.col("plain").str.contains(_MARKS["word"]),
            number=nw.col("plain").str.contains(_MARKS["number"]),
            varied=nw.col("low") != nw.col("high"),
            foreign=nw.col("plain").str.contains(r"[^\x00-\x7F]"),
        )
    )
    if not (is_needed.any() or has_case):
        return engine.collect(folded.head(0))
    first = nw.col("word") | nw.col("number") | (nw.col("rows") > large)
    rank = nw.when(first).then(nw.lit(0)).otherwise(nw.when(nw.col("foreign")).then(nw.lit(1)).otherwise(nw.lit(2)))
    chosen = folded.filter(first | nw.col("varied") | nw.col("foreign")).with_columns(rank=rank)
    return engine.collect(chosen.sort("rank", "plain").head(_COMPARED), order_by=["rank", "plain"])


def _total(sizes: pd.DataFrame) -> int:
    return int((sizes["rows"] * sizes["texts"]).sum())


def _hold(special: pd.DataFrame, sizes: pd.DataFrame, whose: str, found: _Found) -> list[str]:
    """Which placeholders hold an implausible share; each is named, and so is a word that is kept."""
    total, others = _total(sizes), sizes[~(sizes["word"] | sizes["number"])]
    ids = int(others["texts"].sum())
    by_size = others.groupby("rows")["texts"].sum().cumsum()
    largest = int(by_size.index[-1]) if ids else 0
    median = int(by_size.index[by_size * 2 >= ids][0]) if ids else 0
    held = []
    words = special[special["word"] | special["number"]]
    for word, rows, is_word in zip(*(words[name].tolist() for name in ["plain", "rows", "word"]), strict=True):
        stands_out = ids >= _ENOUGH_IDS and rows > _TIMES_LARGEST * largest
        is_heavy = rows > _SHARE * total and rows > _TIMES_MEDIAN * median
        if rows >= max(_LEAST_ROWS, _LEAST_SHARE * total) and (stands_out or is_heavy):
            held.append(word)
            found.add(
                f"“{shown(word)}” stands in place of a {whose} id on {rows:,} of {total:,} rows ({rows / total:.1%}) "
                f"and is held as anonymous. If it is a {whose}, give it another id at the source."
            )
        elif is_word:
            found.add(
                f"“{word}” is kept as a {whose} id: {rows:,} of {total:,} rows. If it stands for no one, leave the id "
                "empty at the source."
            )
    return held


def _say_large(kept: pd.DataFrame, sizes: pd.DataFrame, whose: str, found: _Found) -> None:
    total = _total(sizes)
    large = kept[kept["rows"] > _LARGE_SHARE * total] if sizes["texts"].sum() >= _MANY_IDS else kept[:0]
    for text, rows in zip(large["low"].tolist(), large["rows"].tolist(), strict=True):
        found.add(
            f"one {whose} id",
            example=f", “{shown(text)}”,",
            rest=f" holds {rows:,} of {total:,} rows ({rows / total:.1%}). It is kept; if it stands for no one, leave "
            "the id empty at the source.",
        )


def _say_forms(texts: nw.LazyFrame, special: pd.DataFrame, what: str, kept: str, found: _Found) -> None:
    groups = _unicode_groups(texts, special[special["foreign"]])
    grouped = {plain for group in groups for plain in group}
    alone = special[special["varied"] & ~special["plain"].isin(grouped)]
    pairs = [*zip(alone["low"].tolist(), alone["high"].tolist(), strict=True), *(_ends(group) for group in groups)]
    if not pairs:
        return
    (one, other), number = _apart(*pairs[0]), len(pairs)
    at_least = "at least " if len(special) >= _COMPARED else ""
    are = "s are" if number > 1 else " is"
    ways = "written in several ways that differ only by case, outer blanks or Unicode form"
    differ = f"{at_least}{number:,} {what}{are} {ways}"
    example, rest = f", for example “{one}” and “{other}”", f": each way is kept as {kept}. Write it in one way."
    found.add(differ, example=example, rest=rest)


def _unicode_groups(texts: nw.LazyFrame, foreign: pd.DataFrame) -> list[dict[str, str]]:
    """Texts of other scripts that are one under Unicode's compatibility form (NFKC), with ASCII texts they equal.

    Each group gives for a text without case and outer blanks one form in which it is written.
    """
    groups: dict[str, dict[str, str]] = {}
    for plain, low in zip(foreign["plain"].tolist(), foreign["low"].tolist(), strict=True):
        groups.setdefault(unicodedata.normalize("NFKC", plain).lower().strip(), {})[plain] = low
    ascii_only = [form for form in groups if form.isascii()]
    if ascii_only:
        there = texts.with_columns(plain=_plain("text")).filter(nw.col("plain").is_in(ascii_only))
        for plain, low in engine.collect(there, order_by=["text"])[["plain", "text"]].itertuples(index=False):
            groups[plain].setdefault(plain, low)
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


def _say_times(sound: nw.LazyFrame, found: _Found) -> None:
    by = ["source", "time_precision"]
    counts = engine.collect(sound.group_by(*by).agg(rows=nw.len()), order_by=by)
    # A file of several is "source/file"; its source is what a reader knows.
    sources = counts.groupby([counts["source"].str.split("/").str[0], "time_precision"])["rows"].sum()
    for source, each in sources.groupby(level=0):
        rows = each.droplevel(0).to_dict()
        days, twice, total = rows.get("day", 0), rows.get("ambiguous", 0), sum(rows.values())
        if 0 < days < total:
            found.add(
                f"{days:,} of {total:,} times of {shown(str(source))} are a day without a time, read as its midnight: "
                "their order within the day is not known. Export all with the time of day."
            )
        if twice:
            found.add(
                f"{twice:,} of {total:,} times of {shown(str(source))} fall in an hour that the clocks showed twice "
                "and are read as the second. Export times in UTC or with their offset."
            )
