"""What the page of sources says: for each number its record, its rows, how it was judged, and its queries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from journeylib.show.language import Phrases, later, many, say
from journeylib.show.words import count, heading, label, lacking, name, reconciliation, sentence, title

__all__ = ["SOURCES", "about", "behind", "link", "place", "rest", "told", "withheld"]

_LONGEST = 90

SOURCES: Mapping[str, str] = Phrases(
    {
        "name": later("Sources"),
        "title": later("Where do the numbers come from?"),
        "lead": later(
            "For whoever checks a number: the judged record that each finding, number, chart and table of this "
            "edition is drawn from, its rows exactly as they stand in findings.json, how it was judged, and the "
            "queries behind it."
        ),
        "link": later("source"),
        "made": later("Where each number of this page comes from"),
        "on_page": later("On its page"),
        "record": later("Record"),
        "form": later("Form"),
        "context": later("Context"),
        "rows": later("Rows"),
        "no_rows": later("none"),
        "guards": later("Guards"),
        "contrasts": later("Contrasts"),
        "queries": later("Queries"),
        "listing": later("The queries"),
        "listing_lead": later(
            "As they ran, laid out. Tables are those of the journey store; instants are microseconds since 1970, UTC. "
            "A parameter such as $on_2026_01_31 stands for an exact instant of that day, which is not shown, for it "
            "may be the moment of one customer’s event. What a query returns is worked on further (shares, intervals, "
            "rounding) before it is a row."
        ),
        "no_queries": later("No query of this edition was kept."),
        "no_texts": later(
            "This edition was computed on Spark, whose queries have no text that could be shown. A run of the same "
            "recipe on DuckDB gives the same numbers, with the query behind each."
        ),
        "finding": later("finding"),
        "number": later("number"),
        "chart": later("chart"),
        "table": later("table"),
        "data": later("data statement"),
        "row": later("Row"),
        "guard": later("Guard"),
        "status": later("Status"),
        "have": later("Found"),
        "needed": later("Needed"),
        "p": later("p"),
        "adjusted_p": later("Adjusted p"),
        "claimed": later("Claimed"),
        "asked": later("Asked beforehand"),
        "level": later("Level"),
        "detectable": later("Would have shown"),
        "ok": later("met"),
        "caution": later("caution"),
        "refuse": later("refused"),
        "hidden": later("hidden"),
        "all_hidden": later("Hidden cells protect small groups; they are empty in findings.json too."),
        "not_kept": later("not kept: the rows were worked on after the query, or made elsewhere"),
        "no_text": later("not shown: they ran on Spark, where a query has no text"),
        "none_ran": later("none: taken from what the load counted, kept with the store"),
    }
)


def about(record: Mapping[str, Any]) -> str:
    """Give what a record says on its page: its sentence, label, title or caption."""
    kind = record["kind"]
    if kind == "finding":
        return sentence(record)
    if kind == "number":
        return label(record)
    return reconciliation(record) if kind == "data" else title(record) if kind == "chart" else heading(record)


def link(record: Mapping[str, Any]) -> str:
    """Name the link to a record's source for those who hear it: which number it is of.

    >>> link({"kind": "number", "form": "customers", "context": {}})
    'source of: Customers'
    """
    said = about(record).translate(dict.fromkeys([0x2068, 0x2069]))
    cut = said if len(said) <= _LONGEST else f"{said[:_LONGEST].rsplit(' ', 1)[0]} …"
    return say("source of: {what}", what=cut)


def place(record: Mapping[str, Any], at: int) -> str:
    """Say where a record stands in findings.json.

    >>> place({"notebook": "overview", "id": "nps"}, 3) == f"records[3] of findings.json: {name('overview/nps')}"
    True
    """
    whole = name(f"{record['notebook']}/{record['id']}", _LONGEST)
    return say("records[{at}] of findings.json: {name}", at=at, name=whole)


def behind(number: int, records: int) -> str:
    """Head a query with its number and how many records it stands behind.

    >>> behind(3, 2)
    'Query 3, behind 2 records'
    """
    return many(
        records,
        "Query {number}, behind {records} record",
        "Query {number}, behind {records} records",
        number=number,
        records=count(records),
    )


def rest(rows: int) -> str:
    """Say how many rows of a record are not repeated.

    >>> rest(12)
    'And 12 more rows, in findings.json.'
    """
    return many(
        rows, "And {rows} more row, in findings.json.", "And {rows} more rows, in findings.json.", rows=count(rows)
    )


def told(record: Mapping[str, Any]) -> str:
    """Say why a record has no rows.

    >>> told({"rows": [], "not_applicable": None})
    'none'
    """
    return SOURCES["no_rows"] if record.get("not_applicable") is None else lacking(record)


def withheld(queries: object, engine: str) -> str:
    """Say why a record shows no query: none ran, or it is not known which, or Spark ran them.

    >>> withheld([], "duckdb")
    'none: taken from what the load counted, kept with the store'
    """
    if queries is not None:
        return SOURCES["none_ran"]
    return SOURCES["no_text" if engine == "spark" else "not_kept"]
