"""What a notebook shows: findings, numbers, charts and tables, each carrying its data as a record."""

from __future__ import annotations

from journeylib.show.record import chart, claims, data, finding, made, number, table

__all__ = ["chart", "claims", "data", "finding", "made", "number", "table"]
