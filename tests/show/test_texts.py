"""Every text of the pages goes through the catalogue: none bypasses it, and a translation may order its parts anew."""

from __future__ import annotations

import ast
import io
import re
import string
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

import groups
import leaving
import nbformat
import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

import journeylib
from journeylib import schema
from journeylib.publish import page
from journeylib.show import charts, language, markup, record, rows, words
from journeylib.show.forms import FORMS
from journeylib.show.words import asking, codes, judging

PACKAGE = Path(journeylib.__file__).parent
TEMPLATE = PACKAGE / "show/words/catalogues/pages.pot"
KEYWORDS = {"say": (1,), "many": (2, 3), "later": (1,)}  # as `make texts` has them

# Text on a page that does not come from the catalogue, and why. Nothing is added here without a reason.
BYPASSING: dict[str, str] = {}  # what does, and why


class Marked(NullTranslations):
    """Translations that leave the English as it is, and mark all that is not a part."""

    def gettext(self, text):
        return "".join(
            (f"⟦{said}⟧" if said else "") + ("" if name is None else f"{{{name}}}")
            for said, name, _, _ in string.Formatter().parse(text)
        )

    def ngettext(self, one, several, number):
        return self.gettext(one if number == 1 else several)


def texts_of_the_code():
    found = set()
    for part in ("show", "publish"):
        for _, _, said, _, _ in extract_from_dir(PACKAGE / part, [("**.py", "python")], keywords=KEYWORDS):
            found.add(said)
    return found


def test_the_template_for_translators_holds_exactly_the_texts_of_the_code():
    with TEMPLATE.open("rb") as file:
        kept = {message.id for message in read_po(file) if message.id}
    code = texts_of_the_code()
    plural = {said[0] for said in code if isinstance(said, tuple)}
    assert kept == {said for said in code if said not in plural}, "collect them again: make texts"


def test_every_part_of_a_text_has_a_name():
    for said in texts_of_the_code():
        for text in (said,) if isinstance(said, str) else said:
            assert text
            for _, name, form, conversion in string.Formatter().parse(text):
                assert name is None or (name.isidentifier() and not form and not conversion), text


# What stands on the pages ---------------------------------------------------------------------------------------------

_UNSEEN = re.compile(r"<(style|bdi|code|pre)\b[^>]*>.*?</\1>", re.S)
_HEARD = re.compile(r'(?:aria-label|alt|title)="([^"]*)"')
_LETTERS = re.compile(r"[A-Za-z]{2}|\b[A-Zb-z]\b")


def strays(html, data=()):
    """The pieces of what a reader sees or hears that stand in no mark and are no data."""
    html = _UNSEEN.sub("", html)
    said = "\n".join([*re.findall(r">([^<]+)<", html), *_HEARD.findall(html)])
    pieces = re.split("⟦[^⟦⟧]*?(?:⟧|…$)| → |\n", said, flags=re.M)  # a mark may run over the lines of a label
    return sorted(piece for piece in set(map(_bare, pieces)) if _LETTERS.search(piece) and not _is_data(piece, data))


def _bare(piece):
    return re.sub(r"&(#\w+|\w+);", "", piece).strip(" ….:;,()“”→·\n")


def _is_data(piece, data):
    return any(piece == known or (len(piece) > 3 and known.startswith(piece)) for known in data)


def told_by_data(fakes, books, judged):
    """What notebooks and data say themselves: their text, the names of groups and columns, ids, reasons of measures."""
    said = [cell["source"] for book in books.values() for cell in book.cells if cell["cell_type"] == "markdown"]
    said = [re.sub(r"\[([^\]]*)\]\(javascript:.*?\)\)", r"\1", text) for text in said]  # no link: it stays text
    said = [re.sub(r"\]\([^)]*\)|[#*`\[]", "\n", text) for text in said]
    known = {line.strip(" .,\n") for text in said for line in text.split("\n")}
    outputs = [one for book in books.values() for cell in book.cells for one in cell.get("outputs", ())]
    known |= {str(one.get("text") or one["data"].get("text/plain")) for one in outputs}
    for one in judged["records"]:
        known |= {row.label for row in rows.rows(one)} | {str(one["not_applicable"]).rstrip(".")}
        known |= {str(value) for value in one["context"].values()}
        known |= {guard["guard"] for guard in one["guards"]} - set(judging.GUARDS)
        known |= set((one["context"].get("notes") or {}).values())
        for row in rows.rows(one):
            known |= {str(row.values.get(end)) for end in ("source", "target")} - set(codes._ENDS)
            known |= {str(row.values.get(key)) for key in ("group", "baseline", "label", "unit", "ties")}
            parts = str(row.values.get("group")).split()  # a name may be broken into lines
            known |= {" ".join(parts[at:]) for at in range(len(parts))}
    for question in [*judged["questions"], *judged["withdrawn"]]:
        known |= {str(question.get("not_applicable")).rstrip(".")}
        known |= {str(question.get("text")), str(question.get("expect"))}
        known |= {mark["was"]["text"] for mark in question.get("marks") or ()}
    known |= {words.page_name(name) for name in books}  # a notebook of one's own is called by its file
    known |= {"Plan", "Region", "first talk"}  # attributes that a company names
    known |= {fakes.EDITION["title"], fakes.EDITION["id"][:8], fakes.EDITION["versions"]["journeylib"], "BH"}
    return {_bare(markup.escape(one)) for one in known} - {"", "unknown"}


RATIOS = schema.RESULT
REVIEW = {
    "complete": [["2026-06-30", "2026-06-29", 4, 2, "2026-05-04", None, "web"]],
    "records": [[1000, 960, 30, 10, True]],
    "anonymous": [[5122, 0.0744, None, None, True, 300, 11053]],
    "gaps": [["web", "2026-05-04", "2026-05-06", 1, 40, 3]] * 5,
    "ties": [[5122, 0.0744, None, None, True, 300, 11053]],
    "late": [["web", 5122, 0.0744, None, None, True, 300, 11053]],
    "clocks": [["web", 400, "day", 0.5, 0.1, True], ["app", 300, "second", 0.1, 0.9, True]],
    "bots": [[5122, 0.0744, None, None, True, 300, 11053]],
    "returned": [[400, 0.12, 0.1, 0.15, True]],
}
TABLES = {
    "known": (["known_by", "estimate"], [["itself", 0.3], ["device", 0.4]]),
    "bot_signs": (["sign", "estimate"], [["many", 0.3], ["both", 0.4]]),
    "identity_modes": (["mode", "is_used", "wait_hours"], [["live", True, 3.5], ["graph", False, 0.2]]),
    "unmerged": (["ids"], []),
    "sources": (["source", "first_on", "quarantined"], [["web", "2026-01-01", 3]]),
}
PACE = {"moments_in_a_day": 100, "pauses": 20, "pause_seconds": 1.0, "silent_days": 60}
GUARD = {
    "guard": "departures",
    "status": "caution",
    "have": 14,
    "needed": 20,
    "key": "departures",
    "remedy": "more_data",
}
LOOK = {"way": "spent", "number": 3, "planned": 52}
_PARTS = {"revised": 2.0, "restated": 1.0, "redefined": 1.0, "period": 4.0, "mix": 0.0, "rate": 4.0, "step": 1.0}
_ENDS = {"rate_low": 2.0, "rate_high": 10.0, "mix_low": 1.0, "mix_high": 2.0}
_MOVED = {"notebook": "overview", "id": "nps_number", "form": "nps", "context": {}, "old": 30, "new": 34, "by": "plan"}
MOVED = {**_MOVED, **_PARTS, **_ENDS, "why": None}
CHANGES = {
    "a": {"as_of": "2026-05-31"},
    "b": {"looks": 52},
    "changed": {"data": False, "code": True, "rules": True},
    "findings": [{"change": "gone", "is_apart": False, "before": "⟦Then.⟧", "now": "⟦Now.⟧"}],
    "questions": [{"text": "Who stays?", "before": None, "now": "supported"}],
    "numbers": [
        MOVED,
        {**MOVED, "rate_low": -2.0},
        {**MOVED, "rate": None},
        {**MOVED, "period": None, "why": "silent"},
    ],
}


def shown(kind, form, columns, cells, **context):
    """A judged record by hand."""
    about = {"id": f"{kind}_{form}", "kind": kind, "form": form, "context": context, "not_applicable": None}
    judging = {"verdict": None, "claimed": False, "guards": [], "hidden": [], "min_cell": 10}
    return {**about, "columns": columns, "rows": cells, "notebook": "review", **judging}


def edition(fakes):
    """An edition with every form, every mark of a question, a ledger of looks and a list of changes."""
    books, judged = fakes.notebooks(), fakes.judged()
    review = [shown("finding", form, list(FORMS["finding"][form]), cells, **PACE) for form, cells in REVIEW.items()]
    review += [shown("table", form, columns, cells) for form, (columns, cells) in TABLES.items()]
    review[0]["guards"] = [GUARD]
    review[-1]["rows"][0][-1] = 3
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# May these data be trusted?")])
    for one in review:
        output = nbformat.v4.new_output("display_data", data={record.MIME: one})
        book.cells.append(nbformat.v4.new_code_cell("", outputs=[output]))
    books["review"], books["segments"], books["churn_page"] = book, groups.notebook(), leaving.notebook()
    judged["records"] += [*review, *groups.judged(), *leaving.judged()]
    asked = {"text": "Longer?", "expect": "a > b", "dated": "2026-06-01", "verdict": "not applicable", "record": None}
    was = {"text": "Shorter?", "expect": None}
    marks = [{"mark": mark, "seen_until": "2026-06-30", "was": was} for mark in ("late", "added", "changed")]
    told = {"compared": [["annual", "monthly"]], "detectable": 0.02, "unit": "share", "guard": GUARD}
    for why in asking._WHY:
        judged["questions"].append(
            {**asked, **told, "not_applicable": "Said by a measure.", "why": why, "marks": marks}
        )
    judged["withdrawn"] = [{"text": "Longer?", "verdict": "against"}]
    judged["ledger"] |= {"method": "BH", "too_little": 3, "searches": 1, "by_chance": 2.0, "look": LOOK}
    judged["changes"] = CHANGES
    return books, judged


def bypassing(fakes, books, judged):
    """What stands on the pages and is neither in the catalogue nor data."""
    with language.speaking(Marked()):
        drawn = page.pages(books, judged, fakes.EDITION)
    data = told_by_data(fakes, books, judged)
    assert sum(html.count("⟦") for html in drawn.values()) > 2000
    return {piece for html in drawn.values() for piece in strays(html, data)}


def test_every_text_of_every_page_comes_from_the_catalogue(fakes):
    assert bypassing(fakes, *edition(fakes)) == set(BYPASSING)


def test_every_text_of_an_edition_that_claims_nothing_comes_from_the_catalogue(fakes):
    books, judged = edition(fakes)
    judged |= {"questions": [], "withdrawn": [], "audience": "private"}
    judged["records"] = [{**one, "claimed": False, "verdict": None, "contrasts": []} for one in judged["records"]]
    assert bypassing(fakes, books, judged) == set(BYPASSING)


def test_every_text_of_the_list_of_reports_comes_from_the_catalogue(fakes):
    series = [{**one, "answer": "⟦Said on the page.⟧"} for one in fakes.CATALOGUE]
    data = [markup.escape(one[key]) for one in series for key in ("title", "failed") if one[key]]
    with language.speaking(Marked()):
        assert strays(page.catalogue(series), list(map(_bare, data))) == []
        assert strays(page.catalogue([])) == []


def test_every_guard_has_its_name_in_the_catalogue():
    source = (PACKAGE / "judge/guards.py").read_text()
    names = re.findall(r'_(?:guard|count)\("([^"]+)"', source)
    assert len(names) == 11
    assert set(names) <= set(judging.GUARDS)


@pytest.mark.parametrize("key", ["reversal", "silence", "window", "exposure", "distribution", "future"])
def test_every_caution_comes_from_the_catalogue(key):
    names = {name: words.name("a") for name in ("group", "baseline", "longest", "shortest")}
    figures = {**names, "turned": ["b"], "returned": 0.1, "is_known": True, "within_days": 30, "days": [300.0, 100.0]}
    with language.speaking(Marked()):
        said = words.caution({**GUARD, "key": key, "figures": figures, "have": 2})
    assert strays(f"<p>{markup.prose(said)}</p>") == []
    assert set(judging._SAID) == {"reversal", "silence", "window", "exposure", "distribution", "future"}


def test_a_text_that_bypasses_the_catalogue_is_found():
    assert strays("<p>⟦Of ⟧3⟦ records⟧ glued</p>") == ["glued"]
    assert strays('<svg aria-label="Bar chart"><text>⟦At risk⟧</text></svg>') == ["Bar chart"]
    assert strays("<p>⟦on ⟧<bdi>web</bdi> web</p>", ["web"]) == []


# What stands in the code ----------------------------------------------------------------------------------------------

SAYING = {"say", "many", "later"}
WORDLESS = {"inline.py": "it writes the signs of SVG", "language.py": "it holds no text"}
NAMED = {"_MORE_FONTS": "the names of fonts", "__all__": "names of this package"}


def unsaid(tree):
    """The English in a file that is neither said, nor a key, nor for whoever programs."""
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            child.above = node
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text, pattern = (
                "".join(part.value for part in node.values if isinstance(part, ast.Constant)),
                r"[A-Za-z]{2}|\s[A-Za-z]",
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text, pattern = node.value, r"[A-Za-z,;]\s+[A-Za-z]|\b[A-Z][a-z]"
        else:
            continue
        if re.search(pattern, text) and not _is_excused(node):
            yield node.lineno, text


def _is_excused(node):
    above = getattr(node, "above", None)
    if above is None:
        return False
    if isinstance(above, ast.Call):
        name = above.func.attr if isinstance(above.func, ast.Attribute) else getattr(above.func, "id", "")
        if name in SAYING | {"get", "filterwarnings", "compile"}:
            return True
    is_key = isinstance(above, ast.Dict) and node in above.keys
    is_named = isinstance(above, ast.Assign) and getattr(above.targets[0], "id", "") in NAMED
    if is_key or is_named or isinstance(above, ast.Expr | ast.Raise | ast.Subscript | ast.Compare | ast.Set):
        return True
    return _is_excused(above) if isinstance(above, ast.expr | ast.FormattedValue | ast.keyword) else False


@pytest.mark.parametrize("folder", ["words", "charts"])
def test_no_english_stands_in_the_code_but_in_what_is_said(folder):
    found = {}
    for path in sorted((PACKAGE / "show" / folder).glob("*.py")):
        if path.name not in WORDLESS:
            found[path.name] = list(unsaid(ast.parse(path.read_text())))
    assert {name: texts for name, texts in found.items() if texts} == {}
    assert len(found) > 5


@pytest.mark.parametrize(
    "code",
    ['said = f"{n} rows"', 'said = "Nothing was read."', 'said = {"a": "the last day"}', 'said = " of " + "two words"'],
)
def test_english_that_is_not_said_is_found(code):
    assert len(list(unsaid(ast.parse(code)))) == 1


# A translation --------------------------------------------------------------------------------------------------------

GERMAN = """
msgid "{share} of journeys reach “{goal}” within {time} {bracket}."
msgstr "„{goal}“ wird binnen {time} von {share} aller Wege erreicht {bracket}."
msgid "{number} day"
msgid_plural "{number} days"
msgstr[0] "{number} Tag"
msgstr[1] "{number} Tagen"
msgid "1,234.5"
msgstr "1.234,5"
"""
RUSSIAN = """
msgid "{number} day"
msgid_plural "{number} days"
msgstr[0] "{number} день"
msgstr[1] "{number} дня"
msgstr[2] "{number} дней"
"""


def translations(source, locale):
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(source.encode()), locale=locale))
    compiled.seek(0)
    return GNUTranslations(compiled)


def test_a_translation_puts_the_parts_in_its_own_order_and_writes_numbers_in_its_own_way():
    frame = {"columns": RATIOS, "rows": [[4120, 0.0521, 0.041, 0.062, True]], "not_applicable": None}
    found = {"kind": "finding", "form": "converted", "context": {"goal": "Kauf", "within_days": 30}, **frame}
    with language.speaking(translations(GERMAN, "de")):
        said = words.sentence(found).replace("\u202f", " ").replace("\u2068", "").replace("\u2069", "")
    assert said == "„Kauf“ wird binnen 30 Tagen von 5,2 % aller Wege erreicht (4,1–6,2 %, n = 4.120)."


@pytest.mark.parametrize(
    ("days", "said"), [(1, "1 день"), (2, "2 дня"), (5, "5 дней"), (21, "21 день"), (1.04, "1 день")]
)
def test_a_number_takes_the_form_that_it_needs_as_it_is_shown(days, said):
    with language.speaking(translations(RUSSIAN, "ru")):
        assert words.quantity(days, "days") == said
    assert words.quantity(2, "days") == "2 days"


def test_no_translation_is_lost_to_what_was_imported_before_it():
    with language.speaking(Marked()):
        assert words.CHROME["yes"] == "⟦yes⟧"
        assert words.changes.COLUMNS[0] == "⟦Number⟧"
        assert charts.DRAWINGS.keys() == FORMS["chart"].keys()
