"""What a Cox model explains leaving by: covariates made into columns, and those from the future refused.

A text or a truth value becomes one column of 0 and 1 for each level but the baseline; a number is
standardised, and told per unit. Where it is not known, a text's level is "unknown", and a
number has a column of its own for that, so that nobody is dropped.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw

from journeylib import engine
from journeylib.errors import ParameterError, RefusedError
from journeylib.measures.churn.counts import refuse_collapsed

__all__ = ["UNKNOWN", "Column", "Design", "at_zero", "designed", "has_level", "refuse_future"]

UNKNOWN = "unknown"
_MOST_LEVELS = 50
_SUFFIX, _VALID_FROM = "_known_us", "valid_from_us"


@dataclass(frozen=True)
class Column:
    """One column of a model: a level against its baseline, or a number (level "per 10", no baseline).

    `times` is what a coefficient is multiplied by to be that of the unit. `customers` and `left` are
    those of the level or of its baseline, whichever has fewer; of a number, all.
    """

    name: str
    covariate: str
    level: str
    baseline: str
    times: float
    customers: int
    left: int


@dataclass(frozen=True)
class Design:
    """A table with a model's columns x0, x1, … beside customer_id, entry_day, day, has_left and the `strata` s0, s1, ….

    `without` lists what has no column, and why: "constant" where all are alike, "nobody left" from a level, whose
    ratio is 0; its rows tell nothing of the other levels, so they are not in the table.
    """

    table: nw.LazyFrame
    columns: tuple[Column, ...]
    without: tuple[tuple[Column, str], ...]
    strata: tuple[str, ...]
    rows: int
    customers: int
    left: int
    has_late: bool


def at_zero(followed: nw.LazyFrame, customers: nw.LazyFrame, names: Sequence[str]) -> nw.LazyFrame:
    """Add attributes of customers as they stood when following began (`zero_us`), lazily.

    Beside each stands `<name>_known_us`, since when it was so; null where it was so from the beginning, or where
    nothing was known yet.
    """
    began = followed.select("customer_id", "zero_us")
    since = nw.col("valid_from_us").fill_null(-(2**62))
    known = customers.join(began, on="customer_id", how="inner").filter(since <= nw.col("zero_us"))
    newest = known.filter(since == since.max().over("customer_id"))
    told = {f"{name}{_SUFFIX}": nw.when(~nw.col(name).is_null()).then(nw.col("valid_from_us")) for name in names}
    return followed.join(newest.select("customer_id", *names, **told), on="customer_id", how="left")


def refuse_future(followed: nw.LazyFrame, covariates: Sequence[str]) -> None:
    """Refuse covariates that became known after time zero: where `<name>_known_us` is later than `zero_us`.

    Without such a column `valid_from_us` tells it, where the table has that; without either nobody can tell. Who
    stays longer has more time to call, to complain or to be asked, so whatever is learnt later seems to keep
    customers (immortal time): where it did nothing, a hazard ratio of 0.29 was found. A value known at
    time zero itself is taken. Raises RefusedError.
    """
    names = followed.collect_schema().names()
    since = {name: name + _SUFFIX if name + _SUFFIX in names else _VALID_FROM for name in covariates}
    since = {name: column for name, column in since.items() if column in names}
    if not since:
        return
    is_later = {name: (nw.col(column) > nw.col("zero_us")).fill_null(False) for name, column in since.items()}
    counts = followed.select(_rows=nw.len(), **{name: one.cast(nw.Int64).sum() for name, one in is_later.items()})
    [found] = engine.collect(counts).to_dict("records")
    for name, column in since.items():
        if found["_rows"] and found[name]:
            raise RefusedError(
                f"{name} was known only after time zero in {int(found[name])} of {int(found['_rows'])} rows "
                f"({column} is later than zero_us), but is passed as if it were known from the start. Who "
                "stays longer has more time to get it, so it would seem to keep customers (immortal time). Let it "
                f"change in time: churn.start_stop(followed, {name}=…); or choose a landmark, take {name} as it "
                "stood there (churn.at_zero), and follow customers from then on."
            )


def designed(
    followed: nw.LazyFrame,
    covariates: Sequence[str],
    *,
    strata: Sequence[str] = (),
    baseline: Mapping[str, str] | None = None,
    units: Mapping[str, float] | None = None,
) -> Design:
    """Make the columns of a model. The baseline of a text is its most frequent level that anybody left from.

    A level that is named in `baseline`, and a number in `units`, must be there. Raises ParameterError.
    """
    refuse_collapsed(followed)
    schema, given, per = followed.collect_schema(), dict(baseline or {}), dict(units or {})
    names = schema.names()
    _check(covariates, strata, names, given, per)
    texts = [*strata, *(name for name in covariates if not _is_number(schema[name]))]
    numbers = {name: _value(name, schema[name]) for name in covariates if name not in texts}
    left = nw.col("has_left").cast(nw.Int64)
    rows = followed.with_columns(has_left=left, **{name: _text(name, schema[name]) for name in texts}, **numbers)
    size = _size(rows, numbers)
    is_plain = size["rows"] == size["customers"]
    people = nw.len() if is_plain else nw.col("customer_id").n_unique()

    columns, without = list[Column](), list[tuple[Column, str]]()
    expressions: dict[str, nw.Expr] = {}
    for name in covariates if size["rows"] else ():
        if name in numbers:
            found = _of_number(rows, name, per.get(name, 1.0), size, people)
        else:
            found = _of_levels(rows, name, given.get(name), people)
        for column, expression in found:
            if expression is not None:
                placed = Column(f"x{len(columns)}", *_said(column))
                columns.append(placed)
                expressions[placed.name] = expression
                continue
            without.append((column, "nobody left" if column.baseline else "constant"))
            if column.baseline:
                rows = rows.filter(nw.col(name) != column.level)
    if any(why == "nobody left" for _, why in without):
        size = _size(rows, {})
    keep = ("customer_id", "entry_day", "day", "has_left")
    kept_apart = {f"s{at}": nw.col(name) for at, name in enumerate(strata)}
    table = rows.select(*keep, **kept_apart, **{name: one.cast(nw.Float64) for name, one in expressions.items()})
    n_rows, customers, departed = (int(size[key]) for key in ("rows", "customers", "left"))
    has_late = size["late"] > 0
    return Design(table, tuple(columns), tuple(without), tuple(kept_apart), n_rows, customers, departed, has_late)


def has_level(followed: nw.LazyFrame, name: str, level: str) -> bool:
    """Whether somebody who left has the level."""
    text = _text(name, followed.collect_schema()[name])
    gone = followed.filter(nw.col("has_left").cast(nw.Int64) == 1).filter(text == level)
    return bool(int(engine.collect(gone.select(n=nw.len()))["n"].iloc[0]))


def _check(
    covariates: Sequence[str],
    strata: Sequence[str],
    names: Sequence[str],
    given: Mapping[str, str],
    per: Mapping[str, float],
) -> None:
    if not covariates:
        raise ParameterError("no covariate is named. Name the columns by which leaving is to be explained.")
    for name in (*covariates, *strata):
        if name not in names:
            raise ParameterError(f"{name} is no column of the followed customers. They have {', '.join(names)}.")
    if twice := sorted({name for name in covariates if list(covariates).count(name) > 1}):
        raise ParameterError(f"{', '.join(twice)} is named twice. Name a covariate once.")
    if both := sorted(set(covariates) & set(strata)):
        raise ParameterError(f"{', '.join(both)} is a stratum and so explains nothing. Name it once.")
    for name in (*given, *per):
        if name not in covariates:
            raise ParameterError(
                f"{name} has a baseline or unit but is no covariate. There are {', '.join(covariates)}."
            )
    for name, unit in per.items():
        if not 0 < unit < math.inf:
            raise ParameterError(f"units: {name} = {unit} is no unit. Give a number above 0, such as 10.")


def _size(rows: nw.LazyFrame, numbers: Iterable[str]) -> dict[str, float]:
    """Rows, customers, departures, the latest entry; of each number how many know it, mean and spread: one query."""
    sums = {"rows": nw.len(), "customers": nw.col("customer_id").n_unique()}
    sums |= {"left": nw.col("has_left").sum(), "late": nw.col("entry_day").max()}
    for at, name in enumerate(numbers):
        sums |= {
            f"{at}_known": nw.col(name).count(),
            f"{at}_mean": nw.col(name).mean(),
            f"{at}_std": nw.col(name).std(),
        }
    [row] = engine.collect(rows.select(**sums)).to_dict("records")
    found = {str(key): 0.0 if _is_nothing(value) else value for key, value in row.items()}
    for at, name in enumerate(numbers):
        found |= {f"{name} {key}": float(f"{found[f'{at}_{key}']:.6g}") for key in ("known", "mean", "std")}
    return found


def _of_number(
    rows: nw.LazyFrame, name: str, unit: float, size: Mapping[str, float], people: nw.Expr
) -> list[tuple[Column, nw.Expr | None]]:
    """A number's column, standardised; and one for where it is not known."""
    known, mean, spread = (size[f"{name} {key}"] for key in ("known", "mean", "std"))
    if not known:
        raise ParameterError(f"{name} is not known of anybody. Leave it out.")
    if not math.isfinite(mean + spread):
        raise ParameterError(f"{name} holds a number without end. Leave it unknown (null), or make levels of it.")
    spread = spread or 1.0  # of a constant; it is named as such
    everybody = (int(size["customers"]), int(size["left"]))
    is_known = ~nw.col(name).is_null()
    found = {True: everybody}
    if known < size["rows"]:
        counts = rows.with_columns(_known=is_known).group_by("_known")
        told = engine.collect(counts.agg(customers=people, left=nw.col("has_left").sum())).to_dict("records")
        found = {bool(row["_known"]): _people(row) for row in told}
    value = ((nw.col(name) - mean) / spread).fill_null(0.0)
    made: list[tuple[Column, nw.Expr | None]] = [
        (Column("", name, f"per {unit:g}", "", unit / spread, *found[True]), value)
    ]
    if False in found:
        customers, left = (min(pair) for pair in zip(*found.values(), strict=True))
        made.append((Column("", name, UNKNOWN, "known", 1.0, customers, left), nw.col(name).is_null().cast(nw.Int64)))
    return made


def _of_levels(
    rows: nw.LazyFrame, name: str, given: str | None, people: nw.Expr
) -> list[tuple[Column, nw.Expr | None]]:
    """A column for each level but the baseline, by name; no expression for a level that nobody left from."""
    counts = rows.group_by(name).agg(customers=people, left=nw.col("has_left").sum())
    found = {str(row[name]): _people(row) for row in engine.collect(counts).to_dict("records")}
    if len(found) > _MOST_LEVELS:
        raise ParameterError(f"{name} has {len(found)} levels; a model takes {_MOST_LEVELS}. Group them as a segment.")
    if given is not None and given not in found:
        raise ParameterError(f'baseline "{given}" is no level of {name}. It has {", ".join(sorted(found))}.')
    frequent = sorted(found, key=lambda level: (not found[level][1], level == UNKNOWN, -found[level][0], level))
    base = given if given is not None else frequent[0]
    if len(found) == 1:
        return [(Column("", name, base, "", 1.0, *found[base]), None)]
    made: list[tuple[Column, nw.Expr | None]] = []
    for level in sorted(set(found) - {base}):
        customers, left = (min(pair) for pair in zip(found[level], found[base], strict=True))
        column = Column("", name, level, base, 1.0, customers, left)
        made.append((column, (nw.col(name) == level).cast(nw.Int64) if found[level][1] else None))
    return made


def _said(column: Column) -> tuple[str, str, str, float, int, int]:
    return column.covariate, column.level, column.baseline, column.times, column.customers, column.left


def _people(row: Mapping[Any, Any]) -> tuple[int, int]:
    return int(row["customers"]), 0 if _is_nothing(row["left"]) else int(row["left"])


def _is_nothing(value: float | None) -> bool:
    return value is None or math.isnan(value)


def _is_number(kind: nw.dtypes.DType) -> bool:
    return bool(kind.is_numeric())


def _value(name: str, kind: nw.dtypes.DType) -> nw.Expr:
    """A number; null where it is none."""
    value = nw.col(name).cast(nw.Float64)
    return nw.when(~value.is_nan()).then(value) if kind.is_float() else value


def _text(name: str, kind: nw.dtypes.DType) -> nw.Expr:
    if kind == nw.Boolean:
        said = nw.when(nw.col(name)).then(nw.lit("yes")).when(~nw.col(name)).then(nw.lit("no"))
        return said.otherwise(nw.lit(UNKNOWN))
    return nw.col(name).cast(nw.String).fill_null(UNKNOWN)
