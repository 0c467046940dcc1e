"""Every page of a real edition in a real browser: nothing fetched, nothing broken, readable at three widths."""

from __future__ import annotations

import re

import pytest

EDITIONS = ["demo_edition", "grocery_edition"]
WIDTHS = [375, 820, 1440]
OUTSIDE = r"https?:|//[a-z]|@import|<script|<iframe|<link(?! rel=\"icon\" href=\"data:,\")"

CONTRAST = """
() => {
  const channel = v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 };
  const light = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
  const numbers = s => s.match(/[\\d.]+/g).map(Number);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const c = numbers(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0.99) return c;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const e of document.querySelectorAll('h1, h2, h3, p, a, li, td, th, dt, dd, summary, figcaption, svg text')) {
    if (!e.textContent.trim() || !e.getClientRects().length) continue;
    const style = getComputedStyle(e);
    const c = numbers(e.namespaceURI.endsWith('svg') ? style.fill : style.color);
    const [a, b] = [light(c), light(ground(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) poor.push(e.textContent.trim().slice(0, 40) + ' ' + ratio.toFixed(2));
  }
  return poor;
}
"""


@pytest.fixture(params=EDITIONS)
def edition(request):
    return request.getfixturevalue(request.param)


def _pages(edition):
    pages = sorted(edition.glob("*.html"))
    assert [page.name for page in pages] == [
        "churn.html",
        "index.html",
        "overview.html",
        "review.html",
        "segments.html",
        "sources.html",
    ]
    return pages


def _watched(page):
    """The requests and the errors that a page will make from now on."""
    requests, errors = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    return requests, errors


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_open_without_a_request_an_error_or_a_sideways_scroll(browser, edition, scheme):
    for width in WIDTHS:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page = context.new_page()
        requests, errors = _watched(page)
        for path in _pages(edition):
            requests.clear()
            page.goto(path.as_uri())
            assert requests == [path.as_uri()]
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path.name, width)
            assert page.evaluate(CONTRAST) == [], (path.name, width, scheme)
        assert errors == []
        context.close()


def test_every_figure_tells_its_content_in_words_and_in_a_table(browser, edition):
    page = browser.new_context().new_page()
    told = 0
    for path in _pages(edition):
        page.goto(path.as_uri())
        for drawing in page.query_selector_all("svg[role=img]"):
            assert len(drawing.get_attribute("aria-label")) > 20
            told += 1
        for figure in page.query_selector_all("figure:has(svg)"):
            assert figure.query_selector("table") is not None
    assert told > 0


def test_pages_say_their_language_direction_and_one_title(browser, edition):
    page = browser.new_context().new_page()
    for path in _pages(edition):
        page.goto(path.as_uri())
        root = page.query_selector("html")
        assert (root.get_attribute("lang"), root.get_attribute("dir")) == ("en", "ltr")
        assert len(page.query_selector_all("h1")) == 1
        assert page.query_selector("h1").inner_text().endswith("?")


def test_a_printed_page_has_no_navigation_and_is_light(browser, edition):
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    for path in _pages(edition):
        page.goto(path.as_uri())
        page.emulate_media(media="print", color_scheme="dark")
        assert not any(element.is_visible() for element in page.query_selector_all("nav"))
        ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert ground in {"rgb(255, 255, 255)", "rgba(0, 0, 0, 0)"}, ground
        assert page.pdf(format="A4").startswith(b"%PDF")
    context.close()


def test_links_between_pages_lead_somewhere(browser, edition):
    page = browser.new_context().new_page()
    for path in _pages(edition):
        page.goto(path.as_uri())
        for link in page.query_selector_all("a[href]"):
            target, _, anchor = link.get_attribute("href").partition("#")
            there = (path.parent / target).resolve() if target else path
            assert there.exists(), target
            if anchor and there.suffix == ".html":
                assert f'id="{anchor}"' in there.read_text(encoding="utf-8"), anchor


def test_no_published_file_names_an_address_outside(edition):
    for path in edition.iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert re.findall(OUTSIDE, text) == [], path.name


def test_no_published_file_names_a_customer_or_a_machine(edition):
    for path in edition.iterdir():
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"/work/|/root/|/home/|/tmp/|customer_id[\"']?\s*[:=]\s*[\"']?\w*\d", text) == [], path.name


def test_names_in_other_scripts_are_on_the_page(browser, demo_edition):
    page = browser.new_context().new_page()
    page.goto((demo_edition / "overview.html").as_uri())
    shown = page.inner_text("body") + " ".join(t.text_content() for t in page.query_selector_all("svg text"))
    assert [name for name in ["חיפה", "عمّان", "台北"] if name not in shown] == []
