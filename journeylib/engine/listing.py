"""The text of a query as a page shows it: laid out, and the same on every machine and in every run.

What runs is DuckDB's own text of a table. Files are named by the table they hold, made-up
names by their number, and an instant that is no midnight by its day, as a parameter: it may be
the moment of one customer's event. A table is told without the rows that were withdrawn from its files,
however it was loaded. What is left runs on a store's tables and gives the same rows.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence

from journeylib.days import DAY_US, day_of
from journeylib.engine.native import connection

__all__ = ["ON_SPARK", "in_memory", "listing", "with_kept"]

ON_SPARK = "a query of Spark"  # stands for one, which has no text

_WIDTH = 100
_FILES = re.compile(r"parquet_scan\(\['(?:(?:[^']|'')*/)?([a-z_]+)[^'/]*'(?:, '(?:[^']|'')*')*\](?:,\s+\w+ := \w+)*\)")
_ELSEWHERE = re.compile(r"_scan\(|read_\w+\(|unnamed_relation_|__duckdb_source_|_object_[0-9a-f]{12}")
_UNNAMED = re.compile(r' AS "(?:unnamed_relation|arrow_object)_[0-9a-f]+"')
_SOURCE = re.compile(r'"(__duckdb_source_[0-9a-f]+_([0-9]+))"')
_STEP = re.compile(r'("__duckdb_s)([0-9]+)(?=")')
_WITHDRAWN = re.compile(
    r""""__duckdb_s(\d+)" AS NOT MATERIALIZED \(\s*SELECT lhs\.\*\s+FROM (\w+) AS "lhs" ANTI JOIN withdrawn AS "rhs" """
    r"""ON \("lhs"\."row" = "rhs"\."row"\)\s*\),\s*"""
)
_NUMBERED = re.compile(r'"__duckdb_s(\d+)"')
_MADE_UP = re.compile(r'"(nw|filter|row_index_|kept_)([0-9a-f]{14})"')
_INSTANT = re.compile(r"1\d{15}")
_TOKENS = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\w+|\s+|.""", re.DOTALL)
_PLAIN = re.compile(r'"([a-z_][a-z0-9_]*)"')
_CLAUSES = {"SELECT", "FROM", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "UNION", "LEFT", "INNER", "CROSS", "ASOF"}


def listing(text: str) -> str:
    """Lay out the text of a query; empty where it reads what no table of a store holds.

    >>> print(listing('''SELECT "plan", count() AS "n" FROM parquet_scan(['/home/a/s/customers.parquet'],
    ... filename := false) AS "unnamed_relation_41e8f584e60fe7cf" WHERE ("plan" = 'a  "b"') GROUP BY "plan" '''))
    SELECT plan, count() AS n
    FROM customers
    WHERE (plan = 'a  "b"')
    GROUP BY plan
    """
    named = _UNNAMED.sub("", _FILES.sub(r"\1", text))
    if text == ON_SPARK or _ELSEWHERE.search(named):
        return ""
    numbers: dict[str, str] = {}
    for prefix, token in _MADE_UP.findall(named):
        numbers.setdefault(prefix + token, f"{prefix.rstrip('_')}_{len(numbers) + 1}")
    named = _MADE_UP.sub(lambda found: f'"{numbers[found[1] + found[2]]}"', named)
    whole = dict(_WITHDRAWN.findall(named))
    named = _WITHDRAWN.sub("", named)
    named = _NUMBERED.sub(lambda found: whole.get(found[1], found[0]), named)
    order = {number: at for at, number in enumerate(dict.fromkeys(_NUMBERED.findall(named)))}
    named = _NUMBERED.sub(lambda found: f'"s{order[found[1]]}"', named).replace(" AS NOT MATERIALIZED (", " AS (")
    instants: dict[str, str] = {}
    return "\n".join(_lines([_token(token, instants) for token in _TOKENS.findall(named)]))


def in_memory(text: str) -> dict[str, str]:
    """The names that DuckDB has for the rows in memory that a query reads, each with its number."""
    return dict(_SOURCE.findall(text))


def with_kept(text: str, kept: Mapping[str, str]) -> str:
    """The text of a query with those that rows in memory were `kept` of before it, each once and under a name."""
    numbers = _behind(text, kept)
    # The steps of each are numbered apart from all others.
    own = {name: _STEP.sub(rf"\g<1>{number}00000\g<2>", kept[name]) for name, number in numbers.items()}
    parts = [f'"{name}" AS ({made})' for name, made in own.items()]
    if not parts:
        return text
    last = text.strip()
    whole = "WITH " + ", ".join(parts) + (f", {last[5:]}" if last.startswith("WITH ") else f" {last}")
    return _SOURCE.sub(lambda found: f'"kept_{int(found[2]):014x}"' if found[1] in numbers else found[0], whole)


def _behind(text: str, kept: Mapping[str, str]) -> dict[str, str]:
    """The kept rows that a query reads, each after those that it was made of: names and numbers."""
    found: dict[str, str] = {}
    for name, number in in_memory(text).items():
        if name in kept:
            found |= {**_behind(kept[name], kept), name: number}
    return found


def _token(token: str, instants: dict[str, str]) -> str:
    """A token with no more quotes than it needs, on one line."""
    if plain := _PLAIN.fullmatch(token):
        return token if plain[1] in _keywords() else plain[1]
    if _INSTANT.fullmatch(token) and int(token) % DAY_US:
        day = f"$on_{day_of(int(token)).isoformat().replace('-', '_')}"
        again = sum(name.startswith(day) for at, name in instants.items() if at != token)
        return instants.setdefault(token, f"{day}_{again + 1}" if again else day)
    return " " if token.isspace() else token


@functools.cache
def _keywords() -> frozenset[str]:
    """The words that are no name of a column without quotes."""
    words = connection().sql("SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'")
    return frozenset(word for (word,) in words.fetchall())


def _lines(tokens: Sequence[str], indent: str = "") -> Iterator[str]:
    """The lines of a statement: each clause on its own, a bracket that holds a statement opened up."""
    line: list[str] = []
    place = depth = 0
    while place < len(tokens):
        token = tokens[place]
        if token == "(" and _after(tokens, place) in ("SELECT", "WITH"):
            end = _closing(tokens, place)
            yield from _filled([*line, token], indent)
            yield from _lines(tokens[place + 1 : end], indent + "  ")
            line, place = [")"], end + 1
            continue
        depth += (token == "(") - (token == ")")
        if depth == 0 and token in _CLAUSES and "".join(line).split()[-1:] not in (["DISTINCT"], ["WITHIN"]):
            yield from _filled(line, indent)
            line = []
        line.append(token)
        place += 1
    yield from _filled(line, indent)


def _after(tokens: Sequence[str], place: int) -> str:
    """The next token that is no space."""
    return next((token for token in tokens[place + 1 : place + 3] if token != " "), "")


def _closing(tokens: Sequence[str], place: int) -> int:
    """Where the bracket closes that opens at a place."""
    depth = 0
    for at in range(place, len(tokens)):
        depth += (tokens[at] == "(") - (tokens[at] == ")")
        if depth == 0:
            return at
    return len(tokens)


def _filled(tokens: Sequence[str], indent: str) -> Iterator[str]:
    """Tokens as lines of no more than a width: broken after commas where an item of a list fits, else at spaces."""
    line = ""
    for item in _items(tokens):
        room = _WIDTH - len(indent)
        for part in [item] if len(item) <= room - 2 else _words(item):
            if line.strip() and len(line) + 1 + len(part) > room:
                yield indent + line
                line = "  "
            line += f" {part}" if line.strip() else part
    if line.strip():
        yield indent + line


def _items(tokens: Sequence[str]) -> Iterator[str]:
    """The items of a clause, up to each comma that stands in no bracket."""
    item, depth = "", 0
    for place, token in enumerate(tokens):
        depth += (token == "(") - (token == ")")
        if token != " " or (item and not item.endswith("(") and _after(tokens, place)[:1] not in (")", ",")):
            item += token
        if token == "," and depth == 0:
            yield item.strip()
            item = ""
    if item.strip():
        yield item.strip()


def _words(item: str) -> list[str]:
    """The words of an item; a space inside quotes ends none."""
    return re.findall(r"""(?:'(?:[^']|'')*'|"(?:[^"]|"")*"|[^'" ])+""", item)
