"""Sums over customers: all that an interval clustered by customer needs to leave the engine."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw

__all__ = ["Periods", "Sums", "category_sums", "cluster_sums", "period_sums", "plain_sums"]

_PRODUCTS = ("mm", "xm", "xx")
_CROSS = ("xx", "xm", "mx", "mm")  # the later period's letter first


@dataclass(frozen=True)
class Sums:
    """Sums over customers with m units each, of which x count; `customers` is how many."""

    customers: int
    m: float
    x: float
    mm: float
    xm: float
    xx: float

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> Sums:
        """Take the sums from a row of `cluster_sums` or `category_sums`; nothing at all is zero."""
        if not row["customers"]:
            return cls(0, 0.0, 0.0, 0.0, 0.0, 0.0)
        m, x, mm, xm, xx = (float(row[name]) for name in ("m", "x", "mm", "xm", "xx"))
        return cls(int(row["customers"]), m, x, mm, xm, xx)

    def at(self, ratio: float, worth: float) -> Sums:
        """The sums as they would be with another `ratio`, of `worth` times as many customers who cluster alike.

        For a Kaplan–Meier share, whose ratio is not Σx/Σm of what was seen so far.

        >>> plain_sums(10, 40).at(0.5, 0.5)
        Sums(customers=40, m=20.0, x=10.0, mm=20.0, xm=10.0, xx=10.0)
        """
        was, spread = self.ratio * (1 - self.ratio), ratio * (1 - ratio)
        m, mm = self.m * worth, self.mm * worth
        # The squares about the ratio grow with the variance of a unit; without one, nothing is known about alikeness.
        squares = self.squares * worth * (spread / was if was > 0 else 0.0)
        return Sums(self.customers, m, ratio * m, mm, ratio * mm, squares + ratio**2 * mm)

    @property
    def ratio(self) -> float:
        """The value in a unit, Σx/Σm; NaN without a unit."""
        return self.x / self.m if self.m else math.nan

    @property
    def alike(self) -> float:
        """How many customers with equally many units would weigh as much: (Σm)²/Σm²."""
        return self.m**2 / self.mm if self.mm else 0.0

    @property
    def squares(self) -> float:
        """Σ(x − r·m)² over customers, with r the ratio."""
        return max(0.0, self.xx - 2 * self.ratio * self.xm + self.ratio**2 * self.mm)

    @property
    def variance(self) -> float:
        """The linearised variance of the ratio (Cochran, Sampling Techniques, 6.4): a/(a−1) · Σ(x − r·m)²/(Σm)².

        With equally many units each, a is the customers. Else a = `alike`, fewer: the factor is then
        unbiased for units that are independent, and too small only where few customers have most units.
        """
        return self.alike / (self.alike - 1) * self.squares / self.m**2 if self.alike > 1 + 1e-9 else math.nan


@dataclass(frozen=True)
class Periods:
    """The sums of an earlier and a later period, and over customers the products between the two.

    `both` is how many customers have units in both; `xm` is Σ later x · earlier m.
    """

    earlier: Sums
    later: Sums
    both: int
    xx: float
    xm: float
    mx: float
    mm: float

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> Periods:
        """Take the sums from a row of `period_sums`."""
        each = ({name: row[f"{period}_{name}"] for name in _names()} for period in ("earlier", "later"))
        earlier, later = map(Sums.of, each)
        return cls(earlier, later, int(row["both"] or 0), *(float(row[name] or 0) for name in _CROSS))

    @property
    def correlation(self) -> float:
        """The correlation of the two ratios, for the customers whom both share; 0 where it cannot be told."""
        size = math.sqrt(self.earlier.squares * self.later.squares) if self.earlier.m and self.later.m else 0.0
        if not size:
            return 0.0
        first, second = self.earlier.ratio, self.later.ratio
        together = self.xx - first * self.xm - second * self.mx + first * second * self.mm
        return max(-1.0, min(1.0, together / size))


def plain_sums(x: int, n: int) -> Sums:
    """Make the sums of n customers with one value each, of whom x count.

    >>> plain_sums(8, 20).ratio
    0.4
    """
    return Sums(n, n, x, n, x, x)


def cluster_sums(
    table: nw.LazyFrame,
    by: Sequence[str] = (),
    *,
    x: nw.Expr,
    m: nw.Expr | None = None,
    customer: str = "customer_id",
) -> nw.LazyFrame:
    """Make the sums of `Sums`, lazily: one row a group (one row in all without `by`).

    `x` says what a row counts (0 or 1 for a share), `m` how many units a row is (1 unless
    given). Neither may be null. Columns: by…, customers, m, x, mm, xm, xx.
    """
    units = table.with_columns(x=x, m=nw.lit(1) if m is None else m)
    each = units.group_by(*by, customer).agg(x=nw.col("x").sum(), m=nw.col("m").sum())
    sums = {"customers": nw.len(), "m": nw.col("m").sum(), "x": nw.col("x").sum(), **_products(*_PRODUCTS)}
    return each.group_by(*by).agg(**sums) if by else each.select(**sums)


def category_sums(
    marks: nw.LazyFrame, units: nw.LazyFrame, category: Sequence[str], *, customer: str = "customer_id"
) -> nw.LazyFrame:
    """Make the sums for the share of all `units` that carry each category, lazily: one row a category.

    `units` has one row a unit; `marks` one row for each category of a unit, so a unit may
    have none or several. Columns: category…, marked (customers with at least one such
    unit), customers (all), m, x, mm, xm, xx.
    """
    each = units.group_by(customer).agg(m=nw.len())
    total = each.select(customers=nw.len(), m=nw.col("m").sum(), **_products("mm"))
    marked = marks.group_by(customer, *category).agg(x=nw.len()).join(each, on=customer, how="inner")
    found = marked.group_by(*category).agg(marked=nw.len(), x=nw.col("x").sum(), **_products("xm", "xx"))
    return found.join(total, how="cross")


def period_sums(
    table: nw.LazyFrame,
    by: Sequence[str] = (),
    *,
    is_later: nw.Expr,
    x: nw.Expr,
    m: nw.Expr | None = None,
    customer: str = "customer_id",
) -> nw.LazyFrame:
    """Make the sums of `Periods`, lazily: rows are of the later period where `is_later`, else of the earlier.

    `x` and `m` as in `cluster_sums`; no expression may be null. Columns: by…, the sums of each period with
    its name before them (earlier_m, later_xx, …), both, and the products between the two: xx, xm, mx, mm.
    """
    later = nw.col("is_later")
    units = table.with_columns(x=x, m=nw.lit(1) if m is None else m, is_later=is_later.cast(nw.Int64))
    parts = {f"{name}_{period}": nw.col(name) * on for name in "xm" for period, on in (("1", 1 - later), ("2", later))}
    seen = {"seen_1": (1 - later).max(), "seen_2": later.max()}
    each = (
        units.with_columns(**parts).group_by(*by, customer).agg(**{name: nw.col(name).sum() for name in parts}, **seen)
    )
    sums: dict[str, nw.Expr] = {}
    for period, at in (("earlier", "1"), ("later", "2")):
        sums[f"{period}_customers"] = nw.col(f"seen_{at}").sum()
        sums |= {f"{period}_{name}": nw.col(f"{name}_{at}").sum() for name in "mx"}
        sums |= {f"{period}_{name}": _product(f"{name[0]}_{at}", f"{name[1]}_{at}") for name in _PRODUCTS}
    sums["both"] = _product("seen_1", "seen_2")
    sums |= {name: _product(f"{name[0]}_2", f"{name[1]}_1") for name in _CROSS}
    return each.group_by(*by).agg(**sums) if by else each.select(**sums)


def _names() -> tuple[str, ...]:
    return ("customers", "m", "x", *_PRODUCTS)


def _product(one: str, other: str) -> nw.Expr:
    return (nw.col(one) * nw.col(other)).sum()


def _products(*names: str) -> dict[str, nw.Expr]:
    return {name: _product(name[0], name[1]) for name in names}
