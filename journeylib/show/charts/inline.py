"""Make matplotlib's SVG fit to stand inside a page: the page's fonts and colours, no ids of its own.

What is left is one element without namespaces, comments, metadata, scripts or style sheets,
the same bytes every time.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.figure import Figure

from journeylib.show.style import LIGHT, RC

__all__ = ["inline"]

_NAMES = {value: name for name, value in LIGHT.items()}
_COLOUR = re.compile(r"(?<!\()#[0-9a-f]{6}\b")
_LINK = re.compile(r"url\(#([^)]+)\)")
_FRACTION = re.compile(r"-?\d+\.\d+")
_NO_TURN = ("rotate(0 ", "rotate(-0 ")
_DROPPED = {"metadata", "style", "title"}


def inline(figure: Figure, *, alt: str, record: str, width: str) -> str:
    """Write a figure as inline SVG for one record at one width; `alt` describes it, ids carry both."""
    buffer = io.BytesIO()
    with mpl.rc_context(dict(RC)):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    root = ElementTree.fromstring(buffer.getvalue())
    prefix = f"c{hashlib.sha256(record.encode()).hexdigest()[:8]}{width[0]}"
    kept = set(_linked(root))
    _clean(root, prefix, {name: f"{prefix}{number}" for number, name in enumerate(sorted(kept), 1)})
    box = root.attrib["viewBox"]
    root.attrib.clear()
    root.attrib.update({"class": f"chart {width}", "viewBox": box, "role": "img", "aria-label": alt})
    root.attrib.update({"direction": "ltr", "stroke-linejoin": "round"})
    return ElementTree.tostring(root, encoding="unicode")


def _linked(root: ElementTree.Element) -> Iterator[str]:
    for element in root.iter():
        for name, value in element.attrib.items():
            if name.endswith("href"):
                yield value.removeprefix("#")
            yield from _LINK.findall(value)


def _clean(element: ElementTree.Element, prefix: str, ids: dict[str, str]) -> None:
    element.tag = element.tag.rpartition("}")[2]
    element.tail = None
    if element.tag != "text":
        element.text = None
    old = dict(element.attrib)
    element.attrib.clear()
    painted = [f"{name}: {old.pop(name)}" for name in ("fill", "stroke") if name in old]
    if painted:
        old["style"] = "; ".join([old.get("style", ""), *painted])
    for name, value in old.items():
        name = name.rpartition("}")[2]
        if name == "id":
            if value in ids:
                element.set("id", ids[value])
            elif value.startswith("halo"):
                element.set("class", "halo")
            continue
        if name == "href":
            value = f"#{ids[value.removeprefix('#')]}"
        value = _LINK.sub(lambda link: f"url(#{ids[link[1]]})", value)
        value = _styled(value) if name == "style" else _FRACTION.sub(_short, value)
        if value and not (name == "transform" and value.startswith(_NO_TURN)):
            element.set(name, " ".join(value.split()))
    for child in list(element):
        if child.tag.rpartition("}")[2] in _DROPPED:
            element.remove(child)
        else:
            _clean(child, prefix, ids)
    _drop_empty(element)


def _drop_empty(element: ElementTree.Element) -> None:
    for child in list(element):
        if child.tag in ("g", "defs") and not len(child):
            element.remove(child)


def _styled(style: str) -> str:
    """Keep a style without its font family, with the page's colours; the light ones where there is no page."""
    kept = [part.strip() for part in style.split(";") if part.strip() and "font-family" not in part]
    return "; ".join(_COLOUR.sub(_variable, _FRACTION.sub(_short, part)) for part in kept)


def _variable(colour: re.Match[str]) -> str:
    return f"var(--{_NAMES[colour[0]]}, {colour[0]})"


def _short(number: re.Match[str]) -> str:
    short = f"{float(number[0]):.2f}".rstrip("0").rstrip(".")
    return "0" if short == "-0" else short
