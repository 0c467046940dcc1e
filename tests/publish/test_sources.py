"""From every number to its record, its rows and its queries."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import nbformat
import pandas as pd
import pytest

from journeylib.errors import RefusedError
from journeylib.publish import page
from journeylib.show import record

_SQL = "SELECT count() AS n\nFROM journeys\nWHERE (a < 3 AND b = '</code>')"


class Links(HTMLParser):
    """The links of a page to its sources."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "a" and dict(attrs).get("class") == "source":
            self.found.append(dict(attrs))


def drawn(records, queries, name="one", **told):
    """Draw one notebook that shows records, each with its queries, or None where they were not kept."""
    book = nbformat.v4.new_notebook()
    book.cells.append(nbformat.v4.new_markdown_cell("# Why?"))
    for one, kept in zip(records, queries, strict=True):
        metadata = {} if kept is None else {record.MIME: {"queries": kept}}
        shown = nbformat.v4.new_output("display_data", data={record.MIME: one}, metadata=metadata)
        book.cells.append(nbformat.v4.new_code_cell("x", outputs=[shown]))
    ledger = {"comparisons": 0, "claimed": 0, "alpha": 0.05, "method": "none"}
    about = {"verdict": None, "claimed": False, "guards": [], "hidden": [], "notebook": name}
    judged = {"audience": "private", "min_cell": 10, "questions": [], "ledger": ledger}
    judged["records"] = [{**one, **about, **told} for one in records]
    return page.pages({name: book}, judged, {"title": "A report"})


def nps(fakes, name="nps"):
    return record.make("number", "nps", fakes.one(90, 3, 1, 5), id=name, unit="score")


def entries(text):
    return re.findall(r'<article class="origin">.*?</article>', text, re.DOTALL)


def test_every_finding_number_chart_and_table_of_a_page_leads_to_its_place(shared, fakes):
    shown = [one for one in fakes.judged()["records"] if one["kind"] in ("finding", "number", "chart", "table")]
    led = {link["href"] for name in shared for link in Links(shared[name]).found}
    places = {f"sources.html#{place}" for place in re.findall(r'<h3 id="([^"]+)"', shared["sources.html"])}
    assert led <= places
    assert len(led) >= len(shown)
    assert len(entries(shared["sources.html"])) == len(places)


def test_a_link_says_to_those_who_hear_it_of_which_number_it_is(fakes):
    [link] = Links(drawn([nps(fakes)], [None])["index.html"]).found
    assert link["aria-label"] == "source of: Net promoter score"
    assert link["href"] == "sources.html#number-one-nps"


def test_the_page_gives_the_rows_as_findings_json_has_them(shared, fakes):
    text = shared["sources.html"]
    at, one = next((at, one) for at, one in enumerate(fakes.judged()["records"]) if one["kind"] == "number")
    place = f"records[{at}] of findings.json: <bdi>{one['notebook']}/{one['id']}</bdi>"
    [own] = [entry for entry in entries(text) if place in entry]
    for value in one["rows"][0]:
        assert json.dumps(value) in own
    assert f"<code>{one['form']}</code>" in own


def test_a_hidden_row_stays_hidden(shared, fakes):
    hidden = [one for one in fakes.judged()["records"] if one["hidden"] and one["kind"] != "made"]
    text = shared["sources.html"]
    assert (
        text.count('<tr class="hidden">') == sum(len([row for row in one["hidden"] if row < 30]) for one in hidden) > 0
    )
    for row in re.findall(r'<tr class="hidden">.*?</tr>', text):
        assert "<i>hidden</i>" in row


def test_a_long_record_is_cut_and_says_where_the_rest_is():
    frame = pd.DataFrame({"rule": [f"rule {n}" for n in range(32)], "rows": range(32)})
    text = drawn([record.make("table", "quarantine", frame)], [[]])["sources.html"]
    assert "rule 29" in text
    assert "rule 30" not in text
    assert "And 2 more rows, in findings.json." in text


def test_guards_and_contrasts_are_told(fakes):
    guard = {"guard": "departures", "key": "departures", "status": "caution", "have": 14, "needed": 20, "remedy": ""}
    contrast = {"row": 0, "p": 0.0123, "adjusted_p": 0.0246, "claimed": True, "asked": False, "level": 0.025}
    told = {"guards": [guard], "contrasts": [{**contrast, "detectable": None}]}
    [entry] = entries(drawn([nps(fakes)], [None], **told)["sources.html"])
    assert all(said in entry for said in ["departures", "caution", "0.0123", "0.0246", "0.025", "Adjusted p"])


def test_a_query_behind_several_numbers_is_shown_once(fakes):
    pages = drawn([nps(fakes), nps(fakes, "again"), nps(fakes, "other")], [[_SQL], [_SQL, "SELECT 2"], ["SELECT 2"]])
    text = pages["sources.html"]
    assert text.count("FROM journeys") == 1
    assert "WHERE (a &lt; 3 AND b = &#x27;&lt;/code&gt;&#x27;)" in text
    assert re.findall(r"Query \d, behind \d records", text) == [
        "Query 1, behind 2 records",
        "Query 2, behind 2 records",
    ]
    assert [re.findall(r'href="#(query-\d)"', entry) for entry in entries(text)] == [
        ["query-1"], ["query-1", "query-2"], ["query-2"]
    ]  # fmt: skip


def test_a_number_says_honestly_that_its_query_was_not_kept_or_that_none_ran(fakes):
    text = drawn([nps(fakes), nps(fakes, "counted")], [None, []])["sources.html"]
    lost, none = entries(text)
    assert "not kept: the rows were worked on after the query, or made elsewhere" in lost
    assert "none: taken from what the load counted" in none
    assert "No query of this edition was kept." in text


def test_the_sources_are_the_last_page_of_the_navigation(shared):
    for text in shared.values():
        pages = re.findall(r'<a href="(\w+\.html)"(?: aria-current="page")?>', text.partition("</nav>")[0])
        assert pages == ["index.html", "overview.html", "churn.html", "sources.html"]


def test_a_notebook_may_not_take_the_name_of_the_page(fakes):
    with pytest.raises(RefusedError, match="no notebook may be called sources"):
        drawn([nps(fakes)], [None], name="sources")
