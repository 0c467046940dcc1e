"""What a notebook's output carries: a record of its data, to be judged before it is drawn.

A record is a small JSON object: its id, its kind (finding, number, chart, table, data,
claims, made), its form (which sentence or drawing), the context, and the rows of a result
frame. `make` builds it; the functions named after the kinds also display it. `rows.rows`
reads one back, judged or not. The queries behind the frame are no part of a record: they go
with the output, as its metadata, and only the page of sources shows them.
"""

from __future__ import annotations

import base64
import math
import numbers
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from journeylib import engine, trace
from journeylib.days import day_of
from journeylib.errors import RefusedError
from journeylib.judge.checks import INPUTS
from journeylib.show.forms import FORMS
from journeylib.trace import measured

__all__ = [
    "MIME",
    "Record",
    "chart",
    "claims",
    "data",
    "finding",
    "made",
    "make",
    "number",
    "plain",
    "queries",
    "table",
]

MIME = "application/vnd.journeylib.record+json"

Record = dict[str, Any]

_PLAIN_ROWS = 12


def finding(form: str, frame: pd.DataFrame, /, *, id: str | None = None, **context: Any) -> None:
    """Show one sentence's worth of answer; `form` names the sentence of `show.words` that will say it.

    `counted=True` in the context says that its numbers are counts of all there is, not estimates.
    """
    _display(make("finding", form, frame, id=id, **context), frame)


def number(form: str, frame: pd.DataFrame, /, *, id: str | None = None, **context: Any) -> None:
    """Show a headline number: a frame of one row; `unit` is share, count, records, days, score or money.

    The id is the form and `_number` unless given, so that a finding of the same form may stand beside it.
    """
    _display(make("number", form, frame, id=f"{form}_number" if id is None else id, **context), frame)


def chart(form: str, frame: pd.DataFrame, /, *, id: str | None = None, **context: Any) -> None:
    """Show a chart: its data, and a live drawing that is marked as not yet judged.

    `finding` in the context names the finding, recorded in the same notebook, whose contrast
    the chart illustrates: claimed, it gives the chart its title and its colour. `findings`
    names several: measure to finding.
    """
    _display(make("chart", form, frame, id=id, **context), frame)


def table(form: str, frame: pd.DataFrame, /, *, id: str | None = None, **context: Any) -> None:
    """Show a frame as a table; `form` names its caption."""
    _display(make("table", form, frame, id=id, **context), frame)


def data(store: Any) -> None:
    """Show the data statement: how much, from when to when, what was set aside and by which rule."""
    _display(*_statement(store))


def claims() -> None:
    """Mark where the page lists what the edition claims; filled once the edition is judged."""
    _display(make("claims", "claims", None))


def made() -> None:
    """Mark where the page says how it was made; filled when the page is drawn."""
    _display(make("made", "made", None))


def make(kind: str, form: str, frame: pd.DataFrame | None, /, *, id: str | None = None, **context: Any) -> Record:
    """Make the record of a frame: JSON only, floats to 12 significant digits, NaN as null.

    The id is unique in its notebook and defaults to the form. A frame that carries
    `attrs["not_applicable"]` gives a record that says so and has no rows.

    >>> frame = pd.DataFrame({"n": [40], "estimate": [1 / 3], "low": [0.2], "high": [0.5], "is_enough": [True]})
    >>> record = make("finding", "converted", frame, goal="purchase", within_days=30)
    >>> record["id"], record["rows"]
    ('converted', [[40, 0.333333333333, 0.2, 0.5, True]])
    """
    frame = pd.DataFrame() if frame is None else frame
    reason = frame.attrs.get("not_applicable")
    columns = [str(column) for column in frame.columns]
    if reason is None:
        _check(kind, form, columns)
    if len(set(columns)) < len(columns):
        raise RefusedError(f"the frame of {kind} {form} names a column twice: {', '.join(columns)}")
    return {
        "id": form if id is None else id,
        "kind": kind,
        "form": form,
        "context": {key: _jsonable(context[key]) for key in sorted(context)},
        "columns": columns,
        "rows": [[_jsonable(value) for value in row] for row in frame.itertuples(index=False, name=None)],
        "not_applicable": None if reason is None else str(reason),
    }


def plain(record: Mapping[str, Any]) -> str:
    """Give a record as a small plain frame, the same on every run: what nbval compares.

    >>> print(plain(make("table", "quarantine", pd.DataFrame({"rule": ["no time"], "rows": [3]}))))
    table quarantine
    rule     rows
    no time     3
    """
    lines = [f"{record['kind']} {record['form']}"]
    said = {key: value for key, value in record["context"].items() if key not in INPUTS}
    if said:
        lines.append(", ".join(f"{key} {_cell(value)}" for key, value in said.items()))
    if record["not_applicable"] is not None:
        return "\n".join([*lines, f"not applicable: {record['not_applicable']}"])
    shown = [record["columns"], *([_cell(value) for value in row] for row in record["rows"][:_PLAIN_ROWS])]
    right = [
        all(isinstance(row[i], int | float | None) for row in record["rows"]) for i in range(len(record["columns"]))
    ]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown if record["columns"] else []:
        cells = [cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(row, widths, right, strict=True)]
        lines.append("  ".join(cells).rstrip())
    if len(record["rows"]) > _PLAIN_ROWS:
        lines.append(f"… {len(record['rows']) - _PLAIN_ROWS} more rows")
    return "\n".join(lines)


def queries(output: Mapping[str, Any]) -> list[str] | None:
    """Give the queries behind the record of a notebook's output; None where they were not kept.

    >>> queries({"metadata": {MIME: {"queries": ["SELECT 1"]}}}), queries({"metadata": {}})
    (['SELECT 1'], None)
    """
    kept: list[str] | None = (output.get("metadata") or {}).get(MIME, {}).get(trace.KEY)
    return kept


def _display(record: Record, frame: pd.DataFrame | None = None) -> None:
    from IPython.display import display

    bundle: dict[str, Any] = {MIME: record, "text/plain": plain(record)}
    if record["kind"] == "chart" and record["rows"]:
        from journeylib.show import charts

        bundle["image/png"] = base64.b64encode(charts.png(record)).decode("ascii")
    kept = _laid_out(frame)
    display(bundle, metadata={} if kept is None else {MIME: {trace.KEY: kept}}, raw=True)


def _laid_out(frame: pd.DataFrame | None) -> list[str] | None:
    """The queries behind a frame; None where it lost them, or where one reads what is in no store."""
    kept = None if frame is None else frame.attrs.get(trace.KEY)
    laid = None if kept is None else [engine.listing(text) for text in kept]
    return laid if laid is not None and all(laid) else None


@measured
def _sums(store: Any) -> pd.DataFrame:
    inside = store.events.filter(nw.col("occurred_us") >= store.start_us, nw.col("occurred_us") < store.ends_us)
    customers, channels = (nw.col(name).n_unique() for name in ("customer_id", "channel"))
    return engine.collect(inside.select(events=nw.len(), customers=customers, channels=channels))


def _statement(store: Any) -> tuple[Record, pd.DataFrame]:
    sums = _sums(store)
    facts = store.facts
    reasons = [{"rule": rule, "rows": facts["reasons"][rule]} for rule in facts["reasons"]]
    reasons.sort(key=lambda reason: (-reason["rows"], reason["rule"]))
    context: dict[str, Any] = {
        **{column: int(sums[column].fillna(0)[0]) for column in ["events", "customers", "channels"]},
        **{key: facts.get(key) for key in ["records_in", "accepted", "quarantined", "duplicates"]},
        **{key: facts.get(key) for key in ["complete_through", "fingerprint"]},
    }
    record = make(
        "data",
        "data",
        pd.DataFrame(reasons, columns=["rule", "rows"]),
        id=None,
        from_on=day_of(store.start_us),
        to_on=day_of(store.ends_us - 1),
        begins_on=day_of(store.begins_us),
        sources=len(facts.get("sources") or ()),
        **context,
    )
    return record, sums


def _check(kind: str, form: str, columns: Sequence[str]) -> None:
    forms = FORMS.get(kind)
    if forms is None:
        return
    if form not in forms:
        raise RefusedError(f"there is no {kind} {form!r}; a {kind} is one of {', '.join(forms)}")
    missing = [column for column in forms[form] if column not in columns]
    if missing:
        raise RefusedError(
            f"the {kind} {form} needs the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
            f"its frame has {', '.join(columns) or 'none'}"
        )


def _jsonable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _jsonable(value[key]) for key in value}
    if isinstance(value, set | frozenset):
        return sorted((_jsonable(item) for item in value), key=str)
    if isinstance(value, list | tuple) or (hasattr(value, "__array__") and value.ndim):
        return [_jsonable(item) for item in value]
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, bool | str) or type(value).__name__ in ("bool", "bool_"):
        return str(value) if isinstance(value, str) else bool(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(f"{float(value):.12g}") if math.isfinite(value) else None
    if isinstance(value, datetime):
        midnight = value.tzinfo is None and value == datetime(value.year, value.month, value.day)
        return value.date().isoformat() if midnight else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        raise RefusedError(f"a record holds no durations, given {value}; give a number with its unit in the name")
    return str(value)


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
