from __future__ import annotations

import re
from html.parser import HTMLParser

import nbformat
import pytest

from journeylib import schema
from journeylib.errors import RunError
from journeylib.publish import page
from journeylib.show import record

_VOID = {"meta", "link", "br", "hr", "img", "input"}


@pytest.fixture(scope="module")
def private(fakes):
    return page.pages(fakes.notebooks(), fakes.judged("private"), fakes.EDITION)


class Reader(HTMLParser):
    """Read a page as a browser would: its elements, and whether each is closed where it should be."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.texts, self.misplaced = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.misplaced.append(tag)

    def handle_data(self, data):
        self.texts.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


def drawn(cells, records=(), **edition):
    """Draw one notebook, made of markdown texts and records, as the page of a private edition."""
    book = nbformat.v4.new_notebook()
    for cell in cells:
        if isinstance(cell, str):
            book.cells.append(nbformat.v4.new_markdown_cell(cell))
        else:
            book.cells.append(nbformat.v4.new_code_cell("x", outputs=[cell]))
    ledger = {"comparisons": 0, "claimed": 0, "alpha": 0.05, "method": "none"}
    judged = {"audience": "private", "min_cell": 10, "questions": [], "ledger": ledger}
    about = {"verdict": None, "claimed": False, "guards": [], "hidden": [], "notebook": "one"}
    told = {**judged, "records": [{**one, **about} for one in records]}
    return page.pages({"one": book}, told, {"title": "A report", **edition})["index.html"]


def output(one):
    return nbformat.v4.new_output("display_data", data={record.MIME: one, "text/plain": record.plain(one)})


def test_the_summary_is_the_first_page_and_each_notebook_has_one(shared):
    assert list(shared) == ["index.html", "overview.html", "churn.html", "sources.html"]
    assert "What does this edition claim?</h1>" in shared["index.html"]


def test_without_a_summary_the_first_notebook_comes_first(fakes):
    shown = fakes.notebooks()["summary"]
    told = {**fakes.judged(), "questions": []}
    own = [one for one in told["records"] if one["notebook"] == "summary"]
    told["records"] = own + [{**one, "notebook": name} for one in own for name in ("first", "later")]
    for names, second in [(["first", "later"], "later.html"), (["first", "summary"], "first.html")]:
        made = page.pages(dict.fromkeys(names, shown), told, fakes.EDITION)
        assert list(made) == ["index.html", second, "sources.html"]


def test_the_same_inputs_give_the_same_bytes(fakes, shared):
    assert page.pages(fakes.notebooks(), fakes.judged(), fakes.EDITION) == shared


def test_every_element_is_closed_where_it_was_opened(shared, fakes):
    for name, text in {**shared, "catalogue": page.catalogue(fakes.CATALOGUE)}.items():
        read = Reader(text)
        assert read.misplaced == [], name
        assert read.open == [], name


def test_the_policy_stands_first_in_the_head_and_forbids_everything_but_styles(shared, fakes):
    policy = (
        '<head>\n<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">"
    )
    for text in [*shared.values(), page.catalogue(fakes.CATALOGUE)]:
        assert policy in text


def test_a_page_has_no_script_and_no_address_outside_its_edition(shared, fakes):
    for text in [*shared.values(), page.catalogue(fakes.CATALOGUE)]:
        read = Reader(text)
        assert "http" not in text.replace("http-equiv", "")
        assert not {"script", "iframe", "object", "embed", "form", "img", "base"} & {tag for tag, _ in read.elements}
        for _, attrs in read.elements:
            assert not [name for name in attrs if name.startswith("on")]
            for name in ("href", "src", "action", "xlink:href"):
                address = attrs.get(name, "")
                assert address == "data:," or not re.match(r"[a-z]+:|//", address, re.IGNORECASE)
        style = text[text.index("<style>") : text.index("</style>")]
        assert "url(" not in style
        assert "@import" not in style


def test_no_name_from_the_data_is_ever_markup(shared, fakes):
    for text in shared.values():
        assert fakes.HOSTILE not in text
        assert "<script" not in text
        assert fakes.OVERRIDE not in text
        assert not set("\u202a\u202b\u202d\u202e\u2066\u2067\x00") & set(text)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shared["overview.html"]
    assert f"<bdi>{fakes.CHINESE}</bdi>" in shared["overview.html"]


def test_every_page_has_one_language_one_direction_and_one_title(shared, fakes):
    for text in [*shared.values(), page.catalogue(fakes.CATALOGUE)]:
        read = Reader(text)
        assert read.all("html") == [{"lang": "en", "dir": "ltr"}]
        assert sum("lang" in attrs for _, attrs in read.elements) == 1
        assert len(read.all("h1")) == len(read.all("title")) == len(read.all("main")) == 1


def test_a_page_in_hebrew_runs_from_the_right():
    assert '<html lang="he" dir="rtl">' in drawn(["# למה?"], language="he")


def test_every_figure_can_be_heard(shared):
    for text in shared.values():
        drawings = Reader(text).all("svg")
        assert all(attrs["role"] == "img" and len(attrs["aria-label"]) > 20 for attrs in drawings)
        assert text.count('class="chart wide"') == text.count('class="chart narrow"') == len(drawings) / 2
    assert "<svg" in shared["churn.html"]


def test_ids_are_unique_and_every_link_leads_somewhere(shared, fakes):
    ids = {}
    for name, text in shared.items():
        found = [attrs["id"] for _, attrs in Reader(text).elements if "id" in attrs]
        assert len(found) == len(set(found)), name
        ids[name] = set(found)
    for name, text in shared.items():
        for attrs in Reader(text).all("a"):
            file, _, place = attrs["href"].partition("#")
            if attrs["href"] != fakes.EDITION["previous"]["path"]:
                assert (file or name) in shared
                assert not place or place in ids[file or name], attrs["href"]


def test_the_answer_comes_before_the_numbers_and_both_before_the_evidence(shared):
    text = shared["overview.html"]
    marks = ["<h1>", "412,906 events of 9,412 customers", "38\u202f% of journeys reach", '<dl class="numbers">', "<h2 "]
    marks += ["What would change this</h2>", "How this was made</h2>", "<footer>"]
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)


def test_at_most_four_numbers_stand_at_the_head(fakes):
    numbers = [record.make("number", "nps", fakes.one(90, 3, 1, 5), id=f"nps{i}", unit="score") for i in range(6)]
    text = drawn(["# Why?", *map(output, numbers)], numbers)
    head, _, rest = text.partition("</section>")
    assert head.count('class="number"') == 4
    assert rest.count('class="number"') == 2


def test_partial_data_and_a_draft_say_so_before_the_answer(shared):
    text = shared["churn.html"]
    notice = "The data are complete through 28 June 2026 only; the last 2 days are partial."
    assert text.index('class="banner"') < text.index(notice) < text.index('class="answer"')


def test_a_reviewed_edition_wears_no_banner():
    text = drawn(["# Why?"], status="reviewed", as_of="2026-06-30", complete_through="2026-06-30")
    assert 'class="banner"' not in text
    assert 'role="note"' not in text


def test_a_term_is_explained_once_on_a_page(shared):
    for name, term in [
        ("overview.html", "A journey is one customer’s run"),
        ("churn.html", "At risk: customers still"),
    ]:
        assert shared[name].count(term) == 1


def test_what_a_cell_printed_stays_out_of_a_shared_page(shared, private):
    assert shared["overview.html"].count("A printed output is left out") == 1
    text = private["overview.html"]
    assert "A printed output is left out" not in text
    assert "printed &lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "frame &lt;script&gt;" in text


def test_sources_warnings_and_foreign_outputs_never_reach_a_page(shared, private):
    for text in (shared["overview.html"], private["overview.html"]):
        for said in ("secret", "iVBORw0KGgo", "alert(2)", "Figure size"):
            assert said not in text


def test_small_cells_are_hidden_and_say_so(shared):
    text = shared["overview.html"]
    assert '<bdi>abroad</bdi></th><td class="num"><i>hidden</i></td>' in text
    assert "hidden: protects groups under 10 customers" in text
    assert "not enough data: 12 of 30" in text


def test_raw_html_and_links_elsewhere_stay_text():
    text = drawn(
        [
            "# Why <i>?\n\nFor <b>all</b>.",
            "## What\n\n[a](javascript:alert(1)) [b](https://example.org/x) [c](//evil.example) "
            "![d](https://example.org/i.png) [e](churn.html#x)\n\n<script>alert(1)</script>\n\n| x |\n|---|\n| 1 |",
        ]
    )
    read = Reader(text)
    assert "<h1>Why &lt;i&gt;?</h1>" in text
    assert "<script" not in text
    assert "b (example.org/x)" in text
    assert {"href": "churn.html#x"} in read.all("a")
    assert not read.all("img")
    assert "<td>1</td>" in text
    assert "http" not in text.replace("http-equiv", "")


def test_two_headings_alike_have_two_places():
    text = drawn(["# Why?", "## What?\n\none", "## What?\n\ntwo"])
    assert 'id="what"' in text
    assert 'id="what-again"' in text


def test_a_page_without_its_last_section_still_says_how_it_was_made():
    text = drawn(["# Why?"], versions={"journeylib": "0.1.0"})
    assert "How this was made</h2>" in text
    assert "<code>journeylib</code>" in text


def test_a_notebook_without_a_title_is_called_by_its_name():
    assert "<h1>One</h1>" in drawn(["no heading"])


def test_a_record_that_nobody_judged_stops_the_edition(fakes):
    one = record.make("finding", "nps", fakes.one(90, 3, 1, 5))
    with pytest.raises(RunError, match='shows "nps", but no record of that id was judged'):
        drawn(["# Why?", output(one)], [])


def test_pages_lead_to_each_other_and_the_first_introduces_the_others(shared):
    for name, text in shared.items():
        links = [attrs for attrs in Reader(text).all("a") if attrs.get("href") in shared]
        assert {attrs["href"] for attrs in links} == set(shared)
        assert [attrs["href"] for attrs in links if attrs.get("aria-current") == "page"] == [name]
    text = shared["index.html"]
    assert text.index('<ul class="index">') < text.index("How this was made</h2>")
    assert "How long do customers stay, and for whom is it different?" in text


def test_a_chart_whose_finding_says_it_already_does_not_say_it_again(shared):
    text = shared["overview.html"]
    assert "".join(Reader(text).texts).count("40\u202f% of journeys start on") == 1
    assert "Highest: <bdi>web</bdi>" not in text
    assert "Highest: <bdi>&lt;script&gt;" in text


def test_the_catalogue_lists_answer_date_state_and_older_editions(fakes):
    text = page.catalogue(fakes.CATALOGUE)
    assert '<a href="demo/2026-06-30-5f1c2ab0/index.html">Demo company: journeys and churn</a>' in text
    assert "38\u202f% of journeys reach “<bdi>purchase</bdi>” within 30 days" in text
    assert "Stale since 8 January 2018" in text
    assert "Why the last run failed: churn, cell 4: TimeoutError (as of 2026-06-30)" in text
    assert '<a href="demo/2026-06-23-4e0b9a11/index.html">23 June 2026</a>' in text
    assert fakes.HOSTILE not in text


def test_an_empty_catalogue_says_what_to_do():
    assert "No report has been published yet. Run one: journey run RECIPE" in page.catalogue([])


def test_why_something_does_not_apply_is_said_once_a_section_and_every_record_has_its_place():
    why, forms = (
        schema.not_applicable("a silence begins on a day of activity"),
        {"finding": "leads", "chart": "contrasts"},
    )
    one, two = (
        [record.make(kind, form, why, id=f"{form}_{at}") for kind, form in forms.items()] for at in ("one", "two")
    )
    text = drawn(["# Title", "## One", *map(output, one), "## Two", *map(output, two)], [*one, *two])
    assert text.count("<p>Not applicable: a silence begins on a day of activity") == 2
    assert {"chart-contrasts-one", "chart-contrasts-two"} <= set(re.findall(r'id="([^"]+)"', text))
