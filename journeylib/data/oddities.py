"""Find what is suspicious in staged events though no row is wrong by itself, and say it.

Ids that differ only by case, outer blanks or Unicode form stay apart: which of them are
one person is not ours to say. A placeholder such as "0" or "unknown" in place of an id is
held as anonymous where it holds an implausible share: at least 20 rows and one in a
thousand, and either more than twice the rows of the largest other id (of 10 or more), or
more than one in a hundred and 20 times the rows of the median id. 9999 must hold a fifth of the
rows besides, and 7777 may be someone: it is only named. An id that shows nothing, such as
a no-break space, is always held. Day and month order is never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine
from journeylib.data import spellings
from journeylib.data.voices import Voices
from journeylib.errors import shown

__all__ = ["Oddities", "hold_anonymous", "look"]

# What systems write where they know nobody; compared without case and outer blanks.
_WORDS = [
    "unknown", "null", "none", "nil", "n/a", "#n/a", "na", "nan", "undefined", "missing", "anonymous", "anon", "guest",
    "test", "(not set)", "(none)", "-", "--", "?", "00000000-0000-0000-0000-000000000000",
]  # fmt: skip
_NUMBERS = ["-1", "0+", "0+[.]0+", *(f"{digit}{{4,}}" for digit in range(1, 10))]  # 0, 0000, 9999 …
_PUBLISHABLE = {*_WORDS, "0", "-1"}
_DOUBTFUL = re.compile(r"(9{4,})|([1-8])\2{3,}")  # more than one in five rows for nines, never enough for the rest
_DOUBTFUL_SHARE = 0.2
# Blanks of all scripts, and characters that show nothing.
_INVISIBLE = r"^[\p{Z}\p{C}\x{034F}\x{115F}\x{1160}\x{2800}\x{3164}\x{FFA0}\x{FE00}-\x{FE0F}]+$"
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
_EMPTY_NAMED = 3
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


def tally(staged: nw.LazyFrame) -> nw.LazyFrame:
    """Count the sound rows of staged events by what `look` asks of: what, text, time_precision, untyped, rows.

    `what` is "person" or "device" (ids), "touchpoint" or "channel", or "source", which alone goes on to the
    precision of its times and to scores without a type. Tables of several loads, one under the other, are a tally too.
    """
    sound = staged.filter(nw.col("rule").is_null())
    columns = {
        **{side: names for side, (names, _) in _IDS.items()},
        "touchpoint": ["touchpoint"],
        "channel": ["channel"],
    }
    nothing = {"time_precision": nw.lit(None, nw.String), "untyped": nw.lit(False)}
    parts = [_texts(sound, names).with_columns(what=nw.lit(what), **nothing) for what, names in columns.items()]
    untyped = ~nw.col("score").is_null() & nw.col("score_type").is_null()
    by_source = sound.select("time_precision", text=nw.col("source"), untyped=untyped, what=nw.lit("source"))
    parts.append(by_source.group_by("what", "text", "time_precision", "untyped").agg(rows=nw.len()))
    columns_of = ["what", "text", "time_precision", "untyped", "rows"]
    return nw.concat([part.select(*columns_of) for part in parts], how="vertical")


def look(tally: nw.LazyFrame, records: dict[str, int]) -> Oddities:
    """Look at all events that were counted; `records` are those of each source, or of each of its files by its label.

    The tally is read several times, so let it be a plain scan.
    """
    found, sentinels = Voices(_PUBLISHABLE), dict[str, list[str]]()
    _say_empty(sorted(name for name, rows in records.items() if not rows), found)
    for side, (_, whose) in _IDS.items():
        texts = _counted(tally, side)
        sizes = _sizes(texts)
        special = _special(texts, sizes)
        held = _hold(special, sizes, whose, found)
        if held:
            forms = texts.filter(spellings.plain("text").is_in(held)).select("text")
            sentinels[side] = engine.collect(forms, order_by=["text"])["text"].tolist()
        kept = special[~special["plain"].isin(held)]
        _say_large(kept, sizes, whose, found)
        spellings.say(texts, kept, f"{whose} id", f"a {whose} of its own", found)
    for name in ["touchpoint", "channel"]:
        texts = _counted(tally, name)
        spellings.say(texts, _special(texts, _sizes(texts)), name, f"a {name} of its own", found)
    _say_rows(tally.filter(nw.col("what") == "source"), found)
    return Oddities(warnings=found.private.said, sentinels=sentinels, publishable=found.public.said)


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


def _texts(sound: nw.LazyFrame, columns: list[str]) -> nw.LazyFrame:
    """One row a text of these columns, with its rows."""
    parts = [sound.filter(~nw.col(name).is_null()).select(text=nw.col(name)) for name in columns]
    return nw.concat(parts, how="vertical").group_by("text").agg(rows=nw.len())


def _counted(tally: nw.LazyFrame, what: str) -> nw.LazyFrame:
    """One row a text of this kind, with its rows."""
    return tally.filter(nw.col("what") == what).group_by("text").agg(rows=nw.col("rows").sum())


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
        texts.with_columns(plain=spellings.plain("text"))
        .group_by("plain")
        .agg(rows=nw.col("rows").sum(), low=nw.col("text").min(), high=nw.col("text").max())
        .with_columns(
            word=nw.col("plain").str.contains(_MARKS["word"]),
            number=nw.col("plain").str.contains(_MARKS["number"]),
            varied=nw.col("low") != nw.col("high"),
            foreign=nw.col("plain").str.contains(r"[^\x00-\x7F]"),
            blank=nw.col("plain").str.contains(_INVISIBLE),
        )
    )
    if not (is_needed.any() or has_case):
        return engine.collect(folded.head(0))
    first = nw.col("word") | nw.col("number") | nw.col("blank") | (nw.col("rows") > large)
    rank = nw.when(first).then(nw.lit(0)).otherwise(nw.when(nw.col("foreign")).then(nw.lit(1)).otherwise(nw.lit(2)))
    chosen = folded.filter(first | nw.col("varied") | nw.col("foreign")).with_columns(rank=rank)
    return engine.collect(chosen.sort("rank", "plain").head(spellings.COMPARED), order_by=["rank", "plain"])


def _total(sizes: pd.DataFrame) -> int:
    return int((sizes["rows"] * sizes["texts"]).sum())


def _hold(special: pd.DataFrame, sizes: pd.DataFrame, whose: str, found: Voices) -> list[str]:
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
        is_odd = rows >= max(_LEAST_ROWS, _LEAST_SHARE * total) and (stands_out or is_heavy)
        doubt = _DOUBTFUL.fullmatch(word)
        if is_odd and (doubt is None or (doubt[1] and rows > _DOUBTFUL_SHARE * total)):
            held.append(word)
            for voice in found:
                voice.say(
                    f"{voice.named(word)} stands in place of a {whose} id on {voice.share(rows, total)} and is held as "
                    f"anonymous. If it is a {whose}, give it another id at the source."
                )
        elif is_word or is_odd:
            for voice in found:
                voice.say(
                    f"{voice.named(word)} is kept as a {whose} id: {voice.of(rows, total)} rows. If it stands for no "
                    "one, leave the id empty at the source."
                )
    blank = special[special["blank"]]
    if len(blank):
        rows, example = int(blank["rows"].sum()), f" (such as “{shown(blank['low'].iloc[0])}”)"
        for voice in found:
            voice.say(
                f"the {whose} id shows nothing{voice.example(example)} on {voice.share(rows, total)}: "
                "these are held as anonymous. Leave the id empty at the source."
            )
    return [*held, *blank["plain"].tolist()]


def _say_large(kept: pd.DataFrame, sizes: pd.DataFrame, whose: str, found: Voices) -> None:
    total = _total(sizes)
    large = kept[kept["rows"] > _LARGE_SHARE * total] if sizes["texts"].sum() >= _MANY_IDS else kept[:0]
    large = large[~large["word"] & ~large["number"]]  # those are named as such
    for text, rows in zip(large["low"].tolist(), large["rows"].tolist(), strict=True):
        for voice in found:
            voice.say(
                f"one {whose} id{voice.example(f', “{shown(text)}”,')} holds {voice.share(rows, total)}. It is kept; "
                "if it stands for no one, leave the id empty at the source."
            )


def _say_empty(names: list[str], found: Voices) -> None:
    """Name sources without rows, each, and files without rows by their source."""
    for name in [name for name in names if "/" not in name]:
        for voice in found:
            voice.say(f"{shown(name)} has a header and no rows. If rows are missing, export it again.")
    files: dict[str, list[str]] = {}
    for name in [name for name in names if "/" in name]:
        files.setdefault(name.split("/")[0], []).append(name)
    for source, each in files.items():
        first, rest = ", ".join(shown(name) for name in each[:_EMPTY_NAMED]), len(each) - _EMPTY_NAMED
        said = f"{first} and {rest:,} further files" if rest > 0 else first
        have = "have" if len(each) > 1 else "has"
        for voice in found:
            voice.say(
                (f"{voice.count(len(each))} files of {shown(source)} have" if voice.is_public else f"{said} {have}")
                + " a header and no rows. If rows are missing, export again."
            )


def _say_rows(by_source: nw.LazyFrame, found: Voices) -> None:
    """Say what is odd about times and scores, by source."""
    by = ["source", "time_precision", "untyped"]
    summed = by_source.rename({"text": "source"}).group_by(*by).agg(rows=nw.col("rows").sum())
    counts = engine.collect(summed, order_by=by)
    # A file of several is "source/file"; its source is what a reader knows.
    counts["source"] = counts["source"].str.split("/").str[0]
    for source, each in counts.groupby("source"):
        rows, total, name = each.groupby("time_precision")["rows"].sum(), int(each["rows"].sum()), shown(str(source))
        days, twice = int(rows.get("day", 0)), int(rows.get("ambiguous", 0))
        if 0 < days < total:
            for voice in found:
                voice.say(
                    f"{voice.of(days, total)} times of {name} are a day without a time, read as its first instant: "
                    "their order within the day is not known. Export all with the time of day."
                )
        if twice:
            for voice in found:
                voice.say(
                    f"{voice.of(twice, total)} times of {name} were shown twice by the clocks and are read as the "
                    "second. Export times in UTC or with their offset."
                )
        if each["untyped"].any():
            scores = int(each.loc[each["untyped"], "rows"].sum())
            for voice in found:
                voice.say(
                    f"scores of {name} have no score_type on {voice.count(scores)} rows, so their scale is not "
                    "checked. Map score_type to nps, csat or ces."
                )
